//! `demo` and `serve` as a newcomer or a program starts and ends them.

use serde_json::{Value, json};

use crate::binary::{Running, folder, portero, run};

pub(crate) fn the_demo_for_programs_is_json_and_its_account_adds_up() {
    let here = folder();
    let ran = run(
        here.path(),
        &[
            "demo",
            "--once",
            "--seed",
            "7",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "data",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let start = &lines[0];
    let text = |value: &Value, field: &str| {
        value[field]
            .as_str()
            .filter(|s| !s.is_empty())
            .unwrap_or_else(|| panic!("`{field}` in {value}"))
            .to_owned()
    };
    for url in ["host_url", "simulator_url"] {
        assert!(text(start, url).starts_with("http://127.0.0.1:"), "{start}");
    }
    for field in ["app_secret", "verify_token", "access_token", "data_dir"] {
        text(start, field);
    }
    let tenants = start["tenants"].as_array().expect("tenants");
    assert_eq!(tenants.len(), 2);
    for tenant in tenants {
        for field in [
            "id",
            "api_token",
            "waba_id",
            "phone_number_id",
            "sample_wa_id",
            "sample_template",
        ] {
            text(tenant, field);
        }
        assert!(text(tenant, "sample_inbound_wamid").starts_with("wamid."));
    }
    let kinds = |kind: &str| {
        lines[1..]
            .iter()
            .filter(|l| l["event"] == kind)
            .collect::<Vec<_>>()
    };
    assert!(
        lines[1..].iter().all(|l| l["event"].is_string()),
        "every further line is an event"
    );
    let accounts = kinds("account");
    assert_eq!(accounts.len(), 2);
    for line in accounts {
        let account = &line["account"];
        assert_eq!(account["balanced"], true, "{line}");
        let states: u64 = account["states"]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum();
        assert_eq!(account["proposed"].as_u64(), Some(states), "{line}");
        assert!(states > 0);
    }
    let messages = kinds("message");
    assert!(messages.iter().any(|m| m["state"] == "sent"));
    let refused = messages
        .iter()
        .find(|m| m["rule"] == "consent.missing")
        .expect("the un-consented promotion");
    assert_eq!(refused["state"], "denied");
    assert!(!refused["remedy"].as_str().unwrap().is_empty());
    // One plugin digest, two grants: what the second shop's operator kept back is not sent.
    let kept_back = messages.iter().find(|m| m["rule"] == "plugin.capability");
    assert_eq!(kept_back.expect("less is granted")["tenant"], "loja-lua");
    assert!(messages.iter().any(|m| m["tenant"] == "tienda-sol"
        && m["state"] == "sent"
        && m["preview"] == "[template carrito_recordatorio]"));
    // What came in is told as the inbox has it.
    for kind in ["inbound", "business"] {
        let told = kinds(kind);
        assert!(told.len() > 2, "{kind}");
        for event in told {
            assert!(event["id"].as_str().unwrap().starts_with("evt_"), "{event}");
            assert_eq!(event["state"], "done", "{event}");
        }
    }
    assert!(
        kinds("inbound")
            .iter()
            .any(|i| i["says"]["type"] == "button_reply")
    );
    the_shops_own_cycle(&kinds);
}

/// Opt-ins, segments, a plan that adds up, a campaign to its end, a conversation, figures.
fn the_shops_own_cycle<'a>(kinds: &impl Fn(&str) -> Vec<&'a Value>) {
    assert_eq!(kinds("opt-in").len(), 1);
    let new = kinds("segment");
    let new = new.iter().find(|s| s["segment"] == "new").expect("segment");
    let plan = &kinds("plan")[0]["plan"];
    assert_eq!(plan["people"], new["members"], "the plan is of the segment");
    let parts: u64 = ["now", "later", "review", "never"]
        .iter()
        .map(|part| plan[part].as_u64().unwrap())
        .sum();
    assert_eq!(plan["people"], parts);
    assert!(plan["now"].as_u64().unwrap() > 10);
    let campaign = kinds("campaign");
    assert!(campaign.iter().any(|c| c["state"] == "paused"));
    let end = campaign.last().expect("progress");
    assert_eq!(end["state"], "done", "{end}");
    let counts = end["progress"]["counts"].as_object().unwrap();
    let sum: u64 = counts.values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(plan["people"], sum, "{end}");
    // The one who left in the middle was in the plan and did not get it.
    let n = |part: &str| plan[part].as_u64().unwrap();
    assert_eq!(
        counts["sent"].as_u64(),
        Some(n("now") + n("later") - 1),
        "{end}"
    );
    assert_eq!(kinds("conversation").len(), 1);
    assert!(kinds("card").len() > 5);
}

pub(crate) fn the_demo_for_people_ends_well() {
    let here = folder();
    let ran = run(here.path(), &["demo", "--once"]);
    ran.says(
        0,
        &[
            "Tienda Sol",
            "Loja Lua",
            "consent.missing",
            "→",
            "people: ",
            "held by spread",
            "waiting: Cliente 1",
            "Por campaña",
            "the account",
            "proposed =",
        ],
    );
    assert!(!ran.out.contains("does not add up"));
    assert_eq!(
        std::fs::read_dir(here.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

/// The events of a day without what names this one run: ids and addresses.
fn told(seed: &str) -> Vec<String> {
    let here = folder();
    let ran = run(here.path(), &["demo", "--once", "--json", "--seed", seed]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.lines().skip(1).map(nameless).collect()
}

/// A line with every long run of hexadecimal digits made the same.
fn nameless(line: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() >= 16 { "#" } else { &run });
        run.clear();
        out.push(c);
    }
    out
}

pub(crate) fn a_seed_tells_the_same_day_every_time_and_another_seed_another() {
    let days = ["7", "7", "8"].map(told);
    for (one, other) in days[0].iter().zip(&days[1]) {
        assert_eq!(one, other, "the same seed told another day");
    }
    assert_eq!(days[0].len(), days[1].len());
    // Not the names alone: other acts first, other words, other instants.
    let of = |day: &[String], kind: &str, field: &str| -> Vec<Value> {
        let events = day
            .iter()
            .map(|l| serde_json::from_str::<Value>(l).unwrap());
        let mine = events.filter(|e| e["event"] == kind);
        mine.map(|e| e[field].clone()).collect()
    };
    for (kind, field) in [
        ("inbound", "at"),
        ("inbound", "says"),
        ("message", "rule"),
        ("opt-in", "people"),
    ] {
        assert_ne!(
            of(&days[0], kind, field),
            of(&days[2], kind, field),
            "{kind} {field}"
        );
    }
}

/// Ended in order, killed in the middle, begun again: the shops stay, the account balances, the clock
/// does not turn back.
pub(crate) async fn it_goes_on_with_what_is_there(database_url: Option<String>) {
    let here = folder();
    let start = |more: &[&str]| {
        let mut command = portero(here.path());
        command.args(["demo", "--json", "--seed", "3"]).args(more);
        match &database_url {
            // The folder is another each time: the database is what stays.
            Some(url) => command.args(["--database-url", url]),
            None => command.args(["--data", "data"]),
        };
        Running::start(command)
    };
    let mut first = start(&[]);
    let shops = first.start_object();
    // In the middle of the day, with messages on their way.
    let mut last = String::new();
    while let Some(line) = first.next_line() {
        let event: Value = serde_json::from_str(&line).expect("JSON");
        if let Some(at) = event["at"].as_str() {
            last = at.to_owned();
        }
        if event["event"] == "campaign" && event["state"] == "running" {
            break;
        }
    }
    first.kill();
    assert!(!last.is_empty());
    let mut proposed = 0;
    for _ in 0..2 {
        let mut again = start(&["--once"]);
        let same = again.start_object();
        for (old, new) in [0, 1].map(|i| (&shops["tenants"][i], &same["tenants"][i])) {
            assert_eq!((&old["id"], &old["slug"]), (&new["id"], &new["slug"]));
            assert!(
                new["sample_inbound_wamid"]
                    .as_str()
                    .unwrap()
                    .starts_with("wamid.")
            );
        }
        assert_eq!(again.wait().code(), Some(0), "{}", again.errors());
        let (out, _) = again.said();
        let events: Vec<Value> = out
            .lines()
            .skip(1)
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        let of = |kind: &str| {
            events
                .iter()
                .filter(|e| e["event"] == kind)
                .collect::<Vec<_>>()
        };
        // Somebody writes and is answered, after everything that was stored before.
        let heard = of("inbound");
        let at = heard[0]["at"].as_str().unwrap();
        assert!(at > last.as_str(), "{at} is not after {last}");
        at.clone_into(&mut last);
        let answered = of("message");
        assert!(
            answered
                .iter()
                .any(|m| m["state"] == "sent" && m["tenant"] == "tienda-sol"),
            "{out}"
        );
        let accounts = of("account");
        assert_eq!(accounts.len(), 2);
        for account in &accounts {
            assert_eq!(account["account"]["balanced"], true, "{account}");
        }
        let now = accounts[0]["account"]["proposed"].as_u64().unwrap();
        assert!(now > proposed, "what was there is still there: {now}");
        proposed = now;
    }
}

/// Field names of the objects in a list, all of them.
fn fields(start: &Value) -> std::collections::BTreeSet<String> {
    let tenants = start["tenants"].as_array().expect("tenants");
    let objects = tenants.iter().filter_map(Value::as_object);
    objects.flat_map(|t| t.keys().cloned()).collect()
}

pub(crate) fn serve_and_simulator_begin_as_the_demo_does() {
    let here = folder();
    let mut demo = portero(here.path());
    demo.args(["demo", "--idle", "--json", "--data", "data"]);
    let mut demo = Running::start(demo);
    let full = demo.start_object();
    demo.terminate();
    assert_eq!(demo.wait().code(), Some(0), "{}", demo.errors());

    let mut serve = portero(here.path());
    serve.args(["serve", "--json", "--data", "data"]);
    let mut serve = Running::start(serve);
    let start = serve.start_object();
    assert!(fields(&start).is_subset(&fields(&full)), "{start}");
    for (shown, known) in [0, 1].map(|i| (&start["tenants"][i], &full["tenants"][i])) {
        for field in ["id", "slug", "name", "waba_id", "phone_number_id"] {
            assert_eq!(shown[field], known[field], "{field}");
        }
        assert!(shown["sample_template"].is_string(), "{shown}");
    }
    drop(serve);

    let mut simulator = portero(here.path());
    simulator.args(["simulator", "--json", "--listen", "127.0.0.1:0"]);
    let mut simulator = Running::start(simulator);
    let start = simulator.start_object();
    for field in [
        "simulator_url",
        "app_secret",
        "verify_token",
        "access_token",
    ] {
        assert!(start[field].is_string(), "{field} in {start}");
    }
    assert!(fields(&start).is_subset(&fields(&full)), "{start}");
    for (shown, known) in [0, 1].map(|i| (&start["tenants"][i], &full["tenants"][i])) {
        for field in [
            "name",
            "waba_id",
            "phone_number_id",
            "sample_wa_id",
            "sample_template",
        ] {
            assert_eq!(shown[field], known[field], "{field}");
        }
    }
    // All that a program needs to send: what is printed is enough.
    crate::on_a_runtime(async {
        for tenant in start["tenants"].as_array().unwrap() {
            let (code, answer) = send(&start, tenant).await;
            assert_eq!(code, 200, "{answer}");
            assert!(
                answer["messages"][0]["id"]
                    .as_str()
                    .unwrap()
                    .starts_with("wamid.")
            );
        }
    });
}

/// A template to the sample person, by nothing but the start object.
async fn send(start: &Value, tenant: &Value) -> (u16, Value) {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let language = if text(&tenant["name"]).starts_with("Loja") {
        "pt_BR"
    } else {
        "es"
    };
    let value = |name: &str| json!({ "type": "text", "parameter_name": name, "text": "A-1" });
    let body = json!({
        "messaging_product": "whatsapp", "to": tenant["sample_wa_id"], "type": "template",
        "template": { "name": tenant["sample_template"], "language": { "code": language },
                      "components": [{ "type": "body", "parameters": [value("pedido"), value("estado")] }] },
    });
    let url = format!(
        "{}/v23.0/{}/messages",
        text(&start["simulator_url"]),
        text(&tenant["phone_number_id"])
    );
    portero_net::install_tls();
    let http = portero_net::client(portero_net::ClientOptions::default()).expect("a client");
    let request = http
        .post(url)
        .bearer_auth(text(&start["access_token"]))
        .json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

pub(crate) fn a_polite_kill_drains_the_host_and_takes_its_announcement_back() {
    let here = folder();
    let mut command = portero(here.path());
    command.args(["serve", "--json", "--data", "data"]);
    let mut host = Running::start(command);
    let start = host.start_object();
    for field in ["host_url", "data_dir", "operator_token", "login_url"] {
        assert!(start[field].is_string(), "{field} in {start}");
    }
    let announcement = here.path().join("data/host.json");
    assert!(announcement.exists());
    host.terminate();
    let status = host.wait();
    assert_eq!(status.code(), Some(0), "{}", host.errors());
    assert!(!announcement.exists());
    // Nobody is left who holds the folder.
    let mut again = portero(here.path());
    again.args(["serve", "--json", "--data", "data"]);
    assert_ne!(
        Running::start(again).start_object()["operator_token"],
        start["operator_token"]
    );
}
