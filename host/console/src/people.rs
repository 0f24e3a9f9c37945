//! `GET …/people`: the pretend people, with what this shop knows of each.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use portero_domain::ids::ContactId;
use portero_flow::desk::LIST_LIMIT;
use portero_flow::desk::access::Principal;
use portero_flow::desk::messages::{self, MessageQuery};
use serde::{Deserialize, Serialize};

use crate::problem::{Asks, Problem};
use crate::{ConsoleState, reach, simulated, thread};

/// Query of the list.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    number: Option<String>,
}

/// Everybody one can write as.
#[derive(Serialize)]
pub(crate) struct PeopleView {
    people: Vec<PersonCard>,
}

/// One of them.
#[derive(Serialize)]
pub(crate) struct PersonCard {
    /// What endpoints call them.
    pub(crate) key: String,
    pub(crate) name: String,
    /// Phone or user id, as the phone's owner would show it.
    pub(crate) address: String,
    /// Whether the shop has a record of them.
    pub(crate) known: bool,
    /// Messages to them that the gate refused, among the shop's latest.
    pub(crate) refused: usize,
}

/// The shop's people first, those who never wrote after them; each group by name.
pub(crate) async fn list(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(tenant): Path<String>,
    Asks(asked): Asks<Asked>,
) -> Result<Json<PeopleView>, Problem> {
    let tenant = reach::tenant(&state, &principal, &tenant).await?;
    // Also a check: another tenant's number must not be asked about.
    reach::number(&state, tenant.id, asked.number.as_deref()).await?;
    let pretend = simulated::people(reach::simulator(&state)?).await?;
    let refusals = MessageQuery {
        state: Some("denied".to_owned()),
        ..MessageQuery::newest(LIST_LIMIT)
    };
    let denied = messages::list(&state.ctx, tenant.id, &refusals)
        .await?
        .items;
    let mut refused: HashMap<ContactId, usize> = HashMap::new();
    for message in &denied {
        *refused.entry(message.contact).or_default() += 1;
    }
    let mut people = Vec::with_capacity(pretend.len());
    for person in pretend {
        let contact = thread::contact(&state, tenant.id, &person).await?;
        // The pretend world is the operator's; a shop sees who is its customer.
        if principal.tenant.is_some() && contact.is_none() {
            continue;
        }
        people.push(PersonCard {
            known: contact.is_some(),
            refused: contact
                .and_then(|c| refused.get(&c.id).copied())
                .unwrap_or(0),
            key: person.key,
            name: person.name,
            address: person.address,
        });
    }
    people.sort_by(|a, b| (!a.known, &a.name, &a.key).cmp(&(!b.known, &b.name, &b.key)));
    Ok(Json(PeopleView { people }))
}
