//! Webhooks out: endpoints of a tenant's own systems, what was delivered, what was not and why.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{NoticeId, TenantId, WebhookId};
use portero_domain::notice::NoticeKind;
use portero_net::webhook;
use portero_store::StoreError;
use portero_store::model::{DeliveryRow, NOTICES_KEPT, NewWebhook, TryRow, WebhookRow};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::desk::once::{self, Once};
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

/// How long the secret before signs beside the new one.
const ROTATION: Millis = Millis::hours(24);
/// Longest description, characters.
const ABOUT_MAX: usize = 200;
/// Shortest and longest time that an endpoint stays without being fetched from, seconds.
const FETCH_WITHIN_S: (u32, u32) = (10, 86_400);

/// The address of an endpoint whose deliveries somebody fetches.
pub const FETCHED: &str = "portero:fetched";

/// An endpoint to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// Where to: https, a public name. `portero:fetched`: nothing is sent, you fetch what waits under
    /// `…/deliveries` (`portero listen` does).
    pub url: String,
    /// What it is for.
    #[serde(default)]
    pub about: String,
    /// Kinds it wants (`campaign.paused`, …); everything when empty or absent.
    #[serde(default)]
    pub events: Vec<String>,
    /// Of `portero:fetched` alone, 10 to 86,400: it is removed when nobody reads its deliveries for so many seconds. It
    /// stays without.
    #[serde(default)]
    pub fetch_within_s: Option<u32>,
}

/// An endpoint as it stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WebhookId,
    /// Where to.
    pub url: String,
    /// What it is for.
    pub about: String,
    /// Kinds it wants; empty for everything.
    pub events: Vec<&'static str>,
    /// `new` (nothing tried), `ok`, `failing` (nothing arrives, tries go on), `disabled` or `fetched`.
    pub state: &'static str,
    /// Since when nothing arrives, RFC 3339.
    pub failing_since: Option<String>,
    /// Since when nothing is tried any more, RFC 3339.
    pub disabled_at: Option<String>,
    /// Why.
    pub disabled_reason: Option<String>,
    /// When something arrived last, RFC 3339.
    pub delivered_at: Option<String>,
    /// Deliveries that have not arrived and are not given up.
    pub waiting: u64,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it is removed unless somebody reads its deliveries before, by the machine's clock, RFC 3339; absent where it
    /// stays.
    pub fetched_until: Option<String>,
}

/// An endpoint with its signing secret, shown once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NewWebhookView {
    /// The endpoint.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// What its deliveries are signed with (`whsec_…`). It cannot be shown again: it is absent where a request is answered a
    /// second time; rotating makes a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A kind of notice.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct NoticeKindView {
    /// The word in `type`.
    pub event: &'static str,
    /// What it says.
    pub about: &'static str,
}

/// Where a delivery stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NoticeView {
    /// `webhook-id` of every try.
    #[schema(value_type = String)]
    pub id: NoticeId,
    /// What happened.
    pub event: String,
    /// When, RFC 3339.
    pub at: String,
    /// `waiting`, `delivered` or `given_up`.
    pub state: String,
    /// Tries so far.
    pub tries: u32,
    /// When it is tried next, RFC 3339.
    pub next_at: Option<String>,
    /// HTTP status of the newest answer.
    pub status: Option<u16>,
    /// What went wrong at the newest try.
    pub fault: Option<String>,
}

/// One try of a delivery.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TryView {
    /// 1 for the first.
    pub number: u32,
    /// When, RFC 3339.
    pub at: String,
    /// HTTP status of the answer; absent when there was none.
    pub status: Option<u16>,
    /// What went wrong.
    pub fault: Option<String>,
    /// How long it took, milliseconds.
    pub took_ms: i64,
}

/// A delivery with its body and every try.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NoticeDetail {
    /// Where it stands.
    #[serde(flatten)]
    pub delivery: NoticeView,
    /// The bytes that are signed and sent.
    pub body: String,
    /// Tries, oldest first.
    pub log: Vec<TryView>,
}

/// What to send again.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// One notice (`ntc_…`), whatever became of it.
    #[serde(default)]
    pub id: Option<String>,
    /// Else everything given up that happened at or after this instant, RFC 3339; all that is kept when absent.
    #[serde(default)]
    pub since: Option<String>,
}

/// How much is sent again.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct ReplayView {
    /// Deliveries.
    pub replayed: u64,
}

fn view(row: WebhookRow) -> WebhookView {
    let state = match (&row.disabled_at, &row.failing_since, &row.delivered_at) {
        (Some(_), _, _) if row.url == FETCHED => "fetched",
        (Some(_), _, _) => "disabled",
        (None, Some(_), _) => "failing",
        (None, None, Some(_)) => "ok",
        (None, None, None) => "new",
    };
    WebhookView {
        id: row.id,
        url: row.url,
        about: row.about,
        events: row.kinds.iter().map(|k| k.as_str()).collect(),
        state,
        failing_since: row.failing_since.map(Ts::rfc3339),
        disabled_at: row.disabled_at.map(Ts::rfc3339),
        disabled_reason: row.disabled_reason,
        delivered_at: row.delivered_at.map(Ts::rfc3339),
        waiting: row.waiting,
        created_at: row.created_at.rfc3339(),
        fetched_until: row.term.map(|(_, until)| until.rfc3339()),
    }
}

fn notice(row: &DeliveryRow) -> NoticeView {
    NoticeView {
        id: row.notice,
        event: row.kind.clone(),
        at: row.created_at.rfc3339(),
        state: row.state.clone(),
        tries: row.tries,
        next_at: row.next_at.map(Ts::rfc3339),
        status: row.status,
        fault: row.fault.clone(),
    }
}

fn one_try(row: TryRow) -> TryView {
    TryView {
        number: row.number,
        at: row.at.rfc3339(),
        status: row.status,
        fault: row.fault,
        took_ms: row.took_ms,
    }
}

/// Every kind there is.
#[must_use]
pub fn kinds() -> Vec<NoticeKindView> {
    NoticeKind::ALL
        .iter()
        .map(|k| NoticeKindView {
            event: k.as_str(),
            about: k.about(),
        })
        .collect()
}

fn read_kinds(words: &[String]) -> Result<Vec<NoticeKind>, FlowError> {
    let mut kinds = Vec::new();
    for word in words {
        let Some(kind) = NoticeKind::parse(word) else {
            let known: Vec<&str> = NoticeKind::ALL.iter().map(|k| k.as_str()).collect();
            let why = format!("`{word}` is no kind; there are {}", known.join(", "));
            return Err(FlowError::bad("events", why));
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn new_secret(ctx: &Context) -> SecretString {
    let mut random = [0_u8; 32];
    ctx.ids.random(&mut random);
    webhook::secret(&random)
}

/// Makes an endpoint; its secret is shown once.
///
/// # Errors
/// An address that may not be called, an unknown kind, too many endpoints, or the database.
pub async fn create(
    ctx: &Context,
    tenant: TenantId,
    request: &WebhookRequest,
    once: Option<&Once>,
) -> Result<NewWebhookView, FlowError> {
    let fetched = request.url == FETCHED;
    let url = if fetched {
        FETCHED.to_owned()
    } else {
        let checked = ctx.webhooks.check(&request.url);
        checked
            .map_err(|bad| FlowError::bad("url", bad.to_string()))?
            .into()
    };
    if request.about.chars().count() > ABOUT_MAX {
        return Err(FlowError::bad(
            "about",
            format!("longer than {ABOUT_MAX} characters"),
        ));
    }
    let term = term(ctx, request.fetch_within_s, fetched)?;
    let now = ctx.now();
    let new = NewWebhook {
        id: WebhookId::new(&*ctx.ids, now),
        url,
        about: request.about.clone(),
        kinds: read_kinds(&request.events)?,
        secret: new_secret(ctx),
        fetched: fetched.then(|| "somebody fetches what waits".to_owned()),
        term,
    };
    let mut tx = ctx.store.write().await?;
    let whose = (Some(tenant), "webhooks");
    if let Some(made) = once::take(&mut tx, once, whose, &new.id.to_string(), now).await? {
        tx.commit().await?;
        return Ok(NewWebhookView {
            webhook: get(ctx, tenant, once::read("webhook", &made)?).await?,
            secret: None,
        });
    }
    tx.tenant(tenant)
        .put_webhook(&new, now)
        .await
        .map_err(|error| match error {
            StoreError::Limit { max, .. } => {
                FlowError::bad("url", format!("there are {max} webhooks; remove one first"))
            }
            other => other.into(),
        })?;
    tx.commit().await?;
    with_secret(ctx, tenant, new.id, &new.secret).await
}

/// For how long an endpoint stays without being fetched from, and until when at first.
fn term(
    ctx: &Context,
    seconds: Option<u32>,
    fetched: bool,
) -> Result<Option<(Millis, Ts)>, FlowError> {
    let Some(seconds) = seconds else {
        return Ok(None);
    };
    let (least, most) = FETCH_WITHIN_S;
    if !fetched || !(least..=most).contains(&seconds) {
        let why = format!("{least} to {most}, and for `{FETCHED}` alone");
        return Err(FlowError::bad("fetch_within_s", why));
    }
    let within = Millis::secs(i64::from(seconds));
    Ok(Some((within, ctx.clock.lease_now() + within)))
}

async fn with_secret(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
    secret: &SecretString,
) -> Result<NewWebhookView, FlowError> {
    Ok(NewWebhookView {
        webhook: get(ctx, tenant, id).await?,
        secret: Some(secret.expose_secret().to_owned()),
    })
}

/// The tenant's endpoints.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<WebhookView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.tenant(tenant).webhooks().await?;
    Ok(rows.into_iter().map(view).collect())
}

/// One of them.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn get(ctx: &Context, tenant: TenantId, id: WebhookId) -> Result<WebhookView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).webhook(id).await?;
    row.map(view)
        .ok_or_else(|| FlowError::not_found("webhook", id))
}

/// Forgets an endpoint with its log; what waits for it is not sent.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn remove(ctx: &Context, tenant: TenantId, id: WebhookId) -> Result<(), FlowError> {
    get(ctx, tenant, id).await?;
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant).remove_webhook(id).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a new secret, shown once; for a day the one before signs beside it.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn rotate(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
) -> Result<NewWebhookView, FlowError> {
    get(ctx, tenant, id).await?;
    let secret = new_secret(ctx);
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant)
        .rotate_webhook(id, &secret, ctx.now() + ROTATION)
        .await?;
    tx.commit().await?;
    with_secret(ctx, tenant, id, &secret).await
}

/// Nothing is sent to an endpoint whose deliveries somebody fetches.
fn not_fetched(there: &WebhookView) -> Result<(), FlowError> {
    if there.state != "fetched" {
        return Ok(());
    }
    Err(FlowError::WrongState {
        what: format!("webhook {}", there.id),
        state: "fetched".to_owned(),
        why: "nothing is sent there; read its deliveries, or remove it".to_owned(),
    })
}

/// Sends a `ping` to one endpoint, whatever it asked for.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), [`FlowError::WrongState`] when it is
/// disabled, or the database.
pub async fn test(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
) -> Result<NoticeDetail, FlowError> {
    let there = get(ctx, tenant, id).await?;
    not_fetched(&there)?;
    if there.state == "disabled" {
        return Err(FlowError::WrongState {
            what: format!("webhook {id}"),
            state: "disabled".to_owned(),
            why: "enable it first".to_owned(),
        });
    }
    let mut tx = ctx.store.write().await?;
    let notice = tx
        .tenant(tenant)
        .tell_one(id, NoticeKind::Ping, &json!({}), ctx.now())
        .await?;
    tx.commit().await?;
    delivery(ctx, tenant, id, notice).await
}

/// Lets a disabled endpoint be tried again; what waited for it goes out now.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn enable(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
) -> Result<WebhookView, FlowError> {
    not_fetched(&get(ctx, tenant, id).await?)?;
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant).enable_webhook(id, ctx.now()).await?;
    tx.commit().await?;
    get(ctx, tenant, id).await
}

/// Switches an endpoint off: nothing is tried until it is enabled; what happens meanwhile waits.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn disable(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
) -> Result<WebhookView, FlowError> {
    not_fetched(&get(ctx, tenant, id).await?)?;
    let mut tx = ctx.store.write().await?;
    let reason = "switched off by a person";
    tx.tenant(tenant)
        .disable_webhook(id, reason, ctx.now())
        .await?;
    tx.commit().await?;
    get(ctx, tenant, id).await
}

/// Sends again: one notice, or all that were given up since an instant.
///
/// # Errors
/// [`FlowError::NotFound`], [`FlowError::WrongState`] when the endpoint is disabled or a try is under
/// way, bad input, or the database.
pub async fn replay(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
    request: &ReplayRequest,
) -> Result<ReplayView, FlowError> {
    let wrong = |state: &str, why: &str| FlowError::WrongState {
        what: format!("webhook {id}"),
        state: state.to_owned(),
        why: why.to_owned(),
    };
    let there = get(ctx, tenant, id).await?;
    not_fetched(&there)?;
    if there.state == "disabled" {
        return Err(wrong("disabled", "enable it first"));
    }
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let replayed = match (&request.id, &request.since) {
        (Some(_), Some(_)) => return Err(FlowError::bad("since", "not together with `id`")),
        (Some(text), None) => {
            let notice: NoticeId = text
                .parse()
                .map_err(|_| FlowError::bad("id", "not the id of a notice (ntc_…)"))?;
            if tx.tenant(tenant).delivery(id, notice).await?.is_none() {
                return Err(FlowError::not_found("notice", notice));
            }
            if !tx.tenant(tenant).replay_delivery(id, notice, now).await? {
                return Err(wrong("busy", "a try of it is under way; ask again"));
            }
            1
        }
        (None, since) => {
            let since = match since {
                Some(text) => Ts::parse_rfc3339(text).map_err(|_| {
                    FlowError::bad("since", "not an instant like 2026-11-23T08:00:00Z")
                })?,
                None => now - NOTICES_KEPT,
            };
            tx.tenant(tenant).replay_given_up(id, since, now).await?
        }
    };
    tx.commit().await?;
    Ok(ReplayView { replayed })
}

/// Somebody fetches from an endpoint that goes without. It is written down when half of its term is over, not at each
/// look.
async fn stays(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
    within: Millis,
    until: Ts,
) -> Result<(), FlowError> {
    let now = ctx.clock.lease_now();
    if until.since(now) > within.0 / 2 {
        return Ok(());
    }
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant).webhook_fetched(id, now + within).await?;
    tx.commit().await?;
    Ok(())
}

/// Deliveries to an endpoint, newest first. Who reads them keeps an endpoint that goes without.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), a bad cursor, or the database.
pub async fn deliveries(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<NoticeView>, FlowError> {
    let before = parse_cursor(after)?;
    let mut tx = ctx.store.read().await?;
    let there = tx.tenant(tenant).webhook(id).await?;
    let there = there.ok_or_else(|| FlowError::not_found("webhook", id))?;
    let rows = tx.tenant(tenant).deliveries(id, before, limit).await?;
    drop(tx);
    if let Some((within, until)) = there.term {
        stays(ctx, tenant, id, within, until).await?;
    }
    let items: Vec<NoticeView> = rows.iter().map(notice).collect();
    Ok(Page::of(items, limit, |n| n.id.to_string()))
}

/// One delivery with its body and every try.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn delivery(
    ctx: &Context,
    tenant: TenantId,
    id: WebhookId,
    of: NoticeId,
) -> Result<NoticeDetail, FlowError> {
    let mut tx = ctx.store.read().await?;
    let Some((row, log)) = tx.tenant(tenant).delivery(id, of).await? else {
        return Err(FlowError::not_found("notice", of));
    };
    Ok(NoticeDetail {
        delivery: notice(&row),
        body: row.body,
        log: log.into_iter().map(one_try).collect(),
    })
}
