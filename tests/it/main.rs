//! All tests that need no other program, in one, so that what they share is compiled and linked once.
//!
//! Two stand apart: `tests/digests.rs`, which is played by an optimised build, too, and `tests/memory.rs`, which looks at what its own
//! process takes.

mod common;

mod autoscaler;
mod bad_versions;
mod balancers;
mod calibrate;
mod check;
mod cli;
mod common_random_numbers;
mod compare;
mod dependency;
mod deploy;
mod determinism;
mod explain;
mod fast_path;
mod fork;
mod import;
mod incidents;
mod lab;
mod lessons;
mod lint;
mod live;
mod manifests;
mod newer;
mod nodes;
mod page;
mod platforms;
mod presets;
mod probes;
mod pulls;
mod readme;
mod real_inputs;
mod recommend;
mod recovery;
mod regressions;
mod rollout_controllers;
mod rollout_exhaustive;
mod rollout_kubernetes;
mod rollout_places;
mod rollout_strategies;
mod scenario_errors;
mod scenario_load;
mod scenario_sweep;
mod schema;
mod swarm;
mod sweep;
mod theory;
mod tidy;
mod tiers;
mod validate;
mod worst;
