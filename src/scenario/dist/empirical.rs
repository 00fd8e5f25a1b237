//! A distribution as recorded: samples, or the buckets of a histogram.

/// Pieces in rising order, uniform within each; a sample is a piece without width.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    pieces: Vec<Piece>,
    mean: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    low: f64,
    high: f64,
    /// The share of draws up to the end of this piece.
    upto: f64,
    /// The same, with each draw weighted by its length.
    upto_by_length: f64,
}

impl Empirical {
    /// `factor` times as long throughout.
    pub(super) fn times(&self, factor: f64) -> Self {
        let scaled = |p: &Piece| Piece { low: p.low * factor, high: p.high * factor, ..*p };
        Self { pieces: self.pieces.iter().map(scaled).collect(), mean: self.mean * factor }
    }

    /// From pieces (weight, low, high) (s), sorted here. `None` where there is nothing, or nothing of any weight, or
    /// something negative or not a number.
    pub fn new(mut pieces: Vec<(f64, f64, f64)>) -> Option<Self> {
        let sound = |&(w, low, high): &(f64, f64, f64)| w >= 0.0 && low >= 0.0 && low <= high && (w + high).is_finite();
        if !pieces.iter().all(sound) {
            return None;
        }
        pieces.retain(|(w, ..)| *w > 0.0);
        pieces.sort_by(|a, b| a.1.total_cmp(&b.1));
        let total: f64 = pieces.iter().map(|(w, ..)| w).sum();
        let weighted: f64 = pieces.iter().map(|(w, low, high)| w * f64::midpoint(*low, *high)).sum();
        let (mut weight, mut length) = (0.0, 0.0);
        let pieces: Vec<Piece> = pieces
            .into_iter()
            .map(|(w, low, high)| {
                weight += w;
                length += w * f64::midpoint(low, high);
                let upto_by_length = if weighted > 0.0 { length / weighted } else { weight / total };
                Piece { low, high, upto: weight / total, upto_by_length }
            })
            .collect();
        (!pieces.is_empty()).then_some(Self { pieces, mean: weighted / total })
    }

    pub(super) const fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn quantile(&self, p: f64) -> f64 {
        let (piece, inside) = self.find(p, |piece| piece.upto);
        piece.low + inside * (piece.high - piece.low)
    }

    /// A draw with density t f(t) / E[X]: within a piece the distribution function is that of t².
    pub(super) fn length_biased(&self, u: f64) -> f64 {
        let (piece, inside) = self.find(u, |piece| piece.upto_by_length);
        let (low, high) = (piece.low * piece.low, piece.high * piece.high);
        libm::sqrt(low + inside * (high - low))
    }

    /// The piece that `p` falls into, and where in it, 0 to 1.
    fn find(&self, p: f64, upto: impl Fn(&Piece) -> f64) -> (Piece, f64) {
        let n = self.pieces.partition_point(|piece| upto(piece) <= p).min(self.pieces.len() - 1);
        let before = if n == 0 { 0.0 } else { upto(&self.pieces[n - 1]) };
        let width = upto(&self.pieces[n]) - before;
        let inside = if width > 0.0 { ((p - before) / width).clamp(0.0, 1.0) } else { 0.0 };
        (self.pieces[n], inside)
    }

    pub(super) fn cdf(&self, t: f64) -> f64 {
        let n = self.pieces.partition_point(|piece| piece.high <= t);
        let before = if n == 0 { 0.0 } else { self.pieces[n - 1].upto };
        match self.pieces.get(n) {
            Some(piece) if piece.low < t => before + (piece.upto - before) * (t - piece.low) / (piece.high - piece.low),
            _ => before,
        }
    }
}
