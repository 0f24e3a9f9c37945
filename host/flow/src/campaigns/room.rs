//! How many people of a campaign may have their turn now: as far as their number's queue, the
//! messaging limit, and the first of those who came in from a list leave room.

use portero_domain::account::MessagingLimit;
use portero_domain::clock::{Millis, Ts};
use portero_domain::proposal::Purpose;
use portero_domain::template::{Template, TemplateCategory};
use portero_store::model::CampaignRow;
use portero_store::{TenantTx, Tx};

use super::turns::CHUNK;
use crate::error::FlowError;
use crate::limiter;

/// Messages of one campaign that may wait for their number; more would only make stopping slower.
const BACKLOG: usize = 2_000;
/// People who came in from a list that have their turn before the rest of a campaign: its canary.
pub(crate) const CANARY: u64 = 50;
/// How long the rest waits once their messages are out: people need time to answer.
pub(crate) const CANARY_REST: Millis = Millis::hours(1);
/// How often is looked whether they are.
const CANARY_EVERY: Millis = Millis::minutes(1);
/// Why it waits.
pub(crate) const CANARY_WAITS: &str = "canary";

/// People who may have their turn now.
#[derive(Default)]
pub(super) struct Room {
    pub(super) people: usize,
    /// Of these, who came in from a list; `None`: any number.
    pub(super) imported: Option<u64>,
    /// Nobody may have their turn now.
    pub(super) full: bool,
    /// Why: the messaging limit, or the canary.
    pub(super) reason: &'static str,
    /// The canary's messages are out: the rest waits until then.
    pub(super) rests_until: Option<Ts>,
    /// When the first person stops counting against the limit.
    pub(super) frees_at: Option<Ts>,
    /// How much of the limit is used.
    pub(super) figures: String,
}

/// How many people may have their turn: as many as may wait for their number, and as the messaging
/// limit lets through. More turns would only wait in rows whose time runs out.
pub(super) async fn room(
    tx: &mut Tx,
    campaign: &CampaignRow,
    template: Option<&Template>,
    now: Ts,
) -> Result<Room, FlowError> {
    let mut tenant = tx.tenant(campaign.tenant);
    let queued = tenant.campaign_queued(campaign.id, BACKLOG).await?;
    // A whole chunk or none: few turns cost the database nearly as much as many.
    let people = match BACKLOG.saturating_sub(queued) {
        few if few < CHUNK => 0,
        room => room,
    };
    let imported = match canary(&mut tenant, campaign, now).await? {
        Canary::Over => None,
        Canary::Left(left) => Some(left),
        Canary::Rests { until, look_at } => {
            return Ok(Room {
                full: true,
                reason: CANARY_WAITS,
                rests_until: until,
                frees_at: Some(look_at),
                figures: format!("{CANARY} of {} people from lists", campaign.imported),
                ..Room::default()
            });
        }
    };
    let number = tenant.number(&campaign.definition.phone_number_id).await?;
    let limit = match number {
        Some(number) => tenant.account(&number.waba).await?.limit,
        None => None,
    };
    let smallest = limit.unwrap_or(MessagingLimit::SMALLEST);
    if smallest.is_unlimited() || people == 0 {
        return Ok(Room {
            people,
            imported,
            ..Room::default()
        });
    }
    let most = share(smallest, campaign, template);
    let (used, frees_at) = tenant.tier_standing(limit, now).await?;
    let waiting = tenant
        .waiting_first(usize::try_from(most).unwrap_or(usize::MAX))
        .await?;
    let left = u64::from(most).saturating_sub(used.saturating_add(waiting));
    Ok(Room {
        people: people.min(usize::try_from(left).unwrap_or(usize::MAX)),
        imported,
        full: left == 0,
        reason: limiter::TIER,
        rests_until: None,
        frees_at,
        figures: format!("{used} / {most}"),
    })
}

/// Where the canary of a campaign stands.
enum Canary {
    /// There is none, or it is through.
    Over,
    /// So many people from lists may still have their turn.
    Left(u64),
    /// All of it had their turn; `until` once its messages are out.
    Rests { until: Option<Ts>, look_at: Ts },
}

async fn canary(
    tenant: &mut TenantTx<'_>,
    campaign: &CampaignRow,
    now: Ts,
) -> Result<Canary, FlowError> {
    if campaign.imported <= CANARY || campaign.canary_until.is_some_and(|until| now >= until) {
        return Ok(Canary::Over);
    }
    if let Some(until) = campaign.canary_until {
        return Ok(Canary::Rests {
            until: Some(until),
            look_at: until,
        });
    }
    let left = CANARY.saturating_sub(tenant.imported_turned(campaign.id).await?);
    if left > 0 {
        return Ok(Canary::Left(left));
    }
    let out = !tenant.campaign_open(campaign.id).await?;
    let until = out.then_some(now + CANARY_REST);
    Ok(Canary::Rests {
        until,
        look_at: until.unwrap_or(now + CANARY_EVERY),
    })
}

/// How much of the messaging limit a campaign may use.
pub(crate) fn share(
    limit: MessagingLimit,
    campaign: &CampaignRow,
    template: Option<&Template>,
) -> u32 {
    let promotional = campaign.definition.purpose == Purpose::Promotional
        || template.is_some_and(|t| t.category == TemplateCategory::Marketing);
    if promotional {
        limit.for_promotion()
    } else {
        limit.0
    }
}
