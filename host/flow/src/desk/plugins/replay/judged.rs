//! What the gate would have said of another message in the place of a recorded one: the person, the window, consents
//! and policy as the record has them, the words as they are now.

use portero_domain::content::Content;
use portero_domain::ids::{OutboxId, TenantId};
use portero_domain::plugin::{Action, SendAction};
use portero_gate::facts::{Fact, TemplateFact};
use portero_gate::record::{DecisionRecord, content_hash, judge_under};
use portero_gate::{Judgement, detect};
use portero_store::Tx;

use super::differences::{Difference, VerdictSide};
use crate::draft::own_words;
use crate::error::FlowError;
use crate::grants::Effective;
use crate::judge::class_of;

/// Puts verdicts beside the messages that differ. `said`: the records of the call, by the place of the action;
/// `now`: the other answer; `effective`: what the other version may.
///
/// # Errors
/// The database.
pub(super) async fn judge(
    tx: &mut Tx,
    tenant: TenantId,
    said: &[(u32, OutboxId, DecisionRecord)],
    now: &[Action],
    effective: &Effective,
    found: &mut [Difference],
) -> Result<(), FlowError> {
    let at = |place: Option<usize>| {
        let place = u32::try_from(place?).ok()?;
        said.iter().find(|(p, ..)| *p == place).map(|(.., r)| r)
    };
    for difference in found.iter_mut() {
        let (was, is) = difference.places;
        let before = at(was).filter(|_| matches!(difference.was, Some(Action::Send(_))));
        difference.verdict_was = before.map(|record| side(&record.judgement));
        let (Some(Action::Send(send)), Some(is)) = (&difference.now, is) else {
            continue;
        };
        // An added message is judged by what is known of the person from another one of the same answer.
        let Some(base) = before.or_else(|| said.first().map(|(.., record)| record)) else {
            continue;
        };
        let sends = now.iter().take(is).filter(|a| matches!(a, Action::Send(_)));
        let proposed = u32::try_from(sends.count()).unwrap_or(u32::MAX);
        let judgement = judged(tx, tenant, base, send, effective, proposed).await?;
        difference.verdict_now = Some(side(&judgement));
    }
    Ok(())
}

async fn judged(
    tx: &mut Tx,
    tenant: TenantId,
    base: &DecisionRecord,
    send: &SendAction,
    effective: &Effective,
    proposed: u32,
) -> Result<Judgement, FlowError> {
    let send = own_words(send.clone());
    let mut record = base.clone();
    record.facts.content = detect::detect(&send.content);
    record.facts.duplicate_of = None;
    record.facts.template = template(tx, tenant, base, &send.content).await?;
    if let Some(plugin) = &mut record.facts.plugin {
        plugin.capabilities.clone_from(&effective.permissions);
        plugin.templates.clone_from(&effective.templates);
        plugin.categories = Some(effective.categories.clone());
        plugin.max_contact_day = effective.max_per_contact_per_day;
        plugin.proposals_this_call = proposed;
    }
    record.proposal.content_hash = content_hash(&send.content);
    record.proposal.consistent = true;
    record.proposal.class = class_of(&send.content, send.purpose);
    record.proposal.purpose = send.purpose;
    record.proposal.topic = send.topic;
    Ok(judge_under(&record, &record.policy))
}

/// The recorded template where it is the same; another is as the registry has it today.
async fn template(
    tx: &mut Tx,
    tenant: TenantId,
    base: &DecisionRecord,
    content: &Content,
) -> Result<TemplateFact, FlowError> {
    let Content::Template(send) = content else {
        return Ok(TemplateFact::NotATemplate);
    };
    if let TemplateFact::Found(known) = &base.facts.template
        && (&known.name, &known.language) == (&send.name, &send.language)
    {
        return Ok(base.facts.template.clone());
    }
    let found = match &base.facts.sender {
        Fact::Known(sender) => {
            tx.tenant(tenant)
                .template(&sender.waba, &send.name, &send.language)
                .await?
        }
        Fact::Unknown => None,
    };
    Ok(found.map_or(
        TemplateFact::Missing {
            closest: Vec::new(),
        },
        TemplateFact::Found,
    ))
}

fn side(judgement: &Judgement) -> VerdictSide {
    VerdictSide {
        verdict: judgement.verdict.as_str().to_owned(),
        rule: judgement.primary.clone(),
    }
}
