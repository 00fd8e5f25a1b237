//! Where an answer changes on the way from one value to another, by halving.

/// Between which two neighbours an answer turns from good to bad: `good` and `bad` are places on a scale, in either order,
/// and `is_good` is asked about places between them alone. The answer comes after log₂ of their distance questions.
///
/// Where the answer turns more than once on the way, one of the turns is found: the places that are returned are neighbours, the
/// first of them good and the second bad (as they were said to be at the ends).
///
/// # Errors
/// What `is_good` says.
pub fn flip<E>(
    mut good: usize,
    mut bad: usize,
    mut is_good: impl FnMut(usize) -> Result<bool, E>,
) -> Result<(usize, usize), E> {
    while good.abs_diff(bad) > 1 {
        let middle = usize::midpoint(good, bad);
        if is_good(middle)? { good = middle } else { bad = middle }
    }
    Ok((good, bad))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::flip;

    #[test]
    fn every_turn_is_found_in_either_direction() {
        for turn in 1..40 {
            let mut asked = 0;
            let up = flip(0, 40, |n| {
                asked += 1;
                Ok::<_, Infallible>(n < turn)
            });
            assert_eq!(up, Ok((turn - 1, turn)));
            assert!(asked <= 6);
            assert_eq!(flip(40, 0, |n| Ok::<_, Infallible>(n >= turn)), Ok((turn, turn - 1)));
        }
    }

    #[test]
    fn neighbours_need_no_question_and_an_error_ends_it() {
        assert_eq!(flip(3, 4, |_| Err(())), Ok((3, 4)));
        assert_eq!(flip(0, 4, |_| Err("no")), Err("no"));
    }
}
