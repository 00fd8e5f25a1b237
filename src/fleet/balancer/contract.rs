//! What every algorithm owes its proxy.

use super::{Host, Hosts, algorithm};
use crate::engine::{Dur, Purpose, SimTime, Streams};
use crate::scenario::Algorithm::{HaproxyRoundRobin, Random, RoundRobin, SmoothRoundRobin};
use crate::scenario::{self, SlowStart};

const ALL: [scenario::Algorithm; 10] = scenario::Algorithm::ALL;

fn table(n: u32) -> Vec<Host> {
    (0..n).map(|pod| Host::new(pod * 7, SimTime::ZERO)).collect()
}

fn hosts<'a>(table: &'a [Host], avoid: &'a [u32]) -> Hosts<'a> {
    let alike = Hosts::alike(table, &[0, 7, 14, 21, 28, 35][..table.len()], &[0, 1, 2, 0, 1, 2][..table.len()]);
    Hosts { now: SimTime::from_nanos(1), avoid, restricted: true, ..alike }
}

#[test]
fn none_exactly_when_nothing_is_usable() {
    for name in ALL {
        let mut a = algorithm(name, 0);
        let mut draw = Streams::new(1, 0).stream(Purpose::Balance, 0);
        for n in 0..6u32 {
            for mask in 0..(1u32 << n) {
                let mut t = table(n);
                for i in 0..n {
                    t[i as usize].unhealthy = mask & (1 << i) == 0;
                }
                a.table_changed(&t);
                let picked = a.pick(&hosts(&t, &[]), 42, &mut draw);
                assert_eq!(picked.is_some(), mask != 0, "{name:?}, {n} hosts, mask {mask:b}");
                assert!(picked.is_none_or(|i| mask & (1 << i) != 0), "{name:?} picked an unusable host");
            }
        }
    }
}

/// How often each of `table` is picked, of 30,000 times, 100 s after time 0 and with a slow start of 1,000 s.
fn shares(name: scenario::Algorithm, table: &[Host], step: Dur) -> Vec<f64> {
    const PICKS: u64 = 30_000;
    let pods: Vec<u32> = table.iter().map(|host| host.pod).collect();
    let active = vec![0; table.len()];
    let slow_start = SlowStart { window: Dur::from_secs(1000), least: 0.001, step };
    let now = SimTime::ZERO + Dur::from_secs(100);
    let hosts = Hosts { grown: 0, slow_start, now, ..Hosts::alike(table, &pods, &active) };
    let family = Streams::new(1, 0).family(Purpose::Balance, 0);
    let mut algorithm = algorithm(name, 0);
    algorithm.table_changed(table);
    let mut counts = vec![0.0; table.len()];
    for n in 0..PICKS {
        let picked = algorithm.pick(&hosts, 0, &mut family.stream(n)).expect("all may be picked");
        counts[picked as usize] += 1.0 / PICKS as f64;
    }
    counts
}

/// So many seconds old.
fn aged(pod: u32, age: u64) -> Host {
    Host::new(pod, SimTime::ZERO + Dur::from_secs(100 - age))
}

#[test]
fn young_pods_share_by_weight_where_there_is_no_other() {
    let table = [aged(0, 80), aged(1, 40), aged(2, 20), aged(3, 20)];
    let expected = [0.5, 0.25, 0.125, 0.125];
    for name in [Random, RoundRobin, SmoothRoundRobin] {
        for step in [Dur::ZERO, Dur::from_secs(10)] {
            for (found, expected) in shares(name, &table, step).into_iter().zip(expected) {
                // The standard error of a share of 30,000 independent picks is 0.0029 at the most.
                assert!((found - expected).abs() < 0.013, "{name:?}: {found}, {expected} expected");
            }
        }
    }
}

#[test]
fn one_pod_among_many_that_are_much_younger_has_its_share() {
    // Of weight 0.1, and a hundred of 0.001: half of all requests.
    let table: Vec<Host> = (0..101).map(|pod| aged(pod, if pod == 0 { 100 } else { 1 })).collect();
    for name in [Random, RoundRobin, SmoothRoundRobin] {
        let found = shares(name, &table, Dur::ZERO)[0];
        assert!((found - 0.5).abs() < 0.013, "{name:?}: {found}");
    }
}

#[test]
fn avoided_pods_are_avoided_and_equal_inputs_pick_alike() {
    for name in ALL {
        let t = table(3);
        let pick = || {
            let mut a = algorithm(name, 0);
            a.table_changed(&t);
            let draw = &mut Streams::new(5, 0).stream(Purpose::Balance, 9);
            a.pick(&hosts(&t, &[0, 14]), 3, draw)
        };
        assert_eq!(pick(), Some(1), "{name:?}");
        assert_eq!(pick(), pick());
    }
}

#[test]
fn avoided_pods_are_passed_over_as_if_all_hosts_were_looked_at() {
    let family = Streams::new(5, 0).family(Purpose::Balance, 0);
    for n in 1..6 {
        let t = table(n);
        let cases = [&[0, 7, 14][..], &[28, 0, 0], &[7, 99, 28], &[14, 14, 7], &[28, 21, 0, 7]];
        for (case, avoid) in cases.into_iter().enumerate() {
            for lot in 0..50 {
                let drawn = [None, Some(&[][..])].map(|out| {
                    let hosts = Hosts { out, ..hosts(&t, avoid) };
                    hosts.draw(&mut family.stream(lot))
                });
                assert_eq!(drawn[0], drawn[1], "{n} hosts, case {case}, lot {lot}");
            }
        }
    }
}

#[test]
fn what_needs_no_look_at_the_hosts_is_the_same_without_one() {
    let family = Streams::new(5, 0).family(Purpose::Balance, 0);
    for name in ALL {
        let t = table(5);
        let [mut looks, mut does_not] = [algorithm(name, 0), algorithm(name, 0)];
        looks.table_changed(&t);
        for n in [5, 5, 3, 3, 4, 1, 5, 2] {
            let h = Hosts { restricted: false, ..hosts(&t[..n], &[]) };
            let picked = does_not.pick_of(n as u32, family, 7);
            assert_eq!(picked.is_some(), [RoundRobin, Random].contains(&name), "{name:?}");
            let Some(picked) = picked else { continue };
            assert_eq!(Some(picked), looks.pick(&h, 1, &mut family.stream(7)), "{name:?} of {n}");
            let upcoming = [0, 1, 2].map(|turn| does_not.upcoming(turn, n as u32, family, 8 + u64::from(turn)));
            let mut goes_on = does_not.clone();
            let comes = [8, 9, 10].map(|lot| goes_on.pick_of(n as u32, family, lot));
            assert_eq!(upcoming, comes, "{name:?} of {n}, and those after it");
        }
    }
}

#[test]
fn long_run_shares_are_even_except_for_hash_and_load() {
    for name in [RoundRobin, Random, SmoothRoundRobin, HaproxyRoundRobin] {
        let t = table(5);
        let mut a = algorithm(name, 0);
        let family = Streams::new(5, 0).family(Purpose::Balance, 0);
        let mut counts = [0u32; 5];
        for n in 0..10_000 {
            let h = Hosts { restricted: false, ..hosts(&t, &[]) };
            counts[a.pick(&h, n, &mut family.stream(n)).unwrap() as usize] += 1;
        }
        assert!(counts.iter().all(|&c| (1800..2200).contains(&c)), "{name:?}: {counts:?}");
    }
}
