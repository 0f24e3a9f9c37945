//! Requests of plugins: to the shop's own systems as granted, with secrets that the plugin never sees, and to
//! nowhere else.

use portero::client::Body;
use serde_json::{Value, json};

use crate::console_campaigns::{in_words, with_role};
use crate::harness::{Env, Test, test};
use crate::systems::NAMED;

pub(crate) const TESTS: &[Test] = &[
    test!(fetches::a_granted_system_is_asked_with_a_secret_that_the_plugin_never_sees),
    test!(fetches::what_is_not_granted_or_not_public_is_denied_with_its_reason),
    test!(fetches::hosts_are_granted_within_what_the_manifest_asks_for),
    test!(fetches::a_secret_is_its_installations_own),
    test!(fetches::a_later_version_takes_no_secret_to_new_hosts),
    test!(fetches::the_plugins_page_sets_a_secret_and_never_shows_one),
];

const GUEST: &str = "test.portero.hostile";
const SOMEBODY: usize = 3;
const SECRET: &str = "shop-token-7f3a9c";

/// Installs the guest that does as it is told.
pub(crate) async fn install(env: &Env, grants: Value) -> Result<String, String> {
    install_as(env, guest(), grants).await
}

pub(crate) fn guest() -> Vec<u8> {
    std::fs::read(env!("PORTERO_GUEST_HOSTILE")).expect("the guest")
}

async fn install_as(env: &Env, component: Vec<u8>, grants: Value) -> Result<String, String> {
    let how = json!({ "config": {}, "position": -1, "grants": grants });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let api = &env.sol().api;
    let answer = api
        .send(reqwest::Method::POST, &path, Some(Body::Bytes(component)))
        .await;
    env.settle().await;
    let answer = answer.map_err(|e| format!("{e:?} {e}"))?;
    Ok(answer["id"].as_str().expect("an id").to_owned())
}

pub(crate) fn granted(hosts: &[&str]) -> Value {
    json!({ "permissions": ["send.session", "http.fetch"], "hosts": hosts })
}

/// Tells it to ask; what it says came of it.
async fn told(env: &Env, what: &str) -> String {
    env.says(env.sol(), SOMEBODY, &format!("fetch {what}"))
        .await;
    let newest = env.messages(env.sol(), SOMEBODY).await[0].clone();
    let text = newest["content"]["body"].as_str();
    text.unwrap_or_else(|| panic!("{newest}")).to_owned()
}

async fn set(env: &Env, id: &str, name: &str, value: &str) -> Result<Value, String> {
    let path = format!("/v1/plugins/{id}/secrets/{name}");
    let set = env.sol().api.put(&path, json!({ "value": value })).await;
    set.map_err(|e| format!("{e:?} {e}"))
}

pub(crate) async fn a_granted_system_is_asked_with_a_secret_that_the_plugin_never_sees(env: Env) {
    let asked = env.systems.open(NAMED).await;
    let id = install(&env, granted(&["crm.shop.test:80"]))
        .await
        .expect("installed");
    let ask = "http://crm.shop.test/carts|authorization=Bearer {{secret:SHOP_TOKEN}}";

    // Without the secret nothing leaves.
    let said = told(&env, ask).await;
    assert!(
        said.contains("Denied") && said.contains("SHOP_TOKEN"),
        "{said}"
    );
    assert!(asked.lock().expect("a lock").is_empty());

    let view = set(&env, &id, "SHOP_TOKEN", SECRET).await.expect("set");
    assert_eq!(view["hosts"], json!(["crm.shop.test:80"]));
    assert!(!view.to_string().contains(SECRET), "{view}");
    let said = told(&env, ask).await;
    assert_eq!(said, "200 you are Bearer {{secret:SHOP_TOKEN}}");
    let all = std::mem::take(&mut *asked.lock().expect("a lock"));
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].path, "/carts");
    assert_eq!(all[0].headers["authorization"], format!("Bearer {SECRET}"));

    let path = format!("/v1/plugins/{id}/secrets");
    let listed = env.sol().api.get(&path).await.expect("secrets");
    assert_eq!(listed[0]["name"], "SHOP_TOKEN");
    assert!(listed[0]["set_at"].is_string() && !listed.to_string().contains(SECRET));

    // Forgotten, it is denied again.
    let one = format!("{path}/SHOP_TOKEN");
    let gone = env
        .sol()
        .api
        .send(reqwest::Method::DELETE, &one, None)
        .await;
    gone.expect("forgotten");
    assert!(told(&env, ask).await.contains("Denied"));
    assert!(asked.lock().expect("a lock").is_empty());

    let counted = env.stage.host.ctx.counters.all();
    let of = |name: &str| counted.iter().find(|(n, _)| *n == name).expect(name).1;
    assert_eq!(of("plugin_requests_answered"), 1);
    assert_eq!(of("plugin_requests_denied"), 2);
    env.end().await;
}

pub(crate) async fn what_is_not_granted_or_not_public_is_denied_with_its_reason(env: Env) {
    let asked = env.systems.open(NAMED).await;
    let hidden = env.systems.open("admin.inside.test").await;
    env.systems.put(
        "meta.inside.test",
        "169.254.169.254:80".parse().expect("an address"),
    );
    install(&env, granted(&["crm.shop.test:80", "*.inside.test"]))
        .await
        .expect("installed");
    for (what, reason) in [
        // Messages leave through the gate only, and that is what is said.
        ("https://graph.facebook.com/v26.0/1/messages", "gate"),
        ("https://api.twilio.com/2010-04-01/Messages.json", "gate"),
        // Not granted: another host, the same at another port, asked for but not granted.
        (
            "https://evil.example/",
            "Denied(\"http.fetch evil.example\")",
        ),
        (
            "http://crm.shop.test:8080/",
            "Denied(\"http.fetch crm.shop.test:8080\")",
        ),
        (
            "https://crm.shop.test/",
            "Denied(\"http.fetch crm.shop.test\")",
        ),
        (
            "https://api.shop.example/",
            "Denied(\"http.fetch api.shop.example\")",
        ),
        ("https://inside.test/", "Denied(\"http.fetch inside.test\")"),
        // Granted, and inside: a grant opens no network of the host's.
        ("https://admin.inside.test/", "no public address"),
        (
            "https://meta.inside.test/latest/meta-data",
            "no public address",
        ),
        ("https://unknown.inside.test/", "Unavailable"),
        // No names at all.
        ("https://127.0.0.1/", "Invalid"),
        ("https://[::1]/", "Invalid"),
        ("http://2130706433/", "Invalid"),
        ("https://ana:word@crm.shop.test/", "Invalid"),
        ("file:///etc/passwd", "Invalid"),
        ("not an address", "Invalid"),
        // Where the shop's system is asked, headers of the connection stay the host's.
        ("http://crm.shop.test/|host=graph.facebook.com", "Invalid"),
        // A secret that the manifest does not have.
        ("http://crm.shop.test/|x={{secret:MASTER_KEY}}", "Denied"),
    ] {
        let said = told(&env, what).await;
        assert!(said.contains(reason), "{what}: {said}");
    }
    assert!(asked.lock().expect("a lock").is_empty());
    assert!(hidden.lock().expect("a lock").is_empty());

    // Without the permission, whatever hosts stood there before.
    install(&env, json!({ "permissions": ["send.session"] }))
        .await
        .expect("installed again");
    let said = told(&env, "http://crm.shop.test/").await;
    assert_eq!(said, "Denied(\"http.fetch\")");
    assert!(asked.lock().expect("a lock").is_empty());
    env.end().await;
}

pub(crate) async fn hosts_are_granted_within_what_the_manifest_asks_for(env: Env) {
    for (hosts, reason) in [
        (&["evil.example"][..], "crm.shop.test:80"),
        (&["*.shop.example"][..], "not asked for"),
        (&["inside.test"][..], "not asked for"),
        (&["https://api.shop.example"][..], "without scheme"),
        (&["10.0.0.1"][..], "no host"),
        (&[][..], "no host is"),
    ] {
        let refused = install(&env, granted(hosts)).await.expect_err("refused");
        assert!(refused.contains(reason), "{hosts:?}: {refused}");
    }
    let without = json!({ "permissions": ["send.session"], "hosts": ["api.shop.example"] });
    let refused = install(&env, without).await.expect_err("refused");
    assert!(refused.contains("http.fetch"), "{refused}");
    // Narrower is fine.
    install(&env, granted(&["eu.inside.test"]))
        .await
        .expect("installed");
    let all = env.sol().api.get("/v1/plugins").await.expect("plugins");
    let all = all.as_array().expect("a list");
    let found = all
        .iter()
        .find(|p| p["plugin"] == GUEST)
        .expect("installed");
    assert_eq!(found["grants"]["hosts"], json!(["eu.inside.test"]));
    env.end().await;
}

pub(crate) async fn a_secret_is_its_installations_own(env: Env) {
    let id = install(&env, granted(&["crm.shop.test:80"]))
        .await
        .expect("installed");
    for (name, value, reason) in [
        ("OTHER", "x", "SHOP_TOKEN"),
        ("SHOP_TOKEN", "", "printable"),
        ("SHOP_TOKEN", "two\nlines", "printable"),
        ("SHOP_TOKEN", " padded", "printable"),
        ("SHOP_TOKEN", "señal", "printable"),
    ] {
        let refused = set(&env, &id, name, value).await.expect_err("refused");
        assert!(refused.contains(reason), "{name}: {refused}");
    }
    set(&env, &id, "SHOP_TOKEN", &"x".repeat(4_096))
        .await
        .expect("the longest");
    set(&env, &id, "SHOP_TOKEN", &"x".repeat(4_097))
        .await
        .expect_err("longer");

    // Another tenant finds neither the installation nor its secrets.
    let path = format!("/v1/plugins/{id}/secrets");
    let other = env.lua().api.get(&path).await.expect_err("not theirs");
    assert!(
        other.to_string().contains("404") || other.to_string().contains("no "),
        "{other}"
    );
    let one = format!("{path}/SHOP_TOKEN");
    env.lua()
        .api
        .put(&one, json!({ "value": "theirs" }))
        .await
        .expect_err("not theirs");
    let gone = env
        .lua()
        .api
        .send(reqwest::Method::DELETE, &one, None)
        .await;
    gone.expect_err("not theirs");
    let listed = env.sol().api.get(&path).await.expect("secrets");
    assert!(listed[0]["set_at"].is_string(), "{listed}");
    env.end().await;
}

/// The guest as an earlier version of it: its secret may go to another host.
fn earlier() -> Vec<u8> {
    let mut component = guest();
    let now = b"[secrets.SHOP_TOKEN]\nhosts = [\"crm.shop.test:80\"]";
    let before = b"[secrets.SHOP_TOKEN]\nhosts = [\"api.shop.example\"]";
    let at = component.windows(now.len()).position(|w| w == now);
    let at = at.expect("the manifest stands in the component as it was written");
    component[at..at + before.len()].copy_from_slice(before);
    component
}

pub(crate) async fn a_later_version_takes_no_secret_to_new_hosts(env: Env) {
    let asked = env.systems.open(NAMED).await;
    let hosts = ["crm.shop.test:80", "api.shop.example"];
    let id = install_as(&env, earlier(), granted(&hosts))
        .await
        .expect("installed");
    let view = set(&env, &id, "SHOP_TOKEN", SECRET).await.expect("set");
    assert_eq!(view["hosts"], json!(["api.shop.example"]));
    let ask = "http://crm.shop.test/|authorization={{secret:SHOP_TOKEN}}";
    assert!(told(&env, ask).await.contains("Denied"));

    // The next version says that it goes elsewhere: the secret does not follow by itself.
    let again = install(&env, granted(&hosts)).await.expect("upgraded");
    assert_eq!(again, id, "the same installation");
    let path = format!("/v1/plugins/{id}/secrets");
    let listed = env.sol().api.get(&path).await.expect("secrets");
    assert_eq!(listed[0]["hosts"], json!([]), "{listed}");
    assert_eq!(
        listed[0]["new_hosts"],
        json!(["crm.shop.test:80"]),
        "{listed}"
    );
    let said = told(&env, ask).await;
    assert!(
        said.contains("Denied") && said.contains("SHOP_TOKEN"),
        "{said}"
    );
    assert!(asked.lock().expect("a lock").is_empty());

    set(&env, &id, "SHOP_TOKEN", SECRET)
        .await
        .expect("set again");
    assert_eq!(told(&env, ask).await, "200 you are {{secret:SHOP_TOKEN}}");
    assert_eq!(asked.lock().expect("a lock").len(), 1);
    env.end().await;
}

pub(crate) async fn the_plugins_page_sets_a_secret_and_never_shows_one(env: Env) {
    let asked = env.systems.open(NAMED).await;
    let id = install(&env, granted(&["crm.shop.test:80"]))
        .await
        .expect("installed");
    let slug = env.sol().shop.slug;
    let page = format!("/plugins/{slug}/{id}");
    let set = format!("/console/plugins/{slug}/{id}/secret");
    let owner = with_role(&env, slug, "owner").await;
    for (lang, missing, hosts) in [
        ("es", "Falta", "Puede ir a: crm.shop.test:80"),
        ("pt", "Falta", "Pode ir para: crm.shop.test:80"),
        ("en", "Missing", "May go to: crm.shop.test:80"),
    ] {
        let shown = owner.get(&env, &format!("{page}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(missing) && shown.contains(hosts), "{shown}");
    }
    // What cannot be a secret is said to be none, and is not shown again.
    let fields = [
        ("name", "SHOP_TOKEN"),
        ("value", "contraseña larga"),
        ("lang", "en"),
    ];
    let wrong = owner.post(&env, &set, &fields).await;
    let wrong = owner.get(&env, &wrong.location).await.body;
    assert!(
        wrong.contains("It was not kept") && !wrong.contains("contraseña"),
        "{wrong}"
    );
    let fields = [("name", "SHOP_TOKEN"), ("value", SECRET), ("lang", "en")];
    let done = owner.post(&env, &set, &fields).await;
    assert!(!done.location.contains(SECRET), "{}", done.location);
    let done = owner.get(&env, &done.location).await.body;
    in_words(&done);
    assert!(done.contains("The secret is kept."), "{done}");
    assert!(
        !done.contains(SECRET) && !done.contains("Missing"),
        "{done}"
    );
    let ask = "http://crm.shop.test/|authorization={{secret:SHOP_TOKEN}}";
    assert_eq!(told(&env, ask).await, "200 you are {{secret:SHOP_TOKEN}}");
    let sent = asked.lock().expect("a lock")[0].headers["authorization"].clone();
    assert_eq!(sent, SECRET);

    // Who may not install may look; another shop's page sets nothing here.
    let viewer = with_role(&env, slug, "viewer").await;
    let looks = viewer.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(
        looks.contains("it takes the right to install plugins"),
        "{looks}"
    );
    assert!(!looks.contains("name=\"value\""), "{looks}");
    assert_eq!(viewer.post(&env, &set, &fields).await.status, 403);
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    assert_eq!(lua.post(&env, &set, &fields).await.status, 404);
    env.end().await;
}
