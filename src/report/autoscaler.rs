//! What an autoscaler did while the deploy went on, in a sentence.

use super::text::since;
use crate::metrics::Results;

/// In the first simulated deploy; `None` where it did nothing.
pub(super) fn sentence(results: &Results) -> Option<String> {
    let steps: Vec<String> = results.scaled.iter().map(|(t, n)| format!("{n} at {}", since(*t))).collect();
    let told = match steps.len() {
        0 => return None,
        1..=4 => steps.join(", "),
        n => format!("{}, … {} ({n} changes)", steps[..2].join(", "), steps[n - 1]),
    };
    Some(format!("The autoscaler changed the number of pods: {told}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    fn told(scaled: &[(f64, u32)]) -> Option<String> {
        let mut results = sample::results(1);
        results.scaled = scaled.to_vec();
        sentence(&results)
    }

    #[test]
    fn every_step_of_a_few_and_the_first_and_last_of_many() {
        assert_eq!(told(&[]), None);
        let two = told(&[(12.0, 24), (27.0, 30)]);
        assert_eq!(two.as_deref(), Some("The autoscaler changed the number of pods: 24 at +12 s, 30 at +27 s."));
        let many: Vec<(f64, u32)> = (1..=6).map(|n| (15.0 * f64::from(n), 20 + n)).collect();
        let many = told(&many).expect("it did something");
        assert!(many.ends_with("21 at +15 s, 22 at +30 s, … 26 at +1 m 30 s (6 changes)."), "{many}");
    }
}
