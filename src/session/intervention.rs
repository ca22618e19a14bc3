//! Changes to a model, checked before they are made: one that names what the model does not have
//! would change nothing, silently.

use crate::model::{Checkpoint, Edit};
use crate::problem::{Problem, Result};
use crate::trace::{Axis, Hook, ModelInfo};

const CHANGING: &str = "Could not change the model";

/// Does the model have what an edit changes, and the text the position?
///
/// # Errors
/// When it does not; says what there is.
pub fn check(edit: &Edit, model: &ModelInfo, n_tokens: usize) -> Result<()> {
    match edit {
        Edit::Head { layer, head, .. } | Edit::Force { layer, head, .. } => {
            in_layer("head", [*layer, *head], [model.n_layers, model.n_heads])
        }
        Edit::Neuron { layer, neuron, .. } => {
            in_layer("neuron", [*layer, *neuron], [model.n_layers, model.d_mlp])
        }
        Edit::Attention { layer, .. } | Edit::Mlp { layer, .. } => {
            within("layer", *layer, model.n_layers)
        }
        Edit::Hide { pos } => within("token", *pos, n_tokens),
        Edit::Patch { hook, pos, .. } => {
            check_hook(*hook, model)?;
            within("token", *pos, n_tokens)
        }
    }
}

fn in_layer(what: &str, [layer, index]: [usize; 2], [n_layers, n]: [usize; 2]) -> Result<()> {
    if layer < n_layers && index < n {
        return Ok(());
    }
    let [last_layer, last] = [n_layers, n].map(|n| n.saturating_sub(1));
    let cure = format!("Layers go from 0 to {last_layer}, {what}s from 0 to {last}");
    Err(Problem::new(CHANGING, format!("there is no {what} {layer}.{index}")).cure(cure))
}

fn within(what: &str, index: usize, n: usize) -> Result<()> {
    if index < n {
        return Ok(());
    }
    let cure = format!("They go from 0 to {}", n.saturating_sub(1));
    Err(Problem::new(CHANGING, format!("there is no {what} {index}")).cure(cure))
}

fn check_hook(hook: Hook, model: &ModelInfo) -> Result<()> {
    if let Hook::Block(layer, _) = hook {
        within("layer", layer, model.n_layers)?;
    }
    if hook.axes().last() == Some(&Axis::One) {
        let why = format!("{hook} is only read");
        let cure = "Patch what was divided by it: hook_normalized";
        return Err(Problem::new(CHANGING, why).cure(cure));
    }
    if hook.axes().first() != Some(&Axis::Pos) {
        let why = format!("{hook} has no values of a single token");
        let cure = "Patch where every token has its own, as at blocks.0.hook_resid_post";
        return Err(Problem::new(CHANGING, why).cure(cure));
    }
    Ok(())
}

/// The edit that puts what token `from` of another text has at `hook` in the place of what token
/// `onto` has there.
///
/// # Errors
/// When the model cannot read the other text, or has no such values.
pub fn patch(model: &Checkpoint, text: &str, hook: Hook, [from, onto]: [usize; 2]) -> Result<Edit> {
    check_hook(hook, &model.info)?;
    let trace = model.trace(text)?;
    within("token", from, trace.tokens.len()).map_err(|problem| Problem {
        why: format!("{} in the text to take it from", problem.why),
        ..problem
    })?;
    let values = trace.get(hook).and_then(|activation| activation.at(&[from]));
    let values = values.ok_or_else(|| {
        Problem::new(CHANGING, format!("this model has no {hook}"))
            .cure("`headlight trace --out F.json` lists what it has")
    })?;
    Ok(Edit::Patch { hook, pos: onto, values: values.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind, Look};
    use crate::trace::BlockHook;

    #[test]
    fn what_is_not_there_is_named() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let (layer, head, neuron, factor) = (0, 0, 0, 0.0);
        let why = |edit: Edit| check(&edit, &model.info, 5).unwrap_err().why;
        let n = model.info.n_layers;
        for (edit, expected) in [
            (Edit::Mlp { layer: n, factor }, format!("there is no layer {n}")),
            (
                Edit::Force { layer, head: 99, look: Look::Before },
                "there is no head 0.99".to_owned(),
            ),
            (Edit::Neuron { layer, neuron: 9_999, factor }, "there is no neuron 0.9999".to_owned()),
            (Edit::Hide { pos: 5 }, "there is no token 5".to_owned()),
        ] {
            assert_eq!(why(edit), expected);
        }
        for edit in [
            Edit::Head { layer, head, factor },
            Edit::Neuron { layer, neuron, factor },
            Edit::Hide { pos: 4 },
        ] {
            assert_eq!(check(&edit, &model.info, 5), Ok(()));
        }
    }

    #[test]
    fn patches_come_from_where_they_are_taken() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let hook = Hook::Block(2, BlockHook::ResidPost);
        let edit = patch(&model, "A dog ran", hook, [1, 3]).unwrap();
        let trace = model.trace("A dog ran").unwrap();
        let expected = trace.get(hook).unwrap().at(&[1]).unwrap().to_vec();
        assert_eq!(edit, Edit::Patch { hook, pos: 3, values: expected });
        let late = patch(&model, "A dog ran", hook, [9, 0]).unwrap_err();
        assert!(late.why.contains("no token 9 in the text to take it from"));
        let pattern = Hook::Block(0, BlockHook::Pattern);
        assert!(patch(&model, "A dog", pattern, [0, 0]).is_err());
        assert!(patch(&model, "A dog", Hook::LnFinalScale, [0, 0]).is_err());
    }
}
