//! The least value of a function of one or two numbers.

/// Steps after which it is near enough.
const STEPS: usize = 300;

/// Where `f` is least, by the simplex method of Nelder and Mead (1965) from `start`, with steps of `step`.
pub(super) fn minimum<const N: usize>(start: [f64; N], step: f64, f: impl Fn(&[f64; N]) -> f64) -> [f64; N] {
    let value = |at: [f64; N]| {
        let y = f(&at);
        (at, if y.is_nan() { f64::INFINITY } else { y })
    };
    let mut corners = vec![value(start)];
    for n in 0..N {
        let mut at = start;
        at[n] += step;
        corners.push(value(at));
    }
    let last = N;
    for _ in 0..STEPS {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let size = corners.iter().flat_map(|c| (0..N).map(|n| (c.0[n] - corners[0].0[n]).abs())).fold(0.0, f64::max);
        if size < 1e-7 {
            break;
        }
        let centre: [f64; N] = std::array::from_fn(|n| corners[..last].iter().map(|c| c.0[n]).sum::<f64>() / N as f64);
        // From the worst corner through the middle of the others.
        let beyond = |t: f64| value(std::array::from_fn(|n| centre[n] + t * (centre[n] - corners[last].0[n])));
        let reflected = beyond(1.0);
        let better = if reflected.1 < corners[0].1 {
            let expanded = beyond(2.0);
            if expanded.1 < reflected.1 { expanded } else { reflected }
        } else if reflected.1 < corners[last - 1].1 {
            reflected
        } else {
            beyond(if reflected.1 < corners[last].1 { 0.5 } else { -0.5 })
        };
        if better.1 < corners[last].1 {
            corners[last] = better;
        } else {
            let best = corners[0].0;
            for corner in &mut corners[1..] {
                *corner = value(std::array::from_fn(|n| f64::midpoint(best[n], corner.0[n])));
            }
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_bottom_of_a_bent_valley() {
        let valley = |p: &[f64; 2]| {
            let [x, y] = *p;
            (1.0 - x) * (1.0 - x) + 100.0 * (y - x * x) * (y - x * x)
        };
        let [x, y] = minimum([-1.2, 1.0], 0.5, valley);
        assert!((x - 1.0).abs() < 1e-4 && (y - 1.0).abs() < 1e-4, "{x} {y}");
        let [x] = minimum([5.0], 0.5, |p| (p[0] - 2.0) * (p[0] - 2.0));
        assert!((x - 2.0).abs() < 1e-5, "{x}");
    }
}
