//! `GET /debug_token`: what a token may do and until when, asked with any token that is good.

use serde_json::json;

use super::Call;
use super::answer::Answer;
use super::auth::{self, Permission};
use crate::errors::GraphError;
use crate::simulator::Simulator;

pub(super) fn show(simulator: &Simulator, call: &Call) -> Result<Answer, GraphError> {
    let world = simulator.world();
    auth::token(&world, call, Permission::Management)?;
    let asked = call.query.get("input_token").unwrap_or_default();
    if asked.is_empty() {
        return Err(GraphError::parameter(
            "the parameter input_token is required",
        ));
    }
    let known = world.config.access_tokens.iter().find(|t| t.token == asked);
    let Some(known) = known.filter(|t| !t.expired) else {
        return Ok(json!({ "data": { "is_valid": false, "scopes": [],
            "error": { "code": 190, "message": "the access token is not known or has expired" } } })
        .into());
    };
    let scopes: Vec<&str> = [
        (known.messaging, "whatsapp_business_messaging"),
        (known.management, "whatsapp_business_management"),
    ]
    .into_iter()
    .filter_map(|(has, name)| has.then_some(name))
    .collect();
    Ok(json!({ "data": { "app_id": "670000000000001", "application": "Portero", "type": "SYSTEM_USER",
        "is_valid": true, "expires_at": 0, "data_access_expires_at": 0, "scopes": scopes } })
    .into())
}
