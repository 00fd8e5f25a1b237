//! Which rows of a sweep cannot be told from the best one: deploy by deploy where each one's figures were kept, else by means and
//! intervals.

use serde::Serialize;

use super::sweep::Combination;
use crate::metrics::Figure;
use crate::report::sweep::SweepPage;
use crate::report::sweep::rows::Shown;
use crate::report::text::plural;
use crate::stats::paired::{paired, paired_anytime};
use crate::stats::unpaired::unpaired;
use crate::study::result::finding::Verdict;
use crate::study::result::row::Row;

/// What stands beside a combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    /// The best by the figure that is asked for, among those that hold their objectives.
    Best,
    /// Its figure cannot be told from the best one's.
    Like,
    /// An objective is broken.
    Broken,
    /// It could not be simulated, or the figure not be measured.
    Failed,
    /// It is worse where the two are compared alone, but not surely among so many.
    Unsure,
    /// It is worse, surely.
    None,
}

/// What a row is beside the best one.
pub(super) fn mark(page: &SweepPage, row: &Row, best: Option<&Row>, by: &Shown) -> Mark {
    let Some(best) = best.filter(|_| row.summary.is_some()) else { return Mark::Failed };
    if row.row == best.row {
        return Mark::Best;
    }
    let figure = |r: &Row| -> Figure { r.summary.as_ref().and_then(|s| (by.pick)(s)) };
    let (Some(a), Some(b)) = (figure(best), figure(row)) else { return Mark::Failed };
    let others = page.table.rows.len().saturating_sub(1);
    let difference = match each_of([best, row], by) {
        None => unpaired(&a, &b, [best.replications, row.replications], others),
        Some([best, row]) => {
            // Where rows stop by what they have seen, intervals must hold whenever that is.
            let looks_again = page.table.header.effort.looks_again();
            (if looks_again { paired_anytime } else { paired })(&best, &row, by.kind, others)
        }
    };
    // Where there is no interval, nothing can be told apart.
    let apart = |interval: Option<[f64; 2]>| interval.is_some_and(|[lo, hi]| lo > 0.0 || hi < 0.0);
    let (alone, among_all) = difference.map_or((false, false), |d| (apart(d.ci95), apart(d.simultaneous)));
    match row.verdict {
        Some(Verdict::Broken) => Mark::Broken,
        _ if among_all => Mark::None,
        _ if alone => Mark::Unsure,
        _ => Mark::Like,
    }
}

/// Whether rows keep what each deploy came to; a result that is read says so by its rows alone.
fn kept_each(page: &SweepPage) -> bool {
    page.table.rows.iter().any(|row| !row.deploys.is_empty())
}

/// What each deploy of two rows came to, those that both have: as `compare` has it, since deploy k of every row met the same random
/// numbers. `None` where that was not kept.
fn each_of(rows: [&Row; 2], by: &Shown) -> Option<[Vec<f64>; 2]> {
    let [best, row] = [rows[0].deploys.get(by.column)?, rows[1].deploys.get(by.column)?];
    let (best, row) = best.iter().zip(row).filter_map(|(a, b)| Some(((*a)?, (*b)?))).unzip();
    Some([best, row])
}

/// How many may be as good as the best, and how far that can be told.
pub(super) fn told(page: &SweepPage, all: &[Combination], figure: &Shown) -> Option<String> {
    let count_of = |mark: Mark| all.iter().filter(|c| c.mark == mark).count() as f64;
    let (like, unsure) = (count_of(Mark::Like), count_of(Mark::Unsure));
    let mut told: Vec<String> = Vec::new();
    if like > 0.0 {
        let n = plural(like, "other combination");
        told.push(format!("{n} cannot be told apart from it in {} (95 % confidence).", figure.name));
    }
    if unsure > 0.0 {
        let (n, are) = (plural(unsure, "other combination"), if unsure == 1.0 { "is" } else { "are" });
        let others = plural(all.len().saturating_sub(1) as f64, "comparison");
        told.push(format!(
            "{n} {are} worse where only the two are compared, but not surely: with {others} at once chance alone makes some look worse."
        ));
    }
    if told.is_empty() {
        return None;
    }
    told.push(
        if kept_each(page) {
            "Compared deploy by deploy, which met the same random numbers; more replications tell more apart."
        } else {
            "Compared by means and intervals alone, since what each deploy came to was not kept; more replications tell more apart."
        }
        .to_owned(),
    );
    Some(told.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::replication::Replication;
    use crate::metrics::sample;
    use crate::metrics::summary::{Looks, Summary};
    use crate::report::sweep::rows::FIGURES;
    use crate::study::measure::Measure;
    use crate::study::result::effort::Effort;
    use crate::study::result::header::Header;
    use crate::study::result::table::Table;

    const DEPLOYS: u32 = 10;

    /// What bad luck drops in a deploy whatever the policy, and on top of it what the policy does.
    fn dropping(i: u32, more: u64) -> Replication {
        let mut r = sample::clean(i);
        sample::drop_requests(&mut r.phases[1], u64::from(i) * 100 + more, 1, 0);
        r
    }

    fn page(kept: bool, more: &[u64]) -> SweepPage {
        let row = |(at, &more): (u64, &u64)| {
            let replications: Vec<Replication> =
                (0..DEPLOYS).map(|i| dropping(i, more + u64::from(i) * (at + 1) % 4)).collect();
            let meta = sample::meta();
            let mut row = Row {
                replications: DEPLOYS,
                summary: Some(Summary::of(&meta, &replications, Looks::Once)),
                error: None,
                ..Row::failed(at, Vec::new(), String::new())
            };
            for replication in replications.iter().filter(|_| kept) {
                row.keep(&Summary::alone(&meta, replication));
            }
            row
        };
        let header = Header::bare(more.len() as u64, Effort::Fixed(DEPLOYS));
        let rows = (0..).zip(more).map(row).collect();
        SweepPage { table: Table { header, rows }, sort: "dropped".to_owned(), descending: false }
    }

    fn marks(page: &SweepPage) -> Vec<Mark> {
        let best = page.table.rows.first();
        page.table.rows.iter().map(|row| mark(page, row, best, &FIGURES[0])).collect()
    }

    #[test]
    fn what_both_met_is_no_difference_where_it_is_known() {
        // Each deploy drops 0 to 900 whatever is set: 50 more are lost in that, unless deploy is held against deploy.
        let more = [0, 50, 3_000];
        assert_eq!(marks(&page(false, &more)), [Mark::Best, Mark::Like, Mark::None]);
        assert_eq!(marks(&page(true, &more)), [Mark::Best, Mark::None, Mark::None]);
    }

    #[test]
    fn a_figure_is_compared_as_compare_has_it() {
        for figure in &FIGURES {
            assert_eq!(figure.kind, Measure::of(figure.column).kind, "{}", figure.name);
        }
    }

    #[test]
    fn a_difference_that_is_one_of_many_is_told_as_such() {
        let mut more = vec![0; 21];
        more[1] = 400;
        let page = page(false, &more);
        assert_eq!(marks(&page)[..3], [Mark::Best, Mark::Unsure, Mark::Like]);
    }
}
