//! Who belongs where, at the thresholds to the millisecond, and why, in three languages.

#![expect(clippy::unwrap_used, reason = "tests stop at what should not be")]

use portero_sdk::testing::Host;
use portero_sdk::{
    Batch, LastSeen, Meta, Purchase, SegmentContact, Segmentation, TemplateSignature, TemplateSlot,
};
use rfm_segments::RfmSegments;

const NOW: u64 = 1_795_348_800_000; // 2026-11-22T12:00:00Z
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn person(last: &[(&str, u64)]) -> SegmentContact {
    SegmentContact {
        handle: "h".into(),
        last: last
            .iter()
            .map(|(kind, ago)| LastSeen {
                kind: (*kind).into(),
                ago: *ago,
            })
            .collect(),
        ..SegmentContact::default()
    }
}

fn buys(mut contact: SegmentContact, purchases: &[(u64, i64, &str)]) -> SegmentContact {
    contact.purchases = purchases
        .iter()
        .map(|(ago, amount_milli, currency)| Purchase {
            ago: *ago,
            amount_milli: *amount_milli,
            currency: (*currency).into(),
        })
        .collect();
    contact
}

fn look(config: &str, language: &str, contact: SegmentContact) -> Vec<(String, String)> {
    let host = Host::install();
    host.set_config(config);
    let batch = Batch {
        meta: Meta {
            now: NOW,
            language: language.into(),
            ..Meta::default()
        },
        contacts: vec![contact],
    };
    let answer = RfmSegments.classify(&batch).unwrap();
    answer
        .into_iter()
        .map(|m| {
            assert_eq!(m.handle, "h");
            assert!(m.reason.len() <= 256);
            (m.segment, m.reason)
        })
        .collect()
}

fn segments(contact: SegmentContact) -> Vec<String> {
    look("{}", "es", contact).into_iter().map(|m| m.0).collect()
}

#[test]
fn somebody_nothing_is_known_of_is_nowhere() {
    assert!(segments(person(&[])).is_empty());
    assert!(segments(person(&[("delivered", 0), ("read", 0)])).is_empty());
}

#[test]
fn active_and_dormant_change_at_the_millisecond() {
    assert_eq!(segments(person(&[("inbound", 30 * DAY)])), ["active"]);
    assert!(segments(person(&[("inbound", 30 * DAY + 1)])).is_empty());
    assert!(segments(person(&[("inbound", 90 * DAY - 1)])).is_empty());
    assert_eq!(segments(person(&[("inbound", 90 * DAY)])), ["dormant"]);
    // The youngest sign of life counts, whatever it is.
    assert_eq!(
        segments(person(&[("inbound", 200 * DAY), ("clicked", DAY)])),
        ["active"]
    );
    assert_eq!(
        segments(buys(person(&[("inbound", 200 * DAY)]), &[(DAY, 1, "COP")])),
        ["active"]
    );
}

#[test]
fn a_cart_is_abandoned_for_a_while() {
    for (ago, expected) in [(HOUR - 1, 0), (HOUR, 1), (7 * DAY, 1), (7 * DAY + 1, 0)] {
        assert_eq!(segments(person(&[("cart", ago)])).len(), expected, "{ago}");
    }
}

#[test]
fn best_customers_need_number_and_sum_in_one_currency() {
    let config = r#"{"best":{"purchases":2,"total":100,"days":30}}"#;
    let best = |purchases: &[(u64, i64, &str)]| {
        look(config, "en", buys(person(&[]), purchases))
            .into_iter()
            .find(|m| m.0 == "best_customers")
            .map(|m| m.1)
    };
    assert_eq!(
        best(&[(DAY, 60_000, "BRL"), (2 * DAY, 40_000, "BRL")]).unwrap(),
        "2 purchases worth 100 BRL in 30 days"
    );
    assert_eq!(
        best(&[(DAY, 60_000, "BRL"), (2 * DAY, 39_999, "BRL")]),
        None
    );
    assert_eq!(best(&[(DAY, 100_000, "BRL")]), None);
    assert_eq!(best(&[(DAY, 60_000, "BRL"), (DAY, 60_000, "USD")]), None);
    assert_eq!(
        best(&[(DAY, 60_000, "BRL"), (30 * DAY + 1, 60_000, "BRL")]),
        None
    );
}

#[test]
fn new_is_who_was_first_seen_lately() {
    assert_eq!(segments(person(&[("created", 14 * DAY)])), ["new"]);
    assert!(segments(person(&[("created", 14 * DAY + 1)])).is_empty());
}

#[test]
fn a_reason_is_in_the_language_of_the_call_and_names_dates() {
    let mut contact = buys(
        person(&[("inbound", 2 * DAY), ("cart", 3 * HOUR), ("created", DAY)]),
        &[
            (3 * DAY, 1_250_500_500, "COP"),
            (4 * DAY, 1, "COP"),
            (5 * DAY, 1, "COP"),
        ],
    );
    contact.attributes = vec![
        ("cart.amount_milli".into(), "129900000".into()),
        ("cart.currency".into(), "COP".into()),
    ];
    let reasons = |language: &str| -> Vec<String> {
        look("{}", language, contact.clone())
            .into_iter()
            .map(|m| m.1)
            .collect()
    };
    assert_eq!(
        reasons("es"),
        [
            "Escribió el 2026-11-20",
            "Carrito sin terminar desde el 2026-11-22, por 129.900 COP",
            "3 compras por 1.250.500,50 COP en 365 días",
            "Primer contacto el 2026-11-21",
        ]
    );
    assert_eq!(
        reasons("pt_BR"),
        [
            "Escreveu em 2026-11-20",
            "Carrinho parado desde 2026-11-22, no valor de 129.900 COP",
            "3 compras no valor de 1.250.500,50 COP em 365 dias",
            "Primeiro contato em 2026-11-21",
        ]
    );
    assert_eq!(
        reasons("en"),
        [
            "Wrote on 2026-11-20",
            "Cart left on 2026-11-22, worth 129,900 COP",
            "3 purchases worth 1,250,500.50 COP in 365 days",
            "First seen on 2026-11-21",
        ]
    );
}

#[test]
fn settings_that_do_not_read_leave_the_usual_in_force() {
    for config in ["", "[]", r#"{"active_days":"many","best":7}"#] {
        let found = look(config, "es", person(&[("inbound", 30 * DAY)]));
        assert_eq!(found.len(), 1, "{config}");
    }
    assert!(
        look(
            r#"{"active_days":1}"#,
            "es",
            person(&[("inbound", DAY + 1)])
        )
        .is_empty()
    );
}

#[test]
fn every_segment_has_a_title_in_each_language() {
    let segments = RfmSegments.segments();
    assert_eq!(segments.len(), 5);
    for segment in segments {
        let languages: Vec<&str> = segment.titles.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(languages, ["es", "pt", "en"], "{}", segment.id);
    }
}

#[test]
fn a_template_is_filled_or_the_person_left_out() {
    let _host = Host::install();
    let slot = |slot: &str, hint: &str| TemplateSlot {
        slot: slot.into(),
        hint: hint.into(),
    };
    let template = TemplateSignature {
        slots: vec![slot("body.nombre", ""), slot("body.2", "ciudad")],
        ..TemplateSignature::default()
    };
    let mut ana = person(&[]);
    ana.attributes = vec![
        ("ciudad".into(), "Cali".into()),
        ("name".into(), "Ana".into()),
    ];
    let mut eva = person(&[]);
    eva.attributes = vec![("name".into(), "Eva".into())];
    let batch = Batch {
        contacts: vec![ana, eva],
        ..Batch::default()
    };
    let values = RfmSegments.personalise(&batch, &template).unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!(
        values.first().unwrap().values,
        [
            ("body.nombre".to_owned(), "Ana".to_owned()),
            ("body.2".to_owned(), "Cali".to_owned())
        ]
    );
}
