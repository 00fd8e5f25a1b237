//! `dryroll sweep`: every combination of the varied settings.

mod combinations;
mod store;

use self::combinations::{Rows, heads};
use self::store::Store;
use super::args::Sweep;
use super::effort;
use super::ending;
use super::figure;
use super::interrupt::{self, Alarm, Reason};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, exit, loading, settings, table, typed};
use crate::report::html;
use crate::report::sweep::{FORMATS, HTML, SweepPage};
use crate::report::text::{count, plural, quoted, quoted_file, seconds};
use crate::scenario::{Diag, Draft, Loaded, fingerprint};
use crate::study::cost::REQUESTS_PER_CORE_SECOND;
use crate::study::design::Design;
use crate::study::result::finding::{Verdict, overall};
use crate::study::result::header::{self, Header};
use crate::study::result::row::Row;
use crate::study::result::table::Table;
use crate::study::shard::Shard;
use crate::study::sweep::{Planned, Told, plan, sweep};
use crate::study::tally::Question;
use crate::study::{journal, parts, shard_env};

/// Work that takes longer than this is announced (s).
const LONG: f64 = 10.0;
/// What the figures of one row or replication take in memory, until the table is written.
const ROW_BYTES: u64 = 12_000;
/// What all rows may take.
const MEMORY_BYTES: u64 = 4_000_000_000;

pub(super) fn run(args: &Sweep, ui: Ui) -> Result<u8, Failure> {
    let shard = shard(args.sweeping.shard.as_deref())?;
    let wanted = figure::wanted(args.drawn.figure.as_deref(), args.table.output.as_deref(), &html::figure::of_sweep())?;
    // A part is written in a format of its own, whatever it is called.
    if wanted.is_none() && args.sweeping.shard.is_none() {
        ending::check(args.table.output.as_deref(), args.table.format.as_deref(), &ending::all(&FORMATS))?;
    }
    let draft = Draft::open(&loading::request(&args.file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
    let axes = draft.axes(&args.vary).map_err(|d| loading::told(&d, ui))?;
    if axes.is_empty() {
        let hint = "name some, as in --vary maxSurge=1,25%,50%, or give the scenario a `sweep:`";
        return Err(Failure::Usage(format!("nothing is varied\n\nhint: {hint}")));
    }
    let design = Design::new(axes, args.sample).map_err(|d| loading::told(&d, ui))?;
    let loaded = base(&draft, &design).map_err(|d| loading::told(&d, ui))?;
    loading::warn(&loaded, ui);
    let question = effort::question(&args.effort, args.work.replications, loaded.objectives.as_ref(), false);
    refuse_the_endless(&design, &loaded, &question, args)?;
    let rows = Rows { draft: &draft, design: &design };
    let header = head(&loaded, &design, &question, args, shard, draft.assumed_rate());
    let output = Output::open(args.table.output.as_deref())
        .map_err(|e| table::cannot_write(args.table.output.as_deref(), &e))?;
    let beside = args.page.report.as_deref();
    let drawn =
        beside.map(|path| Output::open(Some(path)).map_err(|e| table::cannot_write(Some(path), &e))).transpose()?;
    let plan = mine(plan(&rows, header.rows), shard, ui)?;
    let store = Store::open(args.table.output.as_deref(), &output, &header, args.sweeping.resume)?;
    let rows = play(args, &rows, &plan, &question, store, ui)?;
    let verdict = overall(rows.iter().filter_map(|r| r.verdict));
    let failed = rows.iter().filter(|r| r.error.is_some()).count();
    let early = rows.len() < plan.len();
    let table = Table { header, rows };
    if !early || !output.is_file() {
        let beside_it = drawn.filter(|_| !early).map(|drawn| (drawn, page(args, table.clone())));
        match wanted {
            Some(w) => {
                let page = page(args, table);
                let path = args.table.output.as_deref();
                figure::write(|out| html::figure::sweep(&page, &w.name, w.kept, out), output, path, ui)?;
            }
            None => write(args, table, output, ui)?,
        }
        // Behind the rows, which a page that cannot be written does not take along.
        if let Some((drawn, page)) = beside_it {
            table::write(&HTML, &page, drawn, beside, ui)?;
        }
    }
    if early {
        return Ok(ended_early(args, failed > 0, ui));
    }
    Store::remove(args.table.output.as_deref());
    let status = if args.effort.check { effort::status(verdict, args.effort.allow_undecided) } else { exit::OK };
    // A part is whole with what failed in it, and played again it fails again: it is for whoever merges to be told.
    Ok(with_failed(failed, args.sweeping.allow_failed || args.sweeping.shard.is_some(), ui).unwrap_or(status))
}

/// Says how many rows could not be simulated; what the exit status is for it, where there are any and that is not `allowed`.
pub(super) fn with_failed(rows: usize, allowed: bool, ui: Ui) -> Option<u8> {
    if rows == 0 {
        return None;
    }
    let hint = if allowed { "" } else { "; --allow-failed if that is as it should be" };
    ui.warning(&format!("{} could not be simulated: see the column `error`{hint}", plural(rows as f64, "row")));
    (!allowed).then_some(exit::FAILED)
}

/// The scenario that is varied; where it is none by itself (its rate is told by an axis alone), its first row.
fn base(draft: &Draft, design: &Design) -> Result<Loaded, Vec<Diag>> {
    draft.read().or_else(|findings| draft.with(&design.row(0)).map_err(|_| findings))
}

/// The part that is to be done here.
fn shard(text: Option<&str>) -> Result<Shard, Failure> {
    let shard = match text {
        None => Ok(Shard::WHOLE),
        Some("auto") => shard_env::from_environment(|name| std::env::var(name).ok()),
        Some(text) => text.parse(),
    };
    shard.map_err(|why| Failure::Usage(format!("--shard: {why}")))
}

/// A grid that nobody will see the end of is refused before anything starts.
fn refuse_the_endless(design: &Design, loaded: &Loaded, question: &Question, args: &Sweep) -> Result<(), Failure> {
    let rows = design.len();
    if rows <= u128::from(args.sweeping.max_rows) {
        return refuse_the_huge(rows as u64, question, args);
    }
    let requests = crate::study::cost::requests(&loaded.scenario) * f64::from(question.effort.least()) * rows as f64;
    let time = requests / REQUESTS_PER_CORE_SECOND;
    Err(Failure::Usage(format!(
        "{} combinations are more than {}: about {} on one core\n\nhint: take a sample of them, as in --sample 200, or allow \
         so many by --max-rows",
        count(rows as f64, rows as f64),
        count(args.sweeping.max_rows as f64, 1000.0),
        seconds(time, time)
    )))
}

/// So is one that would not fit into memory.
fn refuse_the_huge(rows: u64, question: &Question, args: &Sweep) -> Result<(), Failure> {
    let each = if args.table.each { u64::from(question.effort.most()) } else { 0 };
    let bytes = rows.saturating_mul(ROW_BYTES).saturating_mul(1 + each);
    if bytes <= MEMORY_BYTES {
        return Ok(());
    }
    let gigabytes = |bytes: u64| count(bytes as f64 / 1e9, 10.0);
    Err(Failure::Usage(format!(
        "{} rows of {} each take about {} GB of memory, more than {}\n\nhint: sweep parts of it by --shard, or leave --each out",
        count(rows as f64, rows as f64),
        plural((1 + each) as f64, "record"),
        gigabytes(bytes),
        gigabytes(MEMORY_BYTES)
    )))
}

fn head(
    loaded: &Loaded,
    design: &Design,
    question: &Question,
    args: &Sweep,
    shard: Shard,
    assumed_rate: Option<&str>,
) -> Header {
    let sections = fingerprint(&loaded.scenario, loaded.objectives.as_ref());
    Header {
        schema: header::SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: loaded.scenario.name.clone(),
        seed: loaded.scenario.seed,
        // The seed has a place of its own.
        sections: sections
            .into_iter()
            .filter(|s| s.0 != "seed")
            .map(|(name, hash)| (name.to_owned(), format!("{hash:016x}")))
            .collect(),
        axes: heads(design),
        design: format!("{:016x}", design.fingerprint()),
        sample: args.sample,
        rows: design.len() as u64,
        effort: question.effort.clone(),
        objectives: question.objectives.iter().map(|o| (o.name().to_owned(), o.limit().to_owned())).collect(),
        demand: [question.share, question.confidence],
        each: args.table.each,
        command: command(args, assumed_rate),
        shard,
    }
}

/// The rows of this shard. Where no combination at all can be simulated, the reason is the settings.
fn mine(plan: Vec<Planned>, shard: Shard, ui: Ui) -> Result<Vec<Planned>, Failure> {
    if let Some(first) = plan.first().filter(|_| plan.iter().all(|p| p.key.is_err())) {
        if let Err(why) = &first.key {
            ui.error(&format!("no combination can be simulated; the first: {why}"));
        }
        return Err(Failure::Told);
    }
    let costs: Vec<f64> = plan.iter().map(|p| p.cost).collect();
    let mine = parts::rows(&costs, shard);
    Ok(plan.into_iter().filter(|p| mine.binary_search(&p.row).is_ok()).collect())
}

/// Plays what is not yet there, and returns all rows in grid order.
fn play(
    args: &Sweep,
    combinations: &Rows<'_>,
    plan: &[Planned],
    question: &Question,
    mut store: Store,
    ui: Ui,
) -> Result<Vec<Row>, Failure> {
    let left: Vec<Planned> = plan.iter().filter(|p| !store.has(p.row)).cloned().collect();
    announce(&left, question, args, ui);
    let cancel = interrupt::watch();
    let _alarm = Alarm::after(args.sweeping.timeout);
    let least = u64::from(question.effort.least());
    let progress = ui.progress(left.iter().filter(|p| p.key.is_ok()).count() as u64 * least, "simulated");
    let mut trouble = None;
    let jobs = args.work.jobs.map(usize::from);
    sweep(combinations, &left, question, args.table.each, jobs, cancel, |told| match told {
        Told::Replication => progress.step(),
        Told::Row(row) => {
            progress.spare(if row.error.is_some() { 0 } else { least as i64 - i64::from(row.replications) });
            let bad = row.error.is_some() || (args.effort.check && row.verdict == Some(Verdict::Broken));
            if bad && args.sweeping.fail_fast {
                ui.error(&failed_fast(&row, combinations));
                interrupt::cancel(Reason::Failure);
            }
            if let Err(error) = store.add(*row) {
                trouble = Some(error);
                interrupt::cancel(Reason::Failure);
            }
        }
    })
    .map_err(|e| Failure::Failed(format!("cannot start threads: {e}")))?;
    match trouble {
        Some(error) => Err(Failure::Failed(format!("cannot keep the journal: {error}"))),
        None => Ok(store.into_rows()),
    }
}

/// Says how long it will take, where that is long.
fn announce(left: &[Planned], question: &Question, args: &Sweep, ui: Ui) {
    let requests = left.iter().map(|p| p.cost).sum::<f64>() * f64::from(question.effort.least());
    let cores = args.work.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let time = requests / REQUESTS_PER_CORE_SECOND / cores as f64;
    if time > LONG {
        let rows = plural(left.len() as f64, "combination");
        ui.remark(&format!("{rows}, at least {} requests: about {}", count(requests, requests), seconds(time, time)));
    }
}

fn failed_fast(row: &Row, combinations: &Rows<'_>) -> String {
    let settings = combinations.settings(row.row);
    match &row.error {
        Some(error) => format!("{settings}: {error}"),
        None => format!("{settings}: an objective is broken"),
    }
}

fn write(args: &Sweep, table: Table, output: Output, ui: Ui) -> Result<(), Failure> {
    let path = args.table.output.as_deref();
    if args.sweeping.shard.is_some() {
        let bytes = journal::part(&table.header, &table.rows).map_err(|e| table::cannot_write(path, &e))?;
        return table::finish(&bytes, output, path, ui);
    }
    let otherwise = if path.is_some() { "csv" } else { table::for_whoever_reads() };
    let format = table::format(&FORMATS, args.table.format.as_deref(), path, otherwise);
    table::write(format, &page(args, table), output, path, ui)
}

fn page(args: &Sweep, table: Table) -> SweepPage {
    let (sort, descending) = table::sorting(&args.table.sort);
    SweepPage { table, sort, descending }
}

/// The command up to its output options. A rate that had to be assumed is told, since it would be another for another row.
fn command(args: &Sweep, assumed_rate: Option<&str>) -> String {
    let mut parts = vec!["dryroll sweep".to_owned(), quoted_file(&args.file)];
    parts.extend(settings::options(&args.scenario, args.work.replications));
    parts.extend(effort::options(&args.effort));
    parts.extend(assumed_rate.map(|rate| format!("--rate {rate}")));
    parts.extend(args.vary.iter().map(|v| format!("--vary {}", quoted(v))));
    parts.extend(args.sample.map(|n| format!("--sample {n}")));
    parts.join(" ")
}

/// Says what became of the rest, and how to go on.
fn ended_early(args: &Sweep, failed: bool, ui: Ui) -> u8 {
    let why = match interrupt::reason() {
        Some(Reason::Timeout) => "the time is over",
        Some(Reason::Failure) => "stopped at the first failure",
        Some(Reason::Signal) | None => "interrupted",
    };
    match &args.table.output {
        Some(path) => {
            let journal = Store::path(path);
            let resume = typed::again("--resume");
            ui.warning(&format!("{why}; what is finished is kept in `{}`; to go on:\n  {resume}", journal.display()));
        }
        None => ui.warning(&format!("{why}; with -o FILE a sweep can be taken up again")),
    }
    // Stopped by --fail-fast: by a broken objective, unless a row failed.
    let broken = interrupt::reason() == Some(Reason::Failure) && args.effort.check && !failed;
    if broken { exit::BROKEN } else { exit::FAILED }
}
