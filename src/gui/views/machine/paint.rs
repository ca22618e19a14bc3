//! Painting the machine.

use super::layout::{Lanes, Layout};
use super::plan::{Link, Plan};
use crate::gui::contract::view::Context;
use crate::gui::look::format::percent;
use crate::gui::look::theme::Theme;
use crate::gui::widgets::fitted_text;
use crate::text::{tr, trf};
use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, pos2, vec2};

/// A part of the machine that can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spot {
    Token(usize),
    Lamp {
        layer: usize,
        head: usize,
    },
    Link(Link),
    /// What attention (0) or MLP (1) adds.
    Adds {
        layer: usize,
        pos: usize,
        part: usize,
    },
    Saying(usize),
    Next(usize),
}

/// What is painted with, and where.
pub struct Pen<'a, 'b> {
    pub painter: &'a Painter,
    pub ctx: &'a Context<'b>,
    pub plan: &'a Plan,
    pub lanes: &'a Lanes,
    pub layout: Layout,
    /// What the pointer is at.
    pub spot: Option<Spot>,
    /// Does width mean the weight alone, not what is carried?
    pub plain: bool,
    /// Where the light is that a new text sends through the layers; beyond the last when it has passed.
    pub front: f32,
}

impl Pen<'_, '_> {
    pub(super) fn theme(&self) -> &'static Theme {
        self.ctx.theme
    }

    /// The lane of a token of the text; the source's lanes stand above them.
    pub fn query_lane(&self, query: usize) -> usize {
        self.lanes.of.get(self.plan.n_sources + query).copied().unwrap_or(0)
    }

    /// The lane of the token a look goes to.
    pub fn key_lane(&self, link: &Link) -> usize {
        let above = if link.is_cross { 0 } else { self.plan.n_sources };
        self.lanes.of.get(above + link.key).copied().unwrap_or(0)
    }

    /// How brightly the light shines on a layer, from 0 to 1.
    pub(super) fn light(&self, layer: f32) -> f32 {
        (-(self.front - layer).powi(2) * 1.4).exp()
    }

    /// How strong a look is, from 0 to 1.
    pub fn strength(&self, link: &Link) -> f32 {
        let share = if self.plain { link.weight } else { link.carried / self.plan.most_carried() };
        share.powf(0.8)
    }

    fn is_asked(&self, link: &Link) -> bool {
        link.query == self.plan.at
    }

    /// Everything. Gives the parts that can be pointed at, the topmost last.
    pub fn all(&self) -> Vec<(Rect, Spot)> {
        let mut spots = Vec::new();
        self.columns();
        self.tokens(&mut spots);
        for link in &self.plan.links {
            self.link(link);
        }
        self.marks(&mut spots);
        self.lamps(&mut spots);
        self.labels();
        self.sayings(&mut spots);
        self.next(&mut spots);
        spots
    }

    /// Grounds and names of the layers, and the lanes.
    fn columns(&self) {
        let (theme, area) = (self.theme(), self.layout.area);
        let y = self.layout.titles().max(area.top() + theme.caption_size * 0.6);
        for layer in 0..self.plan.n_layers {
            let [left, right] = self.layout.column(layer);
            let column = Rect::from_x_y_ranges(left..=right, area.y_range()).intersect(area);
            if column.width() <= 0.0 {
                continue;
            }
            if layer % 2 == 0 {
                self.painter.rect_filled(column, 0.0, theme.panel.gamma_multiply(0.55));
            }
            let light = self.light(layer as f32 + 0.5);
            if light > 0.02 {
                self.painter.rect_filled(column, 0.0, theme.accent.gamma_multiply(0.10 * light));
            }
            let name = trf("layer {0}", &[&layer]);
            let at = pos2(column.center().x, y);
            let room = column.width() - 2.0;
            let short = layer.to_string();
            let name = if room > theme.caption_size * 3.8 { &name } else { &short };
            fitted_text(
                self.painter,
                at,
                Align2::CENTER_CENTER,
                name,
                theme.caption(),
                *theme.dim,
                room,
            );
        }
        let [left, right] =
            [self.layout.names_right(), self.layout.column(self.plan.n_layers - 1)[1]];
        for (i, lane) in self.lanes.all.iter().enumerate() {
            let y = self.layout.lane(i);
            let is_asked = i == self.query_lane(self.plan.at);
            let width = if lane.n > 1 { 4.0 } else { 1.5 } * theme.stroke.min(2.0);
            let color = if is_asked { *theme.accent } else { theme.residual.gamma_multiply(0.35) };
            self.painter.hline(left..=right, y, Stroke::new(width, color));
        }
    }

    /// The names of the tokens; they stay in sight however near one looks.
    fn tokens(&self, spots: &mut Vec<(Rect, Spot)>) {
        let (theme, area) = (self.theme(), self.layout.area);
        let n_above = self.plan.n_sources;
        let source = self.ctx.trace.encoder.as_deref();
        let right = self.layout.names_right().max(area.left() + theme.body_size * 5.0);
        let mut last = f32::NEG_INFINITY;
        for (i, lane) in self.lanes.all.iter().enumerate() {
            let y = self.layout.lane(i);
            if y < area.top() || y > area.bottom() || y - last < theme.caption_size * 1.1 {
                continue;
            }
            last = y;
            let (name, pos) = match lane.first.checked_sub(n_above) {
                _ if lane.n > 1 => (trf("… {0} tokens", &[&lane.n]), None),
                Some(pos) => (self.ctx.label(pos), Some(pos)),
                None => (source.map_or_else(String::new, |source| source.label(lane.first)), None),
            };
            let is_asked = pos == Some(self.plan.at);
            let ink = if is_asked {
                *theme.accent
            } else if pos.is_some() {
                *theme.text
            } else {
                *theme.dim
            };
            let at = pos2(right - 6.0, y);
            let room = right - area.left() - 12.0;
            let font = theme.mono_caption();
            let ground = Rect::from_min_max(
                pos2(area.left(), y - theme.caption_size * 0.7),
                pos2(right, y + theme.caption_size * 0.7),
            );
            self.painter.rect_filled(ground, 3.0, theme.background.gamma_multiply(0.85));
            let rect = fitted_text(self.painter, at, Align2::RIGHT_CENTER, &name, font, ink, room)
                .expand2(vec2(4.0, 2.0));
            if is_asked {
                self.painter.rect_stroke(
                    rect,
                    4.0,
                    theme.line(theme.accent),
                    egui::StrokeKind::Outside,
                );
            }
            if let Some(pos) = pos {
                if self.spot == Some(Spot::Token(pos)) {
                    self.painter.rect_stroke(
                        rect,
                        4.0,
                        theme.selection_stroke(),
                        egui::StrokeKind::Outside,
                    );
                }
                spots.push((rect, Spot::Token(pos)));
            }
        }
    }

    /// The curve of a look.
    pub fn curve(&self, link: &Link) -> [Pos2; 4] {
        let [from, to] =
            self.layout.look(link.layer, self.key_lane(link), self.query_lane(link.query));
        let bend = (to.x - from.x) * 0.55;
        [from, from + vec2(bend, 0.0), to - vec2(bend, 0.0), to]
    }

    fn link(&self, link: &Link) {
        let theme = self.theme();
        let strength = self.strength(link);
        let is_lit = match self.spot {
            Some(Spot::Link(other)) => other == *link,
            Some(Spot::Lamp { layer, head }) => (layer, head) == (link.layer, link.head),
            Some(Spot::Token(pos)) => link.query == pos || !link.is_cross && link.key == pos,
            _ => self.is_asked(link),
        };
        let light = self.light(link.layer as f32 + 0.5);
        let opacity = if is_lit { 0.14 + 0.86 * strength } else { 0.03 + 0.2 * strength };
        let opacity = (opacity + 0.4 * light * strength).min(1.0);
        let color = theme.head(link.head).gamma_multiply(opacity);
        let width = (0.5 + 7.0 * strength) * theme.stroke.clamp(1.0, 1.6);
        self.painter.add(CubicBezierShape::from_points_stroke(
            self.curve(link),
            false,
            Color32::TRANSPARENT,
            Stroke::new(width, color),
        ));
    }

    /// What attention (amber) and MLP (violet) add, as squares whose area is the share of the stream.
    fn marks(&self, spots: &mut Vec<(Rect, Spot)>) {
        let theme = self.theme();
        let most = self.layout.lane_step().min(theme.body_size * 1.2) * 0.95;
        let parts: [(&Vec<Vec<f32>>, Color32); 2] =
            [(&self.plan.attention, *theme.attention), (&self.plan.mlp, *theme.mlp)];
        for (part, (shares, color)) in parts.into_iter().enumerate() {
            for (layer, row) in shares.iter().enumerate() {
                for (pos, &share) in row.iter().enumerate() {
                    let lane = self.query_lane(pos);
                    // Of a bundle the last is shown.
                    if self.lanes.all[lane].n > 1
                        && pos + 1 < row.len()
                        && self.query_lane(pos + 1) == lane
                    {
                        continue;
                    }
                    let side = (share.min(1.5).sqrt() * most).max(1.5);
                    let rect = Rect::from_center_size(
                        self.layout.adds(layer, lane, part),
                        vec2(side, side),
                    );
                    if !rect.intersects(self.layout.area) {
                        continue;
                    }
                    let is_asked = pos == self.plan.at;
                    let light = self.light(layer as f32 + 0.5 + 0.3 * part as f32);
                    let opacity = if is_asked { 1.0 } else { 0.5 + 0.5 * light };
                    self.painter.rect_filled(rect, 2.0, color.gamma_multiply(opacity));
                    let spot = Spot::Adds { layer, pos, part };
                    if self.spot == Some(spot) {
                        self.painter.rect_stroke(
                            rect,
                            2.0,
                            theme.selection_stroke(),
                            egui::StrokeKind::Outside,
                        );
                    }
                    spots.push((rect.expand(1.5), spot));
                }
            }
        }
    }

    /// The heads: as bright as what they bring to the asked token.
    fn lamps(&self, spots: &mut Vec<(Rect, Spot)>) {
        let theme = self.theme();
        let all = self.plan.brought.iter().flatten();
        let most = all.copied().fold(0.0, f32::max).max(f32::MIN_POSITIVE);
        for layer in 0..self.plan.n_layers {
            for head in 0..self.plan.n_heads {
                let (center, step) = self.layout.lamp(layer, head, self.plan.n_heads);
                if !self.layout.area.contains(center) {
                    continue;
                }
                let radius = (step * 0.42).clamp(1.2, theme.caption_size * 0.7);
                let bright = (self.plan.brought[layer][head] / most).powf(0.8);
                let hue = theme.head(head);
                if bright > 0.45 {
                    self.painter.circle_filled(
                        center,
                        radius * 1.6,
                        hue.gamma_multiply(0.18 * bright),
                    );
                }
                self.painter.circle_filled(
                    center,
                    radius,
                    hue.gamma_multiply(0.18 + 0.82 * bright),
                );
                let focus = self.ctx.pinned;
                let spot = Spot::Lamp { layer, head };
                if self.spot == Some(spot) || (focus.layer, focus.head) == (layer, head) {
                    self.painter.circle_stroke(center, radius + 2.0, theme.selection_stroke());
                }
                if step > theme.caption_size * 1.3 {
                    let at = center + vec2(0.0, radius + theme.caption_size * 0.65);
                    let font = theme.mono_caption();
                    self.painter.text(
                        at,
                        Align2::CENTER_CENTER,
                        head.to_string(),
                        font,
                        *theme.dim,
                    );
                }
                spots.push((
                    Rect::from_center_size(center, vec2(step.max(4.0), radius * 2.0 + 4.0)),
                    spot,
                ));
            }
        }
    }

    /// Names on the strongest looks of the asked token, as many as do not meet.
    fn labels(&self) {
        let theme = self.theme();
        let near = self.layout.nearness();
        let most = if near > 2.0 { 24 } else { 3 };
        let mut taken: Vec<Rect> = Vec::new();
        let own = self.plan.links.iter().rev().filter(|link| self.is_asked(link));
        let mut own: Vec<&Link> = own.collect();
        own.sort_by(|a, b| self.strength(b).total_cmp(&self.strength(a)));
        // The one that the words beneath speak of comes first.
        if let Some(spoken) = self.plan.strongest_link() {
            own.retain(|link| *link != spoken);
            own.insert(0, spoken);
        }
        for link in own.into_iter().take(most) {
            let [from, .., to] = self.curve(link);
            let text = format!("{}.{} {}", link.layer, link.head, percent(link.weight));
            let galley = self.painter.layout_no_wrap(text, theme.mono_caption(), *theme.text);
            let at = pos2(f32::midpoint(from.x, to.x), from.y + (to.y - from.y) * 0.5);
            let rect = Rect::from_center_size(at, galley.size() + vec2(8.0, 2.0));
            let fits = self.layout.area.shrink(2.0).contains_rect(rect)
                && !taken.iter().any(|other| other.intersects(rect));
            if fits {
                self.painter.rect_filled(rect, 4.0, theme.background.gamma_multiply(0.9));
                self.painter.rect_stroke(
                    rect,
                    4.0,
                    Stroke::new(1.0, theme.head(link.head)),
                    egui::StrokeKind::Inside,
                );
                self.painter.galley(rect.min + vec2(4.0, 1.0), galley, *theme.text);
                taken.push(rect);
            }
        }
    }

    /// What the model would say at the asked token after each layer.
    fn sayings(&self, spots: &mut Vec<(Rect, Spot)>) {
        let (theme, area) = (self.theme(), self.layout.area);
        if self.plan.sayings.is_empty() {
            return;
        }
        let y = self.layout.sayings().min(area.bottom() - theme.caption_size * 1.2);
        let row = Rect::from_x_y_ranges(
            area.x_range(),
            y - theme.caption_size * 1.4..=y + theme.caption_size * 1.7,
        );
        self.painter.rect_filled(row.intersect(area), 0.0, theme.background.gamma_multiply(0.9));
        let at = pos2(self.layout.names_right().max(area.left() + theme.body_size * 5.0) - 6.0, y);
        let room = at.x - area.left() - 4.0;
        fitted_text(
            self.painter,
            at,
            Align2::RIGHT_CENTER,
            tr("it would say"),
            theme.caption(),
            *theme.dim,
            room,
        );
        let decided = self.plan.decided();
        for (i, saying) in self.plan.sayings.iter().enumerate().skip(1) {
            let [left, right] = self.layout.column(i - 1);
            if right < area.left() || left > area.right() {
                continue;
            }
            let at = pos2(f32::midpoint(left, right), y - theme.caption_size * 0.6);
            let is_final = decided.is_some_and(|from| i > from);
            let ink = if is_final { *theme.accent } else { *theme.text };
            let room = right - left - 4.0;
            fitted_text(
                self.painter,
                at,
                Align2::CENTER_CENTER,
                &saying.label,
                theme.mono_caption(),
                ink,
                room,
            );
            let at = pos2(at.x, y + theme.caption_size * 0.7);
            if room > theme.caption_size * 3.4 {
                self.painter.text(
                    at,
                    Align2::CENTER_CENTER,
                    percent(saying.prob),
                    theme.caption(),
                    *theme.dim,
                );
            }
            let rect = Rect::from_x_y_ranges(left..=right, row.y_range()).intersect(area);
            if self.spot == Some(Spot::Saying(i)) {
                self.painter.rect_stroke(
                    rect,
                    3.0,
                    theme.selection_stroke(),
                    egui::StrokeKind::Inside,
                );
            }
            spots.push((rect, Spot::Saying(i)));
        }
    }
}
