//! The CPU time that this process has spent, user and system.

use std::fs;

/// Nanoseconds of CPU time of all threads of this process since its start.
///
/// Linux only. `/proc/self/task/*/schedstat` counts nanoseconds for each live thread; `/proc/self/stat`, the fallback
/// for kernels without it, counts whole ticks of 10 ms.
///
/// # Errors
/// If there is no `/proc`, or it cannot be read.
pub(crate) fn spent() -> Result<u64, String> {
    schedstat().or_else(ticks).ok_or_else(|| "no CPU time in /proc: these measurements need Linux".to_owned())
}

fn schedstat() -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        sum += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    (sum > 0).then_some(sum)
}

/// Nanoseconds of CPU time of all children of this process that have ended, in ticks of 10 ms.
///
/// # Errors
/// As [`spent`].
pub(crate) fn of_children() -> Result<u64, String> {
    ticks_from(13).ok_or_else(|| "no CPU time in /proc: these measurements need Linux".to_owned())
}

fn ticks() -> Option<u64> {
    ticks_from(11)
}

/// Two neighbouring fields of `/proc/self/stat`: utime and stime are fields 11 and 12 behind the name, those of children the
/// next two.
fn ticks_from(first: usize) -> Option<u64> {
    /// `USER_HZ`, which is 100 on every architecture that Rust's Linux targets run on.
    const NANOSECONDS_PER_TICK: u64 = 10_000_000;
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets, and may hold spaces.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(first);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * NANOSECONDS_PER_TICK)
}
