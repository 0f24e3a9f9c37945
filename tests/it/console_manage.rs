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
        let list = owner.get(&env, &format!("/templates?lang={lang}")).await.body;
        in_words(&list);
        assert!(list.contains(approved) && list.contains(quality), "{list}");
        assert!(list.contains(&format!("{one}?lang={lang}")), "{list}");
        let shown = owner.get(&env, &format!("{one}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(approved) && shown.contains("Esta semana"), "{shown}");
        assert!(shown.contains(&format!("/campaigns/{slug}/{id}")), "who depends: {shown}");
    }
    let fine = owner.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(fine.contains("Nothing of the template itself stands against it."), "{fine}");
    // Meta pauses it: it is in the history, and what depends on it rests.
    let path = format!("/_sim/templates/{waba}/promo_semana/es");
    let red = json!({ "quality": "RED" });
    env.world.control.post(&path, &red).await.unwrap();
    env.settle().await;
    let paused = owner.get(&env, &format!("{one}?lang=en")).await.body;
    in_words(&paused);
    assert!(paused.contains("Paused by Meta") && paused.contains("template.paused"), "{paused}");
    assert!(paused.contains("rests because of it"), "{paused}");
    assert!(paused.contains("State: <strong>Paused by Meta</strong>"), "its history: {paused}");
    let page = owner.get(&env, &format!("/campaigns/{slug}/{id}?lang=en")).await;
    assert_eq!(page.status, 200);
    let slots = format!("/templates/{slug}/{waba}/carrito_recordatorio/es?lang=en");
    let slots = owner.get(&env, &slots).await.body;
    assert!(slots.contains("<code>body.nombre</code>") && slots.contains("Each value is one line"), "{slots}");
    // Meta is asked, by whoever may.
    let sync = format!("/console/templates/{slug}/sync");
    let done = owner.post(&env, &sync, &[("lang", "en")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let told = owner.get(&env, &done.location).await.body;
    assert!(told.contains("Meta answered: "), "{told}");
    let viewer = with_role(&env, slug, "viewer").await;
    assert_eq!(viewer.post(&env, &sync, &[]).await.status, 403);
    let looks = viewer.get(&env, "/templates?lang=en").await.body;
    assert!(looks.contains("it takes the right to edit") && !looks.contains(&sync), "{looks}");
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
    assert!(none.contains("No plugin puts segments together yet."), "{none}");
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
        let list = owner.get(&env, &format!("/segments?lang={lang}")).await.body;
        in_words(&list);
        assert!(list.contains(people) && list.contains(&format!("{one}?lang={lang}")), "{list}");
        let shown = owner.get(&env, &format!("{one}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(people) && shown.contains(why), "{shown}");
        assert!(shown.contains("Escribió el 20"), "the plugin's reason: {shown}");
        assert!(shown.contains("interactions"), "the fields it reads: {shown}");
    }
    let viewer = with_role(&env, slug, "viewer").await;
    let looks = viewer.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(looks.contains("Your role shows no people.") && !looks.contains("Escribió el"), "{looks}");
    assert!(looks.contains("1 people"), "{looks}");
    let again = format!("/console/segments/{slug}/rebuild");
    assert_eq!(viewer.post(&env, &again, &[("plugin", installation)]).await.status, 403);
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
        assert!(shown.contains(fine) && shown.contains("<code>send.session</code>"), "{shown}");
    }
    let shown = owner.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(shown.contains("Newest 1 calls, 0 stumbled"), "{shown}");
    assert!(shown.contains("Nothing it proposes is refused (newest "), "{shown}");
    // What is refused is counted with its rule: people who opted out get no answer from it.
    let _ = newcomer(&env, 741, "es", None).await;
    let off = format!("/console/plugins/{slug}/{id}/off");
    let operator = with_role(&env, slug, "operator").await;
    assert_eq!(operator.post(&env, &off, &[]).await.status, 403);
    let looks = operator.get(&env, &format!("{one}?lang=en")).await.body;
    assert!(looks.contains("it takes the right to install plugins"), "{looks}");
    let done = owner.post(&env, &off, &[("lang", "en")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let told = owner.get(&env, &done.location).await.body;
    assert!(told.contains("It is off: it is not asked any more."), "{told}");
    assert!(told.contains("It is not asked until somebody switches it on."), "{told}");
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
