//! Step 7: what webhooks say about messages, templates and numbers takes effect, once, in any order.

mod account;
mod echo;
pub(crate) mod statuses;
mod template;

use portero_domain::ids::{OutboxId, TenantId};
use portero_domain::update::{StatusUpdate, Update, UpdateKind};
use portero_meta::send_failure::reaction_to;
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, EventState};

use crate::context::Context;
use crate::dispatch::react::{self, MetaError};
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
        UpdateKind::Status(status) => {
            let said = statuses::apply(ctx, &mut tx, tenant, &[status], now).await?;
            said.into_iter().next().unwrap_or_default()
        }
        UpdateKind::Account(news) => {
            account::apply(&mut tx, tenant, event, update, news, now).await?
        }
        UpdateKind::Echo { person, at, .. } => {
            let from = echo::Answered {
                person,
                at: *at,
                by: echo::APP,
                answered: true,
            };
            echo::apply(&mut tx, tenant, event, update, &from, now).await?
        }
        UpdateKind::Handover { person, at } => {
            let from = echo::Answered {
                person,
                at: *at,
                by: echo::OTHERS,
                answered: false,
            };
            echo::apply(&mut tx, tenant, event, update, &from, now).await?
        }
        // The copy of what a person wrote to somebody else: what it means to consent was obeyed while
        // receiving, and nobody of ours answers.
        UpdateKind::Message(m) => {
            let from = echo::Answered {
                person: &m.from,
                at: m.at,
                by: echo::OTHERS,
                answered: false,
            };
            echo::apply(&mut tx, tenant, event, update, &from, now).await?
        }
        UpdateKind::Call { .. } => {
            "a call of the person; the window was opened while receiving".to_owned()
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

/// What a failure means beyond the message, by the table of refusals; says how it was read.
async fn failed(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    status: &StatusUpdate,
    outbox: OutboxId,
) -> Result<String, FlowError> {
    let Some((code, _)) = &status.error else {
        return Ok(format!("{} on {outbox}", status.status_text));
    };
    if let Some(row) = tx.tenant(tenant).outbox(outbox).await? {
        let error = MetaError {
            proposal: &row.proposal,
            code: *code,
            reaction: reaction_to(*code),
            at: status.at,
        };
        react::beyond(ctx, tx, &error).await?;
    }
    Ok(format!("failed with {code} on {outbox}"))
}
