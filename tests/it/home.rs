//! The first page: today, the month and what waits; the stop switch; who may see and do what.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::figures::log_in;
use crate::harness::{Env, Test, test};
use crate::people_doors::walk;
use crate::rules::newcomer;
use crate::users::{Browser, user};

pub(crate) const TESTS: &[Test] = &[
    test!(home::the_overview_tells_the_day_the_month_and_what_waits),
    test!(home::the_page_speaks_three_languages_and_its_reasons_lead_to_verdicts),
    test!(home::each_number_leads_to_its_messages),
    test!(home::messages_are_asked_for_by_where_they_stand),
    test!(home::the_page_stops_and_resumes_what_was_chosen),
    test!(home::every_role_sees_the_page_and_does_only_what_it_may),
];

const PASSWORD: &str = "correcto-caballo-pila";

/// One answered, one refused, one handed to a person.
async fn a_day(env: &Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    env.jump(Millis::secs(90)).await;
    env.says(sol, 0, "hola otra vez").await;
    let who = newcomer(env, 731, "es", None).await;
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let refused = sol.api.propose("home", body).await.unwrap();
    assert_eq!(refused["verdict"]["rule"], "consent.missing");
    let key = sol.shop.people[1].key();
    env.says(sol, 1, "hola").await;
    let path = format!("/v1/contacts/{key}/hand-over");
    let why = json!({ "reason": "wants a person" });
    sol.api.post(&path, why).await.unwrap();
    env.says(sol, 1, "¿hay alguien?").await;
}

fn n(value: &Value, field: &str) -> u64 {
    value[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} in {value}"))
}

pub(crate) async fn the_overview_tells_the_day_the_month_and_what_waits(env: Env) {
    let before = env.sol().api.get("/v1/overview").await.unwrap();
    a_day(&env).await;
    let told = env.sol().api.get("/v1/overview").await.unwrap();
    let today = &told["today"];
    assert_eq!(n(today, "denied"), n(&before["today"], "denied") + 1);
    assert!(n(today, "sent") >= 2, "{told}");
    assert!(
        n(today, "delivered") >= 2 && n(today, "read") >= 1,
        "{told}"
    );
    assert_eq!(
        n(today, "answered"),
        n(&before["today"], "answered") + 1,
        "{told}"
    );
    let beside = ["denied", "deferred", "in_review", "withdrawn"];
    let beside: u64 = beside.iter().map(|f| n(today, f)).sum();
    assert_eq!(n(today, "proposed"), n(today, "allowed") + beside, "{told}");
    let reasons = told["reasons"].as_array().unwrap();
    let consent = reasons.iter().find(|r| r["rule"] == "consent.missing");
    assert_eq!(consent.unwrap()["count"], 1, "{told}");
    let needs = told["needs_you"].as_array().unwrap();
    assert_eq!(needs[0]["kind"], "conversations", "{told}");
    assert_eq!(needs[0]["count"], 1, "{told}");
    let number = &told["numbers"][0];
    assert_eq!(number["phone_number_id"], env.sol().shop.number);
    assert_eq!(number["quality_days"].as_array().unwrap().len(), 7);
    assert!(number["webhook_at"].is_string(), "{told}");
    // No limit is told as none, not as nothing used of nothing.
    assert_eq!(number["messaging_limit"], "unlimited", "{told}");
    assert_eq!(
        (&number["limit"], &number["limit_used"]),
        (&Value::Null, &Value::Null)
    );
    // Free replies have a price, and it is counted where Meta charges for them.
    let costs = told["month"]["categories"].as_array().unwrap();
    let service = costs.iter().find(|c| c["category"] == "service").unwrap();
    assert!(n(service, "messages") >= 2, "{told}");
    // A price that the table does not say is not nothing.
    let known = costs.iter().all(|c| n(c, "unpriced") < n(c, "messages"));
    assert_eq!(known, costs.iter().all(|c| c["estimated"].is_string()));
    // Yesterday's are not today's.
    env.jump(Millis::days(1)).await;
    let later = env.sol().api.get("/v1/overview").await.unwrap();
    assert_eq!(n(&later["today"], "denied"), 0, "{later}");
    assert_ne!(later["today"]["day"], today["day"]);
    // Nothing of it is the other shop's.
    let theirs = env.lua().api.get("/v1/overview").await.unwrap();
    assert_eq!(n(&theirs["today"], "denied"), 0, "{theirs}");
    assert!(!theirs.to_string().contains("consent.missing"), "{theirs}");
    env.end().await;
}

pub(crate) async fn the_page_speaks_three_languages_and_its_reasons_lead_to_verdicts(env: Env) {
    a_day(&env).await;
    let slug = env.sol().shop.slug;
    let session = Browser::at("192.0.2.20").with(&log_in(&env).await);
    for (lang, title, refused, waits) in [
        (
            "es",
            "Inicio",
            "Frenados: protección",
            "Conversaciones sin respuesta",
        ),
        (
            "pt",
            "Início",
            "Barradas: proteção",
            "Conversas sem resposta",
        ),
        (
            "en",
            "Home",
            "Refused: protection",
            "Conversations without an answer",
        ),
    ] {
        let page = session
            .get(&env, &format!("/home?lang={lang}&shop={slug}"))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        for words in [
            &format!("<h1>{title}</h1>"),
            refused,
            waits,
            "consent.missing",
        ] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!page.body.contains(">home."), "a key is shown");
        let person = env.sol().shop.people[1].key();
        assert!(!page.body.contains(person), "a person is shown");
        let link = page
            .body
            .split('"')
            .find(|part| part.contains("rule=consent.missing"));
        let link = link.expect("a link to what was refused");
        let list = session.get(&env, &plain(link)).await;
        assert!(
            list.body.contains("consent.missing"),
            "{link}: {}",
            list.body
        );
    }
    for path in ["/", "/console"] {
        assert_eq!(session.get(&env, path).await.location, "/home");
    }
    // A shop that never did anything says so.
    let made =
        json!({ "slug": "nueva", "name": "Nueva", "timezone": "America/Bogota", "country": "CO" });
    env.world.operator.post("/v1/tenants", made).await.unwrap();
    let empty = session.get(&env, "/home?lang=es&shop=nueva").await.body;
    for words in [
        "Nada espera por nadie",
        "Hoy nadie propuso",
        "Todavía no hay números",
        "no salió ningún mensaje",
    ] {
        assert!(empty.contains(words), "{words}: {empty}");
    }
    env.end().await;
}

/// An address as it is, out of a page.
fn plain(link: &str) -> String {
    link.replace("&#38;", "&").replace("&amp;", "&")
}

/// The numbers of the first page: (step, count, where it leads).
fn numbers(page: &str) -> Vec<(String, usize, String)> {
    let links = page.split("<a class=\"home-count\" href=\"").skip(1);
    links
        .filter_map(|rest| {
            let (href, rest) = rest.split_once("\">")?;
            let href = plain(href);
            let (_, step) = href.split_once("step=")?;
            let step = step.split('&').next()?.to_owned();
            let count = rest.split_once('<')?.0.parse().ok()?;
            Some((step, count, href))
        })
        .collect()
}

pub(crate) async fn each_number_leads_to_its_messages(env: Env) {
    let (sol, slug) = (env.sol(), env.sol().shop.slug);
    a_day(&env).await;
    // Two more of each kind that the day lacks: refused by Meta, put off, taken back.
    env.says(sol, 2, "hola").await;
    let fault = json!({ "next": [{ "code": 131026, "times": 1, "mode": "sync" }] });
    env.world
        .control
        .post("/_sim/faults", &fault)
        .await
        .unwrap();
    env.jump(Millis::secs(90)).await;
    env.says(sol, 2, "¿y ahora?").await;
    sol.api
        .post("/v1/stop", json!({ "reason": "a look" }))
        .await
        .unwrap();
    env.jump(Millis::secs(90)).await;
    env.says(sol, 0, "¿siguen ahí?").await;
    let session = Browser::at("192.0.2.23").with(&log_in(&env).await);
    let home = session
        .get(&env, &format!("/home?lang=es&shop={slug}"))
        .await;
    let told = sol.api.get("/v1/overview").await.unwrap();
    let found = numbers(&home.body);
    let way = [
        "proposed",
        "allowed",
        "sent",
        "delivered",
        "read",
        "answered",
    ];
    let steps: Vec<&str> = found.iter().map(|(step, ..)| step.as_str()).collect();
    assert!(way.iter().all(|w| steps.contains(w)), "{steps:?}");
    assert!(
        steps.contains(&"denied") && steps.contains(&"lost"),
        "{steps:?}"
    );
    for (step, count, href) in &found {
        assert_eq!(n(&told["today"], step), *count as u64, "{step}");
        assert!(*count < 50, "{step}: more than a page");
        let page = session.get(&env, href).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let rows = page.body.matches("<li class=\"row-card\">").count();
        assert_eq!(rows, *count, "{step} at {href}: {}", page.body);
        let asked = href.split_once("step=").unwrap().1;
        let (listed, _) = walk(&sol.api, "/v1/messages", &format!("&step={asked}"), 2).await;
        assert_eq!(listed.len(), *count, "{step}: {listed:?}");
        for key in [">messages.", ">home.", ">fate.", ">purpose."] {
            assert!(!page.body.contains(key), "{step}: {key}: {}", page.body);
        }
    }
    // The day after, yesterday's numbers still have their messages, and today has none of them.
    env.jump(Millis::days(1)).await;
    let (_, count, href) = found.iter().find(|(s, ..)| s == "denied").unwrap();
    let page = session.get(&env, href).await;
    let rows = page.body.matches("<li class=\"row-card\">").count();
    assert_eq!(rows, *count, "{href}: {}", page.body);
    // Whoever may not see people is led to the masked list of verdicts, or nowhere.
    user(&env, "mira@sol.example", "viewer", Some(slug)).await;
    let browser = Browser::at("192.0.2.24");
    let entered = browser.log_in(&env, "mira@sol.example", PASSWORD).await;
    let viewer = browser.with(&entered.cookie("portero_session"));
    let home = viewer.get(&env, "/home?lang=es").await.body;
    assert!(!home.contains("/messages"), "{home}");
    assert_eq!(viewer.get(&env, "/messages?lang=es").await.status, 403);
    env.end().await;
}

pub(crate) async fn messages_are_asked_for_by_where_they_stand(env: Env) {
    a_day(&env).await;
    let sol = env.sol();
    let path = "/v1/messages";
    for (query, holds) in [
        ("&step=denied", "denied"),
        ("&step=sent", "sent"),
        ("&state=sent&since=2000-01-01", "sent"),
    ] {
        let (rows, _) = walk(&sol.api, path, query, 2).await;
        assert!(!rows.is_empty(), "{query}");
        assert!(
            rows.iter().all(|m| m["state"] == holds),
            "{query}: {rows:?}"
        );
        assert!(rows.iter().all(|m| m["contact"].is_string()), "{rows:?}");
    }
    let (read, _) = walk(&sol.api, path, "&status=read", 200).await;
    assert!(!read.is_empty() && read.iter().all(|m| m["status"] == "read"));
    let (all, _) = walk(&sol.api, path, "", 200).await;
    let (proposed, _) = walk(&sol.api, path, "&step=proposed", 200).await;
    assert_eq!(all, proposed);
    for query in [
        "&until=2000-01-01",
        "&step=sent&until=2000-01-01",
        "&since=2100-01-01",
    ] {
        let (none, _) = walk(&sol.api, path, query, 200).await;
        assert!(none.is_empty(), "{query}: {none:?}");
    }
    for (query, says) in [
        ("step=arrived", "delivered"),
        ("status=lost", "accepted"),
        ("step=sent&state=sent", "not together"),
        ("step=sent&status=read", "not together"),
        ("step=answered", "since"),
        ("step=sent&since=x", "since"),
    ] {
        let bad = sol.api.get(&format!("{path}?{query}")).await.unwrap_err();
        assert!(bad.to_string().contains(says), "{query}: {bad}");
    }
    let (theirs, _) = walk(&env.lua().api, path, "&step=proposed", 200).await;
    assert!(
        theirs
            .iter()
            .all(|m| all.iter().all(|o| o["id"] != m["id"]))
    );
    // On the page what makes no sense is said beside its field.
    let session = Browser::at("192.0.2.25").with(&log_in(&env).await);
    for (query, words) in [
        ("step=arrived", "No hay un estado así"),
        ("step=answered", "elige desde qué día"),
        ("since=x", "escríbelo como 2026-11-24"),
        ("after=x", "Esa página no existe"),
    ] {
        let address = format!("/messages?lang=es&shop={}&{query}", sol.shop.slug);
        let page = session.get(&env, &address).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(
            page.body.contains("role=\"alert\""),
            "{query}: {}",
            page.body
        );
        assert!(page.body.contains(words), "{query}: {}", page.body);
    }
    env.end().await;
}

/// Whether what the shop answers leaves.
async fn sends(env: &Env, shop: usize) -> bool {
    env.jump(Millis::secs(90)).await;
    let before = env.accepted().await.len();
    env.says(&env.world.shops[shop], 0, "hola").await;
    env.accepted().await.len() > before
}

pub(crate) async fn the_page_stops_and_resumes_what_was_chosen(env: Env) {
    let (slug, number) = (env.sol().shop.slug, env.sol().shop.number);
    let session = Browser::at("192.0.2.21").with(&log_in(&env).await);
    let path = |act: &str| format!("/console/home/{slug}/{act}");
    let page = format!("/home?lang=es&shop={slug}");
    // Without a reason nothing is stopped, and the page says so.
    let bare = [("lang", "es"), ("scope", "shop"), ("reason", "  ")];
    let answer = session.post(&env, &path("stop"), &bare).await;
    assert_eq!(answer.status, 303);
    let said = answer.location.trim_end_matches("#sending").to_owned();
    assert!(
        session
            .get(&env, &said)
            .await
            .body
            .contains("falta el motivo")
    );
    assert!(sends(&env, 0).await);
    for (scope, other_sends) in [("shop", true), (number, true), ("all", false)] {
        let fields = [
            ("lang", "es"),
            ("scope", scope),
            ("reason", "precio <malo>"),
        ];
        let answer = session.post(&env, &path("stop"), &fields).await;
        assert_eq!(answer.status, 303);
        assert!(
            answer.location.contains("said=stopped"),
            "{}",
            answer.location
        );
        let shown = session.get(&env, &page).await.body;
        assert!(
            shown.contains("Detenido:") && shown.contains("Ningún envío comienza"),
            "{shown}"
        );
        assert!(
            shown.contains("precio") && !shown.contains("<malo>"),
            "{shown}"
        );
        assert!(!sends(&env, 0).await, "{scope}");
        assert_eq!(sends(&env, 1).await, other_sends, "{scope}");
        let answer = session.post(&env, &path("resume"), &fields).await;
        assert!(
            answer.location.contains("said=resumed"),
            "{}",
            answer.location
        );
        assert!(
            !session
                .get(&env, &page)
                .await
                .body
                .contains("Ningún envío comienza")
        );
        assert!(sends(&env, 0).await, "{scope}");
    }
    // A shop's own owner reaches neither everything nor another shop or its number.
    user(&env, "duena@sol.example", "owner", Some(slug)).await;
    let browser = Browser::at("192.0.2.22");
    let entered = browser.log_in(&env, "duena@sol.example", PASSWORD).await;
    let own = browser.with(&entered.cookie("portero_session"));
    assert!(!own.get(&env, &page).await.body.contains("value=\"all\""));
    for scope in ["all", env.lua().shop.number, "nowhere"] {
        let fields = [("scope", scope), ("reason", "x")];
        let answer = own.post(&env, &path("stop"), &fields).await;
        assert!(
            answer.location.contains("said=no_scope"),
            "{scope}: {}",
            answer.location
        );
    }
    let theirs = format!("/console/home/{}/stop", env.lua().shop.slug);
    let fields = [("scope", "shop"), ("reason", "x")];
    assert_eq!(own.post(&env, &theirs, &fields).await.status, 404);
    assert!(sends(&env, 0).await && sends(&env, 1).await);
    env.end().await;
}

pub(crate) async fn every_role_sees_the_page_and_does_only_what_it_may(env: Env) {
    a_day(&env).await;
    let slug = env.sol().shop.slug;
    for (n, (role, stops, resumes)) in [
        ("viewer", false, false),
        ("developer", true, false),
        ("auditor", false, false),
        ("approver", true, false),
        ("operator", true, true),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{role}@sol.example");
        user(&env, &name, role, Some(slug)).await;
        let browser = Browser::at(&format!("192.0.2.{}", 30 + n));
        let entered = browser.log_in(&env, &name, PASSWORD).await;
        assert_eq!(
            (entered.status, entered.location.as_str()),
            (303, "/home"),
            "{role}"
        );
        let session = browser.with(&entered.cookie("portero_session"));
        let page = session.get(&env, "/home?lang=en").await;
        assert_eq!(page.status, 200, "{role}: {}", page.body);
        assert_eq!(
            page.body.contains("/stop\""),
            stops,
            "{role}: {}",
            page.body
        );
        // Everybody may look at the list; without the right to see people it is masked.
        assert!(
            page.body.contains("href=\"/verdicts?"),
            "{role}: {}",
            page.body
        );
        let fields = [("scope", "shop"), ("reason", "x")];
        for (act, may) in [("stop", stops), ("resume", resumes)] {
            let path = format!("/console/home/{slug}/{act}");
            let status = session.post(&env, &path, &fields).await.status;
            assert_eq!(status, if may { 303 } else { 403 }, "{role} {act}");
        }
        env.sol().api.post("/v1/resume", json!({})).await.unwrap();
    }
    // Another shop's page is one that is not there.
    let browser = Browser::at("192.0.2.40");
    let entered = browser.log_in(&env, "viewer@sol.example", PASSWORD).await;
    let session = browser.with(&entered.cookie("portero_session"));
    let theirs = format!("/home?shop={}", env.lua().shop.slug);
    assert_eq!(session.get(&env, &theirs).await.status, 404);
    env.end().await;
}
