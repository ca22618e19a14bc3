//! A model that knows nothing yet.

use super::material::Material;
use super::parameters::{Parameter, Parameters, normal};
use crate::math::sampling::Coins;
use crate::model::text::tokenizer::Tokenizer;
use crate::problem::{Problem, Result};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer as Inner};

/// The sizes of a new model, in GPT-2's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// Number of blocks.
    pub layers: usize,
    /// Heads per block.
    pub heads: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Longest text, in tokens.
    pub context: usize,
    /// Without one, the MLP's numbers are zeros that are not learned.
    pub has_mlp: bool,
    /// Without them, the position vectors are zeros that are not learned.
    pub has_positions: bool,
}

/// What the tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// The characters of the text.
    Characters,
    /// Bytes, and so many of the pairs that are most frequent in the text (BPE).
    Merges(usize),
}

const MAKING: &str = "Could not make a new model";
const UNKNOWN: &str = "<unk>";
const END: &str = "<|endoftext|>";

impl Fresh {
    /// A model with random numbers: normally distributed with a spread of 1/√width, smaller where parts
    /// add to the stream, as in GPT-2. Tokens are read with one table and written with another: so
    /// small models learn in a fraction of the steps.
    ///
    /// # Errors
    /// When the sizes do not fit each other, or no vocabulary can be made of the text.
    pub fn make(self, vocabulary: Vocabulary, text: &str, seed: u64) -> Result<Material> {
        let (d, n) = (self.width, self.layers);
        let problem = |why: String| Problem::new(MAKING, why);
        let is_size = |size: usize| (1..=4096).contains(&size);
        if ![n, self.heads, d, self.context].into_iter().all(is_size) {
            return Err(problem("every size must be from 1 to 4096".to_owned()));
        }
        if !d.is_multiple_of(self.heads) {
            return Err(problem(format!("{} heads cannot share a width of {d}", self.heads)));
        }
        let tokenizer = vocabulary.tokenizer(text)?;
        let vocab = tokenizer.vocab_size();
        let d_mlp = if self.has_mlp { 4 * d } else { 1 };
        let mut coins = Coins::new(seed);
        let mut random = |shape: &[usize], spread: f32| {
            let numbers =
                (0..shape.iter().product()).map(|_| spread * normal(&mut coins)).collect();
            Parameter::new(shape.to_vec(), numbers)
        };
        let filled = |size: usize, x: f32| Parameter::new(vec![size], vec![x; size]);
        let spread = 1.0 / (d as f32).sqrt();
        let small = spread / (2.0 * n as f32).sqrt();
        let mut all = BTreeMap::new();
        all.insert("wte.weight".to_owned(), random(&[vocab, d], spread));
        all.insert("wpe.weight".to_owned(), random(&[self.context, d], spread));
        for layer in 0..n {
            let matrices = [
                ("attn.c_attn", [d, 3 * d], spread),
                ("attn.c_proj", [d, d], small),
                ("mlp.c_fc", [d, d_mlp], spread),
                ("mlp.c_proj", [d_mlp, d], small),
            ];
            for (name, shape, spread) in matrices {
                all.insert(format!("h.{layer}.{name}.weight"), random(&shape, spread));
                all.insert(format!("h.{layer}.{name}.bias"), filled(shape[1], 0.0));
            }
            for name in ["ln_1", "ln_2"] {
                all.insert(format!("h.{layer}.{name}.weight"), filled(d, 1.0));
                all.insert(format!("h.{layer}.{name}.bias"), filled(d, 0.0));
            }
        }
        all.insert("ln_f.weight".to_owned(), filled(d, 1.0));
        all.insert("ln_f.bias".to_owned(), filled(d, 0.0));
        for (name, parameter) in &mut all {
            let is_off = name.contains(".mlp.") && !self.has_mlp
                || name == "wpe.weight" && !self.has_positions;
            if is_off {
                parameter.numbers.fill(0.0);
                parameter.is_learned = false;
            }
        }
        let config = json!({
            "model_type": "gpt2",
            "architectures": ["GPT2LMHeadModel"],
            "vocab_size": vocab,
            "n_positions": self.context,
            "n_embd": d,
            "n_layer": n,
            "n_head": self.heads,
            "n_inner": d_mlp,
            "activation_function": "gelu_new",
            "tie_word_embeddings": false,
            "bos_token_id": null,
            "eos_token_id": null,
        });
        let head = random(&[vocab, d], spread);
        let all = all.into_iter().map(|(name, p)| (format!("transformer.{name}"), p));
        let all = all.chain([("lm_head.weight".to_owned(), head)]).collect();
        Ok(Material { config, parameters: Parameters(all), tokenizer })
    }
}

impl Vocabulary {
    /// Made from a text.
    fn tokenizer(self, text: &str) -> Result<Tokenizer> {
        let problem = |e: tokenizers::Error| Problem::new(MAKING, e);
        match self {
            Self::Characters => {
                let characters: BTreeSet<char> = text.chars().collect();
                let entries = std::iter::once(UNKNOWN.to_owned())
                    .chain(characters.iter().map(char::to_string))
                    .enumerate();
                let vocab: serde_json::Map<_, _> =
                    entries.map(|(id, entry)| (entry, json!(id))).collect();
                let json = json!({
                    "version": "1.0",
                    "added_tokens": [crate::model::text::pieces::added_token(0, UNKNOWN, true)],
                    "decoder": {"type": "Fuse"},
                    "model": {"type": "BPE", "unk_token": UNKNOWN, "vocab": vocab, "merges": []},
                });
                Tokenizer::parse(json.to_string().as_bytes())
            }
            Self::Merges(n) => {
                let bytes = ByteLevel::new(false, true, true);
                let mut inner = Inner::new(tokenizers::models::bpe::BPE::default());
                inner.with_pre_tokenizer(Some(bytes));
                inner.with_decoder(Some(bytes));
                let mut trainer: TrainerWrapper = BpeTrainer::builder()
                    .show_progress(false)
                    .vocab_size(257 + n)
                    .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
                    .special_tokens(vec![AddedToken::from(END, true)])
                    .build()
                    .into();
                inner
                    .train(&mut trainer, text.lines().map(|line| format!("{line}\n")))
                    .map_err(problem)?;
                let json = inner.to_string(false).map_err(problem)?;
                Tokenizer::parse(json.as_bytes())
            }
        }
    }
}
