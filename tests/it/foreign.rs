//! One shop's things are nobody's at another: every documented operation and every page, asked by Luna for what is Sol's,
//! with requests that are good for Sol itself.
//!
//! What is asked for is there: Sol's owner asks the same afterwards and is answered.

mod guest;
mod operations;
mod pages;

use std::collections::BTreeSet;

use portero::demo::setup::Standing;
use serde_json::Value;

use crate::api_fuzz::spoil::{Load, Request};
use crate::erasure::rows;
use crate::harness::{Env, Test, test};

pub(crate) use guest::a_guest_is_given_nothing_of_another_shop;
pub(crate) use operations::no_operation_reaches_what_is_anothers;
pub(crate) use pages::{no_page_reaches_what_is_anothers, the_stream_tells_that_and_not_what};

/// The tests of this folder.
pub(crate) const TESTS: &[Test] = &[
    test!(foreign::no_operation_reaches_what_is_anothers),
    test!(foreign::no_page_reaches_what_is_anothers),
    test!(foreign::the_stream_tells_that_and_not_what),
    test!(foreign::a_guest_is_given_nothing_of_another_shop),
];

/// Tables that a refused question may write into: the log of who asked for what.
const LOGS: &[&str] = &["audit"];

/// Words that stand for Sol: none of them is said to Luna.
struct Words(BTreeSet<String>);

impl Words {
    async fn of(env: &Env) -> Words {
        let (sol, lua) = (env.sol(), env.lua());
        let mut all: BTreeSet<String> = [
            sol.id.as_str(),
            sol.shop.slug,
            sol.shop.waba,
            sol.shop.number,
        ]
        .map(str::to_owned)
        .into();
        all.extend(sol.shop.people.iter().map(|p| p.key().to_owned()));
        all.insert(sol.shop.name.to_owned());
        let mut words = Words(all);
        let lists = env.world.operator.get("/openapi.json").await.unwrap();
        let lists = lists["paths"].as_object().expect("paths").iter();
        let lists: Vec<&String> = lists
            .filter(|(path, methods)| !path.contains('{') && methods["get"].is_object())
            .map(|(path, _)| path)
            .collect();
        for path in &lists {
            words.hear(&answer(env, sol, path).await);
        }
        // What both know is no secret of either: kinds of things, ids of what the server has for all.
        let mut common = Words(BTreeSet::new());
        for path in &lists {
            common.hear(&answer(env, lua, path).await);
        }
        words.0.retain(|word| !common.0.contains(word));
        assert!(words.0.len() > 30, "only {} words of Sol's", words.0.len());
        words
    }

    /// Keeps the ids that an answer to Sol names.
    fn hear(&mut self, text: &str) {
        let id = |word: &str| {
            let (kind, rest) = word.split_once('_').unwrap_or_default();
            let own = kind.len() == 3 && rest.len() >= 32;
            own && rest.bytes().all(|b| b.is_ascii_hexdigit()) || word.starts_with("wamid.")
        };
        let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_.=".contains(c)));
        self.0
            .extend(parts.filter(|word| id(word)).map(str::to_owned));
    }

    /// The first word of Sol's that an answer says and nobody had said in the question.
    fn said<'a>(&'a self, asked: &str, answer: &str) -> Option<&'a str> {
        let mut all = self.0.iter().map(String::as_str);
        all.find(|word| answer.contains(word) && !asked.contains(word))
    }
}

/// What a shop's owner is answered.
async fn answer(env: &Env, shop: &Standing, path: &str) -> String {
    let asked = env.http.get(format!("{}{path}", env.stage.host.url));
    let answer = asked.bearer_auth(&shop.token).send().await.unwrap();
    answer.text().await.unwrap()
}

/// Looks at rows that change by themselves, until nothing of Sol's is under way.
const LOOKS: usize = 60;

/// Every row that is Sol's, but those of logs, when two looks see the same.
async fn rows_of_sol(env: &Env) -> Vec<String> {
    let mut last = Vec::new();
    for _ in 0..LOOKS {
        env.settle().await;
        let now = rows_now(env).await;
        if now == last {
            assert!(now.len() > 50, "only {} rows of Sol's", now.len());
            return now;
        }
        last = now;
    }
    panic!("Sol's rows do not come to rest");
}

async fn rows_now(env: &Env) -> Vec<String> {
    let id = &env.sol().id;
    let all = rows::everything(env).await;
    let log = |row: &str| {
        LOGS.iter()
            .any(|table| row.starts_with(&format!("{table}: ")))
    };
    let own = |row: &String| row.contains(id.as_str()) && !log(row);
    all.into_iter().filter(own).collect()
}

/// What changed since: rows that are no longer, and rows that were not.
async fn changes(env: &Env, before: &[String]) -> Vec<String> {
    env.settle().await;
    match rows_now(env).await == before {
        true => Vec::new(),
        false => changed(before, &rows_of_sol(env).await),
    }
}

fn changed(before: &[String], after: &[String]) -> Vec<String> {
    let (was, is): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), after.iter().collect());
    let gone = was.difference(&is).map(|row| format!("- {row}"));
    let come = is.difference(&was).map(|row| format!("+ {row}"));
    gone.chain(come).collect()
}

/// A request as somebody with a token sends it: the status and all that was said.
async fn send(env: &Env, request: &Request, token: &str, shop: Option<&str>) -> (u16, String) {
    let method = request.method.parse().expect("a method");
    let address = format!("{}{}", env.stage.host.url, request.address());
    let mut asked = env.http.request(method, address).bearer_auth(token);
    if let Some(shop) = shop {
        asked = asked.header("x-portero-tenant", shop);
    }
    for (name, value) in &request.headers {
        asked = asked.header(name, value.clone());
    }
    asked = match &request.load {
        Load::Nothing => asked,
        Load::Json(value) => asked.json(value),
        Load::Bytes(kind, bytes) => asked.header("content-type", *kind).body(bytes.clone()),
    };
    let answer = asked.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.text().await.unwrap())
}

/// Everything a request says by itself.
fn spoken(request: &Request) -> String {
    let load = match &request.load {
        Load::Json(Value::Null) | Load::Nothing => String::new(),
        Load::Json(value) => value.to_string(),
        Load::Bytes(_, bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    format!("{} {} {load}", request.address(), request.named.join(" "))
}
