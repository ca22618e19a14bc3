//! The words of a command line in a lesson: `text contains "a cat"`, `show view=attention`.

/// A word, or several in quotes; perhaps with a name before an equals sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What stands before `=`; empty when there is no such sign.
    pub name: String,
    /// The rest, without quotes.
    pub value: String,
}

/// Cuts a line into words. Within quotes, `\"` is a quote and `\n` a line break.
///
/// # Errors
/// When a quote is not closed.
pub fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut chars = line.trim().chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        words.push(word(&mut chars)?);
    }
    Ok(words)
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Word, String> {
    let (mut name, mut value) = (String::new(), String::new());
    let mut is_quoted = false;
    while let Some(&c) = chars.peek() {
        match c {
            '"' => is_quoted ^= true,
            '\\' if is_quoted => {
                chars.next();
                match chars.peek() {
                    Some('n') => value.push('\n'),
                    Some(&escaped) => value.push(escaped),
                    None => break,
                }
            }
            c if c.is_whitespace() && !is_quoted => break,
            '=' if !is_quoted && name.is_empty() && !value.is_empty() => {
                name = std::mem::take(&mut value);
            }
            c => value.push(c),
        }
        chars.next();
    }
    if is_quoted {
        return Err("a quotation mark is not closed".to_owned());
    }
    Ok(Word { name, value })
}

/// The words as plain texts, for lines without `name=value`.
pub fn texts(line: &str) -> Result<Vec<String>, String> {
    let plain = |word: Word| match word.name.as_str() {
        "" => word.value,
        name => format!("{name}={}", word.value),
    };
    Ok(words(line)?.into_iter().map(plain).collect())
}

/// A number within limits.
pub fn number(text: &str, low: f32, high: f32) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|x| (low..=high).contains(x));
    number.ok_or_else(|| format!("{text:?} is no number from {low} to {high}"))
}

/// A whole number.
pub fn whole(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok();
    number.ok_or_else(|| format!("{text:?} is no whole number"))
}

/// A head by layer and number, as `4.1`.
pub fn head(text: &str) -> Result<(usize, usize), String> {
    let pair = text
        .split_once('.')
        .and_then(|(layer, head)| Some((layer.parse().ok()?, head.parse().ok()?)));
    pair.ok_or_else(|| format!("{text:?} is no head; write layer.head, as 4.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together() {
        let word = |name: &str, value: &str| Word { name: name.into(), value: value.into() };
        assert_eq!(
            words(r#" show  view=attention text="a \"b\" = c" "x=y" = "#).unwrap(),
            [
                word("", "show"),
                word("view", "attention"),
                word("text", "a \"b\" = c"),
                word("", "x=y"),
                word("", "="),
            ]
        );
        assert!(words("a \"b").is_err() && words("").unwrap().is_empty());
        assert_eq!(head("4.1"), Ok((4, 1)));
        assert!(head("4").is_err() && whole("-1").is_err() && number("nan", 0.0, 1.0).is_err());
    }
}
