//! Backups: made while a host works, restored elsewhere, and every verdict judged again there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use portero::clock::Ids;
use portero_domain::clock::Ts;
use portero_flow::desk::backup;
use portero_gate::record::{DecisionRecord, replay};
use portero_store::model::{Cell, ChainReport, Column, ColumnKind, Table};
use portero_store::{MasterKey, Store};
use serde_json::{Value, json};

use crate::binary::{LOOK, PATIENCE, Ran, Running, finish, folder, portero};
use crate::street::{Host, Street, pages};

/// Verdicts that a day must have, and that must be the same where it was restored.
const VERDICTS: usize = 1_000;
/// Everybody's answer is judged twice: when it is proposed and before it leaves.
const ROUNDS: usize = 11;
/// So many ask together; the first of them twice.
const AT_ONCE: usize = 50;

/// A verb with the street's key, in the street's folder.
fn verb(street: &Street, arguments: &[&str]) -> Ran {
    let mut command = portero(street.folder());
    command.args(arguments);
    command.env("PORTERO_MASTER_KEY", Street::master_key());
    finish(command)
}

/// Where a street's data is, as flags.
fn place(street: &Street) -> Vec<String> {
    match street.database_url() {
        Some(url) => vec!["--database-url".to_owned(), url.to_owned()],
        None => vec![
            "--data".to_owned(),
            street.folder().join("first").display().to_string(),
        ],
    }
}

fn saved(street: &Street, name: &str) -> (PathBuf, Value) {
    let file = street.folder().join(name);
    let path = file.display().to_string();
    let place = place(street);
    let mut arguments = vec!["backup", path.as_str(), "--json"];
    arguments.extend(place.iter().map(String::as_str));
    let answer = verb(street, &arguments).json();
    assert!(!file.with_extension("backup.part").exists());
    (file, answer)
}

/// A street's day: many ask, fifty at a time, and are answered. Backed up in the middle of it, and after it.
async fn a_day(street: &mut Street, host: &Host) -> (PathBuf, Value) {
    let mut some = Value::Null;
    for round in 0..ROUNDS {
        street.ask(AT_ONCE).await;
        if round == ROUNDS / 2 {
            let (middle, made) = saved(street, "middle.backup");
            let middle = middle.display().to_string();
            let looked = verb(street, &["restore", &middle, "--check", "--json"]).json();
            assert_eq!(looked["sha256"], made["sha256"]);
            assert_eq!(looked["restored"], false);
            some = made;
        }
        street.settle(host).await;
    }
    let (file, all) = saved(street, "evening.backup");
    assert!(
        all["rows"].as_u64() > some["rows"].as_u64(),
        "{all}\n{some}"
    );
    (file, all)
}

/// Every record of the shop as it is stored, in the order of the list of verdicts.
async fn records(url: &str, key: [u8; 32], verdicts: &[Value]) -> Vec<String> {
    let mut tx = Store::snapshot(url, MasterKey(key), Arc::new(Ids::system()))
        .await
        .expect("the database");
    let tenants = tx.system().tenants().await.expect("tenants");
    let mut records = Vec::new();
    for verdict in verdicts {
        let id = verdict["id"].as_str().expect("an id");
        let id = id.parse().expect("an id of a verdict");
        let mut of = tx.tenant(tenants[0].id);
        let row = of.decision(id).await.expect("read").expect("it is there");
        records.push(row.record);
    }
    records
}

async fn the_chain_when_all_is_sealed(url: &str, key: [u8; 32]) -> ChainReport {
    let began = Instant::now();
    loop {
        let mut tx = Store::snapshot(url, MasterKey(key), Arc::new(Ids::system()))
            .await
            .expect("the database");
        let tenants = tx.system().tenants().await.expect("tenants");
        let report = tx.tenant(tenants[0].id).verify_chain().await.expect("read");
        if report.unsealed == 0 {
            return report;
        }
        assert!(began.elapsed() < PATIENCE, "{} wait", report.unsealed);
        tokio::time::sleep(LOOK).await;
    }
}

/// What the host would say now, in short.
async fn again(host: &Host, verdict: &Value) -> Value {
    let id = verdict["id"].as_str().expect("an id");
    let path = format!("/v1/verdicts/{id}/rejudge");
    let said = host.api.post(&path, json!({})).await.expect("judged");
    json!([
        said["was"],
        said["now"]["verdict"],
        said["now"]["rule"],
        said["other_rules"],
        said["other_policy"]
    ])
}

/// The same verdicts, judged again the same; the same account; secrets that open.
async fn is_the_same(street: &mut Street, first: &Host, first_url: &str, second: &Host, url: &str) {
    let before = pages(&first.api, "/v1/verdicts").await;
    assert!(
        before.len() >= VERDICTS,
        "only {} verdicts are no day",
        before.len()
    );
    assert_eq!(before, pages(&second.api, "/v1/verdicts").await);
    let key = [0x5a; 32];
    let (ours, theirs) = (
        records(first_url, key, &before).await,
        records(url, key, &before).await,
    );
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
        let record: DecisionRecord = serde_json::from_str(theirs).expect("a record");
        let judged = replay(&record);
        assert!(judged.same && judged.same_ruleset);
        assert_eq!(judged.judgement, record.judgement);
    }
    for verdict in &before {
        // Some rules go by the second: both are asked until they were asked in the same one.
        let began = Instant::now();
        loop {
            let (ours, theirs) = (again(first, verdict).await, again(second, verdict).await);
            if ours == theirs {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{verdict}: {ours} and {theirs}");
        }
    }
    // What the first host had not sealed yet, the second does: one chain, from the first to the last.
    let chain = the_chain_when_all_is_sealed(url, key).await;
    assert_eq!(chain.faults, [] as [String; 0]);
    assert!(chain.seals >= before.len() as u64, "{chain:?}");
    for path in ["/v1/account", "/v1/contacts?limit=200", "/v1/numbers"] {
        assert_eq!(
            first.api.get(path).await.expect("an answer"),
            second.api.get(path).await.expect("an answer"),
            "{path}"
        );
    }
    // The app's secret checks what comes in, the number's token sends what goes out.
    let before = street.accepted().await.len();
    street.lead_to(&[second]);
    street.ask(3).await;
    street.settle(second).await;
    assert!(street.accepted().await.len() >= before + 3);
}

pub(crate) async fn a_day_is_judged_again_where_it_was_restored(url: Option<String>) {
    let mut street = Street::build(31, VERDICTS, url).await;
    let host = street.start();
    let (file, made) = a_day(&mut street, &host).await;
    let path = file.display().to_string();
    let engine = street.database_url().map_or("sqlite", |_| "postgres");
    assert_eq!(made["engine"], engine);
    // Into SQLite, whichever engine it was made on.
    let data = street.folder().join("second");
    let data_text = data.display().to_string();
    let restored = verb(&street, &["restore", &path, "--data", &data_text, "--json"]).json();
    assert_eq!(restored["restored"], true);
    assert_eq!(restored["tables"], made["tables"]);
    let chains = restored["chains"].as_array().expect("chains");
    assert!(!chains.is_empty());
    for chain in chains {
        assert_eq!(chain["faults"], json!([]), "{chain}");
        assert!(chain["seals"].as_u64() > Some(0), "{chain}");
    }
    // Nothing leaves before somebody looked.
    let second = street.host_on("second", None);
    let stopped = street.operator(&second, "/v1/tenants").await;
    let why = stopped["items"][0]["stopped"]
        .as_str()
        .expect("it is stopped");
    assert!(why.contains("restored from the backup of"), "{why}");
    verb(&street, &["resume", "--all", "--data", &data_text]).says(0, &[]);
    let first_url = match street.database_url() {
        Some(url) => url.to_owned(),
        None => sqlite(&street.folder().join("first")),
    };
    is_the_same(&mut street, &host, &first_url, &second, &sqlite(&data)).await;
}

pub(crate) async fn a_shop_moves_from_sqlite_to_postgres(url: String) {
    let mut street = Street::build(32, VERDICTS, None).await;
    let host = street.start();
    let (file, made) = a_day(&mut street, &host).await;
    let path = file.display().to_string();
    let data = street.folder().join("third").display().to_string();
    let into = ["--data", data.as_str(), "--database-url", url.as_str()];
    let mut arguments = vec!["restore", path.as_str(), "--keep-sending", "--json"];
    arguments.extend(into);
    let restored = verb(&street, &arguments).json();
    assert_eq!(restored["tables"], made["tables"]);
    assert_eq!(restored["sending_stopped"], false);
    assert_eq!(restored["chains"][0]["faults"], json!([]));
    // A second time there is something there.
    verb(&street, &arguments[..arguments.len()]).says(1, &["not empty", "tenants"]);
    let second = street.host_on("third", Some(&url));
    let first_url = sqlite(&street.folder().join("first"));
    is_the_same(&mut street, &host, &first_url, &second, &url).await;
}

/// One client's day, taken to another server's database.
async fn moves(mut street: Street, target: Option<String>) {
    let host = street.start();
    a_day(&mut street, &host).await;
    let tenants = street.operator(&host, "/v1/tenants").await;
    let slug = tenants["items"][0]["slug"]
        .as_str()
        .expect("a slug")
        .to_owned();
    let out = street.folder().join("shop.tenant");
    let out_text = out.display().to_string();
    let place = place(&street);
    let mut arguments = vec![
        "tenant",
        "export",
        slug.as_str(),
        "--out",
        out_text.as_str(),
        "--json",
    ];
    arguments.extend(place.iter().map(String::as_str));
    let made = verb(&street, &arguments).json();
    let keys = ["right.key", "wrong.key"].map(|name| street.folder().join(name));
    std::fs::write(&keys[0], made["key"].as_str().expect("a key")).expect("written");
    std::fs::write(&keys[1], "77".repeat(32)).expect("written");
    let [right, wrong] = keys.map(|file| file.display().to_string());

    let data = street.folder().join("moved");
    let data_text = data.display().to_string();
    let mut there = vec!["--data", data_text.as_str()];
    if let Some(url) = &target {
        there.extend(["--database-url", url.as_str()]);
    }
    let into = |more: &[&str], key: &str| {
        let mut arguments = vec!["tenant", "import", out_text.as_str(), "--key-file", key];
        arguments.extend(more);
        arguments.extend(&there);
        verb(&street, &arguments)
    };
    let mut migrate = vec!["migrate"];
    migrate.extend(&there);
    verb(&street, &migrate).says(0, &["up to date"]);
    into(&[], &wrong).says(1, &["not the key of this export", "Nothing was written"]);
    into(&["--dry-run"], &right).says(
        0,
        &["chain of", "nothing was written", "portero app put default"],
    );
    let url = target.clone().unwrap_or_else(|| sqlite(&data));
    // Ended while it reads or writes: all of it is there, or nothing.
    for _ in 0..3 {
        let mut command = portero(street.folder());
        command.args([
            "tenant",
            "import",
            out_text.as_str(),
            "--key-file",
            right.as_str(),
            "--json",
        ]);
        command
            .args(&there)
            .env("PORTERO_MASTER_KEY", Street::master_key());
        let mut ended = Running::start(command);
        ended.terminate();
        let whole = ended.wait().success();
        let store = Store::open(&url, MasterKey([0x5a; 32]), Arc::new(Ids::system())).await;
        let store = store.expect("a database");
        assert_eq!(
            backup::must_be_empty(&store).await.is_err(),
            whole,
            "{}",
            ended.errors()
        );
        store.close().await;
        assert!(!whole, "a signal at its start is in time");
    }
    let came = into(&["--json"], &right).json();
    assert_eq!(
        (&came["imported"], &came["sending_stopped"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(came["tables"], made["tables"]);
    assert_eq!(came["chain"]["faults"], json!([]));
    into(&[], &right).says(1, &["here already"]);

    let mut second = street.host_on("moved", target.as_deref());
    let stopped = street.operator(&second, "/v1/tenants").await;
    let why = stopped["items"][0]["stopped"]
        .as_str()
        .expect("it is stopped");
    assert!(why.contains("imported from the export of"), "{why}");
    street.moved_in(&mut second).await;
    let first_url = match street.database_url() {
        Some(url) => url.to_owned(),
        None => sqlite(&street.folder().join("first")),
    };
    is_the_same(&mut street, &host, &first_url, &second, &url).await;
}

/// Into SQLite, from either engine.
pub(crate) async fn a_tenant_moves_to_another_server(url: Option<String>) {
    moves(Street::build(33, VERDICTS, url).await, None).await;
}

pub(crate) async fn a_tenant_moves_from_sqlite_to_postgres(url: String) {
    moves(Street::build(34, VERDICTS, None).await, Some(url)).await;
}

fn sqlite(data: &Path) -> String {
    format!("sqlite:{}", data.join("portero.db").display())
}

/// A host that ran and ended, in `data` of a folder; its backup.
fn small(here: &Path) -> PathBuf {
    let mut command = portero(here);
    command.args(["serve", "--json", "--data", "data"]);
    let mut host = Running::start(command);
    host.start_object();
    let file = here.join("small.backup");
    let mut command = portero(here);
    command.args(["backup", "small.backup", "--data", "data"]);
    // While it runs.
    finish(command).says(0, &["rows of", "data/master.key", "is not in it"]);
    host.terminate();
    assert!(host.wait().success(), "{}", host.errors());
    file
}

pub(crate) fn what_cannot_be_restored_is_refused_and_nothing_is_written() {
    let here = folder();
    let here = here.path();
    let file = small(here);
    let go = |arguments: &[&str]| {
        let mut command = portero(here);
        command.args(arguments);
        finish(command)
    };
    let key = ["--master-key-file", "data/master.key"];
    let restore = |file: &str, data: &str, more: &[&str]| {
        let mut arguments = vec!["restore", file, "--data", data];
        arguments.extend_from_slice(more);
        go(&arguments)
    };
    // No key, and another one.
    restore("small.backup", "new", &[]).says(1, &["no master key", "--master-key-file"]);
    std::fs::write(here.join("other.key"), "ab".repeat(32)).unwrap();
    restore("small.backup", "new", &["--master-key-file", "other.key"]).says(
        1,
        &["not the master key of this backup", "Nothing was written"],
    );
    // Not whole.
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(here.join("cut.backup"), &whole[..whole.len() - 9]).unwrap();
    restore("cut.backup", "new", &key).says(1, &["damaged", "Nothing was written"]);
    let mut turned = whole.clone();
    let middle = turned.len() / 2;
    turned[middle] ^= 1;
    std::fs::write(here.join("turned.backup"), &turned).unwrap();
    restore("turned.backup", "new", &key).says(1, &["damaged"]);
    std::fs::write(here.join("letter.txt"), "Dear diary").unwrap();
    restore("letter.txt", "new", &key).says(1, &["no backup of portero"]);
    restore("nowhere.backup", "new", &key).says(1, &["cannot read `nowhere.backup`"]);
    assert!(!here.join("new").exists(), "nothing was written");
    // Where something is already, and where a host runs.
    restore("small.backup", "data", &[]).says(1, &["not empty", "stays as it is", "tokens"]);
    let mut command = portero(here);
    command.args(["serve", "--json", "--data", "data"]);
    let mut host = Running::start(command);
    host.start_object();
    restore("small.backup", "data", &[]).says(1, &["another portero runs on"]);
    host.terminate();
    host.wait();
    // A name that is taken.
    go(&["backup", "small.backup", "--data", "data"]).says(1, &["is there already", "--overwrite"]);
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    go(&["backup", "small.backup", "--overwrite", "--data", "data"]).says(0, &[]);
    // What a killed restore left is in nobody's way; the key comes along.
    std::fs::create_dir(here.join("new")).unwrap();
    std::fs::write(here.join("new/portero.db.restoring"), "half of it").unwrap();
    restore("small.backup", "new", &key).says(
        0,
        &[
            "was killed left",
            "begun anew",
            "every hash fits",
            "Sending is stopped",
        ],
    );
    assert!(!here.join("new/portero.db.restoring").exists());
    assert_eq!(
        std::fs::read(here.join("new/master.key")).unwrap(),
        std::fs::read(here.join("data/master.key")).unwrap()
    );
    let mut command = portero(here);
    command.args(["serve", "--json", "--data", "new"]);
    Running::start(command).start_object();
}

pub(crate) fn an_interrupted_backup_leaves_no_half_file() {
    let here = folder();
    let here = here.path();
    small(here);
    for _ in 0..5 {
        let mut command = portero(here);
        command.args(["backup", "again.backup", "--data", "data"]);
        let mut backup = Running::start(command);
        backup.terminate();
        // Early enough, late, or in between: a signal before anybody listens ends it at once.
        let status = backup.wait();
        let there = here.join("again.backup");
        assert_eq!(there.exists(), status.success(), "{}", backup.errors());
        assert!(!here.join("again.backup.part").exists());
        let _ = std::fs::remove_file(there);
    }
}

pub(crate) fn a_backup_is_piped_whole() {
    let here = folder();
    let here = here.path();
    small(here);
    let piped = here.join("piped.backup");
    let mut command = portero(here);
    command.args(["backup", "-", "--data", "data"]);
    command.stdout(std::fs::File::create(&piped).expect("a file"));
    let done = command.output().expect("it ran");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success() && said.contains("is not in it"),
        "{said}"
    );
    let check = |file: &Path| {
        let mut command = portero(here);
        let file = file.display().to_string();
        command.args(["restore", &file, "--check", "--data", "data"]);
        finish(command)
    };
    check(&piped).says(0, &["every hash fits"]);
    let whole = std::fs::read(&piped).expect("a file");
    let cut = here.join("cut.backup");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("written");
    check(&cut).says(1, &["damaged"]);
}

pub(crate) async fn an_older_schema_is_restored_and_brought_up_to_date(url: Option<String>) {
    let here = folder();
    let known = Store::known_migrations();
    let older = &known[..known.len() / 2];
    let key = MasterKey([0x5a; 32]);
    let open = async |name: &str| {
        let url = format!("sqlite:{}", here.path().join(name).display());
        Store::open(&url, key.clone(), Arc::new(Ids::system()))
            .await
            .expect("a database")
    };
    let old = open("old.db").await;
    old.migrate_as(older).await.expect("the older schema");
    let mut tx = old.write().await.expect("a transaction");
    let mut system = tx.system();
    system.set_setting("kept", "yes").await.expect("a setting");
    tx.commit().await.expect("committed");
    let mut tx = old.read().await.expect("a snapshot");
    let mut file = Vec::new();
    let made = backup::write(&mut tx, &mut file, "0.0.1", Ts(0), |_| {}).await;
    assert_eq!(made.expect("a backup").header.migrations, older);
    drop(tx);
    let new = match &url {
        Some(url) => Store::open(url, key.clone(), Arc::new(Ids::system())).await,
        None => Ok(open("new.db").await),
    };
    let new = new.expect("a database");
    backup::check(&file[..], &key, |_| {}).expect("it is whole");
    backup::restore(&new, &file[..], |_| {})
        .await
        .expect("restored");
    assert_eq!(new.pending_migrations().await.expect("known"), 0);
    let mut tx = new.read().await.expect("a snapshot");
    let kept = tx.system().setting("kept").await.expect("a setting");
    assert_eq!(kept.as_deref(), Some("yes"));
    drop(tx);
    let again = backup::restore(&new, &file[..], |_| {}).await;
    assert!(again.unwrap_err().to_string().contains("not empty"));
    // A schema that is ahead of it cannot be taken back.
    let ahead = open("ahead.db").await;
    ahead.migrate().await.expect("migrated");
    let said = backup::restore(&ahead, &file[..], |_| {})
        .await
        .unwrap_err();
    assert!(
        said.to_string().contains("newer than the backup's"),
        "{said}"
    );
    new.close().await;
}

/// As a newer version would have left the database.
async fn migrated_by_a_newer_version(here: &Path, url: Option<&str>, key: MasterKey) {
    let Some(url) = url else {
        let url = sqlite(&here.join("data"));
        let store = Store::open(&url, key, Arc::new(Ids::system())).await;
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            kind,
        };
        let table = Table {
            name: "_sqlx_migrations".to_owned(),
            columns: vec![
                column("version", ColumnKind::Int),
                column("description", ColumnKind::Text),
                column("success", ColumnKind::Int),
                column("checksum", ColumnKind::Blob),
                column("execution_time", ColumnKind::Int),
            ],
            references: Vec::new(),
        };
        let row = vec![
            Cell::Int(9_999),
            Cell::Text("from tomorrow".to_owned()),
            Cell::Int(1),
            Cell::Blob(vec![1]),
            Cell::Int(1),
        ];
        let mut tx = store
            .expect("a database")
            .write()
            .await
            .expect("a transaction");
        tx.system()
            .put_rows(&table, vec![row])
            .await
            .expect("written");
        tx.commit().await.expect("committed");
        return;
    };
    let sql =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'from tomorrow', true, '\\x01', 1)";
    let psql = crate::postgres::binaries().expect("Postgres").join("psql");
    let done = std::process::Command::new(psql)
        .args([url, "-q", "-c", sql])
        .status();
    assert!(done.expect("psql").success());
}

pub(crate) async fn a_newer_schema_is_refused_by_every_verb(url: Option<String>) {
    let here = folder();
    let here = here.path();
    let key = "5a".repeat(32);
    let verb = |arguments: &[&str]| {
        let mut command = portero(here);
        command.args(arguments);
        command.env("PORTERO_MASTER_KEY", &key);
        command.env("PORTERO_DATA", "data");
        if let Some(url) = &url {
            command.env("PORTERO_DATABASE_URL", url);
        }
        finish(command)
    };
    verb(&["migrate"]).says(0, &["up to date"]);
    verb(&["backup", "before.backup"]).says(0, &["rows of"]);
    migrated_by_a_newer_version(here, url.as_deref(), MasterKey([0x5a; 32])).await;
    let said = [
        "does not know migration 9999",
        "newer binary",
        "backup that was made before",
    ];
    for arguments in [
        &["migrate"][..],
        &["migrate", "--dry-run"],
        &["backup", "after.backup"],
        &["serve", "--json", "--listen", "127.0.0.1:0"],
        &["tenant", "list"],
    ] {
        verb(arguments).says(1, &said);
    }
    verb(&["doctor"]).says(3, &said);
    assert!(!here.join("after.backup").exists() && !here.join("after.backup.part").exists());
}
