//! What Meta says of numbers and accounts, and what people of the shop answer from their phone.
//!
//! Source: `whatsapp-platform` 2.5. Restrictions whose names we do not know stop everything: a word too
//! many costs a deferral, a word too few the number.

use portero_domain::account::{
    AccountChange, AccountUpdate, MessagingLimit, OFFBOARDED, RECONNECTED, Reach,
};
use portero_domain::clock::Ts;
use portero_domain::ids::Wamid;
use portero_domain::update::{PersonRef, UpdateKind};
use serde_json::value::RawValue;

use crate::wire::json::Obj;
use crate::wire::webhook::{Change, instant, timestamp};

/// Longest detail kept, in characters.
const WORDS_MAX: usize = 512;

/// Fields read here.
pub(super) const FIELDS: &[&str] = &[
    "account_alerts",
    "account_offboarded",
    "account_reconnected",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "business_username_updates",
    "flows",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
];

/// Reads one of [`FIELDS`]; the error says why it rests.
pub(super) fn account(change: &Change, v: &Obj<'_>) -> Result<UpdateKind, String> {
    let need = |key: &str| {
        v.filled(key)
            .ok_or_else(|| format!("unknown account shape: no {key}"))
    };
    let changes = match change.field.as_str() {
        "phone_number_quality_update" => {
            let mut changes = vec![AccountChange::Number {
                event: need("event")?,
            }];
            changes.extend(limit(v).map(|people| AccountChange::Limit { people }));
            changes
        }
        "phone_number_name_update" => vec![AccountChange::Name {
            decision: need("decision")?,
            name: v
                .filled("requested_verified_name")
                .or_else(|| v.filled("verified_name")),
        }],
        "business_capability_update" => vec![AccountChange::Limit {
            people: limit(v).ok_or("unknown account shape: no limit we can read")?,
        }],
        "account_review_update" => review(need("decision")?),
        "account_alerts" => vec![alert(v)?],
        // The number left the Cloud API, or came back.
        "account_offboarded" => vec![AccountChange::Restricted {
            reason: OFFBOARDED.to_owned(),
            reach: Reach::All,
            until: None,
        }],
        "account_reconnected" => vec![AccountChange::Lifted {
            reason: RECONNECTED.to_owned(),
        }],
        "business_username_updates" => vec![AccountChange::Notice {
            event: "USERNAME".to_owned(),
            detail: words(v, &["decision", "event", "status", "username"]),
        }],
        "flows" => vec![AccountChange::Notice {
            event: need("event")?,
            detail: words(v, &["flow_id", "old_status", "new_status", "message"]),
        }],
        "security" => vec![AccountChange::Notice {
            event: need("event")?,
            detail: String::new(),
        }],
        _ => account_update(&need("event")?, v),
    };
    Ok(UpdateKind::Account(AccountUpdate {
        display: v.filled("display_phone_number").map(|d| digits(&d)),
        at: change.at(),
        changes,
    }))
}

/// The values of some keys, as far as they are there.
fn words(v: &Obj<'_>, keys: &[&str]) -> String {
    let found: Vec<String> = keys.iter().filter_map(|key| v.filled(key)).collect();
    found.join(" · ").chars().take(WORDS_MAX).collect()
}

fn limit(v: &Obj<'_>) -> Option<MessagingLimit> {
    [
        "max_daily_conversations_per_business",
        "max_daily_conversation_per_phone",
        "current_limit",
    ]
    .into_iter()
    .find_map(|key| v.filled(key))
    .and_then(|text| MessagingLimit::from_meta(&text))
}

/// A rejected account sends nothing; an approved one is free of that.
fn review(decision: String) -> Vec<AccountChange> {
    let also = match decision.as_str() {
        "REJECTED" => Some(AccountChange::Restricted {
            reason: "REVIEW_REJECTED".to_owned(),
            reach: Reach::All,
            until: None,
        }),
        "APPROVED" => Some(AccountChange::Lifted {
            reason: "REVIEW_APPROVED".to_owned(),
        }),
        _ => None,
    };
    let mut changes = vec![AccountChange::Review { decision }];
    changes.extend(also);
    changes
}

fn alert(v: &Obj<'_>) -> Result<AccountChange, String> {
    let info = v.obj("alert_info").unwrap_or_default();
    let field = |key: &str| info.filled(key).or_else(|| v.filled(key));
    let event = field("alert_type").ok_or("unknown account shape: no alert_type")?;
    let detail: Vec<String> = ["alert_severity", "alert_status", "alert_description"]
        .into_iter()
        .filter_map(field)
        .chain(v.filled("entity_type"))
        .collect();
    Ok(AccountChange::Notice {
        event,
        detail: detail.join(" · "),
    })
}

/// `account_update`, by its event.
fn account_update(event: &str, v: &Obj<'_>) -> Vec<AccountChange> {
    let notice = |detail: String| AccountChange::Notice {
        event: event.to_owned(),
        detail,
    };
    match event {
        "ACCOUNT_RESTRICTION" => {
            restriction(v).map_or_else(|| vec![notice(restriction_names(v))], |found| vec![found])
        }
        "ACCOUNT_DELETED" => vec![AccountChange::Restricted {
            reason: event.to_owned(),
            reach: Reach::All,
            until: None,
        }],
        "DISABLED_UPDATE" => {
            let info = v.obj("ban_info").unwrap_or_default();
            let state = info.filled("waba_ban_state").unwrap_or_default();
            match state.as_str() {
                "DISABLE" => vec![AccountChange::Restricted {
                    reason: state,
                    reach: Reach::All,
                    until: None,
                }],
                "REINSTATE" => vec![AccountChange::Lifted { reason: state }],
                _ => vec![notice(format!(
                    "{state} {}",
                    info.filled("waba_ban_date").unwrap_or_default()
                ))],
            }
        }
        "ACCOUNT_VIOLATION" => vec![notice(
            v.obj("violation_info")
                .and_then(|i| i.filled("violation_type"))
                .unwrap_or_default(),
        )],
        "VOLUME_BASED_PRICING_TIER_UPDATE" => {
            let info = v.obj("volume_tier_info").unwrap_or_default();
            let parts: Vec<String> = ["pricing_category", "tier", "effective_month", "region"]
                .into_iter()
                .filter_map(|key| info.filled(key))
                .collect();
            vec![notice(parts.join(" "))]
        }
        _ => vec![notice(String::new())],
    }
}

fn restriction_names(v: &Obj<'_>) -> String {
    let names: Vec<String> = v
        .objs("restriction_info")
        .iter()
        .filter_map(|one| one.filled("restriction_type"))
        .collect();
    names.join(" ")
}

/// The widest of the restrictions that touch messages, with the latest end; `None` when none does.
fn restriction(v: &Obj<'_>) -> Option<AccountChange> {
    let mut widest: Option<(Reach, Vec<String>, Option<Ts>)> = None;
    let all = v.objs("restriction_info");
    if all.is_empty() {
        return Some(AccountChange::Restricted {
            reason: "ACCOUNT_RESTRICTION".to_owned(),
            reach: Reach::All,
            until: None,
        });
    }
    for one in &all {
        let name = one.filled("restriction_type").unwrap_or_default();
        // Calls and further numbers are not messages.
        if name.contains("CALLING") || name.contains("ADD_PHONE_NUMBER") {
            continue;
        }
        let reach = if name.contains("BIZ_INITIATED") {
            Reach::BusinessInitiated
        } else {
            Reach::All
        };
        let until = one.int("expiration").filter(|n| *n > 0).map(instant);
        widest = Some(match widest {
            None => (reach, vec![name], until),
            Some((r, mut names, u)) => {
                names.push(name);
                // An end that is not known is later than any.
                let until = u.zip(until).map(|(a, b)| a.max(b));
                (r.max(reach), names, until)
            }
        });
    }
    widest.map(|(reach, names, until)| AccountChange::Restricted {
        reason: names.join(" "),
        reach,
        until,
    })
}

/// Reads one element of `message_echoes[]`: somebody of the shop wrote from the WhatsApp Business app.
pub(super) fn echo(raw: &RawValue) -> Result<UpdateKind, String> {
    let bad = |what: &str| format!("unknown echo shape: {what}");
    let e = Obj::read(raw).ok_or_else(|| bad("no object"))?;
    let wamid = e
        .filled("id")
        .and_then(Wamid::new)
        .ok_or_else(|| bad("no id"))?;
    let person = PersonRef {
        wa_id: e.filled("to"),
        user_id: e.filled("to_user_id"),
        ..PersonRef::default()
    };
    if person.addresses().next().is_none() {
        return Err(bad("no person"));
    }
    let at = timestamp(&e).ok_or_else(|| bad("no timestamp"))?;
    let text = e.obj("text").and_then(|t| t.filled("body"));
    Ok(UpdateKind::Echo {
        person,
        wamid,
        at,
        text,
    })
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
