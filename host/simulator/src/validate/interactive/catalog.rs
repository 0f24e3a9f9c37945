//! Products of a catalogue (§1.3).

use super::super::field::{Obj, invalid, missing, unacceptable};
use super::{Header, MAX_BODY, frame};
use crate::errors::GraphError;

const MAX_ID: usize = 256;

pub(super) fn product(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::No, None, true)?;
    let action = interactive.object("action")?;
    action.only(&["catalog_id", "product_retailer_id"])?;
    action.text("catalog_id", MAX_ID)?;
    action.text("product_retailer_id", MAX_ID)?;
    Ok(())
}

pub(super) fn product_list(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::TextNeeded, Some(MAX_BODY), true)?;
    let action = interactive.object("action")?;
    action.only(&["catalog_id", "sections"])?;
    action.text("catalog_id", MAX_ID)?;
    let many = action.list("sections", 1, 10)?.len() > 1;
    let mut products = 0;
    for section in action.objects("sections")? {
        section.only(&["title", "product_items"])?;
        if section.maybe_text("title", 24)?.is_none() && many {
            return Err(missing(&section.path("title")));
        }
        products += section.list("product_items", 1, 30)?.len();
        for item in section.objects("product_items")? {
            item.only(&["product_retailer_id"])?;
            item.text("product_retailer_id", MAX_ID)?;
        }
    }
    if products > 30 {
        return Err(invalid(
            &action.path("sections"),
            &format!("must have at most 30 products in total, got {products}"),
        ));
    }
    Ok(())
}

pub(super) fn catalog_message(interactive: &Obj<'_>) -> Result<(), GraphError> {
    frame(interactive, Header::No, Some(MAX_BODY), true)?;
    let action = interactive.object("action")?;
    action.only(&["name", "parameters"])?;
    if action.text("name", 64)? != "catalog_message" {
        return Err(unacceptable(
            &action.path("name"),
            "must be \"catalog_message\"",
        ));
    }
    if let Some(parameters) = action.maybe_object("parameters")? {
        parameters.only(&["thumbnail_product_retailer_id"])?;
        parameters.maybe_text("thumbnail_product_retailer_id", MAX_ID)?;
    }
    Ok(())
}
