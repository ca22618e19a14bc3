//! Translations: complete, true to the code, and with the same places for values.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "gui")]

use headlight::gui::theme::Theme;
use headlight::gui::{ACTIONS, views};
use headlight::lesson::Depth;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every text that the window shows through `tr`.
fn texts() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let mut files = vec![Path::new(ROOT).join("src")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.file_name().is_some_and(|name| name != "text.rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            for call in ["tr(", "trf(", "tip("] {
                // Not the end of a longer name, as in `push_str(`.
                let calls = code.match_indices(call).filter(|&(at, _)| {
                    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                texts.extend(calls.filter_map(|(at, _)| literal(&code[at + call.len()..])));
            }
        }
    }
    let own = |text: &str| text.to_owned();
    texts.extend(ACTIONS.iter().map(|action| own(action.name)));
    for view in views::all() {
        texts.extend([own(view.name()), own(view.question())]);
        texts.extend(view.tabs().iter().flat_map(|tab| [own(tab.name), own(tab.hint)]));
    }
    texts.extend(Theme::all().iter().map(|theme| theme.label.clone()));
    texts.extend(Depth::ALL.iter().map(|depth| own(depth.name())));
    texts
}

/// The string that code begins with.
fn literal(code: &str) -> Option<String> {
    let code = code.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = code.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                '\n' => {
                    let rest = chars.as_str().trim_start();
                    chars = rest.chars();
                }
                c => text.push(c),
            },
            c => text.push(c),
        }
    }
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
}

#[test]
fn spanish_is_complete_and_fits() {
    let file = format!("{ROOT}/assets/text/es/interface.json");
    let json = std::fs::read_to_string(file).unwrap();
    let spanish: BTreeMap<String, String> = serde_json::from_str(&json).unwrap();
    let texts = texts();
    assert!(texts.len() > 100);
    let missing: Vec<&String> = texts.iter().filter(|text| !spanish.contains_key(*text)).collect();
    println!("not yet in Spanish: {missing:#?}");
    // What is missing is shown in English; most of it must not be.
    assert!(missing.len() * 20 <= texts.len(), "{missing:#?}");
    for (english, translated) in &spanish {
        assert_eq!(places(english), places(translated), "{english}");
        assert!(!translated.trim().is_empty(), "{english}");
    }
}
