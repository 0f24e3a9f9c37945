//! What Postgres knows of its tables' sizes, kept fresh while they grow fast.
//!
//! Its own `autovacuum` looks once a minute. A file of people or a campaign makes tables a hundred times as
//! big within that minute, and until it looked again statements are planned for empty tables: whole tables are
//! read for one row. SQLite plans without such figures.

use crate::db::Sql;
use crate::engine::EngineKind;
use crate::error::Result;
use crate::tx::SystemTx;

statements! {
    /// Tables that grew by half, and by 500 rows, since they were last looked at; and those that nobody ever looked
    /// at: of an unknown table Postgres expects hundreds of rows, half of them stopped. Rows that only changed say
    /// nothing of a table's size, and every look has all statements about the table planned anew.
    STALE = "select '' where 0",
        postgres = "select cast(s.relname as text) from pg_stat_user_tables s join pg_class c on c.oid = s.relid
        where s.schemaname = current_schema() and (s.n_live_tup > 500 + greatest(c.reltuples, 0) * 3 / 2
            or (s.n_mod_since_analyze > 0 and s.last_analyze is null and s.last_autoanalyze is null)) order by s.relname";
    /// A tenth of the usual sample (3,000 rows of a table instead of 30,000): what is wanted is a table's size.
    SAMPLE = "select 1", postgres = "set local default_statistics_target = 10";
    ANALYZE_ACCOUNTS = "select 1", postgres = "analyze accounts";
    ANALYZE_CAMPAIGNS = "select 1", postgres = "analyze campaigns";
    ANALYZE_NUMBERS = "select 1", postgres = "analyze numbers";
    ANALYZE_TEMPLATES = "select 1", postgres = "analyze templates";
    ANALYZE_TENANTS = "select 1", postgres = "analyze tenants";
    ANALYZE_ATTEMPTS = "select 1", postgres = "analyze attempts";
    ANALYZE_ALIASES = "select 1", postgres = "analyze contact_aliases";
    ANALYZE_ACTIVITY = "select 1", postgres = "analyze contact_activity";
    ANALYZE_PEOPLE = "select 1", postgres = "analyze campaign_people";
    ANALYZE_CONSENTS = "select 1", postgres = "analyze consent_events";
    ANALYZE_CONTACTS = "select 1", postgres = "analyze contacts";
    ANALYZE_CONVERSATIONS = "select 1", postgres = "analyze conversations";
    ANALYZE_DECISIONS = "select 1", postgres = "analyze decisions";
    ANALYZE_INBOX = "select 1", postgres = "analyze inbox";
    ANALYZE_LANES = "select 1", postgres = "analyze lanes";
    ANALYZE_MEMBERS = "select 1", postgres = "analyze segment_members";
    ANALYZE_OUTBOX = "select 1", postgres = "analyze outbox";
    ANALYZE_STATUSES = "select 1", postgres = "analyze status_events";
    ANALYZE_COUNTED = "select 1", postgres = "analyze tier_recipients";
}

/// Tables that grow by people and messages, and those every statement about them looks into.
const TABLES: &[(&str, Sql)] = &[
    ("accounts", ANALYZE_ACCOUNTS),
    ("campaigns", ANALYZE_CAMPAIGNS),
    ("numbers", ANALYZE_NUMBERS),
    ("templates", ANALYZE_TEMPLATES),
    ("tenants", ANALYZE_TENANTS),
    ("attempts", ANALYZE_ATTEMPTS),
    ("contact_aliases", ANALYZE_ALIASES),
    ("contact_activity", ANALYZE_ACTIVITY),
    ("campaign_people", ANALYZE_PEOPLE),
    ("consent_events", ANALYZE_CONSENTS),
    ("contacts", ANALYZE_CONTACTS),
    ("conversations", ANALYZE_CONVERSATIONS),
    ("decisions", ANALYZE_DECISIONS),
    ("inbox", ANALYZE_INBOX),
    ("lanes", ANALYZE_LANES),
    ("segment_members", ANALYZE_MEMBERS),
    ("outbox", ANALYZE_OUTBOX),
    ("status_events", ANALYZE_STATUSES),
    ("tier_recipients", ANALYZE_COUNTED),
];

impl SystemTx<'_> {
    /// Looks again at tables that changed a lot; gives their names. Nothing on SQLite. Where another role
    /// owns the tables Postgres only warns.
    ///
    /// # Errors
    /// The database.
    pub async fn refresh_statistics(&mut self) -> Result<Vec<&'static str>> {
        if self.tx.engine() == EngineKind::Sqlite {
            return Ok(Vec::new());
        }
        let stale: Vec<(String,)> = self.tx.rows(STALE, args![]).await?;
        let mut done = Vec::new();
        if !stale.is_empty() {
            self.tx.run(SAMPLE, args![]).await?;
        }
        for (table, analyze) in TABLES {
            if stale.iter().any(|(name,)| name == table) {
                self.tx.run(*analyze, args![]).await?;
                done.push(*table);
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::TABLES;

    #[test]
    fn every_name_is_a_table() {
        let migrations = [
            include_str!("../migrations/postgres/0001_first_light.sql"),
            include_str!("../migrations/postgres/0003_traffic.sql"),
            include_str!("../migrations/postgres/0004_data.sql"),
            include_str!("../migrations/postgres/0007_campaigns.sql"),
        ];
        for (table, analyze) in TABLES {
            let made = format!("create table {table} (");
            assert!(migrations.iter().any(|m| m.contains(&made)), "{table}");
            assert_eq!(analyze.postgres, format!("analyze {table}"));
        }
    }
}
