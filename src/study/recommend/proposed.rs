//! A setting with the values that are tried of it.

use std::collections::BTreeMap;

use crate::scenario::IntOrPercent;

/// A setting with values to try.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposed {
    /// Its path; of several that move together, all.
    pub(super) paths: Vec<String>,
    /// What is tried, as `--vary` has it.
    pub(super) values: Vec<String>,
    /// Which of these the search begins with.
    pub(super) coarse: Vec<usize>,
    pub(super) numbers: Option<Vec<f64>>,
    pub(super) now: String,
    pub(super) now_number: Option<f64>,
}

/// The longest wait that is proposed (s): beyond it nobody waits for a rollout.
pub(super) const LONGEST: f64 = 600.0;
/// Values between those that the search begins with, at most.
const STEPS: f64 = 240.0;

impl Proposed {
    pub(super) fn vary(&self) -> String {
        format!("{}={}", self.paths.join(","), self.values.join(","))
    }

    /// Whole seconds: all of them up to the longest of `coarse`, or as many as `STEPS`, written as `unit` says.
    pub(super) fn seconds(path: &str, now: f64, coarse: &[f64], unit: &str) -> Option<Self> {
        let whole = |s: f64| libm::ceil(s).clamp(0.0, LONGEST);
        let mut wanted: Vec<f64> = coarse.iter().map(|&s| whole(s)).filter(|&s| s != now).collect();
        wanted.sort_by(f64::total_cmp);
        wanted.dedup();
        let most = *wanted.last()?;
        let step = libm::ceil(most / STEPS).max(1.0);
        let mut all = wanted.clone();
        let mut s = 0.0;
        while s < most {
            all.push(s);
            s += step;
        }
        all.retain(|&s| s != now);
        all.sort_by(f64::total_cmp);
        all.dedup();
        let coarse = (0..all.len()).filter(|&n| wanted.contains(&all[n])).collect();
        let text = |s: f64| format!("{s}{unit}");
        Some(Self {
            paths: vec![path.to_owned()],
            values: all.iter().map(|&s| text(s)).collect(),
            coarse,
            numbers: Some(all),
            now: text(now),
            now_number: Some(now),
        })
    }

    /// Numbers of pods out of `replicas`, each once, by the shortest way to write it.
    pub(super) fn pods(path: &str, now: &IntOrPercent, replicas: u32, shares: &[&str], up: bool) -> Option<Self> {
        let pods = |n: &IntOrPercent| if up { n.rounded_up(replicas) } else { n.rounded_down(replicas) };
        let of = |text: &str| match text.strip_suffix('%') {
            Some(p) => p.parse().ok().map(IntOrPercent::Percent),
            None => text.parse().ok().map(IntOrPercent::Int),
        };
        let now_pods = pods(now);
        let mut found: BTreeMap<u32, String> = BTreeMap::new();
        for &text in shares {
            let n = of(text).map_or(now_pods, |value| pods(&value));
            if n != now_pods {
                found.entry(n).or_insert_with(|| text.to_owned());
            }
        }
        if found.is_empty() {
            return None;
        }
        Some(Self {
            paths: vec![path.to_owned()],
            coarse: (0..found.len()).collect(),
            numbers: Some(found.keys().map(|&n| f64::from(n)).collect()),
            values: found.into_values().collect(),
            now: now.to_string(),
            now_number: Some(f64::from(now_pods)),
        })
    }

    /// Values without an order.
    pub(super) fn words(paths: &[String], now: &str, values: &[&str]) -> Self {
        Self {
            paths: paths.to_vec(),
            values: values.iter().map(|&v| v.to_owned()).collect(),
            coarse: (0..values.len()).collect(),
            numbers: None,
            now: now.to_owned(),
            now_number: None,
        }
    }
}
