//! What a lesson says about a model, in a form that can be checked: `next "He opened the" is door`.

use super::condition::Bound;
use super::words::{head, texts, whole};

/// A statement about a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// `next "T" is w`: the most probable next token after a text.
    NextIs(String, String),
    /// `next "T" has w`: among the ten most probable.
    NextHas(String, String),
    /// `next "T" lacks w`: not among the ten most probable.
    NextLacks(String, String),
    /// `probability w after "T" above 0.1`.
    Probability(String, String, Bound),
    /// `tokens "T" are "un|bel|ie"`, spaces included.
    TokensAre(String, Vec<String>),
    /// `tokens "T" number 6`.
    TokensNumber(String, usize),
    /// `attention 4.1 from it to cat in "T" above 0.3`: the last such tokens.
    Attention(Head, [String; 3], Bound),
    /// `looks 4.1 from it to cat in "T"`: the token that gets most.
    Looks(Head, [String; 3]),
    /// `crosses 0.3 from casa to house in "T"`: the same in a translator's cross-attention, from a
    /// token it writes to one it has read.
    Crosses(Head, [String; 3]),
    /// `translates "T" as "U"`: what a translator writes, always the most probable token.
    Translates(String, String),
    /// `habit 3.1 previous in "T" above 0.3`: how strongly a head has a habit.
    Habit(Head, String, String, Bound),
    /// `analogy king man woman is queen`: king − man + woman.
    Analogy([String; 3], String),
    /// `cosine dog cat above 0.5`: of the embeddings.
    Cosine(String, String, Bound),
    /// `similarity "A" "B" above 0.8`: of the mean vectors after the last layer.
    Similarity(String, String, Bound),
    /// `stream bank after 5 in "A" and "B" below 0.9`: cosine of a token's vectors in two texts.
    Stream {
        /// The token, its last occurrence.
        token: String,
        /// The layer after which they are compared.
        layer: usize,
        /// The texts.
        texts: [String; 2],
        /// What their cosine is.
        bound: Bound,
    },
    /// `lens "T" after 3 is little`: what the model would answer after a layer.
    Lens(String, usize, String),
    /// `without 2.0 time after "T" below 0.01`: the probability with that head switched off.
    Without(Head, String, String, Bound),
    /// `kept "T" top_p 0.6 number 23`.
    Kept(String, f32, usize),
    /// `learns say_again layers 2 loss at 600 below 1.2`: what a new model comes to, with the seed the
    /// window begins with; `induction` is the highest score of a head.
    Learns {
        /// The task's id.
        task: String,
        /// Number of blocks.
        layers: usize,
        /// `loss` or `induction`.
        what: String,
        /// After so many steps.
        steps: usize,
        /// What it comes to.
        bound: Bound,
    },
    /// `taught "T" says Zorro after "My cat is called" above 0.9`: after teaching it as the window does.
    Taught {
        /// The text.
        text: String,
        /// The next token.
        word: String,
        /// After this text.
        after: String,
        /// Its probability.
        bound: Bound,
    },
    /// `model parameters 3505152`: a size of the model.
    Model(String, usize),
}

/// Block and head.
pub type Head = (usize, usize);

/// What can be claimed, for whoever wrote something else.
const CLAIMS: &str = "next, probability, tokens, attention, looks, crosses, translates, habit, analogy, cosine, similarity, stream, lens, without, kept, learns, taught, model; docs/writing-lessons.md shows each";

impl Claim {
    /// Reads what stands after `check:`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words = texts(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let own = |text: &str| text.to_owned();
        Ok(match words.as_slice() {
            ["next", text, "is", word] => Self::NextIs(own(text), own(word)),
            ["next", text, "has", word] => Self::NextHas(own(text), own(word)),
            ["next", text, "lacks", word] => Self::NextLacks(own(text), own(word)),
            ["probability", word, "after", text, side, x] => {
                Self::Probability(own(word), own(text), Bound::parse(side, x)?)
            }
            ["tokens", text, "are", pieces] => {
                Self::TokensAre(own(text), pieces.split('|').map(own).collect())
            }
            ["tokens", text, "number", n] => Self::TokensNumber(own(text), whole(n)?),
            ["attention", at, "from", from, "to", to, "in", text, side, x] => {
                let bound = Bound::parse(side, x)?;
                Self::Attention(head(at)?, [from, to, text].map(|text| own(text)), bound)
            }
            ["looks", at, "from", from, "to", to, "in", text] => {
                Self::Looks(head(at)?, [from, to, text].map(|text| own(text)))
            }
            ["crosses", at, "from", from, "to", to, "in", text] => {
                Self::Crosses(head(at)?, [from, to, text].map(|text| own(text)))
            }
            ["translates", text, "as", translation] => {
                Self::Translates(own(text), own(translation))
            }
            ["habit", at, name, "in", text, side, x] => {
                Self::Habit(head(at)?, own(name), own(text), Bound::parse(side, x)?)
            }
            ["analogy", a, b, c, "is", word] => {
                Self::Analogy([a, b, c].map(|text| own(text)), own(word))
            }
            ["cosine", a, b, side, x] => Self::Cosine(own(a), own(b), Bound::parse(side, x)?),
            ["similarity", a, b, side, x] => {
                Self::Similarity(own(a), own(b), Bound::parse(side, x)?)
            }
            ["stream", token, "after", layer, "in", a, "and", b, side, x] => Self::Stream {
                token: own(token),
                layer: whole(layer)?,
                texts: [own(a), own(b)],
                bound: Bound::parse(side, x)?,
            },
            ["lens", text, "after", layer, "is", word] => {
                Self::Lens(own(text), whole(layer)?, own(word))
            }
            ["without", at, word, "after", text, side, x] => {
                Self::Without(head(at)?, own(word), own(text), Bound::parse(side, x)?)
            }
            ["kept", text, "top_p", p, "number", n] => {
                Self::Kept(own(text), super::words::number(p, 0.0, 1.0)?, whole(n)?)
            }
            [
                "learns",
                task,
                "layers",
                layers,
                what @ ("loss" | "induction"),
                "at",
                steps,
                side,
                x,
            ] => Self::Learns {
                task: super::names::check_task(task)?,
                layers: whole(layers)?,
                what: own(what),
                steps: whole(steps)?,
                bound: Bound::parse(side, x)?,
            },
            ["taught", text, "says", word, "after", after, side, x] => Self::Taught {
                text: own(text),
                word: own(word),
                after: own(after),
                bound: Bound::parse(side, x)?,
            },
            ["model", size, n] => Self::Model(own(size), whole(n)?),
            _ => return Err(format!("{line:?} is no claim; there are: {CLAIMS}")),
        })
    }
}

/// Which choice of a question is right.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `answer: is door`: what the author says.
    Is(String),
    /// `answer: next "T"`: the choice that is most probable as the next token.
    Next(String),
    /// `answer: tokens "T"`: the number of tokens.
    Tokens(String),
    /// `answer: looks 4.1 from it in "T"`: the choice that gets most attention.
    Looks(Head, String, String),
    /// `answer: crosses 2.0 from La in "T"`: the same in a translator's cross-attention.
    Crosses(Head, String, String),
    /// `answer: nearest cat`: the choice whose embedding is nearest.
    Nearest(String),
    /// `answer: analogy king man woman`: the choice nearest to king − man + woman.
    Analogy([String; 3]),
}

impl Answer {
    /// Reads what stands after `answer:`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words = texts(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let own = |text: &str| text.to_owned();
        Ok(match words.as_slice() {
            ["is", choice] => Self::Is(own(choice)),
            ["next", text] => Self::Next(own(text)),
            ["tokens", text] => Self::Tokens(own(text)),
            ["looks", at, "from", from, "in", text] => Self::Looks(head(at)?, own(from), own(text)),
            ["crosses", at, "from", from, "in", text] => {
                Self::Crosses(head(at)?, own(from), own(text))
            }
            ["nearest", word] => Self::Nearest(own(word)),
            ["analogy", a, b, c] => Self::Analogy([a, b, c].map(|text| own(text))),
            _ => {
                return Err(format!(
                    "{line:?} is no answer; write: is CHOICE, next TEXT, tokens TEXT, looks HEAD from WORD in TEXT, crosses HEAD from WORD in TEXT, nearest WORD, or analogy A B C"
                ));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_strictly() {
        assert_eq!(
            Claim::parse("next \"He opened the\" is door"),
            Ok(Claim::NextIs("He opened the".into(), "door".into()))
        );
        assert_eq!(
            Claim::parse("tokens unbelievable are \"un|b\""),
            Ok(Claim::TokensAre("unbelievable".into(), vec!["un".into(), "b".into()]))
        );
        for wrong in ["", "next", "next a are b", "looks 4 from a to b in c", "cosine a b near 1"] {
            assert!(Claim::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Answer::parse("is \"a b\""), Ok(Answer::Is("a b".into())));
        assert!(Answer::parse("maybe").is_err());
    }
}
