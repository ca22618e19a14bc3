//! Undo and redo over everything that is the user's: text, selection, settings, experiments.

use crate::gui::state::saved::Saved;
use std::time::{Duration, Instant};

/// Changes that follow each other faster than this are undone together: a word, not a letter.
const PAUSE: Duration = Duration::from_millis(600);
/// How many states are kept.
const MOST: usize = 200;

/// The states the program was in.
#[derive(Debug)]
pub struct History {
    /// Earlier states, the latest last.
    past: Vec<Saved>,
    present: Saved,
    /// States undone, the one to redo next last.
    future: Vec<Saved>,
    changed_at: Option<Instant>,
}

impl History {
    /// Starts with the state the program starts in.
    pub fn new(present: Saved) -> Self {
        Self { past: Vec::new(), present, future: Vec::new(), changed_at: None }
    }

    /// Notes the state at the end of a frame.
    pub fn record(&mut self, state: &Saved, now: Instant) {
        self.present.learning.clone_from(&state.learning);
        if *state == self.present {
            return;
        }
        let is_continued = self.changed_at.is_some_and(|at| now.duration_since(at) < PAUSE);
        let before = std::mem::replace(&mut self.present, state.clone());
        if !is_continued {
            self.past.push(before);
            let surplus = self.past.len().saturating_sub(MOST);
            self.past.drain(..surplus);
        }
        self.future.clear();
        self.changed_at = Some(now);
    }

    /// Notes a change that is not undone by itself: it belongs to the present, as if it had always
    /// been there.
    pub fn amend(&mut self, change: impl FnOnce(&mut Saved)) {
        change(&mut self.present);
    }

    /// The state before the last change.
    pub fn undo(&mut self) -> Option<Saved> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.present, before));
        self.changed_at = None;
        Some(self.present.clone())
    }

    /// The state before the last undo.
    pub fn redo(&mut self) -> Option<Saved> {
        let after = self.future.pop()?;
        self.past.push(std::mem::replace(&mut self.present, after));
        self.changed_at = None;
        Some(self.present.clone())
    }

    /// Is there anything to undo?
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Is there anything to redo?
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(prompt: &str) -> Saved {
        Saved { prompt: prompt.to_owned(), ..Saved::default() }
    }

    #[test]
    fn words_are_undone_together_and_redone() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut history = History::new(saying(""));
        history.record(&saying("c"), at(0));
        history.record(&saying("ca"), at(100));
        history.record(&saying("ca"), at(5_000));
        history.record(&saying("ca t"), at(6_000));
        assert_eq!(history.undo(), Some(saying("ca")));
        assert_eq!(history.undo(), Some(saying("")));
        assert!(history.undo().is_none() && !history.can_undo());
        assert_eq!(history.redo(), Some(saying("ca")));
        history.record(&saying("dog"), at(9_000));
        assert!(history.redo().is_none(), "a change makes what was undone unreachable");
        assert_eq!(history.undo(), Some(saying("ca")));
    }

    #[test]
    fn what_is_amended_is_not_undone_by_itself() {
        let mut history = History::new(saying("a"));
        history.record(&saying("b"), Instant::now());
        let seeded = |prompt: &str| Saved { seed: 7, ..saying(prompt) };
        history.amend(|present| present.seed = 7);
        history.record(&seeded("b"), Instant::now() + 2 * PAUSE);
        assert_eq!(history.undo(), Some(saying("a")));
        assert_eq!(history.redo(), Some(seeded("b")));
    }

    #[test]
    fn the_past_is_bounded() {
        let mut history = History::new(saying(""));
        for i in 0..2 * MOST {
            history.record(&saying(&i.to_string()), Instant::now() + PAUSE * 2 * i as u32);
        }
        assert_eq!(history.past.len(), MOST);
    }
}
