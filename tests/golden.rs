//! Every recorded activation against Hugging Face transformers, hook by hook.
//!
//! `assets/golden/make_tiny.py` and its siblings made the checkpoints and the activations with PyTorch. The first hook
//! that disagrees names the place where the forward pass goes wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headlight::math::beam::BeamSettings;
use headlight::math::sampling::Sampling;
use headlight::model::{Checkpoint, DeviceKind};
use headlight::session::{Generation, write_beams};
use headlight::trace::Hook;
use safetensors::SafeTensors;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden");

/// One checkpoint per architecture.
const MODELS: [&str; 2] = ["tiny", "tiny-llama"];

/// Of max(1, the tensor's largest value). Both sides compute in f32 but add in different orders; the
/// tightest hook is an order of magnitude closer, and swapping the two GELUs is ten times further.
const TOLERANCE: f32 = 2e-5;

fn read(model: &str, name: &str) -> Vec<u8> {
    std::fs::read(format!("{GOLDEN}/{model}/{name}")).unwrap()
}

fn greedy(model: &str) -> serde_json::Value {
    serde_json::from_slice(&read(model, "greedy.json")).unwrap()
}

#[test]
fn every_activation_equals_the_reference() {
    for (name, &device) in MODELS.iter().flat_map(|m| DeviceKind::ALL.iter().map(move |d| (m, d))) {
        let file = read(name, "golden.safetensors");
        let golden = SafeTensors::deserialize(&file).unwrap();
        let text = greedy(name)["text"].as_str().unwrap().to_owned();
        let model = Checkpoint::open(&format!("{GOLDEN}/{name}"), device).unwrap();
        let trace = model.trace(&text).unwrap();
        let hooks = Hook::all(&model.info);
        let recorded: Vec<Hook> = trace.iter().map(|(hook, _)| hook).collect();
        assert_eq!(recorded, hooks, "{name}");
        let n_golden = golden.names().len();
        assert_eq!(n_golden, hooks.len() + 1, "{name}: all hooks, and the tokens");
        for hook in hooks {
            let expected = golden.tensor(&hook.to_string()).unwrap();
            assert_eq!(trace.get(hook).unwrap().shape(), expected.shape(), "{hook}");
            let expected: Vec<f32> = bytemuck::pod_collect_to_vec(expected.data());
            compare(hook, &trace.exported(hook).unwrap(), &expected, device);
        }
    }
}

fn compare(hook: Hook, got: &[f32], expected: &[f32], device: DeviceKind) {
    let finite = expected.iter().filter(|x| x.is_finite());
    let scale = finite.fold(1.0_f32, |max, x| max.max(x.abs()));
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let is_equal = got == expected || (got - expected).abs() <= TOLERANCE * scale;
        assert!(is_equal, "{hook} on {device:?} at {i}: {got}, expected {expected}");
    }
}

#[test]
fn greedy_text_equals_the_reference() {
    for (name, &device) in MODELS.iter().flat_map(|m| DeviceKind::ALL.iter().map(move |d| (m, d))) {
        let greedy = greedy(name);
        let text = greedy["text"].as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(greedy["greedy"].clone()).unwrap();
        let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
        let model = Checkpoint::open(&format!("{GOLDEN}/{name}"), device).unwrap();
        let prompt: Vec<u32> = model.prompt(text).unwrap().0.iter().map(|t| t.id).collect();
        assert_eq!(serde_json::json!(prompt), greedy["ids"], "{name}");
        let generation = Generation::new(&model, text, sampling, 0).unwrap();
        let got: Vec<u32> = generation.take(expected.len()).map(|t| t.id).collect();
        assert_eq!(got, expected, "{name} on {device:?}");
    }
}

/// `assets/golden/beams.py` asked transformers' `generate(num_beams=…)`.
#[test]
fn beam_search_finds_the_texts_of_the_reference() {
    let json = include_str!("../assets/golden/beams.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
    let float = |value: &serde_json::Value| value.as_f64().map(|x| x as f32);
    for case in &cases {
        let name = case["model"].as_str().unwrap();
        let name = match name {
            "tiny" => format!("{GOLDEN}/tiny"),
            bundled => bundled.to_owned(),
        };
        let model = Checkpoint::open(&name, DeviceKind::default()).unwrap();
        let ends = case["ends"].as_array().map(|ends| {
            let ends = ends.iter().map(|end| end.as_u64().unwrap() as u32);
            ends.collect()
        });
        let [width, tokens] = ["width", "tokens"].map(|n| case[n].as_u64().unwrap() as usize);
        let ends = ends.unwrap_or_else(|| model.network.ends());
        let mut settings = BeamSettings::new(width, tokens, ends);
        settings.length_penalty = float(&case["length_penalty"]).unwrap_or(1.0);
        let sampling = Sampling {
            repetition_penalty: float(&case["repetition_penalty"]),
            ..Sampling::default()
        };
        let text = case["text"].as_str().unwrap();
        let found = write_beams(&model, text, &sampling, settings).unwrap();
        let expected = case["found"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{case}");
        for (found, expected) in found.iter().zip(expected) {
            let tokens: Vec<u32> = serde_json::from_value(expected["tokens"].clone()).unwrap();
            assert_eq!(found.tokens, tokens, "{case}");
            let far = (found.score - float(&expected["score"]).unwrap()).abs();
            assert!(far < 1e-4, "{case}");
        }
    }
}
