//! Templates as Meta keeps them: status, quality, the pause ladder (§3.4, §3.5).

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::arena::Id;
use crate::config::ConfigError;
use crate::fate::Due;
use crate::feedback::Feedback;
use crate::pacing::Pacing;
use crate::world::{Waba, World};

#[derive(Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) waba: Id<Waba>,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) category: String,
    pub(crate) status: String,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub(crate) quality: String,
    /// Since when it has this quality.
    pub(crate) quality_at: Ts,
    pub(crate) named: bool,
    pub(crate) components: Vec<Value>,
    /// How often low quality paused it.
    pub(crate) pauses: u32,
    /// How often it was put before the reviewer.
    pub(crate) reviews: u32,
    /// When it was edited while approved.
    pub(crate) edits: Vec<Ts>,
    /// When it was last sent, or came into the world.
    pub(crate) used_at: Ts,
    /// What people thought of its messages.
    pub(crate) feedback: Feedback,
    /// Its messages are watched (§3.6).
    pub(crate) pacing: Option<Pacing>,
    /// Everything else it was given, shown as it came.
    pub(crate) extra: Map<String, Value>,
}

const STATUSES: &[&str] = &[
    "PENDING",
    "APPROVED",
    "REJECTED",
    "PAUSED",
    "DISABLED",
    "IN_APPEAL",
    "PENDING_DELETION",
    "DELETED",
    "LIMIT_EXCEEDED",
    "ARCHIVED",
];
const QUALITIES: &[&str] = &["GREEN", "YELLOW", "RED", "UNKNOWN"];
const CATEGORIES: &[&str] = &["MARKETING", "UTILITY", "AUTHENTICATION"];

/// Upper-cases a word and checks it against a list; the error names what is allowed.
pub(crate) fn one_of(word: &str, what: &str, list: &[&str]) -> Result<String, String> {
    let upper = word.to_ascii_uppercase();
    if list.contains(&upper.as_str()) {
        Ok(upper)
    } else {
        Err(format!(
            "`{}` is no {what}; use one of {}",
            word.chars().take(40).collect::<String>(),
            list.join(", ")
        ))
    }
}

pub(crate) fn status_word(word: &str) -> Result<String, String> {
    one_of(word, "template status", STATUSES)
}
pub(crate) fn quality_word(word: &str) -> Result<String, String> {
    one_of(word, "quality score", QUALITIES)
}
pub(crate) fn category_word(word: &str) -> Result<String, String> {
    one_of(word, "template category", CATEGORIES)
}

impl World {
    /// Reads a template in Meta's own shape.
    pub(crate) fn add_template(
        &mut self,
        waba: Id<Waba>,
        index: usize,
        raw: &Value,
        now: Ts,
    ) -> Result<Id<Template>, ConfigError> {
        let parsed = parse(raw).map_err(|why| ConfigError::Template {
            index,
            waba: self.wabas[waba].is.id.clone(),
            why,
        })?;
        let key = (waba, parsed.name.clone(), parsed.language.clone());
        if self.by_template.contains_key(&key) {
            return Err(ConfigError::Twice {
                what: "template",
                id: format!("{}/{}", parsed.name, parsed.language),
            });
        }
        let id = match &parsed.id {
            Some(id) => id.clone(),
            None => self.chance.object_id("template"),
        };
        let at = self.templates.push(Template {
            id,
            waba,
            name: parsed.name,
            language: parsed.language,
            category: parsed.category,
            status: parsed.status,
            quality: parsed.quality,
            quality_at: now,
            named: parsed.named,
            components: parsed.components,
            pauses: 0,
            reviews: 0,
            edits: Vec::new(),
            used_at: now,
            feedback: Feedback::default(),
            pacing: parsed.paced.then(Pacing::default),
            extra: parsed.extra,
        });
        self.by_template.insert(key, at);
        self.watch_idle(at);
        Ok(at)
    }

    /// Sets the status and tells it by webhook.
    pub(crate) fn set_template_status(
        &mut self,
        id: Id<Template>,
        status: &str,
        extra: Map<String, Value>,
        at: Ts,
    ) {
        self.templates[id].status = status.to_owned();
        self.template_event(id, status, extra, at);
    }

    /// `message_template_status_update` (§2.5) without touching the status.
    pub(crate) fn template_event(
        &mut self,
        id: Id<Template>,
        event: &str,
        extra: Map<String, Value>,
        at: Ts,
    ) {
        let template = &self.templates[id];
        let mut value = json!({
            "event": event,
            "message_template_id": template.number(),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "reason": "NONE",
            "message_template_category": template.category,
        });
        if let Some(fields) = value.as_object_mut() {
            fields.extend(extra);
        }
        let waba = template.waba;
        self.tell_waba(waba, "message_template_status_update", value, at);
    }

    /// Another text of the body: the components as they are now are told (§2.5).
    pub(crate) fn set_template_body(&mut self, id: Id<Template>, body: &str, at: Ts) {
        let template = &mut self.templates[id];
        let is_body = |c: &&mut Value| c.get("type").and_then(Value::as_str) == Some("BODY");
        if let Some(fields) = template
            .components
            .iter_mut()
            .find(is_body)
            .and_then(Value::as_object_mut)
        {
            fields.insert("text".into(), body.into());
        }
        let value = json!({
            "message_template_id": template.number(),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "message_template_element": body,
        });
        let waba = template.waba;
        self.tell_waba(waba, "message_template_components_update", value, at);
    }

    /// A new quality score; RED pauses by the ladder of §3.5: 3 h, 6 h, then disabled.
    pub(crate) fn set_template_quality(&mut self, id: Id<Template>, quality: &str, at: Ts) {
        let template = &mut self.templates[id];
        let previous = std::mem::replace(&mut template.quality, quality.to_owned());
        template.quality_at = at;
        let value = json!({
            "previous_quality_score": previous,
            "new_quality_score": quality,
            "message_template_id": template.number(),
            "message_template_name": template.name,
            "message_template_language": template.language,
        });
        let waba = template.waba;
        // What pacing holds fails with it; nothing held, it is a pause like every other.
        let paced = template.pacing.as_ref().is_some_and(Pacing::holds);
        let falls = quality == "RED" && template.status == "APPROVED";
        if falls && !paced {
            template.pauses += 1;
        }
        let pauses = template.pauses;
        self.tell_waba(waba, "message_template_quality_update", value, at);
        if falls && paced {
            self.end_pacing(id, false, at);
            return;
        }
        if !falls {
            return;
        }
        let (status, title, length) = match pauses {
            1 => ("PAUSED", "FIRST_PAUSE", Some(Millis::hours(3))),
            2 => ("PAUSED", "SECOND_PAUSE", Some(Millis::hours(6))),
            _ => ("DISABLED", "DISABLED", None),
        };
        let mut extra = Map::new();
        extra.insert(
            "other_info".into(),
            json!({"title": title, "description": "low quality feedback"}),
        );
        if let Some(length) = length {
            self.queue.push(at + length, Due::Unpause(id, pauses));
        } else if let Some(day) = at.to_jiff() {
            extra.insert(
                "disable_info".into(),
                json!({"disable_date": day.strftime("%B %d, %Y").to_string()}),
            );
        }
        self.set_template_status(id, status, extra, at);
    }

    /// The end of a pause, unless something else happened meanwhile.
    pub(crate) fn end_pause(&mut self, id: Id<Template>, pauses: u32, at: Ts) {
        let template = &mut self.templates[id];
        if template.status != "PAUSED" || template.pauses != pauses {
            return;
        }
        template.quality = "UNKNOWN".to_owned();
        template.quality_at = at;
        template.feedback = Feedback::default();
        let mut extra = Map::new();
        extra.insert("other_info".into(), json!({"title": "UNPAUSE"}));
        self.set_template_status(id, "APPROVED", extra, at);
        self.start_pacing(id, true, at);
    }

    /// Recategorises at once, or announces it 24 h ahead (§3.7, §2.5).
    pub(crate) fn set_template_category(
        &mut self,
        id: Id<Template>,
        category: &str,
        notice: bool,
        at: Ts,
    ) {
        let waba = self.templates[id].waba;
        // Accounts that were warned are not told ahead.
        let notice = notice && !self.wabas[waba].is.warned;
        let template = &mut self.templates[id];
        let mut value = json!({
            "message_template_id": template.number(),
            "message_template_name": template.name,
            "message_template_language": template.language,
        });
        let Some(fields) = value.as_object_mut() else {
            return;
        };
        if notice {
            let when = at + Millis::hours(24);
            fields.insert("new_category".into(), template.category.clone().into());
            fields.insert("correct_category".into(), category.into());
            fields.insert("category_update_timestamp".into(), when.secs().into());
            self.queue
                .push(when, Due::Recategorise(id, category.to_owned()));
        } else {
            let previous = std::mem::replace(&mut template.category, category.to_owned());
            template
                .extra
                .insert("previous_category".into(), previous.clone().into());
            fields.insert("previous_category".into(), previous.into());
            fields.insert("new_category".into(), category.into());
        }
        self.tell_waba(waba, "template_category_update", value, at);
    }
}

impl Template {
    /// Webhooks carry the id as an integer (§3.1).
    pub(crate) fn number(&self) -> Value {
        self.id
            .parse::<u64>()
            .map_or_else(|_| Value::from(self.id.clone()), Value::from)
    }

    /// One field as `GET` shows it; `None` when no template has such a field.
    pub(crate) fn field(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => self.id.clone().into(),
            "name" => self.name.clone().into(),
            "language" => self.language.clone().into(),
            "category" => self.category.clone().into(),
            "status" => self.status.clone().into(),
            "components" => self.components.clone().into(),
            "parameter_format" => if self.named { "NAMED" } else { "POSITIONAL" }.into(),
            "quality_score" => json!({"score": self.quality, "date": self.quality_at.secs()}),
            "rejected_reason" => self
                .extra
                .get(name)
                .cloned()
                .unwrap_or_else(|| "NONE".into()),
            "health_status" => {
                let can = if self.status == "APPROVED" {
                    "AVAILABLE"
                } else {
                    "BLOCKED"
                };
                json!({"can_send_message": can})
            }
            "previous_category"
            | "correct_category"
            | "sub_category"
            | "last_updated_time"
            | "source"
            | "message_send_ttl_seconds"
            | "cta_url_link_tracking_opted_out"
            | "library_template_name"
            | "degrees_of_freedom_spec"
            | "is_primary_device_delivery_only" => {
                self.extra.get(name).cloned().unwrap_or(Value::Null)
            }
            _ => return None,
        })
    }

    /// The component of a type, such as `BODY`.
    pub(crate) fn component(&self, kind: &str) -> Option<&Value> {
        component(&self.components, kind)
    }
}

/// The component of a type within a list (a template's, or a card's).
pub(crate) fn component<'a>(list: &'a [Value], kind: &str) -> Option<&'a Value> {
    list.iter().find(|component| {
        component
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|is| is.eq_ignore_ascii_case(kind))
    })
}

struct Parsed {
    id: Option<String>,
    name: String,
    language: String,
    category: String,
    status: String,
    quality: String,
    named: bool,
    components: Vec<Value>,
    /// Under pacing from the start.
    paced: bool,
    extra: Map<String, Value>,
}

fn parse(raw: &Value) -> Result<Parsed, String> {
    let Value::Object(mut fields) = raw.clone() else {
        return Err("it is no object".to_owned());
    };
    let mut text = |key: &str| match fields.shift_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) if key == "id" => Ok(Some(number.to_string())),
        Some(_) => Err(format!("`{key}` must be a text")),
    };
    let name = text("name")?.ok_or("it has no `name`")?;
    let good_name = (1..=512).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !good_name {
        return Err("`name` may hold a-z, 0-9 and _ only".to_owned());
    }
    let language = text("language")?.ok_or("it has no `language`")?;
    let category = category_word(&text("category")?.ok_or("it has no `category`")?)?;
    let status = status_word(&text("status")?.unwrap_or_else(|| "APPROVED".into()))?;
    let named = match text("parameter_format")? {
        None => false,
        Some(format) => one_of(&format, "parameter format", &["NAMED", "POSITIONAL"])? == "NAMED",
    };
    let id = text("id")?;
    let paced = match fields.shift_remove("paced") {
        None => false,
        Some(Value::Bool(paced)) => paced,
        Some(_) => return Err("`paced` must be true or false".to_owned()),
    };
    let quality = match fields.shift_remove("quality_score") {
        None | Some(Value::Null) => "UNKNOWN".to_owned(),
        Some(Value::String(word)) => quality_word(&word)?,
        Some(object) => quality_word(object.get("score").and_then(Value::as_str).unwrap_or(""))?,
    };
    let components = match fields.shift_remove("components") {
        Some(Value::Array(list)) => list,
        _ => return Err("it has no `components` list".to_owned()),
    };
    if component(&components, "BODY").is_none() {
        return Err("it has no BODY component".to_owned());
    }
    Ok(Parsed {
        id,
        name,
        language,
        category,
        status,
        quality,
        named,
        components,
        paced,
        extra: fields,
    })
}
