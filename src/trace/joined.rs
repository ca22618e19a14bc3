//! Recordings continued: rows of an earlier one, which a change at the end of the text left as they
//! were, and new rows after them.
//!
//! The rows are put together when somebody looks, so that a key press costs the new rows alone. At
//! most [`MOST_PIECES`] recordings are strung together this way; then they are copied into one.

use super::activation::{Activation, Shared};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Recordings that wait to be put together. More would keep more memory alive than they save.
const MOST_PIECES: usize = 48;

/// What stands right of the rows of an earlier recording: keys that came later.
#[derive(Clone)]
pub enum Future {
    /// 0: nobody looks at the future.
    Hidden,
    /// The products of queries and keys, which are recorded before the mask hides them.
    Products(Arc<Products>),
}

/// Queries and keys as they are multiplied, to compute what an earlier recording could not know.
pub struct Products {
    /// `[pos, head, d_head]`
    pub q: Activation,
    /// `[pos, kv_head, d_head]`
    pub k: Activation,
    /// What each product is multiplied by.
    pub scaling: f32,
}

impl Products {
    fn score(&self, head: usize, query: usize, key: usize) -> f32 {
        let n_heads = self.q.shape().get(1).copied().unwrap_or(1).max(1);
        let n_kv_heads = self.k.shape().get(1).copied().unwrap_or(1);
        let q = self.q.at(&[query, head]).unwrap_or_default();
        let k = self.k.at(&[key, head * n_kv_heads / n_heads]).unwrap_or_default();
        q.iter().zip(k).map(|(q, k)| q * k).sum::<f32>() * self.scaling
    }
}

/// Some rows of one recording.
#[derive(Clone)]
struct Piece {
    of: Whole,
    /// Which of its rows.
    rows: Range<usize>,
    /// How many numbers of each row still hold: in squares, those of keys that are still there.
    valid: usize,
}

/// A recording in one piece.
#[derive(Clone)]
struct Whole {
    data: Shared,
    /// Rows it has, in each head if it has heads.
    n_rows: usize,
    /// Length of a row.
    width: usize,
}

/// Pieces, and what they are together once somebody has looked.
pub struct Joined {
    pieces: Vec<Piece>,
    n_heads: usize,
    width: usize,
    future: Future,
    whole: OnceLock<Vec<f32>>,
}

impl Joined {
    /// The numbers, row-major.
    pub fn whole(&self) -> &[f32] {
        self.whole.get_or_init(|| self.join())
    }

    /// Has somebody looked?
    pub fn is_whole(&self) -> bool {
        self.whole.get().is_some()
    }

    fn join(&self) -> Vec<f32> {
        let n_rows: usize = self.pieces.iter().map(|piece| piece.rows.len()).sum();
        let mut whole = Vec::with_capacity(self.n_heads * n_rows * self.width);
        for head in 0..self.n_heads {
            let mut row = 0;
            for Piece { of, rows, valid } in &self.pieces {
                let data = (*of.data).as_ref();
                for piece_row in rows.clone() {
                    let start = (head * of.n_rows + piece_row) * of.width;
                    whole.extend_from_slice(&data[start..start + valid]);
                    let later = *valid..self.width;
                    match &self.future {
                        Future::Hidden => whole.extend(later.map(|_| 0.0)),
                        Future::Products(products) => {
                            whole.extend(later.map(|key| products.score(head, row, key)));
                        }
                    }
                    row += 1;
                }
            }
        }
        whole
    }
}

/// The first `kept` rows of `earlier` and all of `new`, whose rows stand for positions: axis 0 of
/// most activations.
pub fn join_rows(earlier: &Activation, kept: usize, new: &Activation) -> Option<Activation> {
    let (&n_old, &n_new) = (earlier.shape().first()?, new.shape().first()?);
    let mut shape = new.shape().to_vec();
    *shape.first_mut()? = kept + n_new;
    let width = new.shape()[1..].iter().product();
    join([(earlier, n_old), (new, n_new)], [kept, width], (shape, 1, width), Future::Hidden)
}

/// The same for `[head, query, key]`. The rows of `earlier` are as long as its text was; what stands
/// right of them is the `future`.
pub fn join_squares(
    earlier: &Activation,
    kept: usize,
    new: &Activation,
    future: Future,
) -> Option<Activation> {
    let (&[_, n_old, _], &[n_heads, n_new, n_keys]) = (earlier.shape(), new.shape()) else {
        return None;
    };
    let shape = vec![n_heads, kept + n_new, n_keys];
    join([(earlier, n_old), (new, n_new)], [kept, kept], (shape, n_heads, n_keys), future)
}

fn join(
    [(earlier, n_old), (new, n_new)]: [(&Activation, usize); 2],
    [kept, valid]: [usize; 2],
    (shape, n_heads, width): (Vec<usize>, usize, usize),
    future: Future,
) -> Option<Activation> {
    if kept > n_old {
        return None;
    }
    let mut pieces = match earlier.pieces() {
        Some(joined) if joined.n_heads == n_heads => joined.pieces.clone(),
        _ => vec![Piece::all(earlier, n_old, n_heads)],
    };
    let mut left = kept;
    for piece in &mut pieces {
        let n = piece.rows.len().min(left);
        piece.rows.end = piece.rows.start + n;
        piece.valid = piece.valid.min(valid);
        left -= n;
    }
    pieces.retain(|piece| !piece.rows.is_empty());
    pieces.push(Piece::all(new, n_new, n_heads));
    let is_long = pieces.len() > MOST_PIECES;
    let whole = OnceLock::new();
    let joined = Joined { pieces, n_heads, width, future, whole };
    if is_long {
        return Activation::new(shape, joined.join());
    }
    Some(Activation::joined(shape, joined))
}

impl Piece {
    fn all(activation: &Activation, n_rows: usize, n_heads: usize) -> Self {
        let data = activation.share();
        let width = (*data).as_ref().len() / (n_rows * n_heads).max(1);
        Self { of: Whole { data, n_rows, width }, rows: 0..n_rows, valid: width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize], from: usize) -> Activation {
        let len = shape.iter().product::<usize>();
        let data = (from..from + len).map(|i| i as f32).collect();
        Activation::new(shape.to_vec(), data).unwrap()
    }

    #[test]
    fn rows_follow_rows() {
        let old = counting(&[3, 2], 0);
        let first = join_rows(&old, 2, &counting(&[1, 2], 10)).unwrap();
        assert_eq!(first.shape(), [3, 2]);
        let second = join_rows(&first, 3, &counting(&[1, 2], 20)).unwrap();
        assert_eq!(second.data(), [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 20.0, 21.0]);
        let back = join_rows(&second, 1, &counting(&[2, 2], 30)).unwrap();
        assert_eq!(back.data(), [0.0, 1.0, 30.0, 31.0, 32.0, 33.0]);
        assert_eq!(first.data(), [0.0, 1.0, 2.0, 3.0, 10.0, 11.0]);
        assert!(join_rows(&old, 4, &old).is_none());
    }

    #[test]
    fn many_pieces_become_one() {
        let mut all = counting(&[1, 1], 0);
        for i in 1..200 {
            all = join_rows(&all, i, &counting(&[1, 1], i)).unwrap();
            assert!(all.pieces().is_none_or(|joined| joined.pieces.len() <= MOST_PIECES));
        }
        let expected: Vec<f32> = (0..200).map(|i| i as f32).collect();
        assert_eq!(all.data(), expected);
    }

    #[test]
    fn squares_grow_to_the_right_and_down() {
        let (q, k) = (counting(&[3, 2, 1], 1), counting(&[3, 1, 1], 1));
        let old = Activation::new(vec![2, 2, 2], vec![1.0; 8]).unwrap();
        let new = Activation::new(vec![2, 1, 3], vec![5.0; 6]).unwrap();
        let hidden = join_squares(&old, 2, &new, Future::Hidden).unwrap();
        let head = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 5.0, 5.0, 5.0];
        assert_eq!(hidden.data(), [head, head].concat());
        let products = Arc::new(Products { q, k, scaling: 10.0 });
        let seen = join_squares(&old, 2, &new, Future::Products(products)).unwrap();
        // What an earlier text's later keys gave is forgotten with them.
        let one = Activation::new(vec![1, 1, 1], vec![7.0]).unwrap();
        let old = Activation::new(vec![1, 2, 2], vec![1.0, 9.0, 9.0, 9.0]).unwrap();
        let [q1, k1] = [[3.0, 4.0], [5.0, 6.0]]
            .map(|data| Activation::new(vec![2, 1, 1], data.to_vec()).unwrap());
        let again = Future::Products(Arc::new(Products { q: q1, k: k1, scaling: 1.0 }));
        let new = Activation::new(vec![1, 1, 2], vec![2.0, 2.0]).unwrap();
        let replaced = join_squares(&old, 1, &new, again).unwrap();
        assert_eq!(replaced.data(), [1.0, 18.0, 2.0, 2.0]);
        let shorter = join_squares(&old, 0, &one, Future::Hidden).unwrap();
        assert_eq!(shorter.data(), [7.0]);
        // q = [[1, 2], [3, 4], [5, 6]], k = [1, 2, 3]: query 1 of head 1 and key 2 give 4 · 3 · 10.
        let expected = [1.0, 1.0, 60.0, 1.0, 1.0, 120.0, 5.0, 5.0, 5.0];
        assert_eq!(seen.data()[9..], expected);
    }
}
