//! `whatsapp_business_profile` of a number (§9).

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, params};
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::validate::field::{Obj, at, invalid, is_web_url, unacceptable};

const FIELDS: &[&str] = &[
    "about",
    "address",
    "description",
    "email",
    "profile_picture_url",
    "websites",
    "vertical",
    "messaging_product",
];
/// Texts and their longest; the description's limit is not certain (§13.9).
const TEXTS: &[(&str, usize)] = &[
    ("about", 139),
    ("address", 256),
    ("description", 512),
    ("email", 128),
];
const MAX_WEBSITES: usize = 2;
const MAX_WEBSITE: usize = 256;
const VERTICALS: &[&str] = &[
    "UNDEFINED",
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
    "NOT_A_BIZ",
];

/// The fields that are set, of those asked for.
pub(super) fn get(simulator: &Simulator, call: &Call, number: &str) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let number = auth::number(&world, token, number)?;
    let profile = &world.numbers[number].profile;
    let mut out = Map::new();
    let asked = call.query.get("fields").map_or_else(
        || FIELDS.to_vec(),
        |fields| fields.split(',').map(str::trim).collect(),
    );
    for field in asked.into_iter().filter(|field| !field.is_empty()) {
        if !FIELDS.contains(&field) && field != "id" {
            let field: String = field.chars().take(64).collect();
            return Err(GraphError::parameter(format!(
                "Tried accessing nonexisting field ({field}) on node type (WhatsAppBusinessProfile)"
            )));
        }
        if let Some(value) = profile.get(field) {
            out.insert(field.to_owned(), value.clone());
        }
    }
    out.insert("messaging_product".into(), "whatsapp".into());
    Ok(json!({"data": [out]}).into())
}

/// Sets the fields that are given and keeps the others.
pub(super) fn set(simulator: &Simulator, call: &Call, number: &str) -> Result<Answer, GraphError> {
    let mut world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let number = auth::number(&world, token, number)?;
    let body = params::with_query(call)?;
    let changes = check(&body)?;
    let url = format!(
        "{}/profile/{}.jpg",
        world.origin, world.numbers[number].is.phone_number_id
    );
    let profile = &mut world.numbers[number].profile;
    for (key, value) in changes {
        match key.as_str() {
            "profile_picture_handle" => {
                profile.insert("profile_picture_url".into(), url.clone().into());
            }
            _ => {
                profile.insert(key, value);
            }
        }
    }
    Ok(json!({"success": true}).into())
}

fn check(body: &Map<String, Value>) -> Result<Map<String, Value>, GraphError> {
    let fields = Obj::root(body);
    if fields.maybe_text("messaging_product", 32)? != Some("whatsapp") {
        return Err(GraphError::parameter(
            "The parameter messaging_product is required.",
        ));
    }
    let mut known = vec![
        "messaging_product",
        "profile_picture_handle",
        "websites",
        "vertical",
    ];
    known.extend(TEXTS.iter().map(|(key, _)| *key));
    fields.only(&known)?;
    for (key, max) in TEXTS {
        fields.maybe_text(key, *max)?;
    }
    if fields.maybe_text("about", 139)?.is_some_and(str::is_empty) {
        return Err(unacceptable("about", "must not be empty"));
    }
    let email = fields.maybe_text("email", 128)?.unwrap_or("");
    let whole = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !email.is_empty() && !whole {
        return Err(invalid("email", "is not an e-mail address"));
    }
    let sites = fields.maybe_list("websites")?;
    if sites.len() > MAX_WEBSITES {
        return Err(invalid("websites", "may have two elements"));
    }
    for (index, site) in sites.iter().enumerate() {
        let good = site
            .as_str()
            .is_some_and(|url| url.chars().count() <= MAX_WEBSITE && is_web_url(url));
        if !good {
            return Err(invalid(
                &at("websites", index),
                "must be a URL that starts with http:// or https://, 256 characters at most",
            ));
        }
    }
    if let Some(vertical) = fields.maybe_text("vertical", 64)?
        && !VERTICALS.contains(&vertical)
    {
        return Err(GraphError::parameter(format!(
            "Param vertical must be one of {{{}}}",
            VERTICALS.join(", ")
        )));
    }
    let mut out = body.clone();
    out.shift_remove("messaging_product");
    out.retain(|_, value| !value.is_null());
    Ok(out)
}
