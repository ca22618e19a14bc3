//! The readers of files from elsewhere, each as a function of a file's bytes: was it opened? Where it
//! was, what is in it is used. Shared by the tests and the fuzz targets.

use headlight::gui::session_file::SessionFile;
use headlight::gui::theme::Theme;
use headlight::lesson::Lesson;
use headlight::model::{Chat, Checkpoint, DeviceKind, Gguf, Tokenizer, Weights};
use headlight::trace::Trace;
use std::path::{Path, PathBuf};

/// What every tokenizer and every small model has to read.
const TEXTS: [&str; 3] = ["The naïve café 注意力 👩‍👩‍👧", "", "<|endoftext|> 123"];

/// A path in this repository.
fn at(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|dir| dir.join("assets/golden").is_dir());
    root.unwrap().join(name)
}

/// A file of this repository.
pub fn asset(name: &str) -> Vec<u8> {
    std::fs::read(at(name)).unwrap()
}

/// A file of the golden data.
pub fn golden(name: &str) -> Vec<u8> {
    asset(&format!("assets/golden/{name}"))
}

/// Opens a copy of a model's folder with one file replaced, and lets it read a text.
fn model_with(folder: &str, files: &[&str], replaced: &str, bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    for name in files {
        std::fs::write(dir.path().join(name), golden(&format!("{folder}/{name}"))).unwrap();
    }
    std::fs::write(dir.path().join(replaced), bytes).unwrap();
    let model = Checkpoint::open(dir.path().to_str().unwrap(), DeviceKind::default());
    // A tokenizer may fit the model or not; reading must end either way.
    model.map(|model| model.trace(TEXTS[0])).is_ok()
}

fn tiny_with(replaced: &str, bytes: &[u8]) -> bool {
    let files = ["config.json", "model.safetensors", "tokenizer.json"];
    model_with("tiny", &files, replaced, bytes)
}

/// `config.json`.
pub fn config(bytes: &[u8]) -> bool {
    tiny_with("config.json", bytes)
}

/// `model.safetensors`.
pub fn weights(bytes: &[u8]) -> bool {
    tiny_with("model.safetensors", bytes)
}

/// `model.safetensors.index.json`.
pub fn index(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("model.safetensors.index.json"), bytes).unwrap();
    for name in ["model-1.safetensors", "model-2.safetensors"] {
        std::fs::write(dir.path().join(name), golden("gguf/model.safetensors")).unwrap();
    }
    Weights::open(dir.path()).is_ok()
}

/// `tokenizer.json`.
pub fn tokenizer(bytes: &[u8]) -> bool {
    let Ok(tokenizer) = Tokenizer::parse(bytes) else {
        return false;
    };
    for text in TEXTS {
        if let Ok(tokens) = tokenizer.encode(text) {
            let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
            let _ = (tokenizer.decode(&ids), tokenizer.words(text));
        }
    }
    true
}

/// `source.spm`, the pieces of a translator.
pub fn pieces(bytes: &[u8]) -> bool {
    let files = [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "source.spm",
        "target.spm",
        "tokenizer_config.json",
        "vocab.json",
    ];
    model_with("tiny-marian", &files, "source.spm", bytes)
}

/// A GGUF file, all there is in it.
pub fn gguf(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    std::fs::write(&path, bytes).unwrap();
    let Ok(file) = Gguf::open(&path) else {
        return false;
    };
    let _ = file.config_json();
    if let Ok(json) = file.tokenizer_json() {
        tokenizer(&json);
    }
    for tensor in &file.tensors {
        let _ = file.floats(tensor);
    }
    true
}

/// A chat template.
pub fn chat_template(bytes: &[u8]) -> bool {
    let template = String::from_utf8_lossy(bytes);
    let Ok(chat) = Chat::new(&template, "<s>", "</s>") else {
        return false;
    };
    let _ = chat.render("Who are you?");
    true
}

/// A recording: JSON where the file begins with a brace, else safetensors.
pub fn recording(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let is_json = bytes.starts_with(b"{");
    let end = if is_json { "json" } else { "safetensors" };
    let path = dir.path().join("recording").with_extension(end);
    std::fs::write(&path, bytes).unwrap();
    let Ok(trace) = Trace::load(&path) else {
        return false;
    };
    // What can be opened can be looked at.
    for pos in 0..trace.tokens.len() {
        trace.label(pos);
    }
    trace.next_logits();
    true
}

/// A good recording in one of the two forms.
pub fn good_recording(name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let model = Checkpoint::open(at("assets/golden/tiny").to_str().unwrap(), DeviceKind::default())
        .unwrap();
    let trace = model.trace("The café").unwrap();
    trace.save(&path, |_| true).unwrap();
    std::fs::read(path).unwrap()
}

/// A session.
pub fn session(bytes: &[u8]) -> bool {
    let Ok(session) = SessionFile::parse(bytes) else {
        return false;
    };
    assert!(session.state.sampling.temperature.is_finite());
    session.to_json().unwrap();
    true
}

/// A lesson.
pub fn lesson(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    Lesson::parse("lesson", &text).is_ok()
}

/// A theme.
pub fn theme(bytes: &[u8]) -> bool {
    Theme::parse(&String::from_utf8_lossy(bytes)).is_ok()
}
