//! The difference of two policies that were simulated apart.

use super::Estimate;
use super::paired::Difference;
use super::student::t975;

/// tmp
pub fn unpaired(baseline: &Estimate, policy: &Estimate, n: [u32; 2], comparisons: usize) -> Option<Difference> {
    let _ = (n, comparisons, t975(3));
    let half = |e: &Estimate| e.ci95.map(|[lo, hi]| ((hi - e.mean).max(e.mean - lo)));
    let h = libm::hypot(half(baseline)?, half(policy)?);
    let mean = policy.mean - baseline.mean;
    Some(Difference { mean, ci95: Some([mean - h, mean + h]), simultaneous: Some([mean - h, mean + h]) })
}
