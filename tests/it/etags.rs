//! Two who change the same thing: what is read and put at one path carries a tag, and a change made from an
//! older one is refused.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Env, Test, test};
use crate::policy::never;

pub(crate) const TESTS: &[Test] = &[
    test!(etags::what_is_known_already_is_not_sent_again),
    test!(etags::a_change_made_from_an_older_look_is_refused),
    test!(etags::of_many_at_once_one_is_taken),
    test!(etags::a_condition_on_somebody_unknown_creates_nobody),
    test!(etags::tags_that_do_not_read_are_refused),
    test!(etags::a_registry_a_number_a_role_and_an_app_are_changed_from_a_look),
];

struct Answer {
    status: u16,
    tag: Option<String>,
    body: Value,
}

/// A request with headers, a body for `PUT`.
async fn ask(env: &Env, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
    let url = format!("{}{path}", env.stage.host.url);
    let mut request = match body {
        Some(body) => env.http.put(url).json(body),
        None => env.http.get(url),
    };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.bearer_auth(&env.sol().token).send().await.unwrap();
    let tag = answer.headers().get("etag");
    let tag = tag.map(|t| t.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.unwrap();
    let body = match bytes.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&bytes).unwrap(),
    };
    Answer { status, tag, body }
}

/// Each thing that has a tag, with three changes that differ.
fn things(env: &Env) -> Vec<(String, [Value; 3])> {
    let policy = |fields: Value| json!({ "policy": fields, "reason": "a season" });
    let late = json!({ "campaign_second_person": true, "promotional_hours": vec!["closed"; 7] });
    vec![
        (
            "/v1/policy".to_owned(),
            [policy(never()), policy(late), policy(json!({}))],
        ),
        (
            format!("/v1/contacts/{}", env.sol().shop.people[0].key()),
            ["uno", "dos", "tres"].map(|tag| json!({ "tags": [tag] })),
        ),
        (
            "/v1/retention".to_owned(),
            [400, 500, 600].map(|days| json!({ "messages": days })),
        ),
        (
            "/v1/settings/answer-within".to_owned(),
            [31, 32, 33].map(|minutes| json!({ "minutes": minutes })),
        ),
    ]
}

fn strong(answer: &Answer) -> String {
    let tag = answer.tag.clone().expect("a tag");
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    tag
}

pub(crate) async fn what_is_known_already_is_not_sent_again(env: Env) {
    for (path, [change, ..]) in things(&env) {
        let first = ask(&env, &path, &[], None).await;
        assert_eq!(first.status, 200, "{path}: {}", first.body);
        let tag = strong(&first);
        let several = format!("\"other\", W/{tag}");
        for known in [tag.as_str(), several.as_str(), "*"] {
            let same = ask(&env, &path, &[("if-none-match", known)], None).await;
            assert_eq!(
                (same.status, same.body),
                (304, Value::Null),
                "{path} {known}"
            );
            assert_eq!(same.tag.as_deref(), Some(tag.as_str()), "{path}");
        }
        let other = ask(&env, &path, &[("if-none-match", "\"other\"")], None).await;
        assert_eq!((other.status, &other.body), (200, &first.body), "{path}");
        // Without a condition it is put as ever, and what was known is no longer it.
        let put = ask(&env, &path, &[], Some(&change)).await;
        assert_eq!(put.status, 200, "{path}: {}", put.body);
        let new = strong(&put);
        assert_ne!(new, tag, "{path}");
        let again = ask(&env, &path, &[("if-none-match", &tag)], None).await;
        assert_eq!((again.status, &again.body), (200, &put.body), "{path}");
        assert_eq!(again.tag, Some(new), "{path}");
    }
    env.end().await;
}

pub(crate) async fn a_change_made_from_an_older_look_is_refused(env: Env) {
    for (path, [first, second, third]) in things(&env) {
        let seen = strong(&ask(&env, &path, &[], None).await);
        let from = |tag: &str| [("if-match", tag.to_owned())];
        let put = async |tag: &str, change: &Value| {
            let [(name, value)] = from(tag);
            ask(&env, &path, &[(name, &value)], Some(change)).await
        };
        let taken = put(&seen, &first).await;
        assert_eq!(taken.status, 200, "{path}: {}", taken.body);

        let refused = put(&seen, &second).await;
        assert_eq!(refused.status, 412, "{path}: {}", refused.body);
        assert_eq!(refused.body["code"], "changed_meanwhile", "{path}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("read it again"), "{detail}");
        // A weak tag is never the same for a change.
        let weak = format!("W/{}", strong(&taken));
        assert_eq!(put(&weak, &second).await.status, 412, "{path}");
        let now = ask(&env, &path, &[], None).await;
        assert_eq!(now.body, taken.body, "{path}: nothing was done");

        let read = strong(&now);
        let later = put(&format!("{seen}, {read}"), &second).await;
        assert_eq!(later.status, 200, "{path}: {}", later.body);
        assert_ne!(later.body, taken.body, "{path}");
        let any = put("*", &third).await;
        assert_eq!(any.status, 200, "{path}: {}", any.body);
        assert_ne!(any.body, later.body, "{path}");
    }
    let kept = env.sol().api.get("/v1/policy/history").await.unwrap();
    assert_eq!(kept["items"].as_array().unwrap().len(), 4, "{kept}");
    env.end().await;
}

pub(crate) async fn of_many_at_once_one_is_taken(env: Env) {
    for (path, [change, ..]) in things(&env) {
        let seen = strong(&ask(&env, &path, &[], None).await);
        let from = [("if-match", seen.as_str())];
        let all = join_all((0..8).map(|_| ask(&env, &path, &from, Some(&change)))).await;
        let of = |status: u16| all.iter().filter(|a| a.status == status).count();
        assert_eq!((of(200), of(412)), (1, 7), "{path}");
    }
    env.end().await;
}

pub(crate) async fn a_condition_on_somebody_unknown_creates_nobody(env: Env) {
    let path = "/v1/contacts/573009990042";
    let change = json!({ "name": "Nadie" });
    for condition in ["*", "\"0\""] {
        let refused = ask(&env, path, &[("if-match", condition)], Some(&change)).await;
        assert_eq!(refused.status, 412, "{condition}: {}", refused.body);
    }
    let none = ask(&env, path, &[], None).await;
    assert_eq!(none.status, 404, "{}", none.body);
    assert_eq!(none.body["code"], "not_found", "{}", none.body);
    // An unknown id stays one, and somebody of another shop's is one.
    let theirs = env.contact(env.lua(), 0).await["id"].clone();
    let path = format!("/v1/contacts/{}", theirs.as_str().unwrap());
    let refused = ask(&env, &path, &[("if-match", "*")], Some(&change)).await;
    assert_eq!(refused.status, 404, "{}", refused.body);
    env.end().await;
}

pub(crate) async fn tags_that_do_not_read_are_refused(env: Env) {
    for (path, [change, ..]) in things(&env) {
        let before = ask(&env, &path, &[], None).await;
        for bad in ["", "abc", "\"a", "\"a\" \"b\"", "*, \"a\"", "w/\"a\""] {
            for (name, body) in [("if-none-match", None), ("if-match", Some(&change))] {
                let refused = ask(&env, &path, &[(name, bad)], body).await;
                assert_eq!(refused.status, 400, "{path} {name}: {bad}");
                assert_eq!(refused.body["code"], "bad_request");
                assert!(refused.body["detail"].as_str().unwrap().contains(name));
            }
        }
        let odd = ask(&env, &path, &[("if-none-match", "*")], Some(&change)).await;
        assert_eq!(odd.status, 400, "{path}: refused, not ignored");
        let after = ask(&env, &path, &[], None).await;
        assert_eq!(after.body, before.body, "{path}");
    }
    env.end().await;
}

/// As whoever holds a token: the status, the tag and the body of an answer.
async fn as_whom(
    env: &Env,
    token: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Answer {
    let url = format!("{}{path}", env.stage.host.url);
    let mut request = env.http.request(method.parse().unwrap(), url);
    request = request.bearer_auth(token);
    request = request.header("x-portero-tenant", env.sol().shop.slug);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let tag = answer.headers().get("etag");
    let tag = tag.map(|t| t.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { status, tag, body }
}

pub(crate) async fn a_registry_a_number_a_role_and_an_app_are_changed_from_a_look(env: Env) {
    let sol = &env.sol().shop;
    let ana = json!({ "name": "ana", "role": "viewer" });
    env.sol().api.post("/v1/users", ana).await.unwrap();
    let number = |display: &str| {
        json!({ "phone_number_id": sol.number, "waba_id": sol.waba, "display": display,
        "access_token": env.stage.secrets.access_token })
    };
    let app =
        |word: &str| json!({ "app_secret": env.stage.secrets.app_secret, "verify_token": word });
    let secrets = app("first-word");
    let operator = env.stage.host.operator_token.clone();
    let made = as_whom(
        &env,
        &operator,
        ("PUT", "/v1/apps/spare"),
        &[],
        Some(&secrets),
    )
    .await;
    assert_eq!(made.status, 204, "{}", made.body);
    let shown = format!("/v1/numbers/{}", sol.number);
    // Where it is looked at, where it is changed, and three changes.
    let things: Vec<(&str, &str, [Value; 3])> = vec![
        (
            "/v1/registries/co-rne",
            "/v1/registries/co-rne",
            [
                json!({ "applies": true }),
                json!({ "applies": false, "reason": "nobody lives there" }),
                json!({ "applies": true, "reason": "they do" }),
            ],
        ),
        (
            shown.as_str(),
            "/v1/numbers",
            [number("+57 1"), number("+57 2"), number("+57 3")],
        ),
        (
            "/v1/users/ana/role",
            "/v1/users/ana/role",
            ["auditor", "approver", "developer"].map(|role| json!({ "role": role })),
        ),
        (
            "/v1/apps/spare",
            "/v1/apps/spare",
            [app("second-word"), app("third-word"), app("fourth-word")],
        ),
    ];
    for (look, put, [first, second, third]) in things {
        let get = async |headers: &[(&str, &str)]| {
            as_whom(&env, &operator, ("GET", look), headers, None).await
        };
        let change = async |tag: &str, body: &Value| {
            as_whom(
                &env,
                &operator,
                ("PUT", put),
                &[("if-match", tag)],
                Some(body),
            )
            .await
        };
        let seen = get(&[]).await;
        assert_eq!(seen.status, 200, "{look}: {}", seen.body);
        let tag = strong(&seen);
        assert_eq!(get(&[("if-none-match", &tag)]).await.status, 304, "{look}");
        let taken = change(&tag, &first).await;
        assert!(
            taken.status == 200 || taken.status == 204,
            "{look}: {}",
            taken.body
        );
        let refused = change(&tag, &second).await;
        assert_eq!(refused.status, 412, "{look}: {}", refused.body);
        assert_eq!(refused.body["code"], "changed_meanwhile", "{look}");
        let now = get(&[]).await;
        assert_ne!(now.tag, seen.tag, "{look}: it looks otherwise");
        let later = change(&strong(&now), &second).await;
        assert!(later.status < 300, "{look}: {}", later.body);
        assert!(change("*", &third).await.status < 300, "{look}");
        assert!(
            !now.body.to_string().contains("-word"),
            "a secret is shown: {}",
            now.body
        );
    }
    // `*` asks that the thing is there.
    let mut none = number("+57 9");
    none["phone_number_id"] = json!("499000000000099");
    for (path, body) in [("/v1/numbers", &none), ("/v1/apps/nobody", &secrets)] {
        let refused = as_whom(
            &env,
            &operator,
            ("PUT", path),
            &[("if-match", "*")],
            Some(body),
        )
        .await;
        assert_eq!(refused.status, 412, "{path}: {}", refused.body);
    }
    env.end().await;
}
