//! Which value has which colour.

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
