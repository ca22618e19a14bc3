//! A lesson's file: front matter, then steps under headings, each of text and of lines that begin
//! with a keyword.

use super::claim::{Answer, Claim};
use super::condition::Condition;
use super::document::{self, Mistake};
use super::{Depth, Lesson, Part, Question, Step};
use crate::problem::{Problem, Result};

/// The longest file, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The most steps of a lesson, and the most parts of a step.
const MOST: usize = 40;
/// The most choices of a question.
const MOST_CHOICES: usize = 8;

impl Lesson {
    /// Reads a lesson; `name` is its file's name without `.md`.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        lesson(name, text).map_err(|Mistake { line, why }| {
            Problem::new("Could not read the lesson", format!("{why}: {name}.md, line {line}"))
                .cure("docs/writing-lessons.md describes the format")
        })
    }
}

type Read<T> = std::result::Result<T, Mistake>;

fn mistake<T>(line: usize, why: impl Into<String>) -> Read<T> {
    Err(Mistake { line, why: why.into() })
}

fn lesson(name: &str, text: &str) -> Read<Lesson> {
    if text.len() > MAX_BYTES {
        return mistake(1, format!("the file is longer than {} KiB", MAX_BYTES / 1024));
    }
    let lines: Vec<&str> = text.lines().collect();
    let (mut lesson, body) = front_matter(name, &lines)?;
    // The lines of the headings, counted from 0.
    let is_fence = |line: &str| line.trim_start().starts_with("```");
    let mut is_code = false;
    let mut heads = Vec::new();
    for (i, line) in lines.iter().enumerate().skip(body) {
        is_code ^= is_fence(line);
        if !is_code && line.starts_with("## ") {
            heads.push(i);
        } else if heads.is_empty() && !line.trim().is_empty() {
            return mistake(i + 1, "a lesson's first step begins with “## ” and its title");
        }
    }
    if heads.is_empty() {
        return mistake(lines.len().max(1), "the lesson has no step; one begins with “## ”");
    }
    if let Some(&head) = heads.get(MOST) {
        return mistake(head + 1, format!("a lesson has at most {MOST} steps"));
    }
    for (i, &head) in heads.iter().enumerate() {
        let end = heads.get(i + 1).copied().unwrap_or(lines.len());
        let title = lines[head].trim_start_matches("## ").trim().to_owned();
        let (parts, claims) = parts(&lines[head + 1..end], head + 2)?;
        lesson.claims.extend(claims);
        lesson.steps.push(Step { title, parts });
    }
    Ok(lesson)
}

/// The lines between two `---`; gives the number of the line after them.
fn front_matter(name: &str, lines: &[&str]) -> Read<(Lesson, usize)> {
    if lines.first().map(|line| line.trim_end()) != Some("---") {
        return mistake(1, "the file begins with “---” and a title: line");
    }
    let mut lesson = Lesson { name: name.to_owned(), ..Lesson::default() };
    for (i, line) in lines.iter().enumerate().skip(1) {
        if line.trim_end() == "---" {
            if lesson.title.is_empty() {
                return mistake(i + 1, "title: is missing");
            }
            return Ok((lesson, i + 1));
        }
        let value = |value: &str| value.trim().to_owned();
        match line.split_once(':') {
            Some(("title", title)) => lesson.title = value(title),
            Some(("summary", summary)) => lesson.summary = value(summary),
            Some(("needs", needs)) if value(needs) == "encoder-decoder" => {
                lesson.needs = Some(value(needs));
            }
            Some(("needs", _)) => return mistake(i + 1, "needs: knows only encoder-decoder"),
            _ => return mistake(i + 1, "front matter knows title:, summary: and needs:"),
        }
    }
    mistake(lines.len().max(1), "the front matter is not closed by “---”")
}

const KEYWORDS: [&str; 10] = [
    "text",
    "wait",
    "check",
    "question",
    "answer",
    "reveal",
    "line",
    "paragraph",
    "mathematics",
    "note",
];

/// The keyword a line begins with, and the rest of the line.
fn keyword(line: &str) -> Option<(&'static str, &str)> {
    let (word, rest) = line.split_once(':')?;
    let known = KEYWORDS.into_iter().find(|known| *known == word)?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((known, rest.trim()))
}

/// A keyword's line with those that belong to it.
struct Section<'a> {
    keyword: &'static str,
    first: usize,
    text: Vec<&'a str>,
}

fn sections<'a>(lines: &[&'a str], first: usize) -> Vec<Section<'a>> {
    let section = |keyword, first| Section { keyword, first, text: Vec::new() };
    let mut sections = vec![section("text", first)];
    let mut is_code = false;
    for (i, &line) in lines.iter().enumerate() {
        is_code ^= line.trim_start().starts_with("```");
        let found = keyword(line).filter(|_| !is_code);
        if let Some((keyword, rest)) = found {
            sections.push(section(keyword, first + i));
            sections.last_mut().into_iter().for_each(|section| section.text.push(rest));
            // What follows one line of these is text again.
            if matches!(keyword, "wait" | "check" | "answer") {
                sections.push(section("text", first + i + 1));
            }
        } else if let Some(section) = sections.last_mut() {
            section.text.push(line);
        }
    }
    sections.retain(|section| section.text.iter().any(|line| !line.trim().is_empty()));
    sections
}

/// The parts of a step, and its claims with their lines.
type Page = (Vec<Part>, Vec<(usize, Claim)>);

fn parts(lines: &[&str], first: usize) -> Read<Page> {
    let (mut parts, mut claims) = (Vec::new(), Vec::new());
    for Section { keyword, first, text } in sections(lines, first) {
        let one = text.first().copied().unwrap_or_default();
        let at = |why: String| Mistake { line: first, why };
        let page = || document::read(&text.join("\n"), first);
        match keyword {
            "wait" => parts.push(Part::Wait(Condition::parse(one).map_err(at)?)),
            "check" => claims.push((first, Claim::parse(one).map_err(at)?)),
            "question" => parts.push(Part::Question(question(&text, first)?)),
            "answer" => match parts.last_mut() {
                Some(Part::Question(question)) if question.answer.is_none() => {
                    question.answer = Some(answer(question, one).map_err(at)?);
                }
                _ => return mistake(first, "answer: belongs after a question:"),
            },
            "reveal" => match parts.last_mut() {
                Some(Part::Question(question)) if question.answer.is_some() => {
                    question.reveal = page()?;
                }
                _ => return mistake(first, "reveal: belongs after a question: and its answer:"),
            },
            "line" => parts.push(Part::Depth(Depth::Line, page()?)),
            "paragraph" => parts.push(Part::Depth(Depth::Paragraph, page()?)),
            "mathematics" => parts.push(Part::Depth(Depth::Mathematics, page()?)),
            "note" => parts.push(Part::Note(page()?)),
            _ => parts.push(Part::Text(page()?)),
        }
        let unanswered = |part: &Part| matches!(part, Part::Question(q) if q.answer.is_none());
        let earlier = parts.len().saturating_sub(1);
        if parts[..earlier].iter().any(unanswered) {
            return mistake(first, "a question: needs an answer: before other things");
        }
        if parts.len() > MOST {
            return mistake(first, format!("a step has at most {MOST} parts"));
        }
    }
    if matches!(parts.last(), Some(Part::Question(question)) if question.answer.is_none()) {
        return mistake(first, "a question: of this step has no answer:");
    }
    Ok((parts, claims))
}

fn question(lines: &[&str], first: usize) -> Read<Question> {
    let is_choice = |line: &&&str| line.starts_with("- ");
    let choices = lines.iter().filter(is_choice);
    let choices: Vec<String> = choices.map(|line| line[2..].trim().to_owned()).collect();
    let asked: Vec<&str> = lines.iter().filter(|line| !is_choice(line)).copied().collect();
    if !(2..=MOST_CHOICES).contains(&choices.len()) {
        return mistake(
            first,
            format!("a question has 2 to {MOST_CHOICES} choices: lines with “- ”"),
        );
    }
    Ok(Question {
        asked: document::read(&asked.join("\n"), first)?,
        choices,
        answer: None,
        reveal: Vec::new(),
    })
}

fn answer(question: &Question, line: &str) -> std::result::Result<Answer, String> {
    let answer = Answer::parse(line)?;
    match &answer {
        Answer::Is(choice) if !question.choices.contains(choice) => {
            Err(format!("{choice:?} is none of the choices"))
        }
        _ => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "---
title: A title
summary: What it is about.
---

## First
Some [text](do:draw).

wait: text grows
check: next \"He opened the\" is door
More text.

line: Short.
mathematics: Long.

```
wait: not a keyword here
```

## Second
question: Which?
- door
- moon
answer: next \"He opened the\"
reveal: It is *door*.
";

    #[test]
    fn a_lesson_is_read() {
        let lesson = Lesson::parse("010-x", LESSON).unwrap();
        assert_eq!(
            (lesson.title.as_str(), lesson.steps.len(), lesson.claims.len()),
            ("A title", 2, 1)
        );
        let parts = &lesson.steps[0].parts;
        assert!(matches!(
            parts.as_slice(),
            [
                Part::Text(_),
                Part::Wait(Condition::TextGrows),
                Part::Text(_),
                Part::Depth(Depth::Line, _),
                Part::Depth(Depth::Mathematics, _)
            ]
        ));
        let [Part::Question(question)] = lesson.steps[1].parts.as_slice() else {
            unreachable!();
        };
        assert_eq!(question.choices, ["door", "moon"]);
        assert_eq!(question.reveal.len(), 1);
    }

    /// Whatever is in a file, it is read or refused.
    #[test]
    fn damaged_lessons_are_refused_without_panic() {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below.max(1)
        };
        let spice = [
            "\n",
            "---",
            "## ",
            "](do:",
            "\"",
            "wait: ",
            "- ",
            "```",
            "é",
            "question:",
            "<x>",
            "\0",
        ];
        for _ in 0..1_000 {
            let mut chars: Vec<char> = LESSON.chars().collect();
            for _ in 0..=random(6) {
                let at = random(chars.len());
                let end = (at + random(40)).min(chars.len());
                chars.splice(at..end, spice[random(spice.len())].chars());
            }
            let text: String = chars.into_iter().collect();
            if let Err(problem) = Lesson::parse("x", &text) {
                assert!(problem.why.contains("line "), "{problem}");
            }
        }
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let replaced = |old: &str, new: &str| Lesson::parse("010-x", &LESSON.replace(old, new));
        for (old, new, line) in [
            ("title: A title\n", "", 3),
            ("title:", "tittle:", 2),
            ("---\n\n", "\n", 4),
            ("do:draw", "do:drew", 7),
            ("text grows", "text shrinks", 9),
            ("next \"He opened the\" is", "next", 10),
            ("- moon\n", "", 21),
            ("answer: next", "answer: maybe", 24),
            ("answer: next \"He opened the\"\n", "", 24),
            ("## First", "First", 6),
        ] {
            let problem = replaced(old, new).unwrap_err();
            assert!(
                problem.why.ends_with(&format!(": 010-x.md, line {line}")),
                "{old:?} -> {new:?}: {problem}"
            );
        }
        assert!(Lesson::parse("x", "").is_err());
        assert!(Lesson::parse("x", &"x".repeat(MAX_BYTES + 1)).is_err());
    }
}
