//! Operations of our own on tensors that can be differentiated: what they give is computed as fast as
//! without, and each says how to get back.

use crate::model::run::numbers::{Numbers, flex};
use burn::backend::Flex;
use burn::tensor::{Device, Tensor};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use std::fmt;
use std::sync::Arc;

type Tracked = <Autodiff<Flex> as burn::backend::BackendTypes>::FloatTensorPrimitive;

/// What an operation is given: numbers of the burn-flex device, and whether a gradient is awaited.
#[derive(Clone)]
pub struct Input {
    /// The numbers, where they lie.
    pub numbers: Numbers,
    shape: Vec<usize>,
    tracked: Option<Tracked>,
}

impl Input {
    /// A tensor as an input; none when it is on another device.
    pub fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        let shape = x.dims().to_vec();
        if !x.is_autodiff() {
            return Numbers::of(x).map(|numbers| Self { numbers, shape, tracked: None });
        }
        let tracked = x.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
        let numbers = Numbers::of_flex(tracked.primitive().clone())?;
        Some(Self { numbers, shape, tracked: Some(tracked) })
    }

    fn into_tracked(self) -> Tracked {
        let Self { numbers, tracked, .. } = self;
        tracked.unwrap_or_else(|| Tracked::new(numbers.into_flex()))
    }
}

/// How the loss grows with each input, from how it grows with the result; only for the inputs that are
/// asked for.
type Back<const N: usize> = Arc<dyn Fn(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + Sync>;

/// The result of an operation. `back` makes the way back, if it is needed.
pub fn result<const N: usize, const D: usize, F>(
    numbers: Vec<f32>,
    shape: [usize; D],
    device: &Device,
    inputs: [&Input; N],
    back: impl FnOnce() -> F,
) -> Tensor<D>
where
    F: Fn(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + Sync + 'static,
{
    if inputs.iter().all(|input| input.tracked.is_none()) {
        return super::numbers::tensor(numbers, shape, device);
    }
    let state = State { back: Arc::new(back()), shapes: inputs.map(|input| input.shape.clone()) };
    let tracked = inputs.map(|input| input.clone().into_tracked());
    let nodes = tracked.each_ref().map(Tracked::node);
    let output = flex(numbers, &shape);
    let output = match Step.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(output)
}

/// A step of the way back.
#[derive(Debug)]
struct Step;

/// What it needs.
#[derive(Clone)]
struct State<const N: usize> {
    back: Back<N>,
    shapes: [Vec<usize>; N],
}

impl<const N: usize> fmt::Debug for State<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("shapes", &self.shapes).finish_non_exhaustive()
    }
}

impl<const N: usize> Backward<Flex, N> for Step {
    type State = State<N>;

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let Some(slope) = Numbers::of_flex(gradients.consume::<Flex>(&ops.node)) else { return };
        let State { back, shapes } = ops.state;
        let slopes = back(&slope, ops.parents.each_ref().map(Option::is_some));
        for ((parent, slope), shape) in ops.parents.into_iter().zip(slopes).zip(shapes) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, flex(slope, &shape));
            }
        }
    }
}
