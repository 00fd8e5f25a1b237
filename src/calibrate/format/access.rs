//! The common and the combined log format of nginx and Apache, with the times that people put behind them.

use super::taken;
use super::words::{Word, split};
use crate::calibrate::{Options, Record, Taken, moment};

const WHOLE: [&str; 5] = ["rt", "request_time", "duration", "time", "total"];
const UPSTREAM: [&str; 4] = ["urt", "upstream_response_time", "upstream", "ua_rt"];

/// What is said of a whole number behind the line.
const GUESS: &str = "whole numbers behind the line are taken for microseconds (Apache's %D); tell others by --unit ms";

/// `address - user [time] "request" status bytes "referer" "agent" times…`.
pub(super) fn record(line: &str, options: &Options<'_>) -> Option<Record> {
    let words = split(line);
    let when = words.iter().position(|w| matches!(w, Word::Bracketed(_)))?;
    let at = moment::read(words[when].text())?;
    let Some(Word::Quoted(_)) = words.get(when + 1) else { return None };
    let status = words.get(when + 2)?.text().parse::<u16>().ok().filter(|s| (100..600).contains(s))?;
    let mut record = Record { at: Some(at), status: Some(status), ..Record::default() };
    let bytes = words.get(when + 3)?.text();
    if bytes != "-" && bytes.parse::<u64>().is_err() {
        return None;
    }
    let mut times = Times { options, record: &mut record, unnamed: 0, open: false };
    for word in &words[when + 4..] {
        times.word(word);
    }
    Some(record)
}

/// Times behind a line, gathered word by word.
struct Times<'a> {
    options: &'a Options<'a>,
    record: &'a mut Record,
    /// Numbers without a name so far.
    unnamed: usize,
    /// Whether the last number was followed by a comma: nginx lists the attempts of a request.
    open: bool,
}

impl Times<'_> {
    fn word(&mut self, word: &Word<'_>) {
        let text = word.text();
        if let (Word::Bare(_), Some((key, value))) = (word, text.split_once('=')) {
            let value = value.trim_start_matches('"');
            if WHOLE.contains(&key) {
                self.record.whole = self.time(value);
            } else if UPSTREAM.contains(&key) {
                self.record.upstream = self.time(value);
            }
            return;
        }
        let number = text.trim_end_matches(',');
        let is_time = |part: &str| part == "-" || part.parse::<f64>().is_ok();
        // Referer and agent are quoted, too, and `-` where there is none.
        if matches!(word, Word::Quoted(_)) && number == "-" || !number.split([',', ':', '/']).all(|p| is_time(p.trim()))
        {
            return;
        }
        let time = self.time(number);
        match (self.open, self.unnamed) {
            (false, 0) => self.record.whole = time,
            // Of a list the last one.
            (true, _) | (false, 1) => self.record.upstream = time,
            _ => {}
        }
        self.unnamed += usize::from(!self.open);
        self.open = text.ends_with(',');
    }

    /// A time, of several attempts that of the last, of `%T/%D` the finer one.
    fn time(&mut self, text: &str) -> Option<Taken> {
        let last = text.rsplit([',', ':', '/']).next().unwrap_or(text).trim();
        if let Some(unit) = self.options.unit {
            return taken(last, unit, false);
        }
        if last.contains('.') {
            return taken(last, 1.0, false);
        }
        let time = taken(last, 1e-6, false)?;
        self.record.guessed = Some(GUESS);
        Some(time)
    }
}
