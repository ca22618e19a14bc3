//! What is said of each number in the steps: how it came about, and where it is in the recording.

use super::numbers::Numbers;
use super::parts::{Part, Row};
use crate::gui::contract::origin::origin;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::math::attention_steps::largest;
use crate::text::trf;
use crate::trace::{BlockHook, Hook};

impl Numbers<'_> {
    /// A number with what it was computed from.
    pub fn tip(&self, part: Part) -> Option<String> {
        let n = |values: &[f32], i: usize| values.get(i).copied().map(number);
        let key_name = |key: usize| self.names.get(key).map_or("", String::as_str);
        let (key, dim) = (part.key.unwrap_or(0), part.dim.unwrap_or(0));
        let name = key_name(key);
        Some(match part.row {
            Row::Q => trf("q[{0}] of {1} = {2}", &[&dim, &self.query_name(), &n(self.q, dim)?]),
            Row::K => trf("k[{0}] of {1} = {2}", &[&dim, &self.key_name(), &n(self.k(), dim)?]),
            Row::Product => {
                let (q, k) = (n(self.q, dim)?, n(self.k(), dim)?);
                format!("q[{dim}] × k[{dim}] = {q} × {k} = {}", n(&self.products, dim)?)
            }
            Row::Dot => trf("q · k of {0} = {1}", &[&name, &n(&self.dots, key)?]),
            Row::Score => {
                let dot = n(&self.dots, key)?;
                let score = n(&self.scores, key)?;
                format!("{name}: {dot} × {} = {score}", self.scaling_text())
            }
            Row::Masked if self.is_causal && key > self.query => trf(
                "{0} comes after {1}: {2}",
                &[&name, &self.query_name(), &n(&self.masked, key)?],
            ),
            Row::Masked if self.is_too_far(key) => {
                trf("{0} is too far back: {1}", &[&name, &n(&self.masked, key)?])
            }
            Row::Masked => format!("{name}: {}", n(&self.masked, key)?),
            Row::Exponential => {
                let (score, most) = (n(&self.masked, key)?, number(largest(&self.masked)));
                format!("{name}: e^({score} − {most}) = {}", n(&self.exponentials, key)?)
            }
            Row::Weight => {
                let (power, sum) = (n(&self.exponentials, key)?, number(self.denominator()));
                let weight = percent(*self.weights.get(key)?);
                format!("{name}: {power} / {sum} = {weight}")
            }
            Row::Value => {
                trf("v[{0}] of {1} = {2}", &[&dim, &name, &n(self.values.get(key)?, dim)?])
            }
            Row::WeightedValue => {
                let (weight, v) = (*self.weights.get(key)?, *self.values.get(key)?.get(dim)?);
                let product = number(weight * v);
                format!("{name}: {} × {} = {product}", number(weight), number(v))
            }
            Row::Z => format!("z[{dim}] = {} = {}", self.terms(dim), n(self.z, dim)?),
            Row::AllZ => {
                let d_head = self.d_head().max(1);
                let (head, dim_of_head) = (dim / d_head, dim % d_head);
                trf("head {0}, z[{1}] = {2}", &[&head, &dim_of_head, &n(self.all_z, dim)?])
            }
            Row::Out => format!("attn_out[{dim}] = {}", n(self.attn_out, dim)?),
        })
    }

    /// Where a number is in the recording, if it is there and not made of others here.
    pub fn origin(&self, ctx: &Context<'_>, part: Part) -> Option<String> {
        let (query, head) = (self.query, self.head);
        let (key, dim) = (part.key.unwrap_or(self.key), part.dim.unwrap_or(0));
        let kv_head = ctx.trace.model.kv_head_of(head);
        let at = |hook, index: &[usize]| Some(origin(ctx, Hook::Block(self.layer, hook), index));
        match part.row {
            Row::Q => at(ctx.trace.query_hook(), &[query, head, dim]),
            Row::K => at(ctx.trace.key_hook(), &[key, kv_head, dim]),
            // Files have the mask on the scores.
            Row::Score if key <= query || !self.is_causal => {
                at(BlockHook::AttnScores, &[head, query, key])
            }
            Row::Masked => at(BlockHook::AttnScores, &[head, query, key]),
            Row::Weight => at(BlockHook::Pattern, &[head, query, key]),
            Row::Value => at(BlockHook::V, &[key, kv_head, dim]),
            Row::Z => at(BlockHook::Z, &[query, head, dim]),
            Row::AllZ => {
                let d_head = self.d_head().max(1);
                at(BlockHook::Z, &[query, dim / d_head, dim % d_head])
            }
            Row::Out => at(BlockHook::AttnOut, &[query, dim]),
            Row::Score | Row::Product | Row::Dot | Row::Exponential | Row::WeightedValue => None,
        }
    }

    /// The largest terms of a dimension of z: `0.38 × 1.2 + 0.21 × −0.4 + …`.
    fn terms(&self, dim: usize) -> String {
        let value = |key: usize| self.values[key].get(dim).copied().unwrap_or(0.0);
        let mut keys: Vec<usize> = (0..self.weights.len().min(self.values.len())).collect();
        let size = |key: &usize| (self.weights[*key] * value(*key)).abs();
        keys.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let shown = keys.iter().take(3);
        let term = |&key: &usize| format!("{} × {}", number(self.weights[key]), number(value(key)));
        let terms: Vec<String> = shown.map(term).collect();
        let rest = if keys.len() > 3 { " + …" } else { "" };
        format!("{}{rest}", terms.join(" + "))
    }
}
