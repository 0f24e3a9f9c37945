//! Media given by link (§1.2, case 75): fetched before the message leaves, when the world says so.

use std::collections::HashMap;

use axum::body::Bytes;
use portero_domain::clock::{Millis, Ts};
use portero_net::guard::check_url;
use portero_net::{ClientOptions, GuardedResolver, Url, guarded_client};
use serde_json::{Map, Value};

use crate::arena::Id;
use crate::errors::GraphError;
use crate::fate::Due;
use crate::media::{KINDS, NOT_CONTENT};
use crate::media_types::{LARGEST, misfit};
use crate::messages::Message;
use crate::rules::MediaLinks;
use crate::world::World;

/// Meta keeps a file so long, by its exact address (§1.1).
const CACHED: Millis = Millis::minutes(10);
/// Addresses kept.
const CACHED_MOST: usize = 64;

/// One link of a message.
#[derive(Clone)]
pub(crate) struct Link {
    kind: String,
    url: String,
    voice: bool,
}

/// A message that waits for its files.
pub(crate) struct Fetch {
    pub(crate) message: Id<Message>,
    pub(crate) links: Vec<Link>,
    pub(crate) epoch: u64,
    anywhere: bool,
}

/// What was fetched lately: type, bytes, when.
pub(crate) type Cache = HashMap<String, (Ts, String, Bytes)>;

impl World {
    /// Whether the message has links that are to be fetched first.
    pub(crate) fn has_links(&self, content: &Map<String, Value>) -> bool {
        self.config.rules.media_links != MediaLinks::Believed && !links(content).is_empty()
    }

    /// What is to be fetched now.
    pub(crate) fn take_fetches(&mut self) -> Vec<Fetch> {
        let anywhere = self.config.rules.media_links == MediaLinks::FetchedAnywhere;
        let waiting = std::mem::take(&mut self.fetching);
        let fetches: Vec<Fetch> = waiting
            .into_iter()
            .filter_map(|message| {
                let links = links(&self.messages.kept(message)?.content);
                Some(Fetch {
                    message,
                    links,
                    anywhere,
                    epoch: self.epoch,
                })
            })
            .collect();
        self.fetches_in_flight += fetches.len();
        fetches
    }

    /// All files are there, or one is not: what becomes of the message.
    pub(crate) fn settle_fetch(&mut self, fetch: &Fetch, refused: Option<String>, now: Ts) {
        if fetch.epoch != self.epoch {
            return;
        }
        self.fetches_in_flight = self.fetches_in_flight.saturating_sub(1);
        let timings = self.config.timings;
        match refused {
            Some(why) => self.queue.push(
                now.plus_ms(timings.failed_ms),
                Due::Failed(fetch.message, GraphError::new(131_053, why)),
            ),
            None => self
                .queue
                .push(now.plus_ms(timings.sent_ms), Due::Sent(fetch.message)),
        }
    }

    fn cached(&self, url: &str, now: Ts) -> Option<(String, Bytes)> {
        let (at, mime, bytes) = self.cache.get(url)?;
        (now < *at + CACHED).then(|| (mime.clone(), bytes.clone()))
    }

    fn keep(&mut self, url: &str, mime: &str, bytes: &Bytes, now: Ts) {
        self.cache.retain(|_, (at, _, _)| now < *at + CACHED);
        if self.cache.len() < CACHED_MOST {
            let line = (now, mime.to_owned(), bytes.clone());
            self.cache.insert(url.to_owned(), line);
        }
    }
}

impl crate::simulator::Simulator {
    /// Fetches what a message links to; says what is wrong with the first that is no good.
    pub(crate) async fn fetch(&self, fetch: &Fetch) -> Option<String> {
        for link in &fetch.links {
            let now = self.clock.now();
            let cached = self.world().cached(&link.url, now);
            let (mime, bytes) = match cached {
                Some(found) => found,
                None => match download(&self.http, &link.url, fetch.anywhere).await {
                    Ok((mime, bytes)) => {
                        self.world().keep(&link.url, &mime, &bytes, now);
                        (mime, bytes)
                    }
                    Err(why) => return Some(why),
                },
            };
            if let Some(why) = misfit(&link.kind, &mime, &bytes, link.voice) {
                return Some(why);
            }
        }
        None
    }
}

async fn download(
    plain: &reqwest::Client,
    url: &str,
    anywhere: bool,
) -> Result<(String, Bytes), String> {
    let said = |why: &str| format!("Media upload error: the link could not be fetched: {why}");
    let url = Url::parse(url).map_err(|_| said("it is no address"))?;
    let guarded;
    let client = if anywhere {
        plain
    } else {
        check_url(&url).map_err(|blocked| said(&blocked.to_string()))?;
        guarded = guarded_client(ClientOptions::default(), GuardedResolver::system())
            .map_err(|error| said(&error.to_string()))?;
        &guarded
    };
    let mut answer = client
        .get(url)
        .send()
        .await
        .map_err(|_| said("no connection"))?;
    if answer.status().as_u16() != 200 {
        return Err(said(&format!("HTTP {}", answer.status().as_u16())));
    }
    let mime = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream")
        .to_owned();
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|_| said("it broke off"))? {
        if bytes.len() + part.len() > LARGEST {
            return Err(said("it is too large"));
        }
        bytes.extend_from_slice(&part);
    }
    Ok((mime, bytes.into()))
}

fn links(content: &Map<String, Value>) -> Vec<Link> {
    let mut out = Vec::new();
    for (key, value) in content {
        look(key, value, &mut out);
    }
    out
}

fn look(key: &str, value: &Value, out: &mut Vec<Link>) {
    if NOT_CONTENT.contains(&key) {
        return;
    }
    match value {
        Value::Object(fields) => {
            let url = fields.get("link").and_then(Value::as_str);
            if let Some(url) = url.filter(|_| KINDS.contains(&key)) {
                out.push(Link {
                    kind: key.to_owned(),
                    url: url.to_owned(),
                    voice: fields
                        .get("voice")
                        .and_then(Value::as_bool)
                        .unwrap_or(false),
                });
            }
            for (key, value) in fields {
                look(key, value, out);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| look("", value, out)),
        _ => {}
    }
}
