//! What must be true after any number of kills, seen from outside: nothing lost, nothing sent twice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::street::{Host, Street, pages};

/// What came of everything.
pub(crate) struct Ledger {
    pub(crate) sent: usize,
    pub(crate) unknown: usize,
}

impl Ledger {
    /// Asserts that both sides agree. `more` messages were proposed through the API.
    pub(crate) async fn close(street: &Street, host: &Host, more: usize) -> Ledger {
        Ledger::read(street, host, more)
            .await
            .unwrap_or_else(|difference| panic!("{difference}"))
    }

    /// Reads both sides; an error says where Meta's account of what left differs from the host's.
    pub(crate) async fn read(street: &Street, host: &Host, more: usize) -> Result<Ledger, String> {
        every_message_came_in_once(street, host).await;
        let messages = pages(&host.api, "/v1/messages").await;
        every_question_has_its_answer(street, host, &messages, more).await;
        let ledger = nothing_is_lost_or_sent_twice(street, &messages).await?;
        let account = host.api.get("/v1/account").await.expect("account");
        assert_eq!(account["balanced"], true, "{account}");
        assert_eq!(
            account["states"]["attempting"].as_u64().unwrap_or(0),
            0,
            "{account}"
        );
        assert_eq!(account["proposed"], messages.len(), "{account}");
        Ok(ledger)
    }
}

async fn every_message_came_in_once(street: &Street, host: &Host) {
    let mut came: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in pages(&host.api, "/v1/inbox").await {
        assert_eq!(event["state"], "done", "{event}");
        if event["kind"] == "message" {
            let wamid = event["payload"]["what"]["wamid"]
                .as_str()
                .unwrap_or_else(|| panic!("a wamid in {event}"));
            came.entry(wamid.to_owned())
                .or_default()
                .push(event["id"].to_string());
        }
    }
    for (phone, wamid) in &street.said {
        let times = came.remove(wamid).unwrap_or_default();
        assert_eq!(
            times.len(),
            1,
            "{wamid} of {phone} is in the inbox as {times:?}"
        );
    }
    assert!(came.is_empty(), "nobody said {came:?}");
}

async fn every_question_has_its_answer(
    street: &Street,
    host: &Host,
    messages: &[Value],
    more: usize,
) {
    let phones = street.contacts(host).await;
    let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
    for message in messages.iter().filter(|m| m["origin"] == "plugin") {
        let contact = message["contact"].as_str().expect("a contact");
        *answers.entry(phones[contact].as_str()).or_default() += 1;
    }
    let mut questions: BTreeMap<&str, usize> = BTreeMap::new();
    for (phone, _) in &street.said {
        *questions.entry(phone).or_default() += 1;
    }
    assert_eq!(answers, questions, "one answer proposed for each question");
    assert_eq!(messages.len(), street.said.len() + more);
}

async fn nothing_is_lost_or_sent_twice(
    street: &Street,
    messages: &[Value],
) -> Result<Ledger, String> {
    let accepted = street.accepted().await;
    let wamid = |m: &Value| {
        m["wamid"]
            .as_str()
            .unwrap_or_else(|| panic!("a wamid in {m}"))
            .to_owned()
    };
    let attempts: BTreeSet<&str> = accepted
        .iter()
        .map(|m| {
            m["biz_opaque_callback_data"]
                .as_str()
                .expect("the attempt's id")
        })
        .collect();
    assert_eq!(
        attempts.len(),
        accepted.len(),
        "no attempt reached Meta twice"
    );

    let mut ledger = Ledger {
        sent: 0,
        unknown: 0,
    };
    let mut ours: BTreeMap<String, &Value> = BTreeMap::new();
    for message in messages {
        match message["state"].as_str() {
            Some("sent") => {
                ledger.sent += 1;
                let twice = ours.insert(wamid(message), message);
                assert!(
                    twice.is_none(),
                    "one message of Meta's for two of ours: {message} {twice:?}"
                );
            }
            Some("unknown") => ledger.unknown += 1,
            _ => panic!("neither sent nor honestly unknown: {message}"),
        }
    }
    // Meta's messages and ours that are sent are the same, one to one. A second send of one of ours
    // would be a message of Meta's without one of ours; so would one that we believe to be unknown
    // although Meta has reported on it.
    let theirs: BTreeMap<String, &Value> = accepted.iter().map(|m| (wamid(m), m)).collect();
    assert_eq!(theirs.len(), accepted.len());
    let missing: Vec<_> = ours.keys().filter(|w| !theirs.contains_key(*w)).collect();
    let extra: Vec<_> = theirs
        .iter()
        .filter(|(w, _)| !ours.contains_key(*w))
        .map(|(_, m)| m.to_string())
        .collect();
    if !missing.is_empty() || !extra.is_empty() {
        return Err(format!(
            "said to be sent and never accepted: {missing:?}; accepted and not known: {extra:?}"
        ));
    }
    for (wamid, message) in ours {
        let reported: Vec<_> = theirs[&wamid]["statuses"]
            .as_array()
            .expect("statuses")
            .iter()
            .map(|s| s["status"].clone())
            .collect();
        assert!(
            reported.iter().any(|s| s == "read"),
            "everybody reads: {reported:?}"
        );
        assert_eq!(
            message["status"], "read",
            "what Meta reported arrived: {message}"
        );
    }
    Ok(ledger)
}
