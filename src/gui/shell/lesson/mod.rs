//! Lessons on screen: which there are, where the learner is, and what has been done of a step.

mod list;
mod page;
mod panel;
mod text;
mod visit;

pub use page::Event;
pub use panel::lesson_ui;
pub use visit::Visit;

use crate::gui::contract::command::Command;
use crate::gui::shell::palette::Entry;
use crate::gui::state::saved::{Learning, Saved};
use crate::lesson::{Lesson, Select, bundled};
use crate::text::{spoken, trf};

/// The lessons there are.
#[derive(Debug, Default)]
pub struct Lessons {
    all: Vec<Lesson>,
    /// Code of the language they were read in; empty for a teacher's own, which have one language.
    language: Option<&'static str>,
    /// The step that is open.
    pub visit: Option<Visit>,
    /// What the stage was set for.
    pub staged: Option<Staged>,
}

/// The step whose scene is on screen.
#[derive(Debug)]
pub struct Staged {
    /// Name of the lesson and number of the step.
    pub place: (String, usize),
    /// What was the learner's before the first step.
    pub before: Box<Saved>,
    /// What is selected when the text is read.
    pub select: Option<Select>,
}

impl Lessons {
    /// A teacher's lessons instead of the bundled course.
    pub fn own(all: Vec<Lesson>) -> Self {
        Self { all, ..Self::default() }
    }

    /// The course, in the language spoken.
    pub fn course() -> Self {
        let language = spoken().code;
        Self { all: bundled(language), language: Some(language), ..Self::default() }
    }

    /// Are they the bundled course?
    pub fn is_course(&self) -> bool {
        self.language.is_some()
    }

    /// Reads the course again when another language is spoken.
    pub fn follow_language(&mut self) {
        if self.language.is_some_and(|language| language != spoken().code) {
            *self = Self { staged: self.staged.take(), ..Self::course() };
        }
    }

    /// All lessons, in teaching order.
    pub fn all(&self) -> &[Lesson] {
        &self.all
    }

    /// The lesson of that name.
    pub fn named(&self, name: &str) -> Option<&Lesson> {
        self.all.iter().find(|lesson| lesson.name == name)
    }

    /// The place one step on from `from` or back: across lessons, and none past the ends.
    pub fn neighbour(&self, from: &Learning, by: isize) -> Option<(String, usize)> {
        let index = self.all.iter().position(|lesson| lesson.name == from.lesson)?;
        let lesson = &self.all[index];
        if let Some(step) =
            from.step.checked_add_signed(by).filter(|&step| step < lesson.steps.len())
        {
            return Some((lesson.name.clone(), step));
        }
        let other = self.all.get(index.checked_add_signed(by.signum())?)?;
        let step = if by < 0 { other.steps.len().saturating_sub(1) } else { 0 };
        Some((other.name.clone(), step))
    }

    /// The lessons for the palette.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |lesson: &Lesson| Entry {
            name: trf("Lesson: {0}", &[&lesson.title]),
            keys: String::new(),
            command: Command::OpenLesson(lesson.name.clone(), 0),
        };
        self.all.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_across_lessons_and_stop_at_the_ends() {
        let lessons = Lessons::course();
        let first = &lessons.all()[0];
        let at = |lesson: &Lesson, step| Learning {
            lesson: lesson.name.clone(),
            step,
            ..Learning::default()
        };
        assert_eq!(lessons.neighbour(&at(first, 0), -1), None);
        let end = lessons.all().last().unwrap();
        assert_eq!(lessons.neighbour(&at(end, end.steps.len() - 1), 1), None);
        let (mut place, mut n) = (at(first, 0), 1);
        while let Some((lesson, step)) = lessons.neighbour(&place, 1) {
            place = Learning { lesson, step, ..Learning::default() };
            n += 1;
        }
        let steps = lessons.all().iter().map(|lesson| lesson.steps.len());
        assert_eq!(n, steps.sum::<usize>());
    }
}
