//! Keys of plugins' authors that a tenant trusts: added, listed, replaced by their successors, removed.

use portero_domain::ids::TenantId;
use portero_store::model::PluginKey;
use serde::{Deserialize, Serialize};

use super::signature;
use crate::context::Context;
use crate::desk::access::Principal;
use crate::error::FlowError;

/// Most keys a tenant trusts.
const KEYS_MAX: usize = 100;
/// Most beginnings of ids one key may sign.
const PREFIXES_MAX: usize = 20;
/// Longest name, characters.
const NAME_MAX: usize = 80;
/// Longest id of a plugin, bytes.
const ID_MAX: usize = 128;

/// A key that is trusted.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PluginKeyView {
    /// Its id as minisign shows it: 16 hex digits.
    pub key_id: String,
    /// The key, as the second line of its file has it.
    pub public_key: String,
    /// Whose it is, in the operator's words.
    pub name: String,
    /// Ids of plugins that it may sign: beginnings that end in a dot, or whole ids.
    pub prefixes: Vec<String>,
    /// Who added it.
    pub author: String,
    /// When, RFC 3339.
    pub added_at: String,
    /// Id of the key that took its place: what it signs from now on is refused. Null while none did.
    pub replaced_by: Option<String>,
}

impl From<PluginKey> for PluginKeyView {
    fn from(key: PluginKey) -> PluginKeyView {
        PluginKeyView {
            key_id: key.key_id,
            public_key: key.public_key,
            name: key.name,
            prefixes: key.prefixes,
            author: key.author,
            added_at: key.added_at.rfc3339(),
            replaced_by: Some(key.replaced_by).filter(|by| !by.is_empty()),
        }
    }
}

/// A key to be trusted.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustRequest {
    /// The public key: the file that ends in `.pub`, or its second line.
    #[schema(max_length = 4096)]
    pub public_key: String,
    /// Whose it is, 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80)]
    pub name: String,
    /// Ids of plugins that it may sign: beginnings that end in a dot (`com.acme.`), or whole ids. 1 to 20.
    #[schema(min_items = 1, max_items = 20)]
    pub prefixes: Vec<String>,
}

/// The successor of a key.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// The file of the new public key, to the byte as it was signed.
    #[schema(max_length = 4096)]
    pub public_key: String,
    /// The old key's signature of that file, as minisign writes it.
    #[schema(max_length = 4096)]
    pub signature: String,
}

/// The keys that a tenant trusts, the oldest first.
///
/// # Errors
/// The database.
pub async fn plugin_keys(ctx: &Context, tenant: TenantId) -> Result<Vec<PluginKeyView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let keys = tx.tenant(tenant).plugin_keys().await?;
    Ok(keys.into_iter().map(PluginKeyView::from).collect())
}

/// Trusts a key, or changes the words and ids of one that is trusted.
///
/// # Errors
/// Bad input: no key, a name or an id that is none, another key of the same id, one that was replaced.
pub async fn trust(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    key_id: &str,
    request: &TrustRequest,
) -> Result<PluginKeyView, FlowError> {
    let (public_key, is) = read(&request.public_key)?;
    if !is.eq_ignore_ascii_case(key_id) {
        let why = format!("this is key {is}, the address names another");
        return Err(FlowError::bad("public_key", why));
    }
    let key_id = is;
    let name = request.name.trim();
    if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let why = format!("whose key it is, in 1 to {NAME_MAX} characters");
        return Err(FlowError::bad("name", why));
    }
    let prefixes = prefixes(&request.prefixes)?;
    let mut tx = ctx.store.write().await?;
    let keys = tx.tenant(tenant).plugin_keys().await?;
    let known = keys.iter().find(|k| k.key_id == key_id);
    if known.is_none() && keys.len() >= KEYS_MAX {
        let why = format!("{KEYS_MAX} keys are trusted, as many as may be: remove one");
        return Err(FlowError::bad("public_key", why));
    }
    if let Some(known) = known {
        fresh(known, &public_key)?;
    }
    let key = PluginKey {
        key_id,
        public_key,
        name: name.to_owned(),
        prefixes,
        author: principal.author(),
        added_at: known.map_or_else(|| ctx.now(), |k| k.added_at),
        replaced_by: String::new(),
    };
    tx.tenant(tenant).put_plugin_key(&key).await?;
    tx.commit().await?;
    Ok(key.into())
}

/// Lets a new key take the place of one that is trusted, for the same ids: the old one says so by its signature.
///
/// # Errors
/// [`FlowError::NotFound`]; bad input: no key, a signature that is not the old key's, a key that was replaced.
pub async fn rotate(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    key_id: &str,
    request: &RotateRequest,
) -> Result<PluginKeyView, FlowError> {
    let (public_key, new_id) = read(&request.public_key)?;
    let mut tx = ctx.store.write().await?;
    let keys = tx.tenant(tenant).plugin_keys().await?;
    let old = found(&keys, key_id)?;
    let signed = request.public_key.as_bytes();
    signature::signed_by(std::slice::from_ref(old), signed, &request.signature)
        .map_err(|why| FlowError::bad("signature", why))?;
    let known = keys.iter().find(|k| k.key_id == new_id);
    if new_id == old.key_id {
        return Err(FlowError::bad("public_key", "this is the old key itself"));
    }
    if let Some(known) = known {
        fresh(known, &public_key)?;
    }
    let mut prefixes = known.map(|k| k.prefixes.clone()).unwrap_or_default();
    let inherited = old.prefixes.iter().filter(|p| !prefixes.contains(p));
    let inherited: Vec<String> = inherited.cloned().collect();
    prefixes.extend(inherited);
    let key = PluginKey {
        key_id: new_id,
        public_key,
        name: known.unwrap_or(old).name.clone(),
        prefixes,
        author: principal.author(),
        added_at: known.map_or_else(|| ctx.now(), |k| k.added_at),
        replaced_by: String::new(),
    };
    let mut of = tx.tenant(tenant);
    of.put_plugin_key(&key).await?;
    of.replace_plugin_key(&old.key_id, &key.key_id).await?;
    tx.commit().await?;
    Ok(key.into())
}

/// Trusts a key no more. What it signed and runs goes on; nothing new of it is taken.
///
/// # Errors
/// [`FlowError::NotFound`].
pub async fn distrust(ctx: &Context, tenant: TenantId, key_id: &str) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    let keys = tx.tenant(tenant).plugin_keys().await?;
    let key_id = found(&keys, key_id)?.key_id.clone();
    tx.tenant(tenant).remove_plugin_key(&key_id).await?;
    tx.commit().await?;
    Ok(())
}

fn read(text: &str) -> Result<(String, String), FlowError> {
    signature::public_key(text).map_err(|why| FlowError::bad("public_key", why))
}

fn found<'k>(keys: &'k [PluginKey], key_id: &str) -> Result<&'k PluginKey, FlowError> {
    let meant = |k: &&PluginKey| k.key_id.eq_ignore_ascii_case(key_id);
    let key = keys.iter().find(meant);
    key.ok_or_else(|| FlowError::not_found("plugin key", key_id))
}

/// The same key, and not one that another took the place of.
fn fresh(known: &PluginKey, public_key: &str) -> Result<(), FlowError> {
    if known.public_key != public_key {
        let why = format!(
            "another key with the id {} is trusted already; whoever made this one copied the id: remove the other \
             first if this is the right one",
            known.key_id
        );
        return Err(FlowError::bad("public_key", why));
    }
    if !known.replaced_by.is_empty() {
        let why = format!(
            "key {} was replaced by {} and comes back only after `portero plugin trust remove {}`",
            known.key_id, known.replaced_by, known.key_id
        );
        return Err(FlowError::bad("public_key", why));
    }
    Ok(())
}

fn prefixes(given: &[String]) -> Result<Vec<String>, FlowError> {
    let mut kept: Vec<String> = Vec::with_capacity(given.len());
    for prefix in given {
        let good = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        let fits = prefix.len() <= ID_MAX
            && prefix.starts_with(|c: char| c.is_ascii_alphanumeric())
            && prefix.chars().all(good)
            && !prefix.contains("..");
        if !fits {
            let why = format!(
                "`{prefix}` is no id of a plugin nor the beginning of one: write `com.acme.` for all of an author's, \
                 `com.acme.carts` for one"
            );
            return Err(FlowError::bad("prefixes", why));
        }
        if !kept.contains(prefix) {
            kept.push(prefix.clone());
        }
    }
    if given.is_empty() || given.len() > PREFIXES_MAX {
        let why = format!("1 to {PREFIXES_MAX} ids of plugins that the key may sign (`com.acme.`)");
        return Err(FlowError::bad("prefixes", why));
    }
    Ok(kept)
}
