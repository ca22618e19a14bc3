//! Encoders and translators against Hugging Face transformers, hook by hook.
//!
//! `assets/golden/make_postnorm.py` made the checkpoints and the activations with PyTorch.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headlight::math::sampling::Sampling;
use headlight::model::{Checkpoint, DeviceKind, Target};
use headlight::session::{Generation, masked};
use headlight::trace::{Hook, Trace};
use safetensors::SafeTensors;
use serde_json::Value;

/// Of max(1, the tensor's largest value), as for GPT-2.
const TOLERANCE: f32 = 2e-5;

fn folder(name: &str) -> String {
    format!("{}/assets/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn open(name: &str) -> (Checkpoint, Value) {
    let model = Checkpoint::open(&folder(name), DeviceKind::default()).unwrap();
    let expected = std::fs::read(format!("{}/expected.json", folder(name))).unwrap();
    (model, serde_json::from_slice(&expected).unwrap())
}

/// Compares the trace's file, name by name, with the golden one.
fn compare(name: &str, trace: &Trace) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trace.safetensors");
    trace.save(&path, |_| true).unwrap();
    let ours = std::fs::read(&path).unwrap();
    let ours = SafeTensors::deserialize(&ours).unwrap();
    let golden = std::fs::read(format!("{}/golden.safetensors", folder(name))).unwrap();
    let golden = SafeTensors::deserialize(&golden).unwrap();
    let names = |file: &SafeTensors<'_>| -> Vec<String> {
        let mut names: Vec<String> = file.names().iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&ours), names(&golden));
    for (name, expected) in golden.iter() {
        let got = ours.tensor(name).unwrap();
        assert_eq!(got.shape(), expected.shape(), "{name}");
        if name.ends_with("tokens") {
            assert_eq!(got.data(), expected.data(), "{name}");
            continue;
        }
        let got: Vec<f32> = bytemuck::pod_collect_to_vec(got.data());
        let expected: Vec<f32> = bytemuck::pod_collect_to_vec(expected.data());
        let finite = expected.iter().filter(|x| x.is_finite());
        let scale = finite.fold(1.0_f32, |max, x| max.max(x.abs()));
        for (i, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
            let is_equal = got == expected || (got - expected).abs() <= TOLERANCE * scale;
            assert!(is_equal, "{name} at {i}: {got}, expected {expected}");
        }
    }
    assert_eq!(Trace::load(&path).unwrap().names(), trace.names());
}

#[test]
fn every_activation_of_an_encoder_equals_the_reference() {
    let (model, expected) = open("tiny-bert");
    let text = expected["text"].as_str().unwrap();
    let trace = model.trace(text).unwrap();
    let hooks: Vec<Hook> = trace.iter().map(|(hook, _)| hook).collect();
    assert_eq!(hooks, Hook::all(&model.info));
    compare("tiny-bert", &trace);
    let masked = masked(&model, &trace, 3);
    assert_eq!((masked.len(), masked[0].candidates.len()), (1, 3));
    assert_eq!(trace.tokens[masked[0].pos].text, "[MASK]");
}

#[test]
fn every_activation_of_a_translator_equals_the_reference() {
    let (model, expected) = open("tiny-marian");
    let (text, target) = (expected["text"].as_str().unwrap(), expected["target"].as_str().unwrap());
    let trace = model.trace_target(text, Target::Text(target), &[]).unwrap();
    let hooks: Vec<Hook> = trace.iter().map(|(hook, _)| hook).collect();
    assert_eq!(hooks, Hook::all(&model.info));
    compare("tiny-marian", &trace);
    let cross = trace.cross().unwrap();
    let pattern = cross.pattern(0, 0).unwrap();
    let encoder = trace.encoder.as_ref().unwrap();
    assert_eq!((pattern.rows, pattern.cols), (trace.tokens.len(), encoder.tokens.len()));
}

#[test]
fn translations_equal_the_reference() {
    let (model, expected) = open("tiny-marian");
    let text = expected["text"].as_str().unwrap();
    let right: Vec<u32> = serde_json::from_value(expected["greedy"].clone()).unwrap();
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
    let generation = Generation::new(&model, text, greedy, 0).unwrap().limited(right.len());
    let got: Vec<u32> = generation.take(right.len()).map(|token| token.id).collect();
    assert_eq!(got, right);

    // The trace's own translation is the greedy one, up to what its context holds.
    let own = model.trace(text).unwrap();
    let n = own.tokens.len() - 1;
    let ids: Vec<u32> = own.tokens.iter().skip(1).map(|token| token.id).collect();
    assert!(n + 1 >= right.len() && ids[..right.len() - 1] == right[..right.len() - 1]);
}

#[test]
fn an_encoder_does_not_write() {
    let (model, _) = open("tiny-bert");
    let problem = Generation::new(&model, "a cat", Sampling::default(), 0).err().unwrap();
    assert!(problem.why.contains("encoder") && problem.cure.contains("masked"));
}

#[test]
fn the_bundled_translator_knows_where_the_library_is() {
    let model = Checkpoint::open("translator", DeviceKind::default()).unwrap();
    let trace = model.trace("Where is the library?").unwrap();
    assert_eq!(trace.text, "¿Dónde está la biblioteca?");
    let labels: Vec<String> = (0..trace.tokens.len()).map(|pos| trace.label(pos)).collect();
    assert_eq!((labels[0].as_str(), labels[2].as_str()), ("<pad>", "Dónde"));
    // Where the library is written, the library is looked at.
    let (query, key) = (4, 3);
    let heads =
        (0..trace.model.n_layers).flat_map(|l| (0..trace.model.n_heads).map(move |h| (l, h)));
    let cross = trace.cross().unwrap();
    let looked = heads.filter_map(|(l, h)| cross.pattern(l, h)?.get(query, key));
    assert!(looked.fold(0.0, f32::max) > 0.5);
}
