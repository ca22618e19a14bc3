//! The window: a text on top, the steps of the model on the left, the chosen step in the middle, the
//! next token on the right, and beneath what is seen.
//!
//! `app` puts the parts together; `view` says what a step is, `views` lists them. Everything
//! that can be asked of the program is a `command::Command`. Model work runs on one thread, and
//! what it yields is looked at in `app::App::logic`.

mod action;
mod app;
mod choose;
mod command;
mod comparison;
pub mod crash;
mod dialog;
mod edit_words;
pub mod export;
mod fit;
pub mod format;
mod greeting;
mod help;
mod history;
mod keys;
mod lesson;
pub mod memory;
mod motion;
mod next;
mod notices;
mod opening;
mod origin;
mod palette;
mod presenter;
mod prompt;
mod rail;
pub mod raster;
mod reading;
mod saved;
mod saving;
mod selection;
pub mod session_file;
mod shot;
mod side;
mod software;
mod stack;
mod textures;
pub mod theme;
mod view;
pub mod views;
mod vocabulary;
mod widgets;
mod window;

pub use action::{ACTIONS, Action, Scope};
pub use app::App;
pub use command::{Command, Target};
pub use comparison::Comparison;
pub use saved::{FIRST_PROMPT, Learning, Saved};
pub use saving::{Request, Thing};
pub use selection::Selection;
pub use shot::{ShotArgs, shot};
pub use stack::Stack;
pub use view::{Context, Tab, View};
pub use window::{WindowArgs, run};
