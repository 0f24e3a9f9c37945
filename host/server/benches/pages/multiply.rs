//! The rows of one shop's day many times over, by SQL that both engines read alike: other people, other
//! messages, other days, the same shapes.

use sqlx::{AssertSqlSafe, Executor, PgPool, SqlitePool};

/// What a shop's messages and people are, in an order that references allow.
const CONTENT: &[&str] = &[
    "contacts",
    "contact_aliases",
    "consent_events",
    "conversations",
    "inbox",
    "outbox",
    "status_events",
    "decisions",
    "seals",
    "campaign_people",
    "contact_activity",
    "segment_members",
    "plugin_calls",
    "handover_events",
];
/// What a shop has once.
const PER_SHOP: &[&str] = &[
    "numbers",
    "accounts",
    "templates",
    "wordings",
    "month_costs",
    "spend",
    "campaigns",
];
/// Ids that every copy has of its own.
const OF_A_COPY: &[&str] = &[
    "contact_id",
    "outbox_id",
    "decision_id",
    "consent_event_id",
    "event_id",
    "delivery_id",
    "admission_decision_id",
    "dispatch_decision_id",
    "item_id",
];
/// Texts that are made another by an addition.
const LONGER: &[&str] = &[
    "wamid",
    "window_wamid",
    "proposal_key",
    "dedupe_key",
    "lane_key",
    "call_id",
];
const DAY_MS: i64 = 86_400_000;
/// Days over which the messages are spread.
pub(crate) const DAYS: i64 = 90;
/// Records older than this are cut to `{}`: ten gigabytes of them say nothing about lists.
const WHOLE_MS: i64 = 9 * DAY_MS;

/// A database as the benchmark needs it.
pub(crate) enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Db {
    async fn run(&self, text: String) {
        let done = match self {
            Db::Sqlite(pool) => pool.execute(AssertSqlSafe(text.clone())).await.map(drop),
            Db::Postgres(pool) => pool.execute(AssertSqlSafe(text.clone())).await.map(drop),
        };
        done.unwrap_or_else(|e| panic!("{e}: {text}"));
    }

    async fn texts(&self, text: String) -> Vec<String> {
        let rows: Result<Vec<(String,)>, _> = match self {
            Db::Sqlite(pool) => sqlx::query_as(AssertSqlSafe(text)).fetch_all(pool).await,
            Db::Postgres(pool) => sqlx::query_as(AssertSqlSafe(text)).fetch_all(pool).await,
        };
        rows.unwrap().into_iter().map(|(text,)| text).collect()
    }

    /// Columns that are written, in their order.
    async fn columns(&self, table: &str) -> Vec<String> {
        let text = match self {
            Db::Sqlite(_) => format!("select name from pragma_table_info('{table}') order by cid"),
            Db::Postgres(_) => format!(
                "select cast(column_name as text) from information_schema.columns where table_schema = current_schema()
                    and table_name = '{table}' and is_generated = 'NEVER' order by ordinal_position"
            ),
        };
        self.texts(text).await
    }
}

/// How many there are to be.
pub(crate) struct Wanted {
    /// Messages, about: a half of them one shop's.
    pub(crate) messages: usize,
    /// Shops that exist already and get the other half.
    pub(crate) others: Vec<String>,
}

/// Copies the rows of the shop `of`; how many messages there are then.
pub(crate) async fn multiply(db: &Db, of: &str, wanted: &Wanted) -> usize {
    match db {
        // The file is thrown away; one connection, since the settings are its own.
        Db::Sqlite(_) => {
            db.run(
                "pragma synchronous = off; pragma foreign_keys = off; pragma cache_size = -200000"
                    .into(),
            )
            .await
        }
        Db::Postgres(_) => {
            db.run("set session_replication_role = replica; set synchronous_commit = off".into())
                .await
        }
    }
    let count = format!("select cast(count(*) as text) from outbox where tenant_id = '{of}'");
    let one: usize = db.texts(count).await[0].parse().unwrap();
    let now = format!("select cast(max(created_at) as text) from outbox where tenant_id = '{of}'");
    let now: i64 = db.texts(now).await[0].parse().unwrap();
    db.run("create table bench_copies (k bigint, hex text, digits text, prefix text, shift bigint, tenant text,
            shop text, shop_digits text)".into()).await;
    db.run("create table bench_shops (tenant text, shop text, shop_digits text)".into())
        .await;
    let own = wanted.messages / 2 / one;
    let each = (wanted.messages / 2 / one).div_ceil(wanted.others.len().max(1));
    let mut copies = Vec::new();
    let mut copy = |n: usize, all: usize, shop: Option<(usize, &String)>| {
        let k = i64::try_from(copies.len() + 1).unwrap();
        let back = DAYS * DAY_MS * i64::try_from(n).unwrap() / i64::try_from(all).unwrap();
        let shop = shop.map_or_else(
            || "null, null, null".to_owned(),
            |(s, tenant)| format!("'{tenant}', '{s:06x}', '{s:06}'"),
        );
        copies.push(format!(
            "({k}, '{k:06x}', '{k:06}', '{:012x}', {back}, {shop})",
            now - back
        ));
    };
    (0..own).for_each(|n| copy(n, own, None));
    let mut shops = Vec::new();
    for (n, tenant) in wanted.others.iter().enumerate() {
        // Apart from the numbers that the demo's shops have.
        let s = n + 1_001;
        shops.push(format!("('{tenant}', '{s:06x}', '{s:06}')"));
        (0..each).for_each(|n| copy(n, each, Some((s, tenant))));
    }
    for (table, rows) in [("bench_copies", &copies), ("bench_shops", &shops)] {
        for rows in rows.chunks(500) {
            db.run(format!("insert into {table} values {}", rows.join(", ")))
                .await;
        }
    }
    let tables = PER_SHOP.iter().map(|t| (t, "bench_shops"));
    for (table, from) in tables.chain(CONTENT.iter().map(|t| (t, "bench_copies"))) {
        let per_shop = from == "bench_shops";
        let columns = db.columns(table).await;
        let values: Vec<String> = columns.iter().map(|c| value(table, c, per_shop)).collect();
        let filter = match *table {
            // Every webhook of a status is an event; the lists show them like the others.
            "inbox" => " and kind <> 'status'",
            "decisions" => " and (stage = 'dispatch' or verdict <> 'allow')",
            _ => "",
        };
        db.run(format!(
            "create table bench_rows as select * from {table} where tenant_id = '{of}'{filter}"
        ))
        .await;
        db.run(format!(
            "insert into {table} ({}) select {} from {from} s cross join bench_rows b",
            columns.join(", "),
            values.join(", ")
        ))
        .await;
        db.run("drop table bench_rows".into()).await;
    }
    db.run("drop table bench_copies; drop table bench_shops".into())
        .await;
    match db {
        Db::Sqlite(_) => db.run("pragma wal_checkpoint(truncate)".into()).await,
        Db::Postgres(_) => db.run("analyze".into()).await,
    }
    one * (1 + own + each * wanted.others.len())
}

/// What a column of a copy holds: `b` is the row, `s` the copy.
fn value(table: &str, column: &str, per_shop: bool) -> String {
    let c = column;
    match c {
        "tenant_id" => return "coalesce(s.tenant, b.tenant_id)".into(),
        "campaign_id" => {
            return format!("coalesce(substr(b.{c}, 1, length(b.{c}) - 6) || s.shop, b.{c})");
        }
        "phone_number_id" | "waba_id" => {
            return format!(
                "coalesce(substr(b.{c}, 1, length(b.{c}) - 6) || s.shop_digits, b.{c})"
            );
        }
        _ if per_shop => return format!("b.{c}"),
        _ => {}
    }
    match (table, c) {
        // The id's time goes with the row's: lists are in their order.
        _ if OF_A_COPY.contains(&c) => {
            format!(
                "substr(b.{c}, 1, 4) || s.prefix || substr(b.{c}, 17, length(b.{c}) - 22) || s.hex"
            )
        }
        _ if LONGER.contains(&c) => format!("b.{c} || s.hex"),
        (_, "address" | "as_spelled") => format!(
            "case when b.address like '+%' then substr(b.{c}, 1, length(b.{c}) - 9)
                || substr(b.{c}, length(b.{c}) - 2) || s.digits else b.{c} || s.digits end"
        ),
        ("contacts", "name") => "b.name || ' ' || s.digits".into(),
        ("decisions", "record") => {
            format!("case when s.shift < {WHOLE_MS} then b.record else '{{}}' end")
        }
        // Nobody's segments are looked at again, nothing is shown to analytics a second time.
        ("contact_activity", "due_at") => "null".into(),
        (_, "tallied") => "1".into(),
        ("seals", "seq") => "b.seq + s.k * 1000".into(),
        (_, "at") => "b.at - s.shift".into(),
        _ if c.ends_with("_at") => format!("b.{c} - s.shift"),
        _ => format!("b.{c}"),
    }
}
