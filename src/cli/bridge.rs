//! The scenario loader and the simulation, by the names under which the commands know them.
//!
//! LOCAL STAND-IN until both are merged; then this file is two lines:
//! `pub(super) use crate::scenario::{Diag, Loaded, Request, load};` and `pub(super) use crate::simulate::run as simulate;`

use std::path::Path;

use crate::metrics::replication::Replication;
use crate::scenario::Scenario;

pub(super) struct Request<'a> {
    pub(super) path: &'a Path,
    pub(super) set: &'a [String],
    pub(super) rate: Option<&'a str>,
    pub(super) service_time: Option<&'a str>,
    pub(super) workload: Option<&'a str>,
    pub(super) seed: Option<u64>,
}

pub(super) struct Loaded {
    pub(super) scenario: Scenario,
    pub(super) assumptions: Vec<String>,
    pub(super) warnings: Vec<Diag>,
}

pub(super) struct Diag(String);

impl Diag {
    pub(super) fn render(&self, _color: bool) -> String {
        format!("error: {}", self.0)
    }
}

pub(super) fn load(request: &Request<'_>) -> Result<Loaded, Vec<Diag>> {
    let Request { path, set, rate, service_time, workload, seed } = request;
    Err(vec![Diag(format!("no loader for {} {set:?} {rate:?} {service_time:?} {workload:?} {seed:?}", path.display()))])
}

pub(super) fn simulate(_scenario: &Scenario, seed: u64, replication: u32) -> Replication {
    panic!("no simulation for seed {seed}, replication {replication}")
}
