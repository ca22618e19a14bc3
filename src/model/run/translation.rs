//! Two texts: what a translator's encoder reads and what its decoder writes.

use crate::model::files::config::{OneOrMany, Search};
use crate::model::pages::marian::{Marian, Memory};
use crate::model::run::cache::Cache;
use crate::model::run::edit::{Edit, Edited};
use crate::model::run::memory;
use crate::model::run::probe::{Recorder, Silent};
use crate::model::{Checkpoint, Network};
use crate::problem::Result;
use crate::trace::{Token, Trace};
use std::sync::Arc;

/// What a translator's decoder is fed while it is recorded. The start token always comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The start token alone: what would be written first?
    Start,
    /// The model's own translation, always the most probable token.
    Own,
    /// A given translation.
    Text(&'a str),
}

impl Checkpoint {
    /// The translator, if the model is one.
    pub fn translator(&self) -> Option<&Marian> {
        match &self.network {
            Network::Marian(marian) => Some(marian),
            _ => None,
        }
    }

    /// How it looks for a translation, if it is a translator.
    pub fn search(&self) -> Option<&Search> {
        self.translator().map(|marian| &marian.config.search)
    }

    /// The token a translator's decoder starts with.
    pub fn start_token(&self) -> Option<Token> {
        let id = self.translator()?.config.decoder_start_token_id as u32;
        let special = true;
        Some(Token { special, ..self.tokenizer.token(id) })
    }

    /// What the decoder can look at of a source text; none if the model is no translator.
    ///
    /// # Errors
    /// As [`Checkpoint::prompt`].
    pub fn memory(&self, source: &str) -> Result<Option<Arc<Memory>>> {
        let Some(marian) = self.translator() else {
            return Ok(None);
        };
        let ids: Vec<u32> = self.prompt(source)?.0.iter().map(|t| t.id).collect();
        Ok(Some(marian.remember(&marian.encode(&ids, &mut Silent))))
    }

    /// The tokens the decoder reads when it is to write `target`: the start token, then the target's
    /// tokens but the last, as many as its context holds.
    ///
    /// # Errors
    /// When the text holds a token the model does not know.
    pub fn target(&self, target: &str) -> Result<Vec<Token>> {
        let tokenizer = self.target_tokenizer.as_ref().unwrap_or(&self.tokenizer);
        let mut tokens = tokenizer.encode(target)?;
        crate::model::files::checkpoint::check(&tokens, self.info.vocab_size)?;
        tokens.pop();
        let mut all: Vec<Token> = self.start_token().into_iter().chain(tokens).collect();
        all.truncate(self.info.n_ctx);
        Ok(all)
    }

    /// The most probable token again and again, until the end: the tokens the decoder reads to write
    /// its own translation.
    fn own_target(&self, marian: &Marian, memory: &Arc<Memory>) -> Vec<Token> {
        let config = &marian.config;
        let mut cache = Cache::after(Some(Arc::clone(memory)));
        let mut ids = vec![config.decoder_start_token_id as u32];
        let limit = config.search.max_length.min(self.info.n_ctx);
        while ids.len() < limit {
            let Some(&last) = ids.last() else { break };
            let scores = marian.decode(&[last], &mut cache, &mut Silent);
            let mut scores: Vec<f32> = scores.into_data().try_into_vec().unwrap_or_default();
            config.search.apply(&mut scores, &ids);
            let best = (0..scores.len()).max_by(|&a, &b| {
                // Of equals the first, as torch's argmax.
                scores[a].total_cmp(&scores[b]).then(b.cmp(&a))
            });
            match best.map(|id| id as u32) {
                Some(id) if !config.ends().contains(&id) => ids.push(id),
                _ => break,
            }
        }
        let mut tokens: Vec<Token> = self.start_token().into_iter().collect();
        // Their text is the translation, so that is where they are.
        let mut at = 0;
        for &id in ids.iter().skip(1) {
            let mut token = self.tokenizer.token(id);
            let skipped = usize::from(at == 0 && token.bytes.first() == Some(&b' '));
            let len = if token.special { 0 } else { token.bytes.len() - skipped };
            token.span = at..at + len;
            at += len;
            tokens.push(token);
        }
        tokens
    }

    /// Runs a translator on a source text and a target, and records both stacks. The changes are made
    /// to the decoder.
    pub(crate) fn trace_pair(
        &self,
        marian: &Marian,
        source: &str,
        target: Target<'_>,
        edits: &[Edit],
    ) -> Result<Trace> {
        let (tokens, dropped) = self.prompt(source)?;
        let n_source = tokens.len();
        let info = Arc::new(marian.encoder_info(&self.info.name));
        let check_room = |n_target| {
            memory::check_recording(memory::pair_bytes([&info, &self.info], [n_source, n_target]))
        };
        check_room(1)?;
        let ids: Vec<u32> = tokens.iter().map(|t| t.id).collect();
        let mut recorder = Recorder::default();
        let remembered = marian.remember(&marian.encode(&ids, &mut recorder));
        let activations = recorder.finish()?;
        let encoder =
            Trace::new(Arc::clone(&info), source.to_owned(), tokens, dropped, activations)?;

        let (tokens, text) = match target {
            Target::Start => (self.target("")?, String::new()),
            Target::Text(text) => (self.target(text)?, text.to_owned()),
            Target::Own => {
                let tokens = self.own_target(marian, &remembered);
                let text = self.text_of(&tokens);
                (tokens, text)
            }
        };
        check_room(tokens.len())?;
        let ids: Vec<u32> = tokens.iter().map(|t| t.id).collect();
        let inner = Recorder::default();
        let mut probe = Edited { model: &self.info, edits, inner };
        marian.decode(&ids, &mut Cache::after(Some(remembered)), &mut probe);
        let activations = probe.inner.finish()?;
        let info = Arc::clone(&self.info);
        Trace::with_encoder(Arc::new(encoder), info, text, tokens, activations)
    }

    /// The text that tokens stand for: without special tokens and without the space before the first
    /// word.
    pub fn text_of(&self, tokens: &[Token]) -> String {
        let plain = tokens.iter().filter(|token| !token.special);
        let bytes: Vec<u8> = plain.flat_map(|token| token.bytes.iter().copied()).collect();
        let text = String::from_utf8_lossy(&bytes);
        text.strip_prefix(' ').unwrap_or(&text).to_owned()
    }
}

impl Search {
    /// Makes impossible what must not be written after `tokens`, the start token among them. Works on
    /// scores and on log-probabilities alike.
    pub fn apply(&self, scores: &mut [f32], tokens: &[u32]) {
        for word in &self.bad_words_ids {
            if let Some((&last, before)) = word.split_last()
                && tokens.ends_with(before)
                && let Some(score) = scores.get_mut(last as usize)
            {
                *score = f32::NEG_INFINITY;
            }
        }
        if let Some(ends) = &self.forced_eos_token_id
            && tokens.len() + 1 == self.max_length
        {
            let ends = OneOrMany::ids(Some(ends));
            for (id, score) in scores.iter_mut().enumerate() {
                *score = if ends.contains(&(id as u32)) { 0.0 } else { f32::NEG_INFINITY };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_things_must_not_be_written() {
        let search = Search {
            bad_words_ids: vec![vec![1], vec![2, 0]],
            forced_eos_token_id: Some(OneOrMany::One(2)),
            max_length: 4,
            ..Search::default()
        };
        let after = |tokens: &[u32]| {
            let mut scores = vec![0.5; 3];
            search.apply(&mut scores, tokens);
            scores
        };
        let no = f32::NEG_INFINITY;
        assert_eq!(after(&[9]), [0.5, no, 0.5]);
        assert_eq!(after(&[9, 2]), [no, no, 0.5]);
        assert_eq!(after(&[9, 9, 9]), [no, no, 0.0]);
    }
}
