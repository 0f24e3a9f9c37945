//! The verbs as a tree: what can be run, and the examples its help shows.
//!
//! The page of verbs, and the tests that hold every verb to the house's habits, read them from here.

use clap::{Arg, Command, CommandFactory};

use crate::cli::Cli;

/// Something that can be run.
pub struct Verb {
    /// Words after `portero`, such as `campaign`, `plan`.
    pub path: Vec<String>,
    /// Its flags and help.
    pub command: Command,
}

/// One line of a help text that a reader may copy into a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The whole line, with its comment.
    pub line: String,
    /// `NAME=value` before the program.
    pub variables: Vec<(String, String)>,
    /// Words after `portero`, up to a comment or a redirection.
    pub words: Vec<String>,
}

impl Verb {
    /// `campaign plan`.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.join(" ")
    }

    /// Whether it has a flag of this name.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(flag))
    }

    /// The examples of its own help.
    #[must_use]
    pub fn examples(&self) -> Vec<Example> {
        examples(&self.command)
    }

    /// Whether its help has a section of examples, by its heading.
    #[must_use]
    pub fn has_section(&self) -> bool {
        after(&self.command)
            .lines()
            .any(|line| line == "Example:" || line == "Examples:")
    }

    /// Flags and words of its own, without those every verb has.
    pub fn arguments(&self) -> impl Iterator<Item = &Arg> {
        self.command
            .get_arguments()
            .filter(|arg| !arg.is_hide_set() && !arg.is_global_set())
            .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
    }
}

/// The whole command line, complete with what clap adds.
#[must_use]
pub fn root() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

/// Everything that can be run, in the order of the help. (A verb that has verbs can be run by itself
/// when it may stand alone.)
#[must_use]
pub fn verbs() -> Vec<Verb> {
    let mut found = Vec::new();
    walk(&root(), &mut Vec::new(), &mut found);
    found
}

/// The words of a command that lead to no verb; `None` when they lead to one, whatever is said after it.
#[must_use]
pub fn unknown(words: &[&str]) -> Option<String> {
    let root = root();
    let mut at = &root;
    for (place, word) in words.iter().enumerate() {
        match at.find_subcommand(word) {
            Some(below) => at = below,
            // Words of its own: a name, a number.
            None if place > 0 && !at.is_subcommand_required_set() => return None,
            None => return Some(words.join(" ")),
        }
    }
    None
}

/// The examples in the help of one command.
#[must_use]
pub fn examples(command: &Command) -> Vec<Example> {
    after(command).lines().filter_map(example).collect()
}

fn walk(command: &Command, path: &mut Vec<String>, found: &mut Vec<Verb>) {
    let below: Vec<&Command> = command
        .get_subcommands()
        .filter(|c| c.get_name() != "help")
        .collect();
    let alone = below.is_empty() || !command.is_subcommand_required_set();
    if alone && !path.is_empty() {
        found.push(Verb {
            path: path.clone(),
            command: command.clone(),
        });
    }
    for one in below {
        path.push(one.get_name().to_owned());
        walk(one, path, found);
        path.pop();
    }
}

pub(crate) fn after(command: &Command) -> String {
    command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Reads a line such as `  NAME=x portero verb 'two words' > file  # comment`.
fn example(line: &str) -> Option<Example> {
    let mut words = shlex::split(line.strip_prefix("  ")?)?
        .into_iter()
        .peekable();
    let mut variables = Vec::new();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        variables.push((name.to_owned(), value.to_owned()));
        words.next();
    }
    if words.next()? != "portero" {
        return None;
    }
    Some(Example {
        line: line.trim().to_owned(),
        variables,
        words: words.take_while(|word| word != ">").collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verbs that print no data of their own: a file's text, or a file.
    const WITHOUT_JSON: &[(&str, &str)] = &[
        ("config template", "prints a settings file"),
        ("completions", "prints a script"),
        ("man", "prints or writes pages"),
    ];

    fn every_example() -> Vec<(String, Example)> {
        fn collect(command: &Command, path: &str, found: &mut Vec<(String, Example)>) {
            found.extend(examples(command).into_iter().map(|e| (path.to_owned(), e)));
            for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
                collect(below, &format!("{path} {}", below.get_name()), found);
            }
        }
        let mut found = Vec::new();
        collect(&root(), "portero", &mut found);
        found
    }

    #[test]
    fn each_verb_shows_an_example_of_itself() {
        let verbs = verbs();
        assert!(verbs.len() > 60, "only {} verbs", verbs.len());
        let silent: Vec<String> = verbs
            .iter()
            .filter(|verb| {
                !verb.has_section()
                    || !verb
                        .examples()
                        .iter()
                        .any(|example| example.words.starts_with(&verb.path))
            })
            .map(Verb::name)
            .collect();
        assert!(
            silent.is_empty(),
            "add `after_help = \"Example:\\n  portero …\"` to: {silent:?}"
        );
    }

    #[test]
    fn each_verb_says_what_it_does_and_so_does_each_of_its_flags() {
        let mut silent = Vec::new();
        for verb in verbs() {
            if verb.command.get_about().is_none() {
                silent.push(verb.name());
            }
            for arg in verb.arguments().filter(|arg| arg.get_help().is_none()) {
                silent.push(format!("{} {}", verb.name(), arg.get_id()));
            }
        }
        assert!(silent.is_empty(), "add a doc comment to: {silent:?}");
    }

    #[test]
    fn each_example_is_one_that_the_command_line_takes() {
        let all = every_example();
        assert!(all.len() > 70, "only {} examples", all.len());
        for (path, example) in all {
            let mut words = vec!["portero".to_owned()];
            words.extend(example.words.iter().cloned());
            // A variable before the program stands for the flag that reads it.
            let verb = verbs()
                .into_iter()
                .filter(|verb| example.words.starts_with(&verb.path))
                .max_by_key(|verb| verb.path.len());
            let verb = verb.unwrap_or_else(|| panic!("{path}: `{}` names no verb", example.line));
            for (name, value) in &example.variables {
                let flag = verb
                    .command
                    .get_arguments()
                    .find(|arg| arg.get_env().is_some_and(|env| env == name.as_str()))
                    .and_then(Arg::get_long);
                let setting = crate::config::fields()
                    .iter()
                    .any(|field| crate::config::variable(field) == Some(name));
                match flag {
                    Some(flag) => words.push(format!("--{flag}={value}")),
                    None => assert!(setting, "{path}: nothing reads {name}"),
                }
            }
            if let Err(error) = root().try_get_matches_from(&words) {
                panic!("{path}: `{}`\n{error}", example.line);
            }
        }
    }

    #[test]
    fn each_verb_answers_as_json_unless_it_prints_no_data() {
        let without: Vec<String> = verbs()
            .iter()
            .filter(|verb| !verb.has("json"))
            .map(Verb::name)
            .collect();
        let allowed: Vec<&str> = WITHOUT_JSON.iter().map(|(name, _)| *name).collect();
        assert!(
            without.iter().all(|name| allowed.contains(&name.as_str())),
            "add --json to: {without:?}"
        );
        assert_eq!(without.len(), allowed.len(), "{without:?}");
    }

    #[test]
    fn an_example_is_read_as_a_shell_reads_it() {
        let line = "  A=1 portero do 'two words' --x=\"y z\" > file.txt   # a comment";
        let read = example(line).unwrap();
        assert_eq!(read.variables, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(read.words, ["do", "two words", "--x=y z"]);
        assert_eq!(example("portero without its indent"), None);
        assert_eq!(example("  prose about portero"), None);
    }
}
