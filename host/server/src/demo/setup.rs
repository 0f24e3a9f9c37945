//! Builds the two shops through the public API, as an agency would; what stands already is left as it is.

use anyhow::Context;
use portero_domain::clock::{Clock as _, JumpClock, Millis, Ts};
use serde_json::{Value, json};

use crate::client::{Api, Body};
use crate::commands::pages::{self, Part};
use crate::commands::text;
use crate::demo::{Stage, world};
use crate::guest::TIENDA_BOT;
use crate::sim_control::HttpControl;

/// A shop that stands, and how to reach it.
pub struct Standing {
    /// What it is.
    pub shop: world::Shop,
    /// Tenant id.
    pub id: String,
    /// Its token.
    pub token: String,
    /// Its API.
    pub api: Api,
    /// An inbound message of its first person.
    pub sample_wamid: String,
}

/// Both shops and the way to the simulator.
pub struct World {
    /// The shops.
    pub shops: Vec<Standing>,
    /// The operator's API.
    pub operator: Api,
    /// The simulator's control.
    pub control: HttpControl,
    /// Whether the shops were made now; `false` when they were found.
    pub fresh: bool,
    /// When this run began, by the demo's clock.
    pub since: Ts,
    pub(crate) clock: JumpClock,
}

/// Creates tenants, tokens, numbers, wordings, people and consents, syncs templates, installs the plugin.
///
/// # Errors
/// Which step did not work, and the host's words.
pub async fn shops(running: &Stage, seed: u64) -> anyhow::Result<World> {
    let operator = Api::at(&running.host.url, &running.host.operator_token)?;
    let app = json!({ "app_secret": running.secrets.app_secret, "verify_token": running.secrets.verify_token });
    operator.put("/v1/apps/default", app).await.context("app")?;
    let control = HttpControl::new(&running.simulator_url)?;
    let since = running.clock.now();
    let known = pages::read(&operator, "/v1/tenants", &[], Part::default())
        .await
        .context("tenants")?;
    let mut standing = Vec::new();
    let mut fresh = true;
    for shop in world::shops(seed) {
        let found = known.get("items").and_then(Value::as_array);
        let found = found
            .into_iter()
            .flatten()
            .find(|t| text(t, "slug") == shop.slug);
        fresh &= found.is_none();
        standing.push(one(running, &operator, shop, found).await?);
    }
    let mut world = World {
        shops: standing,
        operator,
        control,
        fresh,
        since,
        clock: running.clock.clone(),
    };
    // Meta pauses a template of each shop for its low quality: three hours, told by webhook.
    for shop in &world.shops {
        let path = format!(
            "/_sim/templates/{}/promo_pausada/{}",
            shop.shop.waba, shop.shop.template_language
        );
        world
            .control
            .post(&path, &json!({ "quality": "RED" }))
            .await
            .map_err(anyhow::Error::msg)?;
    }
    wait(&world).await?;
    // One message each, so that programs that drive the demo have an open window to answer in.
    for i in 0..world.shops.len() {
        let Some(shop) = world.shops.get(i) else {
            continue;
        };
        let Some(person) = shop.shop.people.first() else {
            continue;
        };
        let said = say(
            &world.control,
            person.key(),
            shop.shop.number,
            hello(shop.shop.language),
        )
        .await?;
        wait(&world).await?;
        if let Some(shop) = world.shops.get_mut(i) {
            shop.sample_wamid = said;
        }
    }
    Ok(world)
}

fn hello(language: &str) -> &'static str {
    if language == "pt" { "oi" } else { "hola" }
}

/// A person writes; Meta's id of it.
///
/// # Errors
/// The simulator's words.
pub async fn say(
    control: &HttpControl,
    who: &str,
    number: &str,
    words: &str,
) -> anyhow::Result<String> {
    let body = json!({ "number": number, "type": "text", "text": words });
    let said = control
        .post(&format!("/_sim/people/{who}/say"), &body)
        .await
        .map_err(anyhow::Error::msg)?;
    Ok(text(&said, "wamid"))
}

/// Until both sides have nothing left to do.
///
/// # Errors
/// They never came to rest.
pub async fn wait(world: &World) -> anyhow::Result<()> {
    rest(&world.operator, &world.control, &world.clock).await
}

/// The same of a host and a simulator that share a clock.
///
/// # Errors
/// They never came to rest.
pub async fn rest(operator: &Api, control: &HttpControl, clock: &JumpClock) -> anyhow::Result<()> {
    // Asked twice in a row: what one side had on the wire may have become work of the other. Long
    // enough for the lease of a host that was killed to run out.
    let mut quiet = 0;
    for _ in 0..12_000 {
        let host = operator.get("/v1/idle").await?;
        let simulator = control
            .get("/_sim/idle")
            .await
            .map_err(anyhow::Error::msg)?;
        let idle = host.get("idle") == Some(&Value::Bool(true)) && at_rest(&simulator, clock.now());
        quiet = if idle { quiet + 1 } else { 0 };
        if quiet == 2 {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    anyhow::bail!("host and simulator did not come to rest; the log has the reason")
}

/// Nothing due, nothing on the wire; what waits for a far hour (the end of a pause) may wait.
fn at_rest(simulator: &Value, now: Ts) -> bool {
    let zero = |field: &str| simulator.get(field).and_then(Value::as_u64) == Some(0);
    let next = simulator.get("next_at").and_then(Value::as_i64);
    zero("due") && zero("in_flight") && next.is_none_or(|at| now + Millis::minutes(1) < Ts(at))
}

async fn one(
    running: &Stage,
    operator: &Api,
    shop: world::Shop,
    found: Option<&Value>,
) -> anyhow::Result<Standing> {
    let tenant = match found {
        Some(tenant) => tenant.clone(),
        None => {
            let tenant = json!({
                "slug": shop.slug, "name": shop.name, "language": shop.language,
                "timezone": shop.timezone, "country": shop.country,
            });
            operator
                .post("/v1/tenants", tenant)
                .await
                .context("tenant")?
        }
    };
    let token = operator
        .post(
            "/v1/tokens",
            json!({ "label": "demo", "tenant": shop.slug }),
        )
        .await
        .context("token")?;
    let token = text(&token, "token");
    let number = json!({
        "phone_number_id": shop.number, "waba_id": shop.waba, "display": shop.display,
        "access_token": running.secrets.access_token, "messaging_limit": "TIER_UNLIMITED",
    });
    operator
        .for_tenant(shop.slug)
        .put("/v1/numbers", number)
        .await
        .context("number")?;
    let api = Api::at(&running.host.url, &token)?;
    api.put("/v1/wordings", wording(&shop))
        .await
        .context("wording")?;
    api.post("/v1/templates/sync", json!({}))
        .await
        .context("template sync")?;
    let how = json!({ "config": bot_config(&shop), "grants": grants(&shop) });
    let path = format!(
        "/v1/plugins?how={}",
        crate::commands::plugin::encode(&grantable(TIENDA_BOT, how)?.to_string())
    );
    api.send(
        reqwest::Method::POST,
        &path,
        Some(Body::Bytes(TIENDA_BOT.to_vec())),
    )
    .await
    .context("plugin")?;
    for person in &shop.people {
        let path = format!(
            "/v1/contacts/{}",
            crate::commands::plugin::encode(person.key())
        );
        let contact = json!({ "address": person.key(), "name": person.name, "language": shop.language, "country": shop.country });
        api.put("/v1/contacts", contact).await.context("contact")?;
        // What somebody said since stands: only who has no ledger yet gets the form into it.
        let seen = api.get(&path).await.context("contact")?;
        let ledger = seen.get("consent_events").and_then(Value::as_array);
        if let Some(max) = person.offers
            && ledger.is_none_or(Vec::is_empty)
        {
            let consent = json!({
                "event": "granted", "topic": "ofertas", "promise": { "max": max, "per": "week" },
                "wording": "ofertas@1", "evidence": "paper form of the shop's opening, folder 3",
            });
            api.post(&format!("{path}/consent"), consent)
                .await
                .context("consent")?;
        }
    }
    Ok(Standing {
        id: text(&tenant, "id"),
        shop,
        token,
        api,
        sample_wamid: String::new(),
    })
}

/// What each shop lets the plugin do: the Brazilian one keeps promotion, and the reading of people's
/// data, to itself.
fn grants(shop: &world::Shop) -> Value {
    let mut permissions = vec![
        "send.session",
        "send.interactive",
        "send.template.utility",
        "consent.request",
        "kv",
        "gate.preview",
        "metric",
        "log",
        "config",
    ];
    if shop.language != "es" {
        return json!({ "permissions": permissions, "templates": ["pedido_*"] });
    }
    permissions.extend(["send.template.marketing", "contacts.read"]);
    json!({ "permissions": permissions, "templates": ["pedido_*", "carrito_recordatorio"],
            "contact_fields": ["name"] })
}

/// Grants only what the plugin asks for: an operator cannot grant more.
pub(crate) fn grantable(component: &[u8], mut how: Value) -> anyhow::Result<Value> {
    let found =
        portero_sandbox::inspect(component).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    if let Some(list) = how
        .pointer_mut("/grants/permissions")
        .and_then(Value::as_array_mut)
    {
        list.retain(|p| {
            found
                .manifest
                .permissions
                .iter()
                .any(|asked| Some(asked.id.as_str()) == p.as_str())
        });
    }
    Ok(how)
}

fn wording(shop: &world::Shop) -> Value {
    let es = shop.language == "es";
    let (body, [yes, no]) = world::question(shop);
    json!({
        "name": "ofertas", "version": 1, "language": shop.language, "body": body,
        "yes_label": yes, "no_label": no,
        "thanks": if es { "¡Listo! Te escribiremos como mucho 2 veces por semana. BAJA para parar." }
                  else { "Pronto! Escreveremos no máximo 2 vezes por semana. SAIR para parar." },
        "promise": { "max": 2, "per": "week" },
    })
}

fn bot_config(shop: &world::Shop) -> Value {
    let es = shop.language == "es";
    json!({
        "shop": shop.name,
        "hours": {
            "mon": "9–18", "tue": "9–18", "wed": "9–18", "thu": "9–18", "fri": "9–18", "sat": "9–13",
        },
        "template_languages": { "es": "es", "pt": "pt_BR", "en": "en" },
        "address": if es { "Calle 10 # 5-21, Bogotá" } else { "Rua das Flores 100, São Paulo" },
        "languages": [shop.language],
    })
}
