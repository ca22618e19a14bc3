//! Lets everything grow with the window. The projector's sizes are shares of the picture, whatever its
//! pixels: that is what the back row sees. Other themes grow only on screens much larger than theirs.

use crate::gui::look::theme::Theme;
use egui::Vec2;

/// How much larger everything is drawn than the theme says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit(f32);

impl Default for Fit {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Fit {
    /// Brings the size of everything up to date with the window's. A zoom chosen by the user stays.
    pub fn follow(&mut self, ctx: &egui::Context, theme: &Theme) {
        let native = ctx.content_rect().size() * ctx.zoom_factor();
        let wanted = Self(fitting(native, theme.design_size, theme.least_fit));
        if (wanted.0 - self.0).abs() > 0.01 {
            ctx.set_zoom_factor(ctx.zoom_factor() * wanted.0 / self.0);
            *self = wanted;
        }
    }
}

/// The size that shows as much in a window as one of the size the theme was designed for would.
fn fitting(window: Vec2, [width, height]: [f32; 2], least: f32) -> f32 {
    (window.x / width).min(window.y / height).clamp(least, MOST)
}

const MOST: f32 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn a_share_of_the_window_stays_the_same() {
        let fit = |x, y| fitting(vec2(x, y), [1920.0, 1080.0], 0.6);
        assert_eq!((fit(1920.0, 1080.0), fit(3840.0, 2160.0)), (1.0, 2.0));
        assert!((fit(1280.0, 720.0) - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!((fit(0.0, 0.0), fit(1024.0, 768.0)), (0.6, 0.6));
    }
}
