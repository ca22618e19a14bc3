//! The window without a display, for tests.
#![allow(dead_code, reason = "each test program uses some of it")]

use egui::vec2;
use egui_kittest::Harness;
use headlight::gui::{App, Saved, View, views};
use headlight::model::BUNDLED;
use std::time::{Duration, Instant};

pub type Window = Harness<'static, Option<App>>;

pub const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny");
pub const LLAMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny-llama");

pub fn open_at(saved: Saved, size: [f32; 2]) -> Window {
    open_stepping(saved, size, 0.25)
}

/// A window in which a frame takes so many seconds. Every event has a frame of its own.
pub fn open_stepping(saved: Saved, size: [f32; 2], seconds: f32) -> Window {
    let is_bundled = BUNDLED.iter().any(|bundled| bundled.name == saved.model);
    let builder = Harness::builder();
    // The vocabulary of another model may hold characters of any script.
    let builder = if is_bundled { builder } else { builder.allow_missing_glyphs() };
    let mut saved = Some(saved);
    let mut window =
        builder.with_step_dt(seconds).with_size(vec2(size[0], size[1])).build_ui_state(
            move |ui, app: &mut Option<App>| {
                let app =
                    app.get_or_insert_with(|| App::new(ui.ctx(), saved.take().unwrap()).unwrap());
                app.logic();
                app.ui(ui);
            },
            None,
        );
    settle(&mut window);
    window
}

pub fn open(saved: Saved) -> Window {
    open_at(saved, [1280.0, 800.0])
}

pub fn app(window: &Window) -> &App {
    window.state().as_ref().unwrap()
}

pub fn app_mut(window: &mut Window) -> &mut App {
    window.state_mut().as_mut().unwrap()
}

/// Draws until the model and the view have nothing more to do.
pub fn settle(window: &mut Window) {
    let start = Instant::now();
    window.run_steps(2);
    while app(window).is_busy() {
        assert!(start.elapsed() < Duration::from_mins(1), "the model takes too long");
        std::thread::yield_now();
        window.step();
    }
    window.run_steps(3);
}

/// Every tab of every view: the views' ids with the tabs' ids, or none.
pub fn pictures() -> Vec<(&'static str, Option<String>)> {
    let of = |view: &dyn View| {
        let tabs: Vec<_> = view.tabs().iter().map(|tab| Some(tab.id())).collect();
        let tabs = if tabs.is_empty() { vec![None] } else { tabs };
        tabs.into_iter().map(|tab| (view.id(), tab)).collect::<Vec<_>>()
    };
    views::all().iter().flat_map(|view| of(&**view)).collect()
}

pub fn show(saved: &mut Saved, view: &str, tab: Option<String>) {
    view.clone_into(&mut saved.view);
    saved.tabs = tab.map(|tab| (view.to_owned(), tab)).into_iter().collect();
}

pub fn read_text(window: &Window) -> Option<String> {
    app(window).trace().map(|trace| trace.text.clone())
}

pub fn set_text(window: &mut Window, text: &str) {
    text.clone_into(&mut app_mut(window).saved.prompt);
    settle(window);
}
