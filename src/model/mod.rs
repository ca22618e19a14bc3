//! The model: burn lives here and nowhere above.
//!
//! [`gpt2`] is the page to read first: one forward pass that hands every named activation to a
//! [`Probe`]. Around it, [`Checkpoint`] opens a folder as Hugging Face publishes it, [`Tokenizer`]
//! turns text into tokens and back, and its `trace` turns a forward pass into a [`Trace`](crate::trace::Trace).

mod activation_function;
mod attention;
mod attribution;
mod bert;
mod block;
mod bundled;
mod bytes;
mod cache;
mod chat;
mod checkpoint;
mod config;
mod device;
mod edit;
mod fingerprint;
mod gguf;
pub mod gpt2;
pub mod lens;
mod lexicon;
mod linear;
pub mod llama;
mod marian;
mod memory;
mod merges;
mod mlp;
mod network;
mod norm;
mod numbers;
mod ops;
mod pooling;
mod positions;
mod post_norm;
mod probe;
mod rotary;
mod safetensors_files;
mod sentencepiece;
mod tokenizer;
mod tokenizer_class;
mod translation;
mod unembedding;
mod vocabulary;
mod weights;

pub use activation_function::ActivationFunction;
pub use attention::Heads;
pub use attribution::Attribution;
pub use bundled::{BUNDLED, Bundled, TRANSLATOR};
pub use bytes::Bytes;
pub use cache::Cache;
pub use chat::Chat;
pub use checkpoint::Checkpoint;
pub use config::{Config, Family, Gpt2Config, LlamaConfig, Rope, RopeScaling, SUPPORTED, Search};
pub use device::DeviceKind;
pub use edit::{Edit, Edited, Look};
pub use fingerprint::fingerprint;
pub use gguf::Gguf;
pub use lexicon::{Lexicon, Neighbour};
pub use marian::{Marian, Memory};
pub use memory::{megabytes, recording_bytes, trace_bytes};
pub use merges::{Bpe, Method, Word};
pub use network::Network;
pub use probe::{Probe, Recorder, Silent};
pub use rotary::Rotary;
pub use tokenizer::Tokenizer;
pub use translation::Target;
pub use weights::{TensorSource, Weights};
