//! Notices leave for the tenants' own systems: signed, one try at a time for each endpoint, again
//! over three days, then given up and shown.

use std::sync::Arc;

use portero_domain::clock::Millis;
use portero_domain::notice::retry_after;
use portero_net::webhook::{Delivery, TIMEOUT};
use portero_store::model::{AfterTry, DueDelivery, TryRow};

use crate::context::Context;
use crate::error::FlowError;

/// Deliveries taken per step.
const CLAIM_LIMIT: usize = 32;
/// A try that has not been written down after this long died with its host.
const LEASE: Millis = Millis::secs(3 * TIMEOUT.as_secs() as i64);
/// The receiver's word for *never again*.
const GONE: u16 = 410;

/// Takes what is due and hands it to tasks. Returns how many were taken.
///
/// # Errors
/// The database.
pub async fn step(ctx: &Arc<Context>) -> Result<usize, FlowError> {
    let lease_now = ctx.clock.lease_now();
    // Mostly there is nothing: no writer is taken for it.
    let waiting = {
        let mut tx = ctx.store.read().await?;
        tx.system().deliveries_wait(ctx.now(), lease_now).await?
    };
    if !waiting {
        return Ok(0);
    }
    let mut tx = ctx.store.write().await?;
    let due = tx
        .system()
        .claim_deliveries(ctx.now(), lease_now, lease_now + LEASE, CLAIM_LIMIT)
        .await?;
    tx.commit().await?;
    let taken = due.len();
    for one in due {
        let ctx = Arc::clone(ctx);
        ctx.tasks.clone().spawn(async move {
            if let Err(error) = deliver(&ctx, &one).await {
                ctx.counters.step_errors.one();
                tracing::error!(notice.id = %one.notice, webhook.id = %one.webhook, error.chain = %error.chain(),
                    "a delivery could not be written down; it is tried again when its lease is over");
            }
        });
    }
    Ok(taken)
}

async fn deliver(ctx: &Context, one: &DueDelivery) -> Result<(), FlowError> {
    let secrets = {
        let mut tx = ctx.store.read().await?;
        tx.tenant(one.tenant)
            .webhook_secrets(one.webhook, ctx.now())
            .await?
    };
    // Receivers compare with their own clock: never with one that jumps.
    let began = ctx.clock.lease_now();
    let id = one.notice.to_string();
    let what = Delivery {
        id: &id,
        at_secs: began.ms().div_euclid(1_000),
        body: &one.body,
        secrets: &secrets,
    };
    let answer = ctx.webhooks.post(&one.url, what).await;
    let took_ms = ctx.clock.lease_now().since(began).max(0);
    let now = ctx.now();
    let number = one.tries.saturating_add(1);
    let (status, fault) = match &answer {
        Ok(status) if (200..300).contains(status) => (Some(*status), None),
        Ok(status) => (Some(*status), Some(format!("answered {status}"))),
        Err(none) => (None, Some(none.to_string())),
    };
    let mut chance = [0_u8; 1];
    ctx.ids.random(&mut chance);
    let again = retry_after(number, chance[0]);
    let after = match (&fault, again) {
        (None, _) => AfterTry::Delivered,
        (Some(_), Some(wait)) if status != Some(GONE) => AfterTry::Again(now + wait),
        _ => AfterTry::GivenUp,
    };
    let done = TryRow {
        number,
        at: now,
        status,
        fault,
        took_ms,
    };
    let mut tx = ctx.store.write().await?;
    let mut tenant = tx.tenant(one.tenant);
    if !tenant
        .settle_delivery(one.webhook, one.notice, &done, after)
        .await?
    {
        return Ok(());
    }
    // Given up, and nothing else has arrived since it happened: nobody is there.
    let silent = one
        .failing_since
        .is_some_and(|since| since <= one.created_at + LEASE);
    let disable = match after {
        AfterTry::GivenUp if status == Some(GONE) => Some("the receiver answered 410 Gone"),
        AfterTry::GivenUp if silent => Some("nothing arrived for three days"),
        _ => None,
    };
    if let Some(reason) = disable {
        tenant.disable_webhook(one.webhook, reason, now).await?;
        tracing::warn!(webhook.id = %one.webhook, reason, "webhook disabled; `portero webhook enable` tries again");
    }
    tx.commit().await?;
    match after {
        AfterTry::Delivered => ctx.counters.webhooks_out_delivered.one(),
        AfterTry::Again(_) => ctx.counters.webhooks_out_failed.one(),
        AfterTry::GivenUp => ctx.counters.webhooks_out_given_up.one(),
    }
    Ok(())
}
