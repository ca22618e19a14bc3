//! What the numbers in the steps are, and which numbers each was made of.

/// A kind of number in the steps, in the order in which they are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The query vector, by dimension of the head.
    Q,
    /// The key vector of the focused key, by dimension of the head.
    K,
    /// q times k, by dimension of the head.
    Product,
    /// q · k, by key.
    Dot,
    /// The scaled dot product, by key.
    Score,
    /// The score, or -∞ in the future, by key.
    Masked,
    /// The numerator of the softmax, by key.
    Exponential,
    /// The attention weight, by key.
    Weight,
    /// The value vectors, by key and dimension of the head.
    Value,
    /// Weight times value, by key and dimension of the head.
    WeightedValue,
    /// The mixed values, by dimension of the head.
    Z,
    /// z of all heads side by side, by dimension of all heads.
    AllZ,
    /// What attention adds to the stream, by dimension of the stream.
    Out,
}

impl Row {
    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q => "Query vector",
            Self::K => "Key vector",
            Self::Product => "Products of query and key",
            Self::Dot => "Dot products",
            Self::Score => "Scores",
            Self::Masked => "Masked scores",
            Self::Exponential => "Exponentials",
            Self::Weight => "Attention weights",
            Self::Value => "Value vectors",
            Self::WeightedValue => "Weighted values",
            Self::Z => "Mixed values z",
            Self::AllZ => "Mixed values of all heads",
            Self::Out => "Attention output",
        }
    }
}

/// One number, or every number along an axis that is left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub row: Row,
    /// Of which key.
    pub key: Option<usize>,
    /// In which dimension.
    pub dim: Option<usize>,
}

impl Part {
    /// All numbers of a kind.
    pub fn all(row: Row) -> Self {
        let (key, dim) = (None, None);
        Self { row, key, dim }
    }

    /// The number, or numbers, of one key.
    pub fn key(row: Row, key: Option<usize>) -> Self {
        Self { key, ..Self::all(row) }
    }

    /// The number, or numbers, of one dimension.
    pub fn dim(row: Row, dim: Option<usize>) -> Self {
        Self { dim, ..Self::all(row) }
    }

    /// The numbers this one was made of, back to the step before. The head that is shown is number
    /// `head`, and each head is `d_head` wide.
    pub fn made_of(self, head: usize, d_head: usize) -> Vec<Self> {
        let Self { row, key, dim } = self;
        match row {
            Row::Q | Row::K | Row::Value => Vec::new(),
            Row::Product => vec![Self::dim(Row::Q, dim), Self::dim(Row::K, dim)],
            Row::Dot => vec![Self::all(Row::Q), Self::all(Row::K), Self::all(Row::Product)],
            Row::Score => vec![Self::key(Row::Dot, key)],
            Row::Masked => vec![Self::key(Row::Score, key)],
            Row::Exponential => vec![Self::key(Row::Masked, key)],
            // The denominator of the softmax is made of every exponential.
            Row::Weight => vec![Self::key(Row::Masked, key), Self::all(Row::Exponential)],
            Row::WeightedValue => {
                vec![Self::key(Row::Weight, key), Self { row: Row::Value, key, dim }]
            }
            Row::Z => vec![
                Self::all(Row::Weight),
                Self::dim(Row::Value, dim),
                Self::dim(Row::WeightedValue, dim),
            ],
            Row::AllZ => {
                let own = dim.and_then(|dim| dim.checked_sub(head * d_head));
                let own = own.filter(|&dim| dim < d_head);
                own.map(|dim| Self::dim(Row::Z, Some(dim))).into_iter().collect()
            }
            Row::Out => vec![Self::all(Row::AllZ)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_made_of_its_dot_product() {
        let score = Part::key(Row::Score, Some(3));
        assert_eq!(score.made_of(0, 4), [Part::key(Row::Dot, Some(3))]);
        let dot = Part::key(Row::Dot, Some(3)).made_of(0, 4);
        assert!(dot.contains(&Part::all(Row::Q)) && dot.contains(&Part::all(Row::K)));
    }

    #[test]
    fn a_dimension_of_z_is_made_of_all_weights_and_a_column_of_values() {
        let parts = Part::dim(Row::Z, Some(2)).made_of(1, 4);
        assert!(parts.contains(&Part::all(Row::Weight)));
        assert!(parts.contains(&Part::dim(Row::Value, Some(2))));
    }

    #[test]
    fn only_the_shown_heads_z_can_be_lit_in_all_z() {
        let all_z = |dim| Part::dim(Row::AllZ, Some(dim)).made_of(1, 4);
        assert_eq!(all_z(6), [Part::dim(Row::Z, Some(2))]);
        assert!(all_z(3).is_empty() && all_z(8).is_empty());
    }
}
