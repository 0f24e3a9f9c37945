//! Proof for somebody without a login: a link that shows one verdict, for some days, until it is ended.
//!
//! Whoever holds the secret sees that verdict as whoever made the link did, and nothing else. It is 256 random
//! bits, kept as SHA-256 only. A secret that is wrong, ran out or was ended finds nothing, all alike.

use std::net::IpAddr;

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{DecisionId, ProofLinkId, TenantId};
use portero_store::model::{NewProofLink, ProofLinkRow, SealRow};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::access::{Principal, digest, new_secret};
use crate::desk::guesses::{self, Guesses};
use crate::desk::tenants::{self, TenantView};
use crate::desk::verdicts::{self, VerdictView};
use crate::error::FlowError;

/// Days a link is good for unless said otherwise.
pub const DAYS: u32 = 7;
/// Most days a link is good for.
pub const DAYS_MOST: u32 = 30;
/// Most links to one verdict that are good at the same time.
const OPEN_MOST: u64 = 20;
/// Links of a verdict that are listed, those that ended too.
const LISTED: usize = 50;
/// What is longer was never one of our secrets.
const SECRET_LIMIT: usize = 100;

/// A link to be made.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProofLinkRequest {
    /// Days it is good for, 1 to 30; 7 when absent.
    pub days: Option<u32>,
}

/// A link as lists show it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProofLinkView {
    /// Its id, for ending it.
    #[schema(value_type = String)]
    pub id: ProofLinkId,
    /// The verdict it shows.
    #[schema(value_type = String)]
    pub verdict: DecisionId,
    /// `good`, `ran_out` or `ended`.
    pub state: String,
    /// Who made it: a user or a token.
    pub author: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// Until when it shows the verdict, RFC 3339.
    pub expires_at: String,
    /// When somebody ended it, RFC 3339.
    pub revoked_at: Option<String>,
    /// How often it was opened.
    pub opened: u64,
    /// The last time, RFC 3339.
    pub opened_at: Option<String>,
}

/// A link as shown once, at its making.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NewProofLinkView {
    /// The link.
    #[serde(flatten)]
    pub link: ProofLinkView,
    /// Where the verdict is shown, from the root of this host. It holds the secret and cannot be shown again.
    pub path: String,
}

/// Who looks through a link, as far as that is known.
pub struct Look<'a> {
    /// As it stood in the address.
    pub secret: &'a str,
    /// Where from.
    pub address: Option<IpAddr>,
}

/// What a look comes to.
pub enum Looked {
    /// The verdict.
    Shown(Box<Proof>),
    /// Nothing, and not why. The link that there was, for the log.
    Nothing(Option<(ProofLinkId, TenantId, DecisionId)>),
    /// Too many looks: the next counts from this instant.
    Wait(Ts),
}

/// A verdict with where it stands in the chain.
pub struct Proof {
    /// The link.
    pub link: ProofLinkView,
    /// Whose it is.
    pub tenant: TenantView,
    /// The verdict.
    pub verdict: VerdictView,
    /// Its place in the chain; nothing while it is not sealed yet.
    pub seal: Option<SealRow>,
}

fn view(row: ProofLinkRow, now: Ts) -> ProofLinkView {
    ProofLinkView {
        state: state(&row, now).to_owned(),
        id: row.id,
        verdict: row.decision,
        author: row.author,
        made_at: row.made_at.rfc3339(),
        expires_at: row.expires_at.rfc3339(),
        revoked_at: row.revoked_at.map(Ts::rfc3339),
        opened: row.opened,
        opened_at: row.opened_at.map(Ts::rfc3339),
    }
}

fn state(row: &ProofLinkRow, now: Ts) -> &'static str {
    match row.revoked_at {
        Some(_) => "ended",
        None if now >= row.expires_at => "ran_out",
        None => "good",
    }
}

/// Makes a link to a verdict.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), days out of range, too many links at once, or the database.
pub async fn link(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    verdict: DecisionId,
    request: &ProofLinkRequest,
) -> Result<NewProofLinkView, FlowError> {
    let days = request.days.unwrap_or(DAYS);
    if !(1..=DAYS_MOST).contains(&days) {
        let why = format!("1 to {DAYS_MOST}, got {days}");
        return Err(FlowError::bad("days", why));
    }
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let mut of = tx.tenant(tenant);
    if of.decision(verdict).await?.is_none() {
        return Err(FlowError::not_found("verdict", verdict));
    }
    if of.open_proof_links(verdict, now).await? >= OPEN_MOST {
        return Err(FlowError::WrongState {
            what: format!("verdict {verdict}"),
            state: format!("shown by {OPEN_MOST} links"),
            why: "end one of them first".to_owned(),
        });
    }
    let secret = new_secret(ctx, "proof");
    let new = NewProofLink {
        id: ProofLinkId::new(&*ctx.ids, now),
        decision: verdict,
        secret_sha256: digest(&secret),
        author: principal.author(),
        expires_at: now + Millis::days(i64::from(days)),
    };
    of.put_proof_link(&new, now).await?;
    tx.commit().await?;
    let row = ProofLinkRow {
        id: new.id,
        tenant,
        decision: verdict,
        author: new.author,
        made_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        opened: 0,
        opened_at: None,
    };
    Ok(NewProofLinkView {
        link: view(row, now),
        path: format!("/proof/{secret}"),
    })
}

/// Links to a verdict, newest first; the last fifty, those that ended too.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn links(
    ctx: &Context,
    tenant: TenantId,
    verdict: DecisionId,
) -> Result<Vec<ProofLinkView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut of = tx.tenant(tenant);
    if of.decision(verdict).await?.is_none() {
        return Err(FlowError::not_found("verdict", verdict));
    }
    let now = ctx.now();
    let rows = of.proof_links(verdict, LISTED).await?;
    Ok(rows.into_iter().map(|row| view(row, now)).collect())
}

/// Ends a link at once.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's, and for one that had ended), or the database.
pub async fn unlink(ctx: &Context, tenant: TenantId, id: ProofLinkId) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    if !tx.tenant(tenant).end_proof_link(id, ctx.now()).await? {
        return Err(FlowError::not_found("proof link", id));
    }
    tx.commit().await?;
    Ok(())
}

/// Looks through a link. Looks are bounded: by address where secrets are tried, by link where it is opened.
///
/// # Errors
/// The database.
pub async fn look(ctx: &Context, look: &Look<'_>) -> Result<Looked, FlowError> {
    let now = ctx.now();
    let tried = Guesses::of_secrets(look.address);
    let mut tx = ctx.store.write().await?;
    if let Some(until) = guesses::count(&mut tx, &tried, now).await? {
        return Ok(Looked::Wait(until));
    }
    let found = match look.secret.len() <= SECRET_LIMIT {
        true => tx.system().proof_link(&digest(look.secret)).await?,
        false => None,
    };
    let Some(mut row) = found else {
        tx.commit().await?;
        return Ok(Looked::Nothing(None));
    };
    if state(&row, now) != "good" {
        tx.commit().await?;
        let was = (row.id, row.tenant, row.decision);
        return Ok(Looked::Nothing(Some(was)));
    }
    guesses::forgive(&mut tx, &tried).await?;
    let opened = Guesses::of_link(&row.id.to_string());
    if let Some(until) = guesses::count(&mut tx, &opened, now).await? {
        return Ok(Looked::Wait(until));
    }
    let mut of = tx.tenant(row.tenant);
    of.proof_link_opened(row.id, now).await?;
    let seal = of.seal_of(row.decision).await?;
    tx.commit().await?;
    row.opened += 1;
    row.opened_at = Some(now);
    let whose = tenants::list(ctx, Some(row.tenant)).await?;
    let tenant = whose.into_iter().find(|t| t.id == row.tenant);
    let tenant = tenant.ok_or_else(|| FlowError::not_found("tenant", row.tenant))?;
    Ok(Looked::Shown(Box::new(Proof {
        verdict: verdicts::get(ctx, row.tenant, row.decision).await?,
        link: view(row, now),
        tenant,
        seal,
    })))
}
