//! Foreign files into scenarios.

mod analysis;
mod autoscaler;
mod budget;
mod ecs;
pub(super) mod foreign;
mod health_check;
mod host_port;
pub mod kubernetes;
mod no_effect;
mod nomad;
mod pods;
pub(super) mod pre_stop;
mod probes;
mod reference;
mod shell;
mod strategy;
