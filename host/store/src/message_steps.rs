//! Messages by where they stand, newest first: what each number of a shop's day leads to.
//!
//! Ids are picked from one index, which holds the state and, on SQLite, Meta's word too; rows are read of those alone that are
//! shown, on Postgres of the stretch until enough were told that word.
//! The tenant is asked a second time in a way no index answers, or SQLite reads all of the tenant for each row.
//! The other side of each statement is a count of [`crate::home`], and a test holds the two together.

use portero_domain::clock::Ts;
use portero_domain::ids::OutboxId;
use portero_domain::status::MessageStatus;
use portero_domain::step::Step;

use crate::db::{self, Sql};
use crate::engine::EngineKind;
use crate::error::Result;
use crate::outbox::{AFTER_ALL, from};
use crate::outbox_row::{OutboxRow, RawOutbox, outbox_columns};
use crate::tx::TenantTx;

/// What messages have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// They are at this step.
    At(Step),
    /// Meta said this of them last.
    Told(MessageStatus),
}

/// Which messages; newest first.
#[derive(Clone, Copy, Debug)]
pub struct StepFilter {
    /// Where they stand.
    pub stands: Stands,
    /// Proposed then or later.
    pub since: Option<Ts>,
    /// Proposed before.
    pub until: Option<Ts>,
    /// How many.
    pub limit: usize,
    /// Older than this one.
    pub after: Option<OutboxId>,
}

macro_rules! standing {
    ($where:literal) => {
        concat!(
            "select ", outbox_columns!(), " from (select outbox_id from outbox
            where tenant_id = $1 and outbox_id >= $2 and outbox_id < $3 and ", $where, "
            order by outbox_id desc limit $4) k
            join outbox o on o.outbox_id = k.outbox_id where o.tenant_id || '' = $1 order by o.outbox_id desc"
        )
    };
}

statements! {
    STEP_PROPOSED = standing!("state is not null");
    STEP_ALLOWED = standing!("state in ('queued', 'attempting', 'unknown', 'sent', 'failed')");
    STEP_SENT = standing!("state = 'sent'");
    STEP_DELIVERED = standing!("state = 'sent' and status_rank >= 50");
    STEP_READ = standing!("state = 'sent' and status_rank >= 60");
    STEP_DENIED = standing!("state = 'denied'");
    STEP_DEFERRED = standing!("state = 'deferred'");
    STEP_IN_REVIEW = standing!("state = 'in_review'");
    STEP_WITHDRAWN = standing!("state in ('cancelled', 'expired')");
    STEP_LOST = standing!("(state = 'failed' or (state = 'sent' and status_rank = 40))");
    STEP_UNKNOWN = standing!("state = 'unknown'");
    STEP_TOLD = standing!("status_rank = $5");
    /// Who wrote since then is asked, not who was written to: they are fewer.
    STEP_ANSWERED = concat!("select ", outbox_columns!(), " from (select (select max(m.outbox_id) from outbox m
                where m.contact_id = c.contact_id and m.created_at >= $4 and m.created_at < $5
                  and m.phone_number_id = c.phone_number_id and m.begun_at < c.window_at and m.state = 'sent') as outbox_id
            from conversations c where c.tenant_id = $1 and c.window_at is not null and c.window_at >= $4) k
        join outbox o on o.outbox_id = k.outbox_id
        where o.tenant_id || '' = $1 and k.outbox_id < $2 order by o.outbox_id desc limit $3");
}

const fn statement(stands: Stands) -> Sql {
    match stands {
        Stands::At(Step::Proposed) => STEP_PROPOSED,
        Stands::At(Step::Allowed) => STEP_ALLOWED,
        Stands::At(Step::Sent) => STEP_SENT,
        Stands::At(Step::Delivered) => STEP_DELIVERED,
        Stands::At(Step::Read) => STEP_READ,
        Stands::At(Step::Answered) => STEP_ANSWERED,
        Stands::At(Step::Denied) => STEP_DENIED,
        Stands::At(Step::Deferred) => STEP_DEFERRED,
        Stands::At(Step::InReview) => STEP_IN_REVIEW,
        Stands::At(Step::Withdrawn) => STEP_WITHDRAWN,
        Stands::At(Step::Lost) => STEP_LOST,
        Stands::At(Step::Unknown) => STEP_UNKNOWN,
        Stands::Told(_) => STEP_TOLD,
    }
}

/// The texts of the lists on an engine, each with the index that must lead it. For tests that look at plans.
#[must_use]
pub fn step_lists(engine: EngineKind) -> Vec<(&'static str, &'static str)> {
    let all = Step::ALL.into_iter().map(Stands::At);
    all.chain([Stands::Told(MessageStatus::Read)])
        .map(|stands| {
            let sql = statement(stands);
            let text = match engine {
                EngineKind::Sqlite => sql.sqlite,
                EngineKind::Postgres => sql.postgres,
            };
            match stands {
                Stands::At(Step::Answered) => (text, "conversations_by_window"),
                _ => (text, "outbox_by_tenant"),
            }
        })
        .collect()
}

impl TenantTx<'_> {
    /// Messages that stand there, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn outbox_at(&mut self, filter: &StepFilter) -> Result<Vec<OutboxRow>> {
        let before = filter.until.map_or_else(|| AFTER_ALL.to_owned(), from);
        let after = filter.after.map(|id| id.to_string());
        let before = after.filter(|id| *id < before).unwrap_or(before);
        let limit = db::limit(filter.limit);
        let args = match filter.stands {
            Stands::At(Step::Answered) => args![
                self.tenant,
                before,
                limit,
                filter.since.unwrap_or(Ts(0)),
                filter.until.unwrap_or(Ts(i64::MAX))
            ],
            Stands::At(_) => args![
                self.tenant,
                filter.since.map_or_else(String::new, from),
                before,
                limit
            ],
            Stands::Told(status) => args![
                self.tenant,
                filter.since.map_or_else(String::new, from),
                before,
                limit,
                status.rank()
            ],
        };
        let rows: Vec<RawOutbox> = self.tx.rows(statement(filter.stands), args).await?;
        rows.into_iter().map(RawOutbox::read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_in_the_texts_are_those_of_the_statuses() {
        for (sql, words) in [
            (
                STEP_DELIVERED,
                format!(">= {}", MessageStatus::Delivered.rank()),
            ),
            (STEP_READ, format!(">= {}", MessageStatus::Read.rank())),
            (STEP_LOST, format!("= {}", MessageStatus::Failed.rank())),
        ] {
            assert!(sql.sqlite.contains(&words), "{}: {words}", sql.name);
        }
    }
}
