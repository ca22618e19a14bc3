//! What is shown: the next token's probabilities, derived from the recording on screen.

pub mod next;
