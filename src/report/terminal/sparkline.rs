//! A series in one line of text.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What a cell shows of the bins that fall into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worst {
    /// The smallest, for what must not fall.
    Lowest,
    /// The largest, for what must not rise.
    Highest,
}

/// `values` in `cells` characters: each the worst of its bins, drawn on a scale from 0 to `top`.
///
/// A dot is exactly 0, a blank nothing measured, so that one failure is never drawn like none.
pub(super) fn line(values: &[Option<f64>], cells: usize, worst: Worst, top: f64) -> String {
    let cell = |i: usize| {
        let from = i * values.len() / cells;
        let to = ((i + 1) * values.len() / cells).max(from + 1);
        let pick = match worst {
            Worst::Lowest => f64::min,
            Worst::Highest => f64::max,
        };
        values.get(from..to)?.iter().flatten().copied().reduce(pick)
    };
    (0..cells).map(|i| cell(i).map_or(' ', |v| block(v, top))).collect()
}

fn block(value: f64, top: f64) -> char {
    if value <= 0.0 {
        return '·';
    }
    let eighth = libm::ceil(value / top * 8.0) as usize;
    BLOCKS[eighth.clamp(1, 8) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_shows_its_worst_bin() {
        let values = [Some(0.0), Some(8.0), Some(4.0), Some(4.0), None, None];
        assert_eq!(line(&values, 3, Worst::Highest, 8.0), "█▄ ");
        assert_eq!(line(&values, 3, Worst::Lowest, 8.0), "·▄ ");
    }

    #[test]
    fn few_bins_are_drawn_wide_and_a_little_is_not_nothing() {
        assert_eq!(line(&[Some(0.0), Some(0.001)], 4, Worst::Highest, 100.0), "··▁▁");
        assert_eq!(line(&[], 4, Worst::Highest, 1.0), "    ");
        assert_eq!(line(&[Some(3.0)], 2, Worst::Lowest, 0.0), "██");
    }
}
