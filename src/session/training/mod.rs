//! Learning as it is watched: what is practised, the run in the background, and what it leaves behind:
//! losses, what each head does, and the model as it was at many steps.

mod exercise;
mod held_out;
mod progress;
mod reading;
mod recipe;
mod run;
mod student;

pub use exercise::Task;
pub use progress::{Check, Progress, Roles};
pub use reading::{is_text, read_text};
pub use recipe::{Practice, Recipe, SENTENCE, STEPS_FROM_NOTHING, STEPS_OF_TEACHING, Start};
pub use run::{LATEST, Run, model_name, step_of};
