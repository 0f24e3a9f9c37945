//! One client from one server to another: everything of theirs and nothing of anybody else's.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use portero::clock::Ids;
use portero_domain::clock::Clock as _;
use portero_domain::ids::TenantId;
use portero_flow::desk::backup::tenant::{self, ImportOrder};
use portero_flow::desk::backup::{self, BackupError};
use portero_gate::record::{DecisionRecord, replay};
use portero_store::model::{Cell, rows_of_tenant};
use portero_store::{MasterKey, Store, Tx};
use serde_json::json;

use crate::harness::{self, Env};
use crate::rules::{agreed, offer, to};

pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(tenant_move::a_tenant_is_the_same_elsewhere_and_comes_alone),
    harness::test!(tenant_move::what_cannot_come_in_is_refused_and_nothing_is_written),
];

const KEY: MasterKey = MasterKey([9; 32]);
/// The other server's.
const MASTER: MasterKey = MasterKey([0x33; 32]);

/// On a thread of its own, as a process would: reading a file between two waits need not be sendable.
async fn alone<F: Future<Output = ()>>(run: impl FnOnce() -> F + Send + 'static) {
    let here = tokio::runtime::Handle::current();
    let ran = tokio::task::spawn_blocking(move || here.block_on(run()));
    ran.await.unwrap();
}

/// A new host's database.
async fn elsewhere(folder: &tempfile::TempDir, name: &str) -> Store {
    let url = format!("sqlite:{}", folder.path().join(name).display());
    let store = Store::open(&url, MASTER, Arc::new(Ids::system()))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    store
}

/// Something of everything, of both shops.
async fn a_day(env: &Env) {
    let (sol, lua) = (env.sol(), env.lua());
    env.says(sol, 0, "hola, ¿qué horario tienen?").await;
    env.says(sol, 1, "BAJA").await;
    env.says(lua, 0, "hola, soy Peonia").await;
    let who = agreed(env, 40).await;
    sol.api.propose("one", to(&who, offer())).await.unwrap();
    env.settle().await;
    sol.api.propose("two", to(&who, offer())).await.unwrap();
    env.settle().await;
    let hook = json!({ "url": "portero:fetched", "about": "crm" });
    sol.api.post("/v1/webhooks", hook).await.unwrap();
    let key = lua.shop.people[1].key();
    let told = json!({ "name": "Peonia", "attributes": { "a": "Peonia" }, "tags": ["t"] });
    lua.api
        .put(&format!("/v1/contacts/{key}"), told)
        .await
        .unwrap();
    env.settle().await;
}

/// The file, and the rows of the very moment it shows.
async fn exported(env: &Env, slug: &str) -> (Vec<u8>, BTreeMap<String, Vec<String>>) {
    let ctx = &env.stage.host.ctx;
    let mut file = Vec::new();
    let mut tx = ctx.store.read().await.unwrap();
    let made = tenant::write(&mut tx, slug, &KEY, &mut file, "test", ctx.now(), |_| {}).await;
    let made = made.unwrap();
    assert!(made.manifest.rows > 50, "{made:?}");
    let id = made.header.tenant.unwrap().id;
    let counted = tenant::count(&mut tx, id).await;
    assert_eq!(counted.unwrap(), made.manifest.rows);
    let rows = seen(&mut tx, id).await;
    (file, rows)
}

/// Rows of a tenant by table, in an order of their own; without its own row.
async fn rows(store: &Store, tenant: TenantId) -> BTreeMap<String, Vec<String>> {
    seen(&mut store.read().await.unwrap(), tenant).await
}

async fn seen(tx: &mut Tx, tenant: TenantId) -> BTreeMap<String, Vec<String>> {
    let mut system = tx.system();
    let tables = system.tables().await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables.iter().filter(|t| t.name != "tenants") {
        let Some(filter) = rows_of_tenant(table, &tables, tenant) else {
            continue;
        };
        let mut found = Vec::new();
        let each = |row: Vec<Cell>| {
            let cells: BTreeMap<&str, &Cell> = table
                .columns
                .iter()
                .map(|c| c.name.as_str())
                .zip(&row)
                .collect();
            found.push(format!("{cells:?}"));
            ControlFlow::Continue(())
        };
        system.each_row(table, &filter, each).await.unwrap();
        found.sort();
        if !found.is_empty() {
            all.insert(table.name.clone(), found);
        }
    }
    all
}

async fn import(
    store: &Store,
    file: &[u8],
    order: &ImportOrder<'_>,
) -> Result<tenant::Imported, BackupError> {
    let now = portero::clock::SystemClock.now();
    tenant::import(store, file, &KEY, order, now, |_| {}).await
}

pub(crate) async fn a_tenant_is_the_same_elsewhere_and_comes_alone(env: Env) {
    alone(|| the_same_elsewhere(env)).await;
}

async fn the_same_elsewhere(env: Env) {
    a_day(&env).await;
    let (sol, lua): (TenantId, TenantId) =
        (env.sol().id.parse().unwrap(), env.lua().id.parse().unwrap());
    let slug = env.sol().shop.slug;
    let (file, before) = exported(&env, slug).await;
    for table in [
        "attempts",
        "consent_events",
        "contact_aliases",
        "decisions",
        "inbox",
        "installations",
        "outbox",
        "plugins",
        "seals",
        "status_events",
        "templates",
        "webhooks",
    ] {
        assert!(
            before.contains_key(table),
            "{table} is empty: nothing is tested"
        );
    }

    let folder = tempfile::tempdir().unwrap();
    let there = elsewhere(&folder, "one.db").await;
    // A look, and nothing else.
    let look = ImportOrder {
        dry_run: true,
        ..ImportOrder::default()
    };
    let would = import(&there, &file, &look).await.unwrap();
    assert!(!would.imported && would.apps_missing == ["default"]);
    backup::must_be_empty(&there).await.unwrap();
    let done = import(&there, &file, &ImportOrder::default())
        .await
        .unwrap();
    assert!(done.imported && done.sending_stopped && done.chain.seals > 5);

    assert_eq!(rows(&there, sol).await, before);
    assert!(
        rows(&there, lua).await.is_empty(),
        "another tenant's do not travel"
    );
    let mut tx = there.read().await.unwrap();
    let tenants = tx.system().tenants().await.unwrap();
    assert_eq!(tenants.len(), 1);
    let stopped = tenants[0].stopped.as_ref().unwrap();
    assert!(
        stopped.reason.contains("imported from the export of"),
        "{stopped:?}"
    );
    // Its secrets open with the other server's key, the chain holds, every record judges the same.
    tx.system().check_master().await.unwrap();
    let number = portero_domain::ids::PhoneNumberId::new(env.sol().shop.number).unwrap();
    assert!(
        tx.tenant(sol)
            .number_token(&number)
            .await
            .unwrap()
            .is_some()
    );
    let report = tx.tenant(sol).verify_chain().await.unwrap();
    assert_eq!(report.faults, [] as [String; 0]);
    let filter = portero_store::model::DecisionFilter {
        limit: 1_000,
        ..Default::default()
    };
    let records = tx.tenant(sol).decisions(&filter).await.unwrap();
    assert_eq!(records.len(), before["decisions"].len());
    for row in records {
        let record: DecisionRecord = serde_json::from_str(&row.record).unwrap();
        let judged = replay(&record);
        assert!(judged.same && judged.same_ruleset && judged.judgement == record.judgement);
    }
    drop(tx);
    // And from there on: what came by a file goes by one.
    let mut on = Vec::new();
    let mut tx = there.read().await.unwrap();
    tenant::write(
        &mut tx,
        &sol.to_string(),
        &KEY,
        &mut on,
        "test",
        env.stage.clock.now(),
        |_| {},
    )
    .await
    .unwrap();
    drop(tx);
    let third = elsewhere(&folder, "third.db").await;
    let order = ImportOrder {
        slug: Some("otra"),
        keep_sending: true,
        ..ImportOrder::default()
    };
    assert_eq!(import(&third, &on, &order).await.unwrap().slug, "otra");
    assert_eq!(rows(&third, sol).await, before);
    there.close().await;
    third.close().await;
    env.end().await;
}

pub(crate) async fn what_cannot_come_in_is_refused_and_nothing_is_written(env: Env) {
    alone(|| refused(env)).await;
}

async fn refused(env: Env) {
    a_day(&env).await;
    let (sol, lua) = (env.sol(), env.lua());
    let (file, _) = exported(&env, sol.shop.slug).await;
    let folder = tempfile::tempdir().unwrap();
    let there = elsewhere(&folder, "one.db").await;
    // Another key, another file, a file cut anywhere, a bit turned anywhere.
    let other = tenant::check(&file[..], &MasterKey([8; 32]), |_| {});
    assert!(matches!(other, Err(BackupError::OtherExportKey)));
    let whole = tenant::check(&file[..], &KEY, |_| {}).unwrap();
    let step = (file.len() / 60).max(1);
    for at in (0..file.len()).step_by(step) {
        assert!(
            tenant::check(&file[..at], &KEY, |_| {}).is_err(),
            "cut at {at}"
        );
        assert!(
            import(&there, &file[..at], &ImportOrder::default())
                .await
                .is_err()
        );
        let mut turned = file.clone();
        turned[at] ^= 0x10;
        match tenant::check(&turned[..], &KEY, |_| {}) {
            Err(_) => {
                let came = import(&there, &turned, &ImportOrder::default()).await;
                assert!(came.is_err(), "turned at {at}");
            }
            // Gzip has bits that say nothing.
            Ok(same) => assert_eq!(same.manifest, whole.manifest, "turned at {at}"),
        }
    }
    let said = backup::check(&file[..], &KEY, |_| {})
        .unwrap_err()
        .to_string();
    assert!(said.contains("portero tenant import"), "{said}");
    let mut all = Vec::new();
    let ctx = &env.stage.host.ctx;
    let mut tx = ctx.store.read().await.unwrap();
    backup::write(&mut tx, &mut all, "test", ctx.now(), |_| {})
        .await
        .unwrap();
    drop(tx);
    let said = tenant::check(&all[..], &KEY, |_| {})
        .unwrap_err()
        .to_string();
    assert!(said.contains("portero restore"), "{said}");
    backup::must_be_empty(&there).await.unwrap();

    // Where it is already, under whatever name; where the name is somebody else's.
    let again = import(
        &ctx.store,
        &file,
        &ImportOrder {
            slug: Some("nueva"),
            ..ImportOrder::default()
        },
    )
    .await;
    let said = again.unwrap_err().to_string();
    assert!(said.contains("here already"), "{said}");
    let (luna, _) = exported(&env, lua.shop.slug).await;
    let as_sol = ImportOrder {
        slug: Some(sol.shop.slug),
        ..ImportOrder::default()
    };
    import(&there, &luna, &as_sol).await.unwrap();
    let taken = import(&there, &file, &ImportOrder::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(taken.contains("--as NEW-SLUG"), "{taken}");
    let bad = ImportOrder {
        slug: Some("No Good"),
        ..ImportOrder::default()
    };
    assert!(
        import(&there, &file, &bad)
            .await
            .unwrap_err()
            .to_string()
            .contains("a-z")
    );
    // One of its numbers is there: nothing of it comes in.
    let (sol_id, lua_id): (TenantId, TenantId) = (sol.id.parse().unwrap(), lua.id.parse().unwrap());
    let mut tx = there.write().await.unwrap();
    let number = portero_store::model::NewNumber {
        app: "default".to_owned(),
        id: portero_domain::ids::PhoneNumberId::new(sol.shop.number).unwrap(),
        waba: portero_domain::ids::WabaId::new("1").unwrap(),
        display: "+57 1".to_owned(),
        access_token: "EAAG".to_owned().into(),
        mps: 80,
    };
    tx.tenant(lua_id)
        .put_number(&number, ctx.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let lunas = rows(&there, lua_id).await;
    let order = ImportOrder {
        slug: Some("sol-aqui"),
        ..ImportOrder::default()
    };
    let said = import(&there, &file, &order).await.unwrap_err().to_string();
    assert!(said.contains("a number belongs to one"), "{said}");
    assert!(rows(&there, sol_id).await.is_empty());
    assert_eq!(rows(&there, lua_id).await, lunas);
    let mut tx = there.read().await.unwrap();
    assert_eq!(tx.system().tenants().await.unwrap().len(), 1);
    drop(tx);
    there.close().await;
    env.end().await;
}
