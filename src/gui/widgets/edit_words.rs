//! Changes to the model in words.

use crate::model::{Edit, Look};
use crate::text::trf;

/// A change in words: "head 4.1 off".
pub fn edit_in_words(edit: &Edit) -> String {
    match edit {
        Edit::Head { layer, head, factor: 0.0 } => trf("head {0}.{1} off", &[layer, head]),
        Edit::Head { layer, head, factor } => trf("head {0}.{1} × {2}", &[layer, head, factor]),
        Edit::Attention { layer, factor: 0.0 } => trf("attention {0} off", &[layer]),
        Edit::Attention { layer, factor } => trf("attention {0} × {1}", &[layer, factor]),
        Edit::Mlp { layer, factor: 0.0 } => trf("MLP {0} off", &[layer]),
        Edit::Mlp { layer, factor } => trf("MLP {0} × {1}", &[layer, factor]),
        Edit::Neuron { layer, neuron, factor: 0.0 } => trf("neuron {0}.{1} off", &[layer, neuron]),
        Edit::Neuron { layer, neuron, factor } => {
            trf("neuron {0}.{1} × {2}", &[layer, neuron, factor])
        }
        Edit::Hide { pos } => trf("token {0} hidden", &[pos]),
        Edit::Force { layer, head, look: Look::Everywhere } => {
            trf("head {0}.{1} looks everywhere", &[layer, head])
        }
        Edit::Force { layer, head, look: Look::Before } => {
            trf("head {0}.{1} looks one back", &[layer, head])
        }
        Edit::Patch { hook, pos, .. } => trf("{0} patched at token {1}", &[hook, pos]),
    }
}
