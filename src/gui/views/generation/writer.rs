//! Writes on the branches of a tree, one token at a time, while the model reads in the background.

use super::beams::Beams;
use crate::background::{Task, finished};
use crate::gui::contract::command::Command;
use crate::gui::contract::view::Context;
use crate::math::beam::BeamSettings;
use crate::math::sampling::{Sampling, softmax};
use crate::math::tree::{How, MOST_NODES, NodeId, ROOT, SharedTree, Tree};
use crate::problem::Problem;
use crate::session::{Readers, Recall, Scores};
use crate::text::trf;
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
    /// So many texts are followed, and the likeliest wins.
    Beams(usize),
}

/// Tokens to be written on a branch.
#[derive(Debug)]
struct Errand {
    at: NodeId,
    way: Way,
    left: usize,
    pace: Pace,
    /// Does the reader of the screen go along?
    leads: bool,
}

#[derive(Debug)]
enum Way {
    Draw,
    Greedy,
    Beams(Beams),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    AsFastAsPossible,
    Timed,
}

/// What a background job found.
#[derive(Debug)]
struct Read {
    texts: Vec<(Vec<u32>, Scores)>,
    readers: Readers,
}

/// The tree of a prompt, and what is being written.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) tree: SharedTree,
    /// The tree as the program knows it.
    known: Option<SharedTree>,
    /// Does the next change begin something that can be undone by itself? What the view writes of
    /// its own accord, and every token of a run but the first, does not.
    is_step: bool,
    /// The recording whose text is continued.
    made_for: TraceId,
    pub(super) problem: Option<Problem>,
    recall: Recall,
    readers: Option<Readers>,
    reading: Option<Task<Read>>,
    errands: VecDeque<Errand>,
    /// When the next timed token is due.
    due: f64,
}

/// Tokens that are written at once, drawn and greedy, so that a new prompt shows what may become of it.
const FIRST: usize = 8;

impl Writer {
    /// A new tree, with two branches on their way.
    fn new(ctx: &Context<'_>) -> Self {
        let trace = ctx.trace;
        let typed = trace.typed().to_owned();
        let tree = Tree::new(ctx.model.source.clone(), typed, prompt(trace));
        let first =
            |way, leads| Errand { at: ROOT, way, left: FIRST, pace: Pace::AsFastAsPossible, leads };
        let errands = [first(Way::Draw, true), first(Way::Greedy, false)];
        Self::with(SharedTree::new(tree), None, errands.into(), trace.id)
    }

    fn with(
        tree: SharedTree,
        known: Option<SharedTree>,
        errands: VecDeque<Errand>,
        made_for: TraceId,
    ) -> Self {
        Self {
            tree,
            known,
            is_step: false,
            made_for,
            problem: None,
            recall: Recall::default(),
            readers: None,
            reading: None,
            errands,
            due: 0.0,
        }
    }

    /// The writer for what is on screen: the one there is, one for the tree the program remembers, or
    /// one with a new tree. The second value says whether the tree is another one than before.
    pub(super) fn refreshed(writer: Option<Self>, ctx: &Context<'_>) -> (Self, bool) {
        let remembered = ctx.tree.filter(|tree| fits(tree, ctx));
        match (writer, remembered) {
            // The program knows no tree of this text, yet or any more: a newer text is on its way.
            (Some(old), None) if old.made_for == ctx.trace.id => (old, false),
            (Some(mut old), Some(tree)) if old.knows(tree) => {
                old.made_for = ctx.trace.id;
                (old, false)
            }
            (old, Some(tree)) => {
                let (tree, id) = (tree.clone(), ctx.trace.id);
                let mut new = Self::with(tree.clone(), Some(tree), VecDeque::new(), id);
                // What a translator says depends on its source too.
                let of = |tree: &Tree| {
                    let source = ctx.trace.encoder.as_ref().map(|_| tree.text.clone());
                    (tree.model.clone(), source)
                };
                if let Some(old) = old.filter(|old| of(&old.tree) == of(&new.tree)) {
                    (new.recall, new.readers) = (old.recall, old.readers);
                }
                (new, true)
            }
            (_, None) => (Self::new(ctx), true),
        }
    }

    fn knows(&self, tree: &SharedTree) -> bool {
        self.known.as_ref().is_some_and(|known| known.is(tree))
    }

    /// Tells the program of a change.
    pub(super) fn tell(&mut self, ctx: &mut Context<'_>) {
        if self.knows(&self.tree) {
            return;
        }
        self.known = Some(self.tree.clone());
        ctx.send(Command::SetTree {
            tree: self.tree.clone(),
            is_step: std::mem::take(&mut self.is_step),
        });
    }

    /// Takes what the model has read.
    pub(super) fn receive(&mut self) {
        match finished(&mut self.reading) {
            Some(Ok(read)) => {
                for (context, scores) in read.texts {
                    self.recall.insert(context, scores);
                }
                self.readers = Some(read.readers);
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

    /// Writes at most `n` tokens after the text on screen: one at once, more at a pace that can be
    /// followed.
    pub(super) fn write(&mut self, ctx: &Context<'_>, strategy: Strategy, n: usize) {
        self.problem = None;
        self.is_step = true;
        let way = match strategy {
            Strategy::Draw => Way::Draw,
            Strategy::Greedy => Way::Greedy,
            Strategy::Beams(width) => {
                let ends = ctx.model.network.ends();
                Way::Beams(Beams::new(self.at(), BeamSettings::new(width, n, ends)))
            }
        };
        let pace = if n == 1 { Pace::AsFastAsPossible } else { Pace::Timed };
        let errand = Errand { at: self.at(), way, left: n, pace, leads: true };
        self.errands = [errand].into();
    }

    /// Writes no more.
    pub(super) fn stop(&mut self) {
        self.errands.clear();
    }

    /// The last token of the text on screen.
    pub(super) fn at(&self) -> NodeId {
        self.tree.at()
    }

    /// The tree, to be changed by the user.
    pub(super) fn edit(&mut self) -> &mut Tree {
        self.stop();
        self.is_step = true;
        self.tree.edit()
    }

    /// Goes to another place in the tree.
    pub(super) fn go(&mut self, node: NodeId) {
        if node != self.at() {
            self.edit().go(node);
        }
    }

    /// The node whose distribution the token on screen was chosen from.
    pub(super) fn choice(&self) -> NodeId {
        self.tree.parent(self.at())
    }

    /// The scores of what may follow a node, if they are known.
    pub(super) fn scores(&self, ctx: &Context<'_>, node: NodeId) -> Option<Scores> {
        self.recall.get(&self.tree.context(node, ctx.model.info.n_ctx))
    }

    /// Puts another token, of this probability, in the place of the one on screen: a new branch.
    pub(super) fn branch(&mut self, token: u32, prob: f32) {
        let choice = self.choice();
        let tree = self.edit();
        match tree.grow(choice, token, How::Chosen, prob) {
            Some(node) => tree.go(node),
            None => self.problem = Some(full()),
        }
    }

    /// The texts that a search follows now.
    pub(super) fn tips(&self) -> Vec<NodeId> {
        match self.errands.front().map(|errand| &errand.way) {
            Some(Way::Beams(beams)) => beams.tips(&self.tree),
            _ => Vec::new(),
        }
    }

    /// Goes on with the errands as far as the model has read. Returns the seconds until the next
    /// token is due, if that is what is waited for.
    pub(super) fn advance(&mut self, ctx: &Context<'_>, now: f64, pace: f64) -> Option<f64> {
        while self.reading.is_none() {
            let nodes = match self.errands.front() {
                Some(errand) if errand.is_over(ctx, &self.tree) => {
                    self.errands.pop_front();
                    continue;
                }
                Some(errand) => errand.nodes(&self.tree),
                // What the token on screen was chosen from may have been forgotten.
                None => vec![self.choice()],
            };
            let n_ctx = ctx.model.info.n_ctx;
            let texts = nodes.iter().map(|&node| self.tree.context(node, n_ctx));
            let contexts: Vec<Vec<u32>> = texts.collect();
            let known = contexts.iter().filter_map(|context| self.recall.get(context));
            let scores: Vec<Scores> = known.collect();
            if scores.len() < contexts.len() {
                self.read(ctx, contexts);
                break;
            }
            let errand = self.errands.front()?;
            if errand.pace == Pace::Timed && now < self.due {
                return Some(self.due - now);
            }
            self.due = now + pace;
            if self.grow(ctx, &scores, &contexts).is_none() {
                self.errands.pop_front();
            }
        }
        None
    }

    /// One token more on the branch of the first errand.
    fn grow(&mut self, ctx: &Context<'_>, scores: &[Scores], contexts: &[Vec<u32>]) -> Option<()> {
        let errand = self.errands.front_mut()?;
        let tree = self.tree.edit();
        let mut sampling = ctx.sampling.clone();
        let node = match &mut errand.way {
            Way::Beams(beams) => {
                let node = beams.step(tree, &sampling, scores, contexts);
                if node.is_none() && !beams.is_over() {
                    self.problem = Some(full());
                }
                node?
            }
            way => {
                if matches!(way, Way::Greedy) {
                    sampling.temperature = 0.0;
                }
                let logits = scores.first()?;
                let coins = (ctx.seed, ctx.model.info.n_ctx);
                let (token, how) = tree.draw(errand.at, logits, &sampling, coins)?;
                let prob = softmax(logits).get(token as usize).copied()?;
                let node = tree.grow(errand.at, token, how, prob);
                if node.is_none() {
                    self.problem = Some(full());
                }
                node?
            }
        };
        errand.at = node;
        errand.left = errand.left.saturating_sub(1);
        if errand.leads {
            tree.go(node);
        }
        Some(())
    }

    fn read(&mut self, ctx: &Context<'_>, contexts: Vec<Vec<u32>>) {
        let model = Arc::clone(ctx.model);
        let readers = self.readers.take();
        let source = self.tree.text.clone();
        self.reading = Some(Task::spawn(ctx.lane, move |_| {
            let mut readers = match readers {
                Some(readers) => readers,
                None => Readers::after(model.memory(&source)?),
            };
            let logits = readers.next_logits(&model.network, &contexts);
            let scores = logits.into_iter().map(Scores::from);
            let texts = contexts.into_iter().zip(scores).collect();
            Ok(Read { texts, readers })
        }));
    }
}

impl Errand {
    fn is_over(&self, ctx: &Context<'_>, tree: &Tree) -> bool {
        match &self.way {
            Way::Beams(beams) => beams.is_over(),
            _ => self.left == 0 || is_end(ctx, tree.get(self.at).token),
        }
    }

    /// Where it goes on.
    fn nodes(&self, tree: &Tree) -> Vec<NodeId> {
        match &self.way {
            Way::Beams(beams) => beams.tips(tree),
            _ => vec![self.at],
        }
    }
}

/// Does a tree continue the text on screen, as the model on screen reads it?
fn fits(tree: &Tree, ctx: &Context<'_>) -> bool {
    (tree.text.as_str(), &tree.model) == (ctx.trace.typed(), &ctx.model.source)
        && tree.prompt() == prompt(ctx.trace)
}

/// What is continued: all that was read, or of a translator's target only the start token.
fn prompt(trace: &Trace) -> Vec<u32> {
    let n = if trace.encoder.is_some() { 1 } else { trace.tokens.len() };
    let tokens = trace.tokens.iter().take(n);
    tokens.map(|token| token.id).collect()
}

fn full() -> Problem {
    Problem::new("The tree is full", trf("it has {0} tokens", &[&MOST_NODES]))
        .cure("Delete what you do not need: keep the good branches and choose “Delete others”")
}

/// The settings a token was drawn with; those in force for one that was not drawn.
pub(super) fn settings<'a>(tree: &'a Tree, how: How, now: &'a Sampling) -> &'a Sampling {
    tree.settings(how).unwrap_or(now)
}

/// Does this token end the text?
pub(super) fn is_end(ctx: &Context<'_>, token: Option<u32>) -> bool {
    token.is_some_and(|id| ctx.model.network.is_end(id))
}
