//! What a scenario is made of, as a number for each part: so that results which do not belong together are told apart,
//! and told which part differs.

use std::fmt::{Debug, Write as _};

use super::{Objectives, Scenario};
use crate::engine::mix;

/// A hash of each part of a scenario, by the name of its field at the top of the file, in a fixed order.
///
/// Equal parts have equal hashes in every run on every machine; different ones differ but for one chance in 2⁶⁴. What a
/// part *means* is hashed, not how it is written: `60s` is `1m`, a default is the same written out, and of a CSV file
/// its contents count. `name` is left out, since it changes no result. Only numbers of one version of dryroll compare:
/// they are taken over the fields of its types.
pub fn fingerprint(scenario: &Scenario, objectives: Option<&Objectives>) -> Vec<(&'static str, u64)> {
    let s = scenario;
    vec![
        ("seed", hash(&s.seed)),
        ("workload", hash(&s.workload)),
        ("pod", hash(&s.pod)),
        ("newVersion", hash(&s.new_pod)),
        ("nodes", hash(&s.nodes)),
        ("dependency", hash(&s.dependency)),
        ("loadBalancer", hash(&s.load_balancer)),
        ("network", hash(&s.network)),
        ("handshake", hash(&s.handshake)),
        ("clients", hash(&s.clients)),
        ("deploy", hash(&s.deploy)),
        ("observe", hash(&s.observe)),
        ("objectives", hash(&objectives)),
    ]
}

/// A hash of everything that `Debug` prints: floats in their shortest exact form, times exactly.
fn hash(part: &dyn Debug) -> u64 {
    let mut hash = Hasher::default();
    // A hasher takes any text.
    let _ = write!(hash, "{part:?}");
    hash.finish()
}

/// SplitMix64's finaliser over eight bytes at a time, wherever the text is cut.
#[derive(Default)]
struct Hasher {
    state: u64,
    word: [u8; 8],
    length: u64,
}

impl Hasher {
    fn finish(self) -> u64 {
        let rest = (self.length % 8) as usize;
        let mut word = [0; 8];
        word[..rest].copy_from_slice(&self.word[..rest]);
        // The length tells a text from the same one with zeros after it.
        mix(mix(self.state ^ u64::from_le_bytes(word)) ^ self.length)
    }
}

impl std::fmt::Write for Hasher {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.word[(self.length % 8) as usize] = byte;
            self.length += 1;
            if self.length.is_multiple_of(8) {
                self.state = mix(self.state.rotate_left(1) ^ u64::from_le_bytes(self.word));
            }
        }
        Ok(())
    }
}
