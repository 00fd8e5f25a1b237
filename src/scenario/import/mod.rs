//! Foreign files into scenarios.

pub mod kubernetes;
mod pre_stop;
mod probes;
mod strategy;
