//! A line taken apart into words.

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Without quotes or brackets.
    Bare(&'a str),
    /// Between quotes.
    Quoted(&'a str),
    /// Between brackets.
    Bracketed(&'a str),
}

impl<'a> Word<'a> {
    pub(super) const fn text(&self) -> &'a str {
        match self {
            Self::Bare(text) | Self::Quoted(text) | Self::Bracketed(text) => text,
        }
    }
}

/// The words of a line. A bracket or a quote begins a word only where a word can begin; what is never closed ends with the line.
pub(super) fn split(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' => {
                let (text, after) = quoted(&rest[1..]);
                (Word::Quoted(text), after)
            }
            '[' => {
                let (text, after) = rest[1..].split_once(']').unwrap_or((&rest[1..], ""));
                (Word::Bracketed(text), after)
            }
            _ => bare(rest),
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// A word up to the next space, which may be `key="quoted, with spaces"`.
fn bare(rest: &str) -> (Word<'_>, &str) {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    match rest[..end].find("=\"") {
        Some(at) => {
            let (text, after) = quoted(&rest[at + 2..]);
            let length = at + 2 + text.len();
            (Word::Bare(&rest[..length]), after)
        }
        None => (Word::Bare(&rest[..end]), &rest[end..]),
    }
}

/// A text up to the quote that ends it, and what follows.
fn quoted(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return (&text[..at], &text[at + 1..]),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_brackets_keep_words_together() {
        let words = split(r#"a b[1] [c d] "e \" f" g="h, i" j="#);
        let expected = [
            Word::Bare("a"),
            Word::Bare("b[1]"),
            Word::Bracketed("c d"),
            Word::Quoted(r#"e \" f"#),
            Word::Bare(r#"g="h, i"#),
            Word::Bare("j="),
        ];
        assert_eq!(words, expected);
        assert_eq!(split(r#""never closed"#), [Word::Quoted("never closed")]);
        assert_eq!(split("  "), []);
    }
}
