//! The architectures, one page each, and what the rest of the program asks any of them.

pub mod bert;
pub mod gpt2;
pub mod gpt_neo;
pub mod gpt_neox;
pub mod llama;
pub mod marian;
pub mod network;
