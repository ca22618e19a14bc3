//! How the vectors of all tokens become one vector for the text, as sentence-transformers define it.

use burn::tensor::Tensor;
use serde_json::Value;
use std::path::Path;

/// What is done with the vectors that leave the last block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooling {
    how: How,
    /// Is the result scaled to length 1?
    is_normalized: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// The first token's vector.
    Cls,
    /// The largest number of each dimension.
    Max,
    /// The mean of all tokens.
    Mean,
    /// The sum divided by the square root of the number of tokens.
    MeanSqrt,
}

impl Default for Pooling {
    /// The mean, scaled to length 1: what a model without sentence-transformers' files is usually
    /// compared by.
    fn default() -> Self {
        Self { how: How::Mean, is_normalized: true }
    }
}

impl Pooling {
    /// What `modules.json` and the pooling module's `config.json` say; the default where they are not.
    /// `None` when they ask for something that is not known here.
    pub fn open(folder: &Path) -> Option<Self> {
        let read = |path: &Path| -> Option<Value> {
            serde_json::from_slice(&std::fs::read(path).ok()?).ok()
        };
        let Some(modules) = read(&folder.join("modules.json")) else {
            return Some(Self::default());
        };
        let mut pooling = None;
        let mut is_normalized = false;
        for module in modules.as_array()? {
            let kind = module.get("type")?.as_str()?.rsplit('.').next()?;
            match kind {
                "Transformer" => {}
                "Pooling" => {
                    let name = module.get("path")?.as_str()?;
                    // A path inside the folder, never out of it.
                    let is_plain = !name.contains(['/', '\\']) && name != "..";
                    let config =
                        is_plain.then(|| read(&folder.join(name).join("config.json")))??;
                    pooling = Some(How::of(&config)?);
                }
                "Normalize" => is_normalized = true,
                _ => return None,
            }
        }
        pooling.map(|how| Self { how, is_normalized })
    }

    /// In words, for people.
    pub fn describe(self) -> &'static str {
        match (self.how, self.is_normalized) {
            (How::Cls, true) => "the first token's vector, scaled to length 1",
            (How::Cls, false) => "the first token's vector",
            (How::Max, true) => "the largest of all tokens in each dimension, scaled to length 1",
            (How::Max, false) => "the largest of all tokens in each dimension",
            (How::Mean, true) => "the mean of all tokens, scaled to length 1",
            (How::Mean, false) => "the mean of all tokens",
            (How::MeanSqrt, true) => "the sum of all tokens, scaled to length 1",
            (How::MeanSqrt, false) => "the sum of all tokens divided by √n",
        }
    }

    /// The text's vector.
    ///
    /// # Shapes
    /// `[pos, d_model]` gives `[d_model]`.
    pub fn pool(self, x: Tensor<2>) -> Tensor<1> {
        let n = x.dims()[0] as f64;
        let pooled = match self.how {
            How::Cls => x.narrow(0, 0, 1),
            How::Max => x.max_dim(0),
            How::Mean => x.mean_dim(0),
            How::MeanSqrt => x.sum_dim(0) / n.sqrt(),
        };
        let pooled = pooled.squeeze_dim::<1>(0);
        if !self.is_normalized {
            return pooled;
        }
        // As torch.nn.functional.normalize, which keeps a vector of zeros from becoming NaN.
        let length = pooled.clone().square().sum().sqrt().clamp_min(1e-12);
        pooled / length
    }
}

impl How {
    /// The one mode that is switched on.
    fn of(config: &Value) -> Option<Self> {
        let known = [
            ("pooling_mode_cls_token", Self::Cls),
            ("pooling_mode_max_tokens", Self::Max),
            ("pooling_mode_mean_tokens", Self::Mean),
            ("pooling_mode_mean_sqrt_len_tokens", Self::MeanSqrt),
        ];
        let fields = config.as_object()?;
        let is_mode = |name: &str| name.starts_with("pooling_mode_");
        let mut on = fields.iter().filter(|(name, on)| is_mode(name) && on.as_bool() == Some(true));
        let (name, _) = on.next()?;
        if on.next().is_some() {
            return None;
        }
        known.into_iter().find(|(known, _)| known == name).map(|(_, how)| how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn pooled(how: How, is_normalized: bool) -> Vec<f32> {
        let x = Tensor::from_floats([[3.0, 0.0], [1.0, 4.0]], &Device::default());
        let pooling = Pooling { how, is_normalized };
        pooling.pool(x).into_data().try_into_vec().unwrap()
    }

    #[test]
    fn vectors_become_one() {
        assert_eq!(pooled(How::Cls, false), [3.0, 0.0]);
        assert_eq!(pooled(How::Max, false), [3.0, 4.0]);
        assert_eq!(pooled(How::Max, true), [0.6, 0.8]);
        assert_eq!(pooled(How::Mean, false), [2.0, 2.0]);
        let root = 2.0_f32.sqrt();
        assert_eq!(pooled(How::MeanSqrt, false), [4.0 / root, 4.0 / root]);
    }

    #[test]
    fn the_files_decide() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Pooling::open(dir.path()), Some(Pooling::default()));
        let modules = |last: &str| {
            let text = format!(
                r#"[{{"path":"","type":"sentence_transformers.models.Transformer"}},
                {{"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}}{last}]"#
            );
            std::fs::write(dir.path().join("modules.json"), text).unwrap();
        };
        std::fs::create_dir(dir.path().join("1_Pooling")).unwrap();
        let config = r#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#;
        std::fs::write(dir.path().join("1_Pooling/config.json"), config).unwrap();
        modules("");
        let pooling = Pooling::open(dir.path()).unwrap();
        assert_eq!((pooling.how, pooling.is_normalized), (How::Cls, false));
        modules(r#",{"path":"2","type":"x.Normalize"}"#);
        assert!(Pooling::open(dir.path()).unwrap().is_normalized);
        modules(r#",{"path":"2","type":"x.Dense"}"#);
        assert_eq!(Pooling::open(dir.path()), None);
    }
}
