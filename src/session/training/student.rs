//! The model that learns, and the work of a run.

use super::exercise::Exercise;
use super::held_out::{judge, surprises, write};
use super::progress::{Check, Progress, Snapshot};
use super::recipe::{Practice, Recipe, Start};
use crate::model::Silent;
use crate::model::learn::{Lesson, Material, Rule};
use crate::problem::{Problem, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A text that the bundled model has never read, to see what teaching does to what it knew.
const STORY: &str = include_str!("../../../assets/texts/story.txt");
/// Rows of it that are asked for.
const STORY_ROWS: usize = 2;
/// Words written in a check, in tokens.
const SAMPLE: usize = 24;
/// Checks lie this much apart: a share of the steps done.
const PACE: f64 = 0.08;

/// A model that learns, with what it practises.
#[derive(Debug)]
pub(super) struct Student {
    recipe: Arc<Recipe>,
    /// What it was before.
    pub origin: Arc<Material>,
    lesson: Lesson,
    exercise: Exercise,
    /// What is asked and never practised.
    held_out: Vec<Vec<u32>>,
    shown: Vec<u32>,
    n_steps: usize,
    next_check: usize,
}

impl Student {
    /// Gets everything ready, and measures what can be done before the first step.
    ///
    /// # Errors
    /// When the model cannot be opened or made, or there is nothing to practise.
    pub(super) fn new(recipe: Arc<Recipe>, progress: &Mutex<Progress>) -> Result<Self> {
        let mut origin = match (&recipe.start, recipe.fresh()) {
            (Start::Model(name), _) => Material::open(name)?,
            (_, Some(fresh)) => {
                let text = match &recipe.practice {
                    Practice::Task(task) => task.characters(),
                    Practice::Text(text) => text.trim(),
                };
                fresh.make(recipe.vocabulary(), text, recipe.seed)?
            }
            _ => return Err(Problem::new("There is nothing to teach", "no model is named")),
        };
        if let Some(rank) = recipe.low_rank {
            origin.parameters.learn_low_rank(rank, recipe.seed)?;
        }
        let config = origin.parsed()?;
        let context = recipe.context.min(config.info("").n_ctx).max(1);
        let mut exercise =
            Exercise::new(&recipe.practice, &origin.tokenizer, context, recipe.seed)?;
        let held_out = if recipe.is_fresh() {
            exercise.held_out.clone()
        } else {
            let story = origin.tokenizer.encode_bare(STORY)?;
            let story: Vec<u32> = story.iter().map(|token| token.id).collect();
            story.chunks_exact(context + 1).take(STORY_ROWS).map(<[u32]>::to_vec).collect()
        };
        let shown = match exercise.held_out.first() {
            Some(row) if recipe.is_fresh() => row.clone(),
            _ => exercise.next(1).into_iter().next().unwrap_or_default(),
        };
        let rule = Rule { rate: recipe.rate, ..Rule::default() };
        let lesson = Lesson::new(config, origin.parameters.clone(), rule)?;
        {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.parameters = lesson.parameters.count();
            progress.vocab_size = origin.tokenizer.vocab_size();
            progress.context = shown.len().saturating_sub(1);
            progress.shown = shown.iter().map(|&id| origin.tokenizer.token(id)).collect();
        }
        let origin = Arc::new(origin);
        let mut student =
            Self { recipe, origin, lesson, exercise, held_out, shown, n_steps: 0, next_check: 1 };
        student.check(0, progress)?;
        Ok(student)
    }

    /// One step; now and then with a check.
    ///
    /// # Errors
    /// When the steps are too large: the model is then as it was before.
    pub(super) fn step(&mut self, progress: &Mutex<Progress>) -> Result<()> {
        let start = Instant::now();
        let rows = self.exercise.next(self.recipe.rows.max(1));
        let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
        self.n_steps += 1;
        let grown = self.n_steps as f32 / self.recipe.warm_up.max(1) as f32;
        self.lesson.set_rate(self.recipe.rate * grown.min(1.0));
        self.lesson.measure(self.n_steps >= self.next_check);
        let loss = self.lesson.step(&rows)?;
        let seconds = start.elapsed().as_secs_f64();
        let step = {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.step += 1;
            progress.tokens += rows.iter().map(|row| row.len().saturating_sub(1)).sum::<usize>();
            progress.seconds += seconds;
            progress.losses.push(loss);
            progress.step
        };
        if step >= self.next_check {
            self.next_check = step + 1 + (step as f64 * PACE) as usize;
            self.check(step, progress)?;
        }
        Ok(())
    }

    /// Measures what can be done now, and keeps the model as it is.
    fn check(&mut self, step: usize, progress: &Mutex<Progress>) -> Result<()> {
        let network = self.origin.network(&self.lesson.parameters)?;
        let (held_out, heads) = judge(&network, &self.held_out);
        let start = self.shown.len().div_ceil(2);
        let mut written = write(&network, &self.shown[..start], SAMPLE);
        let mut whole = self.shown[..start].to_vec();
        whole.append(&mut written);
        let tokenizer = &self.origin.tokenizer;
        let check = Check {
            step,
            held_out,
            heads,
            surprises: surprises(&network, &self.shown, &mut Silent),
            sample: whole[start..].iter().map(|&id| tokenizer.token(id).text).collect(),
            gradients: self.lesson.gradient_lengths(),
        };
        let learned = Arc::new(self.lesson.parameters.learned());
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.checks.push(check);
        progress.keep(Snapshot { step, learned });
        Ok(())
    }

    /// Measures and keeps what the last step made, if that was not done.
    ///
    /// # Errors
    /// As the network's.
    pub(super) fn rest(&mut self, progress: &Mutex<Progress>) -> Result<()> {
        let (step, last) = {
            let progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            (progress.step, progress.checks.last().map(|check| check.step))
        };
        if last == Some(step) { Ok(()) } else { self.check(step, progress) }
    }
}
