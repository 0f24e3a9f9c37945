//! What a segmentation plugin may ask while it looks at a batch: its settings, its own memory, the shop's systems.

use async_trait::async_trait;
use portero_domain::clock::Ts;
use portero_domain::ids::{InstallationId, TenantId};
use portero_domain::plugin::SendAction;
use portero_sandbox::{HostError, HostServices, HttpRequest, HttpResponse, Preview};
use portero_store::Store;

use crate::fetch::Asking;
use crate::grants::Effective;

/// Host services of one batch.
pub(super) struct BatchServices {
    pub(super) store: Store,
    pub(super) tenant: TenantId,
    pub(super) installation: InstallationId,
    pub(super) config: String,
    pub(super) effective: Effective,
    pub(super) now: Ts,
    pub(super) asking: Asking,
}

impl BatchServices {
    fn need(&self, permission: &str) -> Result<(), HostError> {
        if self.effective.has(permission) {
            Ok(())
        } else {
            Err(denied(permission))
        }
    }
}

fn denied(permission: &str) -> HostError {
    HostError::Denied {
        permission: permission.to_owned(),
    }
}

fn unavailable<E>(_: E) -> HostError {
    HostError::Unavailable
}

#[async_trait]
impl HostServices for BatchServices {
    fn is_granted(&self, permission: &str) -> bool {
        self.effective.has(permission)
    }

    fn config_json(&self) -> String {
        self.config.clone()
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.need("kv")?;
        let mut tx = self.store.read().await.map_err(unavailable)?;
        tx.tenant(self.tenant)
            .kv_get(self.installation, key, self.now)
            .await
            .map_err(unavailable)
    }

    async fn kv_list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError> {
        self.need("kv")?;
        let limit = usize::try_from(limit.min(1_000)).unwrap_or(1_000);
        let mut tx = self.store.read().await.map_err(unavailable)?;
        tx.tenant(self.tenant)
            .kv_list(self.installation, prefix, after, limit, self.now)
            .await
            .map_err(unavailable)
    }

    /// A batch is about nobody in particular.
    async fn gate_preview(&self, _: SendAction) -> Result<Preview, HostError> {
        Err(denied("gate.preview"))
    }

    /// Everything granted is in the batch already.
    async fn contact_field(&self, _: &str, field: &str) -> Result<Option<String>, HostError> {
        Err(denied(&format!("contacts.read {field}")))
    }

    async fn http_fetch(&self, request: HttpRequest) -> Result<HttpResponse, HostError> {
        self.asking.fetch(&self.effective, request).await
    }
}
