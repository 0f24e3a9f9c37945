//! Figures against the rows they come from: counted a second time, in SQL, past the host.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use portero::demo::setup;
use portero_domain::clock::Millis;
use portero_domain::ids::TenantId;
use portero_domain::plugin::Sample;
use portero_flow::tally;
use serde_json::{Value, json};
use sqlx::Connection;

use crate::answers::install;
use crate::figures_sql as counts;
use crate::harness::Env;
use crate::{campaigns, segments};

/// A count over the rows of Tienda Sol, with one more value for `$2`.
pub(crate) async fn count(env: &Env, sql: &str, more: &str) -> i64 {
    let tenant = env.sol().id.clone();
    let text = sqlx::AssertSqlSafe(sql.to_owned());
    let two = sql.contains("$2");
    let scalar = if env.database.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&env.database)
            .await
            .unwrap();
        let query = sqlx::query_scalar::<_, Option<i64>>(text).bind(tenant);
        let query = if two {
            query.bind(more.to_owned())
        } else {
            query
        };
        query.fetch_one(&mut conn).await.unwrap()
    } else {
        let mut conn = sqlx::PgConnection::connect(&env.database).await.unwrap();
        let query = sqlx::query_scalar::<_, Option<i64>>(text).bind(tenant);
        let query = if two {
            query.bind(more.to_owned())
        } else {
            query
        };
        query.fetch_one(&mut conn).await.unwrap()
    };
    scalar.unwrap_or_default()
}

/// Changes rows of Tienda Sol past the host.
pub(crate) async fn change(env: &Env, sql: &str) {
    let tenant = env.sol().id.clone();
    let text = sqlx::AssertSqlSafe(sql.to_owned());
    let changed = if env.database.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&env.database)
            .await
            .unwrap();
        let done = sqlx::query(text).bind(tenant).execute(&mut conn).await;
        done.unwrap().rows_affected()
    } else {
        let mut conn = sqlx::PgConnection::connect(&env.database).await.unwrap();
        let done = sqlx::query(text).bind(tenant).execute(&mut conn).await;
        done.unwrap().rows_affected()
    };
    assert_eq!(changed, 1, "{sql}");
}

pub(crate) async fn metrics(env: &Env) -> String {
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
    campaign(env).await;
    env.says(sol, 3, "BAJA").await;
    let stop = json!({ "number": sol.shop.number, "value": "stop" });
    env.does(sol, 2, "preference", stop).await;
    env.propose(sol, 2, "promo-again", promo).await;
    // Some of it happens on another day.
    env.jump(Millis::hours(20)).await;
    env.says(sol, 0, "hola de nuevo").await;
    // Meta has its say on the number and on a template.
    let flagged = json!({ "display_phone_number": sol.shop.display, "event": "FLAGGED" });
    env.meta_says(sol, "phone_number_quality_update", flagged)
        .await;
    let path = format!("/_sim/templates/{}/promo_semana/es", sol.shop.waba);
    let red = json!({ "quality": "RED" });
    env.world.control.post(&path, &red).await.unwrap();
    env.settle().await;
}

/// A campaign to a segment: some get it, some fail, one answers, one leaves after it.
async fn campaign(env: &Env) {
    let sol = env.sol();
    for (n, address) in campaigns::customers(env, 6)
        .await
        .iter()
        .take(4)
        .enumerate()
    {
        let person = json!({ "name": format!("Cliente {n}"), "wa_id": address });
        let made = env.world.control.post("/_sim/people", &person).await;
        made.expect("a person at the simulator");
    }
    let reads = ["contacts.read", "config", "log"];
    segments::install(env, portero::guest::RFM_SEGMENTS, &reads, json!({})).await;
    let list = sol.api.get("/v1/segments").await.unwrap();
    let body = json!({
        "name": "Semana", "template": "promo_semana", "language": "es", "topic": "ofertas",
        "why": "agreed to offers",
        "audience": { "who": "segment", "installation": list[0]["installation"], "segment": "new" },
    });
    let fault = json!({ "next": [{ "code": 131_026, "times": 1, "mode": "async" }] });
    env.world
        .control
        .post("/_sim/faults", &fault)
        .await
        .unwrap();
    let (id, _) = campaigns::launch(env, &body).await;
    campaigns::until(env, &id, "done").await;
    for (address, words) in [("573005570001", "¿hasta cuándo?"), ("573005570002", "BAJA")] {
        let said = setup::say(&env.world.control, address, sol.shop.number, words).await;
        said.expect("said");
        env.settle().await;
    }
}

/// Waits until nothing that happened is missing in the figures.
pub(crate) async fn complete(env: &Env, installation: &str) -> Value {
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

pub(crate) async fn totals(env: &Env, installation: &str) -> Vec<Value> {
    let path = format!("/v1/reports/{installation}/totals");
    let view = env.sol().api.get(&path).await.expect("totals");
    assert_eq!(view["truncated"], false);
    view["rows"].as_array().expect("rows").clone()
}

/// Every figure equals its independent count; one that has none fails. Returns how many were compared.
pub(crate) async fn equals_the_rows(env: &Env, rows: &[Value]) -> usize {
    let mut compared = 0;
    let mut sums: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for row in rows {
        let metric = row["metric"].as_str().expect("a metric");
        let value = row["value"].as_i64().expect("a number");
        let labels = row["labels"].as_object().expect("labels");
        let mut known = labels.is_empty() && counts::total(metric).is_some();
        for (label, of) in labels {
            if counts::broken_down(metric, label).is_some() {
                let of = of.as_str().expect("a text").to_owned();
                *sums
                    .entry((metric.to_owned(), label.clone(), of))
                    .or_default() += value;
                known = true;
            }
        }
        assert!(known, "no SQL counts {row}");
    }
    for metric in counts::TOTALS {
        let row = rows
            .iter()
            .find(|r| r["metric"] == *metric && r["labels"] == json!({}));
        let figure = row.map_or(0, |r| r["value"].as_i64().expect("a number"));
        let sql = counts::total(metric).expect("a count");
        assert_eq!(figure, count(env, &sql, "").await, "{metric}");
        compared += 1;
    }
    for ((metric, label, of), figure) in sums {
        let sql = counts::broken_down(&metric, &label).expect("a count");
        assert_eq!(figure, count(env, &sql, &of).await, "{metric} {label}={of}");
        compared += 1;
    }
    compared
}

pub(crate) async fn every_figure_equals_a_count_over_the_raw_rows(env: Env) {
    let installation = metrics(&env).await;
    busy_day(&env).await;
    let stands = complete(&env, &installation).await;
    for metric in stands["metrics"].as_array().unwrap() {
        let id = metric["id"].as_str().unwrap();
        let counted = counts::total(id).is_some() || counts::labels(id).next().is_some();
        assert!(counted, "{id} is declared and no SQL counts it");
    }
    let rows = totals(&env, &installation).await;
    let compared = equals_the_rows(&env, &rows).await;
    assert!(compared > 80, "{compared} figures");
    // The day has something of every breakdown.
    for (metric, label) in [
        ("sent.by", "campaign"),
        ("sent.by", "segment"),
        ("sent.by", "opt_in_source"),
        ("delivered.by", "segment"),
        ("read.by", "campaign"),
        ("replied.by", "segment"),
        ("failed.by", "campaign"),
        ("opt_out.by", "campaign"),
        ("denied.by", "template"),
        ("opt_in.source", "source"),
        ("opt_out.source", "source"),
        ("opt_out.opt_in", "source"),
        ("cost", "currency"),
        ("quality", "quality"),
    ] {
        let any = rows
            .iter()
            .any(|r| r["metric"] == metric && r["labels"][label].is_string());
        assert!(any, "the day has no {metric} by {label}");
    }
    // The campaign's messages among it: each costs 0.0125.
    let cost = rows.iter().find(|r| r["metric"] == "cost");
    let cost = cost.and_then(|r| r["value"].as_i64()).unwrap_or_default();
    let reached = rows
        .iter()
        .filter(|r| r["metric"] == "delivered.by" && r["labels"]["campaign"].is_string())
        .filter_map(|r| r["value"].as_i64())
        .sum::<i64>();
    assert!(reached > 0 && cost >= reached * 12_500, "{reached}: {cost}");
    for metric in [
        "sent",
        "delivered",
        "read",
        "failed",
        "replied",
        "opt_out",
        "opt_in",
        "denied",
        "priced",
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
    let html = page(&env, "/figures?lang=pt").await;
    assert!(html.contains("Lidas (no mínimo)"), "{html}");
    env.end().await;
}

pub(crate) async fn a_small_sum_is_not_lost_behind_large_ones(env: Env) {
    let installation = metrics(&env).await;
    env.says(env.sol(), 0, "hola").await;
    let stands = complete(&env, &installation).await;
    let ctx = env.stage.host.ctx.clone();
    let id: TenantId = env.sol().id.parse().unwrap();
    let sample = |metric: &str, labels: Vec<(String, String)>, add: i64| Sample {
        metric: metric.to_owned(),
        labels,
        add,
    };
    // More sums than a report holds, all larger than the one that matters.
    let mut samples: Vec<Sample> = (0..1_200)
        .map(|n| {
            let label = ("template".to_owned(), format!("t{n}"));
            sample("sent.by", vec![label], 1_000 + n)
        })
        .collect();
    samples.push(sample("opt_out", Vec::new(), 3));
    let seq = stands["shown"].as_i64().unwrap();
    let mut tx = ctx.store.write().await.unwrap();
    let day = "2026-11-23";
    let place = (seq, seq);
    let which = installation.parse().unwrap();
    let kept = tx
        .tenant(id)
        .move_tally(which, place, day, &samples, ctx.now())
        .await;
    assert!(kept.unwrap());
    tx.commit().await.unwrap();
    let path =
        format!("/v1/reports/{installation}/cards?lang=en&since=2026-11-01&until=2026-12-31");
    let view = env.sol().api.get(&path).await.unwrap();
    let lines = view["cards"][0]["lines"].as_array().unwrap();
    let out = lines.iter().find(|l| l["label"] == "Opt-outs").unwrap();
    assert_eq!(out["amount"], 3, "{view}");
    assert_eq!(view["truncated"], true);
    let largest = &view["cards"][1]["lines"][0];
    assert_eq!(largest["label"], "t1199", "{view}");
    // Said in the file and on the page.
    let csv = env.sol().api.download(&format!("{path}&format=csv")).await;
    let csv = csv.unwrap().text().await.unwrap();
    assert!(csv.contains("(truncated"), "{csv}");
    let html = page(&env, "/figures?lang=en&since=2026-11-01&until=2026-12-31").await;
    assert!(html.contains("The smallest sums are left out"), "{html}");
    env.end().await;
}

/// A page of the console, logged in with the link of the host, which works once.
pub(crate) async fn page(env: &Env, path: &str) -> String {
    let cookie = log_in(env).await;
    look(env, &cookie, path).await
}

/// The session that the link of the host opens; the link works once.
pub(crate) async fn log_in(env: &Env) -> String {
    let login = env
        .http
        .get(&env.stage.host.login_url)
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// A page of the console, with a session.
pub(crate) async fn look(env: &Env, cookie: &str, path: &str) -> String {
    let url = env.stage.host.url.clone() + path;
    let html = env.http.get(url).header("cookie", cookie).send().await;
    html.unwrap().text().await.unwrap()
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
    // The page says it beside the field, in its language.
    let cookie = log_in(&env).await;
    for (lang, query, words) in [
        ("es", "since=ayer", "Eso no es un día: "),
        ("pt", "until=x", "Isso não é um dia depois do primeiro"),
        (
            "en",
            "since=2026-11-23&until=2026-11-23",
            "That is no day after the first",
        ),
    ] {
        let path = format!("/figures?lang={lang}&shop={}&{query}", sol.shop.slug);
        let answer = env.http.get(format!("{}{path}", env.stage.host.url));
        let answer = answer.header("cookie", &cookie);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        let page = answer.text().await.unwrap();
        assert!(
            page.contains("role=\"alert\"") && page.contains(words),
            "{query}: {page}"
        );
        assert_eq!(page.matches("aria-invalid").count(), 1, "{query}");
    }
    // Another shop's figures are not there at all.
    let path = format!("/v1/reports/{installation}/totals");
    let error = env.lua().api.get(&path).await.unwrap_err().to_string();
    assert!(error.contains("no analytics installation"), "{error}");
    env.end().await;
}
