//! What Meta is to be asked again: one row per tenant and kind, however often it was found stale.

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// Kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The account's templates.
    Templates,
    /// Quality, name, limit and throughput of its numbers.
    Numbers,
}

impl Ask {
    const fn as_str(self) -> &'static str {
        match self {
            Ask::Templates => "templates",
            Ask::Numbers => "numbers",
        }
    }
}

/// A question somebody took.
#[derive(Clone, Copy, Debug)]
pub struct TakenAsk {
    /// Of whom.
    pub tenant: TenantId,
    /// What.
    pub what: Ask,
    /// When it was asked last: asked again meanwhile, it stays.
    pub asked_at: Ts,
    /// Tries before.
    pub tries: u32,
}

statements! {
    ASK_PUT = "insert into meta_asks (tenant_id, what, asked_at, due_at) values ($1, $2, $3, $3)
        on conflict (tenant_id, what) do update set asked_at = excluded.asked_at, due_at = excluded.due_at, tries = 0";
    ASK_TAKE = "update meta_asks set lease_until_at = $3
        where due_at <= $1 and (lease_until_at is null or lease_until_at <= $2)
        returning tenant_id, what, asked_at, tries";
    /// Asked again while Meta was answering: the answer may be older than the question.
    ASK_DONE = "delete from meta_asks where tenant_id = $1 and what = $2 and asked_at = $3";
    ASK_FREE = "update meta_asks set lease_until_at = null where tenant_id = $1 and what = $2";
    ASK_LATER = "update meta_asks set lease_until_at = null, due_at = $4, tries = tries + 1
        where tenant_id = $1 and what = $2 and asked_at = $3";
}

impl TenantTx<'_> {
    /// Has Meta asked.
    ///
    /// # Errors
    /// The database.
    pub async fn ask_meta(&mut self, what: Ask, now: Ts) -> Result<()> {
        self.tx
            .run(ASK_PUT, args![self.tenant, what.as_str(), now])
            .await
            .map(drop)
    }

    /// Ends a question that was answered, or that cannot be asked.
    ///
    /// # Errors
    /// The database.
    pub async fn end_ask(&mut self, taken: &TakenAsk) -> Result<()> {
        let args = args![self.tenant, taken.what.as_str(), taken.asked_at];
        if self.tx.run(ASK_DONE, args).await? == 0 {
            self.tx
                .run(ASK_FREE, args![self.tenant, taken.what.as_str()])
                .await?;
        }
        Ok(())
    }

    /// Puts a question off.
    ///
    /// # Errors
    /// The database.
    pub async fn retry_ask(&mut self, taken: &TakenAsk, due: Ts) -> Result<()> {
        let args = args![self.tenant, taken.what.as_str(), taken.asked_at, due];
        if self.tx.run(ASK_LATER, args).await? == 0 {
            self.tx
                .run(ASK_FREE, args![self.tenant, taken.what.as_str()])
                .await?;
        }
        Ok(())
    }
}

impl SystemTx<'_> {
    /// Takes what is due.
    ///
    /// # Errors
    /// The database.
    pub async fn take_asks(
        &mut self,
        now: Ts,
        lease_now: Ts,
        lease_until: Ts,
    ) -> Result<Vec<TakenAsk>> {
        let rows: Vec<(String, String, i64, i64)> = self
            .tx
            .rows(ASK_TAKE, args![now, lease_now, lease_until])
            .await?;
        rows.into_iter()
            .map(|(tenant, what, asked_at, tries)| {
                Ok(TakenAsk {
                    tenant: json::id("tenant_id", &tenant)?,
                    what: match what.as_str() {
                        "templates" => Ask::Templates,
                        _ => Ask::Numbers,
                    },
                    asked_at: Ts(asked_at),
                    tries: u32::try_from(db::count(tries)).unwrap_or(u32::MAX),
                })
            })
            .collect()
    }
}
