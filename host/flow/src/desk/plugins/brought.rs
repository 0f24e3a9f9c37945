//! A component as it is brought: what it has to be, who signed it, where it came from.

use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Inspection;
use portero_store::Tx;
use portero_store::model::{InstallationOrigin, InstallationRow, PluginKey};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::signature::{self, Expected};
use crate::error::FlowError;

/// Versions looked at for the one that was brought last.
const LOOKED_AT: usize = 200;

/// Whose key signed a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SignerView {
    /// Id of the key as minisign shows it.
    pub key_id: String,
    /// The key.
    pub public_key: String,
    /// Whose it is, in the operator's words; empty when it is not trusted any more.
    pub name: String,
}

/// What is brought.
pub(super) struct Brought<'a> {
    pub(super) bytes: &'a [u8],
    /// A file as minisign writes it.
    pub(super) signature: Option<&'a str>,
    /// SHA-256 that it must have.
    pub(super) digest: Option<&'a str>,
    /// The public key that must have signed it.
    pub(super) key: Option<&'a str>,
    /// The address it was fetched from; empty for a file.
    pub(super) source: &'a str,
    /// Whoever signed the version that runs need not have signed this one.
    pub(super) new_signer: bool,
}

impl Brought<'_> {
    /// Whether it has the digest that was named.
    ///
    /// # Errors
    /// [`FlowError::PluginRefused`]; bad input: what was named is no digest.
    pub(super) fn is_what_was_named(&self) -> Result<(), FlowError> {
        let Some(named) = self.digest else {
            return Ok(());
        };
        let wanted = digest(named)?;
        let found = hex::encode(Sha256::digest(self.bytes));
        if wanted == found {
            return Ok(());
        }
        Err(FlowError::PluginRefused {
            why: format!(
                "expected the file with sha256 {wanted}, found {found}: it is another version or it was changed on \
                 the way; get it again, and name the new digest only when its author published it"
            ),
        })
    }

    pub(super) fn origin(
        &self,
        id: InstallationId,
        digest: &str,
        public_key: String,
    ) -> InstallationOrigin {
        InstallationOrigin {
            id,
            digest: digest.to_owned(),
            public_key,
            source: self.source.to_owned(),
        }
    }
}

/// A digest as people write it, as hex alone.
pub(super) fn digest(text: &str) -> Result<String, FlowError> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(hex.to_ascii_lowercase());
    }
    let why =
        "expected a SHA-256 of 64 hex digits, as `sha256sum` and `portero plugin inspect` write it";
    Err(FlowError::bad("digest", why))
}

/// The key that signed what is brought; empty when it is not signed and need not be.
///
/// # Errors
/// [`FlowError::PluginRefused`], or the database.
pub(super) async fn signer(
    tx: &mut Tx,
    tenant: TenantId,
    installed: Option<&InstallationRow>,
    new: &Inspection,
    what: &Brought<'_>,
) -> Result<String, FlowError> {
    let origins = Origins::of(tx, tenant).await?;
    let before = match installed {
        Some(row) => {
            // What was taken back to does not count: going back to a version from before it was signed must not
            // open the door to one that is not.
            let ran = tx
                .tenant(tenant)
                .installation_versions(row.id, None, LOOKED_AT)
                .await?;
            let brought = ran.iter().find(|v| v.why != "rolled_back");
            let digest = brought.map_or(&row.digest, |v| &v.digest);
            if what.signature.is_none() && what.source.is_empty() {
                // The very bytes that were signed, with other settings.
                let same = origins.public_key(row.id, &new.digest);
                if !same.is_empty() && *digest == new.digest && what.key.is_none_or(|k| k == same) {
                    return Ok(same.to_owned());
                }
            }
            origins.public_key(row.id, digest)
        }
        None => "",
    };
    let expected = Expected {
        plugin: &new.manifest.id,
        fetched: !what.source.is_empty(),
        before: if what.new_signer { "" } else { before },
    };
    let key = signature::signer(&origins.keys, what.bytes, what.signature, expected)
        .map_err(|why| FlowError::PluginRefused { why })?;
    let key = key.map(|key| key.public_key.clone()).unwrap_or_default();
    let Some(wanted) = what.key else {
        return Ok(key);
    };
    let (wanted, wanted_id) =
        signature::public_key(wanted).map_err(|why| FlowError::bad("key", why))?;
    if wanted != key {
        let found = match key.is_empty() {
            true => "no signature".to_owned(),
            false => format!("one of key {}", signature::key_id(&key)),
        };
        let why = format!(
            "expected a signature of key {wanted_id}, found {found}: get the file's signature from where that key's owner \
             publishes it, or name another key"
        );
        return Err(FlowError::PluginRefused { why });
    }
    Ok(key)
}

/// Whether the key that signed a version that waits is trusted still.
///
/// # Errors
/// [`FlowError::PluginRefused`] when it is not, or the database.
pub(super) async fn still_trusted(
    tx: &mut Tx,
    tenant: TenantId,
    id: InstallationId,
    digest: &str,
) -> Result<(), FlowError> {
    let origins = Origins::of(tx, tenant).await?;
    let by = origins.public_key(id, digest);
    if by.is_empty() || signature::by_public_key(&origins.keys, by).is_some() {
        return Ok(());
    }
    Err(FlowError::PluginRefused {
        why: format!(
            "it is signed by key {}, which was trusted when it was brought and is not any more: drop it with \
             `portero plugin discard`, or trust the key again",
            signature::key_id(by)
        ),
    })
}

/// Where the components of a tenant came from.
pub(super) struct Origins {
    keys: Vec<PluginKey>,
    all: Vec<InstallationOrigin>,
}

impl Origins {
    pub(super) async fn of(tx: &mut Tx, tenant: TenantId) -> Result<Origins, FlowError> {
        Ok(Origins {
            keys: tx.tenant(tenant).plugin_keys().await?,
            all: tx.tenant(tenant).installation_origins().await?,
        })
    }

    fn origin(&self, id: InstallationId, digest: &str) -> Option<&InstallationOrigin> {
        self.all.iter().find(|o| o.id == id && o.digest == digest)
    }

    pub(super) fn public_key(&self, id: InstallationId, digest: &str) -> &str {
        self.origin(id, digest)
            .map_or("", |o| o.public_key.as_str())
    }

    pub(super) fn signer(&self, id: InstallationId, digest: &str) -> Option<SignerView> {
        let public_key = self.public_key(id, digest);
        if public_key.is_empty() {
            return None;
        }
        let known = signature::by_public_key(&self.keys, public_key);
        Some(SignerView {
            key_id: signature::key_id(public_key),
            public_key: public_key.to_owned(),
            name: known.map(|k| k.name.clone()).unwrap_or_default(),
        })
    }

    pub(super) fn source(&self, id: InstallationId, digest: &str) -> Option<String> {
        let source = self.origin(id, digest).map(|o| o.source.clone());
        source.filter(|s| !s.is_empty())
    }
}
