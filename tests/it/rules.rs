//! Each rule through HTTP: a case that makes it fire and its neighbour that passes, on both engines; and
//! the same scenario on a host whose gate lacks the rule, where exactly that case does not hold.
//!
//! A group of cases has a host of its own. A group says which rules it shows; all groups together show
//! every rule of the registry.

mod brake;
mod messages;
mod numbers;
mod people;
mod plugins;
pub(crate) mod registries;
mod templates;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;

/// Rules whose cases HTTP itself makes impossible, with the reason; `host/gate/tests/needed.rs` shows them.
const NOT_THROUGH_HTTP: &[(&str, &str)] = &[];

type Play = for<'a> fn(&'a Env, &'a mut Cases) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Cases that share a host, and the rules they show.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static str],
    play: Play,
}

macro_rules! groups {
    ($($name:literal, $play:path, [$($rule:literal),* $(,)?];)*) => {
        pub(crate) const GROUPS: &[Group] = &[$(Group {
            name: $name,
            rules: &[$($rule),*],
            play: |env, cases| Box::pin($play(env, cases)),
        }),*];

        /// The groups as tests, one per engine.
        pub(crate) const TESTS: &[crate::harness::Test] = &[$(crate::harness::Test {
            name: concat!("rules::", $name),
            run: |env| Box::pin(play($name, env)),
        }),*];
    };
}

groups! {
    "content", messages::content, [
        "envelope.invalid", "envelope.duplicate", "content.empty", "content.too-long",
        "content.unsupported", "content.placeholder-leak",
    ];
    "switches", messages::switches, ["tenant.suspended", "tenant.sender-mismatch", "tenant.sandbox"];
    "window", messages::window, ["session.window-closed", "session.window-margin"];
    "consent", people::consent, [
        "recipient.do-not-contact", "consent.missing", "consent.revoked", "consent.meta-stop",
        "consent.scope",
    ];
    "addresses", people::addresses, ["recipient.invalid"];
    "erased", people::erased, ["data.erased"];
    "registries", registries::registries, ["recipient.registry", "recipient.registry-stale"];
    "records", people::records, [
        "consent.expired", "consent.double-opt-in-pending", "consent.import-refused",
    ];
    "questions", people::questions, [
        "consent.request-malformed", "consent.request-repeated", "session.unsolicited-promo",
    ];
    "frequency", people::frequency, [
        "frequency.cap-tenant", "frequency.min-gap", "frequency.meta-per-user",
    ];
    "templates", templates::states, [
        "template.unknown", "template.not-approved", "template.paused", "template.params",
    ];
    "registry", templates::registry, [
        "template.category-mismatch", "template.language", "template.opt-out-missing",
        "template.quality-red",
    ];
    "account", numbers::account, ["account.restricted", "account.quality-red"];
    "tier", numbers::tier, ["limits.tier"];
    "pace", numbers::pace, [
        "limits.pair-rate", "frequency.promise-exceeded", "envelope.expired", "quiet-hours.tenant",
    ];
    "throughput", numbers::throughput, ["limits.throughput"];
    "campaigns", numbers::campaigns, ["frequency.same-campaign", "limits.cost-budget"];
    "brake", brake::brake, ["limits.campaign-brake"];
    "plugins", plugins::plugins, [
        "plugin.capability", "plugin.budget", "bot.handover-active", "bot.consecutive",
    ];
    "scope", plugins::scope, ["plugin.scope"];
}

/// What a group has shown so far.
#[derive(Default)]
pub(crate) struct Cases {
    fired: BTreeSet<&'static str>,
    passed: BTreeSet<&'static str>,
    proposals: usize,
}

/// The words that say which rule's case did not hold.
pub(crate) fn complaint(rule: &str) -> String {
    format!("`{rule}` did not decide:")
}

impl Cases {
    /// Shows that `rule` decided; `saw` is the rule that did, `whole` what is told otherwise.
    pub(crate) fn fired(&mut self, rule: &'static str, saw: &Value, whole: &Value) {
        assert_eq!(saw, rule, "{} {whole:#}", complaint(rule));
        self.fired.insert(rule);
    }

    /// The neighbour of `rule` was let through.
    pub(crate) fn passed(&mut self, rule: &'static str) {
        self.passed.insert(rule);
    }

    fn key(&mut self, rule: &str) -> String {
        self.proposals += 1;
        format!("{rule}-{}", self.proposals)
    }
}

/// One group on a host of its own: every rule it names fires and has a neighbour that passes.
async fn play(name: &str, env: Env) {
    let group = GROUPS.iter().find(|g| g.name == name).expect("a group");
    let mut cases = Cases::default();
    (group.play)(&env, &mut cases).await;
    let named: BTreeSet<&str> = group.rules.iter().copied().collect();
    assert_eq!(cases.fired, named, "rules that fired");
    assert_eq!(cases.passed, named, "rules whose neighbour passed");
    env.end().await;
}

/// The group of a rule, on a host whose gate lacks it: the panic says which case does not hold.
pub(crate) async fn without(rule: &str, env: Env) {
    let group = GROUPS.iter().find(|g| g.rules.contains(&rule));
    let group = group.expect("a rule with a case");
    assert!(portero_gate::remove_rule(Some(rule)), "no such rule");
    (group.play)(&env, &mut Cases::default()).await;
}

/// No rule is forgotten, none is shown twice, and an excuse is dropped when it no longer holds.
pub(crate) fn every_rule_of_the_registry_has_its_cases() {
    let shown: Vec<&str> = GROUPS.iter().flat_map(|g| g.rules).copied().collect();
    let once: BTreeSet<&str> = shown.iter().copied().collect();
    assert_eq!(once.len(), shown.len(), "a rule is shown by two groups");
    for rule in portero_gate::rules::RULES {
        let id = rule.about().id;
        let excused = NOT_THROUGH_HTTP.iter().any(|(other, _)| *other == id);
        assert!(
            once.contains(id) != excused,
            "{id}: give it a case in tests/it/rules, or say why HTTP cannot"
        );
    }
    let known = once.len() + NOT_THROUGH_HTTP.len();
    assert_eq!(
        known,
        portero_gate::rules::RULES.len(),
        "a rule that is none"
    );
}

pub(crate) fn text(body: &str) -> Value {
    json!({ "purpose": "reply", "content": { "type": "text", "body": body } })
}

pub(crate) fn template(name: &str, topic: &str, body: &Value) -> Value {
    json!({ "purpose": "promotional", "topic": topic,
            "content": { "type": "template", "name": name, "language": "es", "body": body } })
}

pub(crate) fn offer() -> Value {
    template("promo_semana", "ofertas", &json!([]))
}

/// The same message to this address.
pub(crate) fn to(address: &str, mut message: Value) -> Value {
    message["to"] = json!(address);
    message
}

/// The proposal must be decided by `rule`.
pub(crate) async fn fires(
    env: &Env,
    cases: &mut Cases,
    who: usize,
    rule: &'static str,
    rest: Value,
) -> Value {
    let key = cases.key(rule);
    let answer = env.propose(env.sol(), who, &key, rest).await;
    cases.fired(rule, &answer["verdict"]["rule"], &answer["verdict"]);
    answer
}

/// The neighbour: the same but for the one thing, and it is let through.
pub(crate) async fn passes(
    env: &Env,
    cases: &mut Cases,
    who: usize,
    rule: &'static str,
    rest: Value,
) -> Value {
    let answer = goes(env, cases, who, rest).await;
    assert_eq!(
        answer["verdict"]["verdict"], "allow",
        "{rule}: {}",
        answer["verdict"]
    );
    cases.passed(rule);
    answer
}

/// A message that only prepares a case.
pub(crate) async fn goes(env: &Env, cases: &mut Cases, who: usize, rest: Value) -> Value {
    // One reply in six seconds is everybody's pace.
    env.jump(Millis::secs(7)).await;
    let key = cases.key("goes");
    let answer = env.propose(env.sol(), who, &key, rest).await;
    assert_eq!(
        answer["verdict"]["verdict"], "allow",
        "{}",
        answer["verdict"]
    );
    answer
}

/// The newest message to somebody that `rule` decided, at whatever stage.
pub(crate) async fn decided(env: &Env, cases: &mut Cases, who: usize, rule: &'static str) {
    let messages = env.messages(env.sol(), who).await;
    let by_rule = messages.iter().find(|m| m["rule"] == rule);
    let short: Vec<Value> = messages
        .iter()
        .map(|m| json!([m["created_at"], m["state"], m["rule"], m["not_before"]]))
        .collect();
    let saw = by_rule.map_or(&Value::Null, |m| &m["rule"]);
    cases.fired(rule, saw, &json!(short));
}

/// Somebody the shop knows by what its system tells: address, language, consent.
pub(crate) async fn newcomer(env: &Env, n: u32, language: &str, consent: Option<Value>) -> String {
    let address = format!("57300557{n:04}");
    let person = json!({ "name": format!("N{n}"), "wa_id": address });
    let made = env.world.control.post("/_sim/people", &person).await;
    made.expect("a person at the simulator");
    let api = &env.sol().api;
    let contact = json!({ "address": address, "name": format!("N{n}"), "language": language });
    api.put("/v1/contacts", contact).await.unwrap();
    if let Some(consent) = consent {
        let path = format!("/v1/contacts/{address}/consent");
        api.post(&path, consent).await.unwrap();
    }
    address
}

pub(crate) fn granted() -> Value {
    json!({ "event": "granted", "topic": "ofertas", "wording": "ofertas@1", "evidence": "form 11",
            "promise": { "max": 50, "per": "week" } })
}

/// Somebody new who agreed to offers.
pub(crate) async fn agreed(env: &Env, n: u32) -> String {
    newcomer(env, n, "es", Some(granted())).await
}

pub(crate) async fn policy(env: &Env, new: Value) {
    let change = json!({ "policy": new, "reason": "a test" });
    let set = env.sol().api.put("/v1/policy", change).await.unwrap();
    for (name, value) in new.as_object().unwrap() {
        assert_eq!(&set["policy"][name], value);
    }
    let read = env.sol().api.get("/v1/policy").await.unwrap();
    assert_eq!(read, set);
}

/// The number's own rate lets a burst go and the rest a moment later: the clock stands still otherwise.
pub(crate) async fn settled(env: &Env) {
    for _ in 0..4 {
        env.jump(Millis::secs(1)).await;
    }
}
