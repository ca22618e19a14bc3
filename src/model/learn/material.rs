//! What a model is made of, to go on learning and to be saved again.

use super::Parameters;
use crate::files::write_atomically;
use crate::model::files::checkpoint::Checkpoint;
use crate::model::files::config::Config;
use crate::model::files::gguf::{Gguf, GgufWeights};
use crate::model::files::layout::{self, Place};
use crate::model::files::weights::Weights;
use crate::model::pages::network::Network;
use crate::model::run::memory;
use crate::model::text::tokenizer::Tokenizer;
use crate::problem::{Problem, Result};
use burn::tensor::Device;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The text of a `config.json`, the tensors, the tokenizer.
#[derive(Debug)]
pub struct Material {
    /// The fields of `config.json`.
    pub config: Value,
    /// The tensors by their names.
    pub parameters: Parameters,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
}

const SAVING: &str = "Could not save the model";

impl Material {
    /// Of a model by whatever names it: see [`Checkpoint::open`](crate::model::Checkpoint::open).
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(name: &str) -> Result<Self> {
        let (json, weights, tokenizer) = match Place::find(name)? {
            Place::Bundled(bundled) => (
                bundled.config.to_vec(),
                Weights::embedded(bundled.weights)?,
                Tokenizer::parse(bundled.tokenizer)?,
            ),
            Place::File(path) => {
                if !Gguf::is_gguf(&path) {
                    return Err(layout::no_model(&path));
                }
                let file = Gguf::open(&path)?;
                let tokenizer = Tokenizer::parse(&file.tokenizer_json()?)?;
                (file.config_json()?, Weights::new(GgufWeights::new(file)), tokenizer)
            }
            Place::Folder { path, .. } => {
                let path = layout::model_folder(&path);
                let json = layout::read_config(&path)?;
                (json, Weights::open(&path)?, Tokenizer::open(&path)?)
            }
        };
        let config = Config::parse(&json)?;
        memory::check_weights(&config.info(name))?;
        let mut parameters = Parameters::of(&weights)?;
        // Building the model once tells which tensors it reads.
        let unread = Network::unread(config, weights, &Device::flex())?;
        parameters.retain_read(&unread);
        let config = serde_json::from_slice(&json)
            .map_err(|e| Problem::new("Could not read config.json", e))?;
        Ok(Self { config, parameters, tokenizer })
    }

    /// What the config says.
    ///
    /// # Errors
    /// When it says something that is not supported.
    pub fn parsed(&self) -> Result<Config> {
        Config::parse(self.config.to_string().as_bytes())
    }

    /// The network with these parameters.
    ///
    /// # Errors
    /// When they are not those of the config.
    pub fn network(&self, parameters: &Parameters) -> Result<Network> {
        let device = Device::flex();
        let weights = Weights::new(parameters.leaves(&device));
        Network::load(self.parsed()?, weights, &device).map(|(network, _)| network)
    }

    /// A model with these parameters, like one that was opened.
    ///
    /// # Errors
    /// As [`Material::network`].
    pub fn checkpoint(
        &self,
        parameters: &Parameters,
        source: String,
        name: &str,
    ) -> Result<Checkpoint> {
        let network = self.network(parameters)?;
        Ok(Checkpoint::new(source, name, self.tokenizer.clone(), network, None))
    }

    /// Writes a folder as Hugging Face publishes models: it opens here and in transformers.
    ///
    /// # Errors
    /// When it cannot be written. Files that were there are then as they were.
    pub fn save(&self, parameters: &Parameters, folder: &Path) -> Result<()> {
        let at = |path: &Path, why: String| {
            Problem::new(SAVING, format!("{why}: {}", path.display()))
                .cure("Choose a folder that can be written to, on a disk with room")
        };
        std::fs::create_dir_all(folder).map_err(|e| at(folder, e.to_string()))?;
        let numbers: BTreeMap<&String, (Vec<u8>, &[usize])> = parameters
            .0
            .iter()
            .map(|(name, parameter)| {
                let bytes = parameter.merged().iter().flat_map(|x| x.to_le_bytes()).collect();
                (name, (bytes, parameter.shape.as_slice()))
            })
            .collect();
        let mut views = Vec::with_capacity(numbers.len());
        for (name, (bytes, shape)) in &numbers {
            let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes);
            views.push(((*name).clone(), view.map_err(|e| at(folder, e.to_string()))?));
        }
        // transformers asks for this word.
        let format = [("format".to_owned(), "pt".to_owned())].into();
        let weights =
            safetensors::serialize(views, Some(format)).map_err(|e| at(folder, e.to_string()))?;
        let mut config = self.config.clone();
        config["dtype"] = "float32".into();
        let tokenizer = self.tokenizer.json().map_err(|why| at(folder, why))?;
        let names = serde_json::json!({"tokenizer_class": "PreTrainedTokenizerFast"});
        for (name, bytes) in [
            ("model.safetensors", weights),
            ("config.json", format!("{config:#}").into_bytes()),
            ("tokenizer.json", tokenizer.into_bytes()),
            ("tokenizer_config.json", format!("{names:#}").into_bytes()),
        ] {
            let path = folder.join(name);
            write_atomically(&path, &bytes).map_err(|e| at(&path, e.to_string()))?;
        }
        Ok(())
    }
}
