//! `GET …/thread`: one conversation as the phone shows it, with the host's word on each message.
//!
//! The simulator knows what reached the phone, the host knows what was proposed and why it left
//! or not.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::{Extension, Json};
use portero_domain::ids::TenantId;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::contacts::{self, ContactView};
use serde::{Deserialize, Serialize};

use crate::contact_card::{ContactCard, contact_card};
use crate::conversation::{Item, join, ledger};
use crate::problem::{Asks, Problem};
use crate::record::instant;
use crate::simulated::{self, Person};
use crate::{ConsoleState, languages, reach, record};

/// Query of the thread.
#[derive(Deserialize)]
pub(crate) struct Asked {
    person: String,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    lang: Option<String>,
}

/// All that the page shows of one conversation.
#[derive(Serialize)]
pub(crate) struct ThreadView {
    /// The host's clock, Unix milliseconds.
    now_at: i64,
    shop: ShopCard,
    person: PersonHead,
    /// What the shop knows; absent until the person's first message was read.
    contact: Option<ContactCard>,
    /// Oldest first.
    items: Vec<Item>,
    /// Earlier messages exist and are not shown.
    shortened: bool,
    /// The phone shows "typing".
    typing: bool,
    /// The person blocked the number.
    blocked: bool,
}

#[derive(Serialize)]
struct ShopCard {
    name: String,
    timezone: String,
    number: String,
    display: String,
    /// Why nothing leaves, if nothing does.
    stopped: Option<String>,
    /// What keeps its account still for a while, if anything does.
    resting: Option<Resting>,
}

#[derive(Serialize)]
struct Resting {
    /// Meta's error.
    what: String,
    until_at: Option<i64>,
}

#[derive(Serialize)]
struct PersonHead {
    key: String,
    name: String,
    address: String,
}

/// The conversation of one person with one number.
pub(crate) async fn get(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Json<ThreadView>, Problem> {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let language = languages::choose(asked.lang.as_deref(), accepts);
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    let number = reach::number(&state, tenant.id, asked.number.as_deref()).await?;
    let key = reach::person_key(&asked.person)?;
    let simulator = reach::simulator(&state)?;
    let person = simulated::person(simulator, key).await?;
    // The phone first: what the host learns in between shows up without its tick, never twice.
    let phone = simulated::thread(simulator, key, &number.phone_number_id).await?;
    let contact = contact(&state, tenant.id, &person).await?;
    if principal.tenant.is_some() && contact.is_none() {
        return Err(Problem::NotFound { what: "person" });
    }
    let (records, shortened) = match &contact {
        Some(c) => record::latest(&state, tenant.id, c, &number.phone_number_id, language).await?,
        None => (Vec::new(), false),
    };
    let mut said = phone.said;
    if let (true, Some(first)) = (shortened, records.first()) {
        // Without its record an older message would look like one that nobody knows.
        let from = first.at;
        said.retain(|s| s.at >= from);
    }
    let mut items = join(said, records);
    if let Some(contact) = &contact {
        let since = items.first().map_or(i64::MAX, Item::at);
        items.extend(ledger(&contact.consent_events, since));
        items.sort_by_key(Item::at);
    }
    Ok(Json(ThreadView {
        now_at: state.ctx.now().ms(),
        contact: contact.map(|c| contact_card(c, &number.phone_number_id)),
        shop: ShopCard {
            name: tenant.name,
            timezone: tenant.timezone,
            number: number.phone_number_id,
            display: number.display,
            stopped: tenant.stopped.or(number.stopped),
            resting: number.resting.map(|r| Resting {
                until_at: r.until.as_deref().and_then(instant),
                what: r.what,
            }),
        },
        person: PersonHead {
            key: person.key,
            name: person.name,
            address: person.address,
        },
        items,
        shortened,
        typing: phone.typing,
        blocked: phone.blocked,
    }))
}

/// The shop's record of a pretend person, by any of their addresses.
pub(crate) async fn contact(
    state: &ConsoleState,
    tenant: TenantId,
    person: &Person,
) -> Result<Option<ContactView>, Problem> {
    for address in &person.addresses {
        match contacts::get(&state.ctx, tenant, address).await {
            Ok(contact) => return Ok(Some(contact)),
            // Not known by this one: the next may be.
            Err(FlowError::NotFound { .. } | FlowError::BadInput { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
