//! Campaigns on their way: their turns become proposals, chunk by chunk, through the judge.
//!
//! A chunk is one transaction: proposals, records, lanes and "this person's turn was taken" are
//! written together, so a crash between two chunks loses nobody and repeats nobody. What wakes this
//! step late (a process that was away, a clock that jumped) holds a campaign instead of sending it
//! in a burst.

use portero_domain::campaign::CampaignState;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{CampaignId, TenantId};
use portero_domain::notice::NoticeKind;
use portero_domain::proposal::OutboxState;
use portero_domain::template::{Template, TemplateStatus};
use portero_gate::rules::limits::campaign_brake::brakes;
use portero_store::Tx;
use portero_store::model::{AwakeCampaign, CampaignRow, TenantRow};
use serde_json::json;

use self::room::{Room, room};
use self::turns::{Taken, Turn, chunk, upcoming_words};
use crate::addressees::Words;
use crate::context::Context;
use crate::error::FlowError;
use crate::{judge, limiter, plan};

mod room;
mod turns;

pub(crate) use room::{CANARY, CANARY_REST, CANARY_WAITS, share};

/// Campaigns read at once.
const PAGE: usize = 64;
/// How often the messages of a campaign are counted for its brake: counting takes longer the more there are.
const TALLY_EVERY: Millis = Millis::secs(1);
/// Why a message was taken back, or a person withdrawn, when somebody stopped the campaign.
pub(crate) const STOPPED: &str = "campaign.stopped";
/// The brake's rule.
pub(crate) const BRAKE: &str = "limits.campaign-brake";

/// What Meta took of a campaign and what it did not, and who left after it reached them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    sent: u64,
    failed: u64,
    opted_out: u64,
}

/// Lets every campaign that is due take its turns. Returns how many people's turns were taken.
///
/// # Errors
/// The database.
pub async fn step(ctx: &Context) -> Result<usize, FlowError> {
    let (mut worked, mut after) = (0, None);
    let mut failed = None;
    loop {
        let mut tx = ctx.store.read().await?;
        let awake = tx.system().awake_campaigns(ctx.now(), after, PAGE).await?;
        drop(tx);
        let last = awake.len() < PAGE;
        after = awake.last().map(|one| one.id);
        for one in awake {
            let id = one.id;
            worked += match look(ctx, one).await {
                Ok(turns) => turns,
                Err(FlowError::Store(e)) if e.is_transient() => 1,
                // One that cannot be looked at takes nobody else's look.
                Err(error) => {
                    tracing::error!(campaign.id = %id, error.chain = %error.chain(), "campaign not looked at");
                    failed = Some(error);
                    0
                }
            };
        }
        if last {
            return failed.map_or(Ok(worked), Err);
        }
    }
}

/// Looks at one campaign; opens a write transaction only when there is something to do.
async fn look(ctx: &Context, one: AwakeCampaign) -> Result<usize, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.read().await?;
    let Some(seen) = tx.tenant(one.tenant).campaign(one.id).await? else {
        return Ok(0);
    };
    let due = seen.next_at.is_some_and(|at| at <= now);
    if seen.state == CampaignState::Approved && !due {
        return Ok(0);
    }
    let running = seen.state == CampaignState::Running;
    let tenant = tx.tenant(one.tenant).row().await?;
    let template = plan::template(&mut tx, &seen).await?;
    let stopped = is_stopped(&mut tx, &seen, &tenant).await?;
    // Waiting for the limit, it goes on as soon as there is room, whenever that is.
    let waits = running && seen.reason.as_deref() == Some(limiter::TIER);
    let room = if running && !stopped && (due || waits) {
        room(&mut tx, &seen, template.as_ref(), now).await?
    } else {
        Room::default()
    };
    let tell = due && room.full;
    let due = due || room.people > 0;
    let mut of = tx.tenant(one.tenant);
    let through = running && seen.next_at.is_none() && !of.campaign_open(one.id).await?;
    let held = if running {
        of.campaign_rules(one.id, OutboxState::InReview).await?
    } else {
        Vec::new()
    };
    let hold = held_by(&seen, template.as_ref(), &held, through)?;
    let stale = seen
        .tallied_at
        .is_none_or(|at| now >= at + TALLY_EVERY || now < at);
    let tally = if stale || through {
        Some(tally(&mut tx, &seen).await?)
    } else {
        None
    };
    drop(tx);
    let late = due && overdue(&seen, &tenant, now);
    let changed = tally.is_some_and(|t| {
        (seen.sent, seen.failed, seen.opted_out) != (t.sent, t.failed, t.opted_out)
    });
    let start = due && !running && !stopped;
    let turn = room.people > 0 && hold.is_none();
    if !(changed || through || hold.is_some() || start || turn || tell) {
        return Ok(0);
    }
    // Words of a plugin are asked for before the transaction that needs them.
    let words = match &template {
        Some(template) if turn && !late => upcoming_words(ctx, &seen, template, room.people).await,
        _ => Ok(Words::new()),
    };
    let mut tx = ctx.store.write().await?;
    let Some(mut campaign) = tx.tenant(one.tenant).hold_campaign(one.id).await? else {
        return Ok(0);
    };
    if campaign.revision != seen.revision {
        return Ok(1);
    }
    if let Some(tally) = tally {
        campaign.sent = tally.sent;
        campaign.failed = tally.failed;
        campaign.opted_out = tally.opted_out;
        campaign.tallied_at = Some(now);
    }
    let mut taken = Taken::default();
    if campaign.state == CampaignState::Approved {
        start_or_hold(ctx, &mut tx, &tenant, &mut campaign, now).await?;
    } else if let Some((value, limit)) = braked(&campaign, &tenant) {
        pause(
            &mut tx,
            &mut campaign,
            BRAKE,
            &format!("{limit}: {value}"),
            now,
        )
        .await?;
    } else if let Some((rule, detail)) = &hold {
        pause(&mut tx, &mut campaign, rule, detail, now).await?;
    } else if due && late {
        let late = campaign.next_at.map(Ts::rfc3339).unwrap_or_default();
        pause(&mut tx, &mut campaign, "overdue", &late, now).await?;
    } else if through {
        campaign.state = CampaignState::Done;
        campaign.finished_at = Some(now);
        let data = json!({ "campaign": campaign.id, "people": campaign.people });
        tx.tenant(one.tenant)
            .tell(NoticeKind::CampaignDone, &data, now)
            .await?;
    } else if tell {
        if room.reason == CANARY_WAITS {
            campaign.canary_until = room.rests_until;
        }
        campaign.reason = Some(room.reason.to_owned());
        campaign.reason_detail = Some(room.figures.clone());
        campaign.next_at = Some(room.frees_at.unwrap_or(now).max(now + TALLY_EVERY));
    } else if turn {
        match (&template, words) {
            (Some(template), Ok(words)) => {
                let turn = Turn {
                    tenant: &tenant,
                    template,
                    words,
                    most: room.people,
                    imported: room.imported,
                    now,
                };
                taken = chunk(ctx, &mut tx, turn, &mut campaign).await?;
                if let Some((rule, detail)) = &taken.held {
                    pause(&mut tx, &mut campaign, rule, detail, now).await?;
                }
            }
            (_, Err(error)) => {
                pause(
                    &mut tx,
                    &mut campaign,
                    "personalise",
                    &error.to_string(),
                    now,
                )
                .await?;
            }
            (None, _) => {}
        }
    }
    if !tx.tenant(one.tenant).save_campaign(&campaign).await? {
        return Ok(1);
    }
    tx.commit().await?;
    if taken.turns > 0 {
        ctx.wake_outbox.notify_one();
    }
    ctx.touched();
    Ok(taken.turns.max(usize::from(through || tell)))
}

/// What holds everybody: (rule, figures).
fn held_by(
    campaign: &CampaignRow,
    template: Option<&Template>,
    held: &[(String, u64)],
    through: bool,
) -> Result<Option<(String, String)>, FlowError> {
    if campaign.state != CampaignState::Running {
        return Ok(None);
    }
    if let Some(unwell) = unwell(template) {
        return Ok(Some(unwell));
    }
    if let (Some(template), Some(text)) = (template, &campaign.plan)
        && let Some(moved) = recategorised(&plan::read(text)?, template)
    {
        return Ok(Some(("template.category-mismatch".to_owned(), moved)));
    }
    let of_all = held.iter().find(|(rule, _)| limiter::holds_all(rule));
    let most = of_all.or(held.first().filter(|_| through));
    Ok(most.map(|(rule, n)| (rule.clone(), format!("{n} messages rest"))))
}

/// Why a template cannot be sent now: (rule, Meta's word).
fn unwell(template: Option<&Template>) -> Option<(String, String)> {
    let (rule, word) = match template.map(|t| &t.status) {
        Some(TemplateStatus::Approved) => return None,
        Some(TemplateStatus::Paused) => ("template.paused", "PAUSED"),
        Some(other) => ("template.not-approved", other.as_str()),
        None => ("template.not-approved", "unknown"),
    };
    Some((rule.to_owned(), word.to_owned()))
}

/// Another category is another price and other consents than what was approved.
fn recategorised(planned: &plan::Plan, template: &Template) -> Option<String> {
    let (was, is) = (planned.category.as_str(), template.category.as_str());
    (was != is).then(|| format!("{was} → {is}"))
}

/// Whether sending is stopped for the tenant or its number: nothing is proposed that would be refused.
pub(crate) async fn is_stopped(
    tx: &mut Tx,
    campaign: &CampaignRow,
    tenant: &TenantRow,
) -> Result<bool, FlowError> {
    if tenant.stopped.is_some() || tx.system().stop_all().await?.is_some() {
        return Ok(true);
    }
    let number = tx
        .tenant(campaign.tenant)
        .number(&campaign.definition.phone_number_id)
        .await?;
    Ok(number.is_none_or(|n| n.stopped.is_some()))
}

async fn tally(tx: &mut Tx, campaign: &CampaignRow) -> Result<Tally, FlowError> {
    let mut tenant = tx.tenant(campaign.tenant);
    let (mut sent, mut failed) = (0, 0);
    for (state, lost, n) in tenant.campaign_tally(campaign.id).await? {
        match OutboxState::parse(&state) {
            Some(OutboxState::Failed) => failed += n,
            Some(OutboxState::Sent) if lost => failed += n,
            Some(OutboxState::Sent) => sent += n,
            _ => {}
        }
    }
    let opted_out = match campaign.started_at {
        Some(since) => tenant.campaign_opt_outs(campaign.id, since).await?,
        None => 0,
    };
    Ok(Tally {
        sent,
        failed,
        opted_out,
    })
}

fn braked(campaign: &CampaignRow, tenant: &TenantRow) -> Option<(String, &'static str)> {
    let [sent, failed, opted_out] = campaign.base;
    brakes(
        campaign.sent.saturating_sub(sent),
        campaign.failed.saturating_sub(failed),
        campaign.opted_out.saturating_sub(opted_out),
        campaign.imported > 0,
        &tenant.policy,
    )
}

fn overdue(campaign: &CampaignRow, tenant: &TenantRow, now: Ts) -> bool {
    campaign
        .next_at
        .is_some_and(|at| now.since(at) > tenant.policy.campaign_overdue_ms.0)
}

/// A scheduled campaign whose time has come: starts, or is held when it comes too late or its plan
/// is not what was approved.
async fn start_or_hold(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    campaign: &mut CampaignRow,
    now: Ts,
) -> Result<(), FlowError> {
    if overdue(campaign, tenant, now) {
        let late = campaign.next_at.map(Ts::rfc3339).unwrap_or_default();
        return pause(tx, campaign, "overdue", &late, now).await;
    }
    if let Some((rule, word)) = unwell(plan::template(tx, campaign).await?.as_ref()) {
        return pause(tx, campaign, &rule, &word, now).await;
    }
    match start(tx, tenant, campaign, now).await {
        Ok(()) => {
            ctx.wake_campaigns.notify_one();
            Ok(())
        }
        Err(FlowError::WrongState { why, .. }) => {
            campaign.state = CampaignState::Planned;
            campaign.next_at = None;
            campaign.approved_at = None;
            campaign.approved_by = None;
            campaign.approval_expires_at = None;
            campaign.reason = Some("approval".to_owned());
            let data = json!({ "campaign": campaign.id, "reason": "approval", "detail": why });
            campaign.reason_detail = Some(why);
            tx.tenant(campaign.tenant)
                .tell(NoticeKind::CampaignPaused, &data, now)
                .await?;
            Ok(())
        }
        Err(other) => Err(other),
    }
}

/// Starts an approved campaign, or goes on with a paused one.
///
/// # Errors
/// [`FlowError::WrongState`] when the approval ran out, or is of another plan than today's would be.
pub(crate) async fn start(
    tx: &mut Tx,
    tenant: &TenantRow,
    campaign: &mut CampaignRow,
    now: Ts,
) -> Result<(), FlowError> {
    let wrong = |state: &str, why: &str| FlowError::WrongState {
        what: format!("campaign {}", campaign.id),
        state: state.to_owned(),
        why: why.to_owned(),
    };
    if !campaign.state.may_become(CampaignState::Running) {
        return Err(wrong(
            campaign.state.as_str(),
            "only an approved or a paused campaign can run",
        ));
    }
    let first = campaign.started_at.is_none();
    if first && campaign.approval_expires_at.is_none_or(|at| now >= at) {
        return Err(wrong(
            "approved too long ago",
            "plan and approve it again; what was approved may not be true any more",
        ));
    }
    let Some(template) = plan::template(tx, campaign).await? else {
        return Err(wrong("without its template", "run `portero template sync`"));
    };
    if template.status != TemplateStatus::Approved {
        let status = template.status.as_str().to_owned();
        return Err(wrong(
            &format!("waiting for its template ({status})"),
            "Meta has to approve the template first",
        ));
    }
    let planned = match &campaign.plan {
        Some(text) => plan::read(text)?,
        None => return Err(wrong("without a plan", "plan it first")),
    };
    if let (false, Some(moved)) = (first, recategorised(&planned, &template)) {
        return Err(wrong(
            &format!("not what was approved (its template: {moved})"),
            "stop it and plan a new one for those who did not get it",
        ));
    }
    if first {
        let words = plan::personaliser(tx, campaign).await?;
        let today = plan::hash(
            &campaign.definition,
            &planned,
            &template,
            &tenant.policy_revision,
            words.as_deref(),
        );
        if campaign.plan_hash.as_deref() != Some(today.as_str()) {
            return Err(wrong(
                "not what was approved",
                "its template, its plugin, the prices, the policy or the rules changed since; plan and approve it again",
            ));
        }
    }
    let spread = campaign.definition.schedule.spread();
    let left = match (campaign.spread_to, campaign.paused_at) {
        (Some(to), Some(paused)) => Millis(to.since(paused).max(0)),
        _ => spread,
    };
    let waiting = campaign.people.saturating_sub(campaign.turned);
    campaign.state = CampaignState::Running;
    campaign.started_at = campaign.started_at.or(Some(now));
    campaign.spread_done = campaign.turned;
    campaign.spread_from = Some(now);
    campaign.spread_to = Some(now + left);
    campaign.next_at = (waiting > 0).then_some(now);
    campaign.paused_at = None;
    campaign.reason = None;
    campaign.reason_detail = None;
    campaign.base = [campaign.sent, campaign.failed, campaign.opted_out];
    let expires = judge::default_expiry(campaign.definition.purpose, now);
    tx.tenant(campaign.tenant)
        .release_campaign(campaign.id, now, expires)
        .await?;
    Ok(())
}

/// Puts a campaign to rest, with the reason shown; its lanes wait.
pub(crate) async fn pause(
    tx: &mut Tx,
    campaign: &mut CampaignRow,
    reason: &str,
    detail: &str,
    now: Ts,
) -> Result<(), FlowError> {
    campaign.state = CampaignState::Paused;
    campaign.paused_at = Some(now);
    campaign.reason = Some(reason.to_owned());
    campaign.reason_detail = Some(detail.to_owned()).filter(|d| !d.is_empty());
    campaign.next_at = None;
    tx.tenant(campaign.tenant)
        .rest_campaign_lanes(campaign.id)
        .await?;
    tracing::warn!(campaign.id = %campaign.id, reason, "campaign paused");
    let data =
        json!({ "campaign": campaign.id, "reason": reason, "detail": campaign.reason_detail });
    tx.tenant(campaign.tenant)
        .tell(NoticeKind::CampaignPaused, &data, now)
        .await?;
    Ok(())
}

/// Ends a campaign for everybody it has not begun to reach.
pub(crate) async fn stop(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
    reason: &str,
) -> Result<(), FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let Some(mut campaign) = tx.tenant(tenant).lock_campaign(id).await? else {
        return Err(FlowError::not_found("campaign", id));
    };
    if !campaign.state.may_become(CampaignState::Stopped) {
        return Err(FlowError::WrongState {
            what: format!("campaign {id}"),
            state: campaign.state.as_str().to_owned(),
            why: "it has come to its end".to_owned(),
        });
    }
    campaign.state = CampaignState::Stopped;
    campaign.finished_at = Some(now);
    campaign.next_at = None;
    campaign.reason = Some("operator".to_owned());
    campaign.reason_detail = Some(reason.to_owned());
    tx.tenant(tenant)
        .withdraw_campaign(id, STOPPED, now)
        .await?;
    if !tx.tenant(tenant).save_campaign(&campaign).await? {
        return Err(FlowError::WrongState {
            what: format!("campaign {id}"),
            state: "changing".to_owned(),
            why: "ask again".to_owned(),
        });
    }
    tx.commit().await?;
    ctx.touched();
    Ok(())
}
