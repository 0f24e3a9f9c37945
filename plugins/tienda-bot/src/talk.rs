//! Answers to what people write, tap and send.

use portero_sdk::{
    Action, Answer, Buttons, InboundBody, InboundMedia, MediaKind, Menu, tidy_param,
};

use crate::Call;
use crate::config::Hours;
use crate::intent::Intent;
use crate::memory;
use crate::orders::{self, Order};
use crate::words::{Words, fill};

/// Ids of what can be tapped.
pub(crate) mod tap {
    pub(crate) const ORDERS: &str = "tienda:orders";
    pub(crate) const HOURS: &str = "tienda:hours";
    pub(crate) const ADDRESS: &str = "tienda:address";
    pub(crate) const OFFERS: &str = "tienda:offers";
    pub(crate) const PERSON: &str = "tienda:person";
    pub(crate) const MENU: &str = "tienda:menu";
    pub(crate) const FINE: &str = "tienda:fine";
    pub(crate) const PROBLEM: &str = "tienda:problem";
}

/// Answers one message.
pub(crate) fn answer(call: &Call<'_>, body: &InboundBody) -> Answer {
    // Whoever writes has an open window: news of before have left or will not become a template.
    let _ = memory::take_said(call.person());
    let words = call.words;
    Ok(match body {
        InboundBody::Text(text) => text_or_lost(call, text),
        InboundBody::ButtonReply { id, title } | InboundBody::ListReply { id, title, .. } => {
            tapped(call, id, title)
        }
        InboundBody::TemplateButton { payload, text } => tapped(call, payload, text),
        InboundBody::Media(media) => media_answer(call, media),
        InboundBody::Location(_) => vec![offer_person(call, words.location)],
        InboundBody::Contacts { .. } => vec![offer_person(call, words.card)],
        InboundBody::Order(order) if order.items.is_empty() => {
            vec![offer_person(call, words.unreadable)]
        }
        InboundBody::Order(order) => {
            let pieces = order
                .items
                .iter()
                .fold(0_u64, |sum, i| sum.saturating_add(u64::from(i.quantity)));
            let text = fill(
                words.cart,
                &[("shop", call.shop()), ("count", &pieces.to_string())],
            );
            vec![
                Action::reply(text),
                Action::metric("cart.received", 1),
                Action::hand_over("sent a cart from the catalogue"),
            ]
        }
        InboundBody::FlowReply { .. } => vec![
            Action::reply(fill(words.form, &[("shop", call.shop())])),
            Action::hand_over("filled in a form"),
        ],
        InboundBody::Unsupported(_) if call.event.window_open() => {
            vec![offer_person(call, words.unreadable)]
        }
        // A reaction asks for nothing, a changed number is the host's business.
        _ => Vec::new(),
    })
}

fn text_or_lost(call: &Call<'_>, text: &str) -> Vec<Action> {
    if let Some(intent) = Intent::of(text) {
        memory::understood(call.person());
        return intended(call, intent, text);
    }
    let known = memory::orders(call.person());
    if !orders::named_in(&known, text).is_empty() {
        memory::understood(call.person());
        return vec![order_status(call, text)];
    }
    if memory::lost_again(call.person()) >= 2 {
        memory::understood(call.person());
        return hand_over(call, call.words.lost, "not understood twice");
    }
    vec![Action::reply(
        Buttons::new(call.words.fallback)
            .button(tap::ORDERS, call.words.button_orders)
            .button(tap::MENU, call.words.button_menu)
            .button(tap::PERSON, call.words.button_person),
    )]
}

fn tapped(call: &Call<'_>, id: &str, title: &str) -> Vec<Action> {
    // The host's own questions; it has taken the answer already.
    if id.starts_with("portero:") {
        return Vec::new();
    }
    memory::understood(call.person());
    let intent = match id {
        tap::ORDERS => Intent::Orders,
        tap::HOURS => Intent::Hours,
        tap::ADDRESS => Intent::Address,
        tap::OFFERS => Intent::Offers,
        tap::PERSON => Intent::Person,
        tap::MENU => Intent::Menu,
        tap::FINE => return vec![Action::reply(call.words.after_fine)],
        tap::PROBLEM => {
            return hand_over(call, call.words.after_problem, "problem with a delivery");
        }
        // Quick replies of templates come with their label, in any language.
        _ => return text_or_lost(call, title),
    };
    intended(call, intent, "")
}

fn intended(call: &Call<'_>, intent: Intent, text: &str) -> Vec<Action> {
    let words = call.words;
    match intent {
        Intent::Person => hand_over(call, words.person, "asked for a person"),
        Intent::Orders => vec![order_status(call, text)],
        Intent::Offers => vec![offers(call)],
        Intent::StopOffers => vec![Action::reply(words.offers_stop)],
        Intent::Hours => vec![hours(call)],
        Intent::Address => vec![address(call)],
        Intent::Menu => vec![menu(call)],
        Intent::Thanks => vec![Action::reply(words.thanks)],
        Intent::Greeting => vec![greeting(call)],
    }
}

fn greeting(call: &Call<'_>) -> Action {
    let words = call.words;
    let name = call
        .event
        .contact
        .name
        .as_deref()
        .map(|n| tidy_param(n, 40));
    let body = match name.as_deref().filter(|n| !n.is_empty()) {
        Some(name) => fill(
            words.greeting_named,
            &[("shop", call.shop()), ("name", name)],
        ),
        None => fill(words.greeting, &[("shop", call.shop())]),
    };
    Action::reply(
        Buttons::new(body)
            .button(tap::ORDERS, words.button_orders)
            .button(tap::HOURS, words.button_hours)
            .button(tap::MENU, words.button_menu),
    )
}

fn menu(call: &Call<'_>) -> Action {
    let words = call.words;
    let row = |menu: Menu, id: &str, (title, about): (&str, &str)| menu.row(id, title, about);
    let mut list = Menu::new(words.menu_body, words.menu_label).section(words.section_orders);
    list = row(list, tap::ORDERS, words.row_orders);
    list = row(list, tap::OFFERS, words.row_offers);
    list = list.section(words.section_shop);
    list = row(list, tap::HOURS, words.row_hours);
    if call.config.address.is_some() {
        list = row(list, tap::ADDRESS, words.row_address);
    }
    Action::reply(row(list, tap::PERSON, words.row_person))
}

fn hours(call: &Call<'_>) -> Action {
    let lines = hour_lines(&call.config.hours, call.words);
    if lines.is_empty() {
        return offer_person(call, call.words.no_hours);
    }
    let text = fill(
        call.words.hours,
        &[("shop", call.shop()), ("lines", &lines.join("\n"))],
    );
    Action::reply(text)
}

/// Days in a row with the same hours share a line.
fn hour_lines(hours: &Hours, words: &Words) -> Vec<String> {
    let days = match hours {
        Hours::Week(text) => return vec![text.clone()],
        Hours::Days(days) => days,
    };
    let mut runs: Vec<(&str, &str, &str)> = Vec::new();
    let mut joinable = false;
    for (day, text) in words.days.iter().zip(days) {
        let Some(text) = text.as_deref() else {
            joinable = false;
            continue;
        };
        match runs.last_mut() {
            Some((_, to, same)) if joinable && *same == text => *to = day,
            _ => runs.push((day, day, text)),
        }
        joinable = true;
    }
    runs.into_iter()
        .map(|(from, to, text)| {
            if from == to {
                format!("{from}: {text}")
            } else {
                let days = fill(words.day_range, &[("from", from), ("to", to)]);
                format!("{days}: {text}")
            }
        })
        .collect()
}

fn address(call: &Call<'_>) -> Action {
    match call.config.address.as_deref() {
        Some(address) => Action::reply(fill(
            call.words.address,
            &[("shop", call.shop()), ("address", address)],
        )),
        None => offer_person(call, call.words.no_address),
    }
}

fn order_status(call: &Call<'_>, text: &str) -> Action {
    let known = memory::orders(call.person());
    let named = orders::named_in(&known, text);
    if named.is_empty() && orders::names_some_order(text) {
        return offer_person(call, call.words.no_such_order);
    }
    let shown: Vec<&Order> = if named.is_empty() {
        known.iter().collect()
    } else {
        named
    };
    if shown.is_empty() {
        return offer_person(call, call.words.no_orders);
    }
    let lines: Vec<String> = shown
        .iter()
        .map(|o| match o.state {
            Some(state) => fill(
                call.words.order_line,
                &[("order", &o.id), ("state", call.words.state(state))],
            ),
            None => fill(call.words.order_line_unknown, &[("order", &o.id)]),
        })
        .collect();
    let body = fill(call.words.orders, &[("lines", &lines.join("\n"))]);
    Action::reply(
        Buttons::new(body)
            .button(tap::MENU, call.words.button_menu)
            .button(tap::PERSON, call.words.button_person),
    )
}

fn offers(call: &Call<'_>) -> Action {
    if call.event.agreed_to(&call.config.offers_topic) {
        return Action::reply(fill(call.words.offers_already, &[("shop", call.shop())]));
    }
    Action::ask_consent(&call.config.offers_wording, &call.config.offers_topic)
}

fn media_answer(call: &Call<'_>, media: &InboundMedia) -> Vec<Action> {
    if media.kind == MediaKind::Sticker {
        return Vec::new();
    }
    let caption = media.caption.as_deref().unwrap_or_default();
    // A picture with "¿tienen este?" is for a person; one with "mi pedido" is answered.
    if let Some(intent) = Intent::of(caption) {
        memory::understood(call.person());
        return intended(call, intent, caption);
    }
    let phrase = if media.kind == MediaKind::Audio {
        call.words.voice
    } else {
        call.words.media
    };
    vec![offer_person(call, phrase)]
}

/// A phrase with buttons to call a person or see the menu.
fn offer_person(call: &Call<'_>, phrase: &str) -> Action {
    Action::reply(
        Buttons::new(fill(phrase, &[("shop", call.shop())]))
            .button(tap::PERSON, call.words.button_person)
            .button(tap::MENU, call.words.button_menu),
    )
}

fn hand_over(call: &Call<'_>, phrase: &str, reason: &str) -> Vec<Action> {
    vec![
        Action::reply(fill(phrase, &[("shop", call.shop())])),
        Action::hand_over(reason),
    ]
}
