//! Where the result goes: stdout, or a file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A place to write to, tried before any work is done.
#[derive(Debug)]
pub(super) enum Output {
    /// Stdout.
    Stdout,
    /// Something that is no file, a pipe or `/dev/null`: it is written to and never replaced.
    Device(File),
    /// A file, which a whole one replaces at the end.
    File(PathBuf),
}

impl Output {
    /// Tries the place, so that a mistyped folder is found before the simulation and not after it. `-` is stdout.
    ///
    /// # Errors
    /// Where nothing can be written there.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else { return Ok(Self::Stdout) };
        let target = match fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
            Ok(there) if !there.is_file() => return File::options().write(true).open(path).map(Self::Device),
            // A link stays one.
            Ok(_) => fs::canonicalize(path)?,
            Err(_) => path.to_owned(),
        };
        // Gone at once: an interrupted run leaves nothing behind.
        drop(beside(&target)?);
        Ok(Self::File(target))
    }

    /// The columns of the terminal that is written to; none where it is no terminal, whose width is nothing to a file or a pipe.
    pub(super) fn columns(&self) -> Option<usize> {
        let Self::Stdout = self else { return None };
        let stdout = io::stdout();
        let told = || std::env::var("COLUMNS").ok()?.parse().ok();
        // A terminal that does not know its own size says 0.
        let own = || terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0)).filter(|&w| w > 0);
        stdout.is_terminal().then(|| own().or_else(told)).flatten()
    }

    /// Whether what is written ends in a file, where colours have no place.
    pub(super) fn is_file(&self) -> bool {
        !matches!(self, Self::Stdout)
    }

    /// Whether it is a file that is there whole or not at all: there is a place beside it.
    pub(super) fn is_plain_file(&self) -> bool {
        matches!(self, Self::File(_))
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
            Self::Device(mut device) => device.write_all(bytes),
            Self::File(target) => Staged::new(&target, bytes)?.keep(),
        }
    }
}

/// A file that is written whole and has not taken its place yet; dropped, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Staged {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl Staged {
    /// Writes it beside its target.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(target: &Path, bytes: &[u8]) -> io::Result<Self> {
        Self::made(target, |out| out.write_all(bytes))
    }

    /// The same of what is made as it is written, and so is not in memory as a whole.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn made(target: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        let mut temporary = BufWriter::with_capacity(1 << 16, beside(target)?);
        write(&mut temporary)?;
        let temporary = temporary.into_inner().map_err(io::IntoInnerError::into_error)?;
        temporary.as_file().sync_all()?;
        Ok(Self { temporary, target: target.to_owned() })
    }

    /// Puts it in its target's place, in one step.
    ///
    /// # Errors
    /// What the system says; the target is then as it was.
    pub(super) fn keep(self) -> io::Result<()> {
        self.temporary.persist(self.target).map(drop).map_err(|e| e.error)
    }
}

/// A new file in the target's folder, from where it can take the target's place in one step.
fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no folder `{}`", folder.display())));
    }
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes away what the user wants taken away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".dryroll-").suffix(".tmp").tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_replaces_the_old_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("out.json");
        fs::write(&target, "old").expect("it is written");
        let output = Output::open(Some(&target)).expect("it opens");
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "old");
        output.finish(b"new", &mut io::sink()).expect("it is written");
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "new");
        assert_eq!(names(folder.path()), ["out.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let [target, link] = ["out.json", "link.json"].map(|n| folder.path().join(n));
        fs::write(&target, "old").expect("it is written");
        std::os::unix::fs::symlink(&target, &link).expect("it is linked");
        let write = |path: &Path| Output::open(Some(path)).and_then(|o| o.finish(b"new", &mut io::sink()));
        write(&link).expect("it is written");
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "new");
        write(Path::new("/dev/null")).expect("it is written");
        assert!(!fs::metadata("/dev/null").expect("it is there").is_file());
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
