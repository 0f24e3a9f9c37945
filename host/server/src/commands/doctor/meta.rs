//! What Meta says of the tokens themselves, and what time it has.

use std::collections::BTreeMap;
use std::time::Duration;

use portero_domain::clock::{Clock, Millis, Ts};
use portero_gate::facts::TenantMode;
use portero_meta::client::CloudApi;
use portero_meta::transport::Transport as _;
use portero_net::ClientOptions;
use portero_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{Check, all_of, bad, good};
use crate::config::Config;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a token has to be allowed.
const NEEDED: [&str; 2] = [
    "whatsapp_business_messaging",
    "whatsapp_business_management",
];
/// A token that ends sooner is worth a word.
const SOON: Millis = Millis::days(7);
/// Farther apart, windows of 24 hours and times of webhooks are read wrongly.
const APART: Millis = Millis::secs(30);
/// `Date` has whole seconds.
const GRAIN: Millis = Millis::secs(1);

const SCOPES: &str = "token scopes";
const TIME: &str = "Meta's clock";

/// A number's token, and how it is named to a person.
struct Held {
    name: String,
    token: SecretString,
}

/// What was heard of one token.
struct Heard {
    about: Option<Value>,
    /// Meta's time, between these two readings of ours.
    at: Option<(Ts, Ts, Ts)>,
}

/// Asks about each token once; what Meta does not answer is found by the check of the tokens.
pub(super) async fn check(
    store: &Store,
    config: &Config,
    clock: &dyn Clock,
    checks: &mut Vec<Check>,
) {
    let held = match held(store, config).await {
        Ok(held) => held,
        Err(error) => {
            checks.push(bad("database", error.to_string(), "run `portero migrate`"));
            return;
        }
    };
    let mut heard = BTreeMap::new();
    for one in &held {
        let secret = one.token.expose_secret();
        if !heard.contains_key(secret) {
            heard.insert(secret, ask(config, &one.token, clock).await);
        }
    }
    let of = |one: &Held| {
        heard
            .get(one.token.expose_secret())
            .and_then(|h| h.about.as_ref())
    };
    checks.push(scopes(held.iter().map(|one| (one, of(one))), clock.now()));
    checks.push(time(heard.values().filter_map(|h| h.at)));
}

/// Tokens of the numbers that may be asked about: a pretend shop's on this machine only.
async fn held(store: &Store, config: &Config) -> Result<Vec<Held>, StoreError> {
    let here = portero_net::client(ClientOptions::default())
        .ok()
        .and_then(|http| CloudApi::new(&config.graph_url, &config.graph_version, http).ok())
        .is_some_and(|cloud| cloud.stays_here());
    let mut tx = store.read().await?;
    let mut all = Vec::new();
    for tenant in tx.system().tenants().await? {
        if tenant.mode == TenantMode::Simulator && !here {
            continue;
        }
        for number in tx.tenant(tenant.id).numbers().await? {
            if let Some(token) = tx.tenant(tenant.id).number_token(&number.id).await? {
                let name = format!("number {} of `{}`", number.id.as_str(), tenant.slug);
                all.push(Held { name, token });
            }
        }
    }
    Ok(all)
}

async fn ask(config: &Config, token: &SecretString, clock: &dyn Clock) -> Heard {
    let nothing = Heard {
        about: None,
        at: None,
    };
    let options = ClientOptions {
        timeout: PATIENCE,
        ..ClientOptions::default()
    };
    let address = format!(
        "{}/{}/debug_token",
        config.graph_url.trim_end_matches('/'),
        config.graph_version
    );
    let (Ok(client), Ok(mut url)) = (portero_net::client(options), reqwest::Url::parse(&address))
    else {
        return nothing;
    };
    // The address carries the token: nothing of it is ever said.
    url.query_pairs_mut()
        .append_pair("input_token", token.expose_secret());
    let before = clock.now();
    let asked = client
        .get(url)
        .bearer_auth(token.expose_secret())
        .send()
        .await;
    let after = clock.now();
    let Ok(answer) = asked else { return nothing };
    let date = answer.headers().get(reqwest::header::DATE);
    let date = date.and_then(|date| date.to_str().ok()).and_then(instant);
    let about = match answer.status().is_success() {
        true => answer.json::<Value>().await.ok(),
        false => None,
    };
    Heard {
        about: about.and_then(|about| about.get("data").cloned()),
        at: date.map(|at| (before, at, after)),
    }
}

/// `Tue, 24 Nov 2026 14:00:00 GMT`.
fn instant(date: &str) -> Option<Ts> {
    let at = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(Ts(at.timestamp().as_millisecond()))
}

fn scopes<'a>(all: impl Iterator<Item = (&'a Held, Option<&'a Value>)>, now: Ts) -> Check {
    let mut wrong = Vec::new();
    let mut fine = 0;
    for (one, about) in all {
        let Some(about) = about else { continue };
        // One that Meta does not take is another check's.
        if about.get("is_valid") != Some(&Value::Bool(true)) {
            continue;
        }
        let scopes = about.get("scopes").and_then(Value::as_array);
        let has = |wanted: &str| scopes.is_some_and(|all| all.iter().any(|s| s == wanted));
        let lacks: Vec<&str> = NEEDED.into_iter().filter(|wanted| !has(wanted)).collect();
        // 0 means never.
        let ends = about.get("expires_at").and_then(Value::as_i64);
        let ends = ends
            .filter(|at| *at > 0)
            .map(|at| Ts(at.saturating_mul(1_000)));
        if !lacks.is_empty() {
            wrong.push(format!(
                "{}: its token lacks {}",
                one.name,
                lacks.join(", ")
            ));
        } else if let Some(at) = ends.filter(|at| *at < now + SOON) {
            wrong.push(format!("{}: its token ends {}", one.name, at.rfc3339()));
        } else {
            fine += 1;
        }
    }
    let remedy = "make a system user's token that never ends, with both permissions of WhatsApp, and give it with \
                  `portero number add … --access-token-file FILE`";
    all_of(
        SCOPES,
        &wrong,
        format!("{fine} have what they need"),
        remedy,
    )
}

fn time(all: impl Iterator<Item = (Ts, Ts, Ts)>) -> Check {
    let mut farthest: Option<i64> = None;
    for (before, at, after) in all {
        // Meta's second may have begun up to a second before it was told.
        let early = before.0 - (at.0 + GRAIN.0);
        let late = at.0 - after.0;
        let apart = early.max(late).max(0);
        farthest = Some(farthest.map_or(apart, |known| known.max(apart)));
    }
    match farthest {
        None => good(TIME, "not asked"),
        Some(apart) if apart <= APART.0 => good(TIME, "this machine's agrees with it"),
        Some(apart) => bad(
            TIME,
            format!("this machine's is {} s away from it", apart / 1_000),
            "set this machine's clock by a time server (timedatectl set-ntp true): windows of 24 hours and Meta's times \
             are read by it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_clock_that_is_away_is_told_and_the_grain_of_a_second_is_not() {
        let at = instant("Tue, 24 Nov 2026 14:00:00 GMT").unwrap();
        let ms = |ms: i64| Ts(at.0 + ms);
        for (before, after, ok) in [
            (0, 5, true),
            (900, 1_900, true),
            (31_000, 31_000, true),
            (31_001, 31_001, false),
            (-30_000, -30_000, true),
            (-30_001, -30_001, false),
        ] {
            let told = time([(ms(before), at, ms(after))].into_iter());
            assert_eq!(told.ok, ok, "{before} {after}: {}", told.found);
        }
        assert!(time(std::iter::empty()).ok);
        assert_eq!(instant("soon"), None);
    }

    #[test]
    fn a_token_that_lacks_a_permission_or_ends_soon_is_told() {
        let held = Held {
            name: "number 4".to_owned(),
            token: SecretString::from("t"),
        };
        let now = Ts(1_000_000_000);
        let of = |about: Option<Value>| scopes([(&held, about.as_ref())].into_iter(), now);
        let about = |scopes: &[&str], ends: i64| {
            Some(json!({ "is_valid": true, "scopes": scopes, "expires_at": ends }))
        };
        assert!(of(about(&NEEDED, 0)).ok);
        assert!(of(about(&NEEDED, 1_000_000 + 8 * 86_400)).ok);
        assert!(!of(about(&NEEDED, 1_000_000 + 6 * 86_400)).ok);
        let lacks = of(about(&NEEDED[..1], 0));
        assert!(
            !lacks.ok && lacks.found.contains(NEEDED[1]),
            "{}",
            lacks.found
        );
        // What Meta does not take, or says nothing of, is not this check's.
        assert!(of(Some(json!({ "is_valid": false, "scopes": [] }))).ok);
        assert!(of(None).ok);
    }
}
