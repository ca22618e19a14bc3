//! Beam search: several texts are written at once, and the likeliest as a whole wins.
//!
//! A greedy choice takes the best next token and may walk into a dead end. Beam search keeps the
//! `width` likeliest texts so far, reads all their continuations, and keeps the `width` likeliest of
//! those. A text that ends is set aside with its score, the sum of its log-probabilities over its
//! length to the power of the length penalty: without it, short texts would always win.
//!
//! Every decision is that of Hugging Face transformers' `generate(num_beams=…)`
//! (`GenerationMixin._beam_search`), sums in float32 included. What gives the probabilities is left
//! to the caller: a decoder, or an encoder-decoder with its source.

use super::sampling::top;

/// How to search.
#[derive(Clone, Debug, PartialEq)]
pub struct BeamSettings {
    /// How many texts are followed.
    pub width: usize,
    /// After this many tokens a text is over, finished or not.
    pub max_tokens: usize,
    /// The tokens that end a text.
    pub ends: Vec<u32>,
    /// The power of the length that a finished text's log-probability is divided by: 0 ignores the
    /// length, above 0 long texts gain. transformers' default is 1.
    pub length_penalty: f32,
    /// Is the search over as soon as `width` texts are finished? Otherwise (transformers' default) it
    /// goes on while the best open text, if it ended now, would beat the worst finished one.
    pub early_stopping: bool,
}

impl BeamSettings {
    /// transformers' defaults.
    pub fn new(width: usize, max_tokens: usize, ends: Vec<u32>) -> Self {
        Self { width: width.max(1), max_tokens, ends, length_penalty: 1.0, early_stopping: false }
    }

    /// What a text of `n` tokens with this log-probability is worth when it ends.
    fn score(&self, log_prob: f32, n: usize) -> f32 {
        (f64::from(log_prob) / (n as f64).powf(f64::from(self.length_penalty))) as f32
    }

    /// How many continuations are looked at: enough that `width` go on even if the best of each
    /// beam is an end.
    fn n_candidates(&self) -> usize {
        self.width * (1 + self.ends.len()).max(2)
    }
}

/// A text on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Beam {
    /// What was written.
    pub tokens: Vec<u32>,
    /// Natural logarithm of the probability of all of it.
    pub log_prob: f32,
}

/// A text that is over: it ended itself, or reached the greatest length.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// What was written, the end included.
    pub tokens: Vec<u32>,
    /// Natural logarithm of the probability of all of it.
    pub log_prob: f32,
    /// The same with the length counted in; the greatest wins.
    pub score: f32,
}

/// The state of a search: texts that go on and texts that are over.
#[derive(Clone, Debug)]
pub struct BeamSearch {
    settings: BeamSettings,
    running: Vec<Beam>,
    /// The best finished texts, at most `width`, best first.
    finished: Vec<Finished>,
    length: usize,
    is_over: bool,
}

impl BeamSearch {
    /// A search that has written nothing.
    pub fn new(settings: BeamSettings) -> Self {
        let nothing = Beam { tokens: Vec::new(), log_prob: 0.0 };
        Self {
            is_over: settings.max_tokens == 0,
            settings,
            running: vec![nothing],
            finished: Vec::new(),
            length: 0,
        }
    }

    /// The texts that go on, best first: what [`BeamSearch::step`] wants probabilities for.
    pub fn running(&self) -> &[Beam] {
        &self.running
    }

    /// Finished texts, best first.
    pub fn finished(&self) -> &[Finished] {
        &self.finished
    }

    /// Is there nothing more to gain?
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Writes one token more. `log_probs` are, for each running text, the log-probabilities of what
    /// may follow, `[vocab]`; −∞ and NaN never follow. Returns which text each running one came from.
    pub fn step(&mut self, log_probs: &[Vec<f32>]) -> Vec<usize> {
        if self.is_over {
            return (0..self.running.len()).collect();
        }
        self.length += 1;
        let (mut running, mut parents) = (Vec::new(), Vec::new());
        let candidates = self.candidates(log_probs);
        let is_last = self.length >= self.settings.max_tokens;
        for (rank, &(log_prob, parent, token)) in candidates.iter().enumerate() {
            let is_end = is_last || self.settings.ends.contains(&token);
            // Ends count only among the best; what goes on takes their places.
            let n_before = if is_end { rank } else { running.len() };
            if n_before >= self.settings.width {
                continue;
            }
            let mut tokens = self.running[parent].tokens.clone();
            tokens.push(token);
            if is_end {
                self.finish(tokens, log_prob);
            } else {
                running.push(Beam { tokens, log_prob });
                parents.push(parent);
            }
        }
        self.is_over = is_last || running.is_empty() || !self.can_gain(&running);
        // At the greatest length nothing goes on; the last open texts stay for whoever draws them.
        if !running.is_empty() {
            self.running = running;
        }
        parents
    }

    /// The likeliest continuations of all running texts as log-probability, text and token; of equal
    /// ones, the first.
    fn candidates(&self, log_probs: &[Vec<f32>]) -> Vec<(f32, usize, u32)> {
        let n = self.settings.n_candidates();
        let mut all = Vec::new();
        for (parent, (beam, next)) in self.running.iter().zip(log_probs).enumerate() {
            let best = top(next, n).into_iter();
            let sums = best.map(|id| (beam.log_prob + next[id], parent, id as u32));
            all.extend(sums.filter(|&(sum, ..)| sum > f32::NEG_INFINITY));
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        all.truncate(n);
        all
    }

    fn finish(&mut self, tokens: Vec<u32>, log_prob: f32) {
        let score = self.settings.score(log_prob, tokens.len());
        let place = self.finished.partition_point(|other| other.score >= score);
        let finished = Finished { tokens, log_prob, score };
        self.finished.insert(place, finished);
        self.finished.truncate(self.settings.width);
    }

    /// Could a text that goes on still be among the best? Judged, as in transformers, by what the
    /// likeliest would be worth if it ended here.
    fn can_gain(&self, running: &[Beam]) -> bool {
        let (Some(best), Some(worst)) = (running.first(), self.finished.last()) else {
            return true;
        };
        let is_full = self.finished.len() >= self.settings.width;
        let possible = self.settings.score(best.log_prob, self.length);
        !is_full || !self.settings.early_stopping && possible > worst.score
    }
}

/// Searches to the end; the finished texts, best first. Every text has a state (what was read of it),
/// which is cloned where a text splits in two. `read` is given the state of a text and what was
/// written of it, and returns the log-probabilities of what may follow, `[vocab]`.
///
/// # Errors
/// Those of `read`.
pub fn beam_search<S: Clone, E>(
    settings: BeamSettings,
    start: S,
    mut read: impl FnMut(&mut S, &[u32]) -> Result<Vec<f32>, E>,
) -> Result<Vec<Finished>, E> {
    let mut search = BeamSearch::new(settings);
    let mut states = vec![start];
    while !search.is_over() {
        let texts = states.iter_mut().zip(search.running());
        let log_probs =
            texts.map(|(state, beam)| read(state, &beam.tokens)).collect::<Result<Vec<_>, E>>()?;
        let parents = search.step(&log_probs);
        states = parents.iter().map(|&p| states[p].clone()).collect();
    }
    Ok(search.finished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    const END: u32 = 2;

    fn settings(width: usize, max_tokens: usize) -> BeamSettings {
        BeamSettings::new(width, max_tokens, vec![END])
    }

    /// Two tokens and an end. After 0 all is uncertain; after 1 the text almost surely ends.
    fn read(tokens: &[u32]) -> Vec<f32> {
        let probs = match tokens.last() {
            None => [0.6_f32, 0.4, 0.0],
            Some(0) => [0.35, 0.35, 0.3],
            _ => [0.05, 0.05, 0.9],
        };
        probs.map(f32::ln).to_vec()
    }

    fn best(settings: BeamSettings) -> Vec<Finished> {
        let read = |(): &mut (), tokens: &[u32]| Ok::<_, Infallible>(read(tokens));
        let Ok(found) = beam_search(settings, (), read);
        found
    }

    #[test]
    fn one_beam_is_greedy_and_two_see_farther() {
        let mut ignore_length = settings(1, 2);
        ignore_length.length_penalty = 0.0;
        assert_eq!(best(ignore_length.clone())[0].tokens, [0, 0]);
        ignore_length.width = 2;
        // 0.4 × 0.9 beats 0.6 × 0.35.
        let found = best(ignore_length);
        assert_eq!(found[0].tokens, [1, END]);
        assert!((found[0].log_prob - 0.36_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_score_is_the_mean_by_default() {
        for text in best(settings(3, 6)) {
            let mean = text.log_prob / text.tokens.len() as f32;
            assert!((text.score - mean).abs() < 1e-6);
        }
    }

    #[test]
    fn the_best_of_all_texts_is_found_when_all_are_followed() {
        let mut everything = settings(100, 5);
        everything.length_penalty = 0.0;
        let found = best(everything);
        let mut texts = vec![(Vec::new(), 0.0_f32)];
        let mut all = Vec::new();
        for length in 1..=5 {
            for (tokens, log_prob) in std::mem::take(&mut texts) {
                for (token, more) in (0..).zip(read(&tokens)) {
                    let text = ([&tokens[..], &[token]].concat(), log_prob + more);
                    let is_over = token == END || length == 5;
                    if is_over { &mut all } else { &mut texts }.push(text);
                }
            }
        }
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        assert_eq!(found[0].tokens, all[0].0);
        assert!((found[0].log_prob - all[0].1).abs() < 1e-6);
    }

    #[test]
    fn early_stopping_ends_with_the_first_full_set() {
        let mut early = settings(1, 50);
        early.early_stopping = true;
        let mut search = BeamSearch::new(early);
        assert_eq!(search.step(&[vec![0.4_f32.ln(), 0.6_f32.ln(), -9.0]]), [0]);
        search.step(&[vec![-3.0, -3.0, -0.1]]);
        assert!(search.is_over());
        assert_eq!(search.finished()[0].tokens, [1, END]);
    }

    #[test]
    fn dead_ends_and_nothing_to_write() {
        let mut search = BeamSearch::new(settings(2, 3));
        search.step(&[vec![f32::NEG_INFINITY, f32::NAN, f32::NEG_INFINITY]]);
        assert!(search.is_over() && search.finished().is_empty());
        assert!(BeamSearch::new(settings(2, 0)).is_over());
    }
}
