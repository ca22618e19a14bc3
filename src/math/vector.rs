//! Vectors as slices: length, dot product, angle, mean.
//!
//! A transformer says everything in vectors. How much two of them agree is their dot product; how
//! much they agree whatever their lengths is the cosine of the angle between them.

/// Sums kept side by side, so that the processor can add several products at once.
const LANES: usize = 8;

/// The sum of the products of the entries.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

/// The length of a vector, |a|.
pub fn norm(a: &[f32]) -> f32 {
    dot(a, a).sqrt()
}

/// The mean of the numbers; 0 when there are none.
pub fn mean(a: &[f32]) -> f32 {
    a.iter().sum::<f32>() / a.len().max(1) as f32
}

/// The cosine of the angle between two vectors: 1 for the same direction, 0 for unrelated ones, -1
/// for opposite ones. A vector of length zero has no direction; its cosine is 0.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = norm(a) * norm(b);
    if lengths == 0.0 {
        return 0.0;
    }
    (dot(a, b) / lengths).clamp(-1.0, 1.0)
}

/// The mean of rows of `dim` numbers that lie one after the other; zeros when there are none.
pub fn mean_row(rows: &[f32], dim: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; dim];
    let rows = rows.chunks_exact(dim.max(1));
    let n = rows.len().max(1) as f64;
    for row in rows {
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum += f64::from(x);
        }
    }
    sums.iter().map(|sum| (sum / n) as f32).collect()
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
                let value = if lengths > 0.0 { product / lengths } else { 0.0 };
                cosine[i / stride * side + j / stride] = value;
                cosine[j / stride * side + i / stride] = value;
            }
        }
    }
    let n = rows.len();
    let means = sums.iter().enumerate().map(|(distance, sum)| (sum / (n - distance) as f64) as f32);
    Similarity { stride, side, cosine, dot_by_distance: means.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_counts() {
        // 1² + 2² + … + 11² = 506: a full chunk of eight and a rest of three.
        let a: Vec<f32> = (1..=11).map(|i| i as f32).collect();
        assert_eq!(dot(&a, &a), 506.0);
        assert_eq!(dot(&[], &[]), 0.0);
        assert_eq!(norm(&[3.0, 4.0]), 5.0);
    }

    #[test]
    fn cosines_ignore_lengths() {
        assert_eq!(cosine(&[1.0, 0.0], &[7.0, 0.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine(&[3.0, 4.0], &[-3.0, -4.0]), -1.0);
        assert!((cosine(&[3.0, 4.0], &[4.0, 3.0]) - 0.96).abs() < 1e-6);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 1.0]), 0.0);
    }

    #[test]
    fn means() {
        assert_eq!(mean_row(&[1.0, 2.0, 3.0, 6.0], 2), [2.0, 4.0]);
        assert_eq!((mean(&[1.0, 3.0]), mean(&[])), (2.0, 0.0));
        assert_eq!(mean_row(&[], 2), [0.0, 0.0]);
        assert!(mean_row(&[1.0], 0).is_empty());
    }

    #[test]
    fn rows_are_compared_with_each_other() {
        // Rows (2, 0), (0, 1), (2, 0): the first and the third are the same.
        let likeness = similarity(&[2.0, 0.0, 0.0, 1.0, 2.0, 0.0], 2, 10);
        assert_eq!((likeness.stride, likeness.side), (1, 3));
        assert_eq!(likeness.cosine, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        // Distance 0: (4 + 1 + 4) / 3; distance 1: (0 + 0) / 2; distance 2: 4 / 1.
        assert_eq!(likeness.dot_by_distance, [3.0, 0.0, 4.0]);
    }

    #[test]
    fn large_tables_are_thinned_and_empty_ones_are_fine() {
        let thinned = similarity(&[1.0, 2.0, 3.0, 4.0, 5.0], 1, 2);
        assert_eq!((thinned.stride, thinned.side, thinned.cosine), (3, 2, vec![1.0; 4]));
        assert_eq!(similarity(&[], 4, 2).side, 0);
    }
}
