//! How much more load it takes until a fleet does not come back from the rollout: the margin to a failure that keeps itself up.

use super::field::Field;
use crate::study::flip::flip;
use crate::study::input::Input;
use crate::study::replicate::ReplicateError;
use crate::study::result::recommendation::Recovers;

/// Deploys after all of which a fleet must have come back.
const DEPLOYS: u32 = 5;
/// From one factor to the next.
const STEP: f64 = 1.05;
/// The load as it is, by its place among the factors; there are as many below it.
const AS_IT_IS: usize = 28;
/// Places that are looked at one after the other until the answer turns, since a fleet under many times its load is dear to simulate.
const UP: [usize; 6] = [33, 38, 43, 50, 60, 70];
/// The same downwards.
const DOWN: [usize; 4] = [24, 19, 14, 0];
/// So much more of the requests dropped before the deploy, as a share, and the fleet does not serve its load.
pub(super) const DROPPED: f64 = 0.01;

/// What became of a fleet at some load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It was as before in the end.
    Back,
    /// It served its load before the deploy and does not after.
    Down,
    /// It could not serve its load before the deploy: it has nothing to come back to.
    Overloaded,
}

fn factor(place: usize) -> f64 {
    libm::round(libm::pow(STEP, place as f64 - AS_IT_IS as f64) * 100.0) / 100.0
}

impl Field<'_> {
    /// Up to how many times the load the fleet of entrant `e` comes back to what it was once the rollout is over; `None` where that
    /// cannot be told, or it never does.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn recovery(&mut self, e: usize) -> Result<Option<Recovers>, ReplicateError> {
        let usual = self.entrants[e].heard.recovery().map(|r| r.dropped_before);
        let Some(usual) = usual else { return Ok(None) };
        let fate = |field: &mut Self, place: usize| field.fate(e, place, usual);
        let first = fate(self, AS_IT_IS)?;
        let (good, bad) = if first == Fate::Back {
            let mut holds = AS_IT_IS;
            let mut breaks = None;
            for place in UP {
                if fate(self, place)? != Fate::Back {
                    breaks = Some(place);
                    break;
                }
                holds = place;
            }
            (Some(holds), breaks)
        } else {
            let mut breaks = AS_IT_IS;
            let mut holds = None;
            for place in DOWN {
                if fate(self, place)? == Fate::Back {
                    holds = Some(place);
                    break;
                }
                breaks = place;
            }
            (holds, Some(breaks))
        };
        let Some(good) = good else { return Ok(None) };
        let Some(bad) = bad else {
            return Ok(Some(Recovers { up_to: factor(good), not_at: None, overloaded: false }));
        };
        let (good, bad) = flip(good, bad, |place| fate(self, place).map(|f| f == Fate::Back))?;
        let overloaded = fate(self, bad)? == Fate::Overloaded;
        Ok(Some(Recovers { up_to: factor(good), not_at: Some(factor(bad)), overloaded }))
    }

    /// What becomes of entrant `e` under the load at `place`, on the same random numbers as ever.
    fn fate(&mut self, e: usize, place: usize, usual: f64) -> Result<Fate, ReplicateError> {
        let at = if place == AS_IT_IS {
            e
        } else {
            let entrant = &self.entrants[e];
            let (point, scenario) = (entrant.point.clone(), Input::Load.scaled(&entrant.scenario, factor(place)));
            self.guest(point, scenario)
        };
        // One that does not is enough.
        for deploys in [1, DEPLOYS] {
            self.play_all(&[at], deploys)?;
            let heard = &self.entrants[at].heard;
            let Some(worst) = heard.recovery() else { return Ok(Fate::Down) };
            if worst.dropped_before > usual + DROPPED || worst.headroom_before.is_some_and(|h| h < 1.0) {
                return Ok(Fate::Overloaded);
            }
            if !worst.recovered {
                return Ok(Fate::Down);
            }
        }
        Ok(Fate::Back)
    }
}
