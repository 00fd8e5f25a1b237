//! What the lab of `validation/lab` asks: a scenario as the parameters of a case, and where the two differ.
//!
//! `cargo run --example lab_parameters -- SCENARIO BALANCER [PATH=VALUE …]` prints
//! `{"parameters": {…}, "differences": ["path: this, that in the lab", …]}`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]

use std::path::Path;
use std::process::ExitCode;

use dryroll::scenario::{self, Request};
use dryroll::study::validate::lab_case::Balancer;
use dryroll::study::validate::lab_parameters::{LabPlan, lab_plan};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match plan(&arguments) {
        Ok(LabPlan { parameters, differences }) => {
            println!("{}", serde_json::json!({"parameters": parameters, "differences": differences}));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::from(2)
        }
    }
}

fn plan(arguments: &[String]) -> Result<LabPlan, Vec<String>> {
    let [file, balancer, set @ ..] = arguments else {
        return Err(vec!["usage: lab_parameters SCENARIO BALANCER [PATH=VALUE …]".to_owned()]);
    };
    let known = Balancer::ALL.into_iter().find(|(name, _)| name == balancer);
    let (_, balancer) = known.ok_or_else(|| vec![format!("the lab has no balancer `{balancer}`")])?;
    let request = Request { set, ..Request::new(Path::new(file)) };
    let loaded = scenario::load(&request).map_err(|found| found.iter().map(|d| d.render(false)).collect::<Vec<_>>())?;
    let cannot = |problem: String| format!("the lab cannot play `{file}`: {problem}");
    lab_plan(&loaded.scenario, balancer).map_err(|problems| problems.into_iter().map(cannot).collect())
}
