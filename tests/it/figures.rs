//! Figures against the rows they come from: counted a second time, in SQL, past the host.

use std::time::{Duration, Instant};

use portero_domain::clock::Millis;
use portero_domain::ids::TenantId;
use portero_flow::tally;
use serde_json::{Value, json};
use sqlx::Connection;

use crate::answers::install;
use crate::harness::Env;

/// A count over the rows of Tienda Sol, with one more value for `$2`.
async fn count(env: &Env, sql: &'static str, more: &str) -> i64 {
    let tenant = env.sol().id.clone();
    let scalar = if env.database.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&env.database)
            .await
            .unwrap();
        let query = sqlx::query_scalar::<_, Option<i64>>(sql).bind(tenant);
        let query = if sql.contains("$2") {
            query.bind(more.to_owned())
        } else {
            query
        };
        query.fetch_one(&mut conn).await.unwrap()
    } else {
        let mut conn = sqlx::PgConnection::connect(&env.database).await.unwrap();
        let query = sqlx::query_scalar::<_, Option<i64>>(sql).bind(tenant);
        let query = if sql.contains("$2") {
            query.bind(more.to_owned())
        } else {
            query
        };
        query.fetch_one(&mut conn).await.unwrap()
    };
    scalar.unwrap_or_default()
}

/// Metric and the count it has to equal.
const COUNTS: &[(&str, &str)] = &[
    ("proposed", "select count(*) from outbox where tenant_id = $1"),
    ("denied", "select count(*) from outbox where tenant_id = $1 and state = 'denied'"),
    ("expired", "select count(*) from outbox where tenant_id = $1 and state = 'expired'"),
    ("cancelled", "select count(*) from outbox where tenant_id = $1 and state = 'cancelled'"),
    ("sent", "select count(*) from outbox where tenant_id = $1 and state = 'sent'"),
    (
        "delivered",
        "select count(distinct outbox_id) from status_events
            where tenant_id = $1 and status in ('delivered', 'read', 'played') and outbox_id is not null",
    ),
    (
        "read",
        "select count(distinct outbox_id) from status_events
            where tenant_id = $1 and status in ('read', 'played') and outbox_id is not null",
    ),
    (
        "failed",
        "select (select count(*) from outbox where tenant_id = $1 and state = 'failed')
            + (select count(*) from status_events where tenant_id = $1 and status = 'failed' and outbox_id is not null)",
    ),
    ("inbound", "select count(*) from inbox where tenant_id = $1 and kind = 'message'"),
    (
        "opt_out",
        "select count(*) from consent_events where tenant_id = $1 and kind in ('revoked', 'meta_stop')",
    ),
    ("opt_in", "select count(*) from consent_events where tenant_id = $1 and kind = 'granted'"),
    (
        "replied",
        "select count(*) from outbox o where o.tenant_id = $1 and o.is_template = 1 and o.begun_at is not null
            and exists (select 1 from inbox e where e.tenant_id = o.tenant_id and e.kind = 'message'
                and e.contact_id = o.contact_id and e.received_at >= o.begun_at
                and e.received_at < o.begun_at + 259200000
                and not exists (select 1 from outbox p where p.contact_id = o.contact_id and p.is_template = 1
                    and p.begun_at is not null and p.begun_at <= e.received_at
                    and (p.begun_at > o.begun_at or (p.begun_at = o.begun_at and p.outbox_id > o.outbox_id))))",
    ),
];

/// Breakdown, the label whose value is `$2`, and the count it has to equal.
const BROKEN_DOWN: &[(&str, &str, &str)] = &[
    (
        "denied.rule",
        "rule",
        "select count(*) from outbox where tenant_id = $1 and state = 'denied' and rule = $2",
    ),
    (
        "sent.by",
        "template",
        "select count(*) from outbox where tenant_id = $1 and state = 'sent' and template_name = $2",
    ),
    (
        "sent.by",
        "topic",
        "select count(*) from outbox where tenant_id = $1 and state = 'sent' and topic = $2",
    ),
    (
        "sent.by",
        "plugin",
        "select count(*) from outbox o join installations i on i.installation_id = o.installation_id
            where o.tenant_id = $1 and o.state = 'sent' and i.plugin_id = $2",
    ),
    (
        "delivered.by",
        "template",
        "select count(*) from outbox where tenant_id = $1 and status in ('delivered', 'read', 'played')
            and template_name = $2",
    ),
    (
        "failed.code",
        "code",
        "select (select count(*) from outbox where tenant_id = $1 and state = 'failed' and cast(error_code as text) = $2)
            + (select count(*) from status_events where tenant_id = $1 and status = 'failed' and outbox_id is not null
                and cast(error_code as text) = $2)",
    ),
    (
        "counted",
        "name",
        "select cast(sum(value) as bigint) from metric_events where tenant_id = $1 and name = $2",
    ),
];

async fn metrics(env: &Env) -> String {
    let installed = install(env, portero::guest::CAMPAIGN_METRICS, json!({}), &[]).await;
    installed["id"].as_str().expect("an id").to_owned()
}

/// A day of everything: answers, promotions let through and refused, failures, opt-outs, carts.
async fn busy_day(env: &Env) {
    let sol = env.sol();
    let config = json!({ "shop": "Tienda Sol", "delay_minutes": 30 });
    install(
        env,
        portero::guest::CART_RECOVERY,
        config,
        &["carrito_recordatorio"],
    )
    .await;
    let promo = json!({ "purpose": "promotional", "topic": "ofertas",
        "content": { "type": "template", "name": "promo_semana", "language": "es" } });
    env.jump(Millis::minutes(2)).await;
    for (who, words) in [
        (0, "hola"),
        (1, "¿qué horario tienen?"),
        (3, "quiero ver ofertas"),
        (4, "hola"),
    ] {
        env.says(sol, who, words).await;
        env.jump(Millis::minutes(2)).await;
    }
    for who in 0..4 {
        env.propose(sol, who, &format!("promo-{who}"), promo.clone())
            .await;
        env.jump(Millis::minutes(2)).await;
    }
    // Two answers to one promotion: replied once.
    env.says(sol, 2, "¿tienen en azul?").await;
    env.jump(Millis::minutes(2)).await;
    env.says(sol, 2, "¿y en rojo?").await;
    for (code, mode) in [(131_026, "async"), (131_049, "async")] {
        let faults = json!({ "next": [{ "code": code, "times": 1, "mode": mode }] });
        env.world
            .control
            .post("/_sim/faults", &faults)
            .await
            .unwrap();
        env.jump(Millis::minutes(2)).await;
        env.event(
            sol,
            1,
            &format!("o-{code}"),
            "order.paid",
            json!({ "order": code.to_string() }),
        )
        .await;
    }
    env.event(
        sol,
        2,
        "c-1",
        "cart.updated",
        json!({ "cart": "C-1", "items": ["Taza"] }),
    )
    .await;
    env.event(
        sol,
        3,
        "c-2",
        "cart.updated",
        json!({ "cart": "C-2", "items": ["Taza", "Té"] }),
    )
    .await;
    env.event(
        sol,
        3,
        "c-3",
        "cart.updated",
        json!({ "items": ["Taza", "Té"] }),
    )
    .await;
    env.jump(Millis::minutes(31)).await;
    env.event(
        sol,
        2,
        "o-1",
        "order.placed",
        json!({ "cart": "C-1", "order": "A-9" }),
    )
    .await;
    env.says(sol, 3, "BAJA").await;
    let stop = json!({ "number": sol.shop.number, "value": "stop" });
    env.does(sol, 2, "preference", stop).await;
    env.propose(sol, 2, "promo-again", promo).await;
    // Some of it happens on another day.
    env.jump(Millis::hours(20)).await;
    env.says(sol, 0, "hola de nuevo").await;
}

/// Waits until nothing that happened is missing in the figures.
async fn complete(env: &Env, installation: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let all = env.sol().api.get("/v1/reports").await.expect("reports");
        let one = all
            .as_array()
            .and_then(|all| all.iter().find(|r| r["installation"] == installation))
            .expect("the installation")
            .clone();
        assert!(one["fault"].is_null(), "{one}");
        if one["behind"] == 0 && one["batches"] != 0 {
            return one;
        }
        assert!(Instant::now() < until, "never complete: {one}");
        tokio::task::yield_now().await;
    }
}

async fn totals(env: &Env, installation: &str) -> Vec<Value> {
    let path = format!("/v1/reports/{installation}/totals");
    let view = env.sol().api.get(&path).await.expect("totals");
    assert_eq!(view["truncated"], false);
    view["rows"].as_array().expect("rows").clone()
}

/// Every figure that has an independent count equals it. Returns how many were compared.
async fn equals_the_rows(env: &Env, rows: &[Value]) -> usize {
    let mut compared = 0;
    for (metric, sql) in COUNTS {
        let row = rows
            .iter()
            .find(|r| r["metric"] == *metric && r["labels"] == json!({}));
        let figure = row.map_or(0, |r| r["value"].as_i64().expect("a number"));
        assert_eq!(figure, count(env, sql, "").await, "{metric}");
        compared += 1;
    }
    for (metric, label, sql) in BROKEN_DOWN {
        for row in rows.iter().filter(|r| r["metric"] == *metric) {
            let Some(value) = row["labels"][label].as_str() else {
                continue;
            };
            let figure = row["value"].as_i64().expect("a number");
            assert_eq!(
                figure,
                count(env, sql, value).await,
                "{metric} {label}={value}"
            );
            compared += 1;
        }
    }
    compared
}

pub(crate) async fn every_figure_equals_a_count_over_the_raw_rows(env: Env) {
    let installation = metrics(&env).await;
    busy_day(&env).await;
    complete(&env, &installation).await;
    let rows = totals(&env, &installation).await;
    let compared = equals_the_rows(&env, &rows).await;
    assert!(compared > 25, "{compared} figures");
    for metric in [
        "sent",
        "delivered",
        "read",
        "failed",
        "replied",
        "opt_out",
        "opt_in",
        "denied",
    ] {
        assert!(
            rows.iter()
                .any(|r| r["metric"] == metric && r["value"].as_i64() > Some(0)),
            "the day has no {metric}"
        );
    }
    // The same numbers by day, on the cards, and as CSV.
    let sol = env.sol();
    let days = sol
        .api
        .get(&format!("/v1/reports/{installation}/days"))
        .await
        .unwrap();
    let days = days["rows"].as_array().unwrap();
    for metric in ["sent", "delivered", "inbound"] {
        let sum: i64 = days
            .iter()
            .filter(|r| r["metric"] == metric)
            .map(|r| r["value"].as_i64().unwrap())
            .sum();
        let total = rows
            .iter()
            .find(|r| r["metric"] == metric && r["labels"] == json!({}));
        assert_eq!(
            Some(sum),
            total.and_then(|r| r["value"].as_i64()),
            "{metric}"
        );
    }
    let inbound = days.iter().filter(|r| r["metric"] == "inbound");
    assert!(inbound.count() >= 2, "two days: {days:?}");
    for (lang, title, label) in [
        ("es", "Resumen", "Leídos (como mínimo)"),
        ("pt", "Resumo", "Lidas (no mínimo)"),
        ("en", "Overview", "Read (at least)"),
    ] {
        let path = format!("/v1/reports/{installation}/cards?lang={lang}");
        let view = sol.api.get(&path).await.unwrap();
        let card = &view["cards"][0];
        assert_eq!(card["title"], title);
        let line = card["lines"]
            .as_array()
            .unwrap()
            .iter()
            .find(|l| l["label"] == label);
        let read = rows
            .iter()
            .find(|r| r["metric"] == "read" && r["labels"] == json!({}));
        assert_eq!(line.unwrap()["amount"], read.unwrap()["value"]);
    }
    let url = format!(
        "{}/v1/reports/{installation}/totals?format=csv",
        env.stage.host.url
    );
    let csv = env
        .http
        .get(url)
        .bearer_auth(&sol.token)
        .send()
        .await
        .unwrap();
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.text().await.unwrap().lines().count(), rows.len() + 1);
    // The page draws them.
    let login = env
        .http
        .get(&env.stage.host.login_url)
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = env.stage.host.url.clone() + "/figures?lang=pt";
    let html = env
        .http
        .get(page)
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    let html = html.text().await.unwrap();
    assert!(html.contains("Lidas (no mínimo)"), "{html}");
    env.end().await;
}

pub(crate) async fn a_crash_between_batches_neither_loses_nor_doubles(env: Env) {
    let installation = metrics(&env).await;
    let ctx = env.stage.host.ctx.clone();
    let id: TenantId = env.sol().id.parse().unwrap();
    let which = installation.parse().unwrap();
    // Switched off, the host's own loop leaves it alone; this test does its work.
    let mut tx = ctx.store.write().await.unwrap();
    tx.tenant(id).set_enabled(which, false).await.unwrap();
    tx.commit().await.unwrap();
    busy_day(&env).await;
    let mut tx = ctx.store.read().await.unwrap();
    let tenant = tx.tenant(id).row().await.unwrap();
    let row = tx.tenant(id).installation(which).await.unwrap().unwrap();
    drop(tx);
    // Two processes gather at once, again and again.
    loop {
        let (a, b) = tokio::join!(tally::gather(&ctx, &tenant), tally::gather(&ctx, &tenant));
        if a.unwrap() + b.unwrap() == 0 {
            break;
        }
    }
    let mut kept = 0;
    loop {
        // The first dies after the plugin answered; of the next two only one is kept.
        drop(tally::show(&ctx, &tenant, &row).await.unwrap());
        let first = tally::show(&ctx, &tenant, &row).await.unwrap();
        let second = tally::show(&ctx, &tenant, &row).await.unwrap();
        let (Some(first), Some(second)) = (first, second) else {
            break;
        };
        let one = tally::keep(&ctx, &first).await.unwrap();
        assert!(one > 0, "the first is kept");
        assert_eq!(
            tally::keep(&ctx, &second).await.unwrap(),
            0,
            "the second is not"
        );
        kept += one;
    }
    assert!(kept > 50, "{kept} outcomes");
    let feed = count(
        &env,
        "select count(*) from observations where tenant_id = $1",
        "",
    )
    .await;
    let stands = complete(&env, &installation).await;
    assert_eq!(stands["shown"], feed, "each outcome once");
    equals_the_rows(&env, &totals(&env, &installation).await).await;
    env.end().await;
}

pub(crate) async fn bad_questions_are_answered_with_what_to_do(env: Env) {
    let installation = metrics(&env).await;
    let sol = env.sol();
    let bot = sol.api.get("/v1/plugins").await.unwrap()[0]["id"].clone();
    for (path, says) in [
        (
            format!("/v1/reports/{installation}/pies"),
            "cards, totals or days",
        ),
        (
            format!("/v1/reports/{installation}/days?since=yesterday"),
            "2026-11-23",
        ),
        (
            format!("/v1/reports/{installation}/days?since=2026-11-23&until=2026-11-23"),
            "no longer counts",
        ),
        (
            format!("/v1/reports/{installation}/days?lang=fr"),
            "es, pt or en",
        ),
        (
            format!("/v1/reports/{installation}/days?format=pdf"),
            "json or csv",
        ),
        (
            format!("/v1/reports/{}/days", bot.as_str().unwrap()),
            "analytics installation",
        ),
    ] {
        let error = sol.api.get(&path).await.unwrap_err().to_string();
        assert!(error.contains(says), "{path}: {error}");
    }
    // Another shop's figures are not there at all.
    let path = format!("/v1/reports/{installation}/totals");
    let error = env.lua().api.get(&path).await.unwrap_err().to_string();
    assert!(error.contains("no analytics installation"), "{error}");
    env.end().await;
}
