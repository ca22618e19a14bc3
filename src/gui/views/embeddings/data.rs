//! The vectors and what is near them as tables, those on screen first.

use super::Embeddings;
use crate::gui::contract::view::Context;
use crate::table::Table;
use crate::trace::{Hook, Trace};

pub(super) fn tables(view: &Embeddings, ctx: &Context<'_>) -> Vec<Table> {
    let mut tables = vec![vectors(ctx.trace)];
    let near = view.around.tables(ctx);
    let near = near.into_iter().flatten();
    tables.extend(near);
    tables.extend(view.analogy.table());
    tables.extend(view.similarity.tables().into_iter().flatten());
    let by_tab = ["embeddings", "nearest", "map", "analogy", "similarity"];
    let first = by_tab.get(ctx.tab).copied().unwrap_or(by_tab[0]);
    // Sorting keeps the order of the others.
    tables.sort_by_key(|table| table.name != first);
    tables
}

fn vectors(trace: &Trace) -> Table {
    let numbers = trace.get(Hook::Embed).map_or(&[][..], |embed| embed.data());
    let width = trace.model.d_model.max(1);
    let n = numbers.len();
    Table::new("embeddings")
        .integer("pos", (0..n).map(|i| i / width))
        .text("token", (0..n).map(|i| trace.label(i / width)))
        .integer("dim", (0..n).map(|i| i % width))
        .number("value", numbers.iter().copied())
}
