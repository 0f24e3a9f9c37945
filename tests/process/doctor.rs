//! `portero doctor`: a shop where it finds nothing, then each thing broken alone, and exactly that is found.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use portero::clock::{Ids, SystemClock};
use portero_domain::account::AccountRefusal;
use portero_domain::clock::{Clock as _, Millis};
use portero_domain::ids::{InstallationId, PhoneNumberId, PluginId, WabaId};
use portero_store::model::{NewInstallation, NewNumber, NewPlugin};
use portero_store::{MasterKey, Store};
use sha2::Digest as _;

use crate::binary::{Ran, Running, finish, folder, portero};
use crate::postgres;

pub(crate) const NUMBER: &str = "401000000000001";
pub(crate) const WABA: &str = "301000000000001";
const KEY: [u8; 32] = [7; 32];

/// A host's folder and database in which everything is as it should be, and a Meta that knows its number.
pub(crate) struct Good {
    here: tempfile::TempDir,
    simulator: Running,
    graph: String,
    pub(crate) token: String,
    database_url: Option<String>,
}

impl Good {
    pub(crate) fn new(database_url: Option<String>) -> Good {
        let here = folder();
        let mut command = portero(here.path());
        command.args(["simulator", "--listen", "127.0.0.1:0", "--json"]);
        let mut simulator = Running::start(command);
        let start = simulator.start_object();
        let text = |field: &str| start[field].as_str().expect("a field").to_owned();
        let good = Good {
            graph: text("simulator_url"),
            token: text("access_token"),
            here,
            simulator,
            database_url,
        };
        fs::DirBuilder::new()
            .mode(0o700)
            .create(good.data())
            .expect("a folder");
        let key = if good.database_url.is_some() {
            hex::encode(KEY).into_bytes()
        } else {
            KEY.to_vec()
        };
        good.write_key(&key);
        good
    }

    /// Meta forgets the number's registration.
    pub(crate) async fn deregister(&self) {
        portero_net::install_tls();
        let http = portero_net::client(portero_net::ClientOptions::default()).expect("a client");
        let url = format!("{}/v23.0/{NUMBER}/deregister", self.graph);
        let answer = http.post(url).bearer_auth(&self.token).send().await;
        assert!(answer.expect("an answer").status().is_success());
    }

    fn data(&self) -> PathBuf {
        self.here.path().join("data")
    }

    /// The master key where each engine's hosts have it.
    fn key_file(&self) -> PathBuf {
        match self.database_url {
            Some(_) => self.here.path().join("key.hex"),
            None => self.data().join("master.key"),
        }
    }

    fn write_key(&self, key: &[u8]) {
        fs::write(self.key_file(), key).expect("a key");
        self.mode(0o600);
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(self.key_file(), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = portero(self.here.path());
        command
            .args(arguments)
            .args(["--data", "data"])
            .env("PORTERO_GRAPH_URL", &self.graph);
        if let Some(url) = &self.database_url {
            command
                .env("PORTERO_DATABASE_URL", url)
                .env("PORTERO_MASTER_KEY_FILE", self.key_file());
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let ran = finish(self.command(arguments));
        assert_eq!(ran.code, 0, "{arguments:?}\n{}{}", ran.out, ran.err);
        ran
    }

    pub(crate) fn serve(&self) -> (Running, String) {
        let mut host = Running::start(self.command(&["serve", "--json"]));
        let url = host.start_object()["host_url"]
            .as_str()
            .expect("an address")
            .to_owned();
        (host, url)
    }

    async fn store(&self) -> Store {
        let file = format!("sqlite:{}", self.data().join("portero.db").display());
        let url = self.database_url.clone().unwrap_or(file);
        let ids = Arc::new(Ids::seeded(3));
        Store::open(&url, MasterKey(KEY), ids)
            .await
            .expect("the database")
    }

    fn number(&self, token: &str, app: &str) {
        self.run(&[
            "number",
            "add",
            NUMBER,
            "--waba",
            WABA,
            "--display",
            "+57 601 555 0101",
            "--access-token",
            token,
            "--app",
            app,
            "--tenant",
            "sol",
        ]);
    }

    /// Nothing is found.
    #[track_caller]
    fn sound(&self, more: &[&str]) {
        let ran = finish(self.command(&[&["doctor"], more].concat()));
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(!ran.out.contains('✗'), "{}", ran.out);
    }

    /// Exactly this is found, with its remedy.
    #[track_caller]
    fn finds(&self, check: &str, remedy: &str, more: &[&str], variables: &[(&str, &str)]) {
        let asked = |json: bool| {
            let mut command = self.command(&[&["doctor"], more].concat());
            command.args(json.then_some("--json"));
            command.envs(variables.iter().copied());
            finish(command)
        };
        let ran = asked(true);
        assert_eq!(ran.code, 3, "{check}\n{}{}", ran.out, ran.err);
        let answer: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!(answer["ok"], false, "{answer}");
        let wrong: Vec<_> = answer["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .filter(|c| c["ok"] == false)
            .collect();
        assert_eq!(wrong.len(), 1, "{check}: {wrong:#?}");
        assert_eq!(wrong[0]["check"], check, "{wrong:?}");
        let said = wrong[0]["remedy"].as_str().expect("a remedy");
        assert!(
            said.contains(remedy),
            "{check}: `{remedy}` is not in `{said}`"
        );
        for secret in [&self.token, "simulator-verify-token"] {
            assert!(!ran.out.contains(secret), "{}", ran.out);
        }
        // The same for people.
        let ran = asked(false);
        ran.says(3, &[&format!("✗ {check}"), "→", remedy]);
    }
}

pub(crate) async fn each_thing_broken_alone_is_found_alone(database_url: Option<String>) {
    let mut good = Good::new(database_url);
    before_the_schema(&good);
    shop(&good);
    good.sound(&[]);
    machine(&good);
    clock(&good);
    key(&good);
    reached(&good);
    shops(&good).await;
    good.sound(&[]);
    of_meta(&good);
    // Meta is gone.
    good.simulator.kill();
    good.finds("access token", "graph_url", &[], &[]);
}

/// A database that no binary of this version has seen.
fn before_the_schema(good: &Good) {
    if good.database_url.is_none() {
        fs::write(good.data().join("portero.db"), b"").expect("an empty database");
    }
    good.finds("database", "run `portero migrate`", &[], &[]);
    good.run(&["migrate"]);
}

/// A tenant with a number, its app, templates and a plugin.
fn shop(good: &Good) {
    fs::write(
        good.here.path().join("bot.wasm"),
        portero::guest::TIENDA_BOT,
    )
    .expect("a plugin");
    let (host, _) = good.serve();
    let mut app = good.command(&["app", "put", "default"]);
    app.env("PORTERO_APP_SECRET", "simulator-app-secret");
    app.env("PORTERO_VERIFY_TOKEN", "simulator-verify-token");
    finish(app).says(0, &[]);
    good.run(&[
        "tenant",
        "create",
        "sol",
        "--name",
        "Sol",
        "--timezone",
        "America/Bogota",
        "--country",
        "CO",
    ]);
    good.number(&good.token, "default");
    good.run(&["template", "sync", "--tenant", "sol"]);
    good.run(&[
        "plugin",
        "install",
        "bot.wasm",
        "--tenant",
        "sol",
        "--set",
        "{\"shop\":\"Sol\"}",
    ]);
    ended(host);
}

fn ended(mut host: Running) {
    host.terminate();
    host.wait();
}

fn machine(good: &Good) {
    good.finds(
        "settings",
        "portero config template",
        &[],
        &[("PORTERO_HTTP_TIMEOUT_SECS", "0")],
    );
    let in_the_way = good.data().join(".doctor");
    fs::create_dir(&in_the_way).expect("a folder where a file would go");
    good.finds("data folder", "--data", &[], &[]);
    fs::remove_dir(in_the_way).expect("gone");

    good.finds(
        "disk space",
        "make room",
        &["--min-free-mib", "99999999999"],
        &[],
    );

    good.mode(0o644);
    good.finds("secret files", "chmod 600", &[], &[]);
    good.mode(0o600);

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    good.finds("listener", "--listen", &[], &[("PORTERO_LISTEN", &address)]);

    let (cache, aside) = (good.data().join("plugin-cache"), good.data().join("aside"));
    fs::rename(&cache, &aside).expect("moved");
    fs::write(&cache, "a file").expect("in the way");
    good.finds("plugin cache", "filled again", &[], &[]);
    fs::remove_file(&cache).expect("gone");
    fs::rename(&aside, &cache).expect("back");

    // Somebody holds the folder who does not answer.
    let lock = fs::File::options()
        .write(true)
        .open(good.data().join("portero.lock"))
        .expect("the lock");
    lock.lock().expect("held");
    let announced = "{\"url\":\"http://127.0.0.1:1\",\"token\":\"x\"}";
    let file = good.data().join("host.json");
    fs::write(&file, announced).expect("announced");
    good.finds("host", "end that process", &[], &[]);
    fs::remove_file(file).expect("gone");
}

/// Only a database server has a clock of its own.
fn clock(good: &Good) {
    let Some(url) = &good.database_url else {
        return;
    };
    let psql = postgres::binaries().expect("Postgres runs").join("psql");
    let sql = |text: &str| {
        let mut command = Command::new(&psql);
        command.args(["-v", "ON_ERROR_STOP=1", "-qc", text, url]);
        finish(command).says(0, &[]);
    };
    sql("create schema skewed;
         create function skewed.clock_timestamp() returns timestamptz language sql as
           $$ select pg_catalog.clock_timestamp() + interval '1 hour' $$;
         do $$ begin execute format('alter database %I set search_path = public, skewed, pg_catalog', current_database()); end $$");
    good.finds("clock", "time server", &[], &[]);
    sql("do $$ begin execute format('alter database %I reset search_path', current_database()); end $$;
         drop schema skewed cascade");
}

fn key(good: &Good) {
    let right = fs::read(good.key_file()).expect("the key");
    let other = if good.database_url.is_some() {
        "00".repeat(32).into_bytes()
    } else {
        vec![0; 32]
    };
    good.write_key(&other);
    good.finds("master key", "put the key back", &[], &[]);
    good.write_key(&other[..20]);
    good.finds("master key", "key of the last backup", &[], &[]);
    good.write_key(&right);
}

/// The address that Meta was told leads here, or does not.
fn reached(good: &Good) {
    let (host, url) = good.serve();
    good.sound(&["--public-url", &url]);
    // Something answers there that is no host of ours.
    good.finds(
        "webhooks",
        "leads to this host",
        &["--public-url", &good.graph],
        &[],
    );
    ended(host);
    good.finds(
        "webhooks",
        "proxy of that address",
        &["--public-url", &url],
        &[],
    );
    if good.database_url.is_some() {
        let nowhere = [(
            "PORTERO_DATABASE_URL",
            "postgres://portero@127.0.0.1:1/none",
        )];
        good.finds("database", "check database_url", &[], &nowhere);
    }
}

async fn shops(good: &Good) {
    good.number("not the token", "default");
    good.finds("access token", "portero number add", &[], &[]);
    good.number(&good.token, "default");

    let store = good.store().await;
    app(good, &store).await;
    let now = SystemClock.now();
    let mut tx = store.write().await.expect("a transaction");
    let junk = b"no component".to_vec();
    let digest = hex::encode(sha2::Sha256::digest(&junk));
    let bot = tx.system().plugins().await.expect("plugins").remove(0);
    let plugin = NewPlugin {
        digest: digest.clone(),
        plugin_id: PluginId::new("com.example.junk").expect("an id"),
        version: "1.0.0".to_owned(),
        kind: bot.kind,
        manifest: bot.manifest,
        component: junk,
        parts: String::new(),
        imports: "[]".to_owned(),
    };
    tx.system().put_plugin(&plugin, now).await.expect("kept");
    let tenant = tx.system().tenants().await.expect("tenants").remove(0).id;
    let installation = NewInstallation {
        id: InstallationId::new(&Ids::seeded(5), now),
        digest,
        plugin_id: plugin.plugin_id,
        kind: plugin.kind,
        position: 9,
        config: "{}".to_owned(),
        grants: "{}".to_owned(),
        handle_key: KEY.to_vec(),
        enabled: true,
    };
    tx.tenant(tenant)
        .put_installation(&installation, now)
        .await
        .expect("installed");
    tx.commit().await.expect("committed");
    good.finds("plugins", "portero plugin install", &[], &[]);
    let mut tx = store.write().await.expect("a transaction");
    tx.tenant(tenant)
        .set_enabled(installation.id, false)
        .await
        .expect("switched off");
    tx.commit().await.expect("committed");
    good.sound(&[]);

    resting(good, &store).await;
    stale(good, &store).await;
    store.close().await;
}

/// Meta refused a message because the account is locked. Another account than the shop's, because
/// nobody can take such a word back.
async fn resting(good: &Good, store: &Store) {
    let locked = WabaId::new("301000000000009").expect("an account");
    let now = SystemClock.now();
    for (ago, rests) in [(16, false), (0, true)] {
        let mut tx = store.write().await.expect("a transaction");
        let tenant = tx.system().tenants().await.expect("tenants").remove(0).id;
        let mut sol = tx.tenant(tenant);
        let number = NewNumber {
            id: PhoneNumberId::new(NUMBER).expect("a number"),
            waba: locked.clone(),
            display: "+57 601 555 0101".to_owned(),
            access_token: good.token.clone().into(),
            mps: 80,
            app: "default".to_owned(),
        };
        sol.put_number(&number, now).await.expect("moved");
        let refusal = AccountRefusal {
            code: 131_031,
            at: now - Millis::minutes(ago),
        };
        let kept = sol.set_account_refusal(&locked, refusal, now).await;
        kept.expect("kept");
        tx.commit().await.expect("committed");
        if rests {
            good.finds("accounts", "WhatsApp Manager", &[], &[]);
        } else {
            good.sound(&[]);
        }
    }
    good.number(&good.token, "default");
    good.sound(&[]);
}

/// A number of an app that was never given, as a database of an older host may have it.
async fn app(good: &Good, store: &Store) {
    let mut tx = store.write().await.expect("a transaction");
    let tenant = tx.system().tenants().await.expect("tenants").remove(0).id;
    let number = NewNumber {
        id: PhoneNumberId::new(NUMBER).expect("a number"),
        waba: WabaId::new(WABA).expect("an account"),
        display: "+57 601 555 0101".to_owned(),
        access_token: good.token.clone().into(),
        mps: 80,
        app: "other".to_owned(),
    };
    let put = tx
        .tenant(tenant)
        .put_number(&number, SystemClock.now())
        .await;
    put.expect("connected");
    tx.commit().await.expect("committed");
    good.finds("app secret", "portero app put other", &[], &[]);
    good.number(&good.token, "default");
}

/// A second tenant: first without templates, then with some that nobody asked about for eight days.
async fn stale(good: &Good, store: &Store) {
    let create = [
        "tenant",
        "create",
        "lua",
        "--name",
        "Lua",
        "--timezone",
        "America/Sao_Paulo",
        "--country",
        "BR",
    ];
    good.run(&create);
    let now = SystemClock.now();
    let waba = WabaId::new("301000000000002").expect("an account");
    let mut tx = store.write().await.expect("a transaction");
    let tenants = tx.system().tenants().await.expect("tenants");
    let of = |slug: &str| {
        tenants
            .iter()
            .find(|t| t.slug == slug)
            .expect("a tenant")
            .id
    };
    let (sol, lua) = (of("sol"), of("lua"));
    let number = NewNumber {
        id: PhoneNumberId::new("401000000000002").expect("a number"),
        waba: waba.clone(),
        display: "+55 11 5555-0202".to_owned(),
        access_token: good.token.clone().into(),
        mps: 80,
        app: "default".to_owned(),
    };
    tx.tenant(lua)
        .put_number(&number, now)
        .await
        .expect("connected");
    tx.commit().await.expect("committed");
    good.finds("templates", "portero template sync --tenant lua", &[], &[]);

    let mut tx = store.write().await.expect("a transaction");
    let known = tx.tenant(sol).templates().await.expect("templates");
    let some: Vec<_> = known.into_iter().take(2).map(|(_, t, _)| t).collect();
    let old = now - Millis::hours(8 * 24);
    let kept = tx
        .tenant(lua)
        .upsert_templates(&waba, &some, false, old)
        .await;
    kept.expect("kept");
    tx.commit().await.expect("committed");
    good.finds("templates", "portero template sync --tenant lua", &[], &[]);
    good.run(&["template", "sync", "--tenant", "lua"]);
}

/// What Meta says through somebody between it and us who changes it: other permissions, another time.
fn of_meta(good: &Good) {
    let spoiled = |spoil: fn(&str) -> String| {
        let between = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", between.local_addr().expect("its address"));
        let meta = good.graph.trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for asked in between.incoming() {
                let Ok(asked) = asked else { return };
                // Whoever hangs up early is not waited for.
                let _ = pass_on(asked, &meta, spoil);
            }
        });
        url
    };
    let lacking = spoiled(|answer| {
        answer.replace(
            "\"whatsapp_business_messaging\"",
            "\"whatsapp_business_missing__\"",
        )
    });
    let at = [("PORTERO_GRAPH_URL", lacking.as_str())];
    good.finds("token scopes", "both permissions", &[], &at);
    let late = spoiled(|answer| {
        let lines = answer
            .split("\r\n")
            .map(|line| match line.starts_with("date: ") {
                true => "date: Mon, 01 Jan 2024 00:00:00 GMT",
                false => line,
            });
        lines.collect::<Vec<_>>().join("\r\n")
    });
    let at = [("PORTERO_GRAPH_URL", late.as_str())];
    good.finds("Meta's clock", "time server", &[], &at);
}

/// Passes one request on and its answer back, changed.
fn pass_on(
    mut asked: std::net::TcpStream,
    meta: &str,
    spoil: fn(&str) -> String,
) -> std::io::Result<()> {
    use std::io::{Read as _, Write as _};
    let mut request = Vec::new();
    let mut piece = [0; 4_096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match asked.read(&mut piece)? {
            0 => return Ok(()),
            n => request.extend_from_slice(&piece[..n]),
        }
    }
    let text = String::from_utf8_lossy(&request);
    // One request per connection: its answer ends with it.
    let once = text.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut there = std::net::TcpStream::connect(meta)?;
    there.write_all(once.as_bytes())?;
    let mut answer = String::new();
    there.read_to_string(&mut answer)?;
    asked.write_all(spoil(&answer).as_bytes())
}
