//! Campaigns on their way: their turns become proposals, chunk by chunk, through the judge.
//!
//! A chunk is one transaction: proposals, records, lanes and "this person's turn was taken" are
//! written together, so a crash between two chunks loses nobody and repeats nobody. What wakes this
//! step late (a process that was away, a clock that jumped) holds a campaign instead of sending it
//! in a burst.

use portero_domain::campaign::{CampaignState, due_by, turn_of};
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{CampaignId, DecisionId, TenantId};
use portero_domain::notice::NoticeKind;
use portero_domain::proposal::{OutboxState, Proposal, Purpose};
use portero_domain::template::{Template, TemplateStatus};
use portero_gate::record::content_hash;
use portero_gate::rules::limits::campaign_brake::brakes;
use portero_store::Tx;
use portero_store::model::{AwakeCampaign, CampaignRow, NewOutbox, TenantRow, TurnTaken};
use serde_json::json;

use crate::addressees::{Made, Words, make};
use crate::context::Context;
use crate::error::FlowError;
use crate::{judge, plan, rates};

/// People per transaction.
const CHUNK: usize = 250;
/// Messages of one campaign that may wait for their number; more would only make stopping slower.
const BACKLOG: usize = 2_000;
/// Campaigns looked at per step.
const LIMIT: usize = 64;
/// Turns of a spread campaign are taken together when they are closer than this.
const GRAIN: Millis = Millis::secs(1);
/// How often the messages of a campaign are counted for its brake: counting takes longer the more there are.
const TALLY_EVERY: Millis = Millis::secs(1);
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
    let mut tx = ctx.store.read().await?;
    let awake = tx.system().awake_campaigns(LIMIT).await?;
    drop(tx);
    let mut worked = 0;
    for one in awake {
        worked += match look(ctx, one).await {
            Err(FlowError::Store(e)) if e.is_transient() => 1,
            other => other?,
        };
    }
    Ok(worked)
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
    let tenant = tx.tenant(one.tenant).row().await?;
    let template = plan::template(&mut tx, &seen).await?;
    let unwell = template
        .as_ref()
        .is_none_or(|t| t.status != TemplateStatus::Approved);
    let stopped = is_stopped(&mut tx, &seen, &tenant).await?;
    let mut of = tx.tenant(one.tenant);
    let full = due && of.campaign_queued(one.id, BACKLOG).await? >= BACKLOG;
    let through = seen.state == CampaignState::Running
        && seen.next_at.is_none()
        && !of.campaign_open(one.id).await?;
    let stale = seen
        .tallied_at
        .is_none_or(|at| now >= at + TALLY_EVERY || now < at);
    let tally = if stale || through {
        Some(tally(&mut tx, &seen).await?)
    } else {
        None
    };
    drop(tx);
    let changed = tally.is_some_and(|t| {
        (seen.sent, seen.failed, seen.opted_out) != (t.sent, t.failed, t.opted_out)
    });
    if !(changed || through || unwell || (due && !stopped && !full)) {
        return Ok(0);
    }
    // Words of a plugin are asked for before the transaction that needs them.
    let words = match &template {
        Some(template) if due && !stopped && !full && !unwell => {
            upcoming_words(ctx, &seen, template).await
        }
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
    let mut taken = 0;
    if campaign.state == CampaignState::Approved {
        start_or_hold(ctx, &mut tx, &tenant, &mut campaign, now).await?;
    } else if unwell {
        let status = template.as_ref().map_or("unknown", |t| t.status.as_str());
        let reason = match template.as_ref().map(|t| &t.status) {
            Some(TemplateStatus::Paused) => "template.paused",
            _ => "template.not-approved",
        };
        pause(&mut tx, &mut campaign, reason, status, now).await?;
    } else if let Some((value, limit)) = braked(&campaign, &tenant) {
        pause(
            &mut tx,
            &mut campaign,
            BRAKE,
            &format!("{limit}: {value}"),
            now,
        )
        .await?;
    } else if due && overdue(&campaign, &tenant, now) {
        let late = campaign.next_at.map(Ts::rfc3339).unwrap_or_default();
        pause(&mut tx, &mut campaign, "overdue", &late, now).await?;
    } else if through {
        campaign.state = CampaignState::Done;
        campaign.finished_at = Some(now);
        let data = json!({ "campaign": campaign.id, "people": campaign.people });
        tx.tenant(one.tenant)
            .tell(NoticeKind::CampaignDone, &data, now)
            .await?;
    } else if due && !stopped && !full {
        match (&template, words) {
            (Some(template), Ok(words)) => {
                let turn = Turn {
                    tenant: &tenant,
                    template,
                    words,
                    now,
                };
                taken = chunk(ctx, &mut tx, turn, &mut campaign).await?;
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
    if taken > 0 {
        ctx.wake_outbox.notify_one();
    }
    ctx.touched();
    Ok(taken.max(usize::from(through)))
}

/// Whether sending is stopped for the tenant or its number: nothing is proposed that would be refused.
async fn is_stopped(
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
            campaign.reason_detail = Some(why);
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
    if first {
        let planned = match &campaign.plan {
            Some(text) => plan::read(text)?,
            None => return Err(wrong("without a plan", "plan it first")),
        };
        let today = plan::hash(campaign, &planned, &template, tenant);
        if campaign.plan_hash.as_deref() != Some(today.as_str()) {
            return Err(wrong(
                "not what was approved",
                "its template, the policy or the rules changed since; plan and approve it again",
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
    tx.tenant(campaign.tenant)
        .wake_campaign_lanes(campaign.id, BRAKE, now)
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

/// Words of a plugin for those whose turn may come next.
async fn upcoming_words(
    ctx: &Context,
    campaign: &CampaignRow,
    template: &Template,
) -> Result<Words, FlowError> {
    if campaign.definition.personaliser().is_none() {
        return Ok(Words::new());
    }
    let mut tx = ctx.store.read().await?;
    let people = tx
        .tenant(campaign.tenant)
        .waiting_people(campaign.id, None, &[], CHUNK)
        .await?;
    drop(tx);
    plan::words(ctx, campaign, template, &people).await
}

/// What a chunk is made with.
struct Turn<'a> {
    tenant: &'a TenantRow,
    template: &'a Template,
    words: Words,
    now: Ts,
}

/// Takes the turns that are due, at most [`CHUNK`], and says when to look again.
async fn chunk(
    ctx: &Context,
    tx: &mut Tx,
    turn: Turn<'_>,
    campaign: &mut CampaignRow,
) -> Result<usize, FlowError> {
    let Turn {
        tenant,
        template,
        words,
        now,
    } = turn;
    let done = campaign.turned;
    let (from, to) = (
        campaign.spread_from.unwrap_or(now),
        campaign.spread_to.unwrap_or(now),
    );
    let stretch = campaign.people.saturating_sub(campaign.spread_done);
    let due = campaign.spread_done + due_by(stretch, from, to, now);
    let size = usize::try_from(due.saturating_sub(done))
        .unwrap_or(CHUNK)
        .min(CHUNK);
    let mut taken = 0;
    if size > 0 {
        let attributes = campaign.definition.attributes();
        let people = tx
            .tenant(campaign.tenant)
            .waiting_people(campaign.id, None, &attributes, size)
            .await?;
        let mut proposals = Vec::with_capacity(people.len());
        let mut turns = Vec::with_capacity(people.len());
        for person in &people {
            match make(&*ctx.ids, campaign, template, person, &words, now) {
                Made::Proposal(proposal) => proposals.push(*proposal),
                Made::LeftOut { contact, rule, .. } => turns.push(TurnTaken {
                    contact,
                    outbox: None,
                    rule: Some(rule.to_owned()),
                }),
            }
        }
        admit_many(ctx, tx, tenant, &proposals, now, &mut turns).await?;
        taken = turns.len();
        campaign.turned += tx
            .tenant(campaign.tenant)
            .mark_turns(campaign.id, &turns)
            .await?;
    }
    campaign.next_at = if campaign.turned >= campaign.people || (size > 0 && taken == 0) {
        None
    } else if campaign.turned < due {
        Some(now)
    } else {
        let n = campaign.turned.saturating_sub(campaign.spread_done);
        Some(turn_of(n, stretch, from, to).max(now + GRAIN))
    };
    Ok(taken)
}

/// Judges proposals at admission and writes them down, all in a few statements.
async fn admit_many(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    proposals: &[Proposal],
    now: Ts,
    turns: &mut Vec<TurnTaken>,
) -> Result<(), FlowError> {
    let judged = plan::judged(tx, tenant, proposals, now).await?;
    let hashes: Vec<String> = proposals.iter().map(|p| content_hash(&p.content)).collect();
    let mut new = Vec::with_capacity(proposals.len());
    let mut records = Vec::with_capacity(proposals.len());
    for ((proposal, (facts, judgement)), content_hash) in proposals.iter().zip(&judged).zip(&hashes)
    {
        judge::count(ctx, judgement.verdict);
        let decision = DecisionId::new(&*ctx.ids, now);
        records.push(judge::decision(
            tenant,
            decision,
            proposal.id,
            proposal,
            facts,
            judgement,
        ));
        let (state, not_before) = judge::resting(judgement, now);
        let template_name = match &proposal.content {
            portero_domain::content::Content::Template(t) => Some(t.name.clone()),
            _ => None,
        };
        new.push(NewOutbox {
            proposal,
            content_hash,
            event: None,
            installation: None,
            is_promotional: portero_gate::effective_purpose(proposal, facts)
                == Purpose::Promotional,
            is_template: proposal.content.is_template(),
            template_name,
            state,
            rule: judgement.primary.clone(),
            not_before,
            admission_decision: decision,
            cost_micro: rates::estimate(facts),
        });
        turns.push(TurnTaken {
            contact: proposal.contact,
            outbox: Some(proposal.id),
            rule: judgement.primary.clone(),
        });
    }
    tx.tenant(tenant.id)
        .insert_outbox_many(&new, &records, now)
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
        .withdraw_campaign(id, "campaign.stopped", now)
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
