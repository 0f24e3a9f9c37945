//! The script of the demo: its acts, and what the seed makes of them. Only public HTTP moves anything.

use anyhow::Context;
use serde_json::{Value, json};

use crate::commands::text;
use crate::demo::Stage;
use crate::demo::chance::Chance;
use crate::demo::cycle;
use crate::demo::day::Day;
use crate::demo::setup::{Standing, World, wait};
use crate::demo::show::Show;
use crate::demo::world::Person;

/// Who plays which part.
struct Cast {
    // Asks for the hours and for an order; programs use this one, who never agrees to anything.
    curious: usize,
    // Leaves a cart and agrees to offers on the way.
    shopper: usize,
    // Agreed on paper and takes it back.
    leaver: usize,
    // Agreed on paper and stays.
    loyal: usize,
}

/// What may happen in any order.
#[derive(Clone, Copy)]
enum Act {
    Offers,
    OptOut,
    Templates,
    SecondShop,
    Mishaps,
}

/// Tells the day, or goes on where shops stood already; `false` when the account at its end does not
/// balance.
pub(super) async fn run(
    running: &Stage,
    world: &World,
    seed: u64,
    show: &Show,
) -> anyhow::Result<bool> {
    let mut day = Day::new(world, show, Chance::new(seed));
    let [sol, lua] = world.shops.as_slice() else {
        anyhow::bail!("the demo has two shops")
    };
    if !world.fresh {
        again(&mut day, sol).await?;
        return day.close().await;
    }
    day.catch_up().await?;
    let shopper = day.chance.one(1, &[4]);
    let leaver = day.chance.one(2, &[3]);
    let cast = Cast {
        curious: 0,
        shopper,
        leaver,
        loyal: 5 - leaver,
    };
    morning(&mut day, sol, &cast).await?;
    let mut acts = [
        Act::Offers,
        Act::OptOut,
        Act::Templates,
        Act::SecondShop,
        Act::Mishaps,
    ];
    day.chance.shuffle(&mut acts);
    for act in acts {
        day.some_minutes(1, 8).await?;
        match act {
            Act::Offers => offers(&mut day, sol, &cast).await?,
            Act::OptOut => opt_out(&mut day, sol, &cast).await?,
            Act::Templates => templates(&mut day, sol, &cast).await?,
            Act::SecondShop => second_shop(&mut day, lua).await?,
            Act::Mishaps => mishaps(&mut day, running, sol).await?,
        }
    }
    next_day(&mut day, sol, &cast).await?;
    cycle::play(&mut day, sol).await?;
    day.close().await
}

/// The shops were here before: what rests is left alone, and somebody writes.
async fn again(day: &mut Day<'_>, sol: &Standing) -> anyhow::Result<()> {
    day.known().await?;
    day.chapter("these shops stand already: the demo goes on with what is there");
    day.some_minutes(1, 8).await?;
    let words = day.chance.one(
        "¿Qué horario tienen?",
        &["¿A qué hora abren?", "¿Cuál es su horario?"],
    );
    day.says(sol, person(sol, 0)?, words).await
}

/// A customer asks for the hours and for an order.
async fn morning(day: &mut Day<'_>, sol: &Standing, cast: &Cast) -> anyhow::Result<()> {
    let curious = person(sol, cast.curious)?;
    day.chapter("a customer asks, the bot answers inside the 24-hour window");
    let hours = day.chance.one(
        "¿Qué horario tienen?",
        &["¿A qué hora abren?", "¿Cuál es su horario?"],
    );
    day.says(sol, curious, hours).await?;
    day.some_minutes(1, 3).await?;
    let order = day.chance.one(
        "¿Dónde está mi pedido?",
        &["¿Y mi pedido?", "Busco mi pedido"],
    );
    day.says(sol, curious, order).await?;
    day.some_minutes(1, 3).await?;
    day.chapter("the shop's own system reports an order; the bot may tell her");
    day.event(sol, curious, "order.paid", json!({ "order": "A-1001" }))
        .await?;
    day.some_minutes(1, 4).await?;
    day.event(sol, curious, "order.shipped", json!({ "order": "A-1001" }))
        .await?;
    day.some_minutes(1, 3).await?;
    day.says(sol, curious, "¿Dónde está mi pedido A-1001?")
        .await
}

/// A promotion without consent is refused with its remedy; with consent it goes, once a day.
async fn offers(day: &mut Day<'_>, sol: &Standing, cast: &Cast) -> anyhow::Result<()> {
    let shopper = person(sol, cast.shopper)?;
    let cart = |id: &str| json!({ "cart": id, "items": [{ "sku": "T-1" }, { "sku": "T-2" }] });
    day.chapter("an abandoned cart of somebody who never agreed to offers");
    day.event(sol, shopper, "cart.abandoned", cart("C-7"))
        .await?;
    day.some_minutes(1, 3).await?;
    day.chapter("the same person asks for offers: the host asks for consent, in its own words");
    let words = day.chance.one(
        "quiero ver ofertas",
        &["¿tienen promociones?", "¿hay descuentos?"],
    );
    day.says(sol, shopper, words).await?;
    day.some_minutes(1, 3).await?;
    day.taps(sol, shopper, "portero:yes:ofertas").await?;
    day.some_minutes(8, 15).await?;
    day.chapter("the same cart again: now there is consent, a promise and a reason");
    day.event(sol, shopper, "cart.abandoned", cart("C-8"))
        .await?;
    day.some_minutes(1, 3).await?;
    day.chapter("a second offer on one day, to somebody who agreed: it waits until tomorrow");
    day.proposes(sol, shopper, "promotional", template(sol, "promo_semana"))
        .await
}

/// An opt-out stops promotion at once.
async fn opt_out(day: &mut Day<'_>, sol: &Standing, cast: &Cast) -> anyhow::Result<()> {
    let leaver = person(sol, cast.leaver)?;
    let word = day.chance.one("BAJA", &["baja", "STOP"]);
    day.chapter(&format!("{word} means {word}"));
    day.says(sol, leaver, word).await?;
    day.some_minutes(1, 3).await?;
    day.proposes(sol, leaver, "promotional", template(sol, "promo_semana"))
        .await
}

/// Templates that cannot go are refused by name; a paused one waits.
async fn templates(day: &mut Day<'_>, sol: &Standing, cast: &Cast) -> anyhow::Result<()> {
    let loyal = person(sol, cast.loyal)?;
    day.chapter("templates: rejected, never seen, without a way to stop, paused");
    let mut names = [
        "promo_rechazada",
        "promo_que_no_existe",
        "promo_sin_salida",
        "promo_pausada",
    ];
    day.chance.shuffle(&mut names);
    for name in names {
        day.proposes(sol, loyal, "promotional", template(sol, name))
            .await?;
        day.some_minutes(1, 2).await?;
    }
    Ok(())
}

/// Another shop, another country and language, the same plugin with its own settings and grants.
async fn second_shop(day: &mut Day<'_>, lua: &Standing) -> anyhow::Result<()> {
    let asking = person(lua, day.chance.one(0, &[2]))?;
    let agreed = person(lua, 1)?;
    day.chapter("the second shop: Brazil, Portuguese, the same plugin digest");
    let words = day.chance.one(
        "qual o horário?",
        &["Qual o horário de vocês?", "vocês abrem quando?"],
    );
    day.says(lua, asking, words).await?;
    day.some_minutes(1, 3).await?;
    day.chapter("its operator granted less: no promotion by the bot, whoever agreed to it");
    day.event(
        lua,
        agreed,
        "cart.abandoned",
        json!({ "cart": "L-3", "items": [{ "sku": "B-9" }] }),
    )
    .await?;
    day.some_minutes(1, 3).await?;
    let words = day.chance.one(
        "quero falar com um atendente",
        &["quero falar com uma pessoa"],
    );
    day.says(lua, asking, words).await?;
    day.some_minutes(1, 3).await?;
    day.says(lua, asking, "alguém aí?").await
}

/// A wrong signature, a delivery that comes twice, a body nobody understands.
async fn mishaps(day: &mut Day<'_>, running: &Stage, sol: &Standing) -> anyhow::Result<()> {
    day.chapter("the outside world misbehaves");
    let http = portero_net::client(portero_net::ClientOptions::default())?;
    let url = format!("{}/webhooks/whatsapp", running.host.url);
    let odd = br#"{"object":"whatsapp_business_account","entry":[{"id":"301000000000001","changes":[{"field":"something_new","value":{"a":1}}]}]}"#;
    let secret = secrecy::SecretString::from(running.secrets.app_secret.clone());
    let right = portero_meta::signature::sign(&secret, odd);
    let wrong = format!("sha256={}", "0".repeat(64));
    for (case, signature) in [
        ("a wrong signature", &wrong),
        ("a field nobody knows", &right),
        ("the same delivery again", &right),
    ] {
        let before = strange(sol).await?;
        let answer = http
            .post(&url)
            .header("x-hub-signature-256", signature)
            .body(odd.to_vec())
            .send()
            .await
            .context("webhook")?;
        wait(day.world).await?;
        let (http, kept) = (answer.status().as_u16(), strange(sol).await? - before);
        day.show.event(
            "webhook",
            &format!("   a webhook: {case:<26} → HTTP {http}, events kept: {kept}"),
            json!({ "case": case, "http": http, "kept": kept }),
        );
    }
    let counts = sol.api.get("/v1/inbox/counts").await?;
    let all: Vec<String> = counts
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| {
            format!(
                "{} {} {}",
                text(c, "count"),
                text(c, "kind"),
                text(c, "state")
            )
        })
        .collect();
    day.show.event(
        "inbox",
        &format!("   inbox of {}: {}", sol.shop.slug, all.join(", ")),
        json!({ "counts": counts }),
    );
    Ok(())
}

/// Events of the shop that nobody understands, by its inbox.
async fn strange(shop: &Standing) -> anyhow::Result<i64> {
    let counts = shop.api.get("/v1/inbox/counts").await?;
    let unhandled = counts
        .as_array()
        .into_iter()
        .flatten()
        .filter(|c| text(c, "kind") == "unhandled");
    Ok(unhandled
        .filter_map(|c| c.get("count").and_then(Value::as_i64))
        .sum())
}

/// 25 hours later the window is closed: text is refused, the template takes its place.
async fn next_day(day: &mut Day<'_>, sol: &Standing, cast: &Cast) -> anyhow::Result<()> {
    let curious = person(sol, cast.curious)?;
    // Meta ends the pause and tells so. The host's queue may look first: it waits for Meta's word,
    // whatever end was announced, and goes on when it comes.
    let four_hours = json!({ "ms": 4 * 3_600_000 });
    day.world
        .control
        .post("/_sim/clock/jump", &four_hours)
        .await
        .map_err(anyhow::Error::msg)?;
    day.chapter("the pause of a template ends, what waited for it goes");
    day.catch_up().await?;
    day.move_ms(21 * 3_600_000).await?;
    day.chapter("25 hours later: what waited for today goes, the window is closed");
    day.catch_up().await?;
    day.proposes(
        sol,
        curious,
        "reply",
        json!({ "type": "text", "body": "¿Todo bien con tu pedido?" }),
    )
    .await?;
    day.some_minutes(1, 3).await?;
    day.event(
        sol,
        curious,
        "order.delivered",
        json!({ "order": "A-1001" }),
    )
    .await
}

fn person(shop: &Standing, index: usize) -> anyhow::Result<&Person> {
    shop.shop.people.get(index).context("the demo's people")
}

fn template(shop: &Standing, name: &str) -> Value {
    json!({ "type": "template", "name": name, "language": shop.shop.template_language })
}
