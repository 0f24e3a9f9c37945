//! Everything the bot says, a table per language. `{…}` are filled by [`fill`].

mod en;
mod es;
mod pt;

use crate::orders::State;
use portero_sdk::Language;

/// Everything the bot says in one language.
pub(crate) struct Words {
    pub(crate) our_shop: &'static str,
    pub(crate) greeting: &'static str,
    pub(crate) greeting_named: &'static str,
    pub(crate) menu_body: &'static str,
    pub(crate) menu_label: &'static str,
    pub(crate) section_orders: &'static str,
    pub(crate) section_shop: &'static str,
    pub(crate) row_orders: (&'static str, &'static str),
    pub(crate) row_offers: (&'static str, &'static str),
    pub(crate) row_hours: (&'static str, &'static str),
    pub(crate) row_address: (&'static str, &'static str),
    pub(crate) row_person: (&'static str, &'static str),
    pub(crate) button_orders: &'static str,
    pub(crate) button_hours: &'static str,
    pub(crate) button_menu: &'static str,
    pub(crate) button_person: &'static str,
    pub(crate) button_fine: &'static str,
    pub(crate) button_problem: &'static str,
    pub(crate) hours: &'static str,
    pub(crate) no_hours: &'static str,
    pub(crate) days: [&'static str; 7],
    pub(crate) day_range: &'static str,
    pub(crate) address: &'static str,
    pub(crate) no_address: &'static str,
    pub(crate) orders: &'static str,
    pub(crate) order_line: &'static str,
    pub(crate) order_line_unknown: &'static str,
    pub(crate) no_orders: &'static str,
    pub(crate) no_such_order: &'static str,
    pub(crate) offers_already: &'static str,
    pub(crate) offers_stop: &'static str,
    pub(crate) person: &'static str,
    pub(crate) thanks: &'static str,
    pub(crate) fallback: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) media: &'static str,
    pub(crate) voice: &'static str,
    pub(crate) location: &'static str,
    pub(crate) card: &'static str,
    pub(crate) cart: &'static str,
    pub(crate) form: &'static str,
    pub(crate) unreadable: &'static str,
    pub(crate) news: &'static str,
    pub(crate) after: &'static str,
    pub(crate) after_fine: &'static str,
    pub(crate) after_problem: &'static str,
    pub(crate) customer: &'static str,
    /// In the order of [`State::ALL`].
    pub(crate) states: [&'static str; 7],
}

impl Words {
    pub(crate) fn of(language: Language) -> &'static Words {
        match language {
            Language::Es => &es::WORDS,
            Language::Pt => &pt::WORDS,
            Language::En => &en::WORDS,
        }
    }

    /// An order state in words.
    pub(crate) fn state(&self, state: State) -> &'static str {
        State::ALL
            .iter()
            .position(|s| *s == state)
            .and_then(|at| self.states.get(at))
            .copied()
            .unwrap_or_default()
    }
}

/// Puts values into the `{…}` of a phrase, once: a value that contains `{…}` stays as it is.
pub(crate) fn fill(phrase: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(phrase.len());
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((slot, behind)) = after.split_once('}') else {
            rest = after;
            break;
        };
        if let Some((_, value)) = values.iter().find(|(name, _)| *name == slot) {
            out.push_str(value);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_filled_again() {
        let filled = fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]);
        assert_eq!(filled, "{b} and 2");
    }

    #[test]
    fn every_language_fills_the_same_slots() {
        let slots = |phrase: &str| {
            let mut found: Vec<String> = phrase
                .split('{')
                .skip(1)
                .map(|s| s.split('}').next().unwrap().to_owned())
                .collect();
            found.sort();
            found
        };
        let phrases = |w: &Words| {
            [
                w.greeting,
                w.greeting_named,
                w.menu_body,
                w.hours,
                w.no_hours,
                w.day_range,
                w.address,
                w.no_address,
                w.orders,
                w.order_line,
                w.order_line_unknown,
                w.no_orders,
                w.no_such_order,
                w.offers_already,
                w.offers_stop,
                w.person,
                w.thanks,
                w.fallback,
                w.lost,
                w.media,
                w.voice,
                w.location,
                w.card,
                w.cart,
                w.form,
                w.unreadable,
                w.news,
                w.after,
                w.after_fine,
                w.after_problem,
            ]
            .map(slots)
        };
        let es = phrases(Words::of(Language::Es));
        assert_eq!(es, phrases(Words::of(Language::Pt)));
        assert_eq!(es, phrases(Words::of(Language::En)));
    }
}
