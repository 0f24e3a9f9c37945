//! Step 7: what webhooks say about messages, templates and numbers takes effect, once, in any order.

use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, TenantId};
use portero_domain::status::MessageStatus;
use portero_domain::template::TemplateStatus;
use portero_domain::update::{StatusUpdate, Update, UpdateKind};
use portero_meta::send_failure::{Reaction, reaction_to};
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, EventState, StatusEffect};

use crate::context::Context;
use crate::error::FlowError;

/// First and second pause for low quality (`whatsapp-platform` 3.5).
const FIRST_PAUSE: Millis = Millis::hours(3);
const SECOND_PAUSE: Millis = Millis::hours(6);

/// Applies one update and marks its event done.
pub(crate) async fn update(
    ctx: &Context,
    event: &ClaimedEvent,
    tenant: TenantId,
    update: &Update,
) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let how = match &update.what {
        UpdateKind::Status(status) => self::status(ctx, &mut tx, tenant, status, now).await?,
        _ => template(&mut tx, tenant, update, now).await?,
    };
    tx.system()
        .finish_event(event.id, event.fence, EventState::Done, &how, now)
        .await?;
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(())
}

async fn status(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    status: &StatusUpdate,
    now: Ts,
) -> Result<String, FlowError> {
    if status.status.is_none() {
        return Ok(format!(
            "status `{}` is not one we know; kept",
            status.status_text
        ));
    }
    let effect = tx.tenant(tenant).apply_status(status, now).await?;
    let outbox = match effect {
        StatusEffect::NoSuchMessage => return Ok("no message of ours".to_owned()),
        StatusEffect::Stale { .. } => {
            return Ok(format!("{}: older than what stands", status.status_text));
        }
        StatusEffect::Applied { outbox } => outbox,
    };
    if let Some(reached @ (MessageStatus::Delivered | MessageStatus::Read)) = status.status {
        tx.tenant(tenant)
            .note_receipt(outbox, reached == MessageStatus::Read, status.at)
            .await?;
    }
    if status.status == Some(MessageStatus::Failed)
        && let Some((code, _)) = &status.error
        && let Some(row) = tx.tenant(tenant).outbox(outbox).await?
    {
        if matches!(reaction_to(*code), Reaction::SuppressMarketing) {
            let stop = ConsentEvent {
                id: ConsentEventId::new(&*ctx.ids, now),
                kind: ConsentEventKind::MetaStop,
                scope: ConsentScope::Promotional,
                promise: None,
                wording: None,
                language: None,
                source: ConsentSource::MetaError,
                evidence: format!("error {code} on {outbox}"),
                captured_at: status.at,
                received_at: now,
            };
            tx.tenant(tenant).append_consent(row.contact, &stop).await?;
            tx.tenant(tenant)
                .cancel_queued(row.contact, true, "consent.meta-stop", now)
                .await?;
        }
        return Ok(format!("failed with {code} on {outbox}"));
    }
    Ok(format!("{} on {outbox}", status.status_text))
}

async fn template(
    tx: &mut Tx,
    tenant: TenantId,
    update: &Update,
    now: Ts,
) -> Result<String, FlowError> {
    let Some(waba) = &update.waba else {
        return Ok("no account named".to_owned());
    };
    let mut tx = tx.tenant(tenant);
    let (what, found) = match &update.what {
        UpdateKind::TemplateStatus {
            name,
            language,
            event,
            title,
            at,
            ..
        } => {
            let Some(status) = after_event(event) else {
                return Ok(format!(
                    "template {name} ({language}): {event} changes no status here; sync asks Meta"
                ));
            };
            let since = at.unwrap_or(now);
            let paused_until = match (&status, title.as_deref()) {
                (TemplateStatus::Paused, Some("FIRST_PAUSE")) => Some(since + FIRST_PAUSE),
                (TemplateStatus::Paused, Some("SECOND_PAUSE")) => Some(since + SECOND_PAUSE),
                _ => None,
            };
            let found = tx
                .set_template_status(waba, name, language, &status, paused_until, now)
                .await?;
            (format!("template {name} ({language}): {event}"), found)
        }
        UpdateKind::TemplateQuality {
            name,
            language,
            quality,
        } => {
            let found = tx
                .set_template_quality(waba, name, language, quality, now)
                .await?;
            (
                format!("template {name} ({language}): quality {quality}"),
                found,
            )
        }
        UpdateKind::TemplateRecategorised {
            name,
            language,
            category: Some(category),
            announced: None,
        } => {
            let found = tx
                .set_template_category(waba, name, language, *category, now)
                .await?;
            (
                format!("template {name} ({language}): now {}", category.as_str()),
                found,
            )
        }
        UpdateKind::TemplateRecategorised {
            name,
            language,
            announced: Some((to, at)),
            ..
        } => {
            return Ok(format!(
                "template {name} ({language}): will be {to} at {at}"
            ));
        }
        _ => return Ok("nothing to do".to_owned()),
    };
    Ok(if found {
        what
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
