//! W1 as fast as one core does it: the floor under every simulator that plays requests one by one with an event each.
//!
//! What it does that the plain program does not, and nothing else: the next arrival is a variable; completions wait in a
//! hashed timing wheel (Varghese & Lauck, 1987, scheme 6); random times come from tables of quantiles; requests and
//! queues are lists threaded through one slab; the histogram finds its bucket by the exponent bits of a float. Events
//! still happen in their exact order, and all queues are FIFO.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, SeedableRng as _};
use statrs::distribution::{ContinuousCDF as _, LogNormal};

use super::{PODS, RATE, SECOND, SIGMA, Tally, WORKERS, mu};

/// No request: the end of a list.
const NIL: u32 = u32::MAX;

/// A distribution as a table of quantiles, straight lines between them.
///
/// The outermost cells, where a straight line would be wrong, fall back on the exact quantile function.
struct Quantiles<Q> {
    exact: Q,
    knots: Vec<f64>,
}

impl<Q: Fn(f64) -> f64> Quantiles<Q> {
    const BITS: u32 = 10;
    const CELLS: u64 = 1 << Self::BITS;
    const TAIL: u64 = 4;

    fn new(exact: Q) -> Self {
        let knots = (0..=Self::CELLS).map(|k| exact(k.clamp(1, Self::CELLS - 1) as f64 / Self::CELLS as f64)).collect();
        Self { exact, knots }
    }

    /// The quantile at `bits` / 2^64 [ns].
    #[inline]
    fn at(&self, bits: u64) -> u64 {
        let cell = bits >> (64 - Self::BITS);
        // One comparison for both tails: below TAIL the subtraction wraps.
        if cell.wrapping_sub(Self::TAIL) >= Self::CELLS - 2 * Self::TAIL {
            return (self.exact)(((bits >> 12) as f64 + 0.5) / (1u64 << 52) as f64) as u64;
        }
        let within = (bits << Self::BITS >> 12) as f64 / (1u64 << 52) as f64;
        let (low, high) = (self.knots[cell as usize], self.knots[cell as usize + 1]);
        (low + (high - low) * within) as u64
    }
}

#[derive(Clone, Copy)]
struct Request {
    /// When it will be done [ns].
    done: u64,
    /// When it arrived [ns].
    born: u64,
    /// The next in its slot of the wheel, in its pod's queue, or among the free.
    next: u32,
    pod: u32,
}

#[derive(Clone, Copy)]
struct Pod {
    in_flight: u32,
    first: u32,
    last: u32,
}

/// Completions by time: one list for each 65.5 µs, 8192 of them, so that one turn takes 0.54 s.
///
/// About two requests end in a slot. What is due in a later turn (3 in a million) stays in its list.
struct Wheel {
    slots: Vec<u32>,
    tick: u64,
    /// What is left of the slot at `tick`, the latest first.
    due: Vec<(u64, u32)>,
}

impl Wheel {
    const SHIFT: u32 = 16;
    const SLOTS: usize = 1 << 13;

    #[inline]
    fn insert(&mut self, requests: &mut [Request], id: u32) {
        let done = requests[id as usize].done;
        if done >> Self::SHIFT == self.tick {
            let place = self.due.partition_point(|&(t, _)| t > done);
            self.due.insert(place, (done, id));
        } else {
            let slot = &mut self.slots[(done >> Self::SHIFT) as usize % Self::SLOTS];
            requests[id as usize].next = *slot;
            *slot = id;
        }
    }

    /// The earliest completion up to `limit`, if there is one; turns the wheel that far and no farther.
    #[inline]
    fn take_until(&mut self, requests: &mut [Request], limit: u64) -> Option<(u64, u32)> {
        loop {
            if let Some(&(done, _)) = self.due.last() {
                return if done <= limit { self.due.pop() } else { None };
            }
            if self.tick >= limit >> Self::SHIFT {
                return None;
            }
            self.turn(requests);
        }
    }

    #[inline]
    fn turn(&mut self, requests: &mut [Request]) {
        self.tick += 1;
        let slot = self.tick as usize % Self::SLOTS;
        let mut id = std::mem::replace(&mut self.slots[slot], NIL);
        while id != NIL {
            let Request { done, next, .. } = requests[id as usize];
            if done >> Self::SHIFT == self.tick {
                // Insertion sort: a slot holds two on average.
                let mut place = self.due.len();
                self.due.push((done, id));
                while place > 0 && self.due[place - 1].0 < done {
                    self.due.swap(place - 1, place);
                    place -= 1;
                }
            } else {
                requests[id as usize].next = self.slots[slot];
                self.slots[slot] = id;
            }
            id = next;
        }
    }
}

/// A histogram with 128 buckets an octave, so within 0.8 % of the value.
struct Latencies {
    counts: Vec<u64>,
    sum: u64,
    total: u64,
}

impl Latencies {
    const DROPPED_BITS: u32 = 52 - 7;

    #[inline]
    fn record(&mut self, ns: u64) {
        let bucket = (ns as f64).to_bits() - 1f64.to_bits();
        self.counts[(bucket >> Self::DROPPED_BITS) as usize] += 1;
        self.sum += ns;
        self.total += 1;
    }

    fn quantile(&self, q: f64) -> f64 {
        let mut left = (self.total as f64 * q) as u64;
        for (bucket, &count) in self.counts.iter().enumerate() {
            if left < count {
                return f64::from_bits(((bucket as u64) << Self::DROPPED_BITS) + 1f64.to_bits());
            }
            left -= count;
        }
        0.0
    }
}

struct Simulation<S> {
    rng: Xoshiro256PlusPlus,
    service: Quantiles<S>,
    pods: Vec<Pod>,
    requests: Vec<Request>,
    free: u32,
    wheel: Wheel,
    latencies: Latencies,
    wait_sum: u64,
    service_sum: u64,
}

impl<S: Fn(f64) -> f64> Simulation<S> {
    #[inline]
    fn start(&mut self, now: u64, id: u32) {
        let service = self.service.at(self.rng.next_u64());
        self.service_sum += service;
        let request = &mut self.requests[id as usize];
        request.done = now + service;
        self.wait_sum += now - request.born;
        self.wheel.insert(&mut self.requests, id);
    }

    #[inline]
    fn allocate(&mut self, request: Request) -> u32 {
        let id = self.free;
        if id == NIL {
            self.requests.push(request);
            return self.requests.len() as u32 - 1;
        }
        self.free = self.requests[id as usize].next;
        self.requests[id as usize] = request;
        id
    }

    /// Two distinct pods from one draw; the better of them.
    #[inline]
    fn pick(&mut self) -> u32 {
        let bits = self.rng.next_u64();
        let first = ((bits >> 32) * PODS as u64) >> 32;
        let second = ((bits & 0xFFFF_FFFF) * (PODS as u64 - 1)) >> 32;
        let second = second + u64::from(second >= first);
        let better = self.pods[second as usize].in_flight < self.pods[first as usize].in_flight;
        (if better { second } else { first }) as u32
    }

    #[inline]
    fn arrive(&mut self, now: u64) {
        let pod = self.pick();
        let id = self.allocate(Request { done: 0, born: now, next: NIL, pod });
        let host = &mut self.pods[pod as usize];
        host.in_flight += 1;
        if host.in_flight <= WORKERS {
            return self.start(now, id);
        }
        if host.first == NIL {
            host.first = id;
        } else {
            self.requests[host.last as usize].next = id;
        }
        host.last = id;
    }

    #[inline]
    fn complete(&mut self, now: u64, id: u32) {
        let Request { born, pod, .. } = self.requests[id as usize];
        self.latencies.record(now - born);
        self.requests[id as usize].next = self.free;
        self.free = id;
        let host = &mut self.pods[pod as usize];
        host.in_flight -= 1;
        let waiting = host.first;
        if waiting != NIL {
            host.first = self.requests[waiting as usize].next;
            self.start(now, waiting);
        }
    }
}

/// Plays `seconds` of W1.
pub(crate) fn run(seconds: u64, seed: u64) -> Tally {
    let service = LogNormal::new(mu(), SIGMA).expect("σ is finite");
    let gap = Quantiles::new(|p: f64| -libm::log1p(-p) / RATE * SECOND);
    let mut sim = Simulation {
        rng: Xoshiro256PlusPlus::seed_from_u64(seed),
        service: Quantiles::new(|p| service.inverse_cdf(p) * SECOND),
        pods: vec![Pod { in_flight: 0, first: NIL, last: NIL }; PODS],
        requests: Vec::new(),
        free: NIL,
        wheel: Wheel { slots: vec![NIL; Wheel::SLOTS], tick: 0, due: Vec::new() },
        latencies: Latencies { counts: vec![0; 128 * 64], sum: 0, total: 0 },
        wait_sum: 0,
        service_sum: 0,
    };
    let end = seconds * SECOND as u64;
    let mut arrival = 0;
    while arrival < end {
        sim.arrive(arrival);
        arrival += gap.at(sim.rng.next_u64());
        while let Some((done, id)) = sim.wheel.take_until(&mut sim.requests, arrival.min(end)) {
            sim.complete(done, id);
        }
    }
    let requests = sim.latencies.total;
    Tally {
        requests,
        mean_wait: Some(sim.wait_sum as f64 / requests as f64 / SECOND),
        mean_latency: sim.latencies.sum as f64 / requests as f64 / SECOND,
        p99_latency: sim.latencies.quantile(0.99) / SECOND,
        utilisation: Some(sim.service_sum as f64 / (end as f64 * PODS as f64 * f64::from(WORKERS))),
    }
}
