//! Envoy's default access log, and Istio's, which has reasons between the flags and the sizes.

use super::taken;
use super::words::{Word, split};
use crate::calibrate::{Record, moment};

/// `[start] "request" status flags … received sent duration upstream …`; whole milliseconds, rounded down.
pub(super) fn record(line: &str) -> Option<Record> {
    let words = split(line);
    let (Some(Word::Bracketed(start)), Some(Word::Quoted(_))) = (words.first(), words.get(1)) else { return None };
    let at = moment::read(start)?;
    let status = words.get(2)?.text().parse::<u16>().ok().filter(|s| *s < 600)?;
    let bare = |n: usize| match words.get(n) {
        Some(Word::Bare(text)) => Some(*text),
        _ => None,
    };
    let number = |n: usize| bare(n).filter(|text| text.parse::<u64>().is_ok());
    let sizes =
        (3..words.len()).find(|&n| number(n).is_some() && number(n + 1).is_some() && number(n + 2).is_some())?;
    let millis = |text: &str| taken(text, 1e-3, true);
    Some(Record {
        at: Some(at),
        status: Some(status),
        whole: number(sizes + 2).and_then(millis),
        upstream: bare(sizes + 3).and_then(millis),
        guessed: None,
    })
}
