//! What a sweep costs, in runs: that each combination plays what it does not share with the others, and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;

use dryroll::scenario;
use dryroll::simulate::{self, Steady};
use serde::Deserialize;

use crate::cpu;
use crate::whole::{self, ROLLING_DEFAULT};

/// Of a thousand combinations a thoughtful person might try: from one pod at a time to all at once, from no wait to a long one.
const THOUSAND: &[&str] = &[
    "maxSurge=5%,10%,15%,20%,25%,30%,40%,50%,75%,100%",
    "maxUnavailable=0,5%,10%,15%,20%,25%,30%,35%,40%,50%",
    "preStop=0s,1s,2s,3s,4s,5s,6s,8s,10s,15s",
];
const TWENTY: &[&str] = &["maxSurge=1,2,3,4,5", "preStop=0s,1s,2s,5s"];
/// Combinations that are run alone, half of them before the sweep and half behind it: what a run costs.
const ALONE: usize = 24;

/// A row of a sweep, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Row {
    replications: u32,
    verdict: Option<String>,
    simulated: Simulated,
}

#[derive(Debug, Deserialize)]
struct Simulated {
    requests: u64,
}

#[derive(Debug, Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

/// What a sweep took.
#[derive(Debug)]
struct Swept {
    /// User and system (s).
    cpu: f64,
    rows: Vec<Row>,
}

impl Swept {
    /// Requests of the mean combination.
    fn requests(&self) -> f64 {
        self.rows.iter().map(|r| r.simulated.requests as f64).sum::<f64>() / self.rows.len() as f64
    }
}

/// What a sweep comes to.
#[derive(Debug)]
struct Cost {
    /// CPU time of the mean combination run alone (s).
    run: f64,
    /// The sweep, in such runs.
    runs: f64,
    /// What it would be if what is shared were saved and nothing were added.
    least: f64,
}

/// The row of the usual table: a small sweep, what it is called and what it is to be.
///
/// # Errors
/// If the program cannot be run.
pub(crate) fn twenty() -> Result<[String; 3], String> {
    let (cost, swept) = measure(TWENTY, 3)?;
    let name = format!("sweep of {}, in runs", swept.rows.len());
    Ok([name, format!("{:.2}", cost.runs), format!("<= {:.2}, 1.05 x what is not shared", 1.05 * cost.least)])
}

/// The table of a thousand combinations, which takes half an hour.
///
/// # Errors
/// If the program cannot be run.
pub(crate) fn thousand() -> Result<String, String> {
    const REPLICATIONS: u32 = 10;
    let (cost, whole) = measure(THOUSAND, REPLICATIONS)?;
    let cut = sweep(THOUSAND, REPLICATIONS, &["--until-decided"])?;
    let played: u32 = cut.rows.iter().map(|r| r.replications).sum();
    let differ = whole.rows.iter().zip(&cut.rows).filter(|(a, b)| a.verdict != b.verdict).count();
    let of = |verdict: &str| cut.rows.iter().filter(|r| r.verdict.as_deref() == Some(verdict)).count();
    let mut out = format!("{} combinations of 10 replications             measured   to be\n", whole.rows.len());
    let mut row = |name: &str, measured: String, to_be: &str| {
        let _ = writeln!(out, "{name:<44}{measured:>12}   {to_be}");
    };
    let bound = format!("<= {:.2}, 1.05 x what is not shared", 1.05 * cost.least);
    row("a run: the mean combination alone, CPU", format!("{:.3} s", cost.run), "");
    row("sweep of 1,000, in runs", format!("{:.2}", cost.runs), &bound);
    row("--until-decided, in runs", format!("{:.2}", cut.cpu / cost.run), "<= 400");
    row("--until-decided, replications", played.to_string(), "");
    row("combinations that are broken", of("broken").to_string(), "");
    row("verdicts that differ", differ.to_string(), "0");
    Ok(out)
}

/// Sweeps a grid, and runs some of its combinations alone.
fn measure(grid: &[&str], replications: u32) -> Result<(Cost, Swept), String> {
    let combinations: usize = grid.iter().map(|axis| values(axis).1.len()).product();
    let every = (combinations / ALONE).max(1);
    // One from the middle of each part of the grid, every other one before the sweep.
    let chosen: Vec<usize> = (every / 2..combinations).step_by(every).collect();
    let alone = |half: usize| -> Result<f64, String> {
        chosen.iter().skip(half).step_by(2).map(|&n| run_alone(grid, n, replications)).sum()
    };
    let before = alone(0)?;
    let swept = sweep(grid, replications, &["--check"])?;
    let cpu = before + alone(1)?;
    // By requests, of which some combinations have more than others: their rollouts last longer.
    let requests: f64 = chosen.iter().map(|&n| swept.rows[n].simulated.requests as f64).sum();
    let run = cpu / requests * swept.requests();
    let shared = shared(swept.requests() / f64::from(replications), replications)?;
    let least = shared + swept.rows.len() as f64 * (1.0 - shared);
    Ok((Cost { run, runs: swept.cpu / run, least }, swept))
}

/// Plays a grid on one thread.
fn sweep(grid: &[&str], replications: u32, more: &[&str]) -> Result<Swept, String> {
    let replications = replications.to_string();
    let mut args = vec!["sweep", ROLLING_DEFAULT, "--quiet", "--jobs", "1", "--format", "json"];
    args.extend(["--replications", &replications]);
    args.extend(grid.iter().flat_map(|axis| ["--vary", *axis]));
    args.extend(more);
    let before = cpu::of_children()?;
    let output = whole::command(&args).stdout(Stdio::piped()).output().map_err(|e| format!("it cannot start: {e}"))?;
    let cpu = (cpu::of_children()? - before) as f64 / 1e9;
    // 1 says that a combination is broken, which is what was asked.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!("dryroll {}: {}", args.join(" "), output.status));
    }
    let Rows { rows } = serde_json::from_slice(&output.stdout).map_err(|e| format!("no rows: {e}"))?;
    Ok(Swept { cpu, rows })
}

/// What row `n` of the grid takes by itself (s of CPU).
fn run_alone(grid: &[&str], mut n: usize, replications: u32) -> Result<f64, String> {
    let replications = replications.to_string();
    let mut args = vec!["run", ROLLING_DEFAULT, "--quiet", "--jobs", "1", "--replications", &replications];
    let mut set = Vec::new();
    // The last axis varies fastest.
    for axis in grid.iter().rev() {
        let (path, values) = values(axis);
        set.push(format!("{path}={}", values[n % values.len()]));
        n /= values.len();
    }
    args.extend(set.iter().flat_map(|s| ["--set", s.as_str()]));
    Ok(whole::run(&args)?.cpu)
}

/// The field of an axis, and its values.
fn values(axis: &str) -> (&str, Vec<&str>) {
    let (path, values) = axis.split_once('=').unwrap_or((axis, ""));
    (path, values.split(',').collect())
}

/// The share of a run's CPU time that is spent before the deploy, of a run of so many requests a replication.
fn shared(requests: f64, replications: u32) -> Result<f64, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/rolling-default.yaml");
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let scenario = scenario::load_str(path, &text, &[]).map_err(|_| format!("{path} is not valid"))?.scenario;
    let timed = |work: &mut dyn FnMut(u32)| -> Result<f64, String> {
        let before = cpu::spent()?;
        (0..2 * replications).for_each(work);
        Ok((cpu::spent()? - before) as f64)
    };
    let mut played = 0;
    let before = timed(&mut |k| drop(Steady::of(&scenario, 1, k)))?;
    let whole = timed(&mut |k| played += simulate::run(&scenario, 1, k).simulated_requests)?;
    Ok(before / whole * (played as f64 / f64::from(2 * replications)) / requests)
}
