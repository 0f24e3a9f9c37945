//! The files of `host/docs/deploy`: what they call and set is what the program takes.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use portero::cli::tree;
use portero::config::Config;
use yaml_rust2::{Yaml, YamlLoader};

use crate::binary::folder;

fn text(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../docs/deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Variables of settings that a text names.
fn variables(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.split(|c| !word(c))
        .filter(|w| w.starts_with("PORTERO_"))
        .map(str::to_owned)
        .collect()
}

/// Every variable is a setting of `portero config template`.
fn known(name: &str, least: usize) {
    let (named, template) = (variables(&text(name)), variables(&Config::template()));
    assert!(named.len() >= least, "{name} names {named:?}");
    let unknown: Vec<_> = named.difference(&template).collect();
    assert!(unknown.is_empty(), "{name} sets {unknown:?}");
}

/// The command line takes these words.
fn parses(name: &str, words: &[String]) {
    let mut line = vec!["portero".to_owned()];
    line.extend_from_slice(words);
    if let Err(error) = tree::root().try_get_matches_from(&line) {
        panic!("{name}: {line:?}\n{error}");
    }
}

fn seconds(text: &str) -> u64 {
    let digits = text.trim().trim_end_matches('s');
    digits.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

pub(crate) fn the_unit_starts_what_there_is_and_waits_for_its_end() {
    let unit = text("portero.service");
    let of = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_else(|| panic!("{key} in {unit}")).to_owned()
    };
    known("portero.service", 1);
    let start = of("ExecStart=");
    let words: Vec<String> = start.split_whitespace().map(str::to_owned).collect();
    assert_eq!(words[0], "/usr/local/bin/portero");
    parses("portero.service", &words[1..]);
    // A host that drains is not cut off.
    let config = Config::load(None).expect("the defaults");
    assert!(seconds(&of("TimeoutStopSec=")) > config.drain_secs);
    // systemd's own check, with the program where it is here.
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        println!("!! systemd-analyze was not found: the unit was not verified by it");
        return;
    }
    let here = folder();
    let file = here.path().join("portero.service");
    let there = unit.replace("/usr/local/bin/portero", env!("CARGO_BIN_EXE_portero"));
    let verify = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        let ran = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&file)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        // Other units of the machine may have their own faults.
        let ours: Vec<String> = said
            .lines()
            .filter(|line| line.contains("portero"))
            .map(str::to_owned)
            .collect();
        ours.join("\n")
    };
    assert_eq!(verify(&there), "");
    let wrong = there.replace("RestrictRealtime=", "RestrictRealtimes=");
    assert!(verify(&wrong).contains("RestrictRealtimes"), "it looks");
}

pub(crate) fn the_compose_file_names_what_there_is() {
    known("compose.yaml", 6);
    known("Dockerfile", 1);
    let all = YamlLoader::load_from_str(&text("compose.yaml")).expect("YAML");
    let services = all[0]["services"].as_hash().expect("services");
    let mut hosts = 0;
    for (name, service) in services {
        let name = name.as_str().expect("a name");
        for secret in service["secrets"].as_vec().into_iter().flatten() {
            let secret = secret.as_str().expect("a secret's name");
            let file = &all[0]["secrets"][secret]["file"];
            assert!(file.as_str().is_some(), "{name}: secret {secret}");
        }
        if let Yaml::Hash(settings) = &service["environment"] {
            for value in settings.values().filter_map(Yaml::as_str) {
                if let Some(secret) = value.strip_prefix("/run/secrets/") {
                    let given = service["secrets"].as_vec().expect("secrets");
                    assert!(given.iter().any(|s| s.as_str() == Some(secret)), "{name}");
                }
            }
        }
        if service["image"].as_str() != Some("portero") {
            continue;
        }
        hosts += 1;
        let words = service["command"].as_vec().expect("a command");
        let words: Vec<String> = words
            .iter()
            .map(|w| w.as_str().expect("a word").to_owned())
            .collect();
        parses(name, &words);
        if words[0] == "serve" {
            let grace = service["stop_grace_period"].as_str().expect("a grace");
            let drain = service["environment"]["PORTERO_DRAIN_SECS"].as_str();
            assert!(seconds(grace) > seconds(drain.expect("it is set")));
        }
    }
    assert_eq!(hosts, 2);
}

/// What the head of the compose file tells to type, typed: the secrets it names are there, for their owner alone.
pub(crate) fn the_secrets_that_are_made_as_told_are_their_owners_alone() {
    let compose = text("compose.yaml");
    let head = compose.lines().take_while(|line| line.starts_with('#'));
    // Whose the files are in the end is root's to say.
    let told: Vec<&str> = head
        .filter_map(|line| line.strip_prefix("#   "))
        .filter(|line| !line.starts_with("chown "))
        .collect();
    assert!(told.len() >= 5, "{told:?}");
    let here = folder();
    // As most people's shells are.
    let typed = format!("umask 022\nset -e\n{}\n", told.join("\n"));
    let ran = Command::new("sh")
        .args(["-c", &typed])
        .current_dir(here.path())
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if said.contains("openssl") && said.contains("not found") {
        println!("!! openssl was not found: the lines of compose.yaml were not typed");
        return;
    }
    assert!(ran.status.success(), "{said}");
    let all = YamlLoader::load_from_str(&compose).expect("YAML");
    let named = all[0]["secrets"].as_hash().expect("secrets").values();
    let files = named.map(|s| s["file"].as_str().expect("a file").to_owned());
    for file in files.chain(["./secrets".to_owned()]) {
        let path = here.path().join(&file);
        let found = std::fs::metadata(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        let mode = found.permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{file} has {mode:o}");
    }
    let secret = |name: &str| {
        std::fs::read_to_string(here.path().join("secrets").join(name)).expect("a secret")
    };
    // A key as `serve` takes it, and an address with the password that the database is given.
    let key = secret("master_key");
    let key = key.trim();
    assert!(key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()));
    let address = format!(
        "postgres://portero:{}@db/portero",
        secret("postgres_password").trim()
    );
    assert_eq!(secret("database_url"), address);
}
