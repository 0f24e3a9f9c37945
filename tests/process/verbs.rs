//! Verbs as a tree, a shell and a terminal see them.

use std::fs;
use std::path::Path;
use std::process::Command;

use portero::cli::tree;

use crate::binary::{Ran, finish, folder, portero, run};
use crate::shops::Shops;

/// Verbs that serve until they are told to stop; other tests run them.
const SERVE: &[&str] = &["serve", "simulator", "demo"];

/// Verbs that take the data and key of a host that ran: `keep` tries them.
const KEEP: &[&str] = &["backup", "restore", "tenant export", "tenant import"];

/// Verbs for an author's files and for a simulator that runs: `trust` and `sim` try them.
const ELSEWHERE: &[&str] = &["plugin key new", "plugin sign", "sim "];

/// A line typed into a shell that finds the program.
fn typed(here: &Path, line: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_portero"));
    let mut command = portero(here);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![program.parent().unwrap().to_owned()];
    folders.extend(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).unwrap();
    let (envs, folder): (Vec<_>, _) = {
        let envs = command
            .get_envs()
            .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
            .collect();
        (envs, command.get_current_dir().unwrap().to_owned())
    };
    command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder);
    command.stdin(std::process::Stdio::null());
    for (name, value) in envs {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("PATH", path);
    finish(command)
}

pub(crate) fn examples_that_need_no_host_run_as_they_stand() {
    let here = folder();
    fs::write(
        here.path().join("tienda_bot.wasm"),
        portero::guest::TIENDA_BOT,
    )
    .unwrap();
    fs::write(
        here.path().join("portero.toml"),
        "listen = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let mut ran = Vec::new();
    for verb in tree::verbs() {
        let name = verb.name();
        let needs_none = !verb.has("url") || name == "doctor";
        let elsewhere = ELSEWHERE.iter().any(|verb| name.starts_with(verb));
        if elsewhere
            || !needs_none
            || SERVE.contains(&name.as_str())
            || KEEP.contains(&name.as_str())
        {
            continue;
        }
        for example in verb.examples() {
            // A database server of the reader's.
            if example.line.contains("postgres://") {
                continue;
            }
            let done = typed(here.path(), &example.line);
            assert_eq!(done.code, 0, "{}\n{}{}", example.line, done.out, done.err);
            ran.push(name.clone());
        }
    }
    for must in [
        "migrate",
        "doctor",
        "config template",
        "config check",
        "config show",
        "completions",
        "man",
        "plugin inspect",
    ] {
        assert!(ran.iter().any(|name| name == must), "{must}: {ran:?}");
    }
}

pub(crate) fn help_is_a_verb_too() {
    let here = folder();
    run(here.path(), &["help"]).says(0, &["Exit codes: 0 done", "portero demo"]);
    run(here.path(), &["help", "campaign", "run"]).says(0, &["Example", "portero campaign run"]);
    run(here.path(), &["help", "dance"]).says(2, &["dance"]);
}

pub(crate) fn completions_complete() {
    let here = folder();
    let bash = run(here.path(), &["completions", "bash"]);
    assert_eq!(bash.code, 0, "{}", bash.err);
    let file = here.path().join("portero.bash");
    fs::write(&file, &bash.out).unwrap();
    let file = file.to_str().unwrap();
    let asked = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(std::process::Stdio::null());
        finish(command)
    };
    asked("bash", &["-n", file]).says(0, &[]);
    // The script does what it is for.
    let script = |words: &str, place: usize| {
        format!(
            "source {file}; COMP_WORDS=({words}); COMP_CWORD={place}; _portero portero \"${{COMP_WORDS[{place}]}}\" x; echo \"${{COMPREPLY[@]}}\""
        )
    };
    asked("bash", &["-c", &script("portero camp", 1)]).says(0, &["campaign"]);
    asked("bash", &["-c", &script("portero campaign pl", 2)]).says(0, &["plan"]);
    asked("bash", &["-c", &script("portero why --l", 2)]).says(0, &["--lang"]);
    for (shell, sign) in [
        ("zsh", "#compdef portero"),
        ("fish", "complete -c portero"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        run(here.path(), &["completions", shell]).says(0, &[sign, "campaign", "doctor"]);
    }
    run(here.path(), &["completions", "csh"]).says(2, &["csh", "bash", "zsh"]);
}

pub(crate) fn each_verb_has_a_manual_page() {
    let here = folder();
    run(here.path(), &["man"]).says(0, &[".TH", "portero"]);
    run(here.path(), &["man", "--dir", "pages"]).says(0, &["pages", "man -l"]);
    for verb in tree::verbs() {
        let page = format!("pages/portero-{}.1", verb.path.join("-"));
        let text = fs::read_to_string(here.path().join(&page));
        let text = text.unwrap_or_else(|e| panic!("{page}: {e}"));
        assert!(text.contains(".TH"), "{page}");
        assert!(text.contains("Example"), "{page} teaches nothing");
    }
    fs::write(here.path().join("file"), "").unwrap();
    run(here.path(), &["man", "--dir", "file"]).says(1, &["`file`", "--dir"]);
}

/// A line typed into a terminal of so many columns.
pub(crate) fn in_a_terminal(here: &Path, columns: u16, line: &str) -> Ran {
    let line = format!("stty cols {columns} && {line}");
    typed(
        here,
        &format!("TERM=xterm script -qec {} /dev/null", shlex_quote(&line)),
    )
}

fn shlex_quote(line: &str) -> String {
    format!("'{}'", line.replace('\'', r"'\''"))
}

pub(crate) fn colour_is_for_terminals_whose_owner_wants_it() {
    let here = folder();
    for line in ["portero --help", "portero why", "portero config show"] {
        let plain = typed(here.path(), line);
        let all = format!("{}{}", plain.out, plain.err);
        assert!(!all.contains('\u{1b}'), "{line}: {all:?}");
        let plain = in_a_terminal(here.path(), 80, &format!("NO_COLOR=1 {line}"));
        assert!(!plain.out.contains('\u{1b}'), "{line}: {:?}", plain.out);
    }
    // Where it may be, it is: the two above could fail.
    let coloured = in_a_terminal(here.path(), 80, "portero why");
    assert!(coloured.out.contains("\u{1b}["), "{:?}", coloured.out);
}

pub(crate) fn tables_fit_the_terminal(shops: &Shops) {
    let here = folder();
    let data = shops.data.display();
    let widest = |ran: &Ran| ran.out.lines().map(|l| l.trim_end().chars().count()).max();
    let line = format!("portero template list --tenant tienda-sol --data {data}");
    for (columns, words) in [(50, ["promo_", "RED"]), (100, ["pedido_estado", "PAUSED"])] {
        let ran = in_a_terminal(here.path(), columns, &line);
        ran.says(0, &words);
        assert!(widest(&ran) <= Some(columns.into()), "{}", ran.out);
    }
    // In a pipe each row is one line.
    let piped = typed(here.path(), &line);
    assert!(widest(&piped) > Some(60), "{}", piped.out);
    let row = piped.out.lines().find(|l| l.contains("pedido_estado"));
    assert!(row.is_some_and(|l| l.contains("APPROVED")), "{}", piped.out);
}

/// Verbs that list something of a tenant, whatever their group.
const LISTS: &[&str] = &["list", "events", "history", "account", "inbox"];

/// Lists of something of one plugin.
const OF_A_PLUGIN: &[&str] = &["plugin secret list"];

pub(crate) fn each_list_is_json_when_asked(shops: &Shops) {
    let mut asked = 0;
    for verb in tree::verbs() {
        let last = verb.path.last().map(String::as_str).unwrap_or_default();
        // A simulator's lists are asked for beside a simulator.
        if !LISTS.contains(&last) || verb.path.first().is_some_and(|first| first == "sim") {
            continue;
        }
        let mut words: Vec<&str> = verb.path.iter().map(String::as_str).collect();
        words.extend(["--json", "--tenant", "tienda-sol"]);
        if OF_A_PLUGIN.contains(&verb.path.join(" ").as_str()) {
            words.push("com.portero.tienda-bot");
        }
        let answer = shops.run(&words).json();
        assert!(
            answer.is_array() || answer.is_object(),
            "{}: {answer}",
            verb.name()
        );
        asked += 1;
    }
    assert!(asked >= 10, "only {asked} lists");
}

pub(crate) fn codes_are_explained_without_a_host() {
    let here = folder();
    let explain = |arguments: &[&str]| {
        let all: Vec<&str> = ["explain"].iter().chain(arguments).copied().collect();
        run(here.path(), &all)
    };
    explain(&["consent.missing", "--lang", "es"]).says(0, &["consent.missing", "regla", "checks:"]);
    explain(&["131049"]).says(
        0,
        &["131049", "error of Meta's", "There is nothing to repair."],
    );
    // A number inside a span is the span's, as it is copied from an answer.
    explain(&["(#133007)", "--lang", "pt"]).says(0, &["verificação em duas etapas"]);
    explain(&["lint.value-last", "--lang", "pt"]).says(0, &["O texto termina com um valor"]);
    explain(&["rate_limited", "--lang", "es"]).says(0, &["Retry-After", "429"]);
    explain(&["missing_right.send"]).says(0, &["host/docs/access.md"]);
    let both = explain(&["bad_request", "--json"]).json();
    assert_eq!(both["items"].as_array().map(Vec::len), Some(2), "{both}");
    for language in ["es", "pt", "en"] {
        assert!(both["items"][0]["title"][language].is_string(), "{both}");
    }
    explain(&["consent.dance"]).says(1, &["consent.dance", "near it: ", "consent.missing"]);
    let all = explain(&["--json"]).json();
    assert!(
        all["items"].as_array().is_some_and(|all| all.len() > 150),
        "{all}"
    );
    explain(&[]).says(0, &["template.paused", "131026", "cart.ordered"]);
}
