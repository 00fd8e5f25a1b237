//! Texts that are compared whole with what is recorded.

use std::fs;
use std::path::{Path, PathBuf};

/// `actual` is what the file at `path` says. With `UPDATE_GOLDEN` set it is written there first; with `CI` set it is only compared.
pub(crate) fn assert_golden(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        fs::write(path, actual).expect("the golden file can be written");
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(actual == expected, "{}\n--- expected\n{expected}\n--- actual\n{actual}", path.display());
}

/// The YAML files in `folder`, by name.
pub(crate) fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    paths
}
