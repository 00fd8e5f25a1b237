//! How long a preStop hook takes, as far as it can be told from its text.

use super::shell::{Slept, slept};
use crate::scenario::Diag;
use crate::scenario::tree::{Node, Span};

/// A hook's duration.
pub(in crate::scenario) struct PreStop {
    /// How long it takes (s).
    pub(in crate::scenario) seconds: f64,
    /// Where that is said.
    pub(super) span: Span,
    /// What could not be told.
    pub(super) note: Option<Diag>,
}

/// Which of a pod's containers takes the traffic, as far as it can be told: the first with a readiness probe, else with a port, else the first.
pub(in crate::scenario) fn serving<'a>(containers: &(impl Iterator<Item = &'a Node> + Clone)) -> usize {
    let with = |field: &str| containers.clone().position(|c| c.get(field).is_some_and(|n| !n.is_null()));
    with("readinessProbe").or_else(|| with("ports")).unwrap_or(0)
}

/// Reads a `preStop` hook.
pub(in crate::scenario) fn read(hook: &Node) -> Result<PreStop, Diag> {
    if let Some(node) = hook.at("sleep.seconds") {
        let seconds = node.text().and_then(|t| t.parse::<u32>().ok());
        let Some(seconds) = seconds else {
            let diag = Diag::error("wrong-type", "`seconds` must be a whole number");
            return Err(diag.at(&node.span, "not a whole number of seconds").path("lifecycle.preStop.sleep.seconds"));
        };
        return Ok(PreStop { seconds: f64::from(seconds), span: node.span.clone(), note: None });
    }
    if let Some(command) = hook.at("exec.command") {
        let words: Vec<&str> = command.items().iter().filter_map(Node::text).collect();
        return Ok(exec(&words, &command.span));
    }
    let Some(kind) = hook.entries().first().map(|e| e.key.as_str()) else {
        let text = "this preStop hook does nothing, and Kubernetes refuses it";
        let note =
            Diag::warning("prestop-unknown", text).at(&hook.span, "no handler").help("as in `sleep: {seconds: 5}`");
        return Ok(PreStop { seconds: 0.0, span: hook.span.clone(), note: Some(note) });
    };
    let text = format!("cannot tell how long a hook by `{kind}` takes, assumed 0s");
    let note = Diag::warning("prestop-unknown", text).at(&hook.span, "this hook").help("say it by --set preStop=5s");
    Ok(PreStop { seconds: 0.0, span: hook.span.clone(), note: Some(note) })
}

/// How long these words of a command serve on (s), where that can be told.
pub(in crate::scenario) fn serves(words: &[&str]) -> Option<f64> {
    slept(words).seconds
}

/// A command: `sleep 15`, or a shell that runs one.
fn exec(words: &[&str], span: &Span) -> PreStop {
    let Slept { seconds, others, background, stops } = slept(words);
    let partly = |text: String, label| Some(Diag::warning("prestop-partly-read", text).at(span, label));
    let note = match seconds {
        Some(secs) if stops => partly(
            if secs > 0.0 {
                format!("this hook stops the server after {secs}s, which is what is simulated of it")
            } else {
                "this hook stops the server at once: it is simulated as 0s".to_owned()
            },
            "what it does then serves nobody",
        ),
        Some(secs) if background => partly(
            format!("a sleep of this hook goes on in the background: the hook takes {secs}s"),
            "it is not waited for",
        ),
        Some(secs) if others => partly(
            format!("only the sleep of this hook is simulated: {secs}s"),
            "what else it does is taken as instant",
        ),
        Some(_) => None,
        None => Some(
            Diag::warning("prestop-unknown", "cannot tell how long this hook takes, assumed 0s")
                .at(span, "not a plain sleep")
                .help("say it by --set preStop=5s"),
        ),
    };
    PreStop { seconds: seconds.unwrap_or(0.0), span: span.clone(), note }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::tree::Source;

    fn told(words: &[&str]) -> (f64, bool) {
        let read = exec(words, &Span::whole(&Source::new("hook", "", 0)));
        (read.seconds, read.note.is_some())
    }

    #[test]
    fn sleeps_are_found_in_the_shapes_that_people_write() {
        assert_eq!(told(&["sleep", "15"]), (15.0, false));
        assert_eq!(told(&["/bin/sleep", "0.5"]), (0.5, false));
        assert_eq!(told(&["sh", "-c", "sleep 15"]), (15.0, false));
        assert_eq!(told(&["/bin/sh", "-ec", "sleep 5 && nginx -s quit"]), (5.0, true));
        assert_eq!(told(&["/bin/bash", "-c", "sleep 5; true; sleep 1m\n"]), (65.0, false));
        assert_eq!(told(&["/bin/sh", "-c", "nginx -s quit; sleep 10"]), (0.0, true));
        assert_eq!(told(&["/app/drain"]), (0.0, true));
        assert_eq!(told(&["sleep", "$DELAY"]), (0.0, true));
    }
}
