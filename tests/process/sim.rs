//! `portero sim`: a running simulator steered from a shell.

use std::fs;

use serde_json::Value;

use crate::binary::{Ran, Running, folder, portero, run};

const NUMBER: &str = "401000000000001";
const WABA: &str = "301000000000001";
const PERSON: &str = "573005550001";

pub(crate) fn every_verb_steers_a_running_simulator() {
    let here = folder();
    let mut command = portero(here.path());
    command.args(["simulator", "--listen", "127.0.0.1:0", "--json"]);
    let mut simulator = Running::start(command);
    let start = simulator.start_object();
    let url = start["simulator_url"].as_str().unwrap().to_owned();
    let template = start["tenants"][0]["sample_template"].as_str().unwrap();
    let sim = |words: &[&str]| -> Ran {
        let mut all = vec!["sim"];
        all.extend(words);
        all.extend(["--url", &url]);
        run(here.path(), &all)
    };
    let json = |words: &[&str]| -> Value {
        let mut all = words.to_vec();
        all.push("--json");
        sim(&all).json()
    };

    // Time.
    let paused = json(&["clock", "pause"]);
    assert_eq!(paused["paused"], true);
    let before = paused["now_at"].as_i64().unwrap();
    let jumped = json(&["clock", "jump", "25h"]);
    assert_eq!(jumped["now_at"].as_i64().unwrap() - before, 25 * 3_600_000);
    sim(&["clock", "show"]).says(0, &["standing still"]);
    sim(&["clock", "jump", "5w"]).says(1, &["`5w`", "25h"]);

    // A world as a file, while time stands still.
    sim(&["world", "save", "monday.json"]).says(0, &["saved as monday.json"]);
    assert_eq!(json(&["clock", "run"])["paused"], false);

    // People.
    let among = |list: &Value, who: &str| {
        let people = list["people"].as_array().unwrap();
        people.iter().any(|one| one["wa_id"] == who)
    };
    json(&["people", "add", "573009990099", "--name", "Nueva"]);
    assert!(among(&json(&["people", "list"]), "573009990099"));
    sim(&["people", "list"]).says(0, &["Nueva", "573009990099"]);
    let said = json(&["people", "say", PERSON, "hola", "--number", NUMBER]);
    assert!(said["wamid"].as_str().unwrap().starts_with("wamid."));
    let tap = [
        "people",
        "tap",
        PERSON,
        "wamid.none",
        "--button",
        "si",
        "--number",
        NUMBER,
    ];
    sim(&tap).says(1, &["`message` names no business message"]);
    json(&["people", "offers", PERSON, "stop", "--number", NUMBER]);
    json(&["people", "block", PERSON, "--number", NUMBER]);
    json(&["people", "report", PERSON, "--number", NUMBER]);
    json(&["people", "move", PERSON, "573009990088"]);
    assert!(among(&json(&["people", "list"]), "573009990088"));
    sim(&["people", "block", "nobody", "--number", NUMBER]).says(1, &["nobody has this number"]);

    // Trouble and dials.
    let faults = json(&["fault", "next", "131049", "--times", "3", "--later"]);
    assert_eq!(faults["next"][0]["mode"], "async");
    sim(&["fault", "show"]).says(0, &["131049 for 3 sends"]);
    sim(&["fault", "next", "7"]).says(1, &["none of Meta's error codes"]);
    sim(&["fault", "clear"]).says(0, &["no error waits"]);
    assert_eq!(
        json(&["dial", "number", NUMBER, "--quality", "RED"])["told"],
        "FLAGGED"
    );
    let status = [
        "dial", "template", WABA, template, "es", "--status", "PAUSED",
    ];
    assert_eq!(json(&status)["status"], "PAUSED");
    let limit = ["dial", "portfolio", "501000000000001", "--limit", "TIER_2K"];
    assert_eq!(json(&limit)["limit"], "TIER_2K");

    // Logs.
    assert_eq!(json(&["log", "requests"])["requests"], Value::Array(vec![]));
    assert!(json(&["log", "webhooks"])["webhooks"].is_array());
    sim(&["log", "replay", "--nth", "9999"]).says(1, &["nth"]);
    assert_eq!(
        json(&["log", "replay"])["queued"],
        0,
        "nothing was delivered"
    );

    // Back to Monday, then to the beginning.
    let loaded = json(&["world", "load", "monday.json"]);
    assert_eq!(loaded["now_at"], jumped["now_at"]);
    assert!(!among(&json(&["people", "list"]), "573009990099"));
    fs::write(here.path().join("no.json"), "{}").unwrap();
    sim(&["world", "load", "no.json"]).says(1, &["no saved world", "whole=true"]);
    json(&["world", "reset"]);
    assert!(among(&json(&["people", "list"]), PERSON));
    run(
        here.path(),
        &["sim", "clock", "show", "--url", "http://127.0.0.1:1"],
    )
    .says(1, &["the simulator does not answer"]);
}
