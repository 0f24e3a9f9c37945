//! Templates written by the business (§3.1): create, edit, delete, unpause.

use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, params};
use crate::arena::Id;
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::templates::Template;
use crate::world::{Waba, World};

/// Ids in one call at most.
const MAX_IDS: usize = 100;

pub(super) fn create(simulator: &Simulator, call: &Call, waba: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let waba = manager(&world, call, waba)?;
    let body = params::with_query(call)?;
    let id = world.create_template(waba, &body, now)?;
    let template = &world.templates[id];
    Ok(json!({
        "id": template.id,
        "status": template.status,
        "category": template.category,
    })
    .into())
}

/// `POST /{TEMPLATE_ID}`.
pub(super) fn edit(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let id = template(&world, call, id)?;
    let body = params::with_query(call)?;
    world.edit_template(id, &body, now)?;
    let template = &world.templates[id];
    // Clients read more than the documented `success`.
    Ok(json!({
        "success": true,
        "id": template.id,
        "name": template.name,
        "category": template.category,
    })
    .into())
}

/// `POST /{TEMPLATE_ID}/unpause`.
pub(super) fn unpause(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let id = template(&world, call, id)?;
    world.unpause_template(id, now)?;
    Ok(json!({"success": true}).into())
}

/// `DELETE /{WABA_ID}/message_templates` by `name`, by `name` and `hsm_id`, or by `hsm_ids`.
pub(super) fn delete(simulator: &Simulator, call: &Call, waba: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let waba = manager(&world, call, waba)?;
    let body = params::with_query(call)?;
    let text = |key: &str| match body.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let wanted: Vec<String> = match (text("name"), text("hsm_id"), body.get("hsm_ids")) {
        (None, None, Some(ids)) => ids_of(ids)?,
        (_, _, Some(_)) => {
            return Err(GraphError::parameter(
                "hsm_ids cannot be used together with name or hsm_id.",
            ));
        }
        (_, Some(id), None) => vec![id],
        (Some(_), None, None) => Vec::new(),
        (None, None, None) => return Err(GraphError::parameter("The parameter name is required.")),
    };
    let name = text("name");
    let mut list: Vec<Id<Template>> = world
        .by_template
        .values()
        .copied()
        .filter(|id| {
            let template = &world.templates[*id];
            let named = name.as_ref().is_none_or(|name| template.name == *name);
            template.waba == waba && named && (wanted.is_empty() || wanted.contains(&template.id))
        })
        .collect();
    list.sort_unstable();
    world.delete_templates(waba, &list, now)?;
    Ok(json!({"success": true}).into())
}

/// A list, or its JSON text in a query.
fn ids_of(given: &Value) -> Result<Vec<String>, GraphError> {
    let parsed = match given {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let bad = || GraphError::parameter("Param hsm_ids must be an array of 1 to 100 template ids.");
    let list = parsed.as_array().ok_or_else(bad)?;
    if list.is_empty() || list.len() > MAX_IDS {
        return Err(bad());
    }
    list.iter()
        .map(|id| match id {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(bad()),
        })
        .collect()
}

/// Templates are changed with the management permission alone (200, §7.1).
fn manager(world: &World, call: &Call, waba: &str) -> Result<Id<Waba>, GraphError> {
    let token = auth::token(world, call, Permission::Management)?;
    if !token.management {
        return Err(GraphError::new(
            200,
            "the access token lacks the permission whatsapp_business_management",
        ));
    }
    auth::waba(world, token, waba)
}

fn template(world: &World, call: &Call, id: &str) -> Result<Id<Template>, GraphError> {
    auth::token(world, call, Permission::Management)?;
    let (at, template) = world
        .templates
        .iter()
        .find(|(_, template)| template.id == id && template.status != "DELETED")
        .ok_or_else(auth::nothing_there)?;
    manager(world, call, &world.wabas[template.waba].is.id)?;
    Ok(at)
}
