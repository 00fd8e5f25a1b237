//! Rows on disk: a journal to which each is added as it finishes, and the same lines as a part to be merged.
//!
//! ```text
//! {"schema":"dryroll.sweep-part/1", …}     what is swept, from what, which shard: the header
//! {"row":0, …}                             one line a row, in whatever order they finished
//! {"rows":36,"checksum":"…"}               the seal: everything is there
//! ```
//! Lines are only ever added, so whatever kills the program leaves at most one torn line, the last, which is cut off when the
//! work is taken up again. A part is a journal with its rows in grid order and a seal.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::result::header::Header;
use super::result::row::Row;
use crate::engine::mix;

/// What closes a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    /// Rows in it.
    rows: u64,
    /// Over all bytes before this line.
    checksum: String,
}

/// What a journal or a part holds.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was swept.
    pub header: Header,
    /// The rows that are there, in the order of the file.
    pub rows: Vec<Row>,
    /// Whether it is sealed, and the seal fits.
    pub complete: bool,
    /// Bytes up to the end of the last whole line.
    whole: u64,
}

/// Why a journal or a part cannot be used.
#[derive(Debug)]
pub enum JournalError {
    /// What the system says.
    Io(io::Error),
    /// Another process is writing it.
    Busy,
    /// It is no journal of a sweep, or not of this version of the format.
    Foreign,
    /// It says other things than were written: line, from 1, and what is wrong.
    Damaged(usize, String),
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// A new journal at `path`, where there must be none.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path, header: &Header) -> Result<Self, JournalError> {
        let file = File::options().create_new(true).read(true).write(true).open(path)?;
        lock(&file)?;
        let mut journal = Self { file };
        journal.line(header)?;
        Ok(journal)
    }

    /// The journal at `path`, to be continued behind its last whole line; what it holds. One that was not even begun, since its
    /// writer was killed before the first line, is begun with `header`.
    ///
    /// # Errors
    /// Where it cannot be read, is no journal, is damaged before its last line, or is being written by another process.
    pub fn resume(path: &Path, header: &Header) -> Result<(Self, Record), JournalError> {
        let mut file = File::options().read(true).write(true).open(path)?;
        lock(&file)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if !bytes.contains(&b'\n') {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            let mut journal = Self { file };
            journal.line(header)?;
            let record = Record { header: header.clone(), rows: Vec::new(), complete: false, whole: 0 };
            return Ok((journal, record));
        }
        let record = parse(&bytes)?;
        file.set_len(record.whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self { file }, record))
    }

    /// Adds a row. It outlives the death of this process.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, row: &Row) -> io::Result<()> {
        self.line(row)
    }

    /// One call of the system a line, so that a line is torn only where the system itself stops.
    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(value)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)
    }
}

fn lock(file: &File) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::Busy),
        Err(TryLockError::Error(e)) => Err(e.into()),
    }
}

/// A part: the header, the rows in the order given, and the seal.
///
/// # Errors
/// Where a row cannot be written as JSON, which does not happen.
pub fn part(header: &Header, rows: &[Row]) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(header)?;
    bytes.push(b'\n');
    for row in rows {
        serde_json::to_writer(&mut bytes, row)?;
        bytes.push(b'\n');
    }
    let seal = Seal { rows: rows.len() as u64, checksum: checksum(&bytes) };
    serde_json::to_writer(&mut bytes, &seal)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a part or a journal.
///
/// # Errors
/// Where it cannot be read, is none, or is damaged before its last line.
pub fn read(path: &Path) -> Result<Record, JournalError> {
    parse(&std::fs::read(path)?)
}

fn parse(bytes: &[u8]) -> Result<Record, JournalError> {
    // What follows the last line's end was torn while it was written.
    let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
    let mut lines = bytes[..whole].split_inclusive(|&b| b == b'\n');
    let header: Header = lines.next().and_then(|l| serde_json::from_slice(l).ok()).ok_or(JournalError::Foreign)?;
    if header.schema != super::result::header::SCHEMA {
        return Err(JournalError::Foreign);
    }
    let mut record = Record { header, rows: Vec::new(), complete: false, whole: whole as u64 };
    let mut at = bytes.iter().position(|&b| b == b'\n').map_or(0, |n| n + 1);
    for (n, line) in lines.enumerate() {
        let damaged = |what: String| Err(JournalError::Damaged(n + 2, what));
        if record.complete {
            return damaged("there is more behind its end".to_owned());
        }
        match serde_json::from_slice::<Row>(line) {
            Ok(row) => record.rows.push(row),
            Err(error) => match serde_json::from_slice::<Seal>(line) {
                Ok(seal) if seal.rows != record.rows.len() as u64 => {
                    return damaged(format!("{} rows were written and {} are there", seal.rows, record.rows.len()));
                }
                Ok(seal) if seal.checksum != checksum(&bytes[..at]) => {
                    return damaged("its checksum is another: it was changed after it was written".to_owned());
                }
                Ok(_) => record.complete = true,
                Err(_) => return damaged(format!("it is no row: {error}")),
            },
        }
        at += line.len();
    }
    Ok(record)
}

/// Over bytes, in hexadecimal: it tells accidents, not malice.
fn checksum(bytes: &[u8]) -> String {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |w: u64, &b| w << 8 | u64::from(b));
    let sum = bytes.chunks(8).fold(bytes.len() as u64, |sum, chunk| mix(mix(sum) ^ word(chunk)));
    format!("{sum:016x}")
}
