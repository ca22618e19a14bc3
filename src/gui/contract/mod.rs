//! All that views may know of the window: the trait, commands, actions, textures, addresses of numbers.

pub mod action;
pub mod command;
pub mod origin;
pub mod textures;
pub mod view;
