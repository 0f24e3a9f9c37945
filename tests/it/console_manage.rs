//! The pages of templates, segments and plugins: what is there, what depends on what, and their acts.

use serde_json::json;

use crate::campaigns::{create, weekly};
use crate::console_campaigns::{in_words, with_role};
use crate::harness::{Env, Test, test};
use crate::rules::newcomer;
use crate::segments;

pub(crate) const TESTS: &[Test] = &[
    test!(console_manage::templates_tell_their_state_history_and_who_depends_on_them),
    test!(console_manage::segments_tell_who_is_in_and_why_to_those_who_may_see_people),
    test!(console_manage::plugins_tell_how_they_do_and_are_switched_off_and_on),
    test!(console_manage::webhooks_are_made_rotated_switched_and_looked_into),
    test!(console_manage::the_operator_sees_all_shops_by_risk_and_nobody_else_does),
];

pub(crate) async fn templates_tell_their_state_history_and_who_depends_on_them(env: Env) {
    let sol = env.sol();
    let (slug, waba) = (sol.shop.slug, sol.shop.waba);
    let id = create(&env, &weekly()).await;
    let owner = with_role(&env, slug, "owner").await;
    let one = format!("/templates/{slug}/{waba}/promo_semana/es");
    for (lang, approved, quality) in [
        ("es", "Aprobada", "Calidad: "),
        ("pt", "Aprovado", "Qualidade: "),
        ("en", "Approved", "Quality: "),
    ] {
        let list = owner
            .get(&env, &format!("/templates?lang={lang}"))
            .await
            .body;
        in_words(&list);
        assert!(list.contains(approved) && list.contains(quality), "{list}");
        assert!(list.contains(&format!("{one}?lang={lang}")), "{list}");
        let shown = owner.get(&env, &format!("{one}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(
            shown.contains(approved) && shown.contains("Esta semana"),
            "{shown}"
        );
        assert!(
            shown.contains(&format!("/campaigns/{slug}/{id}")),
            "who depends: {shown}"
        );
    }
    let fine = owner.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(
        fine.contains("Nothing of the template itself stands against it."),
        "{fine}"
    );
    // Meta pauses it: it is in the history, and what depends on it rests.
    let path = format!("/_sim/templates/{waba}/promo_semana/es");
    let red = json!({ "quality": "RED" });
    env.world.control.post(&path, &red).await.unwrap();
    env.settle().await;
    let paused = owner.get(&env, &format!("{one}?lang=en")).await.body;
    in_words(&paused);
    assert!(
        paused.contains("Paused by Meta") && paused.contains("template.paused"),
        "{paused}"
    );
    assert!(paused.contains("rests because of it"), "{paused}");
    assert!(
        paused.contains("State: <strong>Paused by Meta</strong>"),
        "its history: {paused}"
    );
    let page = owner
        .get(&env, &format!("/campaigns/{slug}/{id}?lang=en"))
        .await;
    assert_eq!(page.status, 200);
    let slots = format!("/templates/{slug}/{waba}/carrito_recordatorio/es?lang=en");
    let slots = owner.get(&env, &slots).await.body;
    assert!(
        slots.contains("<code>body.nombre</code>") && slots.contains("Each value is one line"),
        "{slots}"
    );
    // Meta is asked, by whoever may.
    let sync = format!("/console/templates/{slug}/sync");
    let done = owner.post(&env, &sync, &[("lang", "en")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let told = owner.get(&env, &done.location).await.body;
    assert!(told.contains("Meta answered: "), "{told}");
    let viewer = with_role(&env, slug, "viewer").await;
    assert_eq!(viewer.post(&env, &sync, &[]).await.status, 403);
    let looks = viewer.get(&env, "/templates?lang=en").await.body;
    assert!(
        looks.contains("it takes the right to edit") && !looks.contains(&sync),
        "{looks}"
    );
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    for path in [one.clone(), format!("/templates?shop={slug}")] {
        assert_eq!(lua.get(&env, &path).await.status, 404, "{path}");
    }
    assert_eq!(lua.post(&env, &sync, &[]).await.status, 404);
    env.end().await;
}

pub(crate) async fn segments_tell_who_is_in_and_why_to_those_who_may_see_people(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let none = owner.get(&env, "/segments?lang=en").await.body;
    assert!(
        none.contains("No plugin puts segments together yet."),
        "{none}"
    );
    let may = ["contacts.read", "config", "log"];
    let config = json!({ "best": { "purchases": 2, "total": 100 } });
    segments::install(&env, portero::guest::RFM_SEGMENTS, &may, config).await;
    env.says(sol, 0, "hola").await;
    let list = sol.api.get("/v1/segments").await.unwrap();
    let installation = list[0]["installation"].as_str().unwrap();
    let one = format!("/segments/{slug}/{installation}/active");
    for (lang, people, why) in [
        ("es", "1 personas", "Por qué está aquí:"),
        ("pt", "1 pessoas", "Por que está aqui:"),
        ("en", "1 people", "Why they are in:"),
    ] {
        let list = owner
            .get(&env, &format!("/segments?lang={lang}"))
            .await
            .body;
        in_words(&list);
        assert!(
            list.contains(people) && list.contains(&format!("{one}?lang={lang}")),
            "{list}"
        );
        let shown = owner.get(&env, &format!("{one}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(people) && shown.contains(why), "{shown}");
        assert!(
            shown.contains("Escribió el 20"),
            "the plugin's reason: {shown}"
        );
        assert!(
            shown.contains("interactions"),
            "the fields it reads: {shown}"
        );
    }
    let viewer = with_role(&env, slug, "viewer").await;
    let looks = viewer.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(
        looks.contains("Your role shows no people.") && !looks.contains("Escribió el"),
        "{looks}"
    );
    assert!(looks.contains("1 people"), "{looks}");
    let again = format!("/console/segments/{slug}/rebuild");
    assert_eq!(
        viewer
            .post(&env, &again, &[("plugin", installation)])
            .await
            .status,
        403
    );
    let fields = [("plugin", installation), ("lang", "en")];
    let done = owner.post(&env, &again, &fields).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let told = owner.get(&env, &done.location).await.body;
    assert!(told.contains("A pass over everybody has begun."), "{told}");
    env.settle().await;
    let told = owner.get(&env, "/segments?lang=en").await.body;
    assert!(told.contains("(somebody asked for it)"), "{told}");
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    let theirs = format!("/segments/{}/{installation}/active", env.lua().shop.slug);
    for path in [one, theirs] {
        assert_eq!(lua.get(&env, &path).await.status, 404, "{path}");
    }
    let foreign = format!("/console/segments/{}/rebuild", env.lua().shop.slug);
    let wrong = lua.post(&env, &foreign, &[("plugin", installation)]).await;
    assert_eq!(wrong.status, 404, "{}", wrong.body);
    env.end().await;
}

pub(crate) async fn plugins_tell_how_they_do_and_are_switched_off_and_on(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    env.says(sol, 0, "hola").await;
    let installed = sol.api.get("/v1/plugins").await.unwrap();
    let id = installed[0]["id"].as_str().unwrap();
    let one = format!("/plugins/{slug}/{id}");
    let owner = with_role(&env, slug, "owner").await;
    for (lang, fine, answers) in [
        ("es", "Bien", "Responde"),
        ("pt", "Bem", "Responde"),
        ("en", "Fine", "Answers"),
    ] {
        let list = owner.get(&env, &format!("/plugins?lang={lang}")).await.body;
        in_words(&list);
        assert!(list.contains(fine) && list.contains(answers), "{list}");
        assert!(list.contains(&format!("{one}?lang={lang}")), "{list}");
        let shown = owner.get(&env, &format!("{one}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(
            shown.contains(fine) && shown.contains("<code>send.session</code>"),
            "{shown}"
        );
    }
    let shown = owner.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(shown.contains(" calls, 0 stumbled"), "{shown}");
    assert!(
        shown.contains("Nothing it proposes is refused (newest "),
        "{shown}"
    );
    // What is refused is counted with its rule: people who opted out get no answer from it.
    let _ = newcomer(&env, 741, "es", None).await;
    let off = format!("/console/plugins/{slug}/{id}/off");
    let operator = with_role(&env, slug, "operator").await;
    assert_eq!(operator.post(&env, &off, &[]).await.status, 403);
    let looks = operator.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(
        looks.contains("it takes the right to install plugins"),
        "{looks}"
    );
    let done = owner.post(&env, &off, &[("lang", "en")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let told = owner.get(&env, &done.location).await.body;
    assert!(
        told.contains("It is off: it is not asked any more."),
        "{told}"
    );
    assert!(
        told.contains("It is not asked until somebody switches it on."),
        "{told}"
    );
    let before = env.messages(sol, 0).await.len();
    env.says(sol, 0, "hola").await;
    assert_eq!(env.messages(sol, 0).await.len(), before, "nobody answered");
    let on = format!("/console/plugins/{slug}/{id}/on");
    assert_eq!(owner.post(&env, &on, &[]).await.status, 303);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    for path in [one, format!("/plugins/{}/{id}", env.lua().shop.slug)] {
        assert_eq!(lua.get(&env, &path).await.status, 404, "{path}");
    }
    let foreign = format!("/console/plugins/{}/{id}/off", env.lua().shop.slug);
    assert_eq!(lua.post(&env, &foreign, &[]).await.status, 404);
    env.end().await;
}

pub(crate) async fn webhooks_are_made_rotated_switched_and_looked_into(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let none = owner.get(&env, "/webhooks?lang=en").await.body;
    assert!(
        none.contains("None of the shop&#39;s systems listens."),
        "{none}"
    );
    let make = format!("/console/webhooks/{slug}");
    // What is refused is said, and nothing has to be typed again.
    let wrong = [
        ("url", "http://127.0.0.1:1/"),
        ("events", "no.such"),
        ("about", "crm"),
        ("lang", "en"),
    ];
    let refused = owner.post(&env, &make, &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.body.contains("`no.such` is no kind"),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("value=\"crm\"")
            && refused.body.contains("value=\"http://127.0.0.1:1/\"")
    );
    let fields = [
        ("url", "http://127.0.0.1:1/"),
        ("about", "el <crm>"),
        ("lang", "en"),
    ];
    let made = owner.post(&env, &make, &fields).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("whsec_"), "{}", made.body);
    let again = owner.get(&env, "/webhooks?lang=en").await.body;
    assert!(
        !again.contains("whsec_") && again.contains("el &#60;crm&#62;"),
        "{again}"
    );
    let hooks = sol.api.get("/v1/webhooks").await.unwrap();
    let id = hooks[0]["id"].as_str().unwrap();
    let page = format!("/webhooks/{slug}/{id}");
    let act = async |what: &str, more: &[(&str, &str)]| {
        let fields = [&[("lang", "en")], more].concat();
        owner
            .post(&env, &format!("/console{page}/{what}"), &fields)
            .await
    };
    assert_eq!(act("test", &[]).await.status, 303);
    env.settle().await;
    for (lang, log, waits) in [
        ("es", "Entregas", "Espera"),
        ("pt", "Entregas", "Espera"),
        ("en", "Deliveries", "Waits"),
    ] {
        let shown = owner.get(&env, &format!("{page}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(log) && shown.contains(waits), "{shown}");
        assert!(
            shown.contains("<strong>ping</strong>") && shown.contains("no connection"),
            "{shown}"
        );
        let list = owner
            .get(&env, &format!("/webhooks?lang={lang}"))
            .await
            .body;
        in_words(&list);
        assert!(list.contains(&format!("{page}?lang={lang}")), "{list}");
    }
    let rotated = act("rotate", &[]).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    assert!(rotated.body.contains("whsec_"), "{}", rotated.body);
    assert!(
        !owner.get(&env, &page).await.body.contains("whsec_"),
        "it is shown again"
    );
    assert_eq!(act("off", &[]).await.status, 303);
    let off = owner
        .get(&env, &format!("{page}?lang=en&did=off"))
        .await
        .body;
    assert!(
        off.contains("It is off: nothing is tried.") && off.contains("/on\""),
        "{off}"
    );
    let log = sol
        .api
        .get(&format!("/v1/webhooks/{id}/deliveries"))
        .await
        .unwrap();
    let notice = log["items"][0]["id"].as_str().unwrap();
    let busy = act("replay", &[("notice", notice)]).await;
    assert_eq!(busy.status, 409, "{}", busy.body);
    assert!(busy.body.contains("enable it first"), "{}", busy.body);
    assert_eq!(act("on", &[]).await.status, 303);
    let viewer = with_role(&env, slug, "viewer").await;
    let looks = viewer.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(
        looks.contains("your role does not show them") && !looks.contains(notice),
        "{looks}"
    );
    assert!(
        looks.contains("it takes the right to edit")
            && !looks.contains("<form method=\"post\" action=\"/console/webhooks"),
        "{looks}"
    );
    for what in ["test", "rotate", "on", "off", "replay", "remove"] {
        let path = format!("/console{page}/{what}");
        assert_eq!(viewer.post(&env, &path, &[]).await.status, 403, "{what}");
        let lua = with_role(&env, env.lua().shop.slug, "owner").await;
        let own = format!("/console/webhooks/{}/{id}/{what}", env.lua().shop.slug);
        for path in [path, own] {
            let answer = lua.post(&env, &path, &[]).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        }
        assert_eq!(lua.get(&env, &page).await.status, 404);
    }
    assert_eq!(act("remove", &[]).await.status, 303);
    assert_eq!(owner.get(&env, &page).await.status, 404);
    env.end().await;
}

pub(crate) async fn the_operator_sees_all_shops_by_risk_and_nobody_else_does(env: Env) {
    let (sol, lua) = (env.sol().shop.slug, env.lua().shop.slug);
    let cookie = crate::figures::log_in(&env).await;
    let page =
        async |query: &str| crate::figures::look(&env, &cookie, &format!("/tenants{query}")).await;
    let before = page("?lang=en").await;
    in_words(&before);
    let places = |html: &str| [sol, lua].map(|s| html.find(&format!("<code>{s}</code>")).unwrap());
    for risky in [0, 1] {
        let shop = [env.sol(), env.lua()][risky];
        let stop = json!({ "reason": "inventario <b>" });
        shop.api.post("/v1/stop", stop).await.unwrap();
        let html = page("?lang=es").await;
        in_words(&html);
        let at = places(&html);
        assert!(
            at[risky] < at[1 - risky],
            "the stopped one comes first: {html}"
        );
        assert!(html.contains("inventario &#60;b&#62;"), "{html}");
        shop.api.post("/v1/resume", json!({})).await.unwrap();
    }
    for path in ["/verdicts", "/inbox", "/webhooks", "/campaigns"] {
        assert!(
            before.contains(&format!("href=\"{path}?lang=en&#38;shop={sol}")),
            "{path}: {before}"
        );
    }
    // Only what differs is shown.
    let same = page(&format!("?lang=en&one={sol}&other={sol}")).await;
    assert!(same.contains("They do not differ."), "{same}");
    let policy = json!({ "promotional_per_week": 1 });
    crate::rules::policy(&env, policy).await;
    let differs = page(&format!("?lang=en&one={sol}&other={lua}")).await;
    assert!(
        differs.contains(
            "Promotions to one person in 7 days</strong> <code>promotional_per_week</code>"
        ),
        "{differs}"
    );
    assert!(!differs.contains("<code>brake_sample</code>"), "{differs}");
    for role in ["owner", "viewer"] {
        let theirs = with_role(&env, lua, role).await;
        let answer = theirs.get(&env, "/tenants").await;
        assert_eq!(answer.status, 404, "{}", answer.body);
        let menu = theirs.get(&env, "/campaigns?lang=en").await.body;
        assert!(!menu.contains("/tenants"), "{menu}");
    }
    env.end().await;
}
