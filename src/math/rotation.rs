//! Rotary positions on plain vectors: of the first `n` dimensions, `i` and `i + n/2` are a pair, and each
//! pair is turned by its own frequency times the position (Su et al. 2021). The rest stay as they are.

/// A vector turned forwards by so many positions, backwards by a negative number.
pub fn turned(x: &[f32], frequencies: &[f32], positions: f32) -> Vec<f32> {
    let half = frequencies.len();
    let mut turned = x.to_vec();
    if x.len() < 2 * half {
        return turned;
    }
    for (i, frequency) in frequencies.iter().enumerate() {
        let (sin, cos) = (frequency * positions).sin_cos();
        turned[i] = x[i] * cos - x[i + half] * sin;
        turned[i + half] = x[i + half] * cos + x[i] * sin;
    }
    turned
}

/// The product of a query and a key, neither turned yet, when the query stands `distance` positions
/// after the key.
pub fn dot_at(q: &[f32], k: &[f32], frequencies: &[f32], distance: f32) -> f32 {
    let turned = turned(q, frequencies, distance);
    turned.iter().zip(k).map(|(q, k)| q * k).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREQUENCIES: [f32; 2] = [1.0, 0.1];

    #[test]
    fn turning_back_undoes_turning() {
        let x = [1.0, 2.0, -3.0, 0.5];
        let back = turned(&turned(&x, &FREQUENCIES, 7.0), &FREQUENCIES, -7.0);
        assert!(x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-5));
        assert_eq!(turned(&x, &[1.0; 3], 7.0), x, "more pairs than there are");
        assert_eq!(turned(&x, &[1.0], 7.0)[2..], x[2..], "the rest stays");
    }

    #[test]
    fn only_the_distance_counts() {
        let (q, k) = ([0.3, -1.0, 0.7, 2.0], [1.1, 0.4, -0.2, 0.9]);
        let at = |q_pos, k_pos| -> f32 {
            let (q, k) = (turned(&q, &FREQUENCIES, q_pos), turned(&k, &FREQUENCIES, k_pos));
            q.iter().zip(k).map(|(a, b)| a * b).sum()
        };
        assert!((at(9.0, 4.0) - dot_at(&q, &k, &FREQUENCIES, 5.0)).abs() < 1e-4);
    }
}
