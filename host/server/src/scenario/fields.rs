//! The words of the format, in one place: what may stand where. Errors and the reader take them from here.

/// What comes in: (kind, keys it needs, keys it may have).
pub(super) const EVENTS: &[(&str, &[&str], &[&str])] = &[
    ("text", &["contact", "text"], &[]),
    ("button", &["contact"], &["button"]),
    ("business", &["contact", "name"], &["data", "at"]),
    ("message", &["contact", "purpose", "content"], &["topic"]),
    (
        "consent",
        &["contact", "event"],
        &["topic", "promise", "evidence"],
    ),
    ("give-back", &["contact"], &[]),
    ("block", &["contact"], &[]),
    ("stop-marketing", &["contact"], &[]),
    ("status-failed", &[], &["code"]),
    ("template-paused", &["template"], &["language"]),
    ("template-approved", &["template"], &["language"]),
    ("quality", &["quality"], &[]),
    ("rebuild", &[], &[]),
    ("webhook", &["body"], &[]),
];

/// What a replies plugin may answer: (action, keys by which it is told apart). Names as in `replies.wit`.
pub(super) const ACTIONS: &[(&str, &[&str])] = &[
    (
        "send",
        &[
            "contact", "purpose", "topic", "template", "language", "category", "text", "verdict",
            "rule", "until", "state", "status",
        ],
    ),
    ("ask-consent", &["contact", "wording", "topic"]),
    ("set-attribute", &["contact", "key", "value"]),
    ("tag", &["contact", "tag", "add"]),
    ("set-timer", &["contact", "name", "at", "payload"]),
    ("cancel-timer", &["contact", "name"]),
    ("hand-over", &["contact", "reason"]),
    ("metric", &["contact", "name", "value", "labels"]),
    ("fault", &["contact", "fault", "detail"]),
];

/// Lists of what is so after a step, beside `expect`: (key of the step, keys of an entry).
pub(super) const LISTS: &[(&str, &[&str])] = &[
    (
        "simulator",
        &["contact", "type", "text", "template", "language", "status"],
    ),
    ("segments", &["segment", "contact", "reason"]),
    ("totals", &["metric", "labels", "value"]),
    ("cards", &["title", "lines"]),
];

/// Keys whose text only has to be contained in what happened.
pub(super) const CONTAINED: &[&str] = &["text", "reason", "detail"];

/// Keys that hold an instant.
pub(super) const INSTANTS: &[&str] = &["until", "at"];

/// Keys with a closed set of words.
pub(super) const WORDS: &[(&str, &[&str])] = &[
    ("verdict", &["allow", "defer", "hold", "deny"]),
    (
        "state",
        &[
            "queued",
            "deferred",
            "in_review",
            "attempting",
            "unknown",
            "sent",
            "denied",
            "expired",
            "cancelled",
            "failed",
        ],
    ),
    (
        "purpose",
        &[
            "reply",
            "transactional",
            "promotional",
            "consent_request",
            "authentication",
        ],
    ),
    ("category", &["marketing", "utility", "authentication"]),
];

/// `` `a`, `b` `` for a sentence.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    words.join(", ")
}

/// ` (did you mean …?)` when a word is close to one of them.
pub(super) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let near = words
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .min();
    match near {
        Some((far, known)) if far <= 2 => format!(" (did you mean `{known}`?)"),
        _ => String::new(),
    }
}
