//! Lets something happen: a person acts, Meta says something, the shop's own system speaks.

use anyhow::{Context, bail};
use portero_domain::clock::Clock as _;
use serde_json::{Map, Value, json};

use super::world::Scene;
use crate::commands::text;

impl Scene {
    /// One event of the format; what follows from it has come to rest afterwards.
    pub(super) async fn happen(
        &self,
        event: &Map<String, Value>,
        number: usize,
    ) -> anyhow::Result<()> {
        let word = |key: &str| event.get(key).and_then(Value::as_str);
        let kind = word("kind").unwrap_or_default();
        match kind {
            "text" => {
                let who = word("contact").unwrap_or_default();
                return self.says(who, word("text").unwrap_or_default()).await;
            }
            "button" => self.taps(event).await?,
            "business" => self.business(event, number).await?,
            "message" => self.message(event, number).await?,
            "consent" => self.consent(event).await?,
            "give-back" => {
                let path = format!("/v1/contacts/{}/give-back", self.about(event)?);
                self.api.post(&path, json!({})).await?;
            }
            "rebuild" => {
                self.api.post("/v1/segments/rebuild", json!({})).await?;
            }
            "webhook" => self.webhook(event).await?,
            _ => self.trigger(kind, event, None).await?,
        }
        self.settle().await
    }

    /// The contact that an event is about, by our id.
    fn about(&self, event: &Map<String, Value>) -> anyhow::Result<&str> {
        let who = event.get("contact").and_then(Value::as_str);
        Ok(&self.person(who.unwrap_or_default())?.contact)
    }

    /// What the outside world does, by the words of `portero trigger`.
    async fn trigger(
        &self,
        kind: &str,
        event: &Map<String, Value>,
        message: Option<String>,
    ) -> anyhow::Result<()> {
        let mut body = event.clone();
        body.remove("kind");
        body.insert("event".to_owned(), json!(kind));
        if let Some(who) = body.remove("contact") {
            let person = self.person(who.as_str().unwrap_or_default())?;
            body.insert("person".to_owned(), json!(person.wa_id));
        }
        if let Some(message) = message {
            body.insert("message".to_owned(), json!(message));
        }
        self.api.post("/v1/trigger", Value::Object(body)).await?;
        Ok(())
    }

    /// The newest message to a person is the one they tap on.
    async fn taps(&self, event: &Map<String, Value>) -> anyhow::Result<()> {
        let path = format!(
            "/v1/messages?contact={}&state=sent&limit=1",
            self.about(event)?
        );
        let page = self.api.get(&path).await?;
        let newest = page.pointer("/items/0").map(|message| text(message, "id"));
        let newest = newest.context("nothing was sent to this contact that they could tap on")?;
        self.trigger("button", event, Some(newest)).await
    }

    async fn business(&self, event: &Map<String, Value>, number: usize) -> anyhow::Result<()> {
        let data = event.get("data").cloned().unwrap_or_else(|| json!({}));
        let body = json!({
            "id": format!("step-{number}"), "name": event.get("name"),
            "contact": self.about(event)?, "data": data, "at": event.get("at"),
        });
        self.api.post("/v1/events", body).await?;
        Ok(())
    }

    /// The shop's own system proposes a message.
    async fn message(&self, event: &Map<String, Value>, number: usize) -> anyhow::Result<()> {
        let body = json!({
            "to": self.about(event)?, "purpose": event.get("purpose"), "topic": event.get("topic"),
            "content": event.get("content"),
        });
        let key = format!("step-{number}");
        self.api.post_once("/v1/messages", &key, body).await?;
        Ok(())
    }

    async fn consent(&self, event: &Map<String, Value>) -> anyhow::Result<()> {
        let mut body = event.clone();
        body.remove("kind");
        body.remove("contact");
        body.entry("evidence")
            .or_insert(json!("the scenario says so"));
        if event.get("event") != Some(&json!("revoked")) {
            body.entry("promise")
                .or_insert(json!({ "max": 2, "per": "week" }));
            body.insert("wording_text".to_owned(), json!("as the scenario has it"));
        }
        let path = format!("/v1/contacts/{}/consent", self.about(event)?);
        self.api.post(&path, Value::Object(body)).await?;
        Ok(())
    }

    /// A webhook of the author's own, signed as Meta signs.
    async fn webhook(&self, event: &Map<String, Value>) -> anyhow::Result<()> {
        let body = match event.get("body") {
            Some(Value::String(text)) => {
                let read: Result<Value, _> = serde_json::from_str(text);
                read.context("`body` of the webhook is no JSON")?;
                text.clone()
            }
            other => other.cloned().unwrap_or_default().to_string(),
        };
        let secret = secrecy::SecretString::from(self.stage.secrets.app_secret.clone());
        let signature = portero_meta::signature::sign(&secret, body.as_bytes());
        let http = portero_net::client(portero_net::ClientOptions::default())?;
        let answer = http
            .post(format!("{}/webhooks/whatsapp", self.stage.host.url))
            .header("x-hub-signature-256", signature)
            .body(body)
            .send()
            .await
            .context("the host does not answer")?;
        if !answer.status().is_success() {
            bail!("the host answers the webhook with {}", answer.status());
        }
        Ok(())
    }

    /// What time it is in the scenario.
    pub(super) fn now(&self) -> portero_domain::clock::Ts {
        self.stage.clock.now()
    }
}
