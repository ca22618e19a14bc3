//! Generation, experiments and comparisons in the window: what is written, undone and remembered.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

mod harness;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use harness::{TINY, Window, app, app_mut, open, open_at, read_text, set_text, settle};
use headlight::gui::{App, Command, Comparison, Learn, Request, Saved, Selection, Thing};
use headlight::math::beam::BeamSettings;
use headlight::math::sampling::Sampling;
use headlight::model::{BUNDLED, Checkpoint, DeviceKind, Edit};
use headlight::session::training::Recipe;
use headlight::session::{Generation, write_beams};
use std::time::{Duration, Instant};

/// Longer than what is undone together.
fn pause() {
    std::thread::sleep(Duration::from_millis(700));
}

fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(2);
    settle(window);
}

fn undo(window: &mut Window) {
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.run_steps(2);
    settle(window);
}

fn redo(window: &mut Window) {
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    window.run_steps(2);
    settle(window);
}

fn generation(prompt: &str) -> Saved {
    Saved { prompt: prompt.into(), view: "generation".into(), ..Saved::default() }
}

/// How many tokens are written on the branch on screen.
fn written(window: &Window) -> usize {
    let tree = app(window).saved.tree.as_ref().unwrap();
    tree.tokens(tree.at()).len()
}

#[test]
fn branches_and_rewinds_can_be_undone() {
    let mut window = open(generation("The cat sat on the"));
    assert_eq!(written(&window), 8);
    pause();
    click(&mut window, "Back");
    pause();
    click(&mut window, "To the start");
    assert_eq!(written(&window), 0);
    undo(&mut window);
    assert_eq!(written(&window), 7);
    undo(&mut window);
    assert_eq!(written(&window), 8);
    redo(&mut window);
    assert_eq!(written(&window), 7);
    pause();
    click(&mut window, "Delete");
    let n_nodes = |window: &Window| app(window).saved.tree.as_ref().unwrap().places().len();
    let after = n_nodes(&window);
    undo(&mut window);
    assert_eq!((written(&window), n_nodes(&window)), (7, after + 2));
    pause();
    click(&mut window, "☆ Keep");
    assert_eq!(app(&window).saved.tree.as_ref().unwrap().kept().len(), 1);
    window.get_by_label("★ Kept");
    undo(&mut window);
    window.get_by_label("☆ Keep");
}

#[test]
fn a_tree_comes_back_with_its_text_and_survives_a_restart() {
    let mut window = open(generation("The cat sat on the"));
    pause();
    click(&mut window, "Back");
    pause();
    set_text(&mut window, "A dog");
    settle(&mut window);
    assert_eq!(written(&window), 8);
    undo(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("The cat sat on the"));
    assert_eq!(written(&window), 7);
    let json = serde_json::to_string(&app(&window).saved).unwrap();
    let tokens = |window: &Window| {
        let tree = app(window).saved.tree.clone().unwrap();
        tree.tokens(tree.at())
    };
    let window_after = open(serde_json::from_str(&json).unwrap());
    assert_eq!(tokens(&window_after), tokens(&window));
    window_after.get_by_label_contains("Instead of");
}

#[test]
fn an_experiment_leaves_the_tree_as_it_is() {
    let mut window = open(generation("The cat sat on the"));
    click(&mut window, "Back");
    app_mut(&mut window).command(Command::SetEdits(vec![Edit::Hide { pos: 1 }]));
    window.run_steps(2);
    settle(&mut window);
    window.get_by_label_contains("The experiment is not in force here");
    assert_eq!(written(&window), 7);
}

#[test]
fn the_window_writes_what_the_command_line_writes() {
    let text = "Once upon a time there was a little";
    let sampling = Sampling { temperature: 1.2, top_k: Some(50), ..Sampling::default() };
    let window = open(Saved { seed: 7, sampling: sampling.clone(), ..generation(text) });
    let tree = app(&window).saved.tree.clone().unwrap();
    let model = Checkpoint::open("storybook", DeviceKind::default()).unwrap();
    let expected = Generation::new(&model, text, sampling, 7).unwrap();
    let expected: Vec<u32> = expected.take(8).map(|token| token.id).collect();
    assert_eq!(tree.tokens(tree.at()), expected);
}

#[test]
fn beams_are_drawn_in_the_tree() {
    let text = "The cat sat on the";
    let mut window = open(generation(text));
    click(&mut window, "To the start");
    click(&mut window, "Beams");
    window.get_by_label("Run").click();
    window.run_steps(2);
    let start = Instant::now();
    while window.query_by_label("Stop").is_some() {
        assert!(start.elapsed() < Duration::from_mins(1));
        settle(&mut window);
    }
    let tree = app(&window).saved.tree.clone().unwrap();
    let model = Checkpoint::open("storybook", DeviceKind::default()).unwrap();
    let settings = BeamSettings::new(4, 40, model.network.ends());
    let found = write_beams(&model, text, &Sampling::default(), settings).unwrap();
    assert_eq!(tree.tokens(tree.at()), found[0].tokens);
    let log_prob = tree.get(tree.at()).log_prob as f32;
    assert!((log_prob - found[0].log_prob).abs() < 1e-3);
    let found_by_beams = window.query_all_by_label_contains("followed by beam search");
    assert!(found_by_beams.count() > 0);
}

#[test]
fn two_branches_are_compared() {
    let mut window = open_at(generation("The cat sat on the"), [1600.0, 1000.0]);
    let other = window.query_all_by_label_contains("Compare with the text above");
    other.last().unwrap().click();
    window.run_steps(3);
    window.get_by_label("Two branches");
    window.get_by_label_contains("ln p so far, this");
    click(&mut window, "Close");
    assert!(window.query_by_label("Two branches").is_none());
}

#[test]
fn an_experiment_can_be_undone_and_done_again() {
    let mut window = open(Saved {
        prompt: "The cat sat on the".into(),
        view: "experiment".into(),
        pinned: Selection { layer: 4, head: 1, ..Selection::default() },
        ..Saved::default()
    });
    // The suggestion and the button beside the slider have the same name and effect.
    let button = window.query_all_by_label("Switch off head 4.1").next();
    button.unwrap().click();
    window.run_steps(2);
    settle(&mut window);
    window.get_by_label_contains("Experiment in force: head 4.1 off");
    pause();
    set_text(&mut window, "The dog");
    window.get_by_label_contains("Experiment in force");
    undo(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("The cat sat on the"));
    window.get_by_label_contains("Experiment in force");
    undo(&mut window);
    assert!(app(&window).saved.edits.is_empty());
    assert!(window.query_by_label_contains("Experiment in force").is_none());
    redo(&mut window);
    click(&mut window, "Switch off");
    assert!(app(&window).saved.edits.is_empty());
}

#[test]
fn a_sweep_lets_the_text_change() {
    let mut window = open(Saved {
        prompt: "The cat sat on the".into(),
        view: "experiment".into(),
        ..Saved::default()
    });
    click(&mut window, "Which head matters?");
    window.get_by_label_contains("Switch off all 64 heads").click();
    window.run_steps(2);
    set_text(&mut window, "The dog sat on the");
    assert_eq!(read_text(&window).as_deref(), Some("The dog sat on the"));
    let start = Instant::now();
    while window.query_by_label("Layers by heads, nats").is_none() {
        assert!(start.elapsed() < Duration::from_mins(1));
        window.step();
    }
    window.get_by_label_contains("Out of date");
}

#[test]
fn models_and_settings_are_compared() {
    let mut window = open(Saved {
        prompt: "The cat sat on the".into(),
        view: "compare".into(),
        ..Saved::default()
    });
    let distances = window.query_all_by_label_contains("Jensen-Shannon");
    assert!(distances.count() > 0);
    click(&mut window, "Two settings");
    let same = window.query_all_by_label_contains("only the choice differs");
    assert!(same.count() > 0);
    click(&mut window, "Two models");
    window.get_by_label_contains("Choose a second model above");
    let other = Comparison { model: TINY.into(), ..app(&window).saved.comparison.clone() };
    app_mut(&mut window).command(Command::SetComparison(Box::new(other)));
    window.run_steps(2);
    settle(&mut window);
    window.get_by_label_contains("other vocabularies");
    click(&mut window, "Experiment");
    window.get_by_label_contains("No experiment is in force");
    app_mut(&mut window).command(Command::SetEdits(vec![Edit::Hide { pos: 1 }]));
    window.run_steps(2);
    settle(&mut window);
    window.get_by_label("1 change …");
    undo(&mut window);
    assert!(app(&window).saved.edits.is_empty());
}

#[test]
fn the_text_on_screen_is_saved() {
    let mut window = open_at(generation("The cat sat on the"), [1920.0, 1080.0]);
    click(&mut window, "Save text …");
    window.get_by_label("Save");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    app_mut(&mut window).command(Command::Save(Request {
        thing: Thing::Text,
        path: path.clone(),
        scale: 1,
    }));
    let start = Instant::now();
    while !path.exists() && start.elapsed() < Duration::from_secs(10) {
        window.run_steps(2);
    }
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.starts_with("The cat sat on the ") && text.len() > 25, "{text}");
}

/// A frame at a time until it is so.
fn until(window: &mut Window, what: &str, is_so: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !is_so(app(window)) {
        assert!(start.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(2));
        window.step();
    }
    settle(window);
}

#[test]
fn a_model_learns_and_every_view_shows_it_as_it_was() {
    let mut window = open(Saved { view: "learning".into(), ..Saved::default() });
    let before = app(&window).saved.clone();
    window.get_by_label("Start").click();
    let steps = |app: &App| app.run().map_or(0, |run| run.progress().step);
    until(&mut window, "no steps", |app| steps(app) >= 40);
    // It goes on while another view is shown.
    app_mut(&mut window).command(Command::Show("lens"));
    let now = steps(app(&window));
    until(&mut window, "it stopped", |app| steps(app) > now + 5);
    app_mut(&mut window).command(Command::Learn(Learn::Pause));
    until(&mut window, "it goes on", |app| app.run().is_some_and(|run| !run.is_running()));
    let last = steps(app(&window));

    let name = |window: &Window| app(window).trace().unwrap().model.name.clone();
    app_mut(&mut window).command(Command::Learn(Learn::Look(0)));
    window.run_steps(2);
    settle(&mut window);
    assert_eq!(name(&window), "step 0");
    assert_eq!(app(&window).trace().unwrap().tokens.len(), 32);
    app_mut(&mut window).command(Command::Learn(Learn::Look(usize::MAX)));
    window.run_steps(2);
    settle(&mut window);
    assert_eq!(name(&window), format!("step {last}"));
    for (view, tab) in harness::pictures() {
        harness::show(&mut app_mut(&mut window).saved, view, tab);
        window.run_steps(2);
        settle(&mut window);
    }
    pause();
    app_mut(&mut window).command(Command::Learn(Learn::Home));
    window.run_steps(2);
    settle(&mut window);
    let after = &app(&window).saved;
    assert_eq!((&after.model, &after.prompt), (&before.model, &before.prompt));
    assert_eq!(name(&window), before.model);
    // The look was a change like others.
    undo(&mut window);
    assert_eq!(name(&window), format!("step {last}"));
}

#[test]
fn a_taught_model_knows_the_sentence_and_the_old_one_is_as_it_was() {
    let mut window = open(Saved {
        prompt: "My cat is called".into(),
        view: "learning".into(),
        ..Saved::default()
    });
    let probability = |window: &Window| {
        let trace = app(window).trace().unwrap();
        let id = Checkpoint::bundled(BUNDLED[0], DeviceKind::default())
            .unwrap()
            .tokenizer
            .encode_bare(" Zorro")
            .unwrap()[0]
            .id;
        headlight::math::sampling::softmax(trace.next_logits().unwrap())[id as usize]
    };
    let before = probability(&window);
    assert!(before < 0.05, "{before}");
    let recipe = Recipe::teaching("storybook", "My cat is called Zorro.");
    app_mut(&mut window).command(Command::Learn(Learn::Begin(Box::new(recipe), 12)));
    window.run_steps(2);
    until(&mut window, "it does not end", |app| {
        app.run().is_some_and(|run| !run.is_running() && run.can_go())
    });
    app_mut(&mut window).command(Command::Learn(Learn::Look(usize::MAX)));
    window.run_steps(2);
    settle(&mut window);
    assert!(probability(&window) > 0.9);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("taught");
    app_mut(&mut window).command(Command::Learn(Learn::Save(to.clone())));
    until(&mut window, "not saved", |_| to.join("model.safetensors").exists());
    app_mut(&mut window).command(Command::Learn(Learn::Home));
    window.run_steps(2);
    settle(&mut window);
    assert_eq!(probability(&window), before);

    // Whoever opens another model has left the run for good.
    app_mut(&mut window).command(Command::Learn(Learn::Look(usize::MAX)));
    window.run_steps(2);
    settle(&mut window);
    // What is typed meanwhile is the user's, also after a restart.
    set_text(&mut window, "My dog is called");
    let restarted = app(&window).saved.clone().at_home();
    let restarted = (restarted.model.as_str(), restarted.prompt.as_str());
    assert_eq!(restarted, ("storybook", "My dog is called"));
    app_mut(&mut window).command(Command::OpenModel("reader".into()));
    window.run_steps(2);
    settle(&mut window);
    assert_eq!(app(&window).saved.clone().at_home().model, "reader");
}
