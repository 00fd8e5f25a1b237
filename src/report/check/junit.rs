//! A check as a CI's list of tests: a suite a file, a test an objective or a figure of the baseline.

use std::fmt::Write as _;
use std::io;

use super::CheckPage;
use crate::report::{Format, compare, finding};
use crate::stats::paired;
use crate::study::result::check::Checked;
use crate::study::result::finding::Verdict;

/// `--format junit`: the elements and attributes that `JUnit`'s Ant task wrote first and every CI reads. What can't be told is
/// an error, what is broken a failure.
pub(super) const FORMAT: Format<CheckPage> = Format { name: "junit", endings: &["xml"], write };

/// The schema wants to know when and where; a forecast is the same whenever and wherever it is made, to the byte.
const WHEN: &str = "1970-01-01T00:00:00";

/// One test.
struct Case {
    name: String,
    /// The kind of what is wrong, in one word and in full.
    wrong: Option<(&'static str, &'static str, String)>,
}

fn write(page: &CheckPage, out: &mut dyn io::Write) -> io::Result<()> {
    let suites: Vec<(&Checked, Vec<Case>)> = page.result.files.iter().map(|c| (c, cases(c, page))).collect();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites>")?;
    for (id, (checked, cases)) in suites.iter().enumerate() {
        let name = escape(&checked.file);
        let suite = format!("name=\"{name}\" package=\"dryroll\" id=\"{id}\" {}", counts(cases.iter()));
        writeln!(out, "  <testsuite {suite} timestamp=\"{WHEN}\" hostname=\"localhost\">")?;
        let r = &checked.results;
        writeln!(out, "    <properties>")?;
        for (name, value) in [
            ("scenario", r.scenario.clone()),
            ("seed", r.seed.to_string()),
            ("replications", r.replications.to_string()),
            ("digest", r.digest.clone()),
        ] {
            writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", escape(&value))?;
        }
        writeln!(out, "    </properties>")?;
        for case in cases {
            let test =
                format!("<testcase name=\"{}\" classname=\"{}\" time=\"0\"", escape(&case.name), escape(&r.scenario));
            match &case.wrong {
                None => writeln!(out, "    {test}/>")?,
                Some((element, kind, message)) => {
                    let message = escape(message);
                    writeln!(out, "    {test}>")?;
                    writeln!(out, "      <{element} message=\"{message}\" type=\"{kind}\">{message}</{element}>")?;
                    writeln!(out, "    </testcase>")?;
                }
            }
        }
        writeln!(out, "    <system-out/>\n    <system-err/>\n  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn cases(checked: &Checked, page: &CheckPage) -> Vec<Case> {
    let objective = |f: &crate::study::result::finding::Finding| Case {
        name: format!("{} {}", f.objective, f.limit),
        wrong: match f.verdict {
            Verdict::Holds => None,
            Verdict::Broken => Some(("failure", "broken", finding::sentence(f))),
            Verdict::Undecided => Some(("error", "undecided", finding::sentence(f))),
        },
    };
    let baseline = page.result.baseline.as_deref().unwrap_or_default();
    let figure = |c: &crate::study::result::comparison::Compared| Case {
        name: format!("{} not worse than {baseline}", c.measure.figure),
        wrong: (c.verdict == paired::Verdict::Worse).then(|| ("failure", "worse", compare::figure_sentence(c))),
    };
    checked.objectives.iter().map(objective).chain(checked.compared.iter().map(figure)).collect()
}

/// `tests="3" failures="1" errors="0" skipped="0" time="0"`.
fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match &case.wrong {
            Some(("failure", ..)) => failures += 1,
            Some(_) => errors += 1,
            None => {}
        }
    }
    let mut text = String::new();
    let _ = write!(text, "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\" time=\"0\"");
    text
}

/// Text in an attribute or between tags. What XML cannot hold at all is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
