//! `host/docs/cli.md`: every verb with its flags and examples, written from the tree of verbs.

use std::fmt::Write as _;

use clap::Arg;

use crate::cli::exit;
use crate::cli::tree::{self, Verb};

/// Flags that nearly every verb has; they are described once.
const SHARED: &[&str] = &["config", "data", "url", "token", "tenant", "json"];

/// Names that other tools have for what a verb of ours does.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("`up`", &["serve"]),
    ("`dev`", &["demo", "plugin dev"]),
    ("`whatif`", &["policy whatif"]),
    ("`lint`", &["template lint"]),
    (
        "`opt-in`, `opt-out`",
        &["consent record", "consent withdraw"],
    ),
    ("`block`, `unblock`", &["suppress add", "suppress remove"]),
    (
        "`takeover`, `release`",
        &["inbox hand-over", "inbox give-back"],
    ),
    ("`plugin push`", &["plugin install", "plugin upgrade"]),
    ("`plugin promote`", &["plugin approve"]),
    ("`plugin replay`", &["plugin test"]),
    ("`campaign start`", &["campaign run"]),
    ("`tenant suspend`, `tenant resume`", &["stop", "resume"]),
    (
        "`consent import`, `consent export`",
        &["contacts import", "contacts export-person"],
    ),
    ("`consent erase`", &["contacts erase"]),
    ("`whoami`", &["me"]),
];

/// The page.
#[must_use]
pub fn page() -> String {
    let verbs = tree::verbs();
    let mut page = String::from(
        "# The command line\n\nGenerated from the program; `portero VERB --help` says the same. Verbs about a host's data talk to \
         its API: the host\nthat runs on the data folder, else one started for the moment, else the one at `--url`.\n\n## Exit codes\n\n\
         | code | meaning |\n|---|---|\n",
    );
    for (code, meaning) in exit::CODES {
        let _ = writeln!(page, "| {code} | {meaning} |");
    }
    page.push_str("\n## Flags that most verbs share\n\n| flag | meaning |\n|---|---|\n");
    let sample = verbs.iter().find(|verb| SHARED.iter().all(|s| verb.has(s)));
    for arg in sample.iter().flat_map(|verb| verb.arguments()) {
        if is_shared(arg) {
            row(&mut page, arg);
        }
    }
    page.push_str(
        "\nTables are as wide as the terminal; without one, each row is a line. There is no colour when the output is no\n\
         terminal or `NO_COLOR` is set. Progress goes to standard error and only to a terminal.\n\n## Names from elsewhere\n\n| elsewhere | here |\n|---|---|\n",
    );
    for (name, verbs) in ELSEWHERE {
        let ours: Vec<String> = verbs.iter().map(|verb| format!("`{verb}`")).collect();
        let _ = writeln!(page, "| {name} | {} |", ours.join(", "));
    }
    page.push_str(
        "\n`portero up` and `portero tenant suspend` work as they stand.\n\n## Verbs\n\n",
    );
    let mut group = String::new();
    for verb in &verbs {
        let first = verb.path.first().cloned().unwrap_or_default();
        if first != group {
            group = first;
            let link = group.to_lowercase();
            let _ = writeln!(page, "- [`{group}`](#portero-{link}{})", tail(verb));
        }
    }
    for verb in &verbs {
        one(&mut page, verb);
    }
    page
}

/// The rest of the heading that a link to the first verb of a group leads to.
fn tail(verb: &Verb) -> String {
    verb.path.iter().skip(1).fold(String::new(), |mut all, p| {
        let _ = write!(all, "-{p}");
        all
    })
}

fn is_shared(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|long| SHARED.contains(&long))
}

fn one(page: &mut String, verb: &Verb) {
    let about = verb
        .command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let _ = write!(page, "\n### portero {}\n\n{about}.\n", verb.name());
    let shared: Vec<&str> = SHARED.iter().copied().filter(|s| verb.has(s)).collect();
    // A verb with all of them says nothing about them; one with some describes its own.
    let whole = shared.len() == SHARED.len();
    let own: Vec<&Arg> = verb
        .arguments()
        .filter(|arg| !(whole && is_shared(arg)))
        .collect();
    if !own.is_empty() {
        page.push_str("\n| flag | meaning |\n|---|---|\n");
        for arg in own {
            row(page, arg);
        }
    }
    let after = tree::after(&verb.command);
    let mut code = false;
    let mut text = String::new();
    for line in after
        .lines()
        .filter(|l| !matches!(*l, "Example:" | "Examples:"))
    {
        let is_code = line.starts_with("  ");
        if is_code != code {
            text.push_str(if is_code { "```sh\n" } else { "```\n" });
            code = is_code;
        }
        text.push_str(line.strip_prefix("  ").unwrap_or(line));
        text.push('\n');
    }
    if code {
        text.push_str("```\n");
    }
    if !text.is_empty() {
        let _ = write!(page, "\n{text}");
    }
}

fn row(page: &mut String, arg: &Arg) {
    let value = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| name.to_string().to_uppercase());
    let takes = arg.get_action().takes_values();
    let flag = match (arg.get_long(), value) {
        (Some(long), Some(value)) if takes => format!("--{long} {value}"),
        (Some(long), _) => format!("--{long}"),
        (None, value) => value.unwrap_or_default(),
    };
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| match value.get_help() {
            Some(about) => format!("`{}` ({about})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if takes && !words.is_empty() {
        let _ = write!(help, ": {}", words.join(", "));
    }
    if let Some(env) = arg.get_env() {
        let _ = write!(help, " (or `{}`)", env.to_string_lossy());
    }
    let default: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|d| d.to_string_lossy().into_owned())
        .collect();
    if takes && !default.is_empty() && !default.iter().all(String::is_empty) {
        let _ = write!(help, " [default: {}]", default.join(", "));
    }
    let help = help.replace('\n', " ").replace('|', "\\|");
    let _ = writeln!(page, "| `{flag}` | {help} |");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_elsewhere_lead_to_verbs_that_are_there() {
        let verbs: Vec<String> = tree::verbs().iter().map(Verb::name).collect();
        for name in ELSEWHERE.iter().flat_map(|(_, ours)| *ours) {
            assert!(verbs.iter().any(|verb| verb == name), "{name}");
        }
    }
}
