//! A component on its way in: looked into, compiled, kept.

use portero_domain::ids::PluginId;
use portero_sandbox::Inspection;
use portero_store::model::NewPlugin;

use super::brought::Brought;
use crate::context::Context;
use crate::error::FlowError;

/// Looks into a component and compiles it.
///
/// # Errors
/// [`FlowError::PluginRefused`] with what was expected, found and to do.
pub(super) async fn checked(ctx: &Context, what: &Brought<'_>) -> Result<Inspection, FlowError> {
    what.is_what_was_named()?;
    let inspection =
        portero_sandbox::inspect(what.bytes).map_err(|refusal| FlowError::PluginRefused {
            why: refusal.to_string(),
        })?;
    ctx.sandbox
        .load(what.bytes, &inspection.digest)
        .await
        .map_err(|refusal| FlowError::PluginRefused {
            why: refusal.to_string(),
        })?;
    Ok(inspection)
}

/// The plugin's own id.
pub(super) fn id_of(inspection: &Inspection) -> Result<PluginId, FlowError> {
    PluginId::new(&inspection.manifest.id).ok_or_else(|| FlowError::PluginRefused {
        why: "manifest: id must be 1 to 128 bytes".to_owned(),
    })
}

/// As it is kept.
pub(super) fn row(inspection: &Inspection, component: &[u8]) -> Result<NewPlugin, FlowError> {
    Ok(NewPlugin {
        digest: inspection.digest.clone(),
        plugin_id: id_of(inspection)?,
        version: inspection.manifest.version.to_string(),
        kind: inspection.kind,
        manifest: inspection.manifest_text.clone(),
        component: component.to_vec(),
        parts: match &inspection.parts {
            Some(parts) => json(parts)?,
            None => String::new(),
        },
        imports: json(&inspection.imports)?,
    })
}

fn json<T: serde::Serialize>(told: &T) -> Result<String, FlowError> {
    serde_json::to_string(told).map_err(|source| FlowError::Stored {
        what: "what a component tells",
        source,
    })
}
