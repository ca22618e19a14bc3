//! BPE as `SentencePiece` does it, out of its pieces: spaces are written ▁, and what is not in the
//! vocabulary is spelled in bytes.

use crate::model::text::tokenizer_class::sentencepiece_decoder;
use serde_json::{Map, Value, json};
use std::cmp::Reverse;
use std::collections::HashMap;

/// A token is cut in two at every place when merges are derived; longer ones would take too long.
const MAX_TOKEN: usize = 1024;

/// The parts of a `tokenizer.json`; `space` says whether a space comes before the first word.
pub(crate) fn bpe_json(
    tokens: &[&str],
    merges: &Value,
    unknown: Option<&str>,
    space: bool,
) -> Value {
    let scheme = if space { "first" } else { "never" };
    json!({
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false},
        "decoder": sentencepiece_decoder(space),
        "model": {
            "type": "BPE",
            "unk_token": unknown,
            "fuse_unk": true,
            "byte_fallback": true,
            "vocab": vocabulary(tokens),
            "merges": merges,
        },
    })
}

/// A token that is found in the text as a whole, before anything is cut.
pub(crate) fn added_token(id: usize, token: &str, special: bool) -> Value {
    json!({
        "id": id, "content": token, "special": special, "normalized": false,
        "single_word": false, "lstrip": false, "rstrip": false,
    })
}

/// Tokens with their places as ids.
pub(crate) fn vocabulary(tokens: &[&str]) -> Map<String, Value> {
    let ids = tokens.iter().enumerate();
    ids.map(|(id, &token)| (token.to_owned(), json!(id))).collect()
}

/// The merges that a vocabulary implies: every way to cut a token into two tokens, the best token
/// first. The best has the highest score or, without scores, the lowest id; as `generate_merges` in
/// transformers' `tokenization_utils_base.py`.
///
/// # Errors
/// When a token is too long.
pub(crate) fn derive_merges<'a>(
    tokens: &[&'a str],
    scores: Option<&[f64]>,
) -> Result<Vec<(&'a str, &'a str)>, String> {
    if let Some(long) = tokens.iter().find(|token| token.len() > MAX_TOKEN) {
        return Err(format!("a token has {} bytes", long.len()));
    }
    let ids: HashMap<&str, usize> = tokens.iter().enumerate().map(|(id, &t)| (t, id)).collect();
    let mut merges = Vec::new();
    for (id, &token) in tokens.iter().enumerate() {
        let cuts = token.char_indices().skip(1).map(|(at, _)| token.split_at(at));
        let cuts =
            cuts.filter_map(|(left, right)| Some((left, right, ids.get(left)?, ids.get(right)?)));
        let mut cuts: Vec<_> = cuts.collect();
        cuts.sort_by_key(|&(.., left, right)| (left, right));
        merges.extend(cuts.into_iter().map(|(left, right, ..)| (id, left, right)));
    }
    let lengths = |merge: &(usize, &str, &str)| (merge.1.chars().count(), merge.2.chars().count());
    match scores {
        None => merges.sort_by_key(|merge| (merge.0, lengths(merge))),
        Some(scores) => {
            let score = |id: usize| scores.get(id).copied().unwrap_or_default();
            merges.sort_by(|a, b| {
                let by_score = score(b.0).total_cmp(&score(a.0));
                by_score.then(Reverse(lengths(a)).cmp(&Reverse(lengths(b))))
            });
        }
    }
    Ok(merges.into_iter().map(|(_, left, right)| (left, right)).collect())
}
