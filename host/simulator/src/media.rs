//! Media a world holds: uploaded by the business or sent by people (§9).

use std::collections::{HashMap, VecDeque};

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::arena::Id;
use crate::errors::GraphError;
use crate::media_types::{is_animated, misfit};
use crate::pairs;
use crate::world::{Number, World};

/// Uploaded ids live 30 days, those of people's messages 7 (§9).
const UPLOADED: Millis = Millis::days(30);
const RECEIVED: Millis = Millis::days(7);
/// A download URL lives five minutes (§9).
const URL_LIFE: Millis = Millis::secs(300);
/// Bytes a world keeps; the oldest files go first. Our choice, so that memory stays flat.
const KEPT_BYTES: usize = 256 * 1024 * 1024;

/// Where files are downloaded, as path below the simulator's own address.
pub(crate) const DOWNLOAD: [&str; 2] = ["whatsapp_business", "attachments"];

#[derive(Serialize, Deserialize)]
pub(crate) struct Media {
    pub(crate) id: String,
    pub(crate) number: Id<Number>,
    /// As it was declared, with parameters such as `codecs`.
    pub(crate) mime: String,
    #[serde(with = "as_base64")]
    pub(crate) bytes: Bytes,
    pub(crate) expires_at: Ts,
    /// Uploaded through the Graph API, not received from a person.
    pub(crate) uploaded: bool,
}

impl Media {
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// `sha256` as `GET /{MEDIA_ID}` writes it.
    pub(crate) fn sha256_hex(&self) -> String {
        hex::encode(self.digest())
    }

    /// `sha256` as webhooks write it (§2.3).
    pub(crate) fn sha256_base64(&self) -> String {
        STANDARD.encode(self.digest())
    }
}

/// All files of a world.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Store {
    #[serde(with = "pairs")]
    by_id: HashMap<String, Media>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Store {
    pub(crate) fn put(&mut self, media: Media) {
        self.remove(&media.id);
        self.bytes += media.bytes.len();
        self.order.push_back(media.id.clone());
        self.by_id.insert(media.id.clone(), media);
        while self.bytes > KEPT_BYTES && self.order.len() > 1 {
            if let Some(oldest) = self.order.pop_front() {
                self.forget(&oldest);
            }
        }
    }

    /// A file whose time is not over.
    pub(crate) fn get(&self, id: &str, now: Ts) -> Option<&Media> {
        self.by_id.get(id).filter(|media| now < media.expires_at)
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.order.retain(|known| known != id);
        self.forget(id)
    }

    fn forget(&mut self, id: &str) -> bool {
        match self.by_id.remove(id) {
            Some(media) => {
                self.bytes -= media.bytes.len();
                true
            }
            None => false,
        }
    }
}

impl World {
    /// Keeps an uploaded file and gives its id.
    pub(crate) fn upload(
        &mut self,
        number: Id<Number>,
        mime: String,
        bytes: Bytes,
        now: Ts,
    ) -> String {
        let id = self.chance.object_id("media");
        self.media.put(Media {
            id: id.clone(),
            number,
            mime,
            bytes,
            expires_at: now + UPLOADED,
            uploaded: true,
        });
        id
    }

    /// The object of an inbound media message (§2.3): what was given, completed with what Meta adds.
    ///
    /// `data` is the file in base64; without it the person sends a small one of the kind.
    pub(crate) fn receive_media(
        &mut self,
        number: Id<Number>,
        kind: &str,
        mut given: Map<String, Value>,
        now: Ts,
    ) -> Result<Value, &'static str> {
        let bytes = match given.shift_remove("data") {
            None => Bytes::from_static(sample(kind).1),
            Some(Value::String(text)) => STANDARD
                .decode(text)
                .map_err(|_| "`data` must be the file in base64")?
                .into(),
            Some(_) => return Err("`data` must be the file in base64"),
        };
        let text = |key: &str| given.get(key).and_then(Value::as_str).map(str::to_owned);
        let media = Media {
            id: text("id").unwrap_or_else(|| self.chance.object_id("media")),
            number,
            mime: text("mime_type").unwrap_or_else(|| sample(kind).0.to_owned()),
            bytes,
            expires_at: now + RECEIVED,
            uploaded: false,
        };
        let mut defaults: Vec<(&str, Value)> = vec![
            ("mime_type", media.mime.clone().into()),
            ("sha256", media.sha256_base64().into()),
            ("id", media.id.clone().into()),
            ("url", self.media_url(&media.id, now).into()),
        ];
        if kind == "audio" {
            defaults.push(("voice", true.into()));
        }
        if kind == "sticker" {
            defaults.push(("animated", is_animated(&media.bytes).into()));
        }
        for (key, value) in defaults {
            given.entry(key).or_insert(value);
        }
        self.media.put(media);
        Ok(given.into())
    }

    /// A download address that is good for five minutes from now.
    pub(crate) fn media_url(&self, id: &str, now: Ts) -> String {
        let until = (now + URL_LIFE).secs();
        let [first, second] = DOWNLOAD;
        format!(
            "{}/{first}/{second}/?mid={id}&source=getMedia&ext={until}&hash={}",
            self.origin,
            self.media_hash(id, until)
        )
    }

    /// Whether this address was given out and is still good.
    pub(crate) fn media_url_holds(&self, id: &str, until: i64, hash: &str, now: Ts) -> bool {
        now.secs() <= until && self.media_hash(id, until) == hash
    }

    /// Nobody can make an address of their own: the app secret is part of the hash.
    fn media_hash(&self, id: &str, until: i64) -> String {
        let text = format!("{}|{id}|{until}", self.config.app_secret);
        hex::encode(Sha256::digest(text.as_bytes()))
            .chars()
            .take(40)
            .collect()
    }

    /// Every id in a message must be a file of this account (§9).
    pub(crate) fn check_media_ids(
        &self,
        number: Id<Number>,
        content: &Map<String, Value>,
        now: Ts,
    ) -> Result<(), GraphError> {
        let waba = self.numbers[number].waba;
        for used in used(content) {
            let good = self
                .media
                .get(&used.id, now)
                .is_some_and(|media| self.numbers[media.number].waba == waba);
            if !good {
                return Err(GraphError::parameter(format!(
                    "Param {} is not a valid whatsapp business account media attachment ID",
                    used.path
                )));
            }
        }
        Ok(())
    }

    /// 131053 for a file that is not of the message's kind; Meta says so after it took the message.
    pub(crate) fn bad_media(&self, content: &Map<String, Value>, now: Ts) -> Option<GraphError> {
        used(content).into_iter().find_map(|used| {
            let media = self.media.get(&used.id, now)?;
            misfit(&used.kind, &media.mime, &media.bytes, used.voice)
                .map(|why| GraphError::new(131_053, why))
        })
    }
}

/// A media id within a message.
struct Used {
    /// As Meta names it: `template['components'][0]['parameters'][0]['image']['id']`.
    path: String,
    kind: String,
    id: String,
    voice: bool,
}

pub(crate) const KINDS: &[&str] = &["image", "video", "audio", "document", "sticker"];
/// What the business hands to a flow is its own and no message content.
pub(crate) const NOT_CONTENT: &[&str] =
    &["flow_action_payload", "flow_action_data", "data", "context"];

fn used(content: &Map<String, Value>) -> Vec<Used> {
    let mut out = Vec::new();
    for (key, value) in content {
        if !NOT_CONTENT.contains(&key.as_str()) {
            look(key.clone(), key, value, &mut out);
        }
    }
    out
}

fn look(path: String, key: &str, value: &Value, out: &mut Vec<Used>) {
    match value {
        Value::Object(fields) => {
            let id = fields.get("id").and_then(Value::as_str);
            if let Some(id) = id.filter(|_| KINDS.contains(&key)) {
                out.push(Used {
                    path: format!("{path}['id']"),
                    kind: key.to_owned(),
                    id: id.to_owned(),
                    voice: fields
                        .get("voice")
                        .and_then(Value::as_bool)
                        .unwrap_or(false),
                });
            }
            for (key, value) in fields {
                if !NOT_CONTENT.contains(&key.as_str()) {
                    look(format!("{path}['{key}']"), key, value, out);
                }
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                look(format!("{path}[{at}]"), "", value, out);
            }
        }
        _ => {}
    }
}

/// What a person sends when the script names no file: type and bytes.
fn sample(kind: &str) -> (&'static str, &'static [u8]) {
    match kind {
        "image" => ("image/jpeg", include_bytes!("samples/photo.jpg")),
        "video" => ("video/mp4", include_bytes!("samples/clip.mp4")),
        "audio" => (
            "audio/ogg; codecs=opus",
            include_bytes!("samples/voice.ogg"),
        ),
        "sticker" => ("image/webp", include_bytes!("samples/sticker.webp")),
        _ => ("application/pdf", include_bytes!("samples/page.pdf")),
    }
}

/// Files in a saved world.
mod as_base64 {
    use axum::body::Bytes;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, s: S) -> Result<S::Ok, S::Error> {
        STANDARD.encode(bytes).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(d)?;
        STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(serde::de::Error::custom)
    }
}
