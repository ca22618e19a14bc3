//! Places labels beside points so that none covers another.

use egui::{Align2, Pos2, Rect, Vec2};

/// Remembers where labels are.
#[derive(Debug)]
pub struct Placer {
    bounds: Rect,
    taken: Vec<Rect>,
}

/// Which corner or side of a label lies at the point, the one to try first in front.
type Sides = [Align2; 8];

impl Placer {
    /// Right or left of the point if possible.
    pub const BESIDE: Sides = [
        Align2::LEFT_CENTER,
        Align2::RIGHT_CENTER,
        Align2::CENTER_BOTTOM,
        Align2::CENTER_TOP,
        Align2::LEFT_BOTTOM,
        Align2::LEFT_TOP,
        Align2::RIGHT_BOTTOM,
        Align2::RIGHT_TOP,
    ];
    /// Above or below the point if possible.
    pub const ABOVE: Sides = [
        Align2::CENTER_BOTTOM,
        Align2::CENTER_TOP,
        Align2::RIGHT_BOTTOM,
        Align2::RIGHT_TOP,
        Align2::LEFT_BOTTOM,
        Align2::LEFT_TOP,
        Align2::RIGHT_CENTER,
        Align2::LEFT_CENTER,
    ];
}

impl Placer {
    /// Nothing is placed yet, and nothing may leave `bounds`.
    pub fn new(bounds: Rect) -> Self {
        let taken = Vec::new();
        Self { bounds, taken }
    }

    /// Does this point lie where labels may be?
    pub fn holds(&self, point: Pos2) -> bool {
        self.bounds.expand(4.0).contains(point)
    }

    /// Keeps labels away from a rectangle.
    pub fn take(&mut self, rect: Rect) {
        self.taken.push(rect);
    }

    /// Keeps labels away from a line.
    pub fn take_line(&mut self, [from, to]: [Pos2; 2], width: f32) {
        let pieces = (from.distance(to) / width.max(1.0)).ceil().clamp(1.0, 200.0) as usize;
        for i in 0..=pieces {
            let at = from.lerp(to, i as f32 / pieces as f32);
            self.take(Rect::from_center_size(at, Vec2::splat(width)));
        }
    }

    /// A free place for a label of this size at a point, `gap` away from it.
    pub fn place(&mut self, point: Pos2, size: Vec2, gap: f32, sides: Sides) -> Option<Rect> {
        let at = |anchor: Align2| {
            let away = -anchor.to_sign() * gap;
            anchor.anchor_size(point + away, size)
        };
        let is_free = |rect: &Rect| {
            self.bounds.contains_rect(*rect)
                && !self.taken.iter().any(|taken| taken.intersects(*rect))
        };
        let rect = sides.into_iter().map(at).find(is_free)?;
        self.taken.push(rect);
        Some(rect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};

    #[test]
    fn labels_do_not_cover_each_other_or_leave() {
        let bounds = Rect::from_min_size(Pos2::ZERO, vec2(100.0, 50.0));
        let mut placer = Placer::new(bounds);
        let size = vec2(30.0, 10.0);
        let point = pos2(50.0, 25.0);
        let placed: Vec<Rect> =
            (0..20).filter_map(|_| placer.place(point, size, 6.0, Placer::BESIDE)).collect();
        assert_eq!(placed[0].left(), 56.0, "first to the right");
        assert!(placed.len() >= 4 && placed.len() < 20);
        for (i, a) in placed.iter().enumerate() {
            assert!(bounds.contains_rect(*a) && !a.contains(point));
            assert!(!placed[..i].iter().any(|b| b.shrink(0.01).intersects(*a)));
        }
        let corner = Placer::new(bounds).place(pos2(99.0, 1.0), size, 4.0, Placer::BESIDE).unwrap();
        assert!(corner.right() <= 99.0, "where there is room");
    }
}
