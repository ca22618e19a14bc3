//! What can be done with a model: the use cases that the command line and the window share.

mod beams;
pub mod experiment;
mod reader;

pub use beams::{log_probs, write_beams};
pub use reader::Reader;

use crate::math::sampling::{Coins, Sampling, pick, top};
use crate::model::Checkpoint;
use crate::problem::Result;
use crate::trace::{Token, Trace};

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
    let probs = crate::math::sampling::softmax(logits);
    let sampled = sampling.apply(logits, &context).probs;
    let candidate = |id: usize| Candidate {
        token: model.tokenizer.token(id as u32),
        logit: logits[id],
        prob: probs[id],
        sampling_prob: sampled[id],
    };
    top(&probs, n).into_iter().map(candidate).collect()
}

/// Writes on after a text, one token at a time.
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
}

impl<'a> Generation<'a> {
    /// Reads the text that is to be continued.
    ///
    /// # Errors
    /// When the text is empty or holds a token the model does not know.
    pub fn new(model: &'a Checkpoint, text: &str, sampling: Sampling, seed: u64) -> Result<Self> {
        let (tokens, _) = model.prompt(text)?;
        let mut generation = Self {
            model,
            sampling,
            coins: Coins::new(seed),
            reader: Reader::default(),
            context: tokens.iter().map(|t| t.id).collect(),
            logits: Vec::new(),
            ended: false,
        };
        generation.read();
        Ok(generation)
    }

    /// Reads what is new in the context.
    fn read(&mut self) {
        let network = &self.model.network;
        self.logits = self.reader.next_logits(network, &self.context);
    }

    fn append(&mut self, id: u32) {
        self.context.push(id);
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
