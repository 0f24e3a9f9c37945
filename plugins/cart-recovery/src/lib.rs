//! Reminds people, once, of a cart they left behind.
//!
//! News of a cart set a timer; an order, an emptied cart or an opt-out takes it away. When it goes
//! off, the operator's template is proposed as promotion of the operator's topic. Whether it leaves
//! is for the gate.

mod cart;
mod settings;
mod silence;

use portero_sdk::{
    Action, Answer, BusinessEvent, ConsentChange, Event, Language, Proposal, Replies, Ruling,
    Template, TemplateSend, Timer, VerdictEvent, log, tidy_param,
};

use crate::cart::{Cart, News, State};
use crate::settings::Settings;

/// Prefix of the timers, before the cart's id.
const TIMER: &str = "cart:";

/// The plugin; it has no state but what is in kv.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartRecovery;

portero_sdk::export_replies!(CartRecovery, manifest = "portero-plugin.toml");

impl Replies for CartRecovery {
    fn business(&mut self, event: &Event, business: &BusinessEvent) -> Answer {
        let news = match News::read(business, event.meta.now) {
            Ok(news) => news,
            Err(why) => return Ok(unreadable(business, why)),
        };
        match business.name.as_str() {
            "cart.updated" | "cart.abandoned" => left_behind(event, business, &news),
            "cart.emptied" | "cart.cleared" | "cart.deleted" => {
                over(event, business, &news, State::Closed)
            }
            name if name.starts_with("order.") => over(event, business, &news, State::Ordered),
            _ => Ok(Vec::new()),
        }
    }

    fn timer(&mut self, event: &Event, timer: &Timer) -> Answer {
        match timer.name.strip_prefix(TIMER) {
            Some(id) => remind(event, id),
            None => Ok(Vec::new()),
        }
    }

    fn consent_changed(&mut self, event: &Event, change: &ConsentChange) -> Answer {
        if change.topic != "*" && change.topic != Settings::load().topic {
            return Ok(Vec::new());
        }
        match change.state.as_str() {
            "granted" => {
                silence::end(person(event))?;
                Ok(Vec::new())
            }
            // `revoked`, `revoked_promotional`, `declined`, and words not known yet.
            _ => fall_silent(event, "consent"),
        }
    }

    fn verdict(&mut self, event: &Event, verdict: &VerdictEvent) -> Answer {
        if silence::asked_by(verdict) {
            return fall_silent(event, &verdict.verdict.rule);
        }
        // Put off or held is not refused: the host keeps it. Refused: one proposal was the one.
        if verdict.verdict.ruling == Ruling::Deny {
            return Ok(vec![Action::metric("cart.refused", 1)]);
        }
        Ok(Vec::new())
    }
}

fn person(event: &Event) -> &str {
    &event.contact.handle
}

/// The shop's system made the mistake, not the person: a line and a count.
fn unreadable(business: &BusinessEvent, why: &str) -> Vec<Action> {
    log::error(format!("cannot use `{}`: {why}", business.name));
    vec![Action::metric("business.unreadable", 1)]
}

/// A cart with something in it: the timer starts again with every news of it.
fn left_behind(event: &Event, business: &BusinessEvent, news: &News) -> Answer {
    let Some(id) = &news.id else {
        return Ok(unreadable(
            business,
            "it names no cart: put its id into `cart`, at most 48 bytes",
        ));
    };
    if news.count == Some(0) {
        return over(event, business, news, State::Closed);
    }
    let known = Cart::load(person(event), id)?;
    match &known {
        Some(cart) if matches!(cart.state, State::Reminded | State::Ordered) => {
            return Ok(Vec::new());
        }
        Some(cart) if cart.at > news.at => {
            log::info(format!("`{}` came late and changes nothing", business.name));
            return Ok(Vec::new());
        }
        _ => {}
    }
    // An order that named no cart may have been of this one, which is told too late.
    if cart::last_order(person(event))?.is_some_and(|ordered| news.at < ordered) {
        log::info(format!(
            "`{}` is older than an order and changes nothing",
            business.name
        ));
        return Ok(Vec::new());
    }
    if silence::stands(person(event))? {
        return Ok(vec![Action::metric("cart.silent", 1)]);
    }
    let fresh = known.as_ref().is_none_or(|cart| cart.state != State::Open);
    let was = known.unwrap_or(Cart {
        state: State::Open,
        at: news.at,
        count: None,
        names: Vec::new(),
    });
    let told = news.count.is_some() || !news.names.is_empty();
    let cart = Cart {
        state: State::Open,
        at: news.at,
        count: if told { news.count } else { was.count },
        names: if told { news.names.clone() } else { was.names },
    };
    cart.keep(person(event), id)?;
    let due = news
        .at
        .saturating_add(Settings::load().delay_ms)
        .max(event.meta.now);
    let mut actions = vec![Action::timer(format!("{TIMER}{id}"), due, "")];
    if fresh {
        actions.push(Action::metric("cart.seen", 1));
    }
    Ok(actions)
}

/// Ordered or emptied. An order that names no cart ends all of the person's carts: a reminder of
/// what was bought meanwhile is worse than none.
fn over(event: &Event, business: &BusinessEvent, news: &News, state: State) -> Answer {
    let ids = match (&news.id, state) {
        (Some(id), _) => vec![id.clone()],
        (None, State::Ordered) => {
            cart::note_order(person(event), news.at)?;
            cart::ids(person(event))?
        }
        (None, _) => {
            return Ok(unreadable(
                business,
                "it names no cart: put its id into `cart`, at most 48 bytes",
            ));
        }
    };
    let mut actions = Vec::new();
    for id in ids {
        let known = Cart::load(person(event), &id)?;
        let was = known.as_ref().map(|c| c.state);
        if was == Some(State::Ordered) {
            continue;
        }
        // A cart that was reminded of stays so: emptied and filled again, it is the same cart.
        let state = match (was, state) {
            (Some(State::Reminded), State::Closed) => State::Reminded,
            _ => state,
        };
        let cart = Cart {
            state,
            at: news.at,
            count: None,
            names: Vec::new(),
        };
        cart.keep(person(event), &id)?;
        if was == Some(State::Open) {
            actions.push(Action::cancel_timer(format!("{TIMER}{id}")));
        }
        if was == Some(State::Reminded) && state == State::Ordered {
            actions.push(Action::metric("cart.recovered", 1));
        }
    }
    Ok(actions)
}

/// The timer went off: one proposal, and never another for this cart.
fn remind(event: &Event, id: &str) -> Answer {
    let Some(mut cart) = Cart::load(person(event), id)? else {
        return Ok(Vec::new());
    };
    if cart.state != State::Open || silence::stands(person(event))? {
        return Ok(Vec::new());
    }
    let settings = Settings::load();
    let Some(template) = filled(event, &settings, &cart) else {
        return Ok(vec![Action::metric("cart.unfilled", 1)]);
    };
    cart.state = State::Reminded;
    cart.keep(person(event), id)?;
    Ok(vec![
        Proposal::promotional(template, &settings.topic).into(),
        Action::metric("cart.reminded", 1),
    ])
}

/// No reminder of any cart from now on; what waits is taken away.
fn fall_silent(event: &Event, why: &str) -> Answer {
    silence::begin(person(event), why)?;
    let mut actions = Vec::new();
    for id in cart::ids(person(event))? {
        if let Some(mut cart) = Cart::load(person(event), &id)?
            && cart.state == State::Open
        {
            cart.state = State::Closed;
            cart.keep(person(event), &id)?;
            actions.push(Action::cancel_timer(format!("{TIMER}{id}")));
        }
    }
    Ok(actions)
}

/// The operator's template with this cart's values; nothing when it wants one that is not known,
/// above all a discount that the operator did not set.
fn filled(event: &Event, settings: &Settings, cart: &Cart) -> Option<TemplateSend> {
    let language = settings.languages.speak(&event.meta.language);
    let (customer, our_shop, and_more) = words(language);
    let name = event.contact.name.as_deref().map(|n| tidy_param(n, 60));
    let mut values = Vec::new();
    for slot in &settings.template.params {
        let value = match slot.as_str() {
            "nombre" => name
                .clone()
                .filter(|n| !n.is_empty())
                .or_else(|| Some(customer.to_owned())),
            "tienda" => Some(settings.shop.clone().unwrap_or_else(|| our_shop.to_owned())),
            "articulos" => cart.articles(and_more),
            "cantidad" => cart.count.map(|n| n.to_string()),
            "descuento" => settings.discount.clone(),
            _ => None,
        };
        let Some(value) = value else {
            log::error(format!(
                "the template wants `{slot}` and it is not known; nothing is proposed"
            ));
            return None;
        };
        values.push((slot.as_str(), tidy_param(&value, 200)));
    }
    let blank = Template::new(
        &settings.template.name,
        settings.languages.template_code(language),
    );
    Some(if settings.template.named {
        blank.all_named(values).build()
    } else {
        blank.all_text(values.into_iter().map(|(_, v)| v)).build()
    })
}

/// What somebody without a name is called, the shop without one, and what follows a list cut short.
const fn words(language: Language) -> (&'static str, &'static str, &'static str) {
    match language {
        Language::Es => ("cliente", "nuestra tienda", "y más"),
        Language::Pt => ("cliente", "nossa loja", "e mais"),
        Language::En => ("customer", "our shop", "and more"),
    }
}
