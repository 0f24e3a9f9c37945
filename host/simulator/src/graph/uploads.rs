//! The Resumable Upload API (§3.1): a session, the bytes, and the handle that stands for a
//! template's sample or a profile picture.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::{self, Permission};
use super::{Call, params};
use crate::errors::GraphError;
use crate::media_types;
use crate::simulator::Simulator;

/// What such a session may bring (JPEG, PNG, PDF and MP4 are what Meta lists).
const TYPES: &[&str] = &[
    "image/jpeg",
    "image/jpg",
    "image/png",
    "application/pdf",
    "video/mp4",
];
/// Sessions begun and not yet ended; the oldest is forgotten.
const MAX_SESSIONS: usize = 1_000;

/// `POST /{APP_ID}/uploads` with `file_length` and `file_type`.
pub(super) fn begin(simulator: &Simulator, call: &Call) -> Result<Answer, GraphError> {
    let mut world = simulator.world();
    auth::token(&world, call, Permission::Management)?;
    let given = params::with_query(call)?;
    let length = match given.get("file_length") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse::<u64>().ok(),
        _ => None,
    };
    let fits = length.is_some_and(|length| (1..=media_types::LARGEST as u64).contains(&length));
    if !fits {
        return Err(GraphError::parameter(
            "Param file_length must be the size of the file in bytes, 100 MB at most",
        ));
    }
    let mime = given.get("file_type").and_then(Value::as_str).unwrap_or("");
    let mime = media_types::base(mime);
    if !TYPES.contains(&mime.as_str()) {
        return Err(GraphError::parameter(format!(
            "Param file_type must be one of {{{}}}",
            TYPES.join(", ")
        )));
    }
    let id = format!("upload:{}", world.chance.object_id("upload"));
    if world.uploads.len() >= MAX_SESSIONS {
        world.uploads.pop_front();
    }
    world.uploads.push_back((id.clone(), mime));
    Ok(json!({ "id": id }).into())
}

/// `POST /upload:…` with the raw bytes; gives the handle.
pub(super) fn bytes(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let mut world = simulator.world();
    auth::token(&world, call, Permission::Management)?;
    if call.body.is_empty() {
        return Err(GraphError::new(100, "the request has no bytes of the file"));
    }
    let at = world
        .uploads
        .iter()
        .position(|(session, _)| session == id)
        .ok_or_else(auth::nothing_there)?;
    let (_, mime) = world.uploads.remove(at).ok_or_else(auth::nothing_there)?;
    let part = world.chance.object_id("handle");
    Ok(json!({"h": format!("4::{}:ARsim{part}", STANDARD.encode(mime))}).into())
}
