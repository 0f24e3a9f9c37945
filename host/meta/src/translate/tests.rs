//! Every fixture with what must come out of it, and properties over whatever else may come in.

mod beside;
mod fields;
mod frame;
mod messages;
mod properties;
mod standing;
mod statuses;

use portero_domain::clock::Ts;
use portero_domain::update::{InboundMessage, PersonRef, StatusUpdate, Update, UpdateKind};

use super::{Translated, translate};

const WABA: &str = "302000000000011";
const NUMBER: &str = "402000000000021";
const ANA: &str = "5215510010001";
const ANA_ID: &str = "MX.80010000000000000001";

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn read(name: &str) -> Vec<Translated> {
    translate(&fixture(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The only update of a fixture, of the account all fixtures share.
fn only(name: &str) -> Update {
    let mut all = read(name);
    assert_eq!(all.len(), 1, "{name}");
    let update = all.remove(0).update;
    assert_eq!(update.waba.as_ref().unwrap().as_str(), WABA, "{name}");
    update
}

fn messages(name: &str) -> Vec<InboundMessage> {
    read(name)
        .into_iter()
        .map(|t| {
            assert_eq!(t.update.field, "messages", "{name}");
            assert_eq!(t.update.number.as_ref().unwrap().as_str(), NUMBER, "{name}");
            let UpdateKind::Message(m) = t.update.what else {
                panic!("{name}: {:?}", t.raw)
            };
            assert_eq!(
                t.update.dedupe_key,
                format!("m:{NUMBER}:{}", m.wamid),
                "{name}"
            );
            assert!(t.raw.contains(m.wamid.as_str()), "{name}");
            m
        })
        .collect()
}

fn message(name: &str) -> InboundMessage {
    let mut all = messages(name);
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

fn statuses(name: &str) -> Vec<(StatusUpdate, String)> {
    read(name)
        .into_iter()
        .map(|t| match t.update.what {
            UpdateKind::Status(s) => (s, t.update.dedupe_key),
            other => panic!("{name}: {other:?}"),
        })
        .collect()
}

fn why(update: &Update) -> &str {
    match &update.what {
        UpdateKind::Unhandled { why } => why,
        other => panic!("handled: {other:?}"),
    }
}

fn ana() -> PersonRef {
    PersonRef {
        wa_id: Some(ANA.to_owned()),
        user_id: Some(ANA_ID.to_owned()),
        name: Some("Ana R".to_owned()),
        username: Some("@ana.r".to_owned()),
        country: Some("MX".to_owned()),
        ..PersonRef::default()
    }
}

fn secs(n: i64) -> Ts {
    Ts::from_secs(n)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
