//! `subscribed_apps` (§2.2, §9): without it no webhook; with an override after a handshake.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, params};
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::webhooks::post::verify;

const MAX_URL: usize = 200;

pub(super) fn list(simulator: &Simulator, call: &Call, waba: &str) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let waba = &world.wabas[auth::waba(&world, token, waba)?];
    if !waba.is.subscribed {
        return Ok(json!({"data": []}).into());
    }
    let mut app =
        json!({"whatsapp_business_api_data": {"id": "670000000000001", "name": "Portero"}});
    if let (Some(fields), Some(url)) = (app.as_object_mut(), &waba.callback) {
        fields.insert("override_callback_uri".into(), url.clone().into());
    }
    Ok(json!({"data": [app]}).into())
}

/// A body is optional; with `override_callback_uri` the callback has to prove itself first.
pub(super) async fn add(
    simulator: &Simulator,
    call: &Call,
    id: &str,
) -> Result<Answer, GraphError> {
    let body = params::with_query(call)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let (url, token) = (text("override_callback_uri"), text("verify_token"));
    let challenge = {
        let mut world = simulator.world();
        let access = auth::token(&world, call, Permission::Management)?;
        auth::waba(&world, access, id)?;
        world.chance.object_id("challenge")
    };
    if let Some(url) = &url {
        if url.chars().count() > MAX_URL {
            return Err(GraphError::new(
                100,
                format!("override_callback_uri is longer than {MAX_URL} characters"),
            ));
        }
        let token = token.ok_or_else(|| {
            GraphError::new(100, "verify_token is required with override_callback_uri")
        })?;
        verify(&simulator.http, url, &token, &challenge)
            .await
            .map_err(|why| {
                GraphError::new(
                    100,
                    format!("override_callback_uri was not verified: {why}"),
                )
            })?;
    }
    let mut world = simulator.world();
    if let Some(waba) = world.by_waba.get(id).copied() {
        let waba = &mut world.wabas[waba];
        waba.is.subscribed = true;
        waba.callback = url;
    }
    Ok(json!({"success": true}).into())
}

pub(super) fn remove(simulator: &Simulator, call: &Call, waba: &str) -> Result<Answer, GraphError> {
    let mut world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let waba = auth::waba(&world, token, waba)?;
    let waba = &mut world.wabas[waba];
    waba.is.subscribed = false;
    waba.callback = None;
    Ok(json!({"success": true}).into())
}
