//! A step while it is on screen: what the learner has done and answered.

use crate::background::{Lane, Task, finished};
use crate::lesson::{Answer, Area, Condition, Part, Situation, Step};
use crate::model::Checkpoint;
use crate::problem::Result;
use crate::session::claims::right_choice;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One stay at a step.
#[derive(Debug)]
pub struct Visit {
    /// Name of the lesson and number of the step.
    pub place: (String, usize),
    /// What the window was like when the step began.
    start: Situation,
    /// The parts with a condition that has come to pass.
    done: Vec<usize>,
    /// The part that the program was asked to do.
    delegated: Option<usize>,
    /// What was answered, by part.
    answers: BTreeMap<usize, Reply>,
}

/// An answer, and which choice the model says is right.
#[derive(Debug)]
pub struct Reply {
    /// The choice of the learner; `None` when the answer was only shown.
    pub chosen: Option<usize>,
    /// The right choice, once it is known.
    pub right: Option<Result<usize>>,
    task: Option<Task<usize>>,
}

impl Visit {
    /// Begins a step.
    pub fn new(place: (String, usize), start: Situation) -> Self {
        Self { place, start, done: Vec::new(), delegated: None, answers: BTreeMap::new() }
    }

    /// Sees what the learner has done, and takes the model's answers.
    pub fn look(&mut self, step: &Step, now: &Situation) {
        for reply in self.answers.values_mut() {
            if let Some(right) = finished(&mut reply.task) {
                reply.right = Some(right);
            }
        }
        // What was done in one frame may fulfil several conditions.
        while let Some((i, Part::Wait(condition))) = self.pending(step) {
            if !condition.holds(now, &self.start) {
                break;
            }
            self.done.push(i);
        }
        // A text that was replaced grows from what it is now.
        let is_growth_awaited = matches!(self.awaited(step), Some(Condition::TextGrows));
        if is_growth_awaited && !now.text.starts_with(&self.start.text) {
            self.start.text.clone_from(&now.text);
        }
    }

    /// The first part that waits for the learner.
    pub fn pending<'a>(&self, step: &'a Step) -> Option<(usize, &'a Part)> {
        step.parts.iter().enumerate().find(|(i, part)| match part {
            Part::Wait(_) => !self.done.contains(i),
            Part::Question(_) => !self.answers.contains_key(i),
            _ => false,
        })
    }

    /// Where the learner has to do something.
    pub fn area(&self, step: &Step) -> Option<Area> {
        match self.pending(step) {
            Some((_, Part::Wait(condition))) => Some(condition.area()),
            _ => None,
        }
    }

    /// The condition that is awaited.
    pub fn awaited<'a>(&self, step: &'a Step) -> Option<&'a Condition> {
        match self.pending(step) {
            Some((_, Part::Wait(condition))) => Some(condition),
            _ => None,
        }
    }

    /// Notes that the program shall do this part. False when it was asked before, in vain: in another
    /// text there may be nothing to choose.
    pub fn delegate(&mut self, part: usize) -> bool {
        self.delegated.replace(part) != Some(part)
    }

    /// Is this part's condition fulfilled?
    pub fn is_done(&self, part: usize) -> bool {
        self.done.contains(&part)
    }

    /// The answer given to a part.
    pub fn reply(&self, part: usize) -> Option<&Reply> {
        self.answers.get(&part)
    }

    /// Is the model being asked which choice is right?
    pub fn is_busy(&self) -> bool {
        self.answers.values().any(|reply| reply.task.is_some())
    }

    /// Notes an answer, or none, and has the model say which choice is right.
    pub fn answer(
        &mut self,
        step: &Step,
        part: usize,
        chosen: Option<usize>,
        model: &Arc<Checkpoint>,
        lane: &Lane,
    ) {
        let Some(Part::Question(question)) = step.parts.get(part) else {
            return;
        };
        let Some(answer) = question.answer.clone() else {
            return;
        };
        let (model, choices) = (Arc::clone(model), question.choices.clone());
        let ask = move |answer: &Answer| right_choice(&model, answer, &choices);
        let reply =
            Reply { chosen, right: None, task: Some(Task::spawn(lane, move |_| ask(&answer))) };
        self.answers.insert(part, reply);
    }
}
