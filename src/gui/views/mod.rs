//! The views, one file each.

mod attention;
mod heads;
mod mlp;
mod positions;

use super::view::View;

/// Every view, in teaching order: the road from text to the next word.
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<positions::Positions>::default(),
        Box::<heads::Heads>::default(),
        Box::<attention::Attention>::default(),
        Box::<mlp::Mlp>::default(),
    ]
}
