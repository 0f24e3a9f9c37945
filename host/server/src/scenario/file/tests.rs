//! What is wrong with a file is said with its line and with what is allowed.

use std::path::Path;

use super::*;

const HEAD: &str = "name = \"a\"\nclock = \"2026-11-23T10:00:00-05:00\"\n\
    [tenant]\nname = \"Sol\"\ncountry = \"CO\"\ntimezone = \"America/Bogota\"\nlanguage = \"es\"\n\
    [[contact]]\nid = \"ana\"\n[[step]]\n";

fn wrong(rest: &str) -> (usize, String) {
    let text = format!("{HEAD}{rest}");
    let problem = File::parse(Path::new("x.scenario.toml"), text).expect_err(rest);
    (problem.line, problem.what)
}

#[test]
fn a_mistake_is_told_with_its_line_and_what_is_allowed() {
    for (rest, line, words) in [
        (
            "event = { kind = \"txt\", contact = \"ana\", text = \"a\" }",
            11,
            "did you mean `text`?",
        ),
        (
            "event = { kind = \"text\", contact = \"ana\" }",
            11,
            "needs `text`",
        ),
        (
            "event = { kind = \"text\", contact = \"eva\", text = \"a\" }",
            11,
            "no contact `eva`",
        ),
        ("advance = \"soon\"", 11, "`10h`"),
        ("advance = \"1h\"\nexpekt = []", 12, "expect"),
        (
            "advance = \"1h\"\nexpect = [{ verdict = \"alow\" }]",
            12,
            "did you mean `allow`?",
        ),
        (
            "advance = \"1h\"\nexpect = [\n  { acton = \"send\" },\n]",
            13,
            "did you mean `action`?",
        ),
        (
            "advance = \"1h\"\nexpect = [{ rule = \"sesion.window-closed\" }]",
            12,
            "did you mean `session.window-closed`?",
        ),
        ("at = \"2026-11-22T10:00:00-05:00\"", 11, "forward"),
        ("expect = []", 10, "needs `event`"),
        (
            "advance = \"1h\"\nsegments = [{ segmnt = \"a\" }]",
            12,
            "did you mean `segment`?",
        ),
    ] {
        let (at, what) = wrong(rest);
        assert_eq!(at, line, "{rest}: {what}");
        assert!(what.contains(words), "{rest}: {what}");
    }
}

#[test]
fn time_is_read_as_people_write_it() {
    assert_eq!(span("10h"), Some(Millis(36_000_000)));
    assert_eq!(span("1d 12h"), Some(Millis(129_600_000)));
    assert_eq!(span("0s"), None);
    assert_eq!(span("-1h"), None);
    assert_eq!(instant("2026-11-23T10:00:00"), None);
}

#[test]
fn the_page_of_the_format_has_every_word() {
    let page = include_str!("../../../../docs/scenarios.md");
    let events = EVENTS.iter().flat_map(|(kind, needs, may)| {
        [*kind]
            .into_iter()
            .chain(needs.iter().copied())
            .chain(may.iter().copied())
    });
    let actions = ACTIONS
        .iter()
        .flat_map(|(name, keys)| [*name].into_iter().chain(keys.iter().copied()));
    let lists = LISTS
        .iter()
        .flat_map(|(name, keys)| [*name].into_iter().chain(keys.iter().copied()));
    for word in events.chain(actions).chain(lists) {
        assert!(
            page.contains(&format!("`{word}`")),
            "`{word}` is not in host/docs/scenarios.md"
        );
    }
}
