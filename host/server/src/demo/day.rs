//! Tells the demo's day: makes things happen through public doors and shows them as the API has them
//! afterwards. No line is printed from the script.

use anyhow::Context;
use portero_domain::clock::Clock as _;
use serde_json::{Value, json};

use crate::commands::ask::account_line;
use crate::commands::text;
use crate::demo::chance::Chance;
use crate::demo::setup::{Standing, World, say, wait};
use crate::demo::show::Show;
use crate::demo::world::Person;

/// Where the shop of the first chapters is: its clock stands at the head of each chapter.
const ZONE: &str = "America/Bogota";

/// The teller of the day.
pub(super) struct Day<'a> {
    pub(super) world: &'a World,
    pub(super) show: &'a Show,
    pub(super) chance: Chance,
    // Messages told so far, by id: each is told once per state.
    told: std::collections::HashMap<String, String>,
    keys: u32,
}

impl<'a> Day<'a> {
    pub(super) fn new(world: &'a World, show: &'a Show, chance: Chance) -> Day<'a> {
        Day {
            world,
            show,
            chance,
            told: std::collections::HashMap::new(),
            keys: 0,
        }
    }
}

impl Day<'_> {
    /// A heading, with day and hour in the shop's country.
    pub(super) fn chapter(&self, title: &str) {
        let now = self.world.clock.now().to_jiff();
        let when = now
            .and_then(|now| now.in_tz(ZONE).ok())
            .map(|now| now.strftime("%a %H:%M").to_string())
            .unwrap_or_default();
        self.show.chapter(&when, title);
    }

    /// As long as the seed says.
    pub(super) async fn some_minutes(&mut self, low: u64, high: u64) -> anyhow::Result<()> {
        let seconds = self.chance.between(low * 60, high * 60);
        self.jump_ms(i64::try_from(seconds).unwrap_or(60) * 1_000)
            .await
    }

    /// What was there before this run is known and is not told again.
    pub(super) async fn known(&mut self) -> anyhow::Result<()> {
        let since = self.world.since.rfc3339();
        for shop in &self.world.shops {
            for message in newest(shop).await? {
                if text(&message, "created_at") < since {
                    self.told
                        .insert(text(&message, "id"), text(&message, "state"));
                }
            }
        }
        self.catch_up().await
    }

    /// A person writes.
    pub(super) async fn says(
        &mut self,
        shop: &Standing,
        who: &Person,
        words: &str,
    ) -> anyhow::Result<()> {
        let wamid = say(&self.world.control, who.key(), shop.shop.number, words).await?;
        self.heard(shop, &wamid).await
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
        let said = self
            .world
            .control
            .post(&format!("/_sim/people/{}/say", who.key()), &body)
            .await
            .map_err(anyhow::Error::msg)?;
        self.heard(shop, &text(&said, "wamid")).await
    }

    /// A person taps a button of the last message that has it.
    pub(super) async fn taps(
        &mut self,
        shop: &Standing,
        who: &Person,
        id: &str,
    ) -> anyhow::Result<()> {
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
        let tapped = self
            .world
            .control
            .post(&format!("/_sim/people/{}/tap", who.key()), &body)
            .await
            .map_err(anyhow::Error::msg)?;
        self.heard(shop, &text(&tapped, "wamid")).await
    }

    /// Shows what a person sent as the host's inbox has it, then what came of it.
    async fn heard(&mut self, shop: &Standing, wamid: &str) -> anyhow::Result<()> {
        wait(self.world).await?;
        let page = shop.api.get("/v1/inbox?limit=50").await?;
        let event = page
            .get("items")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|e| e.pointer("/payload/what/wamid").and_then(Value::as_str) == Some(wamid))
            .with_context(|| format!("`{wamid}` is not in the inbox"))?;
        let what = event.pointer("/payload/what").unwrap_or(&Value::Null);
        let from = what.pointer("/from/name").and_then(Value::as_str);
        let from = from.unwrap_or_default();
        let said = what.get("body").unwrap_or(&Value::Null);
        let words = match text(said, "type").as_str() {
            "text" => text(said, "text"),
            _ => format!("taps [{}]", text(said, "title")),
        };
        let answers = match what.get("replies_to").and_then(Value::as_str) {
            Some(_) if text(said, "type") == "text" => "   (answers the campaign)",
            _ => "",
        };
        self.show.event(
            "inbound",
            &format!("   {from:<9} » {words}{answers}"),
            json!({ "tenant": shop.shop.slug, "id": event.get("id"), "from": from, "says": said,
                    "wamid": wamid, "answers": what.get("replies_to"), "state": event.get("state"),
                    "at": event.get("received_at") }),
        );
        self.catch_up().await
    }

    /// The shop's own system tells something.
    pub(super) async fn event(
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
        wait(self.world).await?;
        let event = shop
            .api
            .get(&format!("/v1/inbox/{}", text(&accepted, "id")))
            .await?;
        let told = event.get("payload").unwrap_or(&Value::Null);
        let (name, data) = (text(told, "name"), told.get("data"));
        self.show.event(
            "business",
            &format!(
                "   {:<9} · {name} {}",
                shop.shop.name,
                data.unwrap_or(&Value::Null)
            ),
            json!({ "tenant": shop.shop.slug, "id": event.get("id"), "name": name, "data": data,
                    "state": event.get("state") }),
        );
        self.catch_up().await
    }

    /// A program of the shop proposes a message through the API.
    pub(super) async fn proposes(
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
        let answer = shop
            .api
            .propose(&format!("demo-{}", self.keys), body)
            .await?;
        let id = answer.pointer("/message/id").and_then(Value::as_str);
        let id = id.context("a proposal without an id")?;
        wait(self.world).await?;
        let message = shop.api.get(&format!("/v1/messages/{id}")).await?;
        let to = shop
            .api
            .get(&format!("/v1/contacts/{}", text(&message, "contact")))
            .await?;
        self.show.event(
            "api",
            &format!(
                "   {:<9} · proposes {} to {}",
                shop.shop.name,
                preview(&message),
                text(&to, "name")
            ),
            json!({ "tenant": shop.shop.slug, "id": id, "purpose": message.get("purpose") }),
        );
        self.catch_up().await
    }

    pub(super) async fn jump_ms(&mut self, ms: i64) -> anyhow::Result<()> {
        self.move_ms(ms).await?;
        self.catch_up().await
    }

    /// Moves the clock; what that leads to is told at the next look.
    pub(super) async fn move_ms(&self, ms: i64) -> anyhow::Result<()> {
        let by = json!({ "ms": ms });
        self.world.operator.post("/v1/clock/jump", by).await?;
        Ok(())
    }

    /// Waits until nothing is left to do, then tells what changed, from the API.
    pub(super) async fn catch_up(&mut self) -> anyhow::Result<()> {
        wait(self.world).await?;
        for shop in &self.world.shops {
            for message in newest(shop).await? {
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
            "rule": message.get("rule"), "preview": preview(message), "summary": summary, "remedy": remedy,
            "verdict": text(message, "verdict"),
        });
        self.show.event("message", &line, detail);
        Ok(())
    }

    /// The account at the end of the day.
    pub(super) async fn close(&mut self) -> anyhow::Result<bool> {
        self.chapter("the account");
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

/// The newest messages of a shop, oldest first.
async fn newest(shop: &Standing) -> anyhow::Result<Vec<Value>> {
    let page = shop.api.get("/v1/messages?limit=50").await?;
    let items = page.get("items").and_then(Value::as_array).cloned();
    let mut messages = items.unwrap_or_default();
    messages.reverse();
    Ok(messages)
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
