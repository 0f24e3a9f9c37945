//! The page of test people: invited with a code, answered by themselves, taken off.

use serde_json::json;

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[test!(
    page_sandbox::people_are_invited_on_the_page_answer_and_are_taken_off
)];

pub(crate) async fn people_are_invited_on_the_page_answer_and_are_taken_off(env: Env) {
    let sol = env.sol();
    let slug = sol.shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let (page, add) = (
        format!("/sandbox?shop={slug}"),
        format!("/console/sandbox/{slug}/add"),
    );
    for (lang, title, none) in [
        ("es", "Personas de prueba", "Todavía no hay nadie."),
        ("pt", "Pessoas de teste", "Ainda não há ninguém."),
        ("en", "Test people", "Nobody is here yet."),
    ] {
        let shown = owner.get(&env, &format!("{page}&lang={lang}")).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        assert!(
            shown.body.contains(title) && shown.body.contains(none),
            "{}",
            shown.body
        );
        assert!(!shown.body.contains(">sandbox."), "{}", shown.body);
        // A pretend shop is told that the list decides nothing there.
        assert!(shown.body.contains("id=\"other-mode\""), "{}", shown.body);
        let list = owner
            .get(&env, &format!("/checklist?lang={lang}&shop={slug}"))
            .await;
        let link = format!("/sandbox?lang={lang}&#38;shop={slug}");
        assert!(list.body.contains(&link), "{}", list.body);
    }
    // What is no number is said beside its field and stays there.
    let wrong = [("lang", "es"), ("address", "<mi número>")];
    let refused = owner.post(&env, &add, &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.body.contains("Esto no es un número")
            && refused.body.contains("value=\"&#60;mi número&#62;\""),
        "{}",
        refused.body
    );
    let ana = [("lang", "es"), ("address", "+57 300 999-0001")];
    let invited = owner.post(&env, &add, &ana).await;
    assert_eq!(invited.status, 200, "{}", invited.body);
    let code = invited.body.split("id=\"code\">").nth(1).unwrap();
    let code = &code[..6];
    assert!(code.bytes().all(|b| b.is_ascii_digit()), "{code}");
    assert!(
        invited.body.contains(sol.shop.display),
        "where to write it: {}",
        invited.body
    );
    let later = owner.get(&env, &format!("{page}&lang=es")).await.body;
    assert!(
        later.contains("+573009990001") && later.contains("Falta su código"),
        "{later}"
    );
    assert!(!later.contains(code), "shown once: {later}");
    let known = sol.api.get("/v1/sandbox").await.unwrap();
    assert_eq!(known[0]["address"], "+573009990001", "{known}");
    // Twenty are the most.
    for n in 2..=20 {
        let path = format!("/v1/sandbox/+5730099900{n:02}");
        sol.api.put(&path, json!({})).await.unwrap();
    }
    let more = [("lang", "es"), ("address", "+573009990077")];
    let full = owner.post(&env, &add, &more).await;
    assert_eq!(full.status, 422, "{}", full.body);
    assert!(
        full.body.contains("La lista está llena (20)"),
        "{}",
        full.body
    );
    let remove = format!("/console/sandbox/{slug}/+573009990001/remove");
    let done = owner.post(&env, &remove, &[("lang", "es")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let told = owner.get(&env, &done.location).await.body;
    assert!(
        told.contains("id=\"did\"") && !told.contains("+573009990001"),
        "{told}"
    );
    assert_eq!(owner.post(&env, &remove, &[]).await.status, 404);
    // Who may not change looks; who may not see people does not; another shop's list is not there.
    let auditor = with_role(&env, slug, "auditor").await;
    let looks = auditor.get(&env, &page).await.body;
    assert!(
        looks.contains("+573009990002") && !looks.contains(&add),
        "{looks}"
    );
    assert_eq!(auditor.post(&env, &add, &ana).await.status, 403);
    let viewer = with_role(&env, slug, "viewer").await;
    assert_eq!(viewer.get(&env, &page).await.status, 403);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.get(&env, &page).await.status, 404);
    assert_eq!(lua.post(&env, &add, &ana).await.status, 404);
    let others = format!("/console/sandbox/{slug}/+573009990002/remove");
    assert_eq!(lua.post(&env, &others, &[]).await.status, 404);
    assert_eq!(
        sol.api
            .get("/v1/sandbox")
            .await
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        19
    );
    env.end().await;
}
