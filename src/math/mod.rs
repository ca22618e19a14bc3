//! Pure functions on slices of numbers: no model, no window.

pub mod attention_steps;
pub mod oklab;
pub mod pca;
pub mod sampling;
pub mod vector;
