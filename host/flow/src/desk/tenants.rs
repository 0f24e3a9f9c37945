//! Tenants, their modes, wordings and stop switches.

mod grid;

use portero_domain::clock::Ts;
use portero_domain::consent::FrequencyPromise;
use portero_domain::ids::{PhoneNumberId, TenantId};
use portero_domain::language::Language;
use portero_domain::notice::NoticeKind;
use portero_gate::Policy;
use portero_gate::facts::TenantMode;
use portero_store::Tx;
use portero_store::model::{NewTenant, TenantRow, Wording};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::desk::seen::{Expected, Seen};
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

pub use grid::{DifferenceView, GridRow, GridView, PolicyDifference, grid, policy_difference};

/// A tenant to create.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantRequest {
    /// Short name for command lines: a-z, 0-9, `-`.
    pub slug: String,
    /// Name as people see it.
    pub name: String,
    /// `simulator` or `sandbox`; `live` is refused for now.
    #[serde(default = "simulator")]
    #[schema(value_type = String)]
    pub mode: TenantMode,
    /// Language of its people.
    #[serde(default)]
    #[schema(value_type = String)]
    pub language: Language,
    /// IANA zone.
    pub timezone: String,
    /// Two letters.
    pub country: String,
    /// Stricter numbers for the rules.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub policy: Policy,
}

const fn simulator() -> TenantMode {
    TenantMode::Simulator
}

/// A tenant.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TenantView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: TenantId,
    /// Short name.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Where it may send.
    #[schema(value_type = String)]
    pub mode: TenantMode,
    /// Language.
    #[schema(value_type = String)]
    pub language: Language,
    /// IANA zone.
    pub timezone: String,
    /// Country.
    pub country: String,
    /// Revision of its policy.
    pub policy_revision: String,
    /// Why it does not send, if it does not.
    pub stopped: Option<String>,
}

impl TenantView {
    fn of(row: TenantRow) -> TenantView {
        TenantView {
            id: row.id,
            slug: row.slug,
            name: row.name,
            mode: row.mode,
            language: row.language,
            timezone: row.timezone,
            country: row.country,
            policy_revision: row.policy_revision,
            stopped: row.stopped.map(|s| s.reason),
        }
    }
}

/// Creates a tenant.
///
/// # Errors
/// Bad input (also `live`), or the database.
pub async fn create(ctx: &Context, request: &TenantRequest) -> Result<TenantView, FlowError> {
    if !slug_reads(&request.slug) {
        return Err(FlowError::bad("slug", "1 to 40 of a-z 0-9 -"));
    }
    if request.mode == TenantMode::Live {
        return Err(FlowError::bad(
            "mode",
            "`live` opens when every first-release rule is enforced; use `simulator` or `sandbox`",
        ));
    }
    if jiff::tz::TimeZone::get(&request.timezone).is_err() {
        return Err(FlowError::bad(
            "timezone",
            format!(
                "`{}` is no IANA zone, e.g. America/Bogota",
                request.timezone
            ),
        ));
    }
    not_looser(&request.policy)?;
    let mut tx = ctx.store.write().await?;
    if tx.system().tenant_by_slug(&request.slug).await?.is_some() {
        return Err(FlowError::bad(
            "slug",
            format!("`{}` is taken", request.slug),
        ));
    }
    let now = ctx.now();
    let id = TenantId::new(&*ctx.ids, now);
    let new = NewTenant {
        id,
        slug: request.slug.clone(),
        name: request.name.clone(),
        mode: request.mode,
        language: request.language,
        timezone: request.timezone.clone(),
        country: request.country.to_ascii_uppercase(),
        policy: request.policy.clone(),
    };
    tx.system().create_tenant(&new, now).await?;
    let row = tx.tenant(id).row().await?;
    tx.commit().await?;
    Ok(TenantView::of(row))
}

/// Whether a short name is one: 1 to 40 of a-z 0-9 -.
pub(crate) fn slug_reads(slug: &str) -> bool {
    !slug.is_empty()
        && slug.len() <= 40
        && slug
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Stricter than the catalogue is always possible, looser never.
fn not_looser(policy: &Policy) -> Result<(), FlowError> {
    let looser = policy.looser();
    if looser.is_empty() {
        return Ok(());
    }
    Err(FlowError::bad(
        "policy",
        format!(
            "`{}` would be looser than the default; host/docs/rules.md lists the defaults",
            looser.join("`, `")
        ),
    ))
}

/// All tenants, or the one a token reaches.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, only: Option<TenantId>) -> Result<Vec<TenantView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = match only {
        Some(id) => vec![tx.tenant(id).row().await?],
        None => tx.system().tenants().await?,
    };
    views(&mut tx, rows).await
}

/// The same page by page, in the order in which they were made.
///
/// # Errors
/// A bad cursor, or the database.
pub async fn page(
    ctx: &Context,
    only: Option<TenantId>,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<TenantView>, FlowError> {
    let after: Option<TenantId> = parse_cursor(after)?;
    let mut tx = ctx.store.read().await?;
    let Some(id) = only else {
        let rows = tx.system().tenants_page(limit, after).await?;
        let items = views(&mut tx, rows).await?;
        return Ok(Page::of(items, limit, |t: &TenantView| t.id.to_string()));
    };
    let rows = match after {
        Some(after) if after >= id => Vec::new(),
        _ => vec![tx.tenant(id).row().await?],
    };
    Ok(Page {
        items: views(&mut tx, rows).await?,
        next_cursor: None,
    })
}

/// Tenants as lists show them: what stops everything stops each.
async fn views(tx: &mut Tx, rows: Vec<TenantRow>) -> Result<Vec<TenantView>, FlowError> {
    let everything = tx.system().stop_all().await?;
    Ok(rows
        .into_iter()
        .map(TenantView::of)
        .map(|mut t| {
            t.stopped = t.stopped.or_else(|| {
                everything
                    .as_ref()
                    .map(|s| format!("everything: {}", s.reason))
            });
            t
        })
        .collect())
}

/// Finds a tenant by id or slug.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn find(ctx: &Context, name: &str) -> Result<TenantId, FlowError> {
    let mut tx = ctx.store.read().await?;
    let all = tx.system().tenants().await?;
    all.iter()
        .find(|t| t.slug == name || t.id.to_string() == name)
        .map(|t| t.id)
        .ok_or_else(|| FlowError::not_found("tenant", name))
}

/// A consent question of the tenant, in one language.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WordingRequest {
    /// Name, usually the topic.
    pub name: String,
    /// Version; a new text needs a new one.
    pub version: u32,
    /// Language.
    #[schema(value_type = String)]
    pub language: Language,
    /// The question: business, WhatsApp, what, how often, how to stop.
    pub body: String,
    /// Yes button, at most 20.
    pub yes_label: String,
    /// No button, at most 20.
    pub no_label: String,
    /// Said after a yes.
    pub thanks: String,
    /// Most messages promised.
    #[schema(value_type = Object)]
    pub promise: FrequencyPromise,
}

/// Adds a wording.
///
/// # Errors
/// Bad input or the database.
pub async fn put_wording(
    ctx: &Context,
    tenant: TenantId,
    request: &WordingRequest,
) -> Result<(), FlowError> {
    for (field, label) in [
        ("yes_label", &request.yes_label),
        ("no_label", &request.no_label),
    ] {
        if label.is_empty() || label.chars().count() > 20 {
            return Err(FlowError::bad(field, "1 to 20 characters"));
        }
    }
    if request.body.chars().count() > 1_024 {
        return Err(FlowError::bad("body", "at most 1,024 characters"));
    }
    let shape = portero_gate::detect::QuestionShape::of(&request.body);
    for (there, what) in [
        (shape.whatsapp, "the word WhatsApp"),
        (shape.frequency, "how often (per day, week, month)"),
        (shape.stop, "how to stop (write BAJA, SAIR or STOP)"),
        (shape.privacy, "an https:// link to the privacy notice"),
    ] {
        if !there {
            return Err(FlowError::bad(
                "body",
                format!("a consent question must say {what}: `consent.request-malformed`"),
            ));
        }
    }
    let mut tx = ctx.store.write().await?;
    let wording = Wording {
        name: request.name.clone(),
        version: request.version,
        language: request.language,
        body: request.body.clone(),
        yes_label: request.yes_label.clone(),
        no_label: request.no_label.clone(),
        thanks: request.thanks.clone(),
        promise: request.promise,
    };
    tx.tenant(tenant).put_wording(&wording, ctx.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// How far a stop or resume reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every tenant of this server.
    All,
    /// One tenant.
    Tenant(TenantId),
    /// One number of one tenant.
    Number(TenantId, PhoneNumberId),
}

/// Stops (`Some` reason) or resumes (`None`) sending. No attempt begins after this is committed.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn set_stop(ctx: &Context, reach: &Reach, reason: Option<&str>) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    match reach {
        Reach::All => stop_all(&mut tx, reason, now).await?,
        Reach::Tenant(tenant) => tx.tenant(*tenant).set_stop(reason, now).await?,
        Reach::Number(tenant, number) => {
            if tx.tenant(*tenant).number(number).await?.is_none() {
                return Err(FlowError::not_found("number", number));
            }
            tx.tenant(*tenant)
                .set_number_stop(number, reason, now)
                .await?;
        }
    }
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    Ok(())
}

/// The switch of the whole server; every tenant's own systems are told.
async fn stop_all(tx: &mut Tx, reason: Option<&str>, now: Ts) -> Result<(), FlowError> {
    let before = tx.system().stop_all().await?.is_some();
    let stop = reason.map(|r| (r.to_owned(), now));
    tx.system().set_stop_all(stop).await?;
    if before == reason.is_some() {
        return Ok(());
    }
    let (kind, sending, was) = match reason {
        Some(_) => (NoticeKind::SendingStopped, "stopped", "running"),
        None => (NoticeKind::SendingResumed, "running", "stopped"),
    };
    let data = json!({ "sending": sending, "was": was });
    for tenant in tx.system().tenants().await? {
        tx.tenant(tenant.id).tell(kind, &data, now).await?;
    }
    Ok(())
}

/// A Meta app, as far as it is shown: its secrets never are.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AppView {
    /// Name in the path of its webhooks.
    pub app: String,
    /// Another word whenever its secrets were set.
    pub revision: String,
}

impl Seen for AppView {}

async fn app_in(tx: &mut Tx, name: &str) -> Result<Option<AppView>, FlowError> {
    let revision = tx.system().app_revision(name).await?;
    Ok(revision.map(|revision| AppView {
        app: name.to_owned(),
        revision,
    }))
}

/// One Meta app.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn app(ctx: &Context, name: &str) -> Result<AppView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let found = app_in(&mut tx, name).await?;
    found.ok_or_else(|| FlowError::not_found("app", name))
}

/// Registers a Meta app: what its webhooks are signed with.
///
/// # Errors
/// Bad input or the database.
pub async fn put_app(
    ctx: &Context,
    name: &str,
    app_secret: &SecretString,
    verify_token: &SecretString,
    expected: Option<&Expected>,
) -> Result<(), FlowError> {
    if app_secret.expose_secret().is_empty() || verify_token.expose_secret().is_empty() {
        return Err(FlowError::bad(
            "app_secret",
            "app secret and verify token must not be empty",
        ));
    }
    let mut tx = ctx.store.write().await?;
    if let Some(expected) = expected {
        let changed = || FlowError::Changed { what: "app" };
        let now = app_in(&mut tx, name).await?;
        expected.hold("app", &now.ok_or_else(changed)?)?;
    }
    tx.system()
        .put_app(
            name,
            app_secret.expose_secret(),
            verify_token.expose_secret(),
            ctx.now(),
        )
        .await?;
    tx.commit().await?;
    ctx.apps.forget(name);
    Ok(())
}
