//! The model's whole table of position vectors, fetched once per model.

use crate::background::{Task, finished};
use crate::gui::contract::view::Context;
use crate::math::vector::{Similarity, similarity};
use crate::model::Checkpoint;
use crate::trace::{Activation, Matrix};
use std::sync::{Arc, Weak};

/// More cosines than this many rows and columns could not be told apart on a screen.
const MOST_COSINES: usize = 512;

/// What was fetched.
pub struct Fetched {
    /// `[n_ctx, d_model]`
    vectors: Activation,
    /// How alike its rows are.
    pub similarity: Similarity,
}

impl Fetched {
    /// The vector of every position, `[n_ctx, d_model]`.
    pub fn vectors(&self) -> Matrix<'_> {
        let empty = Matrix { rows: 0, cols: 0, data: &[] };
        self.vectors.as_matrix().unwrap_or(empty)
    }
}

/// The table, as far as it is there.
#[derive(Default)]
pub struct Table {
    asked: Weak<Checkpoint>,
    task: Option<Task<Fetched>>,
    /// Of this model, or of the last one until the new one is there.
    pub fetched: Option<Fetched>,
    /// Why there is none.
    pub problem: Option<String>,
}

impl Table {
    /// Has the table fetched, if the model is another than last time.
    pub fn ask(&mut self, ctx: &Context<'_>) {
        if Weak::as_ptr(&self.asked) == Arc::as_ptr(ctx.model) {
            return;
        }
        self.asked = Arc::downgrade(ctx.model);
        let model = Arc::clone(ctx.model);
        self.task = Some(Task::spawn(ctx.lane, move |_| {
            let vectors = model.position_table()?;
            let similarity = similarity(vectors.data(), model.info.d_model, MOST_COSINES);
            Ok(Fetched { vectors, similarity })
        }));
    }

    /// Takes the table when it is there.
    pub fn receive(&mut self) {
        match finished(&mut self.task) {
            Some(Ok(fetched)) => (self.fetched, self.problem) = (Some(fetched), None),
            Some(Err(problem)) => (self.fetched, self.problem) = (None, Some(problem.to_string())),
            None => {}
        }
    }

    /// Is it on its way?
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// What to say while there is no table.
    pub fn excuse(&self) -> &str {
        self.problem.as_deref().unwrap_or("Reading the position vectors …")
    }
}
