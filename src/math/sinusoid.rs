//! Positions as waves (Vaswani et al. 2017, "Attention is all you need", section 3.5).
//!
//! Instead of learning a vector for each position, the original transformer computes it. Every pair
//! of dimensions is a clock hand that turns at its own speed: the first goes round in 2π positions,
//! the last in almost 2π · base. Sine and cosine of the hand are the two numbers. Two positions that
//! lie equally far apart have the same dot product anywhere in the text.

use std::f32::consts::TAU;

/// A sinusoidal encoding. Dimensions 2i and 2i + 1 hold the sine and the cosine of the same wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sinusoid {
    /// Numbers per position.
    pub d_model: usize,
    /// How much slower the last wave is than the first; 10 000 in the paper.
    pub base: f32,
}

impl Sinusoid {
    /// By what angle a dimension's wave turns from one position to the next.
    pub fn frequency(&self, dim: usize) -> f32 {
        let exponent = (dim / 2 * 2) as f32 / self.d_model.max(1) as f32;
        self.base.powf(-exponent)
    }

    /// After how many positions a dimension's wave repeats.
    pub fn wavelength(&self, dim: usize) -> f32 {
        TAU / self.frequency(dim)
    }

    /// One number of the encoding.
    pub fn value(&self, pos: usize, dim: usize) -> f32 {
        let angle = pos as f32 * self.frequency(dim);
        if dim.is_multiple_of(2) { angle.sin() } else { angle.cos() }
    }

    /// The encodings of the first positions, `[pos, d_model]`.
    pub fn table(&self, n_positions: usize) -> Vec<f32> {
        let frequencies: Vec<f32> = (0..self.d_model).map(|dim| self.frequency(dim)).collect();
        let mut table = Vec::with_capacity(n_positions * self.d_model);
        for pos in 0..n_positions {
            for pair in frequencies.chunks(2) {
                let (sin, cos) = (pos as f32 * pair[0]).sin_cos();
                table.extend([sin, cos].into_iter().take(pair.len()));
            }
        }
        table
    }

    /// The dot product of two positions that lie `distance` apart: the sum of cos(frequency ·
    /// distance) over the waves, since sin a sin b + cos a cos b = cos(a - b).
    pub fn dot_at(&self, distance: usize) -> f32 {
        let waves = (0..self.d_model / 2).map(|i| self.frequency(2 * i));
        waves.map(|frequency| (frequency * distance as f32).cos()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::vector::dot;

    const PAPER: Sinusoid = Sinusoid { d_model: 4, base: 10_000.0 };

    #[test]
    fn sine_and_cosine_alternate() {
        let table = PAPER.table(2);
        assert_eq!(table[..4], [0.0, 1.0, 0.0, 1.0]);
        // sin 1, cos 1, sin 1/100, cos 1/100.
        let expected = [0.841_471, 0.540_302, 0.009_999_8, 0.999_95];
        for (dim, expected) in expected.into_iter().enumerate() {
            assert!((table[4 + dim] - expected).abs() < 1e-6, "dimension {dim}");
            assert!((table[4 + dim] - PAPER.value(1, dim)).abs() < 1e-6);
        }
    }

    #[test]
    fn waves_slow_down_by_the_base() {
        assert_eq!((PAPER.frequency(0), PAPER.frequency(1)), (1.0, 1.0));
        assert!((PAPER.frequency(2) - 0.01).abs() < 1e-7);
        assert!((PAPER.wavelength(3) - 628.318_5).abs() < 0.01);
    }

    #[test]
    fn the_dot_product_depends_on_the_distance_alone() {
        let sinusoid = Sinusoid { d_model: 32, base: 10_000.0 };
        let table = sinusoid.table(60);
        let row = |pos: usize| &table[pos * 32..(pos + 1) * 32];
        for (a, b) in [(0, 7), (20, 27), (52, 45)] {
            assert!((dot(row(a), row(b)) - sinusoid.dot_at(7)).abs() < 1e-3);
        }
        assert!((sinusoid.dot_at(0) - 16.0).abs() < 1e-6);
    }

    #[test]
    fn an_odd_or_absent_width_is_fine() {
        let odd = Sinusoid { d_model: 3, base: 100.0 };
        assert_eq!(odd.table(2).len(), 6);
        assert!(Sinusoid { d_model: 0, base: 1.0 }.table(5).is_empty());
    }
}
