//! Figures by name, in the order in which a reader expects them.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::stats::Estimate;

/// A figure of the summary; `None` (JSON `null`) where nothing was to be measured in any replication.
///
/// Where only some replications had something to measure, it is the mean over those.
pub type Figure = Option<Estimate>;

/// Named figures in a fixed order, which a sorted map would not keep: `"truncated"` stands before `"timeout"`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(pub Vec<(String, Figure)>);

impl Figures {
    /// The figure of that name; `None` as well where there is no such name.
    pub fn get(&self, name: &str) -> Figure {
        self.0.iter().find(|(n, _)| n == name).and_then(|(_, f)| *f)
    }

    /// Names and figures, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Figure)> {
        self.0.iter().map(|(n, f)| (n.as_str(), *f))
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, figure) in &self.0 {
            map.serialize_entry(name, figure)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Figures;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("figures by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Figures, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Figures(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
