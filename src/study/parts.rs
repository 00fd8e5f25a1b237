//! Which rows a shard plays, and the parts put together again.

use std::path::PathBuf;

use super::journal::{self, JournalError};
use super::result::header::Header;
use super::result::row::Row;
use super::shard::Shard;

/// The rows of shard `shard`, in grid order, where row i costs `costs[i]`: the dearest row goes to the shard that has least
/// so far, then the next (Graham's longest processing time first, at most 4/3 of the best there is). Every machine comes
/// to the same answer by itself.
pub fn rows(costs: &[f64], shard: Shard) -> Vec<u64> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|&a, &b| costs[b].total_cmp(&costs[a]).then(a.cmp(&b)));
    let mut loads = vec![0.0; shard.count() as usize];
    let mut mine = Vec::new();
    for row in order {
        let least = (0..loads.len()).min_by(|&a, &b| f64::total_cmp(&loads[a], &loads[b]).then(a.cmp(&b))).unwrap_or(0);
        loads[least] += costs[row];
        if least + 1 == shard.index() as usize {
            mine.push(row as u64);
        }
    }
    mine.sort_unstable();
    mine
}

/// Why parts cannot be merged: one sentence each, with the files' names.
pub type Refusals = Vec<String>;

/// Joins parts: the header of the whole sweep, and its rows in grid order.
///
/// # Errors
/// Where a part cannot be read, is torn or damaged, belongs to another sweep, is there twice, or is missing.
pub fn merge(paths: &[PathBuf]) -> Result<(Header, Vec<Row>), Refusals> {
    let mut refusals = Vec::new();
    let mut parts: Vec<(&PathBuf, Header, Vec<Row>)> = Vec::new();
    for path in paths {
        let name = path.display();
        match journal::read(path) {
            Ok(record) if !record.complete => {
                refusals.push(format!("`{name}` is torn: it was not written to its end"));
            }
            Ok(record) => parts.push((path, record.header, record.rows)),
            Err(error) => refusals.push(unreadable(&name.to_string(), &error)),
        }
    }
    let Some((first_path, first, _)) = parts.first() else { return Err(refusals) };
    let this = format!("`{}`", first_path.display());
    for (path, header, _) in &parts[1..] {
        let that = format!("`{}`", path.display());
        refusals.extend(first.differences(header, &this, &that));
        if header.shard.count() != first.shard.count() {
            let (a, b) = (first.shard.count(), header.shard.count());
            refusals.push(format!("{this} is one of {a} parts, {that} one of {b}"));
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let count = first.shard.count();
    for index in 1..=count {
        let there: Vec<String> = parts
            .iter()
            .filter(|(_, h, _)| h.shard.index() == index)
            .map(|(p, ..)| format!("`{}`", p.display()))
            .collect();
        match there.len() {
            1 => {}
            0 => refusals.push(format!("part {index}/{count} is missing")),
            _ => refusals.push(format!("part {index}/{count} is there more than once: {}", there.join(", "))),
        }
    }
    let whole = Header { shard: Shard::WHOLE, ..first.clone() };
    let mut rows: Vec<Row> = parts.into_iter().flat_map(|(.., rows)| rows).collect();
    rows.sort_by_key(|r| r.row);
    if refusals.is_empty() && !rows.iter().map(|r| r.row).eq(0..whole.rows) {
        refusals.push(format!("the parts hold {} rows, which are not the sweep's {}", rows.len(), whole.rows));
    }
    if refusals.is_empty() { Ok((whole, rows)) } else { Err(refusals) }
}

/// What is told of a file that cannot be used.
pub fn unreadable(name: &str, error: &JournalError) -> String {
    match error {
        JournalError::Io(e) if e.kind() == std::io::ErrorKind::NotFound => format!("there is no file `{name}`"),
        JournalError::Io(e) => format!("cannot read `{name}`: {e}"),
        JournalError::Busy => format!("another process is writing `{name}`"),
        JournalError::Foreign => format!("`{name}` is no part of a sweep, which `dryroll sweep --shard I/N` writes"),
        JournalError::Damaged(line, what) => format!("`{name}` is damaged in line {line}: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_all_rows_and_nearly_all_work() {
        let costs: Vec<f64> = (0..97).map(|i| f64::from(1 + i * i % 31)).collect();
        let total: f64 = costs.iter().sum();
        for count in [1, 2, 5, 97, 200] {
            let shards: Vec<Vec<u64>> =
                (1..=count).map(|i| rows(&costs, Shard::new(i, count).expect("a shard"))).collect();
            let mut all: Vec<u64> = shards.concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..97), "each row once, in {count} shards");
            let load = |rows: &Vec<u64>| rows.iter().map(|&r| costs[r as usize]).sum::<f64>();
            let most = shards.iter().map(load).fold(0.0, f64::max);
            let best = (total / f64::from(count)).max(31.0);
            assert!(most <= best * 4.0 / 3.0, "{count} shards: {most} in one, {best} at best");
        }
    }
}
