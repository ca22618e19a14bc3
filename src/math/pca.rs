//! Principal component analysis: the few directions in which vectors differ most.
//!
//! Vectors of hundreds of numbers cannot be drawn; two coordinates can. PCA chooses the two (or
//! more) perpendicular directions that keep as much of the variance as two directions can, and says
//! how much that is. It is the honest projection: linear, the same every time, nothing invented.
//!
//! The directions are the top eigenvectors of the smaller of the matrices X·Xᵀ and Xᵀ·X of the
//! centred rows, found by subspace iteration (Golub & Van Loan, section 8.2.4) in `f64`.

/// Directions iterated along beside those asked for; they speed up convergence.
const EXTRA: usize = 8;
/// Rounds after which directions are taken as they are. Spectra as flat as noise need about 100.
const MAX_ROUNDS: usize = 400;
/// A direction is found when |S·v - λ·v| is this share of the largest λ.
const TOLERANCE: f64 = 1e-9;
/// A smaller share of the variance is rounding of `f32`, not a difference.
const NO_VARIANCE: f64 = 1e-10;

type Vector = Vec<f64>;

/// The directions in which some rows differ most.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pca {
    /// Mean of the rows.
    pub mean: Vec<f32>,
    /// Perpendicular unit vectors, the one with most variance first. Each points to where its
    /// largest entry is positive. All zeros when the rows do not differ in that many directions.
    pub components: Vec<Vec<f32>>,
    /// Share of the total variance along each component.
    pub explained: Vec<f32>,
}

impl Pca {
    /// Coordinates of a row along the components: as many as were asked for.
    pub fn project(&self, row: &[f32]) -> Vec<f32> {
        let along = |component: &Vec<f32>| {
            let terms = row.iter().zip(&self.mean).zip(component);
            terms.map(|((x, mean), c)| f64::from(x - mean) * f64::from(*c)).sum::<f64>() as f32
        };
        self.components.iter().map(along).collect()
    }
}

/// The first `n_components` principal components of `rows`. Rows that are not finite or not as long
/// as the first are left out.
pub fn pca(rows: &[&[f32]], n_components: usize) -> Pca {
    let dim = rows.first().map_or(0, |row| row.len());
    let fit = |row: &&&[f32]| row.len() == dim && row.iter().all(|x| x.is_finite());
    let rows: Vec<&[f32]> = rows.iter().filter(fit).copied().collect();
    let mean = mean(&rows, dim);
    let centred: Vec<Vector> = rows
        .iter()
        .map(|row| row.iter().zip(&mean).map(|(&x, m)| f64::from(x) - m).collect())
        .collect();
    let total: f64 = centred.iter().map(|row| dot(row, row)).sum();

    let mut components = vec![vec![0.0; dim]; n_components];
    let mut explained = vec![0.0; n_components];
    for (i, (variance, component)) in directions(centred, dim, n_components).enumerate() {
        if variance > NO_VARIANCE * total {
            components[i] = component;
            explained[i] = (variance / total) as f32;
        }
    }
    Pca { mean: mean.iter().map(|&m| m as f32).collect(), components, explained }
}

fn mean(rows: &[&[f32]], dim: usize) -> Vector {
    let mut mean = vec![0.0; dim];
    for row in rows {
        for (sum, &x) in mean.iter_mut().zip(*row) {
            *sum += f64::from(x) / rows.len() as f64;
        }
    }
    mean
}

/// The top eigenvectors of Xᵀ·X with their eigenvalues, by way of X·Xᵀ when there are fewer rows
/// than dimensions.
fn directions(centred: Vec<Vector>, dim: usize, n: usize) -> impl Iterator<Item = (f64, Vec<f32>)> {
    let is_wide = centred.len() < dim;
    let columns: Vec<Vector> =
        (0..dim).map(|j| centred.iter().map(|row| row[j]).collect()).collect();
    let (sides, across) = if is_wide { (centred, columns) } else { (columns, centred) };
    let found = eigenvectors(&gram(&sides), n);
    found.into_iter().map(move |(value, vector)| {
        // An eigenvector u of X·Xᵀ gives Xᵀ·u, an eigenvector of Xᵀ·X.
        let component = if is_wide { times(&across, &vector) } else { vector };
        (value, unit(&component))
    })
}

/// A vector of length one that points to where its largest entry is positive.
fn unit(vector: &[f64]) -> Vec<f32> {
    let largest = vector
        .iter()
        .copied()
        .fold(0.0_f64, |largest, x| if x.abs() > largest.abs() { x } else { largest });
    let norm = dot(vector, vector).sqrt() * largest.signum();
    vector.iter().map(|x| (x / norm) as f32).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// A matrix given by rows, times a vector.
fn times(matrix: &[Vector], vector: &[f64]) -> Vector {
    matrix.iter().map(|row| dot(row, vector)).collect()
}

/// The products of all pairs of rows.
fn gram(rows: &[Vector]) -> Vec<Vector> {
    let mut gram = vec![vec![0.0; rows.len()]; rows.len()];
    for i in 0..rows.len() {
        for j in 0..=i {
            let product = dot(&rows[i], &rows[j]);
            (gram[i][j], gram[j][i]) = (product, product);
        }
    }
    gram
}

/// The `n` largest eigenvalues of a symmetric matrix without negative ones, with unit vectors.
fn eigenvectors(matrix: &[Vector], n: usize) -> Vec<(f64, Vector)> {
    let size = (n + EXTRA).min(matrix.len());
    let mut basis = orthonormal(start(matrix.len(), size));
    let mut images: Vec<Vector> = basis.iter().map(|v| times(matrix, v)).collect();
    for _ in 0..MAX_ROUNDS {
        basis = orthonormal(images);
        images = basis.iter().map(|v| times(matrix, v)).collect();
        // Turn the basis so that the matrix, seen from within it, is diagonal (Rayleigh-Ritz).
        let turned = diagonalize(inner(&basis, &images));
        basis = combine(&basis, &turned);
        images = combine(&images, &turned);
        if is_found(&turned, &basis, &images, n) {
            break;
        }
    }
    let values = basis.iter().zip(&images).map(|(v, image)| dot(v, image));
    values.zip(basis.iter().cloned()).take(n).collect()
}

fn is_found(turned: &[(f64, Vector)], basis: &[Vector], images: &[Vector], n: usize) -> bool {
    let scale = turned.first().map_or(0.0, |(value, _)| *value);
    let each = turned.iter().zip(basis).zip(images).take(n);
    each.into_iter().all(|(((value, _), v), image)| {
        let error: f64 = v.iter().zip(image).map(|(x, y)| (y - value * x).powi(2)).sum();
        error.sqrt() <= TOLERANCE * scale
    })
}

/// Vectors in general position, the same every time.
fn start(len: usize, size: usize) -> Vec<Vector> {
    // Weyl sequences of golden-ratio steps fill the interval evenly and never repeat.
    let entry = |i: usize| (i as f64 * 0.618_033_988_749_895 + 0.5).sin();
    (0..size).map(|s| (0..len).map(|i| entry((i * size + s) * (s + 1) + 1)).collect()).collect()
}

/// An orthonormal basis of what the vectors span (Gram-Schmidt, done twice against rounding); a
/// vector that depends on those before it becomes zero.
fn orthonormal(mut vectors: Vec<Vector>) -> Vec<Vector> {
    for i in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(i);
        let vector = &mut rest[0];
        let before = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in done.iter() {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let norm = dot(vector, vector).sqrt();
        let is_new = norm > 1e-13 * before;
        let factor = if is_new { 1.0 / norm } else { 0.0 };
        for x in vector.iter_mut() {
            *x *= factor;
        }
    }
    vectors
}

fn inner(basis: &[Vector], images: &[Vector]) -> Vec<Vector> {
    let row = |v: &Vector| images.iter().map(|image| dot(v, image)).collect();
    basis.iter().map(row).collect()
}

fn combine(vectors: &[Vector], turned: &[(f64, Vector)]) -> Vec<Vector> {
    let sum = |weights: &Vector| {
        let mut sum = vec![0.0; vectors.first().map_or(0, Vec::len)];
        for (vector, weight) in vectors.iter().zip(weights) {
            sum.iter_mut().zip(vector).for_each(|(s, x)| *s += weight * x);
        }
        sum
    };
    turned.iter().map(|(_, weights)| sum(weights)).collect()
}

/// All eigenvalues of a small symmetric matrix, largest first, with their unit vectors, by Jacobi
/// rotations.
fn diagonalize(mut matrix: Vec<Vector>) -> Vec<(f64, Vector)> {
    let n = matrix.len();
    // Row i becomes the eigenvector of the i-th diagonal entry.
    let mut vectors: Vec<Vector> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..30 {
        let mut is_diagonal = true;
        for p in 0..n {
            for q in p + 1..n {
                let size = matrix[p][p].abs().max(matrix[q][q].abs());
                if matrix[p][q].abs() > 1e-15 * size {
                    is_diagonal = false;
                    rotate(&mut matrix, &mut vectors, p, q);
                }
            }
        }
        if is_diagonal {
            break;
        }
    }
    let mut pairs: Vec<(f64, Vector)> = (0..n).map(|i| matrix[i][i]).zip(vectors).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

/// Turns axes `p` and `q` so that the entry between them becomes zero.
fn rotate(matrix: &mut [Vector], vectors: &mut [Vector], p: usize, q: usize) {
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tan = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cos = 1.0 / (tan * tan + 1.0).sqrt();
    let sin = tan * cos;
    for row in matrix.iter_mut() {
        (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
    }
    for rows in [matrix, vectors] {
        for j in 0..rows[p].len() {
            let (x, y) = (rows[p][j], rows[q][j]);
            (rows[p][j], rows[q][j]) = (cos * x - sin * y, sin * x + cos * y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[Vec<f32>], n: usize) -> Pca {
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        pca(&rows, n)
    }

    fn close(a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-5)
    }

    /// Numbers between -1 and 1 without a pattern.
    fn noise(i: usize) -> f32 {
        let mixed = (i as u32).wrapping_mul(2_654_435_761);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
        (mixed ^ (mixed >> 12)) as f32 / u32::MAX as f32 * 2.0 - 1.0
    }

    #[test]
    fn a_line_has_one_direction() {
        // Along (3, 4)/5, around (1, 2).
        let at = |t: f32| vec![1.0 + 3.0 * t, 2.0 + 4.0 * t];
        let fitted = fit(&[at(-1.0), at(0.0), at(1.0)], 2);
        assert!(close(&fitted.mean, &[1.0, 2.0]));
        assert!(close(&fitted.components[0], &[0.6, 0.8]));
        assert!(close(&fitted.components[1], &[0.0, 0.0]));
        assert!(close(&fitted.explained, &[1.0, 0.0]));
        assert!(close(&fitted.project(&at(2.0)), &[10.0, 0.0]));
    }

    #[test]
    fn variances_are_shared_out() {
        // A cross: squares 2·3² along x, 2·1² along y, none along z.
        let rows = [[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
        let rows: Vec<Vec<f32>> = rows.iter().map(|r| vec![r[0], r[1], 7.0]).collect();
        let fitted = fit(&rows, 3);
        assert!(close(&fitted.explained, &[0.9, 0.1, 0.0]));
        assert!(close(&fitted.components[0], &[1.0, 0.0, 0.0]));
        assert!(close(&fitted.components[1], &[0.0, 1.0, 0.0]));
        assert!(close(&fitted.project(&rows[2]), &[0.0, 1.0, 0.0]));
    }

    #[test]
    fn few_or_equal_rows_have_no_direction() {
        assert_eq!(pca(&[], 2).project(&[]), [0.0, 0.0]);
        let one = fit(&[vec![1.0, 2.0, 3.0]], 2);
        assert_eq!(one.project(&[1.0, 2.0, 3.0]), [0.0, 0.0]);
        let equal = fit(&vec![vec![0.1, 0.2]; 5], 2);
        assert_eq!(equal.explained, [0.0, 0.0]);
        assert_eq!(equal.project(&[9.0, 9.0]), [0.0, 0.0]);
        assert!(pca(&[&[], &[]], 2).components.iter().all(Vec::is_empty));
    }

    #[test]
    fn bad_rows_are_left_out() {
        let good = [vec![-1.0, 0.0], vec![1.0, 0.0]];
        let mut bad = good.to_vec();
        bad.extend([vec![f32::NAN, 5.0], vec![1.0], vec![f32::INFINITY, 0.0]]);
        assert_eq!(fit(&bad, 2), fit(&good, 2));
    }

    #[test]
    fn wide_and_tall_agree() {
        // 6 rows of 9 numbers, by way of X·Xᵀ; each row twice plus zero rows would weigh the same,
        // so the doubled set, 12 rows, goes by way of Xᵀ·X and must agree.
        let rows: Vec<Vec<f32>> =
            (0..6).map(|r| (0..9).map(|c| noise(r * 9 + c)).collect()).collect();
        let doubled: Vec<Vec<f32>> = rows.iter().chain(&rows).cloned().collect();
        let (wide, tall) = (fit(&rows, 3), fit(&doubled, 3));
        assert!(close(&wide.explained, &tall.explained));
        for (a, b) in wide.components.iter().zip(&tall.components) {
            assert!(close(a, b));
        }
    }

    #[test]
    fn a_flat_spectrum_still_gives_eigenvectors() {
        let rows: Vec<Vec<f32>> =
            (0..120).map(|r| (0..200).map(|c| noise(r * 200 + c)).collect()).collect();
        let fitted = fit(&rows, 2);
        let unit = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>();
        let [a, b] = [&fitted.components[0], &fitted.components[1]];
        assert!((unit(a) - 1.0).abs() < 1e-5 && (unit(b) - 1.0).abs() < 1e-5);
        assert!(a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>().abs() < 1e-5);
        // The share of variance is that of the projected coordinates.
        let along: Vec<Vec<f32>> = rows.iter().map(|row| fitted.project(row)).collect();
        let distances = |row: &Vec<f32>| {
            let squares = row.iter().zip(&fitted.mean).map(|(x, m)| (x - m).powi(2));
            squares.sum::<f32>()
        };
        let total: f32 = rows.iter().map(distances).sum();
        for i in 0..2 {
            let share = along.iter().map(|p| p[i] * p[i]).sum::<f32>() / total;
            assert!((share - fitted.explained[i]).abs() < 1e-4);
        }
        assert!(fitted.explained[0] >= fitted.explained[1]);
        assert_eq!(fitted, fit(&rows, 2));
    }
}
