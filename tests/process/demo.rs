//! `demo` and `serve` as a newcomer or a program starts and ends them.

use serde_json::Value;

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
    assert_eq!(
        counts["sent"].as_u64(),
        Some(plan["now"].as_u64().unwrap() - 1)
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
            "19 people: 14 now",
            "held by spread",
            "waiting: Cliente 101",
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
