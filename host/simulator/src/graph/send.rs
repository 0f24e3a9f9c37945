//! `POST /{phone_number_id}/messages` (§1): every check that is answered at once, in order.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, params, read};
use crate::arena::Id;
use crate::errors::GraphError;
use crate::fate::{Accepted, window_closed};
use crate::faults::FaultMode;
use crate::messages::Class;
use crate::people::{Person, digits};
use crate::simulator::Simulator;
use crate::templates::Template;
use crate::validate::{Form, Send, marketing, read_body, template_match};
use crate::world::{Number, World};

pub(super) fn messages(
    simulator: &Simulator,
    call: &Call,
    number: &str,
) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let number = sender(&world, call, number)?;
    match read_body(call.body.len(), &params::with_query(call)?)? {
        Form::MarkRead(form) => read::mark(&mut world, number, &form, now),
        Form::Send(send) => accept(&mut world, call, number, send, Door::Messages, now),
    }
}

/// `POST /{phone_number_id}/marketing_messages` (§1.8): marketing templates alone.
pub(super) fn marketing(
    simulator: &Simulator,
    call: &Call,
    number: &str,
) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let number = sender(&world, call, number)?;
    let mut body = params::with_query(call)?;
    let extras = marketing::take(&mut body)?;
    match read_body(call.body.len(), &body)? {
        Form::Send(send) if send.kind == "template" => {
            let waba = &world.wabas[world.numbers[number].waba].is;
            let door = match (waba.marketing_messages, extras.strict) {
                (true, _) => Door::Marketing,
                (false, false) => Door::Fallback,
                (false, true) => {
                    return Err(GraphError::new(
                        134_102,
                        "the account is not onboarded to the Marketing Messages API and product_policy is STRICT",
                    ));
                }
            };
            accept(&mut world, call, number, send, door, now)
        }
        _ => Err(GraphError::parameter("Message must be a template message")),
    }
}

/// Which endpoint a message came through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Messages,
    Marketing,
    /// Asked of the marketing endpoint, sent through the Cloud API.
    Fallback,
}

fn sender(world: &World, call: &Call, number: &str) -> Result<Id<Number>, GraphError> {
    let token = auth::token(world, call, Permission::Messaging)?;
    let number = auth::number(world, token, number)?;
    if world.numbers[number].is.registered {
        Ok(number)
    } else {
        Err(GraphError::new(133_010, "register the number first"))
    }
}

fn accept(
    world: &mut World,
    call: &Call,
    number: Id<Number>,
    send: Send,
    door: Door,
    now: Ts,
) -> Result<Answer, GraphError> {
    if let Some(error) = world.faults.take_next(FaultMode::Sync) {
        return Err(error);
    }
    let by_user_id = send.recipient.is_bsuid();
    let person = recipient(world, number, &send.recipient)?;
    world.check_media_ids(number, &send.content, now)?;
    let template = template(world, call, number, &send, by_user_id)?;
    let class = class_of(world, &send, template);
    let class = through(world, number, door, class)?;
    if let Some(refused) = world.standing_refuses(number, class, template.is_some(), now) {
        return Err(refused);
    }
    if world.numbers[number].blocked.contains(&person) {
        return Err(GraphError::new(
            130_403,
            "this number has blocked the person; unblock them first",
        ));
    }
    if world.config.window_check_sync
        && template.is_none()
        && world.people[person].is.on_whatsapp
        && !world.window_open(number, person, now)
    {
        return Err(window_closed());
    }
    if world.config.rules.limit_check_sync
        && let Some(refused) = world.over_limit(number, person, now)
    {
        return Err(refused);
    }
    if !world.numbers[number].rate.has_room(now) {
        let mps = world.numbers[number].rate.mps();
        return Err(GraphError::new(
            130_429,
            format!("this number may handle {mps} messages per second"),
        ));
    }
    let rule = world.config.pair_rule;
    if !world.thread(number, person).limit.take(rule, now) {
        return Err(GraphError::new(
            131_056,
            "too many messages from this number to the same person in a short time",
        ));
    }
    world.numbers[number].rate.take(now);
    let body = success(world, number, person, &send, template.is_some());
    let (wamid, state) = world.accept(
        Accepted {
            number,
            person,
            kind: send.kind,
            content: send.content,
            opaque: send.opaque,
            class,
            template,
            by_user_id,
        },
        now,
    );
    let lost = world.faults.take_drop();
    Ok(Answer {
        body: with_wamid(body, &wamid, state),
        file: None,
        status: 200,
        lost,
    })
}

/// Who it goes to; a user id must be one of this portfolio (§1.12).
fn recipient(
    world: &mut World,
    number: Id<Number>,
    key: &AddressKey,
) -> Result<Id<Person>, GraphError> {
    if key.is_bsuid() {
        let portfolio = world.portfolio_of(number).to_owned();
        return world
            .by_user_id
            .get(&(portfolio, key.as_str().to_owned()))
            .copied()
            .ok_or_else(|| {
                GraphError::new(
                    131_009,
                    "recipient is no user id of this business portfolio",
                )
            });
    }
    let own = AddressKey::parse(&world.numbers[number].is.display);
    if own.is_ok_and(|own| own == *key) {
        return Err(GraphError::new(131_021, "to is the sending number itself"));
    }
    Ok(world.person_or_stranger(key))
}

/// Finds the template and fits the parameters to it (§7.5).
fn template(
    world: &World,
    call: &Call,
    number: Id<Number>,
    send: &Send,
    by_user_id: bool,
) -> Result<Option<Id<Template>>, GraphError> {
    let Some(object) = send
        .content
        .get("template")
        .filter(|_| send.kind == "template")
    else {
        return Ok(None);
    };
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let (name, language) = (text("/name"), text("/language/code"));
    let waba = world.numbers[number].waba;
    let absent = || {
        GraphError::new(
            132_001,
            format!("template name ({name}) does not exist in {language}"),
        )
    };
    let id = *world
        .by_template
        .get(&(waba, name.clone(), language.clone()))
        .ok_or_else(absent)?;
    let template = &world.templates[id];
    match template.status.as_str() {
        "APPROVED" => {}
        "PAUSED" => {
            return Err(GraphError::new(
                132_015,
                format!("template {name} is paused"),
            ));
        }
        "DISABLED" => {
            return Err(GraphError::new(
                132_016,
                format!("template {name} is disabled"),
            ));
        }
        _ => return Err(absent()),
    }
    // Since v23.0 parameter problems have a code of their own; without a version, the newest.
    let format_code = if call.version.is_none_or(|version| version >= 23) {
        132_018
    } else {
        132_012
    };
    template_match::check(template, object, format_code)?;
    if by_user_id && template.category == "AUTHENTICATION" {
        return Err(GraphError::new(
            131_062,
            "authentication templates need a phone number",
        ));
    }
    Ok(Some(id))
}

fn class_of(world: &World, send: &Send, template: Option<Id<Template>>) -> Class {
    match template.map(|id| world.templates[id].category.as_str()) {
        Some("MARKETING") => Class::Marketing,
        Some("AUTHENTICATION") => Class::Authentication,
        Some(_) => Class::Utility,
        None if send.kind == "reaction" => Class::Free,
        None => Class::Service,
    }
}

/// What each endpoint takes of templates (§1.8); the marketing one has a price of its own.
fn through(
    world: &World,
    number: Id<Number>,
    door: Door,
    class: Class,
) -> Result<Class, GraphError> {
    let waba = &world.wabas[world.numbers[number].waba].is;
    match (door, class) {
        (Door::Messages, Class::Marketing) if waba.marketing_only_there => Err(GraphError::new(
            131_063,
            "this account sends marketing templates through /marketing_messages alone",
        )),
        (Door::Messages, class) => Ok(class),
        (Door::Marketing, Class::Marketing) => Ok(Class::MarketingLite),
        (Door::Fallback, Class::Marketing) => Ok(Class::Marketing),
        _ => Err(GraphError::new(
            134_100,
            "the template's category is not MARKETING; send it through /messages",
        )),
    }
}

/// §1.5; `wa_id` is the person's own spelling, which may differ from the input in BR and MX.
fn success(
    world: &World,
    number: Id<Number>,
    person: Id<Person>,
    send: &Send,
    is_template: bool,
) -> Value {
    let mut contact = json!({"input": send.input});
    if let Some(fields) = contact.as_object_mut() {
        let who = &world.people[person];
        if send.recipient.is_bsuid() {
            let user_id = who.user_id(world.portfolio_of(number)).unwrap_or("");
            fields.insert("user_id".into(), user_id.into());
        } else {
            let wa_id = who
                .is
                .wa_id
                .clone()
                .unwrap_or_else(|| digits(send.recipient.as_str()));
            fields.insert("wa_id".into(), wa_id.into());
        }
    }
    let mut message = json!({"id": ""});
    if is_template && let Some(fields) = message.as_object_mut() {
        fields.insert("message_status".into(), "accepted".into());
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}

fn with_wamid(mut body: Value, wamid: &str, state: &str) -> Value {
    if let Some(told) = body.pointer_mut("/messages/0/message_status") {
        *told = state.into();
    }
    if let Some(id) = body.pointer_mut("/messages/0/id") {
        *id = wamid.into();
    }
    body
}
