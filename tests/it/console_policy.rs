//! The page of the policy: what holds in words, the three steps of a change, its history.

use portero_flow::desk::policy::{WhatIf, WhatIfRequest};
use serde_json::json;

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::policy::offers;
use crate::users::Shown;

pub(crate) const TESTS: &[Test] = &[
    test!(console_policy::a_policy_is_changed_in_three_steps_and_goes_back),
    test!(console_policy::what_is_refused_is_said_beside_its_field),
    test!(console_policy::a_page_that_waits_is_told_how_far_it_is),
    test!(console_policy::whoever_sees_verdicts_looks_and_nobody_else_changes),
];

/// Every key is shown by its words, every place is filled.
fn in_words(page: &str) {
    crate::console_campaigns::in_words(page);
    for at in page.match_indices("policy.").map(|(at, _)| at) {
        let before = page[..at].chars().next_back();
        let file = page[at..].starts_with("policy.css");
        assert!(
            file || !matches!(before, Some('>' | ' ' | '"')),
            "{}",
            &page[at..(at + 60).min(page.len())]
        );
    }
    for place in ["{limit}", "{n}", "{how}", "{judged}", "{since}", "{name}"] {
        assert!(!page.contains(place), "{place}: {page}");
    }
}

/// The fields of a form as a browser would send them.
fn fields(page: &str, form: &str) -> Vec<(String, String)> {
    let form = page.split(form).nth(1).expect("the form");
    let form = form.split("</form>").next().expect("its end");
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1)?;
        Some(unescaped(value.split('"').next()?))
    };
    let mut all = Vec::new();
    for (at, _) in form.match_indices('<') {
        let tag = form[at..].split('>').next().unwrap_or_default();
        if tag.starts_with("<input") {
            let value = attribute(tag, "value").unwrap_or_default();
            all.push((attribute(tag, "name").expect("a name"), value));
        } else if tag.starts_with("<select") {
            let inside = form[at..].split("</select>").next().unwrap_or_default();
            let chosen = inside.split("<option").skip(1).find(|o| {
                o.split('>')
                    .next()
                    .is_some_and(|t| t.ends_with(" selected"))
            });
            let value = attribute(chosen.expect("one is chosen"), "value");
            all.push((
                attribute(tag, "name").expect("a name"),
                value.expect("a value"),
            ));
        }
    }
    all
}

fn unescaped(text: &str) -> String {
    [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn with(fields: &[(String, String)], changed: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all = fields.to_vec();
    for (name, value) in changed {
        match all.iter_mut().find(|(n, _)| n == name) {
            Some((_, v)) => (*value).clone_into(v),
            None => all.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    all
}

async fn post(
    env: &Env,
    who: &crate::users::Browser,
    path: &str,
    fields: &[(String, String)],
) -> Shown {
    let borrowed: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    who.post(env, path, &borrowed).await
}

const CLOSED: [(&str, &str); 7] = [
    ("promotional_hours.0", ""),
    ("promotional_hours.1", ""),
    ("promotional_hours.2", ""),
    ("promotional_hours.3", ""),
    ("promotional_hours.4", ""),
    ("promotional_hours.5", ""),
    ("promotional_hours.6", ""),
];

pub(crate) async fn a_policy_is_changed_in_three_steps_and_goes_back(env: Env) {
    let allowed = offers(&env).await;
    let slug = env.sol().shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let preview = format!("/console/policy/{slug}/preview");
    let save = format!("/console/policy/{slug}/save");
    for (lang, label, bound, fixed) in [
        (
            "es",
            "Promociones a una persona en 7 días",
            "Puede ser menos, nunca más de 3.",
            "dentro de las 24 horas",
        ),
        (
            "pt",
            "Promoções a uma pessoa em 7 dias",
            "Pode ser menos, nunca mais de 3.",
            "dentro das 24 horas",
        ),
        (
            "en",
            "Promotions to one person in 7 days",
            "May be less, never more than 3.",
            "within the 24 hours",
        ),
    ] {
        let page = owner.get(&env, &format!("/policy?lang={lang}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        in_words(&page.body);
        for words in [label, bound, fixed] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert_eq!(
            page.body.matches("<fieldset").count(),
            39,
            "every parameter a row"
        );
    }
    // Step one to step two: nothing changed says so, and there is nothing to save.
    let page = owner.get(&env, "/policy?lang=es").await.body;
    let form = fields(&page, "id=\"edit\"");
    let same = post(&env, &owner, &preview, &form).await;
    assert_eq!(same.status, 200, "{}", same.body);
    in_words(&same.body);
    assert!(same.body.contains("Es la misma política"), "{}", same.body);
    assert!(!same.body.contains("id=\"save\""), "{}", same.body);

    let closed = post(&env, &owner, &preview, &with(&form, &CLOSED)).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    in_words(&closed.body);
    for words in [
        format!("serían distintas {allowed} (2 mensajes)"),
        "todos los días: cerrado".to_owned(),
        format!("href=\"/verdicts/{slug}/dec_"),
        "Sale → ".to_owned(),
    ] {
        assert!(closed.body.contains(&words), "{words}: {}", closed.body);
    }
    // Not saved yet; back to the values, they are still there.
    let api = &env.sol().api;
    let before = api.get("/v1/policy").await.unwrap();
    assert_eq!(before["policy"]["promotional_hours"][0], "09:00-20:00");
    let back = with(&fields(&closed.body, "id=\"back\""), &[("edit", "1")]);
    let back = post(&env, &owner, &preview, &back).await;
    let again = fields(&back.body, "id=\"edit\"");
    let sunday = again.iter().find(|(n, _)| n == "promotional_hours.6");
    assert_eq!(sunday.map(|(_, v)| v.as_str()), Some(""), "{}", back.body);
    // Step three takes a reason; the refusal is said beside the field and keeps the rest.
    let third = fields(&closed.body, "id=\"save\"");
    let refused = post(&env, &owner, &save, &with(&third, &[("reason", "  ")])).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.body.contains("id=\"reason-trouble\""),
        "{}",
        refused.body
    );
    let third = with(
        &fields(&refused.body, "id=\"save\""),
        &[("reason", "quejas <b> de \"octubre\"")],
    );
    let saved = post(&env, &owner, &save, &third).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(
        saved.location,
        format!("/policy?lang=es&shop={slug}&did=saved")
    );
    let now = api.get("/v1/policy").await.unwrap();
    assert_eq!(now["policy"]["promotional_hours"][6], "closed", "{now}");
    let page = owner.get(&env, &saved.location).await.body;
    in_words(&page);
    assert!(
        page.contains("id=\"did\"") && page.contains("de esta tienda"),
        "{page}"
    );
    assert!(
        page.contains("quejas &#60;b&#62; de &#34;octubre&#34;"),
        "{page}"
    );
    assert!(page.contains("(tú") || page.contains("tú (tok_"), "{page}");
    // The same form again was made from what does not hold any more.
    let late = post(
        &env,
        &owner,
        &save,
        &with(&third, &[("policy", "{\"promotional_per_week\":1}")]),
    )
    .await;
    assert_eq!(late.status, 409, "{}", late.body);
    in_words(&late.body);
    let kept = fields(&late.body, "id=\"edit\"");
    let week = kept.iter().find(|(n, _)| n == "promotional_per_week");
    assert_eq!(week.map(|(_, v)| v.as_str()), Some("1"), "{}", late.body);
    // Going back to what was before, by the history.
    let first = before["revision"].as_str().unwrap();
    assert!(page.contains(&format!("value=\"{first}\"")), "{page}");
    let go = [
        ("lang", "es"),
        ("from", now["revision"].as_str().unwrap()),
        ("revision", first),
    ];
    let go = owner.post(&env, &preview, &go).await;
    assert_eq!(go.status, 200, "{}", go.body);
    in_words(&go.body);
    assert!(
        go.body
            .contains("ya serían distintas con la política vigente"),
        "{}",
        go.body
    );
    let third = with(
        &fields(&go.body, "id=\"save\""),
        &[("reason", "fue un error")],
    );
    let saved = post(&env, &owner, &save, &third).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(api.get("/v1/policy").await.unwrap(), before);
    env.end().await;
}

pub(crate) async fn what_is_refused_is_said_beside_its_field(env: Env) {
    let slug = env.sol().shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let preview = format!("/console/policy/{slug}/preview");
    let page = owner.get(&env, "/policy?lang=en").await.body;
    let form = fields(&page, "id=\"edit\"");
    let wrong = with(
        &form,
        &[
            ("promotional_per_week", "4"),
            ("pair_burst", "<i>three"),
            ("promotional_hours.2", "08:00-20:00"),
            ("transactional_hours.0", "from nine"),
            ("promotional_gap_ms", "1"),
            ("codes_per_hour", "2"),
        ],
    );
    let refused = post(&env, &owner, &preview, &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    in_words(&refused.body);
    for (name, words) in [
        (
            "promotional_per_week",
            "Looser than allowed: the limit is 3.",
        ),
        (
            "promotional_hours",
            "Looser than allowed: the limit is every day: 09:00–20:00.",
        ),
        (
            "promotional_gap_ms",
            "Looser than allowed: the limit is 12 h.",
        ),
        (
            "pair_burst",
            "Not understood. It is written like this: a whole number, 0 or more",
        ),
        (
            "transactional_hours",
            "Not understood. It is written like this: 09:00-20:00; empty: closed",
        ),
    ] {
        let beside = format!("id=\"t-{name}\">{words}</p>");
        assert!(refused.body.contains(&beside), "{beside}: {}", refused.body);
    }
    assert!(!refused.body.contains("id=\"t-codes_per_hour\""));
    // What was typed is still there, as text.
    let kept = fields(&refused.body, "id=\"edit\"");
    assert_eq!(kept, wrong);
    assert!(!refused.body.contains("<i>three"), "{}", refused.body);
    // A revision that is none.
    let none = [("lang", "en"), ("revision", "00000000ffff")];
    let none = owner.post(&env, &preview, &none).await;
    assert_eq!(none.status, 422, "{}", none.body);
    assert!(
        none.body.contains("That revision cannot be used."),
        "{}",
        none.body
    );
    env.end().await;
}

pub(crate) async fn whoever_sees_verdicts_looks_and_nobody_else_changes(env: Env) {
    let (sol, lua) = (env.sol().shop.slug, env.lua().shop.slug);
    let auditor = with_role(&env, sol, "auditor").await;
    let preview = format!("/console/policy/{sol}/preview");
    let save = format!("/console/policy/{sol}/save");
    let page = auditor.get(&env, "/policy?lang=en").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let form = fields(&page.body, "id=\"edit\"");
    let tried = post(
        &env,
        &auditor,
        &preview,
        &with(&form, &[("promotional_per_week", "1")]),
    )
    .await;
    assert_eq!(tried.status, 200, "{}", tried.body);
    assert!(
        tried.body.contains("id=\"lacks\"") && !tried.body.contains("id=\"save\""),
        "{}",
        tried.body
    );
    let policy = json!({ "promotional_per_week": 1 }).to_string();
    let third = [("policy", policy.as_str()), ("reason", "because")];
    let refused = auditor.post(&env, &save, &third).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let viewer = with_role(&env, sol, "viewer").await;
    for path in ["/policy", "/policy?lang=pt"] {
        assert_eq!(viewer.get(&env, path).await.status, 403);
    }
    let menu = viewer.get(&env, "/campaigns?lang=en").await.body;
    assert!(!menu.contains("href=\"/policy"), "{menu}");
    // Another shop's owner neither sees, tries nor changes this one's.
    env.sol()
        .api
        .put(
            "/v1/policy",
            json!({ "policy": { "codes_per_hour": 3 }, "reason": "solo-de-sol" }),
        )
        .await
        .unwrap();
    let theirs = with_role(&env, lua, "owner").await;
    let own = theirs.get(&env, "/policy?lang=en").await.body;
    assert!(
        !own.contains("solo-de-sol") && !own.contains("of this shop"),
        "{own}"
    );
    let answer = theirs
        .get(&env, &format!("/policy?lang=en&shop={sol}"))
        .await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(post(&env, &theirs, &preview, &form).await.status, 404);
    assert_eq!(theirs.post(&env, &save, &third).await.status, 404);
    let holds = env.sol().api.get("/v1/policy").await.unwrap();
    assert_eq!(holds["policy"]["promotional_per_week"], 3, "{holds}");
    env.end().await;
}

pub(crate) async fn a_page_that_waits_is_told_how_far_it_is(env: Env) {
    offers(&env).await;
    let slug = env.sol().shop.slug;
    let operator = with_role(&env, slug, "owner").await;
    let far = async |slug: &str| {
        let path = format!("/console/policy/{slug}/progress");
        let told = operator.get(&env, &path).await;
        (told.status, told.body)
    };
    let none = (200, "{\"progress\":null}".to_owned());
    assert_eq!(far(slug).await, none);
    let ctx = &env.stage.host.ctx;
    let request = WhatIfRequest {
        policy: Some(serde_json::Map::new()),
        ..WhatIfRequest::default()
    };
    let tenant = env.sol().id.parse().unwrap();
    let mut whatif = WhatIf::up_to(ctx, tenant, &request, 2).await.unwrap();
    let begun = "{\"progress\":{\"read\":0,\"percent\":0}}".to_owned();
    assert_eq!(far(slug).await, (200, begun));
    // Somebody else who asks meanwhile changes nothing of it.
    assert!(WhatIf::begin(ctx, tenant, &request).await.is_err());
    whatif.step().await.unwrap();
    let done = "{\"progress\":{\"read\":2,\"percent\":100}}".to_owned();
    assert_eq!(far(slug).await, (200, done));
    drop(whatif);
    assert_eq!(far(slug).await, none);
    // Nobody is told of another shop's.
    assert_eq!(far(env.lua().shop.slug).await.0, 404);
    let page = operator
        .get(&env, &format!("/policy?lang=es&shop={slug}"))
        .await;
    let address = format!("data-progress=\"/console/policy/{slug}/progress\"");
    assert!(page.body.contains(&address), "{}", page.body);
    env.end().await;
}
