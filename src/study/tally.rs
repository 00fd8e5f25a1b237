//! The judge of one case: measures, holds each deploy against the objectives, and says when it is enough.

use super::objective::Objective;
use super::result::effort::{Decide, Effort, Precise, Stopped};
use super::result::finding::{Verdict, overall};
use super::result::row::{Deploys, Row};
use super::schedule::Judge;
use super::standing::{Looking, Standing};
use crate::metrics::replication::Replication;
use crate::metrics::summary::{Looks, Summary};
use crate::metrics::{Figure, Meta, Simulated, digest_of};
use crate::stats::precision::precise_enough;

/// What a study asks of each case.
#[derive(Clone, Debug)]
pub struct Question {
    /// How many replications.
    pub effort: Effort,
    /// What each deploy is held to; may be nothing.
    pub objectives: Vec<Objective>,
    /// The share of deploys that must meet an objective.
    pub share: f64,
    /// How sure one must be of it.
    pub confidence: f64,
}

/// What is kept of each replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Everything.
    All,
    /// Everything of the first ones, for a picture of what went on, and the figures of the rest.
    First(u32),
    /// What figures are made of: neither series nor pods.
    Figures,
}

/// What has been heard of one case.
#[derive(Clone, Debug)]
pub struct Tally {
    meta: Meta,
    effort: Effort,
    keep: Keep,
    standings: Vec<Standing>,
    replications: Vec<Replication>,
    stopped: Option<Stopped>,
}

impl Tally {
    /// Nothing heard yet.
    pub fn new(question: &Question, meta: Meta, keep: Keep) -> Self {
        let looking = match question.effort {
            Effort::Fixed(_) => Looking::Once,
            Effort::Adaptive { .. } => Looking::Always,
            Effort::Curtailed { most, .. } => Looking::Towards(most),
        };
        let standing = |o: &Objective| Standing::new(o.clone(), question.share, question.confidence, looking);
        Self {
            meta,
            effort: question.effort.clone(),
            keep,
            standings: question.objectives.iter().map(standing).collect(),
            replications: Vec::new(),
            stopped: None,
        }
    }

    /// What was heard, in order.
    pub fn replications(&self) -> &[Replication] {
        &self.replications
    }

    /// What results say of the case.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// How the objectives stand.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// What the objectives amount to; `None` where there are none.
    pub fn verdict(&self) -> Option<Verdict> {
        overall(self.standings.iter().map(Standing::verdict))
    }

    /// Why it was enough; `None` where it was not yet.
    pub const fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// How often the replications were looked at, which the intervals must allow for.
    pub const fn looks(&self) -> Looks {
        if self.effort.looks_again() { Looks::Every } else { Looks::Once }
    }

    /// The figures over all that was heard.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.meta, &self.replications, self.looks())
    }

    /// The figures of each replication alone.
    fn each(&self) -> impl Iterator<Item = Summary> + '_ {
        self.replications.iter().map(|r| Summary::alone(&self.meta, r))
    }

    /// The row that this is in a sweep.
    pub fn row(&self, row: u64, values: Vec<String>, each: bool) -> Row {
        let mut told = Row {
            row,
            values,
            replications: self.replications.len() as u32,
            stopped: self.stopped.unwrap_or(Stopped::Limit),
            verdict: self.verdict(),
            objectives: self.standings.iter().map(Standing::finding).collect(),
            digest: digest_of(&self.replications),
            simulated: Simulated::of(&self.replications),
            summary: Some(self.summary()),
            deploys: Deploys::new(),
            each: Vec::new(),
            error: None,
        };
        for deploy in self.each() {
            told.keep(&deploy);
            told.each.extend(each.then_some(deploy));
        }
        told
    }

    /// Whether the intervals of the named figures are narrow enough.
    fn is_precise(&self, precise: &[Precise], n: u32) -> bool {
        if precise.is_empty() {
            return true;
        }
        if !is_look(n) {
            return false;
        }
        let columns = self.summary().columns();
        precise.iter().all(|p| {
            let named = columns.iter().find(|c| c.0 == p.figure);
            named.is_some_and(|(_, figure)| is_precise(*figure, p.share))
        })
    }

    fn is_decided(&self, decide: Decide) -> bool {
        match decide {
            Decide::Nothing => true,
            Decide::Verdict => self.verdict().is_none_or(|v| v != Verdict::Undecided),
            Decide::Each => self.standings.iter().all(|s| s.verdict() != Verdict::Undecided),
        }
    }

    /// Whether no replication that is left of a fixed number could change a decision.
    fn is_settled(&self, decide: Decide) -> bool {
        let settled = |[best, worst]: [Verdict; 2]| best == worst;
        let open = || self.standings.iter().map(Standing::open);
        match decide {
            Decide::Nothing => false,
            // The best that all may come to, and the worst.
            Decide::Verdict => overall(open().map(|o| o[0])) == overall(open().map(|o| o[1])),
            Decide::Each => open().all(settled),
        }
    }

    /// Whether a replication more is not needed, and why.
    fn enough(&self) -> Option<Stopped> {
        let n = self.replications.len() as u32;
        match &self.effort {
            Effort::Fixed(wanted) => (n >= *wanted).then_some(Stopped::Fixed),
            Effort::Adaptive { least, most, precise, decide } => {
                let fulfilled = n >= *least && self.is_decided(*decide) && self.is_precise(precise, n);
                if fulfilled { Some(Stopped::Enough) } else { (n >= *most).then_some(Stopped::Limit) }
            }
            Effort::Curtailed { least, most, decide } => {
                let over = n >= *most || n >= *least && self.is_settled(*decide);
                over.then(|| if self.is_decided(*decide) { Stopped::Enough } else { Stopped::Limit })
            }
        }
    }
}

/// Whether intervals are looked at after `n` replications. A look computes all figures over all that was heard, so the more
/// that is, the more is waited for until the next: a tenth.
pub(super) fn is_look(n: u32) -> bool {
    n.is_multiple_of((n / 10).max(1))
}

/// Whether a figure's interval is narrow enough; one that was never measured will not be any narrower. What was never seen
/// is precise once its bound says so little of it is left.
fn is_precise(figure: Figure, share: f64) -> bool {
    figure.is_none_or(|f| precise_enough(f.mean, f.ci95, share, f.max == 0.0))
}

impl Judge for Tally {
    fn sure(&self) -> u32 {
        self.effort.least()
    }

    fn most(&self) -> u32 {
        self.effort.most()
    }

    fn hear(&mut self, mut replication: Replication) -> Result<bool, String> {
        if !self.standings.is_empty() {
            let alone = Summary::alone(&self.meta, &replication);
            for standing in &mut self.standings {
                standing.observe(&alone);
            }
        }
        let whole = match self.keep {
            Keep::All => true,
            Keep::First(n) => self.replications.len() < n as usize,
            Keep::Figures => false,
        };
        if !whole {
            replication.bins = Vec::new();
            replication.pods = Vec::new();
            replication.decisions = Vec::new();
        }
        self.replications.push(replication);
        self.stopped = self.enough();
        Ok(self.stopped.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;
    use crate::scenario::Draft;

    /// A judge of so many replications who may leave early.
    fn judge(decide: Decide, objectives: &str, most: u32) -> Tally {
        let text = format!("clients: [{{name: web, rate: 5/s}}]\nobjectives: {objectives}\n");
        let loaded = Draft::open_str("x.yaml", &text, &[]).and_then(|d| d.read()).expect("a scenario");
        let effort = Effort::Curtailed { least: 1, most, decide };
        let objectives = Objective::all(loaded.objectives.as_ref());
        Tally::new(&Question { effort, objectives, share: 0.95, confidence: 0.95 }, sample::meta(), Keep::Figures)
    }

    /// After how many of these it leaves, why, and with what verdict.
    fn left(mut judge: Tally, replication: fn(u32) -> Replication) -> (u32, Stopped, Verdict) {
        let mut heard = 0;
        while !judge.hear(replication(heard)).expect("it can be judged") {
            heard += 1;
        }
        (heard + 1, judge.stopped().expect("it has left"), judge.verdict().expect("it has an objective"))
    }

    #[test]
    fn several_objectives_are_over_when_what_they_amount_to_is() {
        // A rollout that gets stuck, as every other one does, misses the one, and meets the other.
        let both = |decide| judge(decide, "{duration: 1000h, p99: 1h}", 10);
        assert_eq!(left(both(Decide::Verdict), sample::stuck), (5, Stopped::Enough, Verdict::Broken));
        // What the other comes to is known once ten can neither break it nor hold.
        assert_eq!(left(both(Decide::Each), sample::stuck), (8, Stopped::Limit, Verdict::Broken));
        assert_eq!(left(both(Decide::Verdict), sample::clean), (8, Stopped::Limit, Verdict::Undecided));
        let enough = judge(Decide::Each, "{duration: 1000h, p99: 1h}", 59);
        assert_eq!(left(enough, sample::clean), (59, Stopped::Enough, Verdict::Holds));
        assert_eq!(left(judge(Decide::Verdict, "{p99: 1h}", 1), sample::clean).0, 1);
    }
}
