//! The scripted half hour: people write, the shops' systems speak, the gate decides. Every line
//! shown was read back from the API after it happened.

use anyhow::Context;
use serde_json::{Value, json};

use crate::commands::ask::account_line;
use crate::commands::text;
use crate::demo::Stage;
use crate::demo::cycle;
use crate::demo::setup::{Standing, World, say, wait};
use crate::demo::show::Show;
use crate::demo::world::Person;

/// The teller of the day.
pub(super) struct Day<'a> {
    pub(super) world: &'a World,
    pub(super) show: &'a Show,
    // Messages told so far, by id: each is told once per state.
    told: std::collections::HashMap<String, String>,
    keys: u32,
}

/// Runs the day; `false` when the account at its end does not balance.
pub(crate) async fn run(
    running: &Stage,
    world: &World,
    seed: u64,
    show: &Show,
) -> anyhow::Result<bool> {
    let mut day = Day {
        world,
        show,
        told: std::collections::HashMap::new(),
        keys: 0,
    };
    let [sol, lua] = world.shops.as_slice() else {
        anyhow::bail!("the demo has two shops")
    };
    day.catch_up().await?;
    morning(&mut day, sol).await?;
    offers(&mut day, sol).await?;
    opt_out(&mut day, sol).await?;
    second_shop(&mut day, lua, seed).await?;
    mishaps(&mut day, running, sol).await?;
    next_day(&mut day, sol).await?;
    cycle::play(&mut day, sol).await?;
    day.close().await
}

/// A customer asks for the hours and for an order.
async fn morning(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    let ana = person(sol, 0)?;
    day.show.chapter(
        "09:00",
        "a customer asks, the bot answers inside the 24-hour window",
    );
    day.says(sol, ana, "¿Qué horario tienen?").await?;
    day.jump_ms(60_000).await?;
    day.says(sol, ana, "¿Dónde está mi pedido?").await?;
    day.show.chapter(
        "09:05",
        "the shop's own system reports an order; the bot may tell her",
    );
    day.jump_ms(60_000).await?;
    day.event(sol, ana, "order.paid", json!({ "order": "A-1001" }))
        .await?;
    day.jump_ms(60_000).await?;
    day.event(sol, ana, "order.shipped", json!({ "order": "A-1001" }))
        .await?;
    day.jump_ms(60_000).await?;
    day.says(sol, ana, "¿Dónde está mi pedido A-1001?").await
}

/// A promotion without consent is refused with its remedy; with consent it goes.
async fn offers(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    let lucia = person(sol, 1)?;
    day.show.chapter(
        "09:10",
        "an abandoned cart of somebody who never agreed to offers",
    );
    day.event(
        sol,
        lucia,
        "cart.abandoned",
        json!({ "cart": "C-7", "items": [{ "sku": "T-1" }, { "sku": "T-2" }] }),
    )
    .await?;
    day.show.chapter(
        "09:12",
        "the same person asks for offers: the host asks for consent, in its own words",
    );
    day.says(sol, lucia, "quiero ver ofertas").await?;
    day.jump_ms(30_000).await?;
    day.taps(sol, lucia, "portero:yes:ofertas").await?;
    day.jump_ms(600_000).await?;
    day.show.chapter(
        "09:23",
        "the same cart again: now there is consent, a promise and a reason",
    );
    day.event(
        sol,
        lucia,
        "cart.abandoned",
        json!({ "cart": "C-8", "items": [{ "sku": "T-1" }, { "sku": "T-2" }] }),
    )
    .await
}

/// An opt-out stops promotion at once; a paused and an unknown template are refused by name.
async fn opt_out(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    let diego = person(sol, 2)?;
    let marta = person(sol, 3)?;
    day.show.chapter("09:25", "BAJA means BAJA");
    day.says(sol, diego, "BAJA").await?;
    day.proposes(sol, diego, "promotional", template(sol, "promo_semana"))
        .await?;
    day.show.chapter(
        "09:27",
        "templates: rejected, never seen, without a way to stop, paused",
    );
    day.proposes(sol, marta, "promotional", template(sol, "promo_rechazada"))
        .await?;
    day.proposes(
        sol,
        marta,
        "promotional",
        template(sol, "promo_que_no_existe"),
    )
    .await?;
    day.proposes(sol, marta, "promotional", template(sol, "promo_sin_salida"))
        .await?;
    day.proposes(sol, marta, "promotional", template(sol, "promo_pausada"))
        .await?;
    day.show.chapter(
        "09:28",
        "a second offer on one day, to somebody who agreed: it waits until tomorrow",
    );
    let consented = person(sol, 1)?;
    day.proposes(sol, consented, "promotional", template(sol, "promo_semana"))
        .await
}

/// Another shop, another country and language, the same plugin with its own settings.
async fn second_shop(day: &mut Day<'_>, lua: &Standing, seed: u64) -> anyhow::Result<()> {
    let joao = person(lua, 0)?;
    day.show.chapter(
        "09:28",
        "the second shop: Brazil, Portuguese, the same plugin digest",
    );
    day.says(
        lua,
        joao,
        if seed.is_multiple_of(2) {
            "qual o horário?"
        } else {
            "Qual o horário de vocês?"
        },
    )
    .await?;
    day.jump_ms(60_000).await?;
    day.says(lua, joao, "quero falar com um atendente").await?;
    day.jump_ms(60_000).await?;
    day.says(lua, joao, "alguém aí?").await
}

/// A wrong signature, a delivery that comes twice, a body nobody understands.
async fn mishaps(day: &mut Day<'_>, running: &Stage, sol: &Standing) -> anyhow::Result<()> {
    day.show.chapter("09:30", "the outside world misbehaves");
    let http = portero_net::client(portero_net::ClientOptions::default())?;
    let url = format!("{}/webhooks/whatsapp", running.host.url);
    let answer = http
        .post(&url)
        .header("x-hub-signature-256", format!("sha256={}", "0".repeat(64)))
        .body("{}")
        .send()
        .await
        .context("webhook")?;
    let line = format!(
        "   a webhook with a wrong signature       → HTTP {}",
        answer.status().as_u16()
    );
    day.show.event(
        "webhook",
        &line,
        json!({ "case": "wrong signature", "http": answer.status().as_u16() }),
    );
    let odd = br#"{"object":"whatsapp_business_account","entry":[{"id":"301000000000001","changes":[{"field":"something_new","value":{"a":1}}]}]}"#;
    let secret = secrecy::SecretString::from(running.secrets.app_secret.clone());
    for case in ["a field nobody knows", "the same delivery again"] {
        let answer = http
            .post(&url)
            .header(
                "x-hub-signature-256",
                portero_meta::signature::sign(&secret, odd),
            )
            .body(odd.to_vec())
            .send()
            .await
            .context("webhook")?;
        let line = format!("   {case:<38} → HTTP {} and kept", answer.status().as_u16());
        day.show.event(
            "webhook",
            &line,
            json!({ "case": case, "http": answer.status().as_u16() }),
        );
    }
    wait(day.world).await?;
    let counts = sol.api.get("/v1/inbox/counts").await?;
    let all: Vec<String> = counts
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| {
            format!(
                "{} {} {}",
                text(c, "count"),
                text(c, "kind"),
                text(c, "state")
            )
        })
        .collect();
    day.show.event(
        "inbox",
        &format!("   inbox of {}: {}", sol.shop.slug, all.join(", ")),
        json!({ "counts": counts }),
    );
    Ok(())
}

/// 25 hours later the window is closed: text is refused, the template takes its place.
async fn next_day(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    let ana = person(sol, 0)?;
    // Meta ends the pause and tells so. The host's queue may look first: it waits for Meta's word,
    // whatever end was announced, and goes on when it comes.
    let four_hours = json!({ "ms": 4 * 3_600_000 });
    day.world
        .control
        .post("/_sim/clock/jump", &four_hours)
        .await
        .map_err(anyhow::Error::msg)?;
    day.show.chapter(
        "13:30",
        "the pause of a template ends, what waited for it goes",
    );
    day.catch_up().await?;
    day.show.chapter("+25 h", "the window is closed");
    day.jump_ms(21 * 3_600_000).await?;
    day.proposes(
        sol,
        ana,
        "reply",
        json!({ "type": "text", "body": "¿Todo bien con tu pedido?" }),
    )
    .await?;
    day.event(sol, ana, "order.delivered", json!({ "order": "A-1001" }))
        .await
}

fn person(shop: &Standing, index: usize) -> anyhow::Result<&Person> {
    shop.shop.people.get(index).context("the demo's people")
}

fn template(shop: &Standing, name: &str) -> Value {
    json!({ "type": "template", "name": name, "language": shop.shop.template_language })
}

impl Day<'_> {
    /// A person writes.
    pub(super) async fn says(
        &mut self,
        shop: &Standing,
        who: &Person,
        words: &str,
    ) -> anyhow::Result<()> {
        let wamid = say(&self.world.control, who.key(), shop.shop.number, words).await?;
        self.show.event(
            "inbound",
            &format!("   {:<9} » {words}", who.name),
            json!({ "tenant": shop.shop.slug, "from": who.name, "text": words, "wamid": wamid }),
        );
        self.catch_up().await
    }

    /// A person answers one of our messages.
    pub(super) async fn quotes(
        &mut self,
        shop: &Standing,
        who: &Person,
        words: &str,
        wamid: &str,
    ) -> anyhow::Result<()> {
        let body =
            json!({ "number": shop.shop.number, "type": "text", "text": words, "context": wamid });
        self.world
            .control
            .post(&format!("/_sim/people/{}/say", who.key()), &body)
            .await
            .map_err(anyhow::Error::msg)?;
        self.show.event(
            "inbound",
            &format!("   {:<9} » {words}   (answers the campaign)", who.name),
            json!({ "tenant": shop.shop.slug, "from": who.name, "text": words, "answers": wamid }),
        );
        self.catch_up().await
    }

    /// A person taps a button of the last message that has it.
    async fn taps(&mut self, shop: &Standing, who: &Person, id: &str) -> anyhow::Result<()> {
        let path = format!(
            "/_sim/people/{}/thread?number={}",
            who.key(),
            shop.shop.number
        );
        let thread = self
            .world
            .control
            .get(&path)
            .await
            .map_err(anyhow::Error::msg)?;
        let list = thread
            .get("messages")
            .or(Some(&thread))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let message = list
            .iter()
            .rev()
            .find(|m| m.to_string().contains(id))
            .with_context(|| format!("no message on the phone has a button `{id}`"))?;
        let wamid = text(message, "wamid");
        let body = json!({ "number": shop.shop.number, "message": wamid, "id": id });
        self.world
            .control
            .post(&format!("/_sim/people/{}/tap", who.key()), &body)
            .await
            .map_err(anyhow::Error::msg)?;
        self.show.event(
            "inbound",
            &format!("   {:<9} » taps [{id}]", who.name),
            json!({ "tenant": shop.shop.slug, "from": who.name, "tap": id }),
        );
        self.catch_up().await
    }

    /// The shop's own system tells something.
    async fn event(
        &mut self,
        shop: &Standing,
        who: &Person,
        name: &str,
        data: Value,
    ) -> anyhow::Result<()> {
        self.keys += 1;
        let id = format!("demo-{}", self.keys);
        let body = json!({ "id": id, "name": name, "contact": who.key(), "data": data });
        let accepted = shop.api.post("/v1/events", body).await?;
        self.show.event(
            "business",
            &format!("   {:<9} · {name} {data}", shop.shop.name),
            json!({ "tenant": shop.shop.slug, "name": name, "id": text(&accepted, "id") }),
        );
        self.catch_up().await
    }

    /// A program of the shop proposes a message through the API.
    async fn proposes(
        &mut self,
        shop: &Standing,
        who: &Person,
        purpose: &str,
        content: Value,
    ) -> anyhow::Result<()> {
        self.keys += 1;
        let mut body = json!({ "to": who.key(), "purpose": purpose, "content": content });
        if purpose == "promotional"
            && let Some(object) = body.as_object_mut()
        {
            object.insert("topic".to_owned(), json!("ofertas"));
        }
        let name = body
            .pointer("/content/name")
            .or(body.pointer("/content/body"))
            .cloned()
            .unwrap_or_default();
        self.show.event(
            "api",
            &format!(
                "   {:<9} · proposes {} to {}",
                shop.shop.name,
                name.as_str().unwrap_or_default(),
                who.name
            ),
            json!({ "tenant": shop.shop.slug, "purpose": purpose }),
        );
        shop.api
            .propose(&format!("demo-{}", self.keys), body)
            .await?;
        self.catch_up().await
    }

    pub(super) async fn jump_ms(&mut self, ms: i64) -> anyhow::Result<()> {
        self.world
            .operator
            .post("/v1/clock/jump", json!({ "ms": ms }))
            .await?;
        self.catch_up().await
    }

    /// Waits until nothing is left to do, then tells what changed, from the API.
    pub(super) async fn catch_up(&mut self) -> anyhow::Result<()> {
        wait(self.world).await?;
        for shop in &self.world.shops {
            let page = shop.api.get("/v1/messages?limit=50").await?;
            let mut messages: Vec<Value> = page
                .get("items")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            messages.reverse();
            for message in messages {
                self.tell(shop, &message).await?;
            }
        }
        Ok(())
    }

    async fn tell(&mut self, shop: &Standing, message: &Value) -> anyhow::Result<()> {
        let id = text(message, "id");
        let state = text(message, "state");
        if self.told.get(&id) == Some(&state) || matches!(state.as_str(), "queued" | "attempting") {
            return Ok(());
        }
        self.told.insert(id.clone(), state.clone());
        // Messages of a campaign are told by its counts.
        if text(message, "origin") == "campaign" {
            return Ok(());
        }
        let who = shop
            .api
            .get(&format!("/v1/contacts/{}", text(message, "contact")))
            .await?;
        let verdict = shop
            .api
            .get(&format!("/v1/verdicts/{}", text(message, "verdict")))
            .await?;
        let summary = verdict
            .get("summary")
            .map(|s| text(s, shop.shop.language))
            .unwrap_or_default();
        let remedy = verdict
            .pointer(&format!("/findings/{}/0/remedy", shop.shop.language))
            .and_then(Value::as_str)
            .unwrap_or_default();
        let status = text(message, "status");
        let line = match state.as_str() {
            "sent" => format!(
                "   {:<9} « {}   ✓ {status}",
                text(&who, "name"),
                preview(message)
            ),
            _ => format!(
                "   {:<9} ✋ {}   {state} by {}\n             {summary}\n             → {remedy}",
                text(&who, "name"),
                preview(message),
                text(message, "rule"),
            ),
        };
        let detail = json!({
            "tenant": shop.shop.slug, "id": id, "state": state, "status": status,
            "rule": message.get("rule"), "summary": summary, "remedy": remedy,
            "verdict": text(message, "verdict"),
        });
        self.show.event("message", &line, detail);
        Ok(())
    }

    /// The account at the end of the day.
    async fn close(&mut self) -> anyhow::Result<bool> {
        self.show.chapter("end", "the account");
        let mut balanced = true;
        for shop in &self.world.shops {
            let account = shop.api.get("/v1/account").await?;
            balanced &= account.get("balanced") == Some(&Value::Bool(true));
            let line = format!("   {:<11} {}", shop.shop.slug, account_line(&account));
            self.show.event(
                "account",
                &line,
                json!({ "tenant": shop.shop.slug, "account": account }),
            );
        }
        Ok(balanced)
    }
}

/// The first words of a message, or the template's name.
fn preview(message: &Value) -> String {
    let content = message.get("content").unwrap_or(&Value::Null);
    let words = match text(content, "type").as_str() {
        "template" => return format!("[template {}]", text(content, "name")),
        "media" => return "[media]".to_owned(),
        "reaction" => return text(content, "emoji"),
        _ => text(content, "body"),
    };
    let words = words.replace('\n', " ");
    if words.chars().count() > 64 {
        format!("{}…", words.chars().take(63).collect::<String>())
    } else {
        words
    }
}
