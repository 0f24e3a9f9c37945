//! Templates the business writes (§3; cases 37, 38, 41 to 43).

use serde_json::{Value, json};

use super::*;

const LIST: &str = "/v25.0/301000000000001/message_templates";

pub(super) async fn create(rig: &Rig, body: Value) -> (u16, Value) {
    rig.call("POST", LIST, Some("token"), body).await
}

pub(super) fn new(name: &str, category: &str, components: Value) -> Value {
    json!({"name": name, "language": "es_MX", "category": category, "components": components})
}

fn hello(name: &str) -> Value {
    new(
        name,
        "UTILITY",
        json!([{"type": "BODY", "text": "Tu pedido está listo."}]),
    )
}

fn subcode(answer: &Value) -> i64 {
    assert_eq!(code(answer), 100, "{answer}");
    assert_eq!(answer["error"]["is_transient"], false);
    assert!(answer["error"]["error_user_title"].is_string());
    answer["error"]["error_subcode"].as_i64().unwrap()
}

/// Creates, waits for the review and gives the id.
pub(super) async fn approved(rig: &Rig, body: Value) -> String {
    let (status, answer) = create(rig, body).await;
    assert_eq!(status, 200, "{answer}");
    rig.pass(120_000).await;
    let id = answer["id"].as_str().unwrap().to_owned();
    let (_, shown) = rig.get(&format!("/{id}?fields=status")).await;
    assert_eq!(shown, json!({"status": "APPROVED", "id": id}));
    id
}

#[tokio::test]
async fn a_template_is_created_reviewed_told_and_sent() {
    let rig = Rig::new().await;
    // The sample of the reference (§3.3).
    let body = json!({"name": "carrito_v3", "language": "es_MX", "category": "MARKETING", "parameter_format": "named", "components": [
        {"type": "BODY", "text": "Hola {{nombre}}, tu carrito con {{articulo}} sigue guardado hasta el viernes.",
         "example": {"body_text_named_params": [{"param_name": "nombre", "example": "Lucia"}, {"param_name": "articulo", "example": "tenis azules"}]}},
        {"type": "FOOTER", "text": "Responde BAJA para no recibir promociones"},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Ver carrito", "url": "https://tienda.example/c/{{1}}", "example": ["https://tienda.example/c/abc"]}, {"type": "QUICK_REPLY", "text": "No recibir"}]}]});
    let (status, answer) = create(&rig, body.clone()).await;
    let id = answer["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (status, &answer),
        (
            200,
            &json!({"id": id, "status": "PENDING", "category": "MARKETING"})
        )
    );
    let mut send = cart();
    send["template"]["name"] = "carrito_v3".into();
    assert_eq!(code(&rig.post(message(ANA, send.clone())).await.1), 132_001);
    rig.pass(120_000).await;
    let told = rig.told_on("message_template_status_update");
    assert_eq!(told[0]["event"], "APPROVED");
    assert_eq!(told[0]["message_template_id"], id.parse::<u64>().unwrap());
    assert_eq!(told[0]["message_template_name"], "carrito_v3");
    assert_eq!(rig.post(message(ANA, send)).await.0, 200);
    let (_, shown) = rig.get(&format!("/v25.0/{id}")).await;
    assert_eq!(
        shown,
        json!({"name": "carrito_v3", "parameter_format": "NAMED", "components": body["components"],
            "language": "es_MX", "status": "APPROVED", "category": "MARKETING", "id": id})
    );
}

#[tokio::test]
async fn case_37_what_a_new_template_may_not_be() {
    let rig = Rig::new().await;
    let body =
        |text: &str, example: Value| json!([{"type": "BODY", "text": text, "example": example}]);
    let two = json!({"body_text": [["a", "b"]]});
    let one = json!({"body_text": [["a"]]});
    for (given, wanted) in [
        (
            body("{{1}} llegó hoy a tu casa, gracias por todo.", one.clone()),
            2_388_299,
        ),
        (
            body("Tu pedido llega hoy a las {{1}}", one.clone()),
            2_388_299,
        ),
        (
            body(
                "Hola {{1}}{{2}} y muchas gracias por tu compra de hoy.",
                two.clone(),
            ),
            2_388_072,
        ),
        (body("Hola {{1}} {{2}} adiós.", two.clone()), 2_388_293),
        (
            body("Hola {{2}}, tu pedido ya va en camino a casa.", one.clone()),
            2_388_072,
        ),
        (
            body("Hola {{1}}, tu pedido ya va en camino a casa.", Value::Null),
            2_388_043,
        ),
        (
            body("Hola {{1}}, tu pedido ya va en camino a casa.", two),
            2_388_043,
        ),
        (body(&"x".repeat(1_025), Value::Null), 2_388_040),
        (json!([{"type": "FOOTER", "text": "pie"}]), 2_388_043),
        (
            json!([{"type": "BODY", "text": "Hola"}, {"type": "FOOTER", "text": "pie {{1}}"}]),
            2_388_073,
        ),
        (
            json!([{"type": "BODY", "text": "Hola"}, {"type": "FOOTER", "text": "x".repeat(61)}]),
            2_388_040,
        ),
        (
            json!([{"type": "BODY", "text": "Hola"}, {"type": "HEADER", "format": "TEXT", "text": "*Hola*"}]),
            2_388_047,
        ),
        (
            json!([{"type": "BODY", "text": "Hola"}, {"type": "HEADER", "format": "TEXT", "text": "x".repeat(61)}]),
            2_388_040,
        ),
        (
            json!([{"type": "BODY", "text": "Hola"}, {"type": "HEADER", "format": "IMAGE"}]),
            2_388_043,
        ),
    ] {
        let (status, answer) = create(&rig, new("mala", "UTILITY", given.clone())).await;
        assert_eq!(
            (status, subcode(&answer)),
            (400, wanted),
            "{given} {answer}"
        );
    }
    let (_, answer) = create(&rig, hello("aviso_envio")).await;
    assert_eq!(subcode(&answer), 2_388_024);
    for (key, value) in [
        ("name", json!("Promo Navidad")),
        ("name", json!("x".repeat(513))),
        ("language", json!("español")),
        ("category", json!("TRANSACTIONAL")),
        ("components", json!("BODY")),
        ("name", Value::Null),
        ("components", Value::Null),
    ] {
        let mut body = hello("nueva");
        body[key] = value;
        let (status, answer) = create(&rig, body).await;
        assert_eq!((status, code(&answer)), (400, 100));
        assert!(details(&answer).contains(key), "{answer}");
    }
    let (_, answer) = rig.call("POST", LIST, Some("other"), hello("ajena")).await;
    assert_eq!(code(&answer), 100);
}

#[tokio::test]
async fn buttons_have_their_numbers_and_their_order() {
    let rig = Rig::new().await;
    let quick = json!({"type": "QUICK_REPLY", "text": "Sí"});
    let url = json!({"type": "URL", "text": "Ver", "url": "https://tienda.example/"});
    let call = json!({"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "+525550001111"});
    let with = |buttons: Value| {
        new(
            "botones",
            "UTILITY",
            json!([{"type": "BODY", "text": "Hola"}, {"type": "BUTTONS", "buttons": buttons}]),
        )
    };
    for (bad, why) in [
        (json!([]), "buttons"),
        (vec![quick.clone(); 11].into(), "at most 10"),
        (json!([url, url, url]), "at most 2 of type URL"),
        (json!([call, call]), "at most 1 of type PHONE_NUMBER"),
        (json!([quick, url, quick]), "stand together"),
        (
            json!([{"type": "QUICK_REPLY", "text": "x".repeat(26)}]),
            "25 characters",
        ),
        (json!([{"type": "QUICK_REPLY"}]), "text"),
        (
            json!([{"type": "URL", "text": "Ver", "url": "tienda.example"}]),
            "https://",
        ),
        (
            json!([{"type": "URL", "text": "Ver", "url": "https://x.example/{{1}}/y"}]),
            "at its end",
        ),
        (
            json!([{"type": "URL", "text": "Ver", "url": "https://x.example/{{1}}"}]),
            "example",
        ),
        (
            json!([{"type": "COPY_CODE", "example": "x".repeat(21)}]),
            "20 letters",
        ),
        (json!([{"type": "FLOW", "text": "Abrir"}]), "flow_id"),
        (
            json!([{"type": "OTP", "otp_type": "COPY_CODE"}]),
            "AUTHENTICATION",
        ),
        (json!([{"type": "HOLOGRAM", "text": "x"}]), "no known type"),
    ] {
        let (status, answer) = create(&rig, with(bad.clone())).await;
        assert_eq!((status, code(&answer)), (400, 100), "{bad}");
        assert!(details(&answer).contains(why), "{bad} {answer}");
    }
    let (status, answer) = create(&rig, with(json!([quick, quick, url, url, call]))).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn case_38_utility_that_reads_like_an_offer_becomes_marketing() {
    let rig = Rig::new().await;
    let offer = json!([{"type": "body", "text": "Hoy tienes un descuento en tenis."}]);
    let (status, answer) = create(&rig, new("hoy", "utility", offer)).await;
    assert_eq!((status, &answer["category"]), (200, &json!("MARKETING")));
    let (_, answer) = create(&rig, hello("listo")).await;
    assert_eq!(answer["category"], "UTILITY");
}

#[tokio::test]
async fn case_41_a_hundred_an_hour_and_so_many_in_all() {
    let rig = Rig::new().await;
    for n in 0..100 {
        assert_eq!(create(&rig, hello(&format!("n{n}"))).await.0, 200);
    }
    let (_, answer) = create(&rig, hello("n100")).await;
    assert_eq!(code(&answer), 80_007);
    rig.pass(HOUR).await;
    assert_eq!(create(&rig, hello("n100")).await.0, 200);
    let mut world = config();
    world.wabas[0].template_limit = 10;
    let rig = Rig::with(world).await;
    assert_eq!(create(&rig, hello("n10")).await.0, 200);
    assert_eq!(subcode(&create(&rig, hello("n11")).await.1), 2_388_019);
}

#[tokio::test]
async fn case_42_an_approved_template_is_edited_once_a_day_a_rejected_one_freely() {
    let rig = Rig::new().await;
    let id = approved(&rig, hello("editada")).await;
    let edit = |text: &str| json!({"components": [{"type": "BODY", "text": text}]});
    let post = async |body: Value| {
        rig.call("POST", &format!("/v25.0/{id}"), Some("token"), body)
            .await
    };
    assert_eq!(
        post(edit("Tu pedido ya llegó.")).await,
        (
            200,
            json!({"success": true, "id": id, "name": "editada", "category": "UTILITY"})
        )
    );
    let (_, shown) = rig.get(&format!("/{id}?fields=status,components")).await;
    assert_eq!(shown["status"], "PENDING");
    assert_eq!(shown["components"][0]["text"], "Tu pedido ya llegó.");
    // Under review nothing can be edited.
    assert_eq!(subcode(&post(edit("Otra cosa.")).await.1), 2_388_039);
    rig.pass(120_000).await;
    assert_eq!(subcode(&post(edit("Otra cosa.")).await.1), 2_388_039);
    rig.pass(24 * HOUR).await;
    let (_, answer) = post(json!({"category": "MARKETING"})).await;
    assert_eq!(
        subcode(&answer),
        2_388_039,
        "the category of an approved one stays"
    );
    assert_eq!(post(edit("Otra cosa.")).await.0, 200);
    rig.sim(
        &format!("/templates/{WABA}/editada/es_MX"),
        json!({"status": "REJECTED", "reason": "PROMOTIONAL"}),
    )
    .await;
    let both =
        json!({"category": "MARKETING", "components": [{"type": "BODY", "text": "Y otra."}]});
    assert_eq!(post(both).await.0, 200);
    assert_eq!(code(&post(json!({})).await.1), 100);
}

#[tokio::test]
async fn case_43_delete_by_name_takes_all_languages_by_id_one() {
    let rig = Rig::new().await;
    for language in ["es", "es_MX", "pt_BR"] {
        let mut body = hello("tres");
        body["language"] = language.into();
        approved(&rig, body).await;
    }
    let (_, list) = rig.get(&format!("{LIST}?name=tres")).await;
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let delete = async |query: &str| {
        rig.call(
            "DELETE",
            &format!("{LIST}?{query}"),
            Some("token"),
            Value::Null,
        )
        .await
    };
    assert_eq!(
        delete(&format!("hsm_id={id}&name=tres")).await,
        (200, json!({"success": true}))
    );
    assert_eq!(rig.get(&format!("/{id}")).await.0, 400);
    assert_eq!(
        rig.get(&format!("{LIST}?name=tres")).await.1["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(delete("name=tres").await.0, 200);
    assert_eq!(
        rig.get(&format!("{LIST}?name=tres")).await.1,
        json!({"data": []})
    );
    rig.sim.settle().await;
    let deleted = rig
        .told_on("message_template_status_update")
        .iter()
        .filter(|told| told["event"] == "DELETED")
        .count();
    assert_eq!(deleted, 3);
    assert_eq!(subcode(&delete("name=tres").await.1), 2_593_002);
    assert_eq!(subcode(&create(&rig, hello("tres")).await.1), 2_388_023);
    rig.pass(30 * 24 * HOUR).await;
    assert_eq!(create(&rig, hello("tres")).await.0, 200);
    assert_eq!(code(&delete("").await.1), 100);
    assert_eq!(
        code(&delete("hsm_ids=%5B%221%22%5D&name=tres").await.1),
        100
    );
    assert_eq!(code(&delete("name=apagada").await.1), 100);
    let ids = "hsm_ids=%5B%22880000000000001%22%2C880000000000002%5D";
    assert_eq!(delete(ids).await.0, 200);
    assert_eq!(code(&rig.post(message(ANA, utility())).await.1), 132_001);
}

#[tokio::test]
async fn only_the_management_permission_changes_templates_and_a_pause_ends_by_hand() {
    let mut world = config();
    world
        .access_tokens
        .push(serde_json::from_value(json!({"token": "sender", "management": false})).unwrap());
    let rig = Rig::with(world).await;
    let (status, answer) = rig.call("POST", LIST, Some("sender"), hello("x")).await;
    assert_eq!((status, code(&answer)), (403, 200));
    let (_, list) = rig.get(&format!("{LIST}?name=pausada")).await;
    let id = list["data"][0]["id"].as_str().unwrap();
    let path = format!("/v25.0/{id}/unpause");
    assert_eq!(
        rig.call("POST", &path, Some("token"), Value::Null).await,
        (200, json!({"success": true}))
    );
    assert_eq!(
        rig.post(message(ANA, template("pausada", "es", json!([]))))
            .await
            .0,
        200
    );
    assert_eq!(
        code(&rig.call("POST", &path, Some("token"), Value::Null).await.1),
        100
    );
}

#[tokio::test]
async fn lists_have_filters_pages_in_both_directions_and_a_summary() {
    let rig = Rig::new().await;
    let names = async |query: &str| {
        let (status, list) = rig.get(&format!("{LIST}?{query}")).await;
        assert_eq!(status, 200, "{list}");
        let data = list["data"].as_array().unwrap().clone();
        data.iter()
            .map(|t| t["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("status=PAUSED,DISABLED").await,
        ["pausada", "apagada"]
    );
    assert_eq!(names("status=%5B%22PENDING%22%5D").await, ["pendiente"]);
    assert_eq!(names("content=oferta").await, ["promo_simple"]);
    assert_eq!(names("name_or_content=carrito").await, ["carrito_v2"]);
    let (_, first) = rig
        .get(&format!(
            "{LIST}?limit=4&fields=name&summary=total_count,message_template_limit"
        ))
        .await;
    assert_eq!(
        first["summary"],
        json!({"total_count": 9, "message_template_limit": 250})
    );
    assert!(first["paging"].get("previous").is_none());
    let next = first["paging"]["next"].as_str().unwrap();
    let (_, second) = rig
        .get(next.strip_prefix("http://graph.sim.invalid").unwrap())
        .await;
    let before = second["paging"]["cursors"]["before"].as_str().unwrap();
    let (_, again) = rig
        .get(&format!("{LIST}?limit=4&fields=name&before={before}"))
        .await;
    assert_eq!(again["data"], first["data"]);
    assert!(second["paging"]["previous"].is_string());
    for query in ["fields=name,nonsense", "limit=0", "after=zz", "summary=sum"] {
        let (status, answer) = rig.get(&format!("{LIST}?{query}")).await;
        assert_eq!((status, code(&answer)), (400, 100), "{query}");
    }
}

#[tokio::test]
async fn a_sample_is_uploaded_in_a_session_and_its_handle_makes_a_header() {
    let rig = Rig::new().await;
    let path =
        "/v25.0/670000000000001/uploads?file_name=a.jpg&file_length=3&file_type=image%2Fjpeg";
    let (status, session) = rig.call("POST", path, Some("token"), Value::Null).await;
    assert_eq!(status, 200, "{session}");
    let id = session["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("upload:"));
    let send = || {
        axum::http::Request::post(format!("/v25.0/{id}"))
            .header("authorization", "OAuth token")
            .header("file_offset", "0")
            .body(Body::from("abc"))
            .unwrap()
    };
    let (_, _, bytes) = rig.raw(send()).await;
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let handle = answer["h"].as_str().unwrap();
    assert!(handle.starts_with("4::"));
    let header =
        json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [handle]}});
    let body = json!({"type": "BODY", "text": "Mira"});
    assert_eq!(
        create(&rig, new("con_foto", "MARKETING", json!([header, body])))
            .await
            .0,
        200
    );
    // A session ends with its bytes.
    assert_eq!(rig.raw(send()).await.0, 400);
    for query in [
        "file_length=3",
        "file_length=0&file_type=image%2Fpng",
        "file_length=3&file_type=text%2Fhtml",
    ] {
        let path = format!("/1/uploads?{query}");
        assert_eq!(
            code(&rig.call("POST", &path, Some("token"), Value::Null).await.1),
            100
        );
    }
}
