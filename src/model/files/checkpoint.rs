//! An opened model: weights, tokenizer, and what there is to say about it.

use crate::model::DeviceKind;
use crate::model::files::bundled::Bundled;
use crate::model::files::config::Config;
use crate::model::files::gguf::{Gguf, GgufWeights};
use crate::model::files::layout::{self, Place};
use crate::model::files::unheeded;
use crate::model::files::weights::Weights;
use crate::model::insight::lexicon::Lexicon;
use crate::model::pages::network::Network;
use crate::model::run::cache::Cache;
use crate::model::run::edit::{Edit, Edited};
use crate::model::run::memory;
use crate::model::run::probe::{Probe, Recorder};
use crate::model::run::translation::Target;
use crate::model::text::chat::Chat;
use crate::model::text::tokenizer::Tokenizer;
use crate::problem::{Problem, Result};
use crate::trace::{ModelInfo, Shape, Token, Trace};
use burn::tensor::Tensor;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A model ready to run.
#[derive(Debug)]
pub struct Checkpoint {
    /// Where it was opened from: a folder, or the name of a bundled model.
    pub source: String,
    /// Sizes and names, shared with every trace made by this model.
    pub info: Arc<ModelInfo>,
    /// Its tokenizer; of a translator that of the source text.
    pub tokenizer: Tokenizer,
    /// That of a translator's target text, when it is another. Their ids mean the same.
    pub(crate) target_tokenizer: Option<Tokenizer>,
    /// Its network.
    pub network: Network,
    /// The form in which it expects to be spoken to, if it is made for that.
    pub chat: Option<Chat>,
    /// Why its chat template, which it has, cannot be used.
    pub chat_problem: Option<Problem>,
    /// What its files ask for or hold that is not heeded, each as a sentence for people.
    pub notes: Vec<String>,
    lexicon: OnceLock<Lexicon>,
}

impl Checkpoint {
    /// Opens a bundled model by its name, a model on Hugging Face that was downloaded before by its
    /// name there (`hf:owner/name`), a GGUF file, or a folder as Hugging Face publishes it.
    ///
    /// # Errors
    /// When anything in it is missing, damaged or not supported, or does not fit in memory.
    pub fn open(name: &str, device: DeviceKind) -> Result<Self> {
        match Place::find(name)? {
            Place::Bundled(bundled) => Self::bundled(bundled, device),
            Place::File(path) => Self::file(&path, device),
            Place::Folder { path, short } => Self::folder(&path, name, &short, device),
        }
    }

    /// Opens a model inside the program.
    ///
    /// # Errors
    /// Only if the program itself is damaged.
    pub fn bundled(bundled: &Bundled, device: DeviceKind) -> Result<Self> {
        let config = Config::parse(bundled.config)?;
        let weights = Weights::embedded(bundled.weights)?;
        let tokenizer = Tokenizer::parse(bundled.tokenizer)?;
        let (network, notes) = Network::load(config, weights, &device.device())?;
        let name = bundled.name;
        Ok(Self { notes, ..Self::new(name.to_owned(), name, tokenizer, network, None) })
    }

    /// A model in one file.
    fn file(path: &Path, device: DeviceKind) -> Result<Self> {
        if !Gguf::is_gguf(path) {
            return Err(layout::no_model(path));
        }
        let at = |problem: Problem| Problem {
            why: format!("{}: {}", problem.why, path.display()),
            ..problem
        };
        let file = Gguf::open(path)?;
        let config = Config::parse(&file.config_json().map_err(at)?).map_err(at)?;
        let tokenizer = Tokenizer::parse(&file.tokenizer_json().map_err(at)?).map_err(at)?;
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        memory::check_weights(&config.info(&name))?;
        let chat = file.chat().transpose();
        let note = file.tokenizer_note();
        let weights = Weights::new(GgufWeights::new(file));
        let (network, mut notes) = Network::load(config, weights, &device.device()).map_err(at)?;
        notes.extend(note);
        let source = path.to_string_lossy().into_owned();
        Ok(Self { notes, ..Self::new(source, &name, tokenizer, network, None) }.with_chat(chat))
    }

    fn folder(whole: &Path, source: &str, name: &str, device: DeviceKind) -> Result<Self> {
        // sentence-transformers may keep the model in a folder of its own inside.
        let folder = &layout::model_folder(whole);
        let json = layout::read_config(folder)?;
        let config = Config::parse(&json).map_err(|problem| Problem {
            why: format!("{}: {}", problem.why, folder.display()),
            ..problem
        })?;
        let generation_config = std::fs::read(folder.join("generation_config.json")).ok();
        let mut notes = Vec::from_iter(unheeded::config(&config, &json));
        notes.extend(unheeded::generation(&config, generation_config.as_deref()));
        let config = config.heed_generation_config(generation_config.as_deref());
        let (config, more) = config.heed_sentence_files(whole, folder);
        notes.extend(more);
        let weights = Weights::open(folder)?;
        let (tokenizer, target_tokenizer) = Tokenizer::open_pair(folder)?;
        memory::check_weights(&config.info(name))?;
        let (network, more) = Network::load(config, weights, &device.device())?;
        notes.extend(more);
        notes.extend(tokenizer.note.clone());
        let opened = Self::new(source.to_owned(), name, tokenizer, network, None);
        Ok(Self { target_tokenizer, notes, ..opened }.with_chat(Chat::in_folder(folder)))
    }

    /// With its chat template, or why that cannot be used: the model can then still be read as it is.
    fn with_chat(mut self, chat: Result<Option<Chat>>) -> Self {
        match chat {
            Ok(chat) => self.chat = chat,
            Err(problem) => {
                self.notes.push(format!("the chat template cannot be used: {}", problem.why));
                self.chat_problem = Some(problem);
            }
        }
        self
    }

    pub(in crate::model) fn new(
        source: String,
        name: &str,
        tokenizer: Tokenizer,
        network: Network,
        chat: Option<Chat>,
    ) -> Self {
        Self {
            source,
            info: Arc::new(network.info(name)),
            tokenizer,
            target_tokenizer: None,
            network,
            chat,
            chat_problem: None,
            notes: Vec::new(),
            lexicon: OnceLock::new(),
        }
    }

    /// Every token's vector and its neighbours. Computed when first asked for, which takes a moment
    /// with a large vocabulary: ask from a background task.
    pub fn lexicon(&self) -> &Lexicon {
        self.lexicon.get_or_init(|| Lexicon::of(self.network.embed()))
    }

    /// The tokens of a text, with what the tokenizer adds around it; a text in the chat form has that
    /// already.
    ///
    /// # Errors
    /// When the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>> {
        match &self.chat {
            Some(chat) if chat.is_rendered(text) => self.tokenizer.encode_bare(text),
            _ => self.tokenizer.encode(text),
        }
    }

    /// The tokens the model reads for a text: all of them, or as many as its context holds. What a
    /// decoder does not read is the beginning; what an encoder does not read is the end, and the token
    /// that ends every text stays. The second value says how many were left out.
    ///
    /// # Errors
    /// When the text is empty, or holds a token the model does not know.
    pub fn prompt(&self, text: &str) -> Result<(Vec<Token>, usize)> {
        let mut tokens = self.encode(text)?;
        if tokens.is_empty() {
            return Err(Problem::new("There is nothing to read", "the text is empty")
                .cure("Type a word or a sentence"));
        }
        check(&tokens, self.network.source_vocab_size())?;
        let dropped = tokens.len().saturating_sub(self.info.n_ctx);
        if self.info.shape == Shape::Decoder {
            tokens.drain(..dropped);
        } else if dropped > 0 {
            let n_last = usize::from(tokens.last().is_some_and(|token| token.special));
            let end = tokens.len() - n_last;
            tokens.drain(end - dropped..end);
        }
        Ok((tokens, dropped))
    }

    /// Runs the model on a text and records every activation. A translator also writes its own
    /// translation and records how.
    ///
    /// # Errors
    /// As [`Checkpoint::prompt`].
    pub fn trace(&self, text: &str) -> Result<Trace> {
        self.trace_edited(text, &[])
    }

    /// The same with changes made on the way.
    ///
    /// # Errors
    /// As [`Checkpoint::prompt`].
    pub fn trace_edited(&self, text: &str, edits: &[Edit]) -> Result<Trace> {
        self.trace_target(text, Target::Own, edits)
    }

    /// The same with what a translator's decoder is to be fed; for other models without effect.
    ///
    /// # Errors
    /// As [`Checkpoint::prompt`], for both texts.
    pub fn trace_target(&self, text: &str, target: Target<'_>, edits: &[Edit]) -> Result<Trace> {
        if let Some(marian) = self.translator() {
            return self.trace_pair(marian, text, target, edits);
        }
        let (tokens, dropped) = self.prompt(text)?;
        self.check_room(tokens.len())?;
        let inner = Recorder::default();
        let mut probe = Edited { model: &self.info, edits, inner };
        self.run(&tokens, &mut Cache::default(), &mut probe);
        Trace::new(self.info.clone(), text.to_owned(), tokens, dropped, probe.inner.finish()?)
    }

    /// Is there memory to record so many tokens?
    ///
    /// # Errors
    /// When there is not.
    pub fn check_room(&self, n_tokens: usize) -> Result<()> {
        memory::check_recording(memory::trace_bytes(&self.info, n_tokens))
    }

    /// Runs the model on tokens that follow those in `cache`; gives the scores of the next token
    /// after each, `[pos, vocab]`.
    pub fn run(&self, tokens: &[Token], cache: &mut Cache, probe: &mut impl Probe) -> Tensor<2> {
        let ids: Vec<u32> = tokens.iter().map(|t| t.id).collect();
        self.network.forward(&ids, cache, probe)
    }
}

/// Does the model know these tokens?
pub(crate) fn check(tokens: &[Token], vocab_size: usize) -> Result<()> {
    let Some(token) = tokens.iter().find(|t| t.id as usize >= vocab_size) else {
        return Ok(());
    };
    let why = format!(
        "token {} ({:?}) exceeds the model's vocabulary of {vocab_size}",
        token.id, token.text
    );
    Err(Problem::new("The model cannot read this text", why)
        .cure("The tokenizer belongs to another model"))
}
