//! `GET /{WABA_ID}/message_templates` (§3.1): filters, fields, pages, summary.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, page};
use crate::arena::Id;
use crate::errors::GraphError;
use crate::simulator::Simulator;
use crate::templates::Template;
use crate::world::{Waba, World};

const DEFAULT_FIELDS: &str =
    "name,parameter_format,components,language,status,category,sub_category,previous_category";

pub(super) fn list(simulator: &Simulator, call: &Call, waba: &str) -> Result<Answer, GraphError> {
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Management)?;
    let waba = auth::waba(&world, token, waba)?;
    let all: Vec<Value> = world
        .templates
        .iter()
        .map(|(_, template)| template)
        .filter(|template| {
            template.waba == waba && template.status != "DELETED" && wanted(call, template)
        })
        .map(|template| fields(call, template))
        .collect::<Result<_, _>>()?;
    let total = all.len();
    let mut body = page::of(call, all)?;
    if let Some(asked) = call.query.get("summary")
        && let Some(out) = body.as_object_mut()
    {
        out.insert("summary".into(), summary(&world, waba, asked, total)?);
    }
    Ok(body.into())
}

/// `summary=total_count,message_template_count,message_template_limit,are_translations_complete`;
/// `true` gives all of it.
fn summary(world: &World, waba: Id<Waba>, asked: &str, total: usize) -> Result<Value, GraphError> {
    let count = world
        .by_template
        .keys()
        .filter(|(of, _, _)| *of == waba)
        .count();
    let all = [
        ("total_count", json!(total)),
        ("message_template_count", json!(count)),
        (
            "message_template_limit",
            json!(world.wabas[waba].is.template_limit),
        ),
        ("are_translations_complete", json!(true)),
    ];
    let mut out = Map::new();
    for word in asked.trim_matches(['[', ']']).split(',').map(str::trim) {
        let word = word.trim_matches('"');
        if matches!(word, "true" | "1") {
            out.extend(
                all.iter()
                    .map(|(key, value)| ((*key).to_owned(), value.clone())),
            );
            continue;
        }
        let (key, value) = all.iter().find(|(key, _)| *key == word).ok_or_else(|| {
            GraphError::parameter(format!(
                "Param summary must be one of {{{}}}",
                all.iter()
                    .map(|(key, _)| *key)
                    .collect::<Vec<_>>()
                    .join(", ")
            ))
        })?;
        out.insert((*key).to_owned(), value.clone());
    }
    Ok(out.into())
}

fn wanted(call: &Call, template: &Template) -> bool {
    // A filter is one word, several with commas, or a JSON list of words.
    let is = |key: &str, has: &str| {
        call.query.get(key).is_none_or(|wanted| {
            wanted
                .trim_matches(['[', ']'])
                .split(',')
                .any(|word| word.trim().trim_matches('"').eq_ignore_ascii_case(has))
        })
    };
    let holds = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    let content = |part: &str| {
        template
            .components
            .iter()
            .filter_map(|component| component.get("text").and_then(Value::as_str))
            .any(|text| holds(text, part))
    };
    // Meta's name filter finds parts of names.
    let query = |key: &str| call.query.get(key).filter(|text| !text.is_empty());
    query("name").is_none_or(|part| holds(&template.name, part))
        && query("content").is_none_or(content)
        && query("name_or_content").is_none_or(|part| holds(&template.name, part) || content(part))
        && is("status", &template.status)
        && is("category", &template.category)
        && is("language", &template.language)
        && is("quality_score", &template.quality)
        && call.query.get("source").is_none_or(|source| {
            template.extra.get("source").and_then(Value::as_str) == Some(source)
        })
}

/// The fields that were asked for; `id` is always there.
pub(super) fn fields(call: &Call, template: &Template) -> Result<Value, GraphError> {
    let mut out = Map::new();
    for field in super::nodes::asked(call, DEFAULT_FIELDS) {
        let value = template
            .field(field)
            .ok_or_else(|| super::nodes::no_field(field, "WhatsAppMessageTemplate"))?;
        // Graph leaves out what it has nothing to say about.
        if !value.is_null() {
            out.insert(field.to_owned(), value);
        }
    }
    out.insert("id".into(), template.id.clone().into());
    Ok(out.into())
}
