//! What the machine shows of one recording, as plain numbers: computed once for a text, away from the
//! window.

use crate::math::sampling::{softmax, top};
use crate::math::vector::norm;
use crate::model::{Attribution, Checkpoint};
use crate::problem::{Problem, Result};
use crate::trace::{BlockHook, Trace, TraceId};

/// How many looks are kept of each layer, the strongest first.
const LINKS: usize = 32;
/// Looks that carry a smaller share of the stream than this are not drawn.
const LEAST: f32 = 0.01;
/// How many next tokens are listed.
const LISTED: usize = 8;

/// One head looking from one token at another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    pub layer: usize,
    pub head: usize,
    pub query: usize,
    pub key: usize,
    /// Does a translator's decoder look at its source? Then `key` is a token of the source.
    pub is_cross: bool,
    /// The attention weight.
    pub weight: f32,
    /// What is carried, as a share of the asking token's stream: `weight · |v W_O| / |x|`.
    pub carried: f32,
}

/// What the model would say after a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Saying {
    pub token: u32,
    pub label: String,
    pub prob: f32,
}

/// Everything that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The recording.
    pub of: TraceId,
    /// The token that is asked about.
    pub at: usize,
    pub n_layers: usize,
    pub n_heads: usize,
    /// How many tokens of a source text are looked at; 0 but in a translator's decoder.
    pub n_sources: usize,
    /// The looks worth drawing, the weakest first: the strongest are painted last.
    pub links: Vec<Link>,
    /// What each head brings to the asked token from others, `[layer][head]`, as a share of its stream.
    pub brought: Vec<Vec<f32>>,
    /// What attention and MLP add at each token, `[layer][pos]`, as shares of the stream they read.
    pub attention: Vec<Vec<f32>>,
    pub mlp: Vec<Vec<f32>>,
    /// What the model would say at the asked token before the first and after each layer.
    pub sayings: Vec<Saying>,
    /// What it says in the end, the most probable first.
    pub next: Vec<Saying>,
    /// The score of the first of these, taken apart, where that can be done.
    pub proof: Option<Attribution>,
}

impl Plan {
    /// Reads a recording; `at` is the token asked about.
    ///
    /// # Errors
    /// When the recording holds no attention or no streams.
    pub fn new(model: &Checkpoint, trace: &Trace, at: usize) -> Result<Self> {
        let lacking =
            || Problem::new("Could not draw the machine", "the recording lacks its parts");
        let (n_layers, n_heads) = (trace.model.n_layers, trace.model.n_heads);
        let cross = trace.cross();
        // A translator's decoder looks at its own text and at the source.
        let mut parts = Vec::new();
        for part in [Some(trace), cross.as_ref()].into_iter().flatten() {
            parts.push((part, model.network.value_lengths(part).ok_or_else(lacking)?));
        }
        let mut links = Vec::new();
        let mut brought = vec![vec![0.0; n_heads]; n_layers];
        for layer in 0..n_layers {
            let stream = stream_lengths(trace, layer).ok_or_else(lacking)?;
            let mut found = Vec::new();
            for (part, lengths) in &parts {
                let is_cross = part.is_cross();
                for head in 0..n_heads {
                    let pattern = part.pattern(layer, head).ok_or_else(lacking)?;
                    for (query, &length) in stream.iter().enumerate() {
                        for (key, &weight) in pattern.row(query).iter().enumerate() {
                            if key == query && !is_cross || weight <= 0.0 {
                                continue;
                            }
                            let carried = weight * lengths[layer][head][key] / length.max(1e-6);
                            if query == at {
                                brought[layer][head] += carried;
                            }
                            if carried >= LEAST {
                                found.push(Link {
                                    layer,
                                    head,
                                    query,
                                    key,
                                    is_cross,
                                    weight,
                                    carried,
                                });
                            }
                        }
                    }
                }
            }
            // The asked token's looks are kept whatever others do.
            found.sort_by(|a, b| {
                (b.query == at, b.carried)
                    .partial_cmp(&(a.query == at, a.carried))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            let own = found.iter().filter(|link| link.query == at).count().min(LINKS / 2);
            let others = found.iter().filter(|link| link.query != at).take(LINKS - own);
            links.extend(found.iter().take(own).chain(others).copied());
        }
        links.sort_by(|a, b| {
            (a.query == at, a.carried)
                .partial_cmp(&(b.query == at, b.carried))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let early = model.network.early_logits(trace, at);
        let sayings =
            early.iter().flatten().map(|logits| best(model, logits, 1)).collect::<Vec<_>>();
        let next = trace.logits(at).map(|logits| best(model, logits, LISTED)).unwrap_or_default();
        let proof = next
            .first()
            .and_then(|first| model.network.attribute(trace, at, first.token as usize, None));
        Ok(Self {
            of: trace.id,
            at,
            n_layers,
            n_heads,
            n_sources: cross.as_ref().map_or(0, |cross| cross.key_tokens().len()),
            links,
            brought,
            attention: shares(trace, BlockHook::AttnOut),
            mlp: shares(trace, BlockHook::MlpOut),
            sayings: sayings.into_iter().flatten().collect(),
            next,
            proof,
        })
    }

    /// The look that carries most of all that are drawn; 1 when there is none.
    pub fn most_carried(&self) -> f32 {
        self.links.iter().map(|link| link.carried).fold(0.0, f32::max).max(f32::MIN_POSITIVE)
    }

    /// The first layer after which what is said in the end is said already, and from then on always.
    pub fn decided(&self) -> Option<usize> {
        let last = self.sayings.last()?.token;
        let from =
            self.sayings.iter().rposition(|saying| saying.token != last).map_or(0, |i| i + 1);
        from.checked_sub(1)
    }

    /// The look of that head at that token, if it is drawn.
    pub fn strongest_link(&self) -> Option<&Link> {
        let (layer, head, source, _) = self.strongest()?;
        let is_it = |link: &&Link| {
            (link.layer, link.head, link.query, link.key, link.is_cross)
                == (layer, head, self.at, source, false)
        };
        self.links.iter().find(is_it)
    }

    /// The head that adds most to the score of what is said, with the token it reads from.
    pub fn strongest(&self) -> Option<(usize, usize, usize, f32)> {
        let sources = &self.proof.as_ref()?.sources;
        let all = sources.iter().enumerate().flat_map(|(layer, heads)| {
            heads.iter().enumerate().flat_map(move |(head, sources)| {
                sources.iter().enumerate().map(move |(source, &x)| (layer, head, source, x))
            })
        });
        all.max_by(|a, b| a.3.total_cmp(&b.3))
    }
}

/// The most probable tokens by these scores.
fn best(model: &Checkpoint, logits: &[f32], n: usize) -> Vec<Saying> {
    let probs = softmax(logits);
    let saying = |id: usize| Saying {
        token: id as u32,
        label: model.tokenizer.token(id as u32).label(),
        prob: probs[id],
    };
    top(&probs, n).into_iter().map(saying).collect()
}

/// The length of each token's stream as a block reads it, `[pos]`.
fn stream_lengths(trace: &Trace, layer: usize) -> Option<Vec<f32>> {
    let stream = trace.block(layer, BlockHook::ResidPre)?;
    (0..trace.tokens.len()).map(|pos| Some(norm(stream.at(&[pos])?))).collect()
}

/// What a part adds at each token as a share of the stream that enters its block, `[layer][pos]`.
fn shares(trace: &Trace, hook: BlockHook) -> Vec<Vec<f32>> {
    let share = |layer, pos| {
        let added = norm(trace.block(layer, hook)?.at(&[pos])?);
        let stream = norm(trace.block(layer, BlockHook::ResidPre)?.at(&[pos])?);
        Some(added / stream.max(1e-6))
    };
    let row = |layer| (0..trace.tokens.len()).map(|pos| share(layer, pos).unwrap_or(0.0)).collect();
    (0..trace.model.n_layers).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind, READER, TRANSLATOR};

    #[test]
    fn the_drink_goes_to_mary_by_head_7_7() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let text = "When Mary and John went to the store, John gave a drink to";
        let trace = model.trace(text).unwrap();
        let at = trace.tokens.len() - 1;
        let plan = Plan::new(&model, &trace, at).unwrap();
        assert_eq!((plan.next[0].label.as_str(), plan.sayings.len()), ("·Mary", 9));
        assert_eq!(plan.decided(), Some(7));
        let (layer, head, source, value) = plan.strongest().unwrap();
        assert_eq!((layer, head, trace.label(source).as_str()), (7, 7, "·Mary"));
        assert!(value > 5.0);
        // Every link says what the recording says, and none looks at its own token or ahead.
        for link in &plan.links {
            let pattern = trace.pattern(link.layer, link.head).unwrap();
            assert_eq!(pattern.get(link.query, link.key), Some(link.weight));
            assert!(link.key < link.query);
        }
        // Brought is the sum of all that is carried to the asked token.
        let sum: f32 = plan
            .links
            .iter()
            .filter(|l| (l.layer, l.head, l.query) == (7, 7, at))
            .map(|l| l.carried)
            .sum();
        assert!(sum <= plan.brought[7][7] * 1.001);
    }

    #[test]
    fn every_kind_of_model_and_length_has_a_plan() {
        for bundled in [BUNDLED[0], &READER, &TRANSLATOR] {
            let model = Checkpoint::bundled(bundled, DeviceKind::default()).unwrap();
            for text in ["a", "The cat sat on the mat because it was tired."] {
                let trace = model.trace(text).unwrap();
                let parts = [Some(&trace), trace.encoder.as_deref()];
                for part in parts.into_iter().flatten() {
                    let plan = Plan::new(&model, part, 0).unwrap();
                    assert_eq!(plan.mlp.len(), part.model.n_layers);
                    assert!(plan.links.iter().all(|link| link.carried.is_finite()));
                    assert_eq!(plan.n_sources > 0, part.encoder.is_some());
                    let crosses = plan.links.iter().any(|link| link.is_cross);
                    assert_eq!(crosses, part.encoder.is_some());
                }
            }
        }
    }
}
