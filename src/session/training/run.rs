//! A run in the background: it goes on, pauses, and gives the model as it was at any step.

use super::progress::Progress;
use super::recipe::Recipe;
use super::student::Student;
use crate::background::{Lane, Task, finished};
use crate::model::Checkpoint;
use crate::model::learn::{Learned, Material};
use crate::problem::{Problem, Result};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How the models of a run are named: `run:` and the step.
const PREFIX: &str = "run:";
/// A step that is never reached: the newest model of a run.
pub const LATEST: usize = usize::MAX;
/// How often whoever watches is told of something new.
const NEWS: Duration = Duration::from_millis(33);

/// The name of a run's model after a step.
pub fn model_name(step: usize) -> String {
    if step == LATEST { PREFIX.to_owned() } else { format!("{PREFIX}{step}") }
}

/// The step that a model's name means, if it is one of a run's.
pub fn step_of(name: &str) -> Option<usize> {
    let step = name.strip_prefix(PREFIX)?;
    if step.is_empty() { Some(LATEST) } else { step.parse().ok() }
}

/// A run. Dropping it ends it.
pub struct Run {
    /// What it is made of.
    pub recipe: Arc<Recipe>,
    progress: Arc<Mutex<Progress>>,
    /// The model before the first step, when it is there.
    origin: Arc<OnceLock<Arc<Material>>>,
    pause: Arc<AtomicBool>,
    working: Option<Task<Outcome>>,
    student: Option<Student>,
    /// Tells that there is something new to be seen.
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// The student after its work, and why it stopped before its time.
struct Outcome {
    student: Student,
    problem: Option<Problem>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("recipe", &self.recipe).finish_non_exhaustive()
    }
}

impl Run {
    /// Begins a run: gets everything ready, and makes so many steps.
    pub fn begin(
        lane: &Lane,
        recipe: Recipe,
        n_steps: usize,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let mut run = Self {
            recipe: Arc::new(recipe),
            progress: Arc::default(),
            origin: Arc::default(),
            pause: Arc::default(),
            working: None,
            student: None,
            wake: Arc::new(wake),
        };
        run.go(lane, n_steps);
        run
    }

    /// A run of so many steps, waited for.
    ///
    /// # Errors
    /// When it cannot begin, or its steps are too large.
    pub fn finished(recipe: Recipe, n_steps: usize) -> Result<Self> {
        let lane = Lane::start("learning", || ())?;
        let mut run = Self::begin(&lane, recipe, n_steps, || ());
        let Some(work) = run.working.take() else { return Ok(run) };
        let Outcome { student, problem } = work.wait()?;
        run.student = Some(student);
        problem.map_or(Ok(run), Err)
    }

    /// Makes so many steps more, unless it is at work.
    pub fn go(&mut self, lane: &Lane, n_steps: usize) {
        if self.working.is_some() {
            return;
        }
        self.pause = Arc::default();
        let (pause, progress, wake) =
            (Arc::clone(&self.pause), Arc::clone(&self.progress), Arc::clone(&self.wake));
        let (recipe, origin) = (Arc::clone(&self.recipe), Arc::clone(&self.origin));
        let student = self.student.take();
        self.working = Some(Task::spawn(lane, move |cancel| {
            let mut student = match student {
                Some(student) => student,
                None => Student::new(recipe, &progress)?,
            };
            origin.get_or_init(|| Arc::clone(&student.origin));
            let mut told = Instant::now();
            let mut problem = None;
            for _ in 0..n_steps {
                if cancel.is_requested() || pause.load(Ordering::Relaxed) {
                    break;
                }
                if let Err(e) = student.step(&progress) {
                    problem = Some(e);
                    break;
                }
                if told.elapsed() >= NEWS {
                    told = Instant::now();
                    wake();
                }
            }
            problem = student.rest(&progress).err().or(problem);
            Ok(Outcome { student, problem })
        }));
    }

    /// Stops after the step it is at.
    pub fn pause(&self) {
        self.pause.store(true, Ordering::Relaxed);
    }

    /// Takes what the work has come to. Gives what went wrong.
    pub fn receive(&mut self) -> Option<Problem> {
        match finished(&mut self.working)? {
            Ok(Outcome { student, problem }) => {
                self.student = Some(student);
                problem
            }
            Err(problem) => Some(problem),
        }
    }

    /// Is it at work?
    pub fn is_running(&self) -> bool {
        self.working.is_some()
    }

    /// Can it go on? Not if it could not begin.
    pub fn can_go(&self) -> bool {
        self.student.is_some()
    }

    /// What is known so far. The run waits while this is held: let it go soon.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The step at which the model was kept that is shown for this one.
    pub fn kept_at(&self, step: usize) -> Option<usize> {
        self.progress().snapshot(step).map(|snapshot| snapshot.step)
    }

    /// A job that makes the model as it was at a step, or at the last before it that was kept.
    ///
    /// # Errors
    /// The job's: when nothing was kept.
    pub fn opener(
        &self,
        step: usize,
    ) -> impl FnOnce() -> Result<Checkpoint> + Send + 'static + use<> {
        let found = self.found(step);
        move || {
            let (origin, step, learned) = found?;
            let parameters = origin.parameters.with(&learned);
            origin.checkpoint(&parameters, model_name(step), &format!("step {step}"))
        }
    }

    /// A job that saves the model as it is now.
    ///
    /// # Errors
    /// The job's: when it cannot be written.
    pub fn saver(&self, folder: PathBuf) -> impl FnOnce() -> Result<()> + Send + 'static + use<> {
        let found = self.found(LATEST);
        move || {
            let (origin, _, learned) = found?;
            origin.save(&origin.parameters.with(&learned), &folder)
        }
    }

    /// The model before the first step, and what was learned by a step.
    fn found(&self, step: usize) -> Result<(Arc<Material>, usize, Arc<Learned>)> {
        let progress = self.progress();
        let snapshot = progress.snapshot(step).zip(self.origin.get());
        let (snapshot, origin) = snapshot.ok_or_else(|| {
            Problem::new("Could not show the model as it was", "the run has not begun")
        })?;
        Ok((Arc::clone(origin), snapshot.step, Arc::clone(&snapshot.learned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::training::{Start, Task as Exercise};

    fn finished(mut run: Run) -> (Run, Option<Problem>) {
        while run.is_running() {
            if let Some(problem) = run.receive() {
                return (run, Some(problem));
            }
            std::thread::yield_now();
        }
        (run, None)
    }

    fn tiny(seed: u64) -> Recipe {
        let start =
            Start::Fresh { layers: 1, heads: 2, width: 16, has_mlp: true, has_positions: true };
        Recipe { start, rows: 2, context: 16, seed, ..Recipe::default() }
    }

    #[test]
    fn a_run_pauses_goes_on_and_is_the_same_as_one_without_a_pause() {
        let lane = Lane::start("test", || ()).unwrap();
        let whole = finished(Run::begin(&lane, tiny(3), 30, || ())).0;
        let (mut parts, problem) = finished(Run::begin(&lane, tiny(3), 12, || ()));
        assert_eq!(problem, None);
        assert!(parts.can_go());
        parts.go(&lane, 18);
        let parts = finished(parts).0;
        assert_eq!(whole.progress().losses, parts.progress().losses);
        assert_eq!(whole.progress().step, 30);
        let other = finished(Run::begin(&lane, tiny(4), 30, || ())).0;
        assert_ne!(whole.progress().losses, other.progress().losses);
        // The models of the run are models like any other.
        for step in [0, 12, LATEST] {
            let model = parts.opener(step)().unwrap();
            assert_eq!(model.trace("abcab").unwrap().tokens.len(), 5);
        }
        let last = parts.opener(LATEST)().unwrap();
        assert_eq!(step_of(&last.source), Some(30));
        let folder = tempfile::tempdir().unwrap();
        parts.saver(folder.path().join("saved"))().unwrap();
        let saved = folder.path().join("saved").display().to_string();
        let saved = Checkpoint::open(&saved, crate::model::DeviceKind::default()).unwrap();
        let logits =
            |model: &Checkpoint| model.trace("abcab").unwrap().next_logits().map(<[f32]>::to_vec);
        assert_eq!(logits(&saved), logits(&last));
    }

    #[test]
    fn steps_that_are_too_large_end_with_a_message_and_what_was_learned_stays() {
        let lane = Lane::start("test", || ()).unwrap();
        let recipe = Recipe { rate: 1e30, ..tiny(1) };
        let (run, problem) = finished(Run::begin(&lane, recipe, 50, || ()));
        assert!(problem.unwrap().why.contains("too large"));
        assert!(run.opener(0)().is_ok());
    }

    #[test]
    fn every_task_is_learned() {
        let lane = Lane::start("test", || ()).unwrap();
        for task in Exercise::ALL {
            let practice = crate::session::training::Practice::Task(task);
            let recipe = Recipe { practice, rows: 4, ..tiny(2) };
            let (run, problem) = finished(Run::begin(&lane, recipe, 60, || ()));
            assert_eq!(problem, None);
            let losses = &run.progress().losses;
            let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
            assert!(mean(&losses[50..]) < 0.98 * mean(&losses[..5]), "{task:?}: {losses:?}");
        }
    }
}
