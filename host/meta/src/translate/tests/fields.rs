//! Webhook fields beside `messages`.

use portero_domain::template::TemplateCategory;

use super::*;

#[test]
fn a_paused_template_says_which_pause_it_is() {
    let u = only("template_paused");
    assert_eq!(u.field, "message_template_status_update");
    assert_eq!(u.number, None);
    assert_eq!(
        u.what,
        UpdateKind::TemplateStatus {
            name: "oferta_v3".into(),
            language: "es_MX".into(),
            event: "PAUSED".into(),
            reason: some("NONE"),
            title: some("FIRST_PAUSE"),
            at: Some(secs(1_796_001_000)),
        }
    );
}

#[test]
fn a_hyphen_in_a_language_becomes_an_underscore() {
    assert_eq!(
        only("template_approved_with_hyphen").what,
        UpdateKind::TemplateStatus {
            name: "aviso_envio".into(),
            language: "pt_BR".into(),
            event: "APPROVED".into(),
            reason: None,
            title: None,
            at: Some(secs(1_796_001_001)),
        }
    );
}

#[test]
fn quality_is_the_new_score() {
    assert_eq!(
        only("template_quality").what,
        UpdateKind::TemplateQuality {
            name: "oferta_v3".into(),
            language: "es_MX".into(),
            quality: "RED".into(),
            at: Some(secs(1_796_001_002)),
        }
    );
}

#[test]
fn an_announced_category_is_told_from_one_in_force() {
    let what = |category, announced, at| UpdateKind::TemplateRecategorised {
        name: "oferta_v3".into(),
        language: "es_MX".into(),
        category: Some(category),
        announced,
        at: Some(secs(at)),
    };
    assert_eq!(
        only("template_category_announced").what,
        what(
            TemplateCategory::Utility,
            Some(("MARKETING".into(), secs(1_796_087_403))),
            1_796_001_003
        )
    );
    assert_eq!(
        only("template_category_done").what,
        what(TemplateCategory::Marketing, None, 1_796_087_403)
    );
}

#[test]
fn a_marketing_stop_and_resume_name_the_person_and_the_instant() {
    for (name, stop, at) in [
        ("preference_stop", true, 1_796_001_010),
        ("preference_resume", false, 1_796_001_999),
    ] {
        let u = only(name);
        assert_eq!(u.number.as_ref().unwrap().as_str(), NUMBER);
        let UpdateKind::Preference {
            person,
            stop: got,
            at: when,
        } = &u.what
        else {
            panic!("{name}: {u:?}")
        };
        assert_eq!((*got, *when), (stop, secs(at)), "{name}");
        assert_eq!(person.wa_id.as_deref(), Some(ANA));
        assert_eq!(person.user_id.as_deref(), Some(ANA_ID));
        assert_eq!(person.name.as_deref(), Some("Ana R"));
    }
    assert_ne!(
        only("preference_stop").dedupe_key,
        only("preference_resume").dedupe_key
    );
}

#[test]
fn a_preference_about_something_else_is_not_taken_for_a_marketing_stop() {
    let u = only("preference_of_unknown_category");
    assert_eq!(
        why(&u),
        "unknown preference shape: not about marketing messages"
    );
}

#[test]
fn errors_and_clicks_inside_messages_are_kept() {
    let u = only("value_errors");
    assert_eq!(why(&u), "not acted on: error 130429");
    assert_eq!(u.number.as_ref().unwrap().as_str(), NUMBER);
    assert_eq!(why(&only("user_action")), "not acted on: user action");
}

#[test]
fn a_field_nobody_has_heard_of_is_named() {
    let u = only("unknown_field");
    assert_eq!(
        (u.field.as_str(), why(&u)),
        ("moon_phase_update", "unknown field")
    );
}
