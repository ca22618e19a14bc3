//! What a model can do at a moment of its learning.

use super::progress::Roles;
use crate::math::heads::{HeadRole, HeadScorer, Sight};
use crate::math::sampling::log_softmax;
use crate::model::{Cache, Network, Probe, Recorder, Silent};
use crate::trace::{BlockHook, Hook};

/// The surprise of each token of a row after those before it, in nats; with the first token's left out.
pub(super) fn surprises(network: &Network, row: &[u32], probe: &mut impl Probe) -> Vec<f32> {
    let Some((_, questions)) = row.split_last() else { return Vec::new() };
    let logits = network.forward(questions, &mut Cache::default(), probe); // [pos, vocab]
    let [_, vocab] = logits.dims();
    let scores = logits.into_data().try_into_vec::<f32>().unwrap_or_default();
    let answer = |(scores, &id): (&[f32], &u32)| {
        -log_softmax(scores).get(id as usize).copied().unwrap_or(f32::NAN)
    };
    scores.chunks_exact(vocab.max(1)).zip(&row[1..]).map(answer).collect()
}

/// The mean surprise of rows, and what each head does on them.
pub(super) fn judge(network: &Network, rows: &[Vec<u32>]) -> (Option<f32>, Vec<Vec<Roles>>) {
    let info = network.info("");
    let (mut sum, mut n) = (0.0, 0);
    // Sums of the scores and how many there are, `[layer][head]`.
    let mut heads = vec![vec![[(0.0, 0_u32); 2]; info.n_heads]; info.n_layers];
    for row in rows {
        let mut recorder = Recorder::default();
        let surprises = surprises(network, row, &mut recorder);
        n += surprises.len();
        sum += surprises.iter().sum::<f32>();
        let read = &row[..row.len().saturating_sub(1)];
        let scorer = HeadScorer::new(read, Sight::Back);
        for (layer, heads) in heads.iter_mut().enumerate() {
            let hook = Hook::Block(layer, BlockHook::Pattern);
            let Some(patterns) = recorder.activations.get(&hook) else { continue };
            let patterns = patterns.data().chunks_exact((read.len() * read.len()).max(1));
            for (head, pattern) in heads.iter_mut().zip(patterns) {
                let scores = scorer.scores(pattern);
                let roles = [HeadRole::PreviousToken, HeadRole::Induction];
                for ((sum, n), role) in head.iter_mut().zip(roles) {
                    if let Some(score) = scores[role.index()] {
                        *sum += score.value;
                        *n += 1;
                    }
                }
            }
        }
    }
    let mean = |(sum, n): (f32, u32)| (n > 0).then(|| sum / n as f32);
    let roles = |[previous, induction]: [(f32, u32); 2]| Roles {
        previous: mean(previous),
        induction: mean(induction),
    };
    let heads = heads.into_iter().map(|heads| heads.into_iter().map(roles).collect()).collect();
    ((n > 0).then(|| sum / n as f32), heads)
}

/// The likeliest continuation, token by token.
pub(super) fn write(network: &Network, start: &[u32], n: usize) -> Vec<u32> {
    let n_ctx = network.info("").n_ctx;
    let mut cache = Cache::default();
    let (mut written, mut new) = (Vec::new(), start.to_vec());
    while written.len() < n && !new.is_empty() && start.len() + written.len() < n_ctx {
        let logits = network.forward(&new, &mut cache, &mut Silent);
        let [rows, vocab] = logits.dims();
        let last = logits.narrow(0, rows - 1, 1).into_data().try_into_vec::<f32>();
        let last = last.unwrap_or_default();
        let best = (0..vocab.min(last.len())).max_by(|&a, &b| last[a].total_cmp(&last[b]));
        let Some(best) = best else { break };
        written.push(best as u32);
        new = vec![best as u32];
    }
    written
}
