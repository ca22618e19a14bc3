//! The operations a transformer is made of, on tensors without a batch axis.
//!
//! On the burn-flex device they work on the tensors' own memory with the functions of
//! [`kernel`](crate::kernel), which are several times faster (`docs/burn-notes.md` says why), and each
//! knows its own way back where a gradient is awaited. On any other device they are burn's operations,
//! which say what the fast ones must yield.

use crate::kernel::{self, Heads, Rows, Sight, backward};
use crate::model::parts::activation_function::ActivationFunction;
use crate::model::run::cache::Vectors;
use crate::model::run::gradient::{Input, result};
use crate::model::run::numbers::{Numbers, tensor};
use burn::tensor::activation::{log_softmax, softmax as burn_softmax};
use burn::tensor::{Bool, Int, Tensor, TensorData};

/// The rows of a table with the given numbers, which the caller has checked.
///
/// # Shapes
/// `table [n, width]` gives `[ids, width]`.
pub fn lookup(table: &Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let n = ids.len();
    if let Some(input) = Input::of(table).filter(|_| table.is_autodiff()) {
        let [size, width] = table.dims();
        let rows = Rows::new(&input.numbers, width);
        let numbers = ids.iter().flat_map(|&id| rows.row(id as usize)).copied().collect();
        return result(numbers, [n, width], &table.device(), [&input], || {
            let ids = ids.to_vec();
            move |dy, _| {
                let mut table = kernel::memory::list(size * width);
                table.fill(0.0);
                for (dy, &id) in dy.chunks_exact(width).zip(&ids) {
                    let row = &mut table[id as usize * width..][..width];
                    row.iter_mut().zip(dy).for_each(|(x, dy)| *x += dy);
                }
                [table]
            }
        });
    }
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
    let Some((input, w)) = Input::of(x).zip(Input::of(weight)) else {
        let product = x.clone().matmul(weight.clone().transpose());
        return match bias {
            Some(bias) => product + bias.clone().unsqueeze(),
            None => product,
        };
    };
    let bias = bias.and_then(Input::of);
    let b = bias.as_ref().map_or(&[][..], |bias| &bias.numbers);
    let mut y = vec![0.0; n_pos * n_out];
    kernel::matmul(Rows::new(&input.numbers, n_in), &w.numbers, b, &mut y);
    let (shape, device) = ([n_pos, n_out], x.device());
    let numbers = || (input.numbers.clone(), w.numbers.clone());
    match &bias {
        None => result(y, shape, &device, [&input, &w], || linear_back(numbers(), [n_in, n_out])),
        Some(bias) => result(y, shape, &device, [&input, &w, bias], || {
            let back = linear_back(numbers(), [n_in, n_out]);
            move |dy, [for_x, for_w, for_bias]| {
                let [dx, dw] = back(dy, [for_x, for_w]);
                [dx, dw, if for_bias { backward::column_sums(dy, n_out) } else { Vec::new() }]
            }
        }),
    }
}

/// `x W + b`, of a weight that is being learned and lies as `[in, out]`.
///
/// # Shapes
/// `x [pos, in]`, `weight [in, out]`, `bias [out]` gives `[pos, out]`.
pub fn linear_turned(x: &Tensor<2>, weight: &Tensor<2>, bias: Option<&Tensor<1>>) -> Tensor<2> {
    let ([n_pos, n_in], [_, n_out]) = (x.dims(), weight.dims());
    let inputs = Input::of(x).zip(Input::of(weight)).zip(bias.and_then(Input::of));
    let Some(((input, w), b)) = inputs else {
        return linear(x, &weight.clone().transpose(), bias);
    };
    let y = kernel::multiply(Rows::new(&input.numbers, n_in), &w.numbers, &b.numbers, n_out);
    result(y, [n_pos, n_out], &x.device(), [&input, &w, &b], || {
        let (x, w) = (input.numbers.clone(), w.numbers.clone());
        move |dy, [for_x, for_w, _]| {
            let mut dx = Vec::new();
            if for_x {
                dx = vec![0.0; n_pos * n_in];
                kernel::matmul(Rows::new(dy, n_out), &w, &[], &mut dx);
            }
            let dw =
                if for_w { backward::turned_weight(dy, &x, [n_in, n_out]) } else { Vec::new() };
            [dx, dw, backward::column_sums(dy, n_out)]
        }
    })
}

/// The way back from a product to its factors.
fn linear_back(
    (x, w): (Numbers, Numbers),
    sizes: [usize; 2],
) -> impl Fn(&[f32], [bool; 2]) -> [Vec<f32>; 2] {
    move |dy, [for_x, for_w]| {
        let dx = if for_x { backward::linear_input(dy, &w, sizes) } else { Vec::new() };
        [dx, if for_w { backward::linear_weight(dy, &x, sizes) } else { Vec::new() }]
    }
}

/// Divides each vector along the last axis by √(variance + ε), after subtracting its mean if it is
/// to be `centred`. The variance is the biased one, as in PyTorch's `LayerNorm`. Gives what was
/// divided by, `[.., 1]`, which is only to be looked at, and the vectors.
pub fn normalize<const D: usize>(
    x: &Tensor<D>,
    centred: bool,
    epsilon: f64,
) -> (Tensor<D>, Tensor<D>) {
    let Some(input) = Input::of(x) else {
        let mean = x.clone().mean_dim(D - 1);
        let x = if centred { x.clone() - mean } else { x.clone() };
        let scale = (x.clone().square().mean_dim(D - 1) + epsilon).sqrt();
        return (scale.clone(), x / scale);
    };
    let (shape, mut scale_shape) = (x.dims(), x.dims());
    scale_shape[D - 1] = 1;
    let width = shape[D - 1];
    let (scales, vectors) = kernel::normalize(&input.numbers, width, centred, epsilon);
    let device = x.device();
    if !x.is_autodiff() {
        return (tensor(scales, scale_shape, &device), tensor(vectors, shape, &device));
    }
    let (kept, normalized) = (scales.clone(), vectors.clone());
    let vectors = result(vectors, shape, &device, [&input], || {
        move |dy, _| [backward::normalize(dy, &normalized, &kept, width, centred)]
    });
    (tensor(scales, scale_shape, &device), vectors)
}

/// Multiplies along the last axis by `weight` and adds `bias`.
pub fn scale_and_shift<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<1>,
    bias: Option<&Tensor<1>>,
) -> Tensor<D> {
    let Some((input, w)) = Input::of(x).zip(Input::of(weight)) else {
        let scaled = x.clone() * weight.clone().unsqueeze();
        return match bias {
            Some(bias) => scaled + bias.clone().unsqueeze(),
            None => scaled,
        };
    };
    let bias = bias.and_then(Input::of);
    let b = bias.as_ref().map(|bias| &*bias.numbers);
    let y = kernel::scale_and_shift(&input.numbers, &w.numbers, b);
    let (shape, device, width) = (x.dims(), x.device(), w.numbers.len());
    let back = || {
        let (x, w) = (input.numbers.clone(), w.numbers.clone());
        move |dy: &[f32]| {
            let dx = kernel::scale_and_shift(dy, &w, None);
            [dx, backward::column_products(dy, &x, width)]
        }
    };
    match &bias {
        None => result(y, shape, &device, [&input, &w], || {
            let back = back();
            move |dy, _| back(dy)
        }),
        Some(bias) => result(y, shape, &device, [&input, &w, bias], || {
            let back = back();
            move |dy, _| {
                let [dx, dw] = back(dy);
                [dx, dw, backward::column_sums(dy, width)]
            }
        }),
    }
}

/// Applies the MLP's nonlinearity to every number.
pub fn activate<const D: usize>(x: &Tensor<D>, function: ActivationFunction) -> Tensor<D> {
    let Some(input) = Input::of(x).filter(|_| !x.is_autodiff() || function.has_slope()) else {
        return function.of_tensor(x.clone());
    };
    result(function.apply(&input.numbers), x.dims(), &x.device(), [&input], || {
        let x = input.numbers.clone();
        move |dy, _| {
            let mut dx = function.slopes(&x);
            dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx *= dy);
            [dx]
        }
    })
}

/// `q kᵀ · scaling` for each head. Several texts, which only learning reads at once, lie one behind the
/// other, and so do their heads in the result.
///
/// # Shapes
/// `q [query, head, d_head]`, `k [key, kv_head, d_head]` gives `[head, query, key]`.
pub fn scores(q: &Tensor<3>, k: &Vectors, scaling: f64, n_texts: usize) -> Tensor<3> {
    let ([n_queries, n_heads, d_head], [n_keys, n_kv_heads, _]) = (q.dims(), k.dims());
    if let Some((q_input, k)) = Input::of(q).zip(k.tracked()) {
        let heads = Heads { n_texts, n_heads, n_kv_heads, d_head };
        let scaling = scaling as f32;
        let scores = kernel::scores(&q_input.numbers, &k.numbers, heads, scaling);
        let shape = [n_texts * n_heads, n_queries / n_texts, n_keys / n_texts];
        return result(scores, shape, &q.device(), [&q_input, &k], || {
            let (q, k) = (q_input.numbers.clone(), k.numbers.clone());
            move |dy, _| backward::of_scores(dy, &q, &k, heads, scaling)
        });
    }
    let Some((q_numbers, k_numbers)) = Numbers::of(q).zip(k.numbers()) else {
        // The heads of a group lie one after the other, so they can be stacked to one tall matrix.
        let stacked = [n_kv_heads, n_heads / n_kv_heads * n_queries, d_head];
        let q = q.clone().swap_dims(0, 1).reshape(stacked);
        let products = q.matmul(k.tensor().permute([1, 2, 0])) * scaling;
        return products.reshape([n_heads, n_queries, n_keys]);
    };
    let heads = Heads { n_texts: 1, n_heads, n_kv_heads, d_head };
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
    let Some(input) = Input::of(scores) else {
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
    let pattern = kernel::softmax(&input.numbers, n_queries, n_keys, sight);
    let kept = if scores.is_autodiff() { pattern.clone() } else { Vec::new() };
    result(pattern, shape, &device, [&input], || {
        move |dy, _| [backward::softmax_rows(dy, &kept, n_keys)]
    })
}

/// Values mixed by the pattern. What a query does not see counts as 0.
///
/// # Shapes
/// `pattern [head, query, key]`, `v [key, kv_head, d_head]` gives `[query, head, d_head]`.
pub fn mix(pattern: &Tensor<3>, v: &Vectors, sight: Option<Sight>, n_texts: usize) -> Tensor<3> {
    let ([n_heads, n_queries, n_keys], [_, n_kv_heads, d_head]) = (pattern.dims(), v.dims());
    if let Some((weights, v)) = Input::of(pattern).zip(v.tracked()) {
        let n_heads = n_heads / n_texts;
        let heads = Heads { n_texts, n_heads, n_kv_heads, d_head };
        let mixed = kernel::mix(&weights.numbers, &v.numbers, heads, sight);
        let shape = [n_texts * n_queries, n_heads, d_head];
        return result(mixed, shape, &pattern.device(), [&weights, &v], || {
            let (pattern, v) = (weights.numbers.clone(), v.numbers.clone());
            move |dz, _| backward::of_mix(dz, &pattern, &v, heads)
        });
    }
    let Some((weights, values)) = Numbers::of(pattern).zip(v.numbers()) else {
        let stacked = [n_kv_heads, n_heads / n_kv_heads * n_queries, n_keys];
        let mixed = pattern.clone().reshape(stacked).matmul(v.tensor().swap_dims(0, 1));
        return mixed.reshape([n_heads, n_queries, d_head]).swap_dims(0, 1);
    };
    let heads = Heads { n_texts: 1, n_heads, n_kv_heads, d_head };
    let mixed = kernel::mix(&weights, &values, heads, sight);
    tensor(mixed, [n_queries, n_heads, d_head], &pattern.device())
}

/// The mean surprise at the answers, in nats: −ln of the softmax at each row's answer.
///
/// # Shapes
/// `scores [row, vocab]`, `answers [row]` gives one number.
pub fn cross_entropy(scores: &Tensor<2>, answers: &[u32]) -> Tensor<1> {
    let (device, n) = (scores.device(), answers.len());
    if let Some(input) = Input::of(scores) {
        let (loss, slope) = backward::cross_entropy(&input.numbers, answers, scores.dims()[1]);
        return result(vec![loss], [1], &device, [&input], || {
            move |dy, _| [slope.iter().map(|x| x * dy[0]).collect()]
        });
    }
    let answers: Vec<i64> = answers.iter().map(|&id| i64::from(id)).collect();
    let answers = Tensor::<2, Int>::from_data(TensorData::new(answers, [n, 1]), &device);
    -log_softmax(scores.clone(), 1).gather(1, answers).mean()
}
