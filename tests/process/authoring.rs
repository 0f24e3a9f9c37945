//! A stranger with the program and Rust: from nothing to a tested plugin, without a registry.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::binary::{Ran, finish, folder, portero};

/// The program where no crate was ever downloaded and none can be.
fn offline(here: &Path, home: &Path) -> Command {
    let mut command = portero(here);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        // What cargo told this test; which toolchain it is stays.
        if (text.starts_with("CARGO") || text.starts_with("RUST")) && text != "RUSTUP_TOOLCHAIN" {
            command.env_remove(&name);
        }
    }
    // rustup itself is found by its own variable once CARGO_HOME is elsewhere.
    if let Some(rustup) = std::env::var_os("RUSTUP_HOME") {
        command.env("RUSTUP_HOME", rustup);
    }
    command.env("CARGO_HOME", home);
    command.env("CARGO_NET_OFFLINE", "true");
    command
}

fn typed<S: AsRef<OsStr>>(here: &Path, home: &Path, arguments: &[S]) -> Ran {
    let mut command = offline(here, home);
    command.args(arguments);
    finish(command)
}

pub(crate) fn each_kind_is_made_built_and_tested_without_a_registry() {
    let (here, home) = (folder(), folder());
    for kind in ["replies", "segmentation", "analytics"] {
        let name = format!("my-{kind}");
        let go = |words: &[&str]| typed(here.path(), home.path(), words);
        go(&["plugin", "new", &name, "--kind", kind]).says(0, &["portero plugin build"]);
        let built = go(&["plugin", "build", &name, "--json"]).json();
        assert_eq!(built["kind"], kind);
        assert_eq!(built["id"], format!("com.example.my-{kind}"));
        let wasm = fs::read(here.path().join(&name).join(format!("{name}.wasm"))).unwrap();
        assert_eq!(built["size_bytes"], wasm.len());
        // Nobody's folders are in what is handed on.
        let text = String::from_utf8_lossy(&wasm);
        for place in [here.path(), home.path()] {
            assert!(!text.contains(place.to_str().unwrap()), "{kind}");
        }
        go(&["plugin", "test", &name, "--no-build"]).says(0, &["1 scenarios, 0 failed"]);
        // The unit tests need no wasm.
        let at = here.path().join(&name);
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--offline"]).current_dir(&at);
        for (variable, value) in offline(&at, home.path()).get_envs() {
            match value {
                Some(value) => cargo.env(variable, value),
                None => cargo.env_remove(variable),
            };
        }
        finish(cargo).says(0, &["1 passed"]);
        for file in ["README.md", "README.es.md"] {
            let text = fs::read_to_string(here.path().join(&name).join(file)).unwrap();
            assert!(text.contains(&name) && !text.contains('@'), "{file}");
        }
    }
    assert!(
        !home.path().join("registry").exists(),
        "something was fetched"
    );
}

pub(crate) fn a_folder_is_never_written_over() {
    let (here, home) = (folder(), folder());
    let go = |words: &[&str]| typed(here.path(), home.path(), words);
    fs::create_dir(here.path().join("mine")).unwrap();
    fs::write(here.path().join("mine/a"), "a").unwrap();
    go(&["plugin", "new", "mine"]).says(1, &["`mine` is not empty", "--dir"]);
    go(&["plugin", "new", "Mine"]).says(1, &["`Mine`", "a-z", "`cart-recovery`"]);
    go(&["plugin", "new", "mine", "--kind", "bot"]).says(2, &["replies", "segmentation"]);
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
    go(&["plugin", "build", "mine"]).says(1, &["no plugin", "portero plugin new"]);
}

pub(crate) fn what_is_missing_is_told_with_its_remedy() {
    let (here, home) = (folder(), folder());
    typed(here.path(), home.path(), &["plugin", "new", "mine"]).says(0, &[]);
    let with_path = |path: &Path| {
        let mut command = offline(here.path(), home.path());
        command.args(["plugin", "build", "mine"]).env("PATH", path);
        finish(command)
    };
    let empty = folder();
    with_path(empty.path()).says(1, &["https://rustup.rs", "rustup target add wasm32-wasip2"]);
    // A toolchain without the target.
    let bin = folder();
    let rustc = bin.path().join("rustc");
    fs::write(
        &rustc,
        format!("#!/bin/sh\necho {}\n", bin.path().display()),
    )
    .unwrap();
    executable(&rustc);
    with_path(bin.path()).says(1, &["type: rustup target add wasm32-wasip2"]);
    // A manifest that does not read is told before anything is compiled.
    let manifest = here.path().join("mine/portero-plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("send.session", "send.sesion")).unwrap();
    with_path(bin.path()).says(
        1,
        &["portero-plugin.toml:", "`send.sesion` is no permission"],
    );
}

fn executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The component that comes along, in a folder as an author would have it.
fn shop(here: &Path, scenario: &str) {
    fs::create_dir_all(here.join("tests")).unwrap();
    fs::write(here.join("tienda_bot.wasm"), portero::guest::TIENDA_BOT).unwrap();
    fs::write(here.join("tests/a.scenario.toml"), scenario).unwrap();
}

const SHOP: &str = r#"name = "an offer to somebody who was never asked"
clock = "2026-11-23T10:00:00-05:00"

[tenant]
name = "Tienda Sol"
country = "CO"
timezone = "America/Bogota"
language = "es"

[plugin]
config = { shop = "Tienda Sol", languages = ["es"] }

[[contact]]
id = "ana"
name = "Ana"

[[template]]
name = "carrito_recordatorio"
language = "es"
category = "marketing"
body = "Hola {{nombre}}, tu carrito sigue guardado. ¿Lo terminamos?"
footer = "Responde BAJA para no recibir promociones"
quick_replies = ["No recibir"]

[[step]]
event = { kind = "business", contact = "ana", name = "cart.abandoned", data = { cart = "c1", items = 2 } }
"#;

pub(crate) fn a_failed_expectation_teaches() {
    let here = folder();
    let test = |more: &[&str]| {
        let mut words = vec!["plugin", "test", ".", "--component", "tienda_bot.wasm"];
        words.extend(more);
        crate::binary::run(here.path(), &words)
    };
    let expecting = |list: &str| format!("{SHOP}expect = {list}\n");
    shop(
        here.path(),
        &expecting(
            r#"[{ action = "send", template = "carrito_recordatorio", verdict = "allow" }]"#,
        ),
    );
    // What came instead, the verdict's sentence, the rule, the remedy.
    let ran = test(&[]);
    ran.says(
        3,
        &[
            "FAILED  an offer to somebody who was never asked",
            "a.scenario.toml:27: `expect` did not come",
            "verdict: expected \"allow\", was \"deny\"",
            "consent.missing:",
            "→ ",
            "1 scenarios, 1 failed",
        ],
    );
    // For programs.
    let ran = test(&["--json", "--junit", "junit.xml"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["passed"], false);
    assert_eq!(answer["scenarios"][0]["failures"][0]["line"], 27);
    let junit = fs::read_to_string(here.path().join("junit.xml")).unwrap();
    assert!(
        junit.contains("failures=\"1\"") && junit.contains("consent.missing"),
        "{junit}"
    );
    // What happened is written down, and holds from then on.
    test(&["--update"]).says(3, &["updated"]);
    let text = fs::read_to_string(here.path().join("tests/a.scenario.toml")).unwrap();
    assert!(
        text.starts_with(SHOP) && text.contains("rule = \"consent.missing\""),
        "{text}"
    );
    test(&[]).says(0, &["1 scenarios, 0 failed"]);
    // One message too many fails as one too few does.
    fs::write(here.path().join("tests/a.scenario.toml"), expecting("[]")).unwrap();
    test(&[]).says(3, &["does not have what came", "carrito_recordatorio"]);
    // What must never happen is told with both lines.
    let never =
        format!("never = [{{ template = \"carrito_recordatorio\", verdict = \"deny\" }}]\n{SHOP}");
    fs::write(here.path().join("tests/a.scenario.toml"), never).unwrap();
    test(&[]).says(3, &["what line 1 forbids happened", "consent.missing"]);
}

pub(crate) fn a_mistake_in_a_scenario_is_told_with_its_line() {
    let here = folder();
    shop(
        here.path(),
        &SHOP.replace("\"ana\", name = \"cart", "\"eva\", name = \"cart"),
    );
    let test = || {
        crate::binary::run(
            here.path(),
            &["plugin", "test", ".", "--component", "tienda_bot.wasm"],
        )
    };
    test().says(
        1,
        &[
            "tests/a.scenario.toml:26: there is no contact `eva`",
            "`ana`",
        ],
    );
    shop(here.path(), &SHOP.replace("timezone", "timezon"));
    test().says(
        1,
        &[
            "tests/a.scenario.toml:7: unknown field `timezon`",
            "`timezone`",
        ],
    );
    fs::remove_file(here.path().join("tests/a.scenario.toml")).unwrap();
    test().says(1, &["no `*.scenario.toml`", "host/docs/scenarios.md"]);
}

/// The scenario that the page of the format shows, with the plugin it speaks of.
pub(crate) fn the_page_of_scenarios_shows_one_that_holds() {
    let here = folder();
    let page = include_str!("../../host/docs/scenarios.md");
    let block = page.split("```toml\n").nth(1).unwrap();
    fs::create_dir_all(here.path().join("tests")).unwrap();
    fs::write(here.path().join("cart.wasm"), portero::guest::TIENDA_BOT).unwrap();
    fs::write(
        here.path().join("tests/a.scenario.toml"),
        block.split("```").next().unwrap(),
    )
    .unwrap();
    let ran = crate::binary::run(here.path(), &["plugin", "test", "--component", "cart.wasm"]);
    ran.says(0, &["1 scenarios, 0 failed"]);
}

/// Every block of the tutorial, in its order, as a reader would type it.
pub(crate) fn the_tutorial_does_what_it_says() {
    let (here, home) = (folder(), folder());
    let page = include_str!("../../host/docs/plugins.md");
    let part = page.split("\n## ").nth(1).unwrap();
    assert!(
        part.starts_with("From nothing to a bot in five minutes"),
        "{part}"
    );
    let mut at = here.path().to_owned();
    let mut demo = None;
    let mut ran = 0;
    let mut file = None;
    for (text, block) in blocks(part) {
        // The last path in backticks on the line before a block is the file that it is.
        let named = text.trim_end().rsplit('\n').next().unwrap_or_default();
        if let Some(name) = named.split('`').nth(1).filter(|_| named.ends_with(':')) {
            file = Some(name.to_owned());
        }
        let Some((language, body)) = block.split_once('\n') else {
            continue;
        };
        match language {
            "sh" => {
                for line in body.replace("\\\n", " ").lines() {
                    let line = line.split(" #").next().unwrap().trim();
                    if let Some(folder) = line.strip_prefix("cd ") {
                        at.push(folder);
                        continue;
                    }
                    if line.starts_with("rustup ") {
                        continue;
                    }
                    let words: Vec<&str> = line.split_whitespace().collect();
                    let mut command = match words[0] {
                        "portero" => {
                            let mut command = offline(&at, home.path());
                            command.args(&words[1..]);
                            command
                        }
                        other => panic!("the tutorial types `{other}`"),
                    };
                    ran += 1;
                    if words[1] == "demo" {
                        command.args(["--listen", "127.0.0.1:0", "--json"]);
                        let mut running = crate::binary::Running::start(command);
                        running.start_object();
                        demo = Some(running);
                        continue;
                    }
                    let ended = finish(command);
                    assert_eq!(ended.code, 0, "{line}\n{}{}", ended.out, ended.err);
                }
            }
            "text" => {}
            _ => fs::write(at.join(file.take().expect("a file's name")), body).unwrap(),
        }
    }
    drop(demo);
    assert!(ran >= 6, "only {ran} lines were run");
}

/// Text before a block, and the block with its language.
fn blocks(part: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    let mut rest = part;
    while let Some((text, after)) = rest.split_once("```") {
        let Some((block, after)) = after.split_once("```") else {
            break;
        };
        out.push((text, block));
        rest = after;
    }
    out
}

pub(crate) fn a_change_is_swapped_in_while_the_demo_runs() {
    let (here, home) = (folder(), folder());
    let go = |words: &[&str]| typed(here.path(), home.path(), words);
    go(&["plugin", "new", "greeter"]).says(0, &[]);
    let dev = [
        "plugin",
        "dev",
        "greeter",
        "--data",
        "demo-data",
        "--tenant",
        "tienda-sol",
        "--json",
    ];
    go(&dev).says(1, &["no host runs", "portero demo --idle --data demo-data"]);
    let mut demo = offline(here.path(), home.path());
    demo.args([
        "demo",
        "--idle",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--data",
        "demo-data",
    ]);
    let mut demo = crate::binary::Running::start(demo);
    demo.start_object();
    let mut command = offline(here.path(), home.path());
    command.args(dev);
    let mut dev = crate::binary::Running::start(command);
    let mut until = |kind: &str, words: &str| {
        while let Some(line) = dev.next_line() {
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            if said["kind"] == kind && line.contains(words) {
                return said;
            }
        }
        panic!("it ended before `{kind}` with `{words}`");
    };
    let person = until("person", "");
    let person = person["person"].as_str().unwrap().to_owned();
    let write = || {
        let text = [
            "trigger",
            "text",
            "--text",
            "buenas",
            "--tenant",
            "tienda-sol",
            "--data",
            "demo-data",
            "--person",
            person.as_str(),
        ];
        go(&text).says(0, &[]);
    };
    until("swapped", "com.example.greeter");
    write();
    assert_eq!(until("verdict", "Soy un asistente")["verdict"], "allow");
    // A mistake in the middle of an edit leaves the version before in place.
    let source = here.path().join("greeter/src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("impl Replies", "imp Replies")).unwrap();
    until("refused", "cargo could not build it");
    fs::write(&source, text.replace("¡Hola", "¡Buenas")).unwrap();
    until("swapped", "com.example.greeter");
    write();
    until("verdict", "¡Buenas");
}
