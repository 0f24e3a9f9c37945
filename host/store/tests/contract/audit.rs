//! The log of who did what.

use portero_domain::ids::{AuditId, TenantId};
use portero_store::model::{AuditFilter, AuditRow, NewAudit, audit_lists};

use crate::verdicts::plan;
use crate::world::{World, at};

crate::tests![
    rows_are_read_by_tenant_who_operation_and_time,
    looks_that_are_the_same_are_counted_on_the_first,
    what_is_old_is_forgotten,
    no_list_of_the_log_reads_others_along,
];

async fn put(
    w: &World,
    tenant: Option<TenantId>,
    who: &str,
    ms: i64,
    same: Option<&str>,
) -> AuditId {
    let id = AuditId::new(&*w.ids, at(ms));
    let targets = ["con_1".to_owned()];
    let new = NewAudit {
        id,
        at: at(ms),
        tenant,
        who,
        token: None,
        operation: if who == "usr_1" {
            "PUT /v1/policy"
        } else {
            "GET /v1/contacts"
        },
        targets: &targets,
        status: 200,
        same,
    };
    let mut tx = w.write().await;
    tx.system().put_audit(&new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn asked(w: &World, filter: AuditFilter) -> Vec<AuditRow> {
    let filter = AuditFilter {
        limit: filter.limit.max(1),
        ..filter
    };
    let mut tx = w.store.read().await.unwrap();
    tx.system().audit(&filter).await.unwrap()
}

fn ids(rows: &[AuditRow]) -> Vec<AuditId> {
    rows.iter().map(|r| r.id).collect()
}

async fn rows_are_read_by_tenant_who_operation_and_time(w: World) {
    let a = put(&w, Some(w.a.id), "usr_1", 1, None).await;
    let b = put(&w, Some(w.b.id), "tok_1", 2, None).await;
    let server = put(&w, None, "usr_1", 3, None).await;
    let all = || AuditFilter {
        limit: 10,
        ..AuditFilter::default()
    };
    let rows = asked(&w, all()).await;
    assert_eq!(ids(&rows), [server, b, a]);
    let row = &rows[2];
    assert_eq!(
        (
            row.at,
            row.last_at,
            row.times,
            row.tenant,
            row.who.as_str(),
            row.status
        ),
        (at(1), at(1), 1, Some(w.a.id), "usr_1", 200)
    );
    assert_eq!(
        (row.targets.as_slice(), row.name.as_deref()),
        (["con_1".to_owned()].as_slice(), None)
    );
    for (filter, found) in [
        (
            AuditFilter {
                tenant: Some(w.a.id),
                ..all()
            },
            vec![a],
        ),
        (
            AuditFilter {
                who: Some("usr_1".to_owned()),
                ..all()
            },
            vec![server, a],
        ),
        (
            AuditFilter {
                operation: Some("GET /v1/contacts".to_owned()),
                ..all()
            },
            vec![b],
        ),
        (
            AuditFilter {
                since: Some(at(2)),
                ..all()
            },
            vec![server, b],
        ),
        (
            AuditFilter {
                until: Some(at(2)),
                ..all()
            },
            vec![a],
        ),
        (
            AuditFilter {
                before: Some(b),
                ..all()
            },
            vec![a],
        ),
        (AuditFilter { limit: 2, ..all() }, vec![server, b]),
    ] {
        assert_eq!(ids(&asked(&w, filter.clone()).await), found, "{filter:?}");
    }
}

async fn looks_that_are_the_same_are_counted_on_the_first(w: World) {
    let first = put(&w, None, "tok_1", 1, Some("x")).await;
    put(&w, None, "tok_1", 5, Some("x")).await;
    let other = put(&w, None, "tok_1", 6, Some("y")).await;
    let rows = asked(
        &w,
        AuditFilter {
            limit: 10,
            ..AuditFilter::default()
        },
    )
    .await;
    assert_eq!(ids(&rows), [other, first]);
    assert_eq!(
        (rows[1].at, rows[1].last_at, rows[1].times),
        (at(1), at(5), 2)
    );
}

async fn what_is_old_is_forgotten(w: World) {
    put(&w, None, "tok_1", 1, None).await;
    let kept = put(&w, None, "tok_1", 2, None).await;
    let mut tx = w.write().await;
    assert_eq!(tx.system().forget_audit(at(2)).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let rows = asked(
        &w,
        AuditFilter {
            limit: 10,
            ..AuditFilter::default()
        },
    )
    .await;
    assert_eq!(ids(&rows), [kept]);
}

/// A host of many tenants and people: rows come by the leading filter's index in their order, so that
/// nothing is sorted and nothing of another tenant or person is read on the way.
async fn no_list_of_the_log_reads_others_along(w: World) {
    let tenants: Vec<TenantId> = (0..40).map(|n| TenantId::new(&*w.ids, at(n))).collect();
    let people: Vec<String> = (0..50).map(|n| format!("usr_{n}")).collect();
    let mut tx = w.write().await;
    for n in 0..4_000_usize {
        let ms = i64::try_from(n).unwrap();
        let new = NewAudit {
            id: AuditId::new(&*w.ids, at(ms)),
            at: at(ms),
            tenant: Some(tenants[n % tenants.len()]),
            who: &people[n % people.len()],
            token: None,
            operation: "GET /v1/contacts",
            targets: &[],
            status: 200,
            same: None,
        };
        tx.system().put_audit(&new).await.unwrap();
    }
    tx.commit().await.unwrap();
    crate::schema::raw(&w, "analyze audit").await;
    let lists = audit_lists(w.store.engine());
    assert_eq!(lists.len(), 3);
    for (sql, index) in lists {
        let plan = plan(&w, sql).await;
        assert!(plan.contains(index), "{index}: {plan}\n{sql}");
        assert!(
            !plan.to_lowercase().contains("sort") && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }
    // Each filter alone and both together find the same rows as looking at all of them.
    let all = asked(
        &w,
        AuditFilter {
            limit: 9_999,
            ..AuditFilter::default()
        },
    )
    .await;
    assert_eq!(all.len(), 4_000);
    for (tenant, who) in [
        (Some(tenants[3]), None),
        (None, Some(people[3].clone())),
        (Some(tenants[3]), Some(people[3].clone())),
    ] {
        let filter = AuditFilter {
            tenant,
            who: who.clone(),
            since: Some(at(100)),
            until: Some(at(3_000)),
            limit: 9_999,
            ..AuditFilter::default()
        };
        let expected: Vec<AuditId> = all
            .iter()
            .filter(|r| tenant.is_none_or(|t| r.tenant == Some(t)))
            .filter(|r| who.as_ref().is_none_or(|w| r.who == *w))
            .filter(|r| r.at >= at(100) && r.at < at(3_000))
            .map(|r| r.id)
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(ids(&asked(&w, filter).await), expected);
    }
}
