//! The date and the time, for chat templates that say what day it is.

use minijinja::{Error, ErrorKind};
use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A second, in UTC: which time zone it is here, the standard library does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    year: u64,
    /// From 1.
    month: usize,
    /// From 1.
    day: u64,
    /// From Sunday, 0.
    weekday: usize,
    /// From 1.
    day_of_year: u64,
    second_of_day: u64,
}

/// This second.
pub(crate) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::at(since.as_secs())
}

impl Moment {
    /// The second so many seconds after the beginning of 1970.
    fn at(seconds: u64) -> Self {
        let days = seconds / 86_400;
        let is_leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut left) = (1970, days);
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            if left < length {
                break;
            }
            left -= length;
            year += 1;
        }
        let day_of_year = left + 1;
        let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30];
        let mut month = 1;
        for length in lengths {
            if left < length {
                break;
            }
            left -= length;
            month += 1;
        }
        Self {
            year,
            month,
            day: left + 1,
            weekday: ((days + 4) % 7) as usize,
            day_of_year,
            second_of_day: seconds % 86_400,
        }
    }

    /// As Python's `strftime` writes it.
    ///
    /// # Errors
    /// At a directive that is not known here.
    pub(crate) fn format(self, format: &str) -> Result<String, Error> {
        let (hour, minute, second) =
            (self.second_of_day / 3600, self.second_of_day / 60 % 60, self.second_of_day % 60);
        let month = MONTHS.get(self.month.saturating_sub(1)).copied().unwrap_or_default();
        let weekday = DAYS.get(self.weekday).copied().unwrap_or_default();
        let noon = if hour < 12 { "AM" } else { "PM" };
        let hour12 = (hour + 11) % 12 + 1;
        let mut out = String::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                out.push(letter);
                continue;
            }
            let mut directive = letters.next();
            // `%-d` is `%d` without a zero before it.
            let is_bare = directive == Some('-');
            if is_bare {
                directive = letters.next();
            }
            let two = |n: u64| if is_bare { n.to_string() } else { format!("{n:02}") };
            out += &match directive {
                Some('Y') => self.year.to_string(),
                Some('y') => two(self.year % 100),
                Some('m') => two(self.month as u64),
                Some('d') => two(self.day),
                Some('e') => format!("{:>2}", self.day),
                Some('j') if is_bare => self.day_of_year.to_string(),
                Some('j') => format!("{:03}", self.day_of_year),
                Some('B') => month.to_owned(),
                Some('b' | 'h') => month[..3.min(month.len())].to_owned(),
                Some('A') => weekday.to_owned(),
                Some('a') => weekday[..3.min(weekday.len())].to_owned(),
                Some('w') => self.weekday.to_string(),
                Some('u') => (if self.weekday == 0 { 7 } else { self.weekday }).to_string(),
                Some('H') => two(hour),
                Some('I') => two(hour12),
                Some('M') => two(minute),
                Some('S') => two(second),
                Some('p') => noon.to_owned(),
                Some('F') => format!("{}-{:02}-{:02}", self.year, self.month, self.day),
                Some('D') => {
                    format!("{:02}/{:02}/{:02}", self.month, self.day, self.year % 100)
                }
                Some('T') => format!("{hour:02}:{minute:02}:{second:02}"),
                Some('R') => format!("{hour:02}:{minute:02}"),
                Some('Z') => "UTC".to_owned(),
                Some('z') => "+0000".to_owned(),
                Some('%') => "%".to_owned(),
                Some('n') => "\n".to_owned(),
                other => {
                    let why = format!("strftime_now does not know %{}", other.unwrap_or(' '));
                    return Err(Error::new(ErrorKind::InvalidOperation, why));
                }
            };
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // date -u -d @1709210096 and @951782400
        let leap = Moment::at(1_709_210_096);
        let all = leap.format("%Y-%m-%d %H:%M:%S %A %b %-d %j %I%p %%").unwrap();
        assert_eq!(all, "2024-02-29 12:34:56 Thursday Feb 29 060 12PM %");
        assert_eq!(
            Moment::at(951_782_400).format("%d %B %Y, %a").unwrap(),
            "29 February 2000, Tue"
        );
        assert_eq!(Moment::at(0).format("%F %T %-m").unwrap(), "1970-01-01 00:00:00 1");
        assert!(leap.format("%Q").is_err());
    }
}
