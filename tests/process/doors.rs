//! Verbs against a running host: who may ask what, and what is answered to nonsense.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::binary::{Running, finish, folder, portero, run};
use crate::shops::Shops;

pub(crate) fn why_of_nonsense_says_what_can_be_asked(shops: &Shops) {
    for nonsense in [
        "nonsense",
        "out_123",
        "wamid.NOBODY",
        "+000",
        "../../etc",
        "🦆",
    ] {
        let ran = shops.run(&["why", nonsense, "--tenant", "tienda-sol"]);
        ran.says(1, &["error:", "No such thing"]);
    }
    shops
        .run(&["why", "nonsense", "--tenant", "tienda-sol"])
        .says(1, &["`nonsense`", "out_…", "wamid.…", "dec_…", "number"]);
    // Two tenants and none named.
    shops
        .run(&["why", "nonsense"])
        .says(1, &["several tenants", "--tenant"]);
    // Usage, not a failure.
    shops.run(&["why"]).says(2, &["<ID>", "--help"]);
}

pub(crate) fn a_wrong_token_is_told_how_to_get_a_right_one(shops: &Shops) {
    for verb in [
        &["account"][..],
        &["inbox"],
        &["tenant", "list"],
        &["stop", "--all"],
        &["why", "out_1"],
    ] {
        shops
            .elsewhere("wrong", verb)
            .says(1, &["Not allowed in", "--token", "portero token create"]);
    }
    let url = shops.start["host_url"].as_str().unwrap();
    run(folder().path(), &["account", "--url", url]).says(2, &["--token"]);
    let nobody = run(
        folder().path(),
        &["account", "--url", "http://127.0.0.1:1", "--token", "x"],
    );
    nobody.says(1, &["http://127.0.0.1:1", "does not answer"]);
}

pub(crate) fn another_tenants_token_sees_nothing_of_this_one(shops: &Shops) {
    let (sol, lua) = (shops.tenant(0, "api_token"), shops.tenant(1, "api_token"));
    shops
        .elsewhere(sol, &["inbox", "--tenant", "tienda-sol"])
        .says(0, &["message"]);
    shops
        .elsewhere(lua, &["inbox", "--tenant", "tienda-sol"])
        .says(1, &["no tenant `tienda-sol`", "portero tenant list"]);
    // The same words as for a tenant that does not exist.
    shops
        .elsewhere(lua, &["inbox", "--tenant", "tienda-xyz"])
        .says(1, &["no tenant `tienda-xyz`", "portero tenant list"]);
    let list = shops.elsewhere(lua, &["tenant", "list"]);
    list.says(0, &["loja-lua"]);
    assert!(!list.out.contains("tienda-sol"), "{}", list.out);
    let whom = format!("+{}", shops.tenant(0, "sample_wa_id"));
    shops.elsewhere(sol, &["why", &whom]).says(0, &["sent"]);
    shops
        .elsewhere(lua, &["why", &whom])
        .says(1, &["No such thing"]);
    shops
        .elsewhere(lua, &["stop", "--tenant", "tienda-sol"])
        .says(1, &["error:"]);
    shops
        .elsewhere(lua, &["stop", "--all"])
        .says(1, &["error:", "operator"]);
    shops
        .elsewhere(sol, &["tenant", "list", "--json"])
        .says(0, &["\"stopped\":null"]);
    create_is_the_operators(shops, lua);
}

pub(crate) fn a_token_does_what_its_role_may(shops: &Shops) {
    let made = shops
        .run(&[
            "token",
            "create",
            "lawyer",
            "--tenant",
            "tienda-sol",
            "--role",
            "auditor",
            "--expires-days",
            "30",
            "--json",
        ])
        .json();
    let token = made["token"].as_str().unwrap();
    shops.elsewhere(token, &["inbox"]).says(0, &["message"]);
    shops
        .elsewhere(token, &["stop", "--tenant", "tienda-sol"])
        .says(1, &["Not with this role", "`stop`", "`auditor`", "--token"]);
    let listed = shops
        .run(&["token", "list", "--tenant", "tienda-sol", "--json"])
        .json();
    let rows = listed["items"].as_array().unwrap();
    let row = rows.iter().find(|r| r["id"] == made["id"]).unwrap();
    assert_eq!(
        (&row["role"], &row["state"], &row["expires_at"]),
        (&"auditor".into(), &"good".into(), &made["expires_at"])
    );
    assert!(row["last_used_at"].is_string(), "{row}");
    shops
        .run(&["token", "list", "--tenant", "tienda-sol"])
        .says(0, &["lawyer", "auditor", "last used"]);
    let id = made["id"].as_str().unwrap();
    shops.run(&["token", "revoke", id]).says(0, &["ended"]);
    shops
        .elsewhere(token, &["inbox"])
        .says(1, &["Not allowed in"]);
    // Usage, not a failure.
    shops
        .run(&["token", "create", "x", "--role", "king"])
        .says(2, &["`king` is no role", "viewer"]);
}

/// Where time goes by itself a session of the pages ends on the host too, whatever the browser keeps.
pub(crate) fn a_session_of_the_pages_lasts_half_a_day() {
    let here = folder();
    let mut host = portero(here.path());
    host.args(["serve", "--json", "--data", "data"]);
    let mut host = Running::start(host);
    let start = host.start_object();
    let link = start["login_url"].as_str().unwrap();
    let (host_and_port, path) = link
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .unwrap();
    let mut door = TcpStream::connect(host_and_port).unwrap();
    let asked =
        format!("GET /{path} HTTP/1.1\r\nhost: {host_and_port}\r\nconnection: close\r\n\r\n");
    door.write_all(asked.as_bytes()).unwrap();
    let mut answer = String::new();
    door.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let listed = run(here.path(), &["token", "list", "--json", "--data", "data"]).json();
    let rows = listed["items"].as_array().unwrap();
    let session = rows.iter().find(|r| r["label"] == "page session").unwrap();
    let at = |field: &str| {
        let text = session[field].as_str().unwrap();
        portero_domain::clock::Ts::parse_rfc3339(text).unwrap()
    };
    assert_eq!(at("expires_at").since(at("created_at")), 12 * 3_600_000);
}

fn create_is_the_operators(shops: &Shops, token: &str) {
    let arguments = [
        "tenant",
        "create",
        "mine",
        "--name",
        "Mine",
        "--timezone",
        "America/Bogota",
        "--country",
        "CO",
    ];
    shops
        .elsewhere(token, &arguments)
        .says(1, &["operator", "--data"]);
}

pub(crate) fn the_operator_looks_stops_and_resumes(shops: &Shops) {
    shops
        .run(&["tenant", "list"])
        .says(0, &["tienda-sol", "loja-lua", "Tienda Sol"]);
    let tenants = shops.run(&["tenant", "list", "--json"]).json();
    assert_eq!(tenants["items"].as_array().unwrap().len(), 2, "{tenants}");
    shops
        .run(&["inbox", "--tenant", "tienda-sol", "--limit", "5"])
        .says(0, &["message", "done", "proposed 1"]);
    let inbox = shops
        .run(&["inbox", "--tenant", "loja-lua", "--json"])
        .json();
    assert!(!inbox["items"].as_array().unwrap().is_empty());
    shops
        .run(&["account"])
        .says(0, &["proposed =", "final (sent"]);
    assert_eq!(shops.run(&["account", "--json"]).json()["balanced"], true);
    // At a glance: of one shop, in lines and as the API has it.
    let glance = ["status", "--tenant", "tienda-sol"];
    let told = shops.run(&glance);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(
        told.out.contains("sending; ") && told.out.contains("quality "),
        "{}",
        told.out
    );
    let json = shops.run(&[&glance[..], &["--json"]].concat()).json();
    assert_eq!(json["stopped"], serde_json::Value::Null, "{json}");
    assert!(json["today"]["proposed"].is_u64(), "{json}");
    shops
        .run(&["template", "list", "--tenant", "tienda-sol"])
        .says(0, &["pedido_estado", "PAUSED"]);
    shops
        .run(&["template", "history", "--tenant", "tienda-sol"])
        .says(0, &["promo_pausada (es)", "status", "PAUSED"]);
    shops
        .run(&["number", "list", "--tenant", "loja-lua"])
        .says(0, &["+55 11 5555-0202", "quality", "unlimited"]);
    shops
        .run(&["number", "sync", "--tenant", "tienda-sol"])
        .says(0, &["1 numbers asked"]);
    shops
        .run(&[
            "number",
            "show",
            "401000000000001",
            "--tenant",
            "tienda-sol",
        ])
        .says(0, &["+57 601 555 0101", "GREEN", "people a day: unlimited"]);
    shops
        .run(&["consent", "show", "573005550003", "--tenant", "tienda-sol"])
        .says(
            0,
            &[
                "granted",
                "ofertas",
                "sent in 30 days",
                "+573005550003",
                "actor: {\"kind\":\"operator\"",
                "wording_sha256: ",
            ],
        );
    files(shops);
    // Somebody of the shop takes a conversation, answers and gives it back, all from a terminal.
    let sol = ["--tenant", "tienda-sol"];
    let inbox = |rest: &[&str]| {
        let arguments: Vec<&str> = ["inbox"].iter().chain(rest).chain(&sol).copied().collect();
        shops.run(&arguments)
    };
    inbox(&["list"]).says(0, &["nobody waits"]);
    inbox(&["give-back", "573005550003", "--note", "x"])
        .says(1, &["the bot has this conversation"]);
    inbox(&["show", "573005550003"]).says(0, &["the bot has it"]);
    inbox(&["alert-after", "0"]).says(1, &["1 to 1440"]);
    inbox(&["alert-after", "20"]).says(0, &["20 minutes"]);
    shops
        .run(&["plugin", "list", "--tenant", "tienda-sol"])
        .says(0, &["tienda"]);

    shops.run(&["stop"]).says(1, &["--all", "--tenant"]);
    let stop = ["stop", "--tenant", "loja-lua", "--reason", "wrong price"];
    shops
        .run(&stop)
        .says(0, &["stopped: tenant loja-lua", "portero resume"]);
    let stopped = shops.run(&["tenant", "list", "--json"]).json();
    let by_slug = |slug: &str| {
        stopped["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|t| t["slug"] == slug)
            .unwrap_or_else(|| panic!("{slug}"))["stopped"]
            .to_string()
    };
    assert!(by_slug("loja-lua").contains("wrong price"), "{stopped}");
    assert_eq!(by_slug("tienda-sol"), "null");
    shops
        .run(&["resume", "--tenant", "loja-lua"])
        .says(0, &["resumed: tenant loja-lua"]);
    let number = shops.tenant(1, "phone_number_id");
    let one = ["--tenant", "loja-lua", "--number", number];
    shops
        .run(&[&["stop"], &one[..]].concat())
        .says(0, &["stopped: number"]);
    shops
        .run(&["number", "list", "--tenant", "loja-lua", "--json"])
        .says(0, &["stopped by the operator"]);
    shops
        .run(&[&["resume"], &one[..]].concat())
        .says(0, &["resumed: number"]);
    shops
        .run(&["stop", "--tenant", "nobody"])
        .says(1, &["no tenant `nobody`", "portero tenant list"]);
    shops
        .run(&["stop", "--tenant", "loja-lua", "--number", "99"])
        .says(1, &["99"]);
}

pub(crate) fn what_is_no_plugin_is_refused_with_the_reason(shops: &Shops) {
    let here = folder();
    let cases: [(&str, &[u8], &[&str]); 5] = [
        (
            "elf.wasm",
            b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            &["native code", "install the `.wasm`"],
        ),
        (
            "empty.wasm",
            b"",
            &["expected a WebAssembly component", "again"],
        ),
        (
            "text.wasm",
            b"hola, soy un plugin\n",
            &["expected a WebAssembly component", "again"],
        ),
        (
            "core.wasm",
            b"\0asm\x01\0\0\0",
            &["core module", "wasm32-wasip2"],
        ),
        (
            "bare.wasm",
            b"\0asm\x0d\0\x01\0",
            &["custom section", "portero-plugin.toml"],
        ),
    ];
    for (name, bytes, words) in cases {
        let file = here.path().join(name);
        fs::write(&file, bytes).unwrap();
        let file = file.to_str().unwrap();
        run(here.path(), &["plugin", "inspect", file]).says(1, words);
        shops
            .run(&["plugin", "install", file, "--tenant", "tienda-sol"])
            .says(1, words);
    }
    run(here.path(), &["plugin", "inspect", "nowhere.wasm"])
        .says(1, &["cannot read `nowhere.wasm`"]);
    let plugins = shops
        .run(&["plugin", "list", "--tenant", "tienda-sol", "--json"])
        .json();
    assert_eq!(
        plugins.as_array().unwrap().len(),
        1,
        "none of them is there: {plugins}"
    );
}

pub(crate) fn a_plugin_is_looked_at_and_switched_from_a_terminal(shops: &Shops) {
    let plugin = |rest: &[&str]| {
        let all = ["plugin"].iter().chain(rest);
        let all: Vec<&str> = all.chain(&["--tenant", "loja-lua"]).copied().collect();
        shops.run(&all)
    };
    let installed = plugin(&["list", "--json"]).json();
    let (name, id) = (&installed[0]["plugin"], &installed[0]["id"]);
    let (name, id) = (name.as_str().expect("a name"), id.as_str().expect("an id"));
    plugin(&["show", name]).says(
        0,
        &[id, "ok: it is asked", "may send.session · Propose answers"],
    );
    plugin(&["show", id, "--lang", "pt"]).says(0, &["Propor respostas"]);
    let shown = plugin(&["show", name, "--json"]).json();
    assert_eq!(shown["health"]["state"], "ok", "{shown}");
    plugin(&["disable", name]).says(0, &["is asked no more", "plugin enable"]);
    plugin(&["show", name]).says(0, &["off: it is not asked until"]);
    plugin(&["enable", name]).says(0, &["is asked again"]);
    plugin(&["show", "com.nobody.none"]).says(1, &["com.nobody.none", "installed:", name]);
}

pub(crate) fn a_good_plugin_is_shown_with_what_it_asks_for() {
    let here = folder();
    fs::write(here.path().join("good.wasm"), portero::guest::TIENDA_BOT).unwrap();
    run(here.path(), &["plugin", "inspect", "good.wasm"]).says(
        0,
        &[
            "replies",
            "sha256",
            "asks for send.session",
            "may name templates",
            "imports: portero:plugin/",
        ],
    );
    let answer = run(here.path(), &["plugin", "inspect", "good.wasm", "--json"]).json();
    assert_eq!(answer["wit"], "0.1", "{answer}");
    assert_eq!(answer["digest"].as_str().unwrap().len(), 64, "{answer}");
    assert_eq!(answer["size_bytes"], portero::guest::TIENDA_BOT.len());
}

pub(crate) fn every_verb_teaches() {
    let here = folder();
    let mut path = Vec::new();
    let verbs = teaches(here.path(), &mut path);
    assert!(verbs >= 20, "only {verbs} verbs were found");
    finish(portero(here.path())).says(2, &["Usage:", "portero demo"]);
    run(here.path(), &["dance"]).says(2, &["dance", "--help"]);
    run(here.path(), &["serve", "--lisen", "x"]).says(2, &["--lisen", "--listen"]);
}

/// Each verb has an example, or verbs of its own that have. Returns how many have one.
fn teaches(here: &std::path::Path, path: &mut Vec<String>) -> usize {
    let mut arguments = path.clone();
    arguments.push("--help".to_owned());
    let help = run(here, &arguments);
    help.says(0, &["Usage: portero"]);
    let below: Vec<String> = help
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ").filter(|l| !l.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|verb| verb != "help")
        .collect();
    if below.is_empty() {
        let example = format!("  portero {}", path.join(" "));
        let with_variables = format!("portero {}", path.join(" "));
        assert!(
            help.out.contains("Example"),
            "no example in `{}`:\n{}",
            path.join(" "),
            help.out
        );
        assert!(
            help.out.contains(&example) || help.out.contains(&with_variables),
            "{}",
            help.out
        );
        return 1;
    }
    let mut found = 0;
    for verb in below {
        path.push(verb);
        found += teaches(here, path);
        path.pop();
    }
    found
}

/// Answers one request after the other with these statuses, then ends.
fn receiver(answers: &'static [u16]) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/portero", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        for status in answers {
            let (mut socket, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            let mut part = [0_u8; 4096];
            while !String::from_utf8_lossy(&seen).contains("\"type\":\"ping\"") {
                let n = socket.read(&mut part).unwrap();
                assert!(n > 0, "{}", String::from_utf8_lossy(&seen));
                seen.extend_from_slice(&part[..n]);
            }
            assert!(String::from_utf8_lossy(&seen).contains("webhook-signature: v1,"));
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            socket.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, answering)
}

pub(crate) fn webhooks_are_added_tested_and_forgotten(shops: &Shops) {
    let sol = ["--tenant", "tienda-sol"];
    let run = |words: &[&str]| shops.run(&[&["webhook"], words, &sol[..]].concat());
    run(&["list"]).says(0, &["no webhook yet", "portero webhook add"]);
    run(&["events"]).says(0, &["conversation.unanswered", "Nobody answered"]);
    run(&["add", "http://10.0.0.1/x"]).says(1, &["use https", "webhook_private_hosts"]);
    run(&["add", "https://a.example/", "--event", "campaign"])
        .says(1, &["`campaign` is no kind", "campaign.paused"]);
    let (url, answering) = receiver(&[200, 410]);
    let made = run(&["add", &url, "--event", "campaign.paused", "--json"]).json();
    let id = made["id"].as_str().unwrap();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    run(&["test", id]).says(0, &["delivered", "\"type\":\"ping\"", "200"]);
    run(&["list"]).says(0, &[id, "ok"]);
    run(&["test", id]).says(1, &["given_up", "answered 410"]);
    answering.join().unwrap();
    run(&["list"]).says(0, &["disabled", "410 Gone"]);
    run(&["log", id]).says(0, &["ping", "given_up", "delivered"]);
    run(&["rotate", id]).says(0, &["whsec_", "shown once"]);
    run(&["replay", id]).says(1, &["enable it first"]);
    run(&["enable", id]).says(0, &["is tried again"]);
    run(&["replay", id, "--since", "soon"]).says(1, &["since", "not an instant"]);
    let lua = shops.tenant(1, "api_token");
    shops
        .elsewhere(lua, &["webhook", "log", id])
        .says(1, &["no webhook"]);
    run(&["remove", id]).says(0, &["forgotten"]);
    run(&["remove", id]).says(1, &["no webhook"]);
    run(&["remove", "nonsense"]).says(1, &["whk_"]);
}

/// People from a file, with somebody who answers for their consent, and without.
fn files(shops: &Shops) {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (csv, attestation) = (path("people.csv"), path("attestation.json"));
    let rows = "phone,name,consent,consent_at\n+573007000001,Uno,yes,2026-05-01\n+573007000002,Dos,yes,\n\
                +573007000003,Tres,yes,2026-05-03\n+573007000004,Cuatro,yes,2026-05-04\n\
                +573007000005,Cinco,yes,2026-05-05\n";
    fs::write(&csv, rows).expect("written");
    let import = |more: &[&str]| {
        let base = ["contacts", "import", csv.as_str(), "--tenant", "tienda-sol"];
        let arguments: Vec<&str> = base.iter().chain(more).copied().collect();
        shops.run(&arguments)
    };
    import(&[]).says(1, &["nobody answers for them"]);
    let mut told = serde_json::json!({
        "who": "Marta Ruiz, store manager", "origin": "purchased", "origin_system": "paper",
        "legal_entity": "Tienda Sol S.A.S.", "countries": ["CO"], "categories": ["marketing"],
        "channel": "whatsapp", "registry_checked_on": "2026-11-01", "proof_contact": "marta@example.com",
        "how": "paper form at the till", "collected_from": "2026-01-01", "collected_until": "2026-10-31",
        "wording": "Acepto recibir ofertas de Tienda Sol por WhatsApp.", "topic": "ofertas",
        "promise": { "max": 2, "per": "week" }, "not_bought": true,
    });
    fs::write(&attestation, told.to_string()).expect("written");
    import(&["--attestation", &attestation]).says(1, &["consent.import-refused"]);
    told["origin"] = "in_store_paper".into();
    fs::write(&attestation, told.to_string()).expect("written");
    import(&["--attestation", &attestation]).says(
        0,
        &[
            "5 rows: 4 new people, 0 known, 1 not good",
            "4 consents, each to be confirmed",
            "SHA-256 ",
        ],
    );
}
