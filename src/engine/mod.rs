//! Time, order and chance. Knows nothing of pods or requests.

mod arena;
mod calendar;
mod draw;
mod entry;
mod line;
mod list;
mod place;
mod ring;
mod time;
mod tournament;
mod wheel;

pub use arena::{Arena, Handle};
pub use calendar::Calendar;
pub use draw::{Family, Purpose, Stream, Streams, mix};
pub use line::Line;
pub use list::{Linked, Links, List, NIL};
pub use place::{Lane, Place, Reserved, Single, Ticket};
pub use time::{Dur, SimTime};
pub use tournament::{Round, Tournament};

/// What the engine runs: something that handles its own events.
pub trait Model {
    /// The events it schedules for itself: a closed, `Copy` enum.
    type Event: Copy;

    /// Does what `event` asks for, at `calendar.now()`.
    fn handle(&mut self, event: Self::Event, calendar: &mut Calendar<Self::Event>);
}

/// A model and its calendar. Cloning it forks the simulation.
#[derive(Clone, Debug)]
pub struct Engine<M: Model> {
    /// What is simulated.
    pub model: M,
    /// What is to come.
    pub calendar: Calendar<M::Event>,
}

impl<M: Model> Engine<M> {
    /// Handles the next event, if one is due at `horizon` or before, and says whether there was.
    pub fn step(&mut self, horizon: SimTime) -> bool {
        let Some(next) = self.calendar.next_until(horizon) else { return false };
        let event = self.calendar.take(next);
        self.model.handle(event, &mut self.calendar);
        true
    }

    /// As [`Self::run_until`], counting events by who kept them: the wheel, which has to put its own in order, lanes, singles.
    #[cfg(test)]
    pub fn count_until(&mut self, horizon: SimTime, done: impl Fn(&M) -> bool) -> [u64; 3] {
        let mut counts = [0; 3];
        while !done(&self.model) {
            let Some(next) = self.calendar.next_until(horizon) else { break };
            counts[self.calendar.kind(next)] += 1;
            let event = self.calendar.take(next);
            self.model.handle(event, &mut self.calendar);
        }
        counts
    }

    /// Handles every event due at `horizon` or before, in order, until `done` says so.
    #[inline(never)]
    pub fn run_until(&mut self, horizon: SimTime, mut done: impl FnMut(&M) -> bool) {
        while let Some(next) = self.calendar.next_until(horizon) {
            let event = self.calendar.take(next);
            self.model.handle(event, &mut self.calendar);
            if done(&self.model) {
                break;
            }
        }
    }
}
