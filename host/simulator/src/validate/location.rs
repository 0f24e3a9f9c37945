//! `location` (§1.2): coordinates are texts when sending, numbers are tolerated.

use serde_json::Value;

use super::field::{Obj, invalid, missing};
use crate::errors::GraphError;

pub(super) fn check(location: &Obj<'_>) -> Result<(), GraphError> {
    location.only(&["latitude", "longitude", "name", "address"])?;
    coordinate(location, "latitude", 90.0)?;
    coordinate(location, "longitude", 180.0)?;
    location.maybe_text("name", 1_000)?;
    location.maybe_text("address", 1_000)?;
    Ok(())
}

/// A number, or a text that holds one, between `-most` and `most`.
pub(super) fn coordinate(location: &Obj<'_>, key: &str, most: f64) -> Result<(), GraphError> {
    let path = location.path(key);
    let number = match location.need(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.trim().is_empty() => return Err(missing(&path)),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    match number {
        Some(number) if number.is_finite() && number.abs() <= most => Ok(()),
        _ => Err(invalid(
            &path,
            &format!("must be a number between -{most} and {most}"),
        )),
    }
}
