//! `GET …/webhooks`: what the pretend Meta posted about one message, as it went over the wire.
//!
//! A post may speak of several shops: of each only what concerns the number of this conversation is shown.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use portero_flow::desk::access::Principal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::problem::{Asks, Problem};
use crate::{ConsoleState, reach, simulated};

/// Query of the list.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    number: Option<String>,
    /// Meta's id of the message.
    message: String,
}

/// Posts about one message, oldest first.
#[derive(Serialize)]
pub(crate) struct PostedView {
    posts: Vec<Post>,
}

/// One of them.
#[derive(Serialize)]
pub(crate) struct Post {
    /// Unix milliseconds.
    at: Option<i64>,
    /// What the shop's host answered.
    outcome: Value,
    /// The part about this number.
    body: Value,
}

/// The list under a name; empty where there is none.
fn list_of<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Whether a change is about this message of this number.
fn is_about(change: &Value, number: &str, wamid: &str) -> bool {
    let Some(value) = change.get("value") else {
        return false;
    };
    let own = value.pointer("/metadata/phone_number_id");
    let mut all = list_of(value, "messages").chain(list_of(value, "statuses"));
    own.and_then(Value::as_str) == Some(number)
        && all.any(|one| one.get("id").and_then(Value::as_str) == Some(wamid))
}

/// The part of a post that is about a message of a number; nothing where there is none.
fn part(body: &Value, number: &str, wamid: &str) -> Option<Value> {
    let entries: Vec<Value> = list_of(body, "entry")
        .filter_map(|entry| {
            let changes: Vec<&Value> = list_of(entry, "changes")
                .filter(|change| is_about(change, number, wamid))
                .collect();
            let whole = json!({ "id": entry.get("id"), "changes": changes });
            (!changes.is_empty()).then_some(whole)
        })
        .collect();
    let whole = json!({ "object": body.get("object"), "entry": entries });
    (!entries.is_empty()).then_some(whole)
}

/// The list.
pub(crate) async fn list(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Asks(asked): Asks<Asked>,
) -> Result<Json<PostedView>, Problem> {
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    let number = reach::number(&state, tenant.id, asked.number.as_deref()).await?;
    let lines = simulated::posts(reach::simulator(&state)?).await?;
    let posts = lines.iter().filter_map(|line| {
        let body = line.get("body").and_then(Value::as_str)?;
        let body: Value = serde_json::from_str(body).ok()?;
        Some(Post {
            at: line.get("at").and_then(Value::as_i64),
            outcome: line.get("outcome").cloned().unwrap_or_default(),
            body: part(&body, &number.phone_number_id, &asked.message)?,
        })
    });
    Ok(Json(PostedView {
        posts: posts.collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_post_about_several_shops_only_ones_own_part_is_shown() {
        let change = |number: &str, id: &str| {
            json!({"field": "messages", "value": {
                "metadata": {"phone_number_id": number}, "messages": [{"id": id}]}})
        };
        let body = json!({"object": "whatsapp_business_account", "entry": [
            {"id": "1", "changes": [change("401", "wamid.1"), change("402", "wamid.1")]},
            {"id": "2", "changes": [change("402", "wamid.2")]},
        ]});
        let own = part(&body, "401", "wamid.1").unwrap();
        assert_eq!(
            own["entry"],
            json!([{"id": "1", "changes": [change("401", "wamid.1")]}])
        );
        assert!(part(&body, "401", "wamid.2").is_none());
        assert!(part(&json!({}), "401", "wamid.1").is_none());
        assert!(part(&json!([1]), "401", "wamid.1").is_none());
    }
}
