//! What a proxy does about a failed attempt, and what it tells the client.

use super::read::{At, Read, choose};

/// A proxy's retries of a failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct ProxyRetries {
    /// After the first attempt.
    pub attempts: u32,
    /// After a connect that was refused or got no answer.
    pub on_connect_failure: bool,
    /// After a connection that ended before the answer.
    pub on_reset: bool,
    /// Whether what was sent and is not idempotent may be sent again.
    pub non_idempotent: bool,
    /// Whether a pod that failed this request is avoided.
    pub other_pod: bool,
    /// Retries under way at once, per proxy; 0 = no limit.
    pub max_concurrent: u32,
}

/// What a proxy tells the client: 500, 502, 503 or 504.
#[derive(Clone, Copy, Debug)]
pub struct ProxyStatus {
    /// The connect was refused.
    pub connect_failure: u16,
    /// The connect got no answer.
    pub connect_timeout: u16,
    /// The connection ended before the answer.
    pub reset: u16,
    /// No pod was left to send it to.
    pub no_endpoints: u16,
    /// `request_timeout` was over.
    pub timeout: u16,
}

impl ProxyRetries {
    /// Default: none.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let on = f.at("on");
        let causes: Vec<Cause> = match on.node {
            Some(_) => Vec::read(&on).unwrap_or_default(),
            None => vec![Cause::ConnectFailure, Cause::Reset],
        };
        let retries = Self {
            attempts: f.within("attempts", 0, 0..=1000),
            on_connect_failure: causes.contains(&Cause::ConnectFailure),
            on_reset: causes.contains(&Cause::Reset),
            non_idempotent: f.or("nonIdempotent", false),
            other_pod: f.or("otherPod", true),
            max_concurrent: f.or("maxConcurrent", 0),
        };
        f.end();
        retries
    }
}

/// What a proxy retries.
#[derive(Clone, Copy, PartialEq)]
enum Cause {
    ConnectFailure,
    Reset,
}

impl Read for Cause {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &[("connectFailure", Self::ConnectFailure), ("reset", Self::Reset)])
    }
}

/// A status that a proxy may answer by itself.
#[derive(Clone, Copy)]
struct Status(u16);

impl Read for Status {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &[("500", Self(500)), ("502", Self(502)), ("503", Self(503)), ("504", Self(504))])
    }
}

impl ProxyStatus {
    /// Default: nginx's.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let status = Self {
            connect_failure: f.or("connectFailure", Status(502)).0,
            connect_timeout: f.or("connectTimeout", Status(504)).0,
            reset: f.or("reset", Status(502)).0,
            no_endpoints: f.or("noEndpoints", Status(503)).0,
            timeout: f.or("timeout", Status(504)).0,
        };
        f.end();
        status
    }
}
