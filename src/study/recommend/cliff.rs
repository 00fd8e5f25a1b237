//! How near what is recommended breaks: value by value of each changed setting, factor by factor of each input.

use super::field::Field;
use super::margin::DROPPED;
use super::space::Point;
use crate::scenario::Draft;
use crate::study::flip::flip;
use crate::study::input::Input;
use crate::study::replicate::ReplicateError;
use crate::study::result::finding::Verdict;
use crate::study::result::recommendation::{Cliff, Sensitivity};

/// Deploys by which it is judged where an answer turns.
const DEPLOYS: u32 = 40;
/// Deploys by which it is looked for.
const FEW: u32 = 20;

/// How many times as large an input is made.
const FACTORS: [f64; 12] = [1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0];

impl Field<'_> {
    /// Whether so large a share of deploys as is asked for met the objectives, of `deploys` or, where it is broken before, of
    /// fewer. A point estimate: it turns where the share of all deploys passes what is asked for.
    fn is_good(&mut self, e: usize, deploys: u32) -> Result<bool, ReplicateError> {
        self.play(&[(e, deploys)])?;
        let heard = &self.entrants[e].heard;
        let enough = f64::from(heard.met()) >= self.question.share * f64::from(heard.deploys());
        Ok(enough && heard.verdict() != Verdict::Broken)
    }

    /// Between which two neighbours on the way from `holds` to `breaks` the answer turns: looked for by few deploys, and confirmed by
    /// more.
    fn turn(
        &mut self,
        mut holds: usize,
        mut breaks: usize,
        good: &mut dyn FnMut(&mut Self, usize, u32) -> Result<bool, ReplicateError>,
    ) -> Result<(usize, usize), ReplicateError> {
        loop {
            let (last, first) = flip(holds, breaks, |i| good(self, i, FEW))?;
            if last != holds && !good(self, last, DEPLOYS)? {
                breaks = last;
            } else if first != breaks && good(self, first, DEPLOYS)? {
                holds = first;
            } else {
                return Ok((last, first));
            }
        }
    }

    /// Between which values of setting `n` the objectives are met, everything else as at `point`; `None` where its values have
    /// no order.
    pub(super) fn cliff(&mut self, point: &Point, n: usize) -> Result<Option<Cliff>, ReplicateError> {
        let setting = &self.space.settings()[n];
        let Some(scale) = setting.scale() else { return Ok(None) };
        let Some(at) = scale.iter().position(|v| *v == point[n]) else { return Ok(None) };
        let text = |i: usize| setting.text(scale[i]);
        let range = [text(0), text(scale.len() - 1)];
        let mut ends = [None, None];
        for (end, far) in ends.iter_mut().zip([0, scale.len() - 1]) {
            let mut good = |field: &mut Self, i: usize, deploys: u32| -> Result<bool, ReplicateError> {
                let mut other = point.clone();
                other[n] = scale[i];
                // What breaks a rule of the format is no value to be recommended.
                field.enter(other).map_or(Ok(false), |e| field.is_good(e, deploys))
            };
            if far == at || good(self, far, FEW)? {
                continue;
            }
            let (last, first) = self.turn(at, far, &mut good)?;
            *end = Some([text(last), text(first)]);
        }
        let [lower, upper] = ends;
        Ok(Some(Cliff { lower, upper, range }))
    }

    /// How many times as large as it was said an input may be, with the settings of entrant `e`.
    fn sensitivity(&mut self, e: usize, input: Input, assumed: bool) -> Result<Sensitivity, ReplicateError> {
        let (point, scenario) = (self.entrants[e].point.clone(), self.entrants[e].scenario.clone());
        // A deploy adds nothing to what a fleet drops anyway that cannot serve its load, so objectives against the time
        // before it hold again there.
        let usual = self.entrants[e].heard.dropped_before();
        let mut guests = [None; FACTORS.len()];
        let mut good = |field: &mut Self, i: usize, deploys: u32| -> Result<bool, ReplicateError> {
            let scaled = || input.scaled(&scenario, FACTORS[i]);
            let guest = *guests[i].get_or_insert_with(|| field.guest(point.clone(), scaled()));
            Ok(field.is_good(guest, deploys)? && field.entrants[guest].heard.dropped_before() <= usual + DROPPED)
        };
        let last = FACTORS.len() - 1;
        let (holds, breaks) = if good(self, last, FEW)? {
            (last, None)
        } else {
            let (holds, breaks) = self.turn(0, last, &mut good)?;
            (holds, Some(FACTORS[breaks]))
        };
        Ok(Sensitivity {
            input: input.name().to_owned(),
            path: input.path(&scenario),
            assumed,
            size: input.size(&scenario),
            holds_at: FACTORS[holds],
            breaks_at: breaks,
        })
    }

    /// How many times as large it may be, for every input that was assumed and for the load, the tightest first.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn sensitivities(&mut self, e: usize, draft: &Draft) -> Result<Vec<Sensitivity>, ReplicateError> {
        let mut all = Vec::new();
        for input in Input::ALL {
            let scenario = &self.entrants[e].scenario;
            let assumed = input.is_assumed(scenario, draft);
            let moves = input.size(scenario) > 0.0;
            if moves && (assumed || input == Input::Load) {
                let found = self.sensitivity(e, input, assumed);
                all.extend(self.so_far(found)?);
            }
        }
        all.sort_by(|a: &Sensitivity, b| a.holds_at.total_cmp(&b.holds_at));
        Ok(all)
    }
}
