//! What a check has found, in the workflow commands by which GitHub marks lines of a pull request.

use super::CheckPage;
use crate::report::{compare, finding};
use crate::stats::paired;
use crate::study::result::finding::Verdict;

/// One line for everything that is broken, worse or can't be told: `::error file=…,line=…::…`.
pub fn lines(page: &CheckPage) -> Vec<String> {
    let mut lines = Vec::new();
    for checked in &page.result.files {
        let places = checked.places.iter().copied().chain(std::iter::repeat(None));
        for (f, place) in checked.objectives.iter().zip(places) {
            let kind = match f.verdict {
                Verdict::Holds => continue,
                Verdict::Broken => "error",
                Verdict::Undecided => "warning",
            };
            lines.push(line(kind, &checked.file, place, &f.objective, &finding::sentence(f)));
        }
        for c in checked.compared.iter().filter(|c| c.verdict == paired::Verdict::Worse) {
            lines.push(line("error", &checked.file, None, &c.measure.figure, &compare::figure_sentence(c)));
        }
    }
    lines
}

fn line(kind: &str, file: &str, place: Option<(usize, usize)>, title: &str, message: &str) -> String {
    // What is not in the file is marked at its head.
    let (line, column) = place.unwrap_or((1, 1));
    let (file, title) = (property(file), property(&format!("dryroll: {title}")));
    format!("::{kind} file={file},line={line},col={column},title={title}::{}", data(message))
}

/// A message: GitHub decodes these three.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, in which two more would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
