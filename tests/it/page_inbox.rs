//! The inbox with the window closed: templates instead of free words; and the campaign that made somebody write.

use portero::demo::setup;
use portero_domain::clock::Millis;

use crate::campaigns::{launch, until, weekly};
use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::rules::{agreed, newcomer};

pub(crate) const TESTS: &[Test] = &[
    test!(page_inbox::a_closed_window_offers_templates_and_nothing_else),
    test!(page_inbox::the_campaign_that_somebody_answers_is_shown),
];

async fn id(env: &Env, who: &str) -> String {
    let person = env.sol().api.get(&format!("/v1/contacts/{who}")).await;
    person.unwrap()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn a_closed_window_offers_templates_and_nothing_else(env: Env) {
    let sol = env.sol();
    let (slug, number) = (sol.shop.slug, sol.shop.number);
    let who = agreed(&env, 801).await;
    let id = id(&env, &who).await;
    let owner = with_role(&env, slug, "owner").await;
    let page = format!("/inbox/{slug}/{id}?number={number}");
    let to = format!("/console/inbox/{slug}/{id}/template");
    for (lang, title, send) in [
        ("es", "Lo que sí puede llegarle", "Enviar esta plantilla"),
        ("pt", "O que pode chegar a ela", "Enviar este modelo"),
        ("en", "What can reach them", "Send this template"),
    ] {
        let shown = owner.get(&env, &format!("{page}&lang={lang}")).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        for words in [title, send, "promo_semana", "name=\"v.body.nombre\"", &to] {
            assert!(shown.body.contains(words), "{words}: {}", shown.body);
        }
        assert!(
            !shown.body.contains("name=\"text\"") && !shown.body.contains(">inbox."),
            "no free words: {}",
            shown.body
        );
    }
    let fields = [
        ("lang", "es"),
        ("number", number),
        ("key", "k1"),
        ("name", "promo_semana"),
        ("language", "es"),
        ("topic", "ofertas"),
    ];
    let sent = owner.post(&env, &to, &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    assert!(sent.location.contains("verdict=dec_"), "{}", sent.location);
    env.settle().await;
    let messages = sol.api.get("/v1/messages?limit=5").await.unwrap();
    let message = &messages["items"][0];
    assert_eq!(message["content"]["name"], "promo_semana", "{messages}");
    assert_eq!(message["purpose"], "promotional", "{messages}");
    let shown = owner.get(&env, &sent.location).await.body;
    assert!(shown.contains("id=\"said\""), "what the gate said: {shown}");
    // Sent twice it is sent once.
    let again = owner.post(&env, &to, &fields).await;
    assert_eq!(again.status, 303, "{}", again.body);
    let after = sol.api.get("/v1/messages?limit=5").await.unwrap();
    assert_eq!(after["items"][0]["id"], message["id"], "{after}");
    // A value that is left empty sends nothing.
    let empty = [
        ("lang", "es"),
        ("number", number),
        ("key", "k2"),
        ("name", "carrito_recordatorio"),
        ("language", "es"),
        ("v.body.nombre", " "),
    ];
    let refused = owner.post(&env, &to, &empty).await;
    assert_eq!(refused.status, 303, "{}", refused.body);
    let shown = owner.get(&env, &refused.location).await.body;
    assert!(shown.contains("Falta un valor de la plantilla"), "{shown}");
    let after = sol.api.get("/v1/messages?limit=5").await.unwrap();
    assert_eq!(after["items"][0]["id"], message["id"], "{after}");
    let unknown = [
        ("number", number),
        ("key", "k3"),
        ("name", "no_hay"),
        ("language", "es"),
    ];
    assert_eq!(owner.post(&env, &to, &unknown).await.status, 404);
    // While the window is open, words.
    setup::say(&env.world.control, &who, number, "hola")
        .await
        .unwrap();
    env.settle().await;
    let open = owner.get(&env, &format!("{page}&lang=es")).await.body;
    assert!(
        open.contains("name=\"text\"") && !open.contains(&to),
        "{open}"
    );
    env.jump(Millis::hours(25)).await;
    let closed = owner.get(&env, &format!("{page}&lang=es")).await.body;
    assert!(
        !closed.contains("name=\"text\"") && closed.contains(&to),
        "{closed}"
    );
    // Who may not send does not; another shop's conversation is not there.
    let auditor = with_role(&env, slug, "auditor").await;
    assert_eq!(auditor.post(&env, &to, &fields).await.status, 403);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.post(&env, &to, &fields).await.status, 404);
    let theirs = format!("/console/inbox/{}/{id}/template", env.lua().shop.slug);
    let bare = [("key", "k4"), ("name", "promo_semana"), ("language", "es")];
    assert_eq!(lua.post(&env, &theirs, &bare).await.status, 404);
    env.end().await;
}

pub(crate) async fn the_campaign_that_somebody_answers_is_shown(env: Env) {
    let sol = env.sol();
    let (slug, number) = (sol.shop.slug, sol.shop.number);
    let (who, other) = (
        agreed(&env, 811).await,
        newcomer(&env, 812, "es", None).await,
    );
    let (campaign, _) = launch(&env, &weekly()).await;
    until(&env, &campaign, "done").await;
    for address in [&who, &other] {
        setup::say(&env.world.control, address, number, "¿hasta cuándo?")
            .await
            .unwrap();
    }
    env.settle().await;
    let owner = with_role(&env, slug, "owner").await;
    let page = format!("/inbox/{slug}/{}?number={number}", id(&env, &who).await);
    for (lang, words) in [
        ("es", "Responde a la campaña"),
        ("pt", "Responde à campanha"),
        ("en", "They answer the campaign"),
    ] {
        let shown = owner.get(&env, &format!("{page}&lang={lang}")).await.body;
        assert!(
            shown.contains(words) && shown.contains(">Semana</a>"),
            "{shown}"
        );
        let link = format!("/campaigns/{slug}/{campaign}?lang={lang}");
        assert!(shown.contains(&link), "{shown}");
    }
    // Nobody wrote to the other one.
    let other = format!("/inbox/{slug}/{}?number={number}", id(&env, &other).await);
    let shown = owner.get(&env, &other).await.body;
    assert!(!shown.contains("id=\"caused\""), "{shown}");
    env.end().await;
}
