//! The operations a transformer is made of, on tensors without a batch axis.
//!
//! On the burn-flex device they work on the tensors' own memory with the functions of
//! [`kernel`](crate::kernel), which are several times faster (`docs/burn-notes.md` says why). On any other
//! device they are burn's operations, which say what the fast ones must yield.

use crate::kernel::{self, Heads, Rows, Sight};
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::run::cache::Vectors;
use crate::model::run::numbers::{Numbers, tensor};
use burn::tensor::activation::softmax as burn_softmax;
use burn::tensor::{Bool, Int, Tensor, TensorData};

/// The rows of a table with the given numbers, which the caller has checked.
///
/// # Shapes
/// `table [n, width]` gives `[ids, width]`.
pub fn lookup(table: &Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let n = ids.len();
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [n]), &table.device());
    table.clone().select(0, ids)
}

/// `x Wᵀ + b`.
///
/// # Shapes
/// `x [pos, in]`, `weight [out, in]`, `bias [out]` gives `[pos, out]`.
pub fn linear(x: &Tensor<2>, weight: &Tensor<2>, bias: Option<&Tensor<1>>) -> Tensor<2> {
    let ([n_pos, n_in], [n_out, _]) = (x.dims(), weight.dims());
    let Some((numbers, w)) = Numbers::of(x).zip(Numbers::of(weight)) else {
        let product = x.clone().matmul(weight.clone().transpose());
        return match bias {
            Some(bias) => product + bias.clone().unsqueeze(),
            None => product,
        };
    };
    let bias = bias.and_then(Numbers::of);
    let bias = bias.as_deref().unwrap_or_default();
    let mut y = vec![0.0; n_pos * n_out];
    kernel::matmul(Rows::new(&numbers, n_in), &w, bias, &mut y);
    tensor(y, [n_pos, n_out], &x.device())
}

/// Divides each vector along the last axis by √(variance + ε), after subtracting its mean if it is
/// to be `centred`. The variance is the biased one, as in PyTorch's `LayerNorm`. Gives what was
/// divided by, `[.., 1]`, and the vectors.
pub fn normalize<const D: usize>(
    x: &Tensor<D>,
    centred: bool,
    epsilon: f64,
) -> (Tensor<D>, Tensor<D>) {
    let Some(numbers) = Numbers::of(x) else {
        let mean = x.clone().mean_dim(D - 1);
        let x = if centred { x.clone() - mean } else { x.clone() };
        let scale = (x.clone().square().mean_dim(D - 1) + epsilon).sqrt();
        return (scale.clone(), x / scale);
    };
    let (shape, mut scale_shape) = (x.dims(), x.dims());
    scale_shape[D - 1] = 1;
    let (scales, vectors) = kernel::normalize(&numbers, shape[D - 1], centred, epsilon);
    let device = x.device();
    (tensor(scales, scale_shape, &device), tensor(vectors, shape, &device))
}

/// Multiplies along the last axis by `weight` and adds `bias`.
pub fn scale_and_shift<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<1>,
    bias: Option<&Tensor<1>>,
) -> Tensor<D> {
    let Some((numbers, w)) = Numbers::of(x).zip(Numbers::of(weight)) else {
        let scaled = x.clone() * weight.clone().unsqueeze();
        return match bias {
            Some(bias) => scaled + bias.clone().unsqueeze(),
            None => scaled,
        };
    };
    let bias = bias.and_then(Numbers::of);
    tensor(kernel::scale_and_shift(&numbers, &w, bias.as_deref()), x.dims(), &x.device())
}

/// Applies the MLP's nonlinearity to every number.
pub fn activate<const D: usize>(x: &Tensor<D>, function: ActivationFunction) -> Tensor<D> {
    match Numbers::of(x) {
        Some(numbers) => tensor(function.apply(&numbers), x.dims(), &x.device()),
        None => function.of_tensor(x.clone()),
    }
}

/// `q kᵀ · scaling` for each head.
///
/// # Shapes
/// `q [query, head, d_head]`, `k [key, kv_head, d_head]` gives `[head, query, key]`.
pub fn scores(q: &Tensor<3>, k: &Vectors, scaling: f64) -> Tensor<3> {
    let ([n_queries, n_heads, d_head], [n_keys, n_kv_heads, _]) = (q.dims(), k.dims());
    let Some((q_numbers, k_numbers)) = Numbers::of(q).zip(k.numbers()) else {
        // The heads of a group lie one after the other, so they can be stacked to one tall matrix.
        let stacked = [n_kv_heads, n_heads / n_kv_heads * n_queries, d_head];
        let q = q.clone().swap_dims(0, 1).reshape(stacked);
        let products = q.matmul(k.tensor().permute([1, 2, 0])) * scaling;
        return products.reshape([n_heads, n_queries, n_keys]);
    };
    let heads = Heads { n_heads, n_kv_heads, d_head };
    let scores = kernel::scores(&q_numbers, &k_numbers, heads, scaling as f32);
    tensor(scores, [n_heads, n_queries, n_keys], &q.device())
}

/// Who looks at whom: the softmax of what each query sees. Without a `sight` it sees everything.
///
/// # Shapes
/// `[head, query, key]` gives the same.
pub fn softmax(scores: &Tensor<3>, sight: Option<Sight>) -> Tensor<3> {
    let shape = scores.dims();
    let [_, n_queries, n_keys] = shape;
    let device = scores.device();
    let Some(numbers) = Numbers::of(scores) else {
        let Some(Sight { past, window }) = sight else {
            return burn_softmax(scores.clone(), 2);
        };
        let mask = [n_queries, n_keys];
        let mut hidden = Tensor::<2, Bool>::tril_mask(mask, past as i64, &device);
        if let Some(window) = window {
            let nearest_visible = past as i64 - window as i64 + 1;
            hidden = hidden.bool_or(Tensor::triu_mask(mask, nearest_visible, &device));
        }
        let hidden = hidden.unsqueeze::<3>().expand(shape);
        return burn_softmax(scores.clone().mask_fill(hidden, f32::NEG_INFINITY), 2);
    };
    tensor(kernel::softmax(&numbers, n_queries, n_keys, sight), shape, &device)
}

/// Values mixed by the pattern. What a query does not see counts as 0.
///
/// # Shapes
/// `pattern [head, query, key]`, `v [key, kv_head, d_head]` gives `[query, head, d_head]`.
pub fn mix(pattern: &Tensor<3>, v: &Vectors, sight: Option<Sight>) -> Tensor<3> {
    let ([n_heads, n_queries, n_keys], [_, n_kv_heads, d_head]) = (pattern.dims(), v.dims());
    let Some((weights, values)) = Numbers::of(pattern).zip(v.numbers()) else {
        let stacked = [n_kv_heads, n_heads / n_kv_heads * n_queries, n_keys];
        let mixed = pattern.clone().reshape(stacked).matmul(v.tensor().swap_dims(0, 1));
        return mixed.reshape([n_heads, n_queries, d_head]).swap_dims(0, 1);
    };
    let heads = Heads { n_heads, n_kv_heads, d_head };
    let mixed = kernel::mix(&weights, &values, heads, sight);
    tensor(mixed, [n_queries, n_heads, d_head], &pattern.device())
}
