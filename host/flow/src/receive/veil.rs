//! What Meta still says of messages to people who were erased meanwhile: it counts, and names nobody.

use std::collections::BTreeMap;

use portero_domain::address::AddressKey;
use portero_domain::ids::{TenantId, Wamid};
use portero_domain::update::{PersonRef, StatusUpdate, UpdateKind};
use portero_gate::record::mark;
use portero_meta::translate::Translated;
use portero_store::{StoreError, Tx};

/// Remembers for one transaction which tenants have erased anybody at all.
#[derive(Default)]
pub(super) struct Veil {
    any: BTreeMap<TenantId, bool>,
}

impl Veil {
    /// The update without the person and with the mark of its message's id, which is what is left of
    /// that, where it is of somebody erased; nothing for all others.
    pub(super) async fn over(
        &mut self,
        tx: &mut Tx,
        tenant: Option<TenantId>,
        one: &Translated,
    ) -> Result<Option<Translated>, StoreError> {
        let (Some(tenant), UpdateKind::Status(status)) = (tenant, &one.update.what) else {
            return Ok(None);
        };
        let any = match self.any.get(&tenant) {
            Some(any) => *any,
            None => {
                let any = tx.tenant(tenant).any_erased().await?;
                self.any.insert(tenant, any);
                any
            }
        };
        if !any {
            return Ok(None);
        }
        let addresses: Vec<AddressKey> = status
            .recipient
            .addresses()
            .filter_map(|a| AddressKey::parse(a).ok())
            .collect();
        if tx
            .tenant(tenant)
            .erased_addresses(&addresses)
            .await?
            .is_empty()
        {
            return Ok(None);
        }
        let mut veiled = one.clone();
        veiled.raw = "null".to_owned();
        veiled.update.dedupe_key = String::new();
        veiled.update.what = UpdateKind::Status(StatusUpdate {
            wamid: Wamid::new(mark(status.wamid.as_str())).unwrap_or_else(|| status.wamid.clone()),
            recipient: PersonRef::default(),
            ..status.clone()
        });
        Ok(Some(veiled))
    }
}
