//! Messages by where they stand: each list has as many as the count of the first page, and reads no others.

use portero_domain::clock::Ts;
use portero_domain::ids::{OutboxId, TenantId};
use portero_domain::proposal::{Class, OutboxState};
use portero_domain::status::MessageStatus;
use portero_domain::step::Step;
use portero_store::model::{DayState, OutboxRow, Stands, StepFilter, step_lists};

use crate::schema::raw;
use crate::verdicts::plan;
use crate::world::{World, at, put_in};

crate::tests![
    each_number_of_a_day_has_its_messages,
    who_answered_is_told_by_the_message_before,
    no_list_of_messages_reads_others_along,
];

/// Messages of both tenants in every state, and those that were sent with every word of Meta's.
async fn fill(w: &World) {
    let mut tx = w.write().await;
    for n in 0..480_usize {
        let ms = i64::try_from(n).unwrap();
        let mut p = w.proposal(Class::Campaign, at(1_000 + ms));
        if n % 7 == 6 {
            p.tenant = w.b.id;
            p.sender = w.b.number.clone();
            p.contact = w.b.ana;
            p.to = w.b.phone.clone();
        }
        let state = OutboxState::ALL[n % OutboxState::ALL.len()];
        assert!(put_in(&mut tx, &w.ids, &p, state, p.created_at).await);
    }
    tx.commit().await.unwrap();
    let ranks =
        "update outbox set status_rank = ((created_at / 10) % 8) * 10, begun_at = created_at + 1
        where state = 'sent'";
    raw(w, ranks).await;
}

/// All of a list, by pages of seven.
async fn walk(w: &World, tenant: TenantId, stands: Stands, since: Ts, until: Ts) -> Vec<OutboxRow> {
    let mut tx = w.write().await;
    let (mut all, mut after): (Vec<OutboxRow>, Option<OutboxId>) = (Vec::new(), None);
    loop {
        let filter = StepFilter {
            stands,
            since: Some(since),
            until: Some(until),
            limit: 7,
            after,
        };
        let page = tx.tenant(tenant).outbox_at(&filter).await.unwrap();
        assert!(page.len() <= 7);
        after = page.last().map(|row| row.id);
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert!(all.is_sorted_by(|a, b| a.id > b.id), "newest first, once");
    assert!(all.iter().all(|row| row.tenant == tenant));
    assert!(
        all.iter()
            .all(|row| since <= row.created_at && row.created_at < until)
    );
    all
}

/// The count of the first page.
fn counted(states: &[DayState], step: Step) -> u64 {
    let rank = |s: MessageStatus| s.rank();
    let fits = |s: &&DayState| match step {
        Step::Proposed => true,
        Step::Allowed => {
            ["queued", "attempting", "unknown", "sent", "failed"].contains(&s.state.as_str())
        }
        Step::Delivered => s.state == "sent" && s.rank >= rank(MessageStatus::Delivered),
        Step::Read => s.state == "sent" && s.rank >= rank(MessageStatus::Read),
        Step::Withdrawn => ["cancelled", "expired"].contains(&s.state.as_str()),
        Step::Lost => {
            s.state == "failed" || s.state == "sent" && s.rank == rank(MessageStatus::Failed)
        }
        same => s.state == same.as_str(),
    };
    states.iter().filter(fits).map(|s| s.count).sum()
}

async fn each_number_of_a_day_has_its_messages(w: World) {
    fill(&w).await;
    let (since, until) = (at(1_100), at(1_340));
    for tenant in [w.a.id, w.b.id] {
        let mut tx = w.write().await;
        let states = tx.tenant(tenant).day_states(since, until).await.unwrap();
        drop(tx);
        for step in Step::ALL.into_iter().filter(|s| *s != Step::Answered) {
            let listed = walk(&w, tenant, Stands::At(step), since, until).await;
            let expected = counted(&states, step);
            assert!(
                expected > 0 || tenant == w.b.id,
                "{step:?}: nothing was tested"
            );
            assert_eq!(listed.len() as u64, expected, "{step:?}");
        }
        for status in MessageStatus::ALL {
            let listed = walk(&w, tenant, Stands::Told(status), since, until).await;
            let told = states.iter().filter(|s| s.rank == status.rank());
            let expected: u64 = told.map(|s| s.count).sum();
            assert_eq!(listed.len() as u64, expected, "{status:?}");
        }
    }
}

async fn who_answered_is_told_by_the_message_before(w: World) {
    fill(&w).await;
    let (since, until) = (at(1_100), at(1_340));
    let answered = Stands::At(Step::Answered);
    assert_eq!(walk(&w, w.a.id, answered, since, until).await, []);
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    a.open_window(&w.a.number, w.a.ana, at(1_250), "w1")
        .await
        .unwrap();
    assert_eq!(a.day_answered(since, until).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let sent = walk(&w, w.a.id, Stands::At(Step::Sent), since, until).await;
    let before = sent.into_iter().find(|m| m.begun_at < Some(at(1_250)));
    let listed = walk(&w, w.a.id, answered, since, until).await;
    assert_eq!(listed, [before.unwrap()]);
    // Of a stretch in which nothing was sent to her nothing is answered.
    assert_eq!(walk(&w, w.a.id, answered, at(1_251), until).await, []);
    assert_eq!(walk(&w, w.b.id, answered, since, until).await, []);
}

/// A tenant with a million messages is asked for one page: ids come from one index in their order, which holds what is
/// looked at; rows are read of those that are shown.
async fn no_list_of_messages_reads_others_along(w: World) {
    fill(&w).await;
    raw(&w, "analyze outbox").await;
    let lists = step_lists(w.store.engine());
    assert_eq!(lists.len(), Step::ALL.len() + 1);
    for (sql, index) in lists {
        let plan = plan(&w, sql).await;
        assert!(plan.contains(index), "{index}: {plan}\n{sql}");
        assert!(!plan.contains("Seq Scan"), "{plan}\n{sql}");
        match index {
            "outbox_by_tenant" if w.is_postgres() => {
                // Meta's word stands in no index there (0260): where it is asked for, rows of the stretch are read.
                let led = ["Index Only Scan", "Index Scan"]
                    .map(|scan| format!("{scan} Backward using outbox_by_tenant"));
                assert!(led.iter().any(|l| plan.contains(l)), "{plan}\n{sql}");
                let by_rank = sql.contains("status_rank");
                assert!(by_rank || plan.contains(&led[0]), "{plan}\n{sql}");
            }
            "outbox_by_tenant" => {
                let only = "USING COVERING INDEX outbox_by_tenant";
                assert!(plan.contains(only), "{plan}\n{sql}");
            }
            // The messages of those who wrote, each by the person.
            _ => assert!(plan.contains("outbox_by_contact"), "{plan}\n{sql}"),
        }
    }
}
