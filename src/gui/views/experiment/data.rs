//! The effect of an experiment as tables.

use super::Experiment;
use crate::gui::contract::view::Context;
use crate::table::Table;

/// The next token before and after the change, and what each head is worth, if that was asked.
pub(super) fn tables(view: &Experiment, ctx: &Context<'_>) -> Vec<Table> {
    let vocabulary = 0..ctx.next.probs.len();
    let probs = |i: usize| vocabulary.clone().map(move |id| view.effect.probs(id)[i]);
    let token = |id| ctx.model.tokenizer.token(id as u32).text;
    let next = Table::new("next")
        .integer("id", vocabulary.clone())
        .text("token", vocabulary.clone().map(token))
        .number("prob_before", probs(0))
        .number("prob_after", probs(1));
    let mut tables = vec![next];
    tables.extend(view.heads.table());
    if let Some(attribution) = view.effect.attribution() {
        tables.push(grid("attribution", attribution));
    }
    tables
}

/// One number for each head of each layer.
pub(super) fn grid(name: &str, values: &[Vec<f32>]) -> Table {
    let cells = || {
        values.iter().enumerate().flat_map(|(layer, row)| {
            let row = row.iter().enumerate();
            row.map(move |(head, &value)| (layer, head, value))
        })
    };
    Table::new(name)
        .integer("layer", cells().map(|cell| cell.0))
        .integer("head", cells().map(|cell| cell.1))
        .number(name, cells().map(|cell| cell.2))
}
