//! What an output file is called, and that what is written is what its name says.

use std::fs;
use std::path::Path;

use super::Failure;
use crate::report::Format;
use crate::scenario::diag::nearest;

/// The endings of the one format of a command that has no `--format`.
pub(super) const YAML: &[&str] = &["yaml", "yml"];
/// The same of a schema.
pub(super) const JSON: &[&str] = &["json"];
/// The same of a page.
pub(super) const PAGE: &[&str] = &["html", "htm"];

/// The endings of several formats, in their order.
pub(super) fn all<P>(formats: &[Format<P>]) -> Vec<&'static str> {
    formats.iter().flat_map(|f| f.endings).copied().collect()
}

/// Looks at the name of an output file, before any work is done. `named` is what `--format` says, after which the name may be anything; so
/// may one without an ending, and that of a pipe or a device.
///
/// # Errors
/// Where it ends as files of no format do that there is: whoever asks for `x.pdf` does not expect a table in it.
pub(super) fn check(output: Option<&Path>, named: Option<&str>, endings: &[&str]) -> Result<(), Failure> {
    refuse(output, named, endings, "or say by --format what is to be written")
}

/// The same for a command with a single format.
///
/// # Errors
/// Where the name says something else.
pub(super) fn check_only(output: Option<&Path>, endings: &[&str]) -> Result<(), Failure> {
    refuse(output, None, endings, "or leave -o out and redirect stdout")
}

fn refuse(output: Option<&Path>, named: Option<&str>, endings: &[&str], otherwise: &str) -> Result<(), Failure> {
    let Some(path) = output.filter(|_| named.is_none()) else { return Ok(()) };
    let Some(ending) = path.extension() else { return Ok(()) };
    let ending = ending.to_string_lossy();
    let is_known = endings.iter().any(|e| e.eq_ignore_ascii_case(&ending));
    if is_known || fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return Ok(());
    }
    let near = nearest(&ending.to_lowercase(), endings.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("did you mean `.{near}`? "));
    let known: Vec<String> = endings.iter().map(|e| format!(".{e}")).collect();
    Err(Failure::Usage(format!(
        "nothing is written in a format that ends in `.{ending}`: `{}`\n\nhint: {near}there is {}; {otherwise}",
        path.display(),
        known.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, named: Option<&str>) -> Option<String> {
        match check(Some(Path::new(path)), named, &["txt", "json", "md"]) {
            Ok(()) => None,
            Err(Failure::Usage(text)) => Some(text),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_ending_of_no_format_is_refused_with_those_that_there_are() {
        let text = told("out/x.pdf", None).expect("it is refused");
        assert!(text.contains("`.pdf`") && text.contains("there is .txt, .json, .md; or say by --format"), "{text}");
        assert!(told("x.jsn", None).is_some_and(|text| text.contains("did you mean `.json`?")));
    }

    #[test]
    fn what_is_known_named_or_without_an_ending_is_not() {
        for path in ["x.json", "x.MD", "x", ".hidden", "/dev/null"] {
            assert_eq!(told(path, None), None, "{path}");
        }
        assert_eq!(told("x.pdf", Some("json")), None);
    }
}
