//! What a guest may ask while it runs; every answer is for one installation and one person.

use async_trait::async_trait;
use portero_domain::clock::Clock;
use portero_domain::ids::{IdSource, InstallationId, OutboxId};
use portero_domain::plugin::SendAction;
use portero_sandbox::{HostError, HostServices, HttpRequest, HttpResponse, Preview};
use portero_store::Store;
use portero_store::model::{InstallationRow, TenantRow};
use std::sync::Arc;

use crate::bounds;
use crate::consult::Who;
use crate::context::Context;
use crate::draft::{Draft, own_words};
use crate::fetch::Asking;
use crate::grants::Effective;
use crate::judge;

/// Host services of one call.
pub(crate) struct CallServices {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    tenant: TenantRow,
    installation: InstallationId,
    config: String,
    effective: Effective,
    draft: Draft,
    name: Option<String>,
    asking: Asking,
}

impl CallServices {
    pub(crate) fn new(
        ctx: &Context,
        who: &Who,
        row: &InstallationRow,
        effective: &Effective,
        draft: Draft,
    ) -> CallServices {
        CallServices {
            store: ctx.store.clone(),
            clock: Arc::clone(&ctx.clock),
            ids: Arc::clone(&ctx.ids),
            tenant: who.tenant.clone(),
            installation: row.id,
            config: row.config.clone(),
            effective: effective.clone(),
            draft,
            name: who.name.clone(),
            asking: Asking::of(ctx, who.tenant.id, row.id),
        }
    }

    fn need(&self, permission: &str) -> Result<(), HostError> {
        if self.effective.has(permission) {
            Ok(())
        } else {
            Err(HostError::Denied {
                permission: permission.to_owned(),
            })
        }
    }
}

fn unavailable<E>(_: E) -> HostError {
    HostError::Unavailable
}

#[async_trait]
impl HostServices for CallServices {
    fn is_granted(&self, permission: &str) -> bool {
        self.effective.has(permission)
    }

    fn config_json(&self) -> String {
        self.config.clone()
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.need("kv")?;
        let mut tx = self.store.read().await.map_err(unavailable)?;
        tx.tenant(self.tenant.id)
            .kv_get(self.installation, key, self.clock.now())
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
        tx.tenant(self.tenant.id)
            .kv_list(self.installation, prefix, after, limit, self.clock.now())
            .await
            .map_err(unavailable)
    }

    /// The gate's answer on today's facts, as if the message were the first of the call's answer;
    /// pure, counted, never recorded.
    async fn gate_preview(&self, action: SendAction) -> Result<Preview, HostError> {
        self.need("gate.preview")?;
        bounds::message(&action).map_err(|what| HostError::Invalid { what })?;
        let now = self.clock.now();
        let id = OutboxId::new(&*self.ids, now);
        let key = format!("preview:{id}");
        let proposal = self.draft.proposal(id, key, 0, own_words(action), now);
        let plugin = self.draft.facts(0);
        let mut tx = self.store.read().await.map_err(unavailable)?;
        let hash = portero_gate::record::content_hash(&proposal.content);
        let facts = judge::facts(&mut tx, &self.tenant, &proposal, &hash, Some(plugin), now)
            .await
            .map_err(unavailable)?;
        let judgement = portero_gate::admit(&proposal, &facts, &self.tenant.policy, now);
        let explained = portero_gate::explain::explain(&judgement, self.tenant.language);
        Ok(Preview {
            verdict: judgement.verdict.as_str().to_owned(),
            rule: judgement.primary.clone().unwrap_or_default().to_string(),
            earliest: judgement.until,
            remedy: explained
                .findings
                .first()
                .map(|f| f.remedy.clone())
                .unwrap_or_default(),
        })
    }

    async fn contact_field(&self, _handle: &str, field: &str) -> Result<Option<String>, HostError> {
        if !self.effective.reads(field) {
            return Err(HostError::Denied {
                permission: format!("contacts.read {field}"),
            });
        }
        match field {
            "name" => Ok(self.name.clone()),
            _ => {
                let mut tx = self.store.read().await.map_err(unavailable)?;
                let all = tx
                    .tenant(self.tenant.id)
                    .attributes(self.draft.contact())
                    .await
                    .map_err(unavailable)?;
                Ok(all.into_iter().find(|(k, _)| k == field).map(|(_, v)| v))
            }
        }
    }

    async fn http_fetch(&self, request: HttpRequest) -> Result<HttpResponse, HostError> {
        self.asking.fetch(&self.effective, request).await
    }
}
