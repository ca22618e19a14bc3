//! What every picture promises: it can be zoomed, reached by the keyboard alone, pointed at, and its
//! numbers are those of the recording that `trace` writes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

mod harness;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, Order, PointerButton, Pos2, Rect, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use harness::{Window, app, app_mut, open, open_stepping, pictures, settle, show};
use headlight::gui::format::{number, percent};
use headlight::gui::{Saved, Selection};
use headlight::trace::{Hook, Trace};
use std::collections::BTreeSet;

const TEXT: &str = "The cat sat on the mat and the";

fn picture(view: &str, tab: Option<String>) -> Window {
    picture_stepping(view, tab, 0.25)
}

fn picture_stepping(view: &str, tab: Option<String>, seconds: f32) -> Window {
    let mut saved = Saved {
        prompt: TEXT.into(),
        reduce_motion: true,
        pinned: Selection { layer: 4, head: 1, ..Selection::default() },
        ..Saved::default()
    };
    // The greeting of the first start would take room.
    saved.learning.is_greeted = true;
    show(&mut saved, view, tab);
    let is_learned = view == "positions" && saved.tabs.values().any(|tab| tab == "learned");
    let mut window = open_stepping(saved, [1600.0, 1000.0], seconds);
    // Of all positions of the context the text's would be a thin strip.
    if is_learned {
        window.get_by_label("only this text's positions").click();
        window.run_steps(2);
    }
    // Tooltips need not be waited for.
    window.ctx.all_styles_mut(|style| style.interaction.tooltip_delay = 0.0);
    window.run_steps(2);
    window
}

/// The middle of the window: neither the tokens above nor the panels beside it.
fn stage() -> Rect {
    Rect::from_min_max(pos2(215.0, 200.0), pos2(1260.0, 900.0))
}

/// Points all over a rectangle.
fn lattice(rect: Rect, across: usize, down: usize) -> Vec<Pos2> {
    let at = |i: usize, n: usize| (i as f32 + 0.5) / n as f32;
    let point = |i: usize, j: usize| rect.min + vec2(at(i, across), at(j, down)) * rect.size();
    (0..down).flat_map(|j| (0..across).map(move |i| point(i, j))).collect()
}

fn labels(window: &Window) -> Vec<String> {
    let nodes = window.root().children_recursive();
    nodes
        .filter_map(|node| node.accesskit_node().label().or(node.accesskit_node().value()))
        .collect()
}

fn button(window: &Window, at: Pos2, pressed: bool) {
    let button = PointerButton::Primary;
    let modifiers = Modifiers::NONE;
    window.event(Event::PointerMoved(at));
    window.event(Event::PointerButton { pos: at, button, pressed, modifiers });
}

fn press(window: &mut Window, at: Pos2, pressed: bool) {
    button(window, at, pressed);
    window.step();
}

fn click(window: &mut Window, at: Pos2) {
    press(window, at, true);
    press(window, at, false);
    window.run_steps(2);
}

fn is_zoomed(window: &Window) -> bool {
    window.query_by_label("Show all of the picture").is_some()
}

#[test]
fn dragging_zooms_and_a_double_click_shows_everything_again() {
    for (view, tab, name) in [
        ("heads", "by-layer", "Attention pattern of layer 4, head 1"),
        ("attention", "matrix", "Attention of layer 4, head 1"),
        ("attention", "arcs", "Arcs of"),
        ("mlp", "stream-and-norm", "Lengths of the stream"),
        ("embeddings", "map", "Map of the text's tokens"),
        ("embeddings", "vectors", "Vector of ·cat"),
        ("context", "", "Paths of"),
        ("output", "", "Histogram of"),
        ("lens", "probability", "layer 4 at ·the"),
    ] {
        // Frames in which two clicks can be a double click.
        let mut window = picture_stepping(view, Some(tab.to_owned()), 0.02);
        let rect = window.get_all_by_label_contains(name).next().unwrap().rect();
        let [from, to] = [0.55, 0.8].map(|share| rect.min + rect.size() * share);
        press(&mut window, from, true);
        window.event(Event::PointerMoved(from.lerp(to, 0.5)));
        window.step();
        window.event(Event::PointerMoved(to));
        window.step();
        press(&mut window, to, false);
        window.run_steps(2);
        assert!(is_zoomed(&window), "{view} {tab}");
        let at = from.lerp(to, 0.3);
        for pressed in [true, false, true, false] {
            button(&window, at, pressed);
        }
        window.run_steps(2);
        assert!(!is_zoomed(&window), "{view} {tab}");
    }
}

#[test]
fn the_keyboard_zooms_moves_and_selects() {
    let mut window = picture("attention", Some("matrix".into()));
    window.get_by_label_contains("Attention of layer 4, head 1").focus();
    window.run_steps(2);
    window.key_press(Key::Plus);
    window.run_steps(2);
    assert!(is_zoomed(&window));
    window.key_press(Key::Num0);
    window.run_steps(2);
    assert!(!is_zoomed(&window));
    window.key_press(Key::ArrowUp);
    window.run_steps(2);
    window.key_press(Key::ArrowRight);
    window.run_steps(2);
    window.get_by_label_contains("Attention of layer 4, head 1: ·and → ·cat");
    window.key_press(Key::Enter);
    window.run_steps(2);
    let pinned = app(&window).saved.pinned;
    let query = app(&window).trace().unwrap().tokens.len() - 2;
    assert_eq!((pinned.query, pinned.key), (Some(query), Some(1)));
}

fn is_control(role: Role) -> bool {
    matches!(
        role,
        Role::Button
            | Role::CheckBox
            | Role::Slider
            | Role::TextInput
            | Role::MultilineTextInput
            | Role::ComboBox
            | Role::SpinButton
            | Role::RadioButton
    )
}

/// What can be clicked, typed into or moved, by the names `AccessKit` knows.
fn controls(window: &Window) -> BTreeSet<(u64, String)> {
    let nodes = window.root().children_recursive();
    let nodes = nodes.filter(|node| {
        is_control(node.accesskit_node().role()) && !node.accesskit_node().is_disabled()
    });
    nodes
        .filter(|node| node.rect().width() > 0.0)
        .map(|node| {
            let node = node.accesskit_node();
            (node.locate().0.0, node.label().or(node.value()).unwrap_or_default())
        })
        .collect()
}

/// Tab alone reaches every control of every picture.
#[test]
fn the_keyboard_reaches_everything() {
    for (view, tab) in pictures() {
        let mut window = picture(view, tab.clone());
        let wanted = controls(&window);
        let mut reached = BTreeSet::new();
        for _ in 0..wanted.len() * 2 + 60 {
            window.key_press(Key::Tab);
            window.step();
            if let Some(id) = window.ctx.memory(egui::Memory::focused) {
                reached.insert(id.accesskit_id().0);
            }
        }
        let missed: Vec<_> = wanted.iter().filter(|(id, _)| !reached.contains(id)).collect();
        assert!(missed.is_empty(), "{view} {tab:?}: Tab never reached {missed:?}");
        assert!(
            wanted.iter().all(|(_, name)| !name.is_empty()),
            "{view} {tab:?}: a control has no name"
        );
    }
}

/// Whatever can be clicked, moved or typed into says what it does when it is pointed at.
#[test]
fn every_control_has_a_tooltip() {
    let mut missing = BTreeSet::new();
    for (view, tab) in pictures() {
        let mut window = picture(view, tab);
        let nodes = window.root().children_recursive();
        let nodes = nodes.filter(|node| is_control(node.accesskit_node().role()));
        let places: Vec<(Pos2, u64, String)> = nodes
            .map(|node| {
                let known = node.accesskit_node();
                let name = known.label().or(known.value()).unwrap_or_default();
                (node.rect().center(), known.locate().0.0, name)
            })
            .collect();
        for (at, id, name) in places {
            window.hover_at(at);
            window.run_steps(3);
            let memory = |memory: &egui::Memory| memory.areas().visible_layer_ids();
            let layers = window.ctx.memory(memory);
            let is_told = layers.iter().any(|layer| layer.order == Order::Tooltip);
            // What has been scrolled out of sight, or lies beneath something, is not pointed at.
            let is_pointed_at = window.ctx.interaction_snapshot(|pointer| {
                let mut contained = pointer.contains_pointer.iter();
                contained.any(|hovered| hovered.accesskit_id().0 == id)
            });
            if is_pointed_at && !is_told {
                missing.insert(format!("{view}: {name}"));
            }
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

/// The middles of what has a name in the middle of the window.
fn named(window: &Window) -> Vec<Pos2> {
    let nodes = window.root().children_recursive();
    let nodes =
        nodes.filter(|node| matches!(node.accesskit_node().role(), Role::Button | Role::Image));
    let middles = nodes.map(|node| node.rect().center());
    middles.filter(|at| stage().contains(*at)).collect()
}

/// Clicks in a picture choose what every view then shows.
#[test]
fn what_is_clicked_is_selected() {
    for (view, tab, chooses) in [
        ("machine", "the-machine", "token head"),
        ("tokens", "", "token"),
        ("embeddings", "vectors", "token"),
        ("embeddings", "map", "token"),
        ("positions", "learned", "token"),
        ("heads", "by-layer", "token key head"),
        ("heads", "ranked", "token key head"),
        ("attention", "steps", "key head"),
        ("attention", "matrix", "token key"),
        ("attention", "arcs", "token"),
        ("context", "", "token"),
        ("mlp", "neurons", "token neuron"),
        ("mlp", "stream-and-norm", "layer"),
        ("lens", "probability", "token layer"),
        ("lens", "rank", "token layer"),
    ] {
        let mut window = picture(view, Some(tab.to_owned()));
        let tabs = app(&window).saved.tabs.clone();
        let mut seen = BTreeSet::new();
        let targets = lattice(stage(), 12, 12).into_iter().chain(named(&window));
        for at in targets.collect::<Vec<_>>() {
            let before = app(&window).saved.pinned;
            click(&mut window, at);
            let after = app(&window).saved.pinned;
            let changes = [
                ("token", before.query != after.query),
                ("key", before.key != after.key),
                ("layer", before.layer != after.layer),
                ("head", (before.layer, before.head) != (after.layer, after.head)),
                ("neuron", before.neuron != after.neuron),
            ];
            seen.extend(changes.iter().filter(|(_, changed)| *changed).map(|(what, _)| *what));
            // A menu or dialog that was opened would take the clicks that follow.
            window.key_press(Key::Escape);
            window.step();
            let saved = &mut app_mut(&mut window).saved;
            (saved.view, saved.prompt) = (view.to_owned(), TEXT.to_owned());
            saved.tabs.clone_from(&tabs);
        }
        for what in chooses.split(' ') {
            assert!(seen.contains(what), "{view} {tab}: no click chose a {what}");
        }
    }
}

/// The numbers in a text that are followed by their address: `0.384` and `blocks.4.attn.hook_pattern[1, 7, 2]`.
fn addressed(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_address = |line: &str| {
        let name = line.split_once('[').map(|(name, _)| name.parse::<Hook>());
        line.ends_with(']') && matches!(name, Some(Ok(_)))
    };
    let pairs = lines.windows(2).filter(|pair| is_address(pair[1]));
    let value = |line: &str| line.rsplit([' ', ':', '=']).next().unwrap_or_default().to_owned();
    pairs.map(|pair| (value(pair[0]), pair[1].to_owned())).collect()
}

/// The number at an address in an exported recording, as it is shown.
fn exported(trace: &Trace, address: &str) -> [String; 2] {
    let (name, index) = address.trim_end_matches(']').split_once('[').unwrap();
    let hook: Hook = name.parse().unwrap();
    let index: Vec<usize> = index.split(", ").map(|i| i.parse().unwrap()).collect();
    let shape = trace.get(hook).unwrap().shape();
    assert_eq!(index.len(), shape.len(), "{address}");
    assert!(index.iter().zip(shape).all(|(i, n)| i < n), "{address}");
    let flat = index.iter().zip(shape).fold(0, |flat, (i, n)| flat * n + i);
    let value = trace.exported(hook).unwrap()[flat];
    [number(value), percent(value)]
}

/// Every number that says where it comes from is there in the file that `trace` writes, and every
/// picture of recorded numbers has such numbers.
#[test]
fn numbers_on_screen_are_those_of_the_export() {
    let file = tempfile();
    for (view, tab, least) in [
        ("embeddings", "vectors", 3),
        ("positions", "learned", 3),
        ("positions", "token-position", 3),
        ("heads", "by-layer", 3),
        ("attention", "matrix", 3),
        ("machine", "the-machine", 3),
        ("attention", "steps", 12),
        ("mlp", "neurons", 3),
        ("mlp", "stream-and-norm", 3),
        ("output", "", 3),
    ] {
        let mut window = picture(view, Some(tab.to_owned()));
        app(&window).trace().unwrap().save(&file, |_| true).unwrap();
        let trace = Trace::load(&file).unwrap();
        let mut found = BTreeSet::new();
        for at in lattice(stage(), 12, 24) {
            window.hover_at(at);
            window.run_steps(3);
            for (value, address) in labels(&window).iter().flat_map(|label| addressed(label)) {
                let plain = |text: &str| text.replace('\u{a0}', " ");
                let known = exported(&trace, &address).map(|known| plain(&known));
                assert!(
                    known.contains(&plain(&value)),
                    "{view} {tab}: {address} is {known:?}, not {value}"
                );
                found.insert(address);
            }
        }
        assert!(found.len() >= least, "{view} {tab}: {found:?}");
    }
    std::fs::remove_file(file).unwrap();
}

fn tempfile() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("headlight-pictures-{}.safetensors", std::process::id()))
}

#[test]
fn reduced_motion_is_a_setting() {
    let mut window = open(Saved::default());
    window.get_by_label("Settings").click();
    window.run_steps(3);
    window.get_by_label("Reduce motion").click();
    settle(&mut window);
    assert!(app(&window).saved.reduce_motion);
    assert_eq!(window.ctx.global_style().animation_time, 0.0);
}
