//! How the vectors of all tokens become one vector for the text, as sentence-transformers define it
//! (`sentence_transformers/models/Pooling.py`, `Dense.py` and `Normalize.py`).

use crate::model::files::layout::inside;
use crate::model::files::weights::Weights;
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::run::ops::activate;
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// What is done with the vectors that leave the last block.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooling {
    /// The results of several ways are put one behind the other.
    ways: Vec<Way>,
    /// What comes after, in order.
    steps: Vec<Step>,
}

/// One way to make one vector of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The first token's vector.
    Cls,
    /// The largest number of each dimension.
    Max,
    /// The mean of all tokens.
    Mean,
    /// The sum divided by the square root of the number of tokens.
    MeanSqrt,
    /// The mean in which the second token counts twice, the third three times, and so on.
    WeightedMean,
    /// The last token's vector.
    Last,
}

/// Every way in the order in which their results are put together, with the name of its switch and the
/// name it has in the newer field `pooling_mode`.
const WAYS: [(Way, &str, &str); 6] = [
    (Way::Cls, "pooling_mode_cls_token", "cls"),
    (Way::Max, "pooling_mode_max_tokens", "max"),
    (Way::Mean, "pooling_mode_mean_tokens", "mean"),
    (Way::MeanSqrt, "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    (Way::WeightedMean, "pooling_mode_weightedmean_tokens", "weightedmean"),
    (Way::Last, "pooling_mode_lasttoken", "lasttoken"),
];

/// What is done with the text's vector.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// Scaled to length 1.
    Normalize,
    /// Multiplied by a matrix of its own.
    Dense(Arc<Dense>),
}

/// A matrix for the text's vector, and what is applied to the result.
#[derive(Debug, PartialEq)]
struct Dense {
    /// `[out, in]`, row by row.
    weight: Vec<f32>,
    /// `[out]`, when there is one.
    bias: Option<Vec<f32>>,
    sizes: [usize; 2],
    function: Option<ActivationFunction>,
}

impl Default for Pooling {
    /// The mean, scaled to length 1: what a model without sentence-transformers' files is usually
    /// compared by.
    fn default() -> Self {
        Self { ways: vec![Way::Mean], steps: vec![Step::Normalize] }
    }
}

impl Pooling {
    /// What `modules.json` and the files of the modules it names say about vectors of `d_model` numbers;
    /// the default where they are not.
    ///
    /// # Errors
    /// A sentence that names what is asked for and not known here.
    pub fn open(folder: &Path, d_model: usize) -> Result<Self, String> {
        let path = folder.join("modules.json");
        if !path.exists() {
            return Ok(Self::default());
        }
        let modules = read(&path)?;
        let modules = modules.as_array().ok_or("modules.json is no list")?;
        let mut pooling = Self { ways: Vec::new(), steps: Vec::new() };
        for module in modules {
            let text = |field| module.get(field).and_then(Value::as_str).unwrap_or_default();
            let kind = text("type").rsplit('.').next().unwrap_or_default();
            let at = inside(folder, text("path"));
            let at =
                at.ok_or_else(|| format!("modules.json names the folder {:?}", text("path")))?;
            match kind {
                // Dropout works only in training.
                "Transformer" | "Dropout" => {}
                "Pooling" => pooling.ways = ways(&read(&at.join("config.json"))?)?,
                "Normalize" => pooling.steps.push(Step::Normalize),
                "Dense" => {
                    let dense = Dense::open(&at)?;
                    if dense.sizes[0] != pooling.width(d_model) {
                        return Err(format!(
                            "{} reads {} numbers, not the {} there are",
                            text("path"),
                            dense.sizes[0],
                            pooling.width(d_model)
                        ));
                    }
                    pooling.steps.push(Step::Dense(Arc::new(dense)));
                }
                _ => return Err(format!("modules.json asks for {:?}", text("type"))),
            }
        }
        if pooling.ways.is_empty() {
            return Err("modules.json has no Pooling".to_owned());
        }
        Ok(pooling)
    }

    /// How many numbers the text's vector has.
    pub fn width(&self, d_model: usize) -> usize {
        let last = self.steps.iter().rev().find_map(|step| match step {
            Step::Dense(dense) => Some(dense.sizes[1]),
            Step::Normalize => None,
        });
        last.unwrap_or(self.ways.len() * d_model)
    }

    /// In words, for people.
    pub fn describe(&self) -> String {
        let ways = self.ways.iter().map(|way| way.describe()).collect::<Vec<_>>().join(" and ");
        let steps = self.steps.iter().map(|step| match step {
            Step::Normalize => ", scaled to length 1".to_owned(),
            Step::Dense(dense) => format!(", through a matrix to {} numbers", dense.sizes[1]),
        });
        ways + &steps.collect::<String>()
    }

    /// The text's vector.
    ///
    /// # Shapes
    /// `[pos, d_model]` gives `[width]`.
    pub fn pool(&self, x: &Tensor<2>) -> Tensor<1> {
        let ways = self.ways.iter().map(|way| way.pool(x.clone())).collect();
        let mut pooled = Tensor::cat(ways, 1);
        for step in &self.steps {
            pooled = match step {
                // As torch.nn.functional.normalize, which keeps a vector of zeros from becoming NaN.
                Step::Normalize => {
                    let length = pooled.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
                    pooled / length
                }
                Step::Dense(dense) => dense.forward(pooled),
            };
        }
        pooled.squeeze_dim::<1>(0)
    }
}

impl Way {
    fn describe(self) -> &'static str {
        match self {
            Self::Cls => "the first token's vector",
            Self::Max => "the largest of all tokens in each dimension",
            Self::Mean => "the mean of all tokens",
            Self::MeanSqrt => "the sum of all tokens divided by √n",
            Self::WeightedMean => "the mean of all tokens, the nth counted n times",
            Self::Last => "the last token's vector",
        }
    }

    /// `[pos, d_model]` gives `[1, d_model]`.
    fn pool(self, x: Tensor<2>) -> Tensor<2> {
        let [n, _] = x.dims();
        match self {
            Self::Cls => x.narrow(0, 0, 1),
            Self::Max => x.max_dim(0),
            Self::Mean => x.mean_dim(0),
            Self::MeanSqrt => x.sum_dim(0) / (n as f64).sqrt(),
            Self::WeightedMean => {
                let counts: Vec<f32> = (1..=n).map(|i| i as f32).collect();
                let sum: f32 = counts.iter().sum();
                let counts = Tensor::<2>::from_data(TensorData::new(counts, [n, 1]), &x.device());
                (x * counts).sum_dim(0) / sum
            }
            Self::Last => x.narrow(0, n - 1, 1),
        }
    }
}

impl Dense {
    fn open(folder: &Path) -> Result<Self, String> {
        let config = read(&folder.join("config.json"))?;
        let size = |field: &str| {
            let size =
                config.get(field).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
            size.filter(|n| (1..=1 << 16).contains(n))
                .ok_or_else(|| format!("{field} of {} is no size", folder.display()))
        };
        let sizes = [size("in_features")?, size("out_features")?];
        let name = config.get("activation_function").and_then(Value::as_str);
        let name = name.unwrap_or("Tanh").rsplit('.').next().unwrap_or_default();
        let function = match name {
            "Identity" => None,
            other => {
                Some(ActivationFunction::from_name(&other.to_lowercase()).ok_or_else(|| {
                    format!("activation_function = {other:?} of {} is not known", folder.display())
                })?)
            }
        };
        let weights = Weights::open(folder).map_err(|problem| problem.why)?;
        let device = Device::default();
        let has_bias = config.get("bias").and_then(Value::as_bool).unwrap_or(true);
        let weight = weights.tensor("linear.weight", [sizes[1], sizes[0]], &device);
        let weight = weight.map_err(|problem| problem.why)?;
        let bias = has_bias.then(|| weights.tensor("linear.bias", [sizes[1]], &device)).transpose();
        let bias = bias.map_err(|problem| problem.why)?;
        let numbers = |data: TensorData| data.try_into_vec::<f32>().map_err(|e| format!("{e:?}"));
        Ok(Self {
            weight: numbers(weight.into_data())?,
            bias: bias.map(|bias| numbers(bias.into_data())).transpose()?,
            sizes,
            function,
        })
    }

    /// `[1, in]` gives `[1, out]`.
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let ([n_in, n_out], device) = (self.sizes, x.device());
        let weight = TensorData::new(self.weight.clone(), [n_out, n_in]);
        let mut y = x.matmul(Tensor::<2>::from_data(weight, &device).transpose());
        if let Some(bias) = &self.bias {
            y = y + Tensor::<2>::from_data(TensorData::new(bias.clone(), [1, n_out]), &device);
        }
        match self.function {
            Some(function) => activate(&y, function),
            None => y,
        }
    }
}

fn read(path: &Path) -> Result<Value, String> {
    let at = |why: String| format!("{why}: {}", path.display());
    let json = std::fs::read(path).map_err(|e| at(e.to_string()))?;
    serde_json::from_slice(&json).map_err(|e| at(e.to_string()))
}

/// The ways that are switched on, or that `pooling_mode` names.
fn ways(config: &Value) -> Result<Vec<Way>, String> {
    if let Some(mode) = config.get("pooling_mode").filter(|mode| !mode.is_null()) {
        let named = |name: &Value| {
            let name = name.as_str().unwrap_or_default();
            let found = WAYS.iter().find(|(_, _, short)| *short == name);
            found.map(|(way, ..)| *way).ok_or_else(|| format!("pooling_mode = {mode} is not known"))
        };
        return match mode.as_array() {
            Some(names) => names.iter().map(named).collect(),
            None => named(mode).map(|way| vec![way]),
        };
    }
    let fields = config.as_object().ok_or("the config of the pooling module is no object")?;
    let is_known = |name: &str| WAYS.iter().any(|(_, switch, _)| *switch == name);
    let unknown = fields.iter().find(|(name, on)| {
        name.starts_with("pooling_mode_") && **on == Value::Bool(true) && !is_known(name)
    });
    if let Some((name, _)) = unknown {
        return Err(format!("{name} is not known"));
    }
    // The mean is on unless it is switched off.
    let is_on = |way: Way, switch: &str| {
        fields.get(switch).map_or(way == Way::Mean, |on| *on == Value::Bool(true))
    };
    let on = WAYS.iter().filter(|(way, switch, _)| is_on(*way, switch)).map(|(way, ..)| *way);
    Ok(on.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(ways: &[Way], steps: &[Step]) -> Vec<f32> {
        let x = Tensor::from_floats([[3.0, 0.0], [1.0, 4.0]], &Device::default());
        let pooling = Pooling { ways: ways.to_vec(), steps: steps.to_vec() };
        pooling.pool(&x).into_data().try_into_vec().unwrap()
    }

    #[test]
    fn vectors_become_one() {
        assert_eq!(pooled(&[Way::Cls], &[]), [3.0, 0.0]);
        assert_eq!(pooled(&[Way::Max], &[]), [3.0, 4.0]);
        assert_eq!(pooled(&[Way::Max], &[Step::Normalize]), [0.6, 0.8]);
        assert_eq!(pooled(&[Way::Mean], &[]), [2.0, 2.0]);
        assert_eq!(pooled(&[Way::Last], &[]), [1.0, 4.0]);
        assert_eq!(pooled(&[Way::WeightedMean], &[]), [5.0 / 3.0, 8.0 / 3.0]);
        assert_eq!(pooled(&[Way::Cls, Way::Mean], &[]), [3.0, 0.0, 2.0, 2.0]);
        let root = 2.0_f32.sqrt();
        assert_eq!(pooled(&[Way::MeanSqrt], &[]), [4.0 / root, 4.0 / root]);
        let dense = Dense {
            weight: vec![1.0, 2.0, 0.0, 1.0, 1.0, 1.0],
            bias: Some(vec![0.0, 0.5, 0.0]),
            sizes: [2, 3],
            function: None,
        };
        assert_eq!(pooled(&[Way::Mean], &[Step::Dense(Arc::new(dense))]), [6.0, 2.5, 4.0]);
    }

    #[test]
    fn the_files_decide() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Pooling::open(dir.path(), 4);
        assert_eq!(open(), Ok(Pooling::default()));
        let modules = |last: &str| {
            let text = format!(
                r#"[{{"path":"","type":"sentence_transformers.models.Transformer"}},
                {{"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}}{last}]"#
            );
            std::fs::write(dir.path().join("modules.json"), text).unwrap();
        };
        std::fs::create_dir(dir.path().join("1_Pooling")).unwrap();
        let config = |text| std::fs::write(dir.path().join("1_Pooling/config.json"), text).unwrap();
        config(r#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#);
        modules("");
        assert_eq!(open().unwrap(), Pooling { ways: vec![Way::Cls], steps: Vec::new() });
        config(r#"{"pooling_mode_lasttoken":true,"pooling_mode_max_tokens":true}"#);
        assert_eq!(open().unwrap().ways, [Way::Max, Way::Mean, Way::Last]);
        assert_eq!(open().unwrap().width(4), 12);
        config(r#"{"pooling_mode":"weightedmean"}"#);
        modules(r#",{"path":"2","type":"x.Normalize"}"#);
        assert_eq!(open().unwrap().steps, [Step::Normalize]);
        assert_eq!(open().unwrap().ways, [Way::WeightedMean]);
        for (text, said) in [
            (r#"{"pooling_mode":"median"}"#, "median"),
            (r#"{"pooling_mode_median":true}"#, "pooling_mode_median"),
        ] {
            config(text);
            assert!(open().unwrap_err().contains(said), "{:?}", open());
        }
        config(r#"{"pooling_mode":["cls"]}"#);
        modules(r#",{"path":"2","type":"x.CNN"}"#);
        assert!(open().unwrap_err().contains("x.CNN"));
        modules(r#",{"path":"../2","type":"x.Dense"}"#);
        assert!(open().unwrap_err().contains("../2"));
    }
}
