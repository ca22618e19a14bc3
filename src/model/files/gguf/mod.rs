//! GGUF, the file format of llama.cpp: one file holds the sizes, the tokenizer and the weights, most
//! of them in few bits.
//!
//! [`Gguf`] reads the table of contents, [`GgmlType`] turns blocks of few bits into f32. From the
//! metadata come the texts that a Hugging Face folder would hold, [`Gguf::config_json`] and
//! [`Gguf::tokenizer_json`], so that everything after that is the same for both.
//!
//! Format: `docs/gguf.md` of ggml, versions 2 and 3. Crates that read it were looked at; those that
//! are small do not turn weights into f32 or allocate what a file merely claims to hold.

mod config;
mod dequantize;
mod names;
mod read;
mod tokenizer;
mod value;
mod weights;

pub use dequantize::GgmlType;
pub use value::Value;
pub use weights::GgufWeights;

use crate::model::files::bytes::Bytes;
use crate::model::text::chat::Chat;
use crate::problem::{Problem, Result};
use read::Reader;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

const READING: &str = "Could not read the GGUF file";
const DAMAGED: &str = "The file is damaged or incomplete; download or copy it again";
/// Where the data of tensors starts is a multiple of this, unless the file says otherwise.
const ALIGNMENT: u64 = 32;
/// No published model comes in more files.
const MAX_PARTS: u64 = 999;

/// A tensor's place and form in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufTensor {
    /// Its name in llama.cpp's spelling: `blk.0.attn_q.weight`.
    pub name: String,
    /// Sizes as PyTorch writes them, slowest first: `[out, in]`.
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub kind: GgmlType,
    /// Where they are in the file.
    pub bytes: Range<usize>,
    /// Which file, of a model in several.
    pub part: usize,
}

/// An opened GGUF file.
#[derive(Debug)]
pub struct Gguf {
    bytes: Bytes,
    /// The other files, of a model in several.
    others: Vec<Bytes>,
    /// What the file says about the model, by key: `llama.block_count`.
    metadata: BTreeMap<String, Value>,
    /// Its tensors in the order of the file.
    pub tensors: Vec<GgufTensor>,
}

impl Gguf {
    /// Does the file begin as a GGUF file does?
    pub fn is_gguf(path: &Path) -> bool {
        let mut magic = [0; 4];
        let file = std::fs::File::open(path);
        let read = file.and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic));
        read.is_ok() && &magic == b"GGUF"
    }

    /// Opens a file: reads its table of contents and checks every promise in it.
    ///
    /// # Errors
    /// When the file is missing, damaged, of another version, or parts of a split model are.
    pub fn open(path: &Path) -> Result<Self> {
        let read = |path: &Path| {
            let at = |problem: Problem| Problem {
                why: format!("{}: {}", problem.why, path.display()),
                ..problem
            };
            let bytes = Bytes::map(path).map_err(|e| at(Problem::new(READING, e)))?;
            Self::part(bytes).map_err(at)
        };
        let mut gguf = read(path)?;
        for other in gguf.other_parts(path)? {
            gguf.join(read(&other)?, &other)?;
        }
        Ok(gguf)
    }

    /// The files behind the first, of a model in several: `name-00001-of-00003.gguf`.
    fn other_parts(&self, path: &Path) -> Result<Vec<PathBuf>> {
        let n = self.count("split.count").unwrap_or(1);
        if n <= 1 {
            return Ok(Vec::new());
        }
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let first = format!("-00001-of-{n:05}.gguf");
        let Some(stem) = name.strip_suffix(&first).filter(|_| n <= MAX_PARTS) else {
            let why = format!("it is one part of a model in {n} files: {}", path.display());
            return Err(Problem::new(READING, why).cure(format!(
                "Open the first, whose name ends in {first}; the others must lie beside it"
            )));
        };
        let part = |i: u64| path.with_file_name(format!("{stem}-{i:05}-of-{n:05}.gguf"));
        Ok((2..=n).map(part).collect())
    }

    /// Adds the tensors of another file.
    fn join(&mut self, other: Self, path: &Path) -> Result<()> {
        let part = self.others.len() + 1;
        let is_next = other.count("split.no").is_none_or(|no| usize::try_from(no) == Ok(part));
        let twice = other.tensors.iter().find(|tensor| self.tensor(&tensor.name).is_some());
        if let Some(why) = match (is_next, twice) {
            (false, _) => Some("it is not the part that its name says".to_owned()),
            (_, Some(tensor)) => Some(format!("{} is in two parts", tensor.name)),
            _ => None,
        } {
            let why = format!("{why}: {}", path.display());
            return Err(Problem::new(READING, why).cure("Download all parts of one model again"));
        }
        self.tensors.extend(other.tensors.into_iter().map(|tensor| GgufTensor { part, ..tensor }));
        self.others.push(other.bytes);
        Ok(())
    }

    /// Reads the table of contents of a file in memory.
    ///
    /// # Errors
    /// As [`Gguf::open`].
    pub fn parse(bytes: Bytes) -> Result<Self> {
        let gguf = Self::part(bytes)?;
        gguf.other_parts(Path::new("")).map(|_| gguf)
    }

    fn part(bytes: Bytes) -> Result<Self> {
        let contents = contents(bytes.as_slice());
        let (metadata, tensors) =
            contents.map_err(|why| Problem::new(READING, why).cure(DAMAGED))?;
        let gguf = Self { bytes, others: Vec::new(), metadata, tensors };
        if gguf.text("general.type") == Some("adapter") {
            let why = "it is an adapter (LoRA), not a model";
            return Err(Problem::new(READING, why).cure(
                "Merge it into its base model (PEFT's merge_and_unload), save that, and open the result",
            ));
        }
        if let Some(tensor) = gguf.tensors.iter().find(|tensor| !tensor.kind.has_layout()) {
            let refusal = tensor.kind.refusal();
            return Err(Problem { why: format!("{}: {}", tensor.name, refusal.why), ..refusal });
        }
        Ok(gguf)
    }

    /// What the file says under a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.value(key).and_then(Value::text)
    }

    /// A size or an id of the metadata.
    ///
    /// An array with an entry for each layer is one size when all agree.
    pub fn count(&self, key: &str) -> Option<u64> {
        if let Some(numbers) = self.numbers(key) {
            let first = *numbers.first()?;
            let is_size = first >= 0.0 && first.fract() == 0.0 && first < 2_f64.powi(53);
            return (is_size && numbers.iter().all(|&n| n == first)).then_some(first as u64);
        }
        self.value(key).and_then(Value::count)
    }

    /// A switch of the metadata.
    pub fn switch(&self, key: &str) -> Option<bool> {
        match self.value(key) {
            Some(Value::Bool(switch)) => Some(*switch),
            _ => None,
        }
    }

    /// An array of texts, or nothing when there is none.
    pub fn texts(&self, key: &str) -> Option<Vec<&str>> {
        match self.value(key) {
            Some(Value::Array(array)) => array.texts(self.bytes.as_slice()),
            _ => None,
        }
    }

    /// An array of numbers, or nothing when there is none.
    pub fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        match self.value(key) {
            Some(Value::Array(array)) => array.numbers(self.bytes.as_slice()),
            _ => None,
        }
    }

    /// The form in which the model expects to be spoken to, if the file has a template: one that
    /// works, or why it does not.
    pub fn chat(&self) -> Option<Result<Chat>> {
        let tokens = self.texts("tokenizer.ggml.tokens").unwrap_or_default();
        let token = |role: &str| {
            let id = self.count(&format!("tokenizer.ggml.{role}_token_id"));
            let id = id.and_then(|id| usize::try_from(id).ok());
            id.and_then(|id| tokens.get(id).copied()).unwrap_or_default()
        };
        let template = self.text("tokenizer.chat_template")?;
        Some(Chat::new(template, token("bos"), token("eos")))
    }

    /// The tensor of that name in llama.cpp's spelling.
    pub fn tensor(&self, name: &str) -> Option<&GgufTensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// A tensor's bytes as they are in the file.
    fn stored(&self, tensor: &GgufTensor) -> &[u8] {
        let file = match tensor.part {
            0 => Some(&self.bytes),
            part => self.others.get(part - 1),
        };
        file.and_then(|file| file.as_slice().get(tensor.bytes.clone())).unwrap_or_default()
    }

    /// A tensor's numbers as f32, in the order of the file.
    ///
    /// # Errors
    /// When they are stored in a way this program does not read.
    pub fn floats(&self, tensor: &GgufTensor) -> Result<Vec<f32>> {
        tensor.kind.floats(self.stored(tensor))
    }
}

type Contents = (BTreeMap<String, Value>, Vec<GgufTensor>);

/// The table of contents. Counts in a file are never believed: every entry is read from bytes that
/// are there, so that memory is bounded by the size of the file.
fn contents(bytes: &[u8]) -> std::result::Result<Contents, String> {
    let mut reader = Reader::new(bytes);
    if reader.take(4)? != b"GGUF" {
        return Err("it does not begin with GGUF".into());
    }
    match reader.u32()? {
        2 | 3 => {}
        version if version.swap_bytes() <= 3 => {
            return Err("it was written for a big-endian machine".into());
        }
        version => return Err(format!("it is of version {version}; 2 and 3 can be read")),
    }
    let (n_tensors, n_entries) = (reader.u64()?, reader.u64()?);
    let mut metadata = BTreeMap::new();
    for _ in 0..n_entries {
        let key = reader.text()?.to_owned();
        let value = reader.value().map_err(|why| format!("{key}: {why}"))?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(format!("{key} is there twice"));
        }
    }
    let alignment = match metadata.get("general.alignment") {
        None => ALIGNMENT,
        Some(value) => value.count().unwrap_or(0),
    };
    if !alignment.is_power_of_two() || alignment > 1 << 20 {
        return Err(format!("general.alignment = {alignment} is no power of two"));
    }
    let mut tensors = Vec::new();
    for _ in 0..n_tensors {
        tensors.push(tensor(&mut reader)?);
    }
    let start = (reader.at() as u64).next_multiple_of(alignment);
    for tensor in &mut tensors {
        place(tensor, start, alignment, bytes.len())
            .map_err(|why| format!("{}: {why}", tensor.name))?;
    }
    check_apart(&tensors)?;
    Ok((metadata, tensors))
}

/// One line of the table of tensors. Its place is still counted from where the data starts.
fn tensor(reader: &mut Reader<'_>) -> std::result::Result<GgufTensor, String> {
    let name = reader.text()?.to_owned();
    let n_dims = reader.u32()?;
    if n_dims == 0 || n_dims > 4 {
        return Err(format!("{name} has {n_dims} dimensions"));
    }
    let sizes: Vec<u64> =
        (0..n_dims).map(|_| reader.u64()).collect::<std::result::Result<_, _>>()?;
    let kind = GgmlType(reader.u32()?);
    let offset = usize::try_from(reader.u64()?).map_err(|e| e.to_string())?;
    // GGUF writes the fastest axis first.
    let shape: Option<Vec<usize>> = sizes.iter().rev().map(|&n| n.try_into().ok()).collect();
    // How long a tensor of an unknown type is, nobody knows; such a file is refused later.
    let n_bytes = if kind.has_layout() {
        shape.as_deref().and_then(|shape| kind.n_bytes(shape))
    } else {
        Some(0)
    };
    let end = n_bytes.and_then(|n| offset.checked_add(n));
    let (Some(shape), Some(end)) = (shape, end) else {
        return Err(format!("{name} cannot have sizes {sizes:?} in {kind}"));
    };
    Ok(GgufTensor { name, shape, kind, bytes: offset..end, part: 0 })
}

/// Counts a tensor's place from the beginning of the file.
fn place(
    tensor: &mut GgufTensor,
    start: u64,
    alignment: u64,
    file: usize,
) -> std::result::Result<(), String> {
    let Range { start: from, end } = tensor.bytes;
    if !(from as u64).is_multiple_of(alignment) {
        return Err(format!("its place {from} is no multiple of {alignment}"));
    }
    let start = usize::try_from(start).map_err(|e| e.to_string())?;
    match (from.checked_add(start), end.checked_add(start)) {
        (Some(from), Some(end)) if end <= file => {
            tensor.bytes = from..end;
            Ok(())
        }
        _ => Err(format!("it needs {} bytes from {from}, beyond the end of the file", end - from)),
    }
}

/// Tensors that share bytes would let a small file promise a huge model.
fn check_apart(tensors: &[GgufTensor]) -> std::result::Result<(), String> {
    let mut sorted: Vec<&GgufTensor> = tensors.iter().collect();
    sorted.sort_by_key(|tensor| tensor.bytes.start);
    let shared = sorted.windows(2).find(|pair| pair[1].bytes.start < pair[0].bytes.end);
    let mut names: Vec<&str> = tensors.iter().map(|tensor| &*tensor.name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    match (shared, twice) {
        (Some(pair), _) => Err(format!("{} and {} share bytes", pair[0].name, pair[1].name)),
        (_, Some(pair)) => Err(format!("{} is there twice", pair[0])),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
