//! The pages of campaigns: lists, the plan in words and figures, every act with its right, people by slice.

use portero_domain::clock::Millis;
use serde_json::json;

use crate::campaigns::{act, create, customers, until, weekly};
use crate::figures::{log_in, look};
use crate::harness::{Env, Test, test};
use crate::users::{Browser, Shown};

pub(crate) const TESTS: &[Test] = &[
    test!(console_campaigns::a_campaign_is_planned_approved_run_paused_and_stopped_on_its_page),
    test!(console_campaigns::what_cannot_be_done_is_said_on_the_page),
    test!(console_campaigns::nobody_sees_anothers_campaigns_nor_people_without_the_right),
];

/// Somebody with a role of a shop, by token.
pub(crate) async fn with_role(env: &Env, shop: &str, role: &str) -> Browser {
    let body = json!({ "label": "page", "tenant": shop, "role": role });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    let token = made["token"].as_str().unwrap();
    Browser::at("192.0.2.9").with(&format!("portero_session={token}"))
}

/// Every key is shown by its words.
pub(crate) fn in_words(page: &str) {
    for family in [
        "campaign.",
        "template.",
        "segment.",
        "plugin.",
        "act.",
        "right.",
        "webhook.",
        "tenants.",
    ] {
        for (at, _) in page.match_indices(family) {
            // Words of rules and commands stand in code; addresses hold some too.
            let before = page[..at].chars().next_back();
            let inside = page[at..].chars().nth(family.len());
            let plain =
                matches!(before, Some('>' | ' ' | '"')) && inside.is_some_and(char::is_lowercase);
            let code = page[..at].ends_with("<code>");
            assert!(!plain || code, "{}", &page[at..(at + 60).min(page.len())]);
        }
    }
}

pub(crate) async fn a_campaign_is_planned_approved_run_paused_and_stopped_on_its_page(env: Env) {
    customers(&env, 30).await;
    let sol = env.sol().shop.slug;
    let owner = with_role(&env, sol, "owner").await;
    let cookie = log_in(&env).await;
    let empty = look(&env, &cookie, &format!("/campaigns?lang=es&shop={sol}")).await;
    assert!(empty.contains("Todavía no hay campañas.") && empty.contains("portero campaign new"));
    let id = create(&env, &weekly()).await;
    let page = format!("/campaigns/{sol}/{id}");
    let post = async |what: &str, more: &[(&str, &str)]| -> Shown {
        let fields = [&[("lang", "es")], more].concat();
        let to = format!("/console/campaigns/{sol}/{id}/{what}");
        owner.post(&env, &to, &fields).await
    };
    let draft = owner.get(&env, &format!("{page}?lang=es")).await.body;
    assert!(
        draft.contains("Borrador") && !draft.contains("id=\"plan\""),
        "{draft}"
    );
    let planned = post("plan", &[]).await;
    assert_eq!(planned.status, 303, "{}", planned.body);
    assert_eq!(planned.location, format!("{page}?lang=es&did=plan"));
    for (lang, state, slice, risk) in [
        (
            "es",
            "Planeada",
            "Nunca: Sin consentimiento",
            "no tiene límite",
        ),
        ("pt", "Planejada", "Nunca: ", "Não tem limite"),
        ("en", "Planned", "Never: ", "It has no limit"),
    ] {
        let shown = owner.get(&env, &format!("{page}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(state) && shown.contains(slice), "{shown}");
        assert!(
            shown.to_lowercase().contains(&risk.to_lowercase()),
            "{shown}"
        );
        assert!(
            shown.contains("Esta semana, 20 % en toda la tienda."),
            "a preview"
        );
        assert!(
            shown.contains("planned=never&#38;rule=consent.missing"),
            "{shown}"
        );
        // The bar is the whole audience: 35 people.
        assert!(shown.contains("<strong>35</strong>"), "{shown}");
        assert_eq!(sum_of_widths(&shown), 1_000, "{shown}");
        let list = owner
            .get(&env, &format!("/campaigns?lang={lang}"))
            .await
            .body;
        in_words(&list);
        assert!(list.contains(state) && list.contains(&format!("{page}?lang={lang}")));
    }
    let never = format!("{page}/people?lang=en&planned=never&rule=consent.missing");
    let people = owner.get(&env, &never).await.body;
    assert_eq!(people.matches("class=\"row-card\"").count(), 3, "{people}");
    assert!(
        people.contains("agreed to offers"),
        "why these people get it"
    );
    in_words(&people);
    let plan = env
        .sol()
        .api
        .get(&format!("/v1/campaigns/{id}/plan"))
        .await
        .unwrap();
    let hash = plan["hash"].as_str().unwrap();
    let approved = post("approve", &[("plan_hash", hash)]).await;
    assert_eq!(approved.status, 303, "{}", approved.body);
    let run = post("run", &[]).await;
    assert_eq!(run.status, 303, "{}", run.body);
    env.settle().await;
    let running = owner
        .get(&env, &format!("{page}?lang=es&did=run"))
        .await
        .body;
    assert!(
        running.contains("id=\"live-run\"") && running.contains("Lo que la limita:"),
        "{running}"
    );
    in_words(&running);
    let paused = post("pause", &[("reason", "precio <equivocado>")]).await;
    assert_eq!(paused.status, 303, "{}", paused.body);
    let resting = owner.get(&env, &format!("{page}?lang=es")).await.body;
    assert!(resting.contains("precio &#60;equivocado&#62;"), "{resting}");
    assert!(
        resting.contains("En pausa") && resting.contains("/resume\""),
        "{resting}"
    );
    assert_eq!(post("resume", &[]).await.status, 303);
    env.settle().await;
    assert_eq!(post("stop", &[("reason", "")]).await.status, 303);
    let ended = owner.get(&env, &format!("{page}?lang=es")).await.body;
    assert!(
        ended.contains("Detenida") && !ended.contains("/stop\""),
        "{ended}"
    );
    let only = owner
        .get(&env, "/campaigns?lang=en&state=stopped")
        .await
        .body;
    assert!(only.contains(&page), "{only}");
    let none = owner.get(&env, "/campaigns?lang=en&state=draft").await.body;
    assert!(!none.contains(&page) && none.contains("No campaign is in that state."));
    env.end().await;
}

/// Widths of the parts of the first bar.
fn sum_of_widths(page: &str) -> u64 {
    let bar = page.split("meter-tall").nth(1).unwrap();
    let bar = bar.split("</svg>").next().unwrap();
    let parts = bar.split("<rect").skip(1);
    parts
        .map(|rect| {
            let width = rect.split("width=\"").nth(1).unwrap();
            width.split('"').next().unwrap().parse::<u64>().unwrap()
        })
        .sum()
}

pub(crate) async fn what_cannot_be_done_is_said_on_the_page(env: Env) {
    let sol = env.sol().shop.slug;
    let id = create(&env, &weekly()).await;
    let owner = with_role(&env, sol, "owner").await;
    let page = format!("/campaigns/{sol}/{id}");
    let post = async |what: &str, more: &[(&str, &str)]| -> Shown {
        let fields = [&[("lang", "en")], more].concat();
        let to = format!("/console/campaigns/{sol}/{id}/{what}");
        owner.post(&env, &to, &fields).await
    };
    let early = post("run", &[]).await;
    assert_eq!(early.status, 409, "{}", early.body);
    assert!(
        early.body.contains("Not done: it is now “Draft”."),
        "{}",
        early.body
    );
    let plan = act(&env, &id, "plan", json!({})).await;
    // Another plan overtook the one that was looked at.
    let old = post("approve", &[("plan_hash", &"0".repeat(64))]).await;
    assert_eq!(old.status, 422, "{}", old.body);
    assert!(
        old.body
            .contains("The plan you saw is no longer the latest."),
        "{}",
        old.body
    );
    assert!(
        old.body.contains(plan["hash"].as_str().unwrap()),
        "the latest is there"
    );
    // Whoever wrote it does not approve it where the account wants another.
    let two = json!({ "campaign_second_person": true });
    crate::rules::policy(&env, two).await;
    let plan = act(&env, &id, "plan", json!({})).await;
    let hash = plan["hash"].as_str().unwrap();
    let others = owner.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(
        others.contains("/approve\""),
        "the owner is another person: {others}"
    );
    let approver = with_role(&env, sol, "approver").await;
    let theirs = approver.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(
        theirs.contains("/approve\"") && theirs.contains("it takes the right to edit"),
        "{theirs}"
    );
    let viewer = with_role(&env, sol, "viewer").await;
    let looks = viewer.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(
        looks.contains("it takes the right to approve")
            && !looks.contains("<form method=\"post\" action=\"/console/campaigns"),
        "{looks}"
    );
    assert!(
        !looks.contains("Esta semana, 20 %") && looks.contains("Your role shows neither people"),
        "{looks}"
    );
    let forced = viewer
        .post(
            &env,
            &format!("/console/campaigns/{sol}/{id}/approve"),
            &[("plan_hash", hash)],
        )
        .await;
    assert_eq!(forced.status, 403);
    assert_eq!(post("approve", &[("plan_hash", hash)]).await.status, 303);
    env.jump(Millis::hours(25)).await;
    let late = post("run", &[]).await;
    assert_eq!(late.status, 409, "{}", late.body);
    assert!(late.body.contains("The approval ran out."), "{}", late.body);
    let plan = act(&env, &id, "plan", json!({})).await;
    let hash = plan["hash"].as_str().unwrap();
    assert_eq!(post("approve", &[("plan_hash", hash)]).await.status, 303);
    let policy = json!({ "campaign_second_person": true, "promotional_per_week": 2 });
    crate::rules::policy(&env, policy).await;
    let other = post("run", &[]).await;
    assert_eq!(other.status, 409, "{}", other.body);
    assert!(
        other.body.contains("Something changed since the approval"),
        "{}",
        other.body
    );
    env.end().await;
}

pub(crate) async fn nobody_sees_anothers_campaigns_nor_people_without_the_right(env: Env) {
    let sol = env.sol().shop.slug;
    let (id, _) = crate::campaigns::launch(&env, &weekly()).await;
    until(&env, &id, "done").await;
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    for path in [
        format!("/campaigns?shop={sol}"),
        format!("/campaigns/{sol}/{id}"),
        format!("/campaigns/{}/{id}", env.lua().shop.slug),
        format!("/campaigns/{sol}/{id}/people"),
    ] {
        let answer = lua.get(&env, &path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert!(!answer.body.contains("Semana"), "{path}");
    }
    for what in ["plan", "approve", "run", "pause", "resume", "stop"] {
        for shop in [sol, env.lua().shop.slug] {
            let path = format!("/console/campaigns/{shop}/{id}/{what}");
            let answer = lua.post(&env, &path, &[("lang", "es")]).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        }
    }
    let mine = lua.get(&env, "/campaigns?lang=pt").await;
    assert!(
        mine.body.contains("Ainda não há campanhas."),
        "{}",
        mine.body
    );
    let viewer = with_role(&env, sol, "viewer").await;
    let done = viewer
        .get(&env, &format!("/campaigns/{sol}/{id}?lang=es"))
        .await;
    assert_eq!(done.status, 200);
    assert!(
        done.body.contains("Terminada") && !done.body.contains("/people?"),
        "{}",
        done.body
    );
    let people = format!("/campaigns/{sol}/{id}/people");
    assert_eq!(viewer.get(&env, &people).await.status, 403);
    env.end().await;
}
