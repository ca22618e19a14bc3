//! The views, one file each.

mod attention;
mod embeddings;
mod heads;

use super::view::View;

/// Every view, in teaching order: the road from text to the next word.
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<embeddings::Embeddings>::default(),
        Box::<heads::Heads>::default(),
        Box::<attention::Attention>::default(),
    ]
}
