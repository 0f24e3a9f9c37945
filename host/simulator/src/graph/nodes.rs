//! Reading single objects and the numbers of an account (§9).

use portero_domain::clock::Ts;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, page, templates};
use crate::arena::Id;
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::world::{Number, Waba, World};

const NUMBER_FIELDS: &str = "verified_name,status,code_verification_status,display_phone_number,quality_rating,platform_type,throughput";
const WABA_FIELDS: &str = "name,timezone_id,message_template_namespace,primary_funding_id";

/// The fields a query asks for, or these; what stands in braces or behind a dot is not looked at.
pub(super) fn asked<'a>(call: &'a Call, default: &'a str) -> Vec<&'a str> {
    call.query
        .get("fields")
        .filter(|text| !text.trim().is_empty())
        .unwrap_or(default)
        .split(',')
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .collect()
}

/// Graph's answer to a field that the object does not have: the whole call fails (§7.1).
pub(super) fn no_field(field: &str, node: &str) -> GraphError {
    let field: String = field.chars().take(64).collect();
    GraphError::parameter(format!(
        "Tried accessing nonexisting field ({field}) on node type ({node})"
    ))
}

/// `GET /{id}`: a number, a template or an account.
pub(super) fn get(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    if world.by_number.contains_key(id) {
        let number = auth::number(&world, token, id).map_err(|_| auth::nothing_there())?;
        return Ok(number_fields(&world, call, &world.numbers[number], now)?.into());
    }
    if world.by_waba.contains_key(id) {
        let waba = auth::waba(&world, token, id)?;
        return Ok(waba_fields(&world, call, waba, now)?.into());
    }
    let template = world
        .templates
        .iter()
        .map(|(_, template)| template)
        .find(|template| template.id == id && template.status != "DELETED")
        .filter(|template| auth::may_see(&world, token, template.waba))
        .ok_or_else(auth::nothing_there)?;
    Ok(templates::fields(call, template)?.into())
}

pub(super) fn phone_numbers(
    simulator: &Simulator,
    call: &Call,
    waba: &str,
) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let waba = auth::waba(&world, token, waba)?;
    let data: Vec<Value> = world.wabas[waba]
        .numbers
        .iter()
        .map(|id| number_fields(&world, call, &world.numbers[*id], now))
        .collect::<Result<_, _>>()?;
    Ok(page::of(call, data)?.into())
}

fn waba_fields(world: &World, call: &Call, id: Id<Waba>, now: Ts) -> Result<Value, GraphError> {
    let waba = &world.wabas[id].is;
    let mut out = Map::new();
    for field in asked(call, WABA_FIELDS) {
        let value: Value = match field {
            "id" => waba.id.clone().into(),
            "name" => waba.name.clone().into(),
            "timezone_id" => waba.timezone.clone().into(),
            "message_template_namespace" => format!("ns_{}", waba.id).into(),
            // Absent without a payment method (§0).
            "primary_funding_id" if waba.payment_method => format!("7{}", waba.id).into(),
            "primary_funding_id" => Value::Null,
            "currency" => "USD".into(),
            "account_review_status" => "APPROVED".into(),
            "business_verification_status" => "verified".into(),
            "ownership_type" => "SELF".into(),
            "status" => "ACTIVE".into(),
            "country" => "MX".into(),
            "owner_business_info" => json!({"id": waba.portfolio, "name": waba.name}),
            "is_enabled_for_insights" => false.into(),
            "disable_marketing_messages_on_cloud_api" => waba.marketing_only_there.into(),
            "on_behalf_of_business_info" | "subscribed_apps" => Value::Null,
            "whatsapp_business_manager_messaging_limit" => world.tier_of(&waba.portfolio).into(),
            "marketing_messages_lite_api_status" | "marketing_messages_onboarding_status" => {
                if waba.marketing_messages {
                    "ONBOARDED"
                } else {
                    "ELIGIBLE"
                }
                .into()
            }
            "health_status" => world.health(id, None, now),
            _ => return Err(no_field(field, "WhatsAppBusinessAccount")),
        };
        if !value.is_null() {
            out.insert(field.to_owned(), value);
        }
    }
    out.insert("id".into(), waba.id.clone().into());
    Ok(out.into())
}

fn number_fields(
    world: &World,
    call: &Call,
    number: &Number,
    now: Ts,
) -> Result<Value, GraphError> {
    let mut out = Map::new();
    for field in asked(call, NUMBER_FIELDS) {
        let value: Value = match field {
            "id" => number.is.phone_number_id.clone().into(),
            "display_phone_number" => format!("+{}", number.is.display).into(),
            "verified_name" => number.is.verified_name.clone().into(),
            "quality_rating" => number.is.quality.clone().into(),
            "quality_score" => json!({"score": number.is.quality}),
            "status" => if number.is.registered {
                "CONNECTED"
            } else {
                "DISCONNECTED"
            }
            .into(),
            "name_status" | "new_name_status" | "unified_cert_status" => "APPROVED".into(),
            "code_verification_status" => "VERIFIED".into(),
            "platform_type" | "host_platform" => "CLOUD_API".into(),
            "account_mode" => "LIVE".into(),
            "is_official_business_account" => false.into(),
            "is_on_biz_app" | "is_preverified_number" | "is_pin_enabled" => false.into(),
            "search_visibility" => "NON_VISIBLE".into(),
            "eligibility_for_api_business_global_search" => "NON_ELIGIBLE".into(),
            // Nothing to say about these; Graph leaves them out then.
            "conversational_automation"
            | "certificate"
            | "new_certificate"
            | "last_onboarded_time"
            | "username" => Value::Null,
            "country_code" | "country_dial_code" => {
                let key = portero_domain::address::AddressKey::parse(&number.is.display).ok();
                match key.as_ref().and_then(|key| key.country()) {
                    Some(country) if field == "country_code" => country.into(),
                    _ => Value::Null,
                }
            }
            "throughput" => {
                let level = if number.rate.mps() > 80 {
                    "HIGH"
                } else {
                    "STANDARD"
                };
                json!({"level": level})
            }
            "whatsapp_business_manager_messaging_limit" | "messaging_limit_tier" => {
                let portfolio = &world.wabas[number.waba].is.portfolio;
                world.tier_of(portfolio).into()
            }
            "health_status" => world.health(number.waba, Some(number), now),
            "webhook_configuration" => {
                let url = world.callback_of(number.waba);
                json!({"application": url})
            }
            _ => return Err(no_field(field, "WhatsAppBusinessPhoneNumber")),
        };
        if !value.is_null() {
            out.insert(field.to_owned(), value);
        }
    }
    out.insert("id".into(), number.is.phone_number_id.clone().into());
    Ok(out.into())
}
