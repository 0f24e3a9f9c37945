//! "MIS PERMISOS": what the person agreed to, what was sent to them, and how to stop.
//!
//! The same facts as the gate judges by, in the host's own words; no plugin is asked.

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{
    ConsentEvent, ConsentScope, ConsentStanding, FrequencyPromise, Period, meta_stop_since,
    standing,
};
use portero_domain::content::{Content, Text};
use portero_domain::ids::{ContactId, TenantId};
use portero_domain::language::Language;
use portero_domain::proposal::OutboxState;
use portero_store::Tx;
use portero_store::model::PersonsCampaign;

use crate::consult::Who;
use crate::error::FlowError;

/// How far back messages are counted.
pub(crate) const SENT_WITHIN: Millis = Millis::days(30);
/// Topics told in one answer; a list that long is looked up, not read.
const TOPICS_MAX: usize = 12;
/// Campaigns read of one person.
const CAMPAIGNS_READ: usize = 50;
/// Campaigns named in one answer, the latest.
const CAMPAIGNS_NAMED: usize = 5;
/// Characters of a campaign's reason in an answer.
const WHY_MAX: usize = 200;

/// Where a person stands on one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicStanding {
    /// The topic; `None` is promotion in general.
    pub(crate) topic: Option<String>,
    /// Where they stand.
    pub(crate) standing: ConsentStanding,
}

/// Everything on record about one person's consent.
pub(crate) struct OnRecord {
    pub(crate) topics: Vec<TopicStanding>,
    pub(crate) events: Vec<ConsentEvent>,
    pub(crate) meta_stop: Option<Ts>,
    /// Messages of the last 30 days by purpose.
    pub(crate) sent: Vec<(String, u64)>,
    /// The campaigns that wrote to them, or would, newest first.
    pub(crate) campaigns: Vec<PersonsCampaign>,
}

/// Reads it.
pub(crate) async fn on_record(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
    now: Ts,
) -> Result<OnRecord, FlowError> {
    let events = tx.tenant(tenant).consent_events(contact).await?;
    let sent = tx
        .tenant(tenant)
        .sent_by_purpose(contact, now - SENT_WITHIN)
        .await?;
    let campaigns = tx
        .tenant(tenant)
        .campaigns_of_person(contact, CAMPAIGNS_READ)
        .await?;
    Ok(OnRecord {
        campaigns,
        topics: topics(&events),
        meta_stop: meta_stop_since(&events),
        events,
        sent,
    })
}

/// Promotion in general first, then every topic ever named, in order of name.
fn topics(events: &[ConsentEvent]) -> Vec<TopicStanding> {
    let mut named: Vec<&str> = events
        .iter()
        .filter_map(|e| match &e.scope {
            ConsentScope::Topic(topic) => Some(topic.as_str()),
            ConsentScope::All | ConsentScope::Promotional => None,
        })
        .collect();
    named.sort_unstable();
    named.dedup();
    std::iter::once(None)
        .chain(named.into_iter().map(Some))
        .map(|topic| TopicStanding {
            topic: topic.map(str::to_owned),
            standing: standing(events, topic),
        })
        .collect()
}

/// The answer to the person.
pub(crate) async fn text(tx: &mut Tx, who: &Who, now: Ts) -> Result<String, FlowError> {
    let mut record = on_record(tx, who.tenant.id, who.contact, now).await?;
    record
        .campaigns
        .retain(|c| c.state == OutboxState::Sent && c.at >= now - SENT_WITHIN);
    Ok(words(
        who.language,
        &who.tenant.name,
        &who.tenant.timezone,
        &record,
    ))
}

fn pick(language: Language, es: &str, pt: &str, en: &str) -> String {
    match language {
        Language::Es => es,
        Language::Pt => pt,
        Language::En => en,
    }
    .to_owned()
}

fn words(language: Language, brand: &str, zone: &str, record: &OnRecord) -> String {
    let mut lines = vec![format!(
        "{} {brand}",
        pick(
            language,
            "Tus permisos con",
            "Suas permissões com",
            "Your consents with"
        )
    )];
    let date = |at: Ts| date(at, zone);
    let mut agreed = 0;
    for one in record.topics.iter().take(TOPICS_MAX) {
        let topic = one.topic.clone().unwrap_or_else(|| {
            pick(
                language,
                "promociones en general",
                "promoções em geral",
                "promotions in general",
            )
        });
        match &one.standing {
            ConsentStanding::Granted { by, at, promise } => {
                agreed += 1;
                let wording = record
                    .events
                    .iter()
                    .find(|e| e.id == *by)
                    .and_then(|e| e.wording.as_deref());
                let yes = pick(language, "aceptaste el", "você aceitou em", "you agreed on");
                let mut line = format!("• {topic}: {yes} {}", date(*at));
                if let Some(wording) = wording {
                    let text = pick(language, "texto", "texto", "wording");
                    line.push_str(&format!(" ({text} {wording})"));
                }
                if let Some(promise) = promise {
                    line.push_str(&format!(", {}", often(language, *promise)));
                }
                lines.push(line);
            }
            ConsentStanding::Declined { at } => lines.push(format!(
                "• {topic}: {} {}",
                pick(
                    language,
                    "dijiste que no el",
                    "você disse não em",
                    "you said no on"
                ),
                date(*at)
            )),
            ConsentStanding::Revoked { at, .. } => lines.push(format!(
                "• {topic}: {} {}",
                pick(
                    language,
                    "lo retiraste el",
                    "você retirou em",
                    "you withdrew on"
                ),
                date(*at)
            )),
            _ => {}
        }
    }
    if let Some(at) = record.meta_stop {
        lines.push(format!(
            "• {} {}",
            pick(
                language,
                "en WhatsApp detuviste las promociones el",
                "no WhatsApp você parou as promoções em",
                "in WhatsApp you stopped promotions on"
            ),
            date(at)
        ));
    }
    if agreed == 0 {
        lines.push(pick(
            language,
            "• No tenemos permiso tuyo para promociones.",
            "• Não temos sua permissão para promoções.",
            "• We have no consent of yours for promotions.",
        ));
    }
    lines.push(sent(language, record));
    for one in record.campaigns.iter().take(CAMPAIGNS_NAMED) {
        lines.push(campaign(one, &date(one.at)));
    }
    lines.push(pick(
        language,
        "Para dejar de recibir, escribe BAJA.",
        "Para parar de receber, escreva SAIR.",
        "To stop, write STOP.",
    ));
    lines.join("\n")
}

fn sent(language: Language, record: &OnRecord) -> String {
    let mut parts = Vec::new();
    for (purpose, n) in &record.sent {
        let (es, pt, en) = match purpose.as_str() {
            "promotional" => ("promociones", "promoções", "promotions"),
            "transactional" => ("avisos", "avisos", "notices"),
            "reply" => ("respuestas", "respostas", "answers"),
            "authentication" => ("códigos", "códigos", "codes"),
            "consent_request" => (
                "preguntas de permiso",
                "perguntas de permissão",
                "consent questions",
            ),
            _ => (
                "mensajes del sistema",
                "mensagens do sistema",
                "system messages",
            ),
        };
        parts.push(format!("{n} {}", pick(language, es, pt, en)));
    }
    let lead = pick(
        language,
        "En los últimos 30 días te enviamos:",
        "Nos últimos 30 dias enviamos:",
        "In the last 30 days we sent:",
    );
    if parts.is_empty() {
        parts.push(pick(language, "nada", "nada", "nothing"));
    }
    format!("{lead} {}.", parts.join(", "))
}

/// A campaign by its name, and why it wrote to this person. What the gate would take for debris of a
/// programme in the shop's words is left out: the answer matters more.
fn campaign(one: &PersonsCampaign, day: &str) -> String {
    let clean = |text: &str| {
        let one_line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let content = Content::Text(Text {
            body: one_line.clone(),
            preview_url: false,
        });
        let debris = portero_gate::detect::detect(&content).placeholders;
        debris.is_empty().then_some(one_line)
    };
    let mut line = format!("• {day}");
    if let Some(name) = clean(&one.definition.name) {
        line.push_str(&format!(" {name}"));
    }
    if let Some(why) = clean(&one.definition.why) {
        let short: String = why.chars().take(WHY_MAX).collect();
        let more = if short.len() < why.len() { "…" } else { "" };
        line.push_str(&format!(": {short}{more}"));
    }
    line
}

fn often(language: Language, promise: FrequencyPromise) -> String {
    let per = match promise.per {
        Period::Day => pick(language, "día", "dia", "day"),
        Period::Week => pick(language, "semana", "semana", "week"),
        Period::Month => pick(language, "mes", "mês", "month"),
    };
    match language {
        Language::Es => format!("hasta {} por {per}", promise.max),
        Language::Pt => format!("até {} por {per}", promise.max),
        Language::En => format!("up to {} a {per}", promise.max),
    }
}

/// The day where the tenant is.
fn date(at: Ts, zone: &str) -> String {
    at.to_jiff()
        .and_then(|t| t.in_tz(zone).ok())
        .map_or_else(|| at.rfc3339(), |t| t.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sent: Vec<(String, u64)>) -> OnRecord {
        OnRecord {
            topics: vec![TopicStanding {
                topic: None,
                standing: ConsentStanding::Unknown,
            }],
            events: Vec::new(),
            meta_stop: Some(Ts(0)),
            sent,
            campaigns: Vec::new(),
        }
    }

    #[test]
    fn somebody_without_a_consent_is_told_so_in_every_language() {
        for (language, no, stop) in [
            (Language::Es, "No tenemos permiso", "BAJA"),
            (Language::Pt, "Não temos", "SAIR"),
            (Language::En, "no consent", "STOP"),
        ] {
            let text = words(language, "Sol", "America/Bogota", &record(Vec::new()));
            assert!(text.contains(no) && text.contains(stop), "{text}");
            assert!(text.contains("1969-12-31"), "the tenant's own day: {text}");
        }
    }

    #[test]
    fn what_was_sent_is_counted_by_kind() {
        let sent = vec![("promotional".to_owned(), 2), ("reply".to_owned(), 3)];
        let text = words(Language::Es, "Sol", "America/Bogota", &record(sent));
        assert!(text.contains("2 promociones, 3 respuestas."), "{text}");
    }
}
