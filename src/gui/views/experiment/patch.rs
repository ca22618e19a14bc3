//! Patching: one position's activation, taken from another text.

use super::parts;
use crate::background::{Task, finished};
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::gui::widgets::explained;
use crate::model::{Checkpoint, Edit};
use crate::problem::Problem;
use crate::session::intervention::patch;
use crate::text::{tr, trf};
use crate::trace::{BlockHook, Hook, Token};
use egui::{ComboBox, RichText, TextEdit, Ui};
use std::sync::{Arc, Weak};

/// Where an activation can be patched.
const HOOKS: [BlockHook; 6] = [
    BlockHook::ResidPre,
    BlockHook::AttnOut,
    BlockHook::ResidMid,
    BlockHook::MlpOut,
    BlockHook::ResidPost,
    BlockHook::Z,
];
/// The other text takes this many characters.
const MAX_CHARS: usize = 2_000;

/// What is to be patched, and from where.
#[derive(Debug)]
pub(super) struct Patch {
    text: String,
    hook: BlockHook,
    /// The position in the other text; the last one if none was chosen.
    from: Option<usize>,
    /// The other text's tokens, for the text and model they were made of.
    tokens: (String, Weak<Checkpoint>, Vec<Token>),
    task: Option<Task<Edit>>,
    ready: Option<Edit>,
    problem: Option<Problem>,
}

impl Default for Patch {
    fn default() -> Self {
        Self {
            text: "The dog chased the ball because it was happy".to_owned(),
            hook: BlockHook::ResidPre,
            from: None,
            tokens: (String::new(), Weak::new(), Vec::new()),
            task: None,
            ready: None,
            problem: None,
        }
    }
}

impl Patch {
    pub fn receive(&mut self) {
        match finished(&mut self.task) {
            Some(Ok(edit)) => (self.ready, self.problem) = (Some(edit), None),
            Some(Err(problem)) => self.problem = Some(problem),
            None => {}
        }
    }

    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// The controls: another text, which of its tokens, which activation, onto which token here.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        if let Some(edit) = self.ready.take() {
            ctx.send(Command::SetEdits(parts::with(ctx.edits, edit)));
        }
        let theme = ctx.theme;
        let label = ui.label(tr("Take from"));
        let edit = TextEdit::singleline(&mut self.text)
            .char_limit(MAX_CHARS)
            .hint_text(tr("Another text …"))
            .desired_width((theme.body_size * 18.0).min(ui.available_width()));
        ui.add(edit).labelled_by(label.id);
        self.read_tokens(ctx);
        let from = self.choices_ui(ui, ctx);
        super::controls::layer_ui(ui, ctx);
        let onto = ctx.pinned.query_or_last(ctx.trace);
        let can = self.task.is_none() && !self.tokens.2.is_empty();
        let name = trf("Patch onto “{0}” ({1})", &[&ctx.label(onto), &onto]);
        let button = egui::Button::new(name);
        let button = ui.add_enabled(can, button);
        let hint = tr("Click a token of the text to patch onto another");
        if explained(button, hint).clicked() {
            self.start(ctx, from, onto);
        }
        if let Some(problem) = &self.problem {
            let text = format!("{}: {}", tr(&problem.what), tr(&problem.why));
            ui.label(RichText::new(text).color(*theme.error));
        }
    }

    /// Which token's activation, and at which hook. Returns the token's position.
    fn choices_ui(&mut self, ui: &mut Ui, ctx: &Context<'_>) -> usize {
        let theme = ctx.theme;
        let last = self.tokens.2.len().saturating_sub(1);
        let from = self.from.unwrap_or(last).min(last);
        let name =
            |pos: usize| self.tokens.2.get(pos).map(|token| format!("{pos}: {}", token.label()));
        ComboBox::from_id_salt("from")
            .selected_text(name(from).unwrap_or_default())
            .show_ui(ui, |ui| {
                for pos in 0..self.tokens.2.len() {
                    let name = name(pos).unwrap_or_default();
                    ui.selectable_value(&mut self.from, Some(pos), name);
                }
            })
            .response
            .on_hover_text(tr("The token whose activation is taken"));
        ComboBox::from_id_salt("hook")
            .selected_text(self.hook.name())
            .width(theme.body_size * 9.0)
            .show_ui(ui, |ui| {
                let is_in_block = |hook: &BlockHook| ctx.trace.block(0, *hook).is_some();
                for hook in HOOKS.into_iter().filter(is_in_block) {
                    ui.selectable_value(&mut self.hook, hook, hook.name());
                }
            })
            .response
            .on_hover_text(tr("The activation that is taken, by its TransformerLens name"));
        self.from.unwrap_or(last).min(last)
    }

    fn read_tokens(&mut self, ctx: &Context<'_>) {
        let (text, model, _) = &self.tokens;
        let now = Arc::downgrade(ctx.model);
        if *text == self.text && Weak::ptr_eq(model, &now) {
            return;
        }
        let tokens = ctx.model.prompt(&self.text).map(|(tokens, _)| tokens);
        self.tokens = (self.text.clone(), now, tokens.unwrap_or_default());
        self.from = None;
    }

    fn start(&mut self, ctx: &Context<'_>, from: usize, onto: usize) {
        let (model, text) = (Arc::clone(ctx.model), self.text.clone());
        let hook = Hook::Block(ctx.pinned.layer, self.hook);
        self.task = Some(Task::spawn(ctx.lane, move |_| patch(&model, &text, hook, [from, onto])));
    }
}
