//! Numbers as they are shown: three significant digits, honest percentages, a true minus sign.
//! Spaces inside a number do not break.

/// A probability as a percentage: `12.3 %`, `0.4 %`, `<0.01 %`.
pub fn percent(probability: f32) -> String {
    let p = 100.0 * probability;
    if !p.is_finite() {
        return number(p);
    }
    match p {
        0.0 => "0\u{a0}%".to_owned(),
        p if p < 0.01 => "<0.01\u{a0}%".to_owned(),
        p if p < 0.1 => format!("{p:.2}\u{a0}%"),
        // Nothing but certainty reads as 100.
        p if p > 99.9 && probability < 1.0 => ">99.9\u{a0}%".to_owned(),
        p if p >= 99.95 => "100\u{a0}%".to_owned(),
        p => format!("{p:.1}\u{a0}%"),
    }
}

/// A number with three significant digits.
pub fn number(x: f32) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if x < 0.0 { "−" } else { "" };
    let size = x.abs();
    let digits = if size.is_infinite() {
        "∞".to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if !(0.001..100_000.0).contains(&size) {
        format!("{size:.2e}").replace("e-", "e−")
    } else {
        let whole_digits = size.log10().floor() as i32 + 1;
        let decimals = (3 - whole_digits).clamp(0, 5) as usize;
        format!("{size:.decimals$}")
    };
    format!("{sign}{digits}")
}

/// A count with spaces between thousands: `3 505 152`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// A count in short: `3.51 M`, `124 M`, `4.1 k`.
pub fn short_count(n: usize) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{} k", number(n as f32 / 1e3)),
        1_000_000..1_000_000_000 => format!("{} M", number(n as f32 / 1e6)),
        _ => format!("{} B", number((n as f64 / 1e9) as f32)),
    }
}

/// A text cut in the middle to at most `max` characters.
pub fn abbreviate(text: &str, max: usize) -> String {
    let n = text.chars().count();
    if n <= max.max(3) {
        return text.to_owned();
    }
    let keep = max.max(3) - 1;
    let head: String = text.chars().take(keep.div_ceil(2)).collect();
    let tail: String = text.chars().skip(n - keep / 2).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_never_wrong_by_rounding() {
        for (p, text) in [
            (0.0, "0\u{a0}%"),
            (0.000_05, "<0.01\u{a0}%"),
            (0.000_5, "0.05\u{a0}%"),
            (0.004, "0.4\u{a0}%"),
            (0.123_4, "12.3\u{a0}%"),
            (0.999_5, ">99.9\u{a0}%"),
            (1.0, "100\u{a0}%"),
            (f32::NAN, "NaN"),
        ] {
            assert_eq!(percent(p), text);
        }
    }

    #[test]
    fn three_significant_digits() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (-12.345, "−12.3"),
            (123.4, "123"),
            (0.012_34, "0.0123"),
            (0.000_012, "1.20e−5"),
            (-1.0e9, "−1.00e9"),
            (f32::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count(3_505_152), "3\u{a0}505\u{a0}152");
        assert_eq!(count(12), "12");
        assert_eq!(
            (short_count(3_505_152), short_count(50_257)),
            ("3.51 M".into(), "50.3 k".into())
        );
    }

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(abbreviate("unbelievable", 7), "unb…ble");
        assert_eq!(abbreviate("cat", 7), "cat");
        assert_eq!(abbreviate("注意力机制", 3), "注…制");
    }
}
