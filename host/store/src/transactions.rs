//! Orders and appointments a person entered into: the basis of transactional messages.

use portero_domain::clock::Ts;
use portero_domain::ids::ContactId;

use crate::error::{Result, StoreError};
use crate::json;
use crate::tx::TenantTx;

/// An order or appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionRow {
    /// The shop's own reference, unique within the tenant.
    pub reference: String,
    /// Whose.
    pub contact: ContactId,
    /// The shop's own word for where it stands.
    pub state: String,
    /// JSON text of the shop's own.
    pub data: String,
    /// Since when.
    pub opened_at: Ts,
    /// Until when.
    pub closed_at: Option<Ts>,
}

statements! {
    TRANSACTION_OPEN = "insert into transactions (tenant_id, reference, contact_id, state, data, opened_at)
        select tenant_id, cast($3 as text), contact_id, cast($4 as text), cast($5 as text), cast($6 as bigint)
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (tenant_id, reference) do update
        set contact_id = excluded.contact_id, state = excluded.state, data = excluded.data, closed_at = null";
    TRANSACTION_CLOSE = "update transactions set closed_at = $3
        where tenant_id = $1 and reference = $2 and closed_at is null";
    TRANSACTION_GET = "select reference, contact_id, state, data, opened_at, closed_at
        from transactions where tenant_id = $1 and reference = $2";
    TRANSACTIONS_OF = "select reference, contact_id, state, data, opened_at, closed_at
        from transactions where tenant_id = $1 and contact_id = $2 order by opened_at, reference";
}

type Raw = (String, String, String, String, i64, Option<i64>);

fn read((reference, contact, state, data, opened_at, closed_at): Raw) -> Result<TransactionRow> {
    Ok(TransactionRow {
        reference,
        contact: json::id("contact_id", &contact)?,
        state,
        data,
        opened_at: Ts(opened_at),
        closed_at: closed_at.map(Ts),
    })
}

impl TenantTx<'_> {
    /// Opens a transaction, or updates (and reopens) the one of that reference.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person, or the database.
    pub async fn open_transaction(
        &mut self,
        reference: &str,
        contact: ContactId,
        state: &str,
        data_json: &str,
        now: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, contact, reference, state, data_json, now];
        if self.tx.run(TRANSACTION_OPEN, args).await? == 0 {
            return Err(StoreError::NotFound { what: "contact" });
        }
        Ok(())
    }

    /// Ends a transaction; `false` when there is none open.
    ///
    /// # Errors
    /// The database.
    pub async fn close_transaction(&mut self, reference: &str, now: Ts) -> Result<bool> {
        Ok(self
            .tx
            .run(TRANSACTION_CLOSE, args![self.tenant, reference, now])
            .await?
            == 1)
    }

    /// The transaction of that reference.
    ///
    /// # Errors
    /// The database.
    pub async fn transaction(&mut self, reference: &str) -> Result<Option<TransactionRow>> {
        let row: Option<Raw> = self
            .tx
            .row(TRANSACTION_GET, args![self.tenant, reference])
            .await?;
        row.map(read).transpose()
    }

    /// All transactions of a person, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn transactions(&mut self, contact: ContactId) -> Result<Vec<TransactionRow>> {
        let rows: Vec<Raw> = self
            .tx
            .rows(TRANSACTIONS_OF, args![self.tenant, contact])
            .await?;
        rows.into_iter().map(read).collect()
    }
}
