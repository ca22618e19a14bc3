//! The views, one file each.

mod attention;
mod context;
mod generation;
mod heads;
mod sampling;
mod lens;
mod output;
mod mlp;
mod positions;
mod tokens;

use super::view::View;

/// Every view, in teaching order: the road from text to the next word.
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<tokens::Tokens>::default(),
        Box::<positions::Positions>::default(),
        Box::<heads::Heads>::default(),
        Box::<attention::Attention>::default(),
        Box::<context::ContextView>::default(),
        Box::<sampling::SamplingView>::default(),
        Box::<generation::GenerationView>::default(),
        Box::<lens::LensView>::default(),
        Box::<output::Output>::default(),
        Box::<mlp::Mlp>::default(),
    ]
}
