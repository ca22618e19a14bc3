//! Positions as rotations (Su et al. 2021, "`RoFormer`").
//!
//! The numbers of a query or key are taken in pairs, dimension `i` with dimension `i + d_head/2`. At
//! position `p` each pair is turned by the angle `p · frequency(i)`. The product of a query with a
//! key then depends on how far apart they are, and not on where they are.

use burn::tensor::{Device, Tensor, TensorData};

/// How fast each pair of dimensions turns. Of wider heads the first dimensions turn, and the rest stay
/// as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// Radians per position, one for each pair.
    pub frequencies: Vec<f32>,
    /// What turned vectors are multiplied by: 1, except where a model was stretched to longer texts.
    pub scale: f32,
}

impl Rotary {
    /// Frequencies from 1 down to almost `1/theta`, evenly spaced on a logarithmic scale.
    pub fn new(theta: f64, d_head: usize) -> Self {
        let half = d_head / 2;
        let frequency = |i: usize| theta.powf(-(i as f64) / half as f64) as f32;
        Self { frequencies: (0..half).map(frequency).collect(), scale: 1.0 }
    }

    /// The angles at one position, in radians, one for each pair.
    pub fn angles(&self, pos: usize) -> Vec<f32> {
        let turn = |frequency: &f32| frequency * pos as f32;
        self.frequencies.iter().map(turn).collect()
    }

    /// The rotations of `new` positions after `past` ones.
    pub(crate) fn turn(&self, past: usize, new: usize, device: &Device) -> Turn {
        let table = |f: fn(f32) -> f32| {
            let row = |pos| {
                let angles = self.angles(pos);
                angles.into_iter().map(|a| self.scale * f(a)).collect::<Vec<_>>().repeat(2)
            };
            let numbers: Vec<f32> = (past..past + new).flat_map(row).collect();
            let shape = [new, 1, 2 * self.frequencies.len()];
            Tensor::from_data(TensorData::new(numbers, shape), device)
        };
        Turn { cos: table(f32::cos), sin: table(f32::sin) }
    }
}

/// The rotations of some positions.
#[derive(Debug, Clone)]
pub struct Turn {
    /// `[pos, 1, turned dimensions]`
    cos: Tensor<3>,
    /// `[pos, 1, turned dimensions]`
    sin: Tensor<3>,
}

impl Turn {
    /// The same for so many texts, one behind the other.
    #[must_use]
    pub fn repeat(self, n_texts: usize) -> Self {
        let [cos, sin] = [self.cos, self.sin].map(|table| table.repeat_dim(0, n_texts));
        Self { cos, sin }
    }

    /// Turns the queries or keys of these positions, `[pos, head, d_head]`.
    pub fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        let (turned, width) = (self.cos.dims()[2], x.dims()[2]);
        if turned < width {
            let rest = x.clone().narrow(2, turned, width - turned);
            return Tensor::cat(vec![self.apply(x.narrow(2, 0, turned)), rest], 2);
        }
        let half = width / 2;
        let (first, second) = (x.clone().narrow(2, 0, half), x.clone().narrow(2, half, half));
        let quarter_turned = Tensor::cat(vec![-second, first], 2);
        x * self.cos.clone() + quarter_turned * self.sin.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(rotary: &Rotary, x: [f32; 4], pos: usize) -> Vec<f32> {
        let device = Device::flex();
        let x = Tensor::<1>::from_floats(x, &device).reshape([1, 1, 4]);
        let turned = rotary.turn(pos, 1, &device).apply(x);
        turned.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn pairs_turn_by_their_angles() {
        let rotary = Rotary::new(10_000.0, 4);
        assert_eq!(rotary.frequencies, [1.0, 0.01]);
        assert_eq!(turned(&rotary, [1.0, 2.0, 3.0, 4.0], 0), [1.0, 2.0, 3.0, 4.0]);
        let at = turned(&rotary, [1.0, 0.0, 0.0, 1.0], 3);
        let expected = [3.0_f32.cos(), -0.03_f32.sin(), 3.0_f32.sin(), 0.03_f32.cos()];
        assert!(at.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn dimensions_without_a_frequency_stay() {
        let rotary = Rotary::new(100.0, 2);
        let got = turned(&rotary, [1.0, 0.0, 3.0, 4.0], 3);
        let expected = [3.0_f32.cos(), 3.0_f32.sin(), 3.0, 4.0];
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn products_depend_on_the_distance_alone() {
        let rotary = Rotary::new(100.0, 4);
        let (q, k) = ([0.3, -1.0, 0.7, 2.0], [1.1, 0.4, -0.2, 0.9]);
        let product = |q_pos, k_pos| -> f32 {
            let (q, k) = (turned(&rotary, q, q_pos), turned(&rotary, k, k_pos));
            q.iter().zip(k).map(|(a, b)| a * b).sum()
        };
        assert!((product(5, 2) - product(45, 42)).abs() < 1e-5);
        assert!((product(5, 2) - product(5, 4)).abs() > 1e-2);
    }
}
