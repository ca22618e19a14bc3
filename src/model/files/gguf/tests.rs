use super::*;
use crate::model::Tokenizer;

/// Writes GGUF files for tests, well-formed or not.
#[derive(Default)]
pub(crate) struct Writer {
    entries: Vec<u8>,
    n_entries: u64,
    tensors: Vec<u8>,
    n_tensors: u64,
    data: Vec<u8>,
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

impl Writer {
    /// An entry of the metadata: its kind, and the bytes of its value.
    pub(crate) fn entry(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.entries.extend([&text(key)[..], &kind.to_le_bytes(), value].concat());
        self.n_entries += 1;
        self
    }

    pub(crate) fn count(self, key: &str, value: u32) -> Self {
        self.entry(key, 4, &value.to_le_bytes())
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.entry(key, 8, &text(value))
    }

    pub(crate) fn texts(self, key: &str, values: &[&str]) -> Self {
        let texts: Vec<u8> = values.iter().flat_map(|value| text(value)).collect();
        let head = [&8_u32.to_le_bytes()[..], &(values.len() as u64).to_le_bytes()].concat();
        self.entry(key, 9, &[head, texts].concat())
    }

    pub(crate) fn floats(self, key: &str, values: &[f32]) -> Self {
        let numbers: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let head = [&6_u32.to_le_bytes()[..], &(values.len() as u64).to_le_bytes()].concat();
        self.entry(key, 9, &[head, numbers].concat())
    }

    /// A line of the table of tensors; sizes are written fastest first, as they are.
    pub(crate) fn promise(mut self, name: &str, sizes: &[u64], kind: u32, offset: u64) -> Self {
        let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
        let n_dims = (sizes.len() / 8) as u32;
        let line = [
            &text(name)[..],
            &n_dims.to_le_bytes(),
            &sizes,
            &kind.to_le_bytes(),
            &offset.to_le_bytes(),
        ];
        self.tensors.extend(line.concat());
        self.n_tensors += 1;
        self
    }

    /// A tensor of f32, sizes fastest first.
    pub(crate) fn tensor(mut self, name: &str, sizes: &[u64], values: &[f32]) -> Self {
        let offset = self.data.len() as u64;
        self.data.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        self.promise(name, sizes, 0, offset)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend(self.n_tensors.to_le_bytes());
        file.extend(self.n_entries.to_le_bytes());
        file.extend([self.entries, self.tensors].concat());
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(self.data);
        file
    }
}

pub(crate) fn parse(file: Vec<u8>) -> Result<Gguf> {
    Gguf::parse(Bytes::Embedded(file.leak()))
}

fn why(writer: Writer) -> String {
    parse(writer.finish()).unwrap_err().why
}

const BLOCKS: &[u8] = include_bytes!("../../../../assets/golden/gguf/blocks.gguf");

#[test]
fn every_type_stands_for_what_the_gguf_package_says() {
    let file = Gguf::parse(Bytes::Embedded(BLOCKS)).unwrap();
    let mut n_types = 0;
    for stored in file.tensors.iter().filter(|tensor| tensor.name.strip_suffix(".f32").is_none()) {
        let floats = file.tensor(&format!("{}.f32", stored.name)).unwrap();
        assert_eq!((stored.kind.to_string(), &stored.shape), (stored.name.clone(), &vec![2, 256]));
        let (ours, theirs) = (file.floats(stored).unwrap(), file.floats(floats).unwrap());
        for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(a.to_bits(), b.to_bits(), "{} at {i}: {a} {b}", stored.name);
        }
        assert_eq!(ours.len(), 512);
        n_types += 1;
    }
    assert_eq!(n_types, 16);
}

#[test]
fn metadata_is_read_by_kind() {
    let file = Writer::default()
        .count("a.size", 7)
        .text("a.name", "café")
        .texts("a.list", &["x", "", "注意"])
        .floats("a.scores", &[0.5, -1.0])
        .entry("a.on", 7, &[1])
        .entry("a.negative", 5, &(-3_i32).to_le_bytes())
        .entry("a.big", 12, &1e300_f64.to_le_bytes())
        .tensor("w", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let gguf = parse(file.finish()).unwrap();
    assert_eq!((gguf.count("a.size"), gguf.text("a.name")), (Some(7), Some("café")));
    assert_eq!(gguf.texts("a.list").unwrap(), ["x", "", "注意"]);
    assert_eq!(gguf.numbers("a.scores").unwrap(), [0.5, -1.0]);
    assert_eq!((gguf.switch("a.on"), gguf.count("a.negative")), (Some(true), None));
    assert_eq!(gguf.value("a.big").and_then(Value::number), Some(1e300));
    assert_eq!((gguf.texts("a.scores"), gguf.numbers("a.list")), (None, None));
    let w = gguf.tensor("w").unwrap();
    assert_eq!((w.shape.clone(), gguf.floats(w).unwrap()[5]), (vec![2, 3], 6.0));
}

#[test]
fn lies_about_sizes_are_refused() {
    let max = u64::MAX;
    for (sizes, kind, offset) in [
        (&[1 << 62, 8][..], 0, 0),     // more numbers than there are addresses
        (&[max, max, max, max], 0, 0), //
        (&[1 << 40], 0, 0),            // terabytes that are not there
        (&[32], 2, max - 31),          // a place near 2^64
        (&[32], 2, 1 << 63),           //
        (&[31], 2, 0),                 // no whole block
        (&[0], 0, 0),                  // nothing
        (&[], 0, 0),                   // no axes
        (&[1, 1, 1, 1, 1], 0, 0),      // five axes
        (&[4], 99, 0),                 // a type that does not exist
        (&[4], 0, 4),                  // between two multiples of 32
    ] {
        let problem = why(Writer::default().promise("w", sizes, kind, offset));
        assert!(problem.starts_with('w'), "{sizes:?} {kind} {offset}: {problem}");
    }
    let twice = Writer::default().tensor("w", &[1], &[0.0]).tensor("w", &[1], &[0.0]);
    assert_eq!(why(twice), "w is there twice");
    let shared = Writer::default().tensor("a", &[8], &[0.0; 8]).promise("b", &[8], 0, 0);
    assert!(why(shared).contains("share bytes"));
}

#[test]
fn lies_about_counts_are_refused() {
    for at in [8, 16] {
        let mut file = Writer::default().count("a", 1).tensor("w", &[1], &[0.0]).finish();
        file[at..at + 8].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
        assert!(parse(file).is_err(), "count at byte {at}");
    }
    let huge = (1_u64 << 63).to_le_bytes();
    let array = |kind: u32| [&kind.to_le_bytes()[..], &huge].concat();
    for kind in [0, 4, 8, 9, 12] {
        assert!(why(Writer::default().entry("a", 9, &array(kind))).starts_with("a: "));
    }
    assert!(why(Writer::default().entry("a", 8, &huge)).contains("promised"));
    assert!(why(Writer::default().entry("a", 13, &[])).contains("no kind of value"));
    // Arrays in arrays in arrays, without an end.
    let nested = [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat();
    assert!(why(Writer::default().entry("a", 9, &nested.repeat(1000))).contains("nested"));
    assert!(why(Writer::default().count("general.alignment", 0)).contains("power of two"));
    assert!(why(Writer::default().count("general.alignment", 24)).contains("power of two"));
    assert!(why(Writer::default().count("a", 1).count("a", 1)).contains("twice"));
    assert!(why(Writer::default().count("split.count", 3)).contains("a model in 3 files"));
}

#[test]
fn other_versions_and_files_are_refused() {
    let version = |version: u32| {
        let mut file = Writer::default().finish();
        file[4..8].copy_from_slice(&version.to_le_bytes());
        parse(file)
    };
    assert!(version(2).is_ok());
    assert!(version(1).unwrap_err().why.contains("version 1"));
    assert!(version(4).unwrap_err().why.contains("version 4"));
    assert!(version(3_u32.swap_bytes()).unwrap_err().why.contains("big-endian"));
    assert!(parse(b"PK\x03\x04 and so on".to_vec()).unwrap_err().why.contains("begin with GGUF"));
    assert!(parse(Vec::new()).is_err());
}

#[test]
fn a_file_cut_anywhere_is_refused_or_read() {
    for cut in 0..BLOCKS.len() {
        if cut < 4000 || cut % 97 == 0 {
            assert!(Gguf::parse(Bytes::Embedded(&BLOCKS[..cut])).is_err(), "cut at {cut}");
        }
    }
}

fn golden(name: &str) -> Gguf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/golden/gguf");
    Gguf::open(&Path::new(folder).join(name)).unwrap()
}

fn recorded() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../../assets/golden/gguf/tokens.json")).unwrap()
}

fn ids(tokens: &[crate::trace::Token]) -> serde_json::Value {
    tokens.iter().map(|token| token.id).collect()
}

/// The same vocabulary with another way of splitting the text first.
fn with_pre(gguf: &Gguf, pre: &str) -> Tokenizer {
    let mut writer =
        Writer::default().text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", pre);
    for key in ["tokenizer.ggml.tokens", "tokenizer.ggml.merges"] {
        writer = writer.texts(key, &gguf.texts(key).unwrap());
    }
    let kinds: Vec<f32> = gguf
        .numbers("tokenizer.ggml.token_type")
        .unwrap()
        .iter()
        .map(|&kind| kind as f32)
        .collect();
    let writer = writer
        .floats("tokenizer.ggml.token_type", &kinds)
        .count("tokenizer.ggml.bos_token_id", 1)
        .entry("tokenizer.ggml.add_bos_token", 7, &[0]);
    Tokenizer::parse(&parse(writer.finish()).unwrap().tokenizer_json().unwrap()).unwrap()
}

#[test]
fn tokens_are_those_of_transformers() {
    let (recorded, gguf) = (recorded(), golden("model.gguf"));
    let pieces = Tokenizer::parse(&golden("pieces.gguf").tokenizer_json().unwrap()).unwrap();
    for (pre, expected) in recorded["tokens"].as_object().unwrap() {
        let byte_level;
        let tokenizer = if pre == "pieces" {
            &pieces
        } else {
            byte_level = with_pre(&gguf, pre);
            &byte_level
        };
        for (text, expected) in
            recorded["texts"].as_array().unwrap().iter().zip(expected.as_array().unwrap())
        {
            let tokens = tokenizer.encode(text.as_str().unwrap()).unwrap();
            assert_eq!(&ids(&tokens), expected, "{pre}: {text}");
        }
    }
}

#[test]
fn a_start_token_is_added_where_llama_cpp_adds_one() {
    let (gguf, pieces) = (golden("model.gguf"), golden("pieces.gguf"));
    let adds = |gguf: &Gguf| {
        String::from_utf8(gguf.tokenizer_json().unwrap()).unwrap().contains("TemplateProcessing")
    };
    assert!(!adds(&gguf) && adds(&pieces));
    let silent = |pre: &str| {
        let writer =
            Writer::default().text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", pre);
        let writer = writer
            .texts("tokenizer.ggml.tokens", &["a", "<s>"])
            .texts("tokenizer.ggml.merges", &[]);
        parse(writer.count("tokenizer.ggml.bos_token_id", 1).finish()).unwrap()
    };
    assert!(adds(&silent("llama-bpe")) && !adds(&silent("qwen2")) && !adds(&silent("gpt-2")));
}

#[test]
fn other_tokenizers_and_architectures_are_refused_by_name() {
    let why = |writer: Writer| parse(writer.finish()).unwrap().tokenizer_json().unwrap_err().why;
    let tokens = || Writer::default().texts("tokenizer.ggml.tokens", &["a", "b"]);
    assert!(why(Writer::default()).contains("tokens is missing"));
    assert!(why(tokens()).contains("tokenizer.ggml.model"));
    assert!(why(tokens().text("tokenizer.ggml.model", "bert")).contains("bert"));
    assert!(why(tokens().text("tokenizer.ggml.model", "gpt2")).contains("merges is missing"));
    let odd = tokens()
        .text("tokenizer.ggml.model", "gpt2")
        .texts("tokenizer.ggml.merges", &[])
        .text("tokenizer.ggml.pre", "odd");
    assert!(why(odd).contains("odd"));
    let unscored =
        tokens().text("tokenizer.ggml.model", "llama").floats("tokenizer.ggml.scores", &[1.0]);
    assert!(why(unscored).contains("2 tokens have 1 scores"));
    let long = "x".repeat(2000);
    let long = Writer::default()
        .texts("tokenizer.ggml.tokens", &[&long])
        .text("tokenizer.ggml.model", "llama");
    assert!(why(long.floats("tokenizer.ggml.scores", &[1.0])).contains("2000 bytes"));

    let why = |writer: Writer| parse(writer.finish()).unwrap().config_json().unwrap_err().why;
    assert!(why(Writer::default().text("general.architecture", "mamba")).contains("mamba"));
    let llama = || Writer::default().text("general.architecture", "llama");
    assert!(why(llama()).contains("head_count is missing"));
    assert!(why(llama().count("llama.expert_count", 8)).contains("expert_count = 8"));
}

#[test]
fn the_config_says_what_the_metadata_says() {
    let json: serde_json::Value =
        serde_json::from_slice(&golden("model.gguf").config_json().unwrap()).unwrap();
    for (field, value) in [
        ("model_type", serde_json::json!("llama")),
        ("hidden_size", 32.into()),
        ("intermediate_size", 64.into()),
        ("num_hidden_layers", 2.into()),
        ("num_attention_heads", 4.into()),
        ("num_key_value_heads", 2.into()),
        ("head_dim", 16.into()),
        ("max_position_embeddings", 64.into()),
        ("vocab_size", 320.into()),
        ("rope_theta", 500.0.into()),
        ("tie_word_embeddings", true.into()),
        ("attention_bias", false.into()),
        ("eos_token_id", serde_json::json!([2])),
    ] {
        assert_eq!(json[field], value, "{field}");
    }
}

#[test]
fn llama_3_is_known_by_its_frequencies() {
    let factors = config::llama3_factors(32, 500_000.0, 32.0);
    let file = |factors: &[f32]| {
        let mut writer = Writer::default().text("general.architecture", "llama");
        for key in [
            "attention.head_count",
            "embedding_length",
            "feed_forward_length",
            "block_count",
            "context_length",
        ] {
            writer = writer.count(&format!("llama.{key}"), 64);
        }
        let writer = writer.entry("llama.rope.freq_base", 6, &500_000_f32.to_le_bytes());
        let writer = writer.tensor("token_embd.weight", &[1, 2], &[0.0; 2]);
        parse(writer.tensor("rope_freqs.weight", &[32], factors).finish()).unwrap().config_json()
    };
    let json: serde_json::Value = serde_json::from_slice(&file(&factors).unwrap()).unwrap();
    assert_eq!(
        (&json["rope_scaling"]["rope_type"], &json["rope_scaling"]["factor"]),
        (&"llama3".into(), &32.0.into())
    );
    assert!(file(&[3.0; 32]).unwrap_err().why.contains("no scaling"));
}

#[test]
fn a_model_in_several_files_opens_at_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let at = |n: usize| dir.path().join(format!("m-{n:05}-of-00003.gguf"));
    let part = |no: u32, names: &[&str]| {
        let part = Writer::default().count("split.count", 3).count("split.no", no);
        let value = no as f32;
        names.iter().fold(part, |part, name| part.tensor(name, &[2], &[value, value])).finish()
    };
    for (no, names) in [(0, &["a"][..]), (1, &["b", "c"]), (2, &["d"])] {
        std::fs::write(at(no as usize + 1), part(no, names)).unwrap();
    }
    let gguf = Gguf::open(&at(1)).unwrap();
    for (name, value) in [("a", 0.0), ("b", 1.0), ("c", 1.0), ("d", 2.0)] {
        assert_eq!(gguf.floats(gguf.tensor(name).unwrap()).unwrap(), [value, value], "{name}");
    }
    assert!(Gguf::open(&at(2)).unwrap_err().why.contains("a model in 3 files"));
    std::fs::write(at(3), part(2, &["a"])).unwrap();
    assert!(Gguf::open(&at(1)).unwrap_err().why.contains("a is in two parts"));
    std::fs::write(at(3), part(1, &["d"])).unwrap();
    assert!(Gguf::open(&at(1)).unwrap_err().why.contains("not the part"));
    std::fs::remove_file(at(3)).unwrap();
    assert!(Gguf::open(&at(1)).unwrap_err().why.contains("m-00003-of-00003.gguf"));
}
