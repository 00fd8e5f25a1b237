//! Settings of platforms, client libraries and runtimes by name, each value with where it comes from.

use std::sync::Arc;

use super::diag::{Diag, nearest, printable};
use super::schema::Shape;
use super::tree::{Node, Source, Span, Value};
use super::yaml;

/// Where a preset is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// As `loadBalancer.preset`.
    LoadBalancer,
    /// As `pod.preset`.
    Pod,
    /// As a population's `preset`.
    Clients,
}

/// Settings by name.
#[derive(Clone, Debug)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// What it stands for.
    pub title: String,
    /// Where it is named.
    pub applies: Applies,
    /// What it sets.
    pub values: Vec<PresetValue>,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct PresetValue {
    /// The dotted path in a scenario; of clients, within the population.
    pub path: String,
    /// What stands there, as a scenario writes it.
    pub value: String,
    /// How it is known: `documented` by the vendor, `measured` by us, `reported` by users, or our `guess`.
    pub tag: String,
    /// Where it is from.
    pub source: String,
}

/// The files, by name.
macro_rules! files {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../../presets/", $name, ".yaml")))),*] };
}

const FILES: &[(&str, &str)] = files! {
    "alb" "app-gateway" "aws-iot" "aws-sdk" "browser" "cloud-foundry" "ecs" "ecs-stoptask" "envoy" "envoy-term"
    "gke-neg" "go-http" "go-shutdown" "grpc-client" "grpc-headless" "gunicorn-sync" "haproxy" "heroku" "ingress-nginx"
    "istio-1.23" "istio-1.24" "jvm-headless" "kube-proxy-iptables" "kube-proxy-ipvs" "kube-proxy-nftables" "linkerd"
    "mqtt-js" "nats" "nginx" "nginx-quit" "nginx-term" "nlb" "node-close" "nomad-fabio" "nomad-traefik" "paho-mqtt"
    "phoenix-drain" "phoenix-js" "puma" "shell-pid1" "signalr" "skipper" "socket-io" "spring-graceful" "sse-chrome"
    "sse-firefox" "tomcat-default" "traefik" "uvicorn"
};

/// All presets, by name.
pub fn all() -> Vec<Preset> {
    FILES.iter().filter_map(|&(name, _)| named(name)).collect()
}

/// The name of one that belongs here.
pub(super) fn shape(applies: Applies) -> Shape {
    let presets: Vec<Preset> = all().into_iter().filter(|preset| preset.applies == applies).collect();
    Shape::words(&presets.iter().map(|preset| preset.name).collect::<Vec<_>>())
}

/// The preset of that name.
pub fn named(name: &str) -> Option<Preset> {
    let &(name, text) = FILES.iter().find(|(known, _)| *known == name)?;
    let source = Source::new(format!("preset {name}"), text, 0);
    let root = yaml::parse(&source).ok()?.into_iter().next()?;
    let word = |node: &Node, field: &str| node.get(field).and_then(Node::text).map(ToOwned::to_owned);
    let applies = match word(&root, "applies")?.as_str() {
        "loadBalancer" => Applies::LoadBalancer,
        "pod" => Applies::Pod,
        _ => Applies::Clients,
    };
    let value = |node: &Node| {
        Some(PresetValue {
            path: word(node, "path")?,
            value: word(node, "value")?,
            tag: word(node, "tag")?,
            source: word(node, "source")?,
        })
    };
    let values: Option<Vec<PresetValue>> = root.get("values")?.items().iter().map(value).collect();
    Some(Preset { name, title: word(&root, "title")?, applies, values: values? })
}

/// Lays the presets that a scenario names under what it says itself.
///
/// # Errors
/// Names of none, or of one that belongs elsewhere.
pub(super) fn lay_under(root: &mut Node) -> Result<(), Vec<Diag>> {
    let mut diags = Vec::new();
    lay_under_tiers(root, &mut diags);
    for (path, applies) in [("loadBalancer.preset", Applies::LoadBalancer), ("pod.preset", Applies::Pod)] {
        let Some(node) = root.at(path) else { continue };
        match chosen(node, path, applies) {
            Ok(preset) => {
                let mut below = tree_of(&preset);
                below.overlay(root);
                *root = below;
            }
            Err(diag) => diags.push(diag),
        }
    }
    if let Some(node) = root.at("newVersion.preset") {
        match chosen(node, "newVersion.preset", Applies::Pod) {
            Ok(preset) => {
                let mut below = tree_of(&preset).take("pod").unwrap_or_else(|| Node::empty_map(node.span.clone()));
                let Some(above) = root.entry("newVersion") else { return Ok(()) };
                below.overlay(&above.value);
                let key = above.key_span.clone();
                root.set("newVersion", below, &key);
            }
            Err(diag) => diags.push(diag),
        }
    }
    if let Some(Value::Seq(items)) = root.get("clients").map(|n| &n.value) {
        let mut items = items.clone();
        for (n, item) in items.iter_mut().enumerate() {
            let Some(node) = item.get("preset") else { continue };
            match chosen(node, &format!("clients.{n}.preset"), Applies::Clients) {
                Ok(preset) => {
                    let mut below = tree_of(&preset);
                    below.overlay(item);
                    *item = below;
                }
                Err(diag) => diags.push(diag),
            }
        }
        let span = root.span.clone();
        let clients = Node { value: Value::Seq(items), span: root.get("clients").map_or(span, |n| n.span.clone()) };
        let key = root.entry("clients").map_or_else(|| clients.span.clone(), |e| e.key_span.clone());
        root.set("clients", clients, &key);
    }
    if diags.is_empty() { Ok(()) } else { Err(diags) }
}

/// The presets that the balancer, or a tier of it, names and of which no value is `measured`.
pub(super) fn unmeasured(root: &Node) -> Vec<&'static str> {
    let balancer = root.get("loadBalancer");
    let tiers = balancer.map(Node::items).unwrap_or_default();
    let names = balancer.into_iter().chain(tiers).filter_map(|tier| tier.get("preset").and_then(Node::text));
    let presets = names.filter_map(named).filter(|p| p.values.iter().all(|v| v.tag != "measured"));
    presets.map(|p| p.name).collect()
}

/// The same for tiers in series. What a balancer's preset says of pods it says of whatever is behind it: the next tier's proxies.
fn lay_under_tiers(root: &mut Node, diags: &mut Vec<Diag>) {
    let tiers = root.get("loadBalancer").map_or(0, |n| n.items().len());
    for n in 0..tiers {
        let place = format!("loadBalancer.{n}");
        let path = format!("{place}.preset");
        let Some(node) = root.at(&path) else { continue };
        let preset = match chosen(node, &path, Applies::LoadBalancer) {
            Ok(preset) => preset,
            Err(diag) => {
                diags.push(diag);
                continue;
            }
        };
        let Value::Map(below) = tree_of(&preset).value else { continue };
        for entry in below {
            let at = match entry.key.as_str() {
                "loadBalancer" => place.clone(),
                key if n + 1 < tiers && key == "pod" => format!("loadBalancer.{}.pod", n + 1),
                // A cost of connections, a network: of the fleet as a whole.
                key => key.to_owned(),
            };
            let mut value = entry.value;
            match root.at(&at) {
                Some(above) => value.overlay(above),
                // What is no map of fields is told when it is read.
                None if is_tier(root, n + 1) || !at.starts_with("loadBalancer") => {}
                None => continue,
            }
            root.set(&at, value, &entry.key_span);
        }
    }
}

fn is_tier(root: &Node, n: usize) -> bool {
    let tier = root.get("loadBalancer").and_then(|list| list.items().get(n));
    tier.is_some_and(|tier| matches!(tier.value, Value::Map(_)))
}

/// The preset that `node` names.
fn chosen(node: &Node, path: &str, applies: Applies) -> Result<Preset, Diag> {
    let place = |diag: Diag| diag.path(path);
    let Some(name) = node.text() else {
        return Err(place(
            Diag::error("wrong-type", "`preset` must be the name of a preset").at(&node.span, "not a name"),
        ));
    };
    let Some(preset) = named(name) else {
        let diag = Diag::error("unknown-preset", format!("there is no preset `{}`", printable(name)));
        let label = did_you_mean(name).unwrap_or_else(|| "no such preset".to_owned());
        return Err(place(diag.at(&node.span, label).help("`dryroll presets` lists them")));
    };
    if preset.applies != applies {
        let diag = Diag::error("unknown-preset", format!("`{name}` belongs elsewhere: {}", preset.title));
        return Err(place(diag.at(&node.span, "not here").help("`dryroll presets` says where each is named")));
    }
    Ok(preset)
}

/// `did you mean …?` with the presets that a name may have been meant for: the nearest one, else those that begin so, else the one of
/// the same words in another order.
pub fn did_you_mean(name: &str) -> Option<String> {
    let names = || FILES.iter().map(|(known, _)| *known);
    let in_order = |name: &str| {
        let mut words: Vec<String> = name.to_lowercase().split('-').map(str::to_owned).collect();
        words.sort_unstable();
        words.join("-")
    };
    let reordered: Vec<String> = names().map(in_order).collect();
    let begun: Vec<&str> = names().filter(|known| !name.is_empty() && known.starts_with(name)).collect();
    let same_words = || {
        let meant = nearest(&in_order(name), reordered.iter().map(String::as_str))?;
        names().find(|known| in_order(known) == meant)
    };
    let meant = match nearest(name, names()) {
        Some(one) => vec![one],
        None if !begun.is_empty() => begun,
        None => same_words().into_iter().collect(),
    };
    let quoted: Vec<String> = meant.iter().map(|m| format!("`{m}`")).collect();
    let (last, rest) = quoted.split_last()?;
    let before = if rest.is_empty() { String::new() } else { format!("{} or ", rest.join(", ")) };
    Some(format!("did you mean {before}{last}?"))
}

/// What a preset sets, as a scenario.
fn tree_of(preset: &Preset) -> Node {
    let source = Source::new(format!("preset {}", preset.name), preset.title.as_str(), 0);
    let mut tree = Node::empty_map(Span::whole(&source));
    for v in &preset.values {
        let source: Arc<Source> = Source::new(format!("preset {}: {}", preset.name, v.path), v.value.as_str(), 0);
        if let Ok(Some(value)) = yaml::parse(&source).map(|docs| docs.into_iter().next()) {
            tree.set(&v.path, value, &Span::whole(&source));
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_name_that_is_none_brings_those_that_may_be_meant() {
        for (name, meant) in [
            ("ingress-ngnix", Some("did you mean `ingress-nginx`?")),
            ("nginx-ingres", Some("did you mean `ingress-nginx`?")),
            ("ngin", Some("did you mean `nginx`?")),
            ("istio", Some("did you mean `istio-1.23` or `istio-1.24`?")),
            ("foo", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(name).as_deref(), meant, "{name}");
        }
    }
}
