//! Cases 28 to 47 as far as they are about sending and about what Meta does to templates.

use serde_json::{Value, json};

use super::*;

async fn refused(rig: &Rig, content: Value) -> i64 {
    let (_, answer) = rig.post(message(ANA, content)).await;
    code(&answer)
}

#[tokio::test]
async fn case_28_pending_does_not_exist_and_paused_and_disabled_have_their_codes() {
    let rig = Rig::new().await;
    let (status, answer) = rig
        .post(message(ANA, template("pendiente", "es", json!([]))))
        .await;
    assert_eq!((status, code(&answer)), (404, 132_001));
    assert_eq!(
        refused(&rig, template("pausada", "es", json!([]))).await,
        132_015
    );
    assert_eq!(
        refused(&rig, template("apagada", "es", json!([]))).await,
        132_016
    );
}

#[tokio::test]
async fn case_29_the_language_must_be_exactly_the_approved_one() {
    let rig = Rig::new().await;
    let other = template("aviso_envio", "es", body_params(&["a", "b"]));
    assert_eq!(refused(&rig, other).await, 132_001);
}

#[tokio::test]
async fn case_30_parameter_counts_must_match() {
    let rig = Rig::new().await;
    for values in [&["una"][..], &["una", "dos", "tres"], &[]] {
        let content = template("aviso_envio", "es_MX", body_params(values));
        let (_, answer) = rig.post(message(ANA, content)).await;
        assert_eq!(code(&answer), 132_000);
        assert!(details(&answer).contains("body"), "{answer}");
    }
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    let extra_header = json!([
        {"type": "header", "parameters": [{"type": "text", "text": "x"}]},
        {"type": "body", "parameters": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    ]);
    assert_eq!(
        refused(&rig, template("aviso_envio", "es_MX", extra_header)).await,
        132_000
    );
}

#[tokio::test]
async fn case_31_named_templates_need_names_and_positional_ones_none() {
    let rig = Rig::new().await;
    let mut nameless = cart();
    nameless["template"]["components"][0]["parameters"] =
        json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
    assert_eq!(refused(&rig, nameless.clone()).await, 132_018);
    // Before v23.0 the code was another.
    let path = format!("/v22.0/{PN1}/messages");
    let (_, answer) = rig
        .call("POST", &path, Some("token"), message(ANA, nameless))
        .await;
    assert_eq!(code(&answer), 132_012);

    let mut wrong = cart();
    wrong["template"]["components"][0]["parameters"][0]["parameter_name"] = "otro".into();
    assert_eq!(refused(&rig, wrong).await, 132_018);
    let mut twice = cart();
    twice["template"]["components"][0]["parameters"][0]["parameter_name"] = "nombre".into();
    assert_eq!(refused(&rig, twice).await, 132_018);
    let mut named = utility();
    named["template"]["components"][0]["parameters"][0]["parameter_name"] = "x".into();
    assert_eq!(refused(&rig, named).await, 132_018);
    assert_eq!(rig.post(message(ANA, cart())).await.0, 200);
}

#[tokio::test]
async fn case_32_hydrated_text_may_not_be_too_long() {
    let rig = Rig::new().await;
    // "Hola , tu pedido  va en camino." has 31 characters of its own.
    let fits = template(
        "aviso_envio",
        "es_MX",
        body_params(&["a", &"x".repeat(1_024 - 31 - 1)]),
    );
    assert_eq!(rig.post(message(ANA, fits)).await.0, 200);
    let long = template(
        "aviso_envio",
        "es_MX",
        body_params(&["a", &"x".repeat(1_024 - 31)]),
    );
    assert_eq!(refused(&rig, long).await, 132_005);
    let header = |n: usize| {
        template(
            "titulo",
            "es",
            json!([{"type": "header", "parameters": [{"type": "text", "text": "x".repeat(n)}]}]),
        )
    };
    assert_eq!(rig.post(message(ANA, header(53))).await.0, 200);
    assert_eq!(refused(&rig, header(54)).await, 132_005);
}

#[tokio::test]
async fn parameters_have_no_new_lines_tabs_or_many_spaces() {
    let rig = Rig::new().await;
    for bad in ["a\nb", "a\tb", "a     b"] {
        let content = template("aviso_envio", "es_MX", body_params(&[bad, "x"]));
        assert_eq!(refused(&rig, content).await, 132_018, "{bad:?}");
    }
    let content = template("aviso_envio", "es_MX", body_params(&["a    b", "x"]));
    assert_eq!(rig.post(message(ANA, content)).await.0, 200);
}

#[tokio::test]
async fn media_headers_and_buttons_must_fit() {
    let rig = Rig::new().await;
    let header = |parameter: Value| {
        template(
            "foto",
            "es",
            json!([{"type": "header", "parameters": [parameter]}]),
        )
    };
    let image = json!({"type": "image", "image": {"link": "https://tienda.example/a.png"}});
    assert_eq!(rig.post(message(ANA, header(image))).await.0, 200);
    assert_eq!(
        refused(&rig, header(json!({"type": "text", "text": "x"}))).await,
        132_018
    );
    assert_eq!(
        refused(&rig, template("foto", "es", json!([]))).await,
        132_018
    );

    let mut without_url = cart();
    let components = without_url["template"]["components"]
        .as_array_mut()
        .unwrap();
    components.remove(1);
    let (_, answer) = rig.post(message(ANA, without_url)).await;
    assert_eq!(code(&answer), 131_008);
    assert!(details(&answer).contains("button at index 0"), "{answer}");
    let mut swapped = cart();
    swapped["template"]["components"][1]["index"] = "1".into();
    swapped["template"]["components"][2]["index"] = "0".into();
    assert_eq!(refused(&rig, swapped).await, 132_018);
    let mut beyond = cart();
    beyond["template"]["components"][2]["index"] = "2".into();
    assert_eq!(refused(&rig, beyond).await, 132_018);
}

#[tokio::test]
async fn case_33_red_quality_pauses_for_three_hours() {
    let rig = Rig::new().await;
    let path = format!("/templates/{WABA}/aviso_envio/es_MX");
    rig.sim(&path, json!({"quality": "RED"})).await;
    assert_eq!(refused(&rig, utility()).await, 132_015);
    rig.pass(3 * HOUR - 1).await;
    assert_eq!(refused(&rig, utility()).await, 132_015);
    let told = rig.told_on("message_template_status_update");
    assert_eq!(told[0]["event"], "PAUSED");
    assert_eq!(told[0]["other_info"]["title"], "FIRST_PAUSE");
    let quality = rig.told_on("message_template_quality_update");
    assert_eq!(quality[0]["previous_quality_score"], "UNKNOWN");
    assert_eq!(quality[0]["new_quality_score"], "RED");
    rig.pass(1).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    let told = rig.told_on("message_template_status_update");
    assert_eq!(told[1]["event"], "APPROVED");
    assert_eq!(told[1]["other_info"]["title"], "UNPAUSE");
}

#[tokio::test]
async fn case_34_the_second_pause_is_six_hours_and_the_third_is_the_end() {
    let rig = Rig::new().await;
    let path = format!("/templates/{WABA}/aviso_envio/es_MX");
    rig.sim(&path, json!({"quality": "RED"})).await;
    rig.pass(3 * HOUR).await;
    rig.sim(&path, json!({"quality": "RED"})).await;
    rig.pass(6 * HOUR - 1).await;
    assert_eq!(refused(&rig, utility()).await, 132_015);
    rig.pass(1).await;
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    rig.sim(&path, json!({"quality": "RED"})).await;
    rig.pass(100 * HOUR).await;
    assert_eq!(refused(&rig, utility()).await, 132_016);
    let told = rig.told_on("message_template_status_update");
    let last = told.last().unwrap();
    assert_eq!(last["event"], "DISABLED");
    assert_eq!(last["disable_info"]["disable_date"], "November 18, 2026");
}

#[tokio::test]
async fn case_39_recategorisation_is_announced_a_day_ahead() {
    let rig = Rig::new().await;
    let path = format!("/templates/{WABA}/aviso_envio/es_MX");
    rig.sim(&path, json!({"category": "MARKETING", "notice": true}))
        .await;
    rig.sim.settle().await;
    let told = rig.told_on("template_category_update");
    assert_eq!(told[0]["new_category"], "UTILITY");
    assert_eq!(told[0]["correct_category"], "MARKETING");
    assert_eq!(told[0]["category_update_timestamp"], START / 1000 + 86_400);
    rig.pass(24 * HOUR - 1).await;
    assert_eq!(rig.sim(&path, Value::Null).await["category"], "UTILITY");
    rig.pass(1).await;
    assert_eq!(rig.sim(&path, Value::Null).await["category"], "MARKETING");
    let told = rig.told_on("template_category_update");
    assert_eq!(told[1]["previous_category"], "UTILITY");
    assert_eq!(told[1]["new_category"], "MARKETING");
}

#[tokio::test]
async fn case_47_webhooks_carry_the_id_as_integer_and_may_hyphenate() {
    let rig = Rig::new().await;
    let path = format!("/templates/{WABA}/aviso_envio/es_MX");
    rig.sim(&path, json!({"status": "approved", "hyphen": true}))
        .await;
    rig.sim(
        &path,
        json!({"status": "REJECTED", "reason": "INVALID_FORMAT"}),
    )
    .await;
    rig.sim(&path, json!({"event": "FLAGGED"})).await;
    rig.sim.settle().await;
    let told = rig.told_on("message_template_status_update");
    assert_eq!(
        told[0],
        json!({"event": "APPROVED", "message_template_id": 880_000_000_000_002_u64,
            "message_template_name": "aviso_envio", "message_template_language": "es-MX",
            "reason": "NONE", "message_template_category": "UTILITY"})
    );
    assert_eq!(told[1]["reason"], "INVALID_FORMAT");
    assert_eq!(told[2]["event"], "FLAGGED");
    assert_eq!(rig.sim(&path, Value::Null).await["status"], "REJECTED");
    let (status, problem) = rig.sim_raw(&path, json!({"status": "SLEEPY"})).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("APPROVED"));
}

#[tokio::test]
async fn the_list_pages_filters_and_selects_fields() {
    let rig = Rig::new().await;
    let mut names = Vec::new();
    let mut next = Some(format!(
        "/v25.0/{WABA}/message_templates?limit=4&fields=name,status&access_token=x"
    ));
    let mut pages = 0;
    while let Some(path) = next {
        let (status, page) = rig.get(&path).await;
        assert_eq!(status, 200, "{page}");
        for template in page["data"].as_array().unwrap() {
            assert_eq!(template.as_object().unwrap().len(), 3, "name, status, id");
            names.push(template["name"].as_str().unwrap().to_owned());
        }
        pages += 1;
        next = page["paging"]["next"].as_str().map(|url| {
            assert!(!url.contains("access_token"));
            url.split_once("sim.invalid").unwrap().1.to_owned()
        });
    }
    assert_eq!((pages, names.len()), (3, 9));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 9);

    let base = format!("/{WABA}/message_templates");
    let list = async |query: &str| rig.get(&format!("{base}?{query}")).await.1;
    let paused = list("status=PAUSED").await;
    assert_eq!(paused["data"].as_array().unwrap().len(), 1);
    assert_eq!(paused["data"][0]["name"], "pausada");
    let named = list("name=carrito&language=es_MX&category=MARKETING").await;
    assert_eq!(named["data"][0]["parameter_format"], "NAMED");
    assert_eq!(named["data"][0]["components"][1]["type"], "FOOTER");
    assert_eq!(list("name=nada").await, json!({"data": []}));
    let asked = list("name=carrito&fields=quality_score,rejected_reason").await;
    assert_eq!(
        asked["data"][0],
        json!({"quality_score": {"score": "UNKNOWN", "date": 1_795_004_800}, "rejected_reason": "NONE", "id": "880000000000001"})
    );
    assert_eq!(code(&list("fields=colour").await), 100);
    assert_eq!(code(&list("limit=0").await), 100);
    assert_eq!(code(&list("after=zz").await), 100);
    let (_, one) = rig.get("/v25.0/880000000000001?fields=status").await;
    assert_eq!(one, json!({"status": "APPROVED", "id": "880000000000001"}));
    let (_, other) = rig
        .call("GET", "/880000000000001", Some("other"), Value::Null)
        .await;
    assert_eq!(code(&other), 100);
}
