//! What Meta says of numbers, accounts and people takes effect and is shown with its date.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

pub(crate) async fn what_meta_says_of_a_number_is_shown_and_dated(env: Env) {
    let sol = env.sol();
    let number = sol.shop.number;
    env.jump(Millis::minutes(1)).await;
    let about = |event: &str| json!({ "display_phone_number": sol.shop.display, "event": event });
    env.meta_says(sol, "phone_number_quality_update", about("FLAGGED"))
        .await;
    env.meta_says(
        sol,
        "phone_number_quality_update",
        about("THROUGHPUT_UPGRADE"),
    )
    .await;
    let name = json!({ "display_phone_number": sol.shop.display, "decision": "APPROVED",
                       "requested_verified_name": "Tienda Sol Oficial" });
    env.meta_says(sol, "phone_number_name_update", name).await;
    let limit = json!({ "max_daily_conversations_per_business": "TIER_2K" });
    env.meta_says(sol, "business_capability_update", limit)
        .await;
    let alert = json!({ "entity_type": "BUSINESS", "entity_id": "5", "alert_info": {
        "alert_severity": "WARNING", "alert_status": "ACTIVE", "alert_type": "OBA_REJECTED", "alert_description": "no" } });
    env.meta_says(sol, "account_alerts", alert).await;
    let rejected = json!({ "decision": "REJECTED" });
    env.meta_says(sol, "account_review_update", rejected).await;
    let path = format!("/v1/numbers/{number}");
    let shown = sol.api.get(&path).await.unwrap();
    let now = &shown["number"];
    assert_eq!(now["quality"], "RED", "{shown}");
    assert_eq!(now["mps"], 1_000);
    assert_eq!(now["verified_name"], "Tienda Sol Oficial");
    assert_eq!(now["messaging_limit"], "2000");
    assert_eq!(now["restriction"]["what"], "REVIEW_REJECTED");
    assert_eq!(now["review"], "REJECTED");
    let aspects: Vec<&str> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["aspect"].as_str().unwrap())
        .collect();
    for aspect in [
        "quality",
        "number",
        "name",
        "messaging_limit",
        "notice",
        "restriction",
        "review",
    ] {
        assert!(aspects.contains(&aspect), "{aspect}: {shown}");
    }
    // Everything is refused while the review stands; its approval lifts it, and not a ban.
    env.says(sol, 0, "hola").await;
    let denied = env.messages(sol, 0).await[0].clone();
    assert_eq!(
        (&denied["state"], &denied["rule"]),
        (&json!("denied"), &json!("account.restricted"))
    );
    env.jump(Millis::minutes(1)).await;
    let approved = json!({ "decision": "APPROVED" });
    env.meta_says(sol, "account_review_update", approved.clone())
        .await;
    assert_eq!(
        sol.api.get(&path).await.unwrap()["number"]["restriction"],
        Value::Null
    );
    let ban = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } });
    env.meta_says(sol, "account_update", ban).await;
    env.jump(Millis::minutes(1)).await;
    env.meta_says(sol, "account_review_update", approved).await;
    let shown = sol.api.get(&path).await.unwrap();
    assert_eq!(shown["number"]["restriction"]["what"], "DISABLE", "{shown}");
    // Another shop's account is untouched, and its number is nobody's to see.
    let lua = env.lua().shop.number;
    let theirs = env.lua().api.get(&format!("/v1/numbers/{lua}")).await;
    assert_eq!(theirs.unwrap()["number"]["restriction"], Value::Null);
    assert!(sol.api.get(&format!("/v1/numbers/{lua}")).await.is_err());
    // Asking Meta itself: the simulator says green.
    env.jump(Millis::minutes(1)).await;
    let asked = sol.api.post("/v1/numbers/sync", json!({})).await.unwrap();
    assert_eq!(asked[0]["quality"], "GREEN", "{asked}");
    assert_eq!(asked[0]["messaging_limit"], "unlimited", "{asked}");
    env.end().await;
}

pub(crate) async fn an_answer_from_the_shops_phone_silences_the_bot(env: Env) {
    let lua = env.lua();
    env.jump(Millis::secs(60)).await;
    env.says(lua, 0, "oi").await;
    let at = env.stage.host.ctx.now().secs();
    let echo = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "551155550202", "phone_number_id": lua.shop.number },
        "message_echoes": [{ "from": "551155550202", "to": lua.shop.people[0].key(), "id": "wamid.ECHO1",
            "timestamp": at.to_string(), "type": "text", "text": { "body": "Aqui é a Rosa" } }] });
    env.meta_says(lua, "smb_message_echoes", echo).await;
    let contact = env.contact(lua, 0).await;
    assert_eq!(contact["conversations"][0]["owner"], "human", "{contact}");
    let told = env.messages(lua, 0).await.len();
    env.jump(Millis::secs(60)).await;
    env.says(lua, 0, "obrigado").await;
    assert_eq!(env.messages(lua, 0).await.len(), told, "the bot is silent");
    env.end().await;
}

pub(crate) async fn a_changed_number_keeps_the_person_and_their_opt_out(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    env.says(sol, 2, "hola").await;
    let before = env.contact(sol, 2).await;
    let old = sol.shop.people[2].key();
    let user = sol.shop.people[2].user_id.as_str();
    env.jump(Millis::secs(60)).await;
    env.says(sol, 2, "BAJA").await;
    let at = env.stage.host.ctx.now().secs();
    let system = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "576015550101", "phone_number_id": sol.shop.number },
        "contacts": [{ "profile": { "name": "X" }, "wa_id": old, "user_id": user }],
        "messages": [{ "from": old, "from_user_id": user, "id": "wamid.SYS1", "timestamp": at.to_string(), "type": "system",
            "system": { "body": "changed", "wa_id": "573005559999", "user_id": "CO.777", "type": "user_changed_number" } }] });
    env.meta_says(sol, "messages", system).await;
    let after = sol.api.get("/v1/contacts/573005559999").await.unwrap();
    assert_eq!(after["id"], before["id"], "one person: {after}");
    let consents = sol
        .api
        .get("/v1/contacts/573005559999/consents")
        .await
        .unwrap();
    let addresses = consents["addresses"].as_array().unwrap();
    let until = |address: &str| {
        addresses
            .iter()
            .find(|a| a["address"] == address)
            .unwrap_or_else(|| panic!("{address}: {consents}"))["until"]
            .clone()
    };
    assert!(until(&format!("+{old}")).is_string(), "left: {consents}");
    assert_eq!(until("+573005559999"), Value::Null);
    // The opt-out went along, whichever address is named.
    for (n, to) in ["573005559999", old].into_iter().enumerate() {
        let offer = json!({ "to": to, "purpose": "promotional", "topic": "ofertas",
            "content": { "type": "template", "name": "promo_semana", "language": "es", "body": [] } });
        let refused = env.propose(sol, 2, &format!("moved-{n}"), offer).await;
        assert_eq!(refused["verdict"]["rule"], "consent.revoked", "{refused}");
    }
    env.end().await;
}

pub(crate) async fn a_person_asks_what_they_agreed_to_and_is_told(env: Env) {
    let sol = env.sol();
    env.jump(Millis::secs(60)).await;
    env.says(sol, 2, "¿MIS PERMISOS?").await;
    let told = env.messages(sol, 2).await[0].clone();
    assert_eq!(
        (&told["origin"], &told["state"]),
        (&json!("host"), &json!("sent"))
    );
    let body = told["content"].to_string();
    for words in [
        "ofertas",
        "aceptaste",
        "hasta 2 por semana",
        "BAJA",
        "30 días",
    ] {
        assert!(body.contains(words), "{words}: {body}");
    }
    let lua = env.lua();
    env.says(lua, 0, "minhas permissões").await;
    let told = env.messages(lua, 0).await[0]["content"].to_string();
    assert!(
        told.contains("Não temos") && told.contains("SAIR"),
        "{told}"
    );
    // The same facts for the shop, with the proof.
    let key = sol.shop.people[2].key();
    let consents = sol
        .api
        .get(&format!("/v1/contacts/{key}/consents"))
        .await
        .unwrap();
    let topic = consents["topics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["topic"] == "ofertas")
        .unwrap();
    assert_eq!(topic["standing"]["state"], "granted");
    assert!(
        !topic["evidence"].as_str().unwrap().is_empty(),
        "{consents}"
    );
    assert!(
        consents["sent_30_days"]["system"].as_u64() >= Some(1),
        "{consents}"
    );
    // After BAJA the answer still comes, and says so.
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 2, "BAJA").await;
    env.jump(Millis::minutes(1)).await;
    env.says(sol, 2, "mis permisos").await;
    let told = env.messages(sol, 2).await[0].clone();
    assert_eq!(told["state"], "sent", "{told}");
    assert!(told["content"].to_string().contains("retiraste"), "{told}");
    env.end().await;
}
