//! All that there is to say about a rule.

use crate::lint::Rule;
use crate::report::text::wrap;

/// Columns of the prose.
const WIDTH: usize = 90;

/// For a terminal.
pub fn text(rule: &Rule) -> String {
    let prose = |text: &str| wrap(text, WIDTH).join("\n");
    let indented = |text: &str| text.lines().map(|line| ["    ", line, "\n"].concat()).collect::<Vec<_>>().concat();
    format!(
        "{}: {}\n\n{}\n\nWhat to do\n\n{}\n\nSeen\n\n{}\n\nFinds fault with\n\n{}\nand not with\n\n{}",
        rule.code,
        rule.summary,
        prose(rule.why),
        prose(rule.remedy),
        prose(rule.incident),
        indented(rule.failing),
        indented(rule.passing),
    )
}

/// For a code review.
pub fn markdown(rule: &Rule) -> String {
    format!(
        "{}\n\n**What to do.** {}\n\n**Seen.** {}\n\nFinds fault with\n\n```yaml\n{}```\n\nand not with\n\n```yaml\n{}```\n",
        rule.why, rule.remedy, rule.incident, rule.failing, rule.passing,
    )
}
