//! The cluster's wall clock, as far as it shows: timestamps in the API have whole seconds, rounded down.

use crate::engine::{Dur, SimTime};

const SECOND: i64 = 1_000_000_000;

/// How simulated time and the wall clock's seconds lie to each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct WallClock {
    /// The wall clock is so far past a whole second at [`SimTime::ZERO`] (ns).
    fraction: i64,
}

impl WallClock {
    /// A clock that is `fraction` of a second, in [0, 1), past a whole second at the start of the deploy.
    pub(super) fn new(fraction: f64) -> Self {
        Self { fraction: (Dur::from_secs_f64(fraction).nanos() as i64).rem_euclid(SECOND) }
    }

    /// The moment that an API timestamp taken at `t` stands for: `t` or up to a second before.
    pub(super) const fn floor(self, t: SimTime) -> SimTime {
        let wall = t.nanos().saturating_add(self.fraction);
        SimTime::from_nanos(t.nanos().saturating_sub(wall.rem_euclid(SECOND)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_rounded_down_to_the_second_of_the_wall_clock_also_before_zero() {
        let ms = |ms: i64| SimTime::from_nanos(ms * 1_000_000);
        let clock = WallClock::new(0.3);
        assert_eq!(clock.floor(ms(0)), ms(-300));
        assert_eq!(clock.floor(ms(699)), ms(-300));
        assert_eq!(clock.floor(ms(700)), ms(700));
        assert_eq!(clock.floor(ms(-301)), ms(-1300));
    }
}
