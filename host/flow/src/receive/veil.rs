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

/// What is done with an update.
pub(super) enum Veiled {
    /// It is of nobody who was erased, or they say it themselves: kept as it is.
    AsItIs,
    /// Kept without the person, and with the mark of its message's id, which is what is left of that.
    Without(Box<Translated>),
    /// What others say or do to somebody erased is not kept: only they bring themselves back.
    Nothing,
}

impl Veil {
    pub(super) async fn over(
        &mut self,
        tx: &mut Tx,
        tenant: Option<TenantId>,
        one: &Translated,
    ) -> Result<Veiled, StoreError> {
        let Some(tenant) = tenant else {
            return Ok(Veiled::AsItIs);
        };
        match &one.update.what {
            UpdateKind::Status(status) if self.erased(tx, tenant, &status.recipient).await? => {
                let mut veiled = one.clone();
                veiled.raw = "null".to_owned();
                veiled.update.dedupe_key = String::new();
                veiled.update.what = UpdateKind::Status(StatusUpdate {
                    wamid: Wamid::new(mark(status.wamid.as_str()))
                        .unwrap_or_else(|| status.wamid.clone()),
                    recipient: PersonRef::default(),
                    ..status.clone()
                });
                Ok(Veiled::Without(Box::new(veiled)))
            }
            UpdateKind::Echo { person, .. } | UpdateKind::Handover { person, .. }
                if self.erased(tx, tenant, person).await? =>
            {
                Ok(Veiled::Nothing)
            }
            _ => Ok(Veiled::AsItIs),
        }
    }

    /// Whether this is somebody who was erased and has not come back from any of these addresses.
    async fn erased(
        &mut self,
        tx: &mut Tx,
        tenant: TenantId,
        person: &PersonRef,
    ) -> Result<bool, StoreError> {
        let any = match self.any.get(&tenant) {
            Some(any) => *any,
            None => {
                let any = tx.tenant(tenant).any_erased().await?;
                self.any.insert(tenant, any);
                any
            }
        };
        if !any {
            return Ok(false);
        }
        let addresses: Vec<AddressKey> = person
            .addresses()
            .filter_map(|a| AddressKey::parse(a).ok())
            .collect();
        let mut of = tx.tenant(tenant);
        Ok(!of.erased_addresses(&addresses).await?.is_empty()
            && of.contact_by_addresses(&addresses).await?.is_none())
    }
}
