//! What becomes of an accepted message, and everything else that happens by itself later.

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arena::Id;
use crate::config::Act;
use crate::errors::GraphError;
use crate::faults::FaultMode;
use crate::limits::Throughput;
use crate::messages::{Class, Direction, Message, StatusMark, default_ttl};
use crate::people::Person;
use crate::templates::Template;
use crate::world::{Number, World};

/// Something with a time of its own.
#[derive(Serialize, Deserialize)]
pub(crate) enum Due {
    Sent(Id<Message>),
    Delivered(Id<Message>),
    Read(Id<Message>),
    Played(Id<Message>),
    Failed(Id<Message>, GraphError),
    /// The end of the n-th pause of a template.
    Unpause(Id<Template>, u32),
    /// The n-th review of a template.
    Reviewed(Id<Template>, u32),
    /// The announced recategorisation.
    Recategorise(Id<Template>, String),
    /// A person does what rule n of theirs says about a message.
    Auto(Id<Message>, usize),
    /// The higher messaging limit of a portfolio.
    Upgrade(String),
    /// A complaint has grown old: quality may be better.
    Judge(Id<Number>, Option<Id<Template>>),
    /// What is held of a template is released or fails.
    PacingDecided(Id<Template>),
    /// The template may have been idle for a year.
    Idle(Id<Template>),
    /// A number has its higher throughput.
    Faster(Id<Number>, u32),
}

impl Due {
    /// The message it is about.
    fn message(&self) -> Option<Id<Message>> {
        match self {
            Due::Sent(id)
            | Due::Delivered(id)
            | Due::Read(id)
            | Due::Played(id)
            | Due::Failed(id, _)
            | Due::Auto(id, _) => Some(*id),
            _ => None,
        }
    }
}

/// A send that passed every check that is answered at once.
pub(crate) struct Accepted {
    pub(crate) number: Id<Number>,
    pub(crate) person: Id<Person>,
    pub(crate) kind: String,
    pub(crate) content: Map<String, Value>,
    pub(crate) opaque: Option<String>,
    pub(crate) class: Class,
    pub(crate) template: Option<Id<Template>>,
    pub(crate) by_user_id: bool,
}

/// A reaction's target must be younger (§1.2).
const REACTION_AGE: Millis = Millis::days(30);
/// A voice note is played so long after it is seen.
const PLAY_AFTER: Millis = Millis::secs(1);

impl World {
    /// Takes a message in, decides its fate, and returns its wamid and Meta's word for where it is.
    pub(crate) fn accept(&mut self, send: Accepted, now: Ts) -> (String, &'static str) {
        let in_window = self.window_open(send.number, send.person, now);
        let wamid = self.chance.wamid();
        let armed = self.numbers[send.number].fails.pop_front();
        let refused = armed
            .map(|code| GraphError::new(code, "told by /_sim/numbers"))
            .or_else(|| self.faults.take_next(FaultMode::Async))
            .or_else(|| self.later_refusal(&send, in_window, now))
            .or_else(|| self.bad_media(&send.content, now))
            .or_else(|| self.over_limit(send.number, send.person, now))
            .or_else(|| self.over_marketing(&send, in_window, now));
        if refused.is_none() {
            self.answered_ad(send.number, send.person, now);
            if !in_window {
                self.count_person(send.number, send.person, now);
            }
        }
        let template = send.template;
        let ttl = self.ttl(&send);
        let held = refused.is_none() && template.is_some_and(|id| self.paced(id, now));
        if let Some(template) = template {
            self.templates[template].used_at = now;
        }
        let linked = self.has_links(&send.content);
        let free_until = self.free_entry(send.number, send.person, now);
        if !send.by_user_id {
            let portfolio = self.portfolio_of(send.number).to_owned();
            self.people[send.person]
                .phone_used_at
                .insert(portfolio, now);
        }
        self.thread(send.number, send.person).typing_until = None;
        let id = self.remember(Message {
            wamid: wamid.clone(),
            number: send.number,
            person: send.person,
            direction: Direction::Outbound,
            at: now,
            kind: send.kind,
            content: send.content,
            opaque: send.opaque,
            statuses: Vec::new(),
            class: send.class,
            in_window,
            free_until,
            expires_at: now + ttl,
            by_user_id: send.by_user_id,
            template: send.template,
            read_at: None,
        });
        let timings = self.config.timings;
        match (refused, template.filter(|_| held)) {
            (Some(error), _) => self
                .queue
                .push(now.plus_ms(timings.failed_ms), Due::Failed(id, error)),
            (None, Some(template)) => {
                self.hold(template, id, now);
                return (wamid, "held_for_quality_assessment");
            }
            (None, None) if linked => self.fetching.push(id),
            (None, None) => self.queue.push(now.plus_ms(timings.sent_ms), Due::Sent(id)),
        }
        (wamid, "accepted")
    }

    /// How long it may wait for the phone: the template's own time, else the class's (§3.7). Marketing has
    /// one of its own through the Marketing Messages API alone.
    fn ttl(&self, send: &Accepted) -> Millis {
        let own = send
            .template
            .filter(|_| send.class != Class::Marketing)
            .and_then(|id| self.templates[id].extra.get("message_send_ttl_seconds"))
            .and_then(|value| match value {
                Value::String(text) => text.parse().ok(),
                other => other.as_i64(),
            });
        match own {
            Some(-1) => Millis::days(30),
            Some(seconds) => Millis::secs(seconds),
            None => default_ttl(send.class),
        }
    }

    /// 131049, for marketing outside the window (§5.4).
    fn over_marketing(&mut self, send: &Accepted, in_window: bool, now: Ts) -> Option<GraphError> {
        let marketing = matches!(send.class, Class::Marketing | Class::MarketingLite);
        if marketing && !in_window {
            self.marketing_refused(send.person, now)
        } else {
            None
        }
    }

    /// What Meta answers with 200 and refuses afterwards (§7.3, column A).
    fn later_refusal(&self, send: &Accepted, in_window: bool, now: Ts) -> Option<GraphError> {
        let person = &self.people[send.person];
        if !person.is.on_whatsapp {
            return Some(GraphError::new(
                131_026,
                "the recipient cannot be reached on WhatsApp",
            ));
        }
        let waba = &self.wabas[self.numbers[send.number].waba];
        let paying = waba.is.payment_method;
        if send.template.is_some() {
            if !paying {
                return Some(GraphError::new(
                    131_042,
                    "the account has no payment method",
                ));
            }
            if matches!(send.class, Class::Marketing | Class::MarketingLite) {
                if person.stopped_marketing(&waba.is.portfolio) {
                    return Some(GraphError::new(
                        131_050,
                        "the person stopped marketing messages from this business",
                    ));
                }
                let free = self.free_entry(send.number, send.person, now).is_some();
                if person.is.holdout && !in_window && !free {
                    return Some(GraphError::new(
                        130_472,
                        "the person is in a hold-out group and the window is closed",
                    ));
                }
            }
            return None;
        }
        if !in_window {
            return Some(window_closed());
        }
        if send.class == Class::Free {
            return self.bad_reaction_target(send, now);
        }
        let charged = now.ms() >= self.config.service_charged_from_at;
        let free = self.free_entry(send.number, send.person, now).is_some();
        if charged
            && !free
            && !paying
            && self.service_delivered(send.number, now) >= self.config.free_service_messages
        {
            return Some(GraphError::new(
                131_042,
                "the free service messages of the month are used up and there is no payment method",
            ));
        }
        None
    }

    fn bad_reaction_target(&self, send: &Accepted, now: Ts) -> Option<GraphError> {
        let wamid = send
            .content
            .get("reaction")
            .and_then(|reaction| reaction.get("message_id"))
            .and_then(Value::as_str)
            .unwrap_or("");
        let good = self.by_wamid.get(wamid).is_some_and(|id| {
            let target = &self.messages[*id];
            target.direction == Direction::Inbound
                && target.number == send.number
                && target.person == send.person
                && target.kind != "reaction"
                && now.since(target.at) <= REACTION_AGE.0
        });
        (!good).then(|| {
            GraphError::new(
                131_009,
                "reaction.message_id must be a message of this person in this chat, at most 30 days old and no reaction itself",
            )
        })
    }

    /// Lets one thing happen at its own time.
    pub(crate) fn fire(&mut self, at: Ts, due: Due) {
        if due
            .message()
            .is_some_and(|id| self.messages.kept(id).is_none())
        {
            return; // older than what is kept
        }
        match due {
            Due::Sent(id) => self.sent(id, at),
            Due::Delivered(id) => self.delivered(id, at),
            Due::Read(id) => {
                if self.people[self.messages[id].person].is.receipts {
                    self.mark(id, "read", at, false);
                }
            }
            Due::Played(id) => self.mark(id, "played", at, false),
            Due::Failed(id, error) => {
                self.messages[id].statuses.push(StatusMark {
                    status: "failed".into(),
                    at,
                    code: Some(error.code),
                });
                self.tell_status(id, "failed", at, None, Some(&error));
            }
            Due::Reviewed(template, turn) => self.reviewed(template, turn, at),
            Due::Unpause(template, pauses) => self.end_pause(template, pauses, at),
            Due::Recategorise(template, category) => {
                self.set_template_category(template, &category, false, at);
            }
            Due::Auto(id, rule) => self.act_by_rule(id, rule, at),
            Due::Upgrade(portfolio) => self.upgrade(&portfolio, at),
            Due::Judge(number, template) => {
                self.judge_number(number, at);
                if let Some(template) = template {
                    self.judge_template(template, at);
                }
            }
            Due::PacingDecided(template) => self.decide_pacing(template, at),
            Due::Idle(template) => self.look_at_idle(template, at),
            Due::Faster(number, mps) => self.faster(number, mps, at),
        }
    }

    fn sent(&mut self, id: Id<Message>, at: Ts) {
        self.mark(id, "sent", at, true);
        let message = &self.messages[id];
        // Reactions are never reported beyond sent (§1.2).
        if message.class == Class::Free {
            return;
        }
        if self.people[message.person].is.online {
            let when = at.max(message.at.plus_ms(self.config.timings.delivered_ms));
            self.queue.push(when, Due::Delivered(id));
        }
    }

    fn delivered(&mut self, id: Id<Message>, at: Ts) {
        let message = &self.messages[id];
        let (number, person) = (message.number, message.person);
        let blocked = self
            .threads
            .get(&(number, person))
            .is_some_and(|thread| thread.blocked);
        let who = &self.people[person].is;
        // A block looks like a phone that is off; too late is dropped without a word (§1.1, §5.3).
        if message.reached() || blocked || !who.online || at >= message.expires_at {
            return;
        }
        let straight_to_read = who.chat_open && who.receipts;
        let receipts = who.receipts;
        let voice = message.kind == "audio"
            && message
                .body()
                .and_then(|audio| audio.get("voice"))
                .and_then(Value::as_bool)
                .unwrap_or(false);
        let accepted_at = message.at;
        let template = message.template;
        if message.class == Class::Service && message.free_until.is_none() {
            self.count_service(number, at);
        }
        self.count_volume(id, at);
        self.numbers[number].feedback.delivered(at);
        if let Some(template) = template {
            self.templates[template].feedback.delivered(at);
        }
        let (act, after) = self.plan_auto(id, at);
        let seen_at = if act == Some(Act::Ignore) {
            self.mark(id, "delivered", at, true);
            return;
        } else if act == Some(Act::ReadLate) {
            self.mark(id, "delivered", at, true);
            let read_at = at + after;
            if receipts {
                self.queue.push(read_at, Due::Read(id));
            }
            read_at
        } else if straight_to_read {
            self.mark(id, "read", at, true);
            at
        } else {
            self.mark(id, "delivered", at, true);
            let read_at = at.max(accepted_at.plus_ms(self.config.timings.read_ms));
            if receipts {
                self.queue.push(read_at, Due::Read(id));
            }
            read_at
        };
        if voice && receipts {
            self.queue.push(seen_at + PLAY_AFTER, Due::Played(id));
        }
    }

    fn mark(&mut self, id: Id<Message>, status: &'static str, at: Ts, priced: bool) {
        if self.messages[id].has(status) {
            return;
        }
        self.messages[id].statuses.push(StatusMark {
            status: status.into(),
            at,
            code: None,
        });
        let pricing = if priced { self.pricing(id, at) } else { None };
        self.tell_status(id, status, at, pricing, None);
    }

    /// The number is set up: more messages a second, told by webhook (§6.2; case 66).
    fn faster(&mut self, id: Id<Number>, mps: u32, at: Ts) {
        let portfolio = self.portfolio_of(id).to_owned();
        let tier = self.tier_of(&portfolio).to_owned();
        let number = &mut self.numbers[id];
        number.is.mps = mps;
        number.rate = Throughput::new(mps);
        let value = serde_json::json!({
            "display_phone_number": number.is.display,
            "event": "THROUGHPUT_UPGRADE",
            "max_daily_conversations_per_business": tier,
        });
        let waba = number.waba;
        self.tell_waba(waba, "phone_number_quality_update", value, at);
    }

    /// Delivers what waited for the person's phone (or for the end of a block).
    pub(crate) fn deliver_waiting(&mut self, person: Id<Person>, now: Ts) {
        let mut waiting: Vec<Id<Message>> = self
            .threads
            .iter()
            .filter(|((_, who), _)| *who == person)
            .flat_map(|(_, thread)| thread.messages.iter().copied())
            .filter(|id| {
                let message = &self.messages[*id];
                message.direction == Direction::Outbound
                    && message.class != Class::Free
                    && message.has("sent")
                    && !message.reached()
            })
            .collect();
        // Ids count up with time; chats come in no order.
        waiting.sort_unstable();
        for id in waiting {
            self.queue.push(now, Due::Delivered(id));
        }
    }
}

/// 131047, as answer or as status (§4).
pub(crate) fn window_closed() -> GraphError {
    GraphError::new(
        131_047,
        "more than 24 hours have passed since the person last wrote to this number; send a template",
    )
}
