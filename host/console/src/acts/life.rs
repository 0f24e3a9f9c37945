//! What a person does besides writing and tapping: blocks the shop, reports it, changes number, takes a username. A
//! number and a username are the person's everywhere: changing them is for the operator, as moving the clock is.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use portero_domain::address::AddressKey;
use portero_flow::desk::access::Principal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DONE, Done, Who, settle};
use crate::problem::{Problem, Read};
use crate::{ConsoleState, reach, simulated};

/// Longest username.
const USERNAME_MOST: usize = 35;

/// Body of `block`.
#[derive(Deserialize)]
pub(crate) struct Block {
    #[serde(flatten)]
    who: Who,
    /// False lets the shop write again.
    value: bool,
}

/// `POST …/block`: the person blocks the shop, or lets it write again; the shop is told nothing.
pub(crate) async fn block(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<Block>,
) -> Result<Json<Done>, Problem> {
    let (_, number, person) = settle(&state, &principal, &tenant, &body.who).await?;
    let request = json!({"number": number, "value": body.value});
    let path = format!("/_sim/people/{person}/block");
    simulated::post(reach::simulator(&state)?, &path, request).await?;
    state.ctx.touched();
    Ok(DONE)
}

/// `POST …/report`: the person reports the shop, which blocks it too. Meta tells nobody of a report: the quality of the
/// number falls, here by one step each time.
pub(crate) async fn report(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(who): Read<Who>,
) -> Result<Json<Done>, Problem> {
    let (_, number, person) = settle(&state, &principal, &tenant, &who).await?;
    let simulator = reach::simulator(&state)?;
    let falls_to = match simulated::quality(simulator, &number).await?.as_deref() {
        Some("YELLOW" | "RED") => "RED",
        _ => "YELLOW",
    };
    let request = json!({"number": number, "value": true});
    simulated::post(simulator, &format!("/_sim/people/{person}/block"), request).await?;
    let request = json!({"quality": falls_to});
    simulated::post(simulator, &format!("/_sim/numbers/{number}"), request).await?;
    state.ctx.touched();
    Ok(DONE)
}

/// What the person is called by the page from now on.
#[derive(Serialize)]
pub(crate) struct Called {
    person: String,
}

fn operator(principal: &Principal) -> Result<(), Problem> {
    match principal.tenant {
        None => Ok(()),
        Some(_) => Err(Problem::OperatorOnly),
    }
}

/// Body of `number`.
#[derive(Deserialize)]
pub(crate) struct NewNumber {
    #[serde(flatten)]
    who: Who,
    /// The new one, however it is written.
    to: String,
}

/// `POST …/number`: the person changes their phone number.
pub(crate) async fn number(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<NewNumber>,
) -> Result<Json<Called>, Problem> {
    operator(&principal)?;
    let (_, _, person) = settle(&state, &principal, &tenant, &body.who).await?;
    let to = AddressKey::parse(&body.to)
        .ok()
        .filter(|key| !key.is_bsuid())
        .ok_or_else(|| {
            Problem::BadInput("the new number has its country code and 8 to 15 digits".to_owned())
        })?;
    let to = to.as_str().trim_start_matches('+').to_owned();
    let simulator = reach::simulator(&state)?;
    let path = format!("/_sim/people/{person}/number");
    simulated::post(simulator, &path, json!({ "wa_id": to })).await?;
    state.ctx.touched();
    let person = simulated::person(simulator, &to).await?.key;
    Ok(Json(Called { person }))
}

/// Body of `username`.
#[derive(Deserialize)]
pub(crate) struct Username {
    #[serde(flatten)]
    who: Who,
    /// Without `@`.
    name: String,
}

/// Whether it could be a username: 3 to 35 of a-z, 0-9, `.` and `_`, with a letter among them.
fn is_username(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_');
    (3..=USERNAME_MOST).contains(&name.len())
        && name.bytes().all(plain)
        && name.bytes().any(|b| b.is_ascii_lowercase())
}

/// `POST …/username`: the person takes a username, which hides their phone from shops they wrote to long ago.
pub(crate) async fn username(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<Username>,
) -> Result<Json<Called>, Problem> {
    operator(&principal)?;
    let (_, _, person) = settle(&state, &principal, &tenant, &body.who).await?;
    let name = body.name.trim().trim_start_matches('@').to_lowercase();
    if !is_username(&name) {
        let what = "a username has 3 to 35 of a-z, 0-9, `.` and `_`, a letter among them";
        return Err(Problem::BadInput(what.to_owned()));
    }
    let by = match person.bytes().all(|b| b.is_ascii_digit()) {
        true => "wa_id",
        false => "user_id",
    };
    let request = json!({ by: person, "username": name });
    simulated::post(reach::simulator(&state)?, "/_sim/people", request).await?;
    state.ctx.touched();
    Ok(Json(Called { person }))
}

#[cfg(test)]
mod tests {
    use super::is_username;

    #[test]
    fn a_username_is_short_plain_and_no_number() {
        for good in ["ana", "ana.lopez_7", "a12"] {
            assert!(is_username(good), "{good}");
        }
        for bad in ["", "an", "Ana", "ana lopez", "12345", "ñandú", "x/../y"] {
            assert!(!is_username(bad), "{bad}");
        }
        assert!(is_username(&"a".repeat(35)) && !is_username(&"a".repeat(36)));
    }
}
