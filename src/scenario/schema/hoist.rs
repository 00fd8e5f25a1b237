//! Maps that stand in several places, written once.

use std::collections::BTreeMap;

use super::json::Json;

/// What is said of a field rather than of its value.
const ABOUT: [&str; 3] = ["description", "default", "x-source"];
/// Maps that take up less are no gain.
const LEAST: usize = 400;

/// A map that stands in several places.
struct Repeated {
    name: String,
    times: usize,
}

/// The schema with its definitions, to which every large map goes that stands in it more than once.
pub(crate) fn hoist(schema: Json, definitions: Vec<(String, Json)>) -> Json {
    let mut seen: BTreeMap<String, Repeated> = BTreeMap::new();
    count(&schema, "", &mut seen);
    seen.retain(|_, repeated| repeated.times > 1);
    let mut names: BTreeMap<String, usize> = definitions.iter().map(|(name, _)| (name.clone(), 1)).collect();
    for repeated in seen.values_mut() {
        let times = names.entry(repeated.name.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            repeated.name = format!("{}{times}", repeated.name);
        }
    }
    let mut made: BTreeMap<String, Json> = definitions.into_iter().collect();
    let schema = replace(schema, &seen, &mut made);
    schema.with("$defs", Json::Map(made.into_iter().collect()))
}

/// The part of a map that is about its value, if that is a map of fields and large.
fn key(json: &Json) -> Option<String> {
    json.get("properties")?;
    let value = json.entries().iter().filter(|(name, _)| !ABOUT.contains(&name.as_str())).cloned();
    Some(Json::Map(value.collect()).line()).filter(|line| line.len() >= LEAST)
}

fn count(json: &Json, name: &str, seen: &mut BTreeMap<String, Repeated>) {
    if let Some(key) = key(json) {
        let repeated = seen.entry(key).or_insert_with(|| Repeated { name: name.to_owned(), times: 0 });
        repeated.times += 1;
        if repeated.times > 1 {
            // What is in it is counted where it stands first.
            return;
        }
    }
    for (field, value) in json.entries() {
        // Below `properties` keys are names of fields.
        let inner = if KEYWORDS.contains(&field.as_str()) { name } else { field };
        count(value, inner, seen);
    }
    if let Json::List(items) = json {
        for item in items {
            count(item, name, seen);
        }
    }
}

/// Keywords below which there are schemas.
const KEYWORDS: [&str; 7] = ["properties", "items", "anyOf", "allOf", "then", "if", "prefixItems"];

fn replace(json: Json, seen: &BTreeMap<String, Repeated>, made: &mut BTreeMap<String, Json>) -> Json {
    let repeated = key(&json).and_then(|key| seen.get(&key));
    match json {
        Json::Map(entries) => {
            let entries: Vec<(String, Json)> =
                entries.into_iter().map(|(name, value)| (name, replace(value, seen, made))).collect();
            let Some(repeated) = repeated else { return Json::Map(entries) };
            let (mut about, value): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|(name, _)| ABOUT.contains(&name.as_str()));
            made.entry(repeated.name.clone()).or_insert(Json::Map(value));
            about.push(("$ref".to_owned(), Json::text(format!("#/$defs/{}", repeated.name))));
            Json::Map(about)
        }
        Json::List(items) => Json::List(items.into_iter().map(|item| replace(item, seen, made)).collect()),
        other => other,
    }
}
