//! Two branches side by side: where they part, and what that costs.

use super::writer::Writer;
use super::written;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::math::tree::NodeId;
use crate::text::{tr, trf};
use egui::{Grid, RichText, ScrollArea, Ui};

/// Draws the text on screen beside another one; returns whether that is to end.
pub(super) fn versus_ui(ui: &mut Ui, ctx: &Context<'_>, writer: &Writer, other: NodeId) -> bool {
    let theme = ctx.theme;
    let tree = &writer.tree;
    let mut is_closed = false;
    ui.horizontal(|ui| {
        ui.label(RichText::new(tr("Two branches")).font(theme.title()));
        let close = ui.button(tr("Close"));
        is_closed = close.on_hover_text(tr("Compare no more")).clicked();
    });
    let (ours, theirs) = (tree.path(writer.at()), tree.path(other));
    let shared = tree.shared(writer.at(), other);
    let summary = summary(ctx, writer, (other, shared));
    ui.label(RichText::new(summary).font(theme.body()));
    let cell = |ui: &mut Ui, path: &[NodeId], row: usize| {
        let Some(&id) = path.get(row) else {
            ui.label("");
            ui.label("");
            return;
        };
        let node = tree.get(id);
        let label = node.token.map(|token| ctx.model.tokenizer.token(token).label());
        ui.label(RichText::new(label.unwrap_or_default()).font(theme.mono()));
        ui.label(RichText::new(percent(node.prob)).font(theme.mono_caption()));
    };
    let so_far = |path: &[NodeId], row: usize| {
        let id = path.get(row).or(path.last());
        id.map_or(0.0, |&id| tree.get(id).log_prob)
    };
    ScrollArea::both().id_salt("versus").auto_shrink(false).show(ui, |ui| {
        let grid = Grid::new("versus").num_columns(5).striped(true);
        grid.show(ui, |ui| {
            for title in
                [tr("this text"), "p", tr("the other"), "p", tr("ln p so far, this − other")]
            {
                ui.label(RichText::new(title).font(theme.caption()).color(*theme.dim));
            }
            ui.end_row();
            for row in shared..ours.len().max(theirs.len()) {
                cell(ui, &ours, row);
                cell(ui, &theirs, row);
                let ahead = so_far(&ours, row) - so_far(&theirs, row);
                ui.label(RichText::new(number(ahead as f32)).font(theme.mono_caption()));
                ui.end_row();
            }
        });
    });
    is_closed
}

/// Where the two part and which is likelier, in words.
fn summary(ctx: &Context<'_>, writer: &Writer, (other, shared): (NodeId, usize)) -> String {
    let tree = &writer.tree;
    let (a, b) = (tree.get(writer.at()), tree.get(other));
    let start = match tree.path(other).get(..shared).and_then(<[_]>::last) {
        Some(&last) => trf("Both begin “{0}”.", &[&written(ctx, writer, last).trim()]) + " ",
        None => String::new(),
    };
    let mean = |log_prob: f64, depth: usize| number((log_prob / depth.max(1) as f64) as f32);
    let likelier = if a.depth == b.depth {
        let ratio = (a.log_prob - b.log_prob).abs().exp();
        let ratio = number(ratio as f32);
        if a.log_prob >= b.log_prob {
            trf("This text is {0} times as likely.", &[&ratio])
        } else {
            trf("The other is {0} times as likely.", &[&ratio])
        }
    } else {
        tr("Their lengths differ: compare the means.").to_owned()
    };
    let numbers = trf(
        "ln p {0} against {1}, per token {2} against {3}.",
        &[
            &number(a.log_prob as f32),
            &number(b.log_prob as f32),
            &mean(a.log_prob, a.depth),
            &mean(b.log_prob, b.depth),
        ],
    );
    format!("{start}{numbers} {likelier}")
}
