//! The form for a new campaign: five steps of plain forms, each refusal beside its field, one draft at the end.

use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::campaigns::{count, customers, show, until};
use crate::console_campaigns::{in_words, with_role};
use crate::harness::{Env, Test, test};
use crate::users::{Browser, Shown};

pub(crate) const TESTS: &[Test] = &[
    test!(campaign_form::a_campaign_is_written_in_five_steps_then_planned_approved_and_sent),
    test!(campaign_form::what_is_missing_is_said_beside_its_field),
    test!(campaign_form::nobody_writes_a_campaign_without_the_right_or_for_another_shop),
];

/// The form's hidden fields and what somebody adds to them, as a browser would send both.
fn filled(page: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let form = page.split("<form ").find(|f| f.contains("class=\"sheet\""));
    let form = form.unwrap_or_else(|| panic!("no form: {page}"));
    let form = form.split("</form>").next().unwrap();
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1);
    let mut fields: Vec<(String, String)> = hidden
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            (name.to_owned(), read(rest.split('"').next().unwrap()))
        })
        .collect();
    fields.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    fields
}

/// A value as a browser reads it.
fn read(text: &str) -> String {
    let signs = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    let text = signs.iter().fold(text.to_owned(), |text, (code, sign)| {
        text.replace(code, sign)
    });
    text.replace("&#38;", "&")
}

fn address(fields: &[(String, String)]) -> String {
    let mut url = reqwest::Url::parse("http://host/campaigns/new").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    format!("/campaigns/new?{}", url.query().unwrap())
}

/// The next step, as the button of this one leads there.
async fn next(env: &Env, browser: &Browser, page: &str, more: &[(&str, &str)]) -> String {
    let answer = browser.get(env, &address(&filled(page, more))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    in_words(&answer.body);
    answer.body
}

async fn save(env: &Env, browser: &Browser, page: &str, more: &[(&str, &str)]) -> Shown {
    let fields = filled(page, more);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let to = format!("/console/campaigns/{}/new", env.sol().shop.slug);
    browser.post(env, &to, &fields).await
}

pub(crate) async fn a_campaign_is_written_in_five_steps_then_planned_approved_and_sent(env: Env) {
    let sol = env.sol().shop.slug;
    let people = customers(&env, 4).await;
    for address in people.iter().take(2) {
        let path = format!("/v1/contacts/{address}");
        let tagged = json!({ "tags": ["vecina"] });
        env.sol().api.put(&path, tagged).await.unwrap();
    }
    let owner = with_role(&env, sol, "owner").await;
    let list = owner
        .get(&env, &format!("/campaigns?lang=es&shop={sol}"))
        .await;
    let start = format!("/campaigns/new?lang=es&amp;shop={sol}").replace("&amp;", "&#38;");
    assert!(list.body.contains(&start), "{}", list.body);
    for (lang, who, everybody) in [
        ("pt", "Para quem é?", "pessoas"),
        ("en", "Whom is it for?", "people"),
        ("es", "¿Para quién es?", "personas"),
    ] {
        let first = format!("/campaigns/new?lang={lang}&shop={sol}");
        let first = owner.get(&env, &first).await.body;
        in_words(&first);
        assert!(first.contains(who), "{first}");
        // Five people of the shop and these four; two of them with the tag.
        assert!(first.contains(&format!("9 {everybody}</span>")), "{first}");
        let tag = first.split("value=\"tag:vecina\"").nth(1).unwrap();
        assert!(
            tag[..300].contains(&format!("2 {everybody}</span>")),
            "{first}"
        );
    }
    let first = owner
        .get(&env, &format!("/campaigns/new?lang=es&shop={sol}"))
        .await
        .body;
    let second = next(&env, &owner, &first, &[("who", "tag:vecina")]).await;
    assert!(
        second.contains("carrito_recordatorio/es") && second.contains("promo_semana/es"),
        "{second}"
    );
    for not in ["promo_rechazada", "aviso_nuevo", "promo_sin_salida"] {
        assert!(
            !second.contains(not),
            "{not} would leave to nobody: {second}"
        );
    }
    assert!(second.contains("plantillas no aparecen"), "{second}");
    let chosen = [("template", "carrito_recordatorio/es")];
    let third = next(&env, &owner, &second, &chosen).await;
    assert!(
        third.contains("name=\"from.body.nombre\" value=\"name\" checked"),
        "a name is what that slot usually takes: {third}"
    );
    let values = [
        ("from.body.nombre", "name"),
        ("or.body.nombre", "\"vecina\" & co"),
    ];
    let fourth = next(&env, &owner, &third, &values).await;
    assert!(fourth.contains("[nombre]"), "how it reads: {fourth}");
    let why = "Dejaron algo en el <carrito>";
    let reason = [
        ("name", "Carritos"),
        ("purpose", "promotional"),
        ("topic", "ofertas"),
        ("why", why),
    ];
    let fifth = next(&env, &owner, &fourth, &reason).await;
    assert!(fifth.contains("Guardar el borrador"), "{fifth}");
    assert!(fifth.contains("&#60;carrito&#62;"), "{fifth}");
    let time = [("when", "now"), ("at", ""), ("spread", "0")];
    let saved = save(&env, &owner, &fifth, &time).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let (page, _) = saved.location.split_once('?').unwrap();
    let id = page.rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        saved.location,
        format!("/campaigns/{sol}/{id}?lang=es&did=new")
    );
    let view = show(&env, &id).await;
    let d = &view["definition"];
    assert_eq!(view["state"], "draft");
    assert_eq!(
        (d["name"].as_str(), d["why"].as_str(), d["topic"].as_str()),
        (Some("Carritos"), Some(why), Some("ofertas"))
    );
    assert_eq!(d["audience"], json!({ "who": "tag", "tag": "vecina" }));
    let value = json!({ "from": "name", "fallback": "\"vecina\" & co" });
    assert_eq!(d["values"], json!({ "body.nombre": value }));
    let draft = owner.get(&env, &saved.location).await.body;
    assert!(
        draft.contains("Borrador guardado") && draft.contains("/plan\""),
        "{draft}"
    );
    let post = async |what: &str, more: &[(&str, &str)]| {
        let to = format!("/console/campaigns/{sol}/{id}/{what}");
        let answer = owner.post(&env, &to, more).await;
        assert_eq!(answer.status, 303, "{what}: {}", answer.body);
    };
    post("plan", &[]).await;
    let plan = env
        .sol()
        .api
        .get(&format!("/v1/campaigns/{id}/plan"))
        .await
        .unwrap();
    assert_eq!(plan["people"], 2, "{plan}");
    post("approve", &[("plan_hash", plan["hash"].as_str().unwrap())]).await;
    post("run", &[]).await;
    assert_eq!(count(&until(&env, &id, "done").await, "sent"), 2);
    written_down(&env, &id).await;
    env.end().await;
}

/// The log says who wrote the campaign down.
async fn written_down(env: &Env, id: &str) {
    let log = env.world.operator.get("/v1/audit?limit=200").await.unwrap();
    let rows = log["items"].as_array().unwrap();
    let made: Vec<&Value> = rows
        .iter()
        .filter(|row| row.to_string().contains("/console/campaigns/{tenant}/new"))
        .collect();
    assert_eq!(made.len(), 1, "{log}");
    assert!(made[0].to_string().contains(id), "{}", made[0]);
}

pub(crate) async fn what_is_missing_is_said_beside_its_field(env: Env) {
    let sol = env.sol().shop.slug;
    let owner = with_role(&env, sol, "owner").await;
    let ask = async |more: &str| {
        let path = format!("/campaigns/new?lang=es&shop={sol}{more}");
        owner.get(&env, &path).await.body
    };
    let beside = |page: &str, field: &str, words: &str| {
        let said = format!("<p class=\"wrong\" id=\"wrong-{field}\">{words}</p>");
        assert!(page.contains(&said), "{said}: {page}");
        assert!(page.contains("role=\"alert\""), "{page}");
    };
    // Straight to the end: the first step that lacks something is shown.
    let page = ask("&step=5").await;
    assert!(page.contains("id=\"step-1\""), "{page}");
    beside(&page, "who", "Elige para quién es.");
    let page = ask("&step=2&who=tag:nadie").await;
    beside(&page, "who", "Ese grupo ya no existe: elige otro.");
    let page = ask("&step=3&who=all").await;
    assert!(page.contains("id=\"step-2\""), "{page}");
    beside(&page, "template", "Elige una plantilla.");
    let page = ask("&step=3&who=all&template=promo_rechazada/es").await;
    beside(
        &page,
        "template",
        "Esa plantilla no se puede usar desde este número: elige otra.",
    );
    let chosen = "&who=all&template=carrito_recordatorio/es";
    let page = ask(&format!("&step=4{chosen}&from.body.nombre=fixed")).await;
    assert!(page.contains("id=\"step-3\""), "{page}");
    beside(
        &page,
        "from.body.nombre",
        "Escribe el valor que es igual para todas las personas.",
    );
    let valued = format!("{chosen}&from.body.nombre=name");
    let page = ask(&format!("&step=5{valued}&purpose=fun")).await;
    beside(&page, "name", "Ponle un nombre de 1 a 80 letras.");
    beside(&page, "purpose", "Elige para qué es.");
    beside(
        &page,
        "why",
        "Escribe por qué lo reciben, de 1 a 500 letras.",
    );
    // The first look at a step complains of nothing.
    let page = ask(&format!("&step=4{valued}")).await;
    assert!(!page.contains("class=\"wrong\""), "{page}");
    let reason = format!("{valued}&name=Semana&purpose=promotional&why=porque");
    let last = ask(&format!("&step=5{reason}")).await;
    assert!(last.contains("id=\"step-5\""), "{last}");
    let shop_now = "2026-01-01T00:00";
    let bad = [("when", "at"), ("at", shop_now), ("spread", "169")];
    let refused = save(&env, &owner, &last, &bad).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    beside(
        &refused.body,
        "at",
        "Esa hora ya pasó en la tienda: elige una que venga.",
    );
    beside(&refused.body, "spread", "Pon horas enteras, de 0 a 168.");
    assert!(
        refused.body.contains("value=\"169\"") && refused.body.contains(shop_now),
        "what was typed stays: {}",
        refused.body
    );
    let none = env.sol().api.get("/v1/campaigns").await.unwrap();
    assert_eq!(none["items"], json!([]), "nothing was written down");
    // A time of the shop's clock; it starts by itself once it is approved.
    let later = [("when", "at"), ("at", "2031-06-01T09:30"), ("spread", "2")];
    let saved = save(&env, &owner, &last, &later).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let all = env.sol().api.get("/v1/campaigns").await.unwrap();
    let schedule = &all["items"][0]["definition"]["schedule"];
    assert_eq!(schedule["spread_hours"], 2);
    let shown = owner.get(&env, &saved.location).await.body;
    assert!(shown.contains("2031-06-01 09:30"), "{shown}");
    // What changes between form and sending is told by its step too.
    env.jump(Millis::hours(1)).await;
    let about = json!({ "message_template_id": 1, "message_template_name": "carrito_recordatorio",
        "message_template_language": "es", "event": "DISABLED" });
    env.meta_says(env.sol(), "message_template_status_update", about)
        .await;
    env.settle().await;
    let gone = save(&env, &owner, &last, &later).await;
    assert_eq!(gone.status, 422, "{}", gone.body);
    assert!(gone.body.contains("id=\"step-2\""), "{}", gone.body);
    env.end().await;
}

pub(crate) async fn nobody_writes_a_campaign_without_the_right_or_for_another_shop(env: Env) {
    let sol = env.sol().shop.slug;
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    let theirs = format!("/campaigns/new?shop={sol}");
    let answer = lua.get(&env, &theirs).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    let fields = [
        ("who", "all"),
        ("template", "promo_semana/es"),
        ("name", "x"),
        ("purpose", "promotional"),
        ("why", "y"),
        ("when", "now"),
    ];
    let to = format!("/console/campaigns/{sol}/new");
    assert_eq!(lua.post(&env, &to, &fields).await.status, 404);
    let viewer = with_role(&env, sol, "viewer").await;
    assert_eq!(viewer.get(&env, &theirs).await.status, 403);
    assert_eq!(viewer.post(&env, &to, &fields).await.status, 403);
    let list = viewer
        .get(&env, &format!("/campaigns?lang=en&shop={sol}"))
        .await;
    assert!(
        list.body.contains("it takes the right to edit") && !list.body.contains("id=\"new\""),
        "{}",
        list.body
    );
    let none = env.sol().api.get("/v1/campaigns").await.unwrap();
    assert_eq!(none["items"], json!([]));
    // Another shop's segments and tags are none of this one's.
    let mine = format!("/campaigns/new?shop={}&lang=en", env.lua().shop.slug);
    let people = customers(&env, 1).await;
    let path = format!("/v1/contacts/{}", people[0]);
    let vip = json!({ "tags": ["solo-sol"] });
    env.sol().api.put(&path, vip).await.unwrap();
    let page = lua.get(&env, &mine).await.body;
    assert!(!page.contains("solo-sol"), "{page}");
    env.end().await;
}
