//! What a command says of a text.

use super::program::dryroll;

/// How a command on a file of this name and text ends, and what it says of it.
pub(crate) fn told(name: &str, text: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    std::fs::write(&file, text).expect("it is written");
    let (command, rest) = arguments.split_first().expect("a command");
    let (status, out, err) = dryroll(&[&[*command, file.to_str().expect("UTF-8")], rest].concat());
    (status, out + &err)
}
