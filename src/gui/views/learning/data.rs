//! The numbers of a run, to take away.

use crate::session::training::{Recipe, Run};
use crate::table::Table;

/// What the next run is made of.
pub fn plan(recipe: &Recipe) -> Table {
    let json = serde_json::to_value(recipe).unwrap_or_default();
    let fields = || json.as_object().into_iter().flatten();
    Table::new("recipe")
        .text("name", fields().map(|(name, _)| name.clone()))
        .text("value", fields().map(|(_, value)| value.to_string()))
}

/// What a run is made of, its losses, and what was measured now and then.
pub fn tables(run: &Run) -> Vec<Table> {
    let progress = run.progress();
    let checks = || progress.checks.iter();
    let heads = || {
        checks().flat_map(|check| {
            check.heads.iter().enumerate().flat_map(move |(layer, heads)| {
                heads.iter().enumerate().map(move |(head, roles)| (check.step, layer, head, *roles))
            })
        })
    };
    let gradients =
        || checks().flat_map(|check| check.gradients.iter().map(move |part| (check.step, part)));
    vec![
        plan(&run.recipe),
        Table::new("losses")
            .integer("step", 0..progress.losses.len())
            .number("loss", progress.losses.iter().copied()),
        Table::new("checks")
            .integer("step", checks().map(|check| check.step))
            .number("held_out", checks().map(|check| check.held_out.unwrap_or(f32::NAN)))
            .text("written", checks().map(|check| check.sample.clone())),
        Table::new("heads")
            .integer("step", heads().map(|(step, ..)| step))
            .integer("layer", heads().map(|(_, layer, ..)| layer))
            .integer("head", heads().map(|(_, _, head, _)| head))
            .number("previous", heads().map(|(.., roles)| roles.previous.unwrap_or(f32::NAN)))
            .number("induction", heads().map(|(.., roles)| roles.induction.unwrap_or(f32::NAN))),
        Table::new("gradients")
            .integer("step", gradients().map(|(step, _)| step))
            .text("part", gradients().map(|(_, (part, _))| part.clone()))
            .number("length", gradients().map(|(_, (_, length))| *length)),
    ]
}
