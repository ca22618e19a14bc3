//! Damaged files: readers of files from elsewhere answer or refuse, whatever is in them.
//!
//! Each reader gets thousands of mutations of a good file, the same ones every time. For longer,
//! with a count of the mutations tried:
//!
//! ```text
//! FUZZ_SECONDS=60 cargo test --release --test readers -- --nocapture
//! ```
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "the count of mutations is the result")]
#![allow(
    unsafe_code,
    reason = "an allocator that refuses what no small file needs"
)]

use burn::tensor::Device;
use headlight::model::{Chat, Gguf, Tokenizer, Weights};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest piece of memory a file of a few hundred kilobytes may cause to be asked for.
const LIMIT: usize = 64 << 20;

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
const EXTREMES: [u64; 10] = [
    0,
    1,
    0x7F,
    0xFF,
    0xFFFF,
    1 << 31,
    0xFFFF_FFFF,
    1 << 62,
    (1 << 63) - 1,
    u64::MAX,
];

/// Changes a good file in one to four places. Most damage goes to its beginning, where the table of
/// contents is.
fn mutate(good: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = good.to_vec();
    for _ in 0..=random.below(4) {
        let reach = if random.below(4) > 0 {
            file.len().min(4096)
        } else {
            file.len()
        };
        let at = random.below(reach);
        let n = random.below(64);
        match random.below(8) {
            0 => file.truncate(at),
            1 => file.extend_from_within(at..(at + n).min(file.len())),
            2 => drop(file.drain(at..(at + n).min(file.len()))),
            3 => {
                let piece: Vec<u8> = file[at..(at + n).min(file.len())].to_vec();
                let to = random.below(file.len());
                drop(file.splice(to..to, piece));
            }
            4 | 5 => {
                let value = EXTREMES[random.below(EXTREMES.len())].to_le_bytes();
                let width = [1, 4, 8][random.below(3)];
                for (byte, new) in file.iter_mut().skip(at).zip(&value[..width]) {
                    *byte = *new;
                }
            }
            6 => {
                let digit = b"0123456789-e.[]{}\",:\\u"[random.below(22)];
                if let Some(byte) = file.get_mut(at) {
                    *byte = digit;
                }
            }
            _ => {
                if let Some(byte) = file.get_mut(at) {
                    *byte ^= 1 << (n % 8);
                }
            }
        }
    }
    file
}

/// Has a reader read mutations, a fixed number of them or for as long as the environment says.
fn fuzz(name: &str, good: &[u8], n: usize, mut read: impl FnMut(&[u8])) {
    let seconds = std::env::var("FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = Random(20);
    let mut tried = 0;
    while until.map_or(tried < n, |until| Instant::now() < until) {
        let before = random.0;
        let file = mutate(good, &mut random);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&file)));
        assert!(
            result.is_ok(),
            "{name}: mutation {tried} (random state {before:#x}) made the reader panic"
        );
        tried += 1;
    }
    println!("{name}: {tried} mutations");
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("assets/golden")
            .join(name),
    )
    .unwrap()
}

/// Reads all there is in a GGUF file.
fn read_gguf(path: &Path) {
    let Ok(file) = Gguf::open(path) else { return };
    let _ = file.config_json();
    if let Ok(json) = file.tokenizer_json() {
        read_tokenizer(&json);
    }
    for tensor in &file.tensors {
        let _ = file.floats(tensor);
    }
}

fn read_tokenizer(json: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::parse(json) {
        for text in ["The cat, naïve 注意 👩‍👩‍👧", "", "<|endoftext|> 123"] {
            if let Ok(tokens) = tokenizer.encode(text) {
                let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
                let _ = (tokenizer.decode(&ids), tokenizer.words(text));
            }
        }
    }
}

#[test]
fn gguf() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    for name in ["gguf/blocks.gguf", "gguf/model.gguf", "gguf/pieces.gguf"] {
        fuzz(name, &golden(name), 3000, |file| {
            std::fs::write(&path, file).unwrap();
            read_gguf(&path);
        });
    }
}

#[test]
fn safetensors() {
    let dir = tempfile::tempdir().unwrap();
    fuzz(
        "safetensors",
        &golden("tiny/model.safetensors"),
        2000,
        |file| {
            std::fs::write(dir.path().join("model.safetensors"), file).unwrap();
            if let Ok(weights) = Weights::open(dir.path()) {
                let device = Device::flex();
                let _ = weights.tensor("transformer.h.0.ln_1.weight", [24], &device);
                let _ = weights.tensor("transformer.wpe.weight", [64, 24], &device);
            }
        },
    );
    std::fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    let index = br#"{"metadata":{"total_size":96},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#;
    fuzz("index", index, 2000, |file| {
        std::fs::write(dir.path().join("model.safetensors.index.json"), file).unwrap();
        let _ = Weights::open(dir.path());
    });
}

#[test]
fn tokenizer() {
    fuzz(
        "tokenizer",
        &golden("tiny/tokenizer.json"),
        1000,
        read_tokenizer,
    );
}

#[test]
fn chat_template() {
    let good = b"{% for m in messages %}{{ '<|' + m['role'] + '|>' ~ m.content | trim }}{% endfor %}{% if add_generation_prompt and not x %}{{ bos_token[:3] }}{% endif %}";
    fuzz("chat template", good, 3000, |file| {
        let _ = Chat::new(&String::from_utf8_lossy(file), "<s>", "</s>");
    });
}
