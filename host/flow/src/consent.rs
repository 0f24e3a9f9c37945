//! Words and buttons about consent: recognised while receiving, acted on while interpreting.

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::ids::{ContactId, TenantId};
use portero_domain::language::Language;
use portero_domain::proposal::OutboxState;
use portero_domain::update::InboundBody;
use portero_gate::words::{self, Recognition, WordContext};
use portero_store::model::{OutboxFilter, Wording};
use portero_store::{StoreError, Tx};

/// How far back our last message counts as what the person is answering.
const CONTEXT: Millis = Millis::hours(72);
/// How long a consent question waits for its answer.
const QUESTION: Millis = Millis::days(30);

/// Whose words, and when.
pub(crate) struct WordContextSource {
    pub(crate) tenant: TenantId,
    pub(crate) contact: Option<ContactId>,
    pub(crate) now: Ts,
}

/// What a message means to consent. Buttons by payload, texts by words; everything else: nothing.
pub(crate) async fn recognise_message(
    tx: &mut Tx,
    source: &WordContextSource,
    body: &InboundBody,
) -> Result<Recognition, StoreError> {
    let text = match body {
        InboundBody::ButtonReply { id, .. } | InboundBody::ListReply { id, .. } => {
            return Ok(words::recognise_payload(id).unwrap_or(Recognition::None));
        }
        InboundBody::TemplateButton { payload, text } => match words::recognise_payload(payload) {
            Some(found) => return Ok(found),
            // A template's quick reply whose label is a stop word is an opt-out whatever its payload.
            None => text,
        },
        InboundBody::Text { text } => text,
        _ => return Ok(Recognition::None),
    };
    // Most messages mean nothing in any context: no statement is spent on them.
    let plain = words::recognise(text, WordContext::None);
    let anywhere = [
        WordContext::Marketing,
        WordContext::ConsentQuestion,
        WordContext::Utility,
    ]
    .into_iter()
    .any(|c| words::recognise(text, c) != Recognition::None);
    if plain == Recognition::None && !anywhere {
        return Ok(Recognition::None);
    }
    let context = context_of(tx, source).await?;
    Ok(words::recognise(text, context))
}

/// What the person is answering to.
async fn context_of(tx: &mut Tx, source: &WordContextSource) -> Result<WordContext, StoreError> {
    let Some(contact) = source.contact else {
        return Ok(WordContext::None);
    };
    let mut tenant = tx.tenant(source.tenant);
    if pending_question(&tenant.consent_events(contact).await?, source.now).is_some() {
        return Ok(WordContext::ConsentQuestion);
    }
    let last = tenant
        .outbox_list(&OutboxFilter {
            contact: Some(contact),
            state: Some(OutboxState::Sent),
            limit: 1,
            ..OutboxFilter::default()
        })
        .await?;
    let Some(last) = last.first() else {
        return Ok(WordContext::None);
    };
    if source.now.since(last.created_at) > CONTEXT.0 {
        return Ok(WordContext::None);
    }
    Ok(match (last.is_promotional, last.is_template) {
        (true, _) => WordContext::Marketing,
        (false, true) => WordContext::Utility,
        (false, false) => WordContext::None,
    })
}

/// The topic of an unanswered consent question, if one is open.
pub(crate) fn pending_question(
    events: &[portero_domain::consent::ConsentEvent],
    now: Ts,
) -> Option<(String, portero_domain::consent::ConsentEvent)> {
    let asked = events
        .iter()
        .rev()
        .find(|e| e.kind == ConsentEventKind::Requested)?;
    let ConsentScope::Topic(topic) = &asked.scope else {
        return None;
    };
    let answered = events.iter().any(|e| {
        e.captured_at >= asked.captured_at
            && matches!(
                e.kind,
                ConsentEventKind::Granted | ConsentEventKind::Declined | ConsentEventKind::Revoked
            )
    });
    (!answered && now.since(asked.captured_at) < QUESTION.0).then(|| (topic.clone(), asked.clone()))
}

/// The last question about a topic, answered or not.
pub(crate) fn question_on<'e>(
    events: &'e [portero_domain::consent::ConsentEvent],
    topic: &str,
) -> Option<&'e portero_domain::consent::ConsentEvent> {
    events.iter().rev().find(|e| {
        e.kind == ConsentEventKind::Requested
            && matches!(&e.scope, ConsentScope::Topic(of) if of == topic)
    })
}

/// The wording that `name@version` names, in `language` or, when it has none there, in the first.
pub(crate) async fn wording_shown(
    tx: &mut Tx,
    tenant: TenantId,
    wording: &str,
    language: Language,
) -> Result<Option<Wording>, StoreError> {
    let Some((name, version)) = wording
        .rsplit_once('@')
        .and_then(|(name, version)| Some((name, version.parse::<u32>().ok()?)))
    else {
        return Ok(None);
    };
    let mut all = tx.tenant(tenant).wording_version(name, version).await?;
    let place = all.iter().position(|w| w.language == language);
    Ok(match place {
        Some(place) => Some(all.swap_remove(place)),
        None => all.into_iter().next(),
    })
}

/// Short name of a recognition, kept as the event's interpretation.
pub(crate) fn label(found: &Recognition) -> String {
    match found {
        Recognition::OptOut(ConsentScope::All) => "opt_out:all".to_owned(),
        Recognition::OptOut(ConsentScope::Promotional) => "opt_out:promotional".to_owned(),
        Recognition::OptOut(ConsentScope::Topic(t)) => format!("opt_out:topic:{t}"),
        Recognition::OptIn => "opt_in".to_owned(),
        Recognition::Yes { topic } => format!("consent_yes:{topic}"),
        Recognition::No { topic } => format!("consent_no:{topic}"),
        Recognition::Help => "help".to_owned(),
        Recognition::Human => "human".to_owned(),
        Recognition::Ask => "ask".to_owned(),
        Recognition::Keep => "keep".to_owned(),
        Recognition::Permissions => "permissions".to_owned(),
        Recognition::None => String::new(),
    }
}

/// Reads [`label`] back.
pub(crate) fn unlabel(text: &str) -> Recognition {
    match text {
        "opt_out:all" => Recognition::OptOut(ConsentScope::All),
        "opt_out:promotional" => Recognition::OptOut(ConsentScope::Promotional),
        "opt_in" => Recognition::OptIn,
        "help" => Recognition::Help,
        "human" => Recognition::Human,
        "ask" => Recognition::Ask,
        "keep" => Recognition::Keep,
        "permissions" => Recognition::Permissions,
        other => {
            if let Some(t) = other.strip_prefix("opt_out:topic:") {
                Recognition::OptOut(ConsentScope::Topic(t.to_owned()))
            } else if let Some(t) = other.strip_prefix("consent_yes:") {
                Recognition::Yes {
                    topic: t.to_owned(),
                }
            } else if let Some(t) = other.strip_prefix("consent_no:") {
                Recognition::No {
                    topic: t.to_owned(),
                }
            } else {
                Recognition::None
            }
        }
    }
}

/// The receipt after an opt-out: once, no offer, no question.
pub(crate) fn receipt(language: Language, scope: &ConsentScope) -> &'static str {
    match (language, scope) {
        (Language::Es, ConsentScope::All) => {
            "Listo, no te enviaremos más mensajes. Escribe ALTA si cambias de idea."
        }
        (Language::Es, _) => {
            "Listo, no te enviaremos más promociones. Escribe ALTA si cambias de idea."
        }
        (Language::Pt, ConsentScope::All) => {
            "Pronto, não enviaremos mais mensagens. Escreva VOLTAR se mudar de ideia."
        }
        (Language::Pt, _) => {
            "Pronto, não enviaremos mais promoções. Escreva VOLTAR se mudar de ideia."
        }
        (Language::En, ConsentScope::All) => {
            "Done, we will not message you any more. Write START if you change your mind."
        }
        (Language::En, _) => "Done, no more promotions. Write START if you change your mind.",
    }
}

/// The question when a message may or may not be an opt-out: body and three button labels.
pub(crate) fn doubt(language: Language, brand: &str) -> (String, [&'static str; 3]) {
    match language {
        Language::Es => (
            format!("¿Quieres dejar de recibir mensajes de {brand}?"),
            ["Sí, dejar de recibir", "Solo ofertas no", "Seguir igual"],
        ),
        Language::Pt => (
            format!("Quer parar de receber mensagens da {brand}?"),
            ["Sim, parar", "Só ofertas não", "Continuar"],
        ),
        Language::En => (
            format!("Do you want to stop messages from {brand}?"),
            ["Yes, stop", "No offers only", "Keep as is"],
        ),
    }
}
