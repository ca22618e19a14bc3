//! Does one piece of work for each line on its input and answers how long it took, so that another
//! program can measure in turn with it. `docs/benchmarks/compare.py` is that program.
//!
//! ```text
//! measure FOLDER
//! forward 64    a whole recorded forward pass over 64 tokens, in ms
//! silent 64     the same without recording
//! next 64       one more token after 64 whose keys and values are kept
//! key 64        the record of 64 tokens when that of the first 63 is there
//! logits 64     the last position's first eight scores, to compare
//! peak 0        the largest resident memory so far, in MB
//! ```
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "its answers")]

use headlight::model::{Cache, Checkpoint, DeviceKind, Recorder, Silent, Target};
use headlight::session::Follower;
use headlight::trace::Hook;
use std::collections::BTreeMap;
use std::time::Instant;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let start = Instant::now();
    let model = Checkpoint::open(&folder, DeviceKind::default()).unwrap();
    println!("opened {:.1}", ms(start));
    let mut caches: BTreeMap<usize, Cache> = BTreeMap::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (what, n) = line.split_once(' ').unwrap();
        let n: usize = n.parse().unwrap();
        println!("{}", answer(&model, &mut caches, what, n));
    }
}

fn answer(model: &Checkpoint, caches: &mut BTreeMap<usize, Cache>, what: &str, n: usize) -> String {
    let ids = ids(n + 1, model.info.vocab_size);
    let time = match what {
        "forward" => {
            let mut recorder = Recorder::default();
            let start = Instant::now();
            let logits = model.network.forward(&ids[..n], &mut Cache::default(), &mut recorder);
            let time = ms(start);
            assert!(recorder.activations.contains_key(&Hook::Logits));
            drop(logits);
            time
        }
        "silent" => {
            let start = Instant::now();
            let logits = model.network.forward(&ids[..n], &mut Cache::default(), &mut Silent);
            let time = ms(start);
            drop(logits);
            time
        }
        "next" => {
            let cache = caches.entry(n).or_insert_with(|| {
                let mut cache = Cache::default();
                model.network.forward(&ids[..n], &mut cache, &mut Silent);
                cache
            });
            cache.truncate(n);
            let start = Instant::now();
            model.network.forward(&ids[n..], cache, &mut Silent);
            ms(start)
        }
        "key" => {
            // A text of n tokens of the bundled tokenizer, which every measured checkpoint has.
            let story = "Once upon a time there was a little girl who lived in a wood. ".repeat(90);
            let tokens = model.tokenizer.encode(&story).unwrap();
            let text = |n: usize| &story[..tokens[n - 1].span.end];
            let mut follower = Follower::default();
            follower.trace(model, text(n - 1), Target::Own, &[]).unwrap();
            let start = Instant::now();
            let trace = follower.trace(model, text(n), Target::Own, &[]).unwrap();
            let time = ms(start);
            assert_eq!(trace.tokens.len(), n);
            time
        }
        "logits" => {
            let mut recorder = Recorder::default();
            model.network.forward(&ids[..n], &mut Cache::default(), &mut recorder);
            let logits = recorder.activations[&Hook::Logits].at(&[n - 1]).unwrap();
            return format!("{:?}", &logits[..8]);
        }
        "peak" => return peak(),
        _ => return "what?".to_owned(),
    };
    format!("{time:.3}")
}

/// The tokens that both programs read.
fn ids(n: usize, vocab_size: usize) -> Vec<u32> {
    (0..n).map(|i| ((i * 7919 + 13) % vocab_size) as u32).collect()
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kb.map_or_else(|| "unknown".to_owned(), |kb| format!("{:.0}", kb / 1024.0))
}
