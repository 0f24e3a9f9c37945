//! What is no page: a browser is told in its language what went wrong and what to do next, a program gets a problem.

use crate::console_campaigns::{in_words, with_role};
use crate::harness::{Env, Test, test};
use crate::roles::read;

pub(crate) const TESTS: &[Test] = &[test!(
    trouble::a_browser_is_told_what_is_wrong_and_what_to_do_next
)];

pub(crate) async fn a_browser_is_told_what_is_wrong_and_what_to_do_next(env: Env) {
    let (sol, lua) = (env.sol().shop.slug, env.lua().shop.slug);
    let owner = with_role(&env, sol, "owner").await;
    for (lang, shop, next) in [
        ("es", "una tienda", "Vuelve a la lista"),
        ("pt", "uma loja", "Volte à lista"),
        ("en", "a shop", "Go back to the list"),
    ] {
        // Another's shop, and one that is none: the same answer.
        for gone in [lua, "no-such-shop"] {
            let path = format!("/inbox?lang={lang}&shop={gone}");
            let shown = owner.get(&env, &path).await;
            assert_eq!(shown.status, 404, "{}", shown.body);
            let kind = shown.headers["content-type"].to_str().unwrap();
            assert!(kind.starts_with("text/html"), "{kind}");
            for words in [shop, next, "role=\"alert\"", "/inbox?lang=", "/home?lang="] {
                assert!(shown.body.contains(words), "{words}: {}", shown.body);
            }
            assert!(!shown.body.contains("trouble.") && !shown.body.contains("no-such-shop"));
            in_words(&shown.body);
        }
    }
    for (path, words) in [
        (format!("/contacts/{sol}/con_nobody?lang=en"), "a person"),
        (format!("/campaigns/{sol}/nothing?lang=en"), "a campaign"),
        (format!("/verdicts/{sol}/nothing?lang=en"), "a verdict"),
    ] {
        let shown = owner.get(&env, &path).await;
        assert_eq!(shown.status, 404, "{path}: {}", shown.body);
        assert!(shown.body.contains(words), "{path}: {}", shown.body);
    }
    // A form too; what its detail quotes is no markup.
    let fields = [("lang", "en"), ("label", "x"), ("role", "<b>king")];
    let refused = owner.post(&env, "/console/access/tokens", &fields).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("id=\"trouble-next\"") && !refused.body.contains("<b>king"));
    // A program is answered as ever.
    let body = serde_json::json!({ "label": "program", "tenant": sol, "role": "owner" });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    let token = made["token"].as_str().unwrap();
    let request = env
        .http
        .get(format!("{}/inbox?shop=no-such-shop", env.stage.host.url))
        .header("accept", "*/*")
        .header("cookie", format!("portero_session={token}"));
    let answer = read(request).await;
    assert_eq!(
        (answer.status, answer.code.as_str()),
        (404, "not_found"),
        "{}",
        answer.body
    );
    env.end().await;
}
