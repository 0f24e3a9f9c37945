//! Finding somebody, and answering "why did you write to me?" from one page; the ledger of consent.

use portero_domain::clock::Millis;
use serde_json::json;

use crate::figures::log_in;
use crate::harness::{Env, Test, test};
use crate::rules::{granted, newcomer};
use crate::users::{Browser, user};

pub(crate) const TESTS: &[Test] = &[
    test!(contacts_page::somebody_is_found_by_whatever_is_known),
    test!(contacts_page::one_page_says_why_they_were_written_to),
    test!(contacts_page::a_persons_own_clock_stands_beside_the_shops),
    test!(contacts_page::a_withdrawal_is_a_row_with_its_reason),
    test!(contacts_page::the_ledger_shows_its_rows_proof_and_seals),
];

const PASSWORD: &str = "correcto-caballo-pila";

async fn operator(env: &Env, n: u8) -> Browser {
    Browser::at(&format!("192.0.2.{n}")).with(&log_in(env).await)
}

pub(crate) async fn somebody_is_found_by_whatever_is_known(env: Env) {
    let sol = env.sol();
    let session = operator(&env, 50).await;
    let people = [
        ("+5511987654321", "Conceição da Silva"),
        ("+5215512345678", "José Ángel Muñoz"),
        ("+5491123456789", "Ana 100% real <b>"),
    ];
    let mut ids = Vec::new();
    for (address, name) in people {
        let body = json!({ "address": address, "name": name });
        let made = sol.api.put("/v1/contacts", body).await.unwrap();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let find = |q: &str| {
        let mut address = reqwest::Url::parse("http://find").unwrap();
        let fields = [("lang", "es"), ("shop", sol.shop.slug), ("q", q)];
        address.query_pairs_mut().extend_pairs(fields);
        format!("/contacts?{}", address.query().unwrap_or_default())
    };
    for (q, who) in [
        // Brazil's ninth digit, Mexico's 1, Argentina's 9: there or not.
        ("551187654321", 0),
        ("+55 (11) 98765-4321", 0),
        ("525512345678", 1),
        ("5215512345678", 1),
        ("541123456789", 2),
        ("+5491123456789", 2),
        // Names without accents, with, in capitals, by a part.
        ("conceicao", 0),
        ("JOSE ANGEL", 1),
        ("Muñoz", 1),
        ("100%", 2),
        (ids[0].as_str(), 0),
    ] {
        let page = session.get(&env, &find(q)).await;
        assert_eq!(page.status, 200);
        for (n, id) in ids.iter().enumerate() {
            let row = format!("/contacts/{}/{id}", sol.shop.slug);
            assert_eq!(page.body.contains(&row), n == who, "{q}: {}", page.body);
        }
    }
    assert!(!session.get(&env, &find("")).await.body.contains("real <b>"));
    let none = session.get(&env, &find("nadie con este nombre")).await.body;
    assert!(none.contains("Nadie coincide"), "{none}");
    for (lang, title) in [("es", "Personas"), ("pt", "Pessoas"), ("en", "People")] {
        let page = session
            .get(&env, &format!("/contacts?lang={lang}"))
            .await
            .body;
        assert!(page.contains(&format!("<h1>{title}</h1>")), "{page}");
        assert!(!page.contains(">person."), "a key is shown: {page}");
    }
    // Another shop's people are not there.
    let theirs = format!("/contacts/{}/{}", env.lua().shop.slug, ids[0]);
    assert_eq!(session.get(&env, &theirs).await.status, 404);
    let viewer = "mira@sol.example";
    user(&env, viewer, "viewer", Some(sol.shop.slug)).await;
    let browser = Browser::at("192.0.2.51");
    let entered = browser.log_in(&env, viewer, PASSWORD).await;
    let viewer = browser.with(&entered.cookie("portero_session"));
    let own = format!("/contacts/{}/{}", sol.shop.slug, ids[0]);
    for path in ["/contacts?q=ana", "/consents", &own] {
        assert_eq!(viewer.get(&env, path).await.status, 403, "{path}");
    }
    env.end().await;
}

pub(crate) async fn one_page_says_why_they_were_written_to(env: Env) {
    let sol = env.sol();
    let session = operator(&env, 52).await;
    let who = newcomer(&env, 741, "es", Some(granted())).await;
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let sent = sol.api.propose("why-page", body.clone()).await.unwrap();
    env.settle().await;
    assert_eq!(sent["verdict"]["verdict"], "allow", "{sent}");
    env.jump(Millis::secs(300)).await;
    // The next one is too early: it is refused or put off, and is not what was written.
    sol.api.propose("why-page-2", body).await.unwrap();
    env.settle().await;
    let page = format!("/contacts/{}/{who}", sol.shop.slug);
    for (lang, because, agreed) in [
        ("es", "Es una promoción: necesita su permiso.", "Aceptó:"),
        (
            "pt",
            "É uma promoção: precisa da permissão dela.",
            "Aceitou:",
        ),
        (
            "en",
            "It is a promotion: it needs their consent.",
            "They agreed:",
        ),
    ] {
        let shown = session.get(&env, &format!("{page}?lang={lang}")).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        let top = shown.body.split("who-title").next().unwrap();
        for words in [because, agreed, "promo_semana", "ofertas"] {
            assert!(top.contains(words), "{words}: {top}");
        }
        assert!(shown.body.contains("/verdicts/"), "{}", shown.body);
        for key in [">person.", ">source.", ">fate.", ">consent.", ">event."] {
            assert!(!shown.body.contains(key), "{key}: {}", shown.body);
        }
    }
    // The look is written down.
    let log = env.world.operator.get("/v1/audit?limit=20").await.unwrap();
    let looked = log["items"].as_array().unwrap().iter();
    let looks = looked.filter(|r| r["operation"] == "GET /contacts/{tenant}/{who}");
    assert!(looks.count() > 0, "{log}");
    // The line of time goes on where it stopped, and shows nothing twice.
    env.says(sol, 0, "hola").await;
    let id = env.contact(sol, 0).await["id"].as_str().unwrap().to_owned();
    let person = format!("/contacts/{}/{id}?lang=es", sol.shop.slug);
    let (before, _) = walk(&env, &session, &person).await;
    for _ in 0..20 {
        env.jump(Millis::secs(120)).await;
        env.says(sol, 0, "hola").await;
    }
    let (after, pages) = walk(&env, &session, &person).await;
    assert!(pages > 1, "one page held everything");
    assert_eq!(after, before + 20);
    env.end().await;
}

/// How often the person wrote, over all pages of their line of time, and how many pages it has.
async fn walk(env: &Env, session: &Browser, person: &str) -> (usize, usize) {
    let mut next = Some(person.to_owned());
    let (mut wrote, mut pages) = (0, 0);
    while let Some(path) = next {
        let shown = session.get(env, &path).await.body;
        wrote += shown.matches("La persona escribió").count();
        pages += 1;
        let older = shown.split('"').find(|part| part.contains("after="));
        next = older.map(|path| path.replace("&#38;", "&").replace("&amp;", "&"));
    }
    (wrote, pages)
}

pub(crate) async fn a_withdrawal_is_a_row_with_its_reason(env: Env) {
    let sol = env.sol();
    let session = operator(&env, 53).await;
    let who = newcomer(&env, 751, "es", Some(granted())).await;
    let person = sol.api.get(&format!("/v1/contacts/{who}")).await.unwrap();
    let id = person["id"].as_str().unwrap();
    let slug = sol.shop.slug;
    let path = format!("/console/contacts/{slug}/{id}/withdraw");
    let events = async || {
        let person = sol.api.get(&format!("/v1/contacts/{id}")).await.unwrap();
        person["consent_events"].as_array().unwrap().clone()
    };
    let before = events().await;
    let bare = [("lang", "es"), ("topic", "ofertas"), ("reason", " ")];
    let answer = session.post(&env, &path, &bare).await;
    assert!(
        answer.location.contains("said=no_reason"),
        "{}",
        answer.location
    );
    assert_eq!(events().await, before, "nothing was recorded");
    let fields = [
        ("lang", "es"),
        ("topic", "ofertas"),
        ("reason", "lo pidió por teléfono"),
    ];
    let answer = session.post(&env, &path, &fields).await;
    assert_eq!(answer.status, 303);
    let page = answer.location.split('#').next().unwrap().to_owned();
    let shown = session.get(&env, &page).await.body;
    assert!(shown.contains("el permiso está retirado"), "{shown}");
    let after = events().await;
    assert_eq!(after.len(), before.len() + 1);
    let row = after.last().unwrap();
    assert_eq!(row["kind"], "revoked", "{row}");
    assert_eq!(row["evidence"], "lo pidió por teléfono", "{row}");
    assert!(row["proof"]["actor"]["name"].is_string(), "{row}");
    let content = json!({ "type": "template", "name": "promo_semana", "language": "es" });
    let body =
        json!({ "to": who, "purpose": "promotional", "topic": "ofertas", "content": content });
    let refused = sol.api.propose("withdrawn", body).await.unwrap();
    assert_eq!(refused["verdict"]["verdict"], "deny", "{refused}");
    // Nobody withdraws for another shop's people.
    let theirs = format!("/console/contacts/{}/{id}/withdraw", env.lua().shop.slug);
    assert_eq!(session.post(&env, &theirs, &fields).await.status, 404);
    env.end().await;
}

pub(crate) async fn the_ledger_shows_its_rows_proof_and_seals(env: Env) {
    let sol = env.sol();
    let session = operator(&env, 54).await;
    let slug = sol.shop.slug;
    let who = newcomer(&env, 761, "es", Some(granted())).await;
    let person = sol.api.get(&format!("/v1/contacts/{who}")).await.unwrap();
    let id = person["id"].as_str().unwrap();
    let link = format!("/contacts/{slug}/{id}");
    for (lang, title, yes) in [
        ("es", "Permisos", "Dijo sí: ofertas"),
        ("pt", "Permissões", "Disse sim: ofertas"),
        ("en", "Consents", "Said yes: ofertas"),
    ] {
        let page = session
            .get(&env, &format!("/consents?lang={lang}&shop={slug}"))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        for words in [&format!("<h1>{title}</h1>"), yes, link.as_str()] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        for key in [">ledger.", ">source.", ">promise."] {
            assert!(!page.body.contains(key), "{key}: {}", page.body);
        }
    }
    for (query, there) in [
        ("kind=granted&topic=&source=&since=&until=", true),
        ("kind=revoked", false),
        ("topic=ofertas", true),
        ("topic=pedidos", false),
        ("source=api", true),
        ("source=wa_button", false),
        ("until=2000-01-01", false),
        ("since=2000-01-01", true),
    ] {
        let path = format!("/consents?lang=es&shop={slug}&{query}");
        let page = session.get(&env, &path).await.body;
        assert_eq!(page.contains(&link), there, "{query}: {page}");
    }
    let wrong = session.get(&env, "/consents?lang=es&kind=nothing").await;
    assert!(
        wrong.status == 200 && wrong.body.contains("role=\"alert\""),
        "{}",
        wrong.body
    );
    let checked = format!("/consents?lang=es&shop={slug}&check=1");
    let checked = session.get(&env, &checked).await.body;
    assert!(checked.contains("La cadena es íntegra"), "{checked}");
    let theirs = format!("/consents?lang=es&shop={}", env.lua().shop.slug);
    assert!(!session.get(&env, &theirs).await.body.contains(&link));
    env.end().await;
}

pub(crate) async fn a_persons_own_clock_stands_beside_the_shops(env: Env) {
    let sol = env.sol();
    let session = operator(&env, 57).await;
    env.says(sol, 0, "hola").await;
    let key = sol.shop.people[0].key();
    let id = env.contact(sol, 0).await["id"].as_str().unwrap().to_owned();
    let verdict = env.messages(sol, 0).await[0]["verdict"].clone();
    let verdict = verdict.as_str().unwrap().to_owned();
    let slug = sol.shop.slug;
    // It is nine in Bogotá; Buenos Aires is two hours ahead, Lima is not, Brazil has several clocks.
    let ahead = "11:00 (America/Argentina/Buenos_Aires)";
    for (country, told) in [("CO", false), ("AR", true), ("PE", false), ("BR", false)] {
        let person = json!({ "country": country });
        let path = format!("/v1/contacts/{key}");
        sol.api.put(&path, person).await.unwrap();
        for path in [
            format!("/contacts/{slug}/{id}"),
            format!("/verdicts/{slug}/{verdict}"),
        ] {
            let page = session.get(&env, &format!("{path}?lang=es")).await.body;
            assert_eq!(page.contains(ahead), told, "{country} {path}: {page}");
            assert!(page.contains("09:00"), "the shop's own: {page}");
        }
    }
    env.end().await;
}
