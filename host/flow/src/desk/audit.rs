//! The log of who did what: written by the doors, read by those who may.
//!
//! A row holds ids, never what was said, asked or answered: no names, numbers, texts or secrets.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{AuditId, TenantId, TokenId, UserId};
use portero_store::model::{AuditFilter, AuditRow, NewAudit};

use crate::context::Context;
use crate::desk::access::{Principal, digest};
use crate::desk::{Page, messages, parse_cursor, tenants, users};
use crate::error::FlowError;

/// Looks that are the same within so long share a row.
const TOGETHER: Millis = Millis::minutes(1);

/// Something done.
pub struct Act<'a> {
    /// User or token.
    pub who: &'a str,
    /// With which token or session.
    pub token: Option<TokenId>,
    /// About which tenant; `None`: the server, or several.
    pub tenant: Option<TenantId>,
    /// Method and path with its parameters in braces.
    pub operation: &'a str,
    /// Ids of what it was about.
    pub targets: Vec<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Whether it changed nothing.
    pub look: bool,
}

/// What a page made, told to the door in the extensions of its answer.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub tenant: Option<TenantId>,
}

/// What is asked of the log.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Name or id of a user, or id of a token.
    pub who: Option<String>,
    /// Method and path.
    pub operation: Option<String>,
    /// From this instant (RFC 3339, or a day) …
    pub since: Option<String>,
    /// … to before this one.
    pub until: Option<String>,
    /// Rows.
    pub limit: usize,
    /// Cursor of the page before.
    pub after: Option<String>,
}

/// A row of the log.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AuditView {
    /// Its id (`aud_…`).
    #[schema(value_type = String)]
    pub id: AuditId,
    /// When (RFC 3339).
    pub at: String,
    /// Of looks that repeated within a minute: when for the last time (RFC 3339).
    pub last_at: String,
    /// Of looks that repeated within a minute: how often; else 1.
    pub times: u64,
    /// User (`usr_…`) or token (`tok_…`).
    pub who: String,
    /// Name of the user or label of the token, as it is now.
    pub name: Option<String>,
    /// Token, or session of the user.
    #[schema(value_type = Option<String>)]
    pub token: Option<TokenId>,
    /// Tenant it was about; absent: the server, or several.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// Method and path with its parameters in braces: `POST /v1/messages`.
    pub operation: String,
    /// Ids of what it was about.
    pub targets: Vec<String>,
    /// HTTP status it was answered with.
    pub status: u16,
}

impl AuditView {
    fn of(row: AuditRow) -> AuditView {
        AuditView {
            id: row.id,
            at: row.at.rfc3339(),
            last_at: row.last_at.rfc3339(),
            times: row.times,
            who: row.who,
            name: row.name,
            token: row.token,
            tenant: row.tenant,
            operation: row.operation,
            targets: row.targets,
            status: row.status,
        }
    }
}

/// Whether a text is an id of ours: those alone may stand in a row.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(kind, hex)| {
        let kind = kind.len() == 3 && kind.bytes().all(|b| b.is_ascii_lowercase());
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        kind && hex.len() == 32 && hex.bytes().all(digit)
    })
}

/// The id of the person that a name in an address means, if there is one.
///
/// # Errors
/// The database.
pub async fn person(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
) -> Result<Option<String>, FlowError> {
    let mut tx = ctx.store.read().await?;
    match messages::find_contact(&mut tx, tenant, who).await {
        Ok(id) => Ok(Some(id.to_string())),
        Err(FlowError::NotFound { .. } | FlowError::BadInput { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The id of a user by its name.
///
/// # Errors
/// The database.
pub async fn user(
    ctx: &Context,
    reach: Option<TenantId>,
    name: &str,
) -> Result<Option<UserId>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.system().user(reach, &users::plain(name)).await?;
    Ok(row.map(|row| row.id))
}

/// Which tenant a page without a name shows: the first within reach.
///
/// # Errors
/// The database.
pub async fn first_tenant(
    ctx: &Context,
    principal: &Principal,
) -> Result<Option<TenantId>, FlowError> {
    let all = tenants::list(ctx, principal.tenant).await?;
    Ok(all.first().map(|t| t.id))
}

/// Writes an act down.
///
/// # Errors
/// The database.
pub async fn record(ctx: &Context, act: &Act<'_>) -> Result<(), FlowError> {
    let now = ctx.now();
    let same = act.look.then(|| same(act, now));
    let new = NewAudit {
        id: AuditId::new(&*ctx.ids, now),
        at: now,
        tenant: act.tenant,
        who: act.who,
        token: act.token,
        operation: act.operation,
        targets: &act.targets,
        status: act.status,
        same: same.as_deref(),
    };
    let mut tx = ctx.store.write().await?;
    tx.system().put_audit(&new).await?;
    tx.commit().await?;
    Ok(())
}

/// The same for looks that say the same within a minute.
fn same(act: &Act<'_>, now: Ts) -> String {
    let tenant = act.tenant.map(|t| t.to_string()).unwrap_or_default();
    let token = act.token.map(|t| t.to_string()).unwrap_or_default();
    let minute = now.0.div_euclid(TOGETHER.0);
    digest(&format!(
        "{}\n{token}\n{tenant}\n{}\n{}\n{}\n{minute}",
        act.who,
        act.operation,
        act.targets.join(","),
        act.status
    ))
}

/// Rows of the log, newest first: about one tenant, or all.
///
/// # Errors
/// Bad input, or the database.
pub async fn list(
    ctx: &Context,
    reach: Option<TenantId>,
    query: &AuditQuery,
) -> Result<Page<AuditView>, FlowError> {
    let who = match query.who.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(who) if is_id(who) => Some(who.to_owned()),
        // A name that nobody has did nothing.
        Some(name) => Some(match user(ctx, reach, name).await? {
            Some(id) => id.to_string(),
            None => name.to_owned(),
        }),
    };
    let filter = AuditFilter {
        tenant: reach,
        who,
        operation: query.operation.clone().filter(|o| !o.trim().is_empty()),
        since: instant("since", query.since.as_deref())?,
        until: instant("until", query.until.as_deref())?,
        before: parse_cursor(query.after.as_deref())?,
        limit: query.limit,
    };
    let mut tx = ctx.store.read().await?;
    let rows = tx.system().audit(&filter).await?;
    let items = rows.into_iter().map(AuditView::of).collect();
    Ok(Page::of(items, query.limit, |row: &AuditView| {
        row.id.to_string()
    }))
}

/// An instant, or the beginning of a day in UTC.
fn instant(field: &str, text: Option<&str>) -> Result<Option<Ts>, FlowError> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let read = Ts::parse_rfc3339(text).or_else(|_| Ts::parse_rfc3339(&format!("{text}T00:00:00Z")));
    read.map(Some)
        .map_err(|_| FlowError::bad(field, "write it as 2026-11-29 or 2026-11-29T15:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_ours_may_stand_in_a_row() {
        let hex = "0123456789abcdef0123456789abcdef";
        assert!(is_id(&format!("con_{hex}")));
        for other in [
            "573001112233".to_owned(),
            format!("wamid_{hex}"),
            format!("con_{}", hex.to_uppercase()),
            format!("con_{hex}0"),
            hex.to_owned(),
        ] {
            assert!(!is_id(&other), "{other}");
        }
    }

    #[test]
    fn a_day_is_an_instant_too() {
        let day = instant("since", Some("2026-11-29")).unwrap();
        assert_eq!(day, instant("since", Some("2026-11-29T00:00:00Z")).unwrap());
        assert_eq!(instant("since", Some(" ")).unwrap(), None);
        assert!(instant("since", Some("yesterday")).is_err());
    }

    #[test]
    fn looks_of_one_minute_are_one_and_others_are_not() {
        let act = |status| Act {
            who: "tok_1",
            token: None,
            tenant: None,
            operation: "GET /v1/messages",
            targets: Vec::new(),
            status,
            look: true,
        };
        assert_eq!(same(&act(200), Ts(60_000)), same(&act(200), Ts(119_999)));
        assert_ne!(same(&act(200), Ts(60_000)), same(&act(200), Ts(120_000)));
        assert_ne!(same(&act(200), Ts(60_000)), same(&act(403), Ts(60_000)));
    }
}
