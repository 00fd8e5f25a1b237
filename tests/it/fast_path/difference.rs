//! Where two results differ.

use std::fmt::Debug;

/// The first field in which two values differ, by its path, with what stands in it; `None` where they are the same to the last bit.
pub(crate) fn first_difference<T: Debug>(of: &T, other: &T) -> Option<String> {
    // As text, in which floats are exact and every field is told.
    if format!("{of:?}") == format!("{other:?}") {
        return None;
    }
    let (a, b) = (format!("{of:#?}"), format!("{other:#?}"));
    let (a, b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let at = (0..a.len()).find(|&n| b.get(n) != Some(&a[n])).expect("the texts differ");
    let value = |lines: &[&str]| {
        let line = lines.get(at).map_or("nothing", |line| line.trim().trim_end_matches(','));
        line.split_once(": ").map_or(line, |(_, value)| value).to_owned()
    };
    Some(format!("{}: {} and {}", path(&a, at), value(&a), value(&b)))
}

/// The names of all that line `at` lies in, from the outermost.
fn path(lines: &[&str], at: usize) -> String {
    let mut names = vec![name(lines, at)];
    let mut level = indent(lines[at]);
    for n in (0..at).rev() {
        if indent(lines[n]) < level && level > 0 {
            level = indent(lines[n]);
            names.push(name(lines, n));
        }
    }
    names.pop();
    names.reverse();
    names.join(".")
}

/// The name of the field that line `at` begins, or its number in a list.
fn name(lines: &[&str], at: usize) -> String {
    let line = lines[at].trim();
    if let Some((name, _)) = line.split_once(": ") {
        return name.to_owned();
    }
    let level = indent(lines[at]);
    let before = lines[..at].iter().rev().take_while(|line| indent(line) >= level);
    let closes = |line: &&&str| line.trim().starts_with(['}', ']', ')']);
    before.filter(|line| indent(line) == level && !closes(line)).count().to_string()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[test]
fn the_first_difference_is_named() {
    let of = |x: f64| vec![(0, vec![1.0]), (7, vec![2.0, x])];
    assert_eq!(first_difference(&of(3.0), &of(3.0)), None);
    assert_eq!(first_difference(&of(3.0), &of(3.5)).as_deref(), Some("1.1.1: 3.0 and 3.5"));
    assert_eq!(first_difference(&of(0.0), &of(-0.0)).as_deref(), Some("1.1.1: 0.0 and -0.0"));
    let until = |end| vec![1..4, 7..end];
    let named = Some(("bins", until(9)));
    assert_eq!(first_difference(&named, &Some(("bins", until(8)))).as_deref(), Some("0.1.1: 7..9 and 7..8"));
    let tally = |p50| dryroll::metrics::replication::LatencyTally { p50, ..Default::default() };
    assert_eq!(first_difference(&[tally(5)], &[tally(6)]).as_deref(), Some("0.p50: 5 and 6"));
}
