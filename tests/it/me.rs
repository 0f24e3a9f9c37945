//! One's own account in the console: another password, the sessions that are open.

use portero_domain::clock::Millis;

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::users::{Browser, Shown, user};

pub(crate) const TESTS: &[Test] = &[
    test!(me::a_person_changes_the_own_password_and_the_other_sessions_end),
    test!(me::tries_are_counted_and_what_does_not_do_is_said_beside_its_field),
];

/// As made by [`user`].
const PASSWORD: &str = "correcto-caballo-pila";
const OTHER: &str = "otra-frase-bien-larga";

async fn session(env: &Env, address: &str, password: &str) -> Browser {
    let browser = Browser::at(address);
    let entered = browser.log_in(env, "rosa", password).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    browser.with(&entered.cookie("portero_session"))
}

async fn change(env: &Env, browser: &Browser, current: &str, new: &str, again: &str) -> Shown {
    let fields = [
        ("lang", "en"),
        ("current", current),
        ("new", new),
        ("again", again),
    ];
    browser.post(env, "/console/me/password", &fields).await
}

pub(crate) async fn a_person_changes_the_own_password_and_the_other_sessions_end(env: Env) {
    // The role with the fewest rights has an account of its own too.
    let sol = env.sol().shop.slug;
    user(&env, "rosa", "viewer", Some(sol)).await;
    let here = session(&env, "192.0.2.11", PASSWORD).await;
    let there = session(&env, "192.0.2.12", PASSWORD).await;
    for (lang, words) in [
        ("es", "Cambiar la contraseña"),
        ("pt", "Mudar a senha"),
        ("en", "Change the password"),
    ] {
        let page = here.get(&env, &format!("/me?lang={lang}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(
            page.body.contains(words) && page.body.contains("rosa"),
            "{}",
            page.body
        );
        assert!(
            !page.body.contains(">me.") && !page.body.contains("role."),
            "{}",
            page.body
        );
        assert_eq!(
            page.body.matches("/console/me/sessions/").count(),
            2,
            "{}",
            page.body
        );
    }
    let done = change(&env, &here, PASSWORD, OTHER, OTHER).await;
    assert_eq!(
        (done.status, done.location.as_str()),
        (303, "/me?lang=en&did=password"),
        "{}",
        done.body
    );
    let page = here.get(&env, &done.location).await.body;
    assert!(page.contains("Your other sessions ended."), "{page}");
    assert_eq!(page.matches("/console/me/sessions/").count(), 1, "{page}");
    assert_eq!(
        there.get(&env, "/me").await.status,
        303,
        "the other session lives on"
    );
    let stranger = Browser::at("192.0.2.13");
    assert_eq!(stranger.log_in(&env, "rosa", PASSWORD).await.status, 401);
    let third = session(&env, "192.0.2.14", OTHER).await;
    // A session is ended by who has it, and by nobody else.
    let list = here.get(&env, "/me").await.body;
    let ids: Vec<&str> = list
        .split("/console/me/sessions/")
        .skip(1)
        .map(|rest| rest.split('/').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 2, "{list}");
    let end = format!("/console/me/sessions/{}/end", ids[0]);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.post(&env, &end, &[]).await.status, 404);
    assert_eq!(third.get(&env, "/me").await.status, 200);
    assert_eq!(here.post(&env, &end, &[("lang", "en")]).await.status, 303);
    assert_eq!(
        third.get(&env, "/me").await.status,
        303,
        "an ended session lives on"
    );
    // Who came in with a token has no password, and the page says so.
    let page = lua.get(&env, "/me?lang=en").await.body;
    assert!(page.contains("there is no password to change"), "{page}");
    let refused = change(&env, &lua, PASSWORD, OTHER, OTHER).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let log = env.world.operator.get("/v1/audit?limit=200").await.unwrap();
    let rows = log["items"].as_array().unwrap();
    let changes = rows
        .iter()
        .filter(|row| row.to_string().contains("POST /console/me/password"));
    assert_eq!(changes.count(), 2, "one done, one refused: {log}");
    assert!(!log.to_string().contains(OTHER), "{log}");
    env.end().await;
}

pub(crate) async fn tries_are_counted_and_what_does_not_do_is_said_beside_its_field(env: Env) {
    user(&env, "rosa", "owner", None).await;
    let here = session(&env, "192.0.2.21", PASSWORD).await;
    let beside = |shown: &Shown, field: &str, status: u16, words: &str| {
        assert_eq!(shown.status, status, "{}", shown.body);
        let place = format!("id=\"wrong-{field}\" role=\"alert\">");
        let said = shown.body.split(&place).nth(1);
        let said = said.unwrap_or_else(|| panic!("nothing beside {field}: {}", shown.body));
        assert!(said.starts_with(words), "{said:.80}");
    };
    let differ = change(&env, &here, PASSWORD, OTHER, "otra-frase-bien-larg0").await;
    beside(&differ, "again", 422, "The two new ones differ.");
    assert!(!differ.body.contains(OTHER), "a password is never shown");
    for bad in ["short", "rosa-rosa-rosa", PASSWORD, "aaaaaaaaaaaaaaaa"] {
        let refused = change(&env, &here, PASSWORD, bad, bad).await;
        beside(&refused, "new", 422, "Take another:");
    }
    for _ in 0..5 {
        let wrong = change(&env, &here, "guessed-by-somebody", OTHER, OTHER).await;
        beside(&wrong, "current", 403, "That is not the current password.");
    }
    let wait = change(&env, &here, PASSWORD, OTHER, OTHER).await;
    beside(
        &wait,
        "current",
        429,
        "Too many tries: the next counts in 30 s.",
    );
    assert_eq!(wait.headers["retry-after"], "30");
    // The same count as the login's: guessing goes on at neither door.
    let login = Browser::at("192.0.2.21")
        .log_in(&env, "rosa", PASSWORD)
        .await;
    assert_eq!(login.status, 429, "{}", login.body);
    env.jump(Millis::secs(30)).await;
    let done = change(&env, &here, PASSWORD, OTHER, OTHER).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let login = Browser::at("192.0.2.21").log_in(&env, "rosa", OTHER).await;
    assert_eq!(login.status, 303, "{}", login.body);
    env.end().await;
}
