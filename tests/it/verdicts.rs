//! The list of verdicts with its filters, and a verdict judged again without sending.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns;
use crate::figures::{log_in, look};
use crate::harness::{Env, Test, test};
use crate::rules::{granted, newcomer};

pub(crate) const TESTS: &[Test] = &[
    test!(verdicts::the_list_is_filtered_by_time_plugin_and_campaign),
    test!(verdicts::a_verdict_is_judged_again_without_sending),
    test!(verdicts::the_pages_show_filter_and_judge_again_in_three_languages),
];

async fn list(env: &Env, query: &str) -> Vec<Value> {
    let path = format!("/v1/verdicts?limit=200&{query}");
    let page = env.sol().api.get(&path).await.expect("verdicts");
    page["items"].as_array().cloned().expect("a list")
}

pub(crate) async fn the_list_is_filtered_by_time_plugin_and_campaign(env: Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    let plugins = sol.api.get("/v1/plugins").await.unwrap();
    let plugin = plugins[0]["plugin"].as_str().unwrap().to_owned();
    let of_plugin = list(&env, &format!("plugin={plugin}")).await;
    assert!(!of_plugin.is_empty());
    let installation = of_plugin[0]["installation"].as_str().unwrap();
    assert_eq!(
        list(&env, &format!("plugin={installation}")).await,
        of_plugin
    );
    env.jump(Millis::hours(1)).await;
    let border = env.stage.host.ctx.now().rfc3339();
    let who = newcomer(&env, 701, "es", Some(granted())).await;
    let weekly = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers", "audience": { "who": "all" },
    });
    let (id, _) = campaigns::launch(&env, &weekly).await;
    campaigns::until(&env, &id, "done").await;
    let of_campaign = list(&env, &format!("campaign={id}")).await;
    assert!(of_campaign.iter().all(|v| v["campaign"] == id.as_str()));
    let person = sol.api.get(&format!("/v1/contacts/{who}")).await.unwrap();
    let contact = person["id"].as_str().unwrap();
    let both = list(
        &env,
        &format!("campaign={id}&contact={contact}&verdict=allow"),
    )
    .await;
    assert_eq!(both.len(), 2, "admission and dispatch: {both:?}");
    // Every verdict is on one side of an instant, and the plugin's are before this one.
    let all = list(&env, "").await;
    let (before, after) = (
        list(&env, &format!("until={border}")).await,
        list(&env, &format!("since={border}")).await,
    );
    assert_eq!([after.clone(), before.clone()].concat(), all);
    assert!(before.contains(&of_plugin[0]) && after.contains(&of_campaign[0]));
    assert!(
        list(&env, &format!("plugin={plugin}&since={border}"))
            .await
            .is_empty()
    );
    for wrong in [
        "since=yesterday",
        "campaign=out_1",
        "plugin=com.example.none",
    ] {
        let path = format!("/v1/verdicts?{wrong}");
        assert!(sol.api.get(&path).await.is_err(), "{wrong}");
    }
    // Nobody else's.
    let theirs = format!("/v1/verdicts?campaign={id}");
    assert_eq!(
        env.lua().api.get(&theirs).await.unwrap()["items"],
        json!([])
    );
    env.end().await;
}

pub(crate) async fn a_verdict_is_judged_again_without_sending(env: Env) {
    let sol = env.sol();
    let who = newcomer(&env, 711, "es", None).await;
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let refused = sol.api.propose("early", body).await.unwrap();
    let verdict = refused["verdict"]["id"].as_str().unwrap();
    let path = format!("/v1/verdicts/{verdict}/rejudge");
    let again = sol.api.post(&path, json!({})).await.unwrap();
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(again["now"]["rule"], "consent.missing");
    assert_eq!(again["changes"], json!([]));
    // Two days later the message itself has long expired; what counts is what would be said now.
    env.jump(Millis::days(5)).await;
    let consent = format!("/v1/contacts/{who}/consent");
    sol.api.post(&consent, granted()).await.unwrap();
    let (sent, known) = (env.accepted().await.len(), list(&env, "").await.len());
    let again = sol.api.post(&path, json!({})).await.unwrap();
    env.settle().await;
    assert_eq!(again["now"]["verdict"], "allow", "{again}");
    assert_eq!(again["now"]["stage"], "dispatch");
    assert_eq!(
        (&again["changed"], &again["was"]["rule"]),
        (&json!(true), &json!("consent.missing"))
    );
    let change = &again["changes"][0];
    assert_eq!(change["rule"], "consent.missing", "{again}");
    assert!(change["was"].as_str().unwrap().starts_with("deny"));
    assert_eq!(change["now"], Value::Null);
    assert_eq!(env.accepted().await.len(), sent, "nothing went");
    assert_eq!(list(&env, "").await.len(), known, "nothing is kept");
    // A stop counts at once, and says what would be found.
    let stop = json!({ "reason": "inventory" });
    sol.api.post("/v1/stop", stop).await.unwrap();
    let again = sol.api.post(&path, json!({})).await.unwrap();
    assert_eq!(again["now"]["rule"], "tenant.suspended", "{again}");
    assert!(!again["summary"]["es"].as_str().unwrap().is_empty());
    assert_eq!(again["findings"]["pt"][0]["rule"], "tenant.suspended");
    assert!(env.lua().api.post(&path, json!({})).await.is_err());
    env.end().await;
}

pub(crate) async fn the_pages_show_filter_and_judge_again_in_three_languages(env: Env) {
    let cookie = log_in(&env).await;
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    let who = newcomer(&env, 721, "es", None).await;
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let refused = sol.api.propose("page", body).await.unwrap();
    let id = refused["verdict"]["id"].as_str().unwrap();
    let shop = &sol.shop.slug;
    let row = format!("/verdicts/{shop}/{id}?lang=");
    for (lang, title, chip, again) in [
        ("es", "Veredictos", "Frenado", "Hoy diría lo mismo."),
        ("pt", "Veredictos", "Barrado", "Hoje diria o mesmo."),
        ("en", "Verdicts", "Stopped", "It would say the same today."),
    ] {
        let list = look(&env, &cookie, &format!("/verdicts?lang={lang}&shop={shop}")).await;
        assert!(list.contains(&format!("<h1>{title}</h1>")), "{list}");
        assert!(list.contains(&row) && list.contains(chip));
        assert!(list.contains("consent.missing"), "a reason over time");
        assert!(!list.contains("explore."), "a key is shown");
        let one = look(&env, &cookie, &format!("{row}{lang}")).await;
        assert!(one.contains(chip) && one.contains("consent.missing"));
        assert!(!one.contains("explore.") && !one.contains(again));
        let judged = look(&env, &cookie, &format!("{row}{lang}&again=1")).await;
        assert!(judged.contains(again), "{judged}");
    }
    // Filters: what does not fit is not there, an empty field chooses nothing, a person by address.
    let filters = |query: &str| format!("/verdicts?lang=en&shop={shop}&{query}");
    for (query, there) in [
        (
            "verdict=deny&rule=&plugin=&campaign=&who=&since=&until=",
            true,
        ),
        ("verdict=allow", false),
        ("rule=consent.missing", true),
        ("rule=content.empty", false),
        ("since=2000-01-01&until=2000-01-02", false),
    ] {
        let list = look(&env, &cookie, &filters(query)).await;
        assert_eq!(list.contains(&row), there, "{query}");
    }
    assert!(
        look(&env, &cookie, &filters(&format!("who=%2B{who}")))
            .await
            .contains(&row)
    );
    // A filter that makes no sense: the page says so beside its field, and what was typed stands.
    for (query, field, words) in [
        ("who=573009990099", "who", "Nobody here has that number"),
        ("who=hola", "who", "Nobody here has that number"),
        ("since=ayer", "since", "That is no day"),
        ("until=2026-13-40", "until", "That is no day"),
        ("verdict=maybe", "verdict", "There is no such result"),
        ("rule=dance.badly", "rule", "There is no such rule"),
        ("plugin=x", "plugin", "There is no such bot"),
        ("campaign=x", "campaign", "There is no such campaign"),
        ("after=x", "", "There is no such page"),
    ] {
        let path = filters(query);
        let answer = env.http.get(format!("{}{path}", env.stage.host.url));
        let answer = answer.header("cookie", &cookie);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        let page = answer.text().await.unwrap();
        assert!(
            page.contains("role=\"alert\"") && page.contains(words),
            "{query}: {page}"
        );
        let invalid = page
            .split("name=\"")
            .find(|part| part.contains("aria-invalid"));
        assert!(
            invalid.map_or(field.is_empty(), |part| part.starts_with(field)),
            "{query}: {page}"
        );
        assert!(
            page.contains("consent.missing"),
            "the reasons stay: {query}"
        );
    }
    for (lang, words) in [("es", "Aquí nadie tiene"), ("pt", "Aqui ninguém tem")] {
        let path = format!("/verdicts?lang={lang}&shop={shop}&who=x");
        let page = look(&env, &cookie, &path).await;
        assert!(page.contains(words), "{page}");
    }
    let ana = sol.shop.people[0].key();
    assert!(
        !look(&env, &cookie, &filters(&format!("who={ana}")))
            .await
            .contains(&row)
    );
    env.end().await;
}
