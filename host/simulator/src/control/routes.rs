//! Every control path once: what answers it, and what `GET /_sim/openapi.json` says of it.

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};

use super::{accounts, beside, chats, clock, faults, look, openapi, people, templates, webhooks};
use crate::simulator::Simulator;

/// A field of a request body, or a parameter of the query.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// JSON type; empty for any.
    pub(super) kind: &'static str,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

const fn need(name: &'static str, kind: &'static str, about: &'static str) -> Field {
    Field {
        name,
        kind,
        required: true,
        about,
    }
}

const fn may(name: &'static str, kind: &'static str, about: &'static str) -> Field {
    Field {
        name,
        kind,
        required: false,
        about,
    }
}

/// One method of a path.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) about: &'static str,
    /// Parameters of the query for `get`, else fields of the body.
    pub(super) fields: Vec<Field>,
    /// Whether the body may have fields that are not listed.
    pub(super) open: bool,
}

fn reads(about: &'static str, fields: Vec<Field>) -> Operation {
    Operation {
        method: "get",
        about,
        fields,
        open: false,
    }
}

fn does(about: &'static str, fields: Vec<Field>) -> Operation {
    Operation {
        method: "post",
        about,
        fields,
        open: false,
    }
}

fn does_with_more(about: &'static str, fields: Vec<Field>) -> Operation {
    Operation {
        method: "post",
        about,
        fields,
        open: true,
    }
}

pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) answers: MethodRouter<Arc<Simulator>>,
    pub(super) operations: Vec<Operation>,
}

fn route(
    path: &'static str,
    answers: MethodRouter<Arc<Simulator>>,
    operations: impl Into<Vec<Operation>>,
) -> Route {
    Route {
        path,
        answers,
        operations: operations.into(),
    }
}

const NUMBER: Field = need("number", "string", "phone number id, or the number itself");
fn limit() -> Vec<Field> {
    vec![may(
        "limit",
        "integer",
        "the newest so many, 100 by default",
    )]
}

pub(super) fn all() -> Vec<Route> {
    vec![
        route(
            "/openapi.json",
            get(openapi::show),
            [reads("This document.", vec![])],
        ),
        route(
            "/world",
            get(look::world).put(look::load),
            [
                reads(
                    "Accounts, numbers, templates, people, faults, the time.",
                    vec![may(
                        "whole",
                        "boolean",
                        "true: everything, to be loaded again",
                    )],
                ),
                Operation {
                    method: "put",
                    about: "Puts a saved world in place of this one.",
                    fields: vec![
                        need("version", "integer", "1"),
                        need("now_at", "integer", "its time, Unix milliseconds"),
                        need("world", "object", "as it was saved"),
                    ],
                    open: false,
                },
            ],
        ),
        route(
            "/world/reset",
            post(look::reset),
            [does("The world as it was configured, from now on.", vec![])],
        ),
        route(
            "/idle",
            get(look::idle),
            [reads(
                "Whether anything is still under way: wait for this instead of sleeping.",
                vec![],
            )],
        ),
        route(
            "/requests",
            get(look::requests),
            [reads(
                "What was asked of the Graph surface; tokens are not kept.",
                limit(),
            )],
        ),
        route(
            "/messages",
            get(look::messages),
            [reads(
                "Messages of both directions with their statuses.",
                limit(),
            )],
        ),
        route(
            "/messages/{wamid}",
            get(chats::one),
            [reads("One message.", vec![])],
        ),
        route(
            "/people",
            get(people::list).post(people::upsert),
            [
                reads("Everybody.", vec![]),
                does_with_more(
                    "Makes a person, or changes the one with this `wa_id` or `user_id`.",
                    vec![
                        may("name", "string", "profile name"),
                        may("wa_id", "string", "digits with country code"),
                        may("user_id", "string", "business-scoped user id"),
                        may("username", "string", "hides the phone after 30 days"),
                        may("online", "boolean", "offline people get messages later"),
                        may("receipts", "boolean", "read receipts"),
                        may("on_whatsapp", "boolean", "false: 131026"),
                    ],
                ),
            ],
        ),
        route(
            "/people/{person}",
            get(people::one),
            [reads("One person.", vec![])],
        ),
        route(
            "/people/{person}/say",
            post(chats::say),
            [does_with_more(
                "They write. The object named after `type` is the content.",
                vec![
                    NUMBER,
                    may("type", "string", "`text` by default"),
                    may("text", "", "the text, for `text`"),
                    may("context", "", "the wamid they reply to"),
                ],
            )],
        ),
        route(
            "/people/{person}/tap",
            post(chats::tap),
            [does(
                "They tap a button or a row of a message.",
                vec![
                    NUMBER,
                    need("message", "string", "wamid of the business's message"),
                    may("id", "string", "id of the button or row"),
                    may("index", "integer", "its place, from 0; this or `id`"),
                ],
            )],
        ),
        route(
            "/people/{person}/thread",
            get(chats::thread),
            [reads("The chat as they see it.", vec![NUMBER])],
        ),
        route(
            "/people/{person}/preference",
            post(people::preference),
            [does(
                "\"Offers and announcements\".",
                vec![NUMBER, need("value", "string", "`stop` or `resume`")],
            )],
        ),
        route(
            "/people/{person}/block",
            post(people::block),
            [does(
                "They block the number; the business is told nothing.",
                vec![NUMBER, may("value", "boolean", "false unblocks")],
            )],
        ),
        route(
            "/people/{person}/report",
            post(people::report),
            [does(
                "They report the number; quality suffers.",
                vec![NUMBER, may("block", "boolean", "true: and block it")],
            )],
        ),
        route(
            "/people/{person}/interest",
            post(people::interest),
            [does(
                "They tap \"not interested\": a lower cap for marketing.",
                vec![need("value", "string", "`less` or `more`")],
            )],
        ),
        route(
            "/people/{person}/number",
            post(people::number),
            [does(
                "They change their phone number.",
                vec![may("wa_id", "string", "the new one; absent to hide it")],
            )],
        ),
        route(
            "/people/{person}/call",
            post(beside::call),
            [does(
                "They call and hang up; that opens the window.",
                vec![NUMBER],
            )],
        ),
        route(
            "/people/{person}/agent",
            post(beside::agent),
            [does(
                "Meta's own agent takes the chat; the business gets `standby`.",
                vec![NUMBER, need("value", "boolean", "true while it has it")],
            )],
        ),
        route(
            "/numbers/{number}",
            post(beside::dials),
            [does(
                "Sets the quality of a number, or gives it a higher throughput.",
                vec![
                    may("quality", "string", "`GREEN`, `YELLOW` or `RED`"),
                    may(
                        "mps",
                        "integer",
                        "messages a second, after a minute of 131057",
                    ),
                ],
            )],
        ),
        route(
            "/numbers/{number}/echo",
            post(beside::echo),
            [does(
                "Somebody of the business writes from the WhatsApp Business app.",
                vec![
                    need("to", "string", "the person"),
                    need("text", "string", "what they write"),
                ],
            )],
        ),
        route(
            "/numbers/{number}/fail",
            post(beside::fail),
            [does(
                "The number's next message is accepted and fails afterwards.",
                vec![need("code", "integer", "one of Meta's codes")],
            )],
        ),
        route(
            "/portfolios/{id}",
            get(accounts::portfolio).post(accounts::change),
            [
                reads(
                    "The messaging limit of a portfolio, and what is used of it.",
                    vec![],
                ),
                does(
                    "Another messaging limit, told by webhook.",
                    vec![
                        may("limit", "string", "`TIER_250` to `TIER_UNLIMITED`"),
                        may("verified", "boolean", "true: Meta verified the business"),
                    ],
                ),
            ],
        ),
        route(
            "/accounts/{waba}/misuse",
            post(accounts::misuse),
            [does(
                "Meta found misuse of categories: no new utility templates, few sends.",
                vec![
                    may("days", "integer", "how long, 7 by default"),
                    may(
                        "sends",
                        "integer",
                        "utility templates still sent, then 131064",
                    ),
                ],
            )],
        ),
        route(
            "/accounts/{waba}",
            post(beside::news),
            [does(
                "News of an account by webhook.",
                vec![
                    need("field", "string", "the webhook's field"),
                    need("value", "", "its value, as given"),
                ],
            )],
        ),
        route(
            "/clock",
            get(clock::show).post(clock::set),
            [
                reads("The time, and whether it can be moved.", vec![]),
                does(
                    "Sets the time to a later instant.",
                    vec![
                        may("now", "string", "RFC 3339"),
                        may("now_at", "integer", "Unix milliseconds; this or `now`"),
                    ],
                ),
            ],
        ),
        route(
            "/clock/pause",
            post(clock::pause),
            [does("Time stands still.", vec![])],
        ),
        route(
            "/clock/run",
            post(clock::run),
            [does("Time goes on from where it stood.", vec![])],
        ),
        route(
            "/clock/jump",
            post(clock::jump),
            [does(
                "Moves time forward.",
                vec![need("ms", "integer", "milliseconds")],
            )],
        ),
        route(
            "/faults",
            get(faults::show).post(faults::set),
            [
                reads("What goes wrong on demand.", vec![]),
                does(
                    "Sets the fields that are given and keeps the others.",
                    vec![
                        may(
                            "next",
                            "array",
                            "errors of the next sends: `code`, `times`, `mode`",
                        ),
                        may("drop_answer_next", "integer", "answers that are not sent"),
                        may("duplicate_percent", "integer", "webhooks sent twice"),
                        may("reorder", "boolean", "webhooks overtake each other"),
                        may("reorder_ms", "integer", "by up to so much"),
                        may("delay_ms", "integer", "webhooks come late"),
                        may("pause_webhooks", "boolean", "none until false again"),
                        may("batch", "integer", "so many updates in one body"),
                        may(
                            "bad_signature_next",
                            "integer",
                            "signed with a wrong secret",
                        ),
                    ],
                ),
            ],
        ),
        route(
            "/templates/{waba}/{name}/{language}",
            get(templates::show).post(templates::change),
            [
                reads("Status, category, quality of a template.", vec![]),
                does(
                    "What Meta does to a template; one of the fields at least.",
                    vec![
                        may("status", "string", "new status, told by webhook"),
                        may("event", "string", "an event that changes no status"),
                        may("reason", "string", "`reason` of that webhook"),
                        may("hyphen", "boolean", "language as `es-MX` there"),
                        may("quality", "string", "RED pauses, the third time disables"),
                        may("category", "string", "another category"),
                        may("notice", "boolean", "announce it a day ahead"),
                        may("body", "string", "another text of the body"),
                        may("pacing", "string", "`good` or `bad`: the end of its pacing"),
                    ],
                ),
            ],
        ),
        route(
            "/webhooks",
            get(webhooks::log),
            [reads(
                "One line per attempt, with the body as it went out.",
                limit(),
            )],
        ),
        route(
            "/webhooks/replay",
            post(webhooks::replay),
            [does(
                "Sends the last delivered bodies again, byte for byte.",
                vec![
                    may("last", "integer", "how many, 1 by default"),
                    may("nth", "integer", "this one of the log instead"),
                ],
            )],
        ),
        route(
            "/webhooks/verify",
            post(webhooks::verify),
            [does("Sends the handshake to the callback.", vec![])],
        ),
        route(
            "/callback",
            post(webhooks::callback),
            [does(
                "Where webhooks go from now on.",
                vec![may("url", "string", "null for nowhere")],
            )],
        ),
    ]
}
