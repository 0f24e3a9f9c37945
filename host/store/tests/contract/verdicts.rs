//! Lists of verdicts: every filter finds what it names, and none reads a tenant's others along.

use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, DecisionId, InstallationId, OutboxId};
use portero_gate::{Stage, Verdict};
use portero_store::model::{
    DecisionFilter, DecisionRow, grid_counts, lookups, verdict_counts, verdict_lists,
};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use crate::world::{T0, World, at, sha256};

crate::tests![
    the_grid_tells_of_each_tenant_its_own,
    every_filter_finds_what_it_names_and_nothing_else,
    no_list_of_verdicts_reads_a_tenants_others_along,
    what_is_looked_up_is_not_walked_to,
];

fn one(w: &World, ms: i64, rule: Option<&str>, verdict: Verdict) -> DecisionRow {
    let record = format!("{{\"at\":{ms}}}");
    DecisionRow {
        id: DecisionId::new(&*w.ids, at(ms)),
        tenant: w.a.id,
        outbox: OutboxId::new(&*w.ids, at(ms)),
        contact: w.a.ana,
        installation: None,
        campaign: None,
        stage: Stage::Admission,
        verdict,
        rule: rule.map(str::to_owned),
        content_hash: sha256(&record),
        record,
        decided_at: at(ms),
    }
}

async fn the_grid_tells_of_each_tenant_its_own(w: World) {
    let mut tx = w.write().await;
    let rows: Vec<DecisionRow> = (0..5)
        .map(|n| match n {
            0 | 1 => one(&w, n, Some("consent.missing"), Verdict::Deny),
            _ => one(&w, n, None, Verdict::Allow),
        })
        .collect();
    let mut a = tx.tenant(w.a.id);
    a.insert_decisions(&rows).await.unwrap();
    a.set_number_quality(&w.a.number, "RED", T0).await.unwrap();
    a.set_number_stop(&w.a.number, Some("inventory"), T0)
        .await
        .unwrap();
    a.open_window(&w.a.number, w.a.ana, T0, "wamid.in")
        .await
        .unwrap();
    a.hand_over(&w.a.number, w.a.ana, "asks", T0).await.unwrap();
    let all = tx.system().grid(50, at(1)).await.unwrap();
    let of = |id| *all.iter().find(|s| s.tenant == id).unwrap();
    let (a, b) = (of(w.a.id), of(w.b.id));
    assert_eq!((a.numbers, a.stopped, a.red, a.yellow), (1, 1, 1, 0));
    assert_eq!((a.waiting, a.judged, a.refused), (1, 5, 2));
    assert_eq!((b.stopped, b.red, b.waiting, b.judged), (0, 0, 0, 0));
    // The newest alone.
    let all = tx.system().grid(3, at(1)).await.unwrap();
    let newest = all.iter().find(|s| s.tenant == w.a.id).unwrap();
    assert_eq!((newest.judged, newest.refused), (3, 0));
}

async fn every_filter_finds_what_it_names_and_nothing_else(w: World) {
    let installation = InstallationId::new(&*w.ids, T0);
    let campaign = CampaignId::new(&*w.ids, T0);
    let beto = ContactId::new(&*w.ids, T0);
    let mut all = [
        one(&w, 1_000, None, Verdict::Allow),
        one(&w, 2_000, Some("consent.missing"), Verdict::Deny),
        one(&w, 3_000, Some("consent.missing"), Verdict::Deny),
        one(&w, 4_000, Some("limits.pair-rate"), Verdict::Defer),
        one(&w, 5_000, Some("session.unsolicited-promo"), Verdict::Allow),
    ];
    all[1].installation = Some(installation);
    all[2].campaign = Some(campaign);
    all[4].contact = beto;
    let mut tx = w.write().await;
    let mut a = tx.tenant(w.a.id);
    // One by one and together: the same columns.
    a.insert_decision(&all[0]).await.unwrap();
    a.insert_decisions(&all[1..]).await.unwrap();
    let none = DecisionFilter::default;
    let cases: Vec<(DecisionFilter, &[i64])> = vec![
        (none(), &[5_000, 4_000, 3_000, 2_000, 1_000]),
        (
            DecisionFilter {
                outbox: Some(all[3].outbox),
                ..none()
            },
            &[4_000],
        ),
        (
            DecisionFilter {
                contact: Some(beto),
                ..none()
            },
            &[5_000],
        ),
        (
            DecisionFilter {
                campaign: Some(campaign),
                ..none()
            },
            &[3_000],
        ),
        (
            DecisionFilter {
                installation: Some(installation),
                ..none()
            },
            &[2_000],
        ),
        (
            DecisionFilter {
                rule: Some("consent.missing".to_owned()),
                ..none()
            },
            &[3_000, 2_000],
        ),
        (
            DecisionFilter {
                rule: Some("consent.missing".to_owned()),
                campaign: Some(campaign),
                verdict: Some(Verdict::Deny),
                contact: Some(w.a.ana),
                since: Some(at(3_000)),
                until: Some(at(3_001)),
                ..none()
            },
            &[3_000],
        ),
        (
            DecisionFilter {
                verdict: Some(Verdict::Deny),
                ..none()
            },
            &[3_000, 2_000],
        ),
        (
            DecisionFilter {
                verdict: Some(Verdict::Allow),
                ..none()
            },
            &[5_000, 1_000],
        ),
        (
            DecisionFilter {
                since: Some(at(2_000)),
                until: Some(at(4_000)),
                ..none()
            },
            &[3_000, 2_000],
        ),
        (
            DecisionFilter {
                since: Some(at(2_001)),
                until: Some(at(4_001)),
                ..none()
            },
            &[4_000, 3_000],
        ),
        (
            DecisionFilter {
                until: Some(Ts(i64::MAX)),
                since: Some(Ts(-5)),
                limit: 2,
                after: Some(all[3].id),
                ..none()
            },
            &[3_000, 2_000],
        ),
        (
            DecisionFilter {
                until: Some(at(3_000)),
                after: Some(all[4].id),
                ..none()
            },
            &[2_000, 1_000],
        ),
    ];
    for (filter, expected) in &cases {
        let found = a.decisions(filter).await.unwrap();
        let found: Vec<i64> = found.iter().map(|d| d.decided_at.ms() - T0.ms()).collect();
        assert_eq!(&found, expected, "{filter:?}");
    }
    let days = [
        (at(0), at(2_500)),
        (at(2_500), at(9_000)),
        (at(9_000), at(9_999)),
    ];
    let rules = ["consent.missing", "limits.pair-rate", "content.empty"];
    let mut reasons = a.decision_reasons(&rules, &days).await.unwrap();
    reasons.sort_by_key(|r| (r.rule.clone(), r.day));
    let reasons: Vec<(&str, usize, u64)> = reasons
        .iter()
        .map(|r| (r.rule.as_str(), r.day, r.count))
        .collect();
    let expected = [
        ("consent.missing", 0, 1),
        ("consent.missing", 1, 1),
        ("limits.pair-rate", 1, 1),
    ];
    assert_eq!(reasons, expected);
    let mut said = a.decisions_said(installation, 9).await.unwrap();
    said.sort();
    let denied = ("deny".to_owned(), Some("consent.missing".to_owned()), 1);
    assert_eq!(said, [denied]);
    let again = a.decision(all[2].id).await.unwrap().unwrap();
    assert_eq!(again, all[2]);
    let mut b = tx.tenant(w.b.id);
    assert_eq!(b.decision_reasons(&rules, &days).await.unwrap(), []);
    assert_eq!(b.decisions_said(installation, 9).await.unwrap(), []);
    for (filter, _) in &cases {
        assert!(b.decisions(filter).await.unwrap().is_empty(), "{filter:?}");
    }
}

/// A tenant with a million verdicts is asked for the page of one filter: rows come by that filter's
/// index in their order, so that nothing is sorted and nothing is skipped but by a second filter.
async fn no_list_of_verdicts_reads_a_tenants_others_along(w: World) {
    many(&w).await;
    if w.is_postgres() {
        // Of so few rows Postgres may as well walk the time of both tenants, by the key: of a host's it does not.
        crate::schema::raw(
            &w,
            "alter table decisions drop constraint decisions_pkey cascade",
        )
        .await;
    }
    let lists = verdict_lists(w.store.engine());
    assert_eq!(lists.len(), 7);
    for (sql, index) in lists {
        let plan = plan(&w, sql).await;
        assert!(plan.contains(index), "{index}: {plan}\n{sql}");
        assert!(
            !plan.to_lowercase().contains("sort") && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }
    // What is counted is a stretch of the same index.
    let counts = verdict_counts(w.store.engine());
    for (sql, index) in counts.into_iter().chain(grid_counts(w.store.engine())) {
        let plan = plan(&w, sql).await;
        assert!(plan.contains(index), "{index}: {plan}\n{sql}");
    }
}

/// What an answer belongs to and what a person wrote are looked up, however much the tenant has of either.
async fn what_is_looked_up_is_not_walked_to(w: World) {
    let all = lookups();
    assert_eq!(all.len(), 2);
    for (sql, index) in all {
        // Postgres chooses by what it counts in the tables; SQLite by the text.
        if w.is_postgres() {
            continue;
        }
        let plan = plan(&w, sql).await;
        assert!(plan.contains(index), "{index}: {plan}\n{sql}");
    }
}

/// So many that Postgres has something to choose by.
async fn many(w: &World) {
    let rules = [
        None,
        Some("consent.missing"),
        Some("limits.pair-rate"),
        Some("quiet-hours.tenant"),
    ];
    let people: Vec<ContactId> = (0..50).map(|_| ContactId::new(&*w.ids, T0)).collect();
    let campaigns: Vec<CampaignId> = (0..9).map(|_| CampaignId::new(&*w.ids, T0)).collect();
    let plugins: Vec<InstallationId> = (0..7).map(|_| InstallationId::new(&*w.ids, T0)).collect();
    for page in 0..8_i64 {
        // Most of them are somebody else's.
        let tenant = if page % 4 == 0 { w.a.id } else { w.b.id };
        let rows: Vec<DecisionRow> = (0..1_000_usize)
            .map(|n| {
                let verdict = [Verdict::Allow, Verdict::Deny, Verdict::Defer][n % 3];
                let ms = page * 1_000 + i64::try_from(n).unwrap();
                DecisionRow {
                    tenant,
                    contact: people[n % people.len()],
                    campaign: (n % 2 == 0).then(|| campaigns[n % campaigns.len()]),
                    installation: (n % 2 == 1).then(|| plugins[n % plugins.len()]),
                    ..one(w, ms, rules[n % rules.len()], verdict)
                }
            })
            .collect();
        let mut tx = w.write().await;
        tx.tenant(tenant).insert_decisions(&rows).await.unwrap();
        tx.commit().await.unwrap();
    }
    crate::schema::raw(w, "analyze decisions").await;
}

/// How an engine would walk a statement, a step a line.
pub(crate) async fn plan(w: &World, sql: &str) -> String {
    if !w.is_postgres() {
        let mut conn = sqlx::SqliteConnection::connect(&w.url).await.unwrap();
        let explain = AssertSqlSafe(format!("explain query plan {sql}"));
        let rows = sqlx::query(explain).fetch_all(&mut conn).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|r| r.get::<String, _>(3)).collect();
        return steps.join("\n");
    }
    // A plan that holds for every value, as of a table too big to be read as a whole.
    let mut conn = sqlx::PgConnection::connect(&w.url).await.unwrap();
    for one in [
        "set plan_cache_mode = force_generic_plan",
        "set enable_seqscan = off",
        "set enable_bitmapscan = off",
    ] {
        conn.execute(one).await.unwrap();
    }
    let prepare = format!("prepare list as {sql}");
    conn.execute(AssertSqlSafe(prepare)).await.unwrap();
    // As many as it names.
    let places = (1..20).filter(|n| sql.contains(&format!("${n}"))).count();
    let nulls = vec!["null"; places].join(", ");
    let values = match places {
        0 => String::new(),
        _ => format!("({nulls})"),
    };
    let explain = AssertSqlSafe(format!("explain execute list{values}"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut conn).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|r| r.get::<String, _>(0)).collect();
    steps.join("\n")
}
