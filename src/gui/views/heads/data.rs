//! The scores and patterns of all heads as tables.

use super::Heads;
use super::looks::gathered;
use crate::gui::contract::view::Context;
use crate::math::heads::HeadRole;
use crate::table::Table;
use crate::trace::Matrix;

pub(super) fn tables(view: &Heads, ctx: &Context<'_>) -> Vec<Table> {
    let trace = ctx.trace;
    let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
    let heads = || (0..n_layers).flat_map(|layer| (0..n_heads).map(move |head| (layer, head)));
    let mut scores = Table::new("heads")
        .integer("layer", heads().map(|(layer, _)| layer))
        .integer("head", heads().map(|(_, head)| head));
    let reading = view.reading.as_ref().filter(|reading| reading.id == trace.id);
    if let Some(reading) = reading {
        for role in HeadRole::ALL {
            let score = |(layer, head)| reading.score(layer, head, role);
            let value = |at| score(at).map_or(f32::NAN, |score| score.value);
            scores = scores.number(role.name(), heads().map(value));
        }
        let badges = |(layer, head)| -> String {
            let earned = reading.badges(layer, head);
            earned.iter().map(|(role, _)| role.letter()).collect()
        };
        scores = scores.text("badges", heads().map(badges));
    }
    let mut tables = vec![scores, patterns(ctx)];
    if ctx.tab == super::LOOKS {
        tables.push(looks(ctx));
    }
    if let Some(reading) = reading {
        tables.push(matrix("mean", reading.mean()));
        tables.push(matrix("rollout", reading.rollout()));
    }
    tables
}

/// For each word the heads that look at it most from the chosen token.
fn looks(ctx: &Context<'_>) -> Table {
    let query = ctx.pinned.query_or_last(ctx.trace);
    let gathered = gathered(ctx.trace, query);
    let all = || gathered.iter().enumerate().flat_map(|(key, of)| of.iter().map(move |l| (key, l)));
    Table::new("looks")
        .integer("query", all().map(|_| query))
        .integer("key", all().map(|(key, _)| key))
        .integer("layer", all().map(|(_, look)| look.layer))
        .integer("head", all().map(|(_, look)| look.head))
        .number("weight", all().map(|(_, look)| look.weight))
}

/// The cells of a pattern that can be other than zero: the past, and whatever else is not zero.
fn cells(pattern: Matrix<'_>) -> impl Iterator<Item = (usize, usize, f32)> + Clone {
    let cells = pattern.data.iter().enumerate();
    let cols = pattern.cols.max(1);
    cells
        .map(move |(i, &weight)| (i / cols, i % cols, weight))
        .filter(|&(query, key, weight)| key <= query || weight != 0.0)
}

fn matrix(name: &str, pattern: Matrix<'_>) -> Table {
    Table::new(name)
        .integer("query", cells(pattern).map(|(query, _, _)| query))
        .integer("key", cells(pattern).map(|(_, key, _)| key))
        .number("weight", cells(pattern).map(|(_, _, weight)| weight))
}

fn patterns(ctx: &Context<'_>) -> Table {
    let trace = ctx.trace;
    let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
    let of_head = |layer: usize, head: usize| {
        let pattern = trace.pattern(layer, head);
        let cells = pattern.into_iter().flat_map(cells);
        cells.map(move |cell| (layer, head, cell))
    };
    let all: Vec<(usize, usize, (usize, usize, f32))> = (0..n_layers)
        .flat_map(|layer| (0..n_heads).flat_map(move |head| of_head(layer, head)))
        .collect();
    Table::new("pattern")
        .integer("layer", all.iter().map(|cell| cell.0))
        .integer("head", all.iter().map(|cell| cell.1))
        .integer("query", all.iter().map(|cell| cell.2.0))
        .integer("key", all.iter().map(|cell| cell.2.1))
        .number("weight", all.iter().map(|cell| cell.2.2))
}
