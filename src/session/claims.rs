//! What lessons say about a model, checked against the model.

use super::habits::scorer;
use super::training::{LATEST, Recipe, Run, STEPS_OF_TEACHING, Task};
use crate::lesson::{Answer, Bound, Claim, Head};
use crate::math::heads::HeadRole;
use crate::math::sampling::{Sampling, softmax, top};
use crate::math::vector::{cosine, mean_row};
use crate::model::insight::lens::Lens;
use crate::model::{Checkpoint, Edit};
use crate::problem::{Problem, Result};
use crate::trace::{BlockHook, Hook, Token, Trace};
use std::sync::Arc;

/// How many next tokens count as likely.
const LIKELY: usize = 10;

/// Says what is true instead, when a claim does not hold.
///
/// # Errors
/// When the model cannot be asked: a word it has no token for, a layer it does not have.
pub fn refuted(model: &Checkpoint, claim: &Claim) -> Result<Option<String>> {
    Ok(match claim {
        Claim::NextIs(text, word) => {
            let best = likely(model, text, 1)?;
            (best.first() != Some(word)).then(|| format!("it is {best:?}"))
        }
        Claim::NextHas(text, word) => {
            let best = likely(model, text, LIKELY)?;
            (!best.contains(word)).then(|| format!("they are {best:?}"))
        }
        Claim::NextLacks(text, word) => {
            let best = likely(model, text, LIKELY)?;
            best.contains(word).then(|| format!("they are {best:?}"))
        }
        Claim::Probability(word, text, bound) => {
            number(probability(model, &model.trace(text)?, word)?, *bound)
        }
        Claim::TokensAre(text, pieces) => {
            let found = pieces_of(model, text)?;
            (found != *pieces).then(|| format!("they are {}", found.join("|")))
        }
        Claim::TokensNumber(text, n) => whole(pieces_of(model, text)?.len(), *n),
        Claim::Attention(at, [from, to, text], bound) => {
            number(attention(&model.trace(text)?, *at, from, to)?, *bound)
        }
        Claim::Looks(at, [from, to, text]) => {
            let most = most_attended(&model.trace(text)?, *at, from)?;
            (most != *to).then(|| format!("it looks most at {most:?}"))
        }
        Claim::Crosses(at, [from, to, text]) => {
            let most = most_attended(&cross(model, text)?, *at, from)?;
            (most != *to).then(|| format!("it looks most at {most:?}"))
        }
        Claim::Translates(text, translation) => {
            let written = translated(model, text)?.text;
            let written = written.trim();
            (written != translation).then(|| format!("it is {written:?}"))
        }
        Claim::Habit(at, name, text, bound) => {
            number(habit(&model.trace(text)?, *at, name)?, *bound)
        }
        Claim::Analogy(words, word) => {
            let nearest = analogy(model, words)?;
            (nearest != *word).then(|| format!("it is {nearest:?}"))
        }
        Claim::Cosine(a, b, bound) => number(cosine_of(model, a, b)?, *bound),
        Claim::Similarity(a, b, bound) => {
            number(similarity(&model.trace(a)?, &model.trace(b)?)?, *bound)
        }
        Claim::Stream { token, layer, texts: [a, b], bound } => {
            let (a, b) = (model.trace(a)?, model.trace(b)?);
            let cosine = cosine(stream(&a, token, *layer)?, stream(&b, token, *layer)?);
            number(cosine, *bound)
        }
        Claim::Lens(text, layer, word) => {
            let best = lens(model, text, *layer)?;
            (best != *word).then(|| format!("it is {best:?}"))
        }
        Claim::Without((layer, head), word, text, bound) => {
            let (layer, head, factor) = (*layer, *head, 0.0);
            let edits = [Edit::Head { layer, head, factor }];
            number(probability(model, &model.trace_edited(text, &edits)?, word)?, *bound)
        }
        Claim::Kept(text, p, n) => whole(kept(model, text, *p)?, *n),
        Claim::Learns { task, layers, what, steps, bound } => {
            number(learned(task, *layers, what, *steps)?, *bound)
        }
        Claim::Taught { text, word, after, bound } => {
            let taught = taught(&model.source, text)?;
            number(probability(&taught, &taught.trace(after)?, word)?, *bound)
        }
        Claim::Model(size, n) => whole(size_of(model, size)?, *n),
    })
}

/// Which of a question's choices is right.
///
/// # Errors
/// When the model cannot be asked.
pub fn right_choice(model: &Checkpoint, answer: &Answer, choices: &[String]) -> Result<usize> {
    let best = |score: &dyn Fn(&str) -> Result<f32>| -> Result<usize> {
        let scores: Result<Vec<f32>> = choices.iter().map(|choice| score(choice)).collect();
        Ok(top(&scores?, 1).first().copied().unwrap_or(0))
    };
    let equal = |text: &str| choices.iter().position(|choice| choice == text);
    let none =
        |text: &str| Problem::new("None of the choices is right", format!("it would be {text:?}"));
    match answer {
        Answer::Is(choice) => equal(choice).ok_or_else(|| none(choice)),
        Answer::Next(text) => {
            let trace = model.trace(text)?;
            best(&|choice| probability(model, &trace, choice))
        }
        Answer::Tokens(text) => {
            let n = pieces_of(model, text)?.len().to_string();
            equal(&n).ok_or_else(|| none(&n))
        }
        Answer::Looks(at, from, text) => {
            let trace = model.trace(text)?;
            best(&|choice| attention(&trace, *at, from, choice))
        }
        Answer::Crosses(at, from, text) => {
            let trace = cross(model, text)?;
            best(&|choice| attention(&trace, *at, from, choice))
        }
        Answer::Nearest(word) => best(&|choice| cosine_of(model, word, choice)),
        Answer::Analogy(words) => {
            let (sought, _) = sum(model, words)?;
            best(&|choice| Ok(cosine(&sought, &vector(model, choice)?)))
        }
    }
}

/// What a new model comes to: the mean loss of its last steps, or the highest score of a head.
fn learned(task: &str, layers: usize, what: &str, steps: usize) -> Result<f32> {
    let task = Task::named(task).ok_or_else(|| unanswerable(format!("no task {task:?}")))?;
    let run = Run::finished(Recipe::of_task(task, layers), steps)?;
    let progress = run.progress();
    Ok(if what == "loss" {
        let last = &progress.losses[steps.saturating_sub(20)..];
        last.iter().sum::<f32>() / last.len().max(1) as f32
    } else {
        progress.induction().last().map_or(0.0, |(_, score)| score)
    })
}

/// A model after it was taught a text.
fn taught(model: &str, text: &str) -> Result<Checkpoint> {
    Run::finished(Recipe::teaching(model, text), STEPS_OF_TEACHING)?.opener(LATEST)()
}

fn number(value: f32, bound: Bound) -> Option<String> {
    (!bound.holds(value)).then(|| format!("it is {value:.4}"))
}

fn whole(value: usize, expected: usize) -> Option<String> {
    (value != expected).then(|| format!("it is {value}"))
}

fn unanswerable(why: impl std::fmt::Display) -> Problem {
    Problem::new("The model cannot be asked", why)
}

/// The most probable next tokens without the spaces before them.
fn likely(model: &Checkpoint, text: &str, n: usize) -> Result<Vec<String>> {
    let trace = model.trace(text)?;
    let logits = trace.next_logits().ok_or_else(|| unanswerable("no scores were recorded"))?;
    let word = |id: usize| model.tokenizer.token(id as u32).text.trim().to_owned();
    Ok(top(logits, n).into_iter().map(word).collect())
}

/// The probability of a word as the next token: with the space before it when there is such a token.
fn probability(model: &Checkpoint, trace: &Trace, word: &str) -> Result<f32> {
    let id = model.word(word)?.id as usize;
    let probs = trace.next_logits().map(softmax).unwrap_or_default();
    probs.get(id).copied().ok_or_else(|| unanswerable("no scores were recorded"))
}

fn pieces_of(model: &Checkpoint, text: &str) -> Result<Vec<String>> {
    let tokens = model.tokenizer.encode(text)?;
    let texts = tokens.into_iter().filter(|token| !token.special);
    Ok(texts.map(|token| token.text).collect())
}

/// What a translator writes, recorded.
fn translated(model: &Checkpoint, text: &str) -> Result<Trace> {
    if model.translator().is_none() {
        return Err(unanswerable(format!("{} is no translator", model.info.name)));
    }
    model.trace(text)
}

/// How a translator looks at the source text while it writes.
fn cross(model: &Checkpoint, text: &str) -> Result<Trace> {
    let cross = translated(model, text)?.cross();
    cross.ok_or_else(|| unanswerable("no cross-attention was recorded"))
}

/// The last position of a token with this text.
fn position(tokens: &[Token], word: &str) -> Result<usize> {
    let found = tokens.iter().rposition(|token| token.text.trim() == word.trim());
    found.ok_or_else(|| {
        let all: Vec<&str> = tokens.iter().map(|token| token.text.trim()).collect();
        unanswerable(format!("no token is {word:?} in {}", all.join("|")))
    })
}

fn attention(trace: &Trace, at: Head, from: &str, to: &str) -> Result<f32> {
    let query = position(&trace.tokens, from)?;
    let key = position(trace.key_tokens(), to)?;
    let weight = trace.pattern(at.0, at.1).and_then(|pattern| pattern.get(query, key));
    weight.ok_or_else(|| unanswerable(format!("there is no head {}.{}", at.0, at.1)))
}

fn most_attended(trace: &Trace, (layer, head): Head, from: &str) -> Result<String> {
    let query = position(&trace.tokens, from)?;
    let pattern = trace.pattern(layer, head);
    let pattern =
        pattern.ok_or_else(|| unanswerable(format!("there is no head {layer}.{head}")))?;
    let most = top(pattern.row(query), 1).first().copied().unwrap_or(0);
    let token = trace.key_tokens().get(most);
    Ok(token.map_or_else(String::new, |token| token.text.trim().to_owned()))
}

fn habit(trace: &Trace, (layer, head): Head, name: &str) -> Result<f32> {
    let role = HeadRole::ALL.into_iter().find(|role| role.name() == name);
    let role = role.ok_or_else(|| unanswerable(format!("there is no habit {name:?}")))?;
    let scores = trace.pattern(layer, head).map(|pattern| scorer(trace).scores(pattern.data));
    let score = scores.and_then(|scores| scores[role.index()]);
    let score =
        score.ok_or_else(|| unanswerable(format!("head {layer}.{head} has no such score")))?;
    Ok(score.value)
}

fn vector(model: &Checkpoint, word: &str) -> Result<Vec<f32>> {
    let id = model.word(word)?.id;
    model.lexicon().vector(id).ok_or_else(|| unanswerable(format!("{word:?} has no vector")))
}

fn cosine_of(model: &Checkpoint, a: &str, b: &str) -> Result<f32> {
    Ok(cosine(&vector(model, a)?, &vector(model, b)?))
}

/// a − b + c, and the ids of the three.
fn sum(model: &Checkpoint, words: &[String; 3]) -> Result<(Vec<f32>, Vec<u32>)> {
    let ids: Result<Vec<u32>> = words.iter().map(|word| Ok(model.word(word)?.id)).collect();
    let vectors: Result<Vec<_>> = words.iter().map(|word| vector(model, word)).collect();
    let vectors = vectors?;
    let terms = vectors[0].iter().zip(&vectors[1]).zip(&vectors[2]);
    Ok((terms.map(|((a, b), c)| a - b + c).collect(), ids?))
}

fn analogy(model: &Checkpoint, words: &[String; 3]) -> Result<String> {
    let (sought, ids) = sum(model, words)?;
    let nearest = model.lexicon().nearest(&sought, 1, &ids);
    let nearest = nearest.first().ok_or_else(|| unanswerable("the vocabulary is empty"))?;
    Ok(model.tokenizer.token(nearest.id).text.trim().to_owned())
}

/// The cosine of the mean vectors after the last layer.
fn similarity(a: &Trace, b: &Trace) -> Result<f32> {
    let mean = |trace: &Trace| {
        let last = Hook::Block(trace.model.n_layers.saturating_sub(1), BlockHook::ResidPost);
        let stream = trace.get(last).ok_or_else(|| unanswerable("the stream was not recorded"))?;
        Ok::<_, Problem>(mean_row(stream.data(), trace.model.d_model))
    };
    Ok(cosine(&mean(a)?, &mean(b)?))
}

fn stream<'a>(trace: &'a Trace, token: &str, layer: usize) -> Result<&'a [f32]> {
    let pos = position(&trace.tokens, token)?;
    let stream = trace.block(layer, BlockHook::ResidPost).and_then(|stream| stream.at(&[pos]));
    stream.ok_or_else(|| unanswerable(format!("there is no layer {layer}")))
}

fn lens(model: &Checkpoint, text: &str, layer: usize) -> Result<String> {
    let trace = Arc::new(model.trace(text)?);
    let last = trace.tokens.len().saturating_sub(1);
    let mut lens = Lens::new(trace, None)?;
    lens.extend(lens.rest().read(model, || true)?);
    let best = lens.get(layer + 1, last).and_then(|reading| reading.top.first());
    let best = best.ok_or_else(|| unanswerable(format!("there is no layer {layer}")))?;
    Ok(model.tokenizer.token(best.id).text.trim().to_owned())
}

fn kept(model: &Checkpoint, text: &str, p: f32) -> Result<usize> {
    let trace = model.trace(text)?;
    let logits = trace.next_logits().ok_or_else(|| unanswerable("no scores were recorded"))?;
    let sampling = Sampling { top_p: Some(p), ..Sampling::default() };
    Ok(sampling.apply(logits, &[]).kept)
}

fn size_of(model: &Checkpoint, size: &str) -> Result<usize> {
    let info = &model.info;
    Ok(match size {
        "parameters" => info.n_params,
        "layers" => info.n_layers,
        "heads" => info.n_heads,
        "context" => info.n_ctx,
        "vocabulary" => info.vocab_size,
        "width" => info.d_model,
        "neurons" => info.d_mlp,
        _ => return Err(unanswerable(format!("{size:?} is no size of a model"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, DeviceKind};

    #[test]
    fn claims_are_told_apart() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let outcome = |line: &str| refuted(&model, &Claim::parse(line).unwrap());
        for (holds, fails) in [
            ("next \"He opened the\" is door", "next \"He opened the\" is moon"),
            ("next \"He opened the\" has window", "next \"He opened the\" has moon"),
            ("next \"He opened the\" lacks moon", "next \"He opened the\" lacks door"),
            (
                "probability door after \"He opened the\" above 0.2",
                "probability door after \"He opened the\" below 0.2",
            ),
            ("tokens \"The cat\" are \"The| cat\"", "tokens \"The cat\" are \"The|cat\""),
            ("tokens \"The cat\" number 2", "tokens \"The cat\" number 3"),
            (
                "attention 0.0 from The to The in \"The cat\" above 0.9",
                "attention 0.0 from cat to cat in \"The cat\" above 1",
            ),
            (
                "looks 0.0 from The to The in \"The cat\"",
                "looks 0.0 from The to cat in \"The cat\"",
            ),
            ("analogy king man woman is queen", "analogy king man woman is king"),
            ("cosine cat dog above 0.3", "cosine cat dog above 0.99"),
            (
                "similarity \"a cat\" \"a cat\" above 0.99",
                "similarity \"a cat\" \"the end\" above 0.99",
            ),
            (
                "stream cat after 2 in \"a cat\" and \"a cat\" above 0.99",
                "stream cat after 5 in \"a cat\" and \"he fed the cat\" above 0.999",
            ),
            (
                "kept \"He opened the\" top_p 0.01 number 1",
                "kept \"He opened the\" top_p 1 number 1",
            ),
            ("model layers 8", "model layers 7"),
        ] {
            assert_eq!(outcome(holds).unwrap(), None, "{holds}");
            assert!(outcome(fails).unwrap().is_some(), "{fails}");
        }
        for unknown in [
            "cosine unbelievably cat above 0",
            "model wheels 4",
            "lens \"a\" after 9 is b",
            "habit 3.1 smoking in \"a b c\" above 0",
            "looks 9.9 from a to a in \"a\"",
        ] {
            assert!(outcome(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn the_model_knows_the_answers() {
        let model = Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap();
        let right = |line: &str, choices: &[&str]| {
            let choices: Vec<String> = choices.iter().map(|&choice| choice.to_owned()).collect();
            right_choice(&model, &Answer::parse(line).unwrap(), &choices)
        };
        assert_eq!(right("next \"He opened the\"", &["moon", "door"]), Ok(1));
        assert_eq!(right("tokens \"The cat\"", &["1", "2"]), Ok(1));
        assert_eq!(right("nearest cat", &["table", "dog"]), Ok(1));
        assert_eq!(right("analogy king man woman", &["queen", "road"]), Ok(0));
        assert!(right("tokens \"The cat\"", &["7", "8"]).is_err());
    }
}
