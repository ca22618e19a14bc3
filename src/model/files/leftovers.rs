//! Nothing in a file goes unused without a word.
//!
//! After a model has been built, every tensor of its files has been read, is known to change nothing,
//! belongs to a task that is not shown here and is named in a note, or is an error. The rule is the
//! same for safetensors and GGUF.

use crate::model::files::weights::{READING, Weights};
use crate::problem::{Problem, Result};

/// Names, at their ends, of tensors that are computed and not learned, or that nothing reads.
const COMPUTED: [&str; 7] = [
    "rotary_emb.inv_freq",
    "embeddings.position_ids",
    "embeddings.token_type_ids",
    "rope_freqs.weight",
    // What both stacks of a translator would share, where each has a table of its own.
    "model.shared.weight",
    // Marian's sines and cosines.
    "encoder.embed_positions.weight",
    "decoder.embed_positions.weight",
];
/// Causal masks, `[1, 1, n_ctx, n_ctx]`, and what they hide with, a single number.
const MASKS: [&str; 4] =
    [".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias"];
/// Tables of tokens, of which a file may hold one copy for each use.
const TABLES: [&str; 11] = [
    "wte.weight",
    "embed_in.weight",
    "embed_out.weight",
    "lm_head.weight",
    "embed_tokens.weight",
    "shared.weight",
    "word_embeddings.weight",
    "decoder.weight",
    "vocab_projector.weight",
    "cls.predictions.decoder.bias",
    "lm_head.decoder.bias",
];
/// Parts that answer questions not asked here: is it the next sentence, which class is it?
const OTHER_TASKS: [&str; 8] = [
    "pooler.",
    "cls.seq_relationship.",
    "classifier.",
    "pre_classifier.",
    "qa_outputs.",
    "score.",
    "multiple_choice_head.",
    "sequence_summary.",
];
/// So many names are listed.
const LISTED: usize = 3;

/// Checks that nothing was left over, once a model has been built. What was left out on purpose comes
/// back as notes.
///
/// # Errors
/// When a tensor was not used and would have changed the numbers.
pub(crate) fn check(weights: &Weights, prefix: &str) -> Result<Vec<String>> {
    let mut others = Vec::new();
    let mut left = Vec::new();
    for (name, own, shape) in weights.unread() {
        let bare = name.strip_prefix(prefix).unwrap_or(&name);
        let is_mask = MASKS.iter().any(|end| name.ends_with(end))
            && (shape.len() == 4 || shape.iter().product::<usize>() == 1);
        let is_copy = TABLES.iter().any(|end| name.ends_with(end)) && weights.is_copy(&name);
        if is_mask || is_copy || COMPUTED.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let is_other = OTHER_TASKS.iter().any(|start| bare.starts_with(start));
        if is_other { &mut others } else { &mut left }.push(own);
    }
    if !left.is_empty() {
        let why = format!("the model does not use {}", listed(&left));
        return Err(Problem::new(READING, why).cure(
            "Its numbers would come out wrong, so the model is not opened: config.json and the weights belong to \
             different models, or this one has parts that are not known here",
        ));
    }
    let others = (!others.is_empty())
        .then(|| format!("parts for another task are left out: {}", listed(&others)));
    Ok(weights.note().into_iter().chain(others).collect())
}

/// The first few of some names.
fn listed(names: &[String]) -> String {
    let first = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
