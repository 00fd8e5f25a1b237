//! What is simulated: clients, proxies, pods, and the controller that replaces them.

pub mod fact;
pub mod rollout;
