//! Forecasts held against what was measured: what `dryroll validate` prints.

use serde::Serialize;

/// The name and version of the JSON format.
pub const SCHEMA: &str = "dryroll.validation/1";

/// All cases.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// One verdict a case, in order of their kinds and names.
    pub cases: Vec<CaseVerdict>,
    /// How each kind fares.
    pub kinds: Vec<Score>,
    /// Cases that came out.
    pub inside: usize,
    /// Cases there are.
    pub total: usize,
}

/// How the cases of one kind fare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The kind.
    pub kind: &'static str,
    /// Cases that came out.
    pub inside: usize,
    /// Of those, the ones in whose scenario an input was read off the very outcome.
    pub dependent: usize,
    /// Cases there are.
    pub total: usize,
}

/// What the row is called that tells how many replays of a throttled rollout are a recorded run.
pub const REPLAYS: &str = "replays that are a recorded run";

/// Kinds of cases, in their order.
pub const KINDS: [&str; 4] = ["balancer", "kubernetes", "theory", "incident"];

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseVerdict {
    /// What its file is called.
    pub case: String,
    /// What kind of measurement, one of [`KINDS`].
    pub kind: &'static str,
    /// Whether every row that decides is inside.
    pub inside: bool,
    /// Whether every count of an outcome is inside.
    pub outcomes_inside: bool,
    /// One row a quantity.
    pub rows: Vec<Row>,
    /// What no number says of what is otherwise than measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What can be said of a miss that nobody has looked into.
    #[serde(skip)]
    pub unexplained: Vec<String>,
    /// What is told of the case beside its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Background>,
}

/// What is told of a case beside its numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Background {
    /// What it is about, in a few words.
    pub says: String,
    /// The public threads that report it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// What they state of the deploy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<String>,
    /// What was taken for what they do not state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
    /// Which input was read off the very outcome, so that this is no forecast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent: Option<String>,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its path in the case's file.
    pub quantity: String,
    /// The mean over the repeats.
    pub measured: f64,
    /// The mean over the replications; `None` where the forecast has nothing of the kind.
    pub forecast: Option<f64>,
    /// Where the measured value may lie.
    pub interval: Option<[f64; 2]>,
    /// Whether it does.
    pub inside: bool,
    /// Whether the case's verdict hangs on it: quantities without a stated tolerance are shown for information.
    pub decides: bool,
    /// The closed form, or what the report says, in its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl Validation {
    /// Counts the verdicts.
    pub fn new(cases: Vec<CaseVerdict>) -> Self {
        let score = |kind: &'static str| {
            let of = || cases.iter().filter(move |c| c.kind == kind);
            let inside = || of().filter(|c| c.inside);
            let dependent = inside().filter(|c| c.background.as_ref().is_some_and(|b| b.dependent.is_some()));
            Score { kind, inside: inside().count(), dependent: dependent.count(), total: of().count() }
        };
        let kinds: Vec<Score> = KINDS.into_iter().map(score).filter(|s| s.total > 0).collect();
        let inside = kinds.iter().map(|s| s.inside).sum();
        Self { schema: SCHEMA, inside, total: cases.len(), kinds, cases }
    }
}

impl CaseVerdict {
    /// The verdict over `rows`.
    pub fn new(case: String, kind: &'static str, rows: Vec<Row>) -> Self {
        let all = |of: fn(&Row) -> bool| rows.iter().filter(|r| r.decides && of(r)).all(|r| r.inside);
        let outcomes_inside = all(|r| r.quantity.starts_with("totals."));
        let inside = all(|_| true);
        Self { case, kind, inside, outcomes_inside, rows, notes: Vec::new(), unexplained: Vec::new(), background: None }
    }
}
