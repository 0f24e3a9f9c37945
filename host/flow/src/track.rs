//! Step 7: what webhooks say about messages, templates and numbers takes effect, once, in any order.

mod account;
mod echo;
mod template;

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::ids::{ConsentEventId, TenantId};
use portero_domain::status::MessageStatus;
use portero_domain::update::{StatusUpdate, Update, UpdateKind};
use portero_meta::send_failure::{Reaction, reaction_to};
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, EventState, StatusEffect};

use crate::context::Context;
use crate::error::FlowError;

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
        UpdateKind::Account(news) => {
            account::apply(&mut tx, tenant, event, update, news, now).await?
        }
        UpdateKind::Echo { person, at, .. } => {
            echo::apply(&mut tx, tenant, event, update, person, *at, now).await?
        }
        _ => template::apply(&mut tx, tenant, event, update, now).await?,
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
                expires_at: None,
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
