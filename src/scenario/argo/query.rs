//! What a Prometheus query asks for, as far as a forecast has an answer: a share of requests, or a latency.

use super::analysis::Figure;
use crate::engine::Dur;
use crate::scenario::duration;

/// A query that is understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Query {
    /// What it comes to.
    pub(super) figure: Figure,
    /// By how much the number is larger than the figure: 100 for per cent, 1000 for milliseconds.
    pub(super) scale: f64,
    /// Over how long, if it says so.
    pub(super) window: Option<Dur>,
}

impl Query {
    /// Understands `histogram_quantile`, quotients of a metric's `_sum` and `_count`, and quotients of requests whose numerator
    /// is told from its denominator by a label for the status; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let window = window(&text);
        let milliseconds = ["milliseconds", "_ms_", "_millis"].iter().any(|word| text.contains(word));
        let unit = if milliseconds { 1000.0 } else { 1.0 };
        if let Some((_, rest)) = text.split_once("histogram_quantile(") {
            let quantile = rest.split(',').next().and_then(|q| q.trim().parse().ok())?;
            let figure = (0.0..=1.0).contains(&quantile).then_some(Figure::Latency(quantile))?;
            let seconds = !milliseconds && is_scaled(&text, "1000");
            return Some(Self { figure, scale: if seconds { 1000.0 } else { unit }, window });
        }
        let [numerator, denominator] = quotient(&text)?;
        if numerator.contains("_sum") && denominator.contains("_count") {
            let seconds = !milliseconds && is_scaled(&text, "1000");
            return Some(Self { figure: Figure::MeanLatency, scale: if seconds { 1000.0 } else { unit }, window });
        }
        let good = is_good(numerator)?;
        let start = numerator.trim_start_matches(['(', ' ']);
        let complement = ["1 -", "1-", "100 -", "100-"].iter().any(|c| start.starts_with(c));
        let figure = if good == complement { Figure::ErrorRate } else { Figure::SuccessRate };
        let scale = if is_scaled(&text, "100") || start.starts_with("100") { 100.0 } else { 1.0 };
        Some(Self { figure, scale, window })
    }
}

/// Whether the query multiplies by `factor`.
fn is_scaled(text: &str, factor: &str) -> bool {
    let plain: String = unquoted(text).map(|(_, c)| c).filter(|c| *c != ' ').collect();
    let after = format!("*{factor}");
    let ends = |at: usize| !plain[at + after.len()..].starts_with(|c: char| c.is_ascii_digit() || c == '.');
    plain.match_indices(&after).any(|(at, _)| ends(at)) || plain.starts_with(&format!("{factor}*"))
}

/// The characters outside of quotes, with their places.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quote = None;
    text.char_indices().filter(move |&(_, c)| {
        if let Some(q) = quote {
            quote = (c != q).then_some(q);
            return false;
        }
        quote = matches!(c, '"' | '\'').then_some(c);
        quote.is_none()
    })
}

/// Both sides of the one division.
fn quotient(text: &str) -> Option<[&str; 2]> {
    let mut slashes = unquoted(text).filter(|(_, c)| *c == '/');
    let (at, _) = slashes.next()?;
    slashes.next().is_none().then_some([&text[..at], &text[at + 1..]])
}

/// The range of the first selector: `[5m]`, or of a subquery `[5m:1m]`.
fn window(text: &str) -> Option<Dur> {
    let (_, rest) = text.split_once('[').filter(|(before, _)| before.matches('"').count() % 2 == 0)?;
    let range = rest.split([']', ':']).next()?;
    duration::duration(range.trim())
}

/// Whether the numerator counts requests that went well, told by a label for the status or by the metric's name; `None` where
/// nothing tells.
fn is_good(numerator: &str) -> Option<bool> {
    let labels = numerator.split(['{', ',', '}']).filter_map(matcher);
    let by_label = labels.filter(|(name, ..)| STATUS.iter().any(|s| name.to_lowercase().contains(s)));
    let told: Vec<bool> = by_label.filter_map(|(_, negated, value)| Some(class(value)? != negated)).collect();
    if let Some(first) = told.first() {
        return told.iter().all(|good| good == first).then_some(*first);
    }
    let name = numerator.split('{').next().unwrap_or(numerator);
    match (name.contains("error") || name.contains("fail"), name.contains("success")) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

/// What labels for the status are called.
const STATUS: [&str; 5] = ["status", "code", "classification", "outcome", "result"];

/// `name=~"value"` as name, whether it is negated, and value.
fn matcher(text: &str) -> Option<(&str, bool, &str)> {
    let at = text.find(['=', '!'])?;
    let (name, rest) = text.split_at(at);
    let value = rest.trim_start_matches(['=', '!', '~', ' ']).trim();
    let value = value.strip_prefix(['"', '\''])?.trim_end_matches(['"', '\'']);
    Some((name.trim(), rest.starts_with('!'), value))
}

/// Whether a status is one of success.
fn class(value: &str) -> Option<bool> {
    let lower = value.to_lowercase();
    if lower == "ok" || lower.contains("success") {
        return Some(true);
    }
    if lower.contains("error") || lower.contains("fail") {
        return Some(false);
    }
    let inner = lower.trim_start_matches(['^', '(']);
    let (inner, negated) = inner.strip_prefix("[^").map_or((inner.trim_start_matches('['), false), |rest| (rest, true));
    match inner.chars().next()? {
        '1'..='3' => Some(!negated),
        '4' | '5' => Some(negated),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(Figure, f64, Option<f64>)> {
        Query::parse(text).map(|q| (q.figure, q.scale, q.window.map(Dur::secs)))
    }

    #[test]
    fn shares_of_requests() {
        let istio = r#"sum(irate(istio_requests_total{reporter="source",destination_service=~"web",response_code!~"5.*"}[5m])) /
            sum(irate(istio_requests_total{reporter="source",destination_service=~"web"}[5m]))"#;
        assert_eq!(of(istio), Some((Figure::SuccessRate, 1.0, Some(300.0))));
        let nginx = r#"sum(rate(nginx_ingress_controller_requests{path="/a/b",status=~"5.."}[1m])) / sum(rate(nginx_ingress_controller_requests{path="/a/b"}[1m])) * 100"#;
        assert_eq!(of(nginx), Some((Figure::ErrorRate, 100.0, Some(60.0))));
        let complement = r#"1 - (sum(rate(x_total{code=~"5.."}[2m])) / sum(rate(x_total[2m])))"#;
        assert_eq!(of(complement), Some((Figure::SuccessRate, 1.0, Some(120.0))));
        let linkerd = r#"sum(response_total{classification="success"}) / sum(response_total)"#;
        assert_eq!(of(linkerd), Some((Figure::SuccessRate, 1.0, None)));
        let named = "sum(rate(http_errors_total[30s])) / sum(rate(http_requests_total[30s]))";
        assert_eq!(of(named), Some((Figure::ErrorRate, 1.0, Some(30.0))));
    }

    #[test]
    fn latencies() {
        let p95 = "histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[1m])) by (le))";
        assert_eq!(of(p95), Some((Figure::Latency(0.95), 1.0, Some(60.0))));
        let ms = "histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket[5m])) by (le))";
        assert_eq!(of(ms), Some((Figure::Latency(0.99), 1000.0, Some(300.0))));
        assert_eq!(of(&format!("{p95} * 1000")), Some((Figure::Latency(0.95), 1000.0, Some(60.0))));
        let mean = "sum(rate(request_seconds_sum[5m])) / sum(rate(request_seconds_count[5m]))";
        assert_eq!(of(mean), Some((Figure::MeanLatency, 1.0, Some(300.0))));
    }

    #[test]
    fn anything_else_is_not_understood() {
        let half = r#"sum(rate(x_total{code=~"5.."}[1m]))"#;
        for text in [half, "avg(container_memory_usage_bytes)", "sum(a[1m]) / sum(b[1m])", "a / b / c", ""] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
