//! The whole machine in one picture: a text goes in at the left, words look at each other, each layer
//! adds something, a word comes out at the right.

mod layout;
mod next;
mod paint;
mod plan;
mod proof;
mod words;

use crate::background::Latest;
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::{Context, Tab, View};
use crate::gui::look::theme::Theme;
use crate::gui::state::selection::Selection;
use crate::gui::state::stack::Stack;
use crate::gui::widgets::{Zoom, empty_ui};
use crate::model::Checkpoint;
use crate::table::Table;
use crate::text::tr;
use crate::trace::{Predicts, Token, TraceId};
use egui::{Painter, Pos2, Rect, RichText, Sense, Ui, pos2, vec2};
use layout::{Lanes, Layout};
use paint::{Pen, Spot};
use plan::{Link, Plan};
use proof::ProofPage;
use std::sync::{Arc, Weak};

const TABS: [Tab; 2] = [
    Tab::new("The machine", "The whole network reading this text"),
    Tab::new("Why this word?", "The score of a word taken apart: parts that add up"),
];

/// How long the light of a new text takes through all layers, in seconds.
const SWEEP_SECS: f64 = 0.8;

/// The view.
#[derive(Debug, Default)]
pub struct Machine {
    plan: Latest<(TraceId, usize, usize), Plan>,
    /// The model the plan was asked from.
    model: Weak<Checkpoint>,
    /// Does width mean the weight alone?
    plain: bool,
    /// The recording whose light was sent through last, and when.
    lit: Option<(TraceId, f64)>,
    proof: ProofPage,
}

impl View for Machine {
    fn id(&self) -> &'static str {
        "machine"
    }

    fn name(&self) -> &'static str {
        "Machine"
    }

    fn question(&self) -> &'static str {
        "How does a sentence become a word?"
    }

    fn tabs(&self) -> &'static [Tab] {
        &TABS
    }

    fn receive(&mut self) {
        self.plan.receive();
        self.proof.receive();
    }

    fn is_busy(&self) -> bool {
        self.plan.is_busy() || self.proof.is_busy()
    }

    fn controls(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        if ctx.tab == 1 {
            return self.proof.controls(ui, ctx);
        }
        ui.checkbox(&mut self.plain, tr("plain weights")).on_hover_text(tr(
            "Lines are as wide as the attention weight alone; else as what is carried: the weight times the length of what is handed over",
        ));
        legend_ui(ui, ctx.theme);
    }

    fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        self.ask(ctx);
        if ctx.tab == 1 {
            return self.proof.ui(ui, ctx);
        }
        match self.plan.answer() {
            None => empty_ui(ui, ctx.theme, tr("Reading …")),
            Some(Err(problem)) => empty_ui(ui, ctx.theme, tr(&problem.why)),
            Some(Ok(plan))
                if plan.n_layers == 0
                    || plan.of != ctx.trace.id
                        && plan.mlp.first().map_or(0, Vec::len) != ctx.trace.tokens.len() =>
            {
                empty_ui(ui, ctx.theme, tr("Reading …"));
            }
            Some(Ok(plan)) => {
                let front = front(ui, &mut self.lit, plan);
                picture_ui(ui, ctx, plan, (self.plain, front));
            }
        }
    }

    fn explain(&self, ctx: &Context<'_>) -> String {
        if ctx.tab == 1 {
            return self.proof.explain(ctx);
        }
        match self.plan.answer() {
            Some(Ok(plan)) if plan.of == ctx.trace.id => words::story(ctx, plan),
            _ => String::new(),
        }
    }

    fn tables(&self, ctx: &Context<'_>) -> Vec<Table> {
        match self.plan.answer() {
            _ if ctx.tab == 1 => self.proof.tables(ctx),
            Some(Ok(plan)) if plan.of == ctx.trace.id => tables(plan),
            _ => Vec::new(),
        }
    }

    fn thumbnail(&self, painter: &Painter, rect: Rect, ctx: &mut Context<'_>) {
        let theme = ctx.theme;
        let n = ctx.trace.tokens.len().min(5);
        let y = |i: usize| rect.top() + rect.height() * (i as f32 + 0.5) / n.max(1) as f32;
        for i in 0..n {
            let color = if i + 1 == n { *theme.accent } else { theme.residual.gamma_multiply(0.5) };
            painter.hline(rect.x_range(), y(i), egui::Stroke::new(1.0, color));
        }
        let Some(Ok(plan)) = self.plan.answer() else { return };
        let own = plan.links.iter().rev().filter(|link| link.query == plan.at).take(4);
        for (i, link) in own.enumerate() {
            let x = rect.left()
                + rect.width() * (link.layer as f32 + 0.3) / plan.n_layers.max(1) as f32;
            let from = pos2(x, y(i % n.max(1)));
            painter.line_segment(
                [from, pos2(x + rect.width() * 0.08, y(n - 1))],
                egui::Stroke::new(1.5, theme.head(link.head)),
            );
        }
    }
}

impl Machine {
    /// Has the recording read, if it was not yet.
    fn ask(&mut self, ctx: &Context<'_>) {
        let at = asked(ctx);
        self.model = Arc::downgrade(ctx.model);
        let key = (ctx.trace.id, at, self.model.as_ptr() as usize);
        let (model, trace) = (Arc::clone(ctx.model), Arc::clone(ctx.trace));
        self.plan.ask(ctx.lane, key, |_| move |_: &_| Plan::new(&model, &trace, at));
    }
}

/// The token whose prediction is followed: the chosen one, else the last, or the first that is masked.
fn asked(ctx: &Context<'_>) -> usize {
    let mask = match ctx.trace.model.predicts {
        Predicts::Masked => ctx.model.tokenizer.mask(),
        _ => None,
    };
    let is_masked = |token: &Token| mask.as_ref().is_some_and(|mask| mask.id == token.id);
    let masked = ctx.trace.tokens.iter().position(is_masked);
    let chosen = ctx.pinned.query.or(masked);
    Selection { query: chosen, ..ctx.pinned }.query_or_last(ctx.trace)
}

/// Where the light of a new text is, in layers; past the last when it has gone through, or at once with
/// reduced motion.
fn front(ui: &Ui, lit: &mut Option<(TraceId, f64)>, plan: &Plan) -> f32 {
    let passed = plan.n_layers as f32 + 4.0;
    let now = ui.input(|input| input.time);
    match *lit {
        Some((of, since)) if of == plan.of => {
            let share = (now - since) / SWEEP_SECS;
            if share >= 1.0 {
                return passed;
            }
            ui.ctx().request_repaint();
            share as f32 * (plan.n_layers as f32 + 2.0) - 0.5
        }
        before => {
            // The first picture is not a change.
            let moves = before.is_some() && ui.style().animation_time > 0.0;
            *lit = Some((plan.of, if moves { now } else { f64::NEG_INFINITY }));
            if moves {
                ui.ctx().request_repaint();
                return -0.5;
            }
            passed
        }
    }
}

/// What the marks mean.
fn legend_ui(ui: &mut Ui, theme: &Theme) {
    for (color, text) in [
        (*theme.residual, tr("a token's stream")),
        (*theme.attention, tr("attention adds")),
        (*theme.mlp, tr("the MLP adds")),
    ] {
        let (rect, _) = ui.allocate_exact_size(
            vec2(theme.caption_size * 0.8, theme.caption_size * 0.8),
            Sense::hover(),
        );
        ui.painter().rect_filled(rect, 2.0, color);
        ui.label(RichText::new(text).font(theme.caption()));
    }
    ui.label(
        RichText::new(tr(
            "line: a head looks; its colour is the head's, its width what it carries",
        ))
        .font(theme.caption())
        .color(*theme.dim),
    );
}

fn picture_ui(ui: &mut Ui, ctx: &mut Context<'_>, plan: &Plan, (plain, front): (bool, f32)) {
    let theme = ctx.theme;
    let area = ui.available_rect_before_wrap();
    let id = ui.next_auto_id();
    let response = ui.allocate_rect(area, Sense::click_and_drag());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Image, true, words::story(ctx, plan))
    });
    if area.width() < 60.0 || area.height() < 60.0 {
        return;
    }
    let n_above = plan.n_sources;
    let key = ctx.pinned.key.map(|key| key + n_above);
    let keep: Vec<usize> = [Some(plan.at + n_above), key].into_iter().flatten().collect();
    let n = n_above + ctx.trace.tokens.len();
    let lanes = Lanes::new(n, Layout::most_lanes(area, theme), &keep);
    let layout = Layout::new(area, theme, [plan.n_layers, lanes.all.len()]);
    let mut zoom = Zoom::load(ui.ctx(), id, area);
    zoom.wheel(ui, &response, area);
    let layout = layout.looking_at(zoom.part());
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let pen =
        |spot| Pen { painter: &painter, ctx, plan, lanes: &lanes, layout, spot, plain, front };
    // What is under the pointer is known from where things stand, before they are painted.
    let hidden = painter.clone().with_clip_rect(Rect::NOTHING);
    let spots = Pen { painter: &hidden, ..pen(None) }.all();
    let spot = response.hover_pos().and_then(|pos| spot_at(&pen(None), &spots, pos));
    pen(spot).all();
    zoom.ui(ui, theme, &response, area, None);
    let n_bundled = lanes.n_bundled();
    if n_bundled > 0 {
        words::bundled_ui(&painter, theme, area, n_bundled);
    }
    let Some(spot) = spot else { return };
    let clicked = response.clicked();
    response.on_hover_text_at_pointer(words::tip(ctx, plan, spot));
    if clicked {
        open(ctx, plan, spot);
    }
}

/// The part at a place: the last painted that holds it, else the look that passes near.
fn spot_at(pen: &Pen<'_, '_>, spots: &[(Rect, Spot)], pos: Pos2) -> Option<Spot> {
    if let Some((_, spot)) = spots.iter().rev().find(|(rect, _)| rect.contains(pos)) {
        return Some(*spot);
    }
    let distance = |link: &Link| {
        let [a, b, c, d] = pen.curve(link);
        let at = |t: f32| {
            let s = 1.0 - t;
            a.to_vec2() * s.powi(3)
                + b.to_vec2() * (3.0 * s * s * t)
                + c.to_vec2() * (3.0 * s * t * t)
                + d.to_vec2() * t.powi(3)
        };
        (0..=24)
            .map(|i| (at(i as f32 / 24.0) - pos.to_vec2()).length())
            .fold(f32::INFINITY, f32::min)
    };
    let near = pen.plan.links.iter().map(|link| (distance(link), link)).filter(|(d, _)| *d < 7.0);
    near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, link)| Spot::Link(*link))
}

/// A click on a part: chooses it, and opens the view that explains it.
fn open(ctx: &mut Context<'_>, plan: &Plan, spot: Spot) {
    match spot {
        Spot::Token(pos) => ctx.send(Command::Select(Target::Token(pos))),
        Spot::Lamp { layer, head } => {
            ctx.send(Command::Select(Target::Head { layer, head }));
            ctx.send(Command::Show("attention"));
        }
        Spot::Link(link) => {
            if link.is_cross {
                ctx.send(Command::SetStack(Stack::Cross));
            }
            ctx.send(Command::Select(Target::Head { layer: link.layer, head: link.head }));
            ctx.send(Command::Select(Target::Cell { query: link.query, key: link.key }));
            ctx.send(Command::Show("attention"));
        }
        Spot::Adds { layer, pos, part } => {
            let head = ctx.pinned.head;
            ctx.send(Command::Select(Target::Token(pos)));
            ctx.send(Command::Select(Target::Head { layer, head }));
            ctx.send(Command::Show(if part == 0 { "attention" } else { "mlp" }));
        }
        Spot::Saying(_) => {
            ctx.send(Command::Select(Target::Token(plan.at)));
            ctx.send(Command::Show("lens"));
        }
        Spot::Next(_) => ctx.send(Command::SetTab(TABS[1].id())),
    }
}

/// The looks that are drawn, what is said after each layer, and what each part adds.
fn tables(plan: &Plan) -> Vec<Table> {
    let links = || plan.links.iter().rev();
    let cells = || {
        (0..plan.n_layers).flat_map(|layer| (0..plan.mlp[layer].len()).map(move |pos| (layer, pos)))
    };
    vec![
        Table::new("looks")
            .integer("layer", links().map(|link| link.layer))
            .integer("head", links().map(|link| link.head))
            .integer("query", links().map(|link| link.query))
            .integer("key", links().map(|link| link.key))
            .number("weight", links().map(|link| link.weight))
            .number("carried", links().map(|link| link.carried)),
        Table::new("adds")
            .integer("layer", cells().map(|(layer, _)| layer))
            .integer("pos", cells().map(|(_, pos)| pos))
            .number("attention", cells().map(|(layer, pos)| plan.attention[layer][pos]))
            .number("mlp", cells().map(|(layer, pos)| plan.mlp[layer][pos])),
        Table::new("would_say")
            .integer("after_layers", 0..plan.sayings.len())
            .text("token", plan.sayings.iter().map(|saying| saying.label.clone()))
            .number("probability", plan.sayings.iter().map(|saying| saying.prob)),
    ]
}
