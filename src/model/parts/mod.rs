//! The parts that the pages share: attention, MLP, norms, position rotations, output matrix.

pub mod activation_function;
pub mod attention;
pub mod block;
pub mod decoder;
pub mod linear;
pub mod mlp;
pub mod norm;
pub mod pooling;
pub mod post_norm;
pub mod rotary;
pub mod unembedding;
