//! Help for showing the window to a class: the picture alone, in big type, frozen, under a spotlight,
//! or a black screen.

use crate::gui::contract::action::tip;
use crate::gui::contract::command::Command;
use crate::gui::look::theme::Theme;
use egui::{
    Color32, LayerId, Mesh, Order, Painter, Pos2, Rect, Shape, Ui, Vec2, ViewportCommand, vec2,
};
use std::f32::consts::TAU;

/// What the presenter has switched on.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Default)]
pub struct Presenter {
    /// Is the picture shown alone?
    pub is_zoomed: bool,
    /// Does a spotlight follow the pointer?
    pub has_spotlight: bool,
    /// Does the picture fill the screen in big type?
    pub is_presenting: bool,
    /// Does the picture stay whatever is typed or pointed at?
    pub is_frozen: bool,
    /// Is the screen black?
    pub is_black: bool,
}

impl Presenter {
    /// Fills the screen, or gives it back.
    pub fn toggle_presenting(&mut self, ctx: &egui::Context) {
        *self = Self { is_presenting: !self.is_presenting, ..Self::default() };
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.is_presenting));
    }

    /// Takes one thing back that was switched on: the black screen, else presenting. False when
    /// there was nothing to take back.
    pub fn release(&mut self, ctx: &egui::Context) -> bool {
        if std::mem::take(&mut self.is_black) {
            return true;
        }
        let was_presenting = self.is_presenting;
        if was_presenting {
            self.toggle_presenting(ctx);
        }
        was_presenting
    }

    /// Says that the picture does not follow, darkens everything but a circle around the pointer, or
    /// blackens the screen.
    pub fn ui(&self, ui: &Ui, theme: &Theme) {
        let layer = LayerId::new(Order::Foreground, egui::Id::unique("presenter"));
        let painter = ui.ctx().layer_painter(layer);
        let screen = ui.ctx().content_rect();
        if self.is_black {
            painter.rect_filled(screen, 0.0, Color32::BLACK);
            return;
        }
        if self.is_frozen {
            frozen_ui(&painter, theme, screen);
        }
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let Some(center) = pointer.filter(|_| self.has_spotlight) else {
            return;
        };
        let radius = theme.body_size * 9.0;
        painter.add(Shape::mesh(shade(screen, center, radius)));
        painter.circle_stroke(center, radius, theme.line(theme.accent));
    }
}

/// What darkens `screen` but for a circle: a ring of triangles from the circle to beyond the farthest
/// corner. (egui draws a stroke as thick as a screen as a thin ring.)
fn shade(screen: Rect, center: Pos2, radius: f32) -> Mesh {
    const STEPS: u32 = 128;
    let reach = screen.size().length() + center.distance(screen.center());
    let color = Color32::BLACK.gamma_multiply(0.65);
    let mut mesh = Mesh::default();
    for step in 0..STEPS {
        let direction = Vec2::angled(TAU * step as f32 / STEPS as f32);
        mesh.colored_vertex(center + radius * direction, color);
        mesh.colored_vertex(center + (radius + reach) * direction, color);
        let [inner, outer, next] = [2 * step, 2 * step + 1, 2 * (step + 1) % (2 * STEPS)];
        mesh.add_triangle(inner, outer, next);
        mesh.add_triangle(next, outer, next + 1);
    }
    mesh
}

/// A mark in the corner: what is seen is not what is typed.
fn frozen_ui(painter: &Painter, theme: &Theme, screen: Rect) {
    let text = tip("Frozen", &Command::ToggleFreeze);
    let galley = painter.layout_no_wrap(text, theme.body(), *theme.on_accent);
    let pad = vec2(theme.body_size, theme.body_size / 2.0);
    let size = galley.size() + pad;
    let rect = Rect::from_min_size(screen.center_top() - vec2(size.x / 2.0, 0.0), size);
    painter.rect_filled(rect, 4.0, *theme.accent);
    painter.galley(rect.min + pad / 2.0, galley, *theme.on_accent);
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    /// Is a point inside one of the triangles?
    fn covers(mesh: &Mesh, point: Pos2) -> bool {
        mesh.triangles().any(|corners| {
            let [a, b, c] = corners.map(|i| mesh.vertices[i as usize].pos);
            let side = |a: Pos2, b: Pos2| (b - a).rot90().dot(point - a);
            let sides = [side(a, b), side(b, c), side(c, a)];
            sides.iter().all(|&s| s >= 0.0) || sides.iter().all(|&s| s <= 0.0)
        })
    }

    #[test]
    fn the_spotlight_darkens_all_but_its_circle() {
        for size in [vec2(640.0, 480.0), vec2(1920.0, 1080.0), vec2(3840.0, 2160.0)] {
            let screen = Rect::from_min_size(Pos2::ZERO, size);
            for center in [screen.center(), pos2(3.0, 5.0), screen.right_bottom()] {
                let mesh = shade(screen, center, 126.0);
                assert!(!covers(&mesh, center + vec2(60.0, 60.0)), "{size} {center}");
                for point in [
                    screen.left_top(),
                    screen.right_top(),
                    screen.left_bottom(),
                    screen.right_bottom(),
                    screen.center(),
                ] {
                    let is_lit = point.distance(center) < 126.0;
                    assert_eq!(covers(&mesh, point), !is_lit, "{size} {center} {point}");
                }
            }
        }
    }
}
