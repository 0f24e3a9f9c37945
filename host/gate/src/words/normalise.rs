//! One form for every spelling: `¡ＢÁＪＡＡＡ!` and `baja` are the same word.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text made plain.
pub(crate) struct Plain {
    /// All of it.
    pub(crate) whole: String,
    /// Whether it held a stop sign.
    pub(crate) stop_sign: bool,
}

const STOP_SIGNS: [char; 4] = ['🛑', '⛔', '🚫', '✋'];
const APOSTROPHES: [char; 6] = ['\'', '’', '‘', 'ʼ', '`', '´'];

/// Compatibility form, lower case, no accents, no apostrophes, words apart by one space, a letter
/// said three times or more once.
pub(crate) fn plain(text: &str) -> Plain {
    let stop_sign = text.contains(STOP_SIGNS);
    let lower: String = text
        .chars()
        // Before NFKC, which would turn a free-standing acute into a space and split the word.
        .filter(|c| !APOSTROPHES.contains(c))
        .nfkc()
        .flat_map(char::to_lowercase)
        .nfd()
        .filter(|c| !is_combining_mark(*c) && !APOSTROPHES.contains(c))
        .collect();
    let mut spaced = String::with_capacity(lower.len());
    for c in lower.chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            spaced.push(c);
        } else if !spaced.is_empty() && !spaced.ends_with(' ') {
            spaced.push(' ');
        }
    }
    Plain {
        whole: unstretched(spaced.trim_end()),
        stop_sign,
    }
}

fn unstretched(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut times = 1;
        while rest.next_if_eq(&c).is_some() {
            times += 1;
        }
        let keep = if c.is_ascii_lowercase() && times >= 3 {
            1
        } else {
            times
        };
        out.extend(std::iter::repeat_n(c, keep));
    }
    out
}

/// The text without courtesies at both ends, taken off as often as there are any.
pub(crate) fn without_courtesy<'a>(
    text: &'a str,
    leading: &[String],
    trailing: &[String],
) -> &'a str {
    let mut rest = text;
    loop {
        let before = rest;
        for word in leading {
            rest = cut(rest.strip_prefix(word.as_str()), rest, |tail| {
                tail.strip_prefix(' ')
            });
        }
        for word in trailing {
            rest = cut(rest.strip_suffix(word.as_str()), rest, |head| {
                head.strip_suffix(' ')
            });
        }
        if rest == before {
            return rest;
        }
    }
}

/// What is left, when a whole word was cut off and something is left.
fn cut<'a>(
    left: Option<&'a str>,
    whole: &'a str,
    at_a_space: impl Fn(&'a str) -> Option<&'a str>,
) -> &'a str {
    match left {
        Some("") => "",
        Some(left) => at_a_space(left).unwrap_or(whole),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_come_together() {
        for (text, expected) in [
            ("  ¡BAJA!  ", "baja"),
            ("ＳＴＯＰ", "stop"),
            ("BAJAAAA", "baja"),
            ("Don't contact me", "dont contact me"),
            ("Don´t contact me", "dont contact me"),
            ("opt-out", "opt out"),
            ("Não quero MAIS…", "nao quero mais"),
            ("ñandú", "nandu"),
            ("llamar 3333", "llamar 3333"),
            ("🛑", ""),
        ] {
            assert_eq!(plain(text).whole, expected, "{text}");
        }
        assert!(plain("stop 🛑").stop_sign);
        assert!(!plain("stop").stop_sign);
    }

    #[test]
    fn courtesy_goes_from_both_ends_and_only_as_whole_words() {
        let lead = ["hola".to_owned(), "por favor".to_owned(), "hi".to_owned()];
        let trail = [
            "por favor".to_owned(),
            "gracias".to_owned(),
            "ya".to_owned(),
        ];
        for (text, expected) in [
            ("hola baja por favor", "baja"),
            ("hola hola baja gracias por favor", "baja"),
            ("hilo", "hilo"),
            ("playa", "playa"),
            ("hola", ""),
        ] {
            assert_eq!(without_courtesy(text, &lead, &trail), expected, "{text}");
        }
    }
}
