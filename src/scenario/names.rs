//! What things are called: requests, proxies, pods behind a tier, versions. Numbers that a run gives out become names here and nowhere else.

use super::{Clients, DeployAction, Scenario};

/// Bits of a request's identity that hold its ordinal; its population stands above them.
const ORDINAL: u32 = 48;

/// A version's name in results, by its number in order of first use: 0 = old, 1 = new, then `templates`.
pub fn revision_name(templates: &[String], revision: u16) -> String {
    match revision {
        0 => "old".to_owned(),
        1 => "new".to_owned(),
        n => templates.get(usize::from(n) - 2).cloned().unwrap_or_else(|| format!("revision-{n}")),
    }
}

impl Scenario {
    /// The identity of a request: number `ordinal` of population `population`. It is the same under every policy.
    pub const fn request_identity(population: usize, ordinal: u64) -> u64 {
        (population as u64) << ORDINAL | ordinal
    }

    /// Ordinals that a population has.
    pub const ORDINALS: u64 = 1 << ORDINAL;

    /// The population that the request of this identity belongs to.
    pub fn population_of(&self, identity: u64) -> Option<&Clients> {
        self.clients.get((identity >> ORDINAL) as usize)
    }

    /// What the request of this identity is called: its population and its ordinal there, `web:18204`.
    pub fn request_name(&self, identity: u64) -> String {
        let population = self.population_of(identity).map_or("?", |c| c.name.as_str());
        format!("{population}:{}", identity & (Self::ORDINALS - 1))
    }

    /// What a proxy is called in a list: its number, after the name of its tier where there are several (`tier`, from the outermost).
    pub fn proxy_name(&self, tier: Option<usize>, index: u32) -> String {
        match tier.and_then(|tier| self.tiers().nth(tier)) {
            Some(tier) => format!("{} {index}", tier.name),
            None => index.to_string(),
        }
    }

    /// The same in a sentence: `proxy 3`, `proxy 3 of edge`.
    pub fn proxy_in_words(&self, tier: Option<usize>, index: u32) -> String {
        match tier.and_then(|tier| self.tiers().nth(tier)) {
            Some(tier) => format!("proxy {index} of {}", tier.name),
            None => format!("proxy {index}"),
        }
    }

    /// What a pod behind tier `tier` is called that the forecast is not about: a proxy of the next tier, or a pod of the workload.
    pub fn pod_name_behind(&self, tier: usize, index: u32) -> String {
        match self.tiers().nth(tier + 1) {
            Some(next) => format!("{} {index}", next.name),
            None => format!("{}-{index}", self.name),
        }
    }

    /// The names of templates after the first new one, in order of first use.
    pub fn templates(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for event in self.deploy.iter().flat_map(|d| &d.events) {
            match &event.action {
                DeployAction::Template(name) if name != "old" && name != "new" && !names.contains(name) => {
                    names.push(name.clone());
                }
                _ => {}
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_names() {
        let yaml = "clients: [{name: web, rate: 1/s}, {name: app, rate: 1/s}]\n\
            deploy: {events: [{at: 9s, template: v3}, {at: 19s, template: old}, {at: 29s, template: v4}]}\n";
        let s = Scenario::from_yaml(yaml).expect("a valid scenario");
        assert_eq!(s.request_name(Scenario::request_identity(1, 18_204)), "app:18204");
        assert_eq!(s.request_name(Scenario::request_identity(7, 1)), "?:1");
        assert_eq!((s.proxy_name(None, 3), s.proxy_in_words(None, 3)), ("3".to_owned(), "proxy 3".to_owned()));
        let templates = s.templates();
        assert_eq!(templates, ["v3", "v4"]);
        let names: Vec<String> = (0..5).map(|n| revision_name(&templates, n)).collect();
        assert_eq!(names, ["old", "new", "v3", "v4", "revision-4"]);
    }

    #[test]
    fn of_several_tiers_the_name_says_which() {
        let yaml = "name: shop\nclients: [{name: web, rate: 1/s}]\nloadBalancer: [{name: edge}, {name: sidecar}]\n";
        let s = Scenario::from_yaml(yaml).expect("a valid scenario");
        assert_eq!(
            (s.proxy_name(Some(0), 2), s.proxy_in_words(Some(0), 2)),
            ("edge 2".to_owned(), "proxy 2 of edge".to_owned())
        );
        assert_eq!((s.pod_name_behind(0, 4), s.pod_name_behind(1, 4)), ("sidecar 4".to_owned(), "shop-4".to_owned()));
    }
}
