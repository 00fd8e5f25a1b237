//! The turns, held against what HAProxy 2.6.12 did with the same requests, one after the other, and the same commands.

use super::*;
use crate::engine::{Dur, Purpose, SimTime, Streams};
use crate::scenario::SlowStart;

/// A proxy with its table.
struct Proxy {
    turns: HaproxyRoundRobin,
    table: Vec<Host>,
    /// Nothing listens there any more.
    dead: Vec<u32>,
    now: SimTime,
    slow_start: SlowStart,
}

impl Proxy {
    /// Of pods 1 to `n`, that start so slowly.
    fn new(n: u32, window: Dur) -> Self {
        let slow_start = SlowStart { window, least: 0.01, step: Dur::from_secs(1) };
        let table = (1..=n).map(|pod| Host::new(pod, SimTime::MIN)).collect();
        Self { turns: HaproxyRoundRobin::default(), table, dead: Vec::new(), now: SimTime::ZERO, slow_start }
    }

    fn add(&mut self, pod: u32) {
        self.table.push(Host::new(pod, self.now));
        self.turns.table_changed(&self.table);
    }

    fn remove(&mut self, pod: u32) {
        self.table.retain(|host| host.pod != pod);
        self.turns.table_changed(&self.table);
    }

    fn pick(&mut self, avoid: &[u32]) -> Option<u32> {
        let pods: Vec<u32> = self.table.iter().map(|host| host.pod).collect();
        let active = vec![0; pods.len()];
        let alike = Hosts::alike(&self.table, &pods, &active);
        let hosts = Hosts { grown: 0, now: self.now, avoid, restricted: true, slow_start: self.slow_start, ..alike };
        let draw = &mut Streams::new(1, 0).stream(Purpose::Balance, 0);
        self.turns.pick(&hosts, 0, draw).map(|at| pods[at as usize])
    }

    /// Where `n` requests end up that are tried twice; `x` for those that meet two dead pods.
    fn serves(&mut self, n: u32) -> String {
        let tried = (0..n).map(|_| {
            let first = self.pick(&[]).expect("all may be picked");
            let pod = if self.dead.contains(&first) { self.pick(&[first]).expect("another") } else { first };
            if self.dead.contains(&pod) { "x".to_owned() } else { pod.to_string() }
        });
        tried.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn a_rolling_update_takes_the_turns_that_it_took_through_haproxy() {
    // `retries 1`, `option redispatch`; each new pod is made ready, then an old one gone, for a while with its slot still in place.
    let expected = [
        "1 2 3 4 5 6 1 2 3 4 5 6 1 2",
        "3 4|5 6|x 7 3 4 8 5 6 x 7 3 4 8 5 6 x 7 3 4 8 5 6 x 7 3 4|8 5 6 7 3 8 4 5 6 7",
        "8 4|5 9|6 7 10 8 5 9 6 7 10 8 5 9 6 7 10 8 5 9 6 7 10 8 5 9 6|7 10 8 5 9 6 7 10 8 5",
        "9 6|7 10|8 11 9 12 7 10 8 11 9 12 7 10 8 11 9 12 7 10 8 11 9 12 7 10 8|11 9 12 7 10 8 11 9 12 7",
    ];
    let mut proxy = Proxy::new(6, Dur::ZERO);
    assert_eq!(proxy.serves(14), expected[0]);
    for (wave, expected) in [1, 3, 5].into_iter().zip(&expected[1..]) {
        let mut served = Vec::new();
        for pod in [wave, wave + 1] {
            proxy.add(pod + 6);
            proxy.dead.push(pod);
            served.push(proxy.serves(2));
        }
        served.push(proxy.serves(25));
        proxy.remove(wave);
        proxy.remove(wave + 1);
        served.push(proxy.serves(10));
        assert_eq!(served.join("|"), *expected);
    }
}

#[test]
fn a_slow_start_takes_the_turns_that_it_took_through_haproxy() {
    // `slowstart 8s`: 22 requests in each second after two pods were added to four.
    let expected = [
        "3 4 1 2 3 4 1 2 3 4 1 2 3 4 1 2 3 4 1 2 3 4",
        "1 2 3 4 1 2 3 4 1 2 3 4 1 2 3 4 1 2 3 4 5 1",
        "2 3 4 1 2 3 4 1 2 3 4 1 2 3 4 1 5 2 3 4 1 2",
        "3 4 1 6 2 5 3 4 1 2 3 4 1 6 2 5 3 4 1 2 3 4",
        "1 2 3 4 1 2 5 3 6 4 1 2 3 4 1 5 2 6 3 4 1 2",
        "3 4 5 6 1 2 3 4 5 1 6 2 3 4 1 2 3 4 1 5 2 3",
        "4 1 6 2 5 3 4 1 6 2 5 3 4 1 6 2 5 3 4 1 2 3",
        "4 1 2 3 5 6 4 1 2 3 5 6 4 1 2 3 5 6 4 1 2 3",
        "4 6 1 2 5 3 4 6 1 2 5 3 4 6 1 2 5 3 4 6 1 2",
        "5 3 4 6 1 2 5 3 4 6 1 2 5 3 4 6 1 2 5 3 4 6",
    ];
    let mut proxy = Proxy::new(4, Dur::from_secs(8));
    assert_eq!(proxy.serves(10), "1 2 3 4 1 2 3 4 1 2");
    proxy.now += Dur::from_secs(100);
    proxy.add(5);
    proxy.add(6);
    proxy.now += Dur::from_millis(450);
    for expected in expected {
        assert_eq!(proxy.serves(22), expected, "at {:?}", proxy.now);
        proxy.now += Dur::from_secs(1);
    }
}

#[test]
fn whatever_comes_and_goes_shares_go_by_weight() {
    let dice = &mut Streams::new(4, 0).stream(Purpose::Balance, 0);
    let mut proxy = Proxy::new(8, Dur::from_secs(16));
    for next in 9..60 {
        proxy.now += Dur::from_millis(u64::from(dice.below(9_000)));
        proxy.add(next);
        if dice.below(4) > 0 {
            let gone = dice.below(proxy.table.len() as u32) as usize;
            proxy.remove(proxy.table[gone].pod);
        }
        for host in &mut proxy.table {
            host.unhealthy = dice.below(8) == 0;
        }
        // What went before is over after as many turns as all weigh.
        let parts = |host: &Host| ((host.weight(&proxy.slow_start, proxy.now) * 16.0) as u32 + 1).min(16);
        let weights: Vec<(u32, u32)> =
            proxy.table.iter().filter(|host| !host.unhealthy).map(|host| (host.pod, parts(host))).collect();
        let all: u32 = weights.iter().map(|(_, weight)| weight).sum();
        let before = (0..2 * all).filter_map(|_| proxy.pick(&[])).count();
        let picked: Vec<u32> = (0..10 * all).filter_map(|_| proxy.pick(&[])).collect();
        assert_eq!(before, 2 * all as usize);
        assert_eq!(picked.len(), 10 * all as usize);
        for (pod, weight) in weights {
            let found = picked.iter().filter(|&&other| other == pod).count();
            // In each lap one too few or too many, as roundings fall.
            assert!(found.abs_diff(10 * weight as usize) <= 11, "pod {pod}: {found} turns, {} expected", 10 * weight);
        }
    }
}

#[test]
fn a_turn_without_a_look_at_the_hosts_is_one_like_any_other() {
    let family = Streams::new(5, 0).family(Purpose::Balance, 0);
    let mut proxy = Proxy::new(7, Dur::ZERO);
    assert_eq!(proxy.turns.pick_of(7, family, 0), None, "they have not been seen");
    proxy.serves(3);
    for step in 0..400 {
        let mut same = proxy.turns.clone();
        let without = same.pick_of(proxy.table.len() as u32, family, step);
        let pod = proxy.pick(&[]);
        if let Some(at) = without {
            assert_eq!(Some(proxy.table[at as usize].pod), pod, "step {step}");
        }
        assert_eq!(without.is_some(), step % 20 != 7, "step {step}");
        if step % 20 == 6 {
            proxy.add(100 + step as u32);
            proxy.remove(proxy.table[step as usize % 5].pod);
        }
    }
}
