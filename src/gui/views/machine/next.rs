//! The words that may come out of the machine.

use super::paint::{Pen, Spot};
use crate::gui::look::format::percent;
use crate::gui::widgets::fitted_text;
use crate::text::tr;
use crate::trace::Predicts;
use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, Rect, Shape, Stroke, pos2, vec2};

impl Pen<'_, '_> {
    /// The words that may come out, and the way to the first of them.
    pub(super) fn next(&self, spots: &mut Vec<(Rect, Spot)>) {
        let (theme, rect) = (self.theme(), self.layout.next());
        let Some(best) = self.plan.next.first().filter(|_| rect.intersects(self.layout.area))
        else {
            return;
        };
        let title = if self.ctx.trace.model.predicts == Predicts::Masked {
            tr("what stands here")
        } else if self.plan.at + 1 == self.ctx.trace.tokens.len() {
            tr("next token")
        } else {
            tr("the token after it")
        };
        let y = self.layout.titles();
        fitted_text(
            self.painter,
            pos2(rect.left(), y),
            Align2::LEFT_CENTER,
            title,
            theme.caption(),
            *theme.dim,
            rect.width(),
        );
        let height = theme.body_size * 1.5;
        let top = y + theme.caption_size * 1.2;
        let label = rect.width() * 0.42;
        for (i, saying) in self.plan.next.iter().enumerate() {
            let row = Rect::from_min_size(
                pos2(rect.left(), top + height * i as f32),
                vec2(rect.width(), height),
            );
            if row.bottom() > self.layout.sayings() - theme.caption_size * 1.6 {
                break;
            }
            let ink = if i == 0 { *theme.accent } else { *theme.text };
            let at = row.left_center();
            fitted_text(
                self.painter,
                at,
                Align2::LEFT_CENTER,
                &saying.label,
                theme.mono_caption(),
                ink,
                label - 6.0,
            );
            let number = theme.caption_size * 4.6;
            let track = Rect::from_min_max(
                pos2(row.left() + label, row.top() + height * 0.28),
                pos2(row.right() - number, row.bottom() - height * 0.28),
            );
            if track.width() > 2.0 {
                let bar = track.with_max_x(track.left() + track.width() * saying.prob);
                self.painter.rect_filled(bar, 2.0, *theme.accent);
            }
            self.painter.text(
                row.right_center(),
                Align2::RIGHT_CENTER,
                percent(saying.prob),
                theme.mono_caption(),
                ink,
            );
            if self.spot == Some(Spot::Next(i)) {
                self.painter.rect_stroke(
                    row,
                    3.0,
                    theme.selection_stroke(),
                    egui::StrokeKind::Outside,
                );
            }
            spots.push((row, Spot::Next(i)));
        }
        // From the end of the asked lane to the word.
        let from = pos2(
            self.layout.column(self.plan.n_layers - 1)[1],
            self.layout.lane(self.query_lane(self.plan.at)),
        );
        let to = pos2(rect.left() - 4.0, top + height * 0.5);
        let bend = (to.x - from.x).max(8.0) * 0.9;
        let light = self.light(self.plan.n_layers as f32 + 0.5);
        let stroke = Stroke::new(
            (1.5 + 3.5 * best.prob) * theme.stroke.clamp(1.0, 1.6),
            theme.accent.gamma_multiply((0.4 + 0.6 * best.prob + light).min(1.0)),
        );
        let points = [from, from + vec2(bend, 0.0), to - vec2(bend, 0.0), to];
        self.painter.add(CubicBezierShape::from_points_stroke(
            points,
            false,
            Color32::TRANSPARENT,
            stroke,
        ));
        let tip = theme.caption_size * 0.45;
        let head =
            vec![to + vec2(3.0, 0.0), to + vec2(-tip, -tip * 0.7), to + vec2(-tip, tip * 0.7)];
        self.painter.add(Shape::convex_polygon(head, stroke.color, Stroke::NONE));
    }
}
