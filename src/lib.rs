//! Headlight shows a transformer from the inside.
//!
//! The map of the program, lower layers first; a lower layer never names a higher one:
//!
//! - [`problem`]: how anything that can go wrong is said;
//! - [`text`]: the words on screen, in the language that was chosen;
//! - [`files`]: files that are whole or not there at all;
//! - [`table`]: tables of numbers and words, as CSV and JSON;
//! - [`trace`]: the record of one forward pass, in plain numbers with named axes;
//! - [`hub`]: models by their Hugging Face name, downloaded or found in the cache;
//! - [`kernel`]: the arithmetic of a forward pass on plain numbers, with the processor's vectors;
//! - [`lesson`]: lessons as data: text, commands, conditions, claims;
//! - [`math`]: sampling, statistics and projections, pure functions on slices;
//! - [`model`]: the transformer itself (burn), its checkpoints and tokenizers;
//! - [`session`]: what can be done with a model: trace, predict, generate;
//! - [`background`]: jobs on named threads, where the newest request wins;
//! - [`cli`]: the command line;
//! - `gui`: the window (feature `gui`).

pub mod background;
pub mod cli;
pub mod files;
#[cfg(feature = "gui")]
pub mod gui;
pub mod hub;
pub mod kernel;
pub mod lesson;
pub mod math;
pub mod model;
pub mod problem;
pub mod session;
pub mod table;
pub mod text;
pub mod trace;
