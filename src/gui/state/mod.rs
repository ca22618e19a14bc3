//! What is the user's: text, settings, selection; undo, what is remembered, session files.

pub mod comparison;
pub mod history;
pub mod memory;
pub mod saved;
pub mod selection;
pub mod session_file;
pub mod stack;
