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
}

impl Scale {
    /// A symmetric scale that holds all finite values.
    pub fn around_zero(values: &[f32]) -> Self {
        let finite = values.iter().copied().filter(|x| x.is_finite());
        let limit = finite.fold(0.0_f32, |limit, x| limit.max(x.abs()));
        Self::Diverging {
            limit: if limit > 0.0 { limit } else { 1.0 },
        }
    }

    /// The smallest and largest value shown.
    pub fn range(self) -> (f32, f32) {
        match self {
            Self::Sequential { max } => (0.0, max),
            Self::Diverging { limit } => (-limit, limit),
        }
    }
}
