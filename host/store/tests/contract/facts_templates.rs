//! Facts of templates and of what Meta refused, as the rules about them need them.

use portero_domain::clock::{Millis, Ts};
use portero_domain::content::{Content, TemplateSend};
use portero_domain::ids::Wamid;
use portero_domain::proposal::{Class, OutboxState, Proposal, Purpose};
use portero_domain::status::MessageStatus;
use portero_domain::template::{Template, TemplateCategory, TemplateSlots, TemplateStatus};
use portero_domain::update::{PersonRef, StatusUpdate};
use portero_gate::Fact;
use portero_gate::facts::TemplateQuality;
use portero_store::model::{AttemptEnd, Interaction};

use crate::facts::{accept, load, promotion};
use crate::world::{T0, World, at};

crate::tests![
    signs_languages_and_quality_are_told,
    other_templates_are_told_for_a_day,
    metas_refusals_are_told_until_something_is_delivered,
];

fn template_send(name: &str) -> Content {
    Content::Template(TemplateSend {
        name: name.to_owned(),
        language: "es_CO".to_owned(),
        header: Vec::new(),
        body: Vec::new(),
        buttons: Vec::new(),
    })
}

async fn signs_languages_and_quality_are_told(w: World) {
    let template = |language: &str, status: TemplateStatus| Template {
        name: "promo".to_owned(),
        language: language.to_owned(),
        category: TemplateCategory::Marketing,
        status,
        paused_until: None,
        slots: TemplateSlots::default(),
        body: String::new(),
        synced_at: T0,
    };
    let list = [
        template("es_CO", TemplateStatus::Approved),
        template("pt_BR", TemplateStatus::Approved),
        template("en", TemplateStatus::Rejected),
    ];
    let proposal = Proposal {
        content: template_send("promo"),
        ..w.proposal(Class::Campaign, T0)
    };
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.upsert_templates(&w.a.waba, &list, true, T0)
        .await
        .unwrap();
    a.set_template_quality(&w.a.waba, "promo", "es_CO", "RED", T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let facts = load(&w, &proposal, T0).await;
    assert_eq!(facts.registry.quality, TemplateQuality::Red);
    assert_eq!(facts.recipient.language, None);
    assert!(
        facts.registry.languages.is_empty(),
        "nothing to compare with"
    );
    assert_eq!(facts.recipient.last_sign_at, None);
    assert_eq!(facts.question_names_business, Fact::Unknown);
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.set_contact_language(w.a.ana, Some("pt")).await.unwrap();
    a.open_window(&w.a.number, w.a.ana, at(5), "in1")
        .await
        .unwrap();
    let seen = [(Interaction::Read, at(9)), (Interaction::Delivered, at(20))];
    a.note_interactions(w.a.ana, &seen, at(20)).await.unwrap();
    tx.commit().await.unwrap();
    let facts = load(&w, &proposal, at(30)).await;
    assert_eq!(facts.recipient.language.as_deref(), Some("pt"));
    assert_eq!(facts.registry.languages, ["es_CO", "pt_BR"]);
    assert_eq!(
        facts.recipient.last_sign_at,
        Some(at(9)),
        "read, not merely delivered"
    );
    // The end of a pause makes the quality unknown, by webhook and by sync.
    for by_sync in [false, true] {
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        a.set_template_quality(&w.a.waba, "promo", "es_CO", "RED", T0)
            .await
            .unwrap();
        for status in [TemplateStatus::Paused, TemplateStatus::Approved] {
            if by_sync {
                let list = [template("es_CO", status)];
                a.upsert_templates(&w.a.waba, &list, false, T0)
                    .await
                    .unwrap();
            } else {
                a.set_template_status(&w.a.waba, "promo", "es_CO", &status, None, T0)
                    .await
                    .unwrap();
            }
        }
        tx.commit().await.unwrap();
        let facts = load(&w, &proposal, at(30)).await;
        assert_eq!(
            facts.registry.quality,
            TemplateQuality::Unknown,
            "{by_sync}"
        );
    }
    // A consent question is looked through for the tenant's name.
    for (body, named) in [
        ("Tienda limón quiere escribirte", true),
        ("Queremos escribirte", false),
    ] {
        let question = Proposal {
            purpose: Purpose::ConsentRequest,
            content: Content::Text(portero_domain::content::Text {
                body: body.to_owned(),
                preview_url: false,
            }),
            ..w.proposal(Class::Reply, T0)
        };
        let facts = load(&w, &question, T0).await;
        assert_eq!(facts.question_names_business, Fact::Known(named), "{body}");
    }
}

async fn other_templates_are_told_for_a_day(w: World) {
    for (ms, purpose, wamid) in [
        (0, Purpose::Transactional, "t1"),
        (1, Purpose::Authentication, "t2"),
    ] {
        let sent = Proposal {
            purpose,
            content: template_send("aviso"),
            ..w.proposal(Class::Transactional, at(ms))
        };
        accept(&w, &sent, wamid).await;
    }
    accept(&w, &w.proposal(Class::Reply, at(2)), "t3").await;
    accept(&w, &promotion(&w, at(3), "ofertas"), "t4").await;
    let sends = async |now: Ts| {
        load(&w, &w.proposal(Class::Reply, now), now)
            .await
            .template_sends
    };
    let day = Millis::days(1);
    let both = vec![(false, T0), (true, at(1))];
    assert_eq!(sends(at(9)).await, Fact::Known(both.clone()));
    assert_eq!(
        sends(T0 + day + Millis(-1)).await,
        Fact::Known(both.clone())
    );
    assert_eq!(sends(T0 + day).await, Fact::Known(both[1..].to_vec()));
    assert_eq!(sends(at(1) + day).await, Fact::Known(Vec::new()));
}

async fn metas_refusals_are_told_until_something_is_delivered(w: World) {
    let status = |wamid: &str, status: MessageStatus, t: Ts| StatusUpdate {
        wamid: Wamid::new(wamid).unwrap(),
        status: Some(status),
        status_text: status.as_str().to_owned(),
        at: t,
        callback_data: None,
        recipient: PersonRef::default(),
        error: (status == MessageStatus::Failed).then(|| (131_049, "kept back".to_owned())),
        pricing: None,
    };
    let apply = async |update: StatusUpdate| {
        let mut tx = w.write().await;
        tx.tenant(w.a.id)
            .apply_status(&update, update.at)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    let refusals = async |now: Ts| {
        load(&w, &w.proposal(Class::Campaign, now), now)
            .await
            .meta_refusals
    };
    accept(&w, &promotion(&w, T0, "ofertas"), "m1").await;
    apply(status("m1", MessageStatus::Failed, at(10))).await;
    assert_eq!(refusals(at(11)).await, Fact::Known(vec![at(10)]));
    // Refused in the answer itself counts as well.
    let outbox = w
        .put(&promotion(&w, at(20), "ofertas"), OutboxState::Queued)
        .await;
    let attempt = w.begin(outbox, at(20)).await;
    let mut tx = w.write().await;
    let end = AttemptEnd::Refused {
        code: 131_049,
        title: "kept back".to_owned(),
        http: 400,
    };
    tx.tenant(w.a.id)
        .end_attempt(attempt, &end, at(21))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(refusals(at(30)).await, Fact::Known(vec![at(10), at(21)]));
    let month = Millis::days(30);
    assert_eq!(refusals(T0 + month).await, Fact::Known(vec![at(21)]));
    // One that is delivered later makes them past.
    accept(&w, &promotion(&w, at(40), "ofertas"), "m3").await;
    assert_eq!(refusals(at(50)).await, Fact::Known(vec![at(10), at(21)]));
    apply(status("m3", MessageStatus::Delivered, at(51))).await;
    assert_eq!(refusals(at(52)).await, Fact::Known(Vec::new()));
}
