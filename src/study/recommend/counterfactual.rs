//! Which one setting would have prevented which drops: the same deploys once more with one setting otherwise, value by value, and the
//! smallest that suffices by halving.

use super::field::{Field, Work};
use super::space::Space;
use crate::fleet::fact::Cause;
use crate::metrics::Meta;
use crate::scenario::{Draft, Scenario};
use crate::stats::paired::paired;
use crate::stats::removed::{Removed, removed};
use crate::study::flip::flip;
use crate::study::replicate::ReplicateError;
use crate::study::result::counterfactual::{Counterfactual, Counterfactuals, Remedy};
use crate::study::result::price::Cost;
use crate::study::tally::Question;

/// Causes with a smaller share of all drops are left out.
const MAIN: f64 = 0.01;
/// A remedy that removes less than this is none.
const WORTH: f64 = 0.05;
/// What a value may fall short of the best one of its setting, as a share of the cause's drops, and still suffice.
const SHORT: f64 = 0.05;

/// Looks for what would have prevented the drops of each cause, of `cause` alone where it is given, and up to which load the
/// fleet comes back. Each value is told by `deploys` deploys. Ended early, it has what was found until then.
///
/// # Errors
/// As [`crate::study::forecast::forecast`].
pub fn counterfactuals(
    draft: &Draft,
    scenario: &Scenario,
    space: &Space,
    cause: Option<Cause>,
    deploys: u32,
    meta: &Meta,
    work: Work<'_>,
) -> Result<Counterfactuals, ReplicateError> {
    let question = Question {
        effort: crate::study::result::effort::Effort::Fixed(deploys),
        objectives: Vec::new(),
        share: 0.95,
        confidence: 0.95,
    };
    let mut field = Field::new(draft, scenario, space, &question, meta, work);
    let now = field.enter(space.as_it_is()).unwrap_or(0);
    let played = field.play_all(&[now], deploys);
    field.so_far(played)?;
    let total: f64 = field.entrants[now].heard.values(Cost::Dropped).iter().sum();
    let of = |field: &Field<'_>, cause: Cause| field.entrants[now].heard.of_cause(cause).iter().sum::<f64>();
    let wanted = |c: &Cause| cause.is_none_or(|only| only == *c);
    let mut causes: Vec<Cause> =
        Cause::ALL.into_iter().filter(wanted).filter(|&c| of(&field, c) > MAIN * total).collect();
    causes.sort_by(|&a, &b| of(&field, b).total_cmp(&of(&field, a)));
    let mut looked = Looked { now, deploys, field };
    let coarse = if causes.is_empty() { Vec::new() } else { looked.coarse()? };
    let mut found = Vec::new();
    for cause in causes {
        let mut remedies = Vec::new();
        for (n, entrants) in coarse.iter().enumerate() {
            let remedy = looked.remedy(cause, n, entrants);
            remedies.extend(match looked.field.so_far(remedy)? {
                Some(remedy) => remedy,
                None => looked.without_range(cause, n, entrants)?,
            });
        }
        remedies.sort_by(|a: &Remedy, b| b.removed.share.total_cmp(&a.removed.share));
        let dropped = of(&looked.field, cause) / f64::from(deploys);
        // That nothing helps can be said only of what was looked at to the end.
        if !(remedies.is_empty() && looked.field.interrupted) {
            let is_sure = |r: &Remedy| r.removed.ci95.is_none_or(|[low, _]| low > 0.0);
            let (remedies, undecided) = remedies.into_iter().partition(is_sure);
            found.push(Counterfactual { cause: cause.name(), dropped, remedies, undecided });
        }
    }
    let field = &mut looked.field;
    let recovers = field.recovery(now);
    let recovers = field.so_far(recovers)?.flatten();
    let (simulated, interrupted) = (field.played, field.interrupted);
    Ok(Counterfactuals { deploys, simulated, causes: found, recovers, interrupted })
}

/// What has been looked at.
struct Looked<'a> {
    now: usize,
    deploys: u32,
    field: Field<'a>,
}

impl Looked<'_> {
    /// Every value that a search would begin with, one setting at a time: by setting, the values and their entrants.
    fn coarse(&mut self) -> Result<Vec<Vec<(usize, usize)>>, ReplicateError> {
        let mut all: Vec<Vec<(usize, usize)>> = Vec::new();
        for n in 0..self.field.space.settings().len() {
            let values = self.field.space.settings()[n].coarse().to_vec();
            all.push(values.into_iter().filter_map(|v| Some((v, self.enter(n, Some(v))?))).collect());
        }
        let entrants: Vec<usize> = all.iter().flatten().map(|&(_, e)| e).collect();
        let played = self.field.play_all(&entrants, self.deploys);
        self.field.so_far(played)?;
        for values in &mut all {
            values.retain(|&(_, e)| self.field.entrants[e].heard.deploys() >= self.deploys);
        }
        Ok(all)
    }

    fn enter(&mut self, n: usize, value: Option<usize>) -> Option<usize> {
        let mut point = self.field.space.as_it_is();
        point[n] = value;
        self.field.enter(point)
    }

    fn removed(&self, cause: Cause, e: usize) -> Option<Removed> {
        let heard = |e: usize| self.field.entrants[e].heard.of_cause(cause);
        removed(&heard(self.now), &heard(e))
    }

    /// What a value is good for: the share of the drops of `cause` that is gone, less those of other causes that have taken their
    /// place.
    fn score(&self, cause: Cause, e: usize) -> f64 {
        let Some(of_cause) = self.removed(cause, e) else { return f64::NEG_INFINITY };
        let sum = |values: Vec<f64>| values.iter().sum::<f64>();
        let heard = |e: usize| &self.field.entrants[e].heard;
        let gone = sum(heard(self.now).values(Cost::Dropped)) - sum(heard(e).values(Cost::Dropped));
        of_cause.share.min(gone / sum(heard(self.now).of_cause(cause)))
    }

    /// The best of some values, and what it is good for; `None` where none is good for anything.
    fn best(&self, cause: Cause, coarse: &[(usize, usize)]) -> Option<(f64, usize)> {
        let best = coarse.iter().map(|&(v, e)| (self.score(cause, e), v)).max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|b| b.0 >= WORTH)
    }

    /// What setting `n` does against `cause` at the best of the values that were looked at, where there is no time for others.
    fn without_range(
        &mut self,
        cause: Cause,
        n: usize,
        coarse: &[(usize, usize)],
    ) -> Result<Option<Remedy>, ReplicateError> {
        let Some((_, value)) = self.best(cause, coarse) else { return Ok(None) };
        self.told(cause, n, (value, None, [false; 2]))
    }

    /// What setting `n` does against `cause`, given the values that were looked at; `None` where it does nothing.
    fn remedy(&mut self, cause: Cause, n: usize, coarse: &[(usize, usize)]) -> Result<Option<Remedy>, ReplicateError> {
        let Some((best, value)) = self.best(cause, coarse) else { return Ok(None) };
        let setting = self.field.space.settings()[n].clone();
        let suffices = |looked: &mut Self, v: Option<usize>| -> Result<bool, ReplicateError> {
            let Some(e) = looked.enter(n, v) else { return Ok(false) };
            looked.field.play_all(&[e], looked.deploys)?;
            Ok(looked.score(cause, e) >= best - SHORT)
        };
        let Some(scale) = setting.scale() else {
            return self.told(cause, n, (value, None, [false; 2]));
        };
        let at = |v: Option<usize>| scale.iter().position(|s| *s == v);
        let seen: Vec<usize> = {
            let values = coarse.iter().map(|&(v, _)| Some(v)).chain([None]);
            let mut seen: Vec<usize> = values.filter_map(at).collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        let Some(middle) = at(Some(value)).and_then(|p| seen.iter().position(|&s| s == p)) else { return Ok(None) };
        let mut ends = [seen[middle]; 2];
        let mut bounded = [false; 2];
        let down = seen[..middle].iter().rev().copied().collect::<Vec<_>>();
        let up = seen[middle + 1..].to_vec();
        for (side, way) in [down, up].into_iter().enumerate() {
            for place in way {
                if suffices(self, scale[place])? {
                    ends[side] = place;
                    continue;
                }
                ends[side] = flip(ends[side], place, |i| suffices(self, scale[i]))?.0;
                bounded[side] = true;
                break;
            }
        }
        // The one nearest to what stands is the least that has to be changed.
        let stands = at(None).unwrap_or(0);
        let nearest = if ends[0].abs_diff(stands) <= ends[1].abs_diff(stands) { ends[0] } else { ends[1] };
        let Some(nearest) = scale[nearest] else { return Ok(None) };
        let range = ends.map(|end| setting.text(scale[end]));
        self.told(cause, n, (nearest, Some(range), bounded))
    }

    fn told(
        &mut self,
        cause: Cause,
        n: usize,
        (value, range, bounded): (usize, Option<[String; 2]>, [bool; 2]),
    ) -> Result<Option<Remedy>, ReplicateError> {
        let Some(e) = self.enter(n, Some(value)) else { return Ok(None) };
        self.field.play_all(&[e], self.deploys)?;
        let (now, then) = (&self.field.entrants[self.now].heard, &self.field.entrants[e].heard);
        let all = removed(&now.values(Cost::Dropped), &then.values(Cost::Dropped));
        let (Some(of_cause), Some(of_all)) = (self.removed(cause, e), all) else { return Ok(None) };
        let adds = |cost: Cost| {
            let difference = paired(&now.values(cost), &then.values(cost), cost.kind(), Cost::ALL.len())?;
            let sure = difference.ci95.is_some_and(|[low, _]| low > 0.0) && difference.mean > cost.floor();
            sure.then_some((cost.figure(), difference))
        };
        let setting = &self.field.space.settings()[n];
        Ok(Some(Remedy {
            path: setting.path(),
            name: setting.name(),
            now: setting.now().to_owned(),
            value: setting.text(Some(value)),
            range,
            bounded,
            removed: of_cause,
            of_all,
            adds: Cost::ALL.into_iter().filter_map(adds).collect(),
        }))
    }
}
