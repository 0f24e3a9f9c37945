//! The dry run of a campaign: everybody in its audience through the real gate, nobody written to.
//!
//! The audience is fixed first; then the gate judges every person at the instant the campaign would
//! start. What comes out is counted, kept by person, and bound to a hash that an approval names.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use portero_domain::account::MessagingLimit;
use portero_domain::campaign::{CampaignState, ValueSource, slot_names};
use portero_domain::ids::{CampaignId, ContactId, TenantId};
use portero_domain::plugin::PluginKind;
use portero_domain::template::Template;
use portero_gate::Slowed;
use portero_gate::record::canonical_json;
use portero_sandbox::TemplateSignature;
use portero_store::Tx;
use portero_store::model::{Addressee, CampaignRow};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::addressees::Words;
use crate::campaigns;
use crate::context::Context;
use crate::error::FlowError;
use crate::segment::Seat;

mod dry_run;
mod finish;
mod hash;
mod pace;

pub(crate) use dry_run::judged;
pub use finish::Finish;
pub(crate) use hash::hash;

use self::dry_run::{Counting, DryRun};
use self::pace::Pace;

/// Pages in hand at the same time.
const AHEAD: usize = 3;

/// A plan as it is kept: counts and ids, no personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// People in the audience.
    pub people: u64,
    /// SHA-256 over their ids, in order.
    pub audience_hash: String,
    /// The instant judged at: the start.
    pub at: i64,
    /// (slice, rule, people).
    pub slices: Vec<(String, Option<String>, u64)>,
    /// When the last of the messages that are put off would leave, Unix ms.
    pub latest: Option<i64>,
    /// The rule that puts it off until then.
    pub latest_rule: Option<String>,
    /// People without a value, by slot.
    pub missing: BTreeMap<String, u64>,
    /// People whose text is longest: (contact, characters).
    pub longest: Vec<(ContactId, u64)>,
    /// Messages that may go, by (country, category).
    pub countries: BTreeMap<String, u64>,
    /// Meta's category.
    pub category: String,
    /// Messages per second the number may take, after the house's share, in hundredths.
    pub rate_centi: u64,
    /// What that pace is called; absent in plans of older hosts: `number`.
    #[serde(default)]
    pub limiter: Option<String>,
    /// People of the audience who came in from lists and were not reached by a campaign since.
    #[serde(default)]
    pub imported: u64,
    /// People a day whom the messaging limit lets the campaign write to first; absent: no limit.
    #[serde(default)]
    pub per_day: Option<u64>,
    /// How much of that is used already.
    #[serde(default)]
    pub used: u64,
    /// People who would begin to count against the messaging limit.
    #[serde(default)]
    pub first: u64,
}

/// Who would be asked for words: a hash of the plugin's code, its configuration and what it may see.
pub(crate) async fn personaliser(
    tx: &mut Tx,
    campaign: &CampaignRow,
) -> Result<Option<String>, FlowError> {
    let Some(id) = campaign.definition.personaliser() else {
        return Ok(None);
    };
    let rows = tx.tenant(campaign.tenant).installations().await?;
    let parts = rows
        .iter()
        .find(|row| row.id == id && row.enabled)
        .map(|row| [&row.digest, &row.config, &row.grants]);
    Ok(Some(hex::encode(Sha256::digest(
        canonical_json(&parts).as_bytes(),
    ))))
}

/// Reads a plan that was kept.
pub(crate) fn read(text: &str) -> Result<Plan, FlowError> {
    serde_json::from_str(text).map_err(|source| FlowError::Stored {
        what: "campaign plan",
        source,
    })
}

/// The template of a campaign as the registry knows it.
pub(crate) async fn template(
    tx: &mut Tx,
    campaign: &CampaignRow,
) -> Result<Option<Template>, FlowError> {
    let d = &campaign.definition;
    let mut tenant = tx.tenant(campaign.tenant);
    let Some(number) = tenant.number(&d.phone_number_id).await? else {
        return Ok(None);
    };
    Ok(tenant
        .template(&number.waba, &d.template, &d.language)
        .await?)
}

/// What slows a campaign as its number and template stand.
pub(crate) async fn slowed(tx: &mut Tx, campaign: &CampaignRow) -> Result<Slowed, FlowError> {
    let d = &campaign.definition;
    let mut tenant = tx.tenant(campaign.tenant);
    let Some(number) = tenant.number(&d.phone_number_id).await? else {
        return Ok(Slowed::default());
    };
    let quality = tenant
        .template_quality(&number.waba, &d.template, &d.language)
        .await?;
    Ok(Slowed::by(Some(&number.quality), quality))
}

/// Plans a campaign. Any earlier plan and approval of it end.
///
/// `told` hears how many of how many people were judged, page by page.
///
/// # Errors
/// Not found, not plannable, planned by somebody else meanwhile, or the database.
pub async fn plan(
    ctx: &Arc<Context>,
    tenant: TenantId,
    id: CampaignId,
    told: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<(), FlowError> {
    let campaign = begin(ctx, tenant, id).await?;
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).row().await?;
    let Some(template) = template(&mut tx, &campaign).await? else {
        return Err(FlowError::bad(
            "template",
            format!(
                "no template `{}` in `{}` on this number's account; `portero template sync` fetches them",
                campaign.definition.template, campaign.definition.language
            ),
        ));
    };
    let number = tx
        .tenant(tenant)
        .number(&campaign.definition.phone_number_id)
        .await?;
    let mps = number.as_ref().map_or(0, |n| n.mps);
    let slowed = slowed(&mut tx, &campaign).await?;
    let limit = match &number {
        Some(number) => tx.tenant(tenant).account(&number.waba).await?.limit,
        None => None,
    };
    let (used, _) = tx.tenant(tenant).tier_standing(limit, ctx.now()).await?;
    let limit = limit.unwrap_or(MessagingLimit::SMALLEST);
    let per_day = (!limit.is_unlimited())
        .then(|| u64::from(campaigns::share(limit, &campaign, Some(&template))));
    drop(tx);
    unknown_slots(&campaign, &template)?;
    let at = campaign
        .definition
        .schedule
        .start_at
        .unwrap_or(ctx.now())
        .max(ctx.now());
    let mut counting = Counting::of(Plan {
        people: campaign.people,
        at: at.0,
        category: template.category.as_str().to_owned(),
        per_day,
        used,
        rate_centi: u64::from(mps) * u64::from(row.policy.throughput_percent.min(100))
            / u64::from(slowed.steps()),
        limiter: Some(slowed.limiter().to_owned()),
        imported: campaign.imported,
        ..Plan::default()
    });
    let run = Arc::new(DryRun {
        ctx: Arc::clone(ctx),
        tenant: row.clone(),
        campaign: campaign.clone(),
        template: template.clone(),
        at,
    });
    let mut pace = Pace::new(
        at,
        campaign.definition.schedule.spread(),
        campaign.people,
        counting.plan.rate_centi,
    );
    let mut audience = Sha256::new();
    let mut done = 0_u64;
    told(done, campaign.people);
    // A task for each page: while one is judged others are read, on as many cores as there are.
    let mut ahead = FuturesOrdered::new();
    let (mut after, mut more) = (None, true);
    loop {
        while more && ahead.len() < AHEAD {
            let people = run.people(after).await?;
            after = people.last().map(|p| p.contact);
            more = after.is_some();
            if more {
                let run = Arc::clone(&run);
                ahead.push_back(ctx.tasks.spawn(async move { run.page(people).await }));
            }
        }
        let Some(page) = ahead.next().await else {
            break;
        };
        let page = page.map_err(|_| FlowError::Task {
            what: "a page of a plan",
        })??;
        let (planned, counted) = run.told(page, &mut pace);
        for person in &planned {
            audience.update(person.contact.uuid().as_bytes());
        }
        counting.add(counted);
        let mut tx = ctx.store.write().await?;
        let now = tx.tenant(tenant).lock_campaign(id).await?;
        if now.is_none_or(|c| !is_this(&c, &campaign)) {
            return Err(overtaken(id));
        }
        tx.tenant(tenant).mark_planned(id, &planned).await?;
        tx.commit().await?;
        done += u64::try_from(planned.len()).unwrap_or_default();
        told(done, campaign.people);
    }
    counting.plan.audience_hash = hex::encode(audience.finalize());
    let plan = counting.finish();
    let mut tx = ctx.store.write().await?;
    let Some(mut now) = tx.tenant(tenant).lock_campaign(id).await? else {
        return Err(FlowError::not_found("campaign", id));
    };
    if !is_this(&now, &campaign) {
        return Err(overtaken(id));
    }
    let words = personaliser(&mut tx, &now).await?;
    now.plan_hash = Some(hash(
        &now.definition,
        &plan,
        &template,
        &row.policy_revision,
        words.as_deref(),
    ));
    now.plan = Some(canonical_json(&plan));
    now.planned_at = Some(ctx.now());
    now.state = CampaignState::Planned;
    if !tx.tenant(tenant).save_campaign(&now).await? {
        return Err(overtaken(id));
    }
    tx.commit().await?;
    ctx.touched();
    Ok(())
}

/// Whether a campaign is still being planned by us: nobody began anew, nobody stopped it.
fn is_this(now: &CampaignRow, begun: &CampaignRow) -> bool {
    now.plan_round == begun.plan_round && now.state == CampaignState::Draft
}

fn overtaken(id: CampaignId) -> FlowError {
    FlowError::WrongState {
        what: format!("campaign {id}"),
        state: "stopped or planned by somebody else meanwhile".to_owned(),
        why: "look at it again".to_owned(),
    }
}

/// Fixes the audience and takes the turn to plan.
async fn begin(ctx: &Context, tenant: TenantId, id: CampaignId) -> Result<CampaignRow, FlowError> {
    let mut tx = ctx.store.write().await?;
    let Some(mut campaign) = tx.tenant(tenant).lock_campaign(id).await? else {
        return Err(FlowError::not_found("campaign", id));
    };
    if !campaign.state.may_become(CampaignState::Planned) || campaign.started_at.is_some() {
        return Err(FlowError::WrongState {
            what: format!("campaign {id}"),
            state: campaign.state.as_str().to_owned(),
            why: "only a campaign that has not started can be planned; make a new one".to_owned(),
        });
    }
    campaign.people = tx
        .tenant(tenant)
        .snapshot_audience(id, &campaign.definition.audience)
        .await?;
    campaign.imported = tx.tenant(tenant).mark_imported(id).await?;
    campaign.canary_until = None;
    campaign.state = CampaignState::Draft;
    campaign.plan_round += 1;
    campaign.plan = None;
    campaign.plan_hash = None;
    campaign.approved_at = None;
    campaign.approved_by = None;
    campaign.approval_expires_at = None;
    campaign.turned = 0;
    campaign.next_at = None;
    campaign.paused_at = None;
    campaign.reason = None;
    campaign.reason_detail = None;
    if !tx.tenant(tenant).save_campaign(&campaign).await? {
        return Err(overtaken(id));
    }
    tx.commit().await?;
    campaign.revision += 1;
    Ok(campaign)
}

/// A value for a slot that the template does not have is a slip of the pen worth stopping for.
fn unknown_slots(campaign: &CampaignRow, template: &Template) -> Result<(), FlowError> {
    let known = slot_names(&template.slots);
    match campaign
        .definition
        .values
        .keys()
        .find(|slot| !known.contains(slot))
    {
        None => Ok(()),
        Some(slot) => Err(FlowError::bad(
            format!("values.{slot}"),
            format!(
                "the template has no such slot; it has: {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ),
        )),
    }
}

/// Words of a segmentation plugin for a page of people, when the campaign asks one. No transaction
/// may be open meanwhile.
pub(crate) async fn words(
    ctx: &Context,
    campaign: &CampaignRow,
    template: &Template,
    people: &[Addressee],
) -> Result<Words, FlowError> {
    let Some(installation) = campaign.definition.personaliser() else {
        return Ok(Words::new());
    };
    let mut tx = ctx.store.read().await?;
    let tenant = tx.tenant(campaign.tenant).row().await?;
    let rows = tx.tenant(campaign.tenant).installations().await?;
    drop(tx);
    let row = rows
        .into_iter()
        .find(|r| r.id == installation && r.enabled && r.kind == PluginKind::Segmentation)
        .ok_or_else(|| {
            FlowError::bad(
                "values",
                format!("`{installation}` is no enabled segmentation plugin of this account"),
            )
        })?;
    let seat = Seat::load(ctx, tenant, row).await?;
    let slots = campaign
        .definition
        .values
        .iter()
        .filter_map(|(slot, source)| match source {
            ValueSource::Personalise { hint, .. } => Some((slot.clone(), hint.clone())),
            _ => None,
        })
        .collect();
    let signature = TemplateSignature {
        name: template.name.clone(),
        language: template.language.clone(),
        slots,
        body: template.body.clone(),
    };
    let contacts: Vec<ContactId> = people.iter().map(|p| p.contact).collect();
    seat.personalise(ctx, &contacts, &signature, &campaign.id.to_string())
        .await
}
