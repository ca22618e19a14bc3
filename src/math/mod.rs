//! Pure functions on slices of numbers: no model, no window.

pub mod attention_steps;
pub mod histogram;
pub mod oklab;
pub mod readout;
pub mod sampling;
