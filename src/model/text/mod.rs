//! Text to tokens and back: tokenizers, their merges, chat templates.

pub mod chat;
pub mod merges;
pub mod sentencepiece;
pub mod tokenizer;
pub mod tokenizer_class;
pub mod vocabulary;
