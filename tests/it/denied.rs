//! A page that a role may not open: a browser gets a page that says what is missing and whom to ask, a program
//! gets a problem.

use crate::console_campaigns::{in_words, with_role};
use crate::harness::{Env, Test, test};
use crate::roles::read;

pub(crate) const TESTS: &[Test] = &[test!(
    denied::a_browser_is_told_which_right_is_missing_and_whom_to_ask
)];

pub(crate) async fn a_browser_is_told_which_right_is_missing_and_whom_to_ask(env: Env) {
    let slug = env.sol().shop.slug;
    let viewer = with_role(&env, slug, "viewer").await;
    for (lang, right, owner, language) in [
        (
            "es",
            "el derecho a dar accesos",
            "Dueña o dueño",
            "lang=\"es\"",
        ),
        (
            "pt",
            "o direito de dar acessos",
            "Dona ou dono",
            "lang=\"pt\"",
        ),
        ("en", "the right to give access", "Owner", "lang=\"en\""),
    ] {
        let shown = viewer.get(&env, &format!("/access?lang={lang}")).await;
        assert_eq!(shown.status, 403, "{}", shown.body);
        let kind = shown.headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/html"), "{kind}");
        for words in [right, owner, language, "id=\"denied-ask\"", "/figures?"] {
            assert!(shown.body.contains(words), "{words}: {}", shown.body);
        }
        for other in ["es", "pt", "en"] {
            let href = format!("/access?lang={other}");
            assert!(shown.body.contains(&href), "{href}: {}", shown.body);
        }
        assert!(!shown.body.contains("denied.") && !shown.body.contains(env.lua().shop.slug));
        in_words(&shown.body);
    }
    // A form too, and nothing is done.
    let fields = [("lang", "en"), ("label", "mine"), ("role", "owner")];
    let refused = viewer.post(&env, "/console/access/tokens", &fields).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("id=\"denied\""), "{}", refused.body);
    let tokens = env.world.operator.get("/v1/tokens").await.unwrap();
    assert!(!tokens.to_string().contains("\"mine\""), "{tokens}");
    // Who has the right sees the page itself.
    let owner = with_role(&env, slug, "owner").await;
    let page = owner.get(&env, "/access?lang=en").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("id=\"denied\""));
    // A program is answered as ever.
    let body = serde_json::json!({ "label": "program", "tenant": slug, "role": "viewer" });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    for accept in ["*/*", "application/json, text/html;q=0.9"] {
        let request = env
            .http
            .get(format!("{}/access", env.stage.host.url))
            .header("accept", accept)
            .header(
                "cookie",
                format!("portero_session={}", made["token"].as_str().unwrap()),
            );
        let answer = read(request).await;
        assert_eq!(
            (answer.status, answer.code.as_str()),
            (403, "missing_right"),
            "{}",
            answer.body
        );
    }
    env.end().await;
}
