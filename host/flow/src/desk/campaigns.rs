//! Campaigns for API, CLI and console: write one down, see who would get it, approve that, run it.

mod counts;
mod lines;
mod plan_view;
mod standing;
mod views;

use std::collections::BTreeMap;

use portero_domain::campaign::{Audience, CampaignDefinition, CampaignState, Schedule};
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, PhoneNumberId, TenantId};
use portero_domain::proposal::{OutboxState, Purpose};
use portero_store::model::{CampaignRow, PeopleFilter};

use crate::campaigns as runner;
use crate::context::Context;
use crate::desk::access::Principal;
use crate::desk::once::{self, Once};
use crate::desk::{Page, numbers, parse_cursor};
use crate::error::FlowError;
use crate::limiter::PACE;
use crate::plan;

pub(crate) use counts::Standings;
pub use lines::{CampaignLine, lines};
pub use plan_view::{plan, plan_told, show_plan};
pub use standing::{BrakeView, ReasonView, StandingView, standing};
pub use views::{
    ApproveRequest, CampaignReason, CampaignRequest, CampaignView, CostLine, CostView, PeopleQuery,
    PersonView, PlanView, PortfolioView, PreviewView, Progress, SliceView,
};

/// Writes a campaign down as a draft.
///
/// # Errors
/// Bad input, or the database.
pub async fn create(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    request: CampaignRequest,
    once: Option<&Once>,
) -> Result<CampaignView, FlowError> {
    let length = |field: &'static str, text: &str, most: usize| {
        let n = text.trim().chars().count();
        if (1..=most).contains(&n) {
            Ok(())
        } else {
            Err(FlowError::bad(
                field,
                format!("1 to {most} characters, got {n}"),
            ))
        }
    };
    length("name", &request.name, 80)?;
    length("why", &request.why, 500)?;
    length("template", &request.template, 512)?;
    if request.spread_hours > Schedule::MAX_SPREAD_HOURS {
        return Err(FlowError::bad(
            "spread_hours",
            format!(
                "0 to {}, got {}",
                Schedule::MAX_SPREAD_HOURS,
                request.spread_hours
            ),
        ));
    }
    let start_at = request
        .start_at
        .as_deref()
        .map(|text| {
            Ts::parse_rfc3339(text).map_err(|_| {
                FlowError::bad(
                    "start_at",
                    format!("`{text}` is no instant; write it like 2026-11-24T09:00:00-05:00"),
                )
            })
        })
        .transpose()?;
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let number = match request.phone_number_id.as_deref() {
        Some(asked) => {
            let id = PhoneNumberId::new(asked)
                .ok_or_else(|| FlowError::bad("phone_number_id", "1 to 64 bytes"))?;
            let found = tx.tenant(tenant).number(&id).await?;
            found
                .map(|n| n.id)
                .ok_or_else(|| FlowError::not_found("number", asked))?
        }
        None => numbers::choose(&mut tx, tenant, None).await?,
    };
    if let Audience::Segment { installation, .. } = &request.audience
        && !tx
            .tenant(tenant)
            .installations()
            .await?
            .iter()
            .any(|i| i.id == *installation)
    {
        return Err(FlowError::not_found("installation", installation));
    }
    let definition = CampaignDefinition {
        name: request.name.trim().to_owned(),
        phone_number_id: number,
        template: request.template,
        language: request.language,
        purpose: request.purpose.unwrap_or(Purpose::Promotional),
        topic: request.topic,
        why: request.why.trim().to_owned(),
        audience: request.audience,
        values: request.values,
        schedule: Schedule {
            start_at,
            spread_hours: request.spread_hours,
        },
    };
    let id = CampaignId::new(&*ctx.ids, now);
    let whose = (Some(tenant), "campaigns");
    if let Some(made) = once::take(&mut tx, once, whose, &id.to_string(), now).await? {
        tx.commit().await?;
        return get(ctx, tenant, once::read("campaign", &made)?).await;
    }
    let author = principal.author();
    tx.tenant(tenant)
        .insert_campaign(id, &definition, &author, now)
        .await?;
    tx.commit().await?;
    get(ctx, tenant, id).await
}

/// One campaign.
///
/// # Errors
/// Not found, or the database.
pub async fn get(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
) -> Result<CampaignView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx
        .tenant(tenant)
        .campaign(id)
        .await?
        .ok_or_else(|| FlowError::not_found("campaign", id))?;
    drop(tx);
    view(ctx, row).await
}

/// Campaigns, newest first.
///
/// # Errors
/// Bad filters, or the database.
pub async fn list(
    ctx: &Context,
    tenant: TenantId,
    state: Option<&str>,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<CampaignView>, FlowError> {
    let state = state
        .map(|s| {
            CampaignState::parse(s).ok_or_else(|| {
                let known: Vec<_> = CampaignState::ALL.iter().map(|s| s.as_str()).collect();
                FlowError::bad("state", format!("`{s}` is none of {}", known.join(", ")))
            })
        })
        .transpose()?;
    let mut tx = ctx.store.read().await?;
    let rows = tx
        .tenant(tenant)
        .campaigns(state, limit, parse_cursor(after)?)
        .await?;
    drop(tx);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(view(ctx, row).await?);
    }
    Ok(Page::of(items, limit, |c: &CampaignView| c.id.to_string()))
}

/// The newest campaigns by name, uncounted: what somebody may choose from.
///
/// # Errors
/// The database.
pub async fn names(
    ctx: &Context,
    tenant: TenantId,
    limit: usize,
) -> Result<Vec<(CampaignId, String)>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.tenant(tenant).campaigns(None, limit, None).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.definition.name))
        .collect())
}

async fn view(ctx: &Context, row: CampaignRow) -> Result<CampaignView, FlowError> {
    let standings = counts::of(ctx, &row).await?;
    let mut tx = ctx.store.read().await?;
    let limiter = limiter(&mut tx, &row, &standings.value.counts, ctx.now()).await?;
    drop(tx);
    Ok(CampaignView {
        id: row.id,
        name: row.definition.name.clone(),
        state: row.state.as_str().to_owned(),
        reason: row.reason,
        reason_detail: row.reason_detail,
        author: row.author,
        plan_hash: row.plan_hash,
        planned_at: row.planned_at.map(Ts::rfc3339),
        approved_by: row.approved_by,
        approval_expires_at: row.approval_expires_at.map(Ts::rfc3339),
        started_at: row.started_at.map(Ts::rfc3339),
        next_at: row.next_at.map(Ts::rfc3339),
        finished_at: row.finished_at.map(Ts::rfc3339),
        progress: Progress {
            people: row.people,
            counts: standings.value.counts,
            statuses: standings.value.statuses,
            opted_out: standings.value.opted_out,
            counted_at: standings.at.map(Ts::rfc3339),
            limiter,
        },
        created_at: row.created_at.rfc3339(),
        definition: row.definition,
    })
}

/// What holds a campaign, as far as it is told without counting.
async fn rests(
    tx: &mut portero_store::Tx,
    row: &CampaignRow,
    now: Ts,
) -> Result<Option<String>, FlowError> {
    let word = |text: &str| Ok(Some(text.to_owned()));
    match row.state {
        CampaignState::Paused => return Ok(row.reason.clone()),
        CampaignState::Running => {}
        _ => return Ok(None),
    }
    let owner = tx.tenant(row.tenant).row().await?;
    if runner::is_stopped(tx, row, &owner).await? {
        return word("stopped");
    }
    if row.reason.is_some() {
        return Ok(row.reason.clone());
    }
    if row.next_at.is_some_and(|at| at > now) {
        return word("spread");
    }
    Ok(None)
}

/// What holds a campaign.
async fn limiter(
    tx: &mut portero_store::Tx,
    row: &CampaignRow,
    counts: &BTreeMap<String, u64>,
    now: Ts,
) -> Result<Option<String>, FlowError> {
    let word = |text: &str| Ok(Some(text.to_owned()));
    let rests = rests(tx, row, now).await?;
    if rests.is_some() || row.state != CampaignState::Running {
        return Ok(rests);
    }
    let count = |state: &str| counts.get(state).copied().unwrap_or_default();
    let at_number = count("queued") + count("attempting");
    for (state, least) in [
        (OutboxState::Deferred, at_number),
        (OutboxState::InReview, 0),
    ] {
        if count(state.as_str()) > least {
            let rules = tx.tenant(row.tenant).campaign_rules(row.id, state).await?;
            let rule = rules.into_iter().next().map(|(rule, _)| rule);
            // The number's own pace.
            if rule.as_deref() != Some(PACE) {
                return Ok(rule);
            }
            return word(plan::slowed(tx, row).await?.limiter());
        }
        if at_number > 0 {
            return word(plan::slowed(tx, row).await?.limiter());
        }
    }
    Ok(None)
}

/// Approves the very plan whose hash is given.
///
/// # Errors
/// Another plan, another state, the author where a second person is asked for, or the database.
pub async fn approve(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    id: CampaignId,
    plan_hash: &str,
) -> Result<CampaignView, FlowError> {
    let now = ctx.now();
    let by = principal.author();
    change(ctx, tenant, id, async |tx, row| {
        expect(
            row,
            CampaignState::Approved,
            "plan it first; a started one is approved",
        )?;
        if row.plan_hash.as_deref() != Some(plan_hash) {
            return Err(FlowError::bad(
                "plan_hash",
                "not the hash of the latest plan: look at that plan first",
            ));
        }
        let policy = tx.tenant(tenant).row().await?.policy;
        if policy.campaign_second_person && row.author == by {
            return Err(FlowError::WrongState {
                what: format!("campaign {id}"),
                state: "yours".to_owned(),
                why: "this account wants somebody else to approve it".to_owned(),
            });
        }
        let start = row.definition.schedule.start_at;
        row.state = CampaignState::Approved;
        row.approved_at = Some(now);
        row.approved_by = Some(by.clone());
        row.approval_expires_at = Some(start.unwrap_or(now).max(now) + policy.campaign_approval_ms);
        // A time that has gone by starts nothing: somebody has to run it.
        row.next_at = start.filter(|at| *at > now);
        row.reason = None;
        row.reason_detail = None;
        Ok(())
    })
    .await
}

/// Starts an approved campaign now.
///
/// # Errors
/// Another state, an approval that ran out or is of another plan, or the database.
pub async fn run(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
) -> Result<CampaignView, FlowError> {
    let now = ctx.now();
    change(ctx, tenant, id, async |tx, row| {
        if let Some(at) = row.definition.schedule.start_at.filter(|at| *at > now)
            && row.state == CampaignState::Approved
        {
            return Err(FlowError::WrongState {
                what: format!("campaign {id}"),
                state: "scheduled".to_owned(),
                why: format!("it starts by itself at {at}"),
            });
        }
        if row.state != CampaignState::Approved {
            return Err(FlowError::WrongState {
                what: format!("campaign {id}"),
                state: row.state.as_str().to_owned(),
                why: "only an approved campaign can be started; a paused one is resumed".to_owned(),
            });
        }
        let owner = tx.tenant(tenant).row().await?;
        runner::start(tx, &owner, row, now).await
    })
    .await
}

/// Goes on with a paused campaign.
///
/// # Errors
/// Another state, a template that is not approved, or the database.
pub async fn resume(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
) -> Result<CampaignView, FlowError> {
    let now = ctx.now();
    change(ctx, tenant, id, async |tx, row| {
        if row.state != CampaignState::Paused {
            return Err(FlowError::WrongState {
                what: format!("campaign {id}"),
                state: row.state.as_str().to_owned(),
                why: "only a paused campaign can be resumed".to_owned(),
            });
        }
        let owner = tx.tenant(tenant).row().await?;
        runner::start(tx, &owner, row, now).await
    })
    .await
}

/// Puts a running campaign to rest: no attempt begins afterwards.
///
/// # Errors
/// Another state, or the database.
pub async fn pause(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
    reason: Option<&str>,
) -> Result<CampaignView, FlowError> {
    let now = ctx.now();
    change(ctx, tenant, id, async |tx, row| {
        expect(row, CampaignState::Paused, "only what runs can be paused")?;
        runner::pause(tx, row, "operator", reason.unwrap_or_default(), now).await
    })
    .await
}

/// Ends a campaign: what has not begun is cancelled.
///
/// # Errors
/// Another state, or the database.
pub async fn stop(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
    reason: Option<&str>,
) -> Result<CampaignView, FlowError> {
    runner::stop(ctx, tenant, id, reason.unwrap_or("stopped by the operator")).await?;
    get(ctx, tenant, id).await
}

fn expect(row: &CampaignRow, next: CampaignState, why: &str) -> Result<(), FlowError> {
    if row.state.may_become(next) {
        return Ok(());
    }
    Err(FlowError::WrongState {
        what: format!("campaign {}", row.id),
        state: row.state.as_str().to_owned(),
        why: why.to_owned(),
    })
}

/// Changes a campaign in one transaction.
async fn change(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
    how: impl AsyncFnOnce(&mut portero_store::Tx, &mut CampaignRow) -> Result<(), FlowError>,
) -> Result<CampaignView, FlowError> {
    let mut tx = ctx.store.write().await?;
    let mut row = tx
        .tenant(tenant)
        .lock_campaign(id)
        .await?
        .ok_or_else(|| FlowError::not_found("campaign", id))?;
    how(&mut tx, &mut row).await?;
    tx.tenant(tenant).save_campaign(&row).await?;
    tx.commit().await?;
    ctx.wake_campaigns.notify_one();
    ctx.wake_outbox.notify_one();
    ctx.touched();
    get(ctx, tenant, id).await
}

/// People of a campaign.
///
/// # Errors
/// Not found, bad filters, or the database.
pub async fn people(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
    query: &PeopleQuery,
) -> Result<Page<PersonView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let campaign = tx
        .tenant(tenant)
        .campaign(id)
        .await?
        .ok_or_else(|| FlowError::not_found("campaign", id))?;
    let filter = PeopleFilter {
        state: query.state.clone(),
        planned: query.planned.clone(),
        rule: query.rule.clone(),
        limit: query.limit,
        after: parse_cursor(query.after.as_deref())?,
    };
    let rows = tx.tenant(tenant).campaign_people(id, &filter).await?;
    let items = rows
        .into_iter()
        .map(|person| PersonView::of(person, &campaign.definition.why))
        .collect();
    Ok(Page::of(items, query.limit, |p: &PersonView| {
        p.contact.to_string()
    }))
}
