//! What can be done with a model: the use cases that the command line and the window share.

mod attribution;
mod beams;
pub mod claims;
pub mod experiment;
mod follower;
pub mod habits;
pub mod intervention;
mod masked;
mod reader;
mod recall;
pub mod training;
mod translation;

pub use attribution::{Proof, prove};
pub use beams::{log_probs, write_beams};
pub use follower::Follower;
pub use masked::{Masked, masked};
pub use reader::{Reader, Readers};
pub use recall::{Recall, Scores};
pub use translation::translate;

use crate::math::sampling::{Coins, Sampling, pick, top};
use crate::model::{Checkpoint, Edit, Search};
use crate::problem::{Problem, Result};
use crate::trace::{Predicts, Token, Trace};
use std::sync::Arc;

/// Another text as a model reads it, to be compared with what was recorded of a first: of a translator,
/// the part that the first is of.
///
/// # Errors
/// When the model cannot read it.
pub fn second_text(
    model: &Checkpoint,
    text: &str,
    edits: &[Edit],
    first: &Trace,
) -> Result<Arc<Trace>> {
    Ok(model.trace_edited(text, edits)?.part_like(first))
}

/// One row of a next-token table.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The token.
    pub token: Token,
    /// The model's score.
    pub logit: f32,
    /// Its probability: the softmax of all scores.
    pub prob: f32,
    /// Its probability after temperature and cuts; 0 when it was cut.
    pub sampling_prob: f32,
}

/// The `n` most probable tokens after a recorded text.
pub fn candidates(
    model: &Checkpoint,
    trace: &Trace,
    sampling: &Sampling,
    n: usize,
) -> Vec<Candidate> {
    let Some(logits) = trace.next_logits() else {
        return Vec::new();
    };
    let context: Vec<u32> = trace.tokens.iter().map(|t| t.id).collect();
    candidates_of(model, logits, &context, sampling, n)
}

/// The `n` most probable tokens by these scores.
fn candidates_of(
    model: &Checkpoint,
    logits: &[f32],
    context: &[u32],
    sampling: &Sampling,
    n: usize,
) -> Vec<Candidate> {
    let probs = crate::math::sampling::softmax(logits);
    let sampled = sampling.apply(logits, context).probs;
    let candidate = |id: usize| Candidate {
        token: model.tokenizer.token(id as u32),
        logit: logits[id],
        prob: probs[id],
        sampling_prob: sampled[id],
    };
    top(&probs, n).into_iter().map(candidate).collect()
}

/// Does the model say what comes next?
///
/// # Errors
/// When it is an encoder, which reads a whole text at once.
pub fn must_predict_next(model: &Checkpoint) -> Result<()> {
    let cure = match model.info.predicts {
        Predicts::Next => return Ok(()),
        Predicts::Masked => "`headlight predict` shows what it guesses for a masked word",
        Predicts::Nothing => {
            "`headlight trace` gives its vectors: `pooled` is one for the whole text"
        }
    };
    let why = format!(
        "{} is an encoder: it reads a whole text at once and does not say what comes next",
        model.info.name
    );
    Err(Problem::new("This model does not write", why).cure(cure))
}

/// Writes on after a text, one token at a time; a translator writes a translation of it.
///
/// The same seed gives the same text. Keys and values of what was read are kept, so that each token
/// costs one position. When the context is full the oldest token leaves it, the rest move one place
/// to the front, where positions are others, and are read again: each token is what
/// [`candidates`] would say of the text so far.
pub struct Generation<'a> {
    model: &'a Checkpoint,
    sampling: Sampling,
    coins: Coins,
    reader: Reader,
    /// Everything read and written so far that is still in the context.
    context: Vec<u32>,
    /// The scores of the next token, `[vocab]`.
    logits: Vec<f32>,
    ended: bool,
    /// What a translator must not write, and when it has to stop.
    search: Option<Search>,
}

impl<'a> Generation<'a> {
    /// Reads the text that is to be continued, or translated.
    ///
    /// # Errors
    /// When the text is empty or holds a token the model does not know, or the model does not write.
    pub fn new(model: &'a Checkpoint, text: &str, sampling: Sampling, seed: u64) -> Result<Self> {
        must_predict_next(model)?;
        let tokens = match model.start_token() {
            Some(start) => vec![start],
            None => model.prompt(text)?.0,
        };
        let mut generation = Self {
            model,
            sampling,
            coins: Coins::new(seed),
            reader: Reader::after(model.memory(text)?),
            context: tokens.iter().map(|t| t.id).collect(),
            logits: Vec::new(),
            ended: false,
            search: model.search().cloned(),
        };
        generation.read();
        Ok(generation)
    }

    /// A translation has at most this many tokens; transformers' `max_new_tokens`.
    pub fn limited(mut self, n_tokens: usize) -> Self {
        if let Some(search) = &mut self.search {
            search.max_length = n_tokens.saturating_add(1);
        }
        self
    }

    /// Reads what is new in the context.
    fn read(&mut self) {
        let network = &self.model.network;
        self.logits = self.reader.next_logits(network, &self.context);
    }

    fn append(&mut self, id: u32) {
        self.context.push(id);
        let is_full =
            |search: &Search| self.context.len() >= search.max_length.min(self.model.info.n_ctx);
        if self.search.as_ref().is_some_and(is_full) {
            self.ended = true;
            return;
        }
        if self.context.len() > self.model.info.n_ctx {
            self.context.remove(0);
        }
        self.read();
    }
}

impl Iterator for Generation<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.ended || self.logits.is_empty() {
            return None;
        }
        if let Some(search) = &self.search {
            search.apply(&mut self.logits, &self.context);
        }
        let probs = self.sampling.apply(&self.logits, &self.context).probs;
        let id = pick(&probs, self.coins.toss()) as u32;
        if self.model.network.is_end(id) {
            self.ended = true;
        } else {
            self.append(id);
        }
        Some(self.model.tokenizer.token(id))
    }
}

/// Turns tokens into text as they come. A character may span several tokens, so bytes wait until
/// they are complete.
#[derive(Debug, Default)]
pub struct TextStream {
    waiting: Vec<u8>,
}

impl TextStream {
    /// Adds a token's bytes; returns the text that is complete now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let mut complete = 0;
        for chunk in self.waiting.utf8_chunks() {
            complete += chunk.valid().len();
            // An invalid sequence in the middle stays invalid; one at the end may yet be completed.
            if complete + chunk.invalid().len() < self.waiting.len() || chunk.invalid().len() > 3 {
                complete += chunk.invalid().len();
            }
        }
        let text = String::from_utf8_lossy(&self.waiting[..complete]).into_owned();
        self.waiting.drain(..complete);
        text
    }

    /// What is left at the end: bytes that never became a character read as U+FFFD.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.waiting).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_characters_wait_for_their_bytes() {
        let mut stream = TextStream::default();
        let bytes = "注a".as_bytes();
        assert_eq!(stream.push(&bytes[..2]), "");
        assert_eq!(stream.push(&bytes[2..]), "注a");
        assert_eq!(stream.push(b"\xE6x"), "\u{FFFD}x");
        assert_eq!(stream.push(b"\xE6"), "");
        assert_eq!(stream.finish(), "\u{FFFD}");
    }
}
