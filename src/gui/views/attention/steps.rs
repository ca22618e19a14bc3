//! The pipeline of stages from q and k to what attention adds to the stream. One stage is lit; a
//! number that is pointed at lights the numbers it was made of.

use super::marks::{Axes, Place, small_legend};
use super::numbers::Numbers;
use super::parts::{Part, Row};
use super::player::Player;
use super::stages::{Stages, TITLES};
use crate::gui::contract::command::{Command, Target};
use crate::gui::contract::view::Context;
use crate::gui::look::format::abbreviate;
use crate::gui::look::theme::{Theme, semibold};
use crate::gui::widgets::{empty_ui, fitted_text};
use crate::text::{tr, trf};
use egui::{
    Align, Align2, EventFilter, FontId, Key, Painter, Rect, Response, Sense, StrokeKind, Ui, pos2,
    vec2,
};

/// A key gets at least so many points; with more keys than fit, the picture scrolls sideways.
const LEAST_KEY: f32 = 2.5;

/// The state of this picture.
#[derive(Debug, Default)]
pub struct Steps {
    player: Player,
    /// The stage that was last scrolled to.
    scrolled_to: usize,
    /// For how many more frames to keep it in sight: another explanation beneath the picture may
    /// leave less room for it.
    settling: u8,
    /// The number under the pointer.
    pointed: Option<Part>,
}

/// Where things stand; computed afresh for each frame.
struct Layout {
    /// Text left of the pictures, not above them.
    is_wide: bool,
    /// The width of the text.
    text: f32,
    /// The width of everything.
    width: f32,
    padding: f32,
}

impl Layout {
    fn new(theme: &Theme, available: f32, n_keys: usize, gutter: f32) -> Self {
        let is_wide = available > theme.body_size * 42.0;
        let text = if is_wide {
            (available * 0.2).clamp(theme.caption_size * 17.0, theme.caption_size * 21.0)
        } else {
            0.0
        };
        let padding = theme.body_size * 0.4;
        let least = text + gutter + 4.0 * padding + n_keys as f32 * LEAST_KEY;
        Self { is_wide, text, width: available.max(least), padding }
    }

    fn pictures(&self) -> f32 {
        self.width - self.text - 4.0 * self.padding
    }

    /// The height of a stage's title, lines and legends.
    fn text_height(&self, theme: &Theme, stages: &Stages<'_>, stage: usize) -> f32 {
        let texts = stages.numbers.lines(stage);
        let lines = texts.iter().filter(|text| !text.is_empty()).count();
        let legends = stages.legends(stage).len();
        let lines = if self.is_wide { lines + legends } else { lines.max(legends) };
        theme.body_size * 1.5 + theme.caption_size * 1.4 * lines as f32
    }

    fn stage_height(&self, theme: &Theme, stages: &Stages<'_>, stage: usize) -> f32 {
        let text = self.text_height(theme, stages, stage);
        let picture = stages.height(theme, stage);
        let inner = if self.is_wide { text.max(picture) } else { text + picture };
        inner + 2.0 * self.padding
    }
}

impl Steps {
    /// The stage bar.
    pub fn controls(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        self.player.ui(ui, ctx.theme, &TITLES);
    }

    /// What is seen in the stage that is lit.
    pub fn explain(&self, ctx: &Context<'_>) -> String {
        Numbers::new(ctx.trace, ctx)
            .map(|numbers| numbers.explain(self.player.stage))
            .unwrap_or_default()
    }

    /// The picture.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let now = ui.input(|input| input.time);
        if let Some(wait) = self.player.advance(now, TITLES.len()) {
            ui.ctx().request_repaint_after(wait);
        }
        let trace = ctx.trace.clone();
        let Some(numbers) = Numbers::new(&trace, ctx) else {
            let text = tr("This recording lacks queries, keys, values or scores");
            return empty_ui(ui, ctx.theme, text);
        };
        let theme = ctx.theme;
        let gutter = gutter(theme, &numbers);
        let layout = Layout::new(theme, ui.available_width() - 8.0, numbers.keys.len(), gutter);
        let stages = fitted_stages(theme, &layout, &numbers, gutter, ui.available_height());
        let mut places = Vec::new();
        egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for stage in 0..TITLES.len() {
                places.extend(self.stage_ui(ui, ctx, &layout, &stages, stage));
            }
            paint_selected(ui.painter(), theme, &numbers, &places);
            self.point(ui, ctx, &numbers, &places);
        });
    }

    fn stage_ui(
        &mut self,
        ui: &mut Ui,
        ctx: &mut Context<'_>,
        layout: &Layout,
        stages: &Stages<'_>,
        stage: usize,
    ) -> Vec<Place> {
        let theme = ctx.theme;
        let size = vec2(layout.width, layout.stage_height(theme, stages, stage));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let is_lit = stage == self.player.stage;
        let name = trf("Stage {0}: {1}", &[&(stage + 1), &tr(TITLES[stage])]);
        response
            .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_lit, &name));
        if response.clicked() {
            self.player.go_to(stage);
        }
        if is_lit && self.scrolled_to != stage {
            self.scrolled_to = stage;
            self.settling = 3;
        }
        if is_lit && self.settling > 0 {
            self.settling -= 1;
            ui.ctx().request_repaint();
            let align = (size.y > ui.clip_rect().height()).then_some(Align::TOP);
            ui.scroll_to_rect(rect, align);
        }
        if self.pointed.is_none() && response.hovered() {
            response.clone().on_hover_text(tr("Click to go to this stage"));
        }
        let mut painter = ui.painter().clone();
        if is_lit {
            painter.rect_filled(rect, 6.0, *theme.raised);
            let mark = Rect::from_min_size(rect.min, vec2(theme.stroke + 2.0, size.y));
            painter.rect_filled(mark, 2.0, *theme.accent);
            // Where nothing may fade, a frame says which stage is lit.
            if theme.unlit >= 1.0 {
                painter.rect_stroke(rect, 6.0, theme.line(theme.accent), StrokeKind::Inside);
            }
        } else if response.hovered() || response.has_focus() {
            let stroke = theme.line(theme.outline);
            painter.rect_stroke(rect, 6.0, stroke, StrokeKind::Inside);
        } else {
            painter.multiply_opacity(theme.unlit);
        }
        if !ui.is_rect_visible(rect) {
            return Vec::new();
        }
        let inner = rect.shrink2(vec2(2.0 * layout.padding, layout.padding));
        let picture = if layout.is_wide {
            inner.with_min_x(inner.left() + layout.text)
        } else {
            inner.with_min_y(inner.top() + layout.text_height(theme, stages, stage))
        };
        text_ui(&painter, theme, layout, stages, stage, inner);
        stages.paint(&painter, ctx, picture, stage)
    }

    /// Lights what is under the pointer and what it was made of; click keeps the key or the head.
    fn point(&mut self, ui: &Ui, ctx: &mut Context<'_>, numbers: &Numbers<'_>, places: &[Place]) {
        let theme = ctx.theme;
        if let Some(part) = self.pointed {
            let stroke = egui::Stroke::new(theme.stroke + 1.0, *theme.accent);
            for lit in part.made_of(numbers.head, numbers.d_head()).into_iter().chain([part]) {
                for rect in places.iter().filter_map(|place| place.rect_of(lit)) {
                    ui.painter().rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
                }
            }
        }
        let mut pointed = None;
        for (i, place) in places.iter().enumerate() {
            // The weights are drawn more than once.
            let same = places[..i].iter().filter(|other| other.row == place.row);
            let id = ui.scope_id().with((place.row.name(), same.count()));
            let response = ui.interact(place.rect, id, Sense::click());
            let name = tr(place.row.name());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
            if matches!(place.axes, Axes::Keys(_)) {
                step_key(ui, ctx, numbers, &response);
            }
            let Some(part) = response.hover_pos().and_then(|pos| place.part_at(pos)) else {
                continue;
            };
            pointed = Some(part);
            match (part.row, part.key, part.dim) {
                (Row::AllZ, _, Some(dim)) if response.clicked() => {
                    let head = dim / numbers.d_head().max(1);
                    let layer = numbers.layer;
                    ctx.send(Command::Select(Target::Head { layer, head }));
                }
                (_, Some(key), _) => {
                    let query = numbers.query;
                    ctx.point(&response, Target::Cell { query, key });
                }
                _ => {}
            }
            if let Some(tip) = numbers.tip(part) {
                let tip = match numbers.origin(ctx, part) {
                    Some(origin) => format!("{tip}\n{origin}"),
                    None => tip,
                };
                response.on_hover_text_at_pointer(tip);
            }
        }
        if pointed != self.pointed {
            self.pointed = pointed;
            ui.ctx().request_repaint();
        }
    }
}

/// While a strip of keys has the keyboard's focus, the arrow keys go from key to key.
fn step_key(ui: &Ui, ctx: &mut Context<'_>, numbers: &Numbers<'_>, response: &Response) {
    if !response.has_focus() {
        return;
    }
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    for (arrow, by) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1)] {
        let key = numbers.key.saturating_add_signed(by);
        if key < numbers.keys.len() && ui.input(|input| input.key_pressed(arrow)) {
            let query = numbers.query;
            ctx.send(Command::Select(Target::Cell { query, key }));
        }
    }
}

/// Room left of the strips for their names and for those of the tokens.
fn gutter(theme: &Theme, numbers: &Numbers<'_>) -> f32 {
    let names = numbers.names.iter().map(|name| name.chars().count());
    let longest = names.max().unwrap_or(0).min(14) as f32;
    theme.caption_size * (longest * 0.62 + 1.0).max(5.6)
}

/// Stages with strips as high as the room allows, within limits.
fn fitted_stages<'n>(
    theme: &Theme,
    layout: &Layout,
    numbers: &'n Numbers<'n>,
    gutter: f32,
    room: f32,
) -> Stages<'n> {
    let (least, most) = (theme.caption_size * 1.5, theme.caption_size * 3.2);
    let width = layout.pictures();
    let mut stages = Stages { numbers, unit: most, single: most, gutter, width };
    // A lone strip is as high as the text beside it.
    let beside = layout.text_height(theme, &stages, 2);
    let total = |stages: &Stages<'_>| -> f32 {
        let heights = (0..TITLES.len()).map(|stage| layout.stage_height(theme, stages, stage));
        heights.sum()
    };
    while stages.unit > least && total(&stages) > room {
        stages.unit -= 1.0;
        stages.single = if layout.is_wide {
            stages.unit.max(beside.min(stages.unit * 1.6))
        } else {
            stages.unit
        };
    }
    stages
}

/// Number, title, two lines and the legends of a stage.
fn text_ui(
    painter: &Painter,
    theme: &Theme,
    layout: &Layout,
    stages: &Stages<'_>,
    stage: usize,
    inner: Rect,
) {
    let radius = theme.body_size * 0.72;
    let center = inner.min + vec2(radius, radius);
    painter.circle_filled(center, radius, *theme.accent);
    let font = theme.mono_caption();
    painter.text(center, Align2::CENTER_CENTER, stage + 1, font, *theme.on_accent);
    let title = FontId::new(theme.body_size, semibold());
    let at = pos2(inner.left() + radius * 2.7, center.y);
    let name = stages.numbers.title(stage);
    painter.text(at, Align2::LEFT_CENTER, name, title, *theme.text);
    let line = theme.caption_size * 1.4;
    let width = if layout.is_wide { layout.text - theme.body_size } else { inner.width() * 0.55 };
    let mut y = inner.top() + theme.body_size * 1.5 + line / 2.0;
    let top = y;
    let fonts = [(theme.caption(), theme.dim), (theme.mono_caption(), theme.text)];
    let texts = stages.numbers.lines(stage).into_iter().zip(fonts);
    for (text, (font, color)) in texts.filter(|(text, _)| !text.is_empty()) {
        let (at, text) = (pos2(inner.left(), y), abbreviate(&text, 60));
        fitted_text(painter, at, Align2::LEFT_CENTER, &text, font, *color, width);
        y += line;
    }
    let (x, mut y) =
        if layout.is_wide { (inner.left(), y) } else { (inner.left() + inner.width() * 0.58, top) };
    for (measure, scale) in stages.legends(stage) {
        small_legend(painter, theme, pos2(x, y), tr(measure), scale);
        y += line;
    }
}

/// The focused key in every strip, joined by a line from its dot product down to its weight.
fn paint_selected(painter: &Painter, theme: &Theme, numbers: &Numbers<'_>, places: &[Place]) {
    let stroke = theme.selection_stroke();
    let mut above: Option<Rect> = None;
    for place in places.iter().filter(|place| matches!(place.axes, Axes::Keys(_))) {
        let part = Part::key(place.row, Some(numbers.key));
        let Some(rect) = place.rect_of(part) else {
            continue;
        };
        painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
        if let Some(above) = above {
            painter.line_segment([above.center_bottom(), rect.center_top()], stroke);
        }
        above = Some(rect);
    }
}
