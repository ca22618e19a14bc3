//! Two texts side by side as tables.

use super::Compare;
use super::both::Both;
use crate::table::Table;

pub(super) fn tables(view: &Compare) -> Vec<Table> {
    let Some(answer) = &view.answer else {
        return Vec::new();
    };
    let both = &answer.both;
    vec![next(both), tokens(both), cosines(both)]
}

/// The tokens most probable on either side as the next one.
fn next(both: &Both) -> Table {
    let rows = || both.next.rows.iter();
    Table::new("next")
        .text("token", rows().map(|row| row.0.clone()))
        .number("prob_first", rows().map(|row| row.1[0]))
        .number("prob_second", rows().map(|row| row.1[1]))
}

/// Which tokens stand beside each other.
fn tokens(both: &Both) -> Table {
    let columns = || both.columns.iter();
    let place = |pos: Option<usize>| pos.map_or(String::new(), |pos| pos.to_string());
    Table::new("tokens")
        .text("first_pos", columns().map(|column| place(column.first)))
        .text(
            "first_token",
            columns().map(|column| column.first.map_or(String::new(), |pos| both.first.label(pos))),
        )
        .text("second_pos", columns().map(|column| place(column.second)))
        .text(
            "second_token",
            columns()
                .map(|column| column.second.map_or(String::new(), |pos| both.second.label(pos))),
        )
}

/// How alike the streams of each pair are: step 0 before the first block, `l + 1` after block `l`.
fn cosines(both: &Both) -> Table {
    let pairs = both.columns.iter().filter_map(|column| column.both());
    let steps: Vec<((usize, usize), usize, f32)> = pairs
        .flat_map(|pair| {
            let cosines = both.cosines(pair).unwrap_or_default().into_iter().enumerate();
            cosines.map(move |(step, cosine)| (pair, step, cosine))
        })
        .collect();
    Table::new("cosines")
        .integer("first_pos", steps.iter().map(|step| step.0.0))
        .integer("second_pos", steps.iter().map(|step| step.0.1))
        .integer("step", steps.iter().map(|step| step.1))
        .number("cosine", steps.iter().map(|step| step.2))
}
