//! What a person waits for, measured: start, key press, slider, frame, generated token.
//!
//! Run with `cargo bench`; what the figures mean is in `docs/benchmarks.md`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use divan::Bencher;
use headlight::math::sampling::{Coins, Filter, Sampling};
use headlight::model::{BUNDLED, Cache, Checkpoint, DeviceKind, Recorder, Silent, Target};
use headlight::session::training::{Recipe, Run};
use headlight::session::{Follower, Generation, candidates};
use headlight::trace::Trace;
use safetensors::tensor::{Dtype, TensorView};
use std::sync::OnceLock;

fn main() {
    divan::main();
}

fn storybook() -> Checkpoint {
    Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap()
}

/// A folder with a GPT-2 of 12 layers and 12 heads whose weights are random.
fn random_gpt2(d: usize, vocab: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    let config = serde_json::json!({
        "model_type": "gpt2", "vocab_size": vocab, "n_positions": 1024, "n_embd": d, "n_layer": 12, "n_head": 12,
    });
    write("config.json", config.to_string().as_bytes());
    write("tokenizer.json", BUNDLED[0].tokenizer);
    let mut shapes = vec![
        ("wte.weight".to_owned(), vec![vocab, d]),
        ("wpe.weight".to_owned(), vec![1024, d]),
        ("ln_f.weight".to_owned(), vec![d]),
        ("ln_f.bias".to_owned(), vec![d]),
    ];
    for layer in 0..12 {
        for (name, shape) in [
            ("ln_1.weight", vec![d]),
            ("ln_1.bias", vec![d]),
            ("ln_2.weight", vec![d]),
            ("ln_2.bias", vec![d]),
            ("attn.c_attn.weight", vec![d, 3 * d]),
            ("attn.c_attn.bias", vec![3 * d]),
            ("attn.c_proj.weight", vec![d, d]),
            ("attn.c_proj.bias", vec![d]),
            ("mlp.c_fc.weight", vec![d, 4 * d]),
            ("mlp.c_fc.bias", vec![4 * d]),
            ("mlp.c_proj.weight", vec![4 * d, d]),
            ("mlp.c_proj.bias", vec![d]),
        ] {
            shapes.push((format!("h.{layer}.{name}"), shape));
        }
    }
    let mut coins = Coins::new(1);
    let mut number = || 0.1 * (coins.toss() - 0.5);
    let bytes: Vec<Vec<u8>> = shapes
        .iter()
        .map(|(_, shape)| {
            let n = shape.iter().product();
            (0..n).flat_map(|_| number().to_le_bytes()).collect()
        })
        .collect();
    let views = shapes.iter().zip(&bytes).map(|((name, shape), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name, view)
    });
    safetensors::serialize_to_file(views, None, &dir.path().join("model.safetensors")).unwrap();
    dir
}

/// A model of GPT-2 small's sizes.
fn gpt2_small() -> &'static Checkpoint {
    static MODEL: OnceLock<Checkpoint> = OnceLock::new();
    MODEL.get_or_init(|| {
        let dir = random_gpt2(768, 50_257);
        Checkpoint::open(&dir.path().to_string_lossy(), DeviceKind::default()).unwrap()
    })
}

/// A text of exactly `n` tokens, cut from a story.
fn text_of(model: &Checkpoint, n: usize) -> String {
    let story = "Once upon a time there was a little girl who lived in a wood. ".repeat(40);
    let tokens = model.tokenizer.encode(&story).unwrap();
    story[..tokens[n - 1].span.end].to_owned()
}

/// From nothing to the first next-token table: opening the bundled model and reading a sentence.
#[divan::bench]
fn start_to_first_probabilities() -> usize {
    let model = storybook();
    let trace = model.trace("The cat sat on the").unwrap();
    candidates(&model, &trace, &Sampling::default(), 20).len()
}

/// From a key press to the complete record of the new text.
#[divan::bench(args = [1, 16, 64, 256])]
fn key_press_to_trace(bencher: Bencher<'_, '_>, n_tokens: usize) {
    let model = storybook();
    let text = text_of(&model, n_tokens);
    bencher.bench(|| model.trace(&text).unwrap());
}

#[divan::bench(args = [1, 16, 64, 256])]
fn forward_silent(bencher: Bencher<'_, '_>, n_tokens: usize) {
    let model = storybook();
    let (tokens, _) = model.prompt(&text_of(&model, n_tokens)).unwrap();
    bencher.bench(|| model.run(&tokens, &mut Cache::default(), &mut Silent));
}

#[divan::bench(args = [1, 16, 64, 256])]
fn forward_recorded(bencher: Bencher<'_, '_>, n_tokens: usize) {
    let model = storybook();
    let (tokens, _) = model.prompt(&text_of(&model, n_tokens)).unwrap();
    bencher.bench(|| {
        let mut recorder = Recorder::default();
        model.run(&tokens, &mut Cache::default(), &mut recorder);
        recorder
    });
}

/// One more token with the keys and values of 64 others kept.
#[divan::bench]
fn next_token_with_cache(bencher: Bencher<'_, '_>) {
    let model = storybook();
    let (tokens, _) = model.prompt(&text_of(&model, 65)).unwrap();
    let mut cache = Cache::default();
    model.run(&tokens[..64], &mut cache, &mut Silent);
    bencher.bench_local(|| {
        cache.truncate(64);
        model.run(&tokens[64..], &mut cache, &mut Silent)
    });
}

/// From a key press at the end of a text of 64 tokens to the complete record: the last position is
/// new.
fn follow(bencher: Bencher<'_, '_>, model: &Checkpoint) {
    let (before, after) = (text_of(model, 63), text_of(model, 64));
    let mut follower = Follower::default();
    bencher.bench_local(|| {
        follower.trace(model, &before, Target::Own, &[]).unwrap();
        follower.trace(model, &after, Target::Own, &[]).unwrap()
    });
}

/// Twice: one token less, and one more.
#[divan::bench]
fn two_key_presses_at_64_tokens(bencher: Bencher<'_, '_>) {
    follow(bencher, &storybook());
}

mod gpt2_small_sized {
    use super::{Cache, Recorder, Silent, follow, gpt2_small, text_of};
    use divan::Bencher;

    #[divan::bench(args = [1, 16, 64, 256], sample_count = 20)]
    fn forward_silent(bencher: Bencher<'_, '_>, n_tokens: usize) {
        let model = gpt2_small();
        let (tokens, _) = model.prompt(&text_of(model, n_tokens)).unwrap();
        bencher.bench(|| model.run(&tokens, &mut Cache::default(), &mut Silent));
    }

    #[divan::bench(args = [1, 16, 64, 256], sample_count = 20)]
    fn forward_recorded(bencher: Bencher<'_, '_>, n_tokens: usize) {
        let model = gpt2_small();
        let (tokens, _) = model.prompt(&text_of(model, n_tokens)).unwrap();
        bencher.bench(|| {
            let mut recorder = Recorder::default();
            model.run(&tokens, &mut Cache::default(), &mut recorder);
            recorder
        });
    }

    #[divan::bench(sample_count = 40)]
    fn next_token_with_cache(bencher: Bencher<'_, '_>) {
        let model = gpt2_small();
        let (tokens, _) = model.prompt(&text_of(model, 65)).unwrap();
        let mut cache = Cache::default();
        model.run(&tokens[..64], &mut cache, &mut Silent);
        bencher.bench_local(|| {
            cache.truncate(64);
            model.run(&tokens[64..], &mut cache, &mut Silent)
        });
    }

    #[divan::bench(sample_count = 20)]
    fn two_key_presses_at_64_tokens(bencher: Bencher<'_, '_>) {
        follow(bencher, gpt2_small());
    }
}

#[divan::bench]
fn generate_32_tokens(bencher: Bencher<'_, '_>) {
    let model = storybook();
    bencher.bench(|| {
        Generation::new(&model, "Once", Sampling::default(), 1).unwrap().take(32).count()
    });
}

/// Ten steps of a model that learns from nothing, with what is measured on the way.
#[divan::bench]
fn ten_steps_from_nothing() -> usize {
    Run::finished(Recipe::default(), 10).unwrap().progress().step
}

/// A model that learned, as it was at a step: opened and recorded on 32 tokens.
#[divan::bench]
fn scrub_to_a_step(bencher: Bencher<'_, '_>) {
    let run = Run::finished(Recipe::default(), 200).unwrap();
    let steps = run.progress().kept_steps();
    let text: String = run.progress().shown.iter().take(32).map(|t| t.text.as_str()).collect();
    let mut at = steps.into_iter().cycle();
    bencher.bench_local(|| {
        let model = run.opener(at.next().unwrap())().unwrap();
        model.trace(&text).unwrap()
    });
}

/// From a slider to the new probabilities over a vocabulary of GPT-2's size, every filter on.
#[divan::bench]
fn sampling_50257(bencher: Bencher<'_, '_>) {
    let mut coins = Coins::new(1);
    let logits: Vec<f32> =
        (0..50_257).map(|_| 12.0 * (coins.toss() + coins.toss() + coins.toss())).collect();
    let sampling = Sampling {
        temperature: 0.8,
        top_k: Some(200),
        top_p: Some(0.95),
        min_p: Some(0.01),
        typical_p: Some(0.9),
        repetition_penalty: Some(1.1),
        ..Sampling::default()
    };
    assert!(Filter::ALL.iter().all(|&filter| sampling.is_on(filter)));
    bencher.bench(|| sampling.apply(&logits, &[1, 2, 3]));
}

/// Safetensors file of the whole record of 64 tokens.
#[divan::bench]
fn save_trace(bencher: Bencher<'_, '_>) {
    let model = storybook();
    let trace: Trace = model.trace(&text_of(&model, 64)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    bencher.bench(|| {
        trace.save(&dir.path().join("t.safetensors"), |_| true).unwrap();
    });
}

#[cfg(feature = "gui")]
mod window {
    use super::{Checkpoint, DeviceKind, random_gpt2, text_of};
    use divan::Bencher;
    use egui::{Context, RawInput, Rect, pos2, vec2};
    use headlight::gui::{App, Saved, views};

    fn view_ids() -> Vec<&'static str> {
        views::all().iter().map(|view| view.id()).collect()
    }

    /// Our part of a frame at 1920x1080, from input to triangles, with 144 heads of 64x64.
    #[divan::bench(args = view_ids())]
    fn frame(bencher: Bencher<'_, '_>, view: &str) {
        // As many heads as GPT-2 small, narrow so that making it is quick.
        let dir = random_gpt2(96, 4096);
        let model = dir.path().to_string_lossy().into_owned();
        let prompt = text_of(&Checkpoint::open(&model, DeviceKind::default()).unwrap(), 64);
        let ctx = Context::default();
        let mut app =
            App::new(&ctx, Saved { model, prompt, view: view.to_owned(), ..Saved::default() })
                .unwrap();
        let mut frame = || {
            let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1920.0, 1080.0)));
            let mut output = ctx.run_ui(RawInput { screen_rect, ..Default::default() }, |ui| {
                app.logic();
                app.ui(ui);
            });
            // What the graphics card takes is not ours to measure.
            output.textures_delta.clear();
            let busy = app.is_busy() || app.trace().is_none();
            (ctx.tessellate(output.shapes, output.pixels_per_point).len(), busy)
        };
        while frame().1 {
            std::thread::yield_now();
        }
        bencher.bench_local(|| frame().0);
    }
}
