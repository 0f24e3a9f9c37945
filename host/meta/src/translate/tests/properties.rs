//! Random bodies never panic and keep their keys.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use super::*;

/// Any JSON of moderate size.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![
            "text",
            "button",
            "order",
            "failed",
            "stop",
            "1795000000",
            ""
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,10}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn fixtures() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    names.sort();
    names
        .iter()
        // Half an emoji cannot be held by a `Value`.
        .filter_map(|p| serde_json::from_slice(&std::fs::read(p).unwrap()).ok())
        .collect()
}

/// Number of nodes below and including `v`.
fn size(v: &Value) -> usize {
    1 + match v {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

/// Replaces the `n`-th node, counted in reading order; null is as good as removing it.
fn mutate(v: &mut Value, n: &mut usize, with: &Value) {
    if *n == 0 {
        *v = with.clone();
        return;
    }
    *n -= 1;
    let children: Vec<&mut Value> = match v {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(map) => map.values_mut().collect(),
        _ => return,
    };
    for child in children {
        let nodes = size(child);
        if *n < nodes {
            return mutate(child, n, with);
        }
        *n -= nodes;
    }
}

/// The same JSON with every object's keys in reverse order.
fn reversed(v: &Value) -> Value {
    match v {
        Value::Array(items) => items.iter().map(reversed).collect(),
        Value::Object(map) => Value::Object(
            map.iter()
                .rev()
                .map(|(k, v)| (k.clone(), reversed(v)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn keys(body: &[u8]) -> Vec<String> {
    translate(body)
        .unwrap()
        .into_iter()
        .map(|t| t.update.dedupe_key)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = translate(&raw);
    }

    #[test]
    fn any_value_in_the_frame_leaves_at_least_one_update(field in "[a-z_]{0,12}", value in any_json()) {
        for field in [field.as_str(), "messages", "user_preferences", "template_category_update"] {
            let body = json!({
                "object": "whatsapp_business_account",
                "entry": [{ "id": "1", "changes": [{ "field": field, "value": value }] }],
            });
            let all = translate(&serde_json::to_vec(&body).unwrap()).unwrap();
            prop_assert!(!all.is_empty());
            prop_assert!(all.iter().all(|t| !t.update.dedupe_key.is_empty() && !t.raw.is_empty()));
        }
    }

    #[test]
    fn a_damaged_webhook_is_still_taken(
        which: Index, node: Index, with in any_json()
    ) {
        let all = fixtures();
        let mut body = which.get(&all).clone();
        // Past the frame: root, `object`, `entry` keep their place.
        let mut n = node.index(size(&body).saturating_sub(3).max(1)) + 3;
        mutate(&mut body, &mut n, &with);
        let raw = serde_json::to_vec(&body).unwrap();
        let first = translate(&raw).unwrap();
        prop_assert!(!first.is_empty());
        prop_assert_eq!(first, translate(&raw).unwrap());
    }

    #[test]
    fn the_order_of_keys_and_white_space_do_not_change_a_key(which: Index) {
        let all = fixtures();
        let body = which.get(&all);
        let plain = keys(&serde_json::to_vec(body).unwrap());
        prop_assert_eq!(&plain, &keys(&serde_json::to_vec_pretty(&reversed(body)).unwrap()));
    }
}

#[test]
fn keys_do_not_depend_on_what_else_is_in_the_batch() {
    let all = fixtures();
    let alone: BTreeSet<String> = all
        .iter()
        .flat_map(|f| keys(&serde_json::to_vec(f).unwrap()))
        .collect();
    let entries: Vec<Value> = all
        .iter()
        .rev()
        .filter_map(|f| f["entry"].as_array())
        .flatten()
        .cloned()
        .collect();
    let batch = json!({ "object": "whatsapp_business_account", "entry": entries });
    let mut together: BTreeSet<String> = keys(&serde_json::to_vec(&batch).unwrap())
        .into_iter()
        .collect();
    // The one fixture that has no entry at all cannot be in the batch.
    together.extend(
        read("tricky_no_entry")
            .into_iter()
            .map(|t| t.update.dedupe_key),
    );
    assert_eq!(alone, together);
}

#[test]
fn the_same_change_at_another_time_or_account_is_another_change() {
    let body = |waba: &str, time: i64| {
        serde_json::to_vec(&json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": waba, "time": time, "changes": [
                { "field": "account_update", "value": { "event": "ACCOUNT_DELETED" } }
            ]}],
        }))
        .unwrap()
    };
    let base = keys(&body("1", 5));
    assert_eq!(base, keys(&body("1", 5)));
    assert_ne!(base, keys(&body("1", 6)));
    assert_ne!(base, keys(&body("2", 5)));
}
