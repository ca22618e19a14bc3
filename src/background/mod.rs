//! Jobs on named threads, so that the window never waits.
//!
//! A [`Lane`] is one thread that does its jobs in order. A [`Task`] is a job whose result is awaited:
//! dropping it cancels the job, so assigning a new task to the place of an old one supersedes it,
//! and a stale result cannot arrive. A job that panics becomes a [`Problem`].

mod latest;

pub use latest::Latest;

use crate::problem::{Problem, Result};
use crate::text::{speak, spoken};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};

type Job = Box<dyn FnOnce() + Send>;

/// A named thread that works through its jobs.
#[derive(Debug)]
pub struct Lane {
    jobs: Sender<Job>,
    /// Panics of jobs: whoever waits for a job may forget to look, the lane does not.
    mistakes: Arc<Mutex<Vec<Problem>>>,
}

impl Lane {
    /// Starts a thread; `wake` is called after each job, to have its result looked at.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(name: &str, wake: impl Fn() + Send + 'static) -> Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let work = move || {
            while let Ok(job) = queue.recv() {
                job();
                wake();
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        thread.map_err(|e| Problem::new("Could not start a thread", e))?;
        Ok(Self { jobs, mistakes: Arc::default() })
    }

    /// What panicked since this was last asked.
    pub fn mistakes(&self) -> Vec<Problem> {
        std::mem::take(&mut *self.mistakes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Asked by a long job now and then: is the result still wanted?
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Has the task been dropped or superseded?
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A running or finished job whose result is awaited.
#[derive(Debug)]
pub struct Task<T> {
    result: Receiver<Result<T>>,
    cancel: Cancel,
}

impl<T: Send + 'static> Task<T> {
    /// Hands a job to a lane. The job may ask whether its result is still wanted, and speaks the
    /// language of who asks.
    pub fn spawn(lane: &Lane, job: impl FnOnce(&Cancel) -> Result<T> + Send + 'static) -> Self {
        let (sender, result) = channel();
        let cancel = Cancel::default();
        let wanted = cancel.clone();
        let language = spoken().code;
        let mistakes = Arc::clone(&lane.mistakes);
        let run = move || {
            if wanted.is_requested() {
                return;
            }
            speak(language);
            let outcome = catch_unwind(AssertUnwindSafe(|| job(&wanted)));
            let outcome = outcome.unwrap_or_else(|panic| {
                let problem = panicked(&*panic);
                mistakes.lock().unwrap_or_else(PoisonError::into_inner).push(problem.clone());
                Err(problem)
            });
            // The receiver may be gone: then nobody waits for the result.
            let _ = sender.send(outcome);
        };
        // A lane ends only with the program; then the task reports that its job is lost.
        let _ = lane.jobs.send(Box::new(run));
        Self { result, cancel }
    }

    /// The result, once, when it is there.
    pub fn poll(&mut self) -> Option<Result<T>> {
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(lost())),
        }
    }

    /// Waits for the result.
    ///
    /// # Errors
    /// The job's own, or when it panicked.
    pub fn wait(self) -> Result<T> {
        self.result.recv().unwrap_or_else(|_| Err(lost()))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.cancel.0.store(true, Ordering::Relaxed);
    }
}

fn lost() -> Problem {
    Problem::new("A background job was lost", "its thread has ended")
        .cure("Try again, or restart the program")
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Problem::new("The program made a mistake", text.unwrap_or("unknown"))
        .cure("Your text is unharmed. Please report this with the text you typed")
}

/// Polls the task in `slot` and empties the slot when its result is there.
pub fn finished<T: Send + 'static>(slot: &mut Option<Task<T>>) -> Option<Result<T>> {
    let result = slot.as_mut()?.poll()?;
    *slot = None;
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn results_arrive_once() {
        let lane = Lane::start("test", || ()).unwrap();
        let mut slot = Some(Task::spawn(&lane, |_| Ok(42)));
        let result = loop {
            if let Some(result) = finished(&mut slot) {
                break result;
            }
            std::thread::yield_now();
        };
        assert_eq!(result, Ok(42));
        assert!(slot.is_none() && finished(&mut slot).is_none());
    }

    #[test]
    fn a_superseded_job_is_skipped() {
        let lane = Lane::start("test", || ()).unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let (ran, seen) = mpsc::channel();
        let job = |name: &'static str, ran: mpsc::Sender<&'static str>| {
            move |_: &Cancel| {
                ran.send(name).unwrap();
                Ok(())
            }
        };
        let first = Task::spawn(&lane, move |_| {
            gate.recv().unwrap();
            Ok(())
        });
        let mut slot = Some(Task::spawn(&lane, job("old", ran.clone())));
        let old = slot.replace(Task::spawn(&lane, job("new", ran)));
        drop(old);
        open.send(()).unwrap();
        first.wait().unwrap();
        slot.unwrap().wait().unwrap();
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["new"]);
    }

    #[test]
    fn a_panic_is_a_problem_and_the_lane_lives_on() {
        let lane = Lane::start("test", || ()).unwrap();
        let bad: Task<()> = Task::spawn(&lane, |_| panic!("boom"));
        assert_eq!(bad.wait().unwrap_err().why, "boom");
        // It is known even if nobody waited for it.
        let why: Vec<String> = lane.mistakes().into_iter().map(|mistake| mistake.why).collect();
        assert_eq!(why, ["boom"]);
        assert!(lane.mistakes().is_empty());
        assert_eq!(Task::spawn(&lane, |_| Ok(1)).wait(), Ok(1));
    }
}
