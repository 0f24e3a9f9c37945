//! Cases 39, 40, 46, 89, 90, 94 and 96 to 98: accounts in trouble, money by volume, who else writes.

use serde_json::{Value, json};

use super::*;

async fn account(rig: &Rig, value: Value) {
    let news = json!({"field": "account_update", "value": value});
    rig.sim(&format!("/accounts/{WABA}"), news).await;
}

#[tokio::test]
async fn case_39_a_warned_account_is_recategorised_at_once() {
    let mut config = config();
    config.wabas[0].warned = true;
    let rig = Rig::with(config).await;
    let path = format!("/templates/{WABA}/aviso_envio/es_MX");
    rig.sim(&path, json!({"category": "MARKETING", "notice": true}))
        .await;
    rig.sim.settle().await;
    let told = rig.told_on("template_category_update");
    assert_eq!(told[0]["previous_category"], "UTILITY");
    assert_eq!(rig.sim(&path, Value::Null).await["category"], "MARKETING");
}

#[tokio::test]
async fn case_40_misuse_ends_new_utility_templates_and_leaves_few_sends() {
    let rig = Rig::new().await;
    rig.sim(
        &format!("/accounts/{WABA}/misuse"),
        json!({"days": 7, "sends": 2}),
    )
    .await;
    let path = format!("/v25.0/{WABA}/message_templates");
    let create = |name: &str| {
        json!({"name": name, "language": "es", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Tu pedido está listo en la tienda"}]})
    };
    let (_, answer) = rig.call("POST", &path, Some("token"), create("uno")).await;
    assert_eq!(code(&answer), 131_064);
    for _ in 0..2 {
        assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    }
    let (_, answer) = rig.post(message(ANA, utility())).await;
    assert_eq!(code(&answer), 131_064);
    let promo = template("promo_simple", "es", json!([]));
    assert_eq!(rig.post(message(ANA, promo)).await.0, 200);
    rig.pass(7 * 24 * HOUR).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    let (status, _) = rig.call("POST", &path, Some("token"), create("dos")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn case_46_a_template_idle_for_a_year_is_archived_and_28_days_later_deleted() {
    let rig = Rig::new().await;
    rig.pass(100 * 24 * HOUR).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    rig.pass(265 * 24 * HOUR).await;
    let path = format!("/templates/{WABA}/promo_simple/es");
    assert_eq!(rig.sim(&path, Value::Null).await["status"], "ARCHIVED");
    let promo = template("promo_simple", "es", json!([]));
    let (_, answer) = rig.post(message(ANA, promo)).await;
    assert_eq!(code(&answer), 132_001);
    assert_eq!(
        rig.post(message(ANA, utility())).await.0,
        200,
        "used meanwhile"
    );
    rig.pass(28 * 24 * HOUR).await;
    let (status, _) = rig.sim_raw(&path, Value::Null).await;
    assert_eq!(status, 404);
    let told = rig.told_on("message_template_status_update");
    let of = |event: &str| {
        told.iter()
            .any(|v| v["event"] == event && v["message_template_name"] == "promo_simple")
    };
    assert!(of("ARCHIVED") && of("DELETED"));
}

#[tokio::test]
async fn case_89_a_restriction_refuses_templates_until_it_ends() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    account(
        &rig,
        json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
            {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": START / 1000 + 3600}]}),
    )
    .await;
    let (status, answer) = rig.post(message(ANA, utility())).await;
    assert_eq!((status, code(&answer)), (403, 368));
    assert_eq!(rig.post(message(ANA, text("hola"))).await.0, 200);
    rig.pass(HOUR).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    assert_eq!(rig.told_on("account_update").len(), 1);
}

#[tokio::test]
async fn case_90_a_disabled_account_sends_nothing_until_it_is_reinstated() {
    let rig = Rig::new().await;
    let ban =
        |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    rig.say(ANA, "hola").await;
    account(&rig, ban("SCHEDULE_FOR_DISABLE")).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    account(&rig, ban("DISABLE")).await;
    for content in [utility(), text("hola")] {
        let (status, answer) = rig.post(message(ANA, content)).await;
        assert_eq!((status, code(&answer)), (403, 131_031));
    }
    account(&rig, ban("REINSTATE")).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
}

#[tokio::test]
async fn case_94_a_volume_threshold_is_told_once_with_its_tier() {
    let mut config = config();
    config.rules.volume_tiers = vec![2, 5];
    let rig = Rig::with(config).await;
    for _ in 0..5 {
        assert_eq!(rig.fate(ANA, utility()).await[0], "sent");
    }
    let told = rig.told_on("account_update");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["event"], "VOLUME_BASED_PRICING_TIER_UPDATE");
    let info = &told[0]["volume_tier_info"];
    assert_eq!(info["tier"], "3:5");
    assert_eq!(info["pricing_category"], "UTILITY");
    assert_eq!(info["effective_month"], "2026-11");
    assert_eq!(info["region"], "MX");
}

#[tokio::test]
async fn case_96_with_metas_agent_the_business_gets_passive_copies() {
    let rig = Rig::new().await;
    let path = format!("/people/{ANA}/agent");
    rig.sim(&path, json!({"number": PN1, "value": true})).await;
    rig.say(ANA, "hola").await;
    rig.sim.settle().await;
    assert_eq!(rig.told_on("standby").len(), 1);
    assert!(rig.told_on("messages").is_empty());
}

#[tokio::test]
async fn case_97_what_the_app_writes_is_echoed() {
    let rig = Rig::new().await;
    let path = format!("/numbers/{PN1}/echo");
    rig.sim(&path, json!({"to": ANA, "text": "Le atiende Rosa"}))
        .await;
    rig.sim.settle().await;
    let told = rig.told_on("smb_message_echoes");
    let echo = &told[0]["message_echoes"][0];
    assert_eq!(echo["to"], ANA);
    assert_eq!(echo["from"], "525550001111");
    assert_eq!(echo["text"]["body"], "Le atiende Rosa");
}

#[tokio::test]
async fn case_98_health_says_what_is_wrong_and_of_what() {
    let mut config = config();
    config.wabas[1].payment_method = false;
    let rig = Rig::with(config).await;
    let health = async |id: &str| {
        let (status, read) = rig.get(&format!("/{id}?fields=health_status")).await;
        assert_eq!(status, 200, "{read}");
        read["health_status"].clone()
    };
    let entity = |health: &Value, kind: &str| {
        let list = health["entities"].as_array().unwrap();
        list.iter()
            .find(|e| e["entity_type"] == kind)
            .unwrap()
            .clone()
    };
    assert_eq!(health(PN1).await["can_send_message"], "AVAILABLE");
    assert_eq!(health("409").await["can_send_message"], "BLOCKED");
    let unpaid = health("302").await;
    assert_eq!(unpaid["can_send_message"], "LIMITED");
    assert_eq!(entity(&unpaid, "WABA")["errors"][0]["error_code"], 131_042);
    account(
        &rig,
        json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
            {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": START / 1000 + 60}]}),
    )
    .await;
    let restricted = health(PN1).await;
    assert_eq!(restricted["can_send_message"], "LIMITED");
    assert_eq!(entity(&restricted, "WABA")["errors"][0]["error_code"], 368);
    rig.pass(60_000).await;
    assert_eq!(health(PN1).await["can_send_message"], "AVAILABLE");
    let template = rig.get("/880000000000001?fields=health_status").await.1;
    assert_eq!(template["health_status"]["can_send_message"], "AVAILABLE");
}
