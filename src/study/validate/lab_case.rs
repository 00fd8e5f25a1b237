//! A case of the balancer lab (`lb-lab/1`): what was set, and what came out.

use serde::Deserialize;
use serde_json::Value;

/// The format that [`LabCase`] reads.
pub const FORMAT: &str = "lb-lab/1";

/// One case.
#[derive(Clone, Debug, Deserialize)]
pub struct LabCase {
    /// Everything that was set.
    pub parameters: Parameters,
    /// Mean, spread and range of each quantity over the repeats.
    pub summary: Value,
}

/// Everything that was set, in seconds; what a file leaves out has the lab's default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the format's, whose description lies beside the cases")]
pub struct Parameters {
    pub lb: Balancer,
    pub proxies: u32,
    pub n: u32,
    pub rate: f64,
    pub arrivals: String,
    pub clients: u32,
    pub client_timeout_s: f64,
    pub reconnect: String,
    pub reconnect_delay_s: f64,
    pub retry_reused: u32,
    pub preconnect: u8,
    pub service: Time,
    pub conc: u32,
    pub queue: u32,
    pub warm_mult: f64,
    pub warm_s: f64,
    pub idle_s: f64,
    pub startup_s: f64,
    pub prestop_s: f64,
    pub drain_mode: String,
    pub jitter_s: f64,
    pub drain_s: f64,
    pub grace_s: f64,
    pub chunk_s: f64,
    pub strategy: String,
    pub max_surge: u32,
    pub max_unavailable: u32,
    pub wait_add: bool,
    pub add_delay: Time,
    pub remove_delay: Time,
    pub before_s: f64,
    pub after_s: f64,
    pub linger_s: f64,
    pub switch_wait_s: f64,
    pub watch_s: Option<f64>,
    pub bluegreen_watch_s: f64,
    pub relay_delay_s: f64,
    pub lb_settings: Settings,
}

/// Which balancer stood in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they are their names")]
pub enum Balancer {
    Haproxy,
    Nginx,
    Envoy,
    /// None: clients pick a pod for each new connection.
    Direct,
}

/// A constant or a distribution of times (s).
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the format's")]
pub enum Time {
    Const {
        s: f64,
    },
    Exp {
        mean: f64,
    },
    Uniform {
        lo: f64,
        hi: f64,
    },
    Lognormal {
        median: f64,
        sigma: f64,
    },
    Bimodal {
        p_long: f64,
        short_median: f64,
        short_sigma: f64,
        long_median: f64,
        long_sigma: f64,
    },
    /// A constant for each proxy.
    PerProxy {
        s: Vec<f64>,
    },
}

/// What was set of the balancer itself, in its own words; what is absent had the lab's default for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the format's")]
pub struct Settings {
    /// HAProxy: `tcp`; absent = `http`.
    pub mode: Option<String>,
    pub balance: Option<String>,
    pub retries: Option<u32>,
    /// HAProxy: absent or −1 = `option redispatch`; null = off; n = every n tries.
    #[serde(deserialize_with = "given")]
    pub redispatch: Option<Option<i32>>,
    pub retry_on: Option<String>,
    pub http_reuse: Option<String>,
    #[serde(deserialize_with = "word")]
    pub pool_purge_delay: Option<String>,
    pub check: Option<String>,
    pub observe: Option<String>,
    pub on_marked_down: Option<String>,
    #[serde(deserialize_with = "word")]
    pub slowstart: Option<String>,
    pub maxconn: Option<u32>,
    pub membership: Option<String>,
    pub close_spread_s: Option<f64>,
    pub hard_stop_after_s: Option<f64>,
    #[serde(deserialize_with = "word")]
    pub timeout_connect: Option<String>,
    #[serde(deserialize_with = "word")]
    pub timeout_server: Option<String>,
    pub next_upstream: Option<String>,
    pub next_upstream_tries: Option<u32>,
    pub max_fails: Option<u32>,
    #[serde(deserialize_with = "word")]
    pub fail_timeout: Option<String>,
    pub workers: Option<u32>,
    pub keepalive: Option<u32>,
    #[serde(deserialize_with = "word")]
    pub upstream_keepalive_timeout: Option<String>,
    #[serde(deserialize_with = "word")]
    pub worker_shutdown_timeout: Option<String>,
    pub concurrency: Option<u32>,
    pub lb_policy: Option<String>,
    pub num_retries: Option<u32>,
    pub previous_hosts: Option<bool>,
    pub max_retries: Option<u32>,
    pub max_connections: Option<u32>,
    pub max_pending_requests: Option<u32>,
    pub max_requests: Option<u32>,
    pub upstream_idle_s: Option<f64>,
    pub route_timeout_s: Option<f64>,
    pub slow_start_s: Option<f64>,
    pub update_merge_window: Option<String>,
    pub drain_time_s: Option<f64>,
    pub drain_strategy: Option<String>,
    pub outlier: Option<Outlier>,
    pub panic_percent: Option<f64>,
    pub health_check: Option<HealthCheck>,
}

/// Envoy's active checks: connections that are to be accepted.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the format's")]
pub struct HealthCheck {
    pub interval: String,
    pub timeout: String,
    pub healthy_threshold: u32,
    pub unhealthy_threshold: u32,
}

/// Envoy's outlier detection.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the format's")]
pub struct Outlier {
    pub consecutive_5xx: u32,
    pub enforcing_consecutive_5xx: u32,
    pub consecutive_gateway_failure: u32,
    pub enforcing_consecutive_gateway_failure: u32,
    pub interval: String,
    pub base_ejection_time: String,
    pub max_ejection_time: String,
    pub max_ejection_percent: f64,
}

impl Default for Outlier {
    /// Envoy's own.
    fn default() -> Self {
        Self {
            consecutive_5xx: 5,
            enforcing_consecutive_5xx: 100,
            consecutive_gateway_failure: 5,
            enforcing_consecutive_gateway_failure: 0,
            interval: "10s".into(),
            base_ejection_time: "30s".into(),
            max_ejection_time: "300s".into(),
            max_ejection_percent: 10.0,
        }
    }
}

impl Outlier {
    /// So many failures in a row eject a host, of whichever kind comes first: to Envoy a failed connect is a gateway's failure and a 5xx.
    /// Zero where neither is enforced, in the whole and not by chance alone.
    pub(super) fn in_a_row(&self) -> u32 {
        let of = [
            (self.enforcing_consecutive_5xx, self.consecutive_5xx),
            (self.enforcing_consecutive_gateway_failure, self.consecutive_gateway_failure),
        ];
        of.into_iter().filter(|&(enforced, _)| enforced > 0).map(|(_, failures)| failures).min().unwrap_or(0)
    }
}

#[expect(clippy::option_option, reason = "absent, null and a number are three things")]
/// Tells `null` from a field that is not there.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<i32>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A time, of which some balancers take a number alone.
fn word<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::deserialize(from)? {
        Some(Value::String(text)) => Some(text),
        given => given.filter(Value::is_number).map(|number| number.to_string()),
    })
}

impl Default for Parameters {
    /// The lab's defaults.
    fn default() -> Self {
        Self {
            lb: Balancer::Haproxy,
            proxies: 1,
            n: 6,
            rate: 150.0,
            arrivals: "poisson".into(),
            clients: 60,
            client_timeout_s: 10.0,
            reconnect: "lazy".into(),
            reconnect_delay_s: 0.0,
            retry_reused: 0,
            preconnect: 1,
            service: Time::Lognormal { median: 0.040, sigma: 0.6 },
            conc: 0,
            queue: 1_000_000,
            warm_mult: 1.0,
            warm_s: 0.0,
            idle_s: 75.0,
            startup_s: 1.0,
            prestop_s: 0.0,
            drain_mode: "at_once".into(),
            jitter_s: 0.0,
            drain_s: 30.0,
            grace_s: 60.0,
            chunk_s: 0.0,
            strategy: "rolling".into(),
            max_surge: 1,
            max_unavailable: 0,
            wait_add: true,
            add_delay: Time::Const { s: 0.1 },
            remove_delay: Time::Const { s: 1.0 },
            before_s: 5.0,
            after_s: 5.0,
            linger_s: 3.0,
            switch_wait_s: 1.0,
            watch_s: None,
            bluegreen_watch_s: 8.0,
            relay_delay_s: 0.0,
            lb_settings: Settings::default(),
        }
    }
}

impl Balancer {
    /// All of them, by the format's name.
    pub const ALL: [(&'static str, Self); 4] =
        [("haproxy", Self::Haproxy), ("nginx", Self::Nginx), ("envoy", Self::Envoy), ("direct", Self::Direct)];

    /// The format's name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find_map(|(name, of)| (of == self).then_some(name)).unwrap_or_default()
    }
}

impl Time {
    /// The longest that it is worth waiting for (s).
    pub(super) fn long(&self) -> f64 {
        match self {
            Self::Const { s } => *s,
            Self::Exp { mean } => 12.0 * mean,
            Self::Uniform { hi, .. } => *hi,
            Self::Lognormal { median, sigma } => median * libm::exp(4.0 * sigma),
            Self::Bimodal { long_median, long_sigma, .. } => long_median * libm::exp(4.0 * long_sigma),
            Self::PerProxy { s } => s.iter().copied().fold(0.0, f64::max),
        }
    }
}
