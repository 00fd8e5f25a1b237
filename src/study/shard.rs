//! One part of work that is split over machines: the second of four is `2/4`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which part of how many. Both count from 1, and a part never lies beyond their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// All of it in one part.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Part `index` of `count`, both from 1.
    ///
    /// # Errors
    /// Where there is no such part, in words.
    pub fn new(index: u32, count: u32) -> Result<Self, String> {
        if count == 0 {
            Err("nothing can be split into 0 parts".to_owned())
        } else if index == 0 {
            Err(format!("parts count from 1: the first is 1/{count}"))
        } else if index > count {
            Err(format!("there is no part {index} of {count}: the last is {count}/{count}"))
        } else {
            Ok(Self { index, count })
        }
    }

    /// Which part, from 1.
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many parts there are, at least 1.
    pub const fn count(self) -> u32 {
        self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (index, count) = text
            .split_once('/')
            .ok_or_else(|| format!("expected I/N, for instance 2/4 for the second of four parts, not `{text}`"))?;
        Self::new(whole_number(index)?, whole_number(count)?)
    }
}

/// Digits alone: no sign, no space, no fraction.
pub(super) fn whole_number(text: &str) -> Result<u32, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("expected a whole number, not `{text}`"));
    }
    text.parse().map_err(|_| format!("`{text}` is too large: {} at the most", u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_reads_as_it_prints() {
        for (text, index, count) in [("2/4", 2, 4), ("1/1", 1, 1), ("4294967295/4294967295", u32::MAX, u32::MAX)] {
            let shard: Shard = text.parse().expect("a part");
            assert_eq!((shard.index(), shard.count(), shard.to_string().as_str()), (index, count, text));
        }
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
    }

    #[test]
    fn what_is_no_part_is_told_so() {
        for (text, said) in [
            ("0/4", "parts count from 1: the first is 1/4"),
            ("5/4", "there is no part 5 of 4: the last is 4/4"),
            ("1/0", "nothing can be split into 0 parts"),
            ("0/0", "nothing can be split into 0 parts"),
            ("", "expected I/N, for instance 2/4 for the second of four parts, not ``"),
            ("2", "expected I/N, for instance 2/4 for the second of four parts, not `2`"),
            ("/4", "expected a whole number, not ``"),
            ("2/", "expected a whole number, not ``"),
            ("2/4/8", "expected a whole number, not `4/8`"),
            ("-1/4", "expected a whole number, not `-1`"),
            ("+1/4", "expected a whole number, not `+1`"),
            ("1 / 4", "expected a whole number, not `1 `"),
            ("1.5/4", "expected a whole number, not `1.5`"),
            ("٢/4", "expected a whole number, not `٢`"),
            ("1/4294967296", "`4294967296` is too large: 4294967295 at the most"),
        ] {
            assert_eq!(text.parse::<Shard>(), Err(said.to_owned()), "{text}");
        }
    }
}
