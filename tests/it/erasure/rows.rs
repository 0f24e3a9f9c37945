//! The whole database as text, past the host.

use sqlx::{Connection, Row};

use crate::harness::Env;

/// Every row of every table as text, bytes as hexadecimal digits.
pub(crate) async fn everything(env: &Env) -> Vec<String> {
    let mut all = Vec::new();
    if env.database.starts_with("postgres") {
        let mut conn = sqlx::PgConnection::connect(&env.database).await.unwrap();
        let tables = "select table_name::text from information_schema.tables where table_schema = 'public' order by 1";
        for table in sqlx::query(tables).fetch_all(&mut conn).await.unwrap() {
            let table: String = table.get(0);
            let sql = sqlx::AssertSqlSafe(format!("select t::text from {table} t order by 1"));
            for row in sqlx::query(sql).fetch_all(&mut conn).await.unwrap() {
                all.push(format!("{table}: {}", row.get::<String, _>(0)));
            }
        }
    } else {
        let mut conn = sqlx::SqliteConnection::connect(&env.database)
            .await
            .unwrap();
        let tables = "select name from sqlite_master where type = 'table' order by 1";
        for table in sqlx::query(tables).fetch_all(&mut conn).await.unwrap() {
            let table: String = table.get(0);
            let columns = sqlx::AssertSqlSafe(format!(
                "select group_concat('quote(' || name || ')', '||'',''||') from pragma_table_info('{table}')"
            ));
            let columns: String = sqlx::query(columns)
                .fetch_one(&mut conn)
                .await
                .unwrap()
                .get(0);
            let sql = sqlx::AssertSqlSafe(format!("select {columns} from {table} order by 1"));
            for row in sqlx::query(sql).fetch_all(&mut conn).await.unwrap() {
                all.push(format!("{table}: {}", row.get::<String, _>(0)));
            }
        }
    }
    all
}

/// Rows that hold a text, as it is or as bytes.
pub(crate) fn holding<'a>(all: &'a [String], what: &str) -> Vec<&'a str> {
    let bytes: String = what.bytes().map(|b| format!("{b:02x}")).collect();
    let found = all
        .iter()
        .filter(|row| row.contains(what) || row.to_ascii_lowercase().contains(&bytes));
    found.map(String::as_str).collect()
}
