//! Titles and reasons in three languages.

use portero_sdk::SegmentInfo;

use crate::date::push_date;

/// The languages spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// English.
    En,
}

impl Language {
    /// Reads the first two letters of a tag; Spanish for everything unknown.
    #[must_use]
    pub fn of(tag: &str) -> Language {
        match tag.get(..2) {
            Some("pt" | "PT" | "Pt") => Language::Pt,
            Some("en" | "EN" | "En") => Language::En,
            _ => Language::Es,
        }
    }

    fn pick(self, es: &'static str, pt: &'static str, en: &'static str) -> &'static str {
        match self {
            Language::Es => es,
            Language::Pt => pt,
            Language::En => en,
        }
    }

    fn thousands(self) -> char {
        if self == Language::En { ',' } else { '.' }
    }
}

/// Segment ids, in the order they are offered.
pub(crate) const ACTIVE: &str = "active";
pub(crate) const DORMANT: &str = "dormant";
pub(crate) const CART: &str = "cart_abandoned";
pub(crate) const BEST: &str = "best_customers";
pub(crate) const NEW: &str = "new";

pub(crate) fn segments() -> Vec<SegmentInfo> {
    let info = |id: &str, es: &str, pt: &str, en: &str| SegmentInfo {
        id: id.into(),
        titles: vec![
            ("es".into(), es.into()),
            ("pt".into(), pt.into()),
            ("en".into(), en.into()),
        ],
    };
    vec![
        info(
            ACTIVE,
            "Clientes activos",
            "Clientes ativos",
            "Active customers",
        ),
        info(
            DORMANT,
            "Clientes dormidos",
            "Clientes inativos",
            "Dormant customers",
        ),
        info(
            CART,
            "Carrito abandonado",
            "Carrinho abandonado",
            "Cart abandoned",
        ),
        info(
            BEST,
            "Mejores clientes",
            "Melhores clientes",
            "Best customers",
        ),
        info(NEW, "Nuevos", "Novos", "New"),
    ]
}

/// What somebody did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Wrote,
    Clicked,
    Bought,
}

impl Deed {
    fn word(self, l: Language) -> &'static str {
        match self {
            Deed::Wrote => l.pick("Escribió el ", "Escreveu em ", "Wrote on "),
            Deed::Clicked => l.pick(
                "Pulsó un botón el ",
                "Tocou em um botão em ",
                "Pressed a button on ",
            ),
            Deed::Bought => l.pick("Compró el ", "Comprou em ", "Bought on "),
        }
    }
}

pub(crate) fn active(l: Language, deed: Deed, at: u64) -> String {
    dated(deed.word(l), at)
}

pub(crate) fn dormant(l: Language, at: u64) -> String {
    let words = l.pick(
        "Sin actividad desde el ",
        "Sem atividade desde ",
        "No activity since ",
    );
    dated(words, at)
}

pub(crate) fn new(l: Language, at: u64) -> String {
    dated(
        l.pick(
            "Primer contacto el ",
            "Primeiro contato em ",
            "First seen on ",
        ),
        at,
    )
}

pub(crate) fn cart(l: Language, at: u64, worth: Option<(i64, &str)>) -> String {
    let words = l.pick(
        "Carrito sin terminar desde el ",
        "Carrinho parado desde ",
        "Cart left on ",
    );
    let mut out = dated(words, at);
    if let Some((amount, currency)) = worth {
        out.push_str(l.pick(", por ", ", no valor de ", ", worth "));
        money(&mut out, l, amount, currency);
    }
    out
}

pub(crate) fn best(l: Language, count: u64, amount: i64, currency: &str, days: u64) -> String {
    let mut out = String::with_capacity(64);
    number(&mut out, count, l.thousands());
    out.push_str(l.pick(
        " compras por ",
        " compras no valor de ",
        " purchases worth ",
    ));
    money(&mut out, l, amount, currency);
    out.push_str(l.pick(" en ", " em ", " in "));
    number(&mut out, days, l.thousands());
    out.push_str(l.pick(" días", " dias", " days"));
    out
}

fn dated(words: &str, at: u64) -> String {
    let mut out = String::with_capacity(words.len() + 32);
    out.push_str(words);
    push_date(&mut out, at);
    out
}

/// Whole units with separators; hundredths when there are any.
fn money(out: &mut String, l: Language, milli: i64, currency: &str) {
    if milli < 0 {
        out.push('-');
    }
    let milli = milli.unsigned_abs();
    number(out, milli / 1_000, l.thousands());
    let cents = milli % 1_000 / 10;
    if cents > 0 {
        out.push(if l == Language::En { '.' } else { ',' });
        if cents < 10 {
            out.push('0');
        }
        number(out, cents, ' ');
    }
    out.push(' ');
    // The shop's own text: three letters of it at most.
    out.extend(currency.chars().take(3));
}

fn number(out: &mut String, n: u64, separator: char) {
    let digits = n.to_string();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
}
