//! One stage per test: host, simulator and two shops on a clock that stands still.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use portero::client::Api;
use portero::demo::setup::{self, Standing, World};
use portero::demo::{MORNING, StageOptions, stage};
use portero_domain::clock::{JumpClock, ManualClock, Millis};
use portero_simulator::Timings;
use serde_json::{Value, json};

use crate::{api_fuzz, rules};

mod left;
#[path = "../support/postgres.rs"]
pub(crate) mod postgres;

use left::{Left, Lent};
use postgres::Postgres;

use crate::door::Door;
use crate::systems::ShopSystems;

/// What a test is given.
pub(crate) struct Env {
    pub(crate) stage: Lent,
    pub(crate) world: World,
    pub(crate) http: reqwest::Client,
    /// What its messages leave through.
    pub(crate) door: Arc<Door>,
    /// What plugins may ask for.
    pub(crate) systems: Arc<ShopSystems>,
    /// Where its rows are, for counts past the host.
    pub(crate) database: String,
    /// Both of its readings stand still; business time moves by [`Env::jump`].
    time: ManualClock,
    _folder: tempfile::TempDir,
}

type Run = fn(Env) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// A test and its name.
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
}

macro_rules! test {
    ($module:ident :: $name:ident) => {
        $crate::harness::Test {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: |env| Box::pin($crate::$module::$name(env)),
        }
    };
}
pub(crate) use test;

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        portero_net::install_tls();
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    })
}

/// Names the rule that a host started by this binary lacks.
const WITHOUT: &str = "PORTERO_TESTS_WITHOUT_RULE";

/// Runs every test on every engine, then the cases of each rule without it, and prints how many
/// tests passed per engine.
pub(crate) fn run(tests: &[&[Test]]) -> ExitCode {
    if let Ok(rule) = std::env::var(WITHOUT) {
        return lacking(&rule);
    }
    let arguments = Arguments::from_args();
    let server = Postgres::start().map(Arc::new);
    let passed: [Arc<AtomicUsize>; 2] = Default::default();
    let mut trials = vec![
        Trial::test("rules::every_rule_of_the_registry_has_its_cases", || {
            rules::every_rule_of_the_registry_has_its_cases();
            Ok(())
        }),
        Trial::test("api_fuzz::the_referee_sees_each_fault", || {
            api_fuzz::sees_each_fault();
            Ok(())
        }),
    ];
    let breaks_off = "harness::a_test_that_breaks_off_stops_its_host";
    trials.push(Trial::test(format!("sqlite::{breaks_off}"), || {
        left::a_test_that_breaks_off_stops_its_host(None);
        Ok(())
    }));
    if let Some(server) = server.clone() {
        trials.push(Trial::test(format!("postgres::{breaks_off}"), move || {
            left::a_test_that_breaks_off_stops_its_host(Some(server.database()));
            Ok(())
        }));
    }
    let all = || tests.iter().copied().flatten();
    for test in all() {
        let run = test.run;
        let count = Arc::clone(&passed[0]);
        trials.push(Trial::test(format!("sqlite::{}", test.name), move || {
            one(run, None)?;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }));
        if let Some(server) = &server {
            let (server, count) = (Arc::clone(server), Arc::clone(&passed[1]));
            trials.push(Trial::test(format!("postgres::{}", test.name), move || {
                one(run, Some(server.database()))?;
                count.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }));
        }
    }
    // The gate is pure: one engine is enough to show that a rule is needed.
    for rule in rules::GROUPS.iter().flat_map(|g| g.rules).copied() {
        let name = format!("without::{rule}");
        trials.push(Trial::test(name, move || needed(rule)));
    }
    let listed = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !listed {
        println!(
            "portero-engines: sqlite={} postgres={}",
            passed[0].load(Ordering::Relaxed),
            passed[1].load(Ordering::Relaxed)
        );
    }
    if server.is_none() {
        println!(
            "!! Postgres was not found: {} tests were NOT run on it (install postgresql)",
            all().count()
        );
    }
    drop(server);
    conclusion.exit_code()
}

/// The cases of a rule on a host that lacks it, in a process of its own: exactly its case must not hold.
fn needed(rule: &str) -> Result<(), Failed> {
    let own = std::env::current_exe().expect("this binary");
    let ran = std::process::Command::new(own)
        .env(WITHOUT, rule)
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("this binary again");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.success() {
        return Err(Failed::from(
            "without the rule every case holds: it is not shown to be needed",
        ));
    }
    if !said.contains(&rules::complaint(rule)) {
        return Err(Failed::from(format!("another case broke first:\n{said}")));
    }
    Ok(())
}

/// The other side of [`needed`].
fn lacking(rule: &str) -> ExitCode {
    let rule = rule.to_owned();
    let outcome = runtime().block_on(async move {
        let env = Env::set(None, Left::default()).await;
        tokio::spawn(async move { rules::without(&rule, env).await }).await
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn one(run: Run, database_url: Option<String>) -> Result<(), Failed> {
    runtime().block_on(attempt(run, database_url))
}

/// One test on a stage of its own, which is stopped whatever becomes of the test.
async fn attempt<F>(run: impl FnOnce(Env) -> F, database_url: Option<String>) -> Result<(), Failed>
where
    F: Future<Output = ()> + Send + 'static,
{
    let left = Left::default();
    let env = Env::set(database_url, left.clone()).await;
    let outcome = tokio::spawn(run(env)).await;
    left.stop().await;
    outcome.map_err(|error| match error.try_into_panic() {
        Ok(panic) => Failed::from(message(&*panic)),
        Err(error) => Failed::from(error.to_string()),
    })
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_else(|| "panicked".to_owned())
}

impl Env {
    /// Sets the stage; everything at the pretend Meta happens at once.
    pub(crate) async fn set(database_url: Option<String>, left: Left) -> Env {
        let time = ManualClock::at(MORNING);
        let clock = JumpClock::new(Arc::new(time.clone()), Millis(0));
        let timings = Timings {
            sent_ms: 0,
            delivered_ms: 0,
            read_ms: 0,
            failed_ms: 0,
            ..Timings::default()
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("portero.db");
        let database = database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", file.display()));
        let door = Arc::new(Door::default());
        let wrap = Arc::clone(&door);
        let systems = Arc::new(ShopSystems::default());
        let stage = stage(StageOptions {
            seed: 1,
            listen: "127.0.0.1:0".to_owned(),
            data: Some(folder.path().to_owned()),
            database_url,
            clock,
            timings,
            wrap: Some(Box::new(move |inner| crate::door::around(wrap, inner))),
            world: None,
            simulator_on: None,
            systems: Some(systems.of_the_stage()),
            probe: None,
        })
        .await
        .expect("the stage");
        let world = setup::shops(&stage, 1).await.expect("the shops");
        let http = portero_net::client(portero_net::ClientOptions::default()).expect("a client");
        Env {
            stage: Lent::new(stage, left),
            world,
            http,
            door,
            systems,
            database,
            time,
            _folder: folder,
        }
    }

    pub(crate) fn sol(&self) -> &Standing {
        &self.world.shops[0]
    }

    pub(crate) fn lua(&self) -> &Standing {
        &self.world.shops[1]
    }

    pub(crate) async fn settle(&self) {
        setup::wait(&self.world)
            .await
            .expect("host and simulator come to rest");
    }

    /// Somebody writes and everything that follows happens.
    pub(crate) async fn says(&self, shop: &Standing, who: usize, words: &str) -> String {
        let person = &shop.shop.people[who];
        let wamid = setup::say(&self.world.control, person.key(), shop.shop.number, words)
            .await
            .expect("said");
        self.settle().await;
        wamid
    }

    /// Somebody does something else at the simulator.
    pub(crate) async fn does(&self, shop: &Standing, who: usize, what: &str, body: Value) -> Value {
        let path = format!("/_sim/people/{}/{what}", shop.shop.people[who].key());
        let answer = self
            .world
            .control
            .post(&path, &body)
            .await
            .expect("the control API");
        self.settle().await;
        answer
    }

    /// The newest messages to somebody.
    pub(crate) async fn messages(&self, shop: &Standing, who: usize) -> Vec<Value> {
        let contact = self.contact(shop, who).await;
        let id = contact["id"].as_str().expect("an id");
        let page = shop
            .api
            .get(&format!("/v1/messages?contact={id}&limit=200"))
            .await
            .expect("messages");
        page["items"].as_array().cloned().expect("a list")
    }

    pub(crate) async fn contact(&self, shop: &Standing, who: usize) -> Value {
        let key = shop.shop.people[who].key();
        shop.api
            .get(&format!("/v1/contacts/{key}"))
            .await
            .expect("the contact")
    }

    /// A proposal through the API; the answer with its verdict.
    pub(crate) async fn propose(
        &self,
        shop: &Standing,
        who: usize,
        key: &str,
        rest: Value,
    ) -> Value {
        let mut body = json!({ "to": shop.shop.people[who].key() });
        body.as_object_mut()
            .expect("object")
            .extend(rest.as_object().expect("object").clone());
        let answer = shop.api.propose(key, body).await.expect("an answer");
        self.settle().await;
        answer
    }

    /// The message of a proposal as it stands now.
    pub(crate) async fn now(&self, shop: &Standing, proposed: &Value) -> Value {
        let id = proposed["message"]["id"].as_str().expect("an id");
        shop.api
            .get(&format!("/v1/messages/{id}"))
            .await
            .expect("the message")
    }

    pub(crate) async fn event(
        &self,
        shop: &Standing,
        who: usize,
        id: &str,
        name: &str,
        data: Value,
    ) -> Value {
        let body =
            json!({ "id": id, "name": name, "contact": shop.shop.people[who].key(), "data": data });
        let answer = shop.api.post("/v1/events", body).await.expect("accepted");
        self.settle().await;
        answer
    }

    pub(crate) async fn jump(&self, by: Millis) {
        self.world
            .operator
            .post("/v1/clock/jump", json!({ "ms": by.0 }))
            .await
            .expect("a jump");
        self.settle().await;
    }

    /// Time goes by for leases and breakers too.
    pub(crate) async fn rest(&self, by: Millis) {
        self.settle().await;
        self.time.advance(by);
        self.settle().await;
    }

    /// A webhook of our own making; its HTTP status.
    pub(crate) async fn webhook(&self, body: &[u8]) -> u16 {
        let secret = secrecy::SecretString::from(self.stage.secrets.app_secret.clone());
        let signature = portero_meta::signature::sign(&secret, body);
        let status = self.signed(body, &signature).await;
        self.settle().await;
        status
    }

    /// A webhook of one field about a shop's account, at the host's time.
    pub(crate) async fn meta_says(&self, shop: &Standing, field: &str, value: Value) {
        let secs = self.stage.host.ctx.now().secs();
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": shop.shop.waba, "time": secs,
            "changes": [{ "field": field, "value": value }] }] });
        assert_eq!(self.webhook(body.to_string().as_bytes()).await, 200);
    }

    pub(crate) async fn signed(&self, body: &[u8], signature: &str) -> u16 {
        self.http
            .post(format!("{}/webhooks/whatsapp", self.stage.host.url))
            .header("x-hub-signature-256", signature)
            .body(body.to_vec())
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    }

    /// What Meta got from us so far: every accepted business message.
    pub(crate) async fn accepted(&self) -> Vec<Value> {
        let all = self
            .world
            .control
            .get("/_sim/messages")
            .await
            .expect("messages");
        let list = all
            .get("messages")
            .unwrap_or(&all)
            .as_array()
            .cloned()
            .expect("a list");
        list.into_iter()
            .filter(|m| m["direction"] == "outbound")
            .collect()
    }

    /// Another caller of the same host.
    pub(crate) fn as_token(&self, token: &str) -> Api {
        Api::at(&self.stage.host.url, token).expect("a client")
    }

    /// The account balances and nothing is half done: how every test ends.
    pub(crate) async fn end(self) {
        self.settle().await;
        for shop in &self.world.shops {
            let account = shop.api.get("/v1/account").await.expect("the account");
            assert_eq!(account["balanced"], true, "{account}");
            assert_eq!(account["states"]["attempting"], 0, "{account}");
        }
        self.stage.stop().await;
    }
}

/// The verdict and rule of a proposal's answer.
pub(crate) fn ruled(proposed: &Value) -> (String, String) {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    (
        text(&proposed["verdict"]["verdict"]),
        text(&proposed["verdict"]["rule"]),
    )
}
