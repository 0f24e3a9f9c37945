//! Pages of `GET /{waba}/message_templates` and what a send of each template must supply
//! (`whatsapp-platform` 3.1, 3.3 and 3.4).

use portero_domain::clock::Ts;
use portero_domain::template::{
    Around, StopPart, Template, TemplateCategory, TemplateSlots, TemplateStatus,
};
use portero_gate::words::{is_a_way_out, tells_how_to_stop};

use crate::wire::json::Obj;

/// Fields asked for.
pub const FIELDS: &str =
    "id,name,language,status,category,parameter_format,components,quality_score";

/// One page of the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Templates with their quality (GREEN, YELLOW, RED, UNKNOWN).
    pub templates: Vec<(Template, String)>,
    /// Cursor of the next page, while there is one.
    pub next: Option<String>,
}

/// Reads a page as it stood at `now`; the error says what is missing.
///
/// # Errors
/// When the body is no listing, or says that there is more without saying where.
pub fn read_page(body: &[u8], now: Ts) -> Result<Page, &'static str> {
    let root = Obj::parse_bytes(body).ok_or("no JSON object")?;
    let data = root.list("data").ok_or("no `data`")?;
    let templates = data
        .into_iter()
        .map(|raw| Obj::read(raw).and_then(|t| template(&t, now)))
        .collect::<Option<Vec<_>>>()
        .ok_or("a template without name, language or status")?;
    let paging = root.obj("paging").unwrap_or_default();
    let next = match paging.filled("next") {
        None => None,
        // `next` is a whole address and may point anywhere; only its cursor is taken from it.
        Some(next) => Some(
            paging
                .obj("cursors")
                .and_then(|c| c.filled("after"))
                .or_else(|| after(&next))
                .ok_or("a next page without a cursor")?,
        ),
    };
    Ok(Page { templates, next })
}

fn after(next: &str) -> Option<String> {
    let url = reqwest::Url::parse(next).ok()?;
    url.query_pairs()
        .find(|(k, v)| k == "after" && !v.is_empty())
        .map(|(_, v)| v.into_owned())
}

/// Reads one element of `data[]`.
fn template(t: &Obj<'_>, now: Ts) -> Option<(Template, String)> {
    let components = t.objs("components");
    let body = components
        .iter()
        .find(|c| is(c, "type", "BODY"))
        .and_then(|c| c.text("text"))
        .unwrap_or_default();
    let quality = t
        .obj("quality_score")
        .and_then(|q| q.filled("score"))
        .or_else(|| t.filled("quality_score"))
        .unwrap_or_else(|| "UNKNOWN".to_owned());
    let category = t.text("category").unwrap_or_default();
    let template = Template {
        name: t.filled("name")?,
        language: t.filled("language")?.replace('-', "_"),
        // A category we do not know is held to the strictest one's rules.
        category: TemplateCategory::from_meta(&category).unwrap_or(TemplateCategory::Marketing),
        status: TemplateStatus::from(t.filled("status")?),
        paused_until: None,
        slots: slots(t, &components, &body),
        body,
        synced_at: now,
    };
    Some((template, quality))
}

fn is(obj: &Obj<'_>, key: &str, expected: &str) -> bool {
    obj.text(key)
        .is_some_and(|t| t.eq_ignore_ascii_case(expected))
}

fn slots(t: &Obj<'_>, components: &[Obj<'_>], body: &str) -> TemplateSlots {
    let in_body = placeholders(body);
    let named = match t.text("parameter_format") {
        Some(format) => format.eq_ignore_ascii_case("named"),
        None => in_body.iter().any(|p| !is_position(p)),
    };
    let mut slots = TemplateSlots {
        named,
        ..TemplateSlots::default()
    };
    slots.body = in_body;
    if !named {
        slots
            .body
            .sort_by_key(|p| p.parse::<u32>().unwrap_or(u32::MAX));
    }
    for c in components {
        match c
            .text("type")
            .unwrap_or_default()
            .to_ascii_uppercase()
            .as_str()
        {
            "HEADER" => header(c, &mut slots),
            "BUTTONS" => buttons(c, &mut slots),
            // Their values are not among the contents Portero sends; naming them as a header that
            // nothing matches has the gate refuse before Meta does.
            kind @ ("CAROUSEL" | "LIMITED_TIME_OFFER") => {
                slots.header_media = Some(kind.to_ascii_lowercase());
            }
            _ => {}
        }
    }
    slots.stop = Some(stop_part(components, body));
    slots.around = Some(around(components));
    slots
}

/// The words around the body.
fn around(components: &[Obj<'_>]) -> Around {
    let of = |kind: &'static str| components.iter().filter(move |c| is(c, "type", kind));
    Around {
        header: of("HEADER").find_map(|c| c.filled("text")),
        footer: of("FOOTER").find_map(|c| c.filled("text")),
        buttons: of("BUTTONS")
            .flat_map(|c| c.objs("buttons"))
            .map(|b| {
                let leads = b.filled("url").or_else(|| b.filled("phone_number"));
                (b.text("text").unwrap_or_default(), leads)
            })
            .collect(),
    }
}

/// The first place that says how to stop, the surest first.
fn stop_part(components: &[Obj<'_>], body: &str) -> StopPart {
    let quick_reply = |button: &Obj<'_>| {
        is(button, "type", "QUICK_REPLY") && button.text("text").is_some_and(|t| is_a_way_out(&t))
    };
    let of = |kind: &'static str| components.iter().filter(move |c| is(c, "type", kind));
    if of("BUTTONS").any(|c| c.objs("buttons").iter().any(quick_reply)) {
        StopPart::Button
    } else if of("FOOTER").any(|c| c.text("text").is_some_and(|t| tells_how_to_stop(&t))) {
        StopPart::Footer
    } else if tells_how_to_stop(body) {
        StopPart::Body
    } else {
        StopPart::Nowhere
    }
}

fn header(c: &Obj<'_>, slots: &mut TemplateSlots) {
    let format = c.text("format").unwrap_or_default().to_ascii_lowercase();
    if format.is_empty() || format == "text" {
        let text = c.text("text").unwrap_or_default();
        slots.header_text = placeholders(&text).into_iter().next();
    } else if slots.header_media.is_none() {
        slots.header_media = Some(format);
    }
}

fn buttons(c: &Obj<'_>, slots: &mut TemplateSlots) {
    for (index, button) in c.objs("buttons").iter().enumerate() {
        let Ok(index) = u8::try_from(index) else {
            return;
        };
        slots.button_count = index.saturating_add(1);
        let mut needs = |what: &str| slots.buttons.push((index, what.to_owned()));
        match button
            .text("type")
            .unwrap_or_default()
            .to_ascii_uppercase()
            .as_str()
        {
            "QUICK_REPLY" => slots.quick_replies.push(index),
            "URL" if !placeholders(&button.text("url").unwrap_or_default()).is_empty() => {
                needs("url");
            }
            // The one-time code travels as the end of a hidden address.
            "OTP" => needs("url"),
            "COPY_CODE" => needs("copy_code"),
            // Cannot be supplied: see CAROUSEL above.
            "MPM" => needs("mpm"),
            _ => {}
        }
    }
}

fn is_position(placeholder: &str) -> bool {
    !placeholder.is_empty() && placeholder.bytes().all(|b| b.is_ascii_digit())
}

/// What stands between `{{` and `}}`, each once, in order of appearance.
fn placeholders(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in text.split("{{").skip(1) {
        let Some((name, _)) = piece.split_once("}}") else {
            continue;
        };
        let name = name.trim();
        if !name.is_empty() && !found.iter().any(|f| f == name) {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
