//! The panel of a model that does not say what comes next: what it guesses for masked words, or the
//! vector it makes of the text.

use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::gui::look::theme::{Scale, Theme};
use crate::gui::widgets::{Bar, bar_scale_ui, bar_ui, legend_ui};
use crate::session::masked;
use crate::text::{tr, trf};
use crate::trace::{Hook, Predicts};
use egui::{Id, Rect, RichText, ScrollArea, Sense, Ui, vec2};

/// How many guesses are listed for a masked word.
const LISTED: usize = 40;
/// Numbers of the text's vector in one row.
const PER_ROW: usize = 16;

/// Draws the panel.
pub fn reading_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    match ctx.trace.model.predicts {
        Predicts::Masked => masked_ui(ui, ctx),
        _ if ctx.trace.get(Hook::Pooled).is_some() => pooled_ui(ui, ctx),
        _ => {
            title(ui, ctx.theme, tr("Encoder"));
            let text = "The encoder writes nothing: it turns the source text into vectors for the decoder to look at.";
            note(ui, ctx.theme, tr(text));
        }
    }
}

fn title(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).font(theme.title()));
}

fn note(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).font(theme.caption()).color(*theme.dim));
}

/// The guesses for the masked word that is pointed at, or the first.
fn masked_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    title(ui, theme, tr("Masked word"));
    let all = masked(ctx.model, ctx.trace, LISTED);
    let chosen = all.iter().find(|at| Some(at.pos) == ctx.focus.query);
    let Some(at) = chosen.or(all.first()) else {
        let mask = ctx.model.tokenizer.mask().map(|mask| mask.text);
        let mask = mask.unwrap_or_else(|| "[MASK]".to_owned());
        note(
            ui,
            theme,
            &trf(
                "This model guesses words that are hidden. Write {0} in place of a word.",
                &[&mask],
            ),
        );
        let button = ui.button(trf("Add {0}", &[&mask]));
        if button.on_hover_text(tr("Write it after the text")).clicked() {
            ctx.send(Command::Append(format!(" {mask}")));
        }
        if ctx.trace.get(Hook::Pooled).is_some() {
            ui.add_space(theme.body_size);
            pooled_ui(ui, ctx);
        }
        return;
    };
    let text = match all.len() {
        1 => trf("What stands at position {0}?", &[&at.pos]),
        n => trf(
            "What stands at position {0}? Point at another of the {1} masked tokens to see its \
             guesses.",
            &[&at.pos, &n],
        ),
    };
    note(ui, theme, &text);
    let largest = at.candidates.first().map_or(1.0, |best| best.prob);
    let full = bar_scale_ui(ui, theme, largest);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for (rank, candidate) in at.candidates.iter().enumerate() {
            let label = candidate.token.label();
            let bar = Bar {
                label: &label,
                before: candidate.prob,
                after: candidate.prob,
                full,
                id: Id::unique(("masked word", rank)),
            };
            let response = bar_ui(ui, theme, &bar);
            response.on_hover_ui(|ui| {
                ui.label(trf(
                    "{0}   id {1}, rank {2}",
                    &[&label, &candidate.token.id, &(rank + 1)],
                ));
                ui.label(trf("the model guesses {0}", &[&percent(candidate.prob)]));
            });
        }
    });
}

/// The vector of the whole text, as a block of colours.
fn pooled_ui(ui: &mut Ui, ctx: &Context<'_>) {
    let theme = ctx.theme;
    title(ui, theme, tr("Vector of the text"));
    let Some(pooled) = ctx.trace.get(Hook::Pooled) else {
        return;
    };
    let values = pooled.data();
    let how = ctx.trace.model.pooling.as_deref().unwrap_or("the mean of all tokens");
    let text = trf(
        "{0} numbers: {1}. Texts that mean the same have vectors that point the same way: \
         compare two under Embeddings, Similarity.",
        &[&values.len(), &tr(how)],
    );
    note(ui, theme, &text);
    let largest = values.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let scale = Scale::Diverging { limit: largest };
    legend_ui(ui, theme, scale, tr("value"));
    let side = (ui.available_width() / PER_ROW as f32).floor().max(1.0);
    let rows = values.len().div_ceil(PER_ROW);
    let size = vec2(side * PER_ROW as f32, side * rows as f32);
    ScrollArea::vertical().id_salt("pooled").auto_shrink(false).show(ui, |ui| {
        let (area, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Image, true, tr("Vector of the text"))
        });
        for (i, &value) in values.iter().enumerate() {
            let (row, col) = (i / PER_ROW, i % PER_ROW);
            let min = area.min + vec2(col as f32 * side, row as f32 * side);
            let cell = Rect::from_min_size(min, vec2(side, side));
            ui.painter().rect_filled(cell, 0.0, theme.color(scale, value));
        }
        let pointed = response.hover_pos().and_then(|at| {
            let at = (at - area.min) / side;
            let i = at.y as usize * PER_ROW + (at.x as usize).min(PER_ROW - 1);
            values.get(i).map(|value| trf("dimension {0}: {1}", &[&i, &number(*value)]))
        });
        if let Some(text) = pointed {
            response.on_hover_text_at_pointer(text);
        }
    });
}
