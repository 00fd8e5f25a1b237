//! What may be changed: settings, and the values that each may take.

use crate::scenario::{Assignment, Axis, Diag, Draft, Scenario, duration};

use super::proposed::Proposed;

/// For each setting its value: `None` leaves it as it is.
pub type Point = Vec<Option<usize>>;

/// A setting and its values.
#[derive(Clone, Debug)]
pub struct Setting {
    axis: Axis,
    /// What an option may call its fields, one by one.
    names: Vec<String>,
    /// The values that the search begins with; others lie between them.
    coarse: Vec<usize>,
    /// The values as numbers, where they are; in the unit of the setting.
    numbers: Option<Vec<f64>>,
    /// The value that stands.
    now: String,
    now_number: Option<f64>,
}

/// All settings that may be changed.
#[derive(Clone, Debug)]
pub struct Space {
    settings: Vec<Setting>,
    /// The path of the grace period, where that follows what must fit into it.
    grace: Option<String>,
}

impl Space {
    /// The settings that `vary` names, and those that follow from the scenario beside them, but for the paths in `keep`; with
    /// `manifest`, of these only what a manifest can hold.
    ///
    /// # Errors
    /// What is wrong with `vary` and `keep`.
    pub fn of(
        draft: &Draft,
        scenario: &Scenario,
        vary: &[String],
        keep: &[String],
        manifest: bool,
    ) -> Result<Self, Vec<Diag>> {
        let named = draft.axes_of(vary)?;
        if let Some(open) = named.iter().find_map(Axis::needs_count) {
            return Err(vec![open]);
        }
        let mut taken: Vec<String> = named.iter().flat_map(Axis::paths).map(str::to_owned).collect();
        taken.extend(draft.fixed().iter().map(|&path| path.to_owned()));
        for path in keep {
            taken.push(draft.path_of("--keep", path).map_err(|d| vec![d])?);
        }
        let is_taken = |path: &str| taken.iter().any(|t| holds(t, path) || holds(path, t));
        let known = super::default::known(scenario);
        let mut settings: Vec<Setting> = named.into_iter().map(|axis| Setting::named(axis, draft, &known)).collect();
        for proposed in super::default::proposed(scenario, manifest) {
            if proposed.paths.iter().any(|p| is_taken(p)) {
                continue;
            }
            let axes = draft.axes_of(&[proposed.vary()])?;
            settings.extend(axes.into_iter().map(|axis| Setting::proposed(axis, draft, &proposed)));
        }
        let grace = scenario.rolled().path(&format!("{TERMINATION}.terminationGracePeriodSeconds"));
        Ok(Self { settings, grace: (!is_taken(&grace)).then_some(grace) })
    }

    /// Every setting that may have something to do with drops, by itself: what follows from others stays as it is.
    ///
    /// # Errors
    /// What is wrong with `vary`, whose axes stand in the place of those of the same paths, or beside them.
    pub fn relaxed(draft: &Draft, scenario: &Scenario, vary: &[String]) -> Result<Self, Vec<Diag>> {
        let mut space = Self::of(draft, scenario, vary, &[], draft.is_manifest())?;
        let named: Vec<String> = space.settings.iter().flat_map(|s| s.axis.paths()).map(str::to_owned).collect();
        let is_taken = |path: &str| named.iter().any(|t| holds(t, path) || holds(path, t));
        for proposed in super::default::relaxed(scenario) {
            if proposed.paths.iter().any(|p| is_taken(p)) {
                continue;
            }
            // What a combination of layers or kinds does not have is no setting of it.
            let Ok(axes) = draft.axes_of(&[proposed.vary()]) else { continue };
            space.settings.extend(axes.into_iter().map(|axis| Setting::proposed(axis, draft, &proposed)));
        }
        Ok(Self { grace: None, ..space })
    }

    /// The settings, in order.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// How many combinations there are.
    pub fn len(&self) -> u128 {
        self.settings.iter().fold(1, |n, s| n.saturating_mul(1 + s.axis.len() as u128))
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// Everything as it is.
    pub fn as_it_is(&self) -> Point {
        vec![None; self.settings.len()]
    }

    /// What a point sets.
    pub fn assignments(&self, point: &Point) -> Vec<Assignment> {
        let set = self.settings.iter().zip(point);
        set.filter_map(|(s, value)| Some(s.axis.step((*value)?))).flatten().cloned().collect()
    }

    /// The scenario at a point, with all that is set there: the grace period follows what has to fit into it. `None` where
    /// the combination breaks a rule of the format.
    pub fn scenario(&self, draft: &Draft, point: &Point) -> Option<(Scenario, Vec<Assignment>)> {
        let mut assignments = self.assignments(point);
        let mut scenario = draft.with(&assignments).ok()?.scenario;
        let termination = scenario.rolled().path(TERMINATION);
        let stops = assignments.iter().any(|a| holds(&termination, a.path()));
        if let (true, Some(path), Some(grace)) = (stops, &self.grace, grace_for(&scenario)) {
            let axis = draft.axes_of(&[format!("{path}={grace}")]).ok()?;
            assignments.extend(axis.first()?.step(0).iter().cloned());
            scenario = draft.with(&assignments).ok()?.scenario;
        }
        Some((scenario, assignments))
    }
}

/// Where the way of a pod, or of a proxy that is rolled, from its deletion to its exit stands.
const TERMINATION: &str = "pod.termination";

/// Whether `path` is `whole` or lies in it.
fn holds(whole: &str, path: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A reserve in the grace period (s): the kubelet is no clockwork.
const RESERVE: f64 = 5.0;

/// The grace period (s) that leaves room for everything before it, where the one there is does not.
fn grace_for(scenario: &Scenario) -> Option<f64> {
    let rolled = scenario.rolled();
    let needs = [rolled.pod, rolled.new_pod].map(|pod| {
        let t = &pod.termination;
        t.pre_stop.quantile(0.999) + t.lame_duck.secs() + t.drain_window.secs() + t.cleanup.secs()
    });
    let needs = libm::ceil(needs[0].max(needs[1]));
    (needs > rolled.pod.termination.grace_period.secs()).then_some(needs + RESERVE)
}

impl Setting {
    /// One that the user named: all of its values are looked at.
    fn named(axis: Axis, draft: &Draft, known: &[Proposed]) -> Self {
        let coarse = (0..axis.len()).collect();
        // What the file leaves to a default is known of the settings that would be tried anyway.
        let by_default = |path: &str| known.iter().find(|p| p.paths == [path]).map(|p| p.now.clone());
        let now = |path: &str| draft.text_at(path).or_else(|| by_default(path)).unwrap_or_else(|| "default".to_owned());
        let now: Vec<String> = axis.paths().map(now).collect();
        let single = axis.paths().count() == 1;
        let numbers = (0..axis.len()).map(|n| number(axis.step(n)[0].text())).collect::<Option<Vec<f64>>>();
        let now_number = number(&now[0]).filter(|_| single);
        let names = names(&axis, draft);
        Self { coarse, numbers: numbers.filter(|_| single), now: now.join(", "), now_number, names, axis }
    }

    fn proposed(axis: Axis, draft: &Draft, proposed: &Proposed) -> Self {
        Self {
            names: names(&axis, draft),
            axis,
            coarse: proposed.coarse.clone(),
            numbers: proposed.numbers.clone(),
            now: proposed.now.clone(),
            now_number: proposed.now_number,
        }
    }

    /// The whole path of its field; of several that move together, all of them.
    pub fn path(&self) -> String {
        self.axis.paths().collect::<Vec<_>>().join(",")
    }

    /// What an option may call its field: the shortest name that no other has; of several that move together, all of them.
    pub fn name(&self) -> String {
        self.names.join(", ")
    }

    /// The same, one by one.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The value that stands, as text.
    pub fn now(&self) -> &str {
        &self.now
    }

    /// The text of a value.
    pub fn text(&self, value: Option<usize>) -> String {
        value.map_or_else(
            || self.now.clone(),
            |n| self.axis.step(n).iter().map(Assignment::text).collect::<Vec<_>>().join(", "),
        )
    }

    /// How many values it may take, the one that stands apart.
    pub fn len(&self) -> usize {
        self.axis.len()
    }

    /// Never: an axis has values.
    pub fn is_empty(&self) -> bool {
        self.axis.is_empty()
    }

    /// The values that the search begins with.
    pub fn coarse(&self) -> &[usize] {
        &self.coarse
    }

    /// All values in order of their size, the one that stands among them; `None` where they have no order.
    pub fn scale(&self) -> Option<Vec<Option<usize>>> {
        let (numbers, now) = (self.numbers.as_ref()?, self.now_number?);
        let mut all: Vec<(f64, Option<usize>)> = numbers.iter().enumerate().map(|(n, &x)| (x, Some(n))).collect();
        all.push((now, None));
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // A value that is the one that stands under another name is that.
        all.dedup_by(|later, first| later.0 == first.0);
        Some(all.into_iter().map(|(_, value)| value).collect())
    }
}

fn names(axis: &Axis, draft: &Draft) -> Vec<String> {
    axis.paths().map(|path| draft.name_of(path)).collect()
}

/// A value as a number: of seconds, of pods, of per cent.
fn number(text: &str) -> Option<f64> {
    let plain = |t: &str| t.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    plain(text)
        .or_else(|| duration(text).map(crate::engine::Dur::secs))
        .or_else(|| plain(text.strip_suffix('%')?))
        .or_else(|| plain(text.strip_suffix("/s")?))
}
