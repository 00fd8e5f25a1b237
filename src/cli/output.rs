//! Where the result goes: stdout, or a file that is there whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A place to write to, opened before any work is done.
#[derive(Debug)]
pub(super) enum Output {
    /// Stdout.
    Stdout,
    /// A file beside the one that is asked for, which it replaces at the end.
    File {
        /// What is written to.
        temporary: NamedTempFile,
        /// What it becomes.
        target: PathBuf,
    },
}

impl Output {
    /// Opens the place, so that a mistyped folder is found before the simulation and not after it.
    ///
    /// # Errors
    /// Where no file can be created there.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no folder `{}`", folder.display())));
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: the umask takes away what the user wants taken away.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.prefix(".dryroll-").suffix(".tmp").tempfile_in(folder)?;
        Ok(Self::File { temporary, target: path.to_owned() })
    }

    /// Writes the result whole: to stdout, or to the file, which appears only now.
    ///
    /// # Errors
    /// What the system says; the target is then as it was.
    pub(super) fn finish(self, bytes: &[u8], stdout: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Stdout => {
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::File { mut temporary, target } => {
                temporary.write_all(bytes)?;
                temporary.as_file().sync_all()?;
                temporary.persist(target).map(drop).map_err(|e| e.error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_replaces_the_old_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("out.json");
        std::fs::write(&target, "old").expect("it is written");
        let output = Output::open(Some(&target)).expect("it opens");
        assert_eq!(std::fs::read_to_string(&target).expect("it is there"), "old");
        output.finish(b"new", &mut io::sink()).expect("it is written");
        assert_eq!(std::fs::read_to_string(&target).expect("it is there"), "new");
        assert_eq!(names(folder.path()), ["out.json"]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = Output::open(Some(&folder.path().join("out.json"))).expect("it opens");
        drop(output);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn folders_are_no_place_to_write_to() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Output::open(Some(folder.path())).is_err());
        assert!(Output::open(Some(&folder.path().join("missing/out.json"))).is_err());
    }
}
