//! What people of the shop do from a terminal: answer somebody, ask why, load a registry.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binary::folder;
use crate::shops::Shops;

const WHO: &str = "573005550001";

/// Somebody writes to the shop at the pretend Meta; the id of what they wrote.
fn says(shops: &Shops, words: &str) -> String {
    let url = shops.start["simulator_url"].as_str().expect("an address");
    let url = format!("{url}/_sim/people/{WHO}/say");
    let number = shops.tenant(0, "phone_number_id");
    let body = json!({ "number": number, "type": "text", "text": words });
    let mut wamid = String::new();
    crate::on_a_runtime(async {
        portero_net::install_tls();
        let http = portero_net::client(portero_net::ClientOptions::default()).expect("a client");
        let said = http.post(url).json(&body).send().await.expect("an answer");
        let said: Value = said.json().await.expect("JSON");
        said["wamid"]
            .as_str()
            .expect("an id")
            .clone_into(&mut wamid);
    });
    wamid
}

/// Asks until the words are there.
fn until(shops: &Shops, arguments: &[&str], words: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let ran = shops.run(arguments);
        if ran.out.contains(words) {
            return ran.out;
        }
        assert!(Instant::now() < deadline, "never `{words}`: {}", ran.out);
    }
}

pub(crate) fn somebody_of_the_shop_answers_from_a_terminal(shops: &Shops) {
    let sol = ["--tenant", "tienda-sol"];
    let inbox = |rest: &[&str]| {
        let arguments: Vec<&str> = ["inbox"].iter().chain(rest).chain(&sol).copied().collect();
        shops.run(&arguments)
    };
    let wamid = says(shops, "quiero hablar con un asesor");
    until(
        shops,
        &["inbox", "list", "--tenant", "tienda-sol"],
        "asked for a person",
    );
    // The person's own message by Meta's id: what was made of it.
    let why = ["why", &wamid, "--tenant", "tienda-sol"];
    shops.run(&why).says(0, &["the person's message", "done"]);
    inbox(&["answer", WHO, "   "]).says(1, &["text"]);
    inbox(&["answer", WHO, "Hola, soy Rosa", "--key", "rosa-1"]).says(0, &["allow"]);
    // The same key twice is one answer.
    inbox(&["answer", WHO, "Hola, soy Rosa", "--key", "rosa-1"]).says(0, &["allow"]);
    let show = ["inbox", "show", WHO, "--tenant", "tienda-sol"];
    let shown = until(shops, &show, "Hola, soy Rosa");
    assert_eq!(shown.matches("Hola, soy Rosa").count(), 1, "{shown}");
    let listed = inbox(&["list", "--json"]).json();
    assert!(
        !listed.to_string().contains("\"needs_you\":true"),
        "{listed}"
    );
    inbox(&["give-back", WHO, "--note", "resuelto"]).says(0, &["the bot has the conversation"]);
    inbox(&["show", WHO]).says(0, &["the bot has it", "resuelto"]);
    // Somebody who never wrote: the gate says why not, and the exit code too.
    inbox(&["answer", "573005550009", "Hola"]).says(1, &[]);
    a_verdict_is_shown_to_a_lawyer(shops);
    somebody_is_looked_up(shops);
}

/// After the conversation of the test above.
fn somebody_is_looked_up(shops: &Shops) {
    let run = |verb: &[&str]| {
        let all: Vec<&str> = verb
            .iter()
            .chain(&["--tenant", "tienda-sol"])
            .copied()
            .collect();
        shops.run(&all)
    };
    run(&["contacts", "search", "+57 300 555 0001"]).says(0, &["con_", WHO]);
    let found = run(&["contacts", "search", WHO, "--json"]).json();
    let person = found["items"][0]["id"].as_str().expect("a person");
    run(&["contacts", "search", "nadie con este nombre"]).says(0, &["nobody has this"]);
    run(&["contacts", "list"]).says(0, &[person, "promotion"]);
    let time = run(&["contacts", "timeline", WHO]);
    time.says(
        0,
        &[
            "quiero hablar con un asesor",
            "Hola, soy Rosa",
            "conversation",
        ],
    );
    let first = run(&["contacts", "timeline", person, "--limit", "1", "--json"]).json();
    let next = first["next_cursor"].as_str().expect("more happened");
    let older = run(&[
        "contacts", "timeline", person, "--limit", "1", "--after", next, "--json",
    ]);
    assert_ne!(older.json()["items"][0], first["items"][0]);
    run(&["contacts", "timeline", person, "--limit", "1"]).says(0, &["older: --after"]);
    run(&["contacts", "timeline", "573009998877"]).says(1, &["no contact"]);
    let all = run(&["consent", "ledger", "--limit", "1000", "--json"]).json();
    let rows = all["items"].as_array().expect("rows");
    assert!(
        !rows.is_empty() && all.get("next_cursor").is_none(),
        "{all}"
    );
    let gone = ["consent", "ledger", "--until", "2000-01-01"];
    run(&gone).says(0, &["no such rows"]);
    run(&["consent", "ledger", "--limit", "1"]).says(0, &["evidence", "con_"]);
    run(&["consent", "ledger", "--kind", "dance"]).says(2, &["dance", "revoked"]);
    run(&["consent", "verify"]).says(0, &["the chain holds", "seals", "head "]);
    let chain = run(&["consent", "verify", "--json"]).json();
    assert_eq!(chain["holds"], true, "{chain}");
    run(&["wording", "list"]).says(0, &["ofertas@1", "es", "a week"]);
    run(&["wording", "show", "ofertas@1"]).says(0, &["WhatsApp", "sha256", "shown now"]);
    run(&["wording", "show", "ofertas@9"]).says(1, &["no version 9"]);
    run(&["wording", "show", "nada"]).says(1, &["no wording"]);
}

/// Status of a page for somebody without a login.
fn looked(address: &str) -> u16 {
    let mut status = 0;
    crate::on_a_runtime(async {
        portero_net::install_tls();
        let http = portero_net::client(portero_net::ClientOptions::default()).expect("a client");
        status = http
            .get(address)
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16();
    });
    status
}

fn a_verdict_is_shown_to_a_lawyer(shops: &Shops) {
    let verdicts = |rest: &[&str]| {
        let all = ["verdicts"].iter().chain(rest);
        let all: Vec<&str> = all.chain(&["--tenant", "tienda-sol"]).copied().collect();
        shops.run(&all)
    };
    let listed = verdicts(&["list", "--limit", "1", "--json"]).json();
    let verdict = listed["items"][0]["id"].as_str().expect("a verdict");
    verdicts(&["link", verdict, "--days", "31"]).says(2, &["31"]);
    let made = verdicts(&["link", verdict, "--days", "3", "--json"]).json();
    let link = made["id"].as_str().expect("a link");
    let host = shops.start["host_url"].as_str().expect("an address");
    let address = format!("{host}{}", made["path"].as_str().expect("a path"));
    assert_eq!(looked(&address), 200);
    verdicts(&["link", verdict]).says(
        0,
        &["/proof/", "shown once", "portero verdicts unlink plk_"],
    );
    verdicts(&["links", verdict]).says(0, &[link, "good"]);
    verdicts(&["unlink", link]).says(0, &["shows nothing any more"]);
    verdicts(&["unlink", link]).says(1, &["no proof link"]);
    assert_eq!(looked(&address), 404);
}

pub(crate) fn a_registry_is_loaded_and_declared_from_a_terminal(shops: &Shops) {
    let here = folder();
    let file = here.path().join("uy.csv");
    fs::write(
        &file,
        "telefono,desde\n099123456,2026-10-02\n12\n098123456\n097123456\n096123456\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let registry = |rest: &[&str]| {
        let all = ["registry"].iter().chain(rest);
        let all: Vec<&str> = all.chain(&["--tenant", "loja-lua"]).copied().collect();
        shops.run(&all)
    };
    registry(&["list"]).says(0, &["uy-no-llame", "co-rne", "URSEC"]);
    let import = |day: &str| registry(&["import", "uy-no-llame", file, "--as-of", day]);
    import("2026-11-20").says(0, &["uy-no-llame: 4 people", "1 lines", "line 3"]);
    import("2099-01-01").says(1, &["as_of", "future"]);
    registry(&[
        "import",
        "uy-no-llame",
        "nowhere.csv",
        "--as-of",
        "2026-11-20",
    ])
    .says(1, &["cannot read `nowhere.csv`"]);
    let listed = registry(&["list", "--json"]).json();
    let one = listed.as_array().unwrap().iter();
    let one = one
        .clone()
        .find(|r| r["registry"] == "uy-no-llame")
        .unwrap();
    assert_eq!(
        (&one["people"], &one["fresh"]),
        (&json!(4), &json!(true)),
        "{one}"
    );
    assert!(
        !listed.to_string().contains("99123456"),
        "no number is shown"
    );
    registry(&["declare", "py-no-molestar", "--applies"])
        .says(0, &["PY is held until a fresh copy is loaded"]);
    registry(&["declare", "py-no-molestar", "--not-applicable"]).says(2, &["--reason"]);
    registry(&[
        "declare",
        "py-no-molestar",
        "--not-applicable",
        "--reason",
        "nobody there",
    ])
    .says(0, &["does not apply"]);
}

pub(crate) fn consent_the_list_and_templates_are_looked_after_from_a_terminal(shops: &Shops) {
    const LUZ: &str = "573005550004";
    let run = |verb: &[&str]| {
        let all: Vec<&str> = verb
            .iter()
            .chain(&["--tenant", "tienda-sol"])
            .copied()
            .collect();
        shops.run(&all)
    };
    // A consent is recorded and withdrawn.
    let record = [
        "consent",
        "record",
        LUZ,
        "--topic",
        "novedades",
        "--wording-text",
        "¿Quieres novedades de Tienda Sol por WhatsApp, 2 por semana? BAJA para parar.",
        "--language",
        "es",
        "--max",
        "2",
        "--evidence",
        "form 8812",
    ];
    run(&record).says(0, &["recorded: con_", "agreed to novedades"]);
    run(&["consent", "show", LUZ]).says(0, &["novedades", "form 8812"]);
    let withdraw = [
        "consent",
        "withdraw",
        LUZ,
        "--topic",
        "novedades",
        "--evidence",
        "call",
    ];
    run(&withdraw).says(0, &["withdrew novedades"]);
    run(&[
        "consent",
        "record",
        LUZ,
        "--topic",
        "x",
        "--max",
        "1",
        "--evidence",
        "e",
    ])
    .says(2, &["--wording"]);
    // The block list.
    assert!(!run(&["suppress", "list"]).out.contains(LUZ));
    let add = [
        "suppress",
        "add",
        LUZ,
        "--scope",
        "all",
        "--reason",
        "asked at the till",
    ];
    run(&add).says(0, &["con_", "is on the list (all)"]);
    run(&["suppress", "list"]).says(0, &[LUZ, "asked at the till", "all"]);
    let listed = run(&["suppress", "list", "--json"]).json();
    let of_luz = listed["items"].as_array().expect("rows").iter();
    let of_luz: Vec<_> = of_luz
        .filter(|row| row["address"].as_str().is_some_and(|a| a.ends_with(LUZ)))
        .collect();
    assert_eq!(of_luz.len(), 1, "{listed}");
    assert_eq!(of_luz[0]["scope"], "all", "{listed}");
    let remove = ["suppress", "remove", LUZ, "--reason", "a mistake"];
    run(&remove).says(0, &["not on the list any more"]);
    assert!(!run(&["suppress", "list"]).out.contains(LUZ));
    // A conversation is taken from the bot and given back.
    run(&["inbox", "hand-over", LUZ, "--reason", "asks about a refund"])
        .says(0, &["the bot is silent"]);
    run(&["inbox", "give-back", LUZ, "--note", "done"]).says(0, &["the bot has"]);
    // One template, and what stands against them.
    run(&["template", "show", "promo_semana"]).says(0, &["promo_semana (es)", "says how to stop"]);
    run(&["template", "show", "nowhere"]).says(1, &["no template `nowhere`"]);
    let linted = run(&["template", "lint", "--json"]);
    let told: Value = serde_json::from_str(&linted.out).expect("JSON");
    let refused = told["refused"].as_u64().expect("a number");
    assert_eq!(linted.code, if refused == 0 { 0 } else { 3 }, "{told}");
    assert!(
        told["items"].as_array().is_some_and(|all| all.len() > 3),
        "{told}"
    );
    run(&["template", "lint", "promo_semana"])
        .says(linted_code(&told, "promo_semana"), &["looked at"]);
    // The operator's own.
    shops
        .run(&["tenant", "grid"])
        .says(0, &["tienda-sol", "loja-lua"]);
    shops
        .run(&["me"])
        .says(0, &["role owner of the whole server", "send"]);
    let differ = ["policy", "diff", "tienda-sol", "tienda-sol"];
    shops.run(&differ).says(0, &["they do not differ"]);
    shops
        .run(&["policy", "diff", "tienda-sol", "nobody"])
        .says(1, &["no tenant `nobody`"]);
    let create = [
        "tenant",
        "create",
        "kiosko",
        "--name",
        "Kiosko",
        "--timezone",
        "America/Bogota",
        "--country",
        "CO",
    ];
    shops.run(&create).says(0, &["created kiosko"]);
    let suspend = [
        "tenant",
        "suspend",
        "kiosko",
        "--reason",
        "invoice of October",
    ];
    shops.run(&suspend).says(0, &["stopped: tenant kiosko"]);
    let shown = shops.run(&["tenant", "list"]);
    shown.says(0, &["kiosko", "invoice of October"]);
    shops
        .run(&["resume", "--tenant", "kiosko"])
        .says(0, &["resumed"]);
}

/// The exit code that a template's remarks ask for.
fn linted_code(told: &Value, name: &str) -> i32 {
    let items = told["items"].as_array().expect("rows").iter();
    let bad = items.filter(|t| t["name"] == name).any(|t| {
        let faults = t["lint"].as_array().expect("remarks").iter();
        let refused = t["refused_by"].as_array().expect("rules");
        !refused.is_empty() || faults.filter(|r| r["weight"] == "fault").count() > 0
    });
    if bad { 3 } else { 0 }
}
