//! What a user is told about a file: one sentence, the place, what was expected, in the compiler's own look.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::tree::{Source, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The forecast is made all the same.
    Warning,
    /// There is no forecast.
    Error,
}

/// One finding about a scenario, a manifest or an option.
#[derive(Clone, Debug)]
pub struct Diag {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name in kebab-case, for instance `unknown-field`.
    pub code: &'static str,
    /// One sentence, lower-case, without a full stop.
    pub message: String,
    /// The file (or the option) that it is about.
    pub file: String,
    /// From 1; 0 where the finding is about the whole file.
    pub line: usize,
    /// In characters, from 1; 0 where the finding is about the whole file.
    pub column: usize,
    /// The dotted path of the field, empty where there is none.
    pub path: String,
    /// What is said under the marked text.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    span: Option<Span>,
    context: Vec<(Span, String)>,
}

impl Diag {
    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            file: String::new(),
            line: 0,
            column: 0,
            path: String::new(),
            label: String::new(),
            help: None,
            span: None,
            context: Vec::new(),
        }
    }

    /// Something that makes a forecast impossible.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Something that the reader of a forecast should know.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// It is about this stretch of text, cut to its first line.
    #[must_use]
    pub fn at(mut self, span: &Span, label: impl Into<String>) -> Self {
        let span = first_line(span);
        (self.line, self.column) = span.source.position(span.range.start);
        self.file.clone_from(&span.source.name);
        self.label = label.into();
        self.span = Some(span);
        self
    }

    /// It is about a whole file.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = name.into();
        self
    }

    /// It is about the same bytes of another source.
    #[must_use]
    pub(crate) fn moved_to(mut self, source: &Arc<Source>) -> Self {
        if let Some(span) = self.span.take() {
            let label = std::mem::take(&mut self.label);
            return self.at(&Span { source: Arc::clone(source), range: span.range }, label);
        }
        self
    }

    /// Another place that has to do with it.
    #[must_use]
    pub fn and(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.context.push((first_line(span), label.into()));
        self
    }

    /// What is said under the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The field that it is about.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where it stands among others: by source, then by place; what is about a whole file comes first.
    pub fn order(&self) -> (u32, usize) {
        self.span.as_ref().map_or((0, 0), |s| (s.source.order, s.range.start))
    }

    /// Whether its place lies within this stretch of text.
    pub(crate) fn is_within(&self, span: &Span) -> bool {
        let inside = |own: &Span| own.range.start >= span.range.start && own.range.end <= span.range.end;
        self.span.as_ref().is_some_and(|own| Arc::ptr_eq(&own.source, &span.source) && inside(own))
    }

    /// Whether it says the same about the same place.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.code, self.order(), &self.message) == (other.code, other.order(), &other.message)
    }

    /// The text for a terminal, in rustc's look; without a trailing newline.
    pub fn render(&self, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(printable(&self.message)).id(self.code);
        let mut group = match &self.span {
            Some(_) => Group::with_title(title).elements(self.snippets()),
            None if self.file.is_empty() => Group::with_title(title),
            None => title.element(Origin::path(self.file.as_str())),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// The excerpts, one a source, the primary one first.
    fn snippets(&self) -> Vec<Snippet<'_, Annotation<'_>>> {
        let Some(primary) = &self.span else { return Vec::new() };
        let mut marks = vec![(AnnotationKind::Primary, primary, self.label.as_str())];
        marks.extend(self.context.iter().map(|(s, label)| (AnnotationKind::Context, s, label.as_str())));
        let mut sources: Vec<&Arc<Source>> = Vec::new();
        for (_, span, _) in &marks {
            if !sources.iter().any(|s| Arc::ptr_eq(s, &span.source)) {
                sources.push(&span.source);
            }
        }
        sources
            .into_iter()
            .map(|source| {
                let here: Vec<_> = marks.iter().filter(|(_, s, _)| Arc::ptr_eq(&s.source, source)).collect();
                // Only the lines in question: the renderer walks over all it is given.
                let first = here.iter().map(|(_, s, _)| s.range.start).min().unwrap_or(0);
                let last = here.iter().map(|(_, s, _)| s.range.end).max().unwrap_or(0);
                let from = source.text[..first].rfind('\n').map_or(0, |n| n + 1);
                let to = source.text[last..].find('\n').map_or(source.text.len(), |n| last + n);
                Snippet::source(&source.text[from..to])
                    .path(source.name.as_str())
                    .line_start(source.position(from).0)
                    .annotations(here.into_iter().map(|(kind, span, label)| {
                        let mark = kind.span(span.range.start - from..span.range.end - from);
                        if label.is_empty() { mark } else { mark.label(printable(label)) }
                    }))
            })
            .collect()
    }
}

impl fmt::Display for Diag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// The first line of a span, without white space at its end, on character boundaries whatever the parser said.
fn first_line(span: &Span) -> Span {
    let text = &span.source.text;
    let floor = |mut n: usize| {
        n = n.min(text.len());
        while !text.is_char_boundary(n) {
            n -= 1;
        }
        n
    };
    let start = floor(span.range.start);
    let end = floor(span.range.end.max(start));
    let line = text[start..end].lines().next().unwrap_or("").trim_end();
    Span { source: Arc::clone(&span.source), range: start..start + line.len() }
}

/// A text that cannot drive a terminal: control characters are shown, not sent.
pub(crate) fn printable(text: &str) -> String {
    if text.chars().any(|c| c.is_control() && c != '\n') {
        text.chars()
            .flat_map(|c| {
                let escaped: Vec<char> =
                    if c.is_control() && c != '\n' { c.escape_default().collect() } else { vec![c] };
                escaped
            })
            .collect()
    } else {
        text.to_owned()
    }
}

/// The candidate nearest to `word`, if near enough to be what was meant: at most 1 + a quarter of its letters differ,
/// and fewer than half. Of a word of three letters another one is as near as a misspelt one (`foo` and `for`): there letters may be
/// missing, too many or swapped, and digits others, but not letters.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let letters = word.chars().count();
    let near = |distance: usize| distance <= 1 + letters / 4 && 2 * distance < letters;
    let sorted = |word: &str| {
        let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let mut letters: Vec<char> = word.to_lowercase().chars().map(digit).collect();
        letters.sort_unstable();
        letters
    };
    let other = |c: &str| letters <= 3 && c.chars().count() == letters && sorted(c) != sorted(&word);
    candidates
        .into_iter()
        .filter(|c| !other(c))
        .map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), c))
        .filter(|(distance, _)| near(*distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_is_near_is_a_slip_and_not_another_word() {
        let names = ["for", "rate", "qps", "preStop", "p99"];
        let near = |word| nearest(word, names);
        assert_eq!(
            [near("preStpo"), near("rat"), near("fro"), near("fo")],
            [Some("preStop"), Some("rate"), Some("for"), None]
        );
        assert_eq!([near("foo"), near("xyz"), near("p98")], [None, None, Some("p99")]);
    }
}
