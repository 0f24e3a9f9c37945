//! How a verb of the command line reaches a host: the running one, else one started for the moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use portero_net::ClientOptions;
use serde_json::Value;

use crate::clock::{Ids, SystemClock};
use crate::compose::{Host, HostParts, RunningHost};
use crate::config::Config;
use crate::lock::{self, DataDir};

/// Which host, and how to answer.
#[derive(Args, Clone, Debug)]
pub struct Target {
    /// Settings file (default: portero.toml here, if there is one)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder of the host on this machine (default: portero-data, or the settings file's)
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Address of a host elsewhere; needs --token
    #[arg(long, value_name = "URL", env = "PORTERO_URL", requires = "token")]
    pub url: Option<String>,
    /// Access token; needed with --url
    #[arg(long, env = "PORTERO_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Tenant, by slug or id; may be left out when there is one
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// A connection to a host's API.
pub struct Api {
    base: String,
    token: String,
    tenant: Option<String>,
    http: reqwest::Client,
    // A host of our own, when none was running.
    own: Option<RunningHost>,
}

/// An answer of the API that is not a success.
#[derive(Debug, thiserror::Error)]
#[error("{title}: {detail}{}", hint(code, detail))]
pub struct Refused {
    title: String,
    detail: String,
    code: String,
}

/// What somebody at a terminal can do about an answer; the API's own words name HTTP headers.
fn hint(code: &str, detail: &str) -> &'static str {
    match code {
        "unauthorized" => {
            "; give a valid one with --token or PORTERO_TOKEN (`portero token create` makes one), \
             or name the host's data folder with --data"
        }
        "operator_only" => {
            "; use the operator's: on the host's machine --data instead of --url and --token"
        }
        code if code.starts_with("missing_right.") => {
            "; give a token whose role has it with --token or PORTERO_TOKEN"
        }
        "not_found" if detail.starts_with("no tenant") => {
            "; `portero tenant list` shows those that this token reaches"
        }
        _ => "",
    }
}

/// Longest wait that a host which is asked too often may tell a verb.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before a request that came too often is sent again.
fn wait(answer: &reqwest::Response) -> Option<Duration> {
    if answer.status() != reqwest::StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let said = answer.headers().get(reqwest::header::RETRY_AFTER)?;
    let seconds = said.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds)).filter(|wait| *wait <= PATIENCE)
}

/// A file may take this long on its way.
const WHOLE_FILE: Duration = Duration::from_secs(6 * 3_600);

impl Target {
    /// Settings with this target's flags over them.
    ///
    /// # Errors
    /// Settings that do not read.
    pub fn settings(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        Ok(config)
    }

    /// Connects.
    ///
    /// # Errors
    /// No host can be reached or started.
    pub async fn connect(&self) -> anyhow::Result<Api> {
        let options = ClientOptions {
            timeout: Duration::from_secs(120),
            ..ClientOptions::default()
        };
        let http = portero_net::client(options)?;
        if let Some(url) = &self.url {
            let token = self
                .token
                .clone()
                .context("--url needs --token (or PORTERO_TOKEN)")?;
            return Ok(Api {
                base: url.trim_end_matches('/').to_owned(),
                token,
                tenant: self.tenant.clone(),
                http,
                own: None,
            });
        }
        let mut config = self.settings()?;
        if let Some(running) = lock::running(&config.data) {
            let token = self.token.clone().unwrap_or(running.token);
            return Ok(Api {
                base: running.url,
                token,
                tenant: self.tenant.clone(),
                http,
                own: None,
            });
        }
        if !config.data.exists() && config.database_url.is_none() {
            bail!(
                "no data folder `{}`; start a host with `portero serve`, try `portero demo`, or point --data at one",
                config.data.display()
            );
        }
        config.listen = "127.0.0.1:0".to_owned();
        let data = DataDir::lock(&config.data)?;
        let host = Host::build(HostParts {
            config,
            data,
            clock: Arc::new(SystemClock),
            jump: None,
            ids: Arc::new(Ids::system()),
            simulator: None,
            probe: crate::compose::probe(),
            wrap: None,
            lookup: None,
        })
        .await?;
        let own = host.run(false).await?;
        Ok(Api {
            base: own.url.clone(),
            token: self
                .token
                .clone()
                .unwrap_or_else(|| own.operator_token.clone()),
            tenant: self.tenant.clone(),
            http,
            own: Some(own),
        })
    }
}

impl Api {
    /// A host at an address, with a token.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn at(url: &str, token: &str) -> anyhow::Result<Api> {
        let options = ClientOptions {
            timeout: Duration::from_secs(60),
            ..ClientOptions::default()
        };
        let http = portero_net::client(options)?;
        Ok(Api {
            base: url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            tenant: None,
            http,
            own: None,
        })
    }

    /// Where the host is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The same host and token, speaking about one tenant.
    #[must_use]
    pub fn for_tenant(&self, tenant: &str) -> Api {
        Api {
            base: self.base.clone(),
            token: self.token.clone(),
            tenant: Some(tenant.to_owned()),
            http: self.http.clone(),
            own: None,
        }
    }

    /// `POST` with an idempotency key.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn propose(&self, key: &str, body: Value) -> anyhow::Result<Value> {
        let request = self
            .http
            .post(format!("{}/v1/messages", self.base))
            .bearer_auth(&self.token)
            .header("idempotency-key", key)
            .json(&body);
        Self::read(request.send().await.context("the host does not answer")?).await
    }

    /// `POST` with an idempotency key, about the tenant of the command line.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> anyhow::Result<Value> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("idempotency-key", key)
            .json(&body);
        if let Some(tenant) = &self.tenant {
            request = request.header("x-portero-tenant", tenant);
        }
        Self::read(request.send().await.context("the host does not answer")?).await
    }

    async fn read(answer: reqwest::Response) -> anyhow::Result<Value> {
        let status = answer.status();
        let text = answer.text().await.context("the host's answer broke off")?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() {
            return Ok(value);
        }
        let field = |name: &str| {
            value
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Err(Refused {
            title: field("title"),
            detail: field("detail"),
            code: field("code"),
        }
        .into())
    }

    /// A request; the tenant of the command line is added when it names one.
    ///
    /// # Errors
    /// The host's own words, or that it does not answer.
    pub async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Body>,
    ) -> anyhow::Result<Value> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(tenant) = &self.tenant {
            request = request.header("x-portero-tenant", tenant);
        }
        request = match body {
            Some(Body::Json(value)) => request.json(&value),
            Some(Body::Stream(stream)) => request
                .header("content-type", "text/csv")
                .timeout(WHOLE_FILE)
                .body(stream),
            Some(Body::Bytes(bytes)) => request
                .header("content-type", "application/wasm")
                .body(bytes),
            None => request,
        };
        // What cannot be sent twice is a file that was read as it went.
        let again = request.try_clone();
        let answer = self.answer(request).await?;
        match again.zip(wait(&answer)) {
            Some((request, wait)) => {
                tokio::time::sleep(wait).await;
                Self::read(self.answer(request).await?).await
            }
            None => Self::read(answer).await,
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let sent = request.send().await;
        sent.with_context(|| format!("the host at {} does not answer", self.base))
    }

    /// `GET` of something large, read as it comes in.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn download(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        let mut request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .timeout(WHOLE_FILE);
        if let Some(tenant) = &self.tenant {
            request = request.header("x-portero-tenant", tenant);
        }
        Self::streamed(request, &self.base).await
    }

    /// `POST` of a question whose answer comes in lines, read as it comes in.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn ask_in_lines(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("accept", "application/x-ndjson")
            .timeout(WHOLE_FILE)
            .json(body);
        if let Some(tenant) = &self.tenant {
            request = request.header("x-portero-tenant", tenant);
        }
        Self::streamed(request, &self.base).await
    }

    async fn streamed(
        request: reqwest::RequestBuilder,
        base: &str,
    ) -> anyhow::Result<reqwest::Response> {
        let answer = request
            .send()
            .await
            .with_context(|| format!("the host at {base} does not answer"))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(match Self::read(answer).await {
            Err(refused) => refused,
            Ok(_) => anyhow::anyhow!("the host's answer makes no sense"),
        })
    }

    /// `GET`.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(reqwest::Method::GET, path, None).await
    }

    /// `POST` with a JSON body.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(reqwest::Method::POST, path, Some(Body::Json(body)))
            .await
    }

    /// `PUT` with a JSON body.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub async fn put(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(reqwest::Method::PUT, path, Some(Body::Json(body)))
            .await
    }

    /// Ends a host that was started for this verb.
    pub async fn close(self) {
        if let Some(own) = self.own {
            own.stop().await;
        }
    }
}

/// A request body.
pub enum Body {
    /// JSON.
    Json(Value),
    /// A component.
    Bytes(Vec<u8>),
    /// A file, read as it is sent.
    Stream(reqwest::Body),
}
