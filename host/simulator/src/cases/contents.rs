//! Every interactive message of §1.3, the marketing endpoint (§1.8; case 44), and bodies that do
//! not travel as JSON.

use axum::http::Request;
use serde_json::{Value, json};

use super::*;

const PICTURE: &str = "https://tienda.example/a.jpg";

fn interactive(kind: &str, rest: Value) -> Value {
    let mut interactive = json!({"type": kind, "body": {"text": "¿Cuál?"}});
    interactive
        .as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    json!({"type": "interactive", "interactive": interactive})
}

/// The same with one place set or, with null, taken away.
fn but(mut content: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = content.pointer_mut(parent).unwrap();
    match parent {
        Value::Object(fields) if value.is_null() => {
            fields.remove(key);
        }
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("no such place"),
    }
    content
}

fn link_card(index: u64, header: &str) -> Value {
    json!({"card_index": index, "type": "cta_url",
        "header": {"type": header, header: {"link": PICTURE}}, "body": {"text": "Tenis"},
        "action": {"name": "cta_url", "parameters": {"display_text": "Ver", "url": PICTURE}}})
}

fn product_card(index: u64, catalog: &str) -> Value {
    json!({"card_index": index, "type": "product",
        "action": {"catalog_id": catalog, "product_retailer_id": format!("SKU-{index}")}})
}

/// A good content, and neighbours that differ in one place with the code and the field they get.
type Row = (Value, Vec<(&'static str, Value, i64, &'static str)>);

fn rows() -> Vec<Row> {
    let long = |n: usize| Value::from("x".repeat(n));
    vec![
        (
            interactive(
                "button",
                json!({
                "header": {"type": "document", "document": {"link": PICTURE, "filename": "a.pdf"}},
                "footer": {"text": "pie"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "a", "title": "Sí"}}]}}),
            ),
            vec![
                (
                    "/interactive/footer/text",
                    long(61),
                    100,
                    "interactive.footer.text",
                ),
                (
                    "/interactive/body/text",
                    long(1_025),
                    100,
                    "interactive.body.text",
                ),
                (
                    "/interactive/body",
                    Value::Null,
                    131_008,
                    "interactive.body",
                ),
                (
                    "/interactive/action/buttons/0/reply/id",
                    long(257),
                    100,
                    "interactive.action.buttons[0].reply.id",
                ),
                (
                    "/interactive/header/type",
                    "audio".into(),
                    100,
                    "interactive.header",
                ),
            ],
        ),
        (
            interactive(
                "list",
                json!({
                "header": {"type": "text", "text": "Tallas"},
                "action": {"button": "Ver", "sections": [{"rows": [{"id": "1", "title": "S", "description": "chica"}]}]}}),
            ),
            vec![
                (
                    "/interactive/header",
                    json!({"type": "image", "image": {"link": PICTURE}}),
                    100,
                    "interactive.header.type",
                ),
                (
                    "/interactive/action/button",
                    long(21),
                    100,
                    "interactive.action.button",
                ),
                (
                    "/interactive/action/sections/0/rows/0/title",
                    long(25),
                    100,
                    "interactive.action.sections[0].rows[0].title",
                ),
                (
                    "/interactive/action/sections/0/rows/0/description",
                    long(73),
                    100,
                    "description",
                ),
                (
                    "/interactive/body/text",
                    long(4_097),
                    100,
                    "interactive.body.text",
                ),
            ],
        ),
        (
            interactive(
                "cta_url",
                json!({"action": {"name": "cta_url", "parameters": {"display_text": "Ver", "url": PICTURE}}}),
            ),
            vec![
                (
                    "/interactive/action/parameters/display_text",
                    long(21),
                    100,
                    "display_text",
                ),
                (
                    "/interactive/action/parameters/url",
                    Value::Null,
                    131_008,
                    "interactive.action.parameters.url",
                ),
            ],
        ),
        (
            interactive(
                "flow",
                json!({"action": {"name": "flow", "parameters": {
                "flow_message_version": "3", "flow_cta": "Abrir", "flow_id": "1", "flow_token": "t",
                "mode": "draft", "flow_action": "navigate",
                "flow_action_payload": {"screen": "UNO", "data": {"image": {"id": "mine"}}}}}}),
            ),
            vec![
                (
                    "/interactive/action/parameters/flow_message_version",
                    "2".into(),
                    100,
                    "flow_message_version",
                ),
                (
                    "/interactive/action/parameters/flow_cta",
                    long(31),
                    100,
                    "flow_cta",
                ),
                (
                    "/interactive/action/parameters/flow_name",
                    "uno".into(),
                    100,
                    "flow_id or flow_name",
                ),
                (
                    "/interactive/action/parameters/mode",
                    "live".into(),
                    100,
                    "mode",
                ),
            ],
        ),
        (
            interactive(
                "product",
                json!({"footer": {"text": "pie"}, "action": {"catalog_id": "7", "product_retailer_id": "S"}}),
            ),
            vec![
                (
                    "/interactive/header",
                    json!({"type": "text", "text": "x"}),
                    100,
                    "interactive.header",
                ),
                (
                    "/interactive/action/catalog_id",
                    Value::Null,
                    131_008,
                    "interactive.action.catalog_id",
                ),
            ],
        ),
        (
            interactive(
                "product_list",
                json!({
                "header": {"type": "text", "text": "Tenis"},
                "action": {"catalog_id": "7", "sections": [{"title": "uno", "product_items": [{"product_retailer_id": "S"}]}]}}),
            ),
            vec![
                (
                    "/interactive/header",
                    Value::Null,
                    131_008,
                    "interactive.header",
                ),
                (
                    "/interactive/action/sections/0/title",
                    long(25),
                    100,
                    "title",
                ),
                (
                    "/interactive/action/sections/0/product_items",
                    json!([]),
                    131_009,
                    "product_items",
                ),
                (
                    "/interactive/action/sections/0/product_items",
                    vec![json!({"product_retailer_id": "S"}); 31].into(),
                    131_009,
                    "product_items",
                ),
            ],
        ),
        (
            interactive(
                "catalog_message",
                json!({"action": {"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "S"}}}),
            ),
            vec![(
                "/interactive/action/name",
                "catalog".into(),
                100,
                "interactive.action.name",
            )],
        ),
        (
            interactive(
                "location_request_message",
                json!({"action": {"name": "send_location"}}),
            ),
            vec![(
                "/interactive/footer",
                json!({"text": "x"}),
                100,
                "interactive.footer",
            )],
        ),
        (
            interactive(
                "request_contact_info",
                json!({"action": {"name": "request_contact_info"}}),
            ),
            vec![(
                "/interactive/action/name",
                "contact_request".into(),
                100,
                "interactive.action.name",
            )],
        ),
        (
            interactive(
                "call_permission_request",
                json!({"action": {"name": "call_permission_request"}}),
            ),
            vec![(
                "/interactive/action/name",
                "call".into(),
                100,
                "interactive.action.name",
            )],
        ),
        (
            interactive(
                "voice_call",
                json!({"action": {"name": "voice_call", "parameters": {"display_text": "Llamar", "ttl_minutes": 100}}}),
            ),
            vec![(
                "/interactive/action/parameters/ttl_minutes",
                0.into(),
                131_009,
                "ttl_minutes",
            )],
        ),
        (
            interactive(
                "address_message",
                json!({"action": {"name": "address_message", "parameters": {"country": "IN"}}}),
            ),
            vec![(
                "/interactive/action/parameters/country",
                "MX".into(),
                131_009,
                "country",
            )],
        ),
        (
            interactive(
                "carousel",
                json!({"action": {"cards": [link_card(0, "image"), link_card(1, "image")]}}),
            ),
            vec![
                (
                    "/interactive/action/cards",
                    json!([link_card(0, "image")]),
                    131_009,
                    "interactive.action.cards",
                ),
                (
                    "/interactive/action/cards/1",
                    link_card(1, "video"),
                    131_009,
                    "cards[1]",
                ),
                (
                    "/interactive/action/cards/1",
                    product_card(1, "7"),
                    131_009,
                    "cards[1]",
                ),
                (
                    "/interactive/action/cards/1/card_index",
                    0.into(),
                    131_009,
                    "card_index",
                ),
                (
                    "/interactive/action/cards/1/card_index",
                    10.into(),
                    131_009,
                    "card_index",
                ),
                (
                    "/interactive/footer",
                    json!({"text": "x"}),
                    100,
                    "interactive.footer",
                ),
                (
                    "/interactive/body",
                    Value::Null,
                    131_008,
                    "interactive.body",
                ),
            ],
        ),
        (
            interactive(
                "carousel",
                json!({"action": {"cards": [product_card(0, "7"), product_card(1, "7")]}}),
            ),
            vec![(
                "/interactive/action/cards/1",
                product_card(1, "8"),
                131_009,
                "cards[1]",
            )],
        ),
    ]
}

#[tokio::test]
async fn every_interactive_message_and_what_is_next_to_it() {
    let rig = Rig::new().await;
    for (good, neighbours) in rows() {
        let (status, answer) = rig.post(message(ANA, good.clone())).await;
        assert_eq!(status, 200, "{good} {answer}");
        for (place, value, wanted, field) in neighbours {
            let bad = but(good.clone(), place, value);
            let (status, answer) = rig.post(message(ANA, bad.clone())).await;
            assert_eq!((status, code(&answer)), (400, wanted), "{bad} {answer}");
            assert!(details(&answer).contains(field), "{field}: {answer}");
        }
        rig.pass(6_000).await;
    }
}

#[tokio::test]
async fn a_contextual_reply_is_kept_with_its_message() {
    let rig = Rig::new().await;
    let asked = rig.say(ANA, "¿precio?").await;
    let mut body = message(ANA, text("199"));
    body["context"] = json!({"message_id": asked});
    let (_, answer) = rig.post(body).await;
    let shown = rig
        .sim(&format!("/messages/{}", wamid(&answer)), Value::Null)
        .await;
    assert_eq!(shown["content"]["context"], json!({"message_id": asked}));
}

async fn marketing(rig: &Rig, body: Value) -> (u16, Value) {
    let path = format!("/v25.0/{PN1}/marketing_messages");
    rig.call("POST", &path, Some("token"), body).await
}

#[tokio::test]
async fn case_44_marketing_messages_takes_marketing_templates_alone() {
    let rig = Rig::new().await;
    let (status, answer) = marketing(&rig, message(ANA, text("oferta"))).await;
    assert_eq!((status, code(&answer)), (400, 100));
    assert_eq!(
        answer["error"]["message"],
        "(#100) Message must be a template message"
    );
    let (_, answer) = marketing(&rig, message(ANA, utility())).await;
    assert_eq!(code(&answer), 134_100);

    let mut body = message(ANA, cart());
    body["product_policy"] = "STRICT".into();
    body["message_activity_sharing"] = true.into();
    let (status, answer) = marketing(&rig, body.clone()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
    rig.pass(60_000).await;
    let id = wamid(&answer);
    let statuses: Vec<Value> = rig
        .told()
        .into_iter()
        .flat_map(|value| value["statuses"].as_array().cloned().unwrap_or_default())
        .filter(|status| status["id"] == id && !status["pricing"].is_null())
        .collect();
    assert!(!statuses.is_empty());
    assert!(
        statuses
            .iter()
            .all(|s| s["pricing"]["category"] == "marketing_lite")
    );

    body["product_policy"] = "SOMETIMES".into();
    assert_eq!(code(&marketing(&rig, body).await.1), 100);
    // Neither extra exists on the ordinary endpoint.
    let mut body = message(ANA, cart());
    body["product_policy"] = "STRICT".into();
    assert_eq!(code(&rig.post(body).await.1), 100);
}

#[tokio::test]
async fn who_is_not_onboarded_falls_back_or_is_refused_and_some_may_not_use_messages() {
    let mut world = config();
    world.wabas[0].marketing_messages = false;
    let rig = Rig::with(world).await;
    let mut body = message(ANA, cart());
    assert_eq!(marketing(&rig, body.clone()).await.0, 200);
    rig.pass(60_000).await;
    let priced = rig
        .told()
        .iter()
        .any(|v| v["statuses"][0]["pricing"]["category"] == "marketing");
    assert!(priced);
    body["product_policy"] = "STRICT".into();
    let (status, answer) = marketing(&rig, body).await;
    assert_eq!((status, code(&answer)), (500, 134_102));

    let mut world = config();
    world.wabas[0].marketing_only_there = true;
    let rig = Rig::with(world).await;
    assert_eq!(code(&rig.post(message(ANA, cart())).await.1), 131_063);
    assert_eq!(marketing(&rig, message(ANA, cart())).await.0, 200);
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
}

async fn typed(rig: &Rig, kind: &str, body: String) -> (u16, Value) {
    let request = Request::post(format!("/v25.0/{PN1}/messages"))
        .header("authorization", "Bearer token")
        .header("content-type", kind)
        .body(Body::from(body))
        .unwrap();
    let (status, _, bytes) = rig.raw(request).await;
    (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_form_is_as_good_as_json_and_another_type_has_no_parameters() {
    let rig = Rig::new().await;
    let body = message(ANA, text("hola")).to_string();
    for kind in ["application/json", "application/json; charset=utf-8"] {
        assert_eq!(typed(&rig, kind, body.clone()).await.0, 200);
    }
    let form = format!(
        "messaging_product=whatsapp&to={ANA}&type=text&text=%7B%22body%22%3A%22hola+t%C3%BA%22%2C%22preview_url%22%3Atrue%7D"
    );
    let (status, answer) = typed(&rig, "application/x-www-form-urlencoded", form).await;
    assert_eq!(status, 200, "{answer}");
    let shown = rig
        .sim(&format!("/messages/{}", wamid(&answer)), Value::Null)
        .await;
    assert_eq!(shown["content"]["text"]["body"], "hola tú");
    // Within JSON too an object may be its own JSON text; what is a text stays one.
    let mut nested = message(ANA, json!({"type": "text", "text": "{\"body\": \"hola\"}"}));
    nested["biz_opaque_callback_data"] = "{\"a\": 1}".into();
    let (status, answer) = rig.post(nested).await;
    assert_eq!(status, 200, "{answer}");
    let shown = rig
        .sim(&format!("/messages/{}", wamid(&answer)), Value::Null)
        .await;
    assert_eq!(shown["biz_opaque_callback_data"], "{\"a\": 1}");
    // JSON under another name is no JSON to Graph.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
    ] {
        let (status, answer) = typed(&rig, kind, body.clone()).await;
        assert_eq!((status, code(&answer)), (400, 100));
        assert_eq!(
            answer["error"]["message"],
            "(#100) The parameter messaging_product is required."
        );
    }
}

#[tokio::test]
async fn parameters_may_stand_in_the_query_beside_those_of_graph_itself() {
    let rig = Rig::new().await;
    let path = format!(
        "/v25.0/{PN1}/messages?messaging_product=whatsapp&to={ANA}&appsecret_proof=ab&pretty=0&debug=all"
    );
    let body = json!({"type": "text", "text": {"body": "hola"}});
    let (status, answer) = rig.call("POST", &path, Some("token"), body.clone()).await;
    assert_eq!(status, 200, "{answer}");
    // The body counts before the query; what neither Graph nor the call knows is refused.
    let mut wrong = body.clone();
    wrong["messaging_product"] = "sms".into();
    let (_, answer) = rig.call("POST", &path, Some("token"), wrong).await;
    assert!(details(&answer).contains("messaging_product"), "{answer}");
    let (_, answer) = rig
        .call("POST", &format!("{path}&colour=red"), Some("token"), body)
        .await;
    assert!(details(&answer).contains("colour"), "{answer}");
}
