//! Pure functions on slices of numbers: no model, no window.

pub mod attention_steps;
pub mod heads;
pub mod coin_bar;
pub mod bpe;
pub mod oklab;
pub mod pca;
pub mod histogram;
pub mod oklab;
pub mod readout;
pub mod sampling;
pub mod stages;
pub mod tree;
pub mod sinusoid;
pub mod vector;
