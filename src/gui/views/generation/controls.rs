//! The controls of generation: how to write, and what to do with what was written.

use super::is_translated;
use super::whole_text;
use super::writer::{Strategy, Writer};
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::widgets::{explained, segmented_ui};
use crate::math::tree::ROOT;
use crate::text::tr;
use egui::{Button, DragValue, Ui};

/// How to write.
#[derive(Debug)]
pub(super) struct Settings {
    strategy: usize,
    /// How many texts beam search follows.
    width: usize,
    /// A run ends after so many tokens.
    most: usize,
    /// Tokens per second.
    speed: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { strategy: 0, width: 4, most: 40, speed: 4.0 }
    }
}

const STRATEGIES: [(&str, &str); 3] = [
    ("Draw", "Coins choose, with the settings on the right"),
    ("Greedy", "Always the most probable token"),
    ("Beams", "Follow several texts at once and take the likeliest as a whole (beam search)"),
];

impl Settings {
    /// Seconds from one token to the next.
    pub(super) fn pace(&self) -> f64 {
        1.0 / self.speed.max(0.1)
    }

    fn strategy(&self) -> Strategy {
        match self.strategy {
            0 => Strategy::Draw,
            1 => Strategy::Greedy,
            _ => Strategy::Beams(self.width),
        }
    }

    /// Draws them; what is clicked is begun.
    pub(super) fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, writer: &mut Writer) {
        let strategies = STRATEGIES.map(|(name, help)| (tr(name), tr(help)));
        segmented_ui(ui, ctx.theme, &strategies, &mut self.strategy);
        let is_beams = matches!(self.strategy(), Strategy::Beams(_));
        if is_beams {
            let width = DragValue::new(&mut self.width).range(2..=8).suffix(tr(" texts"));
            ui.add(width).on_hover_text(tr("How many texts are followed at once"));
        }
        let help =
            if is_beams { "Write one token: the best continuation" } else { "Write one token" };
        if ui.button(tr("Step")).on_hover_text(tr(help)).clicked() {
            writer.write(ctx, self.strategy(), 1);
        }
        let (name, help) = if writer.is_running() {
            ("Stop", "Write no more")
        } else {
            ("Run", "Write token after token")
        };
        if ui.button(tr(name)).on_hover_text(tr(help)).clicked() {
            if writer.is_running() {
                writer.stop();
            } else {
                writer.write(ctx, self.strategy(), self.most);
            }
        }
        let most =
            DragValue::new(&mut self.most).range(2..=300).prefix(tr("to ")).suffix(tr(" tokens"));
        ui.add(most).on_hover_text(tr("A run ends after so many tokens, or with the text"));
        let speed = DragValue::new(&mut self.speed)
            .range(1.0..=30.0)
            .speed(0.05)
            .max_decimals(0)
            .suffix(tr(" tokens/s"));
        ui.add(speed).on_hover_text(tr("How fast a run writes. Drag, or click and type"));
        if !is_beams {
            seed_ui(ui, ctx);
        }
    }
}

fn seed_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let mut seed = ctx.seed;
    let label = ui.label(tr("Seed"));
    let field = ui.add(DragValue::new(&mut seed).speed(0.1)).labelled_by(label.id);
    let help = "The same seed and settings write the same text, here and with headlight generate --seed; another seed, another branch";
    if field.on_hover_text(tr(help)).changed() {
        ctx.send(Command::SetSeed(seed));
    }
}

/// From this many times the text size on, everything stands in one row.
const WIDE: f32 = 75.0;

fn button(ui: &mut Ui, can: bool, name: &str, help: &str) -> bool {
    let button = ui.add_enabled(can, Button::new(tr(name)));
    explained(button, tr(help)).clicked()
}

/// Going back, keeping and deleting, and what becomes of the text.
pub(super) fn tree_buttons_ui(ui: &mut Ui, ctx: &mut Context<'_>, writer: &mut Writer) {
    let is_wide = ui.max_rect().width() > ctx.theme.body_size * WIDE;
    if is_wide {
        ui.separator();
    } else {
        ui.end_row();
    }
    let at = writer.at();
    let has_text = at != ROOT;
    if button(ui, has_text, "Back", "Go back by one token; nothing is lost") {
        writer.go(writer.choice());
    }
    let help = "Go back to the prompt, to write another branch";
    if button(ui, has_text, "To the start", help) {
        writer.go(ROOT);
    }
    let is_kept = writer.tree.get(at).is_kept;
    let (name, help) = if is_kept {
        ("★ Kept", "Keep this text no more")
    } else {
        ("☆ Keep", "Keep this text: deleting spares it")
    };
    if button(ui, has_text, name, help) {
        writer.edit().keep(at, !is_kept);
    }
    let help = "Remove the selected token and everything after it, unless a kept text is among it";
    if button(ui, has_text, "Delete", help) {
        writer.edit().remove(at);
    }
    if is_wide {
        return text_buttons_ui(ui, ctx, writer);
    }
    let more = ui.menu_button(tr("More"), |ui| text_buttons_ui(ui, ctx, writer));
    more.response.on_hover_text(tr("Delete others, copy, save, use as prompt"));
}

fn text_buttons_ui(ui: &mut Ui, ctx: &mut Context<'_>, writer: &mut Writer) {
    let has_text = writer.at() != ROOT;
    let has_others = writer.tree.ends().len() > 1;
    let help = "Remove all branches but the kept ones and the one on screen";
    if button(ui, has_others, "Delete others", help) {
        writer.edit().remove_others();
    }
    if button(ui, has_text, "Copy text", "Copy prompt and text") {
        ui.ctx().copy_text(whole_text(ctx, writer));
    }
    if button(ui, has_text, "Save text …", "Save prompt and text in a file") {
        let text = whole_text(ctx, writer);
        ctx.send(Command::SaveText(text));
    }
    let help = "Make this the text that every view looks into";
    let is_translated = is_translated(ctx);
    let name = if is_translated { "Use as translation" } else { "Use as prompt" };
    if button(ui, has_text, name, help) {
        let text = whole_text(ctx, writer);
        ctx.send(if is_translated {
            Command::SetTarget(Some(text))
        } else {
            Command::SetPrompt(text)
        });
    }
}
