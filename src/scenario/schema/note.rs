//! How readers say what they take, while they take it: the same call that reads a field declares it.
//!
//! An ordinary reading notes nothing. One that describes ([`Cx::describing`]) gathers every field that was asked for, what it may
//! be, and what it defaults to.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use super::json::Json;
use super::place::{ITEM, Place};
use super::shape::Shape;
use crate::scenario::dist::Dist;
use crate::scenario::read::{At, Cx, Fields, Read, choose};
use crate::scenario::tree::Node;

/// A value that can be a default.
pub(crate) trait Written {
    /// As a scenario writes it.
    fn written(&self) -> Json;
}

/// What describing readings have gathered so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The root of all places.
    pub(crate) root: Place,
    /// What there is to try: a path of the tree that is read, and what to put there.
    pub(crate) news: Vec<(String, News)>,
    /// The number of the tree that is read.
    pub(crate) tree: usize,
    /// Whether a value is being read, whose parts are for its shape to say.
    muted: bool,
}

/// What to put somewhere to see what comes of it.
#[derive(Debug)]
pub(crate) enum News {
    /// A place that nobody has asked for before.
    Place,
    /// A value that it takes, as YAML.
    Sample(String),
}

impl Cx {
    /// Nothing gathered yet, and nothing wanted but what readers say of themselves, added to `notes`.
    pub(crate) fn describing(notes: Notes) -> Self {
        let mut cx = Self::for_paths();
        cx.notes = Some(RefCell::new(notes));
        cx
    }

    /// What readers said.
    pub(crate) fn into_notes(self) -> Notes {
        self.notes.map(RefCell::into_inner).unwrap_or_default()
    }

    fn note(&self, path: &str, note: impl FnOnce(&mut Place, &mut Vec<(String, News)>)) {
        let Some(notes) = &self.notes else { return };
        let Notes { root, news, tree, muted } = &mut *notes.borrow_mut();
        if *muted {
            return;
        }
        let (place, new) = root.reach(path, *tree);
        if new {
            news.push((path.to_owned(), News::Place));
        }
        note(place, news);
    }

    /// Reads a value, whose parts are for its shape to say.
    fn muted<T>(&self, read: impl FnOnce() -> T) -> T {
        let Some(notes) = &self.notes else { return read() };
        let before = std::mem::replace(&mut notes.borrow_mut().muted, true);
        let value = read();
        notes.borrow_mut().muted = before;
        value
    }
}

/// Where a field or a member of a list stands.
impl At<'_> {
    /// The step to member `n` of a list, if readers describe themselves: one for all members.
    pub(crate) fn item_step(&self) -> Option<&'static str> {
        self.cx.notes.is_some().then_some(ITEM)
    }

    /// Somebody asked for it.
    pub(crate) fn note_asked(&self) {
        self.cx.note(&self.path, |_, _| ());
    }

    /// A value of this shape may stand here; `key` tells it from others.
    pub(crate) fn takes(&self, key: &str, shape: impl FnOnce() -> Shape) {
        self.cx.note(&self.path, |place, news| {
            let mut samples = Vec::new();
            let taken = place.take(key, || {
                let shape = shape();
                samples.clone_from(&shape.samples);
                shape
            });
            if taken {
                news.extend(samples.into_iter().map(|sample| (self.path.clone(), News::Sample(sample))));
            }
        });
    }

    /// A `T` may stand here.
    pub(crate) fn takes_a<T: Read>(&self) {
        self.takes(std::any::type_name::<T>(), T::shape);
    }

    /// A number between these bounds may stand here.
    pub(crate) fn takes_within<T: Read + Written>(&self, range: &RangeInclusive<T>) {
        if self.cx.notes.is_some() {
            let bound = |value: &T| if let Json::Number(n) = value.written() { n } else { f64::NAN };
            let (min, max) = (bound(range.start()), bound(range.end()));
            self.takes(&format!("{min}..{max}"), || T::shape().between(min, max));
        }
    }

    /// One of these words may stand here.
    pub(crate) fn takes_words(&self, words: &[&str]) {
        if self.cx.notes.is_some() {
            self.takes(&words.join("|"), || Shape::words(words));
        }
    }

    /// Fields may stand here.
    pub(crate) fn takes_fields(&self) {
        self.cx.note(&self.path, |place, _| {
            place.take_map();
            place.begin();
        });
    }

    /// A list of maps may stand here, of `least` at least.
    pub(crate) fn takes_list(&self, least: u32) {
        self.cx.note(&self.path, |place, _| place.take_list(least));
    }

    /// A name without a value may stand here, and is as if it did not.
    pub(crate) fn takes_nothing(&self) {
        self.takes("nothing", || Shape::new(Json::map([("type", Json::text("null"))]), ["~"]));
    }

    /// Fields may stand here, and no name without any.
    pub(crate) fn needs_fields(&self) {
        self.cx.note(&self.path, |place, _| place.rules.not_null = true);
    }

    /// What it is where nothing stands here.
    pub(crate) fn is_by_default(&self, value: impl FnOnce() -> Json) {
        if let (Some(defaults), None) = (&self.cx.defaults, self.node) {
            defaults.borrow_mut().push((self.path.clone(), value()));
            return;
        }
        self.cx.note(&self.path, |place, _| place.is_by_default(value()));
    }

    /// The value that stands here, if it can be read.
    pub(crate) fn value<T: Read>(&self) -> Option<T> {
        self.node.and_then(|_| self.cx.muted(|| T::read(self)))
    }

    /// The value that stands here, which may be any `T`.
    pub(crate) fn any_value<T: Read>(&self) -> Option<T> {
        self.takes_a::<T>();
        self.value()
    }

    /// The value, or a default that is noted.
    pub(crate) fn value_or<T: Read + Written>(&self, default: T) -> T {
        self.is_by_default(|| default.written());
        self.any_value().unwrap_or(default)
    }

    /// A distribution may stand here, and this one does where nothing stands.
    pub(crate) fn takes_dist(&self, default: &Dist) {
        self.takes_a::<Dist>();
        self.is_by_default(|| default.written());
    }
}

/// What the fields of a map owe each other.
impl Fields<'_> {
    fn note_rules(&self, note: impl FnOnce(&mut super::place::Rules)) {
        self.at.cx.note(&self.at.path, |place, _| note(place.rules()));
    }

    /// The map cannot be without this field.
    pub(crate) fn require(&self, name: &'static str) {
        self.note_rules(|rules| {
            if !rules.required.contains(&name) {
                rules.required.push(name);
            }
        });
    }

    /// The map must have all fields of exactly one of these sets.
    pub(crate) fn require_one_of(&self, sets: &[&[&'static str]]) {
        self.note_rules(|rules| rules.one_of = sets.iter().map(|set| set.to_vec()).collect());
    }

    /// The map must have one of these fields at least.
    pub(crate) fn require_any_of(&self, names: &[&'static str]) {
        self.note_rules(|rules| rules.any_of = names.to_vec());
    }

    /// The map must have some field.
    pub(crate) fn require_any(&self) {
        self.note_rules(|rules| rules.not_empty = true);
    }

    /// These fields exclude each other; whoever gives both is told.
    pub(crate) fn exclude(&self, first: &'static str, second: &'static str) {
        self.note_rules(|rules| {
            if !rules.exclusive.contains(&[first, second]) {
                rules.exclusive.push([first, second]);
            }
        });
        if let (Some(a), Some(b)) = (self.key(first), self.key(second)) {
            crate::scenario::report_both(&self.at, (first, a), (second, b));
        }
    }

    /// The field as one of these words, which decides about the fields that are asked for after it.
    pub(crate) fn variant<T: Clone + PartialEq>(
        &mut self,
        name: &'static str,
        default: T,
        words: &[(&'static str, T)],
    ) -> T {
        let word = |value: &T| words.iter().find(|(_, v)| v == value).map(|(word, _)| *word);
        let names: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
        let usual = word(&default);
        let value = self.choice(name, default, words);
        if let Some(current) = word(&value) {
            self.at.cx.note(&self.at.path, |place, _| place.vary(name, usual, &names, current));
        }
        value
    }

    /// The word of a field that the map cannot be without, which decides about the fields that are asked for after it.
    pub(crate) fn variant_of<T: Clone>(
        &self,
        at: &At<'_>,
        field: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let value = choose(at, words);
        let names: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
        if let (Some(_), Some(word)) = (&value, at.node.and_then(Node::text)) {
            self.at.cx.note(&self.at.path, |place, _| place.vary(field, None, &names, word));
        }
        value
    }

    /// A field that is accepted and read elsewhere, if at all: no path leads to it.
    pub(crate) fn read_elsewhere(&mut self, name: &'static str, shape: impl FnOnce() -> Shape) {
        self.pass(&[name]);
        self.beside(name).takes("elsewhere", shape);
    }

    /// Fields that are accepted and mean nothing here.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        self.pass(names);
        for name in names {
            self.at.cx.note(&self.beside(name).path, |place, _| place.ignored = true);
        }
    }

    /// A field that no path leads to.
    fn beside(&self, name: &str) -> At<'_> {
        At { cx: self.at.cx, path: format!("{}.{name}", self.at.path), node: None }
    }
}
