//! The consent question as a template: who came in by a list says yes or no outside any window.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns;
use crate::harness::{Env, Test, ruled, test};
use crate::imports::import;
use crate::imports_consent::attestation;
use crate::rules::newcomer;

pub(crate) const TESTS: &[Test] = &[
    test!(questions::an_imported_consent_is_confirmed_by_a_template),
    test!(questions::a_question_that_proves_nothing_is_not_put),
];

fn question() -> Value {
    json!({ "wording": "ofertas", "template": "permiso_ofertas" })
}

/// Puts the question; the answer with its verdict.
pub(crate) async fn ask(env: &Env, who: &str, key: &str, body: Value) -> anyhow::Result<Value> {
    let path = format!("/v1/contacts/{who}/ask");
    let answer = env.sol().api.post_once(&path, key, body).await;
    env.settle().await;
    answer
}

async fn offer(env: &Env, who: &str, key: &str) -> (String, String) {
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let answer = env.sol().api.propose(key, body).await.expect("an answer");
    env.settle().await;
    ruled(&answer)
}

async fn person(env: &Env, who: &str) -> Value {
    let path = format!("/v1/contacts/{who}");
    env.sol().api.get(&path).await.expect("the contact")
}

async fn tap(env: &Env, who: &str, question: &Value, id: &str) {
    let path = format!(
        "/v1/messages/{}",
        question["message"]["id"].as_str().unwrap()
    );
    let sent = env.sol().api.get(&path).await.expect("the question");
    assert_eq!(sent["state"], "sent", "{sent}");
    let number = env.sol().shop.number;
    let body = json!({ "number": number, "message": sent["wamid"], "id": id });
    let path = format!("/_sim/people/{who}/tap");
    env.world.control.post(&path, &body).await.expect("tapped");
    env.settle().await;
}

pub(crate) async fn an_imported_consent_is_confirmed_by_a_template(env: Env) {
    let sol = env.sol();
    let mut people = Vec::new();
    for n in 601..=604 {
        people.push(newcomer(&env, n, "es", None).await);
    }
    let [yes, no, late, nobody] = people.as_slice() else {
        panic!("four people");
    };
    // Agreed on paper months ago: what counts is when it was written down here.
    let mut file = "phone,consent,consent_at\n".to_owned();
    for (day, who) in [yes, no, late].into_iter().enumerate() {
        file.push_str(&format!("+{who},yes,2026-05-{:02}\n", day + 1));
    }
    let how = json!({ "attestation": attestation("in_store_paper") });
    let done = import(&sol.api, how, file.as_bytes()).await.unwrap();
    assert_eq!(done["consents"], 3, "{done}");
    let pending = "consent.double-opt-in-pending";
    assert_eq!(offer(&env, yes, "early").await.1, pending);

    // One question each, and no second one. Somebody with nothing on record cannot be asked so.
    let to_yes = ask(&env, yes, "yes", question()).await.unwrap();
    assert_eq!(to_yes["verdict"]["verdict"], "allow", "{to_yes}");
    assert_eq!(to_yes["message"]["purpose"], "consent_request");
    let again = ask(&env, yes, "yes", question()).await.unwrap();
    assert_eq!(again["message"]["id"], to_yes["message"]["id"], "{again}");
    let second = ask(&env, yes, "yes-2", question()).await.unwrap();
    assert_eq!(second["verdict"]["rule"], "consent.request-repeated");
    let to_no = ask(&env, no, "no", question()).await.unwrap();
    let unasked = ask(&env, nobody, "nobody", question()).await.unwrap();
    assert_eq!(unasked["verdict"]["rule"], "consent.missing", "{unasked}");
    assert_eq!(
        offer(&env, yes, "asked").await.1,
        pending,
        "a question is no yes"
    );
    env.jump(Millis::hours(1)).await;

    tap(&env, yes, &to_yes, "portero:yes:ofertas").await;
    let stands = person(&env, yes).await;
    assert_eq!(stands["consent"]["ofertas"]["state"], "granted", "{stands}");
    assert_eq!(stands["consent"]["ofertas"]["promise"]["max"], 2);
    let event = stands["consent_events"].as_array().unwrap().last().unwrap();
    assert_eq!(event["wording"], "ofertas@1", "{event}");
    assert_eq!(event["source"], "wa_button");
    assert!(event["evidence"].as_str().unwrap().starts_with("wamid."));
    assert_eq!(event["proof"]["question"], to_yes["message"]["id"]);
    let asked = stands["consent_events"].as_array().unwrap();
    let asked = asked.iter().find(|e| e["kind"] == "requested").unwrap();
    assert_eq!(
        event["proof"]["wording_sha256"],
        asked["proof"]["wording_sha256"]
    );
    assert_eq!(asked["proof"]["actor"]["kind"], "operator", "{asked}");

    tap(&env, no, &to_no, "portero:no:ofertas").await;
    let stands = person(&env, no).await;
    assert_eq!(
        stands["consent"]["ofertas"]["state"], "declined",
        "{stands}"
    );
    // Nothing is left on record that a template could ask about.
    let again = ask(&env, no, "no-2", question()).await.unwrap();
    assert_eq!(again["verdict"]["rule"], "consent.missing", "{again}");

    // Whoever was not asked within seven days cannot be asked any more.
    env.jump(Millis::days(7)).await;
    let over = ask(&env, late, "late", question()).await.unwrap();
    assert_eq!(over["verdict"]["rule"], "consent.missing", "{over}");

    // The campaign reaches who said yes, and nobody else of the list.
    let weekly = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers", "audience": { "who": "all" },
    });
    let (id, _) = campaigns::launch(&env, &weekly).await;
    campaigns::until(&env, &id, "done").await;
    let page = sol
        .api
        .get(&format!("/v1/campaigns/{id}/people?limit=200"))
        .await
        .unwrap();
    for (who, state) in [(yes, "sent"), (no, "denied"), (late, "denied")] {
        let contact = person(&env, who).await["id"].clone();
        let all = page["items"].as_array().unwrap();
        let one = all.iter().find(|p| p["contact"] == contact);
        assert_eq!(one.expect("in the audience")["state"], state, "{page}");
    }
    env.end().await;
}

pub(crate) async fn a_question_that_proves_nothing_is_not_put(env: Env) {
    let sol = env.sol();
    let unconfirmed = json!({ "event": "granted_unconfirmed", "topic": "ofertas", "wording": "ofertas@1",
        "evidence": "form 12", "origin": "own_list", "promise": { "max": 2, "per": "week" } });
    let who = newcomer(&env, 611, "es", Some(unconfirmed)).await;
    for (body, words) in [
        (
            json!({ "wording": "nada", "template": "permiso_ofertas" }),
            "there is no `nada`",
        ),
        (
            json!({ "wording": "ofertas", "template": "no_such" }),
            "portero template sync",
        ),
        (
            json!({ "wording": "ofertas", "template": "permiso_ofertas", "language": "pt_BR" }),
            "there is no `permiso_ofertas` in pt_BR",
        ),
        (
            json!({ "wording": "ofertas", "template": "promo_semana" }),
            "its text is another",
        ),
    ] {
        let error = ask(&env, &who, "bad", body).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = ask(&env, "+573009998877", "who", question()).await;
    assert!(error.unwrap_err().to_string().contains("contact"));
    // Nobody else's template, nobody else's person.
    let theirs = env.lua().shop.people[0].key();
    assert!(ask(&env, theirs, "theirs", question()).await.is_err());
    let id = person(&env, &who).await["id"].clone();
    let path = format!("/v1/messages?contact={}", id.as_str().unwrap());
    let page = sol.api.get(&path).await.unwrap();
    assert_eq!(page["items"], json!([]), "nothing was proposed");
    // Only the host may use the ids by which it knows a yes.
    let content = json!({ "type": "template", "name": "permiso_ofertas", "language": "es", "buttons": [
        { "index": 0, "kind": "quick_reply", "value": { "as": "text", "text": "portero:yes:ofertas" } }] });
    let body =
        json!({ "to": who, "purpose": "consent_request", "topic": "ofertas", "content": content });
    let own = sol.api.propose("own", body).await.unwrap();
    assert_eq!(own["verdict"]["rule"], "content.unsupported", "{own}");
    // What Meta moves to marketing is promotion, whatever it says.
    let path = format!("/_sim/templates/{}/permiso_ofertas/es", sol.shop.waba);
    let moved = json!({ "category": "MARKETING" });
    env.world.control.post(&path, &moved).await.unwrap();
    env.settle().await;
    let refused = ask(&env, &who, "moved", question()).await.unwrap();
    assert_eq!(
        refused["verdict"]["rule"], "consent.double-opt-in-pending",
        "{refused}"
    );
    // And a text that was edited since is another question.
    env.jump(Millis::minutes(1)).await;
    let edited = json!({ "category": "UTILITY", "body": "¿Aceptas ofertas?" });
    env.world.control.post(&path, &edited).await.unwrap();
    env.settle().await;
    let error = ask(&env, &who, "edited", question()).await.unwrap_err();
    assert!(error.to_string().contains("its text is another"), "{error}");
    env.end().await;
}
