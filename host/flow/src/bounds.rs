//! The bounds of single actions that the contract (`wit/`) names and the gate does not judge.
//!
//! An action past one is refused, and said so in the plugin's log and in the event's interpretation;
//! the other actions of the answer stand. What a message says is the gate's to judge.

use portero_domain::clock::{Millis, Ts};
use portero_domain::content::Content;
use portero_domain::plugin::{Action, SendAction};

use crate::draft::OWN_KEY;

/// Names of attributes, tags, timers, metrics, wordings and topics, in bytes.
const NAME_BYTES: usize = 64;
/// An attribute's value.
const VALUE_BYTES: usize = 1_024;
/// What a timer brings back.
const PAYLOAD_BYTES: usize = 4 * 1_024;
/// How far ahead a timer may lie.
const TIMER_AHEAD: Millis = Millis::days(90);
/// Labels of a metric event.
const LABELS: usize = 8;
/// A label's name, and its value.
const LABEL_BYTES: usize = 256;
/// A template's name.
const TEMPLATE_BYTES: usize = 512;
/// A template's language code.
const LANGUAGE_BYTES: usize = 16;
/// What a person reads of the reason why a conversation is theirs.
const REASON_BYTES: usize = 256;

/// Whether an action keeps to its bounds.
///
/// # Errors
/// Which bound it breaks, for the plugin's author; quotes nothing of what the action holds.
pub(crate) fn check(action: &Action, now: Ts) -> Result<(), String> {
    match action {
        Action::Send(send) => message(send),
        Action::AskConsent { wording, topic } => {
            name("wording", wording)?;
            name("topic", topic)
        }
        Action::SetAttribute { key, value } => {
            plain("attribute key", key, b"_.-")?;
            text(
                "attribute value",
                value.as_deref().unwrap_or_default(),
                VALUE_BYTES,
            )
        }
        Action::Tag { tag, .. } => name("tag", tag),
        Action::SetTimer {
            name: timer,
            at,
            payload,
        } => {
            name("timer name", timer)?;
            text("timer payload", payload, PAYLOAD_BYTES)?;
            if *at > now + TIMER_AHEAD {
                return Err("a timer is set at most 90 days ahead".to_owned());
            }
            Ok(())
        }
        Action::CancelTimer { name: timer } => name("timer name", timer),
        // A reason that is too long is cut: the person who asked for somebody must not wait for it.
        Action::HandOver { .. } => Ok(()),
        Action::Metric {
            name: metric,
            labels,
            ..
        } => {
            plain("metric name", metric, b"_.")?;
            if labels.len() > LABELS {
                return Err(format!(
                    "{} labels; a metric has at most {LABELS}",
                    labels.len()
                ));
            }
            for (label, value) in labels {
                text("label name", label, LABEL_BYTES)?;
                text("label value", value, LABEL_BYTES)?;
            }
            Ok(())
        }
    }
}

/// The bounds of a message that are no matter of what it says.
///
/// # Errors
/// Which bound it breaks.
pub(crate) fn message(send: &SendAction) -> Result<(), String> {
    if let Some(topic) = &send.topic {
        name("topic", topic)?;
    }
    for (_, key) in send.ext.iter().filter(|(name, _)| name == OWN_KEY) {
        name("key", key)?;
    }
    if let Content::Template(template) = &send.content {
        text("template name", &template.name, TEMPLATE_BYTES)?;
        text("template language", &template.language, LANGUAGE_BYTES)?;
    }
    Ok(())
}

/// The reason of a hand-over as it is kept: cut to its bound, without what a database cannot hold.
pub(crate) fn reason(reason: &str) -> String {
    let mut kept = String::new();
    for c in reason.chars().filter(|c| *c != '\0') {
        if kept.len() + c.len_utf8() > REASON_BYTES {
            break;
        }
        kept.push(c);
    }
    kept
}

fn name(what: &str, given: &str) -> Result<(), String> {
    if given.is_empty() {
        return Err(format!(
            "the {what} is empty; write 1 to {NAME_BYTES} bytes"
        ));
    }
    text(what, given, NAME_BYTES)
}

fn plain(what: &str, given: &str, more: &[u8]) -> Result<(), String> {
    name(what, given)?;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || more.contains(&b);
    if given.bytes().all(fits) {
        return Ok(());
    }
    let more = String::from_utf8_lossy(more);
    Err(format!(
        "the {what} may hold `a-z`, `0-9` and `{more}` only"
    ))
}

fn text(what: &str, given: &str, most: usize) -> Result<(), String> {
    if given.len() > most {
        return Err(format!(
            "the {what} has {} bytes; at most {most}",
            given.len()
        ));
    }
    if given.contains('\0') {
        return Err(format!(
            "the {what} holds a zero byte, which cannot be stored"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::content::{TemplateSend, Text};
    use portero_domain::proposal::Purpose;

    const NOW: Ts = Ts(1_000_000);

    fn of(n: usize) -> String {
        "x".repeat(n)
    }

    fn timer(name: String, at: Ts, payload: String) -> Action {
        Action::SetTimer { name, at, payload }
    }

    #[test]
    fn each_bound_lets_its_last_byte_pass_and_refuses_the_next() {
        let ahead = NOW + TIMER_AHEAD;
        type Case = (&'static str, fn(usize) -> Action, usize);
        let cases: [Case; 11] = [
            (
                "wording",
                |n| Action::AskConsent {
                    wording: of(n),
                    topic: of(1),
                },
                64,
            ),
            (
                "topic",
                |n| Action::AskConsent {
                    wording: of(1),
                    topic: of(n),
                },
                64,
            ),
            (
                "attribute key",
                |n| Action::SetAttribute {
                    key: of(n),
                    value: None,
                },
                64,
            ),
            (
                "attribute value",
                |n| Action::SetAttribute {
                    key: of(1),
                    value: Some(of(n)),
                },
                1_024,
            ),
            (
                "tag",
                |n| Action::Tag {
                    tag: of(n),
                    add: true,
                },
                64,
            ),
            ("timer name", |n| timer(of(n), NOW, of(0)), 64),
            ("timer payload", |n| timer(of(1), NOW, of(n)), 4_096),
            ("timer name", |n| Action::CancelTimer { name: of(n) }, 64),
            (
                "metric name",
                |n| Action::Metric {
                    name: of(n),
                    value: 1,
                    labels: vec![],
                },
                64,
            ),
            (
                "label value",
                |n| Action::Metric {
                    name: of(1),
                    value: 1,
                    labels: vec![(of(1), of(n))],
                },
                256,
            ),
            (
                "labels",
                |n| Action::Metric {
                    name: of(1),
                    value: 1,
                    labels: vec![(of(1), of(1)); n],
                },
                8,
            ),
        ];
        for (what, make, most) in cases {
            assert_eq!(check(&make(most), NOW), Ok(()), "{what}");
            let refusal = check(&make(most + 1), NOW).unwrap_err();
            assert!(refusal.contains(what), "{what}: {refusal}");
        }
        assert_eq!(check(&timer(of(1), ahead, of(0)), NOW), Ok(()));
        assert!(check(&timer(of(1), ahead.plus_ms(1), of(0)), NOW).is_err());
    }

    #[test]
    fn names_are_there_and_hold_what_a_database_can_keep() {
        for name in ["", "a\0b"] {
            let tag = Action::Tag {
                tag: name.to_owned(),
                add: true,
            };
            assert!(check(&tag, NOW).is_err(), "{name:?}");
        }
        let key = Action::SetAttribute {
            key: "Size".to_owned(),
            value: None,
        };
        assert!(check(&key, NOW).unwrap_err().contains("a-z"));
        let value = Action::SetAttribute {
            key: "size".to_owned(),
            value: Some("\0".to_owned()),
        };
        assert!(check(&value, NOW).is_err());
    }

    #[test]
    fn a_message_is_bounded_where_its_words_become_columns() {
        let send = |content, topic: Option<String>| {
            Action::Send(SendAction {
                content,
                purpose: Purpose::Reply,
                topic,
                ext: Vec::new(),
            })
        };
        let words = || {
            Content::Text(Text {
                body: of(60_000),
                preview_url: false,
            })
        };
        assert_eq!(
            check(&send(words(), Some(of(64))), NOW),
            Ok(()),
            "its length is the gate's"
        );
        assert!(check(&send(words(), Some(of(65))), NOW).is_err());
        let template = |name: String, language: &str| {
            Content::Template(TemplateSend {
                name,
                language: language.to_owned(),
                header: Vec::new(),
                body: Vec::new(),
                buttons: Vec::new(),
            })
        };
        assert_eq!(check(&send(template(of(512), "es"), None), NOW), Ok(()));
        assert!(check(&send(template(of(513), "es"), None), NOW).is_err());
        assert!(check(&send(template(of(1), "e\0"), None), NOW).is_err());
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(reason("pide\0 ayuda"), "pide ayuda");
        assert_eq!(reason(&"ñ".repeat(200)).len(), 256);
        assert_eq!(reason(&format!("x{}", "ñ".repeat(200))).len(), 255);
    }
}
