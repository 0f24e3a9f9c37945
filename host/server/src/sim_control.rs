//! Talks to the simulator's control API over HTTP, for the phone page and the demo's day.

use std::time::Duration;

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

    /// `PUT path` with a JSON body.
    ///
    /// # Errors
    /// One sentence for a person.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, String> {
        let asked = self.http.put(format!("{}{path}", self.base)).json(body);
        Self::read(asked.send().await).await
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

#[async_trait::async_trait]
impl portero_console::SimulatorControl for HttpControl {
    async fn get(&self, path: &str) -> Result<Value, String> {
        HttpControl::get(self, path).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        HttpControl::post(self, path, &body).await
    }
}
