//! What is played for a seed, and the smallest part of it that still goes wrong.

use dryroll::scenario::Scenario;

use super::exotic::FEATURES;
use super::plain::plain;
use super::settings::Settings;
use crate::common::dice::Dice;
use crate::common::random_scenario;
use crate::common::settings::{BINDING, FREE, OF_UNREADY_PODS, assignment, taken, try_load};
use crate::common::tiers::random_tiers;

/// A scenario, and what another policy changes in it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    base: Base,
    /// As options have it.
    pub(crate) policy: Vec<String>,
    /// Features that a plain scenario does not have.
    pub(crate) exotic: bool,
}

#[derive(Clone)]
enum Base {
    /// One of ours, which can be taken apart.
    Settings(Settings),
    /// One that switches everything on and off.
    Text(String),
}

impl Case {
    /// That of `seed`: plain in half of all cases.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 2);
        let (base, exotic) = match dice.below(40) {
            0 => (Base::Text(random_scenario(seed)), true),
            1 => (Base::Text(random_tiers(seed)), true),
            2..20 => (Base::Settings(with_features(&mut dice)), true),
            _ => (Base::Settings(plain(&mut dice)), false),
        };
        let policy = policy(&mut dice, &base.yaml());
        Self { seed, base, policy, exotic }
    }

    pub(crate) fn yaml(&self) -> String {
        self.base.yaml()
    }

    /// The scenario, and the same under the other policy; or what is wrong with them.
    pub(crate) fn scenarios(&self) -> Result<[Scenario; 2], String> {
        let yaml = self.yaml();
        Ok([load(&yaml, &[])?, load(&yaml, &self.policy)?])
    }

    /// This case without whatever `fails` does not need.
    pub(crate) fn shrunk(mut self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut smaller = true;
        while std::mem::take(&mut smaller) {
            for less in self.smaller() {
                if less.scenarios().is_ok() && fails(&less) {
                    self = less;
                    smaller = true;
                    break;
                }
            }
        }
        self
    }

    /// This case without one setting, for each.
    fn smaller(&self) -> Vec<Self> {
        let mut cases = Vec::new();
        if let Base::Settings(settings) = &self.base {
            let with = |settings| Self { base: Base::Settings(settings), ..self.clone() };
            cases.extend(settings.without_one().map(with));
        }
        for n in 0..self.policy.len() {
            let mut less = self.clone();
            less.policy.remove(n);
            cases.push(less);
        }
        cases
    }
}

impl Base {
    fn yaml(&self) -> String {
        match self {
            Self::Settings(settings) => settings.yaml(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn load(yaml: &str, set: &[String]) -> Result<Scenario, String> {
    try_load(yaml, set).map_err(|diags| diags.iter().map(|d| d.render(false)).collect())
}

/// A plain scenario with one to four features that go with it and with each other.
fn with_features(dice: &mut Dice) -> Settings {
    let mut settings = plain(dice);
    let populations = load(&settings.yaml(), &[]).expect("it can be read").clients.len();
    let mut wanted = 1 + dice.below(4);
    while wanted > 0 {
        let forms = dice.pick(FEATURES);
        let with = laid_over(&settings, dice.pick(forms), dice.below(populations as u32));
        if try_load(&with.yaml(), &[]).is_ok() {
            settings = with;
            wanted -= 1;
        }
    }
    settings
}

/// `settings` with a feature, for clients that of population `population`.
fn laid_over(settings: &Settings, feature: &str, population: u32) -> Settings {
    let mut with = settings.clone();
    let tiers = with.yaml().contains("name: ingress");
    for setting in feature.split(" & ") {
        let (path, value) = setting.split_once('=').expect("path=value");
        let path = path.replace('@', &population.to_string());
        let path = if tiers { path.replace("loadBalancer.", "loadBalancer.1.") } else { path };
        with.set(&path, value);
    }
    with
}

/// Some settings of `POLICIES` and of those that may differ after a common steady state, as far as `base` takes them.
fn policy(dice: &mut Dice, base: &str) -> Vec<String> {
    let mut wanted = Vec::new();
    for _ in 0..2 + dice.below(4) {
        wanted.push(match dice.below(8) {
            0 => assignment(dice.pick(FREE)),
            1 => assignment(dice.pick(OF_UNREADY_PODS)),
            2 if dice.one_in(8) => assignment(dice.pick(BINDING)),
            _ => dice.pick(POLICIES).to_owned(),
        });
    }
    if base.contains("name: ingress") {
        for setting in &mut wanted {
            *setting = setting.replace("loadBalancer.", "loadBalancer.ingress.");
        }
    }
    taken(base, &wanted)
}

/// What a policy of a deploy is made of.
const POLICIES: &[&str] = &[
    "workload.strategy=Recreate",
    "workload.strategy={rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
    "workload.strategy={rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}",
    "workload.strategy={rollingUpdate: {maxSurge: 100%, maxUnavailable: 0}}",
    "pod.termination.preStop=0s",
    "pod.termination.preStop=500ms",
    "pod.termination.terminationGracePeriodSeconds=1",
    "pod.termination.terminationGracePeriodSeconds=30",
    "pod.termination.drainWindow=0s",
    "pod.termination.drainWindow=50ms",
    "pod.termination.drainWindow=2s",
    "pod.termination.closeJitter=300ms",
    "pod.termination.connectionClose=both",
    "pod.termination.onSigterm=exit",
    "pod.termination.lameDuck=200ms",
    "pod.startup=50ms",
    "newVersion.serviceTime=10ms",
    "newVersion.slower=3",
    "newVersion.errorRate=20%",
    "loadBalancer.propagation.remove=0s",
    "loadBalancer.propagation.remove=600ms",
    "loadBalancer.deregistrationDelay=100ms",
];

/// A feature that no scenario takes would be left out without a word.
#[test]
fn every_feature_goes_with_plain_scenarios() {
    let plain: Vec<Settings> = (0..12).map(|seed| plain(&mut Dice::new(seed, 3))).collect();
    let goes = |with: &dyn Fn(&Settings) -> bool| plain.iter().filter(|base| with(base)).count() >= 3;
    let features = FEATURES.iter().copied().flatten();
    let refused = features.filter(|f| !goes(&|base| try_load(&laid_over(base, f, 0).yaml(), &[]).is_ok()));
    let policies = POLICIES.iter().filter(|p| !goes(&|base| try_load(&base.yaml(), &[(**p).to_owned()]).is_ok()));
    let refused: Vec<&&str> = refused.chain(policies).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
