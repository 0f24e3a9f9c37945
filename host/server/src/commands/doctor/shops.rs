//! What the tenants need: app secrets, tokens that Meta takes, fresh templates, plugins that load.

use std::collections::BTreeSet;
use std::time::Duration;

use portero_domain::clock::{Millis, Ts};
use portero_gate::facts::TenantMode;
use portero_meta::client::CloudApi;
use portero_meta::transport::{Access, Transport};
use portero_net::ClientOptions;
use portero_sandbox::{Allocator, Sandbox, SandboxConfig};
use portero_store::model::{NumberRow, TenantRow};
use portero_store::{Store, StoreError};
use secrecy::ExposeSecret;

use super::{Check, all_of, bad, good, machine};
use crate::config::Config;
use crate::http::webhook::DEFAULT_APP;

/// Templates that nobody asked Meta about for longer than this are stale.
const STALE: Millis = Millis::hours(7 * 24);
/// How long one answer from outside may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What Meta is asked to repeat, as it asks us.
const CHALLENGE: &str = "1158201444";

struct Shop {
    tenant: TenantRow,
    numbers: Vec<NumberRow>,
}

/// Looks at every tenant.
pub(super) async fn check(
    store: &Store,
    config: &Config,
    public_url: Option<&str>,
    now: Ts,
    checks: &mut Vec<Check>,
) {
    let shops = match shops(store).await {
        Ok(shops) => shops,
        Err(error) => {
            checks.push(bad("tenants", error.to_string(), "run `portero migrate`"));
            return;
        }
    };
    let found = [
        apps(store, &shops).await,
        tokens(store, config, &shops).await,
        accounts(store, &shops, now).await,
        templates(store, &shops, now).await,
        plugins(store, config).await,
        webhooks(store, public_url).await,
    ];
    checks.extend(found.into_iter().map(|found| {
        found.unwrap_or_else(|error| bad("database", error.to_string(), "run `portero migrate`"))
    }));
}

async fn shops(store: &Store) -> Result<Vec<Shop>, StoreError> {
    let mut tx = store.read().await?;
    let mut shops = Vec::new();
    for tenant in tx.system().tenants().await? {
        let numbers = tx.tenant(tenant.id).numbers().await?;
        shops.push(Shop { tenant, numbers });
    }
    Ok(shops)
}

/// Webhooks about each number can be verified.
async fn apps(store: &Store, shops: &[Shop]) -> Result<Check, StoreError> {
    let known = store.read().await?.system().apps().await?;
    let mut missing: Vec<&str> = shops
        .iter()
        .flat_map(|shop| &shop.numbers)
        .map(|number| number.app.as_str())
        .filter(|app| !known.iter().any(|k| k == app))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let wrong: Vec<String> = missing
        .iter()
        .map(|app| format!("numbers belong to the app `{app}`, whose secret is not here: its webhooks are refused"))
        .collect();
    let remedy = format!(
        "take the app secret from Meta's dashboard: PORTERO_APP_SECRET=… PORTERO_VERIFY_TOKEN=… portero app put {}",
        missing.first().unwrap_or(&DEFAULT_APP)
    );
    let found = format!("{} apps", known.len());
    Ok(all_of("app secret", &wrong, found, &remedy))
}

/// Meta takes the token of each number.
async fn tokens(store: &Store, config: &Config, shops: &[Shop]) -> Result<Check, StoreError> {
    const NAME: &str = "access token";
    let cloud = portero_net::client(ClientOptions {
        timeout: PATIENCE,
        ..ClientOptions::default()
    })
    .map_err(|e| e.to_string())
    .and_then(|http| {
        CloudApi::new(&config.graph_url, &config.graph_version, http).map_err(|e| e.to_string())
    });
    let cloud = match cloud {
        Ok(cloud) => cloud,
        Err(why) => return Ok(bad(NAME, why, "mend graph_url and graph_version")),
    };
    // A pretend shop is asked about on this machine only.
    let asked = |shop: &&Shop| shop.tenant.mode != TenantMode::Simulator || cloud.stays_here();
    let mut wrong = Vec::new();
    let mut good_ones = 0;
    for shop in shops.iter().filter(asked) {
        for number in &shop.numbers {
            let mut tx = store.read().await?;
            let token = tx.tenant(shop.tenant.id).number_token(&number.id).await?;
            drop(tx);
            let Some(token) = token else { continue };
            match cloud.number(&number.id, &Access { token }).await {
                Ok(_) => good_ones += 1,
                Err(error) => wrong.push(format!(
                    "number {} of `{}`: {error}",
                    number.id.as_str(),
                    shop.tenant.slug
                )),
            }
        }
    }
    let remedy = "check that graph_url can be reached; make a new token in Meta's dashboard and give it with \
                  `portero number add … --access-token-file FILE`";
    Ok(all_of(
        NAME,
        &wrong,
        format!("Meta takes {good_ones}"),
        remedy,
    ))
}

/// Meta lets the accounts send.
async fn accounts(store: &Store, shops: &[Shop], now: Ts) -> Result<Check, StoreError> {
    let mut wrong = Vec::new();
    let mut look_at = None;
    let mut seen = BTreeSet::new();
    for shop in shops {
        for number in &shop.numbers {
            if !seen.insert((shop.tenant.id, number.waba.clone())) {
                continue;
            }
            let mut tx = store.read().await?;
            let account = tx.tenant(shop.tenant.id).account(&number.waba).await?;
            let resting = account.refused.filter(|refused| now < refused.until());
            let restricted = account
                .restriction
                .filter(|_| account.restricted_until.is_none_or(|until| now < until));
            let found = match (resting, restricted) {
                (Some(r), _) => format!("{} rests until {}", r.words(), r.until().rfc3339()),
                (None, Some(what)) => match account.restricted_until {
                    Some(until) => format!("{what} until {}", until.rfc3339()),
                    None => format!("{what} until Meta lifts it"),
                },
                (None, None) => continue,
            };
            wrong.push(format!(
                "account {} of `{}`: {found}",
                number.waba.as_str(),
                shop.tenant.slug
            ));
            look_at.get_or_insert((number.id.as_str(), shop.tenant.slug.as_str()));
        }
    }
    let (number, slug) = look_at.unwrap_or(("NUMBER", "TENANT"));
    let remedy = format!(
        "read Meta's notice in WhatsApp Manager; what it reaches: portero number show {number} --tenant {slug}"
    );
    let found = format!("Meta lets {} send", seen.len());
    Ok(all_of("accounts", &wrong, found, &remedy))
}

/// Somebody asked Meta about the templates lately.
async fn templates(store: &Store, shops: &[Shop], now: Ts) -> Result<Check, StoreError> {
    let mut wrong = Vec::new();
    let mut stale = None;
    for shop in shops.iter().filter(|shop| !shop.numbers.is_empty()) {
        let mut tx = store.read().await?;
        let all = tx.tenant(shop.tenant.id).templates().await?;
        let newest = all.iter().map(|(_, template, _)| template.synced_at).max();
        let slug = &shop.tenant.slug;
        match newest {
            None => wrong.push(format!("`{slug}` has none: only answers can be sent")),
            Some(at) if at < now - STALE => {
                wrong.push(format!("`{slug}`: last read {}", at.rfc3339()));
            }
            Some(_) => continue,
        }
        stale.get_or_insert(slug);
    }
    let remedy = format!(
        "portero template sync --tenant {}",
        stale.map_or("TENANT", |slug| slug.as_str())
    );
    Ok(all_of("templates", &wrong, "read within 7 days", &remedy))
}

/// Every component that an installation names can be made ready.
async fn plugins(store: &Store, config: &Config) -> Result<Check, StoreError> {
    const NAME: &str = "plugins";
    let folder = machine::cache_folder(&config.data);
    let key = std::fs::read(config.data.join("plugin-cache.key"))
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let sandbox = Sandbox::new(SandboxConfig {
        // Without its key, or with a cache that is in the way, plugins are compiled anew.
        cache_dir: (key.is_some() && folder.is_dir()).then_some(folder),
        cache_key: key.unwrap_or_default(),
        allocator: Allocator::Auto,
        max_concurrent: config.plugin_concurrency,
    });
    let sandbox = match sandbox {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let remedy = "lower plugin_concurrency, or give the process more address space";
            return Ok(bad(NAME, error.to_string(), remedy));
        }
    };
    let mut tx = store.read().await?;
    let installed = tx.system().enabled_installations().await?;
    let mut digests: Vec<String> = installed.into_iter().map(|(_, row)| row.digest).collect();
    digests.sort_unstable();
    digests.dedup();
    let mut wrong = Vec::new();
    for digest in &digests {
        let Some(plugin) = tx.system().plugin(digest).await? else {
            wrong.push(format!("component {digest} is not here"));
            continue;
        };
        let id = plugin.plugin_id.as_str().to_owned();
        if let Err(error) = sandbox.load(plugin.component, digest).await {
            wrong.push(format!("{id} {}: {error}", plugin.version));
        }
    }
    let remedy = "install it again from its file: portero plugin install FILE.wasm --tenant TENANT";
    let found = format!("{} load", digests.len());
    Ok(all_of(NAME, &wrong, found, remedy))
}

/// The address that Meta was told leads here.
async fn webhooks(store: &Store, public_url: Option<&str>) -> Result<Check, StoreError> {
    const NAME: &str = "webhooks";
    let Some(base) = public_url else {
        return Ok(good(
            NAME,
            "not tried; --public-url https://… tries the address that Meta was told",
        ));
    };
    let mut wrong = Vec::new();
    let mut tx = store.read().await?;
    let apps = tx.system().apps().await?;
    for app in &apps {
        let Some(secrets) = tx.system().app(app).await? else {
            continue;
        };
        let path = if app == DEFAULT_APP {
            String::new()
        } else {
            format!("/{app}")
        };
        let address = format!("{}/webhooks/whatsapp{path}", base.trim_end_matches('/'));
        if let Err(why) = challenged(&address, secrets.verify_token.expose_secret()).await {
            wrong.push(format!("{address}: {why}"));
        }
    }
    let remedy = "check name, TLS and proxy of that address, and that it leads to this host";
    let found = format!("{base} leads here for {} apps", apps.len());
    Ok(all_of(NAME, &wrong, found, remedy))
}

/// Asks as Meta asks when a webhook is set up.
async fn challenged(address: &str, verify_token: &str) -> Result<(), String> {
    let client = portero_net::client(ClientOptions {
        timeout: PATIENCE,
        ..ClientOptions::default()
    })
    .map_err(|e| e.to_string())?;
    let mut url = reqwest::Url::parse(address).map_err(|e| e.to_string())?;
    url.query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", CHALLENGE)
        .append_pair("hub.verify_token", verify_token);
    // The address carries the token: it must not stand in what is said.
    let asked = client.get(url).send().await;
    let answer = asked.map_err(|e| e.without_url().to_string())?;
    let status = answer.status();
    let body = answer
        .text()
        .await
        .map_err(|e| e.without_url().to_string())?;
    if status.is_success() && body == CHALLENGE {
        Ok(())
    } else {
        Err(format!("answered {status}, not as this host does"))
    }
}
