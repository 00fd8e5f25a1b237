//! Which of two policies is better, in one figure.

use serde::{Deserialize, Serialize};

use super::paired::Difference;

/// Which way a figure should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// For instance dropped requests.
    Lower,
    /// For instance availability.
    Higher,
}

/// What may be said of a policy against the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The difference is in the right direction, and larger than chance.
    Better,
    /// The difference is in the wrong direction, and larger than chance.
    Worse,
    /// Whatever the difference is, it is within the margin.
    Same,
    /// The replications do not tell.
    Undecided,
}

/// The verdict on a policy's figure, from the [simultaneous](Difference::simultaneous) interval of its difference.
///
/// *Same* where all of the interval lies within ±`margin`, ends included: two one-sided tests of equivalence (Schuirmann,
/// 1987). Otherwise *better* or *worse* where it excludes 0. A difference that is certain and within the margin is the
/// same: the margin is what one does not care about. A margin of 0 leaves *same* to what was exactly equal throughout.
pub fn verdict(difference: &Difference, margin: f64, better: Better) -> Verdict {
    let Some([low, high]) = difference.simultaneous else { return Verdict::Undecided };
    if -margin <= low && high <= margin {
        return Verdict::Same;
    }
    match better {
        Better::Lower if high < 0.0 => Verdict::Better,
        Better::Lower if low > 0.0 => Verdict::Worse,
        Better::Higher if low > 0.0 => Verdict::Better,
        Better::Higher if high < 0.0 => Verdict::Worse,
        Better::Lower | Better::Higher => Verdict::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(low: f64, high: f64, margin: f64, better: Better) -> Verdict {
        let interval = Some([low, high]);
        verdict(&Difference { mean: f64::midpoint(low, high), ci95: interval, simultaneous: interval }, margin, better)
    }

    #[test]
    fn an_interval_is_on_one_side_within_the_margin_or_neither() {
        assert_eq!(of(-3.0, -1.0, 0.5, Better::Lower), Verdict::Better);
        assert_eq!(of(-3.0, -1.0, 0.5, Better::Higher), Verdict::Worse);
        assert_eq!(of(1.0, 3.0, 0.5, Better::Lower), Verdict::Worse);
        assert_eq!(of(1.0, 3.0, 0.5, Better::Higher), Verdict::Better);
        assert_eq!(of(-1.0, 3.0, 0.5, Better::Lower), Verdict::Undecided);
        assert_eq!(of(0.0, 3.0, 0.5, Better::Lower), Verdict::Undecided);
        assert_eq!(of(-0.5, 0.5, 0.5, Better::Lower), Verdict::Same);
        assert_eq!(of(0.1, 0.4, 0.5, Better::Lower), Verdict::Same, "certain, and nobody cares");
        assert_eq!(of(0.1, 0.6, 0.5, Better::Lower), Verdict::Worse);
        assert_eq!(of(0.0, 0.0, 0.0, Better::Higher), Verdict::Same);
        assert_eq!(of(-1.0, 1.0, f64::NAN, Better::Higher), Verdict::Undecided);
    }

    #[test]
    fn without_an_interval_there_is_no_verdict() {
        let difference = Difference { mean: -5.0, ci95: Some([-6.0, -4.0]), simultaneous: None };
        assert_eq!(verdict(&difference, 10.0, Better::Lower), Verdict::Undecided);
    }

    #[test]
    fn verdicts_are_written_in_lower_case() {
        let all = [Verdict::Better, Verdict::Worse, Verdict::Same, Verdict::Undecided];
        let text = serde_json::to_string(&all).expect("plain names");
        assert_eq!(text, r#"["better","worse","same","undecided"]"#);
    }
}
