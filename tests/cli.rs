//! The command line from end to end: the real program, its output, its exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headlight::trace::{Hook, Trace};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/tiny");

fn headlight(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_headlight")).args(args).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = headlight(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The message of a command that must end with exit code 1, without a panic.
fn problem(args: &[&str]) -> String {
    let output = headlight(args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// A copy of the tiny checkpoint to damage.
fn copy_of_tiny(dir: &Path) -> PathBuf {
    let copy = dir.join("model");
    std::fs::create_dir(&copy).unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(format!("{TINY}/{name}"), copy.join(name)).unwrap();
    }
    copy
}

#[test]
fn trace_writes_every_activation_in_both_formats() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["t.safetensors", "t.json"] {
        let out = dir.path().join(name);
        stdout(&[
            "trace",
            "--model",
            TINY,
            "--text",
            "The café 猫!",
            "--out",
            out.to_str().unwrap(),
        ]);
        let trace = Trace::load(&out).unwrap();
        let hooks: Vec<Hook> = trace.iter().map(|(hook, _)| hook).collect();
        assert_eq!(hooks, Hook::all(&trace.model), "{name}");
    }
    let out = dir.path().join("some.json");
    let args = [
        "trace",
        "--model",
        TINY,
        "--text",
        "The",
        "--hooks",
        "blocks.*.attn.hook_pattern",
        "--out",
    ];
    stdout(&[&args[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(Trace::load(&out).unwrap().iter().count(), 3);
}

#[test]
fn predict_prints_json_most_probable_first() {
    let args = ["predict", "--text", "The cat sat on the", "--top", "5", "--top-k", "2", "--json"];
    let json: Value = serde_json::from_str(&stdout(&args)).unwrap();
    assert_eq!(json["tokens"], serde_json::json!(["The", " cat", " sat", " on", " the"]));
    let next = json["next"].as_array().unwrap();
    assert_eq!(next.len(), 5);
    let prob = |i: usize, field: &str| next[i][field].as_f64().unwrap();
    assert!((1..5).all(|i| prob(i - 1, "prob") >= prob(i, "prob")));
    assert!((prob(0, "sampling_prob") + prob(1, "sampling_prob") - 1.0).abs() < 1e-6);
    assert_eq!(prob(2, "sampling_prob"), 0.0);
    assert!(next[0]["id"].is_u64() && next[0]["token"].is_string() && next[0]["logit"].is_f64());
}

#[test]
fn generate_continues_the_text_and_repeats_itself_with_a_seed() {
    let args = ["generate", "--text", "Once upon a time", "--tokens", "10", "--seed", "7"];
    let text = stdout(&args);
    assert!(text.starts_with("Once upon a time") && text.len() > 20, "{text}");
    assert_eq!(text, stdout(&args));
    let json = ["generate", "--text", "The", "--tokens", "3", "--greedy", "--json"];
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["tokens"].as_array().unwrap().len(), 3);
}

#[test]
fn tokenize_and_models() {
    let json: Value = serde_json::from_str(&stdout(&["tokenize", "a cat", "--json"])).unwrap();
    assert_eq!(json["tokens"][1]["text"], " cat");
    assert_eq!(json["tokens"][1]["end"], 5);
    assert!(stdout(&["tokenize", "a cat"]).contains("·cat"));
    assert_eq!(stdout(&["models", "list"]), "storybook\nreader\ntranslator\n");
    let info: Value = serde_json::from_str(&stdout(&["models", "info", TINY, "--json"])).unwrap();
    assert_eq!((info["n_heads"].as_u64(), info["d_mlp"].as_u64()), (Some(3), Some(40)));
    assert!(stdout(&["models", "info", "storybook"]).contains("17538816"));
}

#[test]
fn ablate_and_sweep_agree() {
    let text = "The cat sat on the";
    let sweep: Value = serde_json::from_str(&stdout(&["sweep", "--text", text, "--json"])).unwrap();
    assert_eq!(
        (
            sweep["changes"].as_array().unwrap().len(),
            sweep["attribution"][5].as_array().unwrap().len()
        ),
        (8, 8)
    );
    let id = sweep["token"]["id"].as_u64().unwrap();
    let args = ["ablate", "--text", text, "--heads", "4.2", "--top", "4096", "--json"];
    let ablate: Value = serde_json::from_str(&stdout(&args)).unwrap();
    let row = ablate["next"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
    let change = (row["after"].as_f64().unwrap() / row["before"].as_f64().unwrap()).ln();
    assert!((change - sweep["changes"][4][2].as_f64().unwrap()).abs() < 1e-4);
    assert!(stdout(&["sweep", "--text", text]).contains("log-probability"));
    assert!(
        problem(&["ablate", "--text", text, "--heads", "9.9"]).contains("there is no head 9.9")
    );
    assert_eq!(headlight(&["ablate", "--text", text, "--heads", "three"]).status.code(), Some(2));
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for args in [
        &["predict"][..],
        &["predict", "--text", "a", "--top-p", "2"],
        &["predict", "--text", "a", "--device", "abacus"],
        &["generate", "--text", "a", "--tokens", "-1"],
        &["fly"],
    ] {
        assert_eq!(headlight(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn the_parts_of_a_score_add_up() {
    let text = "When Mary and John went to the store, John gave a drink to";
    let parts = |more: &[&str]| -> (f64, f64) {
        let args = [&["attribute", "--json", "--text", text], more].concat();
        let output = headlight(&args);
        let proof: Value = serde_json::from_slice(&output.stdout).unwrap();
        let parts = proof["parts"].as_array().unwrap().iter();
        (proof["logit"].as_f64().unwrap(), parts.map(|p| p["value"].as_f64().unwrap()).sum())
    };
    for more in [&[][..], &["--token", "100", "--against", "200"]] {
        let (score, sum) = parts(more);
        assert!((score - sum).abs() < 1e-4, "{more:?}: {score} {sum}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("parts.csv");
    let output = headlight(&["attribute", "--text", text, "--out", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let n_heads_and_sources = std::fs::read_to_string(&file).unwrap().lines().count();
    assert!(n_heads_and_sources > 64 * 14, "{n_heads_and_sources}");
    for (wrong, said) in [("9999999", "9999999"), ("-1", "-1")] {
        let output = headlight(&["attribute", "--text", text, &format!("--token={wrong}")]);
        assert_ne!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stderr).contains(said));
    }
}

#[test]
fn hooks_that_match_nothing_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.safetensors");
    let out = out.to_str().unwrap();
    let message = problem(&["trace", "--text", "a", "--out", out, "--hooks", "hook_nothing"]);
    assert!(message.contains("hook_nothing"), "{message}");
}

#[test]
fn bad_models_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let predict = |model: &Path| {
        problem(&["predict", "--model", model.to_str().unwrap(), "--text", "The cat"])
    };
    assert!(predict(&dir.path().join("missing")).contains("there is no such folder"));
    assert!(predict(dir.path()).contains("config.json"));
    assert!(predict(Path::new(file!())).contains("file, not a folder"));

    let model = copy_of_tiny(dir.path());
    let damage = |name: &str, content: &[u8], expected: &str| {
        let file = model.join(name);
        let good = std::fs::read(&file).unwrap();
        std::fs::write(&file, content).unwrap();
        let message = predict(&model);
        assert!(message.contains(expected), "{name}: {message}");
        std::fs::write(&file, good).unwrap();
    };
    let weights = std::fs::read(model.join("model.safetensors")).unwrap();
    damage("model.safetensors", &weights[..weights.len() / 2], "damaged or incomplete");
    damage("model.safetensors", b"", "Could not read the model's weights");
    damage("tokenizer.json", b"not json", "tokenizer");
    damage("config.json", b"not json", "not valid JSON");
    let config: Value =
        serde_json::from_slice(&std::fs::read(model.join("config.json")).unwrap()).unwrap();
    for (field, value, expected) in [
        ("n_head", Value::from(5), "n_head = 5 does not divide n_embd = 24"),
        (
            "n_embd",
            Value::from(48),
            "wte.weight has shape [320, 24], but config.json asks for [320, 48]",
        ),
        ("n_layer", Value::from(9), "h.3.ln_1.weight is missing"),
        ("vocab_size", Value::from(300), "shape [320, 24]"),
        ("activation_function", Value::from("xielu"), "activation_function"),
        ("model_type", Value::from("t5"), "model_type"),
    ] {
        let mut config = config.clone();
        config[field] = value;
        damage("config.json", config.to_string().as_bytes(), expected);
    }
    std::fs::remove_file(model.join("tokenizer.json")).unwrap();
    assert!(predict(&model).contains("none of tokenizer.json, vocab.json with merges.txt"));
}

#[test]
fn weights_of_nan_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let model = copy_of_tiny(dir.path());
    let file = model.join("model.safetensors");
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&file, bytes).unwrap();
    let message = problem(&["predict", "--model", model.to_str().unwrap(), "--text", "a"]);
    assert!(message.contains("holds NaN at index"), "{message}");
}

#[test]
fn odd_texts_are_read_or_refused() {
    assert!(problem(&["predict", "--text", ""]).contains("the text is empty"));
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.safetensors");
    let long = "The cat sat. ".repeat(2000);
    let output = headlight(&["trace", "--text", &long, "--out", out.to_str().unwrap()]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("were left out"));
    assert_eq!(Trace::load(&out).unwrap().tokens.len(), 512);
    assert!(
        problem(&["trace", "--text", "a", "--out", "/no/such/folder/t.json"])
            .contains("/no/such/folder")
    );
}

#[test]
fn a_token_beyond_the_vocabulary_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let model = copy_of_tiny(dir.path());
    std::fs::write(
        model.join("tokenizer.json"),
        include_bytes!("../models/storybook/tokenizer.json"),
    )
    .unwrap();
    let message = problem(&["predict", "--model", model.to_str().unwrap(), "--text", "the mouse"]);
    assert!(message.contains("exceeds the model's vocabulary of 320"), "{message}");
}

#[cfg(feature = "gui")]
#[test]
fn shot_draws_a_picture_without_a_display() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("heads.png");
    let args = [
        "shot",
        "--view",
        "heads",
        "--size",
        "640x480",
        "--theme",
        "light",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_headlight"))
        .args(args)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let image = image::open(&out).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (640, 480));
    let colors: std::collections::HashSet<_> = image.pixels().collect();
    assert!(colors.len() > 100, "only {} colours", colors.len());
}

#[test]
fn every_part_can_be_changed_if_it_is_there() {
    let ablate = |more: &[&str]| {
        let mut args = vec!["ablate", "--text", "The cat sat on the"];
        args.extend(more);
        args.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let run = |more: &[&str]| {
        let args = ablate(more);
        headlight(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let all = [
        "--scale",
        "3.1=0.5",
        "--attn",
        "1",
        "--mlp",
        "2=0.5",
        "--neuron",
        "3.17",
        "--hide",
        "1",
        "--force",
        "0.1=uniform",
        "--patch",
        "blocks.2.hook_resid_post@4=0",
        "--from",
        "A dog",
        "--json",
    ];
    let found: Value = serde_json::from_slice(&run(&all).stdout).unwrap();
    assert_eq!(found["edits"].as_array().unwrap().len(), 7);
    assert!(found["kl_bits"].as_f64().unwrap() > 0.0);
    for (more, why) in [
        (&["--mlp", "9"][..], "there is no layer 9"),
        (&["--neuron", "0.9999"][..], "there is no neuron 0.9999"),
        (&["--hide", "5"][..], "there is no token 5"),
        (
            &["--patch", "blocks.0.attn.hook_pattern@1", "--from", "A"][..],
            "no values of a single token",
        ),
        (
            &["--patch", "hook_embed@0=7", "--from", "A dog"][..],
            "no token 7 in the text to take it from",
        ),
    ] {
        let args = ablate(more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert!(problem(&args).contains(why), "{more:?}");
    }
    for more in [&[][..], &["--patch", "hook_embed@0"], &["--from", "A"], &["--force", "0.1=up"]] {
        assert_eq!(run(more).status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn beams_write_the_likeliest_text() {
    let args = |more: &[&'static str]| {
        let mut args = vec!["generate", "--text", "The cat sat on the", "--tokens", "6"];
        args.extend(more);
        args
    };
    let found: Value = serde_json::from_str(&stdout(&args(&["--beams", "4", "--json"]))).unwrap();
    let beams = found["beams"].as_array().unwrap();
    assert_eq!((beams.len(), &beams[0]["text"]), (4, &found["text"]));
    let text = stdout(&args(&["--beams", "4"]));
    let expected = format!("The cat sat on the{}", found["text"].as_str().unwrap());
    assert_eq!(text.trim_end(), expected.trim_end());
    for more in [&["--beams", "4", "--greedy"][..], &["--beams", "9"], &["--length-penalty", "2"]] {
        assert_eq!(headlight(&args(more)).status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn lessons_are_listed_and_checked() {
    let list = stdout(&["lessons", "list"]);
    assert!(list.contains("010-next-word") && list.lines().count() >= 17);
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let write = |name: &str, body: &str| {
        let text = format!("---\ntitle: A lesson\n---\n\n## A step\n{body}\n");
        std::fs::write(dir.path().join(name), text).unwrap();
    };
    write("010-true.md", "check: next \"He opened the\" is door");
    assert!(stdout(&["lessons", "check", folder]).starts_with("1 lessons, 0 questions, 1 claims"));
    write("020-false.md", "check: next \"He opened the\" is moon");
    let message = problem(&["lessons", "check", folder]);
    assert!(message.contains("it is [\"door\"]: 020-false.md, line 6"), "{message}");
    write("020-false.md", "[x](do:rm \"-rf\")");
    let message = problem(&["lessons", "check", folder]);
    assert!(message.contains("there is no command \"rm\""), "{message}");
    assert!(message.contains("020-false.md, line 6"), "{message}");
    assert!(problem(&["lessons", "check", "/no/such/folder"]).contains("/no/such/folder"));
}

#[test]
fn a_model_learns_and_what_it_learned_opens() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let text = "My cat is called Zorro. ".repeat(8);
    std::fs::write(at("text"), &text).unwrap();
    let (data, out, log) = (at("text"), at("model"), at("log.json"));
    let common = ["learn", "--data", &data, "--out", &out, "--log", &log, "--steps", "12"];
    let losses = || -> Vec<f64> {
        let log: Value = serde_json::from_slice(&std::fs::read(&log).unwrap()).unwrap();
        serde_json::from_value(log["losses"].clone()).unwrap()
    };
    let zorro = [&common[..], &["--model", "storybook", "--rows", "1", "--context", "16"]].concat();
    let output = headlight(&zorro);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(losses()[11] < 0.2 * losses()[0], "{:?}", losses());
    let output = headlight(&[
        "predict",
        "--json",
        "--model",
        &out,
        "--text",
        "My cat is called",
        "--top",
        "1",
    ]);
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(table["next"][0]["token"], " Zorro");

    let new = ["--new", "layers=1,heads=2,width=16,mlp=off", "--vocab", "chars", "--context", "16"];
    assert_eq!(headlight(&[&common[..], &new].concat()).status.code(), Some(0));
    assert_eq!(losses().len(), 12);
    for (wrong, said) in [
        (["--model", "reader", "--context", "16"], "it does not write"),
        (["--model", "storybook", "--context", "999"], "999"),
        (["--model", "storybook", "--rows", "0"], "--rows"),
    ] {
        let message = problem(&[&common[..], &wrong].concat());
        assert!(message.contains(said), "{message}");
    }
}
