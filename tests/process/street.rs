//! One shop and a street full of people at a pretend Meta that outlives every host.
//!
//! The simulator runs in the test; hosts are processes that come and go. Webhooks go to a door with
//! one address, which leads to whichever hosts stand behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use portero::client::{Api, Body};
use portero::clock::SystemClock;
use portero::commands::plugin::encode;
use portero::demo::world::{self, Secrets};
use portero::sim_control::HttpControl;
use portero_domain::clock::{Clock as _, JumpClock, Millis};
use portero_net::ClientOptions;
use portero_simulator::{PersonConfig, Simulator};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::binary::{LOOK, PATIENCE, Running, finish, folder, portero};

/// The signal of a process that aborts itself.
pub(crate) const ABORTED: i32 = 6;
/// What everybody asks; the shop's plugin answers it with one message.
const QUESTION: &str = "¿Qué horario tienen?";

/// Simulator, door, database and the shop's access, for as long as a test lasts.
pub(crate) struct Street {
    pub(crate) control: HttpControl,
    pub(crate) said: Vec<(String, String)>,
    pub(crate) shop: world::Shop,
    simulator_url: String,
    secrets: Secrets,
    door: Arc<Door>,
    database_url: Option<String>,
    folder: tempfile::TempDir,
    token: String,
    people: usize,
    mps: u32,
    next: usize,
}

/// A host process and how to ask it.
pub(crate) struct Host {
    pub(crate) process: Running,
    pub(crate) url: String,
    pub(crate) api: Api,
    operator: String,
}

/// Where webhooks are sent: connections are handed on to the hosts in turn, or cut when there is none.
#[derive(Default)]
struct Door {
    hosts: Mutex<Vec<SocketAddr>>,
    turn: AtomicUsize,
    open: Mutex<Vec<tokio::task::AbortHandle>>,
}

/// Between hosts and Meta: what hosts send goes through, answers wait until they are let go.
pub(crate) struct SlowAnswers {
    url: String,
    held: tokio::sync::watch::Sender<bool>,
}

impl SlowAnswers {
    async fn before(simulator_url: &str) -> SlowAnswers {
        let meta = simulator_url.trim_start_matches("http://").to_owned();
        let (held, seen) = tokio::sync::watch::channel(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let (meta, mut seen) = (meta.clone(), seen.clone());
                tokio::spawn(async move {
                    let to = TcpStream::connect(meta).await.expect("the pretend Meta");
                    let ((mut ask, mut answer), (mut said, mut asked)) =
                        (from.into_split(), to.into_split());
                    let asking = tokio::io::copy(&mut ask, &mut asked);
                    let answering = async {
                        let _ = seen.wait_for(|held| !held).await;
                        tokio::io::copy(&mut said, &mut answer).await
                    };
                    let _ = tokio::join!(asking, answering);
                });
            }
        });
        SlowAnswers { url, held }
    }

    pub(crate) fn let_go(&self) {
        self.held.send_replace(false);
    }
}

impl Door {
    fn lead_to(&self, hosts: &[&Host]) {
        let address = |host: &&Host| {
            host.url
                .trim_start_matches("http://")
                .parse()
                .expect("an address")
        };
        *self.hosts.lock().expect("door") = hosts.iter().map(address).collect();
        // A kept-alive connection would go on to the host before.
        for connection in self.open.lock().expect("door").drain(..) {
            connection.abort();
        }
    }

    async fn serve(self: Arc<Door>, listener: TcpListener) {
        while let Ok((mut from, _)) = listener.accept().await {
            let hosts = self.hosts.lock().expect("door").clone();
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let Some(host) = hosts.get(turn % hosts.len().max(1)).copied() else {
                continue;
            };
            let connection = tokio::spawn(async move {
                if let Ok(mut to) = TcpStream::connect(host).await {
                    // Either side may end it: a killed host does.
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                }
            });
            self.open
                .lock()
                .expect("door")
                .push(connection.abort_handle());
        }
    }
}

/// A zone in which it is past noon: the hosts of these tests live by the machine's clock, and promotion
/// has its hours.
fn where_it_is_noon() -> String {
    let hour = SystemClock.now().0.div_euclid(3_600_000).rem_euclid(24);
    // The names of these zones count westward.
    match 13 - hour {
        east if east >= 0 => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

impl Street {
    /// Builds the simulator, starts a first host, and sets the shop up through its API.
    ///
    /// There must be enough `people`: nobody writes more often than a bot may answer in a minute.
    pub(crate) async fn build(seed: u64, people: usize, database_url: Option<String>) -> Street {
        Street::at_rate(seed, people, database_url, 80).await
    }

    /// The same with a number that takes `mps` messages a second.
    pub(crate) async fn at_rate(
        seed: u64,
        people: usize,
        database_url: Option<String>,
        mps: u32,
    ) -> Street {
        portero_net::install_tls();
        let secrets = Secrets::fixed();
        let shop = world::shops(seed).into_iter().next().expect("a shop");
        let mut config = world::config(seed, &secrets);
        config.people = (0..people).map(person).collect();
        for number in config.wabas.iter_mut().flat_map(|waba| &mut waba.numbers) {
            number.mps = mps;
        }
        let clock = JumpClock::new(Arc::new(SystemClock), Millis(0));
        let http = portero_net::client(ClientOptions::default()).expect("a client");
        let simulator = Simulator::new(config, Arc::new(clock.clone()), Some(clock.clone()), http)
            .expect("the world");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let simulator_url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = simulator.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        tokio::spawn(Arc::clone(&simulator).run(std::future::pending()));
        let door = Arc::new(Door::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(Arc::clone(&door).serve(listener));
        simulator.set_callback(format!("http://{address}/webhooks/whatsapp"));
        let mut street = Street {
            control: HttpControl::new(&simulator_url).expect("a client"),
            said: Vec::new(),
            shop,
            simulator_url,
            secrets,
            door,
            database_url,
            folder: folder(),
            token: String::new(),
            people,
            mps,
            next: 0,
        };
        street.open_shop().await;
        // Meta delivers more than once, also when nothing is wrong.
        street.faults(json!({ "duplicate_percent": 25 })).await;
        street
    }

    async fn open_shop(&mut self) {
        if let Some(url) = &self.database_url {
            let mut migrate = portero(self.folder.path());
            migrate.args(["migrate", "--database-url", url]);
            finish(migrate).says(0, &["the schema is up to date"]);
        }
        let mut process = self.process("first", None);
        let start = process.start_object();
        let url = start["host_url"].as_str().expect("an address").to_owned();
        let operator =
            Api::at(&url, start["operator_token"].as_str().expect("a token")).expect("a client");
        let app = json!({ "app_secret": self.secrets.app_secret, "verify_token": self.secrets.verify_token });
        operator.put("/v1/apps/default", app).await.expect("app");
        let shop = &self.shop;
        let tenant = json!({ "slug": shop.slug, "name": shop.name, "language": shop.language,
                             "timezone": where_it_is_noon(), "country": shop.country });
        operator.post("/v1/tenants", tenant).await.expect("tenant");
        let token = operator
            .post(
                "/v1/tokens",
                json!({ "label": "test", "tenant": shop.slug }),
            )
            .await
            .expect("token");
        self.token = token["token"].as_str().expect("a token").to_owned();
        let api = Api::at(&url, &self.token).expect("a client");
        let number = json!({ "phone_number_id": shop.number, "waba_id": shop.waba, "display": shop.display,
                             "access_token": self.secrets.access_token, "messaging_limit": "TIER_UNLIMITED",
                             "mps": self.mps });
        operator
            .for_tenant(shop.slug)
            .put("/v1/numbers", number)
            .await
            .expect("number");
        let how = json!({
            "config": { "shop": shop.name, "hours": "todos los días de 9 a 18", "languages": [shop.language] },
            "grants": { "permissions": ["send.session", "send.interactive", "kv", "config", "log"],
                        "templates": [], "contact_fields": [] },
        });
        let path = format!("/v1/plugins?how={}", encode(&how.to_string()));
        let plugin = Body::Bytes(portero::guest::TIENDA_BOT.to_vec());
        api.send(reqwest::Method::POST, &path, Some(plugin))
            .await
            .expect("plugin");
        process.terminate();
        assert!(process.wait().success(), "{}", process.errors());
    }

    /// What a tenant that moved needs where it is now: the Meta app, a token, leave to send.
    pub(crate) async fn moved_in(&self, host: &mut Host) {
        let operator = Api::at(&host.url, &host.operator).expect("a client");
        let app = json!({ "app_secret": self.secrets.app_secret, "verify_token": self.secrets.verify_token });
        operator.put("/v1/apps/default", app).await.expect("app");
        let resume = json!({ "tenant": self.shop.slug });
        operator.post("/v1/resume", resume).await.expect("resumed");
        let new = json!({ "label": "moved", "tenant": self.shop.slug });
        let token = operator.post("/v1/tokens", new).await.expect("token");
        let token = token["token"].as_str().expect("a token");
        host.api = Api::at(&host.url, token).expect("a client");
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Its Postgres, if it has one.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// What its hosts seal secrets with.
    pub(crate) fn master_key() -> String {
        "5a".repeat(32)
    }

    /// What an operator is told by a host.
    pub(crate) async fn operator(&self, host: &Host, path: &str) -> Value {
        let api = Api::at(&host.url, &host.operator).expect("a client");
        api.get(path).await.expect("an answer")
    }

    /// A host of another folder and database; webhooks do not come to it yet.
    pub(crate) fn host_on(&self, data: &str, database_url: Option<&str>) -> Host {
        let mut process = self.process_on(data, None, database_url);
        let start = process.start_object();
        self.known(process, &start)
    }

    /// A host whose Meta answers when it is let; webhooks come to it. It waits long for an answer.
    pub(crate) async fn host_of_slow_answers(&self, drain_secs: u64) -> (Host, SlowAnswers) {
        let slow = SlowAnswers::before(&self.simulator_url).await;
        let mut command = self.command("first", None, self.database_url.as_deref());
        command.args(["--graph-url", &slow.url]);
        command.env("PORTERO_HTTP_TIMEOUT_SECS", "60");
        command.env("PORTERO_DRAIN_SECS", drain_secs.to_string());
        let mut process = Running::start(command);
        let start = process.start_object();
        let host = self.known(process, &start);
        self.door.lead_to(&[&host]);
        (host, slow)
    }

    /// A host process that may not have started to listen yet.
    pub(crate) fn process(&self, data: &str, crash_at: Option<&str>) -> Running {
        self.process_on(data, crash_at, self.database_url.as_deref())
    }

    fn process_on(
        &self,
        data: &str,
        crash_at: Option<&str>,
        database_url: Option<&str>,
    ) -> Running {
        let mut command = self.command(data, crash_at, database_url);
        command.args(["--graph-url", &self.simulator_url]);
        Running::start(command)
    }

    fn command(
        &self,
        data: &str,
        crash_at: Option<&str>,
        database_url: Option<&str>,
    ) -> std::process::Command {
        let data: PathBuf = self.folder.path().join(data);
        let mut command = portero(self.folder.path());
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        command.arg("--data").arg(data);
        // A lease is three times this: on Postgres that is how long the dead hold on to their work.
        command.env("PORTERO_HTTP_TIMEOUT_SECS", "1");
        command.env("PORTERO_MASTER_KEY", Street::master_key());
        if let Some(url) = database_url {
            command.args(["--database-url", url]);
        }
        if let Some(point) = crash_at {
            command.env("PORTERO_CRASH_AT", point);
        }
        command
    }

    /// A host with this data folder; webhooks do not come to it yet.
    pub(crate) fn host(&self, data: &str) -> Host {
        let mut process = self.process(data, None);
        let start = process.start_object();
        self.known(process, &start)
    }

    /// A host that dies at a point. `None` when the work its predecessor left made it pass the
    /// point before it could say where it listens.
    pub(crate) fn doomed(&self, data: &str, crash_at: &str) -> Option<Host> {
        let mut process = self.process(data, Some(crash_at));
        let Some(line) = process.next_line() else {
            let status = process.wait();
            assert_eq!(
                status.signal(),
                Some(ABORTED),
                "{crash_at}: {status}\n{}",
                process.errors()
            );
            return None;
        };
        let start = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        Some(self.known(process, &start))
    }

    fn known(&self, process: Running, start: &Value) -> Host {
        let url = start["host_url"].as_str().expect("an address").to_owned();
        let api = Api::at(&url, &self.token).expect("a client");
        let operator = start["operator_token"].as_str().expect("a token");
        let operator = operator.to_owned();
        Host {
            process,
            url,
            api,
            operator,
        }
    }

    /// The one host of this street starts (again) and webhooks come to it.
    pub(crate) fn start(&self) -> Host {
        let host = self.host("first");
        self.door.lead_to(&[&host]);
        host
    }

    pub(crate) fn lead_to(&self, hosts: &[&Host]) {
        self.door.lead_to(hosts);
    }

    pub(crate) async fn faults(&self, faults: Value) {
        self.control
            .post("/_sim/faults", &faults)
            .await
            .expect("faults");
    }

    /// So many people ask at once; the first of them asks twice.
    pub(crate) async fn ask(&mut self, people: usize) {
        for i in 0..=people {
            let who = self.next + i.saturating_sub(1);
            let phone = phone(who);
            let body = json!({ "number": self.shop.number, "type": "text", "text": QUESTION });
            let said = self
                .control
                .post(&format!("/_sim/people/{phone}/say"), &body)
                .await
                .expect("said");
            self.said
                .push((phone, said["wamid"].as_str().expect("a wamid").to_owned()));
        }
        self.next += people;
        assert!(self.next < self.people, "the street is too short for this");
    }

    /// When nothing is due at Meta but something waits for its time (a delivery to be repeated),
    /// that time comes. Whether Meta has nothing left at all.
    pub(crate) async fn let_meta_repeat(&self) -> bool {
        let idle = self.control.get("/_sim/idle").await.expect("idle");
        if idle["idle"] == true {
            return true;
        }
        if idle["due"] == 0 && idle["in_flight"] == 0 {
            let now = self.control.get("/_sim/clock").await.expect("clock")["now_at"]
                .as_i64()
                .expect("time");
            let next = idle["next_at"].as_i64().expect("what waits has its time");
            let ms = (next - now).max(0);
            self.control
                .post("/_sim/clock/jump", &json!({ "ms": ms }))
                .await
                .expect("a jump");
        }
        false
    }

    /// Until neither side has anything left to do and nothing of the shop is on its way.
    pub(crate) async fn settle(&self, host: &Host) {
        let began = Instant::now();
        let mut quiet = 0;
        loop {
            let meta = self.let_meta_repeat().await;
            let idle = host.api.get("/v1/idle").await.expect("idle");
            let account = host.api.get("/v1/account").await.expect("account");
            let open = ["queued", "deferred", "in_review", "attempting"]
                .iter()
                .filter_map(|state| account["states"][state].as_u64())
                .sum::<u64>();
            let done = meta && idle["idle"] == true && open == 0;
            quiet = if done { quiet + 1 } else { 0 };
            if quiet == 2 {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not settle: meta idle {meta}, host {idle}, account {account}\n{}",
                host.process.errors()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Somebody with the shop's token sends without the host; Meta's id of it.
    pub(crate) async fn send_without_the_host(&self, phone: &str) -> String {
        let http = portero_net::client(ClientOptions::default()).expect("a client");
        let body = json!({
            "messaging_product": "whatsapp", "to": phone, "type": "text", "text": { "body": "a second time" },
            "biz_opaque_callback_data": "nobody's attempt",
        });
        let url = format!("{}/v26.0/{}/messages", self.simulator_url, self.shop.number);
        let answer = http
            .post(url)
            .bearer_auth(&self.secrets.access_token)
            .json(&body)
            .send()
            .await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        answer["messages"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("a wamid in {answer}"))
            .to_owned()
    }

    /// What Meta accepted from the shop.
    pub(crate) async fn accepted(&self) -> Vec<Value> {
        let all = self
            .control
            .get("/_sim/messages?limit=1000000")
            .await
            .expect("messages");
        let all = all["messages"].as_array().expect("a list");
        all.iter()
            .filter(|m| m["direction"] == "outbound")
            .cloned()
            .collect()
    }

    /// Who each contact of the shop is, by phone.
    pub(crate) async fn contacts(&self, host: &Host) -> BTreeMap<String, String> {
        let mut phones = BTreeMap::new();
        for contact in pages(&host.api, "/v1/contacts").await {
            let addresses = contact["addresses"].as_array().expect("addresses");
            let digits = |a: &Value| a.as_str().map(|a| a.trim_start_matches('+').to_owned());
            let phone = addresses
                .iter()
                .filter_map(digits)
                .find(|a| a.starts_with("573"));
            let id = contact["id"].as_str().expect("an id").to_owned();
            phones.insert(id, phone.unwrap_or_else(|| panic!("a phone in {contact}")));
        }
        phones
    }
}

/// All rows of a list.
pub(crate) async fn pages(api: &Api, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    loop {
        let page = api
            .get(&format!("{path}?limit=200{after}"))
            .await
            .expect("a page");
        rows.extend(page["items"].as_array().expect("rows").iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else {
            return rows;
        };
        after = format!("&after={}", encode(next));
    }
}

pub(crate) fn phone(index: usize) -> String {
    format!("5730070{index:05}")
}

fn person(index: usize) -> PersonConfig {
    PersonConfig {
        name: format!("Persona {index}"),
        wa_id: Some(phone(index)),
        user_id: None,
        username: None,
        online: true,
        receipts: true,
        chat_open: false,
        on_whatsapp: true,
        holdout: false,
        on_web: false,
        auto: Vec::new(),
    }
}
