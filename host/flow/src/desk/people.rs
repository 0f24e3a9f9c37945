//! A person told whole, by id or address: the same request twice changes nothing the second time.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::ids::{ContactId, TenantId};
use portero_domain::language::Language;
use portero_store::model::NewContact;
use serde::Deserialize;

use crate::context::Context;
use crate::desk::contacts::{self, ContactView};
use crate::desk::messages::{living_contact, not_erased};
use crate::desk::seen::Expected;
use crate::error::FlowError;

/// Longest attribute key and tag, in bytes.
pub const KEY_MAX_BYTES: usize = 64;
/// Longest attribute value, in bytes.
pub const VALUE_MAX_BYTES: usize = 1_024;
/// Attributes of one request, and tags.
const MAX_ENTRIES: usize = 100;
/// Longest name, in bytes.
pub const NAME_MAX_BYTES: usize = 256;

/// What is to be true of a person; what is absent stays as it is.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PersonRequest {
    /// Name.
    pub name: Option<String>,
    /// `es`, `pt` or `en`, with or without region.
    pub language: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// Attributes to set; `null` clears one. Keys are 1 to 64 bytes; `cart.` is the host's.
    pub attributes: BTreeMap<String, Option<String>>,
    /// Tags to have.
    pub tags: Vec<String>,
    /// Tags not to have.
    pub untag: Vec<String>,
}

/// Creates or changes the person behind an id or an address.
///
/// # Errors
/// Bad input, [`FlowError::NotFound`] for an unknown id, [`FlowError::Changed`] when the person is not as
/// expected or not there, or the database.
pub async fn put(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    request: &PersonRequest,
    expected: Option<&Expected>,
) -> Result<ContactView, FlowError> {
    check(request)?;
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let known = match who.parse::<ContactId>() {
        Ok(_) => Some(living_contact(&mut tx, tenant, who).await?),
        Err(_) => {
            let key = AddressKey::parse(who).map_err(|e| FlowError::bad("who", e.to_string()))?;
            let found = tx
                .tenant(tenant)
                .person_by_addresses(std::slice::from_ref(&key))
                .await?;
            match found {
                Some(id) => {
                    not_erased(&mut tx, tenant, id).await?;
                    Some(id)
                }
                None if expected.is_some() => return Err(FlowError::Changed { what: "contact" }),
                None => {
                    let id = ContactId::new(&*ctx.ids, now);
                    let new = NewContact {
                        name: request.name.clone(),
                        language: request.language.clone(),
                        country: country(request).or_else(|| key.country().map(str::to_owned)),
                    };
                    let spelled = key.as_str().trim_start_matches('+').to_owned();
                    tx.tenant(tenant)
                        .create_contact(id, &new, &[(key, spelled)], now)
                        .await?;
                    fill(&mut tx, tenant, id, request).await?;
                    tx.commit().await?;
                    return contacts::get(ctx, tenant, &id.to_string()).await;
                }
            }
        }
    };
    let id = known.ok_or_else(|| FlowError::not_found("contact", who))?;
    tx.tenant(tenant).hold_contact(id).await?;
    if let Some(expected) = expected {
        let now = contacts::shown(ctx, &mut tx, tenant, id).await?;
        expected.hold("contact", &now)?;
    }
    let mut of = tx.tenant(tenant);
    if let Some(name) = &request.name {
        of.touch_contact_name(id, name).await?;
    }
    if request.language.is_some() {
        of.set_contact_language(id, request.language.as_deref())
            .await?;
    }
    if let Some(country) = country(request) {
        of.set_contact_country(id, &country).await?;
    }
    fill(&mut tx, tenant, id, request).await?;
    tx.tenant(tenant).mark_due(&[id], now).await?;
    tx.commit().await?;
    ctx.touched();
    contacts::get(ctx, tenant, &id.to_string()).await
}

fn country(request: &PersonRequest) -> Option<String> {
    request.country.as_ref().map(|c| c.to_ascii_uppercase())
}

async fn fill(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    id: ContactId,
    request: &PersonRequest,
) -> Result<(), FlowError> {
    let mut of = tx.tenant(tenant);
    for (key, value) in &request.attributes {
        of.set_attribute(id, key, value.as_deref()).await?;
    }
    for tag in &request.tags {
        of.set_tag(id, tag, true).await?;
    }
    for tag in &request.untag {
        of.set_tag(id, tag, false).await?;
    }
    Ok(())
}

fn check(request: &PersonRequest) -> Result<(), FlowError> {
    if let Some(name) = &request.name
        && (name.trim().is_empty() || name.len() > NAME_MAX_BYTES)
    {
        return Err(FlowError::bad(
            "name",
            format!("1 to {NAME_MAX_BYTES} bytes"),
        ));
    }
    if let Some(language) = &request.language
        && Language::from_tag(language).is_none()
    {
        return Err(FlowError::bad(
            "language",
            format!("`{language}` is none of es, pt, en"),
        ));
    }
    if let Some(country) = &request.country
        && (country.len() != 2 || !country.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        return Err(FlowError::bad("country", "two letters: CO, MX, BR"));
    }
    if request.attributes.len() + request.tags.len() + request.untag.len() > MAX_ENTRIES {
        return Err(FlowError::bad(
            "attributes",
            format!("at most {MAX_ENTRIES} attributes and tags in one request"),
        ));
    }
    for (key, value) in &request.attributes {
        if let Err(why) = attribute(key, value.as_deref().unwrap_or_default()) {
            return Err(FlowError::bad(format!("attributes.{key}"), why));
        }
    }
    for tag in request.tags.iter().chain(&request.untag) {
        if tag.trim().is_empty() || tag.len() > KEY_MAX_BYTES {
            return Err(FlowError::bad(
                "tags",
                format!("1 to {KEY_MAX_BYTES} bytes each"),
            ));
        }
    }
    Ok(())
}

/// Whether an attribute may be kept; else why not.
pub(crate) fn attribute(key: &str, value: &str) -> Result<(), String> {
    if key.trim().is_empty() || key.len() > KEY_MAX_BYTES {
        return Err(format!("a key has 1 to {KEY_MAX_BYTES} bytes"));
    }
    if key.starts_with("cart.") {
        return Err("`cart.` is the host's; send cart.updated to /v1/events".to_owned());
    }
    if value.len() > VALUE_MAX_BYTES {
        return Err(format!("a value has at most {VALUE_MAX_BYTES} bytes"));
    }
    Ok(())
}
