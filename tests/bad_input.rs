//! Files that are damaged, hundreds for each reader: whatever they hold, the program says what is
//! wrong or does something sensible, soon, and does not panic. docs/reliability.md has the figures.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![allow(
    clippy::print_stderr,
    reason = "the outcome is what docs/reliability.md quotes"
)]

use headlight::model::{Checkpoint, DeviceKind};
use headlight::trace::Trace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny");
/// Two seconds on a machine that has nothing else to do; tests run beside others.
const PATIENCE: Duration = Duration::from_secs(6);

/// Numbers that look random and are the same every time (xorshift64*, Vigna 2016).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        bits as usize % n.max(1)
    }

    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len);
        let longest = [4, 64, len][self.below(3)];
        start..(start + 1 + self.below(longest)).min(len)
    }
}

/// What is written in the place of a number or a word of JSON.
const VALUES: [&str; 14] = [
    "-1",
    "0",
    "1e999",
    "1e38",
    "-1e-300",
    "18446744073709551615",
    "4294967296",
    "0.5",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"../../etc/passwd\"",
];

/// Damages a file in one to four ways.
fn damaged(file: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=chance.below(4) {
        if bytes.is_empty() {
            break;
        }
        let range = chance.range(bytes.len());
        match chance.below(7) {
            0 => {
                let at = range.start;
                bytes[at] ^= 1 << chance.below(8);
            }
            1 => bytes.truncate(range.start),
            2 => drop(bytes.drain(range)),
            3 => {
                let copy = bytes[range.clone()].to_vec();
                drop(bytes.splice(range.start..range.start, copy));
            }
            4 => {
                let noise: Vec<u8> = range.clone().map(|_| chance.below(256) as u8).collect();
                drop(bytes.splice(range, noise));
            }
            _ => replace_value(&mut bytes, range.start, chance),
        }
    }
    bytes
}

/// Puts another value in the place of the next number or word of JSON.
fn replace_value(bytes: &mut Vec<u8>, from: usize, chance: &mut Chance) {
    let is_value = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let Some(start) = bytes[from..].iter().position(is_value) else {
        return;
    };
    let start = from + start;
    let len = bytes[start..].iter().position(|b| !is_value(b));
    let end = len.map_or(bytes.len(), |len| start + len);
    let value = VALUES[chance.below(VALUES.len())];
    drop(bytes.splice(start..end, value.bytes()));
}

/// Reads `n` damaged copies of a file; `read` says whether it was opened all the same.
fn attack(name: &str, file: &[u8], n: usize, read: impl Fn(&[u8]) -> bool) {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    assert!(read(file), "{name}: the undamaged file is opened");
    let (mut opened, mut slowest) = (0, Duration::ZERO);
    for case in 0..n {
        let bytes = damaged(file, &mut chance);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&bytes)));
        let took = start.elapsed();
        assert!(took < PATIENCE, "{name}: case {case} took {took:?}");
        slowest = slowest.max(took);
        let Ok(is_opened) = outcome else {
            panic!("{name}: case {case} panicked");
        };
        opened += usize::from(is_opened);
    }
    let refused = n - opened;
    eprintln!(
        "| {name} | {n} | {opened} | {refused} | {} ms |",
        slowest.as_millis()
    );
}

/// Opens a copy of the tiny checkpoint with one file replaced, and lets it read a text.
fn model_with(dir: &Path, name: &str, bytes: &[u8]) -> bool {
    std::fs::write(dir.join(name), bytes).unwrap();
    let model = Checkpoint::open(dir.to_str().unwrap(), DeviceKind::default());
    let Ok(model) = model else { return false };
    // A tokenizer may fit the model or not; reading must end either way.
    let _ = model.trace("The naïve café 注意力 👩‍👩‍👧");
    true
}

fn attack_model(file: &str, n: usize) {
    let dir = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(format!("{TINY}/{name}"), dir.path().join(name)).unwrap();
    }
    let bytes = std::fs::read(format!("{TINY}/{file}")).unwrap();
    attack(file, &bytes, n, |bytes| model_with(dir.path(), file, bytes));
}

#[test]
fn configurations() {
    attack_model("config.json", 400);
}

#[test]
fn weights() {
    attack_model("model.safetensors", 300);
}

/// The numbers of a safetensors file are mostly fine when changed; its header is what a reader may
/// trip over.
#[test]
fn headers_of_weights() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json"] {
        std::fs::copy(format!("{TINY}/{name}"), dir.path().join(name)).unwrap();
    }
    let file = std::fs::read(format!("{TINY}/model.safetensors")).unwrap();
    let end = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let (header, numbers) = file.split_at(end);
    attack("header of model.safetensors", header, 400, |header| {
        let whole = [header, numbers].concat();
        model_with(dir.path(), "model.safetensors", &whole)
    });
}

#[test]
fn tokenizers() {
    attack_model("tokenizer.json", 400);
}

fn recording(name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let model = Checkpoint::open(TINY, DeviceKind::default()).unwrap();
    let trace = model.trace("The café").unwrap();
    trace.save(&path, |_| true).unwrap();
    std::fs::read(path).unwrap()
}

fn attack_recording(name: &str, n: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    attack(name, &recording(name), n, |bytes| {
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
    });
}

#[test]
fn recordings_in_json() {
    attack_recording("recording.json", 300);
}

#[test]
fn recordings_in_safetensors() {
    attack_recording("recording.safetensors", 400);
}

#[cfg(feature = "gui")]
mod window {
    use super::attack;
    use headlight::gui::session_file::SessionFile;
    use headlight::gui::theme::Theme;

    const SESSION: &[u8] = include_bytes!("fixtures/session-1.headlight");

    #[test]
    fn sessions() {
        attack("session-1.headlight", SESSION, 2_000, |bytes| {
            let Ok(session) = SessionFile::parse(bytes) else {
                return false;
            };
            let sampling = &session.state.sampling;
            assert!(sampling.temperature.is_finite());
            session.to_json().unwrap();
            true
        });
    }

    #[test]
    fn themes() {
        let theme = include_bytes!("../assets/themes/dark.json");
        attack("dark.json", theme, 1_000, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            Theme::parse(&text).is_ok()
        });
    }

    /// What version 1 wrote keeps opening, with all it holds.
    #[test]
    fn old_sessions_keep_opening() {
        let session = SessionFile::parse(SESSION).unwrap();
        let state = &session.state;
        assert_eq!(state.prompt, "The cat sat on the naïve 注意力");
        assert_eq!(
            (state.theme.as_str(), state.view.as_str()),
            ("light", "attention")
        );
        assert_eq!((state.pinned.layer, state.pinned.head), (2, 3));
        assert_eq!(
            (state.pinned.query, state.pinned.neuron),
            (Some(4), Some(17))
        );
        assert_eq!(
            (state.sampling.temperature, state.sampling.top_k),
            (0.7, Some(40))
        );
        assert_eq!((state.seed, state.edits.len()), (7, 3));
        assert_eq!(session.model.source, "storybook");
    }
}
