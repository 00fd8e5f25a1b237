//! From what readers said and what is said of their fields to a JSON Schema.

use std::collections::BTreeMap;

use super::docs::{Doc, Docs, HOW};
use super::json::Json;
use super::place::{Default, Kind, Place, Rules, Variants};

/// What a field is called that is accepted and not read.
const IGNORED: &str = "Accepted, and means nothing in a forecast.";

/// What a distribution is called, and one that may leave out what stands below it.
pub(crate) const DISTRIBUTION: &str = "distribution";
pub(crate) const LAID_OVER: &str = "distributionLaidOver";

/// Makes a schema of places.
pub(crate) struct Composer<'a> {
    docs: &'a Docs,
    /// What the schema refers to by name.
    pub(crate) definitions: BTreeMap<&'static str, Json>,
    /// What is not said of fields, and should be.
    pub(crate) problems: Vec<String>,
}

impl<'a> Composer<'a> {
    /// Nothing made yet.
    pub(crate) const fn new(docs: &'a Docs) -> Self {
        Self { docs, definitions: BTreeMap::new(), problems: Vec::new() }
    }

    /// What may stand at a place, without what it means.
    pub(crate) fn schema(&mut self, place: &Place, path: &str) -> Json {
        let mut of: Vec<Json> = Vec::new();
        for kind in &place.kinds {
            let schema = match kind {
                Kind::Map => self.map(place, path),
                Kind::List(least) => self.list(place, path, *least),
                Kind::Of(_, shape) if shape.schema == reference(DISTRIBUTION) && self.docs.is_laid_over(path) => {
                    reference(LAID_OVER)
                }
                Kind::Of(_, shape) => {
                    self.definitions.extend(shape.definitions.iter().cloned());
                    shape.schema.clone()
                }
            };
            join(&mut of, schema);
        }
        if of.is_empty() && !place.ignored {
            self.problems.push(format!("{path}: its reader does not say what it takes"));
        }
        if of.len() == 1 { of.remove(0) } else { any_of(of) }
    }

    fn list(&mut self, place: &Place, path: &str, least: u32) -> Json {
        let items = match &place.item {
            Some(item) => self.schema(item, &format!("{path}[]")),
            None => Json::map([]),
        };
        let list = Json::map([("type", Json::text("array")), ("items", items)]);
        if least > 0 { list.with("minItems", Json::Number(least.into())) } else { list }
    }

    fn map(&mut self, place: &Place, path: &str) -> Json {
        let fields = self.fields(&place.fields, &place.rules, path);
        let Some(variants) = &place.variants else { return closed(fields, &place.rules, &[]) };
        let nullable = place.rules.is_free();
        let common: Vec<&str> = place.fields.iter().map(|(name, _)| name.as_str()).collect();
        let cases = variants.of.iter().map(|(word, variant)| {
            let path = format!("{path}({word})");
            let fields = self.fields(&variant.fields, &variant.rules, &path);
            Json::map([("if", variants.condition(word)), ("then", closed(fields, &variant.rules, &common))])
        });
        let cases: Vec<Json> = cases.collect();
        let kind = if nullable { Json::texts(["object", "null"]) } else { Json::text("object") };
        let open = Json::map([("type", kind), ("properties", Json::Map(fields))]);
        place.rules.add_to(open).with("allOf", Json::List(cases))
    }

    /// The maps of a place's variants as they may be where they are laid over a whole one: some of the fields.
    pub(crate) fn parts(&mut self, place: &Place, path: &str) -> Json {
        let variants = place.variants.iter().flat_map(|variants| &variants.of);
        let part = |(word, variant): &(&str, Place)| {
            let rules = Rules { not_empty: true, ..Rules::default() };
            closed(self.fields(&variant.fields, &variant.rules, &format!("{path}({word})")), &rules, &[])
        };
        any_of(variants.map(part).collect())
    }

    fn fields(&mut self, fields: &[(String, Place)], rules: &Rules, path: &str) -> Vec<(String, Json)> {
        let field = |(name, place): &(String, Place)| {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            (name.clone(), self.field(place, &inner, rules.needs(name)))
        };
        fields.iter().map(field).collect()
    }

    /// A field: what it means, its default with the source, what may stand there. `needed`: there is no default.
    fn field(&mut self, place: &Place, path: &str, needed: bool) -> Json {
        let schema = self.schema(place, path);
        if place.ignored && place.kinds.is_empty() {
            return Json::map([("description", Json::text(IGNORED))]);
        }
        let Some(doc) = self.docs.of(path) else {
            self.problems.push(format!("{path}: nothing is said of it"));
            return schema;
        };
        let about = self.about(place, path, needed, &doc);
        // What is said of the field comes before what is said of all values like it.
        let rest = schema.entries().iter().filter(|(name, _)| name != "description");
        rest.cloned().fold(about, |json, (name, value)| json.with(&name, value))
    }

    fn about(&mut self, place: &Place, path: &str, needed: bool, doc: &Doc) -> Json {
        let is = Json::text(doc.is.as_str());
        if needed {
            return Json::map([("description", is)]);
        }
        let is_map = place.kinds.iter().any(|kind| matches!(kind, Kind::Map | Kind::List(_)));
        match (&place.default, &doc.otherwise, &doc.source) {
            (Default::Is(value), None, Some(source)) => {
                if !HOW.iter().any(|how| source.starts_with(&format!("{how}: "))) {
                    self.problems.push(format!("{path}: its source does not say how it is known: {source}"));
                }
                let text = format!("{}\n\nDefault: {} ({source})", doc.is, plain(value));
                Json::map([
                    ("description", Json::text(text)),
                    ("default", value.clone()),
                    ("x-source", Json::text(source.as_str())),
                ])
            }
            (Default::Is(_), Some(otherwise), None) if doc.inherited => without(&doc.is, otherwise),
            (Default::Is(value), ..) => {
                self.problems.push(format!("{path}: needs the `source` of its default {}, and no more", plain(value)));
                Json::map([("description", is)])
            }
            (Default::Differs | Default::Unsaid, Some(otherwise), None) => without(&doc.is, otherwise),
            (Default::Unsaid, None, None) if is_map => Json::map([("description", is)]),
            _ => {
                self.problems.push(format!("{path}: needs to say what it is `otherwise`, and no more"));
                Json::map([("description", is)])
            }
        }
    }
}

fn without(is: &str, otherwise: &str) -> Json {
    Json::map([("description", Json::text(format!("{is}\n\nWithout it: {otherwise}")))])
}

/// A map of these fields and no others but those that are `common` to all variants.
fn closed(fields: Vec<(String, Json)>, rules: &Rules, common: &[&str]) -> Json {
    let kind = if rules.is_free() { Json::texts(["object", "null"]) } else { Json::text("object") };
    let common = common.iter().map(|name| ((*name).to_owned(), Json::Bool(true)));
    let properties = common.chain(fields).collect();
    let map = Json::map([("type", kind), ("properties", Json::Map(properties))]);
    rules.add_to(map.with("additionalProperties", Json::Bool(false)))
}

/// One more thing that may stand somewhere; words are joined to words.
fn join(of: &mut Vec<Json>, schema: Json) {
    if of.contains(&schema) {
        return;
    }
    let words = |json: &Json| match json.entries() {
        [(name, Json::List(words))] if name == "enum" => Some(words.clone()),
        _ => None,
    };
    if let Some(more) = words(&schema)
        && let Some(known) = of.iter_mut().find(|json| words(json).is_some())
    {
        let mut all = words(known).unwrap_or_default();
        all.extend(more.into_iter().filter(|word| !words(known).unwrap_or_default().contains(word)));
        *known = Json::map([("enum", Json::List(all))]);
        return;
    }
    of.push(schema);
}

/// What is defined by this name.
pub(crate) fn reference(name: &str) -> Json {
    Json::map([("$ref", Json::text(format!("#/$defs/{name}")))])
}

fn any_of(of: Vec<Json>) -> Json {
    if of.is_empty() { Json::map([]) } else { Json::map([("anyOf", Json::List(of))]) }
}

impl Rules {
    /// Whether a name without a value is fine, as an empty map.
    fn is_free(&self) -> bool {
        let owed = self.required.len() + self.one_of.len() + self.any_of.len();
        owed == 0 && !self.not_empty && !self.not_null
    }

    /// Whether the field has to be there, in some case.
    fn needs(&self, name: &str) -> bool {
        let listed = |names: &[&str]| names.contains(&name);
        listed(&self.required) || self.one_of.iter().any(|set| listed(set))
    }

    fn add_to(&self, map: Json) -> Json {
        let required = |names: &[&str]| Json::map([("required", Json::texts(names.iter().copied()))]);
        let mut map = map;
        if !self.required.is_empty() {
            map = map.with("required", Json::texts(self.required.iter().copied()));
        }
        if self.not_empty {
            map = map.with("minProperties", Json::Number(1.0));
        }
        if !self.one_of.is_empty() {
            map = map.with("oneOf", Json::List(self.one_of.iter().map(|set| required(set)).collect()));
        }
        if !self.any_of.is_empty() {
            map = map.with("anyOf", Json::List(self.any_of.iter().map(|name| required(&[name])).collect()));
        }
        // What is no map has all fields that are required.
        let both =
            |pair: &[&'static str; 2]| Json::map([("type", Json::text("object"))]).with("required", Json::texts(*pair));
        match &self.exclusive[..] {
            [] => map,
            [pair] => map.with("not", both(pair)),
            pairs => map.with("not", any_of(pairs.iter().map(both).collect())),
        }
    }
}

impl Variants {
    /// Holds of maps of this variant.
    fn condition(&self, word: &str) -> Json {
        let is = Json::map([(self.field, Json::map([("const", Json::text(word))]))]);
        let condition = Json::map([("properties", is)]);
        if self.default == Some(word) { condition } else { condition.with("required", Json::texts([self.field])) }
    }
}

/// A value on one line, as a scenario writes it.
fn plain(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        Json::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Json::Map(entries) => {
            let fields: Vec<String> = entries.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.line(),
    }
}
