//! The draw: a coin in [0, 1) falls on the bar of cumulative probabilities.

/// Index of the token whose slice of the cumulative distribution, in vocabulary order, contains `coin`
/// in [0, 1). `probs` is `[vocab]` with sum 1.
///
/// Never a token of probability 0: a coin that rounding leaves beyond the end of the bar means the
/// last possible token. 0 if there is none at all.
pub fn pick(probs: &[f32], coin: f32) -> usize {
    let mut sum = 0.0;
    let mut last = 0;
    for (id, &prob) in probs.iter().enumerate() {
        if prob > 0.0 {
            // In f64, so that fifty thousand roundings do not move the end of the bar.
            sum += f64::from(prob);
            last = id;
            if f64::from(coin) < sum {
                break;
            }
        }
    }
    last
}

/// Draws `n` tokens from `probs` (`[vocab]`) as [`pick`] would with the next `n` coins, and counts them: `[vocab]`.
pub fn draw_many(probs: &[f32], n: usize, coins: &mut Coins) -> Vec<u32> {
    let mut counts = vec![0; probs.len()];
    let bar = Bar::new(probs);
    for _ in 0..n {
        let coin = coins.toss();
        if let Some(count) = bar.find(coin).and_then(|id| counts.get_mut(id)) {
            *count += 1;
        }
    }
    counts
}

/// Cumulative probabilities with an index of where to start looking.
struct Bar {
    /// Tokens of non-zero probability and the end of the slice of each.
    slices: Vec<(f64, u32)>,
    /// For each of [`Self::STEPS`] equal parts of [0, 1), the slice its left end is in.
    starts: Vec<u32>,
}

impl Bar {
    /// A power of two, so that the part of a coin is found without rounding.
    const STEPS: usize = 1 << 12;

    fn new(probs: &[f32]) -> Self {
        let mut sum = 0.0;
        let mut slices = Vec::new();
        for (id, &prob) in (0..).zip(probs) {
            if prob > 0.0 {
                sum += f64::from(prob);
                slices.push((sum, id));
            }
        }
        let mut slice = 0;
        let start = |step| {
            let left_end = step as f64 / Self::STEPS as f64;
            while slices.get(slice).is_some_and(|&(end, _)| end <= left_end) {
                slice += 1;
            }
            slice as u32
        };
        let starts = (0..Self::STEPS).map(start).collect();
        Self { slices, starts }
    }

    fn find(&self, coin: f32) -> Option<usize> {
        let start = self
            .starts
            .get((coin * Self::STEPS as f32) as usize)
            .map_or(0, |&start| start as usize);
        let after = self.slices.get(start..)?;
        let slice = after.iter().find(|&&(end, _)| f64::from(coin) < end).or(self.slices.last());
        slice.map(|&(_, id)| id as usize)
    }
}

/// A seeded sequence of random numbers: the same seed gives the same coins on every machine.
///
/// `SplitMix64`: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coins {
    state: u64,
}

impl Coins {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next coin in [0, 1): a multiple of 2⁻²⁴, all equally likely.
    pub fn toss(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1_u32 << 24) as f32
    }

    fn next_u64(&mut self) -> u64 {
        let number = mix(self.state);
        self.state = self.state.wrapping_add(GOLDEN_RATIO);
        number
    }
}

/// 2⁶⁴ over the golden ratio: the distance of the numbers `SplitMix64` mixes.
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output of `SplitMix64` in a state: its bits scattered, one to one.
pub(super) fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(GOLDEN_RATIO);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
