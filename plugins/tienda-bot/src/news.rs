//! What the bot says without being asked: news of orders, carts left behind, a question a day after
//! delivery. The gate decides whether any of it leaves.

use portero_sdk::{
    Action, Answer, BusinessEvent, Buttons, HostError, Proposal, Ruling, Template, TemplateSend,
    Timer, VerdictEvent, gate, log, tidy_param,
};
use serde_json::{Map, Value};

use crate::Call;
use crate::memory;
use crate::orders::{self, Change, Order, State};
use crate::talk::tap;
use crate::words::fill;
use portero_sdk::settings::TemplateShape;

const DAY_MS: u64 = 24 * 3_600_000;

/// Prefix of the timers that ask a day after delivery.
const AFTER: &str = "after:";

/// An `order.…` event of the shop's system.
pub(crate) fn order(call: &Call<'_>, word: &str, business: &BusinessEvent) -> Answer {
    let Some(data) = data_of(business) else {
        return Ok(unreadable(business, "its data is no JSON object"));
    };
    let Some(id) = orders::id_in(&data) else {
        let why = "it names no order: put its number into `order`, at most 48 bytes";
        return Ok(unreadable(business, why));
    };
    let now = call.event.meta.now;
    let at = data
        .get("at_ms")
        .and_then(Value::as_u64)
        .unwrap_or(now)
        .min(now);
    let state = State::parse(word);
    let mut known = memory::orders(call.person());
    let news = Order {
        id: id.clone(),
        state,
        at,
    };
    let change = orders::learn(&mut known, news);
    if change == Change::Late {
        log::info(format!("`{}` came late and changes nothing", business.name));
        return Ok(Vec::new());
    }
    memory::keep_orders(call.person(), &known)?;
    let Some(state) = state else {
        log::warn(format!("no words for the order state `{word}`"));
        return Ok(Vec::new());
    };
    if change == Change::Known {
        return Ok(Vec::new());
    }
    let mut actions = vec![tell(call, &id, state)?];
    match state {
        State::Delivered => {
            let ask_at = at.saturating_add(DAY_MS).max(now);
            actions.push(Action::timer(format!("{AFTER}{id}"), ask_at, id));
        }
        State::Cancelled => actions.push(Action::cancel_timer(format!("{AFTER}{id}"))),
        _ => {}
    }
    Ok(actions)
}

/// Free text while the conversation is open, else the template.
fn tell(call: &Call<'_>, order: &str, state: State) -> Result<Action, HostError> {
    if call.event.window_open() {
        let text = fill(
            call.words.news,
            &[
                ("order", order),
                ("shop", call.shop()),
                ("state", call.words.state(state)),
            ],
        );
        let proposal = Proposal::news(text);
        if !window_would_refuse(&proposal) {
            memory::said(call.person(), order, state)?;
            return Ok(proposal.into());
        }
    }
    let _ = memory::take_said(call.person());
    Ok(Proposal::transactional(order_template(call, order, state)).into())
}

/// Asks the gate, in case the window closes within its margin. Without an answer, the text is tried.
fn window_would_refuse(proposal: &Proposal) -> bool {
    match gate::preview(proposal) {
        Ok(verdict) => verdict.ruling != Ruling::Allow && is_window_rule(&verdict.rule),
        Err(_) => false,
    }
}

fn is_window_rule(rule: &str) -> bool {
    matches!(rule, "session.window-closed" | "session.window-margin")
}

/// The gate refused something: news that were too late for free text become a template, once.
pub(crate) fn refused(call: &Call<'_>, event: &VerdictEvent) -> Answer {
    let verdict = &event.verdict;
    if is_window_rule(&verdict.rule)
        && let Some((order, state)) = memory::take_said(call.person())
    {
        let template = order_template(call, &order, state);
        return Ok(vec![Proposal::transactional(template).into()]);
    }
    log::info(format!("refused by `{}`: {}", verdict.rule, verdict.remedy));
    Ok(Vec::new())
}

/// A cart left behind: promotion, so only the gate knows whether the person agreed to it.
pub(crate) fn cart(call: &Call<'_>, business: &BusinessEvent) -> Answer {
    let Some(data) = data_of(business) else {
        return Ok(unreadable(business, "its data is no JSON object"));
    };
    let items = match data.get("items") {
        Some(Value::Number(n)) => n.as_u64(),
        Some(Value::Array(list)) => u64::try_from(list.len()).ok(),
        _ => None,
    };
    if items == Some(0) {
        return Ok(Vec::new());
    }
    let items = items.map_or_else(String::new, |n| n.to_string());
    let shape = &call.config.cart_template;
    if items.is_empty() && shape.params.iter().any(|p| p == "articulos") {
        return Ok(unreadable(
            business,
            "it has no `items`, which the template wants",
        ));
    }
    let template = filled(call, shape, &[("articulos", &items)]);
    Ok(vec![
        Proposal::promotional(template, &call.config.offers_topic).into(),
    ])
}

/// A day after delivery: ask, if the conversation is still open and nothing has changed since.
pub(crate) fn after_delivery(call: &Call<'_>, timer: &Timer) -> Answer {
    if !timer.name.starts_with(AFTER) || !call.event.window_open() {
        return Ok(Vec::new());
    }
    let known = memory::orders(call.person());
    let delivered = known
        .iter()
        .any(|o| o.id == timer.payload && o.state == Some(State::Delivered));
    if !delivered {
        return Ok(Vec::new());
    }
    let _ = memory::take_said(call.person());
    let question = Buttons::new(fill(call.words.after, &[("order", &timer.payload)]))
        .button(tap::FINE, call.words.button_fine)
        .button(tap::PROBLEM, call.words.button_problem);
    Ok(vec![Proposal::news(question).into()])
}

fn data_of(business: &BusinessEvent) -> Option<Map<String, Value>> {
    match serde_json::from_str(&business.data_json) {
        Ok(Value::Object(data)) => Some(data),
        _ => None,
    }
}

/// The shop's system made the mistake, not the person: they keep the bot, the operator sees a line
/// and a count.
fn unreadable(business: &BusinessEvent, why: &str) -> Vec<Action> {
    log::error(format!("cannot use `{}`: {why}", business.name));
    vec![Action::metric("business.unreadable", 1)]
}

fn order_template(call: &Call<'_>, order: &str, state: State) -> TemplateSend {
    let values = [("pedido", order), ("estado", call.words.state(state))];
    filled(call, &call.config.order_template, &values)
}

/// Fills a template of the operator's shape; a slot that nothing fills stays away, and the gate
/// says so (`template.params`).
fn filled(call: &Call<'_>, shape: &TemplateShape, values: &[(&str, &str)]) -> TemplateSend {
    let name = call
        .event
        .contact
        .name
        .as_deref()
        .map(|n| tidy_param(n, 60));
    let name = name.as_deref().filter(|n| !n.is_empty());
    let value = |slot: &str| match slot {
        "nombre" => Some(name.unwrap_or(call.words.customer)),
        "tienda" => Some(call.shop()),
        _ => values.iter().find(|(s, _)| *s == slot).map(|(_, v)| *v),
    };
    let filled = shape
        .params
        .iter()
        .filter_map(|slot| Some((slot.as_str(), tidy_param(value(slot)?, 200))));
    let blank = Template::new(
        &shape.name,
        call.config.languages.template_code(call.language),
    );
    if shape.named {
        blank.all_named(filled).build()
    } else {
        blank.all_text(filled.map(|(_, value)| value)).build()
    }
}
