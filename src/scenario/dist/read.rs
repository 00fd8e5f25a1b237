//! How a scenario writes a distribution: a bare duration, or `{distribution: lognormal, p50: 20ms, p99: 120ms}`.

use std::sync::Arc;

use super::{Dist, Empirical, Gamma, Mixture};
use crate::engine::Dur;
use crate::scenario::csv_file;
use crate::scenario::read::{At, Cx, Fields, Read};
use crate::scenario::schema::{Explored, Json, Shape, Written, explore};
use crate::scenario::tree::{Node, Value};

/// A distribution by name, before its parameters.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Constant,
    Exponential,
    Lognormal,
    Gamma,
    Weibull,
    Pareto,
    Uniform,
    Empirical,
    Mixture,
    Sequence,
}

const KINDS: [(&str, Kind); 10] = [
    ("constant", Kind::Constant),
    ("exponential", Kind::Exponential),
    ("lognormal", Kind::Lognormal),
    ("gamma", Kind::Gamma),
    ("weibull", Kind::Weibull),
    ("pareto", Kind::Pareto),
    ("uniform", Kind::Uniform),
    ("empirical", Kind::Empirical),
    ("mixture", Kind::Mixture),
    ("sequence", Kind::Sequence),
];

impl Dist {
    /// What stands at a place, or a default.
    pub(crate) fn or(at: &At<'_>, default: Self) -> Self {
        at.takes_dist(&default);
        at.value().unwrap_or(default)
    }

    /// What stands at a place, or what is assumed of it, with a line that says so and why.
    pub(crate) fn assume(at: &At<'_>, default: Self, text: &str, why: &str) -> Self {
        if at.node.is_none() {
            at.cx.assume(format!("{} {text} ({why})", at.path));
        }
        Self::or(at, default)
    }
}

impl Read for Dist {
    fn read(at: &At<'_>) -> Option<Self> {
        match at.node.map(|n| &n.value) {
            Some(Value::Map(_)) => read_map(At { cx: at.cx, path: at.path.clone(), node: at.node }.fields()),
            Some(Value::Scalar { .. }) => Dur::read(at).map(Self::Constant),
            _ => {
                at.wrong_type("a duration or a distribution");
                None
            }
        }
    }

    fn shape() -> Shape {
        let bare = ["17s", "0s"].map(ToOwned::to_owned);
        let samples = KINDS.iter().map(|(_, kind)| kind.sample().to_owned()).chain(bare).collect();
        let schema = Json::map([("$ref", Json::text("#/$defs/distribution"))]);
        Shape { schema, definitions: Vec::new(), samples }
    }
}

/// All that a distribution takes that is not a bare duration.
pub(crate) fn explored() -> Explored {
    let read = |cx: &Cx, node: &Node| {
        read_map(cx.root(node).fields());
    };
    let kinds = KINDS.iter().map(|(name, _)| format!("{{distribution: {name}}}"));
    // A lognormal is told by quantiles, or otherwise once a mean is given.
    let starts: Vec<String> = kinds.chain(["{distribution: lognormal, mean: 1s}".to_owned()]).collect();
    explore(&read, &starts)
}

impl Kind {
    /// One of these, as a scenario writes it.
    const fn sample(self) -> &'static str {
        match self {
            Self::Constant => "{distribution: constant, value: 17s}",
            Self::Exponential => "{distribution: exponential, mean: 17s}",
            Self::Lognormal => "{distribution: lognormal, p50: 17s, p99: 1m}",
            Self::Gamma => "{distribution: gamma, mean: 17s, shape: 2}",
            Self::Weibull => "{distribution: weibull, scale: 17s, shape: 2}",
            Self::Pareto => "{distribution: pareto, min: 17s, shape: 2}",
            Self::Uniform => "{distribution: uniform, min: 17s, max: 20s}",
            Self::Empirical => "{distribution: empirical, file: samples.csv}",
            Self::Mixture => {
                "{distribution: mixture, of: [[0.95, 17s], [0.05, {distribution: exponential, mean: 1m}]]}"
            }
            Self::Sequence => "{distribution: sequence, values: [17s, 20s]}",
        }
    }
}

/// A distribution as a default: those that are one are constants, exponentials and lognormals by their quantiles.
impl Written for Dist {
    fn written(&self) -> Json {
        let time = |p: f64| Dur::from_secs_f64(self.quantile(p)).written();
        match self {
            Self::Exponential { .. } => Json::map([
                ("distribution", Json::text("exponential")),
                ("mean", Dur::from_secs_f64(self.mean()).written()),
            ]),
            Self::Lognormal { .. } => {
                Json::map([("distribution", Json::text("lognormal")), ("p50", time(0.5)), ("p99", time(0.99))])
            }
            other => Dur::from_secs_f64(other.mean()).written(),
        }
    }
}

fn read_map(mut f: Fields<'_>) -> Option<Dist> {
    f.require("distribution");
    let at = f.at("distribution");
    if at.node.is_none() {
        let diag = f.at.error("missing-field", format!("`{}` does not name its distribution", f.at.name()));
        at.report(diag.label("which one?").help("add one, as in `{distribution: lognormal, p50: 20ms, p99: 120ms}`"));
        return None;
    }
    let dist = match f.variant_of(&at, "distribution", &KINDS)? {
        Kind::Constant => need::<Dur>(&mut f, "value").map(Dist::Constant),
        Kind::Exponential => need::<Dur>(&mut f, "mean").map(|mean| Dist::exponential(mean.secs())),
        Kind::Lognormal => lognormal(&mut f),
        Kind::Gamma => {
            let (mean, shape) = (above_zero(&mut f, "mean"), shape(&mut f, 0.0));
            Some(Dist::Gamma(Gamma::new(mean?, shape?)))
        }
        Kind::Weibull => {
            let (scale, shape) = (above_zero(&mut f, "scale"), shape(&mut f, 0.0));
            Some(Dist::Weibull { scale: scale?, shape: shape? })
        }
        Kind::Pareto => {
            let (min, shape) = (above_zero(&mut f, "min"), shape(&mut f, 1.0));
            Some(Dist::Pareto { min: min?, shape: shape? })
        }
        Kind::Uniform => uniform(&mut f),
        Kind::Empirical => empirical(&mut f),
        Kind::Mixture => mixture(&mut f),
        Kind::Sequence => sequence(&mut f),
    };
    f.end();
    dist
}

/// A parameter that the distribution cannot be without.
fn need<T: Read>(f: &mut Fields<'_>, name: &'static str) -> Option<T> {
    f.at(name).takes_a::<T>();
    f.require(name);
    given(f, name)
}

/// A parameter that has to be given, or another one in its place.
fn given<T: Read>(f: &mut Fields<'_>, name: &'static str) -> Option<T> {
    let at = f.at(name);
    if at.node.is_none() {
        at.report(
            f.at.error("missing-field", format!("`{}` needs `{name}` for its distribution", f.at.name()))
                .label(format!("`{name}` is missing")),
        );
        return None;
    }
    at.value()
}

/// A duration above 0 (s).
fn above_zero(f: &mut Fields<'_>, name: &'static str) -> Option<f64> {
    f.require(name);
    above_zero_given(f, name)
}

fn above_zero_given(f: &mut Fields<'_>, name: &'static str) -> Option<f64> {
    f.at(name).takes("above 0", || Dur::shape().above_zero());
    let value = given::<Dur>(f, name)?;
    if value.is_zero() {
        f.at(name).out_of_range(&format!("`{name}` is 0"), "a duration above 0");
        return None;
    }
    Some(value.secs())
}

/// The largest shape of any distribution.
const MAX_SHAPE: f64 = 10_000.0;

/// A `shape` above `least`.
fn shape(f: &mut Fields<'_>, least: f64) -> Option<f64> {
    f.require("shape");
    f.at("shape").takes("shape", || {
        let shape = Shape::number().between(0.01, MAX_SHAPE);
        // Above 1 means just that; the samples are of what is allowed.
        if least > 0.0 { shape.above(least) } else { shape }
    });
    let shape = given::<f64>(f, "shape")?;
    if shape > least && (0.01..=MAX_SHAPE).contains(&shape) {
        return Some(shape);
    }
    let message = if least >= 1.0 && shape <= least {
        "with this `shape` the mean is infinite"
    } else {
        "`shape` is out of range"
    };
    let low = if least >= 1.0 { "above 1" } else { "from 0.01" };
    f.at("shape").out_of_range(message, &format!("a number {low} to 10000"));
    None
}

fn lognormal(f: &mut Fields<'_>) -> Option<Dist> {
    f.require_one_of(&[&["p50", "p99"], &["mean", "sigma"]]);
    let by_mean = f.key("mean").is_some() || f.key("sigma").is_some();
    if by_mean && f.key("p50").is_none() && f.key("p99").is_none() {
        f.at("sigma").takes("sigma", || Shape::number().between(0.0, 10.0));
        let (mean, sigma) = (above_zero_given(f, "mean"), given::<f64>(f, "sigma"));
        let sigma = sigma.filter(|s| {
            let fine = (0.0..=10.0).contains(s);
            if !fine {
                f.at("sigma").out_of_range("`sigma` is out of range", "a number from 0 to 10");
            }
            fine
        });
        return Some(Dist::lognormal_mean(mean?, sigma?));
    }
    let (p50, p99) = (above_zero_given(f, "p50"), above_zero_given(f, "p99"));
    let (p50, p99) = (p50?, p99?);
    if p99 < p50 {
        let label = "a duration not below `p50`";
        f.at("p99").out_of_range("`p99` is below `p50`", label);
        return None;
    }
    Some(Dist::lognormal_quantiles(p50, p99))
}

fn uniform(f: &mut Fields<'_>) -> Option<Dist> {
    let (min, max) = (need::<Dur>(f, "min"), need::<Dur>(f, "max"));
    let (min, max) = (min?, max?);
    if max < min {
        f.at("max").out_of_range("`max` is below `min`", "a duration not below `min`");
        return None;
    }
    Some(Dist::Uniform { min: min.secs(), max: max.secs() })
}

fn empirical(f: &mut Fields<'_>) -> Option<Dist> {
    let file = need::<String>(f, "file")?;
    let at = f.at("file");
    let pieces = csv_file::read_distribution(&at, &file)?;
    let data = Empirical::new(pieces);
    if data.is_none() {
        at.report(at.error("bad-data", format!("`{file}` holds no samples")).label("nothing to draw from"));
    }
    data.map(|data| Dist::Empirical(Arc::new(data)))
}

fn mixture(f: &mut Fields<'_>) -> Option<Dist> {
    f.require("of");
    f.at("of").takes("parts", || Shape::list(Part::shape(), 1));
    let parts = given::<Vec<Part>>(f, "of")?;
    let mixture = Mixture::new(parts.into_iter().map(|p| (p.weight, p.dist)).collect());
    if mixture.is_none() {
        let at = f.at("of");
        at.out_of_range("`of` must hold weights above 0", "weights above 0, as in [[0.95, 20ms], [0.05, 2s]]");
    }
    mixture.map(Dist::Mixture)
}

/// A weight and a distribution, written as a list of two.
struct Part {
    weight: f64,
    dist: Dist,
}

impl Read for Part {
    fn read(at: &At<'_>) -> Option<Self> {
        if at.node.is_none_or(|n| n.items().len() != 2) {
            at.wrong_type("a weight and a distribution, as in [0.95, 20ms]");
            return None;
        }
        let (weight, dist) = (f64::read(&at.item(0)), Dist::read(&at.item(1)));
        Some(Self { weight: weight?, dist: dist? })
    }

    fn shape() -> Shape {
        Shape::pair(Shape::number().above_zero(), Dist::shape())
    }
}

fn sequence(f: &mut Fields<'_>) -> Option<Dist> {
    f.require("values");
    f.at("values").takes("values", || Shape::list(Dur::shape(), 1));
    let values = given::<Vec<Dur>>(f, "values")?;
    if values.is_empty() {
        f.at("values").out_of_range("`values` is empty", "at least one duration");
        return None;
    }
    Some(Dist::Sequence(values.into()))
}
