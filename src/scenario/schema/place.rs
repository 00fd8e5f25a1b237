//! What readers have said of one place of a scenario, gathered over many readings.

use super::json::Json;
use super::shape::Shape;

/// What readers have said of one place.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// What may stand there: any of these.
    pub(crate) kinds: Vec<Kind>,
    /// The fields of a map, in the order in which they are asked for.
    pub(crate) fields: Vec<(String, Self)>,
    /// The members of a list.
    pub(crate) item: Option<Box<Self>>,
    /// What it is where nothing stands there.
    pub(crate) default: Default,
    /// What the fields of a map owe each other.
    pub(crate) rules: Rules,
    /// A field whose value decides which others there are.
    pub(crate) variants: Option<Variants>,
    /// Whether it is accepted and means nothing.
    pub(crate) ignored: bool,
    /// The number of the tree that it was first asked for with.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at what a place was found with"))]
    pub(crate) tree: usize,
}

/// One of the things that may stand at a place.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A map of fields.
    Map,
    /// A list of maps, so many at least.
    List(u32),
    /// A value; the key tells it from others.
    Of(String, Shape),
}

/// What a place is where nothing stands there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Default {
    /// Nothing was said.
    #[default]
    Unsaid,
    /// Always this.
    Is(Json),
    /// It depends on other fields.
    Differs,
}

/// What the fields of a map owe each other.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// These must be there.
    pub(crate) required: Vec<&'static str>,
    /// Exactly one of these sets must be there.
    pub(crate) one_of: Vec<Vec<&'static str>>,
    /// One of these at least.
    pub(crate) any_of: Vec<&'static str>,
    /// Pairs that exclude each other.
    pub(crate) exclusive: Vec<[&'static str; 2]>,
    /// Something must be there, whatever.
    pub(crate) not_empty: bool,
    /// The map may be empty, but not left out where its name stands.
    pub(crate) not_null: bool,
}

/// A map whose fields depend on one of them.
#[derive(Debug)]
pub(crate) struct Variants {
    /// The field that decides.
    pub(crate) field: &'static str,
    /// The word for which it stands where it is left out.
    pub(crate) default: Option<&'static str>,
    /// What there is besides for each word, in order.
    pub(crate) of: Vec<(&'static str, Place)>,
    /// The word of the reading under way, once it is known.
    current: Option<usize>,
}

/// The step of a path that leads to the members of a list.
pub(crate) const ITEM: &str = "[]";

impl Place {
    /// The place at a dotted path, and whether it is new; `tree` is the number of the tree that is read.
    pub(crate) fn reach(&mut self, path: &str, tree: usize) -> (&mut Self, bool) {
        let mut place = self;
        let mut new = false;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            (place, new) = place.step(step, tree);
        }
        (place, new)
    }

    fn step(&mut self, step: &str, tree: usize) -> (&mut Self, bool) {
        let made = || Self { tree, ..Self::default() };
        if step == ITEM {
            let new = self.item.is_none();
            return (self.item.get_or_insert_with(|| Box::new(made())), new);
        }
        let common = self.fields.iter().position(|(name, _)| name == step);
        let fields = match (&mut self.variants, common) {
            (Some(variants), None) if variants.current.is_some() => {
                let current = variants.current.unwrap_or_default();
                &mut variants.of[current].1.fields
            }
            _ => &mut self.fields,
        };
        let found = fields.iter().position(|(name, _)| name == step);
        let at = found.unwrap_or_else(|| {
            fields.push((step.to_owned(), made()));
            fields.len() - 1
        });
        (&mut fields[at].1, found.is_none())
    }

    /// The rules of the map, those of the variant that is read where there is one.
    pub(crate) fn rules(&mut self) -> &mut Rules {
        match &mut self.variants {
            Some(Variants { of, current: Some(n), .. }) => &mut of[*n].1.rules,
            _ => &mut self.rules,
        }
    }

    /// Begins to read the fields of this map.
    pub(crate) fn begin(&mut self) {
        if let Some(variants) = &mut self.variants {
            variants.current = None;
        }
    }

    /// From here on fields are those of a map in which `field` is `word`.
    pub(crate) fn vary(
        &mut self,
        field: &'static str,
        default: Option<&'static str>,
        words: &[&'static str],
        word: &str,
    ) {
        let variants = self.variants.get_or_insert_with(|| {
            let of = words.iter().map(|word| (*word, Self::default())).collect();
            Variants { field, default, of, current: None }
        });
        variants.current = variants.of.iter().position(|(known, _)| *known == word);
    }

    /// Adds what may stand here, unless it is known by this key; whether it is new.
    pub(crate) fn take(&mut self, key: &str, shape: impl FnOnce() -> Shape) -> bool {
        let known = self.kinds.iter().any(|kind| matches!(kind, Kind::Of(other, _) if other == key));
        if !known {
            self.kinds.push(Kind::Of(key.to_owned(), shape()));
        }
        !known
    }

    /// A map may stand here.
    pub(crate) fn take_map(&mut self) {
        if !self.kinds.iter().any(|kind| matches!(kind, Kind::Map)) {
            self.kinds.push(Kind::Map);
        }
    }

    /// A list of maps may.
    pub(crate) fn take_list(&mut self, least: u32) {
        if !self.kinds.iter().any(|kind| matches!(kind, Kind::List(_))) {
            self.kinds.push(Kind::List(least));
        }
    }

    /// What it is where nothing stands here.
    pub(crate) fn is_by_default(&mut self, value: Json) {
        self.default = match &self.default {
            Default::Unsaid => Default::Is(value),
            Default::Is(other) if *other == value => return,
            _ => Default::Differs,
        };
    }
}
