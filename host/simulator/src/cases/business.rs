//! Profile, blocked people, numbers and accounts (§5.3, §9; case 56).

use serde_json::{Value, json};

use super::*;

const PROFILE: &str = "/v25.0/401000000000002/whatsapp_business_profile";
const BLOCK: &str = "/v25.0/401000000000002/block_users";

#[tokio::test]
async fn the_profile_is_set_and_read() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.get(PROFILE).await,
        (200, json!({"data": [{"messaging_product": "whatsapp"}]}))
    );
    let given = json!({"messaging_product": "whatsapp", "about": "Tenis y más", "address": "Plaza 1",
        "description": "Tienda", "email": "hola@tienda.example", "vertical": "RETAIL",
        "websites": ["https://tienda.example/"], "profile_picture_handle": "4::aW1h"});
    assert_eq!(
        rig.call("POST", PROFILE, Some("token"), given.clone())
            .await,
        (200, json!({"success": true}))
    );
    let fields = "?fields=about,email,vertical,websites,profile_picture_url";
    let (_, answer) = rig.get(&format!("{PROFILE}{fields}")).await;
    let shown = &answer["data"][0];
    for key in [
        "about",
        "email",
        "vertical",
        "websites",
        "messaging_product",
    ] {
        assert_eq!(shown[key], given[key], "{key}");
    }
    assert!(shown["profile_picture_url"].is_string() && shown.get("address").is_none());
    // What is not named stays.
    let part = json!({"messaging_product": "whatsapp", "about": "Cerrado"});
    rig.call("POST", PROFILE, Some("token"), part).await;
    let (_, answer) = rig.get(PROFILE).await;
    assert_eq!(answer["data"][0]["about"], "Cerrado");
    assert_eq!(answer["data"][0]["address"], "Plaza 1");
    assert_eq!(
        code(&rig.get(&format!("{PROFILE}?fields=nada")).await.1),
        100
    );
}

#[tokio::test]
async fn each_field_of_the_profile_has_its_limit() {
    let rig = Rig::new().await;
    for (key, good, bad) in [
        ("about", json!("x".repeat(139)), json!("x".repeat(140))),
        ("address", json!("x".repeat(256)), json!("x".repeat(257))),
        (
            "description",
            json!("x".repeat(512)),
            json!("x".repeat(513)),
        ),
        ("email", json!("a@b.example"), json!("nadie")),
        (
            "websites",
            json!(["https://a.example", "https://b.example"]),
            json!([
                "https://a.example",
                "https://b.example",
                "https://c.example"
            ]),
        ),
        ("websites", json!([]), json!(["tienda"])),
        ("vertical", json!("RETAIL"), json!("SHOES")),
        ("about", json!("x"), json!("")),
    ] {
        for (value, status) in [(good, 200), (bad, 400)] {
            let body = json!({"messaging_product": "whatsapp", key: value});
            let (got, answer) = rig.call("POST", PROFILE, Some("token"), body).await;
            assert_eq!(got, status, "{key} {answer}");
            assert!(status == 200 || details(&answer).contains(key), "{answer}");
        }
    }
    let (_, answer) = rig
        .call("POST", PROFILE, Some("token"), json!({"about": "x"}))
        .await;
    assert_eq!(
        answer["error"]["message"],
        "(#100) The parameter messaging_product is required."
    );
}

#[tokio::test]
async fn case_56_a_blocked_person_gets_nothing_and_silent_people_cannot_be_blocked() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let body =
        json!({"messaging_product": "whatsapp", "block_users": [{"user": format!("+{ANA}")}]});
    let (status, answer) = rig.call("POST", BLOCK, Some("token"), body.clone()).await;
    assert_eq!(
        (status, answer),
        (
            200,
            json!({"messaging_product": "whatsapp", "block_users":
            {"added_users": [{"input": format!("+{ANA}"), "wa_id": ANA}]}})
        )
    );
    assert_eq!(code(&rig.post(message(ANA, text("hola"))).await.1), 130_403);
    let said = json!({"number": PN1, "type": "text", "text": "¿hola?"});
    assert_eq!(
        rig.sim_raw(&format!("/people/{ANA}/say"), said).await.0,
        409
    );
    // Another number of the same account has blocked nobody.
    assert_eq!(rig.post_from(PN2, message(ANA, utility())).await.0, 200);
    let (_, list) = rig.get(BLOCK).await;
    assert_eq!(
        list["data"],
        json!([{"messaging_product": "whatsapp", "wa_id": ANA}])
    );
    assert!(list["paging"]["cursors"]["after"].is_string());

    let two = json!({"messaging_product": "whatsapp", "block_users": [{"user": "573001112233"}, {"user": ANA}]});
    let (status, answer) = rig.call("POST", BLOCK, Some("token"), two).await;
    assert_eq!((status, code(&answer)), (400, 139_100));
    let failed = &answer["block_users"]["failed_users"][0];
    assert_eq!(
        (&failed["wa_id"], &failed["errors"][0]["code"]),
        (&json!("573001112233"), &json!(131_047))
    );
    assert_eq!(answer["block_users"]["added_users"][0]["wa_id"], ANA);

    let (status, answer) = rig.call("DELETE", BLOCK, Some("token"), body).await;
    assert_eq!(
        (status, &answer["block_users"]["removed_users"][0]["wa_id"]),
        (200, &json!(ANA))
    );
    assert_eq!(rig.get(BLOCK).await.1, json!({"data": []}));
    assert_eq!(rig.post(message(ANA, text("hola"))).await.0, 200);
}

#[tokio::test]
async fn a_block_call_names_what_it_lacks() {
    let rig = Rig::new().await;
    for (body, wanted) in [
        (json!({"block_users": [{"user": ANA}]}), 100),
        (json!({"messaging_product": "whatsapp"}), 100),
        (
            json!({"messaging_product": "whatsapp", "block_users": []}),
            100,
        ),
        (
            json!({"messaging_product": "whatsapp", "block_users": [{}]}),
            131_008,
        ),
    ] {
        assert_eq!(
            code(&rig.call("POST", BLOCK, Some("token"), body).await.1),
            wanted
        );
    }
}

#[tokio::test]
async fn accounts_and_numbers_show_the_fields_asked_for_and_refuse_others() {
    let rig = Rig::new().await;
    let (_, account) = rig
        .get(&format!("/v25.0/{WABA}?fields=id,name,currency"))
        .await;
    assert_eq!(
        account,
        json!({"id": WABA, "name": "Tienda", "currency": "USD"})
    );
    let (_, account) = rig.get(&format!("/{WABA}")).await;
    assert!(account["primary_funding_id"].is_string());
    let (_, number) = rig
        .get(&format!(
            "/{PN1}?fields=display_phone_number,status,country_code,host_platform"
        ))
        .await;
    assert_eq!(
        number,
        json!({"display_phone_number": "+525550001111", "status": "CONNECTED",
            "country_code": "MX", "host_platform": "CLOUD_API", "id": PN1})
    );
    let (_, numbers) = rig
        .get(&format!("/{WABA}/phone_numbers?fields=id&limit=2"))
        .await;
    assert_eq!(numbers["data"], json!([{"id": PN1}, {"id": PN2}]));
    assert!(numbers["paging"]["next"].is_string());
    for path in [
        format!("/{WABA}?fields=name,x"),
        format!("/{PN1}?fields=x"),
        format!("/{WABA}/phone_numbers?fields=x"),
    ] {
        let (status, answer) = rig.get(&path).await;
        assert_eq!((status, code(&answer)), (400, 100));
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .starts_with("(#100) Tried accessing nonexisting field (x)")
        );
    }
}

#[tokio::test]
async fn case_65_too_many_calls_of_an_account_are_80007_with_the_way_back_in_the_headers() {
    let mut world = config();
    world.management_calls_per_hour = 4;
    let rig = Rig::with(world).await;
    let ask = async || {
        let request = Request::get(format!("/v25.0/{WABA}/message_templates?limit=1"))
            .header("authorization", "Bearer token")
            .body(Body::empty())
            .unwrap();
        let (status, headers, _) = rig.raw(request).await;
        let usage = headers["x-business-use-case-usage"].to_str().unwrap();
        let usage: Value = serde_json::from_str(usage).unwrap();
        (status.as_u16(), usage[WABA][0].clone())
    };
    for percent in [25, 50, 75, 100] {
        let (status, usage) = ask().await;
        assert_eq!((status, &usage["call_count"]), (200, &json!(percent)));
        assert_eq!(usage["type"], "whatsapp_business_management");
    }
    let (status, usage) = ask().await;
    assert_eq!((status, &usage["call_count"]), (400, &json!(100)));
    assert!(usage["estimated_time_to_regain_access"].as_i64().unwrap() >= 60);
    let (_, answer) = rig.get(&format!("/{WABA}/phone_numbers")).await;
    assert_eq!(code(&answer), 80_007);
    // Another account and the sending of messages are not touched.
    let other = rig
        .call("GET", "/302/phone_numbers", Some("token"), Value::Null)
        .await;
    assert_eq!(other.0, 200);
    assert_eq!(rig.post(message(ANA, utility())).await.0, 200);
    rig.pass(HOUR).await;
    assert_eq!(ask().await.0, 200);
}
