//! Fields about numbers and accounts, and echoes of the WhatsApp Business app.

use portero_domain::account::{AccountChange, AccountUpdate, MessagingLimit, Reach};

use super::*;

fn account(name: &str) -> AccountUpdate {
    match only(name).what {
        UpdateKind::Account(update) => update,
        other => panic!("{name}: {other:?}"),
    }
}

/// A webhook of one field, made here.
fn made(field: &str, value: &str) -> Update {
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{WABA}","time":1796001000,"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#
    );
    let mut all = translate(body.as_bytes()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0).update
}

fn changes(field: &str, value: &str) -> Vec<AccountChange> {
    match made(field, value).what {
        UpdateKind::Account(update) => update.changes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restriction_says_what_it_reaches_and_until_when() {
    let update = account("account_restriction");
    let [AccountChange::Restricted { reach, until, .. }] = update.changes.as_slice() else {
        panic!("{update:?}")
    };
    assert_eq!(*reach, Reach::BusinessInitiated);
    assert!(until.is_some());
    assert!(matches!(
        account("account_disable").changes.as_slice(),
        [AccountChange::Notice { .. } | AccountChange::Restricted { .. }]
    ));
    assert!(matches!(
        account("account_price_tier").changes.as_slice(),
        [AccountChange::Notice { .. }]
    ));
}

#[test]
fn the_widest_of_several_restrictions_counts_and_calls_are_not_messages() {
    let both = r#"{"event":"ACCOUNT_RESTRICTION","restriction_info":[
        {"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1796000000},
        {"restriction_type":"RESTRICTED_SOMETHING_NEW","expiration":1796009000}]}"#;
    assert!(matches!(
        changes("account_update", both).as_slice(),
        [AccountChange::Restricted { reach: Reach::All, until: Some(until), .. }]
            if *until == secs(1_796_009_000)
    ));
    let open = r#"{"event":"ACCOUNT_RESTRICTION","restriction_info":[
        {"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1796000000},
        {"restriction_type":"RESTRICTED_CUSTOMER_INITIATED_MESSAGING"}]}"#;
    assert!(matches!(
        changes("account_update", open).as_slice(),
        [AccountChange::Restricted {
            reach: Reach::All,
            until: None,
            ..
        }]
    ));
    let calls = r#"{"event":"ACCOUNT_RESTRICTION","restriction_info":[
        {"restriction_type":"RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING","expiration":1796000000}]}"#;
    assert!(matches!(
        changes("account_update", calls).as_slice(),
        [AccountChange::Notice { .. }]
    ));
    let bare = r#"{"event":"ACCOUNT_RESTRICTION"}"#;
    assert!(matches!(
        changes("account_update", bare).as_slice(),
        [AccountChange::Restricted {
            reach: Reach::All,
            until: None,
            ..
        }]
    ));
}

#[test]
fn a_ban_stops_and_a_reinstatement_lifts() {
    let ban = |state: &str| {
        let value =
            format!(r#"{{"event":"DISABLED_UPDATE","ban_info":{{"waba_ban_state":"{state}"}}}}"#);
        changes("account_update", &value).remove(0)
    };
    assert!(matches!(
        ban("DISABLE"),
        AccountChange::Restricted {
            reach: Reach::All,
            until: None,
            ..
        }
    ));
    assert!(matches!(ban("REINSTATE"), AccountChange::Lifted { .. }));
    assert!(matches!(
        ban("SCHEDULE_FOR_DISABLE"),
        AccountChange::Notice { .. }
    ));
}

#[test]
fn a_review_that_was_rejected_stops_too() {
    let review = |decision: &str| {
        changes(
            "account_review_update",
            &format!(r#"{{"decision":"{decision}"}}"#),
        )
    };
    assert_eq!(review("PENDING").len(), 1);
    assert!(matches!(
        review("REJECTED").as_slice(),
        [_, AccountChange::Restricted { .. }]
    ));
    assert!(matches!(
        review("APPROVED").as_slice(),
        [_, AccountChange::Lifted { .. }]
    ));
}

#[test]
fn limits_come_as_words_and_as_numbers() {
    assert!(matches!(
        account("capability").changes.as_slice(),
        [AccountChange::Limit { .. }]
    ));
    let number = r#"{"max_daily_conversations_per_business":2000}"#;
    assert_eq!(
        changes("business_capability_update", number),
        [AccountChange::Limit {
            people: MessagingLimit(2_000)
        }]
    );
    let unknown = made(
        "business_capability_update",
        r#"{"max_daily_conversations_per_business":"TIER_X"}"#,
    );
    assert!(why(&unknown).starts_with("unknown account shape"));
}

#[test]
fn a_number_is_named_by_its_digits() {
    let update = account("number_quality");
    assert!(update.display.unwrap().bytes().all(|b| b.is_ascii_digit()));
    let flagged = r#"{"display_phone_number":"+52 55 5000 1111","event":"FLAGGED"}"#;
    let update = made("phone_number_quality_update", flagged);
    let UpdateKind::Account(update) = update.what else {
        panic!()
    };
    assert_eq!(update.display.as_deref(), Some("525550001111"));
    assert_eq!(update.at, Some(secs(1_796_001_000)));
    assert_eq!(
        update.changes,
        [AccountChange::Number {
            event: "FLAGGED".into()
        }]
    );
    let name = r#"{"display_phone_number":"525550001111","decision":"APPROVED","requested_verified_name":"Tienda"}"#;
    assert_eq!(
        changes("phone_number_name_update", name),
        [AccountChange::Name {
            decision: "APPROVED".into(),
            name: some("Tienda")
        }]
    );
    assert!(matches!(
        changes("security", r#"{"event":"PIN_CHANGED"}"#).as_slice(),
        [AccountChange::Notice { event, .. }] if event == "PIN_CHANGED"
    ));
    assert!(matches!(
        account("account_alert").changes.as_slice(),
        [AccountChange::Notice { .. }]
    ));
}

#[test]
fn an_echo_names_the_person_it_went_to() {
    let update = only("echo_from_business_app");
    assert!(update.number.is_some());
    let UpdateKind::Echo { person, at, .. } = update.what else {
        panic!()
    };
    assert!(person.wa_id.is_some() && at > Ts::ZERO);
    let nobody = r#"{"message_echoes":[{"id":"wamid.X","timestamp":"1796001000"}]}"#;
    assert!(why(&made("smb_message_echoes", nobody)).starts_with("unknown echo shape"));
}
