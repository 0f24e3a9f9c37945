//! Secrets of the shop's own systems, for a plugin's requests: set, listed by name, forgotten. Never shown.

use portero_domain::clock::Ts;
use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Manifest;
use portero_store::StoreError;
use portero_store::model::InstallationSecret;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::kept;
use crate::context::Context;
use crate::error::FlowError;

/// Longest secret, bytes.
pub const SECRET_MAX: usize = 4_096;

/// A secret to be set.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRequest {
    /// The secret, 1 to 4,096 printable characters as a header takes them; sealed, never shown again.
    #[schema(value_type = String, min_length = 1, max_length = 4096)]
    pub value: SecretString,
}

/// A secret that a plugin asks for, or that is set for it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SecretView {
    /// As the manifest calls it; `{{secret:NAME}}` in a header of a request.
    pub name: String,
    /// Hosts it may go to: those that the manifest names, and named when it was set.
    pub hosts: Vec<String>,
    /// Hosts that the manifest names now and did not when it was set: nothing goes there until it is set again.
    pub new_hosts: Vec<String>,
    /// When it was set last, RFC 3339; null while it is not.
    pub set_at: Option<String>,
}

/// The secrets of a plugin, by name.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn secrets(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
) -> Result<Vec<SecretView>, FlowError> {
    let manifest = asked(ctx, tenant, id).await?;
    let mut tx = ctx.store.read().await?;
    let set = tx.tenant(tenant).installation_secrets(id).await?;
    let mut views: Vec<SecretView> = Vec::new();
    for (name, secret) in &manifest.secrets {
        let row = set.iter().find(|s| s.name == *name);
        let (hosts, new_hosts) = secret
            .hosts
            .iter()
            .cloned()
            .partition(|host| row.is_none_or(|r| r.hosts.contains(host)));
        views.push(SecretView {
            name: name.clone(),
            hosts,
            new_hosts,
            set_at: row.map(|r| Ts::rfc3339(r.set_at)),
        });
    }
    // Set for an earlier version that asked for it.
    for row in set {
        if !manifest.secrets.contains_key(&row.name) {
            views.push(SecretView {
                name: row.name,
                hosts: Vec::new(),
                new_hosts: Vec::new(),
                set_at: Some(row.set_at.rfc3339()),
            });
        }
    }
    Ok(views)
}

/// Sets a secret that the manifest asks for; it may go to the hosts that the manifest names now.
///
/// # Errors
/// [`FlowError::NotFound`]; bad input: a name that the manifest does not have, a value no header takes.
pub async fn set_secret(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
    name: &str,
    value: SecretString,
) -> Result<SecretView, FlowError> {
    let manifest = asked(ctx, tenant, id).await?;
    let Some(declared) = manifest.secrets.get(name) else {
        let names: Vec<&str> = manifest.secrets.keys().map(String::as_str).collect();
        let has = match names.as_slice() {
            [] => "it asks for none".to_owned(),
            names => format!("it asks for {}", names.join(", ")),
        };
        return Err(FlowError::bad(
            "name",
            format!("this plugin has no secret of that name; {has}"),
        ));
    };
    let text = value.expose_secret();
    let fits = (1..=SECRET_MAX).contains(&text.len())
        && text.bytes().all(|b| (b' '..=b'~').contains(&b))
        && text.trim() == text;
    if !fits {
        return Err(FlowError::bad(
            "value",
            format!(
                "a secret is 1 to {SECRET_MAX} printable ASCII characters, without spaces or line breaks around it"
            ),
        ));
    }
    let now = ctx.now();
    let secret = InstallationSecret {
        name: name.to_owned(),
        hosts: declared.hosts.clone(),
        value,
    };
    let mut tx = ctx.store.write().await?;
    tx.tenant(tenant)
        .put_installation_secret(id, &secret, now)
        .await?;
    tx.commit().await?;
    Ok(SecretView {
        name: secret.name,
        hosts: secret.hosts,
        new_hosts: Vec::new(),
        set_at: Some(now.rfc3339()),
    })
}

/// Forgets a secret; requests that name it are denied from then on.
///
/// # Errors
/// [`FlowError::NotFound`] when it was not set, or the database.
pub async fn remove_secret(
    ctx: &Context,
    tenant: TenantId,
    id: InstallationId,
    name: &str,
) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    let gone = tx.tenant(tenant).remove_installation_secret(id, name).await;
    match gone {
        Err(StoreError::NotFound { .. }) => return Err(FlowError::not_found("secret", name)),
        other => other?,
    }
    tx.commit().await?;
    Ok(())
}

/// What the version that runs asks for.
async fn asked(ctx: &Context, tenant: TenantId, id: InstallationId) -> Result<Manifest, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = kept::installation(&mut tx, tenant, id).await?;
    kept::manifest(&mut tx, &row.digest).await
}
