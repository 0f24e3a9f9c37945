//! Buttons of the host: what comes back when they are tapped. Never read as text.

use portero_domain::consent::ConsentScope;

use super::Recognition;

/// How the ids of the host's own buttons begin; nobody else may use them (`content.unsupported`),
/// save for stopping and asking for a person.
pub const PAYLOAD_PREFIX: &str = "portero:";

/// Reads the id of a tapped button; `None` when it is not one of the host's.
///
/// `portero:stop:all`, `portero:stop:promotional`, `portero:stop:<topic>`, `portero:start:<topic>`,
/// `portero:yes:<topic>`, `portero:no:<topic>`, `portero:keep`, `portero:human`.
#[must_use]
pub fn recognise_payload(payload: &str) -> Option<Recognition> {
    let rest = payload.strip_prefix(PAYLOAD_PREFIX)?;
    match rest.split_once(':') {
        None => match rest {
            "human" => Some(Recognition::Human),
            "keep" => Some(Recognition::Keep),
            "stop" => Some(Recognition::OptOut(ConsentScope::All)),
            _ => None,
        },
        Some((_, "")) => None,
        Some(("stop", "all")) => Some(Recognition::OptOut(ConsentScope::All)),
        Some(("stop", "promotional")) => Some(Recognition::OptOut(ConsentScope::Promotional)),
        Some(("stop", topic)) => {
            let topic = topic.strip_prefix("topic:").unwrap_or(topic);
            Some(Recognition::OptOut(ConsentScope::Topic(topic.to_owned())))
        }
        Some(("start" | "yes", topic)) => Some(Recognition::Yes {
            topic: topic.to_owned(),
        }),
        Some(("no", topic)) => Some(Recognition::No {
            topic: topic.to_owned(),
        }),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_buttons_and_nobody_elses() {
        let topic = |t: &str| ConsentScope::Topic(t.to_owned());
        for (payload, expected) in [
            (
                "portero:stop:all",
                Some(Recognition::OptOut(ConsentScope::All)),
            ),
            (
                "portero:stop:promotional",
                Some(Recognition::OptOut(ConsentScope::Promotional)),
            ),
            (
                "portero:stop:ofertas",
                Some(Recognition::OptOut(topic("ofertas"))),
            ),
            (
                "portero:stop:topic:ofertas",
                Some(Recognition::OptOut(topic("ofertas"))),
            ),
            (
                "portero:yes:ofertas",
                Some(Recognition::Yes {
                    topic: "ofertas".into(),
                }),
            ),
            (
                "portero:start:ofertas",
                Some(Recognition::Yes {
                    topic: "ofertas".into(),
                }),
            ),
            (
                "portero:no:ofertas",
                Some(Recognition::No {
                    topic: "ofertas".into(),
                }),
            ),
            ("portero:human", Some(Recognition::Human)),
            ("portero:keep", Some(Recognition::Keep)),
            ("portero:yes:", None),
            ("portero:other", None),
            ("stop", None),
            ("PORTERO:stop:all", None),
        ] {
            assert_eq!(recognise_payload(payload), expected, "{payload}");
        }
    }
}
