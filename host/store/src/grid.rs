//! How every tenant stands, for the operator: a few figures of each, from small tables and the newest rows.

use portero_domain::clock::Ts;
use portero_domain::ids::TenantId;

use crate::db::{self, Sql};
use crate::engine::EngineKind;
use crate::error::Result;
use crate::json;
use crate::tx::SystemTx;

statements! {
    GRID_NUMBERS = "select tenant_id, quality, count(*), count(stopped_at) from numbers group by tenant_id, quality";
    GRID_RESTRICTED = "select tenant_id, count(*) from accounts
        where restriction is not null and (restricted_until_at is null or restricted_until_at > $1) group by tenant_id";
    /// People who wait for a person: only what is handed over is read.
    GRID_WAITING = "select tenant_id, count(*) from conversations
        where human_since_at is not null and waiting_since_at is not null group by tenant_id";
    /// Webhooks that should have taken effect, and since when: the oldest of all tenants, and no others.
    GRID_LATE = "select tenant_id, count(*), min(due_at) from (select tenant_id, due_at from inbox
            where state = 'pending' and kind <> 'status' and due_at <= $1 order by due_at limit 10000) i
        where tenant_id is not null group by tenant_id";
    /// Endpoints of the tenants' own systems at which nothing arrives.
    GRID_DEAF = "select tenant_id, count(*) from webhooks
        where failing_since is not null and disabled_at is null group by tenant_id";
    /// Of the newest verdicts of each, how many refused; a tenant's others are not read.
    GRID_REFUSED = "select t.tenant_id,
            (select count(*) from (select d.verdict from decisions d where d.tenant_id = t.tenant_id
                order by d.decision_id desc limit $1) n),
            (select count(*) from (select d.verdict from decisions d where d.tenant_id = t.tenant_id
                order by d.decision_id desc limit $1) n where n.verdict = 'deny')
        from tenants t";
}

/// How a tenant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub tenant: TenantId,
    /// Its numbers.
    pub numbers: u64,
    /// Of these, how many do not send.
    pub stopped: u64,
    /// Rated red by Meta.
    pub red: u64,
    /// Rated yellow.
    pub yellow: u64,
    /// Accounts that Meta restricts.
    pub restricted: u64,
    /// Conversations in which somebody waits for a person.
    pub waiting: u64,
    /// Webhooks of Meta's that have not taken effect though they should, of the ten thousand oldest of all tenants.
    pub late: u64,
    /// Since when the oldest of these should have.
    pub late_since: Option<Ts>,
    /// Endpoints at which nothing arrives.
    pub deaf: u64,
    /// Newest verdicts looked at.
    pub judged: u64,
    /// Of these, how many refused.
    pub refused: u64,
}

/// The text that looks at verdicts on an engine, with the index that must lead it. For tests that look at plans.
#[must_use]
pub fn grid_counts(engine: EngineKind) -> Vec<(&'static str, &'static str)> {
    let text = |sql: &Sql| match engine {
        EngineKind::Sqlite => sql.sqlite,
        EngineKind::Postgres => sql.postgres,
    };
    vec![
        (text(&GRID_REFUSED), "decisions_by_tenant"),
        (text(&GRID_WAITING), "conversations_with_people"),
        (text(&GRID_LATE), "inbox_due"),
    ]
}

impl SystemTx<'_> {
    /// How every tenant stands, oldest tenant first; of the verdicts the `newest` are looked at.
    ///
    /// # Errors
    /// The database.
    pub async fn grid(&mut self, newest: usize, now: Ts) -> Result<Vec<Standing>> {
        let said: Vec<(String, i64, i64)> =
            self.tx.rows(GRID_REFUSED, args![db::limit(newest)]).await?;
        let numbers: Vec<(String, String, i64, i64)> = self.tx.rows(GRID_NUMBERS, args![]).await?;
        let restricted: Vec<(String, i64)> = self.tx.rows(GRID_RESTRICTED, args![now]).await?;
        let waiting: Vec<(String, i64)> = self.tx.rows(GRID_WAITING, args![]).await?;
        let late: Vec<(String, i64, i64)> = self.tx.rows(GRID_LATE, args![now]).await?;
        let deaf: Vec<(String, i64)> = self.tx.rows(GRID_DEAF, args![]).await?;
        let of = |rows: &[(String, i64)], id: &str| {
            let found = rows.iter().find(|(t, _)| t == id);
            found.map_or(0, |(_, n)| db::count(*n))
        };
        let mut all = Vec::with_capacity(said.len());
        for (id, judged, refused) in &said {
            let own = numbers.iter().filter(|(t, ..)| t == id);
            let rated = |word: &str| {
                let rated = own.clone().filter(|(_, quality, ..)| quality == word);
                rated.map(|(.., n, _)| db::count(*n)).sum::<u64>()
            };
            let lag = late.iter().find(|(t, ..)| t == id);
            all.push(Standing {
                tenant: json::id("tenant_id", id)?,
                numbers: own.clone().map(|(.., n, _)| db::count(*n)).sum(),
                stopped: own.clone().map(|(.., n)| db::count(*n)).sum(),
                red: rated("RED"),
                yellow: rated("YELLOW"),
                restricted: of(&restricted, id),
                waiting: of(&waiting, id),
                late: lag.map_or(0, |(_, n, _)| db::count(*n)),
                late_since: lag.map(|(.., at)| Ts(*at)),
                deaf: of(&deaf, id),
                judged: db::count(*judged),
                refused: db::count(*refused),
            });
        }
        all.sort_by_key(|s| s.tenant);
        Ok(all)
    }
}
