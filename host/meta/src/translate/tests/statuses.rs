//! Statuses of every kind.

use portero_domain::status::MessageStatus;
use portero_domain::update::PersonRef;

use super::*;

#[test]
fn a_delivery_echoes_our_attempt_and_names_its_price() {
    let all = statuses("status_delivered");
    let (s, key) = &all[0];
    assert_eq!(key, &format!("s:{NUMBER}:wamid.OUT500:delivered"));
    assert_eq!(
        (s.wamid.as_str(), s.status),
        ("wamid.OUT500", Some(MessageStatus::Delivered))
    );
    assert_eq!(s.at, secs(1_796_000_101));
    assert_eq!(
        s.callback_data.as_deref(),
        Some("att_01935a7e000070008000000000000001")
    );
    assert_eq!(s.pricing, Some(("marketing".into(), "regular".into())));
    assert_eq!(s.recipient, ana());
    assert_eq!(s.error, None);
}

#[test]
fn a_failure_gives_the_first_error() {
    let (s, key) = statuses("status_failed").remove(0);
    assert_eq!(key, format!("s:{NUMBER}:wamid.OUT501:failed"));
    assert_eq!(s.status, Some(MessageStatus::Failed));
    assert_eq!(
        s.error,
        Some((131_049, "Not delivered to keep engagement healthy".into()))
    );
    assert_eq!(
        (s.recipient.wa_id.as_deref(), s.recipient.user_id, s.pricing),
        (Some(ANA), None, None)
    );
}

#[test]
fn every_status_of_a_batch_has_a_key_of_its_own() {
    let all = statuses("status_played_and_read");
    assert_eq!(all[0].0.status, Some(MessageStatus::Played));
    assert_eq!(all[1].0.status, Some(MessageStatus::Read));
    assert_ne!(all[0].1, all[1].1);
}

#[test]
fn an_unknown_word_is_kept_and_not_acted_on() {
    let (s, key) = statuses("status_unknown_word").remove(0);
    assert_eq!((s.status, s.status_text.as_str()), (None, "warning"));
    assert_eq!(key, format!("s:{NUMBER}:wamid.OUT503:warning"));
}

#[test]
fn a_recipient_may_have_no_number() {
    let (s, _) = statuses("status_user_id_only").remove(0);
    assert_eq!(
        s.recipient,
        PersonRef {
            user_id: some("CO.70000000000000000009"),
            username: some("@caro"),
            ..PersonRef::default()
        }
    );
}

#[test]
fn in_a_group_each_participant_has_a_status_and_the_group_is_no_person() {
    let all = statuses("status_in_group");
    assert_eq!(all[0].1, format!("s:{NUMBER}:wamid.OUT505:delivered:{ANA}"));
    assert_eq!(
        all[1].1,
        format!("s:{NUMBER}:wamid.OUT505:delivered:5215510010002")
    );
    assert_eq!(all[0].0.recipient.wa_id.as_deref(), Some(ANA));
}

#[test]
fn a_free_entry_point_shows_in_the_price() {
    let (s, _) = statuses("status_with_conversation").remove(0);
    assert_eq!(s.status, Some(MessageStatus::Sent));
    assert_eq!(
        s.pricing,
        Some(("referral_conversion".into(), "free_entry_point".into()))
    );
}
