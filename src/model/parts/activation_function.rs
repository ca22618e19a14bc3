//! The nonlinearity between the two halves of an MLP, one number at a time.

use crate::kernel::{exp, map};
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid as burn_sigmoid, softplus as burn_softplus};
use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

/// An elementwise function, named as in `config.json`.
///
/// The definitions are those of `transformers/activations.py`. [`ActivationFunction::eval`] is used
/// by the model and by the view that draws the curve, so that both show the same function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationFunction {
    /// Gaussian error linear unit, exact: x · Φ(x) (Hendrycks and Gimpel 2016).
    Gelu,
    /// Its tanh approximation, used by GPT-2.
    GeluTanh,
    /// Its sigmoid approximation: x · σ(1.702 x).
    QuickGelu,
    /// The exact one clipped to -10..10.
    Gelu10,
    /// max(x, 0).
    Relu,
    /// max(x, 0)², from Primer (So et al. 2021).
    Relu2,
    /// max(x, 0) up to 6.
    Relu6,
    /// x for positive x, 0.01 x for negative.
    LeakyRelu,
    /// x · σ(x), also called swish.
    Silu,
    /// x · tanh(softplus(x)).
    Mish,
    /// x · clip(x + 3, 0, 6) / 6.
    HardSwish,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// A shifted error function, from Mega (Ma et al. 2022).
    Laplace,
    /// √softplus(x).
    SqrtSoftplus,
    /// The identity.
    Linear,
}

impl ActivationFunction {
    /// The names a `config.json` may use, with the function each stands for.
    pub const NAMES: [(&'static str, Self); 22] = [
        ("gelu_new", Self::GeluTanh),
        ("gelu", Self::Gelu),
        ("relu", Self::Relu),
        ("silu", Self::Silu),
        ("quick_gelu", Self::QuickGelu),
        ("gelu_pytorch_tanh", Self::GeluTanh),
        ("gelu_python_tanh", Self::GeluTanh),
        ("gelu_fast", Self::GeluTanh),
        ("gelu_accurate", Self::GeluTanh),
        ("gelu_python", Self::Gelu),
        ("gelu_10", Self::Gelu10),
        ("swish", Self::Silu),
        ("relu2", Self::Relu2),
        ("relu6", Self::Relu6),
        ("leaky_relu", Self::LeakyRelu),
        ("mish", Self::Mish),
        ("hardswish", Self::HardSwish),
        ("tanh", Self::Tanh),
        ("sigmoid", Self::Sigmoid),
        ("laplace", Self::Laplace),
        ("sqrtsoftplus", Self::SqrtSoftplus),
        ("linear", Self::Linear),
    ];

    /// The function of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|&(_, function)| function)
    }

    /// The function's value at `x`.
    pub fn eval(self, x: f32) -> f32 {
        match self {
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_tanh(x),
            Self::QuickGelu => x * sigmoid(1.702 * x),
            Self::Gelu10 => gelu(x).clamp(-10.0, 10.0),
            Self::Relu => x.max(0.0),
            Self::Relu2 => x.max(0.0) * x.max(0.0),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::LeakyRelu => x.max(0.01 * x),
            Self::Silu => x * sigmoid(x),
            Self::Mish => x * softplus(x).tanh(),
            Self::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Tanh => x.tanh(),
            Self::Sigmoid => sigmoid(x),
            // The reference writes its mean 1/√2 as 0.707107.
            Self::Laplace => 0.5 * (1.0 + libm::erff((x - FRAC_1_SQRT_2) / (0.282_095 * SQRT_2))),
            Self::SqrtSoftplus => softplus(x).sqrt(),
            Self::Linear => x,
        }
    }

    /// Is there a fast way to its slope?
    pub fn has_slope(self) -> bool {
        matches!(self, Self::Gelu | Self::GeluTanh | Self::Relu | Self::Silu)
    }

    /// The function's slope at every number, for those that have a fast way to it.
    pub fn slopes(self, numbers: &[f32]) -> Vec<f32> {
        match self {
            Self::Gelu => map(numbers, |x| {
                let bell = (-0.5 * x * x).exp() / std::f32::consts::TAU.sqrt();
                0.5 * (1.0 + libm::erff(x / SQRT_2)) + x * bell
            }),
            Self::GeluTanh => map(numbers, gelu_tanh_slope),
            Self::Relu => map(numbers, |x| if x > 0.0 { 1.0 } else { 0.0 }),
            Self::Silu => map(numbers, |x| {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }),
            _ => Vec::new(),
        }
    }

    /// The same in burn's operations, which can be differentiated.
    pub fn of_tensor<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let gelu = |x: Tensor<D>| x.clone() * ((x / f64::from(SQRT_2)).erf() + 1.0) * 0.5;
        match self {
            Self::Gelu => gelu(x),
            Self::GeluTanh => {
                let cube = x.clone() * x.clone() * x.clone();
                let inner = (x.clone() + cube * 0.044_715) * 1.595_769;
                x * burn_sigmoid(inner)
            }
            Self::QuickGelu => x.clone() * burn_sigmoid(x * 1.702),
            Self::Gelu10 => gelu(x).clamp(-10.0, 10.0),
            Self::Relu => relu(x),
            Self::Relu2 => relu(x).square(),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::LeakyRelu => relu(x.clone()) - relu(-x) * 0.01,
            Self::Silu => x.clone() * burn_sigmoid(x),
            Self::Mish => x.clone() * burn_softplus(x, 1.0).tanh(),
            Self::HardSwish => x.clone() * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Tanh => x.tanh(),
            Self::Sigmoid => burn_sigmoid(x),
            Self::Laplace => {
                let inner = (x - f64::from(FRAC_1_SQRT_2)) / (0.282_095 * f64::from(SQRT_2));
                (inner.erf() + 1.0) * 0.5
            }
            Self::SqrtSoftplus => burn_softplus(x, 1.0).sqrt(),
            Self::Linear => x,
        }
    }

    /// The function's value of every number.
    pub fn apply(self, numbers: &[f32]) -> Vec<f32> {
        // The choice is made once, outside the loop, so that each loop is simple enough for the
        // compiler to work on several numbers at a time.
        match self {
            Self::GeluTanh => map(numbers, gelu_tanh),
            Self::Relu => map(numbers, |x| x.max(0.0)),
            Self::Silu => map(numbers, |x| x * sigmoid(x)),
            _ => map(numbers, |x| self.eval(x)),
        }
    }
}

fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x / SQRT_2))
}

/// `0.5 x (1 + tanh(u))` is `x σ(2u)`, with u = √(2/π) (x + 0.044715 x³).
#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    const TWO_SQRT_2_OVER_PI: f32 = 1.595_769;
    x * sigmoid(TWO_SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x))
}

/// The slope of `x σ(v)`, with v = 2u, is σ(v) + x v′ σ(v) (1 − σ(v)).
#[inline(always)]
fn gelu_tanh_slope(x: f32) -> f32 {
    const TWO_SQRT_2_OVER_PI: f32 = 1.595_769;
    let s = sigmoid(TWO_SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x));
    let inner = TWO_SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044_715 * x * x);
    s + x * inner * s * (1.0 - s)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with its caller's instructions")]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

fn softplus(x: f32) -> f32 {
    // As PyTorch: linear beyond 20, where exp(-x) is below the precision of x.
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // Values of torch 2.15, float64.
        let cases = [
            (ActivationFunction::Gelu, -0.154_268_77),
            (ActivationFunction::GeluTanh, -0.154_286),
            (ActivationFunction::QuickGelu, -0.149_611_56),
            (ActivationFunction::LeakyRelu, -0.005),
            (ActivationFunction::Silu, -0.188_770_33),
            (ActivationFunction::Mish, -0.220_743_75),
            (ActivationFunction::HardSwish, -0.208_333_33),
        ];
        for (function, expected) in cases {
            let got = function.eval(-0.5);
            assert!((got - expected).abs() < 1e-6, "{function:?}: {got}");
        }
    }

    #[test]
    fn slopes_are_what_trying_finds() {
        let numbers: Vec<f32> = (-40..40).map(|i| i as f32 / 8.0 + 0.01).collect();
        for (name, function) in ActivationFunction::NAMES {
            let slopes = function.slopes(&numbers);
            assert_eq!(slopes.len(), if function.has_slope() { numbers.len() } else { 0 });
            for (slope, &x) in slopes.iter().zip(&numbers) {
                let tried = (function.eval(x + 4e-3) - function.eval(x - 4e-3)) / 8e-3;
                assert!((slope - tried).abs() < 2e-3, "{name} at {x}: {slope}, {tried}");
            }
        }
    }

    #[test]
    fn apply_is_eval_on_every_number() {
        let numbers: Vec<f32> = (-40..40).map(|i| i as f32 / 4.0).collect();
        for (name, function) in ActivationFunction::NAMES {
            let applied = function.apply(&numbers);
            let expected: Vec<f32> = numbers.iter().map(|&x| function.eval(x)).collect();
            assert_eq!(applied, expected, "{name}");
            assert_eq!(ActivationFunction::from_name(name), Some(function));
        }
        assert_eq!(ActivationFunction::from_name("xielu"), None);
    }
}
