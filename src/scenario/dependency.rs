//! A dependency that all pods share, such as a database, and the connections that each has to it.

use super::read::At;
use super::units::Share;
use crate::engine::Dur;

/// What all pods share.
#[derive(Clone, Copy, Debug)]
pub struct Dependency {
    /// Connections that it serves at once (Postgres' `max_connections`).
    pub max_connections: u32,
}

/// A pod's connections to the dependency.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPool {
    /// Opened when the container starts, and held until it ends; 0 = one for each request, given back after it.
    pub size: u32,
    /// The share of a request's service during which it holds a connection, from the beginning.
    pub share: f64,
    /// A request that has waited this long for a connection is answered 500.
    pub acquire_timeout: Dur,
    /// What a start does that does not get them all.
    pub on_exhausted: OnExhausted,
    /// From one attempt to open what is missing to the next.
    pub retry: Dur,
}

/// What a container does at its start when the dependency refuses a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExhausted {
    /// It keeps those that it got, does not listen, and asks again for the others.
    Wait,
    /// It ends, and gives back what it got; the kubelet starts it anew.
    Crash,
    /// It listens with what it got, and asks again for the others.
    Serve,
}

/// The most connections anywhere.
const MOST: u32 = 10_000_000;

impl Dependency {
    /// Reads `dependency`; nothing where there is none. Default: Postgres' `max_connections`, 100.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        if at.is_word("none") {
            return None;
        }
        let given = at.node.is_some();
        let mut f = at.fields();
        let dependency = Self { max_connections: f.within("maxConnections", 100, 1..=MOST) };
        f.end();
        given.then_some(dependency)
    }
}

impl ConnectionPool {
    /// Reads `pod.connectionPool`; nothing where there is none. Defaults are Hikari's: 10 connections (`maximumPoolSize`, all of
    /// them opened at the start, as `minimumIdle` is the same), and 30 s of patience (`connectionTimeout`).
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        at.node?;
        if at.is_word("none") {
            return None;
        }
        let mut f = at.fields();
        let words = [("wait", OnExhausted::Wait), ("crash", OnExhausted::Crash), ("serve", OnExhausted::Serve)];
        let retry = f.at("retry");
        let pool = Self {
            size: f.within("size", 10, 0..=MOST),
            share: f.or("share", Share(0.5)).0,
            acquire_timeout: f.or("acquireTimeout", Dur::from_secs(30)),
            on_exhausted: f.choice("onExhausted", OnExhausted::Wait, &words),
            retry: f.or("retry", Dur::from_secs(1)),
        };
        if pool.retry < Dur::from_millis(10) {
            retry.out_of_range("`retry` is too short", "10ms or more");
        }
        f.end();
        Some(Self { retry: pool.retry.max(Dur::from_millis(10)), ..pool })
    }
}
