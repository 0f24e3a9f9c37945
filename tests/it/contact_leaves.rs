//! What a person may ask for, on their page: everything that is kept about them, and to be erased.

use serde_json::{Value, json};

use crate::campaigns::customers;
use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(contact_leaves::somebody_is_handed_their_data_and_erased_from_their_page),
    test!(contact_leaves::nobody_is_erased_unseen_unsaid_or_from_another_shop),
];

/// Somebody who agreed to offers: their address and their id.
async fn somebody(env: &Env) -> (String, String) {
    let who = customers(env, 1).await.remove(0);
    let path = format!("/v1/contacts/{who}");
    let contact = env.sol().api.get(&path).await.unwrap();
    let id = contact["id"].as_str().unwrap().to_owned();
    (who, id)
}

pub(crate) async fn somebody_is_handed_their_data_and_erased_from_their_page(env: Env) {
    let sol = env.sol().shop.slug;
    let (who, id) = somebody(&env).await;
    let operator = with_role(&env, sol, "operator").await;
    let person = operator
        .get(&env, &format!("/contacts/{sol}/{id}?lang=es"))
        .await
        .body;
    let (export, erase) = (
        format!("/console/contacts/{sol}/{id}/export"),
        format!("/contacts/{sol}/{id}/erase"),
    );
    assert!(
        person.contains(&export) && person.contains(&format!("{erase}?lang=es")),
        "{person}"
    );
    let file = operator.get(&env, &export).await;
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(
        file.headers["content-disposition"],
        format!("attachment; filename=\"{id}.json\"")
    );
    let whole: Value = serde_json::from_str(&file.body).unwrap();
    let same = env
        .sol()
        .api
        .get(&format!("/v1/contacts/{id}/export"))
        .await
        .unwrap();
    assert_eq!(
        whole["contact"], same["contact"],
        "as the API hands it over"
    );
    for (lang, goes, kept, reason) in [
        (
            "es",
            "Qué sale",
            "Huellas para no volver a escribirle",
            "La persona lo pidió",
        ),
        (
            "pt",
            "O que sai",
            "Marcas para não voltar a escrever",
            "A pessoa pediu",
        ),
        (
            "en",
            "What goes",
            "Marks not to write to them again",
            "The person asked for it",
        ),
    ] {
        let page = operator
            .get(&env, &format!("{erase}?lang={lang}"))
            .await
            .body;
        for words in [goes, kept, reason] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(
            !page.contains("erase.kind") && !page.contains(">erase."),
            "{page}"
        );
    }
    let preview = env
        .sol()
        .api
        .get(&format!("/v1/contacts/{id}/erasure"))
        .await
        .unwrap();
    assert_eq!(preview["erased"], false, "looking erases nothing");
    let page = operator.get(&env, &format!("{erase}?lang=en")).await.body;
    for kind in preview["kept"].as_array().unwrap() {
        assert!(
            page.contains(kind["ground"]["en"].as_str().unwrap()),
            "{kind}: {page}"
        );
    }
    let to = format!("/console{erase}");
    let fields = [("lang", "en"), ("reason", "authority"), ("sure", "yes")];
    let done = operator.post(&env, &to, &fields).await;
    assert_eq!(
        (done.status, done.location),
        (303, format!("{erase}?lang=en")),
        "{}",
        done.body
    );
    let after = operator.get(&env, &format!("{erase}?lang=en")).await.body;
    for words in [
        "They are erased.",
        "An authority or a court ordered it",
        "What went",
    ] {
        assert!(after.contains(words), "{words}: {after}");
    }
    assert!(
        !after.contains("<form method=\"post\" action=\"/console/contacts"),
        "{after}"
    );
    let told = env
        .sol()
        .api
        .get(&format!("/v1/contacts/{id}/erasure"))
        .await
        .unwrap();
    assert_eq!(
        (&told["erased"], &told["reason"]),
        (&json!(true), &json!("authority")),
        "{told}"
    );
    assert!(!after.contains(&who), "{after}");
    let gone = operator.get(&env, &export).await;
    assert_eq!(
        gone.status, 303,
        "nothing is left to hand over: {}",
        gone.body
    );
    assert!(gone.location.starts_with(&erase), "{}", gone.location);
    let log = env.sol().api.get("/v1/audit?limit=200").await.unwrap();
    let log = log.to_string();
    assert!(
        log.contains("POST /console/contacts/{tenant}/{who}/erase"),
        "{log}"
    );
    assert!(
        log.contains("GET /console/contacts/{tenant}/{who}/export"),
        "{log}"
    );
    env.end().await;
}

pub(crate) async fn nobody_is_erased_unseen_unsaid_or_from_another_shop(env: Env) {
    let sol = env.sol().shop.slug;
    let (_, id) = somebody(&env).await;
    let operator = with_role(&env, sol, "operator").await;
    let page = format!("/contacts/{sol}/{id}/erase");
    let to = format!("/console{page}");
    let unsure = operator
        .post(&env, &to, &[("lang", "es"), ("reason", "request")])
        .await;
    assert_eq!(unsure.status, 422, "{}", unsure.body);
    assert!(
        unsure
            .body
            .contains("id=\"wrong-sure\" role=\"alert\">Marca que sabes"),
        "{}",
        unsure.body
    );
    let fields = [("lang", "es"), ("reason", "because"), ("sure", "yes")];
    let why = operator.post(&env, &to, &fields).await;
    assert_eq!(why.status, 422, "{}", why.body);
    assert!(why.body.contains("Elige por qué se borra."), "{}", why.body);
    let good = [("reason", "request"), ("sure", "yes")];
    // Who looks but may not edit sees the preview and not the form.
    let auditor = with_role(&env, sol, "auditor").await;
    let looks = auditor.get(&env, &format!("{page}?lang=en")).await.body;
    assert!(
        looks.contains("What goes") && looks.contains("it takes the right to edit"),
        "{looks}"
    );
    assert!(!looks.contains("id=\"do-erase\""), "{looks}");
    assert_eq!(auditor.post(&env, &to, &good).await.status, 403);
    let developer = with_role(&env, sol, "developer").await;
    let export = format!("/console/contacts/{sol}/{id}/export");
    for path in [&page, &export] {
        assert_eq!(developer.get(&env, path).await.status, 403, "{path}");
    }
    let lua = with_role(&env, env.lua().shop.slug, "owner").await;
    for shop in [sol, env.lua().shop.slug] {
        for path in [&page, &export, &to] {
            let path = path.replace(sol, shop);
            let answer = match path.starts_with("/console") && path.ends_with("/erase") {
                true => lua.post(&env, &path, &good).await,
                false => lua.get(&env, &path).await,
            };
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        }
    }
    let still = env
        .sol()
        .api
        .get(&format!("/v1/contacts/{id}/erasure"))
        .await
        .unwrap();
    assert_eq!(still["erased"], false, "{still}");
    env.end().await;
}
