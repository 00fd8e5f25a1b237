//! The command as it was typed.

use crate::report::text::quoted;

/// The command once more, with `option` where it has it not yet.
pub(super) fn again(option: &str) -> String {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|w| w == option) {
        // Behind `--` there are no options.
        let end = words.iter().position(|w| w == "--").unwrap_or(words.len());
        words.insert(end, option.to_owned());
    }
    let words: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    format!("dryroll {}", words.join(" "))
}
