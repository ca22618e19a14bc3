//! Lengths and angles of vectors, and how alike the rows of a table are.
//!
//! The dot product of two vectors grows with their lengths and with how much they point the same
//! way; the cosine is the second alone: 1 for the same direction, 0 for none in common, -1 for
//! opposite ones.

/// The sum of the products of matching numbers.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The length of a vector.
pub fn norm(a: &[f32]) -> f32 {
    dot(a, a).sqrt()
}

/// The mean of the numbers; 0 when there are none.
pub fn mean(a: &[f32]) -> f32 {
    a.iter().sum::<f32>() / a.len().max(1) as f32
}

/// The cosine of the angle between two vectors; 0 when one has no direction.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = norm(a) * norm(b);
    if lengths > 0.0 {
        (dot(a, b) / lengths).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// How alike the rows of a table are.
#[derive(Debug, Clone, PartialEq)]
pub struct Similarity {
    /// Every how many-th row is in `cosine`: 1 for all of them.
    pub stride: usize,
    /// Number of rows, and of columns, of `cosine`.
    pub side: usize,
    /// The cosine of every pair of those rows, `[side, side]`.
    pub cosine: Vec<f32>,
    /// The dot product of rows that lie 0, 1, 2, ... apart, averaged over all such pairs.
    pub dot_by_distance: Vec<f32>,
}

/// Compares every row of a `[rows, d_model]` table with every other. Of the cosines at most
/// `most` x `most` are kept, from rows that lie evenly apart.
pub fn similarity(table: &[f32], d_model: usize, most: usize) -> Similarity {
    let rows: Vec<&[f32]> = table.chunks_exact(d_model.max(1)).collect();
    let stride = rows.len().div_ceil(most.max(1)).max(1);
    let side = rows.len().div_ceil(stride);
    let norms: Vec<f32> = rows.iter().map(|row| norm(row)).collect();
    let mut cosine = vec![0.0; side * side];
    let mut sums = vec![0.0_f64; rows.len()];
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in rows.iter().enumerate().skip(i) {
            let product = dot(a, b);
            sums[j - i] += f64::from(product);
            if i % stride == 0 && j % stride == 0 {
                let lengths = norms[i] * norms[j];
                let value = if lengths > 0.0 {
                    product / lengths
                } else {
                    0.0
                };
                cosine[i / stride * side + j / stride] = value;
                cosine[j / stride * side + i / stride] = value;
            }
        }
    }
    let n = rows.len();
    let means = sums
        .iter()
        .enumerate()
        .map(|(distance, sum)| (sum / (n - distance) as f64) as f32);
    Similarity {
        stride,
        side,
        cosine,
        dot_by_distance: means.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_angles() {
        let (a, b) = ([3.0, 4.0], [4.0, -3.0]);
        assert_eq!((dot(&a, &a), norm(&a), mean(&a)), (25.0, 5.0, 3.5));
        assert_eq!(
            (cosine(&a, &b), cosine(&a, &a), cosine(&a, &[0.0, 0.0])),
            (0.0, 1.0, 0.0)
        );
        assert_eq!(mean(&[]), 0.0);
    }

    #[test]
    fn rows_are_compared_with_each_other() {
        // Rows (2, 0), (0, 1), (2, 0): the first and the third are the same.
        let likeness = similarity(&[2.0, 0.0, 0.0, 1.0, 2.0, 0.0], 2, 10);
        assert_eq!((likeness.stride, likeness.side), (1, 3));
        assert_eq!(
            likeness.cosine,
            [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]
        );
        // Distance 0: (4 + 1 + 4) / 3; distance 1: (0 + 0) / 2; distance 2: 4 / 1.
        assert_eq!(likeness.dot_by_distance, [3.0, 0.0, 4.0]);
    }

    #[test]
    fn large_tables_are_thinned_and_empty_ones_are_fine() {
        let thinned = similarity(&[1.0, 2.0, 3.0, 4.0, 5.0], 1, 2);
        assert_eq!(
            (thinned.stride, thinned.side, thinned.cosine),
            (3, 2, vec![1.0; 4])
        );
        assert_eq!(similarity(&[], 4, 2).side, 0);
    }
}
