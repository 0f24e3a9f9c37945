//! What was answered in the form of a new campaign: read, looked through step by step, turned into the request that
//! the API takes.

use std::collections::BTreeMap;

use portero_domain::campaign::{Audience, Schedule, ValueSource};
use portero_domain::clock::Ts;
use portero_domain::proposal::Purpose;
use portero_flow::FlowError;
use portero_flow::desk::audience::{Choices, Usable};
use portero_flow::desk::campaigns::CampaignRequest;
use portero_flow::desk::verdict_days::from_local;

/// Audience, template, values, reason, time.
pub(super) const STEPS: usize = 5;
/// Purposes a campaign can be declared with, the usual one first.
pub(super) const PURPOSES: [Purpose; 6] = [
    Purpose::Promotional,
    Purpose::Transactional,
    Purpose::ConsentRequest,
    Purpose::Authentication,
    Purpose::Reply,
    Purpose::System,
];
/// Fields of each step but the third, whose fields are those of the template's slots.
const FIELDS: [&[&str]; STEPS] = [
    &["number", "who"],
    &["template"],
    &[],
    &["name", "purpose", "topic", "why"],
    &["when", "at", "spread"],
];
/// Fields of a slot, before its name.
pub(super) const OF_SLOT: [&str; 5] = ["from.", "text.", "key.", "hint.", "or."];

/// The word for a step in keys of the string table.
pub(super) const fn step_name(step: usize) -> &'static str {
    match step {
        1 => "audience",
        2 => "template",
        3 => "values",
        4 => "reason",
        _ => "time",
    }
}

/// An answer that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Name of its field.
    pub(super) field: String,
    /// Why: the last part of a key of the string table.
    pub(super) why: &'static str,
}

fn wrong(field: impl Into<String>, why: &'static str) -> Wrong {
    Wrong {
        field: field.into(),
        why,
    }
}

/// Step and field of what the host refused.
pub(super) fn told(error: &FlowError) -> (usize, Wrong) {
    match error {
        FlowError::BadInput { field, .. } => match field.as_str() {
            "name" => (4, wrong("name", "name")),
            "why" => (4, wrong("why", "why")),
            "template" => (2, wrong("template", "template")),
            "phone_number_id" => (1, wrong("number", "number")),
            "start_at" => (5, wrong("at", "at")),
            "spread_hours" => (5, wrong("spread", "spread")),
            _ => (STEPS, wrong("", "other")),
        },
        FlowError::NotFound { what: "number", .. } => (1, wrong("number", "number")),
        FlowError::NotFound {
            what: "installation",
            ..
        } => (1, wrong("who", "gone")),
        _ => (STEPS, wrong("", "other")),
    }
}

/// What was answered, by field; what was not is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(BTreeMap<String, String>);

impl Answers {
    /// Of the fields of a form.
    pub(super) fn of(fields: BTreeMap<String, String>) -> Answers {
        let all = fields.into_iter();
        Answers(all.map(|(k, v)| (k, v.trim().to_owned())).collect())
    }

    /// An answer.
    pub(super) fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// Whether this one was chosen.
    pub(super) fn is(&self, field: &str, value: &str) -> bool {
        self.get(field) == value
    }

    /// Answers that travel on: all of them, or without those of a step.
    pub(super) fn kept(&self, but: Option<usize>, slots: &[String]) -> Vec<(String, String)> {
        let mut names: Vec<String> = Vec::new();
        for (at, fields) in FIELDS.iter().enumerate() {
            if but == Some(at + 1) {
                continue;
            }
            names.extend(fields.iter().map(|f| (*f).to_owned()));
            if at == 2 {
                let of = |slot: &String| OF_SLOT.map(|before| format!("{before}{slot}"));
                names.extend(slots.iter().flat_map(of));
            }
        }
        let given = names.into_iter().map(|name| {
            let value = self.get(&name).to_owned();
            (name, value)
        });
        given.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The account of the number chosen, or of the only one.
    pub(super) fn account<'c>(&self, choices: &'c Choices) -> Option<&'c str> {
        let asked = self.get("number");
        let mut numbers = choices.numbers.iter();
        let found = match choices.numbers.len() {
            1 if asked.is_empty() => numbers.next(),
            _ => numbers.find(|n| n.phone_number_id == asked),
        };
        found.map(|n| n.waba_id.as_str())
    }

    /// The template chosen, if it may be used from the number chosen.
    pub(super) fn template<'c>(&self, choices: &'c Choices) -> Option<&'c Usable> {
        let account = self.account(choices)?;
        let (name, language) = self.get("template").rsplit_once('/')?;
        choices.templates.iter().find(|u| {
            u.waba == account && u.template.name == name && u.template.language == language
        })
    }

    /// Whom it is for.
    pub(super) fn audience(&self) -> Option<Audience> {
        let who = self.get("who");
        if who == "all" {
            return Some(Audience::All);
        }
        let (kind, rest) = who.split_once(':')?;
        match kind {
            "tag" => Some(Audience::Tag {
                tag: rest.to_owned(),
            }),
            "segment" => {
                let (installation, segment) = rest.split_once(':')?;
                Some(Audience::Segment {
                    installation: installation.parse().ok()?,
                    segment: segment.to_owned(),
                })
            }
            _ => None,
        }
    }

    /// What of a step does not do, in reading order.
    pub(super) fn wrong(
        &self,
        step: usize,
        choices: &Choices,
        slots: &[String],
        zone: &str,
        now: Ts,
    ) -> Vec<Wrong> {
        let mut all = Vec::new();
        match step {
            1 => {
                if choices.numbers.is_empty() {
                    all.push(wrong("number", "no_number"));
                } else if self.account(choices).is_none() {
                    all.push(wrong("number", "number"));
                }
                match self.audience() {
                    None => all.push(wrong("who", "who")),
                    Some(audience) if !offered(&audience, choices) => {
                        all.push(wrong("who", "gone"));
                    }
                    Some(_) => {}
                }
            }
            2 => {
                if self.get("template").is_empty() {
                    all.push(wrong("template", "no_template"));
                } else if self.template(choices).is_none() {
                    all.push(wrong("template", "template"));
                }
            }
            3 => all.extend(slots.iter().filter_map(|slot| self.wrong_value(slot))),
            4 => {
                let length = |field: &str| self.get(field).chars().count();
                if !(1..=80).contains(&length("name")) {
                    all.push(wrong("name", "name"));
                }
                if self.purpose().is_none() {
                    all.push(wrong("purpose", "purpose"));
                }
                if !(1..=500).contains(&length("why")) {
                    all.push(wrong("why", "why"));
                }
            }
            _ => {
                if self.is("when", "at") {
                    match from_local(self.get("at"), zone) {
                        None => all.push(wrong("at", "at")),
                        Some(at) if at <= now => all.push(wrong("at", "past")),
                        Some(_) => {}
                    }
                } else if !self.is("when", "now") {
                    all.push(wrong("when", "when"));
                }
                if self.spread().is_none() {
                    all.push(wrong("spread", "spread"));
                }
            }
        }
        all
    }

    fn wrong_value(&self, slot: &str) -> Option<Wrong> {
        let of = |before: &str| self.get(&format!("{before}{slot}"));
        let why = match of("from.") {
            "name" => return None,
            "fixed" if of("text.").is_empty() => "text",
            "attribute" if of("key.").is_empty() => "key",
            "fixed" | "attribute" => return None,
            _ if self.source(slot).is_some() => return None,
            _ => "value",
        };
        Some(wrong(format!("from.{slot}"), why))
    }

    fn purpose(&self) -> Option<Purpose> {
        let asked = self.get("purpose");
        PURPOSES.into_iter().find(|p| p.as_str() == asked)
    }

    /// Hours; none when nothing was answered.
    fn spread(&self) -> Option<u32> {
        match self.get("spread") {
            "" => Some(0),
            hours => hours
                .parse()
                .ok()
                .filter(|h| *h <= Schedule::MAX_SPREAD_HOURS),
        }
    }

    /// Where the value of a slot comes from.
    fn source(&self, slot: &str) -> Option<ValueSource> {
        let of = |before: &str| self.get(&format!("{before}{slot}")).to_owned();
        let fallback = Some(of("or.")).filter(|or| !or.is_empty());
        let from = of("from.");
        match from.as_str() {
            "name" => Some(ValueSource::Name { fallback }),
            "fixed" => Some(ValueSource::Fixed { text: of("text.") }),
            "attribute" => Some(ValueSource::Attribute {
                key: of("key."),
                fallback,
            }),
            other => Some(ValueSource::Personalise {
                installation: other.strip_prefix("plugin:")?.parse().ok()?,
                hint: of("hint."),
            }),
        }
    }

    /// The request of `POST /v1/campaigns`; none while audience or template are open.
    pub(super) fn request(&self, slots: &[String], zone: &str) -> Option<CampaignRequest> {
        let given = |field: &str| Some(self.get(field).to_owned()).filter(|v| !v.is_empty());
        let (name, language) = self.get("template").rsplit_once('/')?;
        let values = slots.iter().filter_map(|slot| {
            let from = self.source(slot)?;
            Some((slot.clone(), from))
        });
        let start_at = match self.is("when", "at") {
            true => from_local(self.get("at"), zone).map(Ts::rfc3339),
            false => None,
        };
        Some(CampaignRequest {
            name: self.get("name").to_owned(),
            phone_number_id: given("number"),
            template: name.to_owned(),
            language: language.to_owned(),
            purpose: self.purpose(),
            topic: given("topic"),
            why: self.get("why").to_owned(),
            audience: self.audience()?,
            values: values.collect(),
            start_at,
            spread_hours: self.spread()?,
        })
    }
}

/// Whether an audience is one of those there are.
fn offered(audience: &Audience, choices: &Choices) -> bool {
    match audience {
        Audience::All => true,
        Audience::Tag { tag } => choices.tags.iter().any(|(known, _)| known == tag),
        Audience::Segment {
            installation,
            segment,
        } => choices
            .segments
            .iter()
            .filter(|of| of.installation == *installation)
            .any(|of| of.segments.iter().any(|s| s.id == *segment)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(fields: &[(&str, &str)]) -> Answers {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        Answers::of(fields.iter().map(own).collect())
    }

    #[test]
    fn every_step_says_what_is_missing_beside_its_field() {
        let none = Answers::default();
        let choices = Choices::default();
        let fields = |a: &Answers, step| {
            let slots = ["body.nombre".to_owned()];
            let all = a.wrong(step, &choices, &slots, "America/Bogota", Ts(0));
            let told = all.into_iter().map(|w| (w.field, w.why));
            told.collect::<Vec<_>>()
        };
        let own = |field: &str, why| (field.to_owned(), why);
        assert_eq!(
            fields(&none, 1),
            [own("number", "no_number"), own("who", "who")]
        );
        assert_eq!(fields(&none, 2), [own("template", "no_template")]);
        assert_eq!(fields(&none, 3), [own("from.body.nombre", "value")]);
        assert_eq!(
            fields(&none, 4),
            [
                own("name", "name"),
                own("purpose", "purpose"),
                own("why", "why")
            ]
        );
        assert_eq!(fields(&none, 5), [own("when", "when")]);
        let late = answers(&[
            ("when", "at"),
            ("at", "1969-12-31T18:00"),
            ("spread", "169"),
        ]);
        assert_eq!(
            fields(&late, 5),
            [own("at", "past"), own("spread", "spread")]
        );
        let fixed = answers(&[("from.body.nombre", "fixed"), ("text.body.nombre", " ")]);
        assert_eq!(fields(&fixed, 3), [own("from.body.nombre", "text")]);
        let gone = answers(&[("who", "tag:nadie")]);
        assert_eq!(fields(&gone, 1)[1], own("who", "gone"));
    }

    #[test]
    fn what_was_answered_is_what_the_api_is_asked_for() {
        let a = answers(&[
            ("who", "tag:con:dos puntos"),
            ("template", "promo/semana/es_CO"),
            ("from.body.nombre", "name"),
            ("or.body.nombre", "vecina"),
            ("from.body.gone", "name"),
            ("name", " Semana "),
            ("purpose", "transactional"),
            ("why", "pidieron"),
            ("when", "at"),
            ("at", "2026-12-24T09:00"),
            ("spread", "4"),
        ]);
        let slots = ["body.nombre".to_owned()];
        let request = a.request(&slots, "America/Bogota").unwrap();
        assert_eq!(
            (request.template.as_str(), request.language.as_str()),
            ("promo/semana", "es_CO")
        );
        assert_eq!(
            request.start_at.as_deref(),
            Some("2026-12-24T14:00:00.000Z")
        );
        assert_eq!(request.values.len(), 1, "a slot of another template");
        assert_eq!(
            request.audience,
            Audience::Tag {
                tag: "con:dos puntos".to_owned()
            }
        );
        assert_eq!((request.spread_hours, request.topic), (4, None));
        assert_eq!(request.purpose, Some(Purpose::Transactional));
    }

    #[test]
    fn what_travels_on_is_what_other_steps_and_this_template_ask() {
        let a = answers(&[
            ("who", "all"),
            ("template", "promo/es"),
            ("from.body.nombre", "name"),
            ("from.body.old", "name"),
            ("at", ""),
            ("junk", "x"),
        ]);
        let slots = ["body.nombre".to_owned()];
        let names = |but| {
            let kept = a.kept(but, &slots).into_iter();
            kept.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["who", "template", "from.body.nombre"]);
        assert_eq!(names(Some(3)), ["who", "template"]);
    }
}
