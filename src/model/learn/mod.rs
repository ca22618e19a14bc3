//! Learning: the same forward pass on tensors that can be differentiated, its gradients, and the step
//! against them.
//!
//! A model is learned by the names its checkpoint has: [`Parameters`] are the tensors of the file,
//! [`Lesson`] builds the network from them, reads some rows of text, and changes them. What is saved is
//! therefore a checkpoint again.

mod fresh;
mod material;
mod optimizer;
mod parameters;
mod windows;

pub use fresh::{Fresh, Vocabulary};
pub use material::Material;
pub use optimizer::{Optimizer, Rule};
pub use parameters::{Learned, Parameter, Parameters};
pub use windows::{Order, Windows};

use crate::kernel::{self, as_one_of_them};
use crate::model::files::config::Config;
use crate::model::files::weights::Weights;
use crate::model::pages::network::Network;
use crate::model::parts::decoder::Decoder;
use crate::model::run::cache::Cache;
use crate::model::run::memory;
use crate::model::run::ops::cross_entropy;
use crate::model::run::probe::Silent;
use crate::problem::{Problem, Result};
use burn::tensor::{Device, Tensor};
use parameters::{Leaves, Piece};
use std::collections::BTreeMap;

const LEARNING: &str = "The model cannot learn";

/// A model being trained.
#[derive(Debug)]
pub struct Lesson {
    config: Config,
    /// What is learned.
    pub parameters: Parameters,
    optimizer: Optimizer,
    device: Device,
    /// The squared length of the last step's gradient, by the names of the parameters.
    lengths: BTreeMap<String, f64>,
    is_measured: bool,
}

impl Lesson {
    /// Before the first step.
    ///
    /// # Errors
    /// When the model is none that writes, or its tensors are not those of its config.
    pub fn new(config: Config, parameters: Parameters, rule: Rule) -> Result<Self> {
        memory::check_learning(parameters.count())?;
        let device = Device::flex().autodiff();
        let lengths = BTreeMap::new();
        let optimizer = Optimizer::new(rule);
        let lesson = Self { optimizer, config, parameters, device, lengths, is_measured: false };
        lesson.network(&lesson.parameters.leaves(&lesson.device))?;
        Ok(lesson)
    }

    /// The model made of the leaves.
    fn network(&self, leaves: &Leaves) -> Result<Decoder> {
        let weights = Weights::new(leaves.clone());
        match Network::load(self.config.clone(), weights, &self.device)?.0 {
            Network::Decoder(decoder) => Ok(decoder),
            Network::Bert(_) | Network::Marian(_) => {
                let why = "it does not write: it is an encoder or a translator";
                Err(Problem::new(LEARNING, why).cure("Choose a model such as storybook"))
            }
        }
    }

    /// Reads the rows, each a window of `context + 1` tokens, and changes the parameters so that each
    /// token is a little less of a surprise after those before it. Returns the mean surprise, in nats,
    /// before the change.
    ///
    /// # Errors
    /// When the loss is no number any more; the parameters are then as they were.
    pub fn step(&mut self, rows: &[&[u32]]) -> Result<f32> {
        if rows.is_empty() {
            return Err(Problem::new(LEARNING, "there is no text to learn from"));
        }
        let leaves = self.parameters.lend(&self.device);
        let read = self.read(&leaves, rows);
        self.parameters.take_back(leaves);
        let (before, gradients) = read?;
        self.lengths.clear();
        if self.is_measured {
            for ((name, _), gradient) in &gradients {
                let squares = gradient.iter().map(|g| f64::from(g * g)).sum::<f64>();
                *self.lengths.entry(name.clone()).or_default() += squares;
            }
        }
        self.optimizer.step(&mut self.parameters, gradients);
        Ok(before)
    }

    /// The loss of the rows, and how it grows with each number.
    fn read(&self, leaves: &Leaves, rows: &[&[u32]]) -> Result<(f32, BTreeMap<Piece, Vec<f32>>)> {
        let network = self.network(leaves)?;
        let mean = loss(&network, rows);
        let before = mean.clone().into_scalar::<f32>();
        if !before.is_finite() {
            let why = format!("the loss is {before}: the steps are too large");
            return Err(Problem::new(LEARNING, why).cure("Lower the rate"));
        }
        Ok((before, as_one_of_them(|| leaves.gradients(&mean))))
    }

    /// Has the lengths of the gradients of the next steps measured, or no more.
    pub fn measure(&mut self, is_measured: bool) {
        self.is_measured = is_measured;
    }

    /// Makes the steps to come larger or smaller.
    pub fn set_rate(&mut self, rate: f32) {
        self.optimizer.rule.rate = rate;
    }

    /// The length of the last step's gradient, if it was measured, for each part of the model: `embeddings`, the attention
    /// and the MLP of each block (`0 attention`), `norms`.
    pub fn gradient_lengths(&self) -> Vec<(String, f32)> {
        let mut parts: BTreeMap<String, f64> = BTreeMap::new();
        for (name, squares) in &self.lengths {
            *parts.entry(part_of(name)).or_default() += squares;
        }
        parts.into_iter().map(|(part, squares)| (part, squares.sqrt() as f32)).collect()
    }

    /// The mean surprise of each token of a window after those before it, in nats.
    ///
    /// # Errors
    /// As [`Lesson::new`].
    pub fn loss(&self, row: &[u32]) -> Result<f32> {
        let network = self.network(&self.parameters.leaves(&self.device))?;
        Ok(loss(&network, &[row]).into_scalar::<f32>())
    }
}

/// The part of a model that a parameter belongs to, by its name in the checkpoint.
fn part_of(name: &str) -> String {
    let fields: Vec<&str> = name.split('.').collect();
    let layer = fields.iter().find_map(|field| field.parse::<usize>().ok());
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match layer {
        _ if has(&["ln_", "norm"]) => "norms".to_owned(),
        Some(layer) if has(&["attn", "attention"]) => format!("{layer} attention"),
        Some(layer) => format!("{layer} MLP"),
        None => "embeddings".to_owned(),
    }
}

/// The mean cross-entropy of windows of one length: each token but the first is the answer to those
/// before it.
fn loss(decoder: &Decoder, rows: &[&[u32]]) -> Tensor<1> {
    let questions: Vec<u32> = rows.iter().flat_map(|row| &row[..row.len() - 1]).copied().collect();
    let answers: Vec<u32> = rows.iter().flat_map(|row| &row[1..]).copied().collect();
    let logits = as_one_of_them(|| {
        decoder.forward_rows(&questions, rows.len(), &mut Cache::default(), &mut Silent)
    }); // [pos, vocab]
    cross_entropy(&logits, &answers)
}

impl Drop for Lesson {
    /// What was kept for the next step is of no use without one.
    fn drop(&mut self) {
        kernel::memory::forget();
    }
}

#[cfg(test)]
mod tests;
