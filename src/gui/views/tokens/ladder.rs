//! How byte-pair encoding builds a token: the word as its smallest symbols, and one row for each
//! merge. A piece stands above the symbols it is made of, so that two cells are seen to become one.

use super::reading::{Reading, Steps};
use crate::gui::contract::view::Context;
use crate::gui::look::format::count;
use crate::gui::look::theme::{Theme, semibold};
use crate::math::bpe::Piece;
use crate::model::Method;
use crate::text::{tr, trf};
use egui::{Align2, FontId, Painter, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};

/// Draws the ladder of the word that holds the token at `pos`.
pub fn ladder_ui(ui: &mut Ui, ctx: &Context<'_>, reading: &Reading, pos: usize) {
    let theme = ctx.theme;
    let word = reading.word(pos).map(|word| reading.text(&word.span));
    let word = word.unwrap_or_else(|| ctx.label(pos));
    let word = crate::gui::look::format::abbreviate(&word, 24);
    let title = FontId::new(theme.body_size, semibold());
    ui.label(RichText::new(trf("How “{0}” is built", &[&word])).font(title));
    let column = theme.body_size * 2.0;
    let names = theme.caption_size * 6.2;
    let columns = ((ui.available_width() - names) / column).max(1.0) as usize;
    let steps = match reading.steps(pos, columns) {
        Ok(steps) => steps,
        Err(why) => return note_ui(ui, theme, &why),
    };
    let row = (theme.body_size * 1.65).round();
    let first = usize::from(!steps.chars.is_empty());
    let size = vec2(
        names + column * steps.ladder.start.len() as f32,
        row * (first + steps.ladder.rungs.len() + 2) as f32,
    );
    let area = ScrollArea::horizontal().id_salt("ladder").auto_shrink([false, true]);
    area.show(ui, |ui| {
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let name = trf("The merges of “{0}”: {1}", &[&word, &in_words(reading, &steps)]);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        let grid = Grid { rect, names, column, row, first };
        grid.paint(ui, theme, reading, &steps);
    });
    note_ui(ui, theme, &summary(ctx, &steps));
}

fn note_ui(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.label(RichText::new(text).font(theme.caption()).color(*theme.dim));
}

/// How many merges there are, and which part of the word is shown.
fn summary(ctx: &Context<'_>, steps: &Steps) -> String {
    let (symbols, merges) = (steps.ladder.start.len(), steps.ladder.rungs.len());
    let n_merges = match ctx.model.tokenizer.method() {
        Method::Bpe(bpe) => bpe.merges.len(),
        Method::Other(_) => 0,
    };
    let n_merges = count(n_merges);
    let mut text = match merges {
        0 if symbols == 1 => tr("One symbol: there is nothing to merge.").to_owned(),
        0 => trf(
            "No two neighbours are among the {0} merges this model's tokenizer learned.",
            &[&n_merges],
        ),
        1 => trf(
            "{0} symbols, {1} merge of {2} learned. The lower the rank, the earlier a merge was learned and is applied.",
            &[&symbols, &merges, &n_merges],
        ),
        _ => trf(
            "{0} symbols, {1} merges of {2} learned. The lower the rank, the earlier a merge was learned and is applied.",
            &[&symbols, &merges, &n_merges],
        ),
    };
    if steps.part.len() < steps.n_tokens {
        let (first, last) = (steps.part.start + 1, steps.part.end);
        text =
            trf("{0} Shown: pieces {1} to {2} of {3}.", &[&text, &first, &last, &steps.n_tokens]);
    }
    text
}

/// The ladder for those who do not see it.
fn in_words(reading: &Reading, steps: &Steps) -> String {
    let rungs = steps.ladder.rungs.iter().map(|rung| {
        let made = rung.pieces.get(rung.made);
        let made = made.map_or_else(String::new, |piece| piece_label(reading, piece));
        trf("rank {0} makes {1}", &[&rung.rank, &made])
    });
    rungs.collect::<Vec<_>>().join(", ")
}

/// A piece as text; bytes that are no whole character in hexadecimal.
pub fn piece_label(reading: &Reading, piece: &Piece) -> String {
    let token = reading.entry(piece.id);
    let chunks = token.bytes.utf8_chunks().flat_map(|chunk| {
        let text: String = chunk.valid().chars().map(crate::trace::visible).collect();
        let bytes = chunk.invalid().iter().map(|byte| format!("{byte:02X}"));
        std::iter::once(text).chain(bytes)
    });
    let pieces: Vec<String> = chunks.filter(|piece| !piece.is_empty()).collect();
    pieces.join(" ")
}

/// Rows of pieces over columns of symbols.
struct Grid {
    rect: Rect,
    /// Room for the names of the rows.
    names: f32,
    column: f32,
    row: f32,
    /// The row of the symbols; above it are the characters, if symbols are bytes of characters.
    first: usize,
}

impl Grid {
    fn paint(&self, ui: &Ui, theme: &Theme, reading: &Reading, steps: &Steps) {
        let painter = ui.painter();
        let chosen = steps.ladder.tokens().get(steps.chosen);
        let is_chosen = |piece: &Piece| {
            chosen.is_some_and(|token| token.symbols.contains(&piece.symbols.start))
        };
        self.paint_chars(painter, theme, steps);
        let name = if self.first == 0 { tr("symbols") } else { tr("bytes") };
        self.paint_name(painter, theme, self.first, name, false);
        for piece in &steps.ladder.start {
            self.paint_piece(
                painter,
                theme,
                reading,
                (self.first, piece),
                (is_chosen(piece), false),
            );
        }
        for (i, rung) in steps.ladder.rungs.iter().enumerate() {
            let row = self.first + i + 1;
            if !ui.is_rect_visible(self.cell(row, 0, steps.ladder.start.len())) {
                continue;
            }
            let name = trf("rank {0}", &[&count(rung.rank as usize)]);
            self.paint_name(painter, theme, row, &name, true);
            for (at, piece) in rung.pieces.iter().enumerate() {
                let look = (is_chosen(piece), at == rung.made);
                self.paint_piece(painter, theme, reading, (row, piece), look);
            }
        }
        self.paint_ids(painter, theme, steps);
    }

    /// The characters, each above its bytes.
    fn paint_chars(&self, painter: &Painter, theme: &Theme, steps: &Steps) {
        if self.first == 0 {
            return;
        }
        self.paint_name(painter, theme, 0, tr("characters"), false);
        let mut at = 0;
        for part in &steps.chars {
            let n = part.end - part.first;
            let rect = self.cell(0, at, at + n);
            let line = theme.line(theme.outline);
            painter.hline(rect.x_range(), rect.bottom(), line);
            crate::gui::widgets::fitted_text(
                painter,
                rect.center(),
                Align2::CENTER_CENTER,
                &crate::trace::visible_alone(part.of),
                theme.mono(),
                *theme.text,
                rect.width(),
            );
            at += n;
        }
    }

    fn cell(&self, row: usize, from: usize, to: usize) -> Rect {
        let left = self.rect.left() + self.names + from as f32 * self.column;
        let top = self.rect.top() + row as f32 * self.row;
        let size = vec2((to - from) as f32 * self.column, self.row);
        Rect::from_min_size(pos2(left, top), size).shrink2(vec2(1.0, 2.0))
    }

    fn paint_name(&self, painter: &Painter, theme: &Theme, row: usize, name: &str, is_rank: bool) {
        let y = self.rect.top() + (row as f32 + 0.5) * self.row;
        let ink = if is_rank { theme.accent } else { theme.dim };
        let at = pos2(self.rect.left(), y);
        painter.text(at, Align2::LEFT_CENTER, name, theme.caption(), *ink);
    }

    /// A piece: bright when it was just made, and quiet when it is no part of the chosen token.
    fn paint_piece(
        &self,
        painter: &Painter,
        theme: &Theme,
        reading: &Reading,
        (row, piece): (usize, &Piece),
        (is_chosen, is_new): (bool, bool),
    ) {
        let rect = self.cell(row, piece.symbols.start, piece.symbols.end);
        let fill = if is_new { theme.accent } else { theme.raised };
        let ink = match (is_new, is_chosen) {
            (true, _) => theme.on_accent,
            (_, true) => theme.text,
            _ => theme.dim,
        };
        painter.rect_filled(rect, 3.0, *fill);
        let line = theme.line(if is_new { theme.accent } else { theme.outline });
        painter.rect_stroke(rect, 3.0, line, egui::StrokeKind::Inside);
        crate::gui::widgets::fitted_text(
            painter,
            rect.center(),
            Align2::CENTER_CENTER,
            &piece_label(reading, piece),
            theme.mono(),
            *ink,
            rect.width() - 2.0,
        );
    }

    /// The last row: what the pieces are called, the chosen one outlined.
    fn paint_ids(&self, painter: &Painter, theme: &Theme, steps: &Steps) {
        let row = self.first + steps.ladder.rungs.len() + 1;
        self.paint_name(painter, theme, row, tr("token ids"), false);
        for (at, piece) in steps.ladder.tokens().iter().enumerate() {
            let rect = self.cell(row, piece.symbols.start, piece.symbols.end);
            crate::gui::widgets::fitted_text(
                painter,
                rect.center(),
                Align2::CENTER_CENTER,
                &piece.id.to_string(),
                theme.mono_caption(),
                *theme.accent,
                rect.width(),
            );
            if at == steps.chosen {
                let above = self.cell(row - 1, piece.symbols.start, piece.symbols.end);
                let both = rect.union(above);
                let stroke = theme.selection_stroke();
                painter.rect_stroke(both, 3.0, stroke, egui::StrokeKind::Outside);
            }
        }
    }
}
