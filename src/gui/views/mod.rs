//! The views, one file each.

mod attention;
mod heads;
mod lens;
mod output;

use super::view::View;

/// Every view, in teaching order: the road from text to the next word.
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<heads::Heads>::default(),
        Box::<attention::Attention>::default(),
        Box::<lens::LensView>::default(),
        Box::<output::Output>::default(),
    ]
}
