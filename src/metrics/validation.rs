//! Forecasts held against what was measured: what `dryroll validate` prints.

use serde::Serialize;

/// The name and version of the JSON format.
pub const SCHEMA: &str = "dryroll.validation/1";

/// All cases.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// One verdict a case, in order of their names.
    pub cases: Vec<CaseVerdict>,
    /// Cases that came out.
    pub inside: usize,
    /// Cases there are.
    pub total: usize,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseVerdict {
    /// What its file is called.
    pub case: String,
    /// What kind of measurement: `balancer` or `kubernetes`.
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
}

impl Validation {
    /// Counts the verdicts.
    pub fn new(cases: Vec<CaseVerdict>) -> Self {
        let inside = cases.iter().filter(|c| c.inside).count();
        Self { schema: SCHEMA, inside, total: cases.len(), cases }
    }
}

impl CaseVerdict {
    /// The verdict over `rows`.
    pub fn new(case: String, kind: &'static str, rows: Vec<Row>) -> Self {
        let all = |of: fn(&Row) -> bool| rows.iter().filter(|r| r.decides && of(r)).all(|r| r.inside);
        let outcomes_inside = all(|r| r.quantity.starts_with("totals."));
        Self { case, kind, inside: all(|_| true), outcomes_inside, rows, notes: Vec::new() }
    }
}
