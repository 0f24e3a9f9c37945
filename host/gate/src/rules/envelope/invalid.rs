//! `envelope.invalid`: the proposal itself is malformed.

use portero_domain::clock::Millis;

use crate::rules::support::*;

/// Longest a proposal may live.
pub const LONGEST_LIFE: Millis = Millis::days(7);
const KEY_BYTES: usize = 256;
const TOPIC_BYTES: usize = 64;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "envelope.invalid",
    version: 1,
    stratum: Stratum::House,
    phase: Phase::Envelope,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Propuesta mal formada",
        "Proposta malformada",
        "Malformed proposal",
    ),
    sentence: words(
        "La propuesta está mal formada: {value}; se espera {limit}.",
        "A proposta está malformada: {value}; espera-se {limit}.",
        "The proposal is malformed: {value}; expected {limit}.",
    ),
    remedy: words(
        "Corrige ese campo y propón el mensaje de nuevo.",
        "Corrija esse campo e proponha a mensagem de novo.",
        "Correct that field and propose the message again.",
    ),
    docs: Docs {
        checks: "Idempotency key, topic, expiry, plugin digest and generation, and control characters \
                 in any text.",
        why: "What cannot be read the same way by everybody cannot be judged.",
        fires: "Denies when the key is empty or over 256 bytes, the topic is empty, over 64 bytes or \
                holds a control character, `expires_at` is more than seven days away or not after \
                `created_at`, a plugin's digest is not 64 hexadecimal digits, a follow-up answers a \
                follow-up, or a text holds a control character other than the line feed. Content \
                facts that are not of this content are denied at both stages under this id.",
        facts: "The proposal; content facts `control`.",
        parameters: "None.",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !(1..=KEY_BYTES).contains(&case.key_bytes) {
            return Some(Found::deny(
                format!("key: {} bytes", case.key_bytes),
                "1–256 bytes",
            ));
        }
        if let Some(topic) = case.topic
            && (!(1..=TOPIC_BYTES).contains(&topic.len()) || topic.chars().any(char::is_control))
        {
            return Some(Found::deny(
                format!("topic: {} bytes", topic.len()),
                "1–64 bytes",
            ));
        }
        if case.expires_at.since(case.now) > LONGEST_LIFE.0 {
            return Some(Found::deny(
                format!("expires_at: {}", case.expires_at),
                (case.now + LONGEST_LIFE).rfc3339(),
            ));
        }
        if case.expires_at <= case.created_at {
            return Some(Found::deny(
                format!("expires_at: {}", case.expires_at),
                "after_creation",
            ));
        }
        if let Origin::Plugin {
            digest, generation, ..
        } = case.origin
        {
            if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Some(Found::deny("digest: malformed", "sha256_hex"));
            }
            if *generation > 1 {
                return Some(Found::deny(format!("generation: {generation}"), "0–1"));
            }
        }
        let control = case.facts.content.control.first()?;
        Some(Found::deny(
            format!(
                "{}: U+{:04X} @{}",
                control.field, control.code, control.offset
            ),
            "no_control_characters",
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Setup;
    use portero_domain::clock::Millis;
    use portero_domain::proposal::Origin;

    const RULE: &str = "envelope.invalid";

    #[test]
    fn a_key_of_256_bytes_passes_and_one_more_does_not() {
        let mut s = Setup::reply("hola");
        s.proposal.key = "k".repeat(256);
        assert!(s.found(RULE).is_none());
        s.proposal.key.push('k');
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        s.proposal.key.clear();
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn an_expiry_seven_days_away_passes_and_a_millisecond_more_does_not() {
        let mut s = Setup::reply("hola");
        s.proposal.expires_at = s.now + Millis::days(7);
        assert!(s.found(RULE).is_none());
        s.proposal.expires_at = s.proposal.expires_at.plus_ms(1);
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn an_expiry_at_its_creation_is_refused() {
        let mut s = Setup::reply("hola");
        s.proposal.created_at = s.now.plus_ms(5);
        s.proposal.expires_at = s.now.plus_ms(5);
        assert!(s.found(RULE).is_some());
        s.proposal.expires_at = s.now.plus_ms(6);
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn a_line_feed_passes_and_a_bell_does_not_and_ends_the_run() {
        assert!(Setup::reply("una\ndos").found(RULE).is_none());
        let mut s = Setup::reply("\u{7}");
        s.facts.window = crate::Fact::Unknown;
        let judgement = s.judge();
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
        assert_eq!(judgement.findings.len(), 1, "nothing else is evaluated");
        assert_eq!(judgement.findings[0].value, "text.body: U+0007 @0");
    }

    #[test]
    fn topics_digests_and_generations_are_checked() {
        let mut s = Setup::reply("hola");
        s.proposal.topic = Some("x".repeat(65));
        assert!(s.found(RULE).is_some());
        s.proposal.topic = Some("x".repeat(64));
        assert!(s.found(RULE).is_none());
        let mut s = Setup::reply("hola");
        if let Origin::Plugin { digest, .. } = &mut s.proposal.origin {
            digest.pop();
        }
        assert!(s.found(RULE).is_some());
        let mut s = Setup::reply("hola");
        if let Origin::Plugin { generation, .. } = &mut s.proposal.origin {
            *generation = 2;
        }
        assert!(s.found(RULE).is_some());
    }

    #[test]
    fn facts_of_another_content_are_never_judged() {
        let mut s = Setup::reply("hola");
        s.refresh();
        let case = crate::case::Case {
            consistent: false,
            ..s.case()
        };
        let judgement = crate::judge::run(case, None);
        assert_eq!(judgement.primary.as_deref(), Some(RULE));
    }
}
