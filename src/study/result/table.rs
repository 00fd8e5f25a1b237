//! A sweep's result: what was swept, and its rows in grid order.

use super::finding::Verdict;
use super::header::Header;
use super::row::Row;

/// Rows of one sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What was swept.
    pub header: Header,
    /// In grid order; of a sweep that was ended early, those that finished.
    pub rows: Vec<Row>,
}

impl Table {
    /// The mean of the figure in column `figure` of a row; `None` where it was not measured.
    pub fn mean(row: &Row, figure: &str) -> Option<f64> {
        let columns = row.summary.as_ref()?.columns();
        columns.into_iter().find(|c| c.0 == figure).and_then(|(_, f)| f).map(|f| f.mean)
    }

    /// The rows, best first: those that hold their objectives before those of which it can't be told, these before broken
    /// ones, failed ones last; then by `figure`, the least first unless `descending`; then the quickest; then in grid order.
    pub fn best_first(&self, figure: &str, descending: bool) -> Vec<&Row> {
        let rank = |row: &Row| match (row.summary.is_some(), row.verdict) {
            (false, _) => 3,
            (true, None | Some(Verdict::Holds)) => 0,
            (true, Some(Verdict::Undecided)) => 1,
            (true, Some(Verdict::Broken)) => 2,
        };
        let key = |row: &Row, figure: &str, descending: bool| {
            let mean = Self::mean(row, figure).unwrap_or(f64::INFINITY);
            if descending && mean.is_finite() { -mean } else { mean }
        };
        let mut keyed: Vec<_> = self
            .rows
            .iter()
            .map(|r| (rank(r), key(r, figure, descending), key(r, "durationSeconds", false), r))
            .collect();
        keyed.sort_by(|a, b| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.row.cmp(&b.3.row))
        });
        keyed.into_iter().map(|k| k.3).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;
    use crate::study::result::effort::{Effort, Stopped};

    fn row(
        row: u64,
        verdict: Option<Verdict>,
        replication: fn(u32) -> crate::metrics::replication::Replication,
    ) -> Row {
        let results = sample::of(3, replication);
        Row {
            replications: 3,
            stopped: Stopped::Fixed,
            verdict,
            summary: Some(results.summary),
            error: None,
            ..Row::failed(row, Vec::new(), String::new())
        }
    }

    #[test]
    fn the_best_come_first_and_what_failed_last() {
        let rows = vec![
            Row::failed(0, Vec::new(), "no".to_owned()),
            row(1, Some(Verdict::Broken), sample::clean),
            row(2, Some(Verdict::Holds), sample::dropping),
            row(3, Some(Verdict::Holds), sample::clean),
            row(4, Some(Verdict::Undecided), sample::clean),
            row(5, Some(Verdict::Holds), sample::clean),
        ];
        let header = Header::bare(6, Effort::Fixed(3));
        let table = Table { header, rows };
        let order = |descending| table.best_first("dropped", descending).iter().map(|r| r.row).collect::<Vec<_>>();
        assert_eq!(order(false), [3, 5, 2, 4, 1, 0]);
        assert_eq!(order(true), [2, 3, 5, 4, 1, 0]);
    }
}
