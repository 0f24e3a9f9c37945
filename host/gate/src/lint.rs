//! What can be said of a template by reading it: what Meta refuses or reads otherwise, before anybody is written to.
//!
//! Source: `whatsapp-platform` 3.3, 3.7 and 7.5 (as of 2026-11). Pure: the same template, the same remarks. They
//! refuse nothing: what refuses a message are the rules.

mod remarks;
mod text;

use std::collections::BTreeSet;

use portero_domain::template::{Around, Template, TemplateCategory};

use crate::detect::{PromoSign, signs_of_promotion};
use text::{Piece, pieces};

pub use remarks::{About, REMARKS, Weight, find};

/// Longest header and footer, characters.
const EDGE_LIMIT: usize = 60;
/// Longest body, characters, values included.
const BODY_LIMIT: usize = 1_024;
/// Longest words of a button, characters.
const BUTTON_LIMIT: usize = 25;
/// Longest address of a button, characters.
const ADDRESS_LIMIT: usize = 2_000;
/// Most buttons.
const BUTTONS_LIMIT: usize = 10;
/// Most buttons that programs on a computer show.
const BUTTONS_SHOWN: usize = 3;
/// What a value is taken to need at least, characters.
const VALUE_ROOM: usize = 20;

/// One thing that is said of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it is about, with its words.
    pub about: &'static About,
    /// Where: `header`, `body`, `footer`, `button.0`, `category`.
    pub at: String,
    /// What stands there: a slot, a number, a sign; never a value of a person. Empty where the place says all.
    pub found: String,
}

/// Remarks on a template, those of the header first.
#[must_use]
pub fn lint(template: &Template) -> Vec<Remark> {
    let mut all = Remarks(Vec::new());
    let around = template.slots.around.clone().unwrap_or_default();
    if let Some(header) = &around.header {
        all.edge("header", header);
    }
    all.body(template);
    if let Some(footer) = &around.footer {
        all.edge("footer", footer);
    }
    all.buttons(template, &around);
    all.category(template, &around);
    all.0
}

struct Remarks(Vec<Remark>);

impl Remarks {
    fn say(&mut self, code: &str, at: &str, found: impl Into<String>) {
        if let Some(about) = find(code) {
            self.0.push(Remark {
                about,
                at: at.to_owned(),
                found: found.into(),
            });
        }
    }

    /// Header and footer: one line each; a footer takes no value.
    fn edge(&mut self, at: &str, text: &str) {
        self.whitespace(at, text);
        if text.contains('\n') {
            self.say("lint.several-lines", at, "");
        }
        if text.contains(['*', '~', '`']) {
            self.say("lint.markup", at, "");
        }
        let slots = self.slots(at, text);
        let most = usize::from(at == "header");
        if slots.len() > most {
            self.say("lint.too-many-values", at, slots.len().to_string());
        }
        self.length(at, text, EDGE_LIMIT);
    }

    fn body(&mut self, template: &Template) {
        let (at, text) = ("body", template.body.as_str());
        if text.trim().is_empty() {
            self.say("lint.empty", at, "");
            return;
        }
        self.whitespace(at, text);
        if text.replace('\r', "").contains("\n\n\n") {
            self.say("lint.blank-lines", at, "");
        }
        let pieces = pieces(text.trim());
        if let Some(Piece::Slot(slot)) = pieces.first() {
            self.say("lint.value-first", at, shown(slot));
        }
        if let Some(Piece::Slot(slot)) = pieces.last()
            && pieces.len() > 1
        {
            self.say("lint.value-last", at, shown(slot));
        }
        for three in pieces.windows(3) {
            if let [Piece::Slot(one), Piece::Text(between), Piece::Slot(other)] = three
                && between.trim().is_empty()
            {
                self.say(
                    "lint.values-touch",
                    at,
                    format!("{} {}", shown(one), shown(other)),
                );
            }
        }
        for two in pieces.windows(2) {
            if let [Piece::Slot(one), Piece::Slot(other)] = two {
                self.say(
                    "lint.values-touch",
                    at,
                    format!("{}{}", shown(one), shown(other)),
                );
            }
        }
        let slots = self.slots(at, text);
        self.order(at, &slots, template.slots.named);
        let words = pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.split_whitespace().count()),
            Piece::Slot(_) => None,
        });
        // Meta publishes no ratio; this is the reading that integrators share.
        if !slots.is_empty() && words.sum::<usize>() < slots.len() * 2 + 1 {
            self.say("lint.few-words", at, slots.len().to_string());
        }
        self.length(at, text, BODY_LIMIT);
        let fixed = text.chars().count()
            - slots
                .iter()
                .map(|s| shown(s).chars().count())
                .sum::<usize>();
        if !slots.is_empty() && fixed <= BODY_LIMIT && fixed + slots.len() * VALUE_ROOM > BODY_LIMIT
        {
            self.say("lint.little-room", at, fixed.to_string());
        }
    }

    fn buttons(&mut self, template: &Template, around: &Around) {
        let count = usize::from(template.slots.button_count).max(around.buttons.len());
        if count > BUTTONS_LIMIT {
            self.say("lint.too-many-buttons", "buttons", count.to_string());
        } else if count > BUTTONS_SHOWN {
            self.say("lint.buttons-unseen", "buttons", count.to_string());
        }
        let quick = template.slots.quick_replies.len();
        if quick > 0 && quick < count {
            self.say("lint.buttons-mixed", "buttons", "");
        }
        let runs = template.slots.quick_replies.windows(2);
        if runs.into_iter().any(|w| matches!(w, [a, b] if *b != a + 1)) {
            self.say("lint.replies-apart", "buttons", "");
        }
        let mut seen = BTreeSet::new();
        for (place, (words, to)) in around.buttons.iter().enumerate() {
            let at = format!("button.{place}");
            if words.trim().is_empty() {
                self.say("lint.empty", &at, "");
            } else if !seen.insert(words.trim().to_lowercase()) {
                self.say("lint.same-button", &at, "");
            }
            self.length(&at, words, BUTTON_LIMIT);
            let Some(to) = to else { continue };
            self.length(&at, to, ADDRESS_LIMIT);
            if to.contains("{{") && !to.trim_end().ends_with("}}") {
                self.say("lint.value-in-address", &at, "");
            }
        }
    }

    /// What the words sound like beside the category that Meta has.
    fn category(&mut self, template: &Template, around: &Around) {
        if template.category == TemplateCategory::Marketing {
            return;
        }
        let edges = [&around.header, &around.footer].into_iter().flatten();
        let words = around.buttons.iter().map(|(words, _)| words);
        let all = edges.chain(words).chain([&template.body]);
        let all: Vec<&str> = all.map(String::as_str).collect();
        let signs = signs_of_promotion(&all.join("\n"));
        if PromoSign::are_enough(&signs) {
            let signs: Vec<&str> = signs.into_iter().map(PromoSign::as_str).collect();
            self.say("lint.reads-as-promotion", "category", signs.join(", "));
        }
    }

    fn whitespace(&mut self, at: &str, text: &str) {
        if text.contains('\t') {
            self.say("lint.tab", at, "");
        }
        if text.contains("     ") {
            self.say("lint.spaces", at, "");
        }
    }

    fn length(&mut self, at: &str, text: &str, limit: usize) {
        let length = text.chars().count();
        if length > limit {
            self.say("lint.too-long", at, format!("{length} > {limit}"));
        }
    }

    /// Names of the slots in a text; says which are none.
    fn slots<'a>(&mut self, at: &str, text: &'a str) -> Vec<&'a str> {
        let mut slots = Vec::new();
        let mut fixed = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => fixed.push_str(text),
                Piece::Slot(name) if name.trim().is_empty() => {
                    self.say("lint.empty-slot", at, shown(name));
                    slots.push(name);
                }
                Piece::Slot(name) => {
                    if !is_slot(name) {
                        self.say("lint.slot-name", at, shown(name));
                    }
                    slots.push(name);
                }
            }
        }
        if fixed.contains("{{") || fixed.contains("}}") {
            self.say("lint.open-slot", at, "");
        }
        slots
    }

    /// Numbers count from one without a gap; names and numbers do not mix.
    fn order(&mut self, at: &str, slots: &[&str], named: bool) {
        let numbers: Vec<usize> = slots.iter().filter_map(|s| s.parse().ok()).collect();
        if !named && numbers.len() == slots.len() {
            let distinct: BTreeSet<usize> = numbers.iter().copied().collect();
            if !distinct.iter().copied().eq(1..=distinct.len()) {
                let all: Vec<String> = numbers.iter().map(usize::to_string).collect();
                self.say("lint.slot-order", at, all.join(", "));
            }
        } else if !numbers.is_empty() {
            self.say("lint.slots-mixed", at, "");
        }
    }
}

fn shown(slot: &str) -> String {
    format!("{{{{{slot}}}}}")
}

/// A number, or a word of lower-case letters, digits and underscores that begins with a letter.
fn is_slot(name: &str) -> bool {
    let number =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) && !name.starts_with('0');
    let word = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    number || word
}

#[cfg(test)]
mod tests;
