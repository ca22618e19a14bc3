//! How the width of the window is shared: the rail never goes, the next token gives way to the picture.

use crate::gui::look::theme::Theme;

/// The picture keeps at least this share of the window, unless somebody opens the next token.
const PICTURE: f32 = 0.5;

/// The widths of what stands beside the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// Of the rail; narrow where the window is.
    pub rail: f32,
    /// Of the next token's panel.
    pub next: f32,
    /// Is that panel open? Otherwise it is a strip at the edge that says the most likely token.
    pub is_next_open: bool,
}

impl Room {
    /// Shares `width`, what is left of a window `whole` wide. `wants_next` is what the user said about
    /// the next token's panel, if anything.
    pub fn of(width: f32, whole: f32, theme: &Theme, wants_next: Option<bool>) -> Self {
        let narrow = narrow_rail(theme).min(theme.rail_width);
        let rail = if width > theme.rail_width * 5.0 { theme.rail_width } else { narrow };
        let fits = |rail: f32| width - rail - theme.side_width >= PICTURE * whole;
        let is_next_open = wants_next.unwrap_or(fits(rail));
        // Even when asked for it leaves some of the picture.
        let open = theme.side_width.min((width - rail) * 0.6);
        let next = if is_next_open { open } else { theme.body_size * 2.2 };
        Self { rail, next, is_next_open }
    }
}

/// The width of a rail that has the names of the views and little else.
pub fn narrow_rail(theme: &Theme) -> f32 {
    theme.caption_size * 7.8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_the_most_at_every_width() {
        for theme in Theme::all() {
            for width in [640.0_f32, 800.0, 1024.0, 1366.0, 1440.0, 1920.0, 3840.0] {
                // A lesson beside it takes part of the width.
                for taken in [0.0, theme.body_size * 24.0] {
                    let left = width - taken;
                    let room = Room::of(left, width, theme, None);
                    assert!(room.rail > 0.0 && room.next > 0.0, "both are always there");
                    let picture = left - room.rail - room.next;
                    let least = if taken > 0.0 { 0.3 } else { 0.45 };
                    assert!(
                        width < theme.body_size * 50.0 || picture >= least * width,
                        "{} {width} {taken}: {picture}",
                        theme.name
                    );
                }
                let open = Room::of(width, width, theme, Some(true));
                assert!(open.is_next_open && width - open.rail - open.next > 0.3 * width);
                assert!(!Room::of(width, width, theme, Some(false)).is_next_open);
            }
        }
    }
}
