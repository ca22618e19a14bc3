//! What a head does, judged by its pattern alone.
//!
//! Some heads have a habit that can be measured: looking at the token before, at the first token, at
//! themselves, or, when the current token occurred before, at what followed it then (the induction
//! heads of Olsson et al. 2022). Each habit is a score: the share of attention that goes where the
//! habit says, averaged over the positions where it can show. A head may have several habits, or
//! none that has a name.

/// A habit of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeadRole {
    /// Looks at the token before.
    PreviousToken,
    /// Looks at the first token.
    FirstToken,
    /// Looks at itself.
    Own,
    /// Looks at the token that followed an earlier occurrence of the current token.
    Induction,
    /// Looks everywhere alike.
    Diffuse,
}

/// Where the tokens of a text may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// At themselves and back: in a decoder.
    Back,
    /// Back and ahead: in an encoder.
    Everywhere,
    /// At another text of so many tokens: in cross-attention.
    Across(usize),
}

impl Sight {
    /// Can a head with this sight have this habit? An induction head goes by what came before, and
    /// places in another text are other places.
    pub fn allows(self, role: HeadRole) -> bool {
        match self {
            Self::Back => true,
            Self::Everywhere => role != HeadRole::Induction,
            Self::Across(_) => role == HeadRole::Diffuse,
        }
    }

    /// How many tokens there are to look at, in a text of `n_tokens`.
    fn n_keys(self, n_tokens: usize) -> usize {
        match self {
            Self::Back | Self::Everywhere => n_tokens,
            Self::Across(n_keys) => n_keys,
        }
    }

    /// How many of them the token at `query` sees, the first ones.
    fn seen(self, query: usize, n_tokens: usize) -> usize {
        match self {
            Self::Back => query + 1,
            _ => self.n_keys(n_tokens),
        }
    }
}

/// How strongly a head has a habit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Between 0 and 1.
    pub value: f32,
    /// The score of a head that looks at all visible tokens alike.
    pub even: f32,
}

/// The scores of one head, in the order of [`HeadRole::ALL`]; `None` where the text gives no
/// occasion, as for induction when no token is repeated.
pub type Scores = [Option<Score>; 5];

/// Attention that must go where the habit says.
const LEAST: f32 = 0.4;
/// ... and how much more than evenly spread attention would send there: in a text of three tokens
/// a third of it goes anywhere.
const MARGIN: f32 = 0.2;
/// Entropy, as a share of the largest possible, from which a head is diffuse.
const LEAST_ENTROPY: f32 = 0.9;

impl HeadRole {
    /// Every habit that is looked for.
    pub const ALL: [Self; 5] =
        [Self::PreviousToken, Self::FirstToken, Self::Own, Self::Induction, Self::Diffuse];

    /// The letter of its badge.
    pub fn letter(self) -> char {
        match self {
            Self::PreviousToken => 'P',
            Self::FirstToken => 'F',
            Self::Own => 'S',
            Self::Induction => 'I',
            Self::Diffuse => 'D',
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous",
            Self::FirstToken => "first",
            Self::Own => "self",
            Self::Induction => "induction",
            Self::Diffuse => "diffuse",
        }
    }

    /// What is measured.
    pub fn definition(self) -> &'static str {
        match self {
            Self::PreviousToken => "attention to the token before, mean from the third token on",
            Self::FirstToken => "attention to the first token, mean from the third token on",
            Self::Own => "attention of a token to itself, mean from the second token on",
            Self::Induction => {
                "attention to the tokens that followed earlier occurrences of the current token, \
                 mean over repeated tokens"
            }
            Self::Diffuse => {
                "entropy of the attention as a share of the largest possible, \
                 mean from the second token on"
            }
        }
    }

    /// The score from which the badge is given, when evenly spread attention scores `even`.
    pub fn required(self, even: f32) -> f32 {
        match self {
            Self::Diffuse => LEAST_ENTROPY,
            _ => LEAST.max(even + MARGIN),
        }
    }

    /// Does this score earn the badge?
    pub fn is_earned(self, score: Score) -> bool {
        score.value >= self.required(score.even)
    }

    /// Its place in [`HeadRole::ALL`] and in [`Scores`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Where a head with this habit looks from position `query`; empty where it cannot show.
    fn keys(self, query: usize, ids: &[u32]) -> Vec<usize> {
        match self {
            // At the second token, the token before and the first token are the same one.
            Self::PreviousToken if query >= 2 => vec![query - 1],
            Self::FirstToken if query >= 2 => vec![0],
            Self::Own if query >= 1 => vec![query],
            // The token before is left out: looking there is another habit.
            Self::Induction => {
                (1..query.saturating_sub(1)).filter(|&key| ids[key - 1] == ids[query]).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Scores the heads of one text.
#[derive(Debug)]
pub struct HeadScorer {
    n_tokens: usize,
    sight: Sight,
    /// For each habit with a place to look at, the keys of each query, `[role][query][..]`.
    keys: [Vec<Vec<usize>>; 4],
}

impl HeadScorer {
    /// Prepares for a text of these token ids.
    pub fn new(ids: &[u32], sight: Sight) -> Self {
        let roles =
            [HeadRole::PreviousToken, HeadRole::FirstToken, HeadRole::Own, HeadRole::Induction];
        Self {
            n_tokens: ids.len(),
            sight,
            keys: roles.map(|role| {
                let keys = |query| {
                    if sight.allows(role) { role.keys(query, ids) } else { Vec::new() }
                };
                (0..ids.len()).map(keys).collect()
            }),
        }
    }

    /// The scores of a head with this pattern.
    ///
    /// # Shapes
    /// `pattern` is `[query, key]`, row-major; any other length has no scores.
    pub fn scores(&self, pattern: &[f32]) -> Scores {
        let n_keys = self.sight.n_keys(self.n_tokens);
        if pattern.is_empty() || pattern.len() != self.n_tokens * n_keys {
            return [None; 5];
        }
        let mut scores = [None; 5];
        for (score, keys) in scores.iter_mut().zip(&self.keys) {
            *score = self.targeted(pattern, keys);
        }
        scores[HeadRole::Diffuse.index()] = self.diffuse(pattern);
        scores.map(|score| score.filter(|score| score.value.is_finite()))
    }

    /// The weights of the tokens that a query sees.
    fn visible<'a>(&self, pattern: &'a [f32], query: usize) -> &'a [f32] {
        let start = query * self.sight.n_keys(self.n_tokens);
        &pattern[start..start + self.sight.seen(query, self.n_tokens)]
    }

    /// Mean share of attention that goes to the keys of each query that has any.
    fn targeted(&self, pattern: &[f32], keys: &[Vec<usize>]) -> Option<Score> {
        let occasions = keys.iter().enumerate().filter(|(_, keys)| !keys.is_empty());
        let (mut value, mut even, mut count) = (0.0, 0.0, 0);
        for (query, keys) in occasions {
            let visible = self.visible(pattern, query);
            value += keys.iter().map(|&key| visible[key]).sum::<f32>();
            even += keys.len() as f32 / visible.len() as f32;
            count += 1;
        }
        (count > 0).then(|| Score { value: value / count as f32, even: even / count as f32 })
    }

    /// Mean entropy of the rows that have a choice, each as a share of ln(visible tokens).
    fn diffuse(&self, pattern: &[f32]) -> Option<Score> {
        let rows = (0..self.n_tokens).map(|query| self.visible(pattern, query));
        let shares = rows.filter(|visible| visible.len() > 1).map(|visible| {
            let terms = visible.iter().filter(|p| **p != 0.0).map(|p| -p * p.ln());
            terms.sum::<f32>() / (visible.len() as f32).ln()
        });
        let (sum, count) = shares.fold((0.0, 0), |(sum, count), share| (sum + share, count + 1));
        (count > 0).then(|| Score { value: sum / count as f32, even: 1.0 })
    }
}

/// The mean of several patterns of `n_cells` numbers; those of another size are left out.
pub fn mean_pattern<'a>(patterns: impl IntoIterator<Item = &'a [f32]>, n_cells: usize) -> Vec<f32> {
    let mut mean = vec![0.0; n_cells];
    let mut count = 0;
    for pattern in patterns {
        if pattern.len() == mean.len() {
            count += 1;
            mean.iter_mut().zip(pattern).for_each(|(sum, p)| *sum += p);
        }
    }
    for sum in &mut mean {
        *sum /= count.max(1) as f32;
    }
    mean
}

/// Attention rollout (Abnar & Zuidema 2020): how much of each token's final place in the stream
/// comes from each input token, if attention and the skip connection each passed on one half.
/// The product over layers of `0.5 * mean over heads + 0.5 * identity`, the last layer leftmost.
///
/// # Shapes
/// Each mean and the result are `[query, key]`, row-major.
pub fn rollout<'a>(layer_means: impl IntoIterator<Item = &'a [f32]>, n_tokens: usize) -> Vec<f32> {
    let n = n_tokens;
    let mut product = vec![0.0; n * n];
    for i in 0..n {
        product[i * n + i] = 1.0;
    }
    for mean in layer_means {
        let mut next = vec![0.0; n * n];
        for (query, row) in next.chunks_exact_mut(n.max(1)).enumerate() {
            for via in 0..n {
                let skip = if via == query { 0.5 } else { 0.0 };
                let weight = 0.5 * mean.get(query * n + via).unwrap_or(&0.0) + skip;
                // Nobody looks at the future: half of all weights are zero.
                if weight != 0.0 {
                    let from = &product[via * n..(via + 1) * n];
                    row.iter_mut().zip(from).for_each(|(sum, x)| *sum += weight * x);
                }
            }
        }
        product = next;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(pattern: &[f32], ids: &[u32], role: HeadRole) -> Option<f32> {
        HeadScorer::new(ids, Sight::Back).scores(pattern)[role.index()].map(|score| score.value)
    }

    fn close(a: &[f32], b: &[f32]) {
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() < 1e-6, "{a:?} is not {b:?}");
        }
    }

    #[rustfmt::skip]
    const PREVIOUS: [f32; 16] = [
        1.0, 0.0, 0.0, 0.0,
        1.0, 0.0, 0.0, 0.0,
        0.0, 0.9, 0.1, 0.0,
        0.1, 0.0, 0.7, 0.2,
    ];

    #[test]
    fn a_previous_token_head_is_one() {
        let ids = [1, 2, 3, 4];
        let value = |role| score(&PREVIOUS, &ids, role);
        let mean = f32::midpoint(0.9, 0.7);
        assert_eq!(value(HeadRole::PreviousToken), Some(mean));
        assert_eq!(value(HeadRole::FirstToken), Some(0.05));
        assert_eq!(value(HeadRole::Own), Some((0.1 + 0.2) / 3.0));
        assert_eq!(value(HeadRole::Induction), None, "no token is repeated");
        let earned = HeadScorer::new(&ids, Sight::Back).scores(&PREVIOUS);
        let earned: Vec<HeadRole> = HeadRole::ALL
            .into_iter()
            .filter(|role| earned[role.index()].is_some_and(|score| role.is_earned(score)))
            .collect();
        assert_eq!(earned, [HeadRole::PreviousToken]);
    }

    #[test]
    fn induction_looks_at_what_followed_before() {
        // a b c a: the last token looks at b, which followed the first a.
        let ids = [7, 8, 9, 7];
        let mut pattern = [0.0; 16];
        pattern[12..16].copy_from_slice(&[0.1, 0.8, 0.05, 0.05]);
        assert_eq!(score(&pattern, &ids, HeadRole::Induction), Some(0.8));
        let even = HeadScorer::new(&ids, Sight::Back).scores(&pattern)[HeadRole::Induction.index()];
        assert_eq!(even.map(|score| score.even), Some(0.25));
        // In a b a, what followed is the token before: no evidence of induction.
        assert_eq!(score(&[0.5; 9], &[7, 8, 7], HeadRole::Induction), None);
    }

    #[test]
    fn evenly_spread_attention_is_diffuse_and_nothing_else() {
        for n in 2..9_usize {
            let mut pattern = vec![0.0; n * n];
            for query in 0..n {
                pattern[query * n..=query * n + query].fill(1.0 / (query + 1) as f32);
            }
            let ids: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
            for role in HeadRole::ALL {
                if let Some(score) =
                    HeadScorer::new(&ids, Sight::Back).scores(&pattern)[role.index()]
                {
                    assert!((score.value - score.even).abs() < 1e-5, "{n} {role:?} {score:?}");
                    assert_eq!(role.is_earned(score), role == HeadRole::Diffuse, "{n} {role:?}");
                }
            }
        }
    }

    #[test]
    fn entropy_is_a_share_of_the_largest() {
        // The second token has no doubt: 0. The third halves its attention: ln 2 / ln 3.
        let pattern = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.5, 0.0];
        let value = score(&pattern, &[1, 2, 3], HeadRole::Diffuse).unwrap();
        assert!((value - 0.5 * 2_f32.ln() / 3_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_be_scored_is_not() {
        assert_eq!(HeadScorer::new(&[], Sight::Back).scores(&[]), [None; 5]);
        assert_eq!(HeadScorer::new(&[1], Sight::Back).scores(&[1.0]), [None; 5]);
        assert_eq!(HeadScorer::new(&[1, 2], Sight::Back).scores(&[1.0]), [None; 5]);
        assert_eq!(score(&[f32::NAN; 4], &[1, 2], HeadRole::Own), None);
    }

    #[test]
    fn an_encoder_is_judged_by_all_it_sees() {
        let ids = [1, 2, 1];
        let third = 1.0 / 3.0;
        let scores = HeadScorer::new(&ids, Sight::Everywhere).scores(&[third; 9]);
        let of = |role: HeadRole| scores[role.index()];
        let close = |a: f32, b: f32| (a - b).abs() < 1e-6;
        let diffuse = of(HeadRole::Diffuse).unwrap();
        assert!(close(diffuse.value, 1.0) && HeadRole::Diffuse.is_earned(diffuse));
        let own = of(HeadRole::Own).unwrap();
        assert!(close(own.value, third) && close(own.even, third));
        assert_eq!(of(HeadRole::Induction), None);
    }

    #[test]
    fn across_texts_only_the_spread_is_judged() {
        // The first token halves its attention between two of four, the second is certain.
        let pattern = [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let scores = HeadScorer::new(&[1, 2], Sight::Across(4)).scores(&pattern);
        let diffuse = scores[HeadRole::Diffuse.index()].unwrap();
        assert!((diffuse.value - 0.25).abs() < 1e-6, "{diffuse:?}");
        assert_eq!(scores.iter().flatten().count(), 1);
    }

    #[test]
    fn rollout_multiplies_layer_by_layer() {
        // Both layers: the second token looks only at the first. Half stays, half is handed over.
        let layer = [1.0, 0.0, 1.0, 0.0];
        close(&rollout([&layer[..]], 2), &[1.0, 0.0, 0.5, 0.5]);
        close(&rollout([&layer[..], &layer[..]], 2), &[1.0, 0.0, 0.75, 0.25]);
        // The last layer is leftmost: it reads what the first has mixed.
        #[rustfmt::skip]
        let (first, second) = ([
            1.0, 0.0, 0.0,
            1.0, 0.0, 0.0,
            0.0, 0.0, 1.0,
        ], [
            1.0, 0.0, 0.0,
            0.0, 1.0, 0.0,
            0.0, 1.0, 0.0,
        ]);
        let both = rollout([&first[..], &second[..]], 3);
        close(&both[6..], &[0.25, 0.25, 0.5]);
        assert_eq!(rollout([], 0), Vec::<f32>::new());
    }

    #[test]
    fn means_are_taken_cell_by_cell() {
        close(
            &mean_pattern([&[1.0, 0.0, 1.0, 0.0][..], &[1.0, 0.0, 0.0, 1.0]], 4),
            &[1.0, 0.0, 0.5, 0.5],
        );
        assert_eq!(mean_pattern([&[1.0][..]], 4), [0.0; 4]);
    }
}
