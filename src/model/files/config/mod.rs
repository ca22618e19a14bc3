//! `config.json`: which architecture, and its sizes and switches, as Hugging Face publishes them.
//!
//! Each architecture has a struct of the fields that change its numbers. What a file asks for and this
//! program would compute wrongly is refused by name.

mod bert;
mod gpt2;
mod gpt_neo;
mod gpt_neox;
mod heeded;
mod llama;
mod marian;
mod rope;

pub use bert::{BertConfig, BertFamily};
pub use gpt_neo::GptNeoConfig;
pub use gpt_neox::GptNeoXConfig;
pub use gpt2::Gpt2Config;
pub use llama::{Family, LlamaConfig};
pub use marian::{EPSILON as MARIAN_EPSILON, MarianConfig, Search};
pub use rope::{Rope, RopeScaling};

use crate::model::pages::gpt_neo::GptNeo;
use crate::model::pages::gpt_neox::GptNeoX;
use crate::model::pages::gpt2::Gpt2;
use crate::model::pages::llama::Llama;
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::parts::pooling::Pooling;
use crate::problem::{Problem, Result};
use crate::trace::ModelInfo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::Path;

const READING: &str = "Could not use the model's config.json";

/// No published model comes near; a config beyond it is damaged, and products of such sizes would
/// overflow.
const MAX_SIZE: usize = 1 << 24;

/// The values of `model_type` that can be opened.
pub const SUPPORTED: [&str; 14] = [
    "gpt2",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "phi3",
    "gpt_neox",
    "gpt_neo",
    "bert",
    "distilbert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "marian",
];

/// The config of one of the supported architectures.
#[derive(Debug, Clone, PartialEq)]
pub enum Config {
    /// GPT-2.
    Gpt2(Gpt2Config),
    /// Llama and its family.
    Llama(LlamaConfig),
    /// GPT-NeoX, of which Pythia is made.
    GptNeoX(GptNeoXConfig),
    /// GPT-Neo, of which `TinyStories` is made.
    GptNeo(GptNeoConfig),
    /// BERT and its relatives.
    Bert(BertConfig),
    /// A Marian translator.
    Marian(MarianConfig),
}

impl Config {
    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// When the text is no JSON, names an architecture that is not supported, or asks for something
    /// this program would compute wrongly; the message names the field.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let fields: Value = serde_json::from_slice(json)
            .map_err(|e| Problem::new(READING, format!("it is not valid JSON ({e})")))?;
        let Value::Object(fields) = fields else {
            return Err(Problem::new(READING, "it is not a JSON object"));
        };
        let model_type = model_type(&fields);
        let model_type = model_type.ok_or_else(|| unknown(&fields))?;
        let llama = Family::NAMES.iter().find(|(name, _)| *name == model_type);
        let config = match (model_type.as_str(), llama) {
            ("gpt2", _) => Self::Gpt2(Gpt2Config::from_fields(&fields)?),
            (_, Some(&(_, family))) => Self::Llama(LlamaConfig::from_fields(family, &fields)?),
            ("gpt_neox", _) => Self::GptNeoX(GptNeoXConfig::from_fields(&fields)?),
            ("gpt_neo", _) => Self::GptNeo(GptNeoConfig::from_fields(&fields)?),
            ("bert", _) => Self::Bert(BertConfig::from_fields(BertFamily::Bert, &fields)?),
            ("distilbert", _) => {
                Self::Bert(BertConfig::from_fields(BertFamily::DistilBert, &fields)?)
            }
            ("roberta" | "xlm-roberta" | "camembert", _) => {
                Self::Bert(BertConfig::from_fields(BertFamily::Roberta, &fields)?)
            }
            ("marian", _) => Self::Marian(MarianConfig::from_fields(&fields)?),
            _ => return Err(unknown(&fields)),
        };
        refuse_the_unsupported(&fields)?;
        Ok(config)
    }

    /// What checkpoints with a head put before the names of the bare model's tensors.
    pub(crate) fn prefix(&self) -> &'static str {
        match self {
            Self::Gpt2(_) => Gpt2::PREFIX,
            Self::Llama(_) => Llama::PREFIX,
            Self::GptNeoX(_) => GptNeoX::PREFIX,
            Self::GptNeo(_) => GptNeo::PREFIX,
            Self::Bert(config) => config.family.prefix(),
            Self::Marian(_) => "model.",
        }
    }

    /// Sizes and kinds of the parts of such a model.
    pub fn info(&self, name: &str) -> ModelInfo {
        match self {
            Self::Gpt2(config) => config.info(name),
            Self::Llama(config) => config.info(name),
            Self::GptNeoX(config) => config.info(name),
            Self::GptNeo(config) => config.info(name),
            Self::Bert(config) => config.info(name),
            Self::Marian(config) => config.info(name),
        }
    }

    /// Takes the end tokens from `generation_config.json`, which overrides `config.json` where both
    /// say something. A file that cannot be understood changes nothing: it only concerns writing.
    pub fn heed_generation_config(mut self, json: Option<&[u8]>) -> Self {
        #[derive(Deserialize)]
        struct Ends {
            eos_token_id: Option<OneOrMany>,
        }
        let ends = json.and_then(|json| serde_json::from_slice::<Ends>(json).ok());
        if let Some(ends) = ends.and_then(|ends| ends.eos_token_id) {
            match &mut self {
                Self::Gpt2(config) => config.eos_token_id = Some(ends),
                Self::Llama(config) => config.eos_token_id = Some(ends),
                Self::GptNeoX(config) => config.eos_token_id = Some(ends),
                Self::GptNeo(config) => config.eos_token_id = Some(ends),
                Self::Bert(_) | Self::Marian(_) => {}
            }
        }
        if let (Self::Marian(config), Some(json)) = (&mut self, json) {
            config.heed_generation_config(json);
        }
        self
    }
}

impl Config {
    /// Takes from the files of sentence-transformers and of the tokenizer how an encoder's vectors
    /// become one, and how much of a text is read; `whole` has `modules.json`, `folder` the model.
    /// The notes say what is asked for there and not known here.
    pub fn heed_sentence_files(mut self, whole: &Path, folder: &Path) -> (Self, Option<String>) {
        let Self::Bert(config) = &mut self else {
            return (self, None);
        };
        config.max_seq_length = reading_limit(whole, folder);
        let note = match Pooling::open(whole, config.hidden_size) {
            Ok(pooling) => {
                config.pooling = Some(pooling);
                None
            }
            Err(why) => {
                config.pooling = None;
                Some(format!("the text has no vector of its own: {why}"))
            }
        };
        (self, note)
    }

    /// The fields of `config.json` that are heeded.
    pub(crate) fn heeded(&self) -> &'static [&'static str] {
        match self {
            Self::Gpt2(_) => heeded::GPT2,
            Self::Llama(_) => heeded::LLAMA,
            Self::GptNeoX(_) => heeded::GPT_NEOX,
            Self::GptNeo(_) => heeded::GPT_NEO,
            Self::Bert(_) => heeded::BERT,
            Self::Marian(_) => heeded::MARIAN,
        }
    }
}

/// How many tokens of a text sentence-transformers or the tokenizer's files let an encoder read.
fn reading_limit(whole: &Path, folder: &Path) -> Option<usize> {
    let number = |path: std::path::PathBuf, field: &str| {
        let json: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        // Files without a limit say 10^30, which is no whole number here.
        json.get(field)?.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 2)
    };
    let sentence = |at: &Path| number(at.join("sentence_bert_config.json"), "max_seq_length");
    sentence(folder)
        .or_else(|| sentence(whole))
        .or_else(|| number(folder.join("tokenizer_config.json"), "model_max_length"))
}

/// Hugging Face writes one end token as a number and several as a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// A single id.
    One(i64),
    /// Several ids.
    Many(Vec<i64>),
}

impl OneOrMany {
    /// The ids as tokens; a negative one, as some files write, is no token.
    pub(crate) fn ids(ids: Option<&Self>) -> Vec<u32> {
        let ids: &[i64] = match ids {
            None => &[],
            Some(Self::One(id)) => std::slice::from_ref(id),
            Some(Self::Many(ids)) => ids,
        };
        ids.iter().filter_map(|&id| id.try_into().ok()).collect()
    }
}

/// What the file says it is; older files name only a class, and the oldest have nothing but fields.
fn model_type(fields: &Map<String, Value>) -> Option<String> {
    if let Some(model_type) = fields.get("model_type").and_then(Value::as_str) {
        return Some(model_type.to_owned());
    }
    match architecture(fields) {
        Some(class) => {
            let class = class.to_lowercase();
            let is_class_of = |known: &&str| class.starts_with(&known.replace('_', ""));
            SUPPORTED.into_iter().find(is_class_of).map(str::to_owned)
        }
        None => fields.contains_key("n_embd").then(|| "gpt2".to_owned()),
    }
}

fn architecture(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("architectures")?.get(0)?.as_str()
}

fn unknown(fields: &Map<String, Value>) -> Problem {
    let model_type = fields.get("model_type").and_then(Value::as_str);
    let why = match (model_type, architecture(fields)) {
        (Some(t), _) => format!("model_type = {t:?} is not supported"),
        (None, Some(a)) => format!("architectures = [{a:?}] is not supported"),
        (None, None) => "it has no model_type".to_owned(),
    };
    Problem::new(READING, why)
        .cure(format!("Open a checkpoint whose model_type is one of: {}", SUPPORTED.join(", ")))
}

/// Fields that change the numbers of models of other kinds, and of some made like those here.
const REFUSED: [&str; 13] = [
    "add_cross_attention",
    "attention_multiplier",
    "attn_logit_softcapping",
    "clip_qkv",
    "embedding_multiplier",
    "final_logit_softcapping",
    "logit_scale",
    "logits_scaling",
    "pruned_heads",
    "qk_layernorm",
    "quantization_config",
    "residual_multiplier",
    "use_qk_norm",
];

/// Refuses what no architecture here computes, rather than showing something else.
fn refuse_the_unsupported(fields: &Map<String, Value>) -> Result<()> {
    for field in REFUSED {
        let harmless = match fields.get(field) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::Object(map)) => map.is_empty(),
            // Factors of one, as files that name every default have them.
            Some(Value::Number(n)) => n.as_f64() == Some(1.0),
            Some(_) => false,
        };
        if !harmless {
            return Err(unsupported(field, &fields[field]));
        }
    }
    Ok(())
}

fn unsupported(field: &str, value: &Value) -> Problem {
    Problem::new(READING, format!("{field} = {value} is not supported"))
        .cure("Its numbers would come out wrong, so the model is not opened")
}

/// The fields as a struct. In Hugging Face's configs an explicit null means the default.
fn read<T: DeserializeOwned>(fields: &Map<String, Value>) -> Result<T> {
    let given = fields.iter().filter(|(_, value)| !value.is_null());
    let given = given.map(|(k, v)| (k.clone(), v.clone())).collect();
    serde_json::from_value(Value::Object(given)).map_err(|e| Problem::new(READING, e))
}

fn check_sizes(sizes: &[(&str, usize)]) -> Result<()> {
    match sizes.iter().find(|(_, size)| !(1..=MAX_SIZE).contains(size)) {
        Some((name, size)) => {
            let why = format!("{name} = {size} is out of range (1 to {MAX_SIZE})");
            Err(Problem::new(READING, why))
        }
        None => Ok(()),
    }
}

fn check_epsilon(name: &str, epsilon: f64) -> Result<()> {
    if epsilon.is_finite() && epsilon >= 0.0 {
        return Ok(());
    }
    let why = format!("{name} = {epsilon} is no small positive number");
    Err(Problem::new(READING, why))
}

/// The function that `field` names.
fn function(field: &str, name: &str) -> Result<ActivationFunction> {
    ActivationFunction::from_name(name).ok_or_else(|| {
        let known = ActivationFunction::NAMES.map(|(name, _)| name);
        Problem::new(READING, format!("{field} = {name:?} is not supported"))
            .cure(format!("Supported: {}", known.join(", ")))
    })
}
