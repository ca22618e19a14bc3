//! Lessons, presenting, the palette and other languages: what a learner and a teacher do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

mod harness;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use harness::{Window, app, app_mut, open, open_at, read_text, set_text, settle};
use headlight::gui::theme::Theme;
use headlight::gui::{Command, FIRST_PROMPT, Learning, Saved, views};
use headlight::lesson::{Action, Bound, Condition, Lesson, Part, Setting, VIEWS, bundled};
use headlight::model::{BUNDLED, Checkpoint, DeviceKind, Edit, TRANSLATOR};
use headlight::session::claims::{refuted, right_choice};
use std::collections::BTreeSet;

const LANGUAGES: [&str; 2] = ["en", "es"];

/// Past the greeting, with lessons open at a step.
fn learning(lesson: &str, step: usize) -> Learning {
    Learning {
        is_open: true,
        is_greeted: true,
        lesson: lesson.to_owned(),
        step,
        ..Learning::default()
    }
}

fn in_lesson(lesson: &str) -> Saved {
    Saved { learning: learning(lesson, 0), ..Saved::default() }
}

#[test]
fn every_lesson_is_read_and_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons");
    let (own, problems) = headlight::lesson::folder(folder.as_ref()).unwrap();
    assert_eq!(problems, []);
    assert_eq!(own, bundled("en"), "src/lesson/library.rs lists the course");
    assert!(own.len() >= 17);
    let (spanish, problems) = headlight::lesson::folder(format!("{folder}/es").as_ref()).unwrap();
    assert_eq!(problems, []);
    assert!(spanish.len() >= 3);
    for lesson in &spanish {
        assert!(bundled("es").contains(lesson), "{}", lesson.name);
        let english = own.iter().find(|other| other.name == lesson.name).unwrap();
        let claims = |lesson: &Lesson| -> Vec<_> {
            lesson.claims.iter().map(|(_, claim)| claim.clone()).collect()
        };
        assert_eq!(claims(lesson), claims(english), "{}: the same claims", lesson.name);
        assert_eq!(lesson.steps.len(), english.steps.len(), "{}", lesson.name);
    }
}

/// The bundled models: that of the course, and the translator.
fn models() -> [Checkpoint; 2] {
    [BUNDLED[0], &TRANSLATOR].map(|it| Checkpoint::bundled(it, DeviceKind::default()).unwrap())
}

/// The one a lesson is about.
fn about<'a>(models: &'a [Checkpoint; 2], lesson: &Lesson) -> &'a Checkpoint {
    &models[usize::from(lesson.needs.is_some())]
}

/// What the lessons say about the bundled models is true of them.
#[test]
fn every_claim_holds() {
    let models = models();
    let mut refutations = Vec::new();
    let mut n = 0;
    for lesson in bundled("en") {
        for (line, claim) in &lesson.claims {
            n += 1;
            match refuted(about(&models, &lesson), claim) {
                Ok(None) => {}
                other => refutations
                    .push(format!("{}.md, line {line}: {claim:?}: {other:?}", lesson.name)),
            }
        }
    }
    assert_eq!(refutations, [""; 0]);
    assert!(n > 60, "{n} claims");
}

#[test]
fn the_model_answers_every_question() {
    let models = models();
    for language in LANGUAGES {
        for lesson in bundled(language) {
            for question in lesson.questions() {
                let answer = question.answer.as_ref().unwrap();
                let right = right_choice(about(&models, &lesson), answer, &question.choices);
                assert!(right.is_ok(), "{}: {right:?}", lesson.name);
                assert!(
                    !question.reveal.is_empty(),
                    "{}: a question without a reveal",
                    lesson.name
                );
            }
        }
    }
}

#[test]
fn lessons_name_views_and_tabs_that_exist() {
    let views = views::all();
    for (view, _) in VIEWS {
        assert!(views.iter().any(|other| other.id() == *view), "{view}");
    }
    let lessons = bundled("en");
    for action in lessons.iter().flat_map(Lesson::actions) {
        match action {
            Action::Lesson(name) => assert!(lessons.iter().any(|lesson| lesson.name == *name)),
            Action::Theme(name) => assert!(Theme::all().iter().any(|theme| theme.name == *name)),
            _ => {}
        }
    }
    let shown: BTreeSet<&str> = lessons
        .iter()
        .flat_map(Lesson::actions)
        .filter_map(|action| match action {
            Action::Show { view, .. } => Some(view.as_str()),
            _ => None,
        })
        .collect();
    for view in views.iter().map(|view| view.id()).filter(|id| *id != "compare") {
        assert!(shown.contains(view), "no lesson shows {view}");
    }
}

/// Does what a learner is asked to do, with the means a learner has.
fn act(window: &mut Window, condition: &Condition) {
    match condition {
        Condition::TextContains(text) | Condition::TextIs(text) => set_text(window, text),
        Condition::TextChanges => set_text(window, "The little dog was"),
        Condition::TextGrows => window.key_press_modifiers(egui::Modifiers::COMMAND, Key::Enter),
        Condition::View { view, tab: None } => {
            let views = views::all();
            let view = views.iter().find(|other| other.id() == view).unwrap();
            window.get_by_label(&format!("Step: {}", view.name())).click();
        }
        Condition::Token(text) => {
            let tokens = app(window).trace().unwrap().tokens.clone();
            let pos = tokens.iter().rposition(|token| token.text.trim() == text).unwrap();
            window.get_by_label(&format!("Token {pos}: {}", tokens[pos].label())).click();
        }
        Condition::TokenChosen => {
            let label = app(window).trace().unwrap().tokens[0].label();
            window.get_by_label(&format!("Token 0: {label}")).click();
        }
        Condition::HeadChanges => window.key_press(Key::ArrowRight),
        Condition::Head(layer, head) => {
            let (layer, head) = (*layer, *head);
            let target = headlight::gui::Target::Head { layer, head };
            app_mut(window).command(Command::Select(target));
        }
        Condition::Neuron => {
            let target = headlight::gui::Target::Neuron { layer: 2, neuron: 7 };
            app_mut(window).command(Command::Select(target));
        }
        Condition::Setting(setting, bound) => {
            let (Bound::Below(x) | Bound::Above(x)) = *bound;
            let value = if matches!(bound, Bound::Below(_)) { x * 0.8 } else { x * 1.2 };
            let sampling = &mut app_mut(window).saved.sampling;
            match setting {
                Setting::Temperature => sampling.temperature = value,
                Setting::TopK => sampling.top_k = Some(value as usize),
                Setting::TopP => sampling.top_p = Some(value),
            }
        }
        Condition::Experiment(false) => window.get_by_label("Switch off").click(),
        _ => window.get_by_label("Do it for me").click(),
    }
    settle(window);
}

/// Answers a question in the column of lessons.
fn choose(window: &Window, choice: &str) {
    let is_in_column = |node: &egui_kittest::Node<'_>| node.rect().right() < 400.0;
    let node = window.query_all_by_label(choice).find(is_in_column);
    node.unwrap().click();
}

/// Clicks every link of the page that was not clicked yet.
fn follow_links(window: &mut Window, clicked: &mut BTreeSet<String>) {
    loop {
        let links: Vec<String> = window
            .query_all_by_role(Role::Link)
            .filter_map(|node| node.accesskit_node().label())
            .collect();
        let Some(link) = links.into_iter().find(|link| !clicked.contains(link)) else {
            return;
        };
        let is_it =
            |node: &egui_kittest::Node<'_>| node.accesskit_node().label().as_ref() == Some(&link);
        let node = window.query_all_by_role(Role::Link).find(is_it);
        node.unwrap().click_accesskit();
        clicked.insert(link);
        settle(window);
    }
}

/// All lessons clicked through: every link, every awaited action, every question.
#[test]
fn all_lessons_can_be_done() {
    for lesson in bundled("en") {
        let mut window = open_at(in_lesson(&lesson.name), [1920.0, 1080.0]);
        for (i, step) in lesson.steps.iter().enumerate() {
            assert_eq!(app(&window).saved.learning.step, i, "{}", lesson.name);
            assert!(window.query_all_by_label(&step.title).next().is_some());
            let mut clicked = BTreeSet::new();
            for _ in 0..30 {
                follow_links(&mut window, &mut clicked);
                let pending = app(&window).pending().map(|(_, part)| part.clone());
                match pending {
                    Some(Part::Wait(condition)) => act(&mut window, &condition),
                    Some(Part::Question(question)) => {
                        choose(&window, &question.choices[0]);
                        settle(&mut window);
                        let says = window.query_by_label_contains("the model says");
                        let says =
                            says.or_else(|| window.query_by_label_contains("so says the model"));
                        assert!(says.is_some(), "{} {}", lesson.name, step.title);
                    }
                    _ => break,
                }
            }
            assert!(
                app(&window).pending().is_none(),
                "{} {}: {:?} with {:?}",
                lesson.name,
                step.title,
                app(&window).pending(),
                app(&window).saved.prompt
            );
            follow_links(&mut window, &mut clicked);
            if i + 1 < lesson.steps.len() {
                window.get_by_label("The step after").click();
                settle(&mut window);
            }
        }
        let seen = &app(&window).saved.learning.seen[&lesson.name];
        assert!(seen.len() + 1 >= lesson.steps.len(), "{}", lesson.name);
    }
}

/// From whatever state a step is entered, it can be done by one button; and when the lesson is left, what
/// was the learner's is there again.
#[test]
fn every_step_sets_its_stage_and_gives_back_what_was_there() {
    for language in LANGUAGES {
        let mut window = open(Saved { language: language.into(), ..Saved::default() });
        // Models learn alike in every language, and take their time.
        let learns = |action: &&Action| matches!(action, Action::Learn { .. } | Action::Teach(_));
        let lessons = bundled(language).into_iter();
        let lessons =
            lessons.filter(|lesson| language == "en" || !lesson.actions().iter().any(learns));
        for (n, lesson) in lessons.enumerate() {
            for step in 0..lesson.steps.len() {
                let saved = &mut app_mut(&mut window).saved;
                "A text of my own, with a dog".clone_into(&mut saved.prompt);
                "compare".clone_into(&mut saved.view);
                saved.sampling.top_p = Some(0.3);
                saved.edits = vec![Edit::Head { layer: 1, head: 1, factor: 0.0 }];
                if n % 3 == 0 {
                    app_mut(&mut window).command(Command::OpenModel(TRANSLATOR.name.into()));
                }
                window.run_steps(2);
                settle(&mut window);
                let before = app(&window).saved.clone();
                let open = Command::OpenLesson(lesson.name.clone(), step);
                app_mut(&mut window).command(open);
                window.run_steps(3);
                settle(&mut window);
                for _ in 0..12 {
                    let command = match app(&window).pending() {
                        Some((_, Part::Wait(_))) => Command::DoAwaited,
                        Some(_) => Command::Step(1),
                        None => break,
                    };
                    app_mut(&mut window).command(command);
                    window.run_steps(2);
                    settle(&mut window);
                }
                let pending = app(&window).pending();
                assert!(pending.is_none(), "{} {step} ({language}): {pending:?}", lesson.name);
                assert_eq!(app(&window).saved.learning.step, step, "{}", lesson.name);
                app_mut(&mut window).command(Command::ToggleLessons);
                window.run_steps(2);
                settle(&mut window);
                let after = &app(&window).saved;
                assert_eq!(
                    (&after.prompt, &after.view, &after.sampling, &after.edits, &after.model),
                    (&before.prompt, &before.view, &before.sampling, &before.edits, &before.model),
                    "{} {step}",
                    lesson.name
                );
            }
        }
    }
}

/// A clicker has one button: it goes through the whole course.
#[test]
fn page_down_does_what_is_awaited_and_goes_on() {
    let lessons: Vec<Lesson> = bundled("en");
    let mut window = open(in_lesson(&lessons[0].name));
    let last = lessons.last().unwrap();
    let end = (last.name.clone(), last.steps.len() - 1);
    for _ in 0..400 {
        let learning = &app(&window).saved.learning;
        if (learning.lesson.clone(), learning.step) == end && app(&window).pending().is_none() {
            return;
        }
        window.key_press(Key::PageDown);
        settle(&mut window);
    }
    let learning = &app(&window).saved.learning;
    panic!("stuck at {} {}: {:?}", learning.lesson, learning.step, app(&window).pending());
}

#[test]
fn a_lesson_never_blocks() {
    let mut window = open(in_lesson("010-next-word"));
    assert!(app(&window).pending().is_some());
    window.get_by_label("The step after").click();
    settle(&mut window);
    assert_eq!(app(&window).saved.learning.step, 1);
    window.get_by_label("The step before").click();
    settle(&mut window);
    window.get_by_label("Step: Logit lens").click();
    set_text(&mut window, "Something else");
    assert_eq!(read_text(&window).as_deref(), Some("Something else"));
    window.get_by_label("Close lessons").click();
    settle(&mut window);
    assert!(!app(&window).saved.learning.is_open);
    window.key_press(Key::F2);
    settle(&mut window);
    window.get_by_label("The step after");
}

#[test]
fn learning_is_kept_and_not_undone() {
    let mut window = open(in_lesson("010-next-word"));
    set_text(&mut window, "The cat");
    window.get_by_label("The step after").click();
    settle(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some(FIRST_PROMPT));
    let saved = &app(&window).saved;
    assert_eq!(saved.learning.step, 1);
    let json = serde_json::to_string(saved).unwrap();
    assert_eq!(serde_json::from_str::<Saved>(&json).unwrap().learning, saved.learning);
}

#[test]
fn the_list_shows_progress_and_opens_lessons() {
    let lessons = bundled("en");
    let mut window = open_at(in_lesson("nowhere"), [1920.0, 1080.0]);
    for lesson in &lessons {
        window.get_by_label_contains(&lesson.title);
    }
    window.get_by_label_contains(&lessons[2].title).click();
    settle(&mut window);
    assert_eq!(app(&window).saved.learning.lesson, lessons[2].name);
    window.get_by_label("All lessons").click();
    settle(&mut window);
    let progress = format!("1/{}", lessons[2].steps.len());
    window.get_by_label_contains(&progress);
}

#[test]
fn the_first_start_invites_once() {
    let mut window = open(Saved::default());
    window.get_by_label_contains("A language model is reading");
    window.get_by_label("Start the tour").click();
    settle(&mut window);
    assert_eq!(app(&window).saved.learning.lesson, "010-next-word");
    window.get_by_label("Close lessons").click();
    settle(&mut window);
    assert!(window.query_by_label("Start the tour").is_none());
    let mut window = open(Saved::default());
    window.get_by_label("Not now").click();
    settle(&mut window);
    assert!(window.query_by_label("Start the tour").is_none());
}

#[test]
fn the_palette_finds_and_does() {
    let mut window = open(Saved::default());
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run_steps(3);
    window.get_by_label("Find an action").type_text("theme projector");
    window.run_steps(2);
    window.key_press(Key::Enter);
    settle(&mut window);
    assert_eq!(app(&window).saved.theme, "projector");
    assert!(window.query_by_label("Find an action").is_none());
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run_steps(3);
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(window.query_by_label("Find an action").is_none());
}

#[test]
fn the_help_lists_views_and_keys() {
    let mut window = open(Saved::default());
    window.key_press(Key::F1);
    window.run_steps(3);
    for action in headlight::gui::ACTIONS.iter().filter(|action| !action.keys.is_empty()) {
        assert!(window.query_all_by_label(action.name).next().is_some(), "{}", action.name);
    }
    for view in views::all() {
        assert!(window.query_all_by_label(view.question()).next().is_some(), "{}", view.id());
    }
    window.get_by_label("Close help").click();
    window.run_steps(3);
    assert!(window.query_by_label("Close help").is_none());
}

#[test]
fn presenting_shows_the_view_alone_in_big_type_and_escape_leaves() {
    let mut window = open(in_lesson("010-next-word"));
    window.key_press(Key::F5);
    settle(&mut window);
    assert!(
        window.query_all_by_label("Temperature").next().is_none()
            && window.query_by_label("Prompt").is_none()
    );
    window.get_by_label("One question");
    window.key_press(Key::PageDown);
    settle(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("He opened the"));
    // Black, and back with the same key.
    for key in [Key::B, Key::Period] {
        window.key_press(key);
        window.run_steps(2);
        window.key_press(key);
        window.run_steps(2);
    }
    // Frozen: what is typed is not read until it is let go.
    window.key_press(Key::F7);
    window.run_steps(2);
    set_text(&mut window, "The king");
    assert_eq!(read_text(&window).as_deref(), Some("He opened the"));
    window.key_press(Key::F7);
    settle(&mut window);
    assert_eq!(read_text(&window).as_deref(), Some("The king"));
    window.key_press(Key::Escape);
    settle(&mut window);
    assert!(window.query_all_by_label("Temperature").next().is_some());
}

#[test]
fn typing_is_possible_while_presenting() {
    let mut window = open(Saved::default());
    window.key_press(Key::F11);
    settle(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    settle(&mut window);
    let field = window.get_by_label("Prompt");
    field.type_text(" b.");
    settle(&mut window);
    assert_eq!(app(&window).saved.prompt, format!("{FIRST_PROMPT} b."));
}

/// Lessons in every theme and every size, down to none.
#[test]
fn lessons_survive_every_window() {
    for theme in Theme::all() {
        for size in [[0.0, 0.0], [320.0, 200.0], [1024.0, 768.0], [1920.0, 1080.0]] {
            for name in ["", "050-attention"] {
                let saved = Saved { theme: theme.name.clone(), ..in_lesson(name) };
                let mut window = open_at(saved, size);
                window.key_press(Key::F5);
                settle(&mut window);
            }
        }
    }
}

#[test]
fn the_window_speaks_spanish() {
    let mut window =
        open_at(Saved { language: "es".into(), ..in_lesson("010-next-word") }, [1920.0, 1080.0]);
    for label in
        ["El paso siguiente", "El paso anterior", "Lecciones", "Sortear el siguiente token"]
    {
        assert!(window.query_all_by_label(label).next().is_some(), "{label}");
    }
    assert_eq!(bundled("es")[0].name, "010-next-word");
    assert_ne!(bundled("es")[0].title, bundled("en")[0].title);
    window.get_by_label_contains(&bundled("es")[0].title);
    app_mut(&mut window).command(Command::SetLanguage("en"));
    settle(&mut window);
    window.get_by_label_contains(&bundled("en")[0].title);
}
