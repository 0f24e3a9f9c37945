//! What is no plugin is refused before anything of it runs, with what was expected, what was found and what to do;
//! and what a plugin says of its parts is listed.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use portero::client::Body;
use portero_sandbox::embed_manifest;
use serde_json::{Value, json};

use crate::console_campaigns::{in_words, with_role};
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(plugin_refusals::what_is_no_plugin_is_refused_and_says_what_to_do),
    test!(plugin_refusals::what_a_plugin_is_made_of_is_listed_where_the_file_tells),
];

const MANIFEST: &str =
    "id = \"ar.example.x\"\nversion = \"1.0.0\"\nkind = \"replies\"\nwit = \"0.1\"\n";
const EXPORT: &str = r#"(instance $i) (export "portero:plugin/replies@0.1.0" (instance $i))"#;

fn component(body: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {body})")).expect("a component")
}

fn with(manifest: &str) -> Vec<u8> {
    embed_manifest(&component(EXPORT), manifest)
}

fn importing(import: &str) -> Vec<u8> {
    let body = format!("(import \"{import}\" (instance)) {EXPORT}");
    embed_manifest(&component(&body), MANIFEST)
}

/// A custom section as it stands in a file.
fn section(name: &str, data: &[u8]) -> Vec<u8> {
    let length = |mut n: usize| {
        let mut out = Vec::new();
        loop {
            let low = u8::try_from(n & 0x7f).expect("seven bits");
            n >>= 7;
            out.push(if n == 0 { low } else { low | 0x80 });
            if n == 0 {
                return out;
            }
        }
    };
    let mut inside = length(name.len());
    inside.extend_from_slice(name.as_bytes());
    inside.extend_from_slice(data);
    let mut out = vec![0];
    out.extend(length(inside.len()));
    out.extend(inside);
    out
}

async fn install(env: &Env, bytes: Vec<u8>) -> Result<Value, String> {
    let api = &env.sol().api;
    let sent = api.send(
        reqwest::Method::POST,
        "/v1/plugins",
        Some(Body::Bytes(bytes)),
    );
    sent.await.map_err(|e| format!("{e:?} {e}"))
}

pub(crate) async fn what_is_no_plugin_is_refused_and_says_what_to_do(env: Env) {
    let whole = with(MANIFEST);
    let mut cut = whole.clone();
    cut.pop();
    let mut huge = whole.clone();
    huge.resize(32 * 1024 * 1024 + 1, 0);
    let later = MANIFEST.replace("0.1", "0.9");
    let forged = MANIFEST.replace("replies", "analytics");
    let unknown = format!("{MANIFEST}sudo = true\n");
    // Found, expected, to do.
    let cases: Vec<(&str, Vec<u8>, [&str; 3])> = vec![
        (
            "native code",
            b"\x7fELF\x02\x01\x01\0".to_vec(),
            [
                "found native code (ELF)",
                "expected a WebAssembly component",
                "install the `.wasm`",
            ],
        ),
        (
            "a core module",
            b"\0asm\x01\0\0\0".to_vec(),
            [
                "found a core module",
                "expected a WebAssembly component",
                "wasm32-wasip2",
            ],
        ),
        (
            "a text",
            b"hola".to_vec(),
            [
                "found something unreadable",
                "expected a WebAssembly component",
                "again",
            ],
        ),
        (
            "half a file",
            cut,
            [
                "found something unreadable",
                "expected a WebAssembly component",
                "again",
            ],
        ),
        (
            "too large",
            huge,
            [
                "33554433 bytes",
                "at most 33554432",
                "strip debug information",
            ],
        ),
        (
            "no manifest",
            component(EXPORT),
            ["found none", "expected one custom section", "SDK's macro"],
        ),
        (
            "two manifests",
            embed_manifest(&whole, MANIFEST),
            [
                "found 2",
                "expected one custom section",
                "do not link two plugins",
            ],
        ),
        (
            "a second manifest that asks for more, put behind the first",
            embed_manifest(
                &whole,
                &format!("{MANIFEST}[[permission]]\nid = \"kv\"\nreason = \"x\"\n"),
            ),
            [
                "found 2",
                "expected one custom section",
                "do not link two plugins",
            ],
        ),
        (
            "a manifest of another kind than the component",
            with(&forged),
            ["exports `replies`", "says `analytics`", "correct `kind`"],
        ),
        (
            "a manifest with a key that nobody knows",
            with(&unknown),
            [
                "`sudo`",
                "manifest is wrong",
                "correct `portero-plugin.toml`",
            ],
        ),
        (
            "a manifest that is no text",
            [component(EXPORT), section("portero:manifest", b"\xff\xfe")].concat(),
            [
                "not UTF-8",
                "manifest is wrong",
                "correct `portero-plugin.toml`",
            ],
        ),
        (
            "a later contract",
            with(&later),
            [
                "speaks `portero:plugin` 0.9",
                "this host 0.1",
                "update the host",
            ],
        ),
        (
            "an import that is not asked for",
            importing("portero:plugin/kv@0.1.0"),
            [
                "portero:plugin/kv@0.1.0",
                "does not ask for it",
                "id = \"kv\"",
            ],
        ),
        (
            "sockets",
            importing("wasi:sockets/tcp@0.2.0"),
            [
                "wasi:sockets/tcp@0.2.0",
                "not available to plugins",
                "portero:plugin/http",
            ],
        ),
        (
            "an interface of another host",
            importing("acme:host/send@1.0.0"),
            [
                "acme:host/send@1.0.0",
                "not available to plugins",
                "no more",
            ],
        ),
        (
            "a contract that the manifest does not name",
            importing("portero:plugin/log@0.9.0"),
            ["0.9", "this host 0.1", "update the host"],
        ),
        (
            "nothing exported",
            embed_manifest(&component(""), MANIFEST),
            [
                "found no export",
                "expected an export `portero:plugin/replies@0.1",
                "replies-plugin",
            ],
        ),
    ];
    for (what, bytes, words) in cases {
        let refused = install(&env, bytes).await.expect_err(what);
        for word in words {
            assert!(
                refused.contains(word),
                "{what}: `{word}` is missing from {refused}"
            );
        }
    }
    let all = env.sol().api.get("/v1/plugins").await.expect("plugins");
    assert!(!all.to_string().contains("ar.example"), "{all}");
    env.end().await;
}

pub(crate) async fn what_a_plugin_is_made_of_is_listed_where_the_file_tells(env: Env) {
    let list = br#"{"packages":[
        {"name":"serde","version":"1.0.219","source":"crates.io"},
        {"name":"cc","version":"1.2.0","source":"crates.io","kind":"build"},
        {"name":"carts","version":"0.1.0","source":"local","dependencies":[0,1],"root":true}]}"#;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(list).expect("packed");
    let packed = packed.finish().expect("packed");
    let bot = portero::guest::CART_RECOVERY.to_vec();
    let telling = [bot, section(".dep-v0", &packed)].concat();
    let slug = env.sol().shop.slug;
    let viewer = with_role(&env, slug, "viewer").await;
    let how =
        json!({ "config": { "shop": "Tienda Sol", "languages": ["es"], "delay_minutes": 60 } });
    let how = portero::commands::plugin::encode(&how.to_string());
    let api = &env.sol().api;
    let mut told = Vec::new();
    for bytes in [telling, portero::guest::CART_RECOVERY.to_vec()] {
        let path = format!("/v1/plugins?how={how}");
        let sent = api.send(reqwest::Method::POST, &path, Some(Body::Bytes(bytes)));
        let installed = sent.await.expect("installed");
        let id = installed["id"].as_str().expect("an id").to_owned();
        let parts = api.get(&format!("/v1/plugins/{id}/parts")).await;
        let parts = parts.expect("parts");
        assert_eq!(parts["digest"], installed["digest"]);
        told.push(parts["parts"].clone());
        let elsewhere = format!("/v1/plugins/{id}/parts");
        env.lua().api.get(&elsewhere).await.expect_err("not theirs");
        for lang in ["es", "pt", "en"] {
            let page = format!("/plugins/{slug}/{id}?lang={lang}");
            let shown = viewer.get(&env, &page).await.body;
            in_words(&shown);
            let listed = shown.contains("serde 1.0.219");
            assert_eq!(listed, told.len() == 1, "{shown}");
            assert!(!shown.contains("cc 1.2.0"), "only took part in the build");
        }
    }
    assert_eq!(
        told[0][0],
        json!({ "name": "carts", "version": "0.1.0", "source": "local", "build_only": false })
    );
    assert_eq!(told[0][1]["build_only"], true);
    assert_eq!(told[0].as_array().map(Vec::len), Some(3));
    assert!(told[1].is_null(), "{told:?}");
    env.end().await;
}
