//! The embedding table as a dictionary: every token's vector, and which tokens lie near which.
//!
//! Training puts tokens that are used alike in like directions, so the neighbours of a vector are
//! as close to a meaning as the first layer gets. Closeness is the cosine of the angle.

use crate::math::sampling::top;
use crate::math::vector::{dot, norm};
use crate::model::files::checkpoint::Checkpoint;
use crate::problem::{Problem, Result};
use crate::trace::Token;
use burn::tensor::Tensor;

/// The vectors of all tokens.
#[derive(Debug)]
pub struct Lexicon {
    dim: usize,
    /// Every token's vector divided by its length, `[vocab, d_model]`.
    units: Vec<f32>,
    /// The lengths, `[vocab]`.
    norms: Vec<f32>,
}

/// A token and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The token's number.
    pub id: u32,
    /// The cosine of the angle to it.
    pub cosine: f32,
}

impl Lexicon {
    /// Reads the token embeddings `[vocab, d_model]`.
    pub(crate) fn of(embed: &Tensor<2>) -> Self {
        let [_, dim] = embed.dims();
        // The table is f32 like all weights; were it not, there would be no neighbours to show.
        let rows = embed.to_data().try_into_vec::<f32>().unwrap_or_default();
        Self::new(rows, dim)
    }

    /// Vectors of `dim` numbers one after the other, in the order of their ids.
    pub fn new(mut rows: Vec<f32>, dim: usize) -> Self {
        let mut norms = Vec::with_capacity(rows.len().checked_div(dim).unwrap_or(0));
        for row in rows.chunks_exact_mut(dim.max(1)) {
            let length = norm(row);
            if length > 0.0 {
                for x in row.iter_mut() {
                    *x /= length;
                }
            }
            norms.push(length);
        }
        Self { dim, units: rows, norms }
    }

    /// A token's vector, when there is such a token.
    pub fn vector(&self, id: u32) -> Option<Vec<f32>> {
        let length = self.norms.get(id as usize)?;
        let start = id as usize * self.dim;
        let unit = self.units.get(start..start + self.dim)?;
        Some(unit.iter().map(|x| x * length).collect())
    }

    /// The cosine of every token's vector with `vector`, `[vocab]`.
    pub fn cosines(&self, vector: &[f32]) -> Vec<f32> {
        let length = norm(vector);
        if length == 0.0 || vector.len() != self.dim {
            return vec![0.0; self.norms.len()];
        }
        let units = self.units.chunks_exact(self.dim);
        units.map(|unit| dot(unit, vector) / length).collect()
    }

    /// The `n` tokens nearest to `vector`, the nearest first, without those in `exclude`.
    pub fn nearest(&self, vector: &[f32], n: usize, exclude: &[u32]) -> Vec<Neighbour> {
        let mut cosines = self.cosines(vector);
        for &id in exclude {
            if let Some(cosine) = cosines.get_mut(id as usize) {
                *cosine = f32::NEG_INFINITY;
            }
        }
        let neighbour = |id: usize| Neighbour { id: id as u32, cosine: cosines[id] };
        let nearest = top(&cosines, n).into_iter().map(neighbour);
        nearest.filter(|near| near.cosine.is_finite()).collect()
    }
}

impl Checkpoint {
    /// The one token a word is: with the space before it when there is such a token, else without.
    ///
    /// # Errors
    /// When the word is several tokens, or none.
    pub fn word(&self, word: &str) -> Result<Token> {
        let word = word.trim();
        if word.is_empty() {
            return Err(Problem::new("A word is missing", "the field is empty").cure("Type a word"));
        }
        let mut pieces = self.pieces(&format!(" {word}"))?;
        if pieces.len() != 1 {
            let bare = self.pieces(word)?;
            if bare.len() == 1 {
                pieces = bare;
            }
        }
        let labels: Vec<String> = pieces.iter().map(Token::label).collect();
        let mut pieces = pieces.into_iter();
        match (pieces.next(), pieces.next()) {
            (Some(token), None) => Ok(token),
            _ => Err(Problem::new(
                format!("“{word}” is {} tokens, not one", labels.len()),
                labels.join(" "),
            )
            .cure("Only a single token has a vector of its own; try a more common word")),
        }
    }

    /// The tokens of a text, without what the tokenizer adds to every text.
    fn pieces(&self, text: &str) -> Result<Vec<Token>> {
        let mut tokens = self.tokenizer.encode(text)?;
        tokens.retain(|token| !token.special && (token.id as usize) < self.info.vocab_size);
        Ok(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    fn compass() -> Lexicon {
        // East, north, north-east three times as long, west, nothing.
        Lexicon::new(vec![1.0, 0.0, 0.0, 1.0, 3.0, 3.0, -2.0, 0.0, 0.0, 0.0], 2)
    }

    #[test]
    fn the_nearest_come_first() {
        let ids = |near: Vec<Neighbour>| near.iter().map(|n| n.id).collect::<Vec<_>>();
        let lexicon = compass();
        assert_eq!(ids(lexicon.nearest(&[5.0, 0.1], 9, &[])), [0, 2, 1, 4, 3]);
        assert_eq!(ids(lexicon.nearest(&[5.0, 0.1], 2, &[0])), [2, 1]);
        let near = lexicon.nearest(&[9.0, 0.0], 2, &[]);
        assert_eq!(near[0].cosine, 1.0);
        assert!((near[1].cosine - 0.5_f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn vectors_keep_their_lengths() {
        let vector = compass().vector(2).unwrap();
        assert!((vector[0] - 3.0).abs() < 1e-6 && (vector[1] - 3.0).abs() < 1e-6);
        assert_eq!(compass().vector(5), None);
    }

    #[test]
    fn what_has_no_direction_is_near_to_nothing() {
        assert_eq!(compass().cosines(&[0.0, 0.0]), [0.0; 5]);
        assert_eq!(compass().cosines(&[1.0]), [0.0; 5]);
        assert!(Lexicon::new(Vec::new(), 0).nearest(&[], 3, &[]).is_empty());
    }

    #[test]
    fn king_without_man_with_woman_is_queen() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let ids = ["king", "man", "woman"].map(|word| model.word(word).unwrap().id);
        let [a, b, c] = ids.map(|id| model.lexicon().vector(id).unwrap());
        let sought: Vec<f32> = (0..a.len()).map(|i| a[i] - b[i] + c[i]).collect();
        let near = model.lexicon().nearest(&sought, 1, &ids);
        assert_eq!(model.tokenizer.token(near[0].id).text, " queen");
    }

    #[test]
    fn words_are_single_tokens() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        assert_eq!(model.word(" king ").unwrap().text, " king");
        let problem = model.word("unbelievably").unwrap_err();
        assert!(problem.what.contains("tokens, not one"));
        assert!(model.word("").is_err());
    }
}
