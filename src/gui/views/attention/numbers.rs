//! The numbers of one query in one head: read from the recording, and repeated where the recording
//! holds only the result.

use super::stages::TITLES;
use crate::gui::contract::view::Context;
use crate::gui::look::format::{number, percent};
use crate::math::attention_steps::{
    dot, exponentials, is_inverse_root, largest_difference, masked, position_of_largest, products,
    scaling, weighted_sum,
};
use crate::text::{tr, trf};
use crate::trace::{BlockHook, ModelInfo, Positions, Trace};

/// Everything the steps show.
pub struct Numbers<'a> {
    model: &'a ModelInfo,
    /// Block.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// The token that asks.
    pub query: usize,
    /// The token whose key is shown in full.
    pub key: usize,
    /// Tokens as they can be shown.
    pub names: Vec<String>,
    /// The query vector.
    pub q: &'a [f32],
    /// The key vectors.
    pub keys: Vec<&'a [f32]>,
    /// The value vectors.
    pub values: Vec<&'a [f32]>,
    /// q times the shown key, by dimension.
    pub products: Vec<f32>,
    /// q · k for every key.
    pub dots: Vec<f32>,
    /// What dot products are multiplied by, if that is one number.
    pub scaling: Option<f32>,
    /// Scaled dot products.
    pub scores: Vec<f32>,
    query_name: String,
    /// Is the future hidden?
    pub is_causal: bool,
    /// Scores, -∞ for the future.
    pub masked: Vec<f32>,
    /// Numerators of the softmax.
    pub exponentials: Vec<f32>,
    /// Attention weights.
    pub weights: &'a [f32],
    /// The mixed values.
    pub z: &'a [f32],
    /// z of all heads side by side.
    pub all_z: &'a [f32],
    /// What attention adds to the stream; empty when it was not recorded.
    pub attn_out: &'a [f32],
}

impl<'a> Numbers<'a> {
    /// The numbers of what is pointed at: the query, or the last token; the key, or the one with the
    /// largest weight. `None` when the recording lacks some of them.
    pub fn new(trace: &'a Trace, ctx: &Context<'_>) -> Option<Self> {
        let (layer, head) = (ctx.focus.layer, ctx.focus.head);
        let (query, n) = (ctx.focus.query_or_last(trace), trace.key_tokens().len());
        let keys = (0..n).map(|pos| trace.key(layer, head, pos));
        let keys: Vec<&[f32]> = keys.collect::<Option<_>>()?;
        let values = (0..n).map(|pos| trace.value(layer, head, pos));
        let values: Vec<&[f32]> = values.collect::<Option<_>>()?;
        let q = trace.query(layer, head, query)?;
        let weights = trace.pattern(layer, head)?.row(query);
        let key = ctx.focus.key.or_else(|| position_of_largest(weights));
        let key = key.unwrap_or(0);
        let dots: Vec<f32> = keys.iter().map(|k| dot(q, k)).collect();
        let recorded = trace.block(layer, BlockHook::AttnScores)?;
        let recorded = recorded.at(&[head, query])?;
        let scaling = scaling(recorded, &dots);
        // A file keeps -∞ where the mask was; the score beneath it is the scaled dot product.
        let score = |(&score, dot): (&f32, &f32)| match scaling {
            Some(factor) if !score.is_finite() => dot * factor,
            _ => score,
        };
        let scores: Vec<f32> = recorded.iter().zip(&dots).map(score).collect();
        let is_hidden =
            |key: usize| trace.is_hidden(layer, query, key) && weights.get(key) == Some(&0.0);
        let masked = masked(&scores, is_hidden);
        let z = trace.block(layer, BlockHook::Z)?;
        let attn_out = trace.block(layer, BlockHook::AttnOut);
        Some(Self {
            layer,
            head,
            query,
            key,
            names: (0..n).map(|key| trace.key_label(key)).collect(),
            query_name: trace.label(query),
            is_causal: trace.is_causal(),
            products: products(q, keys.get(key)?),
            exponentials: exponentials(&masked),
            z: z.at(&[query, head])?,
            all_z: z.at(&[query])?,
            attn_out: attn_out.and_then(|out| out.at(&[query])).unwrap_or(&[]),
            q,
            keys,
            values,
            dots,
            scaling,
            scores,
            masked,
            weights,
            model: &trace.model,
        })
    }

    /// How many keys the query may see.
    pub fn n_visible(&self) -> usize {
        let visible = self.masked.iter().filter(|&&s| s != f32::NEG_INFINITY);
        visible.count()
    }

    /// The width of the head.
    pub fn d_head(&self) -> usize {
        self.q.len()
    }

    /// The key vector that is shown in full.
    pub fn k(&self) -> &'a [f32] {
        self.keys.get(self.key).copied().unwrap_or(&[])
    }

    /// The label of the key that is shown in full.
    pub fn key_name(&self) -> &str {
        self.names.get(self.key).map_or("", String::as_str)
    }

    /// The label of the query.
    pub fn query_name(&self) -> &str {
        &self.query_name
    }

    /// The sum of the exponentials: the softmax's denominator.
    pub fn denominator(&self) -> f32 {
        self.exponentials.iter().sum()
    }

    /// How far z, repeated from weights and values, is from the recorded z.
    pub fn z_error(&self) -> f32 {
        largest_difference(&weighted_sum(self.weights, &self.values), self.z)
    }

    /// The scaling as a formula where it is the usual one: `1/√32`.
    pub fn scaling_text(&self) -> String {
        match self.scaling {
            Some(factor) if is_inverse_root(factor, self.d_head()) => {
                format!("1/√{}", self.d_head())
            }
            Some(factor) => number(factor),
            None => tr("no single factor").to_owned(),
        }
    }

    /// What a stage is called.
    pub fn title(&self, stage: usize) -> String {
        match stage {
            2 => trf("Scale by {0}", &[&self.scaling_text()]),
            3 if !self.is_causal => tr("Hide nothing").to_owned(),
            _ => tr(TITLES.get(stage).copied().unwrap_or_default()).to_owned(),
        }
    }

    /// Two short texts for each stage: what happens, if the title does not say it, and this key's
    /// numbers.
    pub fn lines(&self, stage: usize) -> [String; 2] {
        let at = |values: &[f32]| number(values.get(self.key).copied().unwrap_or(f32::NAN));
        let (query, key) = (self.query_name(), self.key_name());
        let n = self.keys.len();
        match stage {
            0 => [
                trf("{0} asks, {1} answers", &[&query, &key]),
                format!("Σ q × k = {}", at(&self.dots)),
            ],
            1 => [String::new(), format!("{key}: {}", at(&self.dots))],
            2 => [
                String::new(),
                match self.scaling {
                    Some(by) => {
                        format!("{} × {} = {}", at(&self.dots), number(by), at(&self.scores))
                    }
                    None => format!("{key}: {}", at(&self.scores)),
                },
            ],
            3 => [
                match n - self.n_visible() {
                    0 => tr("no key is hidden").to_owned(),
                    hidden if self.window().is_some() => {
                        trf("{0} of {1} lie in the future or too far back", &[&hidden, &n])
                    }
                    hidden => trf("{0} of {1} lie in the future", &[&hidden, &n]),
                },
                format!("{key}: {}", at(&self.masked)),
            ],
            4 => [
                tr("each e^s over their sum").to_owned(),
                format!(
                    "{} / {} = {}",
                    at(&self.exponentials),
                    number(self.denominator()),
                    percent(self.weights.get(self.key).copied().unwrap_or(f32::NAN))
                ),
            ],
            5 => [
                tr("z = Σ weight × v").to_owned(),
                trf("= z within {0}", &[&number(self.z_error())]),
            ],
            _ => [
                trf("{0} heads × {1} = {2}", &[&self.n_heads(), &self.d_head(), &self.all_z.len()]),
                "× W_O → attn_out".to_owned(),
            ],
        }
    }

    fn n_heads(&self) -> usize {
        self.all_z.len() / self.d_head().max(1)
    }

    /// Is this key further back than the model looks?
    pub fn is_too_far(&self, key: usize) -> bool {
        self.window().is_some_and(|window| key + window <= self.query)
    }

    /// How far back this layer looks, when not everywhere.
    fn window(&self) -> Option<usize> {
        self.model.window_of(self.layer)
    }

    /// That positions are in the vectors already, when they are rotations.
    fn turning(&self) -> &'static str {
        match self.model.positions {
            Positions::Rotary => tr(" Both were turned by their positions first."),
            _ => "",
        }
    }

    /// Who else looks at these keys.
    fn sharing(&self) -> String {
        let group = self.model.group_of(self.head);
        if group.len() < 2 {
            return String::new();
        }
        let last = group.end - 1;
        trf(" Heads {0} to {1} share their keys and values.", &[&group.start, &last])
    }

    /// One or two sentences about a stage, with this example's numbers.
    pub fn explain(&self, stage: usize) -> String {
        let at = |values: &[f32]| number(values.get(self.key).copied().unwrap_or(f32::NAN));
        let (query, key) = (self.query_name(), self.key_name());
        let weight = percent(self.weights.get(self.key).copied().unwrap_or(f32::NAN));
        let d_head = self.d_head();
        match stage {
            0 => trf(
                "What “{0}” asks for (q) is compared with what “{1}” offers (k): multiplied in each of \
                 {2} dimensions and added up, q · k = {3}.{4}{5}",
                &[&query, &key, &d_head, &at(&self.dots), &self.turning(), &self.sharing()],
            ),
            1 => trf(
                "The same q meets the key of every token. The larger the dot product, the better the answer; \
                 “{0}” gets {1}.",
                &[&key, &at(&self.dots)],
            ),
            2 => trf(
                "Every dot product is multiplied by {0}, or wide heads would always be sure of themselves: \
                 {1} becomes {2}.",
                &[&self.scaling_text(), &at(&self.dots), &at(&self.scores)],
            ),
            3 => self.explain_mask(),
            4 => trf(
                "The softmax makes every score positive (e^s, the largest set to 1) and divides by the sum {0}: \
                 “{1}” gets {2}, and all weights together are 100 %.",
                &[&number(self.denominator()), &key, &weight],
            ),
            5 => trf(
                "Each token hands over its value v, as much of it as its weight: {0} of “{1}” and so on \
                 add up to z. Hover a number of z to see its column.",
                &[&weight, &key],
            ),
            _ => trf(
                "The z of all {0} heads stand side by side, {1} numbers; the output matrix W_O turns them into \
                 attn_out, which is added to the stream of “{2}”.",
                &[&self.n_heads(), &self.all_z.len(), &query],
            ),
        }
    }

    fn explain_mask(&self) -> String {
        if !self.is_causal {
            return tr(
                "Every key may be seen here: there is no future to hide, so no score is set to −∞.",
            )
            .to_owned();
        }
        let (query, pos, n) = (self.query_name(), self.query, self.keys.len());
        let hidden = n - self.n_visible();
        match self.window() {
            Some(window) => trf(
                "“{0}” is token {1} and may not see what comes after it, nor further back than {2} tokens: \
                 {3} of {4} keys get −∞.",
                &[&query, &pos, &window, &hidden, &n],
            ),
            None => trf(
                "“{0}” is token {1} and may not see what comes after it: {2} of {3} keys get −∞.",
                &[&query, &pos, &hidden, &n],
            ),
        }
    }
}
