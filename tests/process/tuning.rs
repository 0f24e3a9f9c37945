//! `portero policy`: what another policy would have said, setting one with a reason, going back.

use std::fs;

use serde_json::json;

use crate::binary::folder;
use crate::shops::Shops;
use crate::verbs::in_a_terminal;

pub(crate) fn a_policy_is_tried_set_and_undone_from_a_terminal(shops: &Shops) {
    let slug = shops.tenant(1, "slug").to_owned();
    let run = |words: &[&str]| shops.run(&[&["policy"], words, &["--tenant", &slug]].concat());
    let files = folder();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let toml = file(
        "new.toml",
        "# stricter\ncodes_per_hour = 4\npair_burst = 2\n",
    );
    let json_file = file("new.json", "{ \"codes_per_hour\": 4, \"pair_burst\": 2 }");

    // Both files are the same policy, and a file with faults is told line by line before anything is asked.
    let tried = run(&["whatif", "--file", &toml, "--since", "90d", "--json"]).json();
    let again = run(&["whatif", "--file", &json_file, "--json"]).json();
    assert_eq!(tried["to"], again["to"]);
    assert_eq!(tried["differs"].as_array().unwrap().len(), 2, "{tried}");
    assert_eq!(tried["already"]["verdicts"], 0, "{tried}");
    let wrong = file(
        "wrong.toml",
        "codes_per_hour = 4\npair_brust = 2\npromotional_per_week = 9\n",
    );
    run(&["whatif", "--file", &wrong]).says(
        1,
        &[
            "line 2: `pair_brust`",
            "did you mean `pair_burst`?",
            "line 3: `promotional_per_week` would be looser",
        ],
    );
    run(&["whatif", "--file", &toml, "--since", "91d"]).says(1, &["days: 1 to 90"]);
    run(&["whatif", "--file", &toml, "--since", "month"]).says(1, &["30d"]);
    run(&["whatif"]).says(2, &["--file"]);

    // For a person: what changes and how much, in as many columns as there are.
    let line = format!(
        "portero policy whatif codes_per_hour=4 --tenant {slug} --data {}",
        shops.data.display()
    );
    let shown = in_a_terminal(files.path(), 60, &line);
    shown.says(0, &["codes_per_hour: 5 → 4", "verdicts on"]);

    run(&["set", "--file", &toml]).says(2, &["--reason"]);
    let set = run(&[
        "set",
        "--file",
        &toml,
        "--reason",
        "three complaints",
        "--json",
    ])
    .json();
    assert_eq!(set["revision"], tried["to"], "{set}");
    // One value is a change to what holds.
    run(&["set", "codes_per_hour=3", "--reason", "one more"]).says(0, &["policy set"]);
    run(&["show"]).says(0, &["codes_per_hour", "tenant", "less", "revision"]);
    let stale = set["revision"].as_str().unwrap();
    run(&[
        "set",
        "codes_per_hour=2",
        "--reason",
        "late",
        "--from",
        stale,
    ])
    .says(1, &["somebody changed it meanwhile"]);
    let history = run(&["history", "--json"]).json();
    let whats: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["reason"].clone(), r["changes"].clone()))
        .collect();
    assert_eq!(whats.len(), 3, "{history}");
    let change = json!([{ "name": "codes_per_hour", "was": 4, "now": 3 }]);
    assert_eq!(whats[0], (json!("one more"), change), "{history}");
    run(&["history"]).says(0, &["(holds)", "three complaints", "pair_burst: 5 → 2"]);
    run(&["set", "--revision", &stale[..12], "--reason", "back"]).says(0, &[stale]);
    run(&["reset", "--reason", "the trial is over"]).says(0, &["default again"]);
    run(&["set", "codes_per_hour=6", "--reason", "no"]).says(1, &["looser"]);
}
