//! What must hold for any text and model, whatever the weights.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use burn::tensor::Tensor;
use headlight::math::sampling::Sampling;
use headlight::model::{
    BUNDLED, Cache, Checkpoint, DeviceKind, Edit, Edited, Look, READER, Recorder, Silent,
};
use headlight::session::{Generation, candidates};
use headlight::trace::{BlockHook, Hook, ModelInfo, Trace};
use std::sync::Arc;

const TEXT: &str = "The cat chased the mouse because it was hungry.";

fn storybook() -> Checkpoint {
    Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap()
}

/// A model of each kind of attention: a key per head, and one per group of heads.
fn models() -> [Checkpoint; 2] {
    let llama = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny-llama");
    [storybook(), Checkpoint::open(llama, DeviceKind::default()).unwrap()]
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |max, (a, b)| max.max((a - b).abs()))
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn block(trace: &Trace, layer: usize, at: BlockHook) -> &[f32] {
    trace.block(layer, at).unwrap().data()
}

#[test]
fn attention_sums_to_one_and_never_looks_ahead() {
    for trace in models().map(|model| model.trace(TEXT).unwrap()) {
        for layer in 0..trace.model.n_layers {
            for head in 0..trace.model.n_heads {
                let pattern = trace.pattern(layer, head).unwrap();
                for query in 0..pattern.rows {
                    let row = pattern.row(query);
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                    assert!(row[query + 1..].iter().all(|&weight| weight == 0.0));
                }
            }
        }
    }
}

#[test]
fn the_stream_is_a_sum() {
    for trace in models().map(|model| model.trace(TEXT).unwrap()) {
        for layer in 0..trace.model.n_layers {
            let sum =
                |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
            let [pre, attn_out, mid, mlp_out, post] = [
                BlockHook::ResidPre,
                BlockHook::AttnOut,
                BlockHook::ResidMid,
                BlockHook::MlpOut,
                BlockHook::ResidPost,
            ]
            .map(|at| block(&trace, layer, at));
            assert_eq!(sum(pre, attn_out), mid);
            assert_eq!(sum(mid, mlp_out), post);
        }
    }
}

#[test]
fn a_shorter_text_has_the_same_beginning() {
    let model = storybook();
    let (whole, part) =
        (model.trace(TEXT).unwrap(), model.trace("The cat chased the mouse").unwrap());
    for (hook, activation) in part.iter() {
        let long = whole.get(hook).unwrap();
        for pos in 0..part.tokens.len() {
            if let Hook::Block(_, BlockHook::Pattern | BlockHook::AttnScores) = hook {
                for head in 0..part.model.n_heads {
                    let row = long.at(&[head, pos]).unwrap();
                    assert!(
                        largest_difference(
                            &row[..=pos],
                            &activation.at(&[head, pos]).unwrap()[..=pos]
                        ) < 1e-4,
                        "{hook}"
                    );
                }
            } else {
                assert!(
                    largest_difference(activation.at(&[pos]).unwrap(), long.at(&[pos]).unwrap())
                        < 1e-4,
                    "{hook}"
                );
            }
        }
    }
}

#[test]
fn looking_changes_nothing() {
    let model = storybook();
    let (tokens, _) = model.prompt(TEXT).unwrap();
    let silent = numbers(model.run(&tokens, &mut Cache::default(), &mut Silent));
    let recorded = numbers(model.run(&tokens, &mut Cache::default(), &mut Recorder::default()));
    assert_eq!(silent, recorded);
    assert_eq!(silent, model.trace(TEXT).unwrap().get(Hook::Logits).unwrap().data());
}

#[test]
fn reading_in_pieces_gives_the_same_scores() {
    for model in models() {
        let (tokens, _) = model.prompt(TEXT).unwrap();
        let whole = numbers(model.run(&tokens, &mut Cache::default(), &mut Silent));
        for cut in 1..tokens.len() {
            let mut cache = Cache::default();
            let mut pieces = numbers(model.run(&tokens[..cut], &mut cache, &mut Silent));
            pieces.extend(numbers(model.run(&tokens[cut..], &mut cache, &mut Silent)));
            assert_eq!(cache.len(), tokens.len());
            assert!(largest_difference(&whole, &pieces) < 1e-4, "cut at {cut}");
        }
    }
}

#[test]
fn edits_change_what_they_name_and_nothing_before() {
    let model = storybook();
    let (tokens, _) = model.prompt(TEXT).unwrap();
    let run = |edits: &[Edit]| {
        let mut probe = Edited { model: &model.info, edits, inner: Recorder::default() };
        model.run(&tokens, &mut Cache::default(), &mut probe);
        probe.inner.activations
    };
    let plain = run(&[]);
    let z = Hook::Block(3, BlockHook::Z);
    let off = run(&[Edit::Head { layer: 3, head: 2, factor: 0.0 }]);
    for pos in 0..tokens.len() {
        for head in 0..model.info.n_heads {
            let (before, after) =
                (plain[&z].at(&[pos, head]).unwrap(), off[&z].at(&[pos, head]).unwrap());
            assert_eq!(after.iter().all(|&x| x == 0.0), head == 2);
            assert!(head == 2 || before == after);
        }
    }
    let before = Hook::Block(3, BlockHook::Pattern);
    assert_eq!(plain[&before], off[&before]);
    assert_ne!(plain[&Hook::Logits], off[&Hook::Logits]);

    // Patching a position with its own values changes nothing; with another's, it does.
    let hook = Hook::Block(2, BlockHook::ResidPost);
    let patch = |from: usize| Edit::Patch {
        hook,
        pos: 4,
        values: plain[&hook].at(&[from]).unwrap().to_vec(),
    };
    assert_eq!(run(&[patch(4)])[&Hook::Logits], plain[&Hook::Logits]);
    let moved = run(&[patch(1)]);
    assert_eq!(moved[&hook].at(&[4]), plain[&hook].at(&[1]));
    assert_ne!(moved[&Hook::Logits], plain[&Hook::Logits]);
    let same = [Edit::Mlp { layer: 2, factor: 1.0 }, Edit::Attention { layer: 0, factor: 1.0 }];
    assert_eq!(run(&same)[&Hook::Logits], plain[&Hook::Logits]);
    let nowhere = [
        Edit::Head { layer: 99, head: 0, factor: 0.0 },
        Edit::Head { layer: 0, head: 99, factor: 0.0 },
        Edit::Neuron { layer: 0, neuron: 9_999, factor: 0.0 },
        Edit::Patch { hook, pos: 99, values: vec![] },
        Edit::Hide { pos: 99 },
    ];
    assert_eq!(run(&nowhere)[&Hook::Logits], plain[&Hook::Logits]);
}

#[test]
fn heads_can_be_told_where_to_look() {
    let model = storybook();
    let edits = [
        Edit::Force { layer: 1, head: 0, look: Look::Everywhere },
        Edit::Force { layer: 1, head: 1, look: Look::Before },
        Edit::Hide { pos: 2 },
    ];
    let trace = model.trace_edited(TEXT, &edits).unwrap();
    assert_eq!(trace.pattern(1, 0).unwrap().row(3)[..5], [0.25, 0.25, 0.25, 0.25, 0.0]);
    assert_eq!(trace.pattern(1, 1).unwrap().row(3)[..5], [0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(trace.pattern(1, 1).unwrap().row(0)[..2], [1.0, 0.0]);
    for head in 0..trace.model.n_heads {
        let pattern = trace.pattern(4, head).unwrap();
        assert!((3..pattern.rows).all(|query| pattern.get(query, 2) == Some(0.0)));
        assert!(pattern.get(2, 2).unwrap() > 0.0);
    }
}

#[test]
fn generating_is_predicting_again_and_again() {
    let model = storybook();
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
    let mut text = "Once upon a time".to_owned();
    let generation = Generation::new(&model, &text, greedy.clone(), 0).unwrap();
    for token in generation.take(8) {
        let trace = model.trace(&text).unwrap();
        assert_eq!(candidates(&model, &trace, &greedy, 1)[0].token.id, token.id, "after {text:?}");
        text.push_str(&token.text);
    }
}

#[test]
fn the_seed_decides_the_text() {
    let model = storybook();
    let write = |seed| -> Vec<u32> {
        let generation = Generation::new(&model, "The", Sampling::default(), seed).unwrap();
        generation.take(12).map(|t| t.id).collect()
    };
    assert_eq!(write(1), write(1));
    assert_ne!(write(1), write(2));
}

#[test]
fn long_texts_keep_their_end() {
    let model = storybook();
    let text = "word ".repeat(700);
    let trace = model.trace(&text).unwrap();
    assert_eq!(trace.tokens.len(), model.info.n_ctx);
    assert!(trace.dropped > 0);
    assert_eq!(trace.tokens.last().unwrap().span.end, text.len());
    let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
    let generation = Generation::new(&model, &text, sampling, 0).unwrap();
    assert_eq!(generation.take(3).count(), 3);
}

/// A head that is made to look everywhere looks at what its model may see: in an encoder at both sides,
/// with a window not beyond it.
#[test]
fn a_head_forced_to_look_everywhere_sees_what_the_model_may_see() {
    let reader = Checkpoint::bundled(&READER, DeviceKind::default()).unwrap();
    let edits = [Edit::Force { layer: 1, head: 2, look: Look::Everywhere }];
    let trace = reader.trace_edited("The cat sat on the mat", &edits).unwrap();
    let n = trace.tokens.len();
    let pattern = trace.pattern(1, 2).unwrap();
    assert!(n > 4 && pattern.data.iter().all(|weight| *weight == 1.0 / n as f32));

    let mut windowed = models().into_iter().next_back().unwrap();
    windowed.info = Arc::new(ModelInfo { window: Some(4), ..(*windowed.info).clone() });
    let window = windowed.info.window_of(0).unwrap();
    let edits = [Edit::Force { layer: 0, head: 0, look: Look::Everywhere }];
    let trace =
        windowed.trace_edited("The cat sat on the mat, and the dog sat too", &edits).unwrap();
    let n = trace.tokens.len();
    assert!(n > window);
    for (query, row) in trace.pattern(0, 0).unwrap().data.chunks_exact(n).enumerate() {
        for (key, weight) in row.iter().enumerate() {
            let seen = (query + 1).min(window);
            let expected = if trace.model.sees(0, query, key) { 1.0 / seen as f32 } else { 0.0 };
            assert_eq!(*weight, expected, "{query} at {key}");
        }
    }
}
