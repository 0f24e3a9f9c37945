//! A text with its slots, taken apart.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words.
    Text(&'a str),
    /// What stands between `{{` and `}}`.
    Slot(&'a str),
}

/// The parts in order; a `{{` that nothing closes stays text. No part is empty but a slot without a name.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, beyond)) = after.split_once("}}") else {
            break;
        };
        if !before.is_empty() {
            all.push(Piece::Text(before));
        }
        all.push(Piece::Slot(name));
        rest = beyond;
    }
    if !rest.is_empty() {
        all.push(Piece::Text(rest));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_words_and_its_slots() {
        use Piece::{Slot, Text};
        for (text, parts) in [
            ("", &[][..]),
            ("hola", &[Text("hola")]),
            (
                "hola {{1}}{{2}}!",
                &[Text("hola "), Slot("1"), Slot("2"), Text("!")],
            ),
            ("{{}} y {{", &[Slot(""), Text(" y {{")]),
            ("a}} b", &[Text("a}} b")]),
        ] {
            assert_eq!(pieces(text), parts, "{text}");
        }
    }
}
