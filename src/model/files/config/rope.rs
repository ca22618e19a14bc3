//! How fast rotary positions turn: the base, and how it was stretched for longer contexts.

use super::{READING, unsupported};
use crate::model::parts::rotary::Rotary;
use crate::problem::{Problem, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::f64::consts::TAU;

/// The frequencies' base and scaling, as `rope_parameters` in `config.json`, or in older files
/// `rope_theta` and `rope_scaling`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// The base.
    pub theta: f64,
    /// The share of a head's dimensions that are turned, the first ones.
    pub share: f64,
    /// The stretching.
    pub scaling: RopeScaling,
}

impl Default for Rope {
    fn default() -> Self {
        Self { theta: 10_000.0, share: 1.0, scaling: RopeScaling::None }
    }
}

/// A change of the frequencies after training on shorter texts.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// As they are.
    None,
    /// All divided by a factor (Chen et al. 2023, "Extending Context Window ... via Positional
    /// Interpolation").
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Slow ones divided by a factor, fast ones kept, those between in between (Llama 3.1).
    Llama3 {
        /// The factor.
        factor: f64,
        /// Pairs that turn less often than this in the old context are divided by the factor.
        low_freq_factor: f64,
        /// Pairs that turn more often than this are kept.
        high_freq_factor: f64,
        /// The context before stretching.
        old_context: f64,
    },
    /// Slow ones divided by a factor, fast ones kept, a ramp between, and the turned vectors made
    /// longer (Peng et al. 2023, "`YaRN`").
    Yarn {
        /// The factor.
        factor: f64,
        /// The pair at which the ramp begins, and the one at which it ends.
        ramp: [f64; 2],
        /// What turned vectors are multiplied by.
        scale: f64,
    },
}

#[derive(Deserialize)]
struct Fields {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
    attention_factor: Option<f64>,
    mscale: Option<f64>,
    mscale_all_dim: Option<f64>,
    beta_fast: Option<f64>,
    beta_slow: Option<f64>,
    truncate: Option<bool>,
}

impl Fields {
    /// As `_compute_yarn_parameters` of transformers' `modeling_rope_utils.py`.
    fn yarn(&self, factor: f64, theta: f64, d_head: usize, old_context: f64) -> RopeScaling {
        let d_head = d_head as f64;
        // The dimension that turns so often in the old context.
        let dim = |turns: f64| d_head * (old_context / (turns * TAU)).ln() / (2.0 * theta.ln());
        let (mut low, mut high) =
            (dim(self.beta_fast.unwrap_or(32.0)), dim(self.beta_slow.unwrap_or(1.0)));
        if self.truncate.unwrap_or(true) {
            (low, high) = (low.floor(), high.ceil());
        }
        let (low, mut high) = (low.max(0.0), high.min(d_head - 1.0));
        if low == high {
            high += 0.001;
        }
        let longer = |m: f64| if factor <= 1.0 { 1.0 } else { 0.1 * m * factor.ln() + 1.0 };
        let given = |m: Option<f64>| m.filter(|&m| m != 0.0);
        let scale = self.attention_factor.unwrap_or_else(|| {
            let both = given(self.mscale).zip(given(self.mscale_all_dim));
            both.map_or_else(|| longer(1.0), |(m, all)| longer(m) / longer(all))
        });
        RopeScaling::Yarn { factor, ramp: [low, high], scale }
    }
}

impl Rope {
    /// Reads what a `config.json` says of rotations.
    pub(super) fn from_fields(
        config: &Map<String, Value>,
        n_ctx: usize,
        d_head: usize,
    ) -> Result<Self> {
        let is_given = |name: &&str| {
            let value = config.get(*name).and_then(Value::as_object);
            value.is_some_and(|fields| !fields.is_empty())
        };
        let name = ["rope_scaling", "rope_parameters"].into_iter().find(is_given);
        let value = name.and_then(|name| config.get(name)).cloned();
        let mut value = value.unwrap_or_else(|| Value::Object(Map::new()));
        // Some files have the old name and the new one for the same thing.
        if let Some(fields) = value.as_object_mut()
            && fields.contains_key("rope_type")
        {
            fields.remove("type");
        }
        let fields: Fields = serde_json::from_value(value.clone()).map_err(|e| {
            Problem::new(READING, format!("{}: {e}", name.unwrap_or("rope_parameters")))
        })?;
        let name = name.unwrap_or("rope_parameters");
        let number = |name| config.get(name).and_then(Value::as_f64);
        let partial = fields.partial_rotary_factor.or(number("partial_rotary_factor"));
        let share = partial.or(number("rotary_pct")).unwrap_or(1.0);
        if !(share > 0.0 && share <= 1.0) {
            return Err(unsupported("partial_rotary_factor", &share.into()));
        }
        let theta = fields.rope_theta.or(number("rope_theta")).or(number("rotary_emb_base"));
        let theta = theta.unwrap_or(10_000.0);
        let missing = |field: &str| Problem::new(READING, format!("{name} lacks {field}"));
        let factor = || fields.factor.ok_or_else(|| missing("factor"));
        let old_context = number("original_max_position_embeddings")
            .or(fields.original_max_position_embeddings)
            .unwrap_or(n_ctx as f64);
        let scaling = match fields.rope_type.as_deref() {
            // Dynamic scaling changes nothing before the context is exceeded, which never happens here.
            None | Some("default" | "dynamic") => RopeScaling::None,
            Some("linear") => RopeScaling::Linear { factor: factor()? },
            Some("llama3") => RopeScaling::Llama3 {
                factor: factor()?,
                low_freq_factor: fields
                    .low_freq_factor
                    .ok_or_else(|| missing("low_freq_factor"))?,
                high_freq_factor: fields
                    .high_freq_factor
                    .ok_or_else(|| missing("high_freq_factor"))?,
                old_context,
            },
            Some("yarn") => {
                let factor = fields.factor.unwrap_or(n_ctx as f64 / old_context);
                let n_turned = (d_head as f64 * share) as usize;
                fields.yarn(factor, theta, n_turned, old_context)
            }
            Some(_) => return Err(unsupported(name, &value)),
        };
        let rope = Self { theta, share, scaling };
        let rotary = rope.rotary(8);
        if rotary.frequencies.iter().chain([&rotary.scale]).all(|f| f.is_finite()) {
            Ok(rope)
        } else {
            Err(unsupported(name, &value))
        }
    }

    /// How many dimensions of a head are turned; rounded down, as in transformers.
    pub fn n_turned(&self, d_head: usize) -> usize {
        (d_head as f64 * self.share) as usize
    }

    /// The frequencies for heads of that width.
    pub fn rotary(&self, d_head: usize) -> Rotary {
        let mut rotary = Rotary::new(self.theta, self.n_turned(d_head));
        for (pair, frequency) in rotary.frequencies.iter_mut().enumerate() {
            *frequency = self.scaling.apply(f64::from(*frequency), pair) as f32;
        }
        if let RopeScaling::Yarn { scale, .. } = self.scaling {
            rotary.scale = scale as f32;
        }
        rotary
    }
}

impl RopeScaling {
    /// The frequency of a pair after stretching; the formulas of transformers' `modeling_rope_utils.py`.
    fn apply(&self, frequency: f64, pair: usize) -> f64 {
        match *self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Yarn { factor, ramp: [low, high], .. } => {
                let slow = ((pair as f64 - low) / (high - low)).clamp(0.0, 1.0);
                frequency / factor * slow + frequency * (1.0 - slow)
            }
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, old_context } => {
                // How often the pair turns in the old context.
                let turns = old_context * frequency / TAU;
                if turns < low_freq_factor {
                    frequency / factor
                } else if turns > high_freq_factor {
                    frequency
                } else {
                    let smooth = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rope(json: &str) -> Rope {
        let Value::Object(fields) = serde_json::from_str(json).unwrap() else {
            panic!("no object");
        };
        Rope::from_fields(&fields, 2048, 64).unwrap()
    }

    #[test]
    fn old_and_new_spellings_say_the_same() {
        let old = rope(r#"{"rope_theta":5e5,"rope_scaling":{"type":"linear","factor":4.0}}"#);
        let new = rope(
            r#"{"rope_parameters":{"rope_type":"linear","type":"linear","factor":4,"rope_theta":5e5}}"#,
        );
        assert_eq!(old, new);
        assert_eq!(old.rotary(4).frequencies[0], 0.25);
        assert_eq!(rope("{}"), Rope::default());
    }

    #[test]
    fn llama3_keeps_the_fast_and_slows_the_slow() {
        let rope = rope(
            r#"{"rope_theta":5e5,"rope_scaling":{"rope_type":"llama3","factor":8,
            "low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}}"#,
        );
        let (stretched, plain) = (rope.rotary(64), Rotary::new(5e5, 64));
        let ratio: Vec<f32> =
            plain.frequencies.iter().zip(&stretched.frequencies).map(|(a, b)| a / b).collect();
        assert_eq!((ratio[0], ratio[31]), (1.0, 8.0));
        assert!(ratio.is_sorted() && ratio.iter().any(|&r| 1.0 < r && r < 8.0));
    }
}
