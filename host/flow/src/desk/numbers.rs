//! Numbers of a tenant.

use portero_domain::account::{MessagingLimit, Reach};
use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, PhoneNumberId, TenantId, WabaId};
use portero_meta::transport::Access;
use portero_store::Tx;
use portero_store::model::{AccountEntry, AccountRow, ChangePlace, NewNumber, NumberRow};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::desk::Page;
use crate::desk::seen::{Expected, Seen};
use crate::error::FlowError;

/// The app of webhooks without a name in their path.
pub const DEFAULT_APP: &str = "default";

/// A number to connect.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberRequest {
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Meta's id of its account.
    pub waba_id: String,
    /// Shown form.
    pub display: String,
    /// Access token for the Graph API; sealed, never read back.
    #[schema(value_type = String)]
    pub access_token: SecretString,
    /// Messages per second Meta allows; 80 when absent.
    #[serde(default)]
    pub mps: Option<u32>,
    /// People a day the account may write to first, as Meta shows it (`TIER_2K`, `TIER_UNLIMITED`); until it is
    /// given, synced or told by webhook, 250 is taken.
    #[serde(default)]
    pub messaging_limit: Option<String>,
    /// The Meta app (`PUT /v1/apps/{app}`) whose webhooks speak for it; as before when absent, at first `default`.
    /// What another app signs about it is kept without effect.
    #[serde(default)]
    pub app: Option<String>,
}

/// A number.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NumberView {
    /// Meta's id.
    pub phone_number_id: String,
    /// Its account.
    pub waba_id: String,
    /// Shown form.
    pub display: String,
    /// Messages per second.
    pub mps: u32,
    /// Why it does not send, if it does not.
    pub stopped: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub quality: String,
    /// When Meta said so, RFC 3339.
    pub quality_since: Option<String>,
    /// The name people see.
    pub verified_name: Option<String>,
    /// Meta's decision on it.
    pub name_decision: Option<String>,
    /// People a day the account may write to first; `unknown` until Meta told it (250 is taken then).
    pub messaging_limit: String,
    /// A restriction of the account that stands.
    pub restriction: Option<RestrictionView>,
    /// What keeps the account still for a while after Meta's error 368 or 131031.
    pub resting: Option<RestrictionView>,
    /// Meta's review of the account.
    pub review: Option<String>,
    /// The Meta app whose webhooks speak for it.
    pub app: String,
}

/// A restriction of an account.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RestrictionView {
    /// Meta's words.
    pub what: String,
    /// `business_initiated` or `all`.
    pub reach: String,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// Until when, RFC 3339; open when absent.
    pub until: Option<String>,
}

/// A number with what Meta said of it and its account over time.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NumberDetail {
    /// As it stands.
    pub number: NumberView,
    /// What Meta said, newest first.
    pub history: Vec<HistoryView>,
}

/// One thing Meta said.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HistoryView {
    /// When, RFC 3339.
    pub at: String,
    /// `number`, `account` or `template`.
    pub subject: String,
    /// Number id, account id, or `name (language)`.
    pub name: String,
    /// `quality`, `messaging_limit`, `restriction`, `status`, …
    pub aspect: String,
    /// What it was then.
    pub value: String,
    /// What was said beside.
    pub detail: String,
}

impl HistoryView {
    fn of(e: AccountEntry) -> HistoryView {
        HistoryView {
            at: e.at.rfc3339(),
            subject: e.subject,
            name: e.name,
            aspect: e.aspect,
            value: e.value,
            detail: e.detail,
        }
    }
}

impl NumberView {
    fn of(row: NumberRow, account: AccountRow, now: Ts) -> NumberView {
        let stands = account.restricted_until.is_none_or(|until| now < until);
        NumberView {
            phone_number_id: row.id.as_str().to_owned(),
            waba_id: row.waba.as_str().to_owned(),
            display: row.display,
            mps: row.mps,
            stopped: row.stopped.map(|s| s.reason),
            quality: row.quality,
            quality_since: row.quality_at.map(Ts::rfc3339),
            verified_name: row.verified_name,
            name_decision: row.name_decision,
            messaging_limit: account
                .limit
                .map_or_else(|| "unknown".to_owned(), |l| l.to_string()),
            restriction: account
                .restriction
                .filter(|_| stands)
                .map(|what| RestrictionView {
                    what,
                    reach: account.reach.unwrap_or(Reach::All).as_str().to_owned(),
                    since: account.restricted_at.map(Ts::rfc3339),
                    until: account.restricted_until.map(Ts::rfc3339),
                }),
            resting: account
                .refused
                .filter(|refused| now < refused.until())
                .map(|refused| RestrictionView {
                    what: refused.words(),
                    reach: Reach::All.as_str().to_owned(),
                    since: Some(refused.at.rfc3339()),
                    until: Some(refused.until().rfc3339()),
                }),
            review: account.review,
            app: row.app,
        }
    }
}

async fn view(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    row: NumberRow,
) -> Result<NumberView, FlowError> {
    let account = tx.tenant(tenant).account(&row.waba).await?;
    Ok(NumberView::of(row, account, ctx.now()))
}

/// Lines of history shown.
const HISTORY: usize = 100;

/// One number, with its history and its account's.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn get(ctx: &Context, tenant: TenantId, id: &str) -> Result<NumberDetail, FlowError> {
    let missing = || FlowError::not_found("number", id);
    let id = PhoneNumberId::new(id).ok_or_else(missing)?;
    let mut tx = ctx.store.read().await?;
    detail(ctx, &mut tx, tenant, &id).await?.ok_or_else(missing)
}

async fn detail(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    id: &PhoneNumberId,
) -> Result<Option<NumberDetail>, FlowError> {
    let Some(row) = tx.tenant(tenant).number(id).await? else {
        return Ok(None);
    };
    let waba = row.waba.clone();
    let mut tenant_tx = tx.tenant(tenant);
    let mut entries = tenant_tx
        .account_changes(Some("number"), Some(id.as_str()), HISTORY)
        .await?;
    entries.extend(
        tenant_tx
            .account_changes(Some("account"), Some(waba.as_str()), HISTORY)
            .await?,
    );
    entries.sort_by_key(|e| std::cmp::Reverse(e.at));
    let history = entries.into_iter().map(HistoryView::of).collect();
    let number = view(ctx, tx, tenant, row).await?;
    Ok(Some(NumberDetail { number, history }))
}

impl Seen for NumberDetail {}

/// What Meta said of numbers, accounts and templates, newest first.
///
/// # Errors
/// A subject that is none, or the database.
pub async fn history(
    ctx: &Context,
    tenant: TenantId,
    subject: Option<&str>,
    name: Option<&str>,
    limit: usize,
) -> Result<Vec<HistoryView>, FlowError> {
    let page = history_page(ctx, tenant, subject, name, limit, None).await?;
    Ok(page.items)
}

/// The same page by page.
///
/// # Errors
/// As [`history`], or a bad cursor.
pub async fn history_page(
    ctx: &Context,
    tenant: TenantId,
    subject: Option<&str>,
    name: Option<&str>,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<HistoryView>, FlowError> {
    if let Some(other) = subject.filter(|s| !["number", "account", "template"].contains(s)) {
        return Err(FlowError::bad(
            "subject",
            format!("`{other}` is none of number, account, template"),
        ));
    }
    let after = after.map(place).transpose()?;
    let mut tx = ctx.store.read().await?;
    let entries = tx
        .tenant(tenant)
        .account_changes_after(subject, name, limit, after.as_ref())
        .await?;
    let last = entries.last().filter(|_| entries.len() >= limit);
    let next_cursor = last.map(|(event, e)| format!("{}.{event}.{}", e.at.ms(), e.aspect));
    Ok(Page {
        items: entries
            .into_iter()
            .map(|(_, e)| HistoryView::of(e))
            .collect(),
        next_cursor,
    })
}

/// Where a page of the history goes on.
fn place(cursor: &str) -> Result<ChangePlace, FlowError> {
    let read = || {
        let (at, rest) = cursor.split_once('.')?;
        let (event, aspect) = rest.split_once('.')?;
        Some(ChangePlace {
            at: Ts(at.parse().ok()?),
            event: event.parse().ok()?,
            aspect: aspect.to_owned(),
        })
    };
    read().ok_or_else(|| FlowError::bad("after", "not a cursor of this list"))
}

/// Asks Meta for quality, name, limit and throughput of every number.
///
/// # Errors
/// [`FlowError::Meta`] with its words, or the database.
pub async fn sync(ctx: &Context, tenant: TenantId) -> Result<Vec<NumberView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    ctx.may_ask_meta(&tx.tenant(tenant).row().await?)?;
    let mut numbers = Vec::new();
    for row in tx.tenant(tenant).numbers().await? {
        if let Some(token) = tx.tenant(tenant).number_token(&row.id).await? {
            numbers.push((row, token));
        }
    }
    drop(tx);
    for (row, token) in numbers {
        let info = ctx
            .cloud
            .number(&row.id, &Access { token })
            .await
            .map_err(|e| FlowError::Meta { why: e.to_string() })?;
        let now = ctx.now();
        let mut tx = ctx.store.write().await?;
        let mut tenant_tx = tx.tenant(tenant);
        let keep = |subject: &str, name: &str, aspect: &str, value: &str| AccountEntry {
            subject: subject.to_owned(),
            name: name.to_owned(),
            aspect: aspect.to_owned(),
            value: value.to_owned(),
            detail: "asked".to_owned(),
            at: now,
        };
        if let Some(quality) = &info.quality_rating
            && *quality != row.quality
        {
            tenant_tx.set_number_quality(&row.id, quality, now).await?;
            let entry = keep("number", row.id.as_str(), "quality", quality);
            tenant_tx
                .append_account_change(EventId::new(&*ctx.ids, now), &entry)
                .await?;
        }
        if let Some(name) = &info.verified_name {
            let decision = info.name_status.as_deref().unwrap_or("APPROVED");
            tenant_tx
                .set_number_name(&row.id, decision, Some(name))
                .await?;
        }
        let limit = info.messaging_limit.as_deref();
        if let Some(limit) = limit.and_then(MessagingLimit::from_meta) {
            let before = tenant_tx.account(&row.waba).await?.limit;
            tenant_tx.set_account_limit(&row.waba, limit, now).await?;
            if before != Some(limit) {
                let entry = keep(
                    "account",
                    row.waba.as_str(),
                    "messaging_limit",
                    &limit.to_string(),
                );
                tenant_tx
                    .append_account_change(EventId::new(&*ctx.ids, now), &entry)
                    .await?;
            }
        }
        if info.throughput.as_deref() == Some("HIGH") {
            tenant_tx.set_number_mps(&row.id, 1_000).await?;
        }
        tenant_tx.rejudge_account(&row.waba, now).await?;
        tx.commit().await?;
    }
    ctx.wake_outbox.notify_one();
    ctx.touched();
    list(ctx, tenant).await
}

/// Connects a number to a tenant.
///
/// # Errors
/// Bad input (also a number another tenant has), or the database.
pub async fn put(
    ctx: &Context,
    tenant: TenantId,
    request: &NumberRequest,
    expected: Option<&Expected>,
) -> Result<NumberView, FlowError> {
    let id = PhoneNumberId::new(&request.phone_number_id)
        .ok_or_else(|| FlowError::bad("phone_number_id", "1 to 64 bytes, as Meta shows it"))?;
    let waba = WabaId::new(&request.waba_id)
        .ok_or_else(|| FlowError::bad("waba_id", "1 to 64 bytes, as Meta shows it"))?;
    let limit = request
        .messaging_limit
        .as_deref()
        .map(|text| {
            MessagingLimit::from_meta(text).ok_or_else(|| {
                FlowError::bad(
                    "messaging_limit",
                    format!("`{text}` is no limit of Meta's: TIER_250, TIER_2K, TIER_UNLIMITED, …"),
                )
            })
        })
        .transpose()?;
    let mut tx = ctx.store.write().await?;
    if tx
        .system()
        .route_number(&id)
        .await?
        .is_some_and(|r| r.tenant != tenant)
    {
        return Err(FlowError::bad(
            "phone_number_id",
            "this number is connected already",
        ));
    }
    if let Some(expected) = expected {
        let changed = || FlowError::Changed { what: "number" };
        let now = detail(ctx, &mut tx, tenant, &id).await?;
        expected.hold("number", &now.ok_or_else(changed)?)?;
    }
    let before = tx.tenant(tenant).number(&id).await?;
    let app = match (&request.app, before) {
        (Some(app), _) if tx.system().apps().await?.contains(app) => app.clone(),
        (Some(app), _) => {
            return Err(FlowError::bad(
                "app",
                format!("there is no app `{app}`: `portero app put {app}` makes it"),
            ));
        }
        (None, Some(number)) => number.app,
        (None, None) => DEFAULT_APP.to_owned(),
    };
    let new = NewNumber {
        app,
        id: id.clone(),
        waba,
        display: request.display.clone(),
        access_token: request.access_token.clone(),
        mps: request.mps.unwrap_or(80).clamp(1, 1_000),
    };
    tx.tenant(tenant).put_number(&new, ctx.now()).await?;
    if let Some(limit) = limit {
        tx.tenant(tenant)
            .set_account_limit(&new.waba, limit, ctx.now())
            .await?;
    }
    let row = tx
        .tenant(tenant)
        .number(&id)
        .await?
        .ok_or_else(|| FlowError::not_found("number", &id))?;
    let shown = view(ctx, &mut tx, tenant, row).await?;
    tx.commit().await?;
    Ok(shown)
}

/// Numbers of a tenant.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, tenant: TenantId) -> Result<Vec<NumberView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let mut all = Vec::new();
    for row in tx.tenant(tenant).numbers().await? {
        all.push(view(ctx, &mut tx, tenant, row).await?);
    }
    Ok(all)
}

/// The number named, or the tenant's only one.
pub(crate) async fn choose(
    tx: &mut Tx,
    tenant: TenantId,
    asked: Option<&str>,
) -> Result<PhoneNumberId, FlowError> {
    let numbers = tx.tenant(tenant).numbers().await?;
    match (asked, numbers.as_slice()) {
        (Some(asked), _) => numbers
            .iter()
            .find(|n| n.id.as_str() == asked)
            .map(|n| n.id.clone())
            .ok_or_else(|| {
                FlowError::bad(
                    "phone_number_id",
                    format!("`{asked}` is no number of this tenant"),
                )
            }),
        (None, [only]) => Ok(only.id.clone()),
        (None, []) => Err(FlowError::bad(
            "phone_number_id",
            "this tenant has no number; connect one first",
        )),
        (None, _) => Err(FlowError::bad(
            "phone_number_id",
            "this tenant has several numbers; name one",
        )),
    }
}
