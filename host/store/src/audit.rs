//! The log of who did what: appended to, read, and forgotten after a time; never changed.
//!
//! Rows of one tenant are read by its own people; rows without a tenant concern the server.

use portero_domain::clock::Ts;
use portero_domain::ids::{AuditId, TenantId, TokenId};

use crate::db::{self, Sql};
use crate::engine::EngineKind;
use crate::error::Result;
use crate::json;
use crate::tx::SystemTx;

/// Something done.
#[derive(Clone, Debug)]
pub struct NewAudit<'a> {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Ts,
    /// About which tenant; `None`: the server, or several.
    pub tenant: Option<TenantId>,
    /// User or token.
    pub who: &'a str,
    /// With which token or session.
    pub token: Option<TokenId>,
    /// Method and path with its parameters in braces.
    pub operation: &'a str,
    /// Ids of what it was about.
    pub targets: &'a [String],
    /// HTTP status of the answer.
    pub status: u16,
    /// Rows that say the same share this and are counted on the first; `None` stands alone.
    pub same: Option<&'a str>,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Ts,
    /// When for the last time.
    pub last_at: Ts,
    /// How often.
    pub times: u64,
    /// About which tenant.
    pub tenant: Option<TenantId>,
    /// User or token.
    pub who: String,
    /// Name of the user, or label of the token, as it is now.
    pub name: Option<String>,
    /// With which token or session.
    pub token: Option<TokenId>,
    /// Method and path.
    pub operation: String,
    /// Ids of what it was about.
    pub targets: Vec<String>,
    /// HTTP status of the answer.
    pub status: u16,
}

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only about this tenant.
    pub tenant: Option<TenantId>,
    /// Only by this user or token.
    pub who: Option<String>,
    /// Only this operation.
    pub operation: Option<String>,
    /// From this instant …
    pub since: Option<Ts>,
    /// … to before this one.
    pub until: Option<Ts>,
    /// Only older rows than this one.
    pub before: Option<AuditId>,
    /// How many at most.
    pub limit: usize,
}

/// Led by one filter, whose index gives the rows in their order; the others are looked at row by row.
macro_rules! led {
    ($first:literal) => {
        concat!(
            "select a.audit_id, a.done_at, a.last_at, a.times, a.tenant_id, a.who, coalesce(u.name, t.label),
            a.token_id, a.operation, a.targets, a.status
        from audit a left join users u on u.user_id = a.who left join tokens t on t.token_id = a.token_id
        where ",
            $first,
            " and a.audit_id >= $4 and a.audit_id < $5 and (cast($3 as text) is null or a.operation = $3)
        order by a.audit_id desc limit $6"
        )
    };
}

statements! {
    AUDIT_PUT = "insert into audit (audit_id, done_at, last_at, times, tenant_id, who, token_id, operation, targets,
            status, same)
        values ($1, $2, $2, 1, $3, $4, $5, $6, $7, $8, $9)
        on conflict (same) do update set times = audit.times + 1, last_at = excluded.last_at";
    AUDIT = led!("cast($1 as text) is null and cast($2 as text) is null");
    AUDIT_OF_TENANT = led!("a.tenant_id = $1 and cast($2 as text) is null");
    /// One person does less than a tenant's people together: whose it was is looked at row by row.
    AUDIT_BY_WHO = led!("a.who = $2 and (cast($1 as text) is null or a.tenant_id = $1)");
    AUDIT_FORGET = "delete from audit where done_at < $1";
}

/// The statement of each leading filter, with the index that must lead it.
const LISTS: &[(Sql, &str, &str)] = &[
    (AUDIT, "sqlite_autoindex_audit_1", "audit_pkey"),
    (AUDIT_OF_TENANT, "audit_by_tenant", "audit_by_tenant"),
    (AUDIT_BY_WHO, "audit_by_who", "audit_by_who"),
];

/// The texts of the lists on an engine, each with the index that must lead it. For tests that look at
/// plans.
#[must_use]
pub fn audit_lists(engine: EngineKind) -> Vec<(&'static str, &'static str)> {
    let of = |(sql, sqlite, postgres): &(Sql, &'static str, &'static str)| match engine {
        EngineKind::Sqlite => (sql.sqlite, *sqlite),
        EngineKind::Postgres => (sql.postgres, *postgres),
    };
    LISTS.iter().map(of).collect()
}

/// Sorts before every row of an instant and after every earlier one: ids begin with their time.
fn from(at: Ts) -> String {
    format!(
        "{}_{:012x}",
        AuditId::PREFIX,
        at.ms().clamp(0, (1 << 48) - 1)
    )
}

type Raw = (
    String,
    i64,
    i64,
    i64,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    String,
    String,
    i64,
);

fn read(
    (id, at, last_at, times, tenant, who, name, token, operation, targets, status): Raw,
) -> Result<AuditRow> {
    Ok(AuditRow {
        id: json::id("audit_id", &id)?,
        at: Ts(at),
        last_at: Ts(last_at),
        times: db::count(times),
        tenant: json::opt_id("tenant_id", tenant.as_deref())?,
        who,
        name,
        token: json::opt_id("token_id", token.as_deref())?,
        operation,
        targets: json::read("targets", &targets)?,
        status: u16::try_from(status).unwrap_or_default(),
    })
}

impl SystemTx<'_> {
    /// Writes down what was done; a look that is the same as one of this minute is counted on its row.
    ///
    /// # Errors
    /// The database.
    pub async fn put_audit(&mut self, new: &NewAudit<'_>) -> Result<()> {
        let args = args![
            new.id,
            new.at,
            new.tenant,
            new.who,
            new.token,
            new.operation,
            json::canonical("targets", new.targets)?,
            i64::from(new.status),
            new.same
        ];
        self.tx.run(AUDIT_PUT, args).await.map(drop)
    }

    /// Rows of the log, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn audit(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let end = format!("{}_g", AuditId::PREFIX);
        let until = filter.until.map_or(end, from);
        let before = filter.before.map(|id| id.to_string());
        let args = args![
            filter.tenant,
            filter.who.as_deref(),
            filter.operation.as_deref(),
            filter.since.map_or_else(String::new, from),
            before.filter(|id| *id < until).unwrap_or(until),
            db::limit(filter.limit)
        ];
        let led = match (&filter.who, filter.tenant) {
            (Some(_), _) => AUDIT_BY_WHO,
            (None, Some(_)) => AUDIT_OF_TENANT,
            (None, None) => AUDIT,
        };
        let rows: Vec<Raw> = self.tx.rows(led, args).await?;
        rows.into_iter().map(read).collect()
    }

    /// Forgets rows from before an instant. Returns how many.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_audit(&mut self, before: Ts) -> Result<u64> {
        self.tx.run(AUDIT_FORGET, args![before]).await
    }
}
