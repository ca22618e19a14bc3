//! What is practised: small worlds with a rule to be found, or a text.

use super::recipe::Practice;
use crate::math::sampling::Coins;
use crate::model::Tokenizer;
use crate::model::learn::{Order, Windows};
use crate::problem::{Problem, Result};
use serde::{Deserialize, Serialize};

/// Something that a new model can learn in a short time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Different letters in random order, said again and again, each row after another number of them.
    SayAgain,
    /// Letters, and the same letters in order.
    Sort,
    /// Brackets of three kinds that close what they opened.
    Brackets,
    /// Sums of two digits, of which the last digit counts.
    Add,
    /// First names.
    Names,
    /// Nursery rhymes.
    Rhymes,
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
const OPENING: &str = "([{";
const CLOSING: &str = ")]}";
/// How deep brackets are nested at most.
const DEEPEST: usize = 4;
/// How many letters are put in order.
const SORTED: usize = 5;
/// The shortest and the longest text that is said again.
const PERIODS: [usize; 2] = [4, 12];

impl Task {
    /// All of them, the one that shows most first.
    pub const ALL: [Self; 6] =
        [Self::SayAgain, Self::Sort, Self::Brackets, Self::Add, Self::Names, Self::Rhymes];

    /// Its name in lessons and files.
    pub fn id(self) -> &'static str {
        match self {
            Self::SayAgain => "say_again",
            Self::Sort => "sort",
            Self::Brackets => "brackets",
            Self::Add => "add",
            Self::Names => "names",
            Self::Rhymes => "rhymes",
        }
    }

    /// The task of that name in lessons and files.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.id() == id)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SayAgain => "Say it again",
            Self::Sort => "Sort",
            Self::Brackets => "Brackets",
            Self::Add => "Add",
            Self::Names => "Names",
            Self::Rhymes => "Nursery rhymes",
        }
    }

    /// What there is to find out, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::SayAgain => {
                "Random letters, said again and again. Nobody can guess them the first time; whoever \
                 looks back can know them the second time."
            }
            Self::Sort => {
                "Five letters, and after > the same letters in the order of the alphabet."
            }
            Self::Brackets => "Brackets that open and close: the one opened last closes first.",
            Self::Add => "Sums of two digits of which only the last digit is written: 7+8=5.",
            Self::Names => "First names, letter by letter: what do names sound like?",
            Self::Rhymes => "Nursery rhymes: little text, soon known by heart.",
        }
    }

    /// The text that is read, where it is not made as it is needed.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Names => Some(include_str!("../../../assets/texts/names.txt")),
            Self::Rhymes => Some(include_str!("../../../assets/texts/rhymes.txt")),
            _ => None,
        }
    }

    /// Every character that occurs in it.
    pub fn characters(self) -> &'static str {
        match self {
            Self::SayAgain => LETTERS,
            Self::Sort => "abcdefghijklmnopqrstuvwxyz>.",
            Self::Brackets => "([{)]}",
            Self::Add => "0123456789+=;",
            Self::Names | Self::Rhymes => self.text().unwrap_or_default(),
        }
    }

    /// A row of `n` characters; of a text, nothing.
    fn row(self, n: usize, is_held_out: bool, coins: &mut Coins) -> String {
        let mut row = String::with_capacity(n + 16);
        let mut number = |n: usize| ((coins.toss() * n as f32) as usize).min(n - 1);
        match self {
            Self::SayAgain => {
                // After how many letters it is said again is drawn anew for each row: were it always
                // the same, looking so many places back would do, without looking for anything.
                let [shortest, longest] = PERIODS;
                let longest = longest.min(n / 2).max(shortest);
                let period = shortest + number(longest - shortest + 1);
                // No letter comes twice before: what followed it is then never in doubt.
                let mut letters: Vec<char> = LETTERS.chars().collect();
                for i in 0..period {
                    let other = i + number(letters.len() - i);
                    letters.swap(i, other);
                }
                row.extend(letters[..period].iter().cycle().take(n));
            }
            Self::Sort => {
                while row.len() < n {
                    let mut letters: Vec<char> = (0..SORTED)
                        .map(|_| LETTERS.as_bytes()[number(LETTERS.len())] as char)
                        .collect();
                    row.extend(&letters);
                    letters.sort_unstable();
                    row.push('>');
                    row.extend(letters);
                    row.push('.');
                }
            }
            Self::Brackets => {
                let mut open = Vec::new();
                while row.len() < n {
                    if open.is_empty() || open.len() < DEEPEST && number(2) == 0 {
                        let kind = number(OPENING.len());
                        open.push(kind);
                        row.push(OPENING.as_bytes()[kind] as char);
                    } else if let Some(kind) = open.pop() {
                        row.push(CLOSING.as_bytes()[kind] as char);
                    }
                }
            }
            Self::Add => {
                while row.len() < n {
                    let (a, b) = (number(10), number(10));
                    // Every fifth sum is never practised.
                    if (a * 3 + b * 7).is_multiple_of(5) == is_held_out {
                        row += &format!("{a}+{b}={};", (a + b) % 10);
                    }
                }
            }
            Self::Names | Self::Rhymes => {}
        }
        row.truncate(n);
        row
    }
}

/// Rows of tokens to learn from, and some that are held out.
#[derive(Debug)]
pub(super) struct Exercise {
    source: Source,
    /// What is never practised.
    pub held_out: Vec<Vec<u32>>,
}

#[derive(Debug)]
enum Source {
    Made { task: Task, n: usize, ids: Vec<(char, u32)>, coins: Coins },
    Text(Windows),
}

/// How many rows are held out.
const HELD_OUT: usize = 8;

impl Exercise {
    /// The exercise for a tokenizer. Rows ask for `context` tokens, or for fewer where the text is
    /// shorter.
    ///
    /// # Errors
    /// When there is nothing to practise.
    pub(super) fn new(
        practice: &Practice,
        tokenizer: &Tokenizer,
        context: usize,
        seed: u64,
    ) -> Result<Self> {
        let text = match practice {
            Practice::Task(task) => match task.text() {
                Some(text) => text,
                None => return Self::made(*task, tokenizer, context, seed),
            },
            Practice::Text(text) => text.trim(),
        };
        let tokens: Vec<u32> = tokenizer.encode_bare(text)?.iter().map(|token| token.id).collect();
        if tokens.len() < 3 {
            let why = format!("the text has {} tokens", tokens.len());
            return Err(Problem::new("There is too little to learn from", why)
                .cure("Write a sentence or more"));
        }
        let context = context.min(tokens.len() - 1);
        // A tenth of a long text is kept for asking.
        let n_rows = (tokens.len() - 1) / context;
        let n_held_out = (n_rows / 10).min(HELD_OUT);
        let practised = tokens.len() - n_held_out * context;
        let held_out = tokens[practised - 1..].windows(context + 1).step_by(context);
        let held_out = held_out.map(<[u32]>::to_vec).collect();
        let windows = Windows::new(tokens[..practised].to_vec(), context, Order::Shuffled, seed)?;
        Ok(Self { source: Source::Text(windows), held_out })
    }

    fn made(task: Task, tokenizer: &Tokenizer, context: usize, seed: u64) -> Result<Self> {
        let mut ids = Vec::new();
        for character in task.characters().chars() {
            let tokens = tokenizer.encode_bare(&character.to_string())?;
            ids.extend(tokens.first().map(|token| (character, token.id)));
        }
        let n = context + 1;
        let mut coins = Coins::new(seed.wrapping_add(1) ^ 0x5EED);
        let held_out = (0..HELD_OUT).map(|_| numbers(&task.row(n, true, &mut coins), &ids));
        let held_out = held_out.collect();
        let source = Source::Made { task, n, ids, coins: Coins::new(seed) };
        Ok(Self { source, held_out })
    }

    /// The next rows.
    pub(super) fn next(&mut self, n_rows: usize) -> Vec<Vec<u32>> {
        match &mut self.source {
            Source::Made { task, n, ids, coins } => {
                (0..n_rows).map(|_| numbers(&task.row(*n, false, coins), ids)).collect()
            }
            Source::Text(windows) => {
                windows.next(n_rows).into_iter().map(<[u32]>::to_vec).collect()
            }
        }
    }
}

fn numbers(row: &str, ids: &[(char, u32)]) -> Vec<u32> {
    let id = |c: char| ids.iter().find(|(other, _)| *other == c).map_or(0, |(_, id)| *id);
    row.chars().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_rule() {
        let mut coins = Coins::new(7);
        let mut periods = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let row: Vec<char> = Task::SayAgain.row(33, false, &mut coins).chars().collect();
            let period = (PERIODS[0]..=PERIODS[1]).find(|p| (*p..33).all(|i| row[i] == row[i - p]));
            periods.insert(period.unwrap());
            let row = Task::Sort.row(36, false, &mut coins);
            let (letters, sorted) = row.split_once('>').unwrap();
            let mut letters: Vec<char> = letters.chars().collect();
            letters.sort_unstable();
            assert_eq!(letters.into_iter().collect::<String>(), sorted[..SORTED]);
            let mut open = Vec::new();
            for c in Task::Brackets.row(40, false, &mut coins).chars() {
                match OPENING.find(c) {
                    Some(kind) => open.push(kind),
                    None => assert_eq!(open.pop(), CLOSING.find(c)),
                }
            }
        }
        // One distance for all rows could be learned by position alone.
        assert!(periods.len() > 5, "{periods:?}");
    }

    #[test]
    fn lessons_know_every_task() {
        assert_eq!(Task::ALL.map(Task::id), crate::lesson::TASKS);
    }

    #[test]
    fn held_out_sums_are_never_practised() {
        let mut coins = Coins::new(7);
        let sums = |row: String| -> Vec<String> {
            row.split_terminator(';').filter(|sum| sum.len() == 5).map(str::to_owned).collect()
        };
        let held_out: Vec<String> =
            (0..20).flat_map(|_| sums(Task::Add.row(60, true, &mut coins))).collect();
        for _ in 0..50 {
            for sum in sums(Task::Add.row(60, false, &mut coins)) {
                assert!(!held_out.contains(&sum), "{sum}");
            }
        }
    }
}
