//! One question that changes, and the last answer to it.

use super::{Cancel, Lane, Task, finished};
use crate::problem::Result;

/// Something computed from a key. When the key changes it is computed anew; until that is done the
/// last answer stays, and a newer question supersedes an older one.
#[derive(Debug)]
pub struct Latest<K, T> {
    asked: Option<K>,
    task: Option<Task<T>>,
    answer: Option<Result<T>>,
}

impl<K, T> Default for Latest<K, T> {
    fn default() -> Self {
        Self { asked: None, task: None, answer: None }
    }
}

impl<K: PartialEq, T: Send + 'static> Latest<K, T> {
    /// Asks, if the key is not the one asked about last. `prepare` makes the job and may take from
    /// the last answer what is still of use.
    pub fn ask<J>(&mut self, lane: &Lane, key: K, prepare: impl FnOnce(Option<&T>) -> J)
    where
        J: FnOnce(&Cancel) -> Result<T> + Send + 'static,
    {
        if self.asked.as_ref() == Some(&key) {
            return;
        }
        let last = self.answer.as_ref().and_then(|answer| answer.as_ref().ok());
        self.task = Some(Task::spawn(lane, prepare(last)));
        self.asked = Some(key);
    }

    /// Takes the answer, if it is there.
    pub fn receive(&mut self) {
        if let Some(answer) = finished(&mut self.task) {
            self.answer = Some(answer);
        }
    }

    /// Is the answer to the last question still awaited?
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// The last answer, which may be to an earlier question while [`Latest::is_busy`].
    pub fn answer(&self) -> Option<&Result<T>> {
        self.answer.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(latest: &mut Latest<i32, i32>) {
        while latest.is_busy() {
            latest.receive();
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_same_question_is_asked_once_and_the_last_answer_stays() {
        let lane = Lane::start("test", || ()).unwrap();
        let mut latest = Latest::default();
        latest.ask(&lane, 1, |_| |_: &Cancel| Ok(10));
        wait(&mut latest);
        assert_eq!(latest.answer(), Some(&Ok(10)));
        latest.ask(&lane, 1, |_| |_: &Cancel| Ok(0));
        assert!(!latest.is_busy());
        latest.ask(&lane, 2, |last| {
            let last = last.copied();
            move |_: &Cancel| Ok(last.unwrap_or(0) + 1)
        });
        assert_eq!(latest.answer(), Some(&Ok(10)));
        wait(&mut latest);
        assert_eq!(latest.answer(), Some(&Ok(11)));
    }
}
