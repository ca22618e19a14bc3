//! What to try first.

use super::effect::note_ui;
use super::parts;
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::math::sampling::top;
use crate::model::Edit;
use crate::text::{tr, trf};
use egui::{RichText, ScrollArea, Ui};

/// Experiments to begin with, one click each, and what they do.
pub(super) fn suggestions_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    ui.spacing_mut().item_spacing.y = theme.body_size * 0.25;
    ScrollArea::vertical().id_salt("suggestions").auto_shrink(false).show(ui, |ui| {
        for (edit, name, what) in suggestions(ctx) {
            let button = ui.button(RichText::new(name).font(theme.body()));
            if button.on_hover_text(tr("One click takes it back")).clicked() {
                ctx.send(Command::SetEdits(parts::with(ctx.edits, edit)));
            }
            note_ui(ui, theme, &what);
            ui.add_space(theme.body_size * 0.3);
        }
    });
}

/// Each edit, its name, and what it does.
fn suggestions(ctx: &Context<'_>) -> [(Edit, String, String); 5] {
    let (layer, head) = (ctx.pinned.layer, ctx.pinned.head);
    let model = &ctx.trace.model;
    let last = model.n_layers.saturating_sub(1);
    let n_tokens = ctx.trace.tokens.len();
    let pos = ctx.pinned.query.unwrap_or(n_tokens.saturating_sub(2));
    let off = Edit::Head { layer, head, factor: 0.0 };
    let deaf = Edit::Attention { layer: 0, factor: 0.0 };
    let silent = Edit::Mlp { layer: 0, factor: 0.0 };
    let doubled = Edit::Mlp { layer: last, factor: 2.0 };
    let hidden = Edit::Hide { pos };
    [
        (off, trf("Switch off head {0}.{1}", &[&layer, &head]), gaze(ctx)),
        (
            deaf,
            tr("Switch off the attention of layer 0").to_owned(),
            trf("{0} heads; tokens then meet one layer later", &[&model.n_heads]),
        ),
        (
            silent,
            tr("Switch off the MLP of layer 0").to_owned(),
            trf("{0} neurons add nothing", &[&model.d_mlp]),
        ),
        (
            doubled,
            trf("Double the MLP of layer {0}", &[&last]),
            tr("The last word before the answer, twice as loud").to_owned(),
        ),
        (
            hidden,
            trf("Hide “{0}” ({1})", &[&ctx.label(pos), &pos]),
            tr("No other token may look at it").to_owned(),
        ),
    ]
}

/// Where the last token looks through the chosen head.
fn gaze(ctx: &Context<'_>) -> String {
    let query = ctx.trace.tokens.len().saturating_sub(1);
    let pattern = ctx.trace.pattern(ctx.pinned.layer, ctx.pinned.head);
    let row = pattern.map_or(&[][..], |pattern| pattern.row(query));
    let Some(&key) = top(row, 1).first() else {
        return String::new();
    };
    let weight = percent(row.get(key).copied().unwrap_or(f32::NAN));
    let (query, key) = (ctx.label(query), ctx.label(key));
    trf("“{0}” looks through it, most at “{1}” ({2})", &[&query, &key, &weight])
}
