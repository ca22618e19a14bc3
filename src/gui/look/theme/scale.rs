//! Which value has which colour.

/// Differences of this size are rounding: two ways to compute one activation differ by as much. It is
/// what recordings are held to against PyTorch, relative to numbers around 1.
pub const ROUNDING: f32 = 1e-5;

/// What a colour scale is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// 0 to `max`: probabilities and attention weights. Zero is exactly the background.
    Sequential {
        /// The value with the strongest colour.
        max: f32,
    },
    /// `-limit` to `limit`, around the background: signed values.
    Diverging {
        /// The value with the strongest colour.
        limit: f32,
    },
    /// The same, when some values lie beyond its ends and have their colours.
    Clipped {
        /// The value from which on the colour is the strongest.
        limit: f32,
    },
}

impl Scale {
    /// A symmetric scale that holds all finite values.
    pub fn around_zero(values: &[f32]) -> Self {
        let finite = values.iter().copied().filter(|x| x.is_finite());
        let limit = finite.fold(0.0_f32, |limit, x| limit.max(x.abs()));
        Self::Diverging { limit: if limit > 0.0 { limit } else { 1.0 } }
    }

    /// A symmetric scale for differences of two recordings; `None` when none of them is more than
    /// rounding, which must not be drawn in full colours.
    pub fn of_differences(differences: &[f32]) -> Option<Self> {
        let is_real = |x: &f32| x.is_finite() && x.abs() > ROUNDING;
        differences.iter().any(is_real).then(|| Self::around_zero(differences))
    }

    /// A symmetric scale up to the size that 99 of 100 values keep below: a single outlier, which
    /// trained vectors have, would leave everything else without colour.
    pub fn without_outliers(values: &[f32]) -> Self {
        let sizes = values.iter().map(|x| x.abs());
        let mut sizes: Vec<f32> = sizes.filter(|x| x.is_finite()).collect();
        let nth = sizes.len() * 99 / 100;
        if nth >= sizes.len() {
            return Self::around_zero(values);
        }
        let (_, &mut limit, beyond) = sizes.select_nth_unstable_by(nth, f32::total_cmp);
        if limit > 0.0 && beyond.iter().any(|&size| size > limit) {
            Self::Clipped { limit }
        } else {
            Self::around_zero(values)
        }
    }

    /// The smallest and largest value shown.
    pub fn range(self) -> (f32, f32) {
        match self {
            Self::Sequential { max } => (0.0, max),
            Self::Diverging { limit } | Self::Clipped { limit } => (-limit, limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_not_a_difference() {
        assert_eq!(Scale::of_differences(&[2e-6, -4e-6, 0.0, f32::NAN]), None);
        assert_eq!(Scale::of_differences(&[]), None);
        let limit = 0.5;
        assert_eq!(Scale::of_differences(&[2e-6, -0.5]), Some(Scale::Diverging { limit }));
    }

    #[test]
    fn one_outlier_does_not_set_the_scale() {
        let mut values: Vec<f32> = (0..200).map(|i| i as f32 * -0.01).collect();
        values[7] = 50.0;
        let limit = 1.99;
        assert_eq!(Scale::without_outliers(&values), Scale::Clipped { limit });
        let range = |values: &[f32]| Scale::without_outliers(values).range();
        assert_eq!(range(&[0.0; 4]), (-1.0, 1.0));
        assert_eq!(range(&[]), (-1.0, 1.0));
        assert_eq!(range(&[f32::NAN, 2.0]), (-2.0, 2.0));
        let even = [1.0, -1.0, 1.0];
        let limit = 1.0;
        assert_eq!(Scale::without_outliers(&even), Scale::Diverging { limit });
    }
}
