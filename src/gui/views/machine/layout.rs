//! Where the parts of the machine stand: names at the left, a column for each layer, what is said at
//! the right. Long texts are bundled.

use crate::gui::look::theme::Theme;
use egui::{Pos2, Rect, pos2};

/// Where in a column looks leave, where they arrive, and where attention and MLP add, from 0 to 1.
const LEAVE: f32 = 0.03;
const ARRIVE: f32 = 0.56;
const ADDS: [f32; 2] = [0.64, 0.86];

/// One lane: a token, or several that stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    pub first: usize,
    pub n: usize,
}

/// The lanes of a text, at most as many as there is room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lanes {
    pub all: Vec<Lane>,
    /// The lane of each token.
    pub of: Vec<usize>,
}

impl Lanes {
    /// Lanes for `n` tokens. When there are more than `most`, the first, the last ones and those in
    /// `keep` have lanes of their own, and what lies between is bundled.
    pub fn new(n: usize, most: usize, keep: &[usize]) -> Self {
        let most = most.max(4 + 2 * keep.len());
        let is_own = |pos: usize| {
            n <= most || pos == 0 || pos + most > n + 2 + 2 * keep.len() || keep.contains(&pos)
        };
        let mut all: Vec<Lane> = Vec::new();
        let mut of = Vec::with_capacity(n);
        for pos in 0..n {
            match all.last_mut() {
                Some(lane) if !is_own(pos) && !is_own(lane.first) => lane.n += 1,
                _ => all.push(Lane { first: pos, n: 1 }),
            }
            of.push(all.len() - 1);
        }
        Self { all, of }
    }

    /// How many tokens share a lane with others.
    pub fn n_bundled(&self) -> usize {
        self.all.iter().filter(|lane| lane.n > 1).map(|lane| lane.n).sum()
    }
}

/// The whole picture, and the part of it that is on screen.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Where it is drawn.
    pub area: Rect,
    /// What of it is on screen, in the coordinates of `area`.
    part: Rect,
    names: f32,
    next: f32,
    top: f32,
    bottom: f32,
    n_layers: usize,
    n_lanes: usize,
}

impl Layout {
    /// How many lanes fit beneath each other with their names.
    pub fn most_lanes(area: Rect, theme: &Theme) -> usize {
        let room = area.height() - theme.caption_size * 8.0;
        (room / (theme.caption_size * 1.35)).max(1.0) as usize
    }

    /// Shares the area among the parts.
    pub fn new(area: Rect, theme: &Theme, [n_layers, n_lanes]: [usize; 2]) -> Self {
        let names = (theme.body_size * 7.5).min(area.width() * 0.16);
        let next = (theme.body_size * 14.0).min(area.width() * 0.24);
        Self {
            area,
            part: area,
            names,
            next,
            top: theme.caption_size * 4.4,
            bottom: theme.caption_size * 3.4,
            n_layers: n_layers.max(1),
            n_lanes: n_lanes.max(1),
        }
    }

    /// The same, of which only a part is on screen.
    pub fn looking_at(self, part: Rect) -> Self {
        Self { part, ..self }
    }

    /// How much nearer it is than the whole, across.
    pub fn nearness(&self) -> f32 {
        self.area.width() / self.part.width().max(1e-3)
    }

    /// A place of the whole picture on screen.
    fn screen(&self, x: f32, y: f32) -> Pos2 {
        let share = (pos2(x, y) - self.part.min) / self.part.size();
        self.area.min + share * self.area.size()
    }

    fn column_width(&self) -> f32 {
        let room = self.area.width() - self.names - self.next;
        (room / self.n_layers as f32).max(1.0)
    }

    /// The right edge of the names.
    pub fn names_right(&self) -> f32 {
        self.screen(self.area.left() + self.names, 0.0).x
    }

    /// Left and right edge of a layer's column.
    pub fn column(&self, layer: usize) -> [f32; 2] {
        let left = self.area.left() + self.names + self.column_width() * layer as f32;
        [left, left + self.column_width()].map(|x| self.screen(x, 0.0).x)
    }

    /// The height of a lane's middle.
    pub fn lane(&self, lane: usize) -> f32 {
        let room = self.area.height() - self.top - self.bottom;
        let step = room / self.n_lanes as f32;
        self.screen(0.0, self.area.top() + self.top + step * (lane as f32 + 0.5)).y
    }

    /// How far apart lanes are.
    pub fn lane_step(&self) -> f32 {
        self.lane(1) - self.lane(0)
    }

    /// Where a look leaves the token that is looked at, and where it arrives at the asking one.
    pub fn look(&self, layer: usize, from: usize, to: usize) -> [Pos2; 2] {
        let [left, right] = self.column(layer);
        let at = |share: f32| left + (right - left) * share;
        [pos2(at(LEAVE), self.lane(from)), pos2(at(ARRIVE), self.lane(to))]
    }

    /// Where attention (0) and MLP (1) add to a lane.
    pub fn adds(&self, layer: usize, lane: usize, part: usize) -> Pos2 {
        let [left, right] = self.column(layer);
        pos2(left + (right - left) * ADDS[part.min(1)], self.lane(lane))
    }

    /// The middle of a head's lamp, and how far lamps are apart.
    pub fn lamp(&self, layer: usize, head: usize, n_heads: usize) -> (Pos2, f32) {
        let [left, right] = self.column(layer);
        let step = (right - left) * 0.92 / n_heads.max(1) as f32;
        let y = self.screen(0.0, self.area.top() + self.top * 0.62).y;
        (pos2(left + (right - left) * 0.04 + step * (head as f32 + 0.5), y), step)
    }

    /// The height of the layers' names.
    pub fn titles(&self) -> f32 {
        self.screen(0.0, self.area.top() + self.top * 0.2).y
    }

    /// The height of what would be said.
    pub fn sayings(&self) -> f32 {
        self.screen(0.0, self.area.bottom() - self.bottom * 0.55).y
    }

    /// The room of the next tokens.
    pub fn next(&self) -> Rect {
        let left = self.area.right() - self.next * 0.86;
        Rect::from_min_max(
            self.screen(left, self.area.top()),
            self.screen(self.area.right(), self.area.bottom()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn long_texts_keep_their_ends_and_what_is_chosen() {
        for n in [1, 8, 30, 64, 200, 512] {
            for most in [1, 12, 30, 60] {
                let keep = [n / 2];
                let lanes = Lanes::new(n, most, &keep);
                assert_eq!(lanes.of.len(), n);
                assert_eq!(lanes.all.iter().map(|lane| lane.n).sum::<usize>(), n);
                assert!(lanes.all.len() <= most.max(6), "{n} {most}: {}", lanes.all.len());
                for pos in [0, n / 2, n - 1] {
                    assert_eq!(lanes.all[lanes.of[pos]], Lane { first: pos, n: 1 }, "{n} {most}");
                }
            }
        }
        assert_eq!(Lanes::new(8, 12, &[]).n_bundled(), 0);
    }

    #[test]
    fn columns_and_lanes_lie_in_the_area() {
        let theme = Theme::named("dark");
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(900.0, 600.0));
        let layout = Layout::new(area, theme, [8, 14]);
        assert!(layout.column(0)[0] >= layout.names_right() - 0.01);
        assert!(layout.column(7)[1] <= layout.next().left());
        assert!(layout.lane(0) > layout.lamp(0, 0, 8).0.y && layout.lane(13) < layout.sayings());
        let near = layout.looking_at(Rect::from_center_size(area.center(), area.size() / 4.0));
        assert!((near.lane_step() / layout.lane_step() - 4.0).abs() < 1e-3);
        assert!((near.nearness() - 4.0).abs() < 1e-3);
    }
}
