//! Where to look: all of a small space; of a large one a few points spread over it, then what lies around the best.

use std::collections::BTreeSet;

use super::field::Field;
use super::race::{Rules, Until};
use super::space::{Point, Setting};
use crate::stats::paired::{Kind, paired_anytime};
use crate::study::replicate::ReplicateError;
use crate::study::sample::{AXES_MAX, spread};

/// A space of at most so many combinations is looked at whole.
const WHOLE: u128 = 48;
/// Points of a larger one that the search begins with, besides every single change.
const SPREAD: usize = 20;
/// Steps from the best to something better, at most.
const STEPS: usize = 12;
/// Deploys by which one that does not hold is compared with what stands: by more where few do not tell.
const COMPARED: [u32; 2] = [10, 40];

impl Field<'_> {
    /// Looks for what holds at the least cost, as far as a few deploys tell: all that was looked at, whatever became of it.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn search(&mut self, rules: &Rules) -> Result<Vec<usize>, ReplicateError> {
        let mut pool: Vec<usize> = Vec::new();
        self.admit(self.first_points(), &mut pool);
        let mut best = self.best(&pool, rules)?;
        for _ in 0..STEPS {
            let before = pool.len();
            self.look_around(best, &mut pool);
            if pool.len() == before {
                break;
            }
            let next = self.best(&pool, rules)?;
            if next == best {
                break;
            }
            best = next;
        }
        Ok(pool)
    }

    /// Adds what differs from `e` in one setting.
    pub(super) fn look_around(&mut self, e: usize, pool: &mut Vec<usize>) {
        let around = self.around(&self.entrants[e].point.clone());
        self.admit(around, pool);
    }

    fn admit(&mut self, points: Vec<Point>, pool: &mut Vec<usize>) {
        for point in points {
            if let Some(e) = self.enter(point)
                && !pool.contains(&e)
            {
                pool.push(e);
            }
        }
    }

    /// The one in front; where nobody can win, the one that misses its objectives by least.
    fn best(&mut self, pool: &[usize], rules: &Rules) -> Result<usize, ReplicateError> {
        if let Some(leader) = self.race(pool, rules, Until::Compared)? {
            return Ok(leader);
        }
        Ok(self.nearest(pool))
    }

    /// The one that misses its objectives by least; of several the one with fewest changes.
    pub(super) fn nearest(&self, pool: &[usize]) -> usize {
        let key = |&e: &usize| {
            let entrant = &self.entrants[e];
            (entrant.heard.is_stuck(), entrant.heard.missed(), entrant.changes())
        };
        let nearest = pool.iter().min_by(|a, b| {
            let (x, y) = (key(a), key(b));
            x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)).then(x.2.cmp(&y.2))
        });
        nearest.copied().unwrap_or(0)
    }

    /// Where nothing holds: the one that misses its objectives by least, if it surely misses them by less than `now`, what stands;
    /// else that. Of many that are all alike one is in front by luck.
    ///
    /// # Errors
    /// As [`Field::play`], but for an interrupt, after which it is judged by what was heard.
    pub(super) fn nearer(&mut self, pool: &[usize], now: usize) -> Result<usize, ReplicateError> {
        let nearest = self.nearest(pool);
        if nearest == now {
            return Ok(now);
        }
        for deploys in COMPARED {
            let played = self.play_all(&[now, nearest], deploys);
            let played = self.so_far(played)?;
            if self.is_surely_nearer(nearest, now, pool.len()) {
                return Ok(nearest);
            }
            if played.is_none() {
                break;
            }
        }
        Ok(now)
    }

    /// Whether `e`, the best of so many, misses its objectives by less than `other`.
    fn is_surely_nearer(&self, e: usize, other: usize, of: usize) -> bool {
        let [e, other] = [e, other].map(|e| &self.entrants[e].heard);
        if e.is_stuck() != other.is_stuck() {
            return other.is_stuck();
        }
        let n = e.deploys().min(other.deploys()) as usize;
        let less = paired_anytime(&other.missed_by()[..n], &e.missed_by()[..n], Kind::Value, of);
        less.and_then(|d| d.simultaneous).is_some_and(|[_, high]| high < 0.0)
    }

    /// Everything as it is, every single change, and more: all combinations, or some spread evenly over them.
    fn first_points(&self) -> Vec<Point> {
        let settings = self.space.settings();
        let choices: Vec<Vec<Option<usize>>> = settings
            .iter()
            .map(|s| std::iter::once(None).chain(s.coarse().iter().copied().map(Some)).collect())
            .collect();
        let lengths: Vec<usize> = choices.iter().map(Vec::len).collect();
        let of = |steps: Vec<usize>| -> Point { steps.into_iter().zip(&choices).map(|(n, c)| c[n]).collect() };
        let all = lengths.iter().fold(1_u128, |n, &length| n.saturating_mul(length as u128));
        let mut points = vec![self.space.as_it_is()];
        if all <= WHOLE {
            points.extend((0..all).map(|index| of(crate::study::grid::point(&lengths, index))));
            return distinct(points);
        }
        for (n, setting) in settings.iter().enumerate() {
            for &value in setting.coarse() {
                let mut point = self.space.as_it_is();
                point[n] = Some(value);
                points.push(point);
            }
        }
        if lengths.len() <= AXES_MAX {
            points.extend(spread(&lengths, SPREAD).into_iter().map(of));
        }
        distinct(points)
    }

    /// What differs from `point` in one setting: the one that stands, the neighbours of its value among those that the search
    /// began with, and the middle between it and each; where values have no order, all of them.
    fn around(&self, point: &Point) -> Vec<Point> {
        let mut points = Vec::new();
        for (n, setting) in self.space.settings().iter().enumerate() {
            let all = || setting.coarse().iter().copied().map(Some).collect();
            let mut values: Vec<Option<usize>> = neighbours(setting, point[n]).unwrap_or_else(all);
            values.push(None);
            points.extend(values.into_iter().map(|value| {
                let mut other = point.clone();
                other[n] = value;
                other
            }));
        }
        distinct(points)
    }
}

/// The values next to `value`, up and down, that the search began with, and those halfway there; `None` without an order.
fn neighbours(setting: &Setting, value: Option<usize>) -> Option<Vec<Option<usize>>> {
    let scale = setting.scale()?;
    let at = scale.iter().position(|v| *v == value)?;
    let known = |v: &Option<usize>| v.is_none_or(|n| setting.coarse().contains(&n));
    let below = scale[..at].iter().rposition(known);
    let above = scale[at + 1..].iter().position(known).map(|n| at + 1 + n);
    let ends = below.into_iter().chain(above);
    let places = ends.flat_map(|end| [end, usize::midpoint(at, end)]).filter(|&place| place != at);
    Some(places.map(|place| scale[place]).collect())
}

fn distinct(points: Vec<Point>) -> Vec<Point> {
    let mut seen = BTreeSet::new();
    points.into_iter().filter(|p| seen.insert(p.clone())).collect()
}
