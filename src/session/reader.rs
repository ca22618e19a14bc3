//! Reading on: what the model says after a text of which it has mostly read the beginning.

use crate::model::{Cache, Memory, Network, Silent};
use std::sync::Arc;

/// Remembers the keys and values of the last text it read, so that a text with the same beginning
/// costs only the tokens that are new.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    cache: Cache,
    /// The tokens whose keys and values are in the cache.
    read: Vec<u32>,
}

impl Reader {
    /// A translator's reader of the target is given what the encoder made of the source.
    pub fn after(memory: Option<Arc<Memory>>) -> Self {
        Self { cache: Cache::after(memory), read: Vec::new() }
    }

    /// How many tokens of `context`, from its beginning, it has read already.
    fn known(&self, context: &[u32]) -> usize {
        let same = self.read.iter().zip(context);
        same.take_while(|(a, b)| a == b).count()
    }

    /// The scores of the token after `context`, `[vocab]`; none after nothing. The context fits into
    /// the model's.
    pub fn next_logits(&mut self, network: &Network, context: &[u32]) -> Vec<f32> {
        if context.is_empty() {
            return Vec::new();
        }
        // The last token is read again even if it is known: its scores are not kept.
        let known = self.known(context).min(context.len() - 1);
        self.cache.truncate(known);
        self.read.truncate(known);
        let new = &context[known..];
        let logits = network.forward(new, &mut self.cache, &mut Silent);
        self.read.extend_from_slice(new);
        let last = logits.narrow(0, new.len() - 1, 1);
        // f32 throughout; an unreadable tensor ends the text instead of the program.
        last.into_data().try_into_vec().unwrap_or_default()
    }
}

/// Reads several texts in turn, each from where the one most like it was left.
#[derive(Debug, Default)]
pub struct Readers {
    readers: Vec<Reader>,
    memory: Option<Arc<Memory>>,
}

impl Readers {
    /// A translator's readers of the target are given what the encoder made of the source.
    pub fn after(memory: Option<Arc<Memory>>) -> Self {
        Self { readers: Vec::new(), memory }
    }

    /// The scores of the token after each of `contexts`, `[vocab]`. What was read of these texts is
    /// remembered, and of no others.
    pub fn next_logits(&mut self, network: &Network, contexts: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let mut readers = Vec::with_capacity(contexts.len());
        let mut read = |context: &Vec<u32>| {
            let all = self.readers.iter().chain(&readers);
            let nearest = all.max_by_key(|reader: &&Reader| reader.known(context));
            let new = || Reader::after(self.memory.clone());
            let mut reader = nearest.cloned().unwrap_or_else(new);
            let logits = reader.next_logits(network, context);
            readers.push(reader);
            logits
        };
        let logits = contexts.iter().map(&mut read).collect();
        self.readers = readers;
        logits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::sampling::Sampling;
    use crate::math::tree::{ROOT, Tree};
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};
    use crate::session::Generation;

    fn model() -> Checkpoint {
        Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap()
    }

    fn ids(model: &Checkpoint, text: &str) -> Vec<u32> {
        let (tokens, _) = model.prompt(text).unwrap();
        tokens.iter().map(|token| token.id).collect()
    }

    #[test]
    fn going_back_and_on_equals_reading_afresh() {
        let model = model();
        let mut reader = Reader::default();
        for text in [
            "The cat sat on the mat",
            "The cat sat on the floor and",
            "The cat",
            "The cat",
            "A dog",
        ] {
            let context = ids(&model, text);
            let on = reader.next_logits(&model.network, &context);
            let afresh = Reader::default().next_logits(&model.network, &context);
            assert_eq!(on.len(), model.info.vocab_size);
            let far = on.iter().zip(&afresh).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 1e-4, "{text}");
        }
    }

    #[test]
    fn several_texts_are_read_as_each_alone() {
        let model = model();
        let mut readers = Readers::default();
        for texts in [
            &["The cat"][..],
            &["The cat sat", "The cat ran", "A dog"],
            &["The cat ran on", "The cat sat on"],
        ] {
            let contexts: Vec<Vec<u32>> = texts.iter().map(|text| ids(&model, text)).collect();
            let all = readers.next_logits(&model.network, &contexts);
            assert_eq!(readers.readers.len(), texts.len());
            for (logits, context) in all.iter().zip(&contexts) {
                let alone = Reader::default().next_logits(&model.network, context);
                let far = logits.iter().zip(&alone).map(|(a, b)| (a - b).abs());
                assert!(far.fold(0.0, f32::max) < 1e-4);
            }
        }
    }

    #[test]
    fn the_tree_writes_what_the_command_line_writes() {
        let model = model();
        let text = "Once upon a time there was a little";
        let warm = Sampling {
            temperature: 1.3,
            top_k: Some(50),
            top_p: Some(0.95),
            repetition_penalty: Some(1.2),
            ..Sampling::default()
        };
        let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
        for (sampling, seed) in [(Sampling::default(), 0), (warm, 42), (greedy, 1)] {
            let written = Generation::new(&model, text, sampling.clone(), seed).unwrap();
            let written: Vec<u32> = written.take(12).map(|token| token.id).collect();
            let mut tree = Tree::new(String::new(), text.to_owned(), ids(&model, text));
            let (mut reader, mut at) = (Reader::default(), ROOT);
            for _ in &written {
                let context = tree.context(at, model.info.n_ctx);
                let logits = reader.next_logits(&model.network, &context);
                let draw = tree.draw(at, &logits, &sampling, (seed, model.info.n_ctx));
                let (token, how) = draw.unwrap();
                at = tree.grow(at, token, how, 0.5).unwrap();
            }
            assert_eq!(tree.tokens(at), written);
        }
    }
}
