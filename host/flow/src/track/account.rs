//! What webhooks say about numbers and accounts takes effect; what waited for it is judged again.

use portero_domain::account::{AccountChange, AccountUpdate, OFFBOARDED, RECONNECTED};
use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, WabaId};
use portero_domain::update::Update;
use portero_store::model::{AccountEntry, Ask, ClaimedEvent, NumberRow};
use portero_store::{TenantTx, Tx};

use crate::error::FlowError;

/// The quality after UNFLAGGED.
const RECOVERING: &str = "YELLOW";
/// Messages a second after Meta's upgrade.
const UPGRADED_MPS: u32 = 1_000;

/// Applies one webhook's news.
pub(super) async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    event: &ClaimedEvent,
    update: &Update,
    news: &AccountUpdate,
    now: Ts,
) -> Result<String, FlowError> {
    let Some(waba) = &update.waba else {
        return Ok("no account named".to_owned());
    };
    let mut tx = tx.tenant(tenant);
    let number = number_of(&mut tx, waba, news).await?;
    let at = news.at.unwrap_or(event.received_at);
    let mut said = Vec::new();
    for change in &news.changes {
        let entry = one(&mut tx, waba, number.as_ref(), change, at, now).await?;
        said.push(format!("{} {}", entry.aspect, entry.value));
        tx.append_account_change(event.id, &entry).await?;
    }
    let again = tx.rejudge_account(waba, now).await?;
    if again > 0 {
        said.push(format!("{again} waiting messages are judged again"));
    }
    Ok(said.join("; "))
}

/// The number a webhook names by its digits; the account's only one when it names none of ours.
async fn number_of(
    tx: &mut TenantTx<'_>,
    waba: &WabaId,
    news: &AccountUpdate,
) -> Result<Option<NumberRow>, FlowError> {
    let Some(display) = &news.display else {
        return Ok(None);
    };
    let mut of_account: Vec<NumberRow> = tx
        .numbers()
        .await?
        .into_iter()
        .filter(|n| n.waba == *waba)
        .collect();
    let named = of_account
        .iter()
        .position(|n| digits(&n.display) == *display);
    Ok(match (named, of_account.len()) {
        (Some(at), _) => Some(of_account.swap_remove(at)),
        (None, 1) => of_account.pop(),
        _ => None,
    })
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

async fn one(
    tx: &mut TenantTx<'_>,
    waba: &WabaId,
    number: Option<&NumberRow>,
    change: &AccountChange,
    at: Ts,
    now: Ts,
) -> Result<AccountEntry, FlowError> {
    let mut entry = AccountEntry {
        subject: "account".to_owned(),
        name: waba.as_str().to_owned(),
        aspect: change.aspect().to_owned(),
        value: String::new(),
        detail: String::new(),
        at,
    };
    match change {
        AccountChange::Number { event } => {
            entry.value.clone_from(event);
            if let Some(number) = number {
                entry.subject = "number".to_owned();
                entry.name = number.id.as_str().to_owned();
                if let Some(quality) = quality_after(event) {
                    entry.aspect = "quality".to_owned();
                    entry.value = quality.to_owned();
                    entry.detail.clone_from(event);
                    tx.set_number_quality(&number.id, quality, at).await?;
                    if quality == RECOVERING {
                        tx.ask_meta(Ask::Numbers, now).await?;
                    }
                }
                if event == "THROUGHPUT_UPGRADE" {
                    tx.set_number_mps(&number.id, UPGRADED_MPS).await?;
                }
            }
        }
        AccountChange::Name { decision, name } => {
            entry.value.clone_from(decision);
            entry.detail = name.clone().unwrap_or_default();
            if let Some(number) = number {
                entry.subject = "number".to_owned();
                entry.name = number.id.as_str().to_owned();
                // A name that was not approved is not the one people see.
                let shown = name.as_deref().filter(|_| decision == "APPROVED");
                tx.set_number_name(&number.id, decision, shown).await?;
            }
        }
        AccountChange::Limit { people } => {
            entry.value = people.to_string();
            tx.set_account_limit(waba, *people, at).await?;
        }
        AccountChange::Restricted {
            reason,
            reach,
            until,
        } => {
            entry.value = reach.as_str().to_owned();
            entry.detail = match until {
                Some(until) => format!("{reason} until {}", until.rfc3339()),
                None => reason.clone(),
            };
            tx.set_account_restriction(waba, Some((reason, *reach, *until)), at)
                .await?;
        }
        AccountChange::Lifted { reason } => {
            entry.value = "lifted".to_owned();
            entry.detail.clone_from(reason);
            // An approved review lifts what the review imposed, a reconnection the absence: neither a ban.
            let only = match reason.as_str() {
                "REVIEW_APPROVED" => Some("REVIEW_REJECTED"),
                RECONNECTED => Some(OFFBOARDED),
                _ => None,
            };
            let standing = tx.account(waba).await?.restriction;
            if only.is_none() || standing.as_deref() == only {
                tx.set_account_restriction(waba, None, at).await?;
            }
            if reason == RECONNECTED {
                tx.ask_meta(Ask::Templates, now).await?;
                tx.ask_meta(Ask::Numbers, now).await?;
            }
        }
        AccountChange::Review { decision } => {
            entry.value.clone_from(decision);
            tx.set_account_review(waba, decision).await?;
        }
        AccountChange::Notice { event, detail } => {
            entry.value.clone_from(event);
            entry.detail.clone_from(detail);
        }
    }
    Ok(entry)
}

/// FLAGGED means low quality; UNFLAGGED that it is medium or high again: the more careful is taken
/// until Meta, which is asked at once, says which.
fn quality_after(event: &str) -> Option<&'static str> {
    match event {
        "FLAGGED" => Some("RED"),
        "UNFLAGGED" => Some(RECOVERING),
        _ => None,
    }
}
