//! The rows that are finished: in memory, and where there is an output file, in the journal beside it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::output::Output;
use crate::cli::{Failure, typed};
use crate::study::journal::{Journal, JournalError, Record};
use crate::study::parts::unreadable;
use crate::study::result::header::Header;
use crate::study::result::row::Row;

/// Finished rows.
#[derive(Debug)]
pub(super) struct Store {
    rows: BTreeMap<u64, Row>,
    journal: Option<Journal>,
}

impl Store {
    /// Where the journal of an output file lies.
    pub(super) fn path(output: &Path) -> PathBuf {
        let mut name = OsString::from(output);
        name.push(".journal");
        name.into()
    }

    /// An empty store, or with `resume` what the journal of `output` holds. Without a file there is no journal.
    pub(super) fn open(path: Option<&Path>, output: &Output, header: &Header, resume: bool) -> Result<Self, Failure> {
        let Some(path) = path.filter(|_| output.is_plain_file()) else {
            return Ok(Self { rows: BTreeMap::new(), journal: None });
        };
        let journal = Self::path(path);
        let name = journal.display().to_string();
        if resume {
            match Journal::resume(&journal, header) {
                Ok((writer, record)) => return Self::continued(writer, record, header, &name),
                // Nothing was begun, or it was ended: the whole of it is still, or again, to be done.
                Err(JournalError::Io(e)) if e.kind() == io::ErrorKind::NotFound => {}
                // Whoever holds it will be done in time: trying again may help.
                Err(error @ (JournalError::Busy | JournalError::Io(_))) => {
                    return Err(Failure::Failed(unreadable(&name, &error)));
                }
                Err(error) => return Err(Failure::Usage(unreadable(&name, &error))),
            }
        }
        match Journal::create(&journal, header) {
            Ok(writer) => Ok(Self { rows: BTreeMap::new(), journal: Some(writer) }),
            Err(JournalError::Io(e)) if e.kind() == io::ErrorKind::AlreadyExists => {
                let again = typed::again("--resume");
                Err(Failure::Usage(format!(
                    "`{name}` holds what a sweep to this file has finished\n\nhint: go on with it by\n  {again}\nor delete it"
                )))
            }
            Err(JournalError::Io(e)) => Err(Failure::Failed(format!("cannot write `{name}`: {e}"))),
            Err(error) => Err(Failure::Failed(unreadable(&name, &error))),
        }
    }

    fn continued(journal: Journal, record: Record, header: &Header, name: &str) -> Result<Self, Failure> {
        let mut differences = record.header.differences(header, "the journal", "this command");
        if record.header.shard != header.shard {
            differences
                .push(format!("the journal is of part {}, this command of {}", record.header.shard, header.shard));
        }
        if !differences.is_empty() {
            return Err(Failure::Usage(format!(
                "`{name}` belongs to another sweep: {}\n\nhint: give this one another -o, or delete the journal",
                differences.join("; ")
            )));
        }
        let rows = record.rows.into_iter().map(|row| (row.row, row)).collect();
        Ok(Self { rows, journal: Some(journal) })
    }

    /// Whether a row is there.
    pub(super) fn has(&self, row: u64) -> bool {
        self.rows.contains_key(&row)
    }

    /// Takes a row.
    pub(super) fn add(&mut self, row: Row) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.add(&row)?;
        }
        self.rows.insert(row.row, row);
        Ok(())
    }

    /// All rows, in grid order.
    pub(super) fn into_rows(self) -> Vec<Row> {
        self.rows.into_values().collect()
    }

    /// Removes the journal of an output file that has been written.
    pub(super) fn remove(output: Option<&Path>) {
        if let Some(output) = output {
            // One that cannot be removed is noticed by the next sweep to this file, and does no harm before.
            let _ = fs::remove_file(Self::path(output));
        }
    }
}
