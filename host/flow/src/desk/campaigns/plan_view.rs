//! A plan as people see it: texts and costs are made from what the plan kept.

use std::sync::Arc;

use portero_domain::account::MessagingLimit;
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, TenantId};
use portero_domain::template::{Template, TemplateCategory};
use portero_store::Tx;
use portero_store::model::{Addressee, CampaignRow};

use super::views::{CostLine, CostView, PlanView, PortfolioView, PreviewView, SliceView};
use crate::addressees::{Made, frame, make, render};
use crate::context::Context;
use crate::desk::reasons::title;
use crate::error::FlowError;
use crate::plan::{self, Plan};
use crate::rates;

/// Plans a campaign and shows the plan.
///
/// # Errors
/// As [`plan::plan`].
pub async fn plan(
    ctx: &Arc<Context>,
    tenant: TenantId,
    id: CampaignId,
) -> Result<PlanView, FlowError> {
    plan_told(ctx, tenant, id, &|_, _| {}).await
}

/// The same; `told` hears how many of how many people were judged, page by page.
///
/// # Errors
/// As [`plan`].
pub async fn plan_told(
    ctx: &Arc<Context>,
    tenant: TenantId,
    id: CampaignId,
    told: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<PlanView, FlowError> {
    plan::plan(ctx, tenant, id, told).await?;
    show_plan(ctx, tenant, id).await
}

/// The plan as it was made; texts are made anew.
///
/// # Errors
/// Not found, not planned, or the database.
pub async fn show_plan(
    ctx: &Context,
    tenant: TenantId,
    id: CampaignId,
) -> Result<PlanView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx
        .tenant(tenant)
        .campaign(id)
        .await?
        .ok_or_else(|| FlowError::not_found("campaign", id))?;
    let (Some(text), Some(hash)) = (&row.plan, &row.plan_hash) else {
        return Err(FlowError::WrongState {
            what: format!("campaign {id}"),
            state: row.state.as_str().to_owned(),
            why: "it has no plan yet: POST /v1/campaigns/{id}/plan (`portero campaign plan`)"
                .to_owned(),
        });
    };
    let plan = plan::read(text)?;
    let portfolio = portfolio(&mut tx, &row, &plan, ctx.now()).await?;
    let longest = longest(&mut tx, &row, &plan).await?;
    drop(tx);
    let (previews, preview_error) = match longest {
        Some((template, people)) => match previews(ctx, &row, &template, &people).await {
            Ok(previews) => (previews, None),
            // The plan stands; only its examples cannot be shown now.
            Err(error @ FlowError::BadInput { .. }) => (Vec::new(), Some(error.to_string())),
            Err(error) => return Err(error),
        },
        None => (Vec::new(), None),
    };
    let slices = plan
        .slices
        .iter()
        .map(|(slice, rule, people)| SliceView {
            slice: slice.clone(),
            rule: rule.clone(),
            title: rule.as_deref().map(title).unwrap_or_default(),
            people: *people,
        })
        .collect();
    Ok(PlanView {
        campaign: id,
        hash: hash.clone(),
        planned_at: row.planned_at.map(Ts::rfc3339),
        people: plan.people,
        now: plan.count("now"),
        later: plan.count("later"),
        review: plan.count("review"),
        never: plan.count("never"),
        slices,
        missing: plan.missing.clone(),
        previews,
        preview_error,
        imported: plan.imported,
        finish: plan.finish(row.definition.schedule.spread()),
        cost: cost(&plan, ctx.now()),
        portfolio,
    })
}

/// The people whose texts are longest, and the template they would read.
async fn longest(
    tx: &mut Tx,
    row: &CampaignRow,
    plan: &Plan,
) -> Result<Option<(Template, Vec<Addressee>)>, FlowError> {
    let Some(template) = plan::template(tx, row).await? else {
        return Ok(None);
    };
    let ids: Vec<ContactId> = plan.longest.iter().map(|(c, _)| *c).collect();
    let people = tx
        .tenant(row.tenant)
        .some_people(row.id, &ids, &row.definition.attributes())
        .await?;
    Ok(Some((template, people)))
}

/// Their texts; a plugin may be asked for words, so no transaction is open.
async fn previews(
    ctx: &Context,
    row: &CampaignRow,
    template: &Template,
    people: &[Addressee],
) -> Result<Vec<PreviewView>, FlowError> {
    let words = plan::words(ctx, row, template, people).await?;
    let mut out: Vec<PreviewView> = people
        .iter()
        .filter_map(
            |person| match make(&*ctx.ids, row, template, person, &words, ctx.now()) {
                Made::Proposal(proposal) => {
                    let text = render(template, &proposal.content);
                    let frame = frame(template, &proposal.content);
                    Some(PreviewView {
                        contact: person.contact,
                        header: frame.header,
                        footer: frame.footer,
                        buttons: frame.buttons,
                        characters: u64::try_from(text.chars().count()).unwrap_or_default(),
                        text,
                    })
                }
                Made::LeftOut { .. } => None,
            },
        )
        .collect();
    out.sort_by_key(|p| std::cmp::Reverse(p.characters));
    Ok(out)
}

/// What the campaign does to the limit on people written to first.
async fn portfolio(
    tx: &mut Tx,
    row: &CampaignRow,
    plan: &Plan,
    now: Ts,
) -> Result<PortfolioView, FlowError> {
    let mut tenant = tx.tenant(row.tenant);
    let number = tenant.number(&row.definition.phone_number_id).await?;
    let limit = match number {
        Some(number) => tenant.account(&number.waba).await?.limit,
        None => None,
    };
    let used = tenant.tier_used(limit, now).await?;
    let needed = plan.first;
    let room = limit.unwrap_or(MessagingLimit::SMALLEST).for_promotion();
    let unlimited = limit.is_some_and(MessagingLimit::is_unlimited);
    Ok(PortfolioView {
        limit: limit.filter(|_| !unlimited).map(|l| u64::from(l.0)),
        unlimited,
        used,
        needed,
        over: if unlimited {
            0
        } else {
            (used + needed).saturating_sub(u64::from(room))
        },
    })
}

fn cost(plan: &Plan, now: Ts) -> CostView {
    let table = rates::rates();
    let category = TemplateCategory::from_meta(&plan.category);
    let (mut known, mut unknown) = (0_i64, 0);
    let lines = plan
        .countries
        .iter()
        .map(|(country, messages)| {
            let price = category.and_then(|c| rates::price(country, c));
            let amount = price.map(|p| {
                p.micro
                    .saturating_mul(i64::try_from(*messages).unwrap_or(i64::MAX))
            });
            match amount {
                Some(amount) => known = known.saturating_add(amount),
                None => unknown += messages,
            }
            CostLine {
                country: if country.is_empty() {
                    "?".to_owned()
                } else {
                    country.clone()
                },
                category: plan.category.clone(),
                messages: *messages,
                price: price.map(|p| rates::show(p.micro)),
                amount: amount.map(rates::show),
                confidence: price.map(|p| p.confidence.to_owned()),
            }
        })
        .collect();
    CostView {
        currency: table.currency.clone(),
        known: rates::show(known),
        unknown_messages: unknown,
        lines,
        source: table.source.clone(),
        effective: table.effective.clone(),
        stale: table.is_stale(now),
    }
}
