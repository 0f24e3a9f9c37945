//! Why a campaign wrote to somebody: told to the person, shown to the shop, as it was when the audience was fixed.

use portero_domain::clock::Millis;
use serde_json::json;

use crate::campaigns;
use crate::harness::Env;
use crate::segments;

pub(crate) async fn a_campaign_says_why_it_wrote_to_somebody(env: Env) {
    let sol = env.sol();
    let reads = ["contacts.read", "config", "log"];
    segments::install(&env, portero::guest::RFM_SEGMENTS, &reads, json!({})).await;
    env.jump(Millis::secs(60)).await;
    env.says(sol, 2, "hola").await;
    let list = sol.api.get("/v1/segments").await.unwrap();
    let body = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "aceptaron ofertas, y \"escriben\"\npor {{semana}}",
        "audience": { "who": "segment", "installation": list[0]["installation"], "segment": "active" },
    });
    let (first, _) = campaigns::launch(&env, &body).await;
    campaigns::until(&env, &first, "done").await;
    let path = format!("/v1/campaigns/{first}");
    let person = sol.api.get(&format!("{path}/people")).await.unwrap()["items"][0].clone();
    let reason = person["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("Escribió el 20"), "{person}");
    assert_eq!(person["why"], body["why"]);

    // The segment forgets them; what was true of the campaign stays, everywhere.
    env.jump(Millis::days(20)).await;
    let mut clean = body.clone();
    clean["name"] = json!("Vuelve");
    clean["why"] = json!("aceptaron ofertas y no compraron");
    clean["audience"] = json!({ "who": "all" });
    clean["template"] = json!("carrito_recordatorio");
    clean["values"] = json!({ "body.nombre": { "from": "name", "fallback": "amigo" } });
    let (second, _) = campaigns::launch(&env, &clean).await;
    campaigns::until(&env, &second, "done").await;
    env.jump(Millis::days(9)).await;
    env.says(sol, 2, "¿MIS PERMISOS?").await;
    let told = env.messages(sol, 2).await[0].clone();
    assert_eq!(told["state"], "sent", "{told}");
    let text = told["content"]["body"].as_str().unwrap();
    assert!(
        text.contains(" Vuelve: aceptaron ofertas y no compraron\n"),
        "{text}"
    );
    assert!(
        text.contains(" Semana\n") && !text.contains("{{"),
        "what the gate would refuse is left out, the campaign is named: {text}"
    );
    env.jump(Millis::days(80)).await;
    let active = sol.api.get("/v1/segments/active/members").await.unwrap();
    assert_eq!(active["items"], json!([]));

    let key = sol.shop.people[2].key();
    let consents = sol.api.get(&format!("/v1/contacts/{key}/consents")).await;
    let consents = consents.unwrap();
    let of = |id: &str| {
        let all = consents["campaigns"].as_array().unwrap();
        let found = all.iter().find(|c| c["campaign"] == id);
        found.unwrap_or_else(|| panic!("{consents}")).clone()
    };
    assert_eq!(
        (&of(&first)["why"], &of(&first)["reason"]),
        (&body["why"], &json!(reason))
    );
    assert_eq!(of(&second)["reason"], json!(null), "no plugin chose them");
    let message = person["message"].as_str().unwrap();
    let why = sol.api.get(&format!("/v1/why/{message}")).await.unwrap();
    assert_eq!(
        why["messages"][0]["campaign"]["reason"],
        json!(reason),
        "{why}"
    );
    let csv = sol.api.get(&format!("{path}/export")).await.unwrap();
    let csv = csv.as_str().unwrap();
    assert!(
        csv.lines().next().unwrap().ends_with(",why,reason"),
        "{csv}"
    );
    let quoted =
        format!(",\"aceptaron ofertas, y \"\"escriben\"\"\npor {{{{semana}}}}\",\"{reason}\"\n");
    assert!(csv.ends_with(&quoted), "{csv}");

    // Later they are told of nothing that is longer ago than what is counted.
    env.says(sol, 2, "mis permisos").await;
    let told = env.messages(sol, 2).await[0]["content"].to_string();
    assert!(
        !told.contains("Vuelve") && !told.contains("Semana"),
        "{told}"
    );
    env.end().await;
}
