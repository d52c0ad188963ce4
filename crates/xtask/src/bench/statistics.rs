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

/// CPU times of pairs of runs, with something and without it.
#[derive(Default)]
pub(crate) struct Pairs {
    with: Vec<f64>,
    without: Vec<f64>,
}

impl Pairs {
    /// Runs so many pairs: `run` with something (`true`) and without. The order alternates, so that a drift of the machine
    /// falls on both.
    pub(crate) fn run(
        pairs: usize,
        run: &mut dyn FnMut(bool) -> Result<f64, String>,
    ) -> Result<Pairs, String> {
        let mut all = Pairs::default();
        for pair in 0..pairs {
            for with in [pair % 2 == 1, pair % 2 == 0] {
                let time = run(with)?;
                if with { all.with.push(time) } else { all.without.push(time) }
            }
        }
        Ok(all)
    }

    /// What the something costs, as a share: the median over the pairs.
    pub(crate) fn cost(&self) -> f64 {
        median(&self.shares())
    }

    /// The cost in words. Beside it what the least time with it costs against the least without: what others on the machine
    /// take away only ever adds to a time.
    pub(crate) fn text(&self) -> String {
        let (low, high) = median_bounds(&self.shares());
        format!(
            "{:.1} % (95 %: {:.1} to {:.1}); by the least of {} runs each {:.1} %",
            100.0 * self.cost(),
            100.0 * low,
            100.0 * high,
            self.with.len(),
            100.0 * self.least_cost(),
        )
    }

    fn shares(&self) -> Vec<f64> {
        self.with.iter().zip(&self.without).map(|(with, without)| with / without - 1.0).collect()
    }

    fn least_cost(&self) -> f64 {
        let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
        least(&self.with) / least(&self.without) - 1.0
    }
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
    fn the_median_of_the_pairs_counts_and_the_least_stands_beside_it() {
        let mut times = [[10.0, 11.5], [22.0, 11.0], [10.5, 30.0]]
            .into_iter()
            .enumerate()
            .flat_map(|(pair, times)| if pair % 2 == 0 { times } else { [times[1], times[0]] });
        let mut order = Vec::new();
        let pairs = Pairs::run(3, &mut |with| {
            order.push(with);
            times.next().ok_or_else(String::new)
        });
        let pairs = pairs.expect("there are enough times");
        assert_eq!(order, [false, true, true, false, false, true]);
        assert_eq!(
            (pairs.without[..].to_vec(), pairs.with[..].to_vec()),
            (vec![10.0, 22.0, 10.5], vec![11.5, 11.0, 30.0])
        );
        assert!((pairs.least_cost() - 0.1).abs() < 1e-9);
        assert!((pairs.cost() - 0.15).abs() < 1e-9);
    }

    #[test]
    fn known_values() {
        let nine: Vec<f64> = (1..=9).map(f64::from).collect();
        assert_eq!(median(&nine), 5.0);
        // P(X <= 1) for n = 9 is 10/512 = 1.95 %: the second smallest and second largest.
        assert_eq!(median_bounds(&nine), (2.0, 8.0));
        assert_eq!(median_bounds(&[3.0, 1.0]), (1.0, 3.0));
    }
}
