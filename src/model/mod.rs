//! The model: burn lives here and nowhere above.
//!
//! [`pages::gpt2`] is the page to read first: one forward pass that hands every named activation to a
//! [`Probe`]. Around it, [`Checkpoint`] opens a folder as Hugging Face publishes it, [`Tokenizer`]
//! turns text into tokens and back, and its `trace` turns a forward pass into a [`Trace`](crate::trace::Trace).

pub mod files;
pub mod insight;
pub mod learn;
mod pages;
mod parts;
mod run;
mod text;

pub use files::bundled::{BUNDLED, Bundled, READER, STORYBOOK, TRANSLATOR};
pub use files::bytes::Bytes;
pub use files::checkpoint::Checkpoint;
pub use files::config::{
    Config, Family, Gpt2Config, LlamaConfig, Rope, RopeScaling, SUPPORTED, Search,
};
pub use files::fingerprint::fingerprint;
pub use files::gguf::Gguf;
pub use files::weights::{TensorSource, Weights};
pub use insight::attribution::{Attribution, Part};
pub use insight::lens;
pub use insight::lexicon::{Lexicon, Neighbour};
pub use pages::marian::{Marian, Memory};
pub use pages::network::Network;
pub use pages::{gpt2, llama};
pub use parts::activation_function::ActivationFunction;
pub use parts::attention::Heads;
pub use parts::rotary::Rotary;
pub use run::cache::Cache;
pub use run::device::DeviceKind;
pub use run::edit::{Edit, Edited, Look};
pub use run::memory::{megabytes, recording_bytes, trace_bytes};
pub use run::probe::{Probe, Recorder, Silent};
pub use run::translation::Target;
pub use text::chat::Chat;
pub use text::merges::{Bpe, Method, Word};
pub use text::tokenizer::Tokenizer;
