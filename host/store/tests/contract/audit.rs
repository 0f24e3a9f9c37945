//! The log of who did what.

use portero_domain::ids::{AuditId, TenantId};
use portero_store::model::{AuditFilter, AuditRow, NewAudit};

use crate::world::{World, at};

crate::tests![
    rows_are_read_by_tenant_who_operation_and_time,
    looks_that_are_the_same_are_counted_on_the_first,
    what_is_old_is_forgotten,
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
