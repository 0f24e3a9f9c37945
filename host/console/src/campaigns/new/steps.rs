//! What each step of a new campaign offers.

use portero_domain::template::Template;
use portero_flow::desk::audience::{Choices, Usable};
use portero_flow::desk::tenants::TenantView;

use super::answers::{Answers, PURPOSES};
use super::people;
use super::preview::{Said, said};
use crate::frame::query;
use crate::segments;
use crate::strings::Words;
use crate::templates;

/// Something to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) chosen: bool,
}

/// A template to choose, as it reads.
pub(super) struct Card {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) quality: templates::Chip,
    pub(super) reads: Said,
    pub(super) chosen: bool,
}

/// All that the steps but the third offer.
pub(super) struct Options {
    pub(super) numbers: Vec<Choice>,
    /// Everybody, then tags, then segments.
    pub(super) audiences: Vec<Vec<Choice>>,
    pub(super) templates: Vec<Card>,
    /// How many templates may not be used, in words; nothing when all may.
    pub(super) refused: String,
    pub(super) templates_href: String,
    pub(super) checklist_href: String,
    pub(super) purposes: Vec<Choice>,
    pub(super) topics: Vec<String>,
}

/// A slot of the template and where its value can come from.
pub(super) struct Slot {
    pub(super) name: String,
    /// What stands around it.
    pub(super) place: String,
    pub(super) kind: String,
    /// Which source is chosen.
    pub(super) from: String,
    pub(super) text: String,
    pub(super) key: String,
    pub(super) hint: String,
    pub(super) or: String,
    pub(super) attributes: Vec<String>,
    /// (value, the plugin's own id).
    pub(super) plugins: Vec<(String, String)>,
}

impl Slot {
    /// Name of the field that says where its value comes from.
    pub(super) fn field(&self) -> String {
        format!("from.{}", self.name)
    }
}

/// Whom it can be for: everybody, tags, segments.
pub(super) fn audiences(w: Words, a: &Answers, choices: &Choices) -> Vec<Vec<Choice>> {
    let choice = |value: String, name: String, n: u64| Choice {
        chosen: a.is("who", &value),
        about: people(w, n),
        value,
        name,
    };
    let everybody = w.t("campaign.audience.all").to_owned();
    let segments = choices.segments.iter().flat_map(|of| {
        of.segments.iter().map(move |s| {
            let value = format!("segment:{}:{}", of.installation, s.id);
            (
                value,
                format!("{} · {}", segments::title(w, s), of.plugin),
                s.members,
            )
        })
    });
    vec![
        segments.map(|(v, name, n)| choice(v, name, n)).collect(),
        choices
            .tags
            .iter()
            .map(|(tag, n)| choice(format!("tag:{tag}"), tag.clone(), *n))
            .collect(),
        vec![choice("all".to_owned(), everybody, choices.all)],
    ]
}

/// What the steps offer.
pub(super) fn options(
    w: Words,
    lang: &str,
    tenant: &TenantView,
    a: &Answers,
    choices: &Choices,
) -> Options {
    let account = a.account(choices);
    let of_account = choices
        .templates
        .iter()
        .filter(|u| account == Some(u.waba.as_str()));
    let numbers = choices.numbers.iter().map(|n| Choice {
        chosen: a.is("number", &n.phone_number_id),
        value: n.phone_number_id.clone(),
        name: n.display.clone(),
        about: n.verified_name.clone().unwrap_or_default(),
    });
    let asked = a.get("purpose");
    let shop = [("lang", lang), ("shop", tenant.slug.as_str())];
    Options {
        numbers: numbers.collect(),
        audiences: audiences(w, a, choices),
        templates: of_account.map(|u| card(w, a, u)).collect(),
        refused: match choices.refused {
            0 => String::new(),
            n => w.t("campaign.new.refused").replace("{n}", &n.to_string()),
        },
        templates_href: query("/templates", &shop),
        checklist_href: query("/checklist", &shop),
        purposes: PURPOSES
            .iter()
            .map(|p| Choice {
                value: p.as_str().to_owned(),
                name: w.t(&format!("purpose.{}", p.as_str())).to_owned(),
                about: String::new(),
                chosen: p.as_str() == asked,
            })
            .collect(),
        topics: choices.topics.clone(),
    }
}

fn card(w: Words, a: &Answers, usable: &Usable) -> Card {
    let t = &usable.template;
    let value = format!("{}/{}", t.name, t.language);
    Card {
        chosen: a.is("template", &value),
        name: format!("{} ({})", t.name, t.language),
        category: templates::category(w, t.category.as_str()),
        quality: templates::quality(w, &usable.quality),
        reads: said(w, &Answers::default(), t),
        value,
    }
}

/// The slots of the template chosen.
pub(super) fn slots(
    w: Words,
    a: &Answers,
    choices: &Choices,
    chosen: Option<&Usable>,
) -> Vec<Slot> {
    let Some(t) = chosen.map(|u| &u.template) else {
        return Vec::new();
    };
    let names = portero_domain::campaign::slot_names(&t.slots).into_iter();
    let slot = |name: String| {
        let of = |before: &str| a.get(&format!("{before}{name}")).to_owned();
        let asked = of("from.");
        Slot {
            from: match asked.as_str() {
                "" => usual(&name).to_owned(),
                _ => asked,
            },
            text: of("text."),
            key: of("key."),
            hint: of("hint."),
            or: of("or."),
            place: place(w, t, &name),
            kind: templates::slot_kind(w, &t.slots, &name),
            attributes: choices.attributes.clone(),
            plugins: choices
                .personalisers
                .iter()
                .map(|(id, plugin)| (format!("plugin:{id}"), plugin.clone()))
                .collect(),
            name,
        }
    };
    names.map(slot).collect()
}

/// What a slot of this name usually takes.
fn usual(slot: &str) -> &'static str {
    match slot.rsplit_once('.').map_or(slot, |s| s.1) {
        "nombre" | "nome" | "name" | "cliente" => "name",
        _ => "fixed",
    }
}

/// Where a slot stands, in words.
fn place(w: Words, t: &Template, slot: &str) -> String {
    let (part, name) = slot.split_once('.').unwrap_or((slot, ""));
    let words = w.t(&format!("campaign.slot.{part}")).to_owned();
    if part == "button" {
        let at: Option<usize> = name.parse().ok();
        let around = t.slots.around.clone().unwrap_or_default();
        let title = at.and_then(|at| around.buttons.get(at).map(|b| b.0.clone()));
        return format!("{words} «{}»", title.unwrap_or_else(|| name.to_owned()));
    }
    if slot == "header.media" {
        return words;
    }
    format!("{words} {{{{{name}}}}}")
}
