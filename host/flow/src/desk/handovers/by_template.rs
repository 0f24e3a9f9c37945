//! A conversation whose window is closed: the templates that can reach the person, answering by one of them, and the
//! campaign that made the person write.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::campaign::fill;
use portero_domain::content::Content;
use portero_domain::ids::{CampaignId, ContactId, TenantId};
use portero_domain::proposal::Purpose;
use portero_domain::template::TemplateCategory;

use crate::context::Context;
use crate::desk::access::Principal;
use crate::desk::audience::Usable;
use crate::desk::messages::{MessageRequest, ProposedView};
use crate::desk::templates::refused_by;
use crate::desk::{inbox, numbers};
use crate::error::FlowError;

/// An answer by a template.
#[derive(Clone, Debug, Default)]
pub struct TemplateAnswer {
    /// Its name.
    pub name: String,
    /// Its language, as Meta spells it.
    pub language: String,
    /// What stands in its slots, by `body.1`, `header.media`, ….
    pub values: BTreeMap<String, String>,
    /// What it is about; a promotion needs one that the person agreed to.
    pub topic: Option<String>,
    /// From which number; may be left out when the tenant has one.
    pub phone_number_id: Option<String>,
}

/// A campaign whose message somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caused {
    /// Which.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// Why these people got it, in the shop's words.
    pub why: String,
}

/// Templates of a number's account that nothing of their own stands against, but for those of codes.
///
/// # Errors
/// No such number, or the database.
pub async fn offered(
    ctx: &Context,
    tenant: TenantId,
    number: Option<&str>,
) -> Result<Vec<Usable>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let number = numbers::choose(&mut tx, tenant, number).await?;
    let all = tx.tenant(tenant).numbers().await?;
    let waba = all.into_iter().find(|n| n.id == number).map(|n| n.waba);
    let known = tx.tenant(tenant).templates().await?;
    let usable = known.into_iter().filter(|(account, template, quality)| {
        waba.as_ref() == Some(account)
            && template.category != TemplateCategory::Authentication
            && refused_by(template, quality).is_empty()
    });
    Ok(usable
        .map(|(waba, template, quality)| Usable {
            waba: waba.as_str().to_owned(),
            quality,
            template,
        })
        .collect())
}

/// A person of the shop answers by a template, through the gate like everybody: a marketing template is a promotion,
/// another one is about what the person did.
///
/// # Errors
/// [`FlowError::NotFound`] for a template that is not offered, bad input (a slot without a value), a reused key, or the
/// database.
pub async fn answer_by_template(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    who: &str,
    idempotency_key: &str,
    request: &TemplateAnswer,
) -> Result<ProposedView, FlowError> {
    let number = request.phone_number_id.as_deref();
    let all = offered(ctx, tenant, number).await?;
    let Usable { template, .. } = all
        .into_iter()
        .find(|u| u.template.name == request.name && u.template.language == request.language)
        .ok_or_else(|| FlowError::not_found("template", &request.name))?;
    let send = fill(
        &template.name,
        &template.language,
        &template.slots,
        &request.values,
    )
    .map_err(|slots| FlowError::bad("values", format!("nothing for {}", slots.join(", "))))?;
    let message = MessageRequest {
        to: who.to_owned(),
        phone_number_id: request.phone_number_id.clone(),
        purpose: match template.category {
            TemplateCategory::Marketing => Purpose::Promotional,
            _ => Purpose::Transactional,
        },
        topic: request.topic.clone(),
        content: Content::Template(send),
    };
    super::say(ctx, principal, tenant, idempotency_key, &message).await
}

/// The campaign that the newest message of a person answers, if it does.
///
/// # Errors
/// No such number, or the database.
pub async fn caused_by(
    ctx: &Context,
    tenant: TenantId,
    contact: ContactId,
    number: Option<&str>,
) -> Result<Option<Caused>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let number = numbers::choose(&mut tx, tenant, number).await?;
    let mut of = tx.tenant(tenant);
    let addresses: Vec<AddressKey> = of
        .contact(contact)
        .await?
        .map(|c| c.aliases.into_iter().map(|(key, _)| key).collect())
        .unwrap_or_default();
    let newest = of.messages_of(&number, &addresses, 1, None).await?.pop();
    let Some(newest) = newest else {
        return Ok(None);
    };
    let Some(id) = inbox::campaign(&mut of, &newest).await? else {
        return Ok(None);
    };
    let row = of.campaign(id).await?;
    Ok(row.map(|row| Caused {
        campaign: id,
        name: row.definition.name,
        why: row.definition.why,
    }))
}
