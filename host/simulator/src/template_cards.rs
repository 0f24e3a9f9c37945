//! The carousel of a template at creation (§3.3).

use serde_json::Value;

use crate::errors::GraphError;
use crate::template_shape::{Frame, kind_of, level, missing, text, wrong};
use crate::templates::component;

const MAX_BODY: usize = 160;

/// Two to ten cards that are alike (§3.3).
pub(crate) fn check(frame: Frame<'_>, carousel: &Value) -> Result<(), GraphError> {
    let cards = carousel
        .get("cards")
        .and_then(Value::as_array)
        .ok_or_else(|| missing("CAROUSEL", "cards"))?;
    if !(2..=10).contains(&cards.len()) {
        return Err(wrong("CAROUSEL: 2 to 10 cards are allowed"));
    }
    let mut first: Option<Vec<String>> = None;
    for (at, card) in cards.iter().enumerate() {
        let list = card
            .get("components")
            .and_then(Value::as_array)
            .ok_or_else(|| missing("CAROUSEL", "components"))?;
        let format = component(list, "HEADER").map_or("", |header| text(header, "format"));
        if !["IMAGE", "VIDEO", "PRODUCT"].contains(&format) {
            return Err(wrong(format!(
                "CAROUSEL: card {at} needs a header of format IMAGE, VIDEO or PRODUCT"
            )));
        }
        level(frame, list, MAX_BODY)?;
        let shape: Vec<String> = list
            .iter()
            .flat_map(|one| {
                let buttons = one.get("buttons").and_then(Value::as_array);
                let own = format!("{}{}", kind_of(one), text(one, "format"));
                let inner = buttons.into_iter().flatten().map(|b| kind_of(b).to_owned());
                std::iter::once(own).chain(inner.collect::<Vec<_>>())
            })
            .collect();
        match &first {
            None => first = Some(shape),
            Some(first) if *first != shape => {
                return Err(wrong(format!(
                    "CAROUSEL: card {at} must have the same components as the first"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
