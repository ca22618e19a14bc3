//! One head's weights and vectors as tables.

use crate::gui::contract::view::Context;
use crate::table::Table;
use crate::trace::{BlockHook, Hook, Token, Trace};

/// The weights and scores of the head in focus, and its queries, keys, values and outputs.
pub(super) fn tables(ctx: &Context<'_>) -> Vec<Table> {
    let (layer, head) = (ctx.focus.layer, ctx.focus.head);
    let trace = ctx.trace;
    let (asks, answers) = (&[QUERY, OUTPUT][..], &[KEY, VALUE][..]);
    let [queries, keys] = [&trace.tokens, trace.key_tokens()];
    let vectors = if trace.is_cross() {
        // Keys and values belong to another text.
        vec![
            vectors(trace, "queries", (layer, head), queries, asks),
            vectors(trace, "keys", (layer, head), keys, answers),
        ]
    } else {
        let all = [QUERY, KEY, VALUE, OUTPUT];
        vec![vectors(trace, "vectors", (layer, head), queries, &all)]
    };
    let weights = weights(trace, layer, head);
    weights.into_iter().chain(vectors.into_iter().flatten()).collect()
}

fn weights(trace: &Trace, layer: usize, head: usize) -> Option<Table> {
    let pattern = trace.pattern(layer, head)?;
    let n = pattern.cols;
    let cells = || (0..pattern.rows).flat_map(move |query| (0..n).map(move |key| (query, key)));
    // As files hold them: what a query cannot see has the score -inf.
    let scores = trace.exported(Hook::Block(layer, BlockHook::AttnScores));
    let score = |(query, key): (usize, usize)| {
        let index = (head * pattern.rows + query) * n + key;
        let score = scores.as_deref().and_then(|scores| scores.get(index));
        score.copied().unwrap_or(f32::NAN)
    };
    let weight = |(query, key)| pattern.get(query, key).unwrap_or(f32::NAN);
    let table = Table::new("pattern")
        .integer("layer", cells().map(|_| layer))
        .integer("head", cells().map(|_| head))
        .integer("query", cells().map(|(query, _)| query))
        .text("query_token", cells().map(|(query, _)| trace.label(query)))
        .integer("key", cells().map(|(_, key)| key))
        .text("key_token", cells().map(|(_, key)| trace.key_label(key)))
        .number("score", cells().map(score))
        .number("weight", cells().map(weight));
    Some(table)
}

/// A column of vectors: its name, and where it is recorded.
type Vectors = (&'static str, BlockHook);

const QUERY: Vectors = ("query", BlockHook::Q);
const KEY: Vectors = ("key", BlockHook::K);
const VALUE: Vectors = ("value", BlockHook::V);
const OUTPUT: Vectors = ("output_z", BlockHook::Z);

/// Vectors of the head for each of these tokens, number by number.
fn vectors(
    trace: &Trace,
    name: &'static str,
    (layer, head): (usize, usize),
    tokens: &[Token],
    columns: &[Vectors],
) -> Option<Table> {
    let d_head = trace.model.d_head;
    let cells = || (0..tokens.len()).flat_map(move |pos| (0..d_head).map(move |dim| (pos, dim)));
    let mut table = Table::new(name)
        .integer("pos", cells().map(|(pos, _)| pos))
        .text("token", cells().map(|(pos, _)| tokens[pos].label()))
        .integer("dim", cells().map(|(_, dim)| dim));
    for &(name, hook) in columns {
        let activation = trace.block(layer, hook)?;
        // Several heads may share keys and values.
        let n_own = activation.shape().get(1).copied().unwrap_or(1).max(1);
        let own = head * n_own / trace.model.n_heads.max(1);
        let number = |(pos, dim): (usize, usize)| {
            let vector = activation.at(&[pos, own]);
            vector.and_then(|vector| vector.get(dim)).copied().unwrap_or(f32::NAN)
        };
        table = table.number(name, cells().map(number));
    }
    Some(table)
}
