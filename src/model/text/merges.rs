//! How the tokenizer arrives at its tokens: the text is split into words, a word into its smallest
//! symbols, and those are merged in the order in which the merges were learned.
//!
//! The words, the symbols and the merges are the tokenizer's own. The only step done here a second
//! time, to see it happen, is the merging; a ladder that ends at other tokens is not shown.

use crate::math::bpe::{Ladder, Merge, Merges, climb};
use crate::model::text::tokenizer::Tokenizer;
use crate::problem::{Problem, Result};
use serde_json::Value;
use std::ops::Range;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizer::OffsetType;
use tokenizers::{Model as _, ModelWrapper, OffsetReferential, PreTokenizer as _};

/// A stretch of text that the tokenizer cuts on its own: no token reaches beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it is in the text, in bytes.
    pub span: Range<usize>,
    /// Its tokens, each with the bytes of `spelling` it stands for.
    pub tokens: Vec<(u32, Range<usize>)>,
    /// Is it an entry that was added to the vocabulary by hand, which is never cut?
    pub added: bool,
    /// As the vocabulary spells it.
    spelling: String,
}

impl Word {
    /// How many characters of the vocabulary's spelling one of the tokens has.
    pub fn n_symbols(&self, at: usize) -> usize {
        let range = self.tokens.get(at).map(|(_, range)| range.clone());
        let spelling = range.and_then(|range| self.spelling.get(range));
        spelling.map_or(0, |spelling| spelling.chars().count())
    }
}

/// The method by which a tokenizer cuts words.
#[derive(Debug, Clone)]
pub enum Method {
    /// Byte-pair encoding, with its merges.
    Bpe(Box<Bpe>),
    /// Another one, by its name.
    Other(&'static str),
}

/// The parts of byte-pair encoding.
#[derive(Debug, Clone)]
pub struct Bpe {
    /// Which tokens merge, and in which order.
    pub merges: Merges,
    /// The same vocabulary, never merging: it gives the symbols a word starts from.
    symbols: BPE,
    /// Are some merges left out at random?
    is_random: bool,
    /// Are words that are in the vocabulary taken whole, without merging?
    keeps_known_words: bool,
}

impl Tokenizer {
    /// The method by which words are cut. Reads the list of merges when it is first called, which
    /// for a large vocabulary takes a while.
    pub fn method(&self) -> &Method {
        self.method.get_or_init(|| match self.inner.get_model() {
            ModelWrapper::BPE(bpe) => Method::Bpe(Box::new(Bpe::new(bpe))),
            ModelWrapper::WordPiece(_) => Method::Other("WordPiece"),
            ModelWrapper::WordLevel(_) => Method::Other("a list of whole words"),
            ModelWrapper::Unigram(_) => Method::Other("Unigram"),
        })
    }

    /// The words of a text, each with its tokens; without what the tokenizer adds around the text.
    ///
    /// # Errors
    /// When the tokenizer refuses the text.
    pub fn words(&self, text: &str) -> Result<Vec<Word>> {
        let problem = |e| Problem::new("Could not split the text into words", e);
        let added = self.inner.get_added_vocabulary();
        let mut pieces = added.extract_and_normalize(self.inner.get_normalizer(), text);
        if let Some(splitter) = self.inner.get_pre_tokenizer() {
            splitter.pre_tokenize(&mut pieces).map_err(problem)?;
        }
        let splits = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let words = splits.into_iter().map(|(spelling, (start, end), tokens)| {
            let own = match tokens {
                Some(tokens) => tokens.clone(),
                None => self.inner.get_model().tokenize(spelling).map_err(problem)?,
            };
            let token = |token: tokenizers::Token| (token.id, token.offsets.0..token.offsets.1);
            Ok(Word {
                span: start..end,
                tokens: own.into_iter().map(token).collect(),
                added: tokens.is_some(),
                spelling: spelling.to_owned(),
            })
        });
        words.collect()
    }

    /// How some neighbouring tokens of a word came about, merge by merge. Merges never cross the
    /// border of a final token, so the ladder of a part is the part of the whole ladder.
    ///
    /// # Errors
    /// When the tokens did not come about by merging; the text says how instead.
    pub fn ladder(&self, word: &Word, part: Range<usize>) -> std::result::Result<Ladder, String> {
        let bpe = match self.method() {
            Method::Bpe(bpe) => bpe,
            Method::Other(name) => {
                return Err(format!(
                    "This model's tokenizer is not BPE but {name}: it has no list of merges."
                ));
            }
        };
        if word.added {
            return Err(
                "This token was added to the vocabulary by hand. It is found in the text as a \
                 whole, before anything is cut."
                    .to_owned(),
            );
        }
        if bpe.is_random {
            return Err(
                "This tokenizer leaves out merges at random (BPE dropout), so there is no one \
                 order to show."
                    .to_owned(),
            );
        }
        let tokens = word.tokens.get(part).unwrap_or_default();
        bpe.ladder(&word.spelling, tokens).ok_or_else(|| {
            if bpe.keeps_known_words && word.tokens.len() == 1 {
                "The whole word is in the vocabulary, and this tokenizer then takes it without \
                 merging."
                    .to_owned()
            } else {
                "This tokenizer does not arrive at this token by merges alone.".to_owned()
            }
        })
    }
}

impl Bpe {
    fn new(bpe: &BPE) -> Self {
        let mut symbols = bpe.clone();
        symbols.dropout = Some(1.0);
        symbols.ignore_merges = false;
        Self {
            merges: merges(bpe),
            symbols,
            is_random: bpe.dropout.is_some_and(|dropout| dropout > 0.0),
            keeps_known_words: bpe.ignore_merges,
        }
    }

    /// The merges that lead to these tokens, or nothing if merging leads elsewhere.
    fn ladder(&self, spelling: &str, tokens: &[(u32, Range<usize>)]) -> Option<Ladder> {
        let bytes = tokens.first()?.1.start..tokens.last()?.1.end;
        let symbols = self.symbols.tokenize(spelling.get(bytes)?).ok()?;
        let symbols: Vec<u32> = symbols.into_iter().map(|symbol| symbol.id).collect();
        let ladder = climb(&symbols, &self.merges);
        let ids = ladder.tokens().iter().map(|piece| piece.id);
        ids.eq(tokens.iter().map(|&(id, _)| id)).then_some(ladder)
    }
}

/// The merges in the order in which the tokenizer writes them down, which is that of learning.
fn merges(bpe: &BPE) -> Merges {
    let json = serde_json::to_value(bpe).unwrap_or_default();
    let prefix = bpe.get_continuing_subword_prefix().as_deref();
    let pair = |pair: &Value| -> Option<((u32, u32), u32)> {
        let (left, right) = (pair.get(0)?.as_str()?, pair.get(1)?.as_str()?);
        let rest = right.strip_prefix(prefix.unwrap_or_default())?;
        let id = |entry: &str| bpe.token_to_id(entry);
        Some(((id(left)?, id(right)?), id(&format!("{left}{rest}"))?))
    };
    let list = json.get("merges").and_then(Value::as_array);
    let list = list.into_iter().flatten().enumerate();
    list.filter_map(|(rank, entry)| {
        let (pair, id) = pair(entry)?;
        let rank = u32::try_from(rank).ok()?;
        Some((pair, Merge { rank, id }))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BUNDLED;

    const TEXTS: [&str; 9] = [
        "The cat chased the mouse because it was hungry.",
        " two  spaces\n\ttab   ",
        "naïve café 👩‍👩‍👧‍👦 注意力",
        "antidisestablishmentarianism Donaudampfschifffahrt",
        "a<|endoftext|>b",
        "she'll they're I'VE 12345 x=y*2;",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa lolololo",
        "¿Dónde está la biblioteca?",
        "",
    ];

    fn bundled() -> Tokenizer {
        Tokenizer::parse(BUNDLED[0].tokenizer).unwrap()
    }

    fn tiny() -> Tokenizer {
        Tokenizer::parse(include_bytes!("../../../assets/golden/tiny/tokenizer.json")).unwrap()
    }

    #[test]
    fn words_hold_the_tokens_the_model_reads() {
        for tokenizer in [bundled(), tiny()] {
            for text in TEXTS {
                let words = tokenizer.words(text).unwrap();
                let cut = words.iter().flat_map(|word| &word.tokens);
                let read = tokenizer.encode(text).unwrap();
                assert!(cut.map(|&(id, _)| id).eq(read.iter().map(|t| t.id)), "{text:?}");
                let mut at = 0;
                for word in &words {
                    assert_eq!(word.span.start, at, "{text:?}");
                    at = word.span.end;
                }
                assert_eq!(at, text.len());
            }
        }
    }

    #[test]
    fn every_ladder_ends_at_the_tokens() {
        for tokenizer in [bundled(), tiny()] {
            for word in TEXTS.iter().flat_map(|text| tokenizer.words(text).unwrap()) {
                let n = word.tokens.len();
                if word.added {
                    let why = tokenizer.ladder(&word, 0..n).unwrap_err();
                    assert!(why.contains("added"), "{why}");
                    continue;
                }
                let ladder = tokenizer.ladder(&word, 0..n).unwrap();
                let bytes = ladder.start.len();
                assert_eq!(ladder.rungs.len(), bytes - n, "each merge joins two");
                assert_eq!(bytes, word.span.len(), "symbols are bytes");
                // A ladder of one token is a part of the ladder of its word.
                for (at, token) in ladder.tokens().iter().enumerate() {
                    let alone = tokenizer.ladder(&word, at..at + 1).unwrap();
                    let ranks: Vec<u32> = alone.rungs.iter().map(|rung| rung.rank).collect();
                    let inside = ladder.rungs.iter().filter(|rung| {
                        let made = &rung.pieces[rung.made].symbols;
                        token.symbols.start <= made.start && made.end <= token.symbols.end
                    });
                    assert!(inside.map(|rung| rung.rank).eq(ranks));
                }
            }
        }
    }

    #[test]
    fn ranks_are_places_in_the_file() {
        let json: Value = serde_json::from_slice(BUNDLED[0].tokenizer).unwrap();
        let list = json["model"]["merges"].as_array().unwrap();
        let tokenizer = bundled();
        let Method::Bpe(bpe) = tokenizer.method() else {
            panic!("the bundled tokenizer is BPE");
        };
        assert_eq!(bpe.merges.len(), list.len());
        for (rank, pair) in list.iter().enumerate() {
            let id = |at: usize| tokenizer.id(pair[at].as_str().unwrap()).unwrap();
            assert_eq!(bpe.merges[&(id(0), id(1))].rank as usize, rank);
        }
    }

    #[test]
    fn other_methods_say_so() {
        let json = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
            "normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"post_processor":null,
            "decoder":null,"model":{"type":"WordLevel","vocab":{"cat":0,"?":1},"unk_token":"?"}}"#;
        let tokenizer = Tokenizer::parse(json.as_bytes()).unwrap();
        let words = tokenizer.words("cat dog").unwrap();
        assert_eq!((words.len(), words[1].tokens[0].0), (2, 1));
        let why = tokenizer.ladder(&words[0], 0..1).unwrap_err();
        assert!(why.contains("not BPE"), "{why}");
    }

    #[test]
    fn words_taken_whole_say_so() {
        let json = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
            "normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null,
            "model":{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"abc":4},
            "merges":["a b"],"ignore_merges":true}}"#;
        let tokenizer = Tokenizer::parse(json.as_bytes()).unwrap();
        let words = tokenizer.words("abc").unwrap();
        let why = tokenizer.ladder(&words[0], 0..1).unwrap_err();
        assert!(why.contains("without merging"), "{why}");
        let words = tokenizer.words("cab").unwrap();
        let ladder = tokenizer.ladder(&words[0], 0..2).unwrap();
        assert_eq!((ladder.rungs.len(), ladder.tokens()[1].id), (1, 3));
        // Out of reach: nothing to show, and nothing breaks.
        assert!(tokenizer.ladder(&words[0], 5..9).is_err());
    }
}
