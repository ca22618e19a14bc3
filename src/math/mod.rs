//! Pure functions on slices of numbers: no model, no window.

pub mod align;
pub mod attention_steps;
pub mod beam;
pub mod bpe;
pub mod coin_bar;
pub mod heads;
pub mod histogram;
pub mod oklab;
pub mod pca;
pub mod readout;
pub mod rotation;
pub mod sampling;
pub mod sinusoid;
pub mod stages;
pub mod tree;
pub mod vector;
