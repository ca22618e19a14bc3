//! What is asked of the weights: the embedding table as a dictionary, the logit lens, positions, attribution.

pub mod attribution;
pub mod carried;
pub mod lens;
pub mod lexicon;
pub mod positions;
