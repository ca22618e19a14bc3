//! Recording a text while it is being typed.

use crate::model::{Cache, Checkpoint, Edit, Edited, Recorder, Target};
use crate::problem::{Problem, Result};
use crate::trace::{
    Activation, Axis, BlockHook, Future, Hook, Products, Shape, Token, Trace, join_rows,
    join_squares,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keeps the last recording with its keys and values, and records only the positions that a change
/// of the text can have changed: nobody looks at the future, so all that was recorded before the
/// first different token still holds.
#[derive(Debug, Default)]
pub struct Follower {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    trace: Arc<Trace>,
    edits: Vec<Edit>,
    cache: Cache,
}

impl Follower {
    /// Records a text, with changes made on the way; the same as [`Checkpoint::trace_target`].
    ///
    /// # Errors
    /// As [`Checkpoint::prompt`].
    pub fn trace(
        &mut self,
        model: &Checkpoint,
        text: &str,
        target: Target<'_>,
        edits: &[Edit],
    ) -> Result<Arc<Trace>> {
        if model.info.shape != Shape::Decoder {
            // Where everybody looks at the future, a change changes everything.
            return model.trace_target(text, target, edits).map(Arc::new);
        }
        let (tokens, dropped) = model.prompt(text)?;
        model.check_room(tokens.len())?;
        let (earlier, mut cache) = match self.last.take() {
            Some(last) if last.serves(model, edits) => (Some(last.trace), last.cache),
            _ => (None, Cache::default()),
        };
        // The last token is read again even if it is known, so that there is something to read.
        let same = earlier.as_ref().map_or(0, |trace| same(&trace.tokens, &tokens));
        let kept = same.min(tokens.len() - 1);
        cache.truncate(kept);
        let edits_left = after(kept, edits);
        let inner = Recorder::default();
        let mut probe = Edited { model: &model.info, edits: &edits_left, inner };
        model.run(&tokens[kept..], &mut cache, &mut probe);
        let new = probe.inner.finish()?;
        let activations = match earlier {
            Some(earlier) if kept > 0 => continued(model, &earlier, kept, new)?,
            _ => new,
        };
        let text = text.to_owned();
        let trace = Trace::new(model.info.clone(), text, tokens, dropped, activations)?;
        let trace = Arc::new(trace);
        self.last = Some(Last { trace: Arc::clone(&trace), edits: edits.to_vec(), cache });
        Ok(trace)
    }
}

impl Last {
    /// Does its recording hold for the beginning of another text, read by this model?
    fn serves(&self, model: &Checkpoint, edits: &[Edit]) -> bool {
        let by_position = |edit: &Edit| match edit {
            // Hidden tokens change scores to the right of earlier rows, too.
            Edit::Hide { .. } => false,
            Edit::Patch { hook, .. } => hook.axes().first() == Some(&Axis::Pos),
            _ => true,
        };
        Arc::ptr_eq(&self.trace.model, &model.info)
            && self.edits == edits
            && edits.iter().all(by_position)
    }
}

/// How many tokens two texts have in common from the start.
fn same(a: &[Token], b: &[Token]) -> usize {
    let pairs = a.iter().zip(b);
    pairs.take_while(|(a, b)| a.id == b.id).count()
}

/// The changes that concern positions from `kept` on, which the model reads as if they were first.
fn after(kept: usize, edits: &[Edit]) -> Vec<Edit> {
    let moved = |edit: &Edit| match edit {
        Edit::Patch { hook, pos, values } => {
            Some(Edit::Patch { hook: *hook, pos: pos.checked_sub(kept)?, values: values.clone() })
        }
        edit => Some(edit.clone()),
    };
    edits.iter().filter_map(moved).collect()
}

/// The first `kept` positions of an earlier recording and new ones after them.
fn continued(
    model: &Checkpoint,
    earlier: &Trace,
    kept: usize,
    new: BTreeMap<Hook, Activation>,
) -> Result<BTreeMap<Hook, Activation>> {
    let mut whole: BTreeMap<Hook, Activation> = BTreeMap::new();
    for (hook, new) in new {
        let Some(old) = earlier.get(hook) else {
            continue;
        };
        let joined = match hook {
            Hook::Block(layer, BlockHook::AttnScores) => {
                let [q, k] = [[BlockHook::RotQ, BlockHook::Q], [BlockHook::RotK, BlockHook::K]]
                    .map(|either| either.iter().find_map(|&at| whole.get(&Hook::Block(layer, at))));
                let products = q.zip(k).map(|(q, k)| Products {
                    q: q.clone(),
                    k: k.clone(),
                    scaling: model.network.attention_scaling(layer) as f32,
                });
                let future = products.map(|products| Future::Products(Arc::new(products)));
                future.and_then(|future| join_squares(old, kept, &new, future))
            }
            hook if hook.axes() == [Axis::Head, Axis::Query, Axis::Key] => {
                join_squares(old, kept, &new, Future::Hidden)
            }
            _ => join_rows(old, kept, &new),
        };
        let joined = joined.ok_or_else(|| {
            Problem::new("Could not go on with the recording", format!("{hook} does not fit"))
        })?;
        // Who looked at the last recording's numbers will look at these; then they are ready.
        if old.was_put_together() {
            joined.data();
        }
        whole.insert(hook, joined);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    /// A generator of numbers below `n`, the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % n
        }
    }

    fn typed(dice: &mut Dice, text: &str) -> String {
        const WORDS: [&str; 5] = [" cat", " the old house", "s", ", and then", " 🦀"];
        let mut chars: Vec<char> = text.chars().collect();
        let at = dice.roll(chars.len() + 1);
        match dice.roll(6) {
            0 | 1 => chars.extend(WORDS[dice.roll(5)].chars()),
            2 => chars.truncate(chars.len() - dice.roll(3).min(chars.len() - 1)),
            3 => {
                chars.splice(at..at, WORDS[dice.roll(5)].chars());
            }
            4 if chars.len() > 8 => {
                let start = at.min(chars.len() - 4);
                chars.drain(start..start + 3);
            }
            _ => chars.extend("It was late, and the boy".chars()),
        }
        chars.into_iter().take(160).collect()
    }

    fn follow(edits: &[Edit], rounds: usize, seed: u64) {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let (mut follower, mut dice) = (Follower::default(), Dice(seed));
        let mut text = "Once upon a time".to_owned();
        for round in 0..rounds {
            let followed = follower.trace(&model, &text, Target::Own, edits).unwrap();
            // Now and then nobody looks for a while.
            if dice.roll(3) > 0 {
                let afresh = model.trace_edited(&text, edits).unwrap();
                assert_eq!(followed.tokens, afresh.tokens);
                assert_eq!(followed.iter().count(), afresh.iter().count());
                for (hook, expected) in afresh.iter() {
                    let got = followed.get(hook).unwrap();
                    assert_eq!(got.shape(), expected.shape(), "{hook}");
                    // As against the reference: in proportion to the largest number, at least 1.
                    let sizes = expected.data().iter().map(|x| x.abs());
                    let largest = sizes.filter(|x| x.is_finite()).fold(1.0, f32::max);
                    for (a, b) in got.data().iter().zip(expected.data()) {
                        let close = (a - b).abs() <= 1e-5 * largest;
                        assert!(close || a == b, "{hook} in round {round}: {a}, {b}, {text:?}");
                    }
                }
            }
            text = typed(&mut dice, &text);
        }
    }

    #[test]
    fn following_equals_reading_afresh() {
        follow(&[], 60, 1);
    }

    #[test]
    fn experiments_are_followed_too() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let (hook, width) = (Hook::Block(2, BlockHook::ResidPost), model.info.d_model);
        let edits = [
            Edit::Head { layer: 1, head: 2, factor: 0.0 },
            Edit::Patch { hook, pos: 5, values: vec![0.5; width] },
        ];
        follow(&edits, 15, 2);
        follow(&[Edit::Hide { pos: 3 }], 6, 3);
    }

    #[test]
    fn another_model_or_experiment_starts_afresh() {
        let open = || Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let (model, other) = (open(), open());
        let mut follower = Follower::default();
        let text = "The cat sat on the";
        follower.trace(&model, text, Target::Own, &[]).unwrap();
        let again = follower.trace(&other, text, Target::Own, &[]).unwrap();
        assert!(Arc::ptr_eq(&again.model, &other.info));
        let off = [Edit::Mlp { layer: 0, factor: 0.0 }];
        let changed = follower.trace(&other, text, Target::Own, &off).unwrap();
        assert_eq!(changed.next_logits(), other.trace_edited(text, &off).unwrap().next_logits());
        assert!(follower.trace(&other, "", Target::Own, &[]).is_err());
    }
}
