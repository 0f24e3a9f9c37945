//! The phone's conversation and the host's records, laid over each other in order of time.
//!
//! Messages meet by Meta's id; what never left stands at the time it was proposed.

use std::collections::HashMap;

use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentSource};
use serde::Serialize;

use crate::bubble::Bubble;
use crate::contact_card::{PromiseCard, promise};
use crate::record::{MessageCard, Record};
use crate::simulated::{Mark, Said};

/// One line of the conversation.
#[derive(Serialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub(crate) enum Item {
    /// The person wrote or tapped.
    Person {
        key: String,
        at: i64,
        bubble: Bubble,
        /// The business marked it as read.
        read: bool,
    },
    /// The business wrote, or wanted to.
    Business {
        key: String,
        at: i64,
        bubble: Bubble,
        /// It is on the phone (taps are possible).
        reached: bool,
        /// The simulated Meta has it.
        accepted: bool,
        wamid: Option<String>,
        marks: Vec<Mark>,
        message: Option<Box<MessageCard>>,
    },
    /// The ledger of consent got a line.
    Consent {
        key: String,
        at: i64,
        event: &'static str,
        scope: String,
        promise: Option<PromiseCard>,
    },
}

impl Item {
    /// When, Unix milliseconds.
    pub(crate) const fn at(&self) -> i64 {
        match self {
            Item::Person { at, .. } | Item::Business { at, .. } | Item::Consent { at, .. } => *at,
        }
    }
}

/// Lays what the phone saw and what the host recorded over each other, in order of time.
pub(crate) fn join(said: Vec<Said>, records: Vec<Record>) -> Vec<Item> {
    let (sent, kept): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|r| r.wamid.is_some());
    let mut sent: HashMap<String, Record> = sent
        .into_iter()
        .filter_map(|r| Some((r.wamid.clone()?, r)))
        .collect();
    let mut items: Vec<Item> = said
        .into_iter()
        .map(|said| {
            if said.inbound {
                return Item::Person {
                    key: said.wamid,
                    at: said.at,
                    bubble: said.bubble,
                    read: said.read,
                };
            }
            let record = sent.remove(&said.wamid);
            Item::Business {
                key: record
                    .as_ref()
                    .map_or_else(|| said.wamid.clone(), |r| r.card.id.clone()),
                at: said.at,
                // The phone knows the buttons of a template, the registry its text with values.
                bubble: match &record {
                    Some(r) => shown(r.bubble.clone(), said.bubble),
                    None => said.bubble,
                },
                reached: said
                    .marks
                    .iter()
                    .any(|m| m.status == "delivered" || m.status == "read"),
                accepted: true,
                wamid: Some(said.wamid),
                marks: said.marks,
                message: record.map(|r| Box::new(r.card)),
            }
        })
        .collect();
    // Sent, but not (or no longer) on this phone, and everything that never left.
    items.extend(sent.into_values().chain(kept).map(|record| Item::Business {
        key: record.card.id.clone(),
        at: record.at,
        bubble: record.bubble,
        reached: false,
        accepted: record.wamid.is_some(),
        wamid: record.wamid,
        marks: Vec::new(),
        message: Some(Box::new(record.card)),
    }));
    items.sort_by_key(Item::at);
    items
}

/// The host's own reading, completed by what only the phone knows.
fn shown(ours: Bubble, phones: Bubble) -> Bubble {
    Bubble {
        header: ours.header.or(phones.header),
        text: ours.text.or(phones.text),
        footer: ours.footer.or(phones.footer),
        buttons: if ours.buttons.is_empty() {
            phones.buttons
        } else {
            ours.buttons
        },
        link: ours.link.or(phones.link),
        ..ours
    }
}

/// Lines of the consent ledger since the conversation began; seeds and older ones stay out.
pub(crate) fn ledger(events: &[ConsentEvent], since: i64) -> impl Iterator<Item = Item> + '_ {
    events
        .iter()
        .filter(move |e| e.source != ConsentSource::Seed && e.received_at.ms() >= since)
        .map(|e| Item::Consent {
            key: e.id.to_string(),
            at: e.received_at.ms(),
            event: e.kind.as_str(),
            scope: match &e.scope {
                ConsentScope::All => "all".to_owned(),
                ConsentScope::Promotional => "*".to_owned(),
                ConsentScope::Topic(topic) => topic.clone(),
            },
            promise: e.promise.map(promise),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bubble;
    use crate::fate::Fate;

    fn said(wamid: &str, at: i64, inbound: bool, statuses: &[&str]) -> Said {
        Said {
            wamid: wamid.to_owned(),
            inbound,
            at,
            bubble: Bubble {
                kind: "text",
                ..Bubble::default()
            },
            marks: statuses
                .iter()
                .map(|s| Mark {
                    status: (*s).to_owned(),
                    at,
                    code: None,
                })
                .collect(),
            read: false,
        }
    }

    fn record(id: &str, at: i64, wamid: Option<&str>, state: &str) -> Record {
        Record {
            wamid: wamid.map(str::to_owned),
            at,
            bubble: Bubble {
                kind: "text",
                text: Some(id.to_owned()),
                ..Bubble::default()
            },
            card: MessageCard {
                id: id.to_owned(),
                fate: Fate::of(state, None),
                origin: "plugin".to_owned(),
                purpose: "reply".to_owned(),
                topic: None,
                rule: None,
                reason: None,
                status: None,
                error: None,
                verdict: None,
                earlier: Vec::new(),
            },
        }
    }

    fn keys(items: &[Item]) -> Vec<String> {
        items
            .iter()
            .map(|item| match item {
                Item::Person { key, .. }
                | Item::Business { key, .. }
                | Item::Consent { key, .. } => key.clone(),
            })
            .collect()
    }

    #[test]
    fn a_refused_proposal_stands_at_its_place_in_time_and_never_on_the_phone() {
        let phone = vec![
            said("in1", 10, true, &[]),
            said("w1", 20, false, &["sent", "delivered"]),
        ];
        let host = vec![
            record("out_1", 15, Some("w1"), "sent"),
            record("out_2", 12, None, "denied"),
        ];
        let items = join(phone, host);
        assert_eq!(keys(&items), ["in1", "out_2", "out_1"]);
        let Item::Business {
            reached,
            accepted,
            message,
            ..
        } = &items[1]
        else {
            panic!()
        };
        assert!(!reached && !accepted);
        assert_eq!(message.as_ref().unwrap().fate, Fate::Blocked);
        let Item::Business {
            reached, accepted, ..
        } = &items[2]
        else {
            panic!()
        };
        assert!(*reached && *accepted);
    }

    #[test]
    fn each_message_is_shown_once_also_when_one_side_does_not_know_it() {
        let phone = vec![
            said("w1", 5, false, &["sent"]),
            said("stray", 6, false, &[]),
        ];
        let host = vec![
            record("out_1", 4, Some("w1"), "sent"),
            record("out_2", 7, Some("gone"), "sent"),
        ];
        let items = join(phone, host);
        assert_eq!(keys(&items), ["out_1", "stray", "out_2"]);
        let Item::Business { reached, .. } = &items[0] else {
            panic!()
        };
        assert!(!reached, "sent is not yet delivered: nothing can be tapped");
        let Item::Business { message, .. } = &items[1] else {
            panic!()
        };
        assert!(message.is_none());
    }

    #[test]
    fn messages_of_the_same_instant_keep_the_phones_order() {
        let phone = vec![
            said("a", 5, true, &[]),
            said("b", 5, true, &[]),
            said("c", 5, true, &[]),
        ];
        assert_eq!(keys(&join(phone, Vec::new())), ["a", "b", "c"]);
    }

    #[test]
    fn template_buttons_come_from_the_phone_and_the_text_from_the_registry() {
        let tap = bubble::Tap {
            id: "NO".to_owned(),
            title: "No".to_owned(),
            description: None,
        };
        let phones = Bubble {
            kind: "template",
            buttons: vec![tap.clone()],
            ..Bubble::default()
        };
        let ours = Bubble {
            kind: "template",
            text: Some("Hola Ana".to_owned()),
            ..Bubble::default()
        };
        let both = shown(ours, phones);
        assert_eq!(
            (both.text.as_deref(), both.buttons),
            (Some("Hola Ana"), vec![tap])
        );
    }
}
