//! The words on screen, in the language that was chosen.
//!
//! The English text in the code is the key; a translation is a folder, `assets/text/LANGUAGE`, with
//! an `interface.json` that maps each to its translation. What is missing there stays English. The
//! language belongs to the thread that draws, which alone shows words.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// A language the program speaks.
#[derive(Debug, Clone, Copy)]
pub struct Language {
    /// Its code, as in `LANG`: `es`.
    pub code: &'static str,
    /// Its name in itself.
    pub name: &'static str,
    json: &'static str,
}

/// Every language; the first is the one the code is written in.
pub const LANGUAGES: [Language; 2] = [
    Language { code: "en", name: "English", json: "{}" },
    Language {
        code: "es",
        name: "Español",
        json: include_str!("../assets/text/es/interface.json"),
    },
];

type Catalogue = BTreeMap<String, String>;

/// One catalogue for each language. A damaged one is empty; a test reads them all.
static CATALOGUES: LazyLock<Vec<Catalogue>> = LazyLock::new(|| {
    let read = |language: &Language| serde_json::from_str(language.json).unwrap_or_default();
    LANGUAGES.iter().map(read).collect()
});

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// The language of that code, as `es` or `es_MX.UTF-8`; English when there is none.
pub fn language(code: &str) -> &'static Language {
    let is_it = |language: &&Language| code.starts_with(language.code);
    LANGUAGES.iter().find(is_it).unwrap_or(&LANGUAGES[0])
}

/// The language of the person at this computer: `LC_ALL`, `LC_MESSAGES` or `LANG`.
pub fn system_language() -> &'static Language {
    let set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let first = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(set);
    language(&first.and_then(|name| std::env::var(name).ok()).unwrap_or_default())
}

/// Speaks this language from now on, in this thread.
pub fn speak(code: &str) {
    let code = language(code).code;
    let index = LANGUAGES.iter().position(|language| language.code == code);
    CURRENT.set(index.unwrap_or(0));
}

/// The language spoken in this thread.
pub fn spoken() -> &'static Language {
    LANGUAGES.get(CURRENT.get()).unwrap_or(&LANGUAGES[0])
}

/// The text in the language spoken.
pub fn tr(english: &str) -> &str {
    let catalogue = CATALOGUES.get(CURRENT.get());
    let translated = catalogue.and_then(|catalogue| catalogue.get(english));
    translated.map_or(english, String::as_str)
}

/// The text in the language spoken, with `{0}`, `{1}`, … replaced.
pub fn trf(english: &'static str, values: &[&dyn Display]) -> String {
    let mut text = String::new();
    let mut rest = tr(english);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let value = after
            .split_once('}')
            .and_then(|(index, after)| Some((values.get(index.parse::<usize>().ok()?)?, after)));
        if let Some((value, after)) = value {
            text.push_str(&value.to_string());
            rest = after;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_stays_english() {
        speak("es_MX.UTF-8");
        assert_eq!(spoken().code, "es");
        assert_eq!(tr("Undo"), "Deshacer");
        assert_eq!(tr("no such words"), "no such words");
        speak("xx");
        assert_eq!(tr("Undo"), "Undo");
    }

    #[test]
    fn values_are_put_in_place() {
        assert_eq!(trf("{1} of {0}, {2} {x} {", &[&3, &"two"]), "two of 3, {2} {x} {");
    }
}
