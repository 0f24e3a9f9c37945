//! Whose plugins run: signatures of trusted keys, keys that hand over to others, what is fetched from elsewhere.

use portero::client::Body;
use portero::minisign::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::console_campaigns::{in_words, with_role};
use crate::fetches::guest;
use crate::harness::{Env, Test, test};
use crate::plugin_versions::{greedy, modest};
use crate::systems::NAMED;

pub(crate) const TESTS: &[Test] = &[
    test!(plugin_trust::a_signed_plugin_is_shown_with_its_signer_and_an_unsigned_one_as_unsigned),
    test!(plugin_trust::what_does_not_fit_is_refused_with_what_was_expected_found_and_to_do),
    test!(plugin_trust::once_signed_the_next_version_is_by_the_same_key),
    test!(plugin_trust::a_key_hands_over_to_its_successor_by_its_signature),
    test!(plugin_trust::what_is_fetched_has_the_digest_that_was_named_and_a_trusted_signature),
    test!(plugin_trust::the_page_trusts_a_key_and_trusts_it_no_more),
];

const ID: &str = "test.portero.hostile";

/// An author with a key, each another one.
pub(crate) struct Author(SigningKey);

impl Author {
    pub(crate) fn new(n: u8) -> Author {
        Author(SigningKey::from_random([n; 8], [n; 32]).expect("a key"))
    }

    /// The file that ends in `.pub`.
    pub(crate) fn public(&self) -> String {
        self.0.public_file()
    }

    pub(crate) fn key_id(&self) -> String {
        let read = portero_flow::desk::plugins::public_key(&self.public());
        read.expect("a key").1
    }

    /// The file that ends in `.minisig`.
    pub(crate) fn sign(&self, bytes: &[u8]) -> String {
        self.0.sign(bytes, "timestamp:1795000000")
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

pub(crate) async fn trust(env: &Env, author: &Author, prefixes: &[&str]) -> Result<Value, String> {
    let body = json!({ "public_key": author.public(), "name": "Acme", "prefixes": prefixes });
    let path = format!("/v1/plugin-keys/{}", author.key_id());
    let trusted = env.sol().api.put(&path, body).await;
    trusted.map_err(|e| format!("{e:?} {e}"))
}

async fn bring(env: &Env, path: &str, bytes: Vec<u8>, how: &Value) -> Result<Value, String> {
    let how = portero::commands::plugin::encode(&how.to_string());
    let path = format!("{path}?how={how}");
    let api = &env.sol().api;
    let sent = api.send(reqwest::Method::POST, &path, Some(Body::Bytes(bytes)));
    let answer = sent.await.map_err(|e| format!("{e:?} {e}"));
    env.settle().await;
    answer
}

async fn install(env: &Env, bytes: Vec<u8>, signature: Option<&str>) -> Result<Value, String> {
    let how = json!({ "signature": signature, "position": -1,
        "grants": { "permissions": ["send.session"] } });
    bring(env, "/v1/plugins", bytes, &how).await
}

async fn upgrade(
    env: &Env,
    id: &Value,
    bytes: Vec<u8>,
    signature: Option<&str>,
) -> Result<Value, String> {
    let path = format!("/v1/plugins/{}/upgrade", id.as_str().expect("an id"));
    bring(env, &path, bytes, &json!({ "signature": signature })).await
}

#[track_caller]
fn says(refused: Result<Value, String>, words: &[&str]) {
    let refused = refused.expect_err(words[0]);
    for word in words {
        assert!(
            refused.contains(word),
            "`{word}` is missing from: {refused}"
        );
    }
}

pub(crate) async fn a_signed_plugin_is_shown_with_its_signer_and_an_unsigned_one_as_unsigned(
    env: Env,
) {
    let slug = env.sol().shop.slug;
    let installed = install(&env, guest(), None).await.expect("a local file");
    assert!(installed["signed_by"].is_null() && installed["source"].is_null());
    let page = format!("/plugins/{slug}/{}", installed["id"].as_str().expect("id"));
    let viewer = with_role(&env, slug, "viewer").await;
    for (lang, unsigned) in [
        ("es", "sin firma"),
        ("pt", "sem assinatura"),
        ("en", "unsigned"),
    ] {
        let shown = viewer.get(&env, &format!("{page}?lang={lang}")).await.body;
        in_words(&shown);
        assert!(shown.contains(unsigned), "{shown}");
        let listed = viewer
            .get(&env, &format!("/plugins?lang={lang}"))
            .await
            .body;
        in_words(&listed);
        assert!(listed.contains(unsigned), "{listed}");
    }

    let author = Author::new(1);
    trust(&env, &author, &["test.portero."])
        .await
        .expect("trusted");
    let signature = author.sign(&guest());
    let signed = install(&env, guest(), Some(&signature))
        .await
        .expect("signed");
    assert_eq!(signed["id"], installed["id"]);
    assert_eq!(signed["signed_by"]["key_id"], json!(author.key_id()));
    assert_eq!(signed["signed_by"]["name"], "Acme");
    // The very bytes that were signed, with other settings.
    let again = install(&env, guest(), None).await.expect("the same bytes");
    assert_eq!(again["signed_by"]["name"], "Acme");
    let shown = viewer.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(shown.contains("signed by Acme"), "{shown}");

    // Whoever trusts nobody takes the same signature for nothing.
    let how = json!({ "signature": signature });
    let path = format!(
        "/v1/plugins?how={}",
        portero::commands::plugin::encode(&how.to_string())
    );
    let lua = env
        .lua()
        .api
        .send(reqwest::Method::POST, &path, Some(Body::Bytes(guest())));
    let refused = lua.await.expect_err("not theirs").to_string();
    assert!(
        refused.contains("none is") && refused.contains("trust add"),
        "{refused}"
    );
    let theirs = env.lua().api.get("/v1/plugin-keys").await.expect("keys");
    assert_eq!(theirs, json!([]));

    // Who trusted what is written down, with the key.
    let log = env
        .sol()
        .api
        .get("/v1/audit?limit=200")
        .await
        .expect("the log");
    let rows = log["items"].as_array().expect("rows");
    let row = rows
        .iter()
        .find(|r| r["operation"] == "PUT /v1/plugin-keys/{key}");
    assert_eq!(row.expect("a row")["targets"], json!([author.key_id()]));

    // It is trusted no more: what runs goes on, and says so.
    let gone = format!("/v1/plugin-keys/{}", author.key_id());
    for found in [true, false] {
        let api = &env.sol().api;
        let answer = api.send(reqwest::Method::DELETE, &gone, None).await;
        assert_eq!(answer.is_ok(), found);
    }
    let all = env.sol().api.get("/v1/plugins").await.expect("plugins");
    assert_eq!(
        all[0]["signed_by"],
        json!({ "key_id": author.key_id(), "name": "",
        "public_key": signed["signed_by"]["public_key"] })
    );
    env.end().await;
}

pub(crate) async fn what_does_not_fit_is_refused_with_what_was_expected_found_and_to_do(env: Env) {
    let (author, other, stranger) = (Author::new(2), Author::new(3), Author::new(4));
    trust(&env, &author, &["test.portero."])
        .await
        .expect("trusted");
    // A name that only begins like the id is not the beginning of it, nor is another author's.
    trust(
        &env,
        &other,
        &["test.porter", "com.acme.", "test.portero.hostil"],
    )
    .await
    .expect("trusted");
    let (stranger_id, author_id) = (stranger.key_id(), author.key_id());
    let found = digest(&guest());
    let whole = author.sign(&guest());
    let mut cut: Vec<&str> = whole.lines().collect();
    cut.pop();
    let cut = cut.join("\n");
    // The comment is signed too.
    let relabelled = whole.replace("timestamp", "timestamq");
    assert_ne!(relabelled, whole);
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "an unknown key",
            &stranger.sign(&guest()),
            &[&stranger_id, &author_id, "trust add"],
        ),
        (
            "a wrong id",
            &other.sign(&guest()),
            &[ID, "com.acme.", "trust the key for this id"],
        ),
        (
            "another file",
            &author.sign(&modest()),
            &[&found, "another one", "again"],
        ),
        ("another comment", &relabelled, &["Acme", "another one"]),
        ("half of it", &cut, &["four lines", ".minisig"]),
        ("no signature", "hola", &["portero plugin sign", ".minisig"]),
        ("far too long", &whole.repeat(20), &["four lines"]),
    ];
    for (what, signature, words) in cases {
        let refused = install(&env, guest(), Some(signature)).await;
        assert!(refused.is_err(), "{what}");
        says(refused, words);
    }
    let how = json!({ "digest": "ab".repeat(32) });
    let refused = bring(&env, "/v1/plugins", guest(), &how).await;
    says(refused, &[&"ab".repeat(32), &found, "get it again"]);
    let refused = bring(
        &env,
        "/v1/plugins",
        guest(),
        &json!({ "digest": "sha256:ab" }),
    )
    .await;
    says(refused, &["64 hex digits", "sha256sum"]);
    let how = json!({ "signature": whole, "key": other.public() });
    says(
        bring(&env, "/v1/plugins", guest(), &how).await,
        &["expected", "found one of key"],
    );
    let all = env.sol().api.get("/v1/plugins").await.expect("plugins");
    assert!(
        !all.to_string().contains(ID),
        "nothing of it was installed: {all}"
    );

    // Keys that are none, names and ids that are none.
    for (body, word) in [
        (
            json!({ "public_key": "RWx", "name": "A", "prefixes": ["a."] }),
            ".pub",
        ),
        (
            json!({ "public_key": author.public(), "name": " ", "prefixes": ["a."] }),
            "name",
        ),
        (
            json!({ "public_key": author.public(), "name": "A", "prefixes": [] }),
            "1 to 20",
        ),
        (
            json!({ "public_key": author.public(), "name": "A", "prefixes": ["*"] }),
            "com.acme.",
        ),
        (
            json!({ "public_key": author.public(), "name": "A", "prefixes": ["a,b"] }),
            "com.acme.",
        ),
        (
            json!({ "public_key": other.public(), "name": "A", "prefixes": ["a."] }),
            "names another",
        ),
    ] {
        let path = format!("/v1/plugin-keys/{author_id}");
        let refused = env.sol().api.put(&path, body).await;
        says(refused.map_err(|e| format!("{e:?} {e}")), &[word]);
    }
    env.end().await;
}

pub(crate) async fn once_signed_the_next_version_is_by_the_same_key(env: Env) {
    let (author, other) = (Author::new(5), Author::new(6));
    for one in [&author, &other] {
        trust(&env, one, &["test.portero."]).await.expect("trusted");
    }
    let first = install(&env, guest(), None).await.expect("unsigned");
    let id = first["id"].clone();
    let second = upgrade(&env, &id, modest(), Some(&author.sign(&modest()))).await;
    assert_eq!(second.expect("signed from now on")["state"], "running");

    // Back to what was not signed opens no door for what is not.
    let back = format!("/v1/plugins/{}/rollback", id.as_str().expect("an id"));
    env.sol().api.post(&back, json!({})).await.expect("back");
    let words = ["found none", "Acme", "--new-signer"];
    says(upgrade(&env, &id, greedy(), None).await, &words);
    says(install(&env, greedy(), None).await, &words);
    let foreign = other.sign(&greedy());
    says(
        upgrade(&env, &id, greedy(), Some(&foreign)).await,
        &[
            &author.key_id(),
            &other.key_id(),
            "trust rotate",
            "--new-signer",
        ],
    );
    says(
        install(&env, greedy(), Some(&foreign)).await,
        &[&author.key_id(), &other.key_id()],
    );

    // A version that waits is not let in when its key is trusted no more.
    let waits = upgrade(&env, &id, greedy(), Some(&author.sign(&greedy()))).await;
    assert_eq!(waits.expect("it waits")["state"], "waiting");
    let of = format!("/v1/plugins/{}", id.as_str().expect("an id"));
    let versions = env.sol().api.get(&format!("{of}/versions")).await;
    let versions = versions.expect("versions");
    assert_eq!(versions["waiting"]["signed_by"]["name"], "Acme");
    assert_eq!(versions["versions"][1]["signed_by"]["name"], "Acme");
    assert!(versions["versions"][2]["signed_by"].is_null(), "{versions}");
    let gone = format!("/v1/plugin-keys/{}", author.key_id());
    let api = &env.sol().api;
    api.send(reqwest::Method::DELETE, &gone, None)
        .await
        .expect("removed");
    let approved = api.post(&format!("{of}/approve"), json!({})).await;
    says(
        approved.map_err(|e| format!("{e:?} {e}")),
        &[&author.key_id(), "not any more", "discard"],
    );

    // Whoever says so takes another signer, or none.
    let how = json!({ "signature": foreign, "new_signer": true });
    let taken = bring(&env, "/v1/plugins", greedy(), &how)
        .await
        .expect("said so");
    assert_eq!(taken["signed_by"]["key_id"], json!(other.key_id()));
    let how = json!({ "new_signer": true });
    let taken = bring(&env, "/v1/plugins", guest(), &how)
        .await
        .expect("said so");
    assert!(taken["signed_by"].is_null(), "{taken}");
    env.end().await;
}

pub(crate) async fn a_key_hands_over_to_its_successor_by_its_signature(env: Env) {
    let (old, new, thief) = (Author::new(7), Author::new(8), Author::new(9));
    trust(&env, &old, &["test.portero."])
        .await
        .expect("trusted");
    let installed = install(&env, guest(), Some(&old.sign(&guest()))).await;
    let id = installed.expect("installed")["id"].clone();

    let successor = format!("/v1/plugin-keys/{}/successor", old.key_id());
    let rotate = |public: String, signature: String| {
        let body = json!({ "public_key": public, "signature": signature });
        let (api, successor) = (&env.sol().api, successor.clone());
        async move {
            let done = api.post(&successor, body).await;
            done.map_err(|e| format!("{e:?} {e}"))
        }
    };
    // Not by the old one, of something else, of itself.
    let public = new.public();
    says(
        rotate(public.clone(), thief.sign(public.as_bytes())).await,
        &[&thief.key_id()],
    );
    says(
        rotate(public.clone(), old.sign(b"something else")).await,
        &["another one"],
    );
    let own = old.public();
    says(
        rotate(own.clone(), old.sign(own.as_bytes())).await,
        &["old key itself"],
    );

    let done = rotate(public.clone(), old.sign(public.as_bytes())).await;
    let done = done.expect("handed over");
    assert_eq!(done["key_id"], json!(new.key_id()));
    assert_eq!(
        (&done["name"], &done["prefixes"]),
        (&json!("Acme"), &json!(["test.portero."]))
    );
    let keys = env.sol().api.get("/v1/plugin-keys").await.expect("keys");
    assert_eq!(keys[0]["replaced_by"], json!(new.key_id()));
    assert!(keys[1]["replaced_by"].is_null(), "{keys}");

    // The new one signs what the old one signed; the old one signs nothing any more.
    says(
        upgrade(&env, &id, modest(), Some(&old.sign(&modest()))).await,
        &[&old.key_id(), &new.key_id(), "replaced"],
    );
    let came = upgrade(&env, &id, modest(), Some(&new.sign(&modest()))).await;
    assert_eq!(came.expect("by the successor")["state"], "running");
    // Nor is it taken back, nor does it hand over once more.
    says(
        trust(&env, &old, &["test.portero."]).await,
        &["was replaced", "remove"],
    );
    let public = thief.public();
    says(
        rotate(public.clone(), old.sign(public.as_bytes())).await,
        &["replaced"],
    );
    env.end().await;
}

async fn fetch(env: &Env, path: &str, body: Value) -> Result<Value, String> {
    let answer = env.sol().api.post(path, body).await;
    env.settle().await;
    answer.map_err(|e| format!("{e:?} {e}"))
}

pub(crate) async fn what_is_fetched_has_the_digest_that_was_named_and_a_trusted_signature(
    env: Env,
) {
    let author = Author::new(10);
    let signed = |name: &str, bytes: Vec<u8>| {
        let signature = author.sign(&bytes).into_bytes();
        [
            (format!("/{name}"), bytes),
            (format!("/{name}.minisig"), signature),
        ]
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    files.extend(signed("one.wasm", guest()));
    files.extend(signed("two.wasm", modest()));
    files.push(("/unsigned.wasm".to_owned(), guest()));
    files.extend(signed("huge.wasm", vec![0; 33 * 1024 * 1024]));
    env.systems.serve(NAMED, files).await;
    let at = |name: &str| format!("http://{NAMED}/{name}");
    let how = json!({ "position": -1, "grants": { "permissions": ["send.session"] } });
    let ask = |name: &str, digest: &str| json!({ "url": at(name), "digest": digest, "how": how });
    let good = digest(&guest());

    // Not before its key is trusted.
    says(
        fetch(&env, "/v1/plugins/fetch", ask("one.wasm", &good)).await,
        &["trust add"],
    );
    trust(&env, &author, &["test.portero."])
        .await
        .expect("trusted");
    let many = "https://shop.example/x.wasm?token=1";
    let cases: &[(Value, &[&str])] = &[
        (
            ask("unsigned.wasm", &good),
            &["unsigned.wasm.minisig", "404", "portero plugin sign"],
        ),
        (ask("nothing.wasm", &good), &["nothing.wasm.minisig"]),
        (ask("moved.wasm", &good), &["leads elsewhere", "302"]),
        (
            ask("two.wasm", &good),
            &[&good, &digest(&modest()), "another version"],
        ),
        (ask("one.wasm", "latest"), &["64 hex digits"]),
        (ask("huge.wasm", &good), &["longer than 33554432 bytes"]),
        (json!({ "url": many, "digest": good }), &["without `?`"]),
        (json!({ "url": "one.wasm", "digest": good }), &["https://"]),
        (
            json!({ "url": "http://shop.example/x.wasm", "digest": good }),
            &["https"],
        ),
        (
            json!({ "url": "https://127.0.0.1/x.wasm", "digest": good }),
            &["not fetched"],
        ),
        (
            json!({ "url": "https://admin.inside.test/x.wasm", "digest": good }),
            &["not fetched", "plugin_private_hosts"],
        ),
        (
            json!({ "url": at("one.wasm"), "digest": good, "how": { "signature": "x" } }),
            &["leave them out"],
        ),
    ];
    for (body, words) in cases {
        if body["url"]
            .as_str()
            .is_some_and(|u| u.contains("admin.inside"))
        {
            env.systems.put(
                "admin.inside.test",
                "10.0.0.1:443".parse().expect("an address"),
            );
        }
        says(fetch(&env, "/v1/plugins/fetch", body.clone()).await, words);
    }
    let installed = fetch(
        &env,
        "/v1/plugins/fetch",
        ask("one.wasm", &format!("sha256:{good}")),
    )
    .await;
    let installed = installed.expect("fetched");
    assert_eq!(installed["source"], json!(at("one.wasm")));
    assert_eq!(installed["signed_by"]["name"], "Acme");
    assert_eq!(installed["digest"], json!(good));

    let upgrade = format!(
        "/v1/plugins/{}/upgrade/fetch",
        installed["id"].as_str().expect("an id")
    );
    let wrong = json!({ "url": at("two.wasm"), "digest": good });
    says(fetch(&env, &upgrade, wrong).await, &["another version"]);
    let other = Author::new(11);
    let key = portero_flow::desk::plugins::public_key(&other.public())
        .expect("a key")
        .0;
    let body = json!({ "url": at("two.wasm"), "digest": digest(&modest()), "key": key });
    says(
        fetch(&env, &upgrade, body).await,
        &[&other.key_id(), &author.key_id()],
    );
    let body = json!({ "url": at("two.wasm"), "digest": digest(&modest()) });
    let came = fetch(&env, &upgrade, body).await.expect("fetched");
    assert_eq!(
        (&came["state"], &came["version"]),
        (&json!("running"), &json!("0.2.0"))
    );
    assert_eq!(came["installation"]["source"], json!(at("two.wasm")));
    env.end().await;
}

pub(crate) async fn the_page_trusts_a_key_and_trusts_it_no_more(env: Env) {
    let slug = env.sol().shop.slug;
    let (owner, viewer) = (
        with_role(&env, slug, "owner").await,
        with_role(&env, slug, "viewer").await,
    );
    let author = Author::new(12);
    let at = format!("/console/plugin-keys/{slug}");
    let public = author.public();
    let fields = [
        ("lang", "en"),
        ("key", public.as_str()),
        ("name", "Acme <b>"),
        ("prefixes", "com.acme., test.portero."),
    ];
    assert_eq!(viewer.post(&env, &at, &fields).await.status, 403);
    for (key, prefixes) in [
        ("RWx", "com.acme."),
        (public.as_str(), "*"),
        (public.as_str(), " "),
    ] {
        let fields = [
            ("lang", "en"),
            ("key", key),
            ("name", "Acme"),
            ("prefixes", prefixes),
        ];
        let done = owner.post(&env, &at, &fields).await;
        let shown = owner.get(&env, &done.location).await.body;
        in_words(&shown);
        assert!(shown.contains("It was not kept"), "{shown}");
    }
    let done = owner.post(&env, &at, &fields).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let shown = owner.get(&env, &done.location).await.body;
    assert!(
        shown.contains("The key is trusted.") && shown.contains(&author.key_id()),
        "{shown}"
    );
    assert!(
        shown.contains("com.acme., test.portero.") && !shown.contains("<b>"),
        "{shown}"
    );
    for lang in ["es", "pt", "en"] {
        in_words(&owner.get(&env, &format!("/plugins?lang={lang}")).await.body);
    }
    let seen = viewer.get(&env, "/plugins?lang=en").await.body;
    assert!(
        seen.contains(&author.key_id()) && !seen.contains("name=\"prefixes\""),
        "{seen}"
    );
    let listed = env.sol().api.get("/v1/plugin-keys").await.expect("keys");
    assert_eq!(listed[0]["prefixes"], json!(["com.acme.", "test.portero."]));

    let id = author.key_id();
    let fields = [("lang", "en"), ("key", id.as_str())];
    let done = owner.post(&env, &format!("{at}/remove"), &fields).await;
    let shown = owner.get(&env, &done.location).await.body;
    assert!(
        shown.contains("trusted no more") && !shown.contains(&id),
        "{shown}"
    );
    env.end().await;
}
