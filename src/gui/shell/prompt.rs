//! The line in which the text is typed, and the tokens the model makes of it.

use crate::gui::contract::action::tip;
use crate::gui::contract::command::Command;
use crate::gui::look::format::short_count;
use crate::gui::look::theme::Theme;
use crate::model::megabytes;
use crate::model::recording_bytes;
use crate::text::{tr, trf};
use crate::trace::Trace;
use egui::text::{LayoutJob, TextFormat};
use egui::{FontId, Frame, Galley, Id, Margin, RichText, ScrollArea, Stroke, TextEdit, Ui};
use std::sync::Arc;

/// The longest text the line takes, in bytes. Longer than any context here; beyond it editing
/// would become slow.
pub const MAX_BYTES: usize = 200_000;

/// Identifies the text field, to give it the keyboard.
pub fn id() -> Id {
    Id::unique("prompt")
}

/// Draws the text field; returns true when the text was changed. In what was read, it begins at byte
/// `start`.
pub fn prompt_ui(
    ui: &mut Ui,
    theme: &Theme,
    text: &mut String,
    trace: Option<&Trace>,
    start: usize,
) -> bool {
    let font = FontId::proportional(theme.prompt_size);
    let row = theme.prompt_size * 1.4;
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| -> Arc<Galley> {
        let mut job = token_job(theme, &font, text.as_str(), trace, start);
        job.wrap.max_width = width;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let edit = TextEdit::multiline(text)
        .id(id())
        .hint_text(RichText::new(tr("Type a sentence …")).color(*theme.dim))
        .font(font.clone())
        .frame(Frame::NONE)
        .desired_rows(1)
        .desired_width(f32::INFINITY)
        .layouter(&mut layouter);
    let has_focus = ui.memory(|memory| memory.has_focus(id()));
    let outline = if has_focus { theme.accent } else { theme.outline };
    let frame = Frame::new().fill(*theme.background).stroke(theme.line(outline)).corner_radius(6);
    let scroll = ScrollArea::vertical()
        .id_salt("prompt scroll")
        .max_height(3.0 * row)
        .min_scrolled_height(3.0 * row);
    let framed = frame
        .inner_margin(Margin::symmetric(10, 6))
        .show(ui, |ui| scroll.show(ui, |ui| ui.add(edit)));
    let response = framed.inner.inner;
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, true, tr("Prompt"))
    });
    response.on_hover_text(tip("The text the model reads", &Command::TypePrompt)).changed()
}

/// The line with a translator's translation: its own, or one that was typed.
pub fn target_ui(
    ui: &mut Ui,
    theme: &Theme,
    typed: Option<&str>,
    written: &str,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        let note = if typed.is_some() { tr("Your translation") } else { tr("Its translation") };
        let label = ui.label(RichText::new(note).font(theme.caption()).color(*theme.dim));
        let own = typed.is_some().then(|| {
            ui.button(tr("Its own")).on_hover_text(tr("Let the model translate again")).clicked()
        });
        let mut text = typed.unwrap_or(written).to_owned();
        let ink = if typed.is_some() { theme.text } else { theme.accent };
        let edit = TextEdit::singleline(&mut text)
            .id(Id::unique("target"))
            .char_limit(2_000)
            .font(theme.body())
            .text_color(*ink)
            .desired_width(ui.available_width());
        let edit = ui.add(edit).labelled_by(label.id);
        edit.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Translation"))
        });
        let edit = edit.on_hover_text(tr(
            "What the decoder has written so far. Type another translation to see it read that",
        ));
        if own == Some(true) {
            commands.push(Command::SetTarget(None));
        } else if edit.changed() {
            commands.push(Command::SetTarget(Some(text)));
        }
    });
}

/// The text with its tokens softly underlined. While a new text is being read, only the part that
/// the last reading shares with it is marked.
fn token_job(
    theme: &Theme,
    font: &FontId,
    text: &str,
    trace: Option<&Trace>,
    start: usize,
) -> LayoutJob {
    let plain = TextFormat::simple(font.clone(), *theme.text);
    let mut job = LayoutJob::default();
    let mut done = 0;
    for (i, span) in shared_spans(text, trace, start).enumerate() {
        let color = if i % 2 == 0 { *theme.accent } else { *theme.dim };
        let underline = Stroke::new(theme.stroke + 0.5, color);
        job.append(&text[done..span.start], 0.0, plain.clone());
        job.append(&text[span.clone()], 0.0, TextFormat { underline, ..plain.clone() });
        done = span.end;
    }
    job.append(&text[done..], 0.0, plain);
    job
}

/// Spans of whole characters, in order, in the part of the text that was already read.
fn shared_spans<'a>(
    text: &'a str,
    trace: Option<&'a Trace>,
    start: usize,
) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
    let read = trace.and_then(|trace| trace.text.get(start..)).unwrap_or_default();
    let same = text.bytes().zip(read.bytes()).take_while(|(a, b)| a == b).count();
    let tokens = trace.map_or(&[][..], |trace| &trace.tokens);
    let mut done = 0;
    tokens
        .iter()
        .filter_map(move |token| {
            let span = &token.span;
            Some(span.start.checked_sub(start)?..span.end.checked_sub(start)?)
        })
        .filter(move |span| {
            let is_whole = text.is_char_boundary(span.start) && text.is_char_boundary(span.end);
            let is_next = span.start >= done && span.start < span.end && span.end <= same;
            if is_whole && is_next {
                done = span.end;
            }
            is_whole && is_next
        })
}

/// The name of the model, which opens the choice of models.
pub fn model_ui(
    ui: &mut Ui,
    theme: &Theme,
    trace: Option<&Trace>,
    name: &str,
    commands: &mut Vec<Command>,
) {
    let size = trace.map(|t| format!("  {}", short_count(t.model.n_params)));
    let text = format!("{name}{}", size.unwrap_or_default());
    let button = ui.button(RichText::new(text).font(theme.body()));
    let mut about = tip("Open another model", &Command::ChooseModel);
    if let Some(trace) = trace {
        let bytes = megabytes(recording_bytes(trace));
        about += "\n";
        about += &trf("The recording of this text takes up to {0}", &[&bytes]);
    }
    if button.on_hover_text(about).clicked() {
        commands.push(Command::ChooseModel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};

    #[test]
    fn only_the_part_already_read_is_marked() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let trace = model.trace("The cat sat 注").unwrap();
        let spans = |text| shared_spans(text, Some(&trace), 0).collect::<Vec<_>>();
        assert_eq!(spans("The cat saw"), [0..3, 3..7]);
        assert_eq!(spans("The cat sat 注意").len(), 4, "pieces of a character are left plain");
        assert!(spans("").is_empty());
        let job =
            token_job(Theme::named("dark"), &FontId::default(), "The cat saw", Some(&trace), 0);
        assert_eq!(job.text, "The cat saw");
    }
}
