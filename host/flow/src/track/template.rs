//! What webhooks say about templates: status, quality, category; and what waits for them.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::TenantId;
use portero_domain::template::TemplateStatus;
use portero_domain::update::{Update, UpdateKind};
use portero_store::model::{AccountEntry, Ask, ClaimedEvent};
use portero_store::{StoreError, TenantTx, Tx};

use crate::error::FlowError;

/// First and second pause for low quality (`whatsapp-platform` 3.5).
const FIRST_PAUSE: Millis = Millis::hours(3);
const SECOND_PAUSE: Millis = Millis::hours(6);

/// The longest name Meta gives a template, and more than any language, in bytes.
const NAME_MAX: usize = 512;
const LANGUAGE_MAX: usize = 32;

/// Events after which Meta wants to be asked (`whatsapp-platform` 2.5).
const ASK_AFTER: &[&str] = &["REINSTATED", "UNARCHIVED"];

/// A line of the template's history.
struct Said {
    template: String,
    language: String,
    entry: AccountEntry,
}

impl Said {
    fn new(name: &str, language: &str, aspect: &str, value: &str, at: Ts) -> Said {
        Said {
            template: name.to_owned(),
            language: language.to_owned(),
            entry: AccountEntry {
                subject: "template".to_owned(),
                name: format!("{name} ({language})"),
                aspect: aspect.to_owned(),
                value: value.to_owned(),
                detail: String::new(),
                at,
            },
        }
    }

    async fn keep(
        &self,
        tx: &mut TenantTx<'_>,
        event: &ClaimedEvent,
        detail: &str,
    ) -> Result<(), StoreError> {
        let entry = AccountEntry {
            detail: detail.to_owned(),
            ..self.entry.clone()
        };
        tx.append_account_change(event.id, &entry).await
    }
}

/// Applies one update about a template.
pub(super) async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    event: &ClaimedEvent,
    update: &Update,
    now: Ts,
) -> Result<String, FlowError> {
    let Some(waba) = &update.waba else {
        return Ok("no account named".to_owned());
    };
    if let UpdateKind::TemplateStatus { name, language, .. }
    | UpdateKind::TemplateQuality { name, language, .. }
    | UpdateKind::TemplateContent { name, language, .. }
    | UpdateKind::TemplateRecategorised { name, language, .. } = &update.what
        && (name.len() > NAME_MAX || language.len() > LANGUAGE_MAX)
    {
        return Ok("no name that a template can have; kept".to_owned());
    }
    let mut tx = tx.tenant(tenant);
    let (what, taken, said) = match &update.what {
        UpdateKind::TemplateStatus {
            name,
            language,
            event: word,
            title,
            at,
            ..
        } => {
            let Some(status) = after_event(word) else {
                if ASK_AFTER.contains(&word.as_str()) {
                    tx.ask_meta(Ask::Templates, now).await?;
                    return Ok(format!(
                        "template {name} ({language}): {word}; Meta is asked for its status"
                    ));
                }
                return Ok(format!(
                    "template {name} ({language}): {word} changes no status here; sync asks Meta"
                ));
            };
            let said_at = at.unwrap_or(event.received_at);
            let paused_until = match (&status, title.as_deref()) {
                (TemplateStatus::Paused, Some("FIRST_PAUSE")) => Some(said_at + FIRST_PAUSE),
                (TemplateStatus::Paused, Some("SECOND_PAUSE")) => Some(said_at + SECOND_PAUSE),
                _ => None,
            };
            let taken = tx
                .set_template_status(waba, name, language, &status, paused_until, said_at)
                .await?;
            let said = Said::new(name, language, "status", word, said_at);
            (format!("template {name} ({language}): {word}"), taken, said)
        }
        UpdateKind::TemplateContent { name, language, at } => {
            // Every message is judged by what we hold when it leaves: nothing waits for this.
            tx.ask_meta(Ask::Templates, now).await?;
            let said_at = at.unwrap_or(event.received_at);
            let said = Said::new(name, language, "content", "changed", said_at);
            said.keep(&mut tx, event, "").await?;
            return Ok(format!(
                "template {name} ({language}): its text changed; Meta is asked for it"
            ));
        }
        UpdateKind::TemplateQuality {
            name,
            language,
            quality,
            at,
        } => {
            let said_at = at.unwrap_or(event.received_at);
            let taken = tx
                .set_template_quality(waba, name, language, quality, said_at)
                .await?;
            (
                format!("template {name} ({language}): quality {quality}"),
                taken,
                Said::new(name, language, "quality", quality, said_at),
            )
        }
        UpdateKind::TemplateRecategorised {
            name,
            language,
            category: Some(category),
            announced: None,
            at,
        } => {
            let said_at = at.unwrap_or(event.received_at);
            let taken = tx
                .set_template_category(waba, name, language, *category, said_at)
                .await?;
            (
                format!("template {name} ({language}): now {}", category.as_str()),
                taken,
                Said::new(name, language, "category", category.as_str(), said_at),
            )
        }
        UpdateKind::TemplateRecategorised {
            name,
            language,
            announced: Some((to, at)),
            at: said_at,
            ..
        } => {
            let said_at = said_at.unwrap_or(event.received_at);
            let said = Said::new(name, language, "category_announced", to, said_at);
            said.keep(&mut tx, event, &at.rfc3339()).await?;
            return Ok(format!(
                "template {name} ({language}): will be {to} at {at}"
            ));
        }
        _ => return Ok("nothing to do".to_owned()),
    };
    said.keep(&mut tx, event, "").await?;
    Ok(if taken {
        match tx.rejudge_template(waba, &said.template, now).await? {
            0 => what,
            n => format!("{what}; {n} waiting messages are judged again"),
        }
    } else if tx
        .template(waba, &said.template, &said.language)
        .await?
        .is_some()
    {
        format!("{what}; older than what stands")
    } else {
        format!("{what}; not in the registry, sync will bring it")
    })
}

/// The status after a webhook's `event`; `None` when the event alone does not tell it.
///
/// Meta asks to read the status again after REINSTATED and UNARCHIVED; FLAGGED is a warning.
fn after_event(event: &str) -> Option<TemplateStatus> {
    const TELLING: &[&str] = &[
        "APPROVED",
        "REJECTED",
        "PENDING",
        "PAUSED",
        "DISABLED",
        "IN_APPEAL",
        "LIMIT_EXCEEDED",
        "LOCKED",
        "ARCHIVED",
        "DELETED",
        "PENDING_DELETION",
    ];
    TELLING
        .contains(&event)
        .then(|| TemplateStatus::from(event.to_owned()))
}
