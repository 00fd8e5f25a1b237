//! What the program costs as a whole: start-up, threads, sweeps, memory. Each row is a figure and what it is to be.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
#[expect(clippy::disallowed_types, reason = "the program itself is timed")]
use std::time::Instant;

use crate::{cpu, growth, sweeps};

/// The program, built as it is handed out.
const DRYROLL: &str = env!("CARGO_BIN_EXE_dryroll");
pub(crate) const ROLLING_DEFAULT: &str = "scenarios/rolling-default.yaml";
const MANIFEST: &str = "tests/data/manifests/checkout.yaml";
const CONNECTIONS: u64 = 1_000_000;

/// What one run of the program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// (s)
    wall: f64,
    /// User and system (s), in ticks of 10 ms.
    pub(crate) cpu: f64,
}

/// The table.
///
/// # Errors
/// If the program cannot be run.
pub(crate) fn render(rounds: u32) -> Result<String, String> {
    let mut out = String::from("whole process                                               measured   to be\n");
    let mut row = |name: &str, measured: String, to_be: &str| {
        let _ = writeln!(out, "{name:<56}{measured:>12}   {to_be}");
    };
    let ms = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
    row("--help", ms(median_wall(&["--help"], 5 * rounds)?), "< 10 ms");
    row("lint of a manifest", ms(median_wall(&["lint", "--exit-zero", MANIFEST], 5 * rounds)?), "< 30 ms");
    let forecast = |jobs| run(&["run", ROLLING_DEFAULT, "--quiet", "--jobs", jobs, "--replications", "10"]);
    let pairs = (0..rounds).map(|_| Ok((forecast("1")?, forecast("2")?))).collect::<Result<Vec<_>, String>>()?;
    let of = |figure: fn(&(Run, Run)) -> f64| median(pairs.iter().map(figure).collect());
    row("rolling-default, 10 replications, CPU", format!("{:.2} s", of(|(one, _)| one.cpu)), "< 2 s");
    row("2 threads against 1, CPU", format!("{:.3}", of(|(one, two)| two.cpu / one.cpu)), "<= 1.15");
    row(
        "2 threads against 1, wall",
        format!("{:.3}", of(|(one, two)| one.wall / two.wall)),
        ">= 1.8, on an idle machine",
    );
    for algorithm in growth::ALGORITHMS {
        let name = format!("a further request, 1,000 pods to 100, {algorithm}");
        row(&name, format!("{:.2}", growth::of(10, algorithm, rounds)?), "<= 1.8");
    }
    row(
        "a further request, 10,000 pods to 100",
        format!("{:.2}", growth::of(100, growth::ALGORITHMS[0], rounds)?),
        "<= 4.0",
    );
    let [name, measured, bound] = sweeps::twenty()?;
    row(&name, measured, &bound);
    row("memory a connection, a million of them", format!("{:.0} B", bytes_a_connection()?), "<= 150 B");
    Ok(out)
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(DRYROLL);
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[expect(clippy::disallowed_types, reason = "the program itself is timed")]
pub(crate) fn run(args: &[&str]) -> Result<Run, String> {
    let (before, start) = (cpu::of_children()?, Instant::now());
    let status = command(args).status().map_err(|e| format!("cannot start {DRYROLL}: {e}"))?;
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("dryroll {}: {status}", args.join(" ")));
    }
    Ok(Run { wall, cpu: (cpu::of_children()? - before) as f64 / 1e9 })
}

fn median_wall(args: &[&str], n: u32) -> Result<f64, String> {
    Ok(median((0..n).map(|_| run(args).map(|r| r.wall)).collect::<Result<_, _>>()?))
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

/// By how much the largest resident size grows with each further connection.
fn bytes_a_connection() -> Result<f64, String> {
    let (few, many) = (peak(1_000)?, peak(CONNECTIONS)?);
    Ok((many.saturating_sub(few)) as f64 / (CONNECTIONS - 1_000) as f64)
}

/// The largest resident size of a run over so many connections (bytes).
fn peak(connections: u64) -> Result<u64, String> {
    let set = format!("clients.web.connections={connections}");
    let args =
        ["run", "benches/l4.yaml", "--quiet", "--jobs", "1", "--replications", "1", "--set", "for=1s", "--set", &set];
    let mut child = command(&args).spawn().map_err(|e| format!("cannot start {DRYROLL}: {e}"))?;
    let mut peak = 0;
    loop {
        // Gone once the child has ended: the kernel keeps it up to date until then, and it never falls.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).map_or(peak, |kib| kib * 1024);
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return if status.success() { Ok(peak) } else { Err(format!("dryroll {}: {status}", args.join(" "))) };
        }
        sleep(Duration::from_millis(2));
    }
}
