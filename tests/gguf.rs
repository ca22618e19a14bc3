//! A GGUF file from end to end, against what transformers computes with the same file.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headlight::model::{Checkpoint, DeviceKind};
use headlight::trace::Hook;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "assets/golden/gguf", name].iter().collect()
}

fn model() -> Checkpoint {
    Checkpoint::open(golden("model.gguf").to_str().unwrap(), DeviceKind::default()).unwrap()
}

fn recorded() -> Value {
    serde_json::from_slice(&std::fs::read(golden("tokens.json")).unwrap()).unwrap()
}

#[test]
fn every_activation_transformers_shows_agrees() {
    let recorded = recorded();
    let text = recorded["texts"][0].as_str().unwrap();
    let trace = model().trace(text).unwrap();
    let bytes = std::fs::read(golden("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut n = 0;
    for (name, expected) in file.tensors() {
        if expected.dtype() != Dtype::F32 {
            let (ids, _) = expected.data().as_chunks::<8>();
            let ids: Vec<u32> = ids.iter().map(|&id| u64::from_le_bytes(id) as u32).collect();
            assert!(trace.tokens.iter().map(|token| token.id).eq(ids));
            continue;
        }
        let hook: Hook = name.parse().unwrap();
        let found = trace.get(hook).unwrap();
        assert_eq!(found.shape(), expected.shape(), "{name}");
        let (numbers, _) = expected.data().as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|&x| f32::from_le_bytes(x)).collect();
        let scale = numbers.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
        for (i, (a, b)) in found.data().iter().zip(&numbers).enumerate() {
            assert!((a - b).abs() <= 2e-5 * scale, "{name} at {i}: {a} {b}");
        }
        n += 1;
    }
    assert_eq!(n, 5);
}

#[test]
fn the_chat_form_is_that_of_transformers() {
    let (recorded, model) = (recorded(), model());
    let text = model.chat.as_ref().unwrap().render("Where is the café?").unwrap();
    assert_eq!(text, recorded["chat"]["text"].as_str().unwrap());
    let (tokens, _) = model.prompt(&text).unwrap();
    let ids: Value = tokens.iter().map(|token| token.id).collect();
    assert_eq!(ids, recorded["chat"]["tokens"]);
    assert!(tokens[0].special, "special tokens are marked");
}

#[test]
fn the_name_is_the_files_and_the_end_comes_from_the_metadata() {
    let model = model();
    assert_eq!((model.info.name.as_str(), model.info.architecture.as_str()), ("model", "llama"));
    assert_eq!(model.network.ends(), [2]);
}
