//! The window without a display: what a person can find, click and type, and what no view may do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

mod harness;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use harness::{
    LLAMA, TINY, Window, app, app_mut, open, pictures, read_text, set_text, settle, show,
};
use headlight::gui::theme::Theme;
use headlight::gui::{Command, FIRST_PROMPT, Saved, Selection, views};
use headlight::model::Edit;
use std::time::Duration;

#[test]
fn the_first_start_shows_a_sentence_at_work() {
    let window = open(Saved::default());
    assert_eq!(read_text(&window).as_deref(), Some(FIRST_PROMPT));
    assert!(window.query_all_by_label_contains("After “·to” it says “·Mary”").next().is_some());
    for label in ["Prompt", "Next token", "Temperature", "Top-k", "Top-p", "Draw next token"] {
        assert!(window.query_all_by_label_contains(label).next().is_some(), "{label}");
    }
}

#[test]
fn the_picture_follows_what_is_typed() {
    let mut window = open(Saved { prompt: "The cat".into(), ..Saved::default() });
    let field = window.get_by_label("Prompt");
    field.focus();
    field.type_text(" sat");
    settle(&mut window);
    assert_eq!(app(&window).saved.prompt, "The cat sat");
    assert_eq!(read_text(&window).as_deref(), Some("The cat sat"));
    window.get_by_label("Token 2: ·sat");
}

#[test]
fn clicking_selects_and_escape_releases() {
    let mut window =
        open(Saved { prompt: "The cat sat on".into(), view: "heads".into(), ..Saved::default() });
    window.get_by_label_contains("Head 2.3").click();
    window.get_by_label("Token 1: ·cat").click();
    window.run_steps(3);
    let pinned = app(&window).saved.pinned;
    assert_eq!((pinned.layer, pinned.head, pinned.query), (2, 3, Some(1)));
    window.key_press(Key::Escape);
    window.run_steps(3);
    let pinned = app(&window).saved.pinned;
    assert_eq!((pinned.layer, pinned.head, pinned.query), (2, 3, None));
}

#[test]
fn the_selection_never_points_past_the_text() {
    let mut window = open(Saved { prompt: "The cat sat on the".into(), ..Saved::default() });
    window.get_by_label("Token 4: ·the").click();
    window.run_steps(2);
    set_text(&mut window, "The");
    assert_eq!(app(&window).saved.pinned.query, None);
}

#[test]
fn drawing_writes_a_token() {
    let mut window = open(Saved { prompt: "The cat".into(), ..Saved::default() });
    window.get_by_label("Draw next token").click();
    settle(&mut window);
    let text = read_text(&window).unwrap();
    assert!(text.starts_with("The cat") && text.len() > 7, "{text:?}");
}

#[test]
fn sliders_act_in_the_same_frame_and_greedy_keeps_one() {
    let mut window = open(Saved::default());
    app_mut(&mut window).saved.sampling.temperature = 0.0;
    window.step();
    window.get_by_label_contains("1 of 8.19 k tokens can be drawn, entropy 0.00 bits");
    app_mut(&mut window).saved.sampling.temperature = 1.0;
    app_mut(&mut window).saved.sampling.top_k = Some(7);
    window.step();
    window.get_by_label_contains("7 of 8.19 k tokens can be drawn");
}

#[test]
fn an_empty_text_invites() {
    let mut window = open(Saved { prompt: String::new(), ..Saved::default() });
    assert_eq!(read_text(&window), None);
    window.get_by_label("The cat sat on the").click();
    settle(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("The cat sat on the"));
}

#[test]
fn a_wrong_model_is_explained_and_nothing_is_lost() {
    let mut window = open(Saved { prompt: "The cat".into(), ..Saved::default() });
    window.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.run_steps(3);
    let field = window.get_by_label_contains("A folder with config.json");
    field.focus();
    field.type_text("/no/such/model");
    window.run_steps(2);
    window.get_by_label("Open").click();
    settle(&mut window);
    window.get_by_label_contains("there is no such folder: /no/such/model");
    assert_eq!(app(&window).saved.prompt, "The cat");
    assert_eq!(app(&window).saved.model, "storybook");
    assert_eq!(read_text(&window).as_deref(), Some("The cat"));
    window.get_by_label("Cancel").click();
    window.run_steps(3);
    window.get_by_label("Close").click();
    window.run_steps(3);
    assert!(window.query_by_label_contains("there is no such folder").is_none());
}

#[test]
fn a_model_that_is_gone_since_the_last_start_gives_way_to_the_bundled_one() {
    let window = open(Saved { model: "/gone".into(), ..Saved::default() });
    assert_eq!(app(&window).saved.model, "storybook");
    assert!(read_text(&window).is_some());
    window.get_by_label_contains("there is no such folder: /gone");
}

#[test]
fn another_model_reads_the_same_text() {
    let mut window = open(Saved { prompt: "The cat".into(), ..Saved::default() });
    app_mut(&mut window).command(Command::OpenModel(TINY.into()));
    settle(&mut window);
    let trace = app(&window).trace().unwrap();
    assert_eq!((trace.model.n_heads, trace.text.as_str()), (3, "The cat"));
}

#[test]
fn huge_and_odd_texts_leave_the_window_alive() {
    let mut window = open(Saved::default());
    for text in ["a", "\n", "naïve café 👩‍👩‍👧‍👦 注意力\tü\u{200b}", "\u{202e}\u{0}\u{fffd}"]
    {
        set_text(&mut window, text);
        assert_eq!(read_text(&window).as_deref(), Some(text));
    }
    let field = window.get_by_label("Prompt");
    field.focus();
    window.event(egui::Event::Paste("The cat sat. ".repeat(80_000)));
    settle(&mut window);
    window.get_by_label_contains("The text is too long");
    let saved = &app(&window).saved.prompt;
    assert!(saved.len() <= 200_000 && saved.ends_with("The cat sat. "));
    assert_eq!(read_text(&window).as_ref(), Some(saved));
    window.get_by_label_contains("earlier tokens left out");
}

#[test]
fn every_view_has_a_name_of_its_own() {
    let views = views::all();
    let mut ids: Vec<&str> = views.iter().map(|view| view.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), views.len());
    for view in views {
        let is_id = |c: char| c.is_ascii_lowercase();
        assert!(view.id().chars().all(is_id), "{}", view.id());
        assert!(view.question().ends_with('?') && !view.name().is_empty(), "{}", view.id());
        let mut tabs: Vec<String> = view.tabs().iter().map(headlight::gui::Tab::id).collect();
        tabs.sort_unstable();
        tabs.dedup();
        assert!(tabs.len() == view.tabs().len() && tabs.len() != 1, "{}", view.id());
    }
}

/// Every tab of every view in every theme, from no room to much, from one token to many.
#[test]
fn every_view_survives_everything() {
    let long = "Once upon a time there was a cat. ".repeat(25);
    let mut window = open(Saved::default());
    for (view, tab) in pictures() {
        show(&mut app_mut(&mut window).saved, view, tab);
        for text in ["x", "naïve 注意力 👩‍👩‍👧", long.as_str()] {
            for theme in Theme::all() {
                theme.name.clone_into(&mut app_mut(&mut window).saved.theme);
                for size in [[0.0, 0.0], [320.0, 200.0], [1280.0, 800.0]] {
                    window.set_size(size.into());
                    set_text(&mut window, text);
                }
            }
        }
        assert!(read_text(&window).is_some());
    }
}

/// In every view the tokens are there to be clicked, and nothing is lost without a text.
#[test]
fn every_view_shares_the_selection() {
    for view in views::all() {
        let mut window = open(Saved {
            prompt: "The cat sat on the".into(),
            view: view.id().into(),
            ..Saved::default()
        });
        window.get_by_label("Token 1: ·cat").click();
        settle(&mut window);
        assert_eq!(app(&window).saved.pinned.query, Some(1), "{}", view.id());
        for other in views::all() {
            window.get_by_label(&format!("Step: {}", other.name()));
        }
        set_text(&mut window, "");
        assert_eq!(read_text(&window), None, "{}", view.id());
        set_text(&mut window, "The");
        assert_eq!(read_text(&window).as_deref(), Some("The"), "{}", view.id());
    }
}

#[test]
fn every_view_works_with_another_model() {
    for ((view, tab), model) in pictures()
        .into_iter()
        .flat_map(|picture| [TINY, LLAMA].map(|model| (picture.clone(), model)))
    {
        let mut saved =
            Saved { model: model.into(), prompt: "The café 猫!".into(), ..Saved::default() };
        show(&mut saved, view, tab);
        let window = open(saved);
        assert!(read_text(&window).is_some(), "{view}");
    }
}

#[test]
fn the_keyboard_chooses_heads() {
    let mut window = open(Saved { pinned: Selection::default(), ..Saved::default() });
    for key in [Key::ArrowRight, Key::ArrowDown, Key::ArrowDown, Key::ArrowLeft, Key::ArrowLeft] {
        window.key_press(key);
        window.run_steps(2);
    }
    let pinned = app(&window).saved.pinned;
    assert_eq!((pinned.layer, pinned.head), (2, 0));
}

#[test]
fn a_tab_is_kept_and_its_switch_is_named() {
    let mut window = open(Saved { view: "attention".into(), ..Saved::default() });
    window.get_by_label("Arcs").click();
    settle(&mut window);
    assert_eq!(app(&window).saved.tabs["attention"], "arcs");
    app_mut(&mut window).command(Command::SetTab("matrix".into()));
    settle(&mut window);
    window.get_by_label_contains("Attention of layer");
}

#[test]
fn page_keys_walk_through_the_steps_and_stop_at_the_ends() {
    let ids: Vec<&str> = views::all().iter().map(|view| view.id()).collect();
    let mut window = open(Saved { view: ids[0].into(), ..Saved::default() });
    for expected in ids.iter().skip(1).chain(ids.last()) {
        window.key_press(Key::PageDown);
        settle(&mut window);
        assert_eq!(app(&window).saved.view, *expected);
    }
    window.key_press(Key::PageUp);
    settle(&mut window);
    assert_eq!(app(&window).saved.view, ids[ids.len().saturating_sub(2)]);
}

#[test]
fn an_experiment_is_visible_and_one_click_from_off() {
    let mut window = open(Saved { prompt: "The cat sat on the".into(), ..Saved::default() });
    let plain = app(&window).trace().unwrap().next_logits().unwrap().to_vec();
    let edits = vec![Edit::Head { layer: 4, head: 2, factor: 0.0 }, Edit::Hide { pos: 1 }];
    app_mut(&mut window).command(Command::SetEdits(edits));
    window.run_steps(2);
    settle(&mut window);
    assert_ne!(app(&window).trace().unwrap().next_logits().unwrap(), plain);
    window.get_by_label_contains("head 4.2 off, token 1 hidden");
    window.get_by_label("Switch off").click();
    window.run_steps(2);
    settle(&mut window);
    // What was read before the experiment is not read again, so sums may have been taken in another order.
    let after = app(&window).trace().unwrap().next_logits().unwrap();
    let far = after.iter().zip(&plain).map(|(a, b)| (a - b).abs());
    assert!(far.fold(0.0, f32::max) <= 1e-5);
    assert!(window.query_by_label("Switch off").is_none());
}

#[test]
fn everything_can_be_undone() {
    let mut window = open(Saved { prompt: "The cat".into(), ..Saved::default() });
    set_text(&mut window, "The cat sat");
    std::thread::sleep(Duration::from_millis(700));
    app_mut(&mut window).saved.sampling.temperature = 0.5;
    window.run_steps(2);
    let undo = |window: &mut Window| {
        window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        settle(window);
    };
    undo(&mut window);
    assert_eq!(app(&window).saved.sampling.temperature, 1.0);
    undo(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("The cat"));
    window.get_by_label_contains("Redo").click();
    settle(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("The cat sat"));
}

#[test]
fn the_picture_can_be_shown_alone() {
    let mut window = open(Saved::default());
    window.key_press(Key::F9);
    window.key_press(Key::F8);
    window.run_steps(4);
    assert!(window.query_by_label("Next token").is_none());
    window.key_press(Key::F9);
    window.run_steps(4);
    window.get_by_label("Next token");
}

#[test]
fn memory_of_other_versions_is_read() {
    let saved: Saved = serde_json::from_str(r#"{"prompt":"hello","future":1}"#).unwrap();
    assert_eq!((saved.prompt.as_str(), saved.theme.as_str()), ("hello", "dark"));
    let json = serde_json::to_string(&saved).unwrap();
    assert_eq!(serde_json::from_str::<Saved>(&json).unwrap(), saved);
}

#[test]
fn the_dialog_offers_what_can_be_opened() {
    let mut window = open(Saved { recent: vec![TINY.to_owned()], ..Saved::default() });
    app_mut(&mut window).command(Command::ChooseModel);
    // The dialog finds its size and place.
    window.run_steps(12);
    for label in
        ["Opened before", "From Hugging Face", "gpt2", "distilgpt2", "Folder …", "GGUF file …"]
    {
        window.get_by_label(label);
    }
    window.get_by_label("tiny").click();
    window.run_steps(4);
    settle(&mut window);
    assert_eq!(app(&window).saved.model, TINY);
    assert_eq!(app(&window).saved.recent, [TINY]);
}

/// The field has the keyboard as soon as the dialog is there, Enter opens, and what went wrong stands in
/// the dialog, above everything that is dimmed.
#[test]
fn a_dialog_takes_typing_at_once_and_says_what_went_wrong() {
    let mut window = open(Saved::default());
    app_mut(&mut window).command(Command::ChooseModel);
    window.run_steps(3);
    let missing = std::env::temp_dir().join("no-such-model").display().to_string();
    window.event(egui::Event::Text(missing));
    window.run_steps(2);
    window.key_press(egui::Key::Enter);
    settle(&mut window);
    window.run_steps(3);
    let notice = window.get_by_label("Could not open the model").rect();
    let open = window.get_by_label("Open").rect();
    let is_in_the_dialog = (notice.center().x - window.ctx.content_rect().center().x).abs() < 400.0;
    assert!(is_in_the_dialog && notice.bottom() < open.top(), "{notice} {open}");
    // The keyboard is back in the field, so that the name can be corrected.
    window.event(egui::Event::Text("x".into()));
    window.run_steps(2);
    window.key_press(egui::Key::Enter);
    settle(&mut window);
    window.get_by_label_contains("no-such-modelx");
}

#[test]
fn a_chat_model_is_spoken_to_in_its_form() {
    let gguf = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/gguf/model.gguf");
    let mut window =
        open(Saved { model: gguf.to_owned(), prompt: "Hello cat".to_owned(), ..Saved::default() });
    assert_eq!(read_text(&window).as_deref(), Some("Hello cat"));
    window.get_by_label("Chat").click();
    settle(&mut window);
    let read = read_text(&window).unwrap();
    assert!(
        read.contains("<|im_start|>user\nHello cat<|im_end|>") && read.ends_with("assistant\n"),
        "{read}"
    );
    // What is drawn is the answer, not the question.
    app_mut(&mut window).command(Command::Append("Meow".to_owned()));
    settle(&mut window);
    assert_eq!(app(&window).saved.prompt, "Hello cat");
    assert_eq!(read_text(&window).unwrap(), format!("{read}Meow"));
    window.get_by_label("Forget the answer").click();
    settle(&mut window);
    assert_eq!(read_text(&window).unwrap(), read);
    // A text in the chat form, sent by a view, is read as it is.
    app_mut(&mut window).command(Command::SetPrompt(read.replace("Hello", "Good")));
    settle(&mut window);
    assert!(!app(&window).saved.chat);
    assert_eq!(read_text(&window).unwrap(), read.replace("Hello", "Good"));
}
