//! The life of a template that the business writes itself: created, reviewed, edited, deleted
//! (§3.1, §3.2, §3.4; cases 37, 38, 41 to 43).

use portero_domain::clock::{Millis, Ts};
use serde_json::{Map, Value, json};

use crate::arena::Id;
use crate::errors::GraphError;
use crate::fate::Due;
use crate::feedback::Feedback;
use crate::template_shape::{self, Frame};
use crate::template_tone;
use crate::templates::{Template, category_word, one_of};
use crate::world::{Waba, World};

/// Creations per account and hour (§3.2).
const CREATIONS: usize = 100;
const HOUR: Millis = Millis::hours(1);
/// A deleted template's name and language come back after that (§3.1).
const NAME_BLOCKED: Millis = Millis::days(30);
/// Edits of an approved template (§3.1).
const EDITS: usize = 10;
const EDITS_WITHIN: Millis = Millis::days(30);
const EDIT_GAP: Millis = Millis::hours(24);

impl World {
    /// `POST /{WABA_ID}/message_templates`.
    pub(crate) fn create_template(
        &mut self,
        waba: Id<Waba>,
        body: &Map<String, Value>,
        now: Ts,
    ) -> Result<Id<Template>, GraphError> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
        let name = text("name").to_owned();
        let language = text("language").to_owned();
        for key in ["name", "language", "category"] {
            if text(key).is_empty() {
                return Err(GraphError::parameter(format!(
                    "The parameter {key} is required."
                )));
            }
        }
        let good_name = name.chars().count() <= 512
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !good_name {
            return Err(GraphError::parameter(
                "Param name must hold lower-case letters, digits and underscores only, 512 at most",
            ));
        }
        if !is_language(&language) {
            return Err(GraphError::parameter(
                "Param language must be a language code such as es_MX",
            ));
        }
        let mut category = category_word(text("category"))
            .map_err(|why| GraphError::parameter(format!("Param category: {why}")))?;
        let named = match text("parameter_format") {
            "" => false,
            word => {
                one_of(word, "parameter_format", &["NAMED", "POSITIONAL"])
                    .map_err(GraphError::parameter)?
                    == "NAMED"
            }
        };
        let components = components_of(body)?
            .ok_or_else(|| GraphError::parameter("The parameter components is required."))?;
        self.may_create(waba, &name, &language, now)?;
        check_ttl(&category, body.get("message_send_ttl_seconds"))?;
        let frame = Frame {
            category: &category,
            named,
            language: &language,
        };
        let components = template_shape::check(frame, &components)?;
        // Chosen as utility, read as an offer: approved as what it is (§3.7).
        if category == "UTILITY" && template_tone::is_promotional(&components) {
            "MARKETING".clone_into(&mut category);
        }
        if category == "UTILITY" && self.no_utility(waba, now) {
            return Err(GraphError::new(
                131_064,
                "the account used the category wrongly and may create no utility templates for now",
            ));
        }
        let mut raw = body.clone();
        for gone in [
            "allow_category_change",
            "messaging_product",
            "id",
            "quality_score",
            "paced",
        ] {
            raw.shift_remove(gone);
        }
        raw.insert("category".into(), category.into());
        raw.insert("components".into(), components.into());
        raw.insert("status".into(), "PENDING".into());
        raw.insert("last_updated_time".into(), now.secs().into());
        let id = self
            .add_template(waba, 0, &raw.into(), now)
            .map_err(|why| GraphError::new(100, why.to_string()))?;
        self.wabas[waba].creations.push_back(now);
        self.review(id, now);
        Ok(id)
    }

    /// Duplicates, blocked names, the hourly rate and the number of templates.
    fn may_create(
        &mut self,
        waba: Id<Waba>,
        name: &str,
        language: &str,
        now: Ts,
    ) -> Result<(), GraphError> {
        let key = (waba, name.to_owned(), language.to_owned());
        if self.by_template.contains_key(&key) {
            return Err(GraphError::template(
                2_388_024,
                "Content in This Language Already Exists",
                format!("there is already {language} content for this template"),
            ));
        }
        if self.deleted.get(&key).is_some_and(|until| now < *until) {
            return Err(GraphError::template(
                2_388_023,
                "Message Template Language Is Being Deleted",
                "new content in this language can't be added while the existing content is being deleted; try again in 30 days",
            ));
        }
        let count = self
            .by_template
            .keys()
            .filter(|(of, _, _)| *of == waba)
            .count();
        let account = &mut self.wabas[waba];
        if count >= account.is.template_limit {
            return Err(GraphError::template(
                2_388_019,
                "Message Template Limit Exceeded",
                format!(
                    "this account may have {} templates at most",
                    account.is.template_limit
                ),
            ));
        }
        account.creations.retain(|at| now < *at + HOUR);
        if account.creations.len() >= CREATIONS {
            return Err(GraphError::new(
                80_007,
                format!("an account may create {CREATIONS} templates per hour"),
            ));
        }
        Ok(())
    }

    /// Puts it before the reviewer, who decides after a while.
    fn review(&mut self, id: Id<Template>, now: Ts) {
        let template = &mut self.templates[id];
        "PENDING".clone_into(&mut template.status);
        template.reviews += 1;
        let turn = template.reviews;
        let when = now.plus_ms(self.config.timings.review_ms);
        self.queue.push(when, Due::Reviewed(id, turn));
    }

    /// The decision, unless something else happened meanwhile. What has the right shape is approved;
    /// rejections come from `/_sim/templates`.
    pub(crate) fn reviewed(&mut self, id: Id<Template>, turn: u32, at: Ts) {
        let template = &self.templates[id];
        if template.status == "PENDING" && template.reviews == turn {
            self.set_template_status(id, "APPROVED", Map::new(), at);
            self.start_pacing(id, false, at);
        }
    }

    /// `POST /{TEMPLATE_ID}`: all components anew, then review again.
    pub(crate) fn edit_template(
        &mut self,
        id: Id<Template>,
        body: &Map<String, Value>,
        now: Ts,
    ) -> Result<(), GraphError> {
        let template = &self.templates[id];
        let refused = |why: &str| {
            GraphError::template(
                2_388_039,
                "Message Template Cannot Be Edited",
                why.to_owned(),
            )
        };
        let approved = template.status == "APPROVED";
        if !approved && !["REJECTED", "PAUSED"].contains(&template.status.as_str()) {
            return Err(refused(
                "only templates that are approved, rejected or paused can be edited",
            ));
        }
        let recent = template.edits.iter().filter(|at| now < **at + EDITS_WITHIN);
        let last = template.edits.last().is_some_and(|at| now < *at + EDIT_GAP);
        if approved && (last || recent.count() >= EDITS) {
            return Err(refused(
                "an approved template can be edited once in 24 hours and 10 times in 30 days",
            ));
        }
        let mut category = template.category.clone();
        if let Some(word) = body.get("category").and_then(Value::as_str) {
            let wanted = category_word(word)
                .map_err(|why| GraphError::parameter(format!("Param category: {why}")))?;
            if approved && wanted != category {
                return Err(refused(
                    "the category of an approved template cannot be edited",
                ));
            }
            category = wanted;
        }
        let frame = Frame {
            category: &category,
            named: template.named,
            language: &template.language,
        };
        let components = match components_of(body)? {
            Some(given) => Some(template_shape::check(frame, &given)?),
            None => None,
        };
        let ttl = body.get("message_send_ttl_seconds");
        check_ttl(&category, ttl)?;
        if components.is_none() && ttl.is_none() && body.get("category").is_none() {
            return Err(GraphError::parameter(
                "One of components, category and message_send_ttl_seconds is required.",
            ));
        }
        let template = &mut self.templates[id];
        template.category = category;
        if let Some(components) = components {
            template.components = components;
        }
        if let Some(ttl) = ttl {
            template
                .extra
                .insert("message_send_ttl_seconds".into(), ttl.clone());
        }
        template
            .extra
            .insert("last_updated_time".into(), now.secs().into());
        if approved {
            template.edits.push(now);
        }
        self.review(id, now);
        Ok(())
    }

    /// Deletes and blocks the name; disabled ones stay (§3.1).
    pub(crate) fn delete_templates(
        &mut self,
        waba: Id<Waba>,
        list: &[Id<Template>],
        now: Ts,
    ) -> Result<(), GraphError> {
        if list.is_empty() {
            return Err(GraphError::template(
                2_593_002,
                "Message Template Not Found",
                "the account has no such template",
            ));
        }
        let stays = list
            .iter()
            .map(|id| &self.templates[*id])
            .find(|template| template.status == "DISABLED");
        if let Some(template) = stays {
            return Err(GraphError::new(
                100,
                format!(
                    "template {} is disabled and cannot be deleted",
                    template.name
                ),
            ));
        }
        for id in list {
            let template = &self.templates[*id];
            let key = (waba, template.name.clone(), template.language.clone());
            self.by_template.remove(&key);
            if template.status == "APPROVED" {
                self.deleted.insert(key, now + NAME_BLOCKED);
            }
            self.set_template_status(*id, "DELETED", Map::new(), now);
        }
        Ok(())
    }

    /// `POST /{TEMPLATE_ID}/unpause`.
    pub(crate) fn unpause_template(&mut self, id: Id<Template>, now: Ts) -> Result<(), GraphError> {
        if self.templates[id].status != "PAUSED" {
            return Err(GraphError::new(100, "the template is not paused"));
        }
        let mut extra = Map::new();
        extra.insert("other_info".into(), json!({"title": "UNPAUSE"}));
        self.templates[id].feedback = Feedback::default();
        self.set_template_status(id, "APPROVED", extra, now);
        self.start_pacing(id, true, now);
        Ok(())
    }
}

/// How long a template's messages may wait, by category (§3.7); -1 is thirty days.
fn check_ttl(category: &str, given: Option<&Value>) -> Result<(), GraphError> {
    let Some(given) = given.filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let seconds = match given {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    let (least, most) = match category {
        "AUTHENTICATION" => (30, 900),
        "UTILITY" => (30, 43_200),
        _ => (43_200, 2_592_000),
    };
    let endless = seconds == Some(-1) && category != "MARKETING";
    if endless || seconds.is_some_and(|s| (least..=most).contains(&s)) {
        return Ok(());
    }
    Err(GraphError::parameter(format!(
        "Param message_send_ttl_seconds must be {least} to {most} for {category}"
    )))
}

/// `components` as a list, or as the JSON text that forms carry.
fn components_of(body: &Map<String, Value>) -> Result<Option<Vec<Value>>, GraphError> {
    match body.get("components") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        Some(_) => Err(GraphError::parameter("Param components must be an array.")),
    }
}

/// `es`, `es_MX`, `fil`, `zh_HK`.
fn is_language(code: &str) -> bool {
    let (language, country) = code.split_once('_').unwrap_or((code, "XX"));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && (2..=4).contains(&country.len())
        && country.bytes().all(|b| b.is_ascii_uppercase())
}
