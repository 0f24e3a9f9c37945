//! Inbound messages of every kind (`whatsapp-platform` 2.3).

use portero_domain::content::MediaKind;
use portero_domain::ids::Wamid;
use portero_domain::update::{InboundBody, InboundMessage, OrderItem, PersonRef};
use serde_json::value::RawValue;

use super::first_error;
use super::person::People;
use crate::wire::json::Obj;
use crate::wire::webhook::timestamp;

/// Longest `type` kept, in characters.
const TYPE_MAX: usize = 64;

/// Reads one element of `messages[]`; the error says why it rests.
pub(super) fn read(raw: &RawValue, people: &People) -> Result<InboundMessage, String> {
    let bad = |what: &str| format!("unknown message shape: {what}");
    let m = Obj::read(raw).ok_or_else(|| bad("no object"))?;
    let wamid = m
        .text("id")
        .and_then(Wamid::new)
        .ok_or_else(|| bad("no id"))?;
    let at = timestamp(&m).ok_or_else(|| bad("no timestamp"))?;
    let kind = m.filled("type").ok_or_else(|| bad("no type"))?;
    let from = people.complete(PersonRef {
        wa_id: m.filled("from"),
        user_id: m.filled("from_user_id"),
        parent_user_id: m.filled("from_parent_user_id"),
        ..PersonRef::default()
    });
    if from.addresses().next().is_none() {
        return Err(bad("no sender"));
    }
    let kind: String = kind.chars().take(TYPE_MAX).collect();
    let body = match body(&kind, &m) {
        Some(body) => body,
        // Meta sends the type without its object when it could not fetch or show the content.
        None if first_error(&m).is_some() => InboundBody::Unsupported { what: kind },
        None => return Err(bad(&kind)),
    };
    let context = m.obj("context").unwrap_or_default();
    let referral = m.obj("referral").unwrap_or_default();
    Ok(InboundMessage {
        wamid,
        from,
        at,
        replies_to: context.filled("id"),
        forwarded: context.flag("forwarded") || context.flag("frequently_forwarded"),
        ad: referral
            .filled("source_id")
            .map(|id| (id, referral.filled("ctwa_clid"))),
        group: m.filled("group_id"),
        body,
    })
}

/// `None` when the type is one we know and its object is not as Meta documents it.
fn body(kind: &str, m: &Obj<'_>) -> Option<InboundBody> {
    Some(match kind {
        "text" => InboundBody::Text {
            text: m.obj("text")?.text("body")?,
        },
        "button" => button(&m.obj("button")?)?,
        "interactive" => interactive(&m.obj("interactive")?)?,
        "image" => media(MediaKind::Image, &m.obj(kind)?)?,
        "video" => media(MediaKind::Video, &m.obj(kind)?)?,
        "audio" | "voice" => media(MediaKind::Audio, &m.obj(kind)?)?,
        "document" => media(MediaKind::Document, &m.obj(kind)?)?,
        "sticker" => media(MediaKind::Sticker, &m.obj(kind)?)?,
        "location" => location(&m.obj("location")?)?,
        "contacts" => contacts(m)?,
        "order" => order(&m.obj("order")?)?,
        "reaction" => {
            let reaction = m.obj("reaction")?;
            InboundBody::Reaction {
                message_id: reaction.filled("message_id")?,
                emoji: reaction.filled("emoji"),
            }
        }
        "system" => system(&m.obj("system")?)?,
        "unsupported" => {
            let inner = m.obj("unsupported").and_then(|u| u.filled("type"));
            InboundBody::Unsupported {
                what: inner.unwrap_or_else(|| kind.to_owned()),
            }
        }
        _ => InboundBody::Unsupported {
            what: kind.to_owned(),
        },
    })
}

fn button(b: &Obj<'_>) -> Option<InboundBody> {
    let text = b.text("text");
    let payload = b.filled("payload").or_else(|| text.clone())?;
    Some(InboundBody::TemplateButton {
        text: text.unwrap_or_else(|| payload.clone()),
        payload,
    })
}

fn interactive(i: &Obj<'_>) -> Option<InboundBody> {
    let kind = i.filled("type")?;
    Some(match kind.as_str() {
        "button_reply" => {
            let reply = i.obj("button_reply")?;
            InboundBody::ButtonReply {
                id: reply.text("id")?,
                title: reply.text("title").unwrap_or_default(),
            }
        }
        "list_reply" => {
            let reply = i.obj("list_reply")?;
            InboundBody::ListReply {
                id: reply.text("id")?,
                title: reply.text("title").unwrap_or_default(),
                description: reply.filled("description"),
            }
        }
        "nfm_reply" => {
            let reply = i.obj("nfm_reply")?;
            // Meta sends the answers as a JSON text; an object in its place says the same.
            let response_json = reply
                .text("response_json")
                .or_else(|| reply.get("response_json").map(|raw| raw.get().to_owned()))?;
            InboundBody::FlowReply {
                name: reply.text("name").unwrap_or_default(),
                response_json,
            }
        }
        other => {
            let other: String = other.chars().take(TYPE_MAX).collect();
            InboundBody::Unsupported {
                what: format!("interactive.{other}"),
            }
        }
    })
}

fn media(kind: MediaKind, m: &Obj<'_>) -> Option<InboundBody> {
    Some(InboundBody::Media {
        media: kind,
        id: m.filled("id")?,
        mime: m
            .filled("mime_type")
            .unwrap_or_else(|| "application/octet-stream".to_owned()),
        caption: m.filled("caption"),
        filename: m.filled("filename"),
        voice: m.flag("voice"),
    })
}

fn location(l: &Obj<'_>) -> Option<InboundBody> {
    let degrees = |key: &str, limit: i64| {
        l.scaled(key, 6)
            .filter(|e6| (-limit * 1_000_000..=limit * 1_000_000).contains(e6))
    };
    Some(InboundBody::Location {
        latitude_e6: degrees("latitude", 90)?,
        longitude_e6: degrees("longitude", 180)?,
        name: l.filled("name"),
        address: l.filled("address"),
    })
}

fn contacts(m: &Obj<'_>) -> Option<InboundBody> {
    m.list("contacts")?;
    let cards = m
        .objs("contacts")
        .iter()
        .map(|card| {
            let vcard = card.text("vcard").unwrap_or_default();
            let name = card
                .obj("name")
                .and_then(|n| n.filled("formatted_name"))
                .or_else(|| vcard_values(&vcard, "FN").next())
                .unwrap_or_default();
            let mut phones: Vec<String> = card
                .objs("phones")
                .iter()
                .filter_map(|p| p.filled("phone").or_else(|| p.filled("wa_id")))
                .collect();
            if phones.is_empty() {
                phones = vcard_values(&vcard, "TEL").collect();
            }
            (name, phones)
        })
        .collect();
    // `contact_request` and `request_contact_info` were both seen as Meta renamed the question.
    let requested = m
        .text("origin")
        .is_some_and(|o| matches!(o.as_str(), "contact_request" | "request_contact_info"));
    Some(InboundBody::Contacts { cards, requested })
}

/// Values of a property of a vCard: `TEL;type=CELL:+57…`.
fn vcard_values<'a>(vcard: &'a str, property: &'a str) -> impl Iterator<Item = String> + 'a {
    vcard.lines().filter_map(move |line| {
        let (head, value) = line.trim().split_once(':')?;
        let name = head.split(';').next()?;
        // Grouped properties are written `item1.TEL`.
        let name = name.rsplit('.').next()?;
        let value = value.trim();
        (name.eq_ignore_ascii_case(property) && !value.is_empty()).then(|| value.to_owned())
    })
}

fn order(o: &Obj<'_>) -> Option<InboundBody> {
    let items = o
        .list("product_items")?
        .into_iter()
        .map(|raw| {
            let item = Obj::read(raw)?;
            Some(OrderItem {
                sku: item.text("product_retailer_id")?,
                quantity: u32::try_from(item.int("quantity")?).ok()?,
                price_milli: item.scaled("item_price", 3)?,
                currency: item.text("currency")?,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(InboundBody::Order {
        catalog_id: o.text("catalog_id")?,
        text: o.filled("text"),
        items,
    })
}

fn system(s: &Obj<'_>) -> Option<InboundBody> {
    Some(InboundBody::System {
        event: s.filled("type")?,
        wa_id: s.filled("wa_id").or_else(|| s.filled("new_wa_id")),
        user_id: s.filled("user_id"),
        previous_user_id: s.filled("previous_user_id"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vcards_numbers_are_found_whatever_their_parameters() {
        let vcard = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ana María\r\nTEL;type=CELL;waid=57300:+57 300\r\nitem2.tel:+5255\r\nNOTE:TEL:no\r\nEND:VCARD";
        assert_eq!(
            vcard_values(vcard, "TEL").collect::<Vec<_>>(),
            ["+57 300", "+5255"]
        );
        assert_eq!(vcard_values(vcard, "FN").next().unwrap(), "Ana María");
    }
}
