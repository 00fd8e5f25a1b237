//! HAProxy's HTTP log.

use super::taken;
use super::words::{Word, split};
use crate::calibrate::{Record, moment};

/// `… client [accepted] frontend backend/server TR/Tw/Tc/Tr/Ta status …`; milliseconds, −1 for what was not reached. `Tr` is the
/// server's: from the connection that is there to the answer's head.
pub(super) fn record(line: &str) -> Option<Record> {
    let words = split(line);
    let accepted = words.iter().position(|w| matches!(w, Word::Bracketed(_)))?;
    let at = moment::read(words[accepted].text())?;
    let timers = words.get(accepted + 3)?.text();
    // A plus sign: the log was written before the end of the data (`option logasap`).
    let timers: Vec<&str> = timers.split('/').map(|t| t.trim_start_matches('+')).collect();
    let [_, _, _, server, all] = timers[..] else { return None };
    if timers.iter().any(|t| t.parse::<i64>().is_err()) {
        return None;
    }
    let status = words.get(accepted + 4)?.text().parse::<i32>().ok()?;
    let millis = |text: &str| taken(text, 1e-3, false);
    Some(Record {
        at: Some(at),
        // −1: the client left before there was an answer, which nginx calls 499.
        status: Some(u16::try_from(status).unwrap_or(499)),
        whole: millis(all),
        upstream: millis(server),
        guessed: None,
    })
}
