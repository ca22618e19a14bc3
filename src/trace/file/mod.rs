//! Traces as files: safetensors for other programs, JSON for people and scripts.
//!
//! Both hold every activation under its hook's name, `tokens` as 64-bit integers, and a header with
//! the model, the text and the tokens. Attention scores are written with their causal mask (-inf
//! above the diagonal), as the name `hook_attn_scores` means in TransformerLens. In JSON, which has
//! no such numbers, -inf, inf and NaN are strings.

mod json;
mod safetensors;

use super::cross::{DECODER, ENCODER};
use super::{Activation, BlockHook, Hook, ModelInfo, Token, Trace};
use crate::problem::{Problem, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Marks a file as ours.
pub const FORMAT: &str = "headlight-trace";
/// Version of the file format. Older files keep opening.
pub const VERSION: u32 = 1;

const READING: &str = "Could not read the recording";
const WRITING: &str = "Could not save the recording";

/// Everything but the numbers.
#[derive(Serialize, Deserialize)]
struct Header<'a> {
    format: Cow<'a, str>,
    version: u32,
    model: Cow<'a, ModelInfo>,
    text: Cow<'a, str>,
    dropped: usize,
    tokens: Cow<'a, [Token]>,
    /// Of a translator: what its encoder read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoder: Option<Box<Self>>,
}

impl Header<'_> {
    fn of(trace: &Trace) -> Header<'_> {
        Header {
            format: FORMAT.into(),
            version: VERSION,
            model: Cow::Borrowed(&trace.model),
            text: trace.text.as_str().into(),
            dropped: trace.dropped,
            tokens: trace.tokens.as_slice().into(),
            encoder: trace.encoder.as_ref().map(|encoder| Box::new(Header::of(encoder))),
        }
    }

    fn into_trace(self, mut named: BTreeMap<String, Activation>) -> Result<Trace> {
        if self.format != FORMAT || self.version > VERSION {
            let why = format!("format {:?}, version {}", self.format, self.version);
            return Err(Problem::new(READING, why)
                .cure(format!("This program reads {FORMAT} up to version {VERSION}")));
        }
        let (model, text, tokens) =
            (Arc::new(self.model.into_owned()), self.text.into_owned(), self.tokens.into_owned());
        let Some(encoder) = self.encoder else {
            return Trace::new(model, text, tokens, self.dropped, parse_names(named)?);
        };
        let of_encoder = |name: &String| name.starts_with(ENCODER);
        let decoder = named.extract_if(.., |name, _| !of_encoder(name)).collect();
        let encoder = Header { encoder: None, ..*encoder };
        let encoder = encoder.into_trace(without(ENCODER, named))?;
        let activations = parse_names(without(DECODER, decoder))?;
        Trace::with_encoder(Arc::new(encoder), model, text, tokens, activations)
    }
}

fn without(prefix: &str, named: BTreeMap<String, Activation>) -> BTreeMap<String, Activation> {
    let bare = |name: String| name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name);
    named.into_iter().map(|(name, x)| (bare(name), x)).collect()
}

fn parse_names(named: BTreeMap<String, Activation>) -> Result<BTreeMap<Hook, Activation>> {
    let parse = |(name, x): (String, Activation)| match name.parse::<Hook>() {
        Ok(hook) => Ok((hook, x)),
        Err(e) => Err(Problem::new(READING, e)),
    };
    named.into_iter().map(parse).collect()
}

impl Trace {
    /// The numbers at `hook` as files hold them: attention scores masked, all else as recorded.
    pub fn exported(&self, hook: Hook) -> Option<Cow<'_, [f32]>> {
        let activation = self.get(hook)?;
        let layer = match hook {
            Hook::Block(layer, BlockHook::AttnScores) if self.is_causal() => layer,
            _ => return Some(Cow::Borrowed(activation.data())),
        };
        let n = self.tokens.len();
        let mut scores = activation.data().to_vec();
        for (i, row) in scores.chunks_exact_mut(n.max(1)).enumerate() {
            for (key, score) in row.iter_mut().enumerate() {
                if !self.model.sees(layer, i % n, key) {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        Some(Cow::Owned(scores))
    }

    /// Writes the activations chosen by `keep` to a file, as JSON when the name ends in `.json` and
    /// as safetensors otherwise.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path, keep: impl Fn(&str) -> bool) -> Result<()> {
        let mut hooks = self.named();
        hooks.retain(|(name, ..)| keep(name));
        let extension = path.extension();
        let is_json = extension.is_some_and(|e| e.eq_ignore_ascii_case("json"));
        let written = crate::files::replace(path, |part| {
            if is_json {
                json::write(self, part, &hooks)
            } else {
                safetensors::write(self, part, &hooks)
            }
        });
        written.map_err(|why| {
            Problem::new(WRITING, format!("{why}: {}", path.display()))
                .cure("Check that the folder exists, is writable and has room")
        })
    }

    /// Reads a file written by [`Trace::save`].
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self> {
        let problem = |why: String| Problem::new(READING, format!("{why}: {}", path.display()));
        let bytes = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
        let json = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
        if json { json::read(&bytes) } else { safetensors::read(&bytes) }.map_err(problem)?
    }
}

/// An activation's name in files, and where it is.
type Named<'a> = (String, &'a Trace, Hook);

type Read = std::result::Result<Result<Trace>, String>;

fn misshapen(name: &str) -> String {
    format!("the shape of {name} does not hold its numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recording of two tokens by a model with one layer and one head, two hooks only.
    fn small() -> Trace {
        let model = ModelInfo {
            name: "small".into(),
            architecture: "gpt2".into(),
            n_layers: 1,
            n_heads: 1,
            d_model: 2,
            d_head: 2,
            d_mlp: 8,
            n_ctx: 4,
            vocab_size: 3,
            n_params: 1,
            activation_function: "gelu_new".into(),
            layer_norm_epsilon: 1e-5,
            ..ModelInfo::default()
        };
        let token = |id, text: &str, span| Token {
            id,
            text: text.into(),
            bytes: text.into(),
            span,
            special: false,
        };
        let tokens = vec![token(1, "a", 0..1), token(2, "é", 1..3)];
        let square = |data| Activation::new(vec![1, 2, 2], data).unwrap();
        let scores = Hook::Block(0, BlockHook::AttnScores);
        let activations = BTreeMap::from([
            (scores, square(vec![1.0, 2.0, 3.0, f32::NAN])),
            (Hook::Logits, Activation::new(vec![2, 3], vec![0.1; 6]).unwrap()),
        ]);
        Trace::new(Arc::new(model), "aé".into(), tokens, 0, activations).unwrap()
    }

    #[test]
    fn both_formats_read_back_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let trace = small();
        for name in ["t.safetensors", "t.json"] {
            let path = dir.path().join(name);
            trace.save(&path, |_| true).unwrap();
            let back = Trace::load(&path).unwrap();
            assert_eq!(
                (&back.text, &back.tokens, &back.model),
                (&trace.text, &trace.tokens, &trace.model)
            );
            assert_eq!(back.get(Hook::Logits), trace.get(Hook::Logits));
            let scores = back.block(0, BlockHook::AttnScores).unwrap().data();
            assert_eq!(scores[..3], [1.0, f32::NEG_INFINITY, 3.0]);
            assert!(scores[3].is_nan());
        }
    }

    #[test]
    fn chosen_hooks_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.json");
        small().save(&path, |name| name == "logits").unwrap();
        let back = Trace::load(&path).unwrap();
        assert_eq!(back.iter().map(|(h, _)| h).collect::<Vec<_>>(), [Hook::Logits]);
    }

    #[test]
    fn damaged_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        small().save(&path, |_| true).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 1, 7, 8, 100, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(Trace::load(&path).is_err(), "cut at {cut}");
        }
        let json = r#"{"format":"headlight-trace","version":1}"#;
        std::fs::write(&path, json).unwrap();
        assert!(Trace::load(&path).unwrap_err().why.contains("missing field"));
    }

    #[test]
    fn shapes_must_agree_with_the_model() {
        let trace = small();
        let wrong = Activation::new(vec![3, 3], vec![0.0; 9]).unwrap();
        let result = Trace::new(
            trace.model.clone(),
            String::new(),
            trace.tokens,
            0,
            BTreeMap::from([(Hook::Logits, wrong)]),
        );
        assert!(result.unwrap_err().why.contains("logits has shape [3, 3], not [2, 3]"));
    }
}
