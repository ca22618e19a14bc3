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
    /// The stretching.
    pub scaling: RopeScaling,
}

impl Default for Rope {
    fn default() -> Self {
        Self { theta: 10_000.0, scaling: RopeScaling::None }
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
}

impl Rope {
    /// Reads what a `config.json` says of rotations.
    pub(super) fn from_fields(config: &Map<String, Value>, n_ctx: usize) -> Result<Self> {
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
        if partial.is_some_and(|partial| partial != 1.0) {
            return Err(unsupported("partial_rotary_factor", &partial.into()));
        }
        let theta = fields.rope_theta.or(number("rope_theta")).unwrap_or(10_000.0);
        let missing = |field: &str| Problem::new(READING, format!("{name} lacks {field}"));
        let factor = || fields.factor.ok_or_else(|| missing("factor"));
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
                old_context: number("original_max_position_embeddings")
                    .or(fields.original_max_position_embeddings)
                    .unwrap_or(n_ctx as f64),
            },
            Some(_) => return Err(unsupported(name, &value)),
        };
        let rope = Self { theta, scaling };
        if rope.rotary(8).frequencies.iter().all(|f| f.is_finite()) {
            Ok(rope)
        } else {
            Err(unsupported(name, &value))
        }
    }

    /// The frequencies for heads of that width.
    pub fn rotary(&self, d_head: usize) -> Rotary {
        let mut rotary = Rotary::new(self.theta, d_head);
        for frequency in &mut rotary.frequencies {
            *frequency = self.scaling.apply(f64::from(*frequency)) as f32;
        }
        rotary
    }
}

impl RopeScaling {
    /// A frequency after stretching; the formulas of transformers' `modeling_rope_utils.py`.
    fn apply(&self, frequency: f64) -> f64 {
        match *self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor,
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
        Rope::from_fields(&fields, 2048).unwrap()
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
