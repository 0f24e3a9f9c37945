//! What one can do on the page: write, tap, use WhatsApp's own stop, jump, give back.
//!
//! The number is always one of the tenant in the path: nobody acts on another's conversation.

mod life;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use portero_flow::desk::access::Principal;
use portero_flow::desk::contacts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::problem::{Problem, Read};
use crate::{ConsoleState, reach, simulated, thread};

pub(crate) use life::{block, number, report, username};

/// Longest text WhatsApp lets a person write.
const TEXT_LIMIT: usize = 4_096;
/// Farthest jump: a year, in hours.
const JUMP_LIMIT_HOURS: u32 = 366 * 24;

/// Nothing to tell beyond that it was done; the page reads the result.
#[derive(Serialize)]
pub(crate) struct Done {
    done: bool,
}

const DONE: Json<Done> = Json(Done { done: true });

/// Who acts, in which conversation.
#[derive(Deserialize)]
pub(crate) struct Who {
    person: String,
    #[serde(default)]
    number: Option<String>,
}

/// Settles tenant, number and person of a request, or says why not.
async fn settle(
    state: &ConsoleState,
    principal: &Principal,
    tenant: &str,
    who: &Who,
) -> Result<(portero_domain::ids::TenantId, String, String), Problem> {
    let tenant = reach::tenant(state, principal, tenant).await?;
    let number = reach::number(state, tenant.id, who.number.as_deref()).await?;
    let person = reach::person_key(&who.person)?.to_owned();
    if principal.tenant.is_some() {
        // A shop writes as its own customers only, as its list shows them.
        let pretend = simulated::person(reach::simulator(state)?, &person).await?;
        thread::contact(state, tenant.id, &pretend)
            .await?
            .ok_or(Problem::NotFound { what: "person" })?;
    }
    Ok((tenant.id, number.phone_number_id, person))
}

/// What a person writes.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Saying {
    /// A text.
    Text { text: String },
    /// Where they are.
    Location {
        latitude: f64,
        longitude: f64,
        #[serde(default)]
        name: Option<String>,
    },
    /// A picture (the simulator makes one up).
    Image {
        #[serde(default)]
        caption: Option<String>,
    },
    /// An order out of the shop's catalogue (there is none: one product is made up).
    Order {
        quantity: u32,
        /// Price of one.
        price: f64,
        currency: String,
        #[serde(default)]
        note: Option<String>,
    },
}

/// Body of `say`.
#[derive(Deserialize)]
pub(crate) struct Say {
    #[serde(flatten)]
    who: Who,
    message: Saying,
}

/// The simulator's request for a saying.
fn request(number: &str, message: &Saying) -> Result<Value, Problem> {
    match message {
        Saying::Text { text } => {
            let length = text.chars().count();
            if text.trim().is_empty() || length > TEXT_LIMIT {
                return Err(Problem::BadInput(format!(
                    "a text has 1 to {TEXT_LIMIT} characters, this one has {length}"
                )));
            }
            Ok(json!({"number": number, "type": "text", "text": text}))
        }
        Saying::Location {
            latitude,
            longitude,
            name,
        } => {
            if !(-90.0..=90.0).contains(latitude) || !(-180.0..=180.0).contains(longitude) {
                return Err(Problem::BadInput(
                    "latitude lies within ±90 and longitude within ±180".to_owned(),
                ));
            }
            let mut place = json!({"latitude": latitude, "longitude": longitude});
            if let (Some(fields), Some(name)) = (place.as_object_mut(), name) {
                fields.insert("name".to_owned(), name.as_str().into());
            }
            Ok(json!({"number": number, "type": "location", "location": place}))
        }
        Saying::Image { caption } => {
            let image = caption
                .as_ref()
                .map_or_else(|| json!({}), |c| json!({"caption": c}));
            Ok(json!({"number": number, "type": "image", "image": image}))
        }
        Saying::Order {
            quantity,
            price,
            currency,
            note,
        } => {
            let letters = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
            if !(1..=99).contains(quantity) || !(0.0..=1e9).contains(price) || !letters {
                return Err(Problem::BadInput(
                    "an order has 1 to 99 of something, with a price in a currency such as COP"
                        .to_owned(),
                ));
            }
            let item = json!({"product_retailer_id": "SKU-1", "quantity": quantity,
                "item_price": price, "currency": currency});
            let order = json!({"catalog_id": "1", "product_items": [item],
                "text": note.as_deref().unwrap_or_default()});
            Ok(json!({"number": number, "type": "order", "order": order}))
        }
    }
}

/// `POST …/say`: the person writes.
pub(crate) async fn say(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<Say>,
) -> Result<Json<Done>, Problem> {
    let (_, number, person) = settle(&state, &principal, &tenant, &body.who).await?;
    let request = request(&number, &body.message)?;
    simulated::post(
        reach::simulator(&state)?,
        &format!("/_sim/people/{person}/say"),
        request,
    )
    .await?;
    Ok(DONE)
}

/// Body of `tap`.
#[derive(Deserialize)]
pub(crate) struct Tap {
    #[serde(flatten)]
    who: Who,
    /// wamid of the business message.
    message: String,
    /// Button or row.
    id: String,
}

/// `POST …/tap`: the person taps a button or a row.
pub(crate) async fn tap(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<Tap>,
) -> Result<Json<Done>, Problem> {
    let (_, number, person) = settle(&state, &principal, &tenant, &body.who).await?;
    let request = json!({"number": number, "message": body.message, "id": body.id});
    simulated::post(
        reach::simulator(&state)?,
        &format!("/_sim/people/{person}/tap"),
        request,
    )
    .await?;
    Ok(DONE)
}

/// WhatsApp's own words for it.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Choice {
    /// No more marketing.
    Stop,
    /// Marketing again.
    Resume,
}

/// Body of `preference`.
#[derive(Deserialize)]
pub(crate) struct Preference {
    #[serde(flatten)]
    who: Who,
    value: Choice,
}

/// `POST …/preference`: the person uses WhatsApp's own marketing switch.
pub(crate) async fn preference(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<Preference>,
) -> Result<Json<Done>, Problem> {
    let (_, number, person) = settle(&state, &principal, &tenant, &body.who).await?;
    let request = json!({"number": number, "value": body.value});
    let path = format!("/_sim/people/{person}/preference");
    simulated::post(reach::simulator(&state)?, &path, request).await?;
    Ok(DONE)
}

/// Body of `jump`.
#[derive(Deserialize)]
pub(crate) struct Jump {
    /// How far, 1 to a year.
    hours: u32,
}

/// `POST …/jump`: the simulated clock moves on, for everybody; the operator's alone.
pub(crate) async fn jump(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(body): Read<Jump>,
) -> Result<Json<Done>, Problem> {
    reach::tenant(&state, &principal, &tenant).await?;
    if principal.tenant.is_some() {
        return Err(Problem::OperatorOnly);
    }
    if !(1..=JUMP_LIMIT_HOURS).contains(&body.hours) {
        return Err(Problem::BadInput(format!(
            "a jump takes 1 to {JUMP_LIMIT_HOURS} hours"
        )));
    }
    let ms = i64::from(body.hours) * 3_600_000;
    simulated::post(
        reach::simulator(&state)?,
        "/_sim/clock/jump",
        json!({ "ms": ms }),
    )
    .await?;
    state.ctx.touched();
    Ok(DONE)
}

/// `POST …/give-back`: a conversation that a person held is the bot's again.
pub(crate) async fn give_back(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Read(who): Read<Who>,
) -> Result<Json<Done>, Problem> {
    let (tenant, number, person) = settle(&state, &principal, &tenant, &who).await?;
    let pretend = simulated::person(reach::simulator(&state)?, &person).await?;
    let contact = thread::contact(&state, tenant, &pretend)
        .await?
        .ok_or(Problem::NotFound { what: "person" })?;
    contacts::own(
        &state.ctx,
        tenant,
        &contact.id.to_string(),
        Some(&number),
        None,
        &principal.author(),
    )
    .await?;
    Ok(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_4096_characters_passes_and_of_4097_does_not() {
        let text = |n: usize| {
            request(
                "1",
                &Saying::Text {
                    text: "ñ".repeat(n),
                },
            )
        };
        assert!(text(4_096).is_ok());
        assert!(text(4_097).is_err());
        assert!(
            request(
                "1",
                &Saying::Text {
                    text: " \n".to_owned()
                }
            )
            .is_err()
        );
    }

    #[test]
    fn an_order_has_something_in_it() {
        let order = |quantity, price, currency: &str| {
            let currency = currency.to_owned();
            let note = Some("Azul".to_owned());
            request(
                "1",
                &Saying::Order {
                    quantity,
                    price,
                    currency,
                    note,
                },
            )
        };
        let sent = order(2, 45_000.0, "COP").unwrap();
        assert_eq!(sent["order"]["product_items"][0]["quantity"], 2);
        assert_eq!(sent["order"]["text"], "Azul");
        for (quantity, price, currency) in [
            (0, 1.0, "COP"),
            (100, 1.0, "COP"),
            (1, f64::NAN, "COP"),
            (1, 1.0, "peso"),
        ] {
            assert!(order(quantity, price, currency).is_err());
        }
    }

    #[test]
    fn a_place_outside_the_globe_is_refused() {
        let at = |latitude, longitude| Saying::Location {
            latitude,
            longitude,
            name: None,
        };
        assert!(request("1", &at(-90.0, 180.0)).is_ok());
        assert!(request("1", &at(90.1, 0.0)).is_err());
        assert!(request("1", &at(f64::NAN, 0.0)).is_err());
    }

    #[test]
    fn requests_read_as_the_page_writes_them() {
        let say: Say = serde_json::from_value(json!({"person": "521", "number": "4",
            "message": {"type": "location", "latitude": 19.4, "longitude": -99.1, "name": "Centro"}}))
        .unwrap();
        assert_eq!(
            request("4", &say.message).unwrap(),
            json!({"number": "4", "type": "location",
                "location": {"latitude": 19.4, "longitude": -99.1, "name": "Centro"}})
        );
        let preference: Preference =
            serde_json::from_value(json!({"person": "521", "value": "stop"})).unwrap();
        assert_eq!(serde_json::to_value(preference.value).unwrap(), "stop");
        assert!(
            serde_json::from_value::<Say>(json!({"person": "1", "message": {"type": "x"}}))
                .is_err()
        );
    }
}
