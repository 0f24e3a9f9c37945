//! Do the sent components fit the approved ones? (§1.4 rules, §3.3 limits, §7.5 codes)

use serde_json::Value;

use crate::errors::GraphError;
use crate::taps::index;
use crate::templates::{Template, component};

const MAX_HEADER: usize = 60;
const MAX_BODY: usize = 1_024;
const MAX_OFFER_BODY: usize = 600;
const MAX_CARD_BODY: usize = 160;
const MAX_URL: usize = 2_000;

/// How this request's version reports a bad parameter (132018 since v23.0, else 132012), and
/// whether the template is named.
#[derive(Clone, Copy)]
struct Rules {
    format_code: i64,
    named: bool,
}

/// Judges the `template` object of a send whose shape is right.
pub(crate) fn check(template: &Template, send: &Value, format_code: i64) -> Result<(), GraphError> {
    let rules = Rules {
        format_code,
        named: template.named,
    };
    let max_body = if template.component("LIMITED_TIME_OFFER").is_some() {
        MAX_OFFER_BODY
    } else {
        MAX_BODY
    };
    let sent = elements(send.get("components"));
    level(rules, &template.components, sent, max_body)?;
    offer(rules, template, sent)?;
    carousel(rules, template, sent)
}

/// Header, body and buttons, of the template or of one card.
fn level(
    rules: Rules,
    approved: &[Value],
    sent: &[Value],
    max_body: usize,
) -> Result<(), GraphError> {
    header(
        rules,
        component(approved, "HEADER"),
        one(sent, "header", rules)?,
    )?;
    let text = text_of(component(approved, "BODY"));
    let given = parameters(one(sent, "body", rules)?);
    hydrate(rules, "body", text, given, max_body)?;
    buttons(rules, component(approved, "BUTTONS"), sent)
}

fn header(rules: Rules, approved: Option<&Value>, sent: Option<&Value>) -> Result<(), GraphError> {
    let given = parameters(sent);
    let format = approved
        .and_then(|header| header.get("format"))
        .and_then(Value::as_str)
        .unwrap_or(if approved.is_some() { "TEXT" } else { "" })
        .to_ascii_lowercase();
    match format.as_str() {
        "" => count("header", 0, given.len()),
        "text" => hydrate(rules, "header", text_of(approved), given, MAX_HEADER),
        media => {
            let wanted = if media == "gif" { "video" } else { media };
            let got = given.first().map_or("nothing", |first| kind_of(first));
            if got != wanted {
                return Err(GraphError::new(
                    rules.format_code,
                    format!("header: format mismatch, expected {wanted}, received {got}"),
                ));
            }
            count("header", 1, given.len())
        }
    }
}

/// Fills the text and judges parameters, their count and the result's length.
fn hydrate(
    rules: Rules,
    place: &str,
    text: &str,
    given: &[Value],
    max: usize,
) -> Result<(), GraphError> {
    let wanted = placeholders(text);
    let format = |why: String| GraphError::new(rules.format_code, format!("{place}: {why}"));
    count(place, wanted.len(), given.len())?;
    let fixed = text.chars().count()
        - wanted
            .iter()
            .map(|name| name.raw_chars)
            .sum::<usize>()
            .min(text.chars().count());
    let mut length = fixed;
    for (at, parameter) in given.iter().enumerate() {
        let name = parameter.get("parameter_name").and_then(Value::as_str);
        match (rules.named, name) {
            (true, None) => {
                return Err(format(format!(
                    "parameter {at} has no parameter_name, the template is named"
                )));
            }
            (true, Some(name)) if !wanted.iter().any(|w| w.name == name) => {
                return Err(format(format!("no parameter is called {name}")));
            }
            (false, Some(_)) => {
                return Err(format(format!(
                    "parameter {at} has a parameter_name, the template is positional"
                )));
            }
            _ => {}
        }
        let kind = kind_of(parameter);
        let value = match kind {
            "text" => parameter.get("text"),
            "currency" => parameter.pointer("/currency/fallback_value"),
            "date_time" => parameter.pointer("/date_time/fallback_value"),
            _ => {
                return Err(format(format!(
                    "parameter {at}: expected text, received {kind}"
                )));
            }
        }
        .and_then(Value::as_str)
        .unwrap_or("");
        if value.contains(['\n', '\r', '\t']) || value.contains("     ") {
            return Err(format(format!(
                "parameter {at} must not have new lines, tabs or more than 4 consecutive spaces"
            )));
        }
        length += value.chars().count();
    }
    if rules.named {
        let mut names: Vec<&str> = given
            .iter()
            .filter_map(|p| p.get("parameter_name").and_then(Value::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.len() != wanted.len() {
            return Err(format("a parameter_name is given twice".to_owned()));
        }
    }
    if length > max {
        return Err(GraphError::new(
            132_005,
            format!("{place}: {length} characters after filling in, at most {max} allowed"),
        ));
    }
    Ok(())
}

fn buttons(rules: Rules, approved: Option<&Value>, sent: &[Value]) -> Result<(), GraphError> {
    let approved = elements(approved.and_then(|buttons| buttons.get("buttons")));
    let format = |at: usize, why: &str| {
        GraphError::new(
            rules.format_code,
            format!("buttons: button at index {at} {why}"),
        )
    };
    let mut seen = Vec::new();
    for component in sent.iter().filter(|c| is(c, "button")) {
        let at = index(component).unwrap_or(usize::MAX);
        if seen.contains(&at) {
            return Err(format(at, "is given twice"));
        }
        seen.push(at);
        let button = approved
            .get(at)
            .ok_or_else(|| format(at, "does not exist in the template"))?;
        let kind = button_kind(button);
        let sub_type = component
            .get("sub_type")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_ascii_lowercase();
        // One-time codes travel as a URL suffix, whatever the button looks like (§1.4).
        let wanted = match kind.as_str() {
            "otp" => "url",
            other => other,
        };
        if sub_type != wanted {
            return Err(format(
                at,
                &format!("is of type {kind}, not of sub_type {sub_type}"),
            ));
        }
        button_parameters(at, &kind, button, parameters(Some(component)), &format)?;
    }
    for (at, button) in approved.iter().enumerate() {
        let kind = button_kind(button);
        let needs = match kind.as_str() {
            "url" => !placeholders(url_of(button)).is_empty(),
            "copy_code" | "otp" | "mpm" => true,
            _ => false,
        };
        if needs && !seen.contains(&at) {
            return Err(GraphError::new(
                131_008,
                format!("buttons: button at index {at} of type {kind} requires a parameter"),
            ));
        }
    }
    Ok(())
}

fn button_parameters(
    at: usize,
    kind: &str,
    button: &Value,
    given: &[Value],
    format: &dyn Fn(usize, &str) -> GraphError,
) -> Result<(), GraphError> {
    let place = format!("button at index {at}");
    let (wanted, most) = match kind {
        "url" => ("text", placeholders(url_of(button)).len()),
        "otp" => ("text", 1),
        "quick_reply" => ("payload", 1),
        "copy_code" => ("coupon_code", 1),
        _ => ("action", 1),
    };
    let least = match kind {
        "quick_reply" | "flow" | "catalog" => 0,
        _ => most,
    };
    if given.len() < least || given.len() > most {
        return count(&place, most, given.len());
    }
    for parameter in given {
        let got = kind_of(parameter);
        // A quick reply's payload is also taken as text; both are in Meta's examples.
        if got != wanted && !(kind == "quick_reply" && got == "text") {
            return Err(format(at, &format!("expects {wanted}, received {got}")));
        }
        if let Some(text) = parameter.get("text").and_then(Value::as_str) {
            if kind == "otp" && text.chars().count() > 15 {
                return Err(format(at, "has a code longer than 15 characters"));
            }
            if kind == "url" && url_of(button).chars().count() + text.chars().count() > MAX_URL {
                return Err(GraphError::new(
                    132_005,
                    format!("{place}: the URL is longer than {MAX_URL} characters"),
                ));
            }
        }
    }
    Ok(())
}

fn offer(rules: Rules, template: &Template, sent: &[Value]) -> Result<(), GraphError> {
    let given = parameters(one(sent, "limited_time_offer", rules)?).len();
    let expires = template
        .component("LIMITED_TIME_OFFER")
        .and_then(|offer| offer.pointer("/limited_time_offer/has_expiration"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    count("limited_time_offer", usize::from(expires), given)
}

fn carousel(rules: Rules, template: &Template, sent: &[Value]) -> Result<(), GraphError> {
    let approved = elements(
        template
            .component("CAROUSEL")
            .and_then(|carousel| carousel.get("cards")),
    );
    let cards = elements(one(sent, "carousel", rules)?.and_then(|c| c.get("cards")));
    count("carousel cards", approved.len(), cards.len())?;
    for (at, approved) in approved.iter().enumerate() {
        let card = cards
            .iter()
            .find(|card| card.get("card_index").and_then(Value::as_u64) == u64::try_from(at).ok())
            .ok_or_else(|| {
                GraphError::new(rules.format_code, format!("carousel: card {at} is missing"))
            })?;
        level(
            rules,
            elements(approved.get("components")),
            elements(card.get("components")),
            MAX_CARD_BODY,
        )?;
    }
    Ok(())
}

fn count(place: &str, expected: usize, given: usize) -> Result<(), GraphError> {
    if expected == given {
        Ok(())
    } else {
        Err(GraphError::new(
            132_000,
            format!("{place}: number of parameters is {given}, expected {expected}"),
        ))
    }
}

/// The only component of a kind; two of one kind are a fault.
fn one<'a>(sent: &'a [Value], kind: &str, rules: Rules) -> Result<Option<&'a Value>, GraphError> {
    let mut found = sent.iter().filter(|c| is(c, kind));
    let first = found.next();
    if found.next().is_some() {
        return Err(GraphError::new(
            rules.format_code,
            format!("{kind}: the component is given twice"),
        ));
    }
    Ok(first)
}

fn is(component: &Value, kind: &str) -> bool {
    kind_of(component).eq_ignore_ascii_case(kind)
}

fn kind_of(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or("")
}

fn button_kind(button: &Value) -> String {
    kind_of(button).to_ascii_lowercase()
}

fn url_of(button: &Value) -> &str {
    button.get("url").and_then(Value::as_str).unwrap_or("")
}

fn text_of(component: Option<&Value>) -> &str {
    component
        .and_then(|component| component.get("text"))
        .and_then(Value::as_str)
        .unwrap_or("")
}

fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn parameters(component: Option<&Value>) -> &[Value] {
    elements(component.and_then(|component| component.get("parameters")))
}

pub(crate) struct Placeholder<'a> {
    pub(crate) name: &'a str,
    raw_chars: usize,
}

/// The distinct `{{…}}` of a text; one that is used twice takes its value twice but counts once.
pub(crate) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut out: Vec<Placeholder<'_>> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            break;
        };
        let raw_chars = name.chars().count() + 4;
        match out.iter_mut().find(|known| known.name == name.trim()) {
            Some(known) => known.raw_chars += raw_chars,
            None => out.push(Placeholder {
                name: name.trim(),
                raw_chars,
            }),
        }
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_once_each() {
        let names: Vec<&str> = placeholders("Hola {{1}}, {{ 2 }} y {{1}} {{")
            .iter()
            .map(|p| p.name)
            .collect();
        assert_eq!(names, ["1", "2"]);
    }
}
