//! How the cost of a request grows with the fleet, without what a start costs: from one length of a run to a longer one.

use crate::whole::{median, run};

/// Seconds that W1 itself is played for at first, and then for longer.
const SHORT: u64 = 50;
const LONG: u64 = 150;

/// W1's algorithm, and others that find their pod in another way.
pub(crate) const ALGORITHMS: [&str; 4] = ["powerOfTwo", "roundRobin", "envoyLeastRequest", "leastRequest"];

/// How many times as much as one of W1's a further request costs in a fleet of `times` as many pods, both with this algorithm.
///
/// # Errors
/// If the program cannot be run.
pub(crate) fn of(times: u64, algorithm: &str, rounds: u32) -> Result<f64, String> {
    let ratio = |seed| Ok(further(times, algorithm, seed)? / further(1, algorithm, seed)?);
    Ok(median((1..=rounds).map(ratio).collect::<Result<_, String>>()?))
}

/// What the longer run takes more (s), of a fleet of `times` as many pods under as much more load for as much less time: the same
/// requests.
fn further(times: u64, algorithm: &str, seed: u32) -> Result<f64, String> {
    Ok(played(times, LONG, algorithm, seed)? - played(times, SHORT, algorithm, seed)?)
}

fn played(times: u64, seconds: u64, algorithm: &str, seed: u32) -> Result<f64, String> {
    let seed = seed.to_string();
    let settings = [
        format!("for={}ms", seconds * 1000 / times),
        format!("replicas={}", 100 * times),
        format!("clients.web.rate={}/s", 28_000 * times),
        format!("clients.web.connections={}", 1_000 * times),
        format!("loadBalancer.algorithm={algorithm}"),
    ];
    let mut args = vec!["run", "benches/w1.yaml", "--quiet", "--jobs", "1", "--replications", "1", "--seed", &seed];
    args.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    Ok(run(&args)?.cpu)
}
