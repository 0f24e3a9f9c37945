//! Domain → track 0.1: what a guest is shown.

use portero_domain::clock::Ts;
use portero_domain::content::MediaKind;
use portero_domain::plugin::{
    CallMeta, ContactView, ConversationView, Observation, ReplyEvent, ReplyEventKind,
    SegmentContact,
};
use portero_domain::update::InboundBody;

use super::wit::types as t;
use super::{wit_analytics as a, wit_segmentation as s};
use crate::call::{ReportQuery, TemplateSignature};
use crate::services::Preview;

/// Instants before 1970 do not occur; should one, the guest sees 1970.
fn ms(at: Ts) -> u64 {
    u64::try_from(at.ms()).unwrap_or(0)
}

fn ago(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

pub(super) fn event(event: ReplyEvent) -> t::Event {
    // This track has no field for it.
    let own_key = match &event.what {
        ReplyEventKind::Verdict { key, .. } => key.clone(),
        _ => None,
    };
    t::Event {
        meta: meta(event.meta),
        contact: contact(event.contact),
        conversation: conversation(event.conversation),
        what: kind(event.what),
        ext: own_key
            .into_iter()
            .map(|key| ("key".to_owned(), key))
            .collect(),
    }
}

fn meta(meta: CallMeta) -> t::CallMeta {
    t::CallMeta {
        event_id: meta.event_id,
        now: ms(meta.now),
        timezone: meta.timezone,
        language: meta.language,
        ext: meta.ext,
    }
}

fn contact(contact: ContactView) -> t::Contact {
    t::Contact {
        handle: contact.handle,
        name: contact.name,
        attributes: contact.attributes,
        tags: contact.tags,
    }
}

fn conversation(conversation: ConversationView) -> t::Conversation {
    t::Conversation {
        window_closes_at: conversation.window_closes_at.map(ms),
        topics_granted: conversation.topics_granted,
        bot_messages_since_inbound: conversation.bot_messages_since_inbound,
    }
}

fn kind(kind: ReplyEventKind) -> t::EventKind {
    match kind {
        ReplyEventKind::Message {
            wamid,
            body,
            replies_to,
        } => t::EventKind::Message(t::Message {
            wamid,
            body: self::body(body),
            replies_to,
        }),
        ReplyEventKind::Timer { name, payload } => t::EventKind::Timer(t::Timer { name, payload }),
        ReplyEventKind::ConsentChanged { topic, state } => {
            t::EventKind::ConsentChanged(t::ConsentChange { topic, state })
        }
        ReplyEventKind::Business { name, data_json } => {
            t::EventKind::Business(t::BusinessEvent { name, data_json })
        }
        ReplyEventKind::Verdict {
            proposal,
            verdict,
            rule,
            earliest,
            remedy,
            key: _,
        } => t::EventKind::Verdict(t::VerdictEvent {
            proposal,
            verdict: t::Verdict {
                verdict,
                rule,
                earliest: earliest.map(ms),
                remedy,
            },
        }),
    }
}

fn body(body: InboundBody) -> t::InboundBody {
    match body {
        InboundBody::Text { text } => t::InboundBody::Text(text),
        InboundBody::ButtonReply { id, title } => {
            t::InboundBody::ButtonReply(t::ButtonReply { id, title })
        }
        InboundBody::TemplateButton { payload, text } => {
            t::InboundBody::TemplateButton(t::TemplateButton { payload, text })
        }
        InboundBody::ListReply {
            id,
            title,
            description,
        } => t::InboundBody::ListReply(t::ListReply {
            id,
            title,
            description,
        }),
        InboundBody::FlowReply {
            name,
            response_json,
        } => t::InboundBody::FlowReply(t::FlowReply {
            name,
            response_json,
        }),
        InboundBody::Media {
            media,
            id,
            mime,
            caption,
            filename,
            voice,
        } => t::InboundBody::Media(t::Media {
            kind: media_kind(media),
            id,
            mime,
            caption,
            filename,
            voice,
        }),
        InboundBody::Location {
            latitude_e6,
            longitude_e6,
            name,
            address,
        } => t::InboundBody::Location(t::Location {
            latitude_e6,
            longitude_e6,
            name,
            address,
        }),
        InboundBody::Contacts { cards, requested } => t::InboundBody::Contacts(t::SharedContacts {
            cards: cards
                .into_iter()
                .map(|(name, phones)| t::ContactCard { name, phones })
                .collect(),
            requested,
        }),
        InboundBody::Order {
            catalog_id,
            text,
            items,
        } => t::InboundBody::Order(t::Order {
            catalog_id,
            text,
            items: items
                .into_iter()
                .map(|item| t::OrderItem {
                    sku: item.sku,
                    quantity: item.quantity,
                    price_milli: item.price_milli,
                    currency: item.currency,
                })
                .collect(),
        }),
        InboundBody::Reaction { message_id, emoji } => {
            t::InboundBody::Reaction(t::InboundReaction { message_id, emoji })
        }
        // Old and new numbers stay with the host.
        InboundBody::System { event, .. } => t::InboundBody::System(t::IdentityChange { event }),
        InboundBody::Unsupported { what } => t::InboundBody::Unsupported(what),
    }
}

fn media_kind(kind: MediaKind) -> t::MediaKind {
    match kind {
        MediaKind::Image => t::MediaKind::Image,
        MediaKind::Video => t::MediaKind::Video,
        MediaKind::Audio => t::MediaKind::Audio,
        MediaKind::Document => t::MediaKind::Document,
        MediaKind::Sticker => t::MediaKind::Sticker,
    }
}

pub(super) fn verdict(preview: Preview) -> t::Verdict {
    t::Verdict {
        verdict: preview.verdict,
        rule: preview.rule,
        earliest: preview.earliest.map(ms),
        remedy: preview.remedy,
    }
}

pub(super) fn batch(meta: CallMeta, contacts: Vec<SegmentContact>) -> s::Batch {
    s::Batch {
        meta: self::meta(meta),
        contacts: contacts
            .into_iter()
            .map(|contact| s::SegmentContact {
                handle: contact.handle,
                attributes: contact.attributes,
                tags: contact.tags,
                last: contact
                    .last
                    .into_iter()
                    .map(|(kind, since)| s::LastSeen {
                        kind,
                        ago: ago(since),
                    })
                    .collect(),
                purchases: contact
                    .purchases
                    .into_iter()
                    .map(|(since, amount_milli, currency)| s::Purchase {
                        ago: ago(since),
                        amount_milli,
                        currency,
                    })
                    .collect(),
                topics_granted: contact.topics_granted,
            })
            .collect(),
    }
}

pub(super) fn template(template: TemplateSignature) -> s::TemplateSignature {
    s::TemplateSignature {
        name: template.name,
        language: template.language,
        slots: template
            .slots
            .into_iter()
            .map(|(slot, hint)| s::TemplateSlot { slot, hint })
            .collect(),
        body: template.body,
    }
}

pub(super) fn observations(meta: CallMeta, seen: Vec<Observation>) -> a::ObservationBatch {
    a::ObservationBatch {
        meta: self::meta(meta),
        observations: seen
            .into_iter()
            .map(|one| a::Observation {
                name: one.name,
                at: ms(one.at),
                labels: one.labels,
                value: one.value,
            })
            .collect(),
    }
}

pub(super) fn query(query: ReportQuery) -> a::ReportQuery {
    a::ReportQuery {
        meta: meta(query.meta),
        since: ms(query.since),
        until: ms(query.until),
        totals: query
            .totals
            .into_iter()
            .map(|total| a::Total {
                metric: total.metric,
                labels: total.labels,
                value: total.add,
            })
            .collect(),
    }
}
