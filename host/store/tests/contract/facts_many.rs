//! The facts of many are, one by one, the facts of each.

use portero_domain::address::AddressKey;
use portero_domain::campaign::{Audience, CampaignDefinition, CampaignState, Schedule};
use portero_domain::clock::Millis;
use portero_domain::consent::{ConsentEventKind, ConsentScope};
use portero_domain::content::{Content, TemplateSend};
use portero_domain::ids::{AttemptId, CampaignId, ContactId, DecisionId};
use portero_domain::proposal::{Class, Origin, OutboxState, Proposal, Purpose};
use portero_domain::template::{Template, TemplateCategory, TemplateSlots, TemplateStatus};
use portero_gate::facts::{ContentFacts, DoNotContact, Facts};
use portero_store::model::{
    AttemptEnd, FactsQuery, Interaction, NewAttempt, NewContact, SpendQuery,
};

use crate::world::{T0, World, at};

crate::tests![
    facts_of_many_are_the_facts_of_each,
    an_audience_is_fixed_once_and_counts_add_up,
];

fn definition(w: &World, audience: Audience) -> CampaignDefinition {
    CampaignDefinition {
        name: "Semana".into(),
        phone_number_id: w.a.number.clone(),
        template: "promo".into(),
        language: "es".into(),
        purpose: Purpose::Promotional,
        topic: Some("ofertas".into()),
        why: "test".into(),
        audience,
        values: Default::default(),
        schedule: Schedule::default(),
    }
}

async fn campaign(w: &World, audience: Audience) -> CampaignId {
    let id = CampaignId::new(&*w.ids, T0);
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .insert_campaign(id, &definition(w, audience), "tok_test", T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn person(w: &World, n: usize) -> (ContactId, AddressKey) {
    let id = ContactId::new(&*w.ids, T0);
    let to = AddressKey::parse(&format!("57300111{n:04}")).unwrap();
    let user = AddressKey::parse(&format!("CO.{}", 700_000 + n)).unwrap();
    let new = NewContact {
        name: Some(format!("P{n}")),
        language: match n % 5 {
            0 => Some("pt".to_owned()),
            1 => Some("es_CO".to_owned()),
            _ => None,
        },
        country: n.is_multiple_of(3).then(|| "BR".to_owned()),
    };
    let mut aliases = vec![(to.clone(), to.to_string())];
    if n.is_multiple_of(2) {
        aliases.push((user.clone(), user.to_string()));
    }
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .create_contact(id, &new, &aliases, T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    (id, if n.is_multiple_of(4) { user } else { to })
}

fn promotion(w: &World, contact: ContactId, to: &AddressKey, origin: Origin, t: i64) -> Proposal {
    Proposal {
        contact,
        to: to.clone(),
        origin,
        purpose: Purpose::Promotional,
        topic: Some("ofertas".into()),
        content: Content::Template(TemplateSend {
            name: if t % 2 == 0 { "promo" } else { "promu" }.into(),
            language: "es".into(),
            header: vec![],
            body: vec![],
            buttons: vec![],
        }),
        ..w.proposal(Class::Campaign, at(t))
    }
}

/// Writes a proposal down and begins its attempt.
async fn attempted(w: &World, proposal: &Proposal, t: i64) -> AttemptId {
    let outbox = w.put(proposal, OutboxState::Queued).await;
    let attempt = NewAttempt {
        contact: proposal.contact,
        ..w.attempt(outbox)
    };
    let decision = DecisionId::new(&*w.ids, T0);
    let mut tx = w.write().await;
    tx.tenant(w.a.id)
        .begin_attempt(&attempt, decision, at(t), at(t))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    attempt.id
}

async fn facts_of_many_are_the_facts_of_each(w: World) {
    let id = campaign(&w, Audience::All).await;
    let mut tx = w.write().await;
    let template = Template {
        name: "promo".into(),
        language: "es".into(),
        category: TemplateCategory::Marketing,
        status: TemplateStatus::Approved,
        paused_until: None,
        slots: TemplateSlots::default(),
        body: "hola".into(),
        synced_at: T0,
    };
    let portuguese = Template {
        language: "pt_BR".into(),
        ..template.clone()
    };
    let mut a = tx.tenant(w.a.id);
    a.upsert_templates(&w.a.waba, &[template, portuguese], true, T0)
        .await
        .unwrap();
    a.set_template_quality(&w.a.waba, "promo", "es", "YELLOW", T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut proposals = Vec::new();
    for n in 0..48 {
        let (contact, to) = person(&w, n).await;
        let bit = |k: usize| n & (1 << k) != 0;
        let mut tx = w.write().await;
        let mut a = tx.tenant(w.a.id);
        if bit(0) {
            let granted = w.consent(
                ConsentEventKind::Granted,
                ConsentScope::Promotional,
                at(-90),
            );
            a.append_consent(contact, &granted).await.unwrap();
            let gone = w.consent(ConsentEventKind::Revoked, ConsentScope::All, at(-95));
            a.append_consent(contact, &gone).await.unwrap();
        }
        if bit(1) {
            a.open_window(&w.a.number, contact, at(-5), "wamid.in")
                .await
                .unwrap();
        }
        if bit(2) {
            a.put_do_not_contact(&to, DoNotContact::Promotional, "asked", "op", T0)
                .await
                .unwrap();
        }
        if bit(3) {
            a.open_transaction(&format!("P-{n}"), contact, "paid", "{}", at(-3))
                .await
                .unwrap();
        }
        if n % 5 == 2 {
            a.count_tier_recipients(&[contact], at(i64::try_from(n).unwrap()))
                .await
                .unwrap();
        }
        if n % 7 == 0 {
            a.note_interactions(contact, &[(Interaction::Read, at(-9))], T0)
                .await
                .unwrap();
        }
        if n < 10 {
            a.put_sandbox_person(&to, "000001").await.unwrap();
            a.confirm_sandbox_person(contact, "000001", T0)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let host = Origin::Host { what: "t".into() };
        if bit(4) {
            // An earlier message of the same text, on the wire.
            let earlier = promotion(&w, contact, &to, Origin::Campaign { campaign: id }, -40);
            attempted(&w, &earlier, -40).await;
        }
        if n % 6 == 1 {
            let notice = Proposal {
                contact,
                to: to.clone(),
                content: promotion(&w, contact, &to, host.clone(), 0).content,
                ..w.proposal(Class::Transactional, at(-7))
            };
            attempted(&w, &notice, -7).await;
        }
        if n % 6 == 2 {
            // Meta kept an earlier one back.
            let kept = attempted(&w, &promotion(&w, contact, &to, host, -20), -20).await;
            let refused = AttemptEnd::Refused {
                code: 131_049,
                title: "kept back".to_owned(),
                http: 400,
            };
            let mut tx = w.write().await;
            tx.tenant(w.a.id)
                .end_attempt(kept, &refused, at(-19))
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let origin = match n % 3 {
            0 => Origin::Host { what: "t".into() },
            _ => Origin::Campaign { campaign: id },
        };
        proposals.push(promotion(
            &w,
            contact,
            &to,
            origin,
            i64::try_from(n % 5).unwrap(),
        ));
    }
    // One of a person nobody knows, one under a key that was used.
    let mut stranger = proposals[0].clone();
    stranger.contact = ContactId::new(&*w.ids, T0);
    proposals.push(stranger);
    let first = w.put(&proposals[5], OutboxState::Queued).await;
    let mut again = promotion(
        &w,
        proposals[5].contact,
        &proposals[5].to,
        proposals[5].origin.clone(),
        9,
    );
    again.key.clone_from(&proposals[5].key);
    proposals.push(again);
    assert_eq!(first, proposals[5].id);
    for now in [T0, T0 + Millis::days(30), T0 + Millis::days(40)] {
        let query = |proposal| FactsQuery {
            proposal,
            content_hash: "hash",
            content: ContentFacts::default(),
            plugin: None,
            now,
            spend: Some(SpendQuery {
                this_micro: Some(5),
            }),
        };
        let mut tx = w.store.read().await.unwrap();
        let many = tx
            .tenant(w.a.id)
            .load_facts_many(proposals.iter().map(query).collect())
            .await
            .unwrap();
        assert_eq!(many.len(), proposals.len());
        if now == T0 {
            told_apart(&many);
        }
        for (proposal, many) in proposals.iter().zip(many) {
            let one = tx.tenant(w.a.id).load_facts(query(proposal)).await.unwrap();
            assert_eq!(one, many, "{}", proposal.id);
        }
    }
}

/// The people differ in everything that is compared: no list is empty for all of them.
fn told_apart(all: &[Facts]) {
    let any = |what: &str, there: &dyn Fn(&Facts) -> bool| {
        let n = all.iter().filter(|f| there(f)).count();
        assert!(0 < n && n < all.len(), "{what}: {n} of {}", all.len());
    };
    any("promotions", &|f| {
        f.promotional_sends.known().is_some_and(|l| !l.is_empty())
    });
    any("templates", &|f| {
        f.template_sends.known().is_some_and(|l| !l.is_empty())
    });
    any("refusals", &|f| {
        f.meta_refusals.known().is_some_and(|l| !l.is_empty())
    });
    any("languages", &|f| !f.registry.languages.is_empty());
    any("signs", &|f| f.recipient.last_sign_at.is_some());
    any("counted", &|f| {
        let sender = f.sender.known();
        sender.is_some_and(|s| s.standing.tier.as_ref().is_some_and(|t| t.counted))
    });
    any("same campaign", &|f| {
        f.campaign.as_ref().is_some_and(|c| c.already.is_some())
    });
}

async fn an_audience_is_fixed_once_and_counts_add_up(w: World) {
    for n in 0..7 {
        let (contact, _) = person(&w, n).await;
        if n % 2 == 0 {
            let mut tx = w.write().await;
            tx.tenant(w.a.id)
                .set_tag(contact, "vip", true)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    }
    let all = campaign(&w, Audience::All).await;
    let vip = campaign(&w, Audience::Tag { tag: "vip".into() }).await;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    // Ana was there before.
    assert_eq!(a.snapshot_audience(all, &Audience::All).await.unwrap(), 8);
    let tag = Audience::Tag { tag: "vip".into() };
    assert_eq!(a.snapshot_audience(vip, &tag).await.unwrap(), 4);
    assert_eq!(
        a.snapshot_audience(vip, &tag).await.unwrap(),
        4,
        "in place of the first"
    );
    assert_eq!(a.campaign_counts(vip).await.unwrap()["waiting"], 4);
    let (cancelled, withdrawn) = a
        .withdraw_campaign(vip, "campaign.stopped", T0)
        .await
        .unwrap();
    assert_eq!((cancelled, withdrawn), (0, 4));
    let counts = a.campaign_counts(vip).await.unwrap();
    assert_eq!(counts.values().sum::<u64>(), 4);
    // Two changes of one reading: the second is told that it is late.
    let row = a.campaign(vip).await.unwrap().unwrap();
    let mut stopped = row.clone();
    stopped.state = CampaignState::Stopped;
    assert!(a.save_campaign(&stopped).await.unwrap());
    assert!(!a.save_campaign(&row).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = w.write().await;
    assert!(
        tx.tenant(w.b.id).campaign(vip).await.unwrap().is_none(),
        "another tenant's"
    );
    assert_eq!(tx.tenant(w.b.id).campaign_size(vip).await.unwrap(), 0);
}
