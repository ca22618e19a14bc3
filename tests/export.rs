//! What can be taken from the window: every view's picture and numbers, sessions, and the menu.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

mod harness;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use harness::{TINY, Window, app_mut, open, settle};
use headlight::gui::export::Captured;
use headlight::gui::session_file::{ModelMark, SessionFile};
use headlight::gui::{Command, Request, Saved, Thing, views};
use headlight::model::Edit;
use std::path::Path;
use std::time::{Duration, Instant};

const TEXT: &str = "The \"cat\" & the <mouse> 注意力";

/// Draws until `path` is there.
fn wait_for(window: &mut Window, path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "{}", path.display());
        std::thread::sleep(Duration::from_millis(5));
        window.step();
    }
    window.run_steps(3);
}

fn captured(window: &mut Window) -> Captured {
    app_mut(window).capture();
    window.step();
    app_mut(window).take_captured().unwrap()
}

fn in_view(view: &str, model: &str) -> Saved {
    Saved { prompt: TEXT.into(), model: model.into(), view: view.into(), ..Saved::default() }
}

#[test]
fn every_view_can_be_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    for view in views::all() {
        let id = view.id();
        let mut window = open(in_view(id, "storybook"));
        let captured = captured(&mut window);
        for name in ["a.png", "a.svg", "a.csv", "a.json"] {
            let path = dir.path().join(format!("{id}-{name}"));
            let files = captured.save(&path, 1.0).unwrap();
            assert!(files.iter().all(|file| file.exists()), "{id} {name}");
        }
        let png = image::open(dir.path().join(format!("{id}-a.png"))).unwrap().to_rgb8();
        let first = *png.get_pixel(0, 0);
        let drawn = png.pixels().filter(|&&pixel| pixel != first).count();
        assert!(drawn > 2_000, "{id} draws {drawn} pixels");
        check_svg(id, &std::fs::read_to_string(dir.path().join(format!("{id}-a.svg"))).unwrap());
        let json = std::fs::read(dir.path().join(format!("{id}-a.json"))).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((json["view"].as_str(), json["text"].as_str()), (Some(id), Some(TEXT)));
        let tables = json["tables"].as_array().unwrap();
        let is_filled = |table: &serde_json::Value| !table["rows"].as_array().unwrap().is_empty();
        assert!(tables.iter().any(is_filled), "{id} has no numbers");
        for table in tables {
            let n_columns = table["columns"].as_array().unwrap().len();
            let mut rows = table["rows"].as_array().unwrap().iter();
            assert!(rows.all(|row| row.as_array().unwrap().len() == n_columns), "{id}");
        }
    }
}

/// A well-formed document whose text is text.
fn check_svg(id: &str, svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|e| panic!("{id}: {e}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    let view_box: Vec<f32> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(view_box.len() == 4 && view_box[2] > 100.0, "{id}: {view_box:?}");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let words: Vec<&str> = texts.filter_map(|node| node.text()).collect();
    let view = views::all().into_iter().find(|view| view.id() == id).unwrap();
    assert!(words.contains(&view.question()), "{id}: {words:?}");
    let known = |node: &roxmltree::Node<'_, '_>| {
        let url = node.attribute("clip-path").and_then(|url| url.strip_prefix("url(#"));
        url.is_none_or(|url| svg.contains(&format!("id=\"{}\"", url.trim_end_matches(')'))))
    };
    assert!(document.descendants().all(|node| known(&node)), "{id}");
}

/// Pictures are as many times larger as asked, and the same picture.
#[test]
fn a_larger_picture_is_the_same_picture() {
    let mut window = open(in_view("heads", TINY));
    let picture = captured(&mut window).picture;
    let [one, three] = [1.0, 3.0].map(|scale| picture.pixels(scale));
    let (width, height) = three.dimensions();
    assert!(width.abs_diff(one.width() * 3) <= 3 && height.abs_diff(one.height() * 3) <= 3);
    let small = image::imageops::resize(
        &three,
        one.width(),
        one.height(),
        image::imageops::FilterType::Triangle,
    );
    let pairs = one.pixels().zip(small.pixels());
    let far = pairs.filter(|(a, b)| {
        let channels = a.0.iter().zip(b.0).map(|(a, b)| a.abs_diff(b));
        channels.max().unwrap_or(0) > 90
    });
    let share = far.count() as f32 / (one.width() * one.height()) as f32;
    assert!(share < 0.02, "{share} of all pixels differ much");
}

/// The numbers of a table are those of the recording, to the last digit.
#[test]
fn exported_numbers_are_the_recorded_ones() {
    let mut window = open(in_view("attention", TINY));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let files = captured(&mut window).save(&path, 1.0).unwrap();
    assert_eq!(files.len(), 2, "one file for each table: {files:?}");
    let csv = std::fs::read_to_string(path).unwrap();
    let pinned = app_mut(&mut window).saved.pinned;
    let trace = app_mut(&mut window).trace().unwrap().clone();
    let pattern = trace.pattern(pinned.layer, pinned.head).unwrap();
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().ends_with("score,weight"));
    let weights = lines.map(|line| line.rsplit(',').next().unwrap().parse::<f32>().unwrap());
    assert_eq!(weights.collect::<Vec<_>>(), pattern.data);
}

#[test]
fn the_menu_saves_the_picture_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open(in_view("tokens", TINY));
    window.get_by_label("File").click();
    window.run_steps(3);
    window.get_by_label_contains("Save the picture").click();
    window.run_steps(3);
    window.get_by_label("Cancel").click();
    window.run_steps(3);
    window.key_press_modifiers(Modifiers::COMMAND, Key::E);
    window.run_steps(3);
    for name in ["File", "Browse …", "Save", "2×"] {
        assert!(window.query_all_by_label(name).next().is_some(), "{name}");
    }
    let path = dir.path().join("no/a.png");
    let request = Request { thing: Thing::Picture, path: path.clone(), scale: 2 };
    app_mut(&mut window).command(Command::Save(request.clone()));
    let start = Instant::now();
    while window.query_by_label("Could not save").is_none() {
        assert!(start.elapsed() < Duration::from_mins(1), "the problem is told");
        std::thread::sleep(Duration::from_millis(5));
        window.step();
    }
    std::fs::create_dir(dir.path().join("no")).unwrap();
    app_mut(&mut window).command(Command::Save(request));
    wait_for(&mut window, &path);
    let start = Instant::now();
    while window.query_by_label_contains("Saved:").is_none() {
        assert!(start.elapsed() < Duration::from_mins(1), "success is told");
        window.step();
    }
    assert!(window.query_by_label("Browse …").is_none(), "the dialog is closed");
}

#[test]
fn a_recording_is_saved_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.safetensors");
    let mut window = open(in_view("tokens", TINY));
    app_mut(&mut window).command(Command::Save(Request {
        thing: Thing::Recording,
        path: path.clone(),
        scale: 1,
    }));
    wait_for(&mut window, &path);
    let trace = headlight::trace::Trace::load(&path).unwrap();
    assert_eq!(trace.text, TEXT);
}

#[test]
fn a_session_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.headlight");
    let mut saved = in_view("mlp", TINY);
    saved.edits = vec![Edit::Hide { pos: 1 }];
    saved.sampling.top_k = Some(3);
    saved.theme = "light".into();
    let mut window = open(saved.clone());
    let saved = app_mut(&mut window).saved.clone();
    app_mut(&mut window).command(Command::Save(Request {
        thing: Thing::Session,
        path: path.clone(),
        scale: 1,
    }));
    wait_for(&mut window, &path);
    assert_eq!(SessionFile::open(&path).unwrap().model.sha256.len(), 64);

    let mut other = open(Saved::default());
    app_mut(&mut other).command(Command::OpenSession(path.clone()));
    let start = Instant::now();
    while app_mut(&mut other).saved != saved {
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", app_mut(&mut other).saved);
        other.step();
    }
    settle(&mut other);
    let trace = app_mut(&mut other).trace().unwrap();
    assert_eq!((trace.text.as_str(), trace.model.n_heads), (TEXT, 3));
}

/// Opens a session of this view, made with a model of this source whose weights are not known here,
/// and waits until the window says so in these words.
fn open_from_elsewhere(view: &str, source: &str, told: &str) -> Window {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.headlight");
    let model = ModelMark {
        name: source.rsplit('/').next().unwrap().to_owned(),
        source: source.to_owned(),
        sha256: "00".into(),
    };
    let session = SessionFile::new(in_view(view, source), model);
    session.save(&path).unwrap();
    let mut window = open(Saved::default());
    app_mut(&mut window).command(Command::OpenSession(path));
    let start = Instant::now();
    while window.query_by_label_contains(told).is_none() {
        assert!(start.elapsed() < Duration::from_mins(1), "it is told");
        window.step();
    }
    settle(&mut window);
    window
}

#[test]
fn a_session_without_its_model_says_so_and_opens_the_rest() {
    let told = "The model of the session is missing";
    let mut window = open_from_elsewhere("lens", "/no/such/elsewhere", told);
    let saved = app_mut(&mut window).saved.clone();
    assert_eq!((saved.view.as_str(), saved.model.as_str()), ("lens", "storybook"));
    assert_eq!(app_mut(&mut window).trace().unwrap().text, TEXT);
}

#[test]
fn a_session_with_another_model_of_the_same_name_says_so() {
    open_from_elsewhere("tokens", "storybook", "The model differs");
}

#[test]
fn a_mistake_is_reported_without_what_was_typed() {
    let dir = tempfile::tempdir().unwrap();
    headlight::gui::crash::report_to(dir.path().to_owned());
    headlight::gui::crash::note_command(&Command::SetPrompt("my secret".to_owned()));
    let thread = std::thread::Builder::new().name("unlucky".to_owned());
    let secret = "my secret".to_owned();
    let thread = thread.spawn(move || panic!("cannot read {secret}")).unwrap();
    assert!(thread.join().is_err());
    let report = std::fs::read_dir(dir.path()).unwrap().flatten().next().unwrap();
    let report = std::fs::read_to_string(report.path()).unwrap();
    for part in ["SetPrompt", "thread: unlucky", "tests/export.rs", "backtrace:"] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert!(!report.contains("secret"), "{report}");
    let problem = headlight::gui::crash::last_report(dir.path()).unwrap();
    assert!(problem.cure.contains("crash-"), "{problem}");
}

/// What version 1 wrote keeps opening, with all it holds.
#[test]
fn old_sessions_keep_opening() {
    let session = SessionFile::parse(include_bytes!("fixtures/session-1.headlight")).unwrap();
    let state = &session.state;
    assert_eq!(state.prompt, "The cat sat on the naïve 注意力");
    assert_eq!((state.theme.as_str(), state.view.as_str()), ("light", "attention"));
    assert_eq!((state.pinned.layer, state.pinned.head), (2, 3));
    assert_eq!((state.pinned.query, state.pinned.neuron), (Some(4), Some(17)));
    assert_eq!((state.sampling.temperature, state.sampling.top_k), (0.7, Some(40)));
    assert_eq!((state.seed, state.edits.len()), (7, 3));
    assert_eq!(session.model.source, "storybook");
}
