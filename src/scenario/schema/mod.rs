//! The JSON Schema of the scenario format, made of what its readers say of themselves.
//!
//! There is no second list of fields. A reader asks for each field by name, type, bounds and default; [`note`] writes that down,
//! [`explore`] asks until nothing new comes, and [`compose`] makes a schema of it. What a field means, and where its default
//! comes from, is in `fields.yaml`, and a test holds that it is said of every field, and of no other.

mod compose;
mod describe;
mod docs;
mod explore;
mod hoist;
mod json;
mod note;
mod place;
mod shape;
#[cfg(test)]
mod tests;

pub(super) use explore::{Explored, explore};
pub(super) use json::Json;
pub(super) use note::{Notes, Written};
pub(super) use shape::Shape;

/// The schema (draft 2020-12), as text; the same bytes each time.
pub fn json_schema() -> String {
    let (schema, _) = describe::scenario();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// The word of a list that stands for a value.
pub(super) fn word_of<T: PartialEq>(words: &[(&str, T)], value: &T) -> Json {
    Json::text(words.iter().find(|(_, v)| v == value).map_or("", |(word, _)| *word))
}
