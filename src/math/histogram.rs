//! How many numbers lie where: counts in bins of equal width.

/// Counts of the finite ones among some numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Where the first bin begins.
    pub low: f32,
    /// Where the last bin ends.
    pub high: f32,
    /// How many numbers each bin holds.
    pub counts: Vec<usize>,
    /// What the weights of the numbers in each bin add up to.
    pub weights: Vec<f32>,
}

impl Histogram {
    /// Sorts numbers into `n_bins` bins between the smallest and the largest; `weights` go with them.
    pub fn new(values: &[f32], weights: &[f32], n_bins: usize) -> Self {
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let low = finite().fold(f32::INFINITY, f32::min);
        let high = finite().fold(f32::NEG_INFINITY, f32::max);
        let (low, high) = if low < high {
            (low, high)
        } else if low.is_finite() {
            (low - 0.5, low + 0.5)
        } else {
            (0.0, 1.0)
        };
        let n_bins = n_bins.max(1);
        let mut histogram = Self { low, high, counts: vec![0; n_bins], weights: vec![0.0; n_bins] };
        for (i, &value) in values.iter().enumerate() {
            if let Some(bin) = histogram.bin(value) {
                histogram.counts[bin] += 1;
                histogram.weights[bin] += weights.get(i).copied().unwrap_or(0.0);
            }
        }
        histogram
    }

    /// The bin a number falls into.
    pub fn bin(&self, value: f32) -> Option<usize> {
        let n_bins = self.counts.len();
        let t = (value - self.low) / (self.high - self.low);
        (0.0..=1.0)
            .contains(&t)
            .then(|| ((t * n_bins as f32) as usize).min(n_bins.saturating_sub(1)))
    }

    /// Where a bin begins and ends.
    pub fn edges(&self, bin: usize) -> (f32, f32) {
        let width = (self.high - self.low) / self.counts.len().max(1) as f32;
        let left = self.low + bin as f32 * width;
        (left, left + width)
    }

    /// The fullest bin's count.
    pub fn most(&self) -> usize {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_is_counted_once() {
        let values = [0.0, 0.1, 1.0, 1.9, 2.0, f32::NAN, f32::NEG_INFINITY];
        let histogram = Histogram::new(&values, &[0.5, 0.25, 0.125, 0.0625, 0.0625], 2);
        assert_eq!((histogram.low, histogram.high), (0.0, 2.0));
        assert_eq!(histogram.counts, [2, 3]);
        assert_eq!(histogram.weights, [0.75, 0.25]);
        assert_eq!(histogram.edges(1), (1.0, 2.0));
        assert_eq!((histogram.bin(2.0), histogram.bin(2.1)), (Some(1), None));
    }

    #[test]
    fn equal_and_missing_numbers_have_a_bin() {
        assert_eq!(Histogram::new(&[3.0, 3.0], &[], 4).counts, [0, 0, 2, 0]);
        assert_eq!(Histogram::new(&[], &[], 2).most(), 0);
    }
}
