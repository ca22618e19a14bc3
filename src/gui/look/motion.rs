//! How things move: to their new place, slowing down at the end, and never without cause. The
//! style's animation time says how long it takes; without one, with reduced motion, nothing moves.

use egui::Id;

/// How long a move takes, in seconds.
pub const SECS: f32 = 0.2;

/// Switches motion on or off.
pub fn set(ctx: &egui::Context, is_on: bool) {
    ctx.all_styles_mut(|style| style.animation_time = if is_on { SECS } else { 0.0 });
}

/// How much of a move that began at `since` is done, from 0 to 1. Asks for the next frame until it is.
pub fn progress(ctx: &egui::Context, since: f64) -> f32 {
    let secs = ctx.global_style().animation_time;
    if secs <= 0.0 {
        return 1.0;
    }
    let share = ((ctx.input(|input| input.time) - since) as f32 / secs).clamp(0.0, 1.0);
    if share < 1.0 {
        ctx.request_repaint();
    }
    ease_out(share)
}

/// A number on its way to a new value; `id` tells it from others. What is new is there at once.
pub fn glide(ctx: &egui::Context, id: Id, target: f32) -> f32 {
    let at_rest = Glide { from: target, to: target, since: f64::NEG_INFINITY };
    let glide = ctx.data(|data| data.get_temp::<Glide>(id)).unwrap_or(at_rest);
    let shown = glide.from + (glide.to - glide.from) * progress(ctx, glide.since);
    let is_same = glide.to == target || !target.is_finite();
    let next = if is_same {
        glide
    } else {
        Glide { from: shown, to: target, since: ctx.input(|input| input.time) }
    };
    ctx.data_mut(|data| data.insert_temp(id, next));
    if !is_same && ctx.global_style().animation_time > 0.0 {
        ctx.request_repaint();
        return shown;
    }
    if is_same { shown } else { target }
}

#[derive(Debug, Clone, Copy)]
struct Glide {
    from: f32,
    to: f32,
    since: f64,
}

/// Fast at first, slow at the end.
fn ease_out(share: f32) -> f32 {
    1.0 - (1.0 - share).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(ctx: &egui::Context, time: f64, draw: impl FnMut(&mut egui::Ui)) {
        let input = egui::RawInput { time: Some(time), ..Default::default() };
        // Nobody paints these frames.
        ctx.run_ui(input, draw).textures_delta.clear();
    }

    #[test]
    fn numbers_glide_and_settle() {
        let ctx = egui::Context::default();
        ctx.all_styles_mut(|style| style.animation_time = SECS);
        let (id, mut seen) = (Id::unique("number"), Vec::new());
        for (time, target) in [(0.0, 1.0), (0.1, 3.0), (0.15, 3.0), (0.2, 3.0), (0.4, 3.0)] {
            frame(&ctx, time, |_| seen.push(glide(&ctx, id, target)));
        }
        assert_eq!((seen[0], seen[1], *seen.last().unwrap()), (1.0, 1.0, 3.0));
        assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]) && seen[2] > 1.0 && seen[3] < 3.0);
    }

    #[test]
    fn nothing_moves_with_reduced_motion() {
        let ctx = egui::Context::default();
        ctx.all_styles_mut(|style| style.animation_time = 0.0);
        let id = Id::unique("number");
        for (time, target) in [(0.0, 1.0), (0.1, 3.0)] {
            frame(&ctx, time, |_| assert_eq!(glide(&ctx, id, target), target));
        }
    }
}
