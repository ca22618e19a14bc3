//! What is read after every layer, as a table.

use super::LensView;
use crate::gui::contract::view::Context;
use crate::model::insight::lens::Standing;
use crate::table::Table;

/// The best tokens in every cell, and the standing of the predicted and of the followed token. Row
/// 0 reads the embedding, row `l + 1` what leaves layer `l`.
pub(super) fn tables(view: &LensView, ctx: &Context<'_>) -> Vec<Table> {
    let Some(lens) = &view.made else {
        return Vec::new();
    };
    let mut rows: Vec<(usize, usize, &str, Standing)> = Vec::new();
    for row in 0..lens.n_rows() {
        for pos in 0..lens.n_pos() {
            let Some(reading) = lens.get(row, pos) else {
                continue;
            };
            rows.extend(reading.top.iter().map(|&standing| (row, pos, "best", standing)));
            rows.push((row, pos, "predicted in the end", reading.predicted));
            rows.extend(reading.chosen.map(|standing| (row, pos, "followed", standing)));
        }
    }
    let token = |id| ctx.model.tokenizer.token(id).text;
    let table = Table::new("lens")
        .integer("row", rows.iter().map(|row| row.0))
        .integer("pos", rows.iter().map(|row| row.1))
        .text("at", rows.iter().map(|row| lens.trace.label(row.1)))
        .text("listed_as", rows.iter().map(|row| row.2))
        .integer("rank", rows.iter().map(|row| row.3.rank))
        .integer("id", rows.iter().map(|row| row.3.id))
        .text("token", rows.iter().map(|row| token(row.3.id)))
        .number("prob", rows.iter().map(|row| row.3.prob));
    vec![table]
}
