//! Events, from the contract to the SDK.

use crate::action::OWN_KEY;
use crate::bindings::imports::portero::plugin::types as wit;
use crate::event::{
    BusinessEvent, ConsentChange, Contact, Conversation, Event, EventKind, Meta, Timer,
    VerdictEvent,
};
use crate::inbound::{
    ContactCard, InboundBody, InboundMedia, Location, MediaKind, Message, Order, OrderItem,
};

impl From<wit::Event> for Event {
    fn from(e: wit::Event) -> Self {
        let mut what = EventKind::from(e.what);
        if let EventKind::Verdict(verdict) = &mut what {
            let own = e.ext.iter().find(|(name, _)| name == OWN_KEY);
            verdict.key = own.map(|(_, key)| key.clone());
        }
        Event {
            meta: e.meta.into(),
            contact: Contact {
                handle: e.contact.handle,
                name: e.contact.name,
                attributes: e.contact.attributes,
                tags: e.contact.tags,
            },
            conversation: Conversation {
                window_closes_at: e.conversation.window_closes_at,
                topics_granted: e.conversation.topics_granted,
                bot_messages_since_inbound: e.conversation.bot_messages_since_inbound,
            },
            what,
            ext: e.ext,
        }
    }
}

impl From<wit::CallMeta> for Meta {
    fn from(m: wit::CallMeta) -> Self {
        Meta {
            event_id: m.event_id,
            now: m.now,
            timezone: m.timezone,
            language: m.language,
            ext: m.ext,
        }
    }
}

impl From<wit::EventKind> for EventKind {
    fn from(k: wit::EventKind) -> Self {
        match k {
            wit::EventKind::Message(m) => EventKind::Message(Message {
                wamid: m.wamid,
                body: m.body.into(),
                replies_to: m.replies_to,
            }),
            wit::EventKind::Timer(t) => EventKind::Timer(Timer {
                name: t.name,
                payload: t.payload,
            }),
            wit::EventKind::ConsentChanged(c) => EventKind::ConsentChanged(ConsentChange {
                topic: c.topic,
                state: c.state,
            }),
            wit::EventKind::Business(b) => EventKind::Business(BusinessEvent {
                name: b.name,
                data_json: b.data_json,
            }),
            wit::EventKind::Verdict(v) => EventKind::Verdict(VerdictEvent {
                proposal: v.proposal,
                key: None,
                verdict: v.verdict.into(),
            }),
            wit::EventKind::Unsupported(what) => EventKind::Unsupported(what),
        }
    }
}

impl From<wit::InboundBody> for InboundBody {
    fn from(b: wit::InboundBody) -> Self {
        use wit::InboundBody as W;
        match b {
            W::Text(text) => InboundBody::Text(text),
            W::ButtonReply(r) => InboundBody::ButtonReply {
                id: r.id,
                title: r.title,
            },
            W::TemplateButton(r) => InboundBody::TemplateButton {
                payload: r.payload,
                text: r.text,
            },
            W::ListReply(r) => InboundBody::ListReply {
                id: r.id,
                title: r.title,
                description: r.description,
            },
            W::FlowReply(r) => InboundBody::FlowReply {
                name: r.name,
                response_json: r.response_json,
            },
            W::Media(m) => InboundBody::Media(InboundMedia {
                kind: m.kind.into(),
                id: m.id,
                mime: m.mime,
                caption: m.caption,
                filename: m.filename,
                voice: m.voice,
            }),
            W::Location(l) => InboundBody::Location(Location {
                latitude_e6: l.latitude_e6,
                longitude_e6: l.longitude_e6,
                name: l.name,
                address: l.address,
            }),
            W::Contacts(c) => InboundBody::Contacts {
                cards: c
                    .cards
                    .into_iter()
                    .map(|card| ContactCard {
                        name: card.name,
                        phones: card.phones,
                    })
                    .collect(),
                requested: c.requested,
            },
            W::Order(o) => InboundBody::Order(Order {
                catalog_id: o.catalog_id,
                text: o.text,
                items: o
                    .items
                    .into_iter()
                    .map(|i| OrderItem {
                        sku: i.sku,
                        quantity: i.quantity,
                        price_milli: i.price_milli,
                        currency: i.currency,
                    })
                    .collect(),
            }),
            W::Reaction(r) => InboundBody::Reaction {
                message_id: r.message_id,
                emoji: r.emoji,
            },
            W::System(s) => InboundBody::System { event: s.event },
            W::Unsupported(what) => InboundBody::Unsupported(what),
        }
    }
}

impl From<wit::MediaKind> for MediaKind {
    fn from(k: wit::MediaKind) -> Self {
        match k {
            wit::MediaKind::Image => MediaKind::Image,
            wit::MediaKind::Video => MediaKind::Video,
            wit::MediaKind::Audio => MediaKind::Audio,
            wit::MediaKind::Document => MediaKind::Document,
            wit::MediaKind::Sticker => MediaKind::Sticker,
        }
    }
}

impl From<MediaKind> for wit::MediaKind {
    fn from(k: MediaKind) -> Self {
        match k {
            MediaKind::Image => wit::MediaKind::Image,
            MediaKind::Video => wit::MediaKind::Video,
            MediaKind::Audio => wit::MediaKind::Audio,
            MediaKind::Document => wit::MediaKind::Document,
            MediaKind::Sticker => wit::MediaKind::Sticker,
        }
    }
}
