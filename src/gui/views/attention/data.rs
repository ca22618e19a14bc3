//! One head's weights and vectors as tables.

use crate::gui::view::Context;
use crate::table::Table;
use crate::trace::{BlockHook, Hook, Trace};

/// The weights and scores of the head in focus, and its queries, keys, values and outputs.
pub(super) fn tables(ctx: &Context<'_>) -> Vec<Table> {
    let (layer, head) = (ctx.focus.layer, ctx.focus.head);
    [
        weights(ctx.trace, layer, head),
        vectors(ctx.trace, layer, head),
    ]
    .into_iter()
    .flatten()
    .collect()
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

/// The vectors of the head for each token, number by number.
fn vectors(trace: &Trace, layer: usize, head: usize) -> Option<Table> {
    // Keys and values of another text would not stand beside these queries.
    if trace.key_tokens().len() != trace.tokens.len() {
        return None;
    }
    let d_head = trace.model.d_head;
    let cells =
        || (0..trace.tokens.len()).flat_map(move |pos| (0..d_head).map(move |dim| (pos, dim)));
    let mut table = Table::new("vectors")
        .integer("pos", cells().map(|(pos, _)| pos))
        .text("token", cells().map(|(pos, _)| trace.label(pos)))
        .integer("dim", cells().map(|(_, dim)| dim));
    for (name, hook) in [
        ("query", BlockHook::Q),
        ("key", BlockHook::K),
        ("value", BlockHook::V),
        ("output_z", BlockHook::Z),
    ] {
        let activation = trace.block(layer, hook)?;
        // Several heads may share keys and values.
        let n_own = activation.shape().get(1).copied().unwrap_or(1).max(1);
        let own = head * n_own / trace.model.n_heads.max(1);
        let number = |(pos, dim): (usize, usize)| {
            let vector = activation.at(&[pos, own]);
            vector
                .and_then(|vector| vector.get(dim))
                .copied()
                .unwrap_or(f32::NAN)
        };
        table = table.number(name, cells().map(number));
    }
    Some(table)
}
