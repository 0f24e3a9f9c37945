//! Whoever may not see people sees lists with masked names and numbers: not the name, not the number, no id of Meta's
//! (it holds the number), no words; nobody is opened nor looked for.

use serde_json::{Value, json};

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::roles::ask;

pub(crate) const TESTS: &[Test] = &[
    test!(masked::lists_show_a_developer_masked_people_and_nothing_that_tells_who),
    test!(masked::looks_at_lists_are_written_down_for_whoever_is_shown_people),
];

const NAME: &str = "Zuleica Nome-de-mais-ninguem";
const WORDS: &str = "quero falar com um atendente, palavras-de-mais-ninguem";

/// The lists: pages and operations.
const LISTS: [&str; 8] = [
    "/contacts?lang=pt",
    "/inbox?lang=pt",
    "/verdicts?lang=pt",
    "/verdicts?lang=es&verdict=allow",
    "/v1/contacts",
    "/v1/conversations",
    "/v1/conversations?state=human",
    "/v1/verdicts",
];

/// Somebody with a name who wrote, was answered and waits for a person; a message was judged by what they wrote.
async fn somebody(env: &Env) -> Vec<String> {
    let lua = env.lua();
    let key = lua.shop.people[0].key();
    env.says(lua, 0, "oi").await;
    let named = json!({ "address": key, "name": NAME });
    lua.api.put("/v1/contacts", named).await.unwrap();
    let attributes = json!({ "attributes": { "email": "valor-de-mais-ninguem" } });
    let one = format!("/v1/contacts/{key}");
    lua.api.put(&one, attributes).await.unwrap();
    env.says(lua, 0, WORDS).await;
    let mut telling = vec![
        "Zuleica".to_owned(),
        "mais-ninguem".to_owned(),
        key.to_owned(),
        format!("+{key}"),
        "wamid.".to_owned(),
    ];
    for message in env.messages(lua, 0).await {
        telling.extend(message["wamid"].as_str().map(str::to_owned));
    }
    assert!(telling.len() > 5, "nothing was sent: no id of Meta's");
    telling
}

fn told<'a>(body: &str, telling: &'a [String]) -> Option<&'a String> {
    telling.iter().find(|t| body.contains(t.as_str()))
}

pub(crate) async fn lists_show_a_developer_masked_people_and_nothing_that_tells_who(env: Env) {
    let telling = somebody(&env).await;
    let (slug, key) = (env.lua().shop.slug, env.lua().shop.people[0].key());
    let tail = &key[key.len() - 4..];
    let token = async |role: &str| {
        let body = json!({ "label": "masked", "tenant": slug, "role": role });
        let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
        made["token"].as_str().unwrap().to_owned()
    };
    let owner = (with_role(&env, slug, "owner").await, token("owner").await);
    let mut shown = 0;
    for role in ["developer", "viewer"] {
        let page = with_role(&env, slug, role).await;
        let token = token(role).await;
        for path in LISTS {
            let api = path.starts_with("/v1/");
            let (status, body, open) = match api {
                true => {
                    let mine = ask(&env, "GET", path, &token).await;
                    let open = ask(&env, "GET", path, &owner.1).await;
                    (mine.status, mine.body, open.body)
                }
                false => {
                    let mine = page.get(&env, path).await;
                    (mine.status, mine.body, owner.0.get(&env, path).await.body)
                }
            };
            assert_eq!(status, 200, "{path} as {role}: {body}");
            assert_eq!(told(&body, &telling), None, "{path} as {role}: {body}");
            shown += usize::from(told(&open, &telling).is_some());
            if !api {
                assert!(body.contains("id=\"masked\""), "{path} as {role}: {body}");
                assert!(!open.contains("id=\"masked\""), "{path}: {open}");
                // Nothing leads to somebody.
                for link in ["/contacts/", "/inbox/", "/verdicts/"] {
                    assert!(!body.contains(&format!("href=\"{link}")), "{path}: {body}");
                }
            }
            if path.contains("contacts") {
                assert!(body.contains("Z•••"), "{path} as {role}: {body}");
                assert!(body.contains(&format!("•••{tail}")), "{path}: {body}");
            }
            if path.contains("conversations") || path.starts_with("/inbox") {
                assert!(body.contains("Z•••"), "{path} as {role}: {body}");
            }
        }
        // Nobody is looked for, nobody is opened.
        for path in [
            format!("/contacts?q={NAME}"),
            format!("/contacts?q={key}"),
            format!("/verdicts?who={key}"),
            format!("/contacts/{slug}/{key}"),
            format!("/inbox/{slug}/{key}"),
        ] {
            let refused = page.get(&env, &path).await;
            assert_eq!(refused.status, 403, "{path} as {role}: {}", refused.body);
            assert!(refused.body.contains("id=\"denied\""), "{}", refused.body);
        }
        for path in [
            format!("/v1/contacts/{key}"),
            format!("/v1/conversations/{key}"),
            "/v1/messages".to_owned(),
        ] {
            let refused = ask(&env, "GET", &path, &token).await;
            assert_eq!(refused.code, "missing_right.see_personal_data", "{path}");
        }
    }
    assert!(
        shown >= 10,
        "the owner was shown who it is {shown} times only: nothing was tested"
    );
    env.end().await;
}

pub(crate) async fn looks_at_lists_are_written_down_for_whoever_is_shown_people(env: Env) {
    somebody(&env).await;
    let slug = env.lua().shop.slug;
    let looks = async || -> Vec<Value> {
        let page = env.world.operator.get("/v1/audit?limit=200").await.unwrap();
        let rows = page["items"].as_array().unwrap().clone();
        let list = |row: &Value| row["operation"] == "GET /contacts";
        rows.into_iter().filter(list).collect()
    };
    let before = looks().await.len();
    let developer = with_role(&env, slug, "developer").await;
    assert_eq!(developer.get(&env, "/contacts").await.status, 200);
    assert_eq!(looks().await.len(), before, "a masked list shows nobody");
    let owner = with_role(&env, slug, "owner").await;
    assert_eq!(owner.get(&env, "/contacts").await.status, 200);
    assert_eq!(looks().await.len(), before + 1, "a look at people");
    env.end().await;
}
