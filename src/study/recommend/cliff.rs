//! How near what is recommended breaks: value by value of each changed setting, factor by factor of each input.

use super::field::Field;
use super::space::Point;
use crate::scenario::Draft;
use crate::study::flip::flip;
use crate::study::input::Input;
use crate::study::replicate::ReplicateError;
use crate::study::result::finding::Verdict;
use crate::study::result::recommendation::{Cliff, Recovers, Sensitivity};

/// Deploys by which a value is judged.
const DEPLOYS: u32 = 40;

/// Deploys by which it is told whether a fleet recovers.
const RECOVERIES: u32 = 5;

/// How many times as large an input is made.
const FACTORS: [f64; 12] = [1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0];

impl Field<'_> {
    /// Whether so large a share of deploys as is asked for met the objectives, of [`DEPLOYS`] or, where it is broken before,
    /// of fewer. A point estimate: it turns where the share of all deploys passes what is asked for.
    fn is_good(&mut self, e: usize) -> Result<bool, ReplicateError> {
        self.play(&[(e, DEPLOYS)])?;
        let heard = &self.entrants[e].heard;
        let enough = f64::from(heard.met()) >= self.question.share * f64::from(heard.deploys());
        Ok(enough && heard.verdict() != Verdict::Broken)
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
            let good = |field: &mut Self, i: usize| -> Result<bool, ReplicateError> {
                let mut other = point.clone();
                other[n] = scale[i];
                // What breaks a rule of the format is no value to be recommended.
                field.enter(other).map_or(Ok(false), |e| field.is_good(e))
            };
            if far == at || good(self, far)? {
                continue;
            }
            let (last, first) = flip(at, far, |i| good(self, i))?;
            *end = Some([text(last), text(first)]);
        }
        let [lower, upper] = ends;
        Ok(Some(Cliff { lower, upper, range }))
    }

    /// How many times as large as it was said an input may be, with the settings of entrant `e`.
    fn sensitivity(&mut self, e: usize, input: Input, assumed: bool) -> Result<Sensitivity, ReplicateError> {
        let (point, scenario) = (self.entrants[e].point.clone(), self.entrants[e].scenario.clone());
        let good = |field: &mut Self, i: usize| -> Result<bool, ReplicateError> {
            let guest = field.guest(point.clone(), input.scaled(&scenario, FACTORS[i]));
            field.is_good(guest)
        };
        let last = FACTORS.len() - 1;
        let (holds, breaks) = if good(self, last)? {
            (last, None)
        } else {
            let (holds, breaks) = flip(0, last, |i| good(self, i))?;
            (holds, Some(FACTORS[breaks]))
        };
        Ok(Sensitivity {
            input: input.name().to_owned(),
            path: input.path().to_owned(),
            assumed,
            size: input.size(&scenario),
            holds_at: FACTORS[holds],
            breaks_at: breaks,
        })
    }

    /// Up to how many times the load the fleet comes back to what it was once the rollout is over; `None` where that cannot be
    /// told, or it does not come back even as it is.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn recovery(&mut self, e: usize) -> Result<Option<Recovers>, ReplicateError> {
        let (point, scenario) = (self.entrants[e].point.clone(), self.entrants[e].scenario.clone());
        let good = |field: &mut Self, i: usize| -> Result<bool, ReplicateError> {
            let guest = field.guest(point.clone(), Input::Load.scaled(&scenario, FACTORS[i]));
            field.play_all(&[guest], RECOVERIES)?;
            let [recovered, of] = field.entrants[guest].heard.recovered();
            Ok(of > 0 && recovered == of)
        };
        if !good(self, 0)? {
            return Ok(None);
        }
        let last = FACTORS.len() - 1;
        let (holds, breaks) = if good(self, last)? {
            (last, None)
        } else {
            flip(0, last, |i| good(self, i)).map(|(h, b)| (h, Some(b)))?
        };
        Ok(Some(Recovers { up_to: FACTORS[holds], not_at: breaks.map(|b| FACTORS[b]) }))
    }

    /// The same for every input that was assumed, and for the load, the tightest first.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn sensitivities(&mut self, e: usize, draft: &Draft) -> Result<Vec<Sensitivity>, ReplicateError> {
        let mut all = Vec::new();
        for input in Input::ALL {
            let assumed = input.is_assumed(draft);
            let moves = input.size(&self.entrants[e].scenario) > 0.0;
            if moves && (assumed || input == Input::Load) {
                all.push(self.sensitivity(e, input, assumed)?);
            }
        }
        all.sort_by(|a: &Sensitivity, b| a.holds_at.total_cmp(&b.holds_at));
        Ok(all)
    }
}
