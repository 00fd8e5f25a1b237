//! Replications made by hand for tests: round numbers, small variations, no simulation.

use super::cells::{Cells, cell};
use super::recovery::Recovery;
use super::replication::{
    Bin, CapacityTally, ConnectionTally, LatencyTally, PhaseTally, PodLife, Replication, RolloutTally,
};
use super::results::{Meta, Results};
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::{PodId, Revision};

/// A phase of so many seconds at 2000 requests a second, with a typical latency (µs).
pub(crate) fn phase(seconds: f64, typical_us: u64) -> PhaseTally {
    let requests = (seconds * 2_000.0) as u64;
    let mut p = PhaseTally {
        seconds,
        requests,
        succeeded: requests,
        unfinished: 0,
        outcomes: [0; 8],
        causes: [0; 10],
        retried: 0,
        attempts: requests,
        answers: [requests, 0, 0, 0, 0],
        latency: LatencyTally::default(),
        latency_sum_ns: 0,
        latency_max_ns: 0,
        connections: [ConnectionTally::default(); 2],
    };
    let mut latencies = Cells::new();
    let times = [(typical_us, requests * 98 / 100), (typical_us * 3, requests - requests * 98 / 100)];
    for (us, n) in times.into_iter().filter(|&(_, n)| n > 0) {
        (0..n).for_each(|_| latencies.count(cell(us)));
        p.latency_sum_ns += u128::from(us) * 1_000 * u128::from(n);
        p.latency_max_ns = p.latency_max_ns.max(us * 1_000);
    }
    p.latency = latencies.tally();
    p
}

/// `n` of the phase's requests end in `outcome` by `cause` (places in the interface's lists).
pub(crate) fn drop_requests(p: &mut PhaseTally, n: u64, outcome: usize, cause: usize) {
    p.outcomes[outcome] += n;
    p.causes[cause] += n;
    p.succeeded -= n;
    p.answers[0] -= n;
    if (1..=4).contains(&(outcome + 1)) {
        p.answers[outcome + 1] += n;
    }
}

fn at(seconds: f64) -> SimTime {
    if seconds < 0.0 {
        SimTime::ZERO - Dur::from_secs_f64(-seconds)
    } else {
        SimTime::ZERO + Dur::from_secs_f64(seconds)
    }
}

fn pods() -> Vec<PodLife> {
    let pod = |i: u32| {
        let new = i >= 20;
        let step = f64::from(i % 20) * 5.0;
        PodLife {
            pod: PodId(i),
            revision: Revision(u16::from(new)),
            created: Some(if new { at(step) } else { at(-60.0) }),
            ready: Some(if new { at(step + 9.5) } else { at(-60.0) }),
            deletion_requested: (!new).then(|| at(step + 9.6)),
            sigterm: (!new).then(|| at(step + 9.6)),
            listener_closed: (!new).then(|| at(step + 9.6)),
            gone: (!new).then(|| at(step + 11.25)),
            killed: false,
            lost: false,
            condemned: None,
            restarts: 0,
        }
    };
    (0..40).map(pod).collect()
}

fn bin(second: i32, end: i32) -> Bin {
    let rolling = (0..end).contains(&second);
    let ready = if rolling { 20.0 - f64::from(second.min(end - second).min(10)) / 2.0 } else { 20.0 };
    Bin {
        demand: 2_000.0,
        capacity: ready * 600.0,
        ready,
        pods: ready + if rolling { 4.0 } else { 0.0 },
        in_flight: 48.0,
        queued: 0.0,
        ok: 2_000,
        outcomes: [0; 8],
        reconnects: u64::from(rolling) * 60 + u64::from(second % 4 == 0),
        p50: Some(0.02),
        p99: Some(0.12),
    }
}

/// A deploy of 20 pods in about 112 s at 2000/s that drops nothing.
pub(crate) fn clean(i: u32) -> Replication {
    let wobble = i % 5;
    let during = 112 + wobble as i32;
    let connections = |reconnects, peak| ConnectionTally {
        opened: reconnects + 40,
        reconnects,
        failed: reconnects / 50,
        peak_reconnects_per_second: peak,
    };
    let mut phases =
        [phase(30.0, 40_000), phase(f64::from(during), 41_000 + u64::from(wobble) * 100), phase(60.0, 40_000)];
    phases[0].connections = [connections(3, 2), connections(12, 3)];
    phases[1].connections =
        [connections(8, 2), connections(3_100 + u64::from(wobble) * 40, 300 + u64::from(wobble) * 5)];
    phases[2].connections = [connections(5, 2), connections(24, 3)];
    phases[1].retried = 17;
    phases[1].attempts += 17;
    Replication {
        stood_still: None,
        digest: 0x0123_4567_89AB_CDEF ^ u64::from(i),
        simulated_requests: 464_000,
        simulated_events: 930_000,
        phases,
        capacity: CapacityTally {
            min_ready: 15,
            min_ready_fraction: 0.75,
            min_headroom: Some(4.5 + f64::from(wobble) / 100.0),
            seconds_below_demand: 0.0,
        },
        rollout: Some(RolloutTally {
            duration: Some(f64::from(during) - 2.5),
            surge_pod_seconds: 320.5 + f64::from(wobble),
            peak_pods: 27,
        }),
        recovery: Some(Recovery {
            recovered: true,
            seconds: Some(0.0),
            dropped_before: 0.0,
            headroom_before: Some(6.0),
        }),
        first_bin: -30.0,
        bins: (-30..during + 60).map(|s| bin(s, during)).collect(),
        decisions: vec![
            (at(0.0), Revision(1), 5),
            (at(0.02), Revision(0), 15),
            (at(9.52), Revision(0), 14),
            (at(9.52), Revision(1), 6),
        ],
        pods: pods(),
        nodes: Vec::new(),
        scaled: Vec::new(),
        analyses: Vec::new(),
    }
}

/// The same with about 1950 dropped, nearly all of them 502 by a stale route.
pub(crate) fn dropping(i: u32) -> Replication {
    let mut r = clean(i);
    let n = 1_900 + u64::from(i % 5) * 20;
    drop_requests(&mut r.phases[1], n, 1, 0);
    drop_requests(&mut r.phases[1], 20 + u64::from(i % 3), 1, 4);
    r.phases[1].retried = r.phases[1].requests / 8;
    r.phases[1].attempts += r.phases[1].retried;
    r.recovery = r.recovery.map(|back| Recovery { seconds: Some(f64::from(i % 5)), ..back });
    for bin in r.bins.iter_mut().skip(40).take(90).step_by(2) {
        bin.outcomes[1] = n / 45;
        bin.ok -= n / 45;
    }
    r
}

/// A steady fleet, seen for 60 s.
pub(crate) fn steady(i: u32) -> Replication {
    let empty = || phase(0.0, 40_000);
    let mut measured = phase(60.0, 40_000 + u64::from(i) * 10);
    measured.connections = clean(i).phases[0].connections;
    Replication {
        phases: [measured, empty(), empty()],
        rollout: None,
        recovery: None,
        capacity: CapacityTally {
            min_ready: 20,
            min_ready_fraction: 1.0,
            min_headroom: Some(6.0),
            seconds_below_demand: 0.0,
        },
        first_bin: 0.0,
        bins: (0..60).map(|_| bin(-1, 0)).collect(),
        decisions: Vec::new(),
        pods: pods().into_iter().take(20).collect(),
        ..clean(i)
    }
}

/// A deploy that stands still with a few pods down until the simulation ends, in every other replication.
pub(crate) fn stuck(i: u32) -> Replication {
    let mut r = clean(i);
    if i.is_multiple_of(2) {
        r.rollout = r.rollout.map(|t| RolloutTally { duration: None, ..t });
        r.phases[1] = phase(660.0, 41_000);
        r.phases[2] = phase(0.0, 41_000);
        r.recovery = None;
        r.bins = (-30..660).map(|s| bin(s, 2_000)).collect();
    }
    r
}

/// What the samples are of.
pub(crate) fn meta() -> Meta {
    Meta {
        scenario: "checkout".to_owned(),
        seed: 1,
        version: "0.1.0".to_owned(),
        assumptions: [
            "pod.concurrency 16 (no manifest says how many requests a pod serves at once)",
            "pod.serviceTime lognormal p50=20ms p99=120ms (typical of a web service)",
            "loadBalancer.proxies 3 (ingress-nginx as its chart installs it)",
            "pod.warmup none (a pod is as fast as it gets when it turns Ready)",
        ]
        .map(str::to_owned)
        .to_vec(),
        beyond: [
            "pods 20 (4 to 12)",
            "requests a second 2,000 (4 to 150)",
            "retries by clients (not measured)",
            "closed loops (not measured)",
        ]
        .map(str::to_owned)
        .to_vec(),
        workload: "checkout".to_owned(),
        proxied: true,
        templates: Vec::new(),
    }
}

/// The forecast of `n` such replications.
pub(crate) fn of(n: u32, replication: fn(u32) -> Replication) -> Results {
    Results::new(&meta(), &(0..n).map(replication).collect::<Vec<_>>())
}

/// The forecast of [`dropping`].
pub(crate) fn results(n: u32) -> Results {
    of(n, dropping)
}

/// The forecast of [`clean`].
pub(crate) fn clean_results(n: u32) -> Results {
    of(n, clean)
}

/// The forecast of [`steady`].
pub(crate) fn steady_results(n: u32) -> Results {
    of(n, steady)
}

/// The forecast of [`stuck`].
pub(crate) fn stuck_results(n: u32) -> Results {
    of(n, stuck)
}
