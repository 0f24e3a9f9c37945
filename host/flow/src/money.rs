//! What leaves is counted: the month's estimated cost, and the free-form messages of each number.
//!
//! Always, not only while there is a budget: one that is set in the middle of a month sees all of it.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::PhoneNumberId;
use portero_domain::proposal::Proposal;
use portero_store::Tx;
use portero_store::model::{MonthCost, TenantRow};

use crate::error::FlowError;
use crate::rates;

/// What messages that begin add.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// Estimated cost, in millionths.
    pub(crate) micro: i64,
    /// Free-form messages by number.
    pub(crate) service: BTreeMap<PhoneNumberId, i64>,
    /// By what Meta charges for; those without a known price are told apart.
    categories: BTreeMap<&'static str, MonthCost>,
}

impl Counted {
    /// One message of a number.
    pub(crate) fn of(proposal: &Proposal, micro: i64, service: bool) -> Counted {
        let mut one = Counted {
            micro,
            ..Counted::default()
        };
        if service {
            one.service.insert(proposal.sender.clone(), 1);
        }
        one
    }

    /// The same message, counted where Meta charges for it.
    pub(crate) fn charged(mut self, category: Option<&'static str>, cost: Option<i64>) -> Counted {
        if let Some(category) = category {
            let one = MonthCost {
                category: category.to_owned(),
                messages: 1,
                priced: u64::from(cost.is_some()),
                micro: cost.unwrap_or_default(),
            };
            self.categories.insert(category, one);
        }
        self
    }

    /// Adds another's.
    pub(crate) fn add(&mut self, other: &Counted) {
        for (category, cost) in &other.categories {
            let all = self.categories.entry(*category).or_default();
            all.category.clone_from(&cost.category);
            all.messages += cost.messages;
            all.priced += cost.priced;
            all.micro = all.micro.saturating_add(cost.micro);
        }
        self.micro = self.micro.saturating_add(other.micro);
        for (number, n) in &other.service {
            *self.service.entry(number.clone()).or_default() += n;
        }
    }
}

/// The month that Meta counts free-form messages by, where the tenant is.
fn month(tenant: &TenantRow, now: Ts) -> String {
    now.to_jiff()
        .and_then(|at| at.in_tz(&tenant.timezone).ok())
        .map_or_else(
            || now.rfc3339().chars().take(7).collect(),
            |at| at.strftime("%Y-%m").to_string(),
        )
}

/// How many free-form messages the number of a proposal has sent this month; not looked up for others.
pub(crate) async fn service_used(
    tx: &mut Tx,
    tenant: &TenantRow,
    proposal: &Proposal,
    now: Ts,
) -> Result<u64, FlowError> {
    if !rates::is_service(&proposal.content) {
        return Ok(0);
    }
    let month = month(tenant, now);
    Ok(tx
        .tenant(tenant.id)
        .service_used(&proposal.sender, &month)
        .await?)
}

/// Counts what one tenant's attempts that begin in this transaction come to. The tenant's row of the
/// month is held until the commit, so this comes last, after the rows of every number.
pub(crate) async fn count(
    tx: &mut Tx,
    tenant: &TenantRow,
    counted: &Counted,
    now: Ts,
) -> Result<(), FlowError> {
    let mut mine = tx.tenant(tenant.id);
    let month = month(tenant, now);
    for (number, n) in &counted.service {
        mine.add_service(number, &month, *n).await?;
    }
    if counted.micro > 0 {
        mine.add_spend(counted.micro, now).await?;
    }
    let costs: Vec<MonthCost> = counted.categories.values().cloned().collect();
    mine.add_month_costs(&costs, now).await?;
    Ok(())
}
