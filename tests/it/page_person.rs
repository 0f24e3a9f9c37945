//! What is done about a person on their page, and lists taken along as files.

use serde_json::{Value, json};

use crate::campaigns::{create, customers, weekly};
use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::rules::newcomer;

pub(crate) const TESTS: &[Test] = &[
    test!(page_person::a_person_is_acted_upon_on_their_page),
    test!(page_person::people_and_campaigns_are_taken_along_as_files),
];

async fn person(env: &Env, who: &str) -> Value {
    let path = format!("/v1/contacts/{who}");
    env.sol().api.get(&path).await.unwrap()
}

pub(crate) async fn a_person_is_acted_upon_on_their_page(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    let who = newcomer(&env, 821, "es", None).await;
    let id = person(&env, &who).await["id"].as_str().unwrap().to_owned();
    let owner = with_role(&env, slug, "owner").await;
    let page = format!("/contacts/{slug}/{id}");
    let at = |what: &str| format!("/console/contacts/{slug}/{id}/{what}");
    for (lang, title) in [
        ("es", "Qué hacer"),
        ("pt", "O que fazer"),
        ("en", "What to do"),
    ] {
        let shown = owner.get(&env, &format!("{page}?lang={lang}")).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        assert!(
            shown.body.contains(title) && !shown.body.contains(">person."),
            "{}",
            shown.body
        );
        for what in ["agree", "ask", "block", "tags"] {
            assert!(shown.body.contains(&at(what)), "{what}: {}", shown.body);
        }
    }
    let says = async |what: &str, fields: &[(&str, &str)], words: &str| {
        let done = owner
            .post(&env, &at(what), &[&[("lang", "es")], fields].concat())
            .await;
        assert_eq!(done.status, 303, "{what}: {}", done.body);
        let there = done.location.split('#').next().unwrap().to_owned();
        let shown = owner.get(&env, &there).await.body;
        assert!(shown.contains(words), "{what}, {words}: {shown}");
        shown
    };
    // A yes needs its proof and the words that were agreed to.
    let bare = [("wording", "ofertas@1"), ("reason", " ")];
    says("agree", &bare, "id=\"did\" data-tone=\"hold\"").await;
    let nothing = [("wording", "ofertas@99"), ("reason", "papel 3")];
    says("agree", &nothing, "Falta un texto").await;
    assert_eq!(person(&env, &who).await["consent_events"], json!([]));
    let yes = [("wording", "ofertas@1"), ("reason", "papel 3, <carpeta>")];
    says("agree", &yes, "Anotado con su prueba.").await;
    let event = person(&env, &who).await["consent_events"][0].clone();
    assert_eq!(
        (&event["kind"], &event["wording"], &event["evidence"]),
        (
            &json!("granted"),
            &json!("ofertas@1"),
            &json!("papel 3, <carpeta>")
        ),
        "{event}"
    );
    // A question is put by a template that says the same; the gate's word is shown, whatever it is.
    let other = [
        ("wording", "ofertas@1"),
        ("template", "promo_semana es"),
        ("key", "q1"),
    ];
    says("ask", &other, "no dice lo mismo").await;
    let same = [
        ("wording", "ofertas@1"),
        ("template", "permiso_ofertas es"),
        ("key", "q2"),
    ];
    says("ask", &same, "id=\"did\"").await;
    let last = sol.api.get("/v1/messages?limit=1").await.unwrap();
    assert_eq!(last["items"][0]["purpose"], "consent_request", "{last}");
    // Blocked, and off the list again.
    let block = [("scope", "all"), ("reason", "lo pidió")];
    let shown = says("block", &block, "Está en la lista de bloqueo desde ahora.").await;
    assert!(shown.contains("id=\"blocked\""), "{shown}");
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let refused = sol.api.propose("blocked", body).await.unwrap();
    assert_eq!(refused["verdict"]["verdict"], "deny", "{refused}");
    let off = [("scope", "off"), ("reason", "un error")];
    let shown = says("block", &off, "Ya no está en la lista").await;
    assert!(!shown.contains("id=\"blocked\""), "{shown}");
    says(
        "block",
        &[("scope", "nada"), ("reason", "x")],
        "data-tone=\"hold\"",
    )
    .await;
    // Tags, several at once, one off.
    says("tags", &[("tags", "vip, <azul> ,")], "Etiquetas cambiadas.").await;
    assert_eq!(person(&env, &who).await["tags"], json!(["<azul>", "vip"]));
    says("tags", &[("untag", "<azul>")], "Etiquetas cambiadas.").await;
    assert_eq!(person(&env, &who).await["tags"], json!(["vip"]));
    // The conversation is taken from the bot, with a reason.
    let number = sol.shop.number;
    says(
        "take",
        &[("number", number), ("reason", " ")],
        "data-tone=\"hold\"",
    )
    .await;
    says(
        "take",
        &[("number", number), ("reason", "pide factura")],
        "está en la bandeja",
    )
    .await;
    let waiting = sol.api.get("/v1/conversations").await.unwrap();
    assert!(waiting.to_string().contains("pide factura"), "{waiting}");
    rights(&env, &id).await;
    env.end().await;
}

async fn rights(env: &Env, id: &str) {
    let slug = env.sol().shop.slug;
    let auditor = with_role(env, slug, "auditor").await;
    let looks = auditor
        .get(env, &format!("/contacts/{slug}/{id}?lang=es"))
        .await
        .body;
    assert!(!looks.contains("id=\"acts\""), "{looks}");
    let lua = with_role(env, env.lua().shop.slug, "owner").await;
    for what in ["agree", "ask", "block", "take", "tags"] {
        let own = format!("/console/contacts/{slug}/{id}/{what}");
        assert_eq!(auditor.post(env, &own, &[]).await.status, 403, "{what}");
        assert_eq!(lua.post(env, &own, &[]).await.status, 404, "{what}");
        let theirs = format!("/console/contacts/{}/{id}/{what}", env.lua().shop.slug);
        assert_eq!(lua.post(env, &theirs, &[]).await.status, 404, "{what}");
    }
}

pub(crate) async fn people_and_campaigns_are_taken_along_as_files(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    let addresses = customers(&env, 3).await;
    let campaign = create(&env, &weekly()).await;
    let plan = format!("/v1/campaigns/{campaign}/plan");
    sol.api.post(&plan, json!({})).await.unwrap();
    let owner = with_role(&env, slug, "owner").await;
    let csv = format!("/console/contacts/{slug}/csv");
    let list = owner
        .get(&env, &format!("/contacts?lang=es&shop={slug}"))
        .await
        .body;
    assert!(list.contains(&csv), "{list}");
    let file = owner.get(&env, &csv).await;
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        addresses.iter().all(|a| file.body.contains(a)),
        "{}",
        file.body
    );
    let people = format!("/campaigns/{slug}/{campaign}/people?lang=es");
    let people = owner.get(&env, &people).await.body;
    let export = format!("/console/campaigns/{slug}/{campaign}/export");
    assert!(people.contains(&export), "{people}");
    let file = owner.get(&env, &export).await;
    assert_eq!(file.status, 200, "{}", file.body);
    // The same as by the API, line by line.
    let path = format!("/v1/campaigns/{campaign}/people?limit=200");
    let all = sol.api.get(&path).await.unwrap();
    let all = all["items"].as_array().unwrap();
    assert_eq!(file.body.lines().count(), all.len() + 1, "{}", file.body);
    for one in all {
        let contact = one["contact"].as_str().unwrap();
        assert!(file.body.contains(contact), "{contact}: {}", file.body);
    }
    let viewer = with_role(&env, slug, "viewer").await;
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    let theirs = format!(
        "/console/campaigns/{}/{campaign}/export",
        env.lua().shop.slug
    );
    for path in [&csv, &export] {
        assert_eq!(viewer.get(&env, path).await.status, 403, "{path}");
        assert_eq!(lua.get(&env, path).await.status, 404, "{path}");
    }
    assert_eq!(lua.get(&env, &theirs).await.status, 404);
    env.end().await;
}
