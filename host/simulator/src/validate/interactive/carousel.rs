//! Cards side by side (§1.3): all of links, or all of products of one catalogue.

use super::super::field::{Obj, invalid, missing, unacceptable};
use super::super::media;
use super::{MAX_BODY, cta_url};
use crate::errors::GraphError;

/// Not stated for cards of a free-form message; templates allow as much (§3.3).
const MAX_CARD_BODY: usize = 160;
const MAX_ID: usize = 256;

pub(super) fn check(interactive: &Obj<'_>) -> Result<(), GraphError> {
    for outside in ["header", "footer"] {
        if interactive.get(outside).is_some() {
            return Err(unacceptable(
                &interactive.path(outside),
                "is not allowed outside the cards",
            ));
        }
    }
    let body = interactive.object("body")?;
    body.only(&["text"])?;
    body.text("text", MAX_BODY)?;
    let action = interactive.object("action")?;
    action.only(&["cards"])?;
    action.list("cards", 2, 10)?;
    let mut first: Option<Card<'_>> = None;
    let mut seen = Vec::new();
    for card in action.objects("cards")? {
        let index = match card.need("card_index")?.as_u64() {
            Some(index @ 0..=9) => index,
            _ => return Err(invalid(&card.path("card_index"), "must be 0 to 9")),
        };
        if seen.contains(&index) {
            return Err(invalid(&card.path("card_index"), "must be unique"));
        }
        seen.push(index);
        let this = one(&card)?;
        match &first {
            None => first = Some(this),
            Some(first) if *first != this => {
                return Err(invalid(
                    card.here(),
                    "must be like the first card: same type, same kind of header, same catalogue",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What all cards must share.
#[derive(PartialEq, Eq)]
enum Card<'a> {
    Link { header: &'a str },
    Product { catalog_id: &'a str },
}

fn one<'a>(card: &Obj<'a>) -> Result<Card<'a>, GraphError> {
    card.only(&["card_index", "type", "header", "body", "action"])?;
    let kind = card.text("type", 32)?;
    let action = card.object("action")?;
    match kind {
        "cta_url" => {
            let header = card.object("header")?;
            let of = header.text("type", 32)?;
            if !["image", "video"].contains(&of) {
                return Err(unacceptable(&header.path("type"), "must be image or video"));
            }
            header.only(&["type", of])?;
            media::check(&header.object(of)?, &[])?;
            if let Some(body) = card.maybe_object("body")? {
                body.only(&["text"])?;
                body.text("text", MAX_CARD_BODY)?;
            }
            cta_url::action(&action)?;
            Ok(Card::Link { header: of })
        }
        "product" => {
            if card.get("header").is_some() {
                return Err(unacceptable(
                    &card.path("header"),
                    "is not allowed on a card of a product",
                ));
            }
            action.only(&["catalog_id", "product_retailer_id"])?;
            action.text("product_retailer_id", MAX_ID)?;
            let catalog_id = action.text("catalog_id", MAX_ID)?;
            Ok(Card::Product { catalog_id })
        }
        "" => Err(missing(&card.path("type"))),
        _ => Err(unacceptable(
            &card.path("type"),
            "must be cta_url or product",
        )),
    }
}
