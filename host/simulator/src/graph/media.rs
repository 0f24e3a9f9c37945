//! Media (§9): upload, metadata, download, delete.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::Call;
use super::answer::{Answer, File};
use super::auth::{self, Permission};
use super::params::{self, Part};
use crate::errors::GraphError;
use crate::media_types::{self, Refused};
use crate::simulator::Simulator;

/// `POST /{PHONE_NUMBER_ID}/media`: multipart with `messaging_product`, `file` and `type`.
pub(super) async fn upload(
    simulator: &Simulator,
    call: &Call,
    number: &str,
) -> Result<Answer, GraphError> {
    let number = {
        let world = simulator.world();
        let token = auth::token(&world, call, Permission::Messaging)?;
        auth::number(&world, token, number)?
    };
    let parts = params::parts(call).await?;
    let text = |name: &str| parts.iter().find(|part| part.name == name).map(Part::text);
    match text("messaging_product").as_deref() {
        None | Some("") => {
            return Err(GraphError::parameter(
                "The parameter messaging_product is required.",
            ));
        }
        Some("whatsapp") => {}
        Some(_) => {
            return Err(GraphError::parameter(
                "Param messaging_product must be one of {WHATSAPP}",
            ));
        }
    }
    let file = parts
        .iter()
        .find(|part| part.name == "file" && part.is_file)
        .ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    // Meta goes by the part's own type; `type` only speaks for a part that has none.
    let mime = file
        .mime
        .clone()
        .or_else(|| text("type").filter(|mime| mime.contains('/')))
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    media_types::check_upload(&mime, file.bytes.len()).map_err(|refused| match refused {
        Refused::Type(sentence) => GraphError::parameter(sentence),
        Refused::Size(why) => GraphError::new(131_053, why),
    })?;
    if file.bytes.is_empty() {
        return Err(GraphError::new(131_053, "the file is empty"));
    }
    let bytes: Bytes = file.bytes.clone();
    let now = simulator.clock.now();
    let id = simulator.world().upload(number, mime, bytes, now);
    Ok(json!({ "id": id }).into())
}

/// `GET /{MEDIA_ID}`; `None` when no file has this id.
pub(super) fn get(
    simulator: &Simulator,
    call: &Call,
    id: &str,
) -> Option<Result<Answer, GraphError>> {
    let now = simulator.clock.now();
    let world = simulator.world();
    let media = world.media.get(id, now)?;
    Some(reached(&world, call, media).map(|()| {
        json!({
            "url": world.media_url(id, now),
            "mime_type": media_types::base(&media.mime),
            "sha256": media.sha256_hex(),
            "file_size": media.bytes.len().to_string(),
            "id": media.id,
            "messaging_product": "whatsapp",
        })
        .into()
    }))
}

/// `DELETE /{MEDIA_ID}`.
pub(super) fn delete(simulator: &Simulator, call: &Call, id: &str) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    auth::token(&world, call, Permission::Messaging)?;
    let media = world.media.get(id, now).ok_or_else(auth::nothing_there)?;
    reached(&world, call, media)?;
    world.media.remove(id);
    Ok(json!({"success": true}).into())
}

/// Whether the token reaches the file, and it is of the number that the query names.
fn reached(
    world: &crate::world::World,
    call: &Call,
    media: &crate::media::Media,
) -> Result<(), GraphError> {
    let token = auth::token(world, call, Permission::Messaging)?;
    let number = &world.numbers[media.number];
    if !auth::may_see(world, token, number.waba) {
        return Err(auth::nothing_there());
    }
    match call.query.get("phone_number_id") {
        // Only what was uploaded on the number counts; received files are of no number.
        Some(wanted) if !media.uploaded || wanted != number.is.phone_number_id => {
            Err(GraphError::parameter(
                "Param phone_number_id is not a valid whatsapp business phone number id ID",
            ))
        }
        _ => Ok(()),
    }
}

/// The bytes behind a URL of [`get`] or of a webhook; expired and made-up ones are 404.
pub(super) fn download(simulator: &Simulator, call: &Call) -> Result<Answer, GraphError> {
    let now = simulator.clock.now();
    let world = simulator.world();
    let token = auth::token(&world, call, Permission::Messaging)?;
    let text = |key: &str| call.query.get(key).unwrap_or("");
    let until = text("ext").parse::<i64>().unwrap_or(0);
    world
        .media
        .get(text("mid"), now)
        .filter(|media| world.media_url_holds(&media.id, until, text("hash"), now))
        .filter(|media| auth::may_see(&world, token, world.numbers[media.number].waba))
        .map(|media| Answer {
            body: Value::Null,
            file: Some(File {
                mime: media.mime.clone(),
                bytes: media.bytes.clone(),
            }),
            status: 200,
            lost: false,
        })
        .ok_or_else(|| {
            GraphError::new(
                100,
                "this media URL is wrong or has expired; get a new one with GET /{MEDIA_ID}",
            )
            .with_http(404)
        })
}
