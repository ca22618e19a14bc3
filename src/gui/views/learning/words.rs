//! What a run shows, in words.

use crate::gui::contract::view::Context;
use crate::gui::look::format::{count, percent};
use crate::session::training::{Check, Roles, Run};
use crate::text::{tr, trf};

/// The story of a run so far.
pub fn story(_ctx: &Context<'_>, run: Option<&Run>, is_fresh: bool) -> String {
    let Some(run) = run else {
        return if is_fresh {
            tr("A model learns by guessing each next token and being told which it was: the answers are \
                in the text. Start, and see what it comes to know.")
        } else {
            tr("Write a sentence that the model cannot know, and teach it. All its numbers move a \
                little: see what it gains, and what it loses.")
        }
        .to_owned();
    };
    let progress = run.progress();
    let Some((first, last)) = progress.checks.first().zip(progress.checks.last()) else {
        return tr("The model is being made ready.").to_owned();
    };
    let choices = |check: &Check| {
        let mean = check.surprises.iter().sum::<f32>() / check.surprises.len().max(1) as f32;
        format!("{:.1}", mean.exp())
    };
    let mut story = trf(
        "After {0} steps the model is as unsure of this row as if it chose between {1} equally likely \
         tokens; it began with {2}.",
        &[&count(last.step), &choices(last), &choices(first)],
    );
    if let Some((layer, head, score)) = strongest(last, |roles| roles.induction)
        && score >= 0.4
        && is_fresh
    {
        story += " ";
        story += &trf(
            "Head {0} sends {1} of its attention to what followed the same token earlier: an induction \
             head.",
            &[&format!("{layer}.{head}"), &percent(score)],
        );
    }
    let forgotten = first.held_out.zip(last.held_out).filter(|_| !is_fresh);
    if let Some((before, after)) = forgotten {
        story += " ";
        story += &trf(
            "On a story it never read its loss went from {0} to {1} nats.",
            &[&format!("{before:.2}"), &format!("{after:.2}")],
        );
    }
    story
}

/// The head with the highest score.
fn strongest(check: &Check, score: impl Fn(&Roles) -> Option<f32>) -> Option<(usize, usize, f32)> {
    let heads = check.heads.iter().enumerate().flat_map(|(layer, heads)| {
        heads.iter().enumerate().map(move |(head, roles)| (layer, head, roles))
    });
    let scored = heads.filter_map(|(layer, head, roles)| Some((layer, head, score(roles)?)));
    scored.max_by(|a, b| a.2.total_cmp(&b.2))
}
