//! The API against its own document: good and spoiled requests of every operation, each answer judged.
//!
//! `PORTERO_FUZZ=20000` sends that many spoiled requests, `PORTERO_SEED=7` other ones.

mod document;
pub(crate) mod good;
pub(crate) mod spoil;

use std::collections::{BTreeMap, BTreeSet};

use document::{Answer, Document};
use serde_json::Value;
use spoil::{Dice, Load, Request, Who};

use crate::harness::{Env, Test, test};

pub(crate) use document::sees_each_fault;

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[test!(api_fuzz::every_answer_is_a_documented_one)];

/// Spoiled requests of an ordinary run.
const ORDINARY: usize = 300;
/// Ids that are kept to name things by.
const POOL: usize = 400;
/// Different faults after which a run has seen enough.
const ENOUGH: usize = 25;

/// Operations that no request here does with success, with the reason.
const WITHOUT_SUCCESS: &[(&str, &str)] = &[];

fn setting(name: &str, ordinary: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => ordinary,
    }
}

/// The committed document, which the host shows too.
fn committed() -> Value {
    serde_json::from_str(include_str!("../../host/docs/openapi.json")).expect("JSON")
}

struct Run {
    env: Env,
    document: Document,
    pool: Vec<String>,
    /// The request and what was wrong, by operation and fault.
    faults: BTreeMap<String, String>,
    succeeded: BTreeSet<String>,
    /// Whether a 5xx came: what led to it is to stand last.
    broke: bool,
    /// Changes that were taken: a fault may be of what one of them left.
    changes: Vec<String>,
    sent: BTreeMap<u16, usize>,
}

impl Run {
    async fn send(&self, request: &Request) -> Result<Answer, String> {
        let method = request.method.parse().expect("a method");
        let url = format!("{}{}", self.env.stage.host.url, request.address());
        let mut asked = self.env.http.request(method, url);
        let token = match request.who {
            Who::Owner => Some(self.env.sol().token.as_str()),
            Who::Operator | Who::Unnamed => Some(self.env.stage.host.operator_token.as_str()),
            Who::Stranger => Some(self.env.lua().token.as_str()),
            Who::Nobody => None,
        };
        let own = |name: &str| request.headers.iter().any(|(n, _)| n == name);
        if let Some(token) = token.filter(|_| !own("authorization")) {
            asked = asked.bearer_auth(token);
        }
        if request.who == Who::Operator && !own("x-portero-tenant") {
            asked = asked.header("x-portero-tenant", self.env.sol().shop.slug);
        }
        let load = match &request.load {
            Load::Nothing => None,
            Load::Json(value) => Some(("application/json", value.to_string().into_bytes())),
            Load::Bytes(kind, bytes) => Some((*kind, bytes.clone())),
        };
        if let Some((kind, bytes)) = load {
            asked = asked.body(bytes);
            if !own("content-type") {
                asked = asked.header("content-type", kind);
            }
        }
        for (name, value) in &request.headers {
            asked = asked.header(name, value.clone());
        }
        let answer = asked
            .send()
            .await
            .map_err(|e| format!("no answer: {e:?}"))?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type");
        let kind = kind.map(|k| k.to_str().expect("text")).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().to_owned();
        let body = answer.bytes().await;
        let body = body.map_err(|e| format!("the answer broke off: {e:?}"))?;
        Ok(Answer {
            status,
            kind,
            body: body.to_vec(),
        })
    }

    /// What is wrong with the answer to a request, and the answer.
    async fn judged(&self, request: &Request) -> (Option<String>, Option<Answer>) {
        let mut answer = self.send(request).await;
        if answer.is_err() {
            // A connection kept open may end in the moment in which it is used again; a new one may not.
            answer = self.send(request).await;
        }
        match answer {
            Ok(answer) => {
                let fault = self.document.find(&request.name()).fault(&answer);
                (fault, Some(answer))
            }
            Err(fault) => (Some(fault), None),
        }
    }

    async fn one(&mut self, request: &Request) -> Option<u16> {
        let (fault, answer) = self.judged(request).await;
        let status = answer.as_ref().map(|a| a.status);
        *self.sent.entry(status.unwrap_or_default()).or_default() += 1;
        if let Some(answer) = &answer
            && (200..300).contains(&answer.status)
        {
            self.succeeded.insert(request.name());
            if request.method != "GET" {
                let change = format!(
                    "{} {} {:?}",
                    request.method,
                    request.address(),
                    brief(&request.load)
                );
                self.changes.push(change);
            }
            if let Ok(value) = serde_json::from_slice::<Value>(&answer.body) {
                harvest(&value, &mut self.pool);
            }
        }
        if let Some(fault) = fault {
            self.broke |= status.is_none_or(|s| s >= 500);
            let kind = format!("{}: {fault}", request.name());
            if !self.faults.contains_key(&kind) {
                let small = self.smallest(request.clone(), &fault).await;
                let said = answer.map(|a| {
                    String::from_utf8_lossy(&a.body)
                        .chars()
                        .take(400)
                        .collect::<String>()
                });
                let text = format!(
                    "{} as {:?}\n    headers {:?}\n    body {:?}\n    answer {said:?}",
                    small.address(),
                    small.who,
                    small.headers,
                    brief(&small.load)
                );
                self.faults.insert(kind, text);
            }
        }
        status
    }

    /// The same fault with as little as can be found.
    async fn smallest(&self, mut request: Request, fault: &str) -> Request {
        for _ in 0..20 {
            let mut found = None;
            for less in request.smaller().into_iter().take(40) {
                if self.judged(&less).await.0.as_deref() == Some(fault) {
                    found = Some(less);
                    break;
                }
            }
            match found {
                Some(less) => request = less,
                None => break,
            }
        }
        request
    }
}

fn brief(load: &Load) -> String {
    let text = match load {
        Load::Nothing => String::new(),
        Load::Json(value) => value.to_string(),
        Load::Bytes(kind, bytes) => {
            let start: String = String::from_utf8_lossy(bytes).chars().take(200).collect();
            format!("{kind}, {} bytes: {start}", bytes.len())
        }
    };
    text.chars().take(1_500).collect()
}

/// Keeps ids that an answer tells. Tokens and users stay out: a run needs its own.
fn harvest(value: &Value, pool: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let id = text.split_once('_').is_some_and(|(kind, rest)| {
                kind.len() == 3
                    && rest.len() >= 32
                    && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            });
            let own = text.starts_with("tok_") || text.starts_with("usr_");
            if id && !own && pool.len() < POOL && !pool.contains(text) {
                pool.push(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|i| harvest(i, pool)),
        Value::Object(fields) => fields.values().for_each(|f| harvest(f, pool)),
        _ => {}
    }
}

pub(crate) async fn every_answer_is_a_documented_one(env: Env) {
    let committed = committed();
    let shown = env.world.operator.get("/openapi.json").await.unwrap();
    assert_eq!(
        shown, committed,
        "the host shows another document than the committed one"
    );
    let seed = setting("PORTERO_SEED", 1);
    let good = good::requests(&env).await;
    let sol = &env.sol().shop;
    let mut pool: Vec<String> = [
        sol.number,
        sol.waba,
        sol.slug,
        "promo_semana",
        "ofertas",
        "es",
        "co-rne",
    ]
    .map(str::to_owned)
    .to_vec();
    pool.extend(sol.people.iter().map(|p| p.key().to_owned()));
    pool.extend(env.lua().shop.people.iter().map(|p| p.key().to_owned()));
    pool.push(env.sol().sample_wamid.clone());
    let mut run = Run {
        document: Document::read(&committed),
        env,
        pool,
        faults: BTreeMap::new(),
        succeeded: BTreeSet::new(),
        broke: false,
        changes: Vec::new(),
        sent: BTreeMap::new(),
    };
    let mut answered = Vec::new();
    for request in &good {
        let status = run.one(request).await;
        answered.push(format!("{} {status:?}", request.name()));
    }
    let excused = |name: &String| WITHOUT_SUCCESS.iter().any(|(n, _)| n == name);
    let missing: Vec<String> = run
        .document
        .operations
        .iter()
        .map(document::Operation::name)
        .filter(|name| !run.succeeded.contains(name) && !excused(name))
        .map(|name| {
            let said = answered.iter().find(|a| a.starts_with(&format!("{name} ")));
            said.cloned().unwrap_or(format!("{name}: never asked"))
        })
        .collect();
    let mut dice = Dice::new(seed as u64);
    let mut spoiled = 0;
    for _ in 0..setting("PORTERO_FUZZ", ORDINARY) {
        let good = dice.pick(&good).clone();
        let query = run.document.find(&good.name()).query.clone();
        let request = dice.spoil(&good, &query, &run.pool);
        run.one(&request).await;
        spoiled += 1;
        if run.faults.len() >= ENOUGH || run.broke {
            break;
        }
    }
    let faults: Vec<String> = run
        .faults
        .iter()
        .map(|(kind, text)| format!("{kind}\n    {text}"))
        .collect();
    if !faults.is_empty() {
        let last = run.changes.len().saturating_sub(200);
        let last = run.changes[last..].join("\n  ");
        println!("changes that were taken before, the last ones:\n  {last}");
    }
    println!("{spoiled} spoiled requests, seed {seed}: {:?}", run.sent);
    assert!(
        faults.is_empty() && missing.is_empty(),
        "PORTERO_SEED={seed}\nwithout success: {missing:#?}\n{} faults:\n  {}",
        faults.len(),
        faults.join("\n  ")
    );
    // The requests were not all refused at the first door.
    assert!(
        run.sent.get(&422).is_some_and(|n| *n > 10) || spoiled < ORDINARY,
        "{:?}",
        run.sent
    );
    run.env.end().await;
}
