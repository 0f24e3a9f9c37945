//! The page of terms: what holds, what a change would remove, setting it with a reason, back to the host's.

use portero_domain::clock::Millis;

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[test!(
    console_retention::terms_are_looked_at_set_with_a_reason_and_given_back
)];

pub(crate) async fn terms_are_looked_at_set_with_a_reason_and_given_back(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    for (lang, words) in [
        ("es", "Cuánto se guarda"),
        ("pt", "Quanto se guarda"),
        ("en", "How long data is kept"),
    ] {
        let page = owner.get(&env, &format!("/retention?lang={lang}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains(words) && page.body.contains("name=\"d.messages\""));
        assert!(!page.body.contains(">retention."), "{}", page.body);
    }
    env.says(sol, 0, "hola").await;
    env.jump(Millis::days(40)).await;
    let preview = format!("/console/retention/{slug}/preview");
    let save = format!("/console/retention/{slug}/save");
    let terms = [("lang", "es"), ("d.messages", "30"), ("d.events", "30")];
    // What does not do is said in words, field by field, and what was typed stays.
    let wrong = [("lang", "es"), ("d.messages", "3"), ("d.imports", "pronto")];
    let refused = owner.post(&env, &preview, &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    for words in [
        "id=\"t-messages\"",
        "id=\"t-imports\"",
        "value=\"pronto\"",
        "de 30 a",
    ] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    let longer = [("lang", "es"), ("d.messages", "90"), ("d.events", "120")];
    let refused = owner.post(&env, &preview, &longer).await;
    assert!(
        refused.body.contains("no se pueden guardar más tiempo"),
        "{}",
        refused.body
    );
    // What would go is told before; nothing goes, nothing is set.
    let looked = owner.post(&env, &preview, &terms).await;
    assert_eq!(looked.status, 200, "{}", looked.body);
    assert!(
        looked.body.contains("Se borrarían ") && looked.body.contains("id=\"save\""),
        "{}",
        looked.body
    );
    let first = sol.api.get("/v1/retention").await.unwrap();
    assert!(first["changes"].as_array().unwrap().is_empty(), "{first}");
    // Not without a reason.
    let from = ("from", "");
    let bare = owner
        .post(&env, &save, &[&terms[..], &[from]].concat())
        .await;
    assert_eq!(bare.status, 422, "{}", bare.body);
    assert!(bare.body.contains("id=\"reason-trouble\""), "{}", bare.body);
    let reason = ("reason", "lo pidió la abogada <b>");
    let done = owner
        .post(&env, &save, &[&terms[..], &[from, reason]].concat())
        .await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = owner.get(&env, &done.location).await.body;
    assert!(
        page.contains("id=\"did\"") && page.contains("lo pidió la abogada &#60;b&#62;"),
        "{page}"
    );
    let set = sol.api.get("/v1/retention").await.unwrap();
    let own = serde_json::json!({ "messages": 30, "events": 30 });
    assert_eq!(set["changes"][0]["own"], own, "{set}");
    // Who looked before that decides again.
    let late = owner
        .post(&env, &save, &[&terms[..], &[from, reason]].concat())
        .await;
    assert_eq!(late.status, 409, "{}", late.body);
    // Back to the host's: looked at, then saved.
    let at = set["changes"][0]["at"].as_str().unwrap();
    let back = owner
        .post(&env, &preview, &[("lang", "es"), ("host", "1"), terms[1]])
        .await;
    assert!(
        back.status == 200 && !back.body.contains("name=\"d.messages\""),
        "{}",
        back.body
    );
    let done = owner
        .post(&env, &save, &[("lang", "es"), ("from", at), reason])
        .await;
    assert_eq!(done.status, 303, "{}", done.body);
    let host = sol.api.get("/v1/retention").await.unwrap();
    let kinds = host["kinds"].as_array().unwrap();
    assert!(kinds.iter().all(|k| k["own"] == false), "{host}");
    // Whoever may not change looks; another shop's is not there.
    let viewer = with_role(&env, slug, "viewer").await;
    let looks = viewer.post(&env, &preview, &terms).await.body;
    assert!(
        looks.contains("id=\"lacks\"") && !looks.contains("id=\"save\""),
        "{looks}"
    );
    assert_eq!(viewer.post(&env, &save, &terms).await.status, 403);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.post(&env, &save, &terms).await.status, 404);
    assert_eq!(
        lua.get(&env, &format!("/retention?shop={slug}"))
            .await
            .status,
        404
    );
    env.end().await;
}
