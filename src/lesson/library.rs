//! Where lessons come from: inside the program, or a teacher's folder.

use super::Lesson;
use super::parse::MAX_BYTES;
use crate::problem::{Problem, Result};
use std::path::Path;

/// The most lessons of a folder.
const MOST: usize = 200;

macro_rules! lessons {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../assets/lessons/", $name, ".md")))),*]
    };
}

/// The course, in teaching order.
const COURSE: &[(&str, &str)] = lessons![
    "010-next-word"
    "020-tokens"
    "030-embeddings"
    "040-positions"
    "050-attention"
    "060-heads"
    "070-masks"
    "080-context"
    "090-mlp"
    "100-layers"
    "110-softmax"
    "120-sampling"
    "130-generation"
    "140-encoder-decoder"
    "150-learning"
    "160-size"
    "170-limits"
    "180-drink"
    "190-prompt"
    "200-copying"
    "210-wrong"
    "220-birth"
    "230-cat"
    "240-data"
    "250-cost"
];

/// Lessons of the course in Spanish.
const SPANISH: &[(&str, &str)] = lessons![
    "es/010-next-word"
    "es/020-tokens"
    "es/030-embeddings"
    "es/040-positions"
    "es/050-attention"
    "es/060-heads"
    "es/070-masks"
    "es/080-context"
    "es/090-mlp"
    "es/100-layers"
    "es/180-drink"
    "es/190-prompt"
    "es/200-copying"
    "es/210-wrong"
    "es/220-birth"
    "es/230-cat"
    "es/240-data"
    "es/250-cost"
];

/// The course inside the program, in a language where it is translated, else in English. A damaged
/// lesson is left out; a test reads them all.
pub fn bundled(language: &str) -> Vec<Lesson> {
    let translated = |name: &str| {
        let of_language = if language == "es" { SPANISH } else { &[] };
        let found = of_language.iter().find(|(path, _)| path.ends_with(name))?;
        Lesson::parse(name, found.1).ok()
    };
    let read =
        |(name, text): &(&str, &str)| translated(name).or_else(|| Lesson::parse(name, text).ok());
    COURSE.iter().filter_map(read).collect()
}

/// The lessons of a folder, in the order of their names; and what is wrong with the others.
///
/// # Errors
/// When the folder cannot be read or holds too much.
pub fn folder(path: &Path) -> Result<(Vec<Lesson>, Vec<Problem>)> {
    let failed = |why: String| Problem::new("Could not read the lessons", why);
    let unreadable = |e: std::io::Error| failed(format!("{e}: {}", path.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "md") {
            files.push(file);
        }
    }
    files.sort();
    if files.len() > MOST {
        return Err(failed(format!("more than {MOST} files: {}", path.display()))
            .cure("Give a folder with lessons only"));
    }
    let (mut lessons, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match read(&file) {
            Ok(lesson) => lessons.push(lesson),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((lessons, problems))
}

fn read(file: &Path) -> Result<Lesson> {
    use std::io::Read as _;
    let failed = |e: std::io::Error| {
        Problem::new("Could not read the lesson", format!("{e}: {}", file.display()))
    };
    let mut text = String::new();
    let open = std::fs::File::open(file).map_err(failed)?;
    // One byte more than allowed, so that the reader of lessons sees that it is too long.
    open.take(MAX_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Lesson::parse(&name, &text)
}
