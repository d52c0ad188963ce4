//! Medians and bounds that assume nothing of the distribution.

/// The median.
pub(crate) fn median(samples: &[f64]) -> f64 {
    let sorted = sorted(samples);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// Bounds that hold the true median with at least 95 %, from order statistics (the sign test); the extremes when there are
/// too few samples.
pub(crate) fn median_bounds(samples: &[f64]) -> (f64, f64) {
    let sorted = sorted(samples);
    let n = sorted.len();
    if n == 0 {
        return (f64::NAN, f64::NAN);
    }
    // Largest k with P(Binomial(n, 1/2) < k) <= 2.5 %.
    let mut below = 0.0;
    let mut term = 0.5f64.powi(n as i32);
    let mut k = 0;
    while below + term <= 0.025 {
        below += term;
        k += 1;
        term *= (n - k + 1) as f64 / k as f64;
    }
    let k = k.saturating_sub(1).min((n - 1) / 2);
    (sorted[k], sorted[n - 1 - k])
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let nine: Vec<f64> = (1..=9).map(f64::from).collect();
        assert_eq!(median(&nine), 5.0);
        // P(X <= 1) for n = 9 is 10/512 = 1.95 %: the second smallest and second largest.
        assert_eq!(median_bounds(&nine), (2.0, 8.0));
        assert_eq!(median_bounds(&[3.0, 1.0]), (1.0, 3.0));
    }
}
