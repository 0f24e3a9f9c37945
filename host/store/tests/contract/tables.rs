//! Whole tables: all of them are known, in an order in which they can be written.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use portero_store::EngineKind;
use portero_store::model::{Cell, RowFilter, STAY_BEHIND, Table, rows_of_tenant};

use crate::schema::raw;
use crate::world::World;

crate::tests![
    every_table_of_the_schema_is_known_with_its_columns,
    what_is_read_is_what_was_written,
    a_value_of_another_kind_is_refused,
    every_table_is_somebodys_or_stays_behind_for_a_reason,
];

/// The tables that the migrations make, read from their texts.
fn made() -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut names = BTreeSet::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["create", "table", name, "("] => names.insert(name.to_owned()),
                ["drop", "table", name] => names.remove(name.trim_end_matches(';')),
                _ => continue,
            };
        }
    }
    names
}

async fn every_table_of_the_schema_is_known_with_its_columns(w: World) {
    let mut tx = w.store.read().await.unwrap();
    let tables = tx.system().tables().await.unwrap();
    let names: BTreeSet<String> = tables.iter().map(|t| t.name.clone()).collect();
    assert_eq!(names, made());
    assert!(names.len() > 40, "{names:?}");
    let one = |name: &str| -> &Table { tables.iter().find(|t| t.name == name).unwrap() };
    // What the engine computes is not written.
    assert!(one("outbox").has("state") && !one("outbox").has("untallied"));
    let mut seen = BTreeSet::new();
    for table in &tables {
        for (column, other, _) in &table.references {
            assert!(table.has(column));
            assert!(
                seen.contains(other.as_str()),
                "{} comes before {other}",
                table.name
            );
        }
        seen.insert(table.name.as_str());
    }
    let versions = tx.system().schema_versions().await.unwrap();
    assert_eq!(versions, portero_store::Store::known_migrations());
    tx.system().check_master().await.unwrap();
}

async fn rows(w: &World, table: &Table) -> Vec<Vec<Cell>> {
    let mut tx = w.store.read().await.unwrap();
    let mut found = Vec::new();
    tx.system()
        .each_row(table, &RowFilter::default(), |row| {
            found.push(row);
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
    found
}

async fn what_is_read_is_what_was_written(w: World) {
    let mut tx = w.store.read().await.unwrap();
    let tables = tx.system().tables().await.unwrap();
    let apps = tables.iter().find(|t| t.name == "apps").unwrap();
    assert!(tx.system().is_empty(apps).await.unwrap());
    drop(tx);
    let row = |n: i64| {
        vec![
            Cell::Text(format!("app {n} \u{1f331}\n'\"")),
            Cell::Blob(vec![0, 255, 10]),
            Cell::Blob(Vec::new()),
            Cell::Int(i64::MAX - n),
        ]
    };
    let written: Vec<_> = (0..5).map(row).collect();
    let mut tx = w.write().await;
    tx.system().put_rows(apps, written.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rows(&w, apps).await, written);
    let mut tx = w.write().await;
    assert_eq!(tx.system().row_count(apps).await.unwrap(), 5);
    let twice = tx.system().put_rows(apps, vec![row(0)]).await;
    assert!(twice.unwrap_err().to_string().contains("apps"));
}

async fn a_value_of_another_kind_is_refused(w: World) {
    let mut tx = w.write().await;
    let tables = tx.system().tables().await.unwrap();
    let settings = tables.iter().find(|t| t.name == "settings").unwrap();
    let wrong = vec![Cell::Text("a".to_owned()), Cell::Int(1)];
    assert!(tx.system().put_rows(settings, vec![wrong]).await.is_err());
    let short = vec![Cell::Text("a".to_owned())];
    assert!(tx.system().put_rows(settings, vec![short]).await.is_err());
    // SQLite's one writer keeps its transaction open until the next.
    tx.commit().await.unwrap();
    // A hand in the database: SQLite takes what it is given.
    if w.store.engine() == EngineKind::Sqlite {
        let n = raw(&w, "update tenants set created_at = 'yesterday'").await;
        assert!(n > 0);
        let tenants = tables.iter().find(|t| t.name == "tenants").unwrap();
        let mut tx = w.store.read().await.unwrap();
        let read = tx
            .system()
            .each_row(
                tenants,
                &RowFilter::default(),
                |_| ControlFlow::Continue(()),
            )
            .await;
        let said = read.unwrap_err().to_string();
        assert!(said.contains("tenants.created_at holds TEXT"), "{said}");
    }
}

async fn every_table_is_somebodys_or_stays_behind_for_a_reason(w: World) {
    w.install().await;
    let mut tx = w.store.read().await.unwrap();
    let mut system = tx.system();
    let tables = system.tables().await.unwrap();
    for table in &tables {
        let stays = STAY_BEHIND.iter().any(|(name, _)| *name == table.name);
        let filter = rows_of_tenant(table, &tables, w.a.id);
        assert_ne!(
            stays,
            filter.is_some(),
            "{}: either it is told whose its rows are (a column tenant_id, or a reference to a table that has one), \
             or it is in STAY_BEHIND with the reason",
            table.name
        );
        if let Some(filter) = filter {
            // It is a statement that reads.
            system
                .each_row(table, &filter, |_| ControlFlow::Continue(()))
                .await
                .unwrap();
        }
    }
    for (name, reason) in STAY_BEHIND {
        assert!(tables.iter().any(|t| t.name == *name), "{name} is no table");
        assert!(reason.len() > 5);
    }
    // Of two tenants each has its own.
    for (name, of_a, of_b) in [
        ("tenants", 1, 1),
        ("contacts", 1, 1),
        ("numbers", 1, 1),
        ("plugins", 1, 0),
        ("installations", 1, 0),
    ] {
        let table = tables.iter().find(|t| t.name == name).unwrap();
        for (tenant, expected) in [(w.a.id, of_a), (w.b.id, of_b)] {
            let filter = rows_of_tenant(table, &tables, tenant).unwrap();
            let mut n = 0;
            let each = |_| {
                n += 1;
                ControlFlow::Continue(())
            };
            system.each_row(table, &filter, each).await.unwrap();
            assert_eq!(n, expected, "{name}");
        }
    }
}
