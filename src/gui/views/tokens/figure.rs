//! The text as words, as the tokens the model reads, and as characters, line by line.

use super::layout::{Block, Line, lines};
use super::reading::Reading;
use crate::gui::contract::command::Target;
use crate::gui::contract::view::Context;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::{fitted_text, hatch};
use crate::text::{tr, trf};
use crate::trace::{Part, TraceId};
use egui::{Align2, Color32, Painter, Rangef, Rect, Response, ScrollArea, Sense, Ui, pos2, vec2};

/// What is remembered from frame to frame.
#[derive(Debug, Default)]
pub struct Figure {
    lines: Vec<Line>,
    /// What the lines were laid out for.
    key: Option<(TraceId, u32, &'static str)>,
    /// The token that was last brought into sight.
    seen: Option<(TraceId, usize)>,
}

/// The heights of the rows of a line.
struct Rows {
    word: f32,
    token: f32,
    char: f32,
    gap: f32,
    /// From the top of a line to the top of the next.
    line: f32,
}

impl Rows {
    fn new(theme: &Theme) -> Self {
        let caption = (theme.caption_size * 1.5).round();
        let token = (theme.body_size * 1.4 + theme.caption_size * 1.35).round();
        let gap = 3.0;
        let between = (theme.body_size * 0.9).round();
        Self {
            word: caption,
            token,
            char: caption,
            gap,
            line: 2.0 * caption + token + 2.0 * gap + between,
        }
    }
}

impl Figure {
    /// Draws the text in at most `height` points; what does not fit is scrolled to.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, reading: &Reading, height: f32) {
        let area =
            ScrollArea::vertical().id_salt("text").max_height(height).auto_shrink([false, true]);
        area.show(ui, |ui| {
            left_out_ui(ui, ctx.theme, reading);
            self.lines_ui(ui, ctx, reading);
        });
    }

    fn lines_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>, reading: &Reading) {
        let rows = Rows::new(ctx.theme);
        let gutter = gutter(ui, ctx.theme);
        let width = (ui.available_width() - gutter - 8.0).max(1.0);
        self.lay_out(ui, ctx.theme, reading, width);
        let size = vec2(ui.available_width(), rows.line * self.lines.len() as f32);
        let (whole, _) = ui.allocate_exact_size(size, Sense::hover());
        for (i, line) in self.lines.iter().enumerate() {
            let top = whole.top() + i as f32 * rows.line;
            let rect = Rect::from_x_y_ranges(whole.x_range(), Rangef::new(top, top + rows.line));
            if gutter > 0.0 && ui.is_rect_visible(rect) {
                gutter_ui(ui.painter(), ctx.theme, rect.left(), top, &rows);
            }
            let left = pos2(whole.left() + gutter, top);
            line_ui(ui, ctx, reading, line, (left, rect), &rows);
        }
        self.bring_into_sight(ui, ctx, reading, whole, &rows);
    }

    fn lay_out(&mut self, ui: &Ui, theme: &'static Theme, reading: &Reading, width: f32) {
        let key = Some((reading.trace.id, width.to_bits(), theme.name.as_str()));
        if self.key == key {
            return;
        }
        self.key = key;
        self.lines = ui.fonts_mut(|fonts| {
            lines(reading, theme, width, |text, font| {
                text.chars().map(|c| fonts.glyph_width(font, c)).sum()
            })
        });
    }

    /// Scrolls to the chosen token when it was chosen elsewhere.
    fn bring_into_sight(
        &mut self,
        ui: &Ui,
        ctx: &Context<'_>,
        reading: &Reading,
        whole: Rect,
        rows: &Rows,
    ) {
        let chosen = ctx.pinned.query.map(|pos| (reading.trace.id, pos));
        if self.seen == chosen {
            return;
        }
        self.seen = chosen;
        let Some((_, pos)) = chosen else { return };
        let line = self
            .lines
            .iter()
            .position(|line| line.tokens.iter().any(|block| block.tokens.start == pos));
        if let Some(line) = line {
            let top = whole.top() + line as f32 * rows.line;
            let y = Rangef::new(top, top + rows.line);
            ui.scroll_to_rect(Rect::from_x_y_ranges(whole.x_range(), y), None);
        }
    }
}

/// The part of the text that the model cannot read, when the text is longer than its context.
fn left_out_ui(ui: &mut Ui, theme: &Theme, reading: &Reading) {
    let trace = &reading.trace;
    if trace.dropped == 0 {
        return;
    }
    let left_out = trace.left_out();
    let text = reading.text(&left_out);
    let height = (theme.body_size * 1.8).round();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 4.0, *theme.panel);
    let note = match trace.dropped {
        1 => trf("{0} token left out", &[&trace.dropped]),
        n => trf("{0} tokens left out", &[&n]),
    };
    let at = pos2(rect.left() + 8.0, rect.center().y);
    let note = painter.text(at, Align2::LEFT_CENTER, note, theme.body(), *theme.warning);
    let mark = Rect::from_min_size(
        pos2(note.right() + 10.0, rect.top() + 4.0),
        vec2(height, height - 8.0),
    );
    hatch(painter, mark.intersect(rect), theme.line(theme.dim), 7.0);
    let rest = rect.with_min_x((mark.right() + 6.0).min(rect.right()));
    let at = pos2(rest.left() + 4.0, rest.center().y);
    let width = (rest.width() - 12.0).max(1.0);
    let most = (width / (theme.caption_size * 0.5)) as usize;
    let short = crate::gui::look::format::abbreviate(&text, most);
    let font = theme.mono_caption();
    fitted_text(painter, at, Align2::LEFT_CENTER, &short, font, *theme.dim, width);
    ui.add_space(theme.body_size * 0.4);
    let n_ctx = trace.model.n_ctx;
    response.on_hover_text(if left_out.start == 0 {
        trf("The model reads at most {0} tokens. The start of the text is left out", &[&n_ctx])
    } else {
        trf("The model reads at most {0} tokens. The end of the text is left out", &[&n_ctx])
    });
}

/// How much room the names of the rows take; none in a narrow window.
fn gutter(ui: &Ui, theme: &Theme) -> f32 {
    if ui.available_width() < theme.body_size * 24.0 {
        return 0.0;
    }
    (theme.caption_size * 6.0).round()
}

fn gutter_ui(painter: &Painter, theme: &Theme, left: f32, top: f32, rows: &Rows) {
    let token = top + rows.word + rows.gap;
    let char = token + rows.token + rows.gap;
    let names = [
        ("words", top + rows.word / 2.0),
        ("tokens", token + theme.body_size * 0.85),
        ("ids", token + rows.token - theme.caption_size * 0.8),
        ("characters", char + rows.char / 2.0),
    ];
    for (name, y) in names {
        let ink = if name == "ids" { theme.accent } else { theme.dim };
        let at = pos2(left, y);
        painter.text(at, Align2::LEFT_CENTER, tr(name), theme.caption(), *ink);
    }
}

/// One line. All of its tokens can be reached by keyboard; it is painted when it is in sight.
fn line_ui(
    ui: &Ui,
    ctx: &mut Context<'_>,
    reading: &Reading,
    line: &Line,
    (origin, rect): (egui::Pos2, Rect),
    rows: &Rows,
) {
    let theme = ctx.theme;
    let row = |block: &Block, top: f32, height: f32| {
        let x = Rangef::new(origin.x + block.x.start, origin.x + block.x.end);
        Rect::from_x_y_ranges(x, Rangef::new(origin.y + top, origin.y + top + height))
    };
    let token_top = rows.word + rows.gap;
    let char_top = token_top + rows.token + rows.gap;
    let focus = ctx.focus.query;
    let is_chosen = |block: &Block| focus.is_some_and(|pos| block.tokens.contains(&pos));
    let painter = ui.painter();
    if ui.is_rect_visible(rect) {
        for block in &line.words {
            paint_word(painter, theme, row(block, 0.0, rows.word), block, is_chosen(block));
        }
        for block in &line.chars {
            let rect = row(block, char_top, rows.char);
            paint_char(painter, theme, rect, block, is_chosen(block));
        }
    }
    for block in &line.tokens {
        let chip = row(block, token_top, rows.token);
        // The characters belong to the token: pointing at them points at it.
        let both = chip.union(row(block, char_top, rows.char));
        let response = token_ui(ui, ctx, reading, block.tokens.start, both);
        if ui.is_rect_visible(chip) {
            paint_token(painter, ctx, reading, block, (chip, &response));
        }
        ctx.point(&response, Target::Token(block.tokens.start));
    }
}

/// What can be done with a token, and what it is called.
fn token_ui(ui: &Ui, ctx: &Context<'_>, reading: &Reading, pos: usize, rect: Rect) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(("token", pos)), Sense::click());
    let Some(token) = reading.trace.tokens.get(pos) else {
        return response;
    };
    let text = describe(reading, pos);
    let name = trf("Token {0}: {1}, id {2}", &[&pos, &text, &token.id]);
    response.widget_info(|| {
        let is_chosen = ctx.pinned.holds(Target::Token(pos));
        egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, &name)
    });
    if response.gained_focus() {
        ui.scroll_to_rect(rect, None);
    }
    let bytes = token.byte_label();
    let tip = trf("{0}\nposition {1}, id {2}, bytes {3}", &[&text, &pos, &token.id, &bytes]);
    response.on_hover_text(tip)
}

/// A token in words: its text, or `byte 2 of 3 of 注`.
pub fn describe(reading: &Reading, pos: usize) -> String {
    let Some(token) = reading.trace.tokens.get(pos) else {
        return String::new();
    };
    let parts = Part::of_span(&reading.trace.text, &token.span);
    if std::str::from_utf8(&token.bytes).is_ok() || parts.is_empty() {
        return token.label();
    }
    let parts: Vec<String> = parts.into_iter().map(describe_part).collect();
    parts.join(tr(" and "))
}

/// A part of a character in words.
fn describe_part(part: Part) -> String {
    let (first, last, n) = (part.first + 1, part.end, part.of.len_utf8());
    let of = crate::trace::visible_alone(part.of);
    match last - part.first {
        _ if part.is_whole() => of,
        1 => trf("byte {0} of {1} of {2}", &[&first, &n, &of]),
        _ => trf("bytes {0}–{1} of {2} of {3}", &[&first, &last, &n, &of]),
    }
}

fn paint_word(painter: &Painter, theme: &Theme, rect: Rect, block: &Block, is_chosen: bool) {
    let color = if is_chosen { theme.selection } else { theme.outline };
    let stroke = egui::Stroke::new(theme.stroke + 1.0, *color);
    painter.hline(rect.x_range(), rect.bottom() - 1.0, stroke);
    let at = pos2(rect.center().x, rect.center().y - 1.0);
    put(painter, at, &block.label, theme.caption(), *theme.text, rect.width());
}

fn paint_char(painter: &Painter, theme: &Theme, rect: Rect, block: &Block, is_chosen: bool) {
    let inner = rect.shrink2(vec2(0.5, 0.0));
    let (fill, line) = if is_chosen {
        (theme.selection.gamma_multiply(0.18), theme.selection)
    } else {
        (*theme.panel, theme.outline)
    };
    painter.rect(
        inner,
        2.0,
        fill,
        egui::Stroke::new(theme.stroke.min(2.0), *line),
        egui::StrokeKind::Inside,
    );
    let width = rect.width() + 4.0;
    put(painter, rect.center(), &block.label, theme.mono_caption(), *theme.text, width);
}

fn paint_token(
    painter: &Painter,
    ctx: &Context<'_>,
    reading: &Reading,
    block: &Block,
    (rect, response): (Rect, &Response),
) {
    let theme = ctx.theme;
    let pos = block.tokens.start;
    let Some(token) = reading.trace.tokens.get(pos) else {
        return;
    };
    painter.rect_filled(rect, 4.0, *theme.raised);
    let outline = match (ctx.focus.query == Some(pos), ctx.focus.key == Some(pos)) {
        (true, _) => theme.selection_stroke(),
        (_, true) => egui::Stroke::new(theme.stroke + 1.0, *theme.key),
        _ if response.hovered() || response.has_focus() => theme.line(theme.accent),
        // While nothing is chosen, the facts below are those of the last token.
        _ if ctx.focus.query_or_last(&reading.trace) == pos => theme.line(theme.accent),
        _ => theme.line(theme.outline),
    };
    painter.rect_stroke(rect, 4.0, outline, egui::StrokeKind::Inside);
    let ink = if token.special { theme.accent } else { theme.text };
    let at = pos2(rect.center().x, rect.top() + theme.body_size * 0.85);
    put(painter, at, &block.label, theme.mono(), *ink, rect.width() - 2.0);
    let at = pos2(rect.center().x, rect.bottom() - theme.caption_size * 0.8);
    let id = token.id.to_string();
    put(painter, at, &id, theme.mono_caption(), *theme.accent, rect.width() - 2.0);
}

/// Centred text that keeps within a width.
fn put(
    painter: &Painter,
    at: egui::Pos2,
    text: &str,
    font: egui::FontId,
    ink: Color32,
    width: f32,
) {
    fitted_text(painter, at, Align2::CENTER_CENTER, text, font, ink, width.max(1.0));
}
