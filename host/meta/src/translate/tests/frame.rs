//! The envelope: depth, shape, batches.

use std::collections::HashSet;

use super::super::BadPayload;
use super::*;

#[test]
fn a_batch_of_three_numbers_of_two_accounts_is_taken_apart() {
    let all = read("tricky_batch_of_three_numbers");
    let seen: Vec<(&str, &str, &str)> = all
        .iter()
        .map(|t| {
            (
                t.update.waba.as_ref().unwrap().as_str(),
                t.update.number.as_ref().map_or("", |n| n.as_str()),
                t.update.what.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (WABA, NUMBER, "message"),
            (WABA, NUMBER, "message"),
            (WABA, "402000000000022", "message"),
            (WABA, "402000000000022", "status"),
            ("302000000000012", "402000000000023", "status"),
            ("302000000000012", "402000000000023", "status"),
            ("302000000000012", "", "template_status"),
        ]
    );
    let UpdateKind::Message(second) = &all[1].update.what else {
        panic!("no message")
    };
    assert_eq!(second.from.name.as_deref(), Some("P2"));
    assert_eq!(
        second.from.user_id.as_deref(),
        Some("MX.80000000000000000002")
    );
}

#[test]
fn what_cannot_be_read_rests_beside_what_can() {
    let all = read("tricky_good_beside_bad");
    let seen: Vec<&str> = all
        .iter()
        .map(|t| match &t.update.what {
            UpdateKind::Unhandled { why } => why.as_str(),
            other => other.as_str(),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "unknown message shape: no id",
            "unknown message shape: no timestamp",
            "unknown message shape: no type",
            "unknown message shape: no sender",
            "unknown message shape: text",
            "unknown message shape: location",
            "unknown message shape: no object",
            "message",
            "unknown status shape: no id",
            "unknown status shape: no object",
            "unknown status shape: no status",
            "status",
        ]
    );
    assert!(all[0].raw.contains("sin id") && !all[0].raw.contains("sin hora"));
    let keys: HashSet<&str> = all.iter().map(|t| t.update.dedupe_key.as_str()).collect();
    assert_eq!(keys.len(), all.len());
}

#[test]
fn a_frame_without_content_still_leaves_a_trace_of_each_part() {
    let whys: Vec<String> = read("tricky_frame_without_content")
        .iter()
        .map(|t| why(&t.update).to_owned())
        .collect();
    assert_eq!(
        whys,
        [
            "unknown payload shape: no changes",
            "unknown payload shape: no value",
            "unknown payload shape: no value",
            "unknown field",
            "unknown payload shape: change is no object",
            "unknown payload shape: entry is no object",
        ]
    );
    let none = read("tricky_no_entry");
    assert_eq!(why(&none[0].update), "unknown payload shape: no entry");
    assert_eq!(
        none[0].raw,
        r#"{"object": "whatsapp_business_account"}"#
            .replace("{\"", "{\n \"")
            .replace('}', "\n}")
    );
}

#[test]
fn only_a_foreign_frame_is_an_error() {
    assert_eq!(translate(b"\xff{}"), Err(BadPayload::NotUtf8 { at: 0 }));
    assert_eq!(
        translate(b""),
        Err(BadPayload::NotJson { line: 1, column: 0 })
    );
    assert_eq!(
        translate(b"{\n \"a\": }"),
        Err(BadPayload::NotJson { line: 2, column: 7 })
    );
    assert_eq!(
        translate(b"{} {}"),
        Err(BadPayload::NotJson { line: 1, column: 4 })
    );
    assert_eq!(translate(b"[]"), Err(BadPayload::NotObject));
    assert_eq!(translate(b"null"), Err(BadPayload::NotObject));
    assert_eq!(
        translate(b"{}"),
        Err(BadPayload::WrongObject {
            object: String::new()
        })
    );
    let long = format!(r#"{{"object":"{}"}}"#, "p".repeat(200));
    assert_eq!(
        translate(long.as_bytes()),
        Err(BadPayload::WrongObject {
            object: "p".repeat(64)
        })
    );
}

#[test]
fn nesting_is_bounded_before_anything_is_parsed() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(translate(nested(32).as_bytes()), Err(BadPayload::NotObject));
    assert_eq!(
        translate(nested(33).as_bytes()),
        Err(BadPayload::TooDeep { limit: 32 })
    );
    // Even when it is no JSON at all, and far deeper than any stack.
    assert_eq!(
        translate("[".repeat(3_000_000).as_bytes()),
        Err(BadPayload::TooDeep { limit: 32 })
    );
}

#[test]
fn every_fixture_has_a_test_that_names_it() {
    let tests = concat!(
        include_str!("beside.rs"),
        include_str!("fields.rs"),
        include_str!("frame.rs"),
        include_str!("messages.rs"),
        include_str!("standing.rs"),
        include_str!("statuses.rs"),
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            tests.contains(&format!("\"{name}\"")),
            "{name} is not tested"
        );
        count += 1;
    }
    assert!(count >= 60, "{count} fixtures found");
}

#[test]
fn a_full_batch_of_three_megabytes_is_read_whole() {
    let one = String::from_utf8(fixture("message_text")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&one).unwrap();
    let mut whole = value.clone();
    let message = value["entry"][0]["changes"][0]["value"]["messages"][0].clone();
    let many: Vec<serde_json::Value> = (0..1_000)
        .map(|n| {
            let mut m = message.clone();
            m["id"] = format!("wamid.M{n}").into();
            m["text"]["body"] = "x".repeat(2_800).into();
            m
        })
        .collect();
    whole["entry"][0]["changes"][0]["value"]["messages"] = many.into();
    let body = serde_json::to_vec(&whole).unwrap();
    assert!(body.len() > 2_900_000);
    let all = translate(&body).unwrap();
    assert_eq!(all.len(), 1_000);
    assert_eq!(all[999].update.dedupe_key, format!("m:{NUMBER}:wamid.M999"));
}
