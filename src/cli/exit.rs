//! Exit statuses: part of the interface.

/// Done.
pub const OK: u8 = 0;
/// An objective does not hold, or a baseline is significantly worse.
pub const BROKEN: u8 = 1;
/// Wrong usage, or an invalid scenario or manifest.
pub const USAGE: u8 = 2;
/// The run failed: I/O, what cannot be played to its end, or a bug of dryroll; and so did a row of a sweep, when all others are written.
pub const FAILED: u8 = 3;
/// Where [`BROKEN`] was possible: it can't be told at this many replications.
pub const UNDECIDED: u8 = 4;

/// What `--help` says of them.
pub(super) const HELP: &str = "\
Exit status:
  0  fine
  1  an objective does not hold, or a baseline is significantly worse
  2  wrong usage, or an invalid scenario or manifest
  3  the run failed (I/O, interrupted), or rows of a sweep did (with --allow-failed: 0)
  4  can't tell at this many replications (where 1 was possible)";

/// What `--help` says of them where nothing is held to anything.
pub(super) const PLAIN_HELP: &str = "\
Exit status:
  0  fine
  2  wrong usage, or an invalid file
  3  it failed (I/O, interrupted)";

/// What `merge --help` says of them.
pub(super) const MERGE_HELP: &str = "\
Exit status:
  0  fine
  2  wrong usage, or parts that do not belong together or leave a gap
  3  it failed (I/O), or rows of the sweep had (with --allow-failed: 0)";

/// What `lint --help` says of them.
pub(super) const LINT_HELP: &str = "\
Exit status:
  0  no findings
  1  findings (with --exit-zero: 0)
  2  wrong usage, or an invalid scenario or manifest
  3  the result could not be written";

/// What `recommend --help` says of them.
pub(super) const RECOMMEND_HELP: &str = "\
Exit status:
  0  what is recommended holds
  1  nothing that was looked at can hold
  2  wrong usage, or an invalid scenario or manifest
  3  the search failed (I/O, interrupted)
  4  can't tell at this many replications (with --allow-undecided: 0)";
