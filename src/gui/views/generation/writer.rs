//! Writes on the branches of a tree, one token at a time, while the model reads in the background.

use crate::background::{Task, finished};
use crate::gui::view::Context;
use crate::math::sampling::Sampling;
use crate::math::tree::{How, NodeId, ROOT, Tree};
use crate::problem::Problem;
use crate::session::Reader;
use crate::trace::{Trace, TraceId};
use std::collections::VecDeque;
use std::sync::Arc;

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Strategy {
    /// By the coin, from what the filters leave.
    #[default]
    Draw,
    /// The best one.
    Greedy,
}

impl Strategy {
    fn sampling(self, sampling: &Sampling) -> Sampling {
        match self {
            Self::Draw => sampling.clone(),
            Self::Greedy => Sampling {
                temperature: 0.0,
                ..sampling.clone()
            },
        }
    }
}

/// Tokens to be written on a branch.
#[derive(Debug)]
struct Errand {
    at: NodeId,
    strategy: Strategy,
    left: usize,
    pace: Pace,
    /// Does the reader of the screen go along?
    leads: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Pace {
    AsFastAsPossible,
    Timed,
}

/// What a background job found.
#[derive(Debug)]
struct Read {
    node: NodeId,
    logits: Vec<f32>,
    reader: Reader,
}

/// The tree of a prompt, the place in it, and what is being written.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) tree: Tree,
    /// The last token of the text on screen.
    pub(super) at: NodeId,
    /// The recording whose text is continued.
    pub(super) made_for: TraceId,
    pub(super) problem: Option<Problem>,
    reader: Option<Reader>,
    reading: Option<Task<Read>>,
    errands: VecDeque<Errand>,
    /// When the next timed token is due.
    due: f64,
}

/// Tokens that are written at once, drawn and greedy, so that a new prompt shows what may become of it.
const FIRST: usize = 8;
/// Tokens after which a run stops by itself.
const RUN: usize = 300;

impl Writer {
    /// A new tree, with two branches on their way.
    pub(super) fn new(trace: &Trace) -> Self {
        let prompt = trace.tokens.iter().map(|token| token.id);
        // A translator writes from its start token on.
        let n = if trace.encoder.is_some() {
            1
        } else {
            trace.tokens.len()
        };
        let prompt = prompt.take(n).collect();
        let first = |strategy, leads| Errand {
            at: ROOT,
            strategy,
            left: FIRST,
            pace: Pace::AsFastAsPossible,
            leads,
        };
        Self {
            tree: Tree::new(prompt),
            at: ROOT,
            made_for: trace.id,
            problem: None,
            reader: None,
            reading: None,
            errands: [first(Strategy::Draw, true), first(Strategy::Greedy, false)].into(),
            due: 0.0,
        }
    }

    /// Takes what the model has read.
    pub(super) fn receive(&mut self) {
        match finished(&mut self.reading) {
            Some(Ok(read)) => {
                self.tree.learn(read.node, read.logits);
                self.reader = Some(read.reader);
            }
            Some(Err(problem)) => {
                self.errands.clear();
                self.problem = Some(problem);
            }
            None => {}
        }
    }

    /// Is the model reading?
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Is text being written?
    pub(super) fn is_running(&self) -> bool {
        !self.errands.is_empty()
    }

    /// Writes one token after the text on screen.
    pub(super) fn step(&mut self, strategy: Strategy) {
        self.write(strategy, 1, Pace::AsFastAsPossible);
    }

    /// Writes on at a pace that can be followed.
    pub(super) fn run(&mut self, strategy: Strategy) {
        self.write(strategy, RUN, Pace::Timed);
    }

    fn write(&mut self, strategy: Strategy, left: usize, pace: Pace) {
        self.problem = None;
        self.errands.clear();
        self.errands.push_back(Errand {
            at: self.at,
            strategy,
            left,
            pace,
            leads: true,
        });
    }

    /// Writes no more.
    pub(super) fn stop(&mut self) {
        self.errands.clear();
    }

    /// Goes to another place in the tree.
    pub(super) fn go(&mut self, node: NodeId) {
        self.stop();
        self.at = node;
    }

    /// The node whose distribution the token on screen was chosen from.
    pub(super) fn choice(&self) -> NodeId {
        self.tree.parent(self.at)
    }

    /// Puts another token in the place of the one on screen: a new branch.
    pub(super) fn branch(&mut self, token: u32) {
        if let Some(node) = self.tree.grow(self.choice(), token, How::Chosen) {
            self.go(node);
        }
    }

    /// Removes the token on screen with everything after it.
    pub(super) fn remove(&mut self) {
        self.stop();
        self.at = self.tree.remove(self.at);
    }

    /// Goes on with the errands as far as the model has read. Returns the seconds until the next
    /// token is due, if that is what is waited for.
    pub(super) fn advance(&mut self, ctx: &Context<'_>, now: f64, pace: f64) -> Option<f64> {
        while self.reading.is_none() {
            let errand = self.errands.front()?;
            let node = self.tree.get(errand.at);
            let is_over = errand.left == 0 || is_end(ctx, node.token);
            if is_over {
                self.errands.pop_front();
            } else if node.next.is_none() {
                self.read(ctx, errand.at);
            } else if errand.pace == Pace::Timed && now < self.due {
                return Some(self.due - now);
            } else if self.grow(ctx).is_none() {
                self.errands.pop_front();
            } else {
                self.due = now + pace;
            }
        }
        None
    }

    /// One token more on the branch of the first errand.
    fn grow(&mut self, ctx: &Context<'_>) -> Option<()> {
        let errand = self.errands.front_mut()?;
        let sampling = errand.strategy.sampling(ctx.sampling);
        let n_ctx = ctx.model.info.n_ctx;
        let (token, how) = self.tree.draw(errand.at, &sampling, ctx.seed, n_ctx)?;
        errand.at = self.tree.grow(errand.at, token, how)?;
        errand.left -= 1;
        if errand.leads {
            self.at = errand.at;
        }
        Some(())
    }

    fn read(&mut self, ctx: &Context<'_>, node: NodeId) {
        let model = Arc::clone(ctx.model);
        let context = self.tree.context(node, model.info.n_ctx);
        let reader = self.reader.take();
        let source = ctx.trace.typed().to_owned();
        self.reading = Some(Task::spawn(ctx.lane, move |_| {
            let mut reader = match reader {
                Some(reader) => reader,
                None => Reader::after(model.memory(&source)?),
            };
            let logits = reader.next_logits(&model.network, &context);
            Ok(Read {
                node,
                logits,
                reader,
            })
        }));
    }
}

/// Does this token end the text?
pub(super) fn is_end(ctx: &Context<'_>, token: Option<u32>) -> bool {
    token.is_some_and(|id| ctx.model.network.is_end(id))
}
