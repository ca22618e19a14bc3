//! The draw as it can be shown: every token owns a slice of a bar from 0 to 1, as wide as its
//! probability, and a coin falls on the bar.
//!
//! The slices stand in the order of the vocabulary, because [`pick`](super::sampling::pick) adds the
//! probabilities up in that order: what is drawn is what decides.

use super::sampling::Coins;

/// The part of the bar that belongs to a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// The token.
    pub id: u32,
    /// Where it begins: the probability of all tokens before it.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

impl Slice {
    /// Its width: the token's probability.
    pub fn width(&self) -> f64 {
        self.end - self.start
    }
}

/// The slices of all tokens that can be drawn, from left to right. `probs` is `[vocab]` with sum 1.
pub fn slices(probs: &[f32]) -> Vec<Slice> {
    let mut start = 0.0;
    let possible = (0..).zip(probs).filter(|&(_, &p)| p > 0.0);
    let slices = possible.map(|(id, &p)| {
        let end = start + f64::from(p);
        let slice = Slice { id, start, end };
        start = end;
        slice
    });
    slices.collect()
}

/// The slice a coin in [0, 1) falls into; the last one if rounding ends the bar before the coin.
pub fn hit(slices: &[Slice], coin: f32) -> Option<&Slice> {
    let coin = f64::from(coin);
    let index = slices.partition_point(|slice| slice.end <= coin);
    slices.get(index).or(slices.last())
}

/// The coin number `n` (from 0) of a seed: the one that decides the token number `n` of a text.
pub fn coin(seed: u64, n: usize) -> f32 {
    let mut coins = Coins::new(seed);
    for _ in 0..n {
        coins.toss();
    }
    coins.toss()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;
    use crate::math::sampling::pick;

    #[test]
    fn slices_are_as_wide_as_the_probabilities() {
        let slices = slices(&[0.25, 0.0, 0.5, 0.25]);
        let found: Vec<_> = slices.iter().map(|s| (s.id, s.start, s.end)).collect();
        assert_eq!(found, [(0, 0.0, 0.25), (2, 0.25, 0.75), (3, 0.75, 1.0)]);
    }

    #[test]
    fn the_slice_hit_is_the_token_picked() {
        let mut probs: Vec<f32> = (0..300).map(|i| ((i * 37) % 11) as f32).collect();
        let sum: f32 = probs.iter().sum();
        for p in &mut probs {
            *p /= sum;
        }
        let slices = slices(&probs);
        for n in 0..500 {
            let coin = coin(5, n);
            assert_eq!(hit(&slices, coin).unwrap().id as usize, pick(&probs, coin));
        }
        assert_eq!(hit(&[], 0.5), None);
    }

    #[test]
    fn coins_are_those_of_the_sequence() {
        let mut coins = Coins::new(7);
        for n in 0..5 {
            assert_eq!(coin(7, n), coins.toss());
        }
    }
}
