//! Proof links: one verdict for somebody without a login, for some days, and nothing else.

use portero_domain::clock::Millis;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::users::{Browser, Shown};

pub(crate) const TESTS: &[Test] = &[
    test!(proofs::a_link_shows_one_verdict_and_nothing_else),
    test!(proofs::what_is_wrong_late_or_ended_looks_alike),
    test!(proofs::a_link_is_made_and_ended_on_the_page_of_the_verdict),
    test!(proofs::looks_are_bounded),
];

/// A verdict of Tienda Sol.
async fn verdict(env: &Env) -> Value {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.settle().await;
    let page = sol.api.get("/v1/verdicts?limit=1").await.unwrap();
    page["items"][0].clone()
}

async fn link(env: &Env, verdict: &Value, days: u32) -> Value {
    let path = format!("/v1/verdicts/{}/links", verdict["id"].as_str().unwrap());
    let body = json!({ "days": days });
    env.sol().api.post(&path, body).await.unwrap()
}

fn secret(link: &Value) -> &str {
    let path = link["path"].as_str().unwrap();
    path.strip_prefix("/proof/").unwrap()
}

/// What stands in an element with this id.
fn within<'a>(page: &'a str, id: &str) -> &'a str {
    let rest = page.split(&format!("id=\"{id}\">")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {id}: {page}"));
    rest.split('<').next().unwrap()
}

pub(crate) async fn a_link_shows_one_verdict_and_nothing_else(env: Env) {
    let verdict = verdict(&env).await;
    let made = link(&env, &verdict, 7).await;
    let path = made["path"].as_str().unwrap();
    assert!(secret(&made).len() >= 64, "{made}");
    // It is sealed within a second; nobody waits for longer than that here.
    let stranger = Browser::at("192.0.2.77");
    let mut shown = stranger.get(&env, path).await;
    for _ in 0..20 {
        if shown.body.contains("id=\"seal\"") {
            break;
        }
        env.jump(Millis::secs(1)).await;
        env.settle().await;
        shown = stranger.get(&env, path).await;
    }
    assert_eq!(shown.status, 200, "{}", shown.body);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(shown.headers[name], value, "{name}");
    }
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(shown.cookies.is_empty(), "{:?}", shown.cookies);
    // The three languages, each with its sentence, every finding and the person as the verdict's page shows both.
    for lang in ["es", "pt", "en"] {
        let page = stranger
            .get(&env, &format!("{path}?lang={lang}"))
            .await
            .body;
        assert!(page.contains(&format!("<html lang=\"{lang}\"")), "{page}");
        let plain = page
            .replace("&#38;", "&")
            .replace("&#39;", "'")
            .replace("&#34;", "\"");
        assert!(
            plain.contains(verdict["summary"][lang].as_str().unwrap()),
            "{page}"
        );
        for finding in verdict["findings"][lang].as_array().unwrap() {
            for part in ["rule", "sentence", "value", "limit"] {
                let text = finding[part].as_str().unwrap();
                assert!(plain.contains(text), "{part} {text}: {page}");
            }
        }
        for part in ["contact", "record_hash", "id", "ruleset"] {
            assert!(
                page.contains(verdict[part].as_str().unwrap()),
                "{part}: {page}"
            );
        }
        assert!(
            !page.contains(">proof.") && !page.contains(">explore."),
            "{page}"
        );
        assert!(
            !page.contains("<form") && !page.contains("<script"),
            "{page}"
        );
        for href in page.split("<a href=\"").skip(1) {
            assert!(href.starts_with("?lang="), "a way on: {href:.60}");
        }
        let text = format!(
            "{}{}",
            within(&page, "prev"),
            verdict["record_hash"].as_str().unwrap()
        );
        assert_eq!(
            within(&page, "seal"),
            hex::encode(Sha256::digest(text)),
            "what it tells to compute"
        );
    }
    // The secret is no token and no session: elsewhere it opens nothing.
    let cookie = format!("portero_session={}", secret(&made));
    for page in ["/verdicts", "/home", "/console"] {
        let asked = stranger.with(&cookie).get(&env, page).await;
        assert_eq!(asked.status, 303, "{page}");
        assert!(asked.location.starts_with("/login"), "{}", asked.location);
    }
    let api = env.as_token(secret(&made));
    assert!(api.get("/v1/verdicts").await.is_err());
    // Another tenant neither sees nor ends it, nor makes one to a verdict that is not theirs.
    let (lua, id) = (&env.lua().api, verdict["id"].as_str().unwrap());
    let links = format!("/v1/verdicts/{id}/links");
    assert!(lua.get(&links).await.is_err());
    assert!(lua.post(&links, json!({})).await.is_err());
    let end = format!("/v1/proof-links/{}", made["id"].as_str().unwrap());
    assert!(lua.send(Method::DELETE, &end, None).await.is_err());
    assert_eq!(stranger.get(&env, path).await.status, 200);
    let listed = env.sol().api.get(&links).await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let opened = listed["items"][0]["opened"].as_u64().unwrap();
    assert!(opened >= 5, "{listed}");
    assert!(!listed.to_string().contains(secret(&made)), "{listed}");
    // The log names the link and the verdict, and never the secret.
    let log = env.sol().api.get("/v1/audit?limit=200").await.unwrap();
    let rows = log["items"].as_array().unwrap();
    let looks: Vec<String> = rows
        .iter()
        .map(Value::to_string)
        .filter(|row| row.contains("GET /proof/{secret}"))
        .collect();
    assert!(!looks.is_empty(), "{log}");
    for look in looks {
        assert!(
            look.contains(made["id"].as_str().unwrap()) && look.contains(id),
            "{look}"
        );
    }
    assert!(!log.to_string().contains(secret(&made)), "{log}");
    env.end().await;
}

pub(crate) async fn what_is_wrong_late_or_ended_looks_alike(env: Env) {
    let verdict = verdict(&env).await;
    let stranger = Browser::at("192.0.2.78");
    let (late, ended) = (
        link(&env, &verdict, 1).await,
        link(&env, &verdict, 30).await,
    );
    let sol = &env.sol().api;
    let look = async |path: &str| -> Shown { stranger.get(&env, &format!("{path}?lang=en")).await };
    let path = |link: &Value| link["path"].as_str().unwrap().to_owned();
    env.jump(Millis(Millis::days(1).0 - 1)).await;
    assert_eq!(look(&path(&late)).await.status, 200, "a millisecond before");
    env.jump(Millis(1)).await;
    let end = format!("/v1/proof-links/{}", ended["id"].as_str().unwrap());
    assert_eq!(look(&path(&ended)).await.status, 200);
    sol.send(Method::DELETE, &end, None).await.unwrap();
    assert!(
        sol.send(Method::DELETE, &end, None).await.is_err(),
        "ended twice"
    );
    let wrong = format!("/proof/ptr_proof_{}", "0".repeat(64));
    let long = format!("/proof/{}", "x".repeat(5_000));
    let mut answers = Vec::new();
    for path in [path(&late), path(&ended), wrong, long] {
        let shown = look(&path).await;
        let mut headers: Vec<(String, String)> = shown
            .headers
            .iter()
            .filter(|(name, _)| name.as_str() != "date")
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        answers.push((shown.status, headers, shown.body));
    }
    assert_eq!(answers[0].0, 404);
    assert!(
        answers[0].2.contains("This link shows nothing"),
        "{}",
        answers[0].2
    );
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let links = format!("/v1/verdicts/{}/links", verdict["id"].as_str().unwrap());
    let listed = sol.get(&links).await.unwrap();
    let states: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["ended", "ran_out"], "{listed}");
    for days in [0, 31] {
        let refused = sol.post(&links, json!({ "days": days })).await.unwrap_err();
        assert!(refused.to_string().contains("1 to 30"), "{refused}");
    }
    for _ in 0..20 {
        sol.post(&links, json!({})).await.unwrap();
    }
    let refused = sol.post(&links, json!({})).await.unwrap_err();
    assert!(
        refused.to_string().contains("end one of them first"),
        "{refused}"
    );
    env.end().await;
}

pub(crate) async fn a_link_is_made_and_ended_on_the_page_of_the_verdict(env: Env) {
    let verdict = verdict(&env).await;
    let (sol, id) = (env.sol().shop.slug, verdict["id"].as_str().unwrap());
    let page = format!("/verdicts/{sol}/{id}");
    let to = format!("/console{page}/links");
    // An auditor sees people and verdicts, and changes nothing else.
    let auditor = with_role(&env, sol, "auditor").await;
    let looks = auditor.get(&env, &format!("{page}?lang=es")).await;
    assert!(
        looks.body.contains("Todavía no hay enlaces"),
        "{}",
        looks.body
    );
    let bad = auditor
        .post(&env, &to, &[("lang", "es"), ("days", "31")])
        .await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    assert!(bad.body.contains("Pon días enteros, de 1 a 30.") && bad.body.contains("value=\"31\""));
    let made = auditor
        .post(&env, &to, &[("lang", "es"), ("days", "3")])
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    let path = made
        .body
        .split("id=\"proof-address\" readonly value=\"")
        .nth(1);
    let path = path.unwrap().split('"').next().unwrap().to_owned();
    let path = path
        .find("/proof/")
        .map(|at| path[at..].to_owned())
        .unwrap();
    let stranger = Browser::at("192.0.2.79");
    assert_eq!(stranger.get(&env, &path).await.status, 200);
    let again = auditor.get(&env, &format!("{page}?lang=pt")).await.body;
    assert!(!again.contains(&path), "shown once");
    assert!(
        again.contains("Aberto 1 vezes") && again.contains("você"),
        "{again}"
    );
    let end = again.split(&format!("action=\"{to}/")).nth(1).unwrap();
    let end = format!("{to}/{}", end.split('"').next().unwrap());
    // Without the right to see people there is neither page nor act; another shop finds nothing.
    let viewer = with_role(&env, sol, "viewer").await;
    assert_eq!(viewer.post(&env, &to, &[("days", "3")]).await.status, 403);
    assert_eq!(viewer.post(&env, &end, &[]).await.status, 403);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.post(&env, &to, &[("days", "3")]).await.status, 404);
    let theirs = end.replace(sol, env.lua().shop.slug);
    assert_eq!(lua.post(&env, &theirs, &[]).await.status, 404);
    assert_eq!(stranger.get(&env, &path).await.status, 200);
    let ended = auditor.post(&env, &end, &[("lang", "en")]).await;
    assert_eq!(ended.location, format!("{page}?lang=en&did=end"));
    let after = auditor.get(&env, &ended.location).await.body;
    assert!(
        after.contains("The link shows nothing any more.") && after.contains("Ended"),
        "{after}"
    );
    assert_eq!(stranger.get(&env, &path).await.status, 404);
    env.end().await;
}

pub(crate) async fn looks_are_bounded(env: Env) {
    let verdict = verdict(&env).await;
    let made = link(&env, &verdict, 7).await;
    let path = made["path"].as_str().unwrap();
    let guesser = Browser::at("192.0.2.80");
    let wrong = format!("/proof/ptr_proof_{}", "1".repeat(64));
    let mut last = guesser.get(&env, &wrong).await;
    for _ in 0..60 {
        last = guesser.get(&env, &wrong).await;
    }
    assert_eq!(last.status, 429, "{}", last.body);
    assert!(last.headers.contains_key("retry-after"));
    // From there the good one waits too; from elsewhere it does not.
    assert_eq!(guesser.get(&env, path).await.status, 429);
    let reader = Browser::at("192.0.2.81");
    let mut looks = 0;
    while reader.get(&env, path).await.status == 200 {
        looks += 1;
        assert!(looks <= 100, "nothing bounds it");
    }
    assert_eq!(looks, 100);
    let log = env.sol().api.get("/v1/audit?limit=200").await.unwrap();
    let rows = log["items"].as_array().unwrap();
    let looked = rows
        .iter()
        .filter(|row| row.to_string().contains("GET /proof/{secret}"));
    assert_eq!(looked.count(), 1, "one line a minute: {log}");
    env.end().await;
}
