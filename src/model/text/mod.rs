//! Text to tokens and back: tokenizers, their merges, chat templates.

pub mod chat;
mod clock;
pub mod merges;
pub(crate) mod pieces;
pub mod sentencepiece;
pub mod tokenizer;
pub mod tokenizer_class;
pub mod vocabulary;
