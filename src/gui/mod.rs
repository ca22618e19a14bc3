//! The window: a text on top, the steps of the model on the left, the chosen step in the middle, the
//! next token on the right, and beneath what is seen.
//!
//! `contract` says what a view is and what it may ask for, `views` lists them, `shell` is the window
//! around them. Model work runs on one thread, and what it yields is looked at in `shell::app::App::logic`.

mod contract;
mod look;
pub mod picture;
mod scene;
mod shell;
mod state;
pub mod views;
mod widgets;

pub use contract::action::{ACTIONS, Action, Scope};
pub use contract::command::{Command, Learn, Target};
pub use contract::view::{Context, Tab, View};
pub use look::{format, theme};
pub use picture::shot::{ShotArgs, shot};
pub use picture::{export, raster};
pub use shell::app::App;
pub use shell::crash;
pub use shell::saving::{Request, Thing};
pub use shell::window::{WindowArgs, run};
pub use state::comparison::Comparison;
pub use state::saved::{FIRST_PROMPT, Learning, Saved};
pub use state::selection::Selection;
pub use state::stack::Stack;
pub use state::{memory, session_file};
