//! Neurons, lengths and norms as tables.

use super::norm::normalized;
use crate::gui::contract::view::Context;
use crate::math::vector::norm;
use crate::table::Table;
use crate::trace::{BlockHook, Trace};

/// The neurons of the layer in focus, the lengths of all vectors, and the norm before the MLP.
pub(super) fn tables(ctx: &Context<'_>) -> Vec<Table> {
    let (trace, layer) = (ctx.trace, ctx.focus.layer);
    vec![
        neurons(trace, layer),
        lengths(trace),
        normed(trace, layer, ctx.focus.query_or_last(trace)),
    ]
}

/// One number of an activation with a position and one more axis.
fn number(trace: &Trace, layer: usize, hook: BlockHook, (pos, i): (usize, usize)) -> f32 {
    let vector = trace.block(layer, hook).and_then(|a| a.at(&[pos]));
    vector.and_then(|vector| vector.get(i)).copied().unwrap_or(f32::NAN)
}

fn neurons(trace: &Trace, layer: usize) -> Table {
    let d_mlp = trace.model.d_mlp;
    let cells = || (0..trace.tokens.len()).flat_map(move |pos| (0..d_mlp).map(move |i| (pos, i)));
    let numbers = |hook| cells().map(move |cell| number(trace, layer, hook, cell));
    Table::new("neurons")
        .integer("layer", cells().map(|_| layer))
        .integer("pos", cells().map(|(pos, _)| pos))
        .text("token", cells().map(|(pos, _)| trace.label(pos)))
        .integer("neuron", cells().map(|(_, neuron)| neuron))
        .number("pre", numbers(BlockHook::MlpPre))
        .number("post", numbers(BlockHook::MlpPost))
}

fn lengths(trace: &Trace) -> Table {
    let n_pos = trace.tokens.len();
    let cells = || (0..trace.model.n_layers).flat_map(move |l| (0..n_pos).map(move |pos| (l, pos)));
    let length = |hook| {
        cells().map(move |(layer, pos)| {
            let vector = trace.block(layer, hook).and_then(|a| a.at(&[pos]));
            vector.map_or(f32::NAN, norm)
        })
    };
    Table::new("lengths")
        .integer("layer", cells().map(|(layer, _)| layer))
        .integer("pos", cells().map(|(_, pos)| pos))
        .text("token", cells().map(|(_, pos)| trace.label(pos)))
        .number("resid_pre", length(BlockHook::ResidPre))
        .number("attn_out", length(BlockHook::AttnOut))
        .number("resid_mid", length(BlockHook::ResidMid))
        .number("mlp_out", length(BlockHook::MlpOut))
        .number("resid_post", length(BlockHook::ResidPost))
}

fn normed(trace: &Trace, layer: usize, pos: usize) -> Table {
    let dims = 0..trace.model.d_model;
    let numbers = |hook| dims.clone().map(move |dim| number(trace, layer, hook, (pos, dim)));
    Table::new("norm")
        .integer("layer", dims.clone().map(|_| layer))
        .integer("pos", dims.clone().map(|_| pos))
        .integer("dim", dims.clone())
        .number("stream", numbers(trace.model.read_by_mlp()))
        .number("normalized", numbers(normalized(trace)))
}
