//! Statements and migrations.

use portero_store::EngineKind;

use crate::world::{World, open};

crate::tests![
    every_statement_prepares,
    migrating_again_applies_nothing,
    a_newer_schema_is_refused,
    the_address_of_a_database_is_checked,
    statistics_are_refreshed_where_there_are_any,
];

pub(crate) fn the_two_migration_folders_differ_in_blob_and_bytea_only() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let names = |engine: &str| -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(root.join(engine))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
    for name in names("sqlite") {
        let read = |engine: &str| std::fs::read_to_string(root.join(engine).join(&name)).unwrap();
        let (sqlite, postgres) = (read("sqlite"), read("postgres"));
        // What Postgres alone needs is a comment on SQLite.
        if name.ends_with("_on_postgres.sql") {
            let silent = |line: &str| line.is_empty() || line.starts_with("--");
            assert!(sqlite.lines().all(silent), "{name}");
            continue;
        }
        for (line, (s, p)) in sqlite.lines().zip(postgres.lines()).enumerate() {
            if s.starts_with("--") && p.starts_with("--") {
                continue;
            }
            assert_eq!(
                s.replace(" BLOB ", " BYTEA "),
                p,
                "{name}, line {}",
                line + 1
            );
        }
        assert_eq!(sqlite.lines().count(), postgres.lines().count(), "{name}");
        assert!(
            !postgres.replace("BLOB/BYTEA", "").contains("BLOB"),
            "{name}"
        );
    }
}

async fn every_statement_prepares(w: World) {
    let n = w.store.prepare_all().await.unwrap();
    assert!(n > 130, "only {n} statements are listed");
    let slow = w.store.lists_walked_again_and_again().await.unwrap();
    assert!(slow.is_empty(), "once per row of the tenant: {slow:?}");
}

async fn migrating_again_applies_nothing(w: World) {
    assert_eq!(w.store.pending_migrations().await.unwrap(), 0);
    assert_eq!(w.store.migrate().await.unwrap(), 0);
    w.store.ping().await.unwrap();
}

/// When Postgres counts the changes is its own affair; that it may be asked, inside a transaction that also
/// writes, is ours.
async fn statistics_are_refreshed_where_there_are_any(w: World) {
    for _ in 0..2 {
        let mut tx = w.write().await;
        let tables = tx.system().refresh_statistics().await.unwrap();
        assert!(w.store.engine() != EngineKind::Sqlite || tables.is_empty());
        tx.commit().await.unwrap();
    }
}

async fn a_newer_schema_is_refused(w: World) {
    let sql = "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
        select 9999, description, installed_on, success, checksum, execution_time from _sqlx_migrations limit 1";
    raw(&w, sql).await;
    let store = open(&w.url, crate::world::KEY, w.ids.clone()).await;
    let mut tx = store.read().await.unwrap();
    for error in [
        store.migrate().await.unwrap_err(),
        store.pending_migrations().await.unwrap_err(),
        tx.system().schema_versions().await.unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("does not know migration 9999"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("newer binary"), "{error}");
    }
}

async fn the_address_of_a_database_is_checked(w: World) {
    for url in [
        "",
        "mysql://x",
        "sqlite:",
        "sqlite::memory:",
        "postgres://u:secret@[bad/x",
    ] {
        let error =
            portero_store::Store::open(url, portero_store::MasterKey([1; 32]), w.ids.clone())
                .await
                .err()
                .unwrap_or_else(|| panic!("`{url}` was accepted"));
        assert!(
            matches!(error, portero_store::StoreError::BadUrl { .. }),
            "{url}: {error}"
        );
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
    }
    let missing = portero_store::Store::open(
        "sqlite:/nowhere/at/all/portero.db",
        portero_store::MasterKey([1; 32]),
        w.ids.clone(),
    )
    .await;
    assert!(matches!(
        missing.err().unwrap(),
        portero_store::StoreError::Unavailable { .. }
    ));
}

/// A statement past the store, as a hand in the database would run it. Returns rows touched.
pub(crate) async fn raw(w: &World, sql: &'static str) -> u64 {
    use sqlx::Connection;
    if w.is_postgres() {
        let mut conn = sqlx::PgConnection::connect(&w.url).await.unwrap();
        sqlx::query(sql)
            .execute(&mut conn)
            .await
            .unwrap()
            .rows_affected()
    } else {
        let mut conn = sqlx::SqliteConnection::connect(&w.url).await.unwrap();
        sqlx::query(sql)
            .execute(&mut conn)
            .await
            .unwrap()
            .rows_affected()
    }
}
