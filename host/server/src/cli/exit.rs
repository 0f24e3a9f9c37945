//! Exit codes, in one table: the help, the page of verbs and the verbs themselves take them from here.

/// It worked.
pub const DONE: u8 = 0;
/// It did not work; standard error says why and what to do.
pub const FAILED: u8 = 1;
/// Flags or words that this program does not know; the command line's reader ends with it.
pub const USAGE: u8 = 2;
/// `portero doctor`, `portero number checklist`, `portero template lint`, `portero plugin test` or `portero plugin replay`
/// found something, or a chain of records does not hold (`portero restore`, `portero consent verify`).
pub const FOUND: u8 = 3;

/// Every code with what it means.
pub const CODES: &[(u8, &str)] = &[
    (DONE, "done"),
    (FAILED, "it did not work (the message says what to do)"),
    (USAGE, "wrong usage"),
    (
        FOUND,
        "doctor, the checklist, template lint, plugin test, plugin replay, restore or consent verify found something",
    ),
];

/// What `portero --help` ends with.
#[must_use]
pub fn start_here() -> String {
    let codes: Vec<String> = CODES
        .iter()
        .map(|(code, meaning)| format!("{code} {meaning}"))
        .collect();
    format!(
        "Start here:\n  portero demo            # two shops, a pretend Meta and a phone in your browser\n  \
         portero why out_…       # why a message was sent, put off or refused\n\nExit codes: {}",
        codes.join(" · ")
    )
}
