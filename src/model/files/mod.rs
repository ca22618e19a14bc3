//! Checkpoints as files: configurations, weights in safetensors and GGUF, the bundled models.

pub mod bundled;
pub mod bytes;
pub mod checkpoint;
pub mod config;
pub mod fingerprint;
pub mod gguf;
pub(crate) mod layout;
pub(crate) mod leftovers;
pub mod safetensors_files;
pub(crate) mod unheeded;
pub mod weights;
