//! All states that a controller can come to, followed one by one.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// Visits every state that can be reached from `initial`, and looks at it, whether it is complete: each must have a way to one that is. How
/// many there are.
///
/// # Panics
/// With the first state that has none, and `of` what.
pub(crate) fn all_can_complete<S: Clone + Debug + Ord, N: IntoIterator<Item = S>>(
    initial: S,
    of: impl Debug,
    look: impl Fn(&S) -> bool,
    successors: impl Fn(&S) -> N,
) -> usize {
    let mut numbers = BTreeMap::from([(initial.clone(), 0)]);
    let mut states = vec![initial];
    let mut before: Vec<Vec<usize>> = vec![Vec::new()];
    let mut alive = Vec::new();
    let mut open = 0;
    while open < states.len() {
        if look(&states[open]) {
            alive.push(open);
        }
        for next in successors(&states[open]) {
            let number = *numbers.entry(next).or_insert_with_key(|next| {
                states.push(next.clone());
                before.push(Vec::new());
                states.len() - 1
            });
            before[number].push(open);
        }
        open += 1;
    }
    // Backwards from completion: whatever is not met has no way there.
    let mut stuck = vec![true; states.len()];
    while let Some(number) = alive.pop() {
        if std::mem::replace(&mut stuck[number], false) {
            alive.extend(&before[number]);
        }
    }
    let stuck = stuck.iter().position(|&stuck| stuck).map(|number| &states[number]);
    assert!(stuck.is_none(), "{of:?}: stuck: {stuck:?}");
    states.len()
}
