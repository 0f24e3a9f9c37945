//! Inbound messages of every kind.

use portero_domain::content::MediaKind;
use portero_domain::update::{InboundBody, OrderItem, PersonRef};

use super::*;

#[test]
fn a_text_says_who_wrote_what_and_when() {
    let m = message("message_text");
    assert_eq!(m.from, ana());
    assert_eq!(m.at, secs(1_796_000_001));
    assert_eq!(
        m.body,
        InboundBody::Text {
            text: "BAJA".into()
        }
    );
    assert_eq!(
        (m.replies_to, m.forwarded, m.ad, m.group),
        (None, false, None, None)
    );
}

#[test]
fn taps_carry_what_was_tapped_and_which_message_they_answer() {
    for (name, body) in [
        (
            "message_template_button",
            InboundBody::TemplateButton {
                payload: "OPTOUT_MKT".into(),
                text: "No recibir".into(),
            },
        ),
        (
            "message_template_button_without_payload",
            InboundBody::TemplateButton {
                payload: "No recibir".into(),
                text: "No recibir".into(),
            },
        ),
        (
            "message_button_reply",
            InboundBody::ButtonReply {
                id: "si".into(),
                title: "Sí, quiero".into(),
            },
        ),
        (
            "message_list_reply",
            InboundBody::ListReply {
                id: "hora_4".into(),
                title: "Jueves 16:00".into(),
                description: some("Sucursal Norte"),
            },
        ),
        (
            "message_flow_reply",
            InboundBody::FlowReply {
                name: "flow".into(),
                response_json: r#"{"flow_token":"p:31","talla":"M"}"#.into(),
            },
        ),
    ] {
        let m = message(name);
        assert_eq!(m.body, body, "{name}");
        assert_eq!(m.replies_to.as_deref(), Some("wamid.OUT500"), "{name}");
        assert!(m.body.opens_window(), "{name}");
    }
}

#[test]
fn media_of_every_kind_keep_id_type_caption_and_name() {
    let media = |media, id: &str, mime: &str, caption, filename, voice| InboundBody::Media {
        media,
        id: id.into(),
        mime: mime.into(),
        caption,
        filename,
        voice,
    };
    for (name, body) in [
        (
            "message_image",
            media(
                MediaKind::Image,
                "910000001",
                "image/jpeg",
                some("mi recibo"),
                None,
                false,
            ),
        ),
        (
            "message_video",
            media(
                MediaKind::Video,
                "910000002",
                "video/mp4",
                None,
                None,
                false,
            ),
        ),
        (
            "message_voice_note",
            media(
                MediaKind::Audio,
                "910000003",
                "audio/ogg; codecs=opus",
                None,
                None,
                true,
            ),
        ),
        (
            "message_document",
            media(
                MediaKind::Document,
                "910000004",
                "application/pdf",
                some("la factura"),
                some("factura.pdf"),
                false,
            ),
        ),
        (
            "message_sticker",
            media(
                MediaKind::Sticker,
                "910000005",
                "image/webp",
                None,
                None,
                false,
            ),
        ),
    ] {
        assert_eq!(message(name).body, body, "{name}");
    }
}

#[test]
fn a_place_is_read_from_its_decimals_to_the_last_digit() {
    assert_eq!(
        message("message_location").body,
        InboundBody::Location {
            latitude_e6: 19_426_900,
            longitude_e6: -99_167_700,
            name: some("Ángel"),
            address: some("Reforma 1"),
        }
    );
}

#[test]
fn contact_cards_give_names_and_phones() {
    assert_eq!(
        message("message_contacts").body,
        InboundBody::Contacts {
            cards: vec![
                (
                    "Beto Díaz".into(),
                    vec!["+52 55 1001 0002".into(), "5215510010003".into()]
                ),
                ("Taller".into(), vec![]),
            ],
            requested: false,
        }
    );
}

#[test]
fn a_person_without_phone_answers_our_request_for_it() {
    let m = message("message_contact_request_reply");
    assert_eq!(
        m.from,
        PersonRef {
            user_id: some("CO.70000000000000000009"),
            username: some("@caro"),
            ..PersonRef::default()
        }
    );
    assert_eq!(
        m.body,
        InboundBody::Contacts {
            cards: vec![("Caro".into(), vec!["+573001110001".into()])],
            requested: true,
        }
    );
}

#[test]
fn an_order_has_its_prices_in_thousandths() {
    let item = |sku: &str, quantity, price_milli| OrderItem {
        sku: sku.into(),
        quantity,
        price_milli,
        currency: "MXN".into(),
    };
    assert_eq!(
        message("message_order").body,
        InboundBody::Order {
            catalog_id: "720000001".into(),
            text: some("por favor"),
            items: vec![item("SKU-7", 2, 349_500), item("SKU-8", 1, 1_999_000)],
        }
    );
}

#[test]
fn a_reaction_without_emoji_takes_it_back() {
    let on = |emoji| InboundBody::Reaction {
        message_id: "wamid.OUT501".into(),
        emoji,
    };
    assert_eq!(message("message_reaction").body, on(some("❤")));
    assert_eq!(message("message_reaction_removed").body, on(None));
}

#[test]
fn a_changed_number_and_a_changed_user_id_say_who_it_was_and_is() {
    let m = message("message_system_number_changed");
    assert_eq!(m.from.wa_id.as_deref(), Some(ANA));
    assert_eq!(
        m.body,
        InboundBody::System {
            event: "user_changed_number".into(),
            wa_id: some("5215510019999"),
            user_id: some("MX.80010000000000000777"),
            previous_user_id: some(ANA_ID),
        }
    );
    let m = message("message_system_user_id_changed");
    assert_eq!(
        (m.from.wa_id, m.from.user_id.as_deref()),
        (None, Some(ANA_ID))
    );
    assert_eq!(
        m.body,
        InboundBody::System {
            event: "user_changed_user_id".into(),
            wa_id: None,
            user_id: some("MX.80010000000000000888"),
            previous_user_id: some(ANA_ID),
        }
    );
}

#[test]
fn what_meta_or_we_cannot_show_is_unsupported_and_opens_no_window() {
    for (name, what) in [
        ("message_unsupported_poll", "poll"),
        ("message_unsupported_bare", "unsupported"),
        ("message_edit", "edit"),
        (
            "message_call_permission",
            "interactive.call_permission_reply",
        ),
        ("message_media_not_fetched", "image"),
    ] {
        let body = message(name).body;
        assert_eq!(
            body,
            InboundBody::Unsupported { what: what.into() },
            "{name}"
        );
        assert!(!body.opens_window(), "{name}");
    }
}

#[test]
fn an_advertisement_is_named_with_its_click_when_there_is_one() {
    assert_eq!(
        message("message_from_ad").ad,
        Some(("130000007".into(), some("Bxx-7")))
    );
    assert_eq!(
        message("message_from_ad_without_click_id").ad,
        Some(("130000008".into(), None))
    );
}

#[test]
fn context_tells_of_forwarding_products_and_groups() {
    let forwarded = messages("message_forwarded");
    assert_eq!(forwarded.len(), 2);
    assert!(
        forwarded
            .iter()
            .all(|m| m.forwarded && m.replies_to.is_none())
    );
    assert_eq!(
        message("message_about_product").replies_to.as_deref(),
        Some("wamid.OUT500")
    );
    assert_eq!(message("message_in_group").group.as_deref(), Some("grp-1"));
}

#[test]
fn an_empty_wa_id_is_no_number() {
    let m = message("tricky_empty_wa_id");
    assert_eq!(
        m.from,
        PersonRef {
            wa_id: None,
            user_id: some("AR.60000000000000000003"),
            parent_user_id: some("AR.ENT.6003"),
            name: some("Dani"),
            username: some("@dani"),
            country: None,
        }
    );
    assert_eq!(m.from.addresses().count(), 2);
}

#[test]
fn a_message_without_contacts_still_has_its_sender() {
    let m = message("tricky_no_contacts");
    assert_eq!((m.from.wa_id.as_deref(), m.from.name), (Some(ANA), None));
}

#[test]
fn escapes_are_resolved_and_half_an_emoji_spoils_nothing() {
    let all = messages_any_raw("tricky_escapes");
    assert_eq!(all[0].wamid.as_str(), "wamid.ESC==");
    assert_eq!(
        all[0].body,
        InboundBody::Text {
            text: "¡Adiós! 🙏 \"ya no\"\n/fin".into()
        }
    );
    let InboundBody::Text { text } = &all[1].body else {
        panic!("no text")
    };
    assert!(text.starts_with("cortado \u{fffd}"), "{text:?}");
}

/// Like [`messages`], for ids that are escaped in the raw text.
fn messages_any_raw(name: &str) -> Vec<InboundMessage> {
    read(name)
        .into_iter()
        .map(|t| match t.update.what {
            UpdateKind::Message(m) => m,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn numbers_written_as_text_and_text_as_numbers_are_read() {
    let all = read("tricky_wrong_scalar_types");
    assert_eq!(all.len(), 4);
    for t in &all {
        assert_eq!(t.update.waba.as_ref().unwrap().as_str(), WABA);
        assert_eq!(t.update.number.as_ref().unwrap().as_str(), NUMBER);
    }
    let bodies: Vec<InboundBody> = all[..3]
        .iter()
        .map(|t| match &t.update.what {
            UpdateKind::Message(m) => {
                assert_eq!(m.from.wa_id.as_deref(), Some(ANA));
                assert_eq!(m.from.name.as_deref(), Some("12345"));
                m.body.clone()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bodies[0], InboundBody::Text { text: "12".into() });
    assert_eq!(
        bodies[1],
        InboundBody::Location {
            latitude_e6: -34_603_700,
            longitude_e6: -58_381_600,
            name: None,
            address: None
        }
    );
    let InboundBody::Order {
        catalog_id, items, ..
    } = &bodies[2]
    else {
        panic!("no order")
    };
    assert_eq!(catalog_id, "720000001");
    assert_eq!(
        (
            items[0].sku.as_str(),
            items[0].quantity,
            items[0].price_milli
        ),
        ("77", 3, 10_005)
    );
    let UpdateKind::Status(s) = &all[3].update.what else {
        panic!("no status")
    };
    assert_eq!(s.error, Some((131_026, "Undeliverable".into())));
    assert_eq!(s.recipient.wa_id.as_deref(), Some(ANA));
}

#[test]
fn null_is_as_good_as_absent() {
    let m = message("tricky_nulls");
    assert_eq!(m.body, InboundBody::Text { text: "x".into() });
    assert_eq!(
        (m.from.user_id, m.replies_to, m.group, m.ad),
        (None, None, None, None)
    );
}

#[test]
fn of_a_repeated_key_the_last_value_counts() {
    let m = message("tricky_repeated_keys");
    assert_eq!(m.wamid.as_str(), "wamid.R01");
    assert_eq!(m.body, InboundBody::Text { text: "b".into() });
}
