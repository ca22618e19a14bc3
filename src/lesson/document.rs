//! The Markdown of a lesson: paragraphs, lists, code, emphasis, and links that are commands.

use super::action::Action;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// A piece of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// A line that stands out.
    Heading(Vec<Inline>),
    /// Lines as they are: code or a formula.
    Code(String),
    /// Items, numbered from a number or with dots.
    List(Option<u64>, Vec<Vec<Inline>>),
}

/// A run of text in one style.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inline {
    /// The text.
    pub text: String,
    /// Important?
    pub strong: bool,
    /// Emphasised?
    pub emphasis: bool,
    /// A token, a number or code?
    pub code: bool,
    /// What happens when it is clicked.
    pub action: Option<Action>,
}

/// A mistake, with its line counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// The start of a link that is a command.
const LINK: &str = "](do:";

/// Reads Markdown that begins at line `first` of its file.
///
/// # Errors
/// What it holds that a lesson cannot show, or a wrong command.
pub fn read(markdown: &str, first: usize) -> Result<Vec<Block>, Mistake> {
    let (text, actions) = take_actions(markdown, first)?;
    let mut reader = Reader { actions, ..Reader::default() };
    for (event, range) in Parser::new(&text).into_offset_iter() {
        let line = first + text[..range.start.min(text.len())].matches('\n').count();
        reader.take(event).map_err(|why| Mistake { line, why })?;
    }
    Ok(reader.blocks)
}

/// Replaces the commands by their numbers: Markdown's own links end at the first space.
fn take_actions(markdown: &str, first: usize) -> Result<(String, Vec<Action>), Mistake> {
    let (mut text, mut actions) = (String::new(), Vec::new());
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once(LINK) {
        text.push_str(before);
        let line = first + text.matches('\n').count();
        let mistake = |why: String| Mistake { line, why };
        let end = end_of_link(after).ok_or_else(|| mistake("a link is not closed".to_owned()))?;
        let action = Action::parse(&after[..end]).map_err(mistake)?;
        text.push_str(&format!("](do:{})", actions.len()));
        actions.push(action);
        rest = &after[end + 1..];
    }
    text.push_str(rest);
    Ok((text, actions))
}

/// Where the parenthesis closes that is not within quotes, on the same line.
fn end_of_link(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return None,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted ^= true,
            ')' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[derive(Default)]
struct Reader {
    actions: Vec<Action>,
    blocks: Vec<Block>,
    /// The text being read, and its style.
    line: Vec<Inline>,
    style: Inline,
    /// The list being read.
    list: Option<(Option<u64>, Vec<Vec<Inline>>)>,
    code: Option<String>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(tag) => self.start(&tag)?,
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.push(&text, false),
            },
            Event::Code(text) => self.push(&text, true),
            Event::SoftBreak | Event::HardBreak => self.push(" ", false),
            Event::Rule => {}
            _ => return Err("a lesson shows no HTML".to_owned()),
        }
        Ok(())
    }

    fn push(&mut self, text: &str, code: bool) {
        self.line.push(Inline { text: text.to_owned(), code, ..self.style.clone() });
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), String> {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::Item => {}
            Tag::Emphasis => self.style.emphasis = true,
            Tag::Strong => self.style.strong = true,
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.code = Some(String::new());
            }
            Tag::List(_) if self.list.is_some() => return Err("a list within a list".to_owned()),
            Tag::List(from) => self.list = Some((*from, Vec::new())),
            Tag::Link { dest_url, .. } => {
                let number = dest_url.strip_prefix("do:").and_then(|n| n.parse::<usize>().ok());
                let action = number.and_then(|n| self.actions.get(n)).cloned();
                self.style.action =
                    Some(action.ok_or("a link in a lesson is a command: [words](do:…)")?);
            }
            other => {
                let name = format!("{other:?}");
                let name = name.split([' ', '(', '{']).next().unwrap_or_default();
                return Err(format!("a lesson cannot show this: {}", name.to_lowercase()));
            }
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.style.emphasis = false,
            TagEnd::Strong => self.style.strong = false,
            TagEnd::Link => self.style.action = None,
            TagEnd::Paragraph if self.list.is_some() => {}
            TagEnd::Paragraph => {
                let line = std::mem::take(&mut self.line);
                self.blocks.push(Block::Paragraph(line));
            }
            TagEnd::Heading(_) => {
                let line = std::mem::take(&mut self.line);
                self.blocks.push(Block::Heading(line));
            }
            TagEnd::Item => {
                let line = std::mem::take(&mut self.line);
                if let Some((_, items)) = &mut self.list {
                    items.push(line);
                }
            }
            TagEnd::List(_) => {
                if let Some((from, items)) = self.list.take() {
                    self.blocks.push(Block::List(from, items));
                }
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.blocks.push(Block::Code(code.trim_end().to_owned()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Inline {
        Inline { text: text.into(), ..Inline::default() }
    }

    #[test]
    fn markdown_becomes_blocks() {
        let blocks =
            read("A **b** [c](do:text \"d (e)\").\n\n- f\n- g\n\n```\nx = y\n```\n", 1).unwrap();
        let link = Inline { action: Some(Action::Text("d (e)".into())), ..plain("c") };
        let strong = Inline { strong: true, ..plain("b") };
        let expected = [
            Block::Paragraph(vec![plain("A "), strong, plain(" "), link, plain(".")]),
            Block::List(None, vec![vec![plain("f")], vec![plain("g")]]),
            Block::Code("x = y".into()),
        ];
        assert_eq!(blocks, expected);
    }

    #[test]
    fn mistakes_have_lines() {
        for (markdown, line) in [
            ("a\n\n[b](do:nothing)", 12),
            ("a [b](do:text \"x)", 10),
            ("a\n\n<b>bold</b>", 12),
            ("![x](y.png)", 10),
            ("[x](http://example.org)", 10),
            ("- a\n  - b", 11),
        ] {
            assert_eq!(read(markdown, 10).unwrap_err().line, line, "{markdown}");
        }
    }
}
