//! What a tenant tunes: its values and where they come from, changing them with a reason, what it had before, and
//! what another policy would have done.

mod tally;
mod whatif;

use portero_domain::ids::TenantId;
use portero_gate::Policy;
use portero_gate::policy::{Fault, PARAMETERS};
use portero_store::model::{NewPolicy, PolicyRow, revision_of};
use portero_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::desk::access::Principal;
use crate::desk::seen::{Expected, Seen};
use crate::desk::{Page, parse_cursor};
use crate::error::FlowError;

pub use whatif::{
    AlreadyView, EffectView, ExampleView, MAX_DAYS, MAX_RECORDS, Progress, ReasonView,
    VerdictShort, WhatIf, WhatIfRequest, WhatIfView, how_far,
};

/// Longest reason for a change, characters.
const REASON_LIMIT: usize = 500;
/// The least of a revision that names one, characters.
const REVISION_LEAST: usize = 8;

/// What a tenant has tuned, every parameter with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PolicyView {
    /// Revision: SHA-256 of the policy, as decision records name it.
    pub revision: String,
    /// Every parameter that has a value.
    #[schema(value_type = Object)]
    pub policy: Policy,
    /// Every parameter, with its default, where its value comes from and which way it may be set.
    pub parameters: Vec<ParameterView>,
}

/// Its revision.
impl Seen for PolicyView {
    fn tag(&self) -> Result<String, FlowError> {
        Ok(self.revision.clone())
    }
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ParameterView {
    /// Its name.
    pub name: String,
    /// What it is about: `promotion`, `consent`, `service`, `pace`, `campaigns` or `plugins`.
    pub group: String,
    /// The value that holds; none where there is none.
    pub value: Value,
    /// The catalogue's.
    pub default: Value,
    /// `default`, or `tenant` where the tenant set another.
    pub origin: String,
    /// How it may differ from the default: `at_most`, `at_least`, `within`, `on` or `free`.
    pub bound: String,
}

/// A change of the policy: exactly one of `policy` and `revision`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// Parameters of host/docs/rules.md; what is not named goes back to its default.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub policy: Option<Map<String, Value>>,
    /// A revision of the history to go back to: the hash, or at least 8 characters of its beginning.
    #[serde(default)]
    pub revision: Option<String>,
    /// Why, for whoever asks later: 1 to 500 characters.
    #[serde(default)]
    pub reason: String,
    /// Revision that the change was made from; refused when another holds by now.
    #[serde(default)]
    pub from: Option<String>,
}

/// A policy that holds or held.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RevisionView {
    /// Which of the tenant's, from 1.
    pub seq: i64,
    /// SHA-256 of the policy, as decision records name it.
    pub revision: String,
    /// Whether it holds.
    pub current: bool,
    /// User or token that set it; `host` for what was there from the beginning.
    pub author: String,
    /// Why, in the author's words.
    pub reason: String,
    /// When, RFC 3339.
    pub set_at: String,
    /// What differs from the one before; empty for the first.
    pub changes: Vec<ParameterChange>,
}

/// One parameter that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ParameterChange {
    /// Its name.
    pub name: String,
    /// Value before; none where there was none.
    pub was: Value,
    /// Value after.
    pub now: Value,
}

/// What differs between two policies, in the order of the parameters.
pub(crate) fn changes(was: &Policy, now: &Policy) -> Vec<ParameterChange> {
    was.difference(now)
        .into_iter()
        .map(|(name, was, now)| ParameterChange {
            name: name.to_owned(),
            was,
            now,
        })
        .collect()
}

fn view(revision: String, policy: Policy) -> PolicyView {
    let (mut own, mut defaults) = (policy.fields(), Policy::default().fields());
    let parameters = PARAMETERS
        .iter()
        .map(|p| {
            let value = own.remove(p.name).unwrap_or_default();
            let default = defaults.remove(p.name).unwrap_or_default();
            ParameterView {
                name: p.name.to_owned(),
                group: p.group.as_str().to_owned(),
                origin: if value == default {
                    "default"
                } else {
                    "tenant"
                }
                .to_owned(),
                bound: p.bound.as_str().to_owned(),
                value,
                default,
            }
        })
        .collect();
    PolicyView {
        revision,
        policy,
        parameters,
    }
}

/// The policy of a tenant.
///
/// # Errors
/// The database.
pub async fn get(ctx: &Context, tenant: TenantId) -> Result<PolicyView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).row().await?;
    Ok(view(row.policy_revision, row.policy))
}

/// Reads parameters by name; every fault is told.
pub(crate) fn read(fields: &Map<String, Value>) -> Result<Policy, FlowError> {
    Policy::read(fields).map_err(|faults| {
        let said: Vec<String> = faults.iter().map(Fault::to_string).collect();
        let why = format!(
            "{}; host/docs/rules.md lists the parameters with their defaults",
            said.join("; ")
        );
        FlowError::bad("policy", why)
    })
}

/// The policy that a caller means: parameters by name, or a revision of the history.
async fn meant(
    tx: &mut Tx,
    tenant: TenantId,
    fields: Option<&Map<String, Value>>,
    revision: Option<&str>,
) -> Result<Policy, FlowError> {
    match (fields, revision) {
        (Some(fields), None) => read(fields),
        (None, Some(revision)) => {
            let row = find(tx, tenant, revision).await?;
            // The catalogue may have become stricter since.
            read(&row.policy.fields())
        }
        _ => Err(FlowError::bad(
            "policy",
            "exactly one of `policy` (parameters) and `revision` (of the history) is needed",
        )),
    }
}

async fn find(tx: &mut Tx, tenant: TenantId, revision: &str) -> Result<PolicyRow, FlowError> {
    let hex = revision.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex || revision.len() < REVISION_LEAST {
        return Err(FlowError::bad(
            "revision",
            format!("at least {REVISION_LEAST} characters of the hash, from its beginning"),
        ));
    }
    let wanted = revision.to_ascii_lowercase();
    match tx.tenant(tenant).policy_of(&wanted).await {
        Err(StoreError::NotFound { what }) => Err(FlowError::not_found(what, revision)),
        other => Ok(other?),
    }
}

/// Sets the policy of a tenant and keeps who did and why. Holds for every judgement from now on, those of
/// queued messages included. The policy that holds already is not kept a second time.
///
/// # Errors
/// Bad input (each parameter that is unknown, unreadable or looser than its default; no reason),
/// [`FlowError::WrongState`] when somebody else changed it meanwhile, [`FlowError::Changed`] when it is not as
/// expected, or the database.
pub async fn set(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    change: &PolicyChange,
    expected: Option<&Expected>,
) -> Result<PolicyView, FlowError> {
    let reason = change.reason.trim();
    let length = reason.chars().count();
    if length == 0 || length > REASON_LIMIT {
        return Err(FlowError::bad(
            "reason",
            format!("why it changes, 1 to {REASON_LIMIT} characters"),
        ));
    }
    let mut tx = ctx.store.write().await?;
    let fields = change.policy.as_ref();
    let new = meant(&mut tx, tenant, fields, change.revision.as_deref()).await?;
    let holds = tx.tenant(tenant).row().await?.policy_revision;
    let moved = || match expected {
        Some(Expected::OneOf(_)) => FlowError::Changed { what: "policy" },
        _ => stale(&holds),
    };
    if expected.is_some_and(|e| !e.is(&holds)) {
        return Err(moved());
    }
    if change.from.as_ref().is_some_and(|from| *from != holds) {
        return Err(stale(&holds));
    }
    let revision = revision_of(&new)?;
    if revision != holds {
        let set = NewPolicy {
            policy: &new,
            from: &holds,
            author: &principal.author(),
            reason,
        };
        if !tx.tenant(tenant).set_policy(set, ctx.now()).await? {
            return Err(moved());
        }
        tx.commit().await?;
        ctx.touched();
    }
    Ok(view(revision, new))
}

fn stale(holds: &str) -> FlowError {
    FlowError::WrongState {
        what: "the policy".to_owned(),
        state: "another by now".to_owned(),
        why: format!("somebody changed it meanwhile; look at revision {holds} and decide again"),
    }
}

/// Policies that hold and held, newest first.
///
/// # Errors
/// Bad input or the database.
pub async fn history(
    ctx: &Context,
    tenant: TenantId,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<RevisionView>, FlowError> {
    let before: Option<i64> = parse_cursor(after)?;
    let mut tx = ctx.store.read().await?;
    // One more, for what the oldest of the page differs from.
    let rows = tx.tenant(tenant).policies(before, limit + 1).await?;
    let holds = tx.tenant(tenant).row().await?.policy_revision;
    let items = rows
        .iter()
        .enumerate()
        .take(limit)
        .map(|(at, row)| RevisionView {
            seq: row.seq,
            revision: row.revision.clone(),
            current: before.is_none() && at == 0 && row.revision == holds,
            author: row.author.clone(),
            reason: row.reason.clone(),
            set_at: row.set_at.rfc3339(),
            changes: rows
                .get(at + 1)
                .map(|before| changes(&before.policy, &row.policy))
                .unwrap_or_default(),
        })
        .collect();
    let mut page = Page::of(items, limit, |r: &RevisionView| r.seq.to_string());
    if rows.len() <= limit {
        page.next_cursor = None;
    }
    Ok(page)
}
