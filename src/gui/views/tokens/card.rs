//! The chosen token in full, and the three ways of cutting compared.

use super::figure::describe;
use super::reading::Reading;
use crate::gui::contract::view::Context;
use crate::gui::look::format::count;
use crate::gui::look::theme::{Theme, semibold};
use crate::text::{tr, trf};
use crate::trace::{Part, Shape};
use egui::{Align2, FontId, Grid, Rect, RichText, Sense, Ui, pos2, vec2};

/// Everything there is to say about the token at `pos`.
pub fn card_ui(ui: &mut Ui, ctx: &Context<'_>, reading: &Reading, pos: usize) {
    let theme = ctx.theme;
    let title = trf("Token {0}", &[&pos]);
    ui.label(RichText::new(title).font(FontId::new(theme.body_size, semibold())));
    ui.spacing_mut().interact_size.y = 0.0;
    let spacing = vec2(theme.body_size * 0.7, theme.body_size * 0.1);
    let grid = Grid::new("token").num_columns(2).spacing(spacing);
    grid.show(ui, |ui| {
        for (name, value) in facts(reading, pos) {
            let shown = RichText::new(tr(name)).font(theme.caption());
            ui.label(shown.color(*theme.dim));
            let ink = if name == "id" { theme.accent } else { theme.text };
            let value = RichText::new(value).font(theme.mono()).color(*ink);
            ui.add(egui::Label::new(value).wrap());
            ui.end_row();
        }
    });
}

/// The facts about a token, each with its name.
fn facts(reading: &Reading, pos: usize) -> Vec<(&'static str, String)> {
    let trace = &reading.trace;
    let Some(token) = trace.tokens.get(pos) else {
        return Vec::new();
    };
    let hex: Vec<String> = token.bytes.iter().map(|b| format!("{b:02X}")).collect();
    let shown = hex.len().min(12);
    let mut bytes = hex[..shown].join(" ");
    if shown < hex.len() {
        bytes = trf("{0} … {1} in all", &[&bytes, &hex.len()]);
    }
    let last = trace.tokens.len().saturating_sub(1);
    let (from, to) = (token.span.start, token.span.end);
    let span = match to.saturating_sub(from) {
        0 => tr("added by the tokenizer").to_owned(),
        1 => trf("byte {0} of the text", &[&from]),
        _ => trf("bytes {0}–{1} of the text", &[&from, &(to - 1)]),
    };
    let vocab = count(trace.model.vocab_size);
    let mut facts = vec![
        ("text", text(reading, pos)),
        ("id", trf("{0} of {1}", &[&token.id, &vocab])),
        ("position", trf("{0} (the last is {1})", &[&pos, &last])),
        ("bytes", bytes),
        ("place", span),
    ];
    if let Some(Some((word, at))) = reading.places.get(pos).copied()
        && let Some(word) = reading.words.get(word)
    {
        let whole = crate::gui::look::format::abbreviate(&reading.text(&word.span), 16);
        let of = match word.tokens.len() {
            1 => trf("{0}, in one piece", &[&whole]),
            n => trf("{0}, piece {1} of {2}", &[&whole, &(at + 1), &n]),
        };
        facts.push(("word", of));
    }
    facts
}

/// The token's text; of a piece of a character, which piece and the character's code point.
fn text(reading: &Reading, pos: usize) -> String {
    let mut text = describe(reading, pos);
    let token = reading.trace.tokens.get(pos);
    let parts =
        token.map_or_else(Vec::new, |token| Part::of_span(&reading.trace.text, &token.span));
    if let [part] = parts[..]
        && !part.of.is_ascii()
    {
        text = format!("{text} (U+{:04X})", part.of as u32);
    }
    text
}

/// How many pieces each way of cutting makes, and what it costs.
pub fn cuts_ui(ui: &mut Ui, theme: &Theme, reading: &Reading) {
    let title = FontId::new(theme.body_size, semibold());
    ui.label(RichText::new(tr("The same text, cut three ways")).font(title));
    let [words, tokens, characters] = reading.cuts;
    let vocab = count(reading.trace.model.vocab_size);
    let rows = [
        ("words", words, trf("no limit ({0} here)", &[&words.different])),
        ("tokens", tokens, vocab),
        ("characters", characters, trf("every one ({0} here)", &[&characters.different])),
    ];
    let most = rows.iter().map(|(_, cut, _)| cut.pieces).max().unwrap_or(0);
    ui.spacing_mut().interact_size.y = 0.0;
    let beside = theme.body_size * 10.2 + theme.caption_size * 11.5;
    let bar = (ui.available_width() * 0.24).min(ui.available_width() - beside);
    let bar = bar.clamp(theme.body_size, theme.body_size * 16.0);
    let spacing = vec2(theme.body_size * 0.7, theme.body_size * 0.1);
    let grid = Grid::new("cuts").num_columns(3).spacing(spacing);
    grid.show(ui, |ui| {
        for name in ["", "pieces to read", "pieces to know"] {
            let shown = RichText::new(tr(name)).font(theme.caption());
            ui.label(shown.color(*theme.dim));
        }
        ui.end_row();
        for (name, cut, known) in rows {
            let ink = if name == "tokens" { theme.accent } else { theme.text };
            ui.label(RichText::new(tr(name)).font(theme.body()).color(*ink));
            pieces_ui(ui, theme, (cut.pieces, most), bar, *ink);
            ui.label(RichText::new(known).font(theme.caption()));
            ui.end_row();
        }
    });
    let note =
        tr("Long pieces make short texts but need a large vocabulary, and unseen words have \
         no number.");
    ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
}

/// A number with a bar of its size.
fn pieces_ui(
    ui: &mut Ui,
    theme: &Theme,
    (n, most): (usize, usize),
    bar: f32,
    color: egui::Color32,
) {
    let digits = theme.body_size * 3.2;
    let size = vec2(bar + digits, theme.body_size * 1.3);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, count(n)));
    let full = Rect::from_min_size(rect.min, vec2(bar, rect.height()));
    let full = full.shrink2(vec2(0.0, rect.height() * 0.22));
    let length = full.width() * n as f32 / most.max(1) as f32;
    let painter = ui.painter();
    painter.rect_filled(full.with_max_x(full.left() + length), 2.0, color);
    let at = pos2(full.left() + length + 6.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, count(n), theme.mono(), *theme.text);
}

/// How much of the model's context the text takes.
pub fn context_ui(ui: &mut Ui, theme: &Theme, reading: &Reading) {
    let (n, most) = (reading.trace.tokens.len(), reading.trace.model.n_ctx);
    let counts = [count(n), count(most)];
    let text = trf("{0} of {1} tokens", &[&counts[0], &counts[1]]);
    ui.label(RichText::new(tr("Context")).font(theme.caption()).color(*theme.dim));
    let size = vec2(theme.body_size * 9.0, theme.body_size * 0.8);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let name = trf("{0} of {1} tokens of the context are used", &[&counts[0], &counts[1]]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &name));
    let is_start = reading.trace.model.shape == Shape::Decoder;
    response.on_hover_text(if is_start {
        trf("This model reads at most {0} tokens at a time. Of a longer text it reads the end", &[&most])
    } else {
        trf(
            "This model reads at most {0} tokens at a time. Of a longer text it reads the beginning",
            &[&most],
        )
    });
    let share = (n as f32 / most.max(1) as f32).min(1.0);
    let used = rect.with_max_x(rect.left() + rect.width() * share);
    let painter = ui.painter();
    let dropped = reading.trace.dropped;
    let color = if dropped > 0 { theme.warning } else { theme.accent };
    painter.rect_filled(rect, 3.0, *theme.raised);
    painter.rect_filled(used, 3.0, *color);
    painter.rect_stroke(rect, 3.0, theme.line(theme.outline), egui::StrokeKind::Outside);
    ui.label(RichText::new(text).font(theme.body()));
    if dropped > 0 {
        let note = if is_start {
            trf("{0} at the start left out", &[&count(dropped)])
        } else {
            trf("{0} at the end left out", &[&count(dropped)])
        };
        ui.label(RichText::new(note).font(theme.body()).color(*theme.warning));
    }
}
