//! The window around the views: prompt, rail, side panel, palette, help, dialogs, lessons.

pub mod app;
pub mod choose;
pub mod chooser;
pub mod crash;
pub mod dialog;
pub mod display;
pub mod doors;
pub mod greeting;
pub mod help;
pub mod keys;
pub mod lesson;
pub mod notices;
pub mod opening;
pub mod palette;
pub mod presenter;
pub mod prompt;
pub mod rail;
pub mod reading;
pub mod room;
pub mod saving;
pub mod side;
pub mod software;
pub mod time;
pub mod window;
