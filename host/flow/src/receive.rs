//! Step 1: a webhook becomes durable rows, and an opt-out takes effect, before Meta gets its 200.
//!
//! Nothing is ever refused for what it says: what cannot be read, routed or understood is kept raw
//! and counted. Only a wrong signature is turned away.

use std::sync::Arc;

use portero_meta::{signature, translate};

pub(crate) use self::apps::Apps;
use self::keep::{Delivery, keep};
use crate::context::{Context, Point};
use crate::error::FlowError;
use crate::together::{Together, Told};

mod apps;
mod event;
mod keep;
mod obey;
mod veil;

/// Largest body accepted; Meta sends up to 3 MB.
pub const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Deliveries per transaction.
const MOST: usize = 64;

/// Deliveries of statuses that wait to be kept.
pub(crate) type Receiving = Together<Delivery, Received>;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Updates in it.
    pub updates: usize,
    /// Of these, not seen before.
    pub new: usize,
}

/// Verifies, stores, obeys opt-outs; the caller answers 200 when this returns `Ok`.
///
/// # Errors
/// [`FlowError::NotFound`] for an unknown app, [`FlowError::BadSignature`], or the database.
pub async fn webhook(
    ctx: &Arc<Context>,
    app: &str,
    signature_header: Option<&str>,
    raw: &[u8],
) -> Result<Received, FlowError> {
    let secrets = apps::secrets(ctx, app).await?;
    if signature::verify(&secrets.app_secret, raw, signature_header).is_err() {
        ctx.counters.webhooks_bad_signature.one();
        return Err(FlowError::BadSignature {
            app: app.to_owned(),
        });
    }
    let delivery = Delivery {
        app: app.to_owned(),
        raw: raw.to_vec(),
        read: translate::translate(raw),
    };
    let received = if delivery.only_statuses() {
        with_others(ctx, delivery).await?
    } else {
        one(ctx, delivery).await?
    };
    ctx.probe.at(Point::AfterReceiveCommit);
    ctx.counters.webhooks_accepted.one();
    ctx.touched();
    Ok(received)
}

/// Keeps a delivery with all that wait at the same moment; returns when it is durable.
async fn with_others(ctx: &Arc<Context>, delivery: Delivery) -> Result<Received, FlowError> {
    let hear = ctx.receiving.add(delivery);
    // A task of its own: who hangs up takes nobody else's delivery along. And one at a time: as many as
    // there are deliveries would each write the few that came since the one before, and pile up.
    if ctx.receiving.lead() {
        let lead = Lead {
            ctx: Arc::clone(ctx),
            ended: false,
        };
        ctx.tasks.spawn(async move {
            while let Some((deliveries, told)) = lead.ctx.receiving.take_or_end(MOST) {
                together(&lead.ctx, deliveries, told).await;
            }
            lead.end();
        });
    }
    hear.await
        .unwrap_or_else(|_| Err(FlowError::not_found("whoever keeps", "delivery")))
}

/// Whoever writes for all; dropped before its end (a panic), the next one takes over.
struct Lead {
    ctx: Arc<Context>,
    ended: bool,
}

impl Lead {
    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.ended {
            self.ctx.receiving.give_up();
        }
    }
}

async fn together(ctx: &Context, deliveries: Vec<Delivery>, told: Vec<Told<Received>>) {
    if deliveries.len() > 1 {
        match keep(ctx, &deliveries).await {
            Ok(received) => {
                for (told, received) in told.into_iter().zip(received) {
                    let _ = told.send(Ok(received));
                }
                return;
            }
            // One of them is the cause: each gets a transaction and an error of its own.
            Err(error) => {
                tracing::warn!(error.chain = %error.chain(), "deliveries are kept one by one");
            }
        }
    }
    for (delivery, told) in deliveries.into_iter().zip(told) {
        let _ = told.send(one(ctx, delivery).await);
    }
}

async fn one(ctx: &Context, delivery: Delivery) -> Result<Received, FlowError> {
    let mut received = keep(ctx, &[delivery]).await?;
    received
        .pop()
        .ok_or_else(|| FlowError::not_found("what became of it", "delivery"))
}

/// Answers Meta's verification: the challenge when the token matches, `None` when it does not.
///
/// # Errors
/// [`FlowError::NotFound`] for an unknown app, or the database.
pub async fn challenge(ctx: &Context, app: &str, query: &str) -> Result<Option<String>, FlowError> {
    let secrets = apps::secrets(ctx, app).await?;
    Ok(signature::verify_challenge(query, &secrets.verify_token).ok())
}
