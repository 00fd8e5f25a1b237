//! From a file to findings.

use super::{Check, Finding, RULES, Subject};
use crate::scenario::{Diag, Draft, Request};

/// What was found in one file.
#[derive(Clone, Debug)]
pub struct Linted {
    /// In the order of the file, each once.
    pub findings: Vec<Finding>,
    /// Why there was nothing to look at: the file holds no workload that is simulated.
    pub passed_over: Option<Diag>,
}

/// Codes of files that are fine and none of ours.
const OTHER_FILES: [&str; 2] = ["no-workload", "not-supported"];

/// Looks at a scenario, or at every workload of a manifest unless the request names one. What is wrong with the file is
/// found as well, by the codes of reading it.
pub fn lint(request: &Request<'_>) -> Linted {
    let opened = Draft::open(request);
    match &opened {
        Err(diags) if diags.iter().any(|d| d.code == "several-workloads") && request.workload.is_none() => {
            each_workload(request).unwrap_or_else(|| of_draft(opened))
        }
        _ => of_draft(opened),
    }
}

/// The same of a text called `name`.
pub fn lint_str(name: &str, text: &str) -> Linted {
    of_draft(Draft::open_str(name, text, &[]))
}

fn of_draft(opened: Result<Draft, Vec<Diag>>) -> Linted {
    let read = opened.and_then(|draft| draft.read().map(|loaded| (draft, loaded)));
    let (draft, loaded) = match read {
        Ok(read) => read,
        Err(diags) => return refused(diags),
    };
    let manifest = draft.manifest();
    let subject = Subject::new(&draft, &loaded, &manifest);
    let mut diags: Vec<Diag> = loaded.warnings.iter().filter(|d| super::rule(d.code).is_some()).cloned().collect();
    for rule in RULES {
        if let Check::Rule(check) = rule.check {
            diags.extend(check(&subject));
        }
    }
    diags.sort_by_key(Diag::order);
    Linted { findings: diags.into_iter().map(Finding::of).collect(), passed_over: None }
}

/// A file that could not be read, or that is none of ours.
fn refused(diags: Vec<Diag>) -> Linted {
    if let Some(diag) = diags.iter().find(|d| OTHER_FILES.contains(&d.code)) {
        return Linted { findings: Vec::new(), passed_over: Some(diag.clone()) };
    }
    let ours = |f: &Finding| f.is_error() || f.rule.is_some();
    Linted { findings: diags.into_iter().map(Finding::of).filter(ours).collect(), passed_over: None }
}

/// Every workload of a file that has several.
fn each_workload(request: &Request<'_>) -> Option<Linted> {
    let names = Draft::workloads(request.path).ok().filter(|names| !names.is_empty())?;
    let mut findings: Vec<Finding> = Vec::new();
    for name in &names {
        let of_one = of_draft(Draft::open(&Request { workload: Some(name), ..*request }));
        for finding in of_one.findings {
            if !findings.iter().any(|f| f.diag.is_same(&finding.diag)) {
                findings.push(finding);
            }
        }
    }
    findings.sort_by_key(|f| f.diag.order());
    Some(Linted { findings, passed_over: None })
}
