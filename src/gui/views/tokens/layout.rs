//! Where words, tokens and characters stand: three rows that share their columns, wrapped over as
//! many lines as they need, so that each cut is seen against the others.

use super::reading::Reading;
use crate::gui::look::theme::Theme;
use crate::trace::{Part, Token};
use egui::FontId;
use std::ops::Range;

/// A piece of one of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What stands in it.
    pub label: String,
    /// From its left to its right edge, in points from the left of the line.
    pub x: Range<f32>,
    /// The tokens it belongs to.
    pub tokens: Range<usize>,
}

/// One line of the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// The words, as far as they are on this line.
    pub words: Vec<Block>,
    /// The tokens.
    pub tokens: Vec<Block>,
    /// The characters.
    pub chars: Vec<Block>,
}

/// A token before it has a place.
struct Chip {
    label: String,
    width: f32,
    /// What it holds of each character, and how wide that is.
    parts: Vec<(Part, f32)>,
    word: Option<usize>,
}

/// The space between two words, and between two tokens of one word.
const GAPS: (f32, f32) = (7.0, 1.0);

/// Lays a text out in lines of a width. `measure` gives the width of a text in a font.
pub fn lines(
    reading: &Reading,
    theme: &Theme,
    width: f32,
    mut measure: impl FnMut(&str, &FontId) -> f32,
) -> Vec<Line> {
    let tokens = reading.trace.tokens.iter().enumerate();
    let chips: Vec<Chip> = tokens
        .map(|(pos, token)| {
            let word = reading.places.get(pos).copied().flatten();
            let parts = Part::of_span(&reading.trace.text, &token.span);
            let word = word.map(|(word, _)| word);
            chip(token, &parts, word, theme, width, &mut measure)
        })
        .collect();
    let label = |word: usize| {
        let word = reading.words.get(word);
        word.map_or_else(String::new, |word| reading.text(&word.span))
    };
    flow(&chips, width, label)
}

/// The token as it is shown on its chip: its text, or which bytes of which character it is.
pub fn chip_label(token: &Token, parts: &[Part]) -> String {
    let is_text = std::str::from_utf8(&token.bytes).is_ok();
    if is_text || parts.is_empty() {
        return token.label();
    }
    parts.iter().map(|part| part.label()).collect()
}

fn chip(
    token: &Token,
    parts: &[Part],
    word: Option<usize>,
    theme: &Theme,
    most: f32,
    measure: &mut impl FnMut(&str, &FontId) -> f32,
) -> Chip {
    let pad = (theme.body_size * 0.3).round();
    let (mono, caption) = (theme.mono(), theme.mono_caption());
    let label = chip_label(token, parts);
    let id = measure(&token.id.to_string(), &caption);
    let least = measure(&label, &mono).max(id) + 2.0 * pad;
    let widths: Vec<f32> = parts.iter().map(|part| measure(&part.label(), &mono) + pad).collect();
    let sum: f32 = widths.iter().sum();
    let width = sum.max(least).min(most.max(1.0));
    // All parts grow alike where the id is wider than the text, and shrink alike in a narrow window.
    let scale = width / sum.max(1.0);
    let parts = parts.iter().copied();
    Chip { label, width, parts: parts.zip(widths.iter().map(|w| w * scale)).collect(), word }
}

/// Fills lines with whole words, or with parts of words that are longer than a line.
fn flow(chips: &[Chip], width: f32, label: impl Fn(usize) -> String) -> Vec<Line> {
    let mut lines = vec![Line::default()];
    let mut x = 0.0_f32;
    let mut at = 0;
    for word in chips.chunk_by(|a, b| a.word.is_some() && a.word == b.word) {
        let whole: f32 = word.iter().map(|chip| chip.width + GAPS.1).sum();
        if x > 0.0 && whole <= width && x + whole > width + GAPS.1 {
            lines.push(Line::default());
            x = 0.0;
        }
        for chip in word {
            if x > 0.0 && x + chip.width > width {
                lines.push(Line::default());
                x = 0.0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(chip, at, x, &label);
            }
            x += chip.width + GAPS.1;
            at += 1;
        }
        x += GAPS.0 - GAPS.1;
    }
    lines.retain(|line| !line.tokens.is_empty());
    lines
}

impl Line {
    /// Puts a token at `x`, with its word above and its characters below.
    fn push(&mut self, chip: &Chip, pos: usize, x: f32, label: impl Fn(usize) -> String) {
        let right = x + chip.width;
        let continues = |block: &Block, pos: usize| block.tokens.end == pos;
        let block = |label: String, x: Range<f32>| Block { label, x, tokens: pos..pos + 1 };
        self.tokens.push(block(chip.label.clone(), x..right));
        if let Some(word) = chip.word {
            let label = label(word);
            match self.words.last_mut() {
                // The gap tells a word from its equal right after it.
                Some(last) if continues(last, pos) && x - last.x.end < GAPS.0 / 2.0 => {
                    last.x.end = right;
                    last.tokens.end = pos + 1;
                }
                _ => self.words.push(block(label, x..right)),
            }
        }
        let mut from = x;
        for &(part, width) in &chip.parts {
            let to = from + width;
            match self.chars.last_mut() {
                Some(last) if part.first > 0 && continues(last, pos) => {
                    last.x.end = to;
                    last.tokens.end = pos + 1;
                }
                _ => {
                    let label = crate::trace::visible_alone(part.of);
                    self.chars.push(block(label, from..to));
                }
            }
            from = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BUNDLED, Checkpoint, DeviceKind};
    use std::sync::Arc;

    fn reading(text: &str) -> Reading {
        let model = Arc::new(Checkpoint::bundled(BUNDLED[0], DeviceKind::default()).unwrap());
        let trace = Arc::new(model.trace(text).unwrap());
        Reading::new(model, trace)
    }

    fn laid_out(text: &str, width: f32) -> (Reading, Vec<Line>) {
        let reading = reading(text);
        let measure = |text: &str, _: &FontId| 10.0 * text.chars().count() as f32;
        let lines = lines(&reading, Theme::named("dark"), width, measure);
        (reading, lines)
    }

    #[test]
    fn rows_share_their_columns() {
        let (reading, lines) = laid_out("The cat chased 注意 🐱", 900.0);
        let line = &lines[0];
        assert_eq!(lines.len(), 1);
        assert_eq!(line.tokens.len(), reading.trace.tokens.len());
        assert_eq!(line.chars.len(), reading.cuts[2].pieces);
        assert_eq!(line.words.len(), reading.cuts[0].pieces);
        let character = line.chars.iter().find(|c| c.label == "注").unwrap();
        let pieces = &line.tokens[character.tokens.clone()];
        assert!(pieces.len() > 1, "the character is cut into bytes");
        assert!(pieces[0].x.start <= character.x.start);
        let end = pieces[pieces.len() - 1].x.end;
        assert!((character.x.end - end).abs() < 0.01);
        for row in [&line.words, &line.tokens, &line.chars] {
            assert!(row.windows(2).all(|w| w[0].x.end <= w[1].x.start + 0.01));
        }
    }

    #[test]
    fn lines_are_no_wider_than_the_room() {
        let text = "The cat chased the mouse, naïve café 👩‍👩‍👧‍👦 注意力 incomprehensibilities";
        for width in [0.0, 40.0, 150.0, 400.0] {
            let (reading, lines) = laid_out(text, width);
            let n: usize = lines.iter().map(|line| line.tokens.len()).sum();
            assert_eq!(n, reading.trace.tokens.len());
            for line in &lines {
                let end = line.tokens.last().unwrap().x.end;
                assert!(end <= width.max(1.0) + 0.01, "{end} in {width}");
            }
        }
    }

    #[test]
    fn bytes_say_of_which_character_they_are() {
        let (_, lines) = laid_out("注", 900.0);
        let labels: Vec<&str> = lines[0].tokens.iter().map(|t| t.label.as_str()).collect();
        assert!(labels.iter().all(|label| label.ends_with("/3")), "{labels:?}");
        assert!(labels[0].starts_with('1'));
    }
}
