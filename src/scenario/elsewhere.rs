//! Files that say how something is deployed and are none that is read: told by what they are rather than by their first field.

use super::diag::Diag;
use super::tree::{Node, Source, Value};

/// What is read.
const READ: &str = "read are scenarios, Kubernetes manifests (`Deployment`, `StatefulSet`, `DaemonSet`, Argo `Rollout`), what `aws ecs \
                    describe-services` and `describe-task-definition` print, and Nomad jobs; a scenario can describe the same pods";

/// What a file is by its name alone, whatever it holds.
pub(super) fn by_name(source: &Source) -> Option<Diag> {
    let name = source.name.rsplit(['/', '\\']).next().unwrap_or(&source.name);
    let ends = |ending: &str| name.to_lowercase().ends_with(ending);
    let what = match name {
        "fly.toml" => "the configuration of Fly.io",
        _ if ends(".toml") => "TOML",
        _ if name == "Procfile" || name.starts_with("Procfile.") => "a Procfile",
        _ if ends(".tf") => "Terraform",
        _ => return None,
    };
    Some(diag(what).in_file(source.name.as_str()))
}

/// What a document is by its fields; `None` of what may be a scenario.
pub(super) fn by_fields(document: &Node) -> Option<Diag> {
    if document.get("clients").is_some() {
        return None;
    }
    let has = |name: &str| document.get(name).is_some();
    let services = document.get("services").filter(|n| matches!(n.value, Value::Map(_)));
    let of_aws = |resources: &Node| {
        let kinds = resources.entries().iter().filter_map(|e| e.value.get("Type")?.text());
        kinds.into_iter().any(|kind| kind.starts_with("AWS::"))
    };
    let (field, what) = if services
        .is_some_and(|s| s.entries().iter().any(|e| e.value.get("image").or(e.value.get("build")).is_some()))
    {
        ("services", "a Compose file")
    } else if has("AWSTemplateFormatVersion") {
        ("AWSTemplateFormatVersion", "a CloudFormation template")
    } else if document.get("Resources").is_some_and(of_aws) {
        ("Resources", "a CloudFormation template")
    } else {
        return None;
    };
    let at = document.entry(field)?;
    Some(diag(what).at(&at.key_span, "by this field").path(field))
}

fn diag(what: &str) -> Diag {
    Diag::error("not-supported", format!("this looks like {what}, which is not read")).help(READ)
}

#[cfg(test)]
mod tests {
    use crate::scenario::Draft;

    #[test]
    fn files_of_other_platforms_are_called_what_they_are() {
        let compose = "services:\n  web:\n    image: x\n    deploy: {replicas: 4}\n";
        let stack = "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n";
        let stripped = "Resources:\n  S:\n    Type: AWS::ECS::Service\n";
        for (name, text, what) in [
            ("compose.yaml", compose, "a Compose file"),
            ("stack.yaml", stack, "a CloudFormation template"),
            ("stack.yaml", stripped, "a CloudFormation template"),
            ("fly.toml", "app = \"x\"\n[deploy]\nstrategy = \"rolling\"\n", "the configuration of Fly.io"),
            ("Procfile", "web: bundle exec puma\n", "a Procfile"),
        ] {
            let diags = Draft::open_str(name, text, &[]).expect_err("it is none");
            let [diag] = &diags[..] else { panic!("{diags:?}") };
            assert_eq!(diag.message, format!("this looks like {what}, which is not read"));
        }
    }
}
