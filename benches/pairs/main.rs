//! CPU time per request of several programs on the same work, measured in turns: `cargo bench --bench pairs`.
//!
//! Each measurement is a child process of its own that reports its CPU time, so neither a warm cache nor a fragmented
//! heap passes from one side to the next. The sides take turns (A B A B …), so a noisy neighbour or a falling clock
//! frequency hits them alike, and the ratio is taken within each round. See `benches/README.md`.

mod cpu;
#[path = "../floor/mod.rs"]
mod floor;
mod growth;
#[path = "../sides/dryroll.rs"]
mod ours;
mod sweeps;
mod table;
mod whole;

use std::process::{Command, ExitCode};

use floor::Tally;

/// One program to be measured.
struct Side {
    name: &'static str,
    /// Plays so many seconds of its work under a seed.
    run: fn(seconds: u64, seed: u64) -> Tally,
    /// What its cost is divided by, and what the ratio is to be at most.
    base: &'static str,
    to_be: Option<f64>,
}

const fn side(name: &'static str, run: fn(u64, u64) -> Tally, base: &'static str, to_be: Option<f64>) -> Side {
    Side { name, run, base, to_be }
}

/// What takes turns.
const SIDES: &[Side] = &[
    side("floor-wheel", floor::wheel::run, "floor-wheel", None),
    side("floor-heap", floor::heap::run, "floor-wheel", None),
    side("dryroll-w1", ours::w1, "floor-wheel", Some(1.2)),
    side("dryroll-full", ours::full, "floor-wheel", Some(2.0)),
    side("dryroll-l4", ours::l4, "floor-wheel", Some(3.0)),
    side("pods-1000", ours::thousand_pods, "dryroll-w1", Some(1.8)),
    side("pods-10000", ours::ten_thousand_pods, "dryroll-w1", Some(4.0)),
];

const USAGE: &str = "usage: cargo bench --bench pairs -- [--rounds N] [--seconds N] [SIDE]… | --thousand";

/// What was asked for.
struct Plan {
    rounds: u32,
    seconds: u64,
    /// All of them, where none is named.
    sides: Vec<&'static Side>,
    /// Set in a child: measure this side once under this seed.
    child: Option<u64>,
    /// Instead of all that: a sweep of a thousand combinations.
    thousand: bool,
}

fn main() -> ExitCode {
    let result = parse(std::env::args().skip(1)).and_then(|plan| match plan.child {
        Some(seed) => measure(plan.sides[0], plan.seconds, seed),
        None if plan.thousand => sweeps::thousand(),
        None => compare(&plan),
    });
    match result {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(message) => {
            say(&format!("pairs: {message}"));
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark is a program whose result is what it prints")]
fn say(text: &str) {
    println!("{}", text.trim_end());
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Plan, String> {
    let mut plan = Plan { rounds: 7, seconds: 100, sides: Vec::new(), child: None, thousand: false };
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|v| v.parse().ok()).filter(|&n| n > 0).ok_or(USAGE.to_owned());
        match arg.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--thousand" => plan.thousand = true,
            "--rounds" => plan.rounds = u32::try_from(number()?).map_err(|_| USAGE)?,
            "--seconds" => plan.seconds = number()?,
            "--child" => plan.child = Some(number()?),
            name => match SIDES.iter().find(|s| s.name == name) {
                Some(side) => plan.sides.push(side),
                None => return Err(format!("there is no side `{name}`\n{USAGE}")),
            },
        }
    }
    if plan.sides.is_empty() {
        plan.sides = SIDES.iter().collect();
    }
    Ok(plan)
}

/// In a child: plays one side once and reports in one line.
fn measure(side: &Side, seconds: u64, seed: u64) -> Result<String, String> {
    let before = cpu::spent()?;
    let tally = (side.run)(seconds, seed);
    let spent = cpu::spent()? - before;
    let sample = table::Sample { cpu_ns: spent as f64 / tally.requests as f64, tally };
    Ok(sample.to_line())
}

/// In the parent: rounds of one child for each side, then the table.
fn compare(plan: &Plan) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
    let mut samples = vec![Vec::new(); plan.sides.len()];
    for round in 1..=plan.rounds {
        for (side, samples) in plan.sides.iter().zip(&mut samples) {
            let child = Command::new(&program)
                .args(["--child", &round.to_string(), "--seconds", &plan.seconds.to_string(), side.name])
                .output()
                .map_err(|e| format!("cannot start {}: {e}", side.name))?;
            let line = String::from_utf8_lossy(&child.stdout);
            let sample = table::Sample::from_line(&line)
                .filter(|_| child.status.success())
                .ok_or_else(|| format!("{} failed: {line}{}", side.name, String::from_utf8_lossy(&child.stderr)))?;
            samples.push(sample);
        }
    }
    let rows: Vec<_> = plan.sides.iter().copied().zip(samples).collect();
    let mut text = table::render(&rows, plan.seconds);
    // Named sides alone were asked for.
    if plan.sides.len() == SIDES.len() {
        text += "\n";
        text += &whole::render(plan.rounds)?;
    }
    Ok(text)
}
