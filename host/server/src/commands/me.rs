//! `portero me`.

use std::process::ExitCode;

use crate::client::Target;
use crate::commands::{joined, show, text};

/// Runs the verb.
///
/// # Errors
/// The host's words.
pub async fn run(target: Target) -> anyhow::Result<ExitCode> {
    let api = target.connect().await?;
    let me = api.get("/v1/me").await?;
    let who = match me.get("user") {
        Some(user) => format!(
            "{}, a session of {}",
            text(user, "name"),
            text(&me, "token")
        ),
        None => text(&me, "token"),
    };
    let reach = match text(&me, "slug") {
        none if none.is_empty() => "the whole server".to_owned(),
        slug => slug,
    };
    let line = format!(
        "{who}\nrole {} of {reach}: {}",
        text(&me, "role"),
        joined(&me, "rights")
    );
    show(target.json, &me, &line);
    api.close().await;
    Ok(ExitCode::SUCCESS)
}
