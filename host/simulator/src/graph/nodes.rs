//! Reading single objects and the numbers of an account (§9).

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, templates};
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::world::{Number, World};

const NUMBER_FIELDS: &str = "verified_name,code_verification_status,display_phone_number,quality_rating,platform_type,throughput";

/// `GET /{id}`: a number, a template or an account.
pub(super) fn get(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    if world.by_number.contains_key(id) {
        let number = auth::number(&world, token, id).map_err(|_| auth::nothing_there())?;
        return Ok(number_fields(&world, call, &world.numbers[number])?.into());
    }
    if world.by_waba.contains_key(id) {
        let waba = auth::waba(&world, token, id)?;
        let waba = &world.wabas[waba].is;
        let mut out = json!({
            "id": waba.id,
            "name": waba.name,
            "timezone_id": waba.timezone,
            "message_template_namespace": format!("ns_{}", waba.id),
        });
        if waba.payment_method
            && let Some(fields) = out.as_object_mut()
        {
            fields.insert("primary_funding_id".into(), format!("7{}", waba.id).into());
        }
        return Ok(out.into());
    }
    let template = world
        .templates
        .iter()
        .map(|(_, template)| template)
        .find(|template| template.id == id)
        .filter(|template| auth::may_see(&world, token, template.waba))
        .ok_or_else(auth::nothing_there)?;
    Ok(templates::fields(call, template)?.into())
}

pub(super) fn phone_numbers(
    simulator: &Simulator,
    call: &Call,
    waba: &str,
) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let waba = auth::waba(&world, token, waba)?;
    let data: Vec<Value> = world.wabas[waba]
        .numbers
        .iter()
        .map(|id| number_fields(&world, call, &world.numbers[*id]))
        .collect::<Result<_, _>>()?;
    Ok(json!({"data": data}).into())
}

fn number_fields(world: &World, call: &Call, number: &Number) -> Result<Value, GraphError> {
    let mut out = Map::new();
    for field in call
        .query
        .get("fields")
        .unwrap_or(NUMBER_FIELDS)
        .split(',')
        .map(str::trim)
        .filter(|field| !field.is_empty())
    {
        let value = match field {
            "id" => number.is.phone_number_id.clone().into(),
            "display_phone_number" => format!("+{}", number.is.display).into(),
            "verified_name" => number.is.verified_name.clone().into(),
            "quality_rating" => number.is.quality.clone().into(),
            "status" => if number.is.registered {
                "CONNECTED"
            } else {
                "DISCONNECTED"
            }
            .into(),
            "name_status" => "APPROVED".into(),
            "code_verification_status" => "VERIFIED".into(),
            "platform_type" => "CLOUD_API".into(),
            "account_mode" => "LIVE".into(),
            "throughput" => {
                let level = if number.rate.mps() > 80 {
                    "HIGH"
                } else {
                    "STANDARD"
                };
                json!({"level": level})
            }
            "whatsapp_business_manager_messaging_limit" => "TIER_UNLIMITED".into(),
            "health_status" => {
                let paying = world.wabas[number.waba].is.payment_method;
                let can = match (number.is.registered, paying) {
                    (false, _) => "BLOCKED",
                    (true, false) => "LIMITED",
                    (true, true) => "AVAILABLE",
                };
                json!({"can_send_message": can})
            }
            _ => {
                return Err(GraphError::new(
                    100,
                    format!(
                        "tried accessing nonexisting field ({}) on node type (WhatsAppBusinessPhoneNumber)",
                        field.chars().take(64).collect::<String>()
                    ),
                ));
            }
        };
        out.insert(field.to_owned(), value);
    }
    out.insert("id".into(), number.is.phone_number_id.clone().into());
    Ok(out.into())
}
