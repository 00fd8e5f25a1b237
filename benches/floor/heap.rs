//! W1 as anyone would write it in an afternoon: `BinaryHeap`, `VecDeque`, `rand_distr`, `hdrhistogram`.
//!
//! The next arrival is an event in the heap like any other. Plain, but not careless: integer time, a `Copy` event, a
//! sequence number for ties, a fast generator, no allocation per request.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hdrhistogram::Histogram;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Exp, LogNormal};

use super::{PODS, RATE, SECOND, SIGMA, Tally, WORKERS, mu};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival,
    Completion { pod: usize, born: u64 },
}

#[derive(Clone, Debug, Default)]
struct Pod {
    busy: u32,
    queue: VecDeque<u64>,
}

impl Pod {
    fn in_flight(&self) -> usize {
        self.busy as usize + self.queue.len()
    }
}

struct Simulation {
    rng: Xoshiro256PlusPlus,
    gap: Exp<f64>,
    service: LogNormal<f64>,
    pods: Vec<Pod>,
    calendar: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    latency: Histogram<u64>,
    latency_sum: u64,
    wait_sum: u64,
    service_sum: u64,
}

impl Simulation {
    fn schedule(&mut self, time: u64, event: Event) {
        self.sequence += 1;
        self.calendar.push(Reverse((time, self.sequence, event)));
    }

    fn start(&mut self, now: u64, pod: usize, born: u64) {
        let service = (self.service.sample(&mut self.rng) * SECOND) as u64;
        self.service_sum += service;
        self.wait_sum += now - born;
        self.schedule(now + service, Event::Completion { pod, born });
    }

    fn arrive(&mut self, now: u64) {
        let gap = (self.gap.sample(&mut self.rng) * SECOND) as u64;
        self.schedule(now + gap, Event::Arrival);

        let first = self.rng.random_range(0..PODS);
        let mut second = self.rng.random_range(0..PODS - 1);
        if second >= first {
            second += 1;
        }
        let pod = if self.pods[second].in_flight() < self.pods[first].in_flight() { second } else { first };
        if self.pods[pod].busy < WORKERS {
            self.pods[pod].busy += 1;
            self.start(now, pod, now);
        } else {
            self.pods[pod].queue.push_back(now);
        }
    }

    fn complete(&mut self, now: u64, pod: usize, born: u64) {
        self.latency.saturating_record(now - born);
        self.latency_sum += now - born;
        match self.pods[pod].queue.pop_front() {
            Some(next) => self.start(now, pod, next),
            None => self.pods[pod].busy -= 1,
        }
    }
}

/// Plays `seconds` of W1.
pub(crate) fn run(seconds: u64, seed: u64) -> Tally {
    let mut sim = Simulation {
        rng: Xoshiro256PlusPlus::seed_from_u64(seed),
        gap: Exp::new(RATE).expect("the rate is positive"),
        service: LogNormal::new(mu(), SIGMA).expect("σ is finite"),
        pods: vec![Pod::default(); PODS],
        calendar: BinaryHeap::new(),
        sequence: 0,
        latency: Histogram::new_with_bounds(1_000, 1_000_000_000_000, 3).expect("the bounds are in order"),
        latency_sum: 0,
        wait_sum: 0,
        service_sum: 0,
    };
    let end = seconds * SECOND as u64;
    sim.schedule(0, Event::Arrival);
    while let Some(Reverse((now, _, event))) = sim.calendar.pop() {
        if now >= end {
            break;
        }
        match event {
            Event::Arrival => sim.arrive(now),
            Event::Completion { pod, born } => sim.complete(now, pod, born),
        }
    }
    let requests = sim.latency.len();
    Tally {
        requests,
        mean_wait: Some(sim.wait_sum as f64 / requests as f64 / SECOND),
        mean_latency: sim.latency_sum as f64 / requests as f64 / SECOND,
        p99_latency: sim.latency.value_at_quantile(0.99) as f64 / SECOND,
        utilisation: Some(sim.service_sum as f64 / (end as f64 * PODS as f64 * f64::from(WORKERS))),
    }
}
