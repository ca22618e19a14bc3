//! What can be changed, part by part, and what is changed now.

use super::{Experiment, Page, parts};
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Context;
use crate::gui::look::format::abbreviate;
use crate::gui::widgets::explained;
use crate::model::{Edit, Look};
use crate::text::{tr, trf};
use egui::{Button, ComboBox, DragValue, RichText, Slider, TextEdit, Ui};

/// What the controls change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Part {
    /// The focused head.
    #[default]
    Head,
    /// Attention and MLP of the focused layer.
    Layer,
    /// The focused neuron.
    Neuron,
    /// The focused token.
    Token,
    /// An activation from another text.
    Patch,
}

const PARTS: [(Part, &str, &str); 5] = [
    (Part::Head, "Head", "Switch one head off, scale it, or tell it where to look"),
    (Part::Layer, "Layer", "Scale what a layer's attention or MLP adds"),
    (Part::Neuron, "Neuron", "Scale one neuron of an MLP"),
    (Part::Token, "Token", "Hide a token from all others, or replace it"),
    (Part::Patch, "Patch", "Put an activation from another text in the place of one here"),
];

impl Experiment {
    pub(super) fn controls_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.part_ui(ui, ctx);
        match (self.page, self.part) {
            (Page::Heads, _) => self.heads.controls_ui(ui, ctx, &self.effect, &mut self.asked),
            (_, Part::Head) => head_ui(ui, ctx),
            (_, Part::Layer) => layer_parts_ui(ui, ctx),
            (_, Part::Neuron) => neuron_ui(ui, ctx),
            (_, Part::Token) => token_ui(ui, ctx, &mut self.replacement),
            (_, Part::Patch) => self.patch.ui(ui, ctx),
        }
        if self.page == Page::Effect && !ctx.edits.is_empty() {
            edits_ui(ui, ctx);
        }
    }

    /// What to change, or which head to look for: all choices in a row, or in a list where there is
    /// no room for them.
    fn part_ui(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let heads =
            (Page::Heads, self.part, "Which head matters?", "Switch every head off, one by one");
        let choices = PARTS
            .map(|(part, name, hint)| (Page::Effect, part, name, hint))
            .into_iter()
            .chain([heads]);
        let (page, part) = (self.page, self.part);
        let is_now = |p: Page, q: Part| p == page && (q == part || p == Page::Heads);
        let mut choice_ui = |ui: &mut Ui, (page, part, name, hint): (Page, Part, &str, &str)| {
            let label = ui.selectable_label(is_now(page, part), tr(name));
            if label.on_hover_text(tr(hint)).clicked() {
                (self.page, self.part) = (page, part);
            }
        };
        if is_wide(ui, ctx) {
            choices.for_each(|choice| choice_ui(ui, choice));
            ui.end_row();
            return;
        }
        let now = choices.clone().find(|&(page, part, ..)| is_now(page, part));
        ComboBox::from_id_salt("part")
            .selected_text(now.map_or("", |(_, _, name, _)| tr(name)))
            .width(ctx.theme.body_size * 5.0)
            .show_ui(ui, |ui| choices.for_each(|choice| choice_ui(ui, choice)))
            .response
            .on_hover_text(tr("What to change"));
    }
}

/// The edits in force, each with a button that takes it back; in a list where room is short.
fn edits_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    if is_wide(ui, ctx) {
        ui.label(RichText::new(tr("In force")).color(*ctx.theme.warning));
        take_back_ui(ui, ctx);
        return;
    }
    let n = ctx.edits.len();
    let text = if n == 1 { tr("1 change").to_owned() } else { trf("{0} changes", &[&n]) };
    let menu = ui.menu_button(RichText::new(text).color(*ctx.theme.warning), |ui| {
        take_back_ui(ui, ctx);
    });
    menu.response.on_hover_text(tr("What is changed; click one to take it back"));
}

fn take_back_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    for edit in ctx.edits {
        let name = parts::describe(edit, ctx);
        let text = RichText::new(format!("{} ×", abbreviate(&name, 40)));
        let button = ui.add(Button::new(text).stroke(ctx.theme.line(ctx.theme.warning)));
        let said = trf("Take back: {0}", &[&name]);
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &said));
        if button.on_hover_text(&said).clicked() {
            ctx.send(Command::SetEdits(parts::without(ctx.edits, edit)));
        }
    }
}

/// Is there room for everything to be in sight?
pub(super) fn is_wide(ui: &Ui, ctx: &Context<'_>) -> bool {
    ui.max_rect().width() >= ctx.theme.body_size * 45.0
}

/// Which layer.
pub(super) fn layer_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (mut layer, head) = (ctx.pinned.layer, ctx.pinned.head);
    let last = ctx.trace.model.n_layers.saturating_sub(1);
    let number =
        ui.add(DragValue::new(&mut layer).range(0..=last).prefix(format!("{} ", tr("layer"))));
    if number.on_hover_text(tr("Drag, or click and type")).changed() {
        ctx.send(Command::Select(Target::Head { layer, head }));
    }
}

/// A slider for how strong a part is, and a button that switches it off and on.
fn strength_ui(ui: &mut Ui, ctx: &mut Context<'_>, name: &str, edit: impl Fn(f32) -> Edit) {
    let now = parts::strength(ctx.edits, &edit(1.0));
    let mut factor = now;
    let slider = Slider::new(&mut factor, 0.0..=2.0).step_by(0.05).max_decimals(2);
    let slider = ui.add(slider.prefix("× "));
    slider.widget_info(|| {
        egui::WidgetInfo::slider(true, f64::from(now), trf("Strength of {0}", &[&name]))
    });
    let slider =
        slider.on_hover_text(tr("0 is off, 1 unchanged, 2 twice as strong. Double-click resets"));
    let is_off = now <= 0.0;
    let (said, other) = if is_off {
        (trf("Switch on {0}", &[&name]), 1.0)
    } else {
        (trf("Switch off {0}", &[&name]), 0.0)
    };
    let button = ui.button(if is_off { tr("On") } else { tr("Off") });
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &said));
    let wanted = match () {
        () if button.on_hover_text(&said).clicked() => Some(other),
        () if slider.double_clicked() => Some(1.0),
        () if slider.changed() => Some(factor),
        () => None,
    };
    if let Some(factor) = wanted {
        ctx.send(Command::SetEdits(parts::with(ctx.edits, edit(factor))));
    }
}

fn head_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    layer_ui(ui, ctx);
    let (layer, mut head) = (ctx.pinned.layer, ctx.pinned.head);
    let last = ctx.trace.model.n_heads.saturating_sub(1);
    let number =
        ui.add(DragValue::new(&mut head).range(0..=last).prefix(format!("{} ", tr("head"))));
    if number.on_hover_text(tr("Drag, or click and type")).changed() {
        ctx.send(Command::Select(Target::Head { layer, head }));
    }
    let name = trf("head {0}.{1}", &[&layer, &head]);
    strength_ui(ui, ctx, &name, |factor| Edit::Head { layer, head, factor });
    let force = |look| Edit::Force { layer, head, look };
    let now = match parts::find(ctx.edits, &force(Look::Before)) {
        Some(Edit::Force { look, .. }) => Some(*look),
        _ => None,
    };
    let name = |look| match look {
        None => tr("looks as learned"),
        Some(Look::Everywhere) => tr("looks everywhere"),
        Some(Look::Before) => tr("looks one back"),
    };
    let mut wanted = now;
    let looks = ComboBox::from_id_salt("look").selected_text(name(now));
    let looks = looks.width(ctx.theme.body_size * 9.0).show_ui(ui, |ui| {
        for look in [None, Some(Look::Everywhere), Some(Look::Before)] {
            ui.selectable_value(&mut wanted, look, name(look));
        }
    });
    looks.response.on_hover_text(tr("Where the head has to look, instead of where it learned to"));
    if wanted != now {
        let edits = match wanted {
            Some(look) => parts::with(ctx.edits, force(look)),
            None => parts::without(ctx.edits, &force(Look::Before)),
        };
        ctx.send(Command::SetEdits(edits));
    }
}

fn layer_parts_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    layer_ui(ui, ctx);
    let layer = ctx.pinned.layer;
    ui.label(tr("attention"));
    strength_ui(ui, ctx, tr("attention"), |factor| Edit::Attention { layer, factor });
    ui.label("MLP");
    strength_ui(ui, ctx, "MLP", |factor| Edit::Mlp { layer, factor });
}

fn neuron_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    layer_ui(ui, ctx);
    let layer = ctx.pinned.layer;
    let mut neuron = ctx.pinned.neuron.unwrap_or(0);
    let last = ctx.trace.model.d_mlp.saturating_sub(1);
    let number =
        ui.add(DragValue::new(&mut neuron).range(0..=last).prefix(format!("{} ", tr("neuron"))));
    if number.on_hover_text(tr("Drag, or click and type")).changed() {
        ctx.send(Command::Select(Target::Neuron { layer, neuron }));
    }
    let name = trf("neuron {0}.{1}", &[&layer, &neuron]);
    strength_ui(ui, ctx, &name, |factor| Edit::Neuron { layer, neuron, factor });
}

fn token_ui(ui: &mut Ui, ctx: &mut Context<'_>, replacement: &mut String) {
    let pos = ctx.pinned.query_or_last(ctx.trace);
    let label = ctx.label(pos);
    let edit = Edit::Hide { pos };
    let is_hidden = parts::find(ctx.edits, &edit).is_some();
    let name = if is_hidden {
        trf("Show “{0}” ({1})", &[&label, &pos])
    } else {
        trf("Hide “{0}” ({1})", &[&label, &pos])
    };
    let button = ui.button(name);
    let hint =
        "No other token may look at it, in any head. Click a token of the text to choose another";
    if button.on_hover_text(tr(hint)).clicked() {
        let edits =
            if is_hidden { parts::without(ctx.edits, &edit) } else { parts::with(ctx.edits, edit) };
        ctx.send(Command::SetEdits(edits));
    }
    ui.separator();
    let label = ui.label(trf("Replace “{0}” by", &[&label]));
    let field = TextEdit::singleline(replacement)
        .char_limit(100)
        .hint_text(tr("another word"))
        .desired_width(ctx.theme.body_size * 9.0);
    let field = ui.add(field).labelled_by(label.id);
    let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let span = ctx.trace.tokens.get(pos).map(|token| token.span.clone());
    let text = span.and_then(|span| parts::replaced(&ctx.trace.text, span, replacement));
    let can = !replacement.is_empty() && text.is_some();
    let button = ui.add_enabled(can, Button::new(tr("Replace")));
    let is_clicked = explained(button, tr("Write it into the text")).clicked();
    if let Some(text) = text.filter(|_| can && (is_clicked || is_entered)) {
        ctx.send(Command::SetPrompt(text));
    }
}
