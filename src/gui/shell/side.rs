//! The panel that is always within reach: the next token's probabilities and what shapes them.

use crate::gui::contract::action::tip;
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{abbreviate, percent, short_count};
use crate::gui::widgets::{Bar, bar_scale_ui, bar_ui};
use crate::math::sampling::{Sampling, entropy_bits};
use crate::text::{tr, trf};
use crate::trace::Predicts;
use egui::epaint::TextShape;
use egui::{Id, Rect, RichText, ScrollArea, Sense, Slider, Ui, pos2};
use std::f32::consts::FRAC_PI_2;

/// Draws the panel. `sampling` changes in place and the bars follow in the same frame.
pub fn side_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    hide_ui(ui, ctx, tr("Next token"));
    let entropy = entropy_bits(&ctx.next.sampling_probs);
    let kept = short_count(ctx.next.n_kept);
    let of = short_count(ctx.next.probs.len());
    let note = trf(
        "{0} of {1} tokens can be drawn, entropy {2} bits",
        &[&kept, &of, &format!("{entropy:.2}")],
    );
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
    let draw = ui
        .button(tr("Draw next token"))
        .on_hover_text(tip("Draw one token and write it after the text", &Command::Draw));
    if draw.clicked() {
        ctx.send(Command::Draw);
    }
    let next = ctx.next;
    let largest = |probs: &[f32]| {
        next.ranked.iter().filter_map(|&id| probs.get(id)).copied().fold(0.0, f32::max)
    };
    let largest = largest(&next.probs).max(largest(&next.sampling_probs));
    let full = bar_scale_ui(ui, theme, largest);
    bars_ui(ui, ctx, full);
}

fn bars_ui(ui: &mut Ui, ctx: &mut Context<'_>, full: f32) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        let next = ctx.next;
        for (rank, &id) in next.ranked.iter().enumerate() {
            let token = ctx.model.tokenizer.token(id as u32);
            let label = token.label();
            let (before, after) = (next.probs[id], next.sampling_probs[id]);
            let bar =
                Bar { label: &label, before, after, full, id: Id::unique(("next token", rank)) };
            let response = bar_ui(ui, ctx.theme, &bar);
            let chosen = response.clicked();
            response.on_hover_ui(|ui| {
                ui.label(trf("{0}   id {1}, rank {2}", &[&label, &id, &(rank + 1)]));
                ui.label(trf("the model says {0}", &[&percent(before)]));
                ui.label(trf("after the filters {0}", &[&percent(after)]));
                ui.label(tr("Click to write it after the text"));
            });
            if chosen {
                ctx.send(Command::Append(token.text));
            }
        }
    });
}

/// A title of the panel, and at its end the button that leaves only a strip of it.
pub fn hide_ui(ui: &mut Ui, ctx: &mut Context<'_>, title: &str) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(ctx.theme.title()));
        let right = egui::Layout::right_to_left(egui::Align::Center);
        ui.with_layout(right, |ui| {
            let hide = ui.small_button("»");
            let about = tip("Show or hide the next token", &Command::ToggleNext);
            if hide.on_hover_text(about).clicked() {
                ctx.send(Command::ToggleNext);
            }
        });
    });
}

/// What is left of the panel when it is closed: the most likely token, at the edge, and the way back.
pub fn strip_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let show = ui.vertical_centered(|ui| ui.small_button("«")).inner;
    let about = tip("Show or hide the next token", &Command::ToggleNext);
    if show.on_hover_text(&about).clicked() {
        ctx.send(Command::ToggleNext);
    }
    let rect = ui.available_rect_before_wrap();
    let best = ctx.next.ranked.first().filter(|_| ctx.trace.model.predicts == Predicts::Next);
    let text = match best.and_then(|&id| Some((id, ctx.next.sampling_probs.get(id)?))) {
        Some((id, &prob)) => {
            let token = abbreviate(&ctx.model.tokenizer.token(id as u32).label(), 20);
            format!("{}: {token} {}", tr("Next token"), percent(prob))
        }
        None => tr("What it guesses").to_owned(),
    };
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &text));
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, *theme.raised);
    }
    // Read from the bottom to the top, beginning beneath the button.
    let galley = painter.layout_no_wrap(text, theme.body(), *theme.text);
    let turned = Rect::from_center_size(rect.center(), galley.size().yx());
    let at = pos2(turned.left(), rect.top() + theme.body_size + turned.height());
    painter.add(TextShape::new(at, galley, *theme.text).with_angle(-FRAC_PI_2));
    if response.on_hover_text(about).clicked() {
        ctx.send(Command::ToggleNext);
    }
}

/// Temperature, top-k and top-p.
pub fn sampling_ui(ui: &mut Ui, sampling: &mut Sampling, vocab_size: usize) {
    // What the names and the numbers leave.
    let unit = ui.text_style_height(&egui::TextStyle::Body) / 1.25;
    let digits = vocab_size.to_string().len().max(4) as f32;
    let taken = (8.6 + 0.6 * digits) * unit;
    ui.spacing_mut().slider_width = (ui.available_width() - taken).max(3.0 * unit);
    egui::Grid::new("sampling").num_columns(2).show(ui, |ui| {
        let label = ui.label(tr("Temperature"));
        let slider =
            Slider::new(&mut sampling.temperature, 0.0..=5.0).step_by(0.01).max_decimals(2);
        let slider = ui.add(slider).labelled_by(label.id);
        let slider = slider.on_hover_text(tr(
            "Below 1 bolder, above 1 more even, 0 always the most probable. Double-click resets",
        ));
        if slider.double_clicked() {
            sampling.temperature = 1.0;
        }
        ui.end_row();

        // At their ends, top-k and top-p keep everything.
        let mut k = sampling.top_k.unwrap_or(vocab_size).min(vocab_size);
        let label = ui.label(tr("Top-k"));
        let slider = Slider::new(&mut k, 1..=vocab_size.max(1)).logarithmic(true);
        let slider = ui.add(slider).labelled_by(label.id);
        let slider = slider
            .on_hover_text(tr("Keep only the k most probable tokens. Double-click keeps all"));
        k = if slider.double_clicked() { vocab_size } else { k };
        sampling.top_k = (k < vocab_size).then_some(k);
        ui.end_row();

        let mut p = sampling.top_p.unwrap_or(1.0);
        let label = ui.label(tr("Top-p"));
        let slider = Slider::new(&mut p, 0.0..=1.0).step_by(0.01).max_decimals(2);
        let slider = ui.add(slider).labelled_by(label.id);
        let slider = slider.on_hover_text(tr(
            "Keep the fewest tokens that together reach this probability. Double-click keeps all",
        ));
        p = if slider.double_clicked() { 1.0 } else { p };
        sampling.top_p = (p < 1.0).then_some(p);
        ui.end_row();
    });
}
