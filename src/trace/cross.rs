//! Records of models with two texts: a decoder's with its encoder's, and what one looks at in the other.

use super::{Activation, BlockHook, Hook, ModelInfo, Shape, Token, Trace, TraceId};
use crate::problem::{Problem, Result};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What the names of an encoder's activations begin with in files.
pub(super) const ENCODER: &str = "encoder.";
/// What those of its decoder begin with.
pub(super) const DECODER: &str = "decoder.";

impl Trace {
    /// A decoder's record together with that of the encoder which read the source text.
    ///
    /// # Errors
    /// As [`Trace::new`]; cross-attention must have as many keys as the encoder has tokens.
    pub fn with_encoder(
        encoder: Arc<Self>,
        model: Arc<ModelInfo>,
        text: String,
        tokens: Vec<Token>,
        activations: BTreeMap<Hook, Activation>,
    ) -> Result<Self> {
        if model.shape != Shape::EncoderDecoder {
            let why = format!("{} has no encoder", model.name);
            return Err(Problem::new("The recording is inconsistent", why));
        }
        Self {
            id: TraceId::next(),
            model,
            text,
            tokens,
            dropped: 0,
            encoder: Some(encoder),
            is_cross: false,
            activations,
        }
        .checked()
    }

    /// Every recorded activation by its name in files, that of the encoder's before the decoder's.
    /// Where there are two, names begin with `encoder.` and `decoder.`, but for the scores.
    pub(super) fn named(&self) -> Vec<(String, &Self, Hook)> {
        let Some(encoder) = &self.encoder else {
            return self.iter().map(|(hook, _)| (hook.to_string(), self, hook)).collect();
        };
        let of_encoder =
            encoder.iter().map(|(hook, _)| (format!("{ENCODER}{hook}"), encoder.as_ref(), hook));
        let of_decoder = self.iter().map(|(hook, _)| match hook {
            Hook::Logits => (hook.to_string(), self, hook),
            _ => (format!("{DECODER}{hook}"), self, hook),
        });
        of_encoder.chain(of_decoder).collect()
    }

    /// The names of all recorded activations, as files have them.
    pub fn names(&self) -> Vec<String> {
        self.named().into_iter().map(|(name, ..)| name).collect()
    }

    /// What an activation of this record is called in files of such a model: in a translator's, each
    /// part has names of its own.
    pub fn name_in_files(&self, hook: Hook, model: &ModelInfo) -> String {
        if model.shape != Shape::EncoderDecoder || hook == Hook::Logits {
            return hook.to_string();
        }
        if self.encoder.is_none() {
            return format!("{ENCODER}{hook}");
        }
        match hook {
            Hook::Block(layer, own) if self.is_cross => {
                let cross = BlockHook::CROSS.into_iter().find(|(_, at)| *at == own);
                let hook = Hook::Block(layer, cross.map_or(own, |(cross, _)| cross));
                format!("{DECODER}{hook}")
            }
            hook => format!("{DECODER}{hook}"),
        }
    }

    /// Cross-attention under the names of ordinary attention: queries are this record's tokens, keys
    /// the encoder's. `None` when there is no encoder.
    pub fn cross(&self) -> Option<Self> {
        self.encoder.as_ref()?;
        let mut activations = BTreeMap::new();
        for layer in 0..self.model.n_layers {
            for (cross, own) in BlockHook::CROSS {
                if let Some(activation) = self.block(layer, cross) {
                    activations.insert(Hook::Block(layer, own), activation.clone());
                }
            }
        }
        Some(Self { id: TraceId::next(), is_cross: true, activations, ..self.clone() })
    }

    /// The text that was typed: of a translator the source text.
    pub fn typed(&self) -> &str {
        self.encoder.as_ref().map_or(&self.text, |encoder| &encoder.text)
    }

    /// The part of a record that corresponds to another record of the same model: the encoder's to an
    /// encoder's.
    pub fn part_like(self, other: &Self) -> Arc<Self> {
        match &self.encoder {
            Some(encoder) if other.model.shape == Shape::Encoder => Arc::clone(encoder),
            _ => Arc::new(self),
        }
    }

    /// Is this record cross-attention alone, as [`Trace::cross`] makes it?
    pub fn is_cross(&self) -> bool {
        self.is_cross
    }

    /// The tokens that are looked at: the record's own, or in cross-attention the encoder's.
    pub fn key_tokens(&self) -> &[Token] {
        match &self.encoder {
            Some(encoder) if self.is_cross => &encoder.tokens,
            _ => &self.tokens,
        }
    }

    /// A token that is looked at, as it can be shown.
    pub fn key_label(&self, key: usize) -> String {
        match &self.encoder {
            Some(encoder) if self.is_cross => encoder.label(key),
            _ => self.label(key),
        }
    }

    /// The part of the text that the model does not read because it is too long: the beginning, or of an
    /// encoder the end. Empty when all is read.
    pub fn left_out(&self) -> Range<usize> {
        let mut read = self.tokens.iter().map(|token| &token.span).filter(|span| !span.is_empty());
        if self.dropped == 0 {
            0..0
        } else if self.model.shape == Shape::Decoder {
            0..read.next().map_or(0, |first| first.start)
        } else {
            read.next_back().map_or(0, |last| last.end)..self.text.len()
        }
    }

    /// Is nobody allowed to look at the tokens after it?
    pub fn is_causal(&self) -> bool {
        self.model.shape != Shape::Encoder && !self.is_cross
    }

    /// May the query not look at the key in block `layer`, because it comes later or is too far back?
    pub fn is_hidden(&self, layer: usize, query: usize, key: usize) -> bool {
        !self.is_cross && !self.model.sees(layer, query, key)
    }
}
