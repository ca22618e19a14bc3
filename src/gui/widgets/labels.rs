//! Names beside points that do not cover each other.

use egui::{Pos2, Rect, Vec2, vec2};

/// Finds a place for each label beside its point: inside `area`, over no other label and no point.
/// Earlier labels choose first; where there is no room the answer is `None`. The first `important`
/// ones may cover points if need be, and the very first always has a place.
///
/// `gap` is the distance from a point's centre that belongs to its mark.
pub fn place_labels(
    labels: &[(Pos2, Vec2)],
    important: usize,
    gap: f32,
    area: Rect,
) -> Vec<Option<Rect>> {
    let marks: Vec<Rect> =
        labels.iter().map(|&(at, _)| Rect::from_center_size(at, Vec2::splat(1.4 * gap))).collect();
    let mut placed: Vec<Rect> = Vec::new();
    let mut place = |(i, &(at, size)): (usize, &(Pos2, Vec2))| {
        let places = around(at, size, gap);
        let is_free = |rect: &&Rect| {
            area.contains_rect(**rect) && !placed.iter().any(|other| rect.intersects(*other))
        };
        let covers_mark = |rect: &Rect| {
            let mut others = marks.iter().enumerate().filter(|&(j, _)| j != i);
            others.any(|(_, mark)| rect.intersects(*mark))
        };
        let mut free = places.iter().filter(is_free);
        let clear = free.clone().find(|rect| !covers_mark(rect));
        let last_resort = || if i == 0 { places.first() } else { None };
        let found =
            clear.or_else(|| free.next().filter(|_| i < important)).or_else(last_resort).copied();
        placed.extend(found);
        found
    };
    labels.iter().enumerate().map(&mut place).collect()
}

/// The places beside a point, the best first.
fn around(at: Pos2, size: Vec2, gap: f32) -> [Rect; 8] {
    let (x, y) = (size.x / 2.0 + gap, size.y / 2.0 + gap * 0.6);
    let near = vec2(size.x / 2.0, y);
    [
        vec2(x, 0.0),
        vec2(-x, 0.0),
        vec2(0.0, -y),
        vec2(0.0, y),
        vec2(near.x, -y),
        near,
        vec2(-near.x, -y),
        vec2(-near.x, y),
    ]
    .map(|offset| Rect::from_center_size(at + offset, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn labels_give_way_and_the_first_choose_first() {
        let area = Rect::from_min_size(Pos2::ZERO, vec2(200.0, 100.0));
        let size = vec2(40.0, 12.0);
        let labels: Vec<(Pos2, Vec2)> = [(100.0, 50.0), (104.0, 50.0), (195.0, 50.0), (300.0, 0.0)]
            .map(|(x, y)| (pos2(x, y), size))
            .to_vec();
        let placed = place_labels(&labels, 0, 5.0, area);
        // The second point's mark is in the way on the right.
        assert!(placed[0].unwrap().right() < 100.0);
        assert!(placed[1].unwrap().left() > 104.0);
        assert!(placed[2].unwrap().right() <= 200.0);
        assert_eq!(placed[3], None);
    }

    #[test]
    fn important_labels_may_cover_points_and_the_first_is_always_there() {
        let area = Rect::from_min_size(Pos2::ZERO, vec2(200.0, 100.0));
        // Marks everywhere: no label is clear of all of them.
        let at = |x: f32, y: f32| (pos2(x, y), vec2(150.0, 30.0));
        let labels: Vec<_> =
            (0..40).map(|i| at((i % 8 * 25) as f32, (i / 8 * 20) as f32)).collect();
        let placed = |important| place_labels(&labels, important, 3.0, area).into_iter().flatten();
        assert_eq!(placed(0).count(), 1);
        assert!(placed(40).count() > 1);
    }

    #[test]
    fn no_two_labels_overlap() {
        let area = Rect::from_min_size(Pos2::ZERO, vec2(300.0, 200.0));
        let labels: Vec<(Pos2, Vec2)> = (0..200)
            .map(|i| (pos2((i * 37 % 300) as f32, (i * 59 % 200) as f32), vec2(50.0, 14.0)))
            .collect();
        let placed: Vec<Rect> =
            place_labels(&labels, 20, 4.0, area).into_iter().flatten().collect();
        assert!(!placed.is_empty());
        for (i, a) in placed.iter().enumerate() {
            assert!(placed[..i].iter().all(|b| !a.intersects(*b)));
        }
    }
}
