//! The window with an encoder and with a translator: nothing that does not apply is shown.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

mod harness;

use egui_kittest::kittest::Queryable as _;
use harness::{Window, app, settle};
use headlight::gui::{Command, Saved, Stack, views};

const BERT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny-bert");
const MARIAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny-marian");

fn open(model: &str, prompt: &str, stack: Stack, view: &str) -> Window {
    let saved = Saved {
        prompt: prompt.to_owned(),
        model: model.to_owned(),
        view: view.to_owned(),
        stack,
        ..Saved::default()
    };
    harness::open(saved)
}

fn has(window: &Window, label: &str) -> bool {
    window.query_all_by_label_contains(label).next().is_some()
}

#[test]
fn an_encoder_says_nothing_of_a_next_token() {
    for view in views::all() {
        let mut window = open(BERT, "The cats [MASK] me.", Stack::default(), view.id());
        assert!(!has(&window, "Draw next token"), "{}", view.id());
        assert!(has(&window, "Masked word"), "{}", view.id());
        "The cats love me.".clone_into(&mut window.state_mut().as_mut().unwrap().saved.prompt);
        settle(&mut window);
        assert!(has(&window, "Vector of the text"), "{}", view.id());
    }
}

#[test]
fn every_view_works_with_every_part_of_a_translator() {
    for stack in [Stack::Encoder, Stack::Decoder, Stack::Cross] {
        for view in views::all() {
            let mut window = open(MARIAN, "Where is the cat?", stack, view.id());
            assert!(has(&window, "Translation"), "{}", view.id());
            assert_eq!(has(&window, "Cross-attention"), view.shows_attention());
            window.set_size(egui::vec2(60.0, 40.0));
            settle(&mut window);
        }
    }
}

#[test]
fn a_translation_can_be_typed_and_given_up_again() {
    let mut window = open(MARIAN, "Where is the cat?", Stack::Decoder, "heads");
    let text = |window: &Window| app(window).trace().unwrap().text.clone();
    let own = text(&window);
    let typed = Command::SetTarget(Some("El gato".to_owned()));
    window.state_mut().as_mut().unwrap().command(typed);
    settle(&mut window);
    assert_eq!(text(&window), "El gato");
    window.get_by_label("Its own").click();
    settle(&mut window);
    assert_eq!(text(&window), own);
    window.get_by_label("Cross-attention").click();
    settle(&mut window);
    assert_eq!(app(&window).saved.stack, Stack::Cross);
}
