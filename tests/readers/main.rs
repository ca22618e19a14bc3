//! Damaged files: readers of files from elsewhere answer or refuse, soon and without panic, whatever
//! is in them. docs/reliability.md has the figures.
//!
//! Each reader gets hundreds of mutations of a good file, the same ones every time. For longer, and
//! with others:
//!
//! ```text
//! FUZZ_SECONDS=60 FUZZ_SEED=7 cargo test --release --test readers -- --nocapture
//! ```
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "the outcome is what docs/reliability.md quotes")]
#![allow(unsafe_code, reason = "an allocator that refuses what no small file needs")]

mod read;

use read::{asset, golden};
use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The longest piece of memory a file of a few hundred kilobytes may cause to be asked for.
const LIMIT: usize = 64 << 20;
/// Two seconds on a machine that has nothing else to do; tests run beside others.
const PATIENCE: Duration = Duration::from_secs(6);

/// The system's allocator, except that huge pieces are not given: asking for one ends the test.
struct Bounded;

unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match layout.size() {
            0..LIMIT => unsafe { System.alloc(layout) },
            _ => std::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

/// `SplitMix64`: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.draw() % n.max(1) as u64) as usize
    }
}

/// Numbers that break sums and products.
const EXTREMES: [u64; 10] =
    [0, 1, 0x7F, 0xFF, 0xFFFF, 1 << 31, 0xFFFF_FFFF, 1 << 62, (1 << 63) - 1, u64::MAX];

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

/// Changes a good file in one to four places. Most damage goes to its first `head` bytes, where the
/// table of contents is.
fn mutate(good: &[u8], head: usize, random: &mut Random) -> Vec<u8> {
    let mut file = good.to_vec();
    for _ in 0..=random.below(4) {
        if file.is_empty() {
            break;
        }
        let reach = match random.below(4) {
            0 => file.len(),
            _ => file.len().min(head),
        };
        let at = random.below(reach);
        let longest = [4, 64, file.len()][random.below(3)];
        let range = at..(at + 1 + random.below(longest)).min(file.len());
        match random.below(10) {
            0 => file.truncate(at),
            1 => file.extend_from_within(range),
            2 => drop(file.drain(range)),
            3 => {
                let piece = file[range].to_vec();
                let to = random.below(file.len());
                drop(file.splice(to..to, piece));
            }
            4 => {
                let noise: Vec<u8> = range.clone().map(|_| random.below(256) as u8).collect();
                drop(file.splice(range, noise));
            }
            5 | 6 => {
                let value = EXTREMES[random.below(EXTREMES.len())].to_le_bytes();
                let width = [1, 4, 8][random.below(3)];
                for (byte, new) in file.iter_mut().skip(at).zip(&value[..width]) {
                    *byte = *new;
                }
            }
            7 | 8 => replace_value(&mut file, at, random),
            _ => file[at] ^= 1 << random.below(8),
        }
    }
    file
}

/// Puts another value in the place of the next number or word of JSON.
fn replace_value(file: &mut Vec<u8>, from: usize, random: &mut Random) {
    let is_value = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let Some(start) = file[from..].iter().position(is_value) else {
        return;
    };
    let start = from + start;
    let len = file[start..].iter().position(|b| !is_value(b));
    let end = len.map_or(file.len(), |len| start + len);
    let value = VALUES[random.below(VALUES.len())];
    drop(file.splice(start..end, value.bytes()));
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Has a reader read mutations of a good file, `n` of them or for as long as the environment says.
fn attack(name: &str, good: &[u8], n: usize, read: impl Fn(&[u8]) -> bool) {
    assert!(read(good), "{name}: the undamaged file is opened");
    let head = if name.contains("header") {
        8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize
    } else {
        4096
    };
    let until = from_environment("FUZZ_SECONDS")
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = Random(from_environment("FUZZ_SEED").unwrap_or(20));
    let (mut tried, mut opened, mut slowest) = (0, 0, Duration::ZERO);
    while until.map_or(tried < n, |until| Instant::now() < until) {
        let state = random.0;
        let file = mutate(good, head, &mut random);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&file)));
        let took = start.elapsed();
        let case = format!("{name}: mutation {tried} (seed {state})");
        assert!(took < PATIENCE, "{case} took {took:?}");
        let Ok(is_opened) = outcome else {
            panic!("{case} made the reader panic");
        };
        slowest = slowest.max(took);
        opened += usize::from(is_opened);
        tried += 1;
    }
    let refused = tried - opened;
    let slowest = slowest.as_millis();
    eprintln!("| {name} | {tried} | {opened} | {refused} | {slowest} ms |");
}

#[test]
fn configurations() {
    attack("config.json", &golden("tiny/config.json"), 400, read::config);
}

/// The numbers of a safetensors file are mostly fine when changed; its header is what a reader may
/// trip over.
#[test]
fn weights() {
    let good = golden("tiny/model.safetensors");
    attack("model.safetensors (header)", &good, 1_000, read::weights);
}

#[test]
fn indices() {
    let good = br#"{"metadata":{"total_size":96},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#;
    attack("model.safetensors.index.json", good, 1_000, read::index);
}

#[test]
fn tokenizers() {
    let good = golden("tiny/tokenizer.json");
    attack("tokenizer.json", &good, 1_000, read::tokenizer);
}

#[test]
fn pieces() {
    let good = golden("tiny-marian/source.spm");
    attack("source.spm", &good, 1_000, read::pieces);
}

#[test]
fn gguf() {
    for name in ["blocks.gguf", "model.gguf", "pieces.gguf"] {
        attack(name, &golden(&format!("gguf/{name}")), 2_000, read::gguf);
    }
}

#[test]
fn chat_templates() {
    let good = b"{% for m in messages %}{{ '<|' + m['role'] + '|>' ~ m.content | trim }}{% endfor %}{% if add_generation_prompt and not x %}{{ bos_token[:3] }}{% endif %}";
    attack("chat template", good, 2_000, read::chat_template);
}

#[test]
fn recordings() {
    for name in ["recording.json", "recording.safetensors"] {
        attack(name, &read::good_recording(name), 400, read::recording);
    }
}

#[test]
fn sessions() {
    let good = asset("tests/fixtures/session-1.headlight");
    attack("session-1.headlight", &good, 2_000, read::session);
}

#[test]
fn lessons() {
    for name in ["050-attention.md", "120-sampling.md"] {
        let good = asset(&format!("assets/lessons/{name}"));
        attack(name, &good, 2_000, read::lesson);
    }
}

#[test]
fn themes() {
    attack("dark.json", &asset("assets/themes/dark.json"), 1_000, read::theme);
}
