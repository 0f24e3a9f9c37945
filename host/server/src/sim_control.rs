//! Talks to the simulator's control API over HTTP, for the phone page and the demo's day.

use std::sync::Arc;
use std::time::Duration;

use portero_flow::Context;
use portero_net::ClientOptions;
use serde_json::Value;

/// A control API somewhere on this machine.
#[derive(Clone)]
pub struct HttpControl {
    base: String,
    http: reqwest::Client,
}

impl HttpControl {
    /// Of the simulator at `base` (`http://127.0.0.1:PORT`).
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(base: &str) -> anyhow::Result<HttpControl> {
        let options = ClientOptions {
            timeout: Duration::from_secs(10),
            ..ClientOptions::default()
        };
        Ok(HttpControl {
            base: base.trim_end_matches('/').to_owned(),
            http: portero_net::client(options)?,
        })
    }

    async fn read(answer: Result<reqwest::Response, reqwest::Error>) -> Result<Value, String> {
        let answer = answer.map_err(|e| format!("the simulator does not answer: {e}"))?;
        let status = answer.status();
        let body: Value = answer
            .json()
            .await
            .map_err(|e| format!("the simulator's answer does not read: {e}"))?;
        if status.is_success() {
            return Ok(body);
        }
        let detail = body
            .get("detail")
            .or_else(|| body.get("title"))
            .and_then(Value::as_str);
        Err(detail.map_or_else(|| format!("the simulator answered {status}"), str::to_owned))
    }

    /// `GET path`.
    ///
    /// # Errors
    /// One sentence for a person.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        Self::read(self.http.get(format!("{}{path}", self.base)).send().await).await
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// One sentence for a person.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        Self::read(
            self.http
                .post(format!("{}{path}", self.base))
                .json(body)
                .send()
                .await,
        )
        .await
    }
}

/// The control API as pages use it: a jump of the clock waits for what is in hand.
pub struct PagesControl {
    /// The simulator.
    pub control: HttpControl,
    /// The host on the same clock.
    pub ctx: Arc<Context>,
}

#[async_trait::async_trait]
impl portero_console::SimulatorControl for PagesControl {
    async fn get(&self, path: &str) -> Result<Value, String> {
        self.control.get(path).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        if path != "/_sim/clock/jump" {
            return self.control.post(path, &body).await;
        }
        let alone = self.ctx.pause.write().await;
        let answer = self.control.post(path, &body).await;
        drop(alone);
        self.ctx.wake_inbox.notify_one();
        self.ctx.wake_statuses.notify_one();
        self.ctx.wake_outbox.notify_one();
        self.ctx.touched();
        answer
    }
}
