//! Settings, folders and addresses that are wrong: each a clear error that says what to do.

use std::fs;

use crate::binary::{Running, finish, folder, portero, run};

pub(crate) fn an_unknown_settings_key_names_the_right_one() {
    let here = folder();
    fs::write(
        here.path().join("portero.toml"),
        "lisen = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    for verb in [
        &["serve"][..],
        &["config", "check"],
        &["migrate"],
        &["account"],
    ] {
        run(here.path(), verb).says(
            1,
            &[
                "portero.toml",
                "unknown setting `lisen`",
                "did you mean `listen`",
            ],
        );
    }
    assert!(
        !here.path().join("portero-data").exists(),
        "nothing was begun"
    );
}

pub(crate) fn malformed_toml_names_the_line() {
    let here = folder();
    let file = here.path().join("mine.toml");
    fs::write(&file, "listen = \"127.0.0.1:0\"\ndata = \"no end\n").unwrap();
    let file = file.to_str().unwrap();
    for verb in [
        &["serve", "--config", file][..],
        &["config", "check", "--config", file],
    ] {
        run(here.path(), verb).says(1, &["mine.toml", "line 2", "config template"]);
    }
    fs::write(file, "http_timeout_secs = 0\n").unwrap();
    run(here.path(), &["serve", "--config", file]).says(1, &["http_timeout_secs is 0", "1 to 60"]);
    fs::write(file, "http_timeout_secs = \"ten\"\n").unwrap();
    run(here.path(), &["serve", "--config", file])
        .says(1, &["mine.toml", "http_timeout_secs", "config template"]);
    run(here.path(), &["serve", "--config", "nowhere.toml"])
        .says(1, &["nowhere.toml", "portero config template"]);
}

pub(crate) fn a_data_folder_that_cannot_be_written_says_so() {
    let here = folder();
    fs::write(here.path().join("file"), "not a folder").unwrap();
    // Both fail for root too: permissions would not stop it.
    for data in ["file/below", "/proc/portero"] {
        run(here.path(), &["serve", "--data", data]).says(1, &[data, "data folder", "--data"]);
        run(here.path(), &["demo", "--once", "--data", data])
            .says(1, &[data, "data folder", "--data"]);
    }
    // A folder whose lock file opens and that takes nothing new: a folder stands where the new file
    // would go, which stops root as well, whom permissions do not.
    let sealed = here.path().join("sealed");
    fs::create_dir_all(sealed.join("portero.new")).unwrap();
    fs::write(sealed.join("portero.lock"), "").unwrap();
    for verb in [
        &["serve", "--data", "sealed"][..],
        &["demo", "--once", "--data", "sealed"],
    ] {
        let ran = run(here.path(), verb);
        ran.says(1, &["sealed", "data folder", "cannot be written", "--data"]);
        assert!(!ran.err.contains("--database-url"), "{}", ran.err);
    }
    run(here.path(), &["account", "--data", "nothing-here"]).says(
        1,
        &["nothing-here", "portero serve", "portero demo", "--data"],
    );
}

pub(crate) fn a_second_host_on_the_same_folder_is_turned_away() {
    let here = folder();
    let mut first = portero(here.path());
    first.args(["serve", "--json", "--data", "data"]);
    let mut first = Running::start(first);
    first.start_object();
    run(here.path(), &["serve", "--data", "data"])
        .says(1, &["another portero runs on `data`", "--data", "Postgres"]);
    // The first goes on, and its command line still finds it.
    run(here.path(), &["account", "--data", "data"]).says(0, &["0 proposed"]);
    assert!(first.ended().is_none());
}

pub(crate) fn an_open_listener_needs_to_be_allowed() {
    let here = folder();
    run(
        here.path(),
        &["serve", "--data", "data", "--listen", "0.0.0.0:0"],
    )
    .says(1, &["0.0.0.0:0", "TLS", "allow_remote = true", "127.0.0.1"]);
    run(
        here.path(),
        &["serve", "--data", "data", "--listen", "not an address"],
    )
    .says(1, &["not an address", "--listen"]);
    let mut allowed = portero(here.path());
    allowed
        .args(["serve", "--json", "--data", "data", "--listen", "0.0.0.0:0"])
        .env("PORTERO_ALLOW_REMOTE", "true");
    let mut allowed = Running::start(allowed);
    assert!(allowed.start_object()["host_url"].is_string());
}

pub(crate) fn postgres_without_a_master_key_says_how_to_make_one() {
    let here = folder();
    let url = "postgres://portero:secreto@127.0.0.1:1/portero";
    let ran = run(
        here.path(),
        &["serve", "--data", "data", "--database-url", url],
    );
    ran.says(
        1,
        &[
            "master key",
            "PORTERO_MASTER_KEY_FILE",
            "openssl rand -hex 32",
        ],
    );
    let mut short = portero(here.path());
    short
        .args(["serve", "--data", "data", "--database-url", url])
        .env("PORTERO_MASTER_KEY", "abc");
    finish(short).says(1, &["64 hexadecimal digits", "openssl rand -hex 32"]);
    let mut unreachable = portero(here.path());
    unreachable
        .args(["serve", "--data", "data", "--database-url", url])
        .env("PORTERO_MASTER_KEY", "00".repeat(32));
    let ran = finish(unreachable);
    ran.says(
        1,
        &[
            "cannot open the database",
            "--database-url",
            "127.0.0.1:1/portero",
        ],
    );
    assert!(
        !ran.err.contains("secreto"),
        "the password is not shown: {}",
        ran.err
    );
}

pub(crate) fn the_settings_template_passes_its_own_check() {
    let here = folder();
    let template = run(here.path(), &["config", "template"]);
    template.says(0, &["data", "listen", "allow_remote"]);
    fs::write(here.path().join("portero.toml"), &template.out).unwrap();
    run(here.path(), &["config", "check"]).says(0, &["settings are good"]);
    // The same file with every setting switched on.
    let on: String = template
        .out
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.contains(" = ") && !setting.starts_with(' ') => {
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(on, template.out);
    fs::write(here.path().join("portero.toml"), on).unwrap();
    run(here.path(), &["config", "check"]).says(0, &["settings are good"]);
}

pub(crate) fn every_fault_of_a_settings_file_is_said_at_once() {
    let here = folder();
    let file = here.path().join("portero.toml");
    fs::write(
        &file,
        "lisen = \"127.0.0.1:1\"\n\nhttp_timeout_secs = 99\ndata = 7\n",
    )
    .unwrap();
    run(here.path(), &["config", "check"]).says(
        1,
        &[
            "`portero.toml` line 1: unknown setting `lisen`; did you mean `listen`?",
            "`portero.toml` line 3: http_timeout_secs is 99; it may be 1 to 60",
            "`portero.toml` line 4: data is 7",
        ],
    );
    let answer = run(here.path(), &["config", "check", "--json"]);
    assert_eq!(answer.code, 1);
    let answer: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(answer["ok"], false);
    let lines: Vec<_> = answer["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [1, 3, 4], "{answer}");
    fs::write(&file, "data = \"d\"\n").unwrap();
    let good = run(here.path(), &["config", "check", "--json"]).json();
    assert_eq!(good["ok"], true, "{good}");
    // A good file under a bad variable.
    let mut bad = portero(here.path());
    bad.args(["config", "check"])
        .env("PORTERO_PLUGIN_CONCURRENCY", "0");
    finish(bad).says(1, &["PORTERO_", "1 to 512"]);
}

pub(crate) fn each_setting_is_shown_with_where_it_comes_from() {
    let here = folder();
    fs::write(
        here.path().join("portero.toml"),
        "data = \"from-file\"\ngraph_version = \"v25.0\"\nmaster_key = \"00secreto00\"\n",
    )
    .unwrap();
    let show = |json: bool| {
        let mut command = portero(here.path());
        command
            .args(["config", "show", "--graph-url", "http://127.0.0.1:1"])
            .args(json.then_some("--json"))
            .env("PORTERO_HTTP_TIMEOUT_SECS", "7")
            .env("PORTERO_DATABASE_URL", "postgres://ana:secreto@h/db");
        let ran = finish(command);
        assert!(!ran.out.contains("secreto"), "{}", ran.out);
        ran
    };
    let answer = show(true).json();
    let of = |setting: &str| {
        let all = answer.as_array().unwrap();
        let one = all.iter().find(|one| one["setting"] == setting);
        let one = one.unwrap_or_else(|| panic!("{setting}: {answer}"));
        (one["value"].clone(), one["origin"]["kind"].clone())
    };
    use serde_json::json;
    for (setting, value, origin) in [
        ("data", json!("from-file"), "file"),
        ("graph_version", json!("v25.0"), "file"),
        ("graph_url", json!("http://127.0.0.1:1"), "flag"),
        ("http_timeout_secs", json!(7), "env"),
        ("database_url", json!("postgres://ana:••••@h/db"), "env"),
        ("master_key", json!("••••"), "file"),
        ("plugin_concurrency", json!(64), "default"),
        ("master_key_file", json!(null), "default"),
        ("webhook_private_hosts", json!([]), "default"),
    ] {
        assert_eq!(of(setting), (value, json!(origin)), "{setting}");
    }
    show(false).says(
        0,
        &["PORTERO_HTTP_TIMEOUT_SECS", "portero.toml", "--graph-url"],
    );
    // What is shown is what counts: the same settings in use.
    let template = run(here.path(), &["config", "template"]).out;
    let shown = answer.as_array().unwrap().len();
    let declared = template.matches("environment variable `PORTERO_").count();
    assert_eq!(shown, declared, "{template}");
}

pub(crate) fn doctor_finds_nothing_on_a_good_machine_and_names_remedies_on_a_bad_one() {
    let here = folder();
    run(here.path(), &["doctor", "--data", "data"]).says(
        0,
        &["✓ settings", "✓ data folder", "✓ database", "✓ listener"],
    );
    fs::write(here.path().join("portero.toml"), "listen = \n").unwrap();
    run(here.path(), &["doctor"]).says(
        3,
        &["✗ settings", "→ mend the file", "portero config template"],
    );
    let answer = run(here.path(), &["doctor", "--json"]);
    assert_eq!(answer.code, 3);
    let answer: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(answer["ok"], false, "{answer}");
    assert!(!answer["checks"][0]["remedy"].as_str().unwrap().is_empty());
    fs::remove_file(here.path().join("portero.toml")).unwrap();
    // A database of before the migrations.
    fs::create_dir(here.path().join("old")).unwrap();
    fs::write(here.path().join("old/portero.db"), b"").unwrap();
    run(here.path(), &["doctor", "--data", "old"]).says(
        3,
        &[
            "✗ database",
            "migrations are missing",
            "→ run `portero migrate`",
        ],
    );
    fs::write(
        here.path().join("old/portero.db"),
        b"this is no database, however long it may be",
    )
    .unwrap();
    run(here.path(), &["doctor", "--data", "old"]).says(3, &["✗ database", "→"]);
}

pub(crate) fn migrate_says_first_and_does_then() {
    let here = folder();
    let pending = run(
        here.path(),
        &["migrate", "--data", "data", "--dry-run", "--json"],
    )
    .json()["pending"]
        .as_u64();
    assert!(pending.unwrap() > 0);
    run(here.path(), &["migrate", "--data", "data", "--dry-run"]).says(0, &["would be applied"]);
    let applied =
        run(here.path(), &["migrate", "--data", "data", "--json"]).json()["applied"].as_u64();
    assert_eq!(
        applied, pending,
        "the dry run changed nothing and told the truth"
    );
    run(here.path(), &["migrate", "--data", "data"]).says(0, &["0 migrations applied"]);
}
