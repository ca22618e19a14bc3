//! What if it goes on: the text written token by token, and every other text it could have become.
//!
//! The model says what may follow, one token is chosen and written, and the model reads it: that is
//! all of generation. Each token keeps the distribution it was chosen from, so one can go back, take
//! another and see where that leads. Branches make a tree whose edges carry probabilities; the
//! probability of a whole branch is their product, shown as a sum of logarithms.

mod beams;
mod branches;
mod choice;
mod controls;
mod data;
mod picture;
mod versus;
mod writer;

use crate::gui::contract::view::{Context, View, unfit_without_next};
use crate::gui::look::format::{number, percent};
use crate::gui::widgets::{empty_ui, page_ui, part_ui};
use crate::math::sampling::Sampling;
use crate::math::tree::{How, NodeId, ROOT, Tree};
use crate::table::Table;
use crate::text::{tr, trf};
use crate::trace::ModelInfo;
use branches::Asked;
use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Painter, Rect, RichText, ScrollArea, Ui, pos2};
use writer::Writer;

/// The view.
#[derive(Debug)]
pub struct GenerationView {
    writer: Option<Writer>,
    settings: controls::Settings,
    choice: choice::Choice,
    /// The branch that the text on screen is compared with.
    compared: Option<NodeId>,
    /// The token that was last scrolled to.
    seen: NodeId,
}

impl Default for GenerationView {
    fn default() -> Self {
        Self {
            writer: None,
            settings: controls::Settings::default(),
            choice: choice::Choice::default(),
            compared: None,
            seen: ROOT,
        }
    }
}

impl View for GenerationView {
    fn id(&self) -> &'static str {
        "generation"
    }

    fn name(&self) -> &'static str {
        "Generation"
    }

    fn unfit(&self, model: &ModelInfo) -> Option<&'static str> {
        unfit_without_next(model)
    }

    fn question(&self) -> &'static str {
        "What if it goes on?"
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.refresh(ctx);
        let Some(writer) = &mut self.writer else {
            return;
        };
        self.settings.ui(ui, ctx, writer);
        controls::tree_buttons_ui(ui, ctx, writer);
        writer.tell(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.refresh(ctx);
        let Some(writer) = &mut self.writer else {
            return empty_ui(ui, ctx.theme, tr("The model is being opened"));
        };
        let now = ui.input(|input| input.time);
        let wait = writer.advance(ctx, now, self.settings.pace());
        if let Some(seconds) = wait {
            ui.ctx().request_repaint_after_secs(seconds as f32);
        }
        writer.tell(ctx);
        let least = ctx.theme.body_size * LEAST_HEIGHT;
        page_ui(ui, least, |ui| self.page(ui, ctx));
        if let Some(writer) = &mut self.writer {
            writer.tell(ctx);
        }
    }

    fn explain(&self, _ctx: &Context<'_>) -> String {
        let Some(writer) = &self.writer else {
            return String::new();
        };
        let path = writer.tree.path(writer.at());
        if path.is_empty() {
            return tr("The model reads the text, one token is chosen and written, the model reads it, and so on. \
                    Step writes one; a click on a bar chooses it.").to_owned();
        }
        let probs = path.iter().take(3).map(|&id| percent(writer.tree.get(id).prob));
        let product: Vec<String> = probs.collect();
        let more = if path.len() > 3 { " × …" } else { "" };
        let product = format!("{}{more}", product.join(" × "));
        let log_prob = writer.tree.get(writer.at()).log_prob;
        trf(
            "These {0} tokens together have the probability {1} = {2}, ln p = {3}. \
             Click a token to go back to it, another bar to branch off.",
            &[&path.len(), &product, &number(log_prob.exp() as f32), &number(log_prob as f32)],
        )
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        data::tables(self, ctx)
    }

    fn receive(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.receive();
        }
    }

    fn is_busy(&self) -> bool {
        self.writer.as_ref().is_some_and(Writer::is_reading)
    }

    /// The likeliest next tokens as branches, thick as they are likely.
    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let line = theme.caption_size * 1.3;
        let n = ((rect.height() / line) as usize).clamp(1, 4);
        let from = pos2(rect.left() + 4.0, rect.center().y);
        painter.circle_filled(from, 3.5, *theme.accent);
        for (i, &id) in ctx.next.ranked.iter().take(n).enumerate() {
            let y = rect.center().y + (i as f32 - (n as f32 - 1.0) / 2.0) * line;
            let to = pos2(rect.left() + rect.width() * 0.36, y);
            let p = ctx.next.probs.get(id).copied().unwrap_or(0.0);
            let stroke = egui::Stroke::new(1.0 + 4.0 * p, *theme.accent);
            painter.line_segment([from, to], stroke);
            let room = rect.right() - to.x - 6.0;
            if room < 2.5 * theme.caption_size {
                continue;
            }
            crate::gui::widgets::fitted_text(
                painter,
                to + egui::vec2(4.0, 0.0),
                Align2::LEFT_CENTER,
                &ctx.model.tokenizer.token(id as u32).label(),
                theme.mono_caption(),
                *theme.text,
                room,
            );
        }
    }
}

/// Lower than this many times the text size, the view scrolls.
const LEAST_HEIGHT: f32 = 24.0;

impl GenerationView {
    /// The text, the tree, and what could have been instead.
    fn page(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        text_ui(ui, ctx, writer);
        if !ctx.edits.is_empty() {
            let note =
                "The experiment is not in force here: this is what the unchanged model writes.";
            ui.label(RichText::new(tr(note)).color(*ctx.theme.warning));
        }
        if let Some(problem) = &writer.problem {
            let parts = [&problem.what, &problem.why, &problem.cure].map(|part| tr(part));
            let text = format!("{}: {}. {}", parts[0], parts[1], parts[2]);
            ui.label(RichText::new(text).color(*ctx.theme.error));
        }
        let at = writer.at();
        let follow = std::mem::replace(&mut self.seen, at) != at;
        self.choice.refresh(ctx, writer);
        // What is compared may have been removed.
        self.compared = self.compared.filter(|&id| is_there(&writer.tree, id));
        let (mut go, mut asked, mut token) = (None, None, None);
        let (tree, left, right) = areas(ui, ctx, writer);
        part_ui(ui, tree, |ui| {
            go = picture::tree_ui(ui, ctx, writer, follow);
        });
        if let Some(right) = right {
            part_ui(ui, right, |ui| {
                asked = branches::branches_ui(ui, ctx, writer, self.compared);
            });
        }
        part_ui(ui, left, |ui| match self.compared {
            Some(other) => {
                if versus::versus_ui(ui, ctx, writer, other) {
                    asked = Some(Asked::Compare(None));
                }
            }
            None => token = self.choice.ui(ui, ctx, writer),
        });
        match asked.or(go.map(Asked::Go)) {
            Some(Asked::Go(node)) => writer.go(node),
            Some(Asked::Keep(node, is_kept)) => writer.edit().keep(node, is_kept),
            Some(Asked::Compare(other)) => self.compared = other,
            None => {}
        }
        if let Some((token, prob)) = token {
            writer.branch(token, prob);
        }
    }

    /// The tree of the text on screen, as soon as the model on screen is the one that read it.
    fn refresh(&mut self, ctx: &Context<'_>) {
        if !std::sync::Arc::ptr_eq(&ctx.model.info, &ctx.trace.model) {
            return;
        }
        let (writer, is_new) = Writer::refreshed(self.writer.take(), ctx);
        if is_new {
            self.choice = choice::Choice::default();
            self.compared = None;
            self.seen = ROOT;
        }
        self.writer = Some(writer);
    }
}

/// Is a node still in the tree?
fn is_there(tree: &Tree, id: NodeId) -> bool {
    tree.path(id).into_iter().all(|node| tree.get(tree.parent(node)).children.contains(&node))
}

/// Room for the tree, for the choice beneath it, and beside that, if there is room, for the list of
/// branches.
fn areas(ui: &Ui, ctx: &Context<'_>, writer: &Writer) -> (Rect, Rect, Option<Rect>) {
    let room = ui.available_rect_before_wrap();
    let em = ctx.theme.body_size;
    let height = picture::height(ctx, writer).min(room.height() * 0.5);
    let (tree, below) = room.split_top_bottom_at_y(room.top() + height);
    let below = below.with_min_y(below.top() + em / 2.0);
    if room.width() < 40.0 * em {
        return (tree, below, None);
    }
    let (left, right) = below.split_left_right_at_fraction(0.5);
    (tree, left, Some(right.with_min_x(right.left() + 1.5 * em)))
}

/// What was written up to a token, without the mark that ends a text.
fn written(ctx: &Context<'_>, writer: &Writer, node: NodeId) -> String {
    let tokens = writer.tree.tokens(node).into_iter();
    let tokens = tokens.map(|id| ctx.model.tokenizer.token(id));
    let bytes: Vec<u8> =
        tokens.filter(|token| !token.special).flat_map(|token| token.bytes).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn whole_text(ctx: &Context<'_>, writer: &Writer) -> String {
    let text = format!("{}{}", beginning(ctx), written(ctx, writer, writer.at()));
    if is_translated(ctx) { text.trim_start().to_owned() } else { text }
}

/// The text that is written on. A translation begins with nothing.
fn beginning<'a>(ctx: &'a Context<'_>) -> &'a str {
    if is_translated(ctx) { "" } else { &ctx.trace.text }
}

/// Is a translation written?
fn is_translated(ctx: &Context<'_>) -> bool {
    ctx.trace.encoder.is_some()
}

/// The text so far: what was typed, and what was written.
fn text_ui(ui: &mut Ui, ctx: &Context<'_>, writer: &Writer) {
    let theme = ctx.theme;
    let mut job = LayoutJob::default();
    let format = |ink| TextFormat::simple(theme.body(), ink);
    job.append(&beginning(ctx).replace('\n', "⏎"), 0.0, format(*theme.dim));
    job.append(&written(ctx, writer, writer.at()).replace('\n', "⏎"), 0.0, format(*theme.text));
    ScrollArea::vertical()
        .id_salt("text so far")
        .max_height(theme.body_size * 1.35 * 3.0)
        .stick_to_bottom(true)
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.label(job);
        });
    ui.add_space(theme.body_size / 2.0);
}

/// How a token was chosen, in words.
fn how(tree: &Tree, how: How) -> String {
    match how {
        How::Drawn { .. } if tree.settings(how).is_some_and(Sampling::is_greedy) => {
            tr("greedy").to_owned()
        }
        How::Drawn { coin, .. } => trf("drawn with the coin {0}", &[&format!("{coin:.4}")]),
        How::Beam { rank } => trf("followed by beam search, as text number {0}", &[&(rank + 1)]),
        How::Chosen => tr("chosen by hand").to_owned(),
    }
}
