//! Calls, passive copies, handovers, changed templates, and what rests.

use serde_json::{Value, json};

use super::*;

fn one(field: &str, value: &Value) -> Translated {
    let body = json!({ "object": "whatsapp_business_account", "entry": [
        { "id": "302000000000011", "time": 1_796_001_000, "changes": [{ "field": field, "value": value }] }] });
    let mut all = translate(body.to_string().as_bytes()).unwrap();
    assert_eq!(all.len(), 1, "{field}");
    all.pop().unwrap()
}

fn listed(field: &str, item: &Value) -> UpdateKind {
    let value = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "525550002222", "phone_number_id": NUMBER }, field: [item] });
    let read = one(field, &value);
    assert_eq!(read.update.number.as_ref().unwrap().as_str(), NUMBER);
    read.update.what
}

#[test]
fn only_the_begin_of_a_persons_call_is_a_call() {
    let call = |event: &str, direction: &str| {
        json!({ "id": "wacid.1", "from": "5215510010001", "event": event, "direction": direction,
            "timestamp": "1796001540" })
    };
    let UpdateKind::Call {
        person,
        call: id,
        at,
    } = listed("calls", &call("connect", "USER_INITIATED"))
    else {
        panic!("a call");
    };
    assert_eq!(
        (person.wa_id, id, at),
        (some("5215510010001"), "wacid.1".into(), secs(1_796_001_540))
    );
    for (event, direction) in [
        ("terminate", "USER_INITIATED"),
        ("connect", "BUSINESS_INITIATED"),
    ] {
        let rests = listed("calls", &call(event, direction));
        let UpdateKind::Unhandled { why } = rests else {
            panic!("{event} {direction}");
        };
        assert!(why.starts_with("not acted on"), "{why}");
    }
    let nobody = json!({ "id": "wacid.1", "event": "connect", "timestamp": "1796001540" });
    assert!(matches!(
        listed("calls", &nobody),
        UpdateKind::Unhandled { .. }
    ));
}

#[test]
fn whoever_a_handover_names_is_in_other_hands() {
    let named = json!({ "from": "5215510010001", "timestamp": "1796001540" });
    let UpdateKind::Handover { person, at } = listed("messaging_handovers", &named) else {
        panic!("a handover");
    };
    assert_eq!(
        (person.wa_id, at),
        (some("5215510010001"), secs(1_796_001_540))
    );
    let nobody = one("messaging_handovers", &json!({ "x": 1 }));
    assert_eq!(why(&nobody.update), "not acted on: it names nobody");
}

#[test]
fn a_passive_copy_is_the_persons_message_and_nobodys_status() {
    let u = only("standby");
    assert_eq!((u.field.as_str(), u.what.as_str()), ("standby", "message"));
    let status = json!({ "metadata": { "phone_number_id": NUMBER },
        "statuses": [{ "id": "wamid.1", "status": "read", "timestamp": "1796001540", "recipient_id": "5" }] });
    let rests = one("standby", &status);
    assert!(why(&rests.update).contains("somebody else's"));
}

#[test]
fn a_changed_template_is_named() {
    let what = only("template_components").what;
    assert_eq!(what.as_str(), "template_content", "{what:?}");
}

#[test]
fn known_fields_rest_as_not_acted_on_and_keep_their_name_and_text() {
    for field in crate::wire::webhook::KNOWN_NOT_ACTED_ON {
        let read = one(field, &json!({ "about": field }));
        assert_eq!(
            (read.update.field.as_str(), why(&read.update)),
            (*field, "not acted on")
        );
        assert!(read.update.dedupe_key.starts_with("x:") && read.update.dedupe_key.len() == 66);
        let kept: Value = serde_json::from_str(&read.raw).unwrap();
        assert_eq!(kept["about"], *field);
    }
}

#[test]
fn an_account_that_left_is_stopped_and_its_return_lifts_that() {
    let changes = |field: &str| match one(field, &json!({ "reason": "x" })).update.what {
        UpdateKind::Account(news) => news.changes,
        other => panic!("{other:?}"),
    };
    let left = changes("account_offboarded");
    assert_eq!(left[0].aspect(), "restriction", "{left:?}");
    let back = changes("account_reconnected");
    assert_eq!(
        back,
        [portero_domain::account::AccountChange::Lifted {
            reason: portero_domain::account::RECONNECTED.into()
        }]
    );
}
