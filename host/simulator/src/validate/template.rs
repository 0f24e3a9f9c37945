//! The shape of `template` at send time (§1.4), before any template is looked up.

use serde_json::Value;

use super::field::{Obj, invalid, unacceptable};
use super::location::coordinate;
use super::media;
use crate::errors::GraphError;

/// The hard cap of a parameter; what it hydrates to is limited further.
const MAX_PARAMETER: usize = 32_768;
const MAX_COMPONENTS: usize = 64;
const MAX_PARAMETERS: usize = 256;

pub(super) fn check(template: &Obj<'_>) -> Result<(), GraphError> {
    template.only(&["name", "language", "components", "namespace"])?;
    let name = template.text("name", 512)?;
    let good = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !good {
        return Err(invalid(
            &template.path("name"),
            "may hold lower-case letters, digits and underscores only",
        ));
    }
    let language = template.object("language")?;
    language.only(&["code", "policy"])?;
    language.text("code", 16)?;
    if language
        .maybe_text("policy", 32)?
        .is_some_and(|policy| policy != "deterministic")
    {
        return Err(unacceptable(
            &language.path("policy"),
            "must be \"deterministic\"",
        ));
    }
    components(template, false)
}

fn components(parent: &Obj<'_>, in_card: bool) -> Result<(), GraphError> {
    if parent.maybe_list("components")?.len() > MAX_COMPONENTS {
        return Err(invalid(&parent.path("components"), "has too many elements"));
    }
    for component in parent.objects("components")? {
        let kind = component.text("type", 64)?.to_ascii_lowercase();
        match kind.as_str() {
            "header" | "body" => {
                component.only(&["type", "parameters"])?;
                parameters(&component)?;
            }
            "button" => {
                component.only(&["type", "sub_type", "index", "parameters"])?;
                component.text("sub_type", 64)?;
                button_index(&component)?;
                parameters(&component)?;
            }
            "limited_time_offer" if !in_card => {
                component.only(&["type", "parameters"])?;
                parameters(&component)?;
            }
            "carousel" if !in_card => {
                component.only(&["type", "cards"])?;
                component.list("cards", 1, 10)?;
                for card in component.objects("cards")? {
                    card.only(&["card_index", "components"])?;
                    card_index(&card)?;
                    components(&card, true)?;
                }
            }
            _ => {
                return Err(unacceptable(
                    &component.path("type"),
                    "is not a component that can be sent",
                ));
            }
        }
    }
    Ok(())
}

fn button_index(component: &Obj<'_>) -> Result<(), GraphError> {
    component.need("index")?;
    let index = crate::taps::index(&Value::Object(component.map.clone()));
    if index.is_some_and(|index| index < 10) {
        Ok(())
    } else {
        Err(invalid(&component.path("index"), "must be 0 to 9"))
    }
}

fn card_index(card: &Obj<'_>) -> Result<(), GraphError> {
    match card.need("card_index")?.as_u64() {
        Some(0..=9) => Ok(()),
        _ => Err(invalid(&card.path("card_index"), "must be 0 to 9")),
    }
}

fn parameters(component: &Obj<'_>) -> Result<(), GraphError> {
    if component.maybe_list("parameters")?.len() > MAX_PARAMETERS {
        return Err(invalid(
            &component.path("parameters"),
            "has too many elements",
        ));
    }
    component
        .objects("parameters")?
        .iter()
        .try_for_each(parameter)
}

fn parameter(given: &Obj<'_>) -> Result<(), GraphError> {
    let kind = given.text("type", 64)?;
    let only = |key: &str| given.only(&["type", key, "parameter_name"]);
    given.maybe_text("parameter_name", 512)?;
    match kind {
        "text" => {
            only("text")?;
            given.text("text", MAX_PARAMETER).map(|_| ())
        }
        "payload" => {
            only("payload")?;
            given.text("payload", 256).map(|_| ())
        }
        "coupon_code" => {
            only("coupon_code")?;
            let code = given.text("coupon_code", 20)?;
            if code.chars().all(char::is_alphanumeric) {
                Ok(())
            } else {
                Err(invalid(
                    &given.path("coupon_code"),
                    "must be letters and digits",
                ))
            }
        }
        "currency" => {
            only("currency")?;
            let money = given.object("currency")?;
            money.only(&["fallback_value", "code", "amount_1000"])?;
            money.text("fallback_value", MAX_PARAMETER)?;
            money.text("code", 3)?;
            match money.need("amount_1000")? {
                Value::Number(_) => Ok(()),
                _ => Err(invalid(&money.path("amount_1000"), "must be a number")),
            }
        }
        "date_time" => {
            only("date_time")?;
            let when = given.object("date_time")?;
            when.text("fallback_value", MAX_PARAMETER).map(|_| ())
        }
        "image" | "video" => {
            only(kind)?;
            media::check(&given.object(kind)?, &[])
        }
        "document" => {
            only("document")?;
            let document = given.object("document")?;
            media::check(&document, &["filename"])?;
            document.maybe_text("filename", 240).map(|_| ())
        }
        "location" => {
            only("location")?;
            let place = given.object("location")?;
            place.only(&["latitude", "longitude", "name", "address"])?;
            coordinate(&place, "latitude", 90.0)?;
            coordinate(&place, "longitude", 180.0)?;
            place.text("name", 1_000)?;
            place.text("address", 1_000).map(|_| ())
        }
        "product" => {
            only("product")?;
            let product = given.object("product")?;
            product.text("product_retailer_id", 256)?;
            product.text("catalog_id", 256).map(|_| ())
        }
        "action" => {
            only("action")?;
            given.object("action").map(|_| ())
        }
        "limited_time_offer" => {
            only("limited_time_offer")?;
            let offer = given.object("limited_time_offer")?;
            offer.only(&["expiration_time_ms"])?;
            match offer.need("expiration_time_ms")?.as_i64() {
                Some(_) => Ok(()),
                None => Err(invalid(
                    &offer.path("expiration_time_ms"),
                    "must be milliseconds",
                )),
            }
        }
        _ => Err(unacceptable(
            &given.path("type"),
            "is not a known parameter type",
        )),
    }
}
