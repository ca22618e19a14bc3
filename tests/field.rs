//! Checkpoints as people have them: small cases from public bug reports with the right values.
//!
//! Each folder of `assets/golden/field` holds a model and `expected.json`: what transformers or the gguf
//! package make of it, and where the case comes from.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headlight::model::{Checkpoint, DeviceKind};
use headlight::problem::Problem;
use headlight::trace::Hook;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden");
const TOLERANCE: f32 = 1e-5;

fn open(path: &Path) -> Result<Checkpoint, Problem> {
    Checkpoint::open(path.to_str().unwrap(), DeviceKind::default())
}

fn case(name: &str) -> PathBuf {
    Path::new(GOLDEN).join("field").join(name)
}

/// The GGUF files of a case, or else its folder.
fn models(case: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(case).unwrap().map(|file| file.unwrap().path());
    let files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "gguf")).collect();
    if files.is_empty() { vec![case.to_owned()] } else { files }
}

fn ids(model: &Checkpoint, text: &str) -> Value {
    let tokens = model.prompt(text).unwrap().0;
    tokens.iter().map(|token| token.id).collect::<Vec<_>>().into()
}

fn assert_close(got: &[f32], expected: &Value, what: &str) {
    let expected: Vec<f32> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let scale = expected.abs().max(1.0);
        assert!(
            (got - expected).abs() <= TOLERANCE * scale,
            "{what} at {i}: {got}, not {expected}"
        );
    }
}

#[test]
fn every_number_and_token_is_that_of_the_reference() {
    let mut n_checked = 0;
    for folder in std::fs::read_dir(case("")).unwrap().map(|folder| folder.unwrap().path()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let expected: Value =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        if let Some(texts) = expected["tokens"].as_object() {
            let model = open(&folder).unwrap();
            for (text, tokens) in texts {
                assert_eq!(ids(&model, text), *tokens, "{name}: {text:?}");
            }
            n_checked += 1;
        } else if let Some(words) = expected["words"].as_str() {
            let chat = open(&folder).unwrap().chat.unwrap().render(words).unwrap();
            let rendered = expected["rendered"].as_str().unwrap();
            // A date in it is that of the day.
            let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
            assert_eq!(digits(&chat), digits(rendered), "{name}");
            n_checked += 1;
        } else if let Some(text) = expected["text"].as_str() {
            for path in models(&folder) {
                let model = open(&path).unwrap();
                let trace = model.trace(text).unwrap();
                if let Some(tokens) = expected.get("tokens") {
                    assert_eq!(ids(&model, text), *tokens, "{name}");
                }
                if let Some(pooled) = expected.get("pooled") {
                    assert_close(trace.get(Hook::Pooled).unwrap().data(), pooled, name);
                }
                if let Some(logits) = expected.get("logits_last") {
                    let all = trace.get(Hook::Logits).unwrap();
                    let last = all.at(&[trace.tokens.len() - 1]).unwrap();
                    assert_close(last, logits, name);
                }
            }
            n_checked += 1;
        }
    }
    assert_eq!(n_checked, 18);
}

#[test]
fn what_cannot_be_opened_is_called_what_it_is() {
    for (name, said) in [
        ("gguf-lora-adapter/lora.gguf", "adapter (LoRA)"),
        ("gguf-unknown-type/m.gguf", "Q4_0_4_4"),
        ("lfs-pointer", "Git LFS pointer"),
    ] {
        let problem = open(&case(name)).unwrap_err();
        assert!(problem.why.contains(said), "{name}: {problem}");
        assert!(!problem.to_string().contains("damaged"), "{name}: {problem}");
    }
    let notes = open(&case("gguf-pre-missing/m.gguf")).unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("tokenizer.ggml.pre")), "{notes:?}");
    let notes = open(&case("llama-class-rebuilds-tokenizer")).unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("LlamaTokenizer")), "{notes:?}");
    for name in ["m.gguf", "head_count_kv.gguf"] {
        assert_eq!(open(&case("gguf-arrays").join(name)).unwrap().info.d_mlp, 64);
    }
}

/// The golden checkpoint of a name in a folder of its own, its tensors renamed and some added.
fn changed(model: &str, rename: impl Fn(&str) -> String, added: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(GOLDEN).join(model);
    for file in std::fs::read_dir(&from).unwrap().map(|file| file.unwrap()) {
        if file.path().is_file() {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
    }
    let bytes = std::fs::read(from.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let two = [0_u8; 8];
    let mut all: BTreeMap<String, TensorView<'_>> =
        tensors.iter().map(|(name, tensor)| (rename(name), tensor)).collect();
    for name in added {
        all.insert((*name).to_owned(), TensorView::new(Dtype::F32, vec![2], &two).unwrap());
    }
    let bytes = safetensors::serialize(all, None).unwrap();
    std::fs::write(dir.path().join("model.safetensors"), bytes).unwrap();
    dir
}

#[test]
fn no_tensor_goes_unused_in_silence() {
    let same = |name: &str| name.to_owned();
    for model in ["tiny", "tiny-llama", "tiny-bert", "tiny-marian"] {
        let dir = changed(model, same, &["adapter.down.weight"]);
        let problem = open(dir.path()).unwrap_err();
        assert!(problem.why.contains("adapter.down.weight"), "{model}: {problem}");
        // Computed, not learned.
        let dir = changed(model, same, &["x.rotary_emb.inv_freq"]);
        assert!(open(dir.path()).is_ok(), "{model}");
    }
    let dir = changed("tiny-bert", same, &["pooler.dense.bias"]);
    let notes = open(dir.path()).unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("pooler.dense.bias")), "{notes:?}");
}

#[test]
fn names_as_training_leaves_them_are_read() {
    for wrapper in ["_orig_mod.", "module."] {
        let dir = changed("tiny", |name| format!("{wrapper}{name}"), &[]);
        let model = open(dir.path()).unwrap();
        assert!(model.notes.iter().any(|note| note.contains(wrapper)), "{:?}", model.notes);
    }
}

#[test]
fn a_model_is_found_from_what_is_in_its_folder() {
    let folder = Path::new(GOLDEN).join("tiny");
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        assert_eq!(open(&folder.join(name)).unwrap().info.name, "tiny", "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(case("gguf-q2-k/m.gguf"), dir.path().join("m.gguf")).unwrap();
    assert_eq!(open(dir.path()).unwrap().info.name, "m");
}

#[test]
fn an_encoder_reads_the_beginning_and_the_sign_of_the_end() {
    let model = open(&Path::new(GOLDEN).join("tiny-bert")).unwrap();
    let (n_ctx, text) = (model.info.n_ctx, "the cat sat ".repeat(200));
    let (tokens, dropped) = model.prompt(&text).unwrap();
    let whole = model.tokenizer.encode(&text).unwrap();
    assert_eq!((tokens.len(), tokens.len() + dropped), (n_ctx, whole.len()));
    assert_eq!(tokens[..n_ctx - 1], whole[..n_ctx - 1]);
    assert_eq!(tokens.last(), whole.last());
}

#[test]
fn a_template_that_fails_says_why() {
    let dir = changed("tiny", str::to_owned, &[]);
    std::fs::write(dir.path().join("chat_template.jinja"), "{% for %}").unwrap();
    let model = open(dir.path()).unwrap();
    assert!(model.chat.is_none());
    assert!(model.chat_problem.unwrap().why.contains("syntax"));
}
