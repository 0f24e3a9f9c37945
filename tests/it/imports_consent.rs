//! Consent that comes with a file: who answers for it, what is refused, and that the whole file counts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::Env;
use crate::imports::{begin, breaks_off, faults, goes_on, import};

pub(crate) fn attestation(origin: &str) -> Value {
    json!({
        "who": "Marta Ruiz, store manager", "origin": origin,
        "origin_system": "folder 3 of paper forms", "legal_entity": "Tienda Sol S.A.S.",
        "brand": "Tienda Sol", "countries": ["CO"], "categories": ["marketing"], "channel": "whatsapp",
        "registry_checked_on": "2026-11-01", "proof_contact": "Marta Ruiz, marta@example.com",
        "how": "paper form at the till, the box is not ticked beforehand",
        "collected_from": "2026-01-01", "collected_until": "2026-10-31",
        "wording": "Acepto recibir ofertas de Tienda Sol por WhatsApp, como mucho 2 por semana.",
        "topic": "ofertas", "promise": { "max": 2, "per": "week" }, "not_bought": true,
        "privacy_notice_url": "https://example.com/aviso", "privacy_notice_version": "3",
    })
}

fn attested() -> Value {
    json!({ "attestation": attestation("in_store_paper") })
}

async fn events(env: &Env, address: &str) -> Vec<Value> {
    let api = &env.sol().api;
    let person = api.get(&format!("/v1/contacts/{address}")).await.unwrap();
    person["consent_events"].as_array().unwrap().clone()
}

pub(crate) async fn consent_in_a_file_needs_somebody_who_answers_for_it(env: Env) {
    let api = &env.sol().api;
    let file = "phone,name,consent,consent_at\n\
        +573006660001,Uno,si,2026-05-01\n\
        +573006660002,Dos,no,\n\
        +573006660003,Tres,sí,15/06/2026 18:30\n\
        +573006660004,Cuatro,yes,2023-01-01\n\
        +573006660005,Cinco,yes,2026-07-01T10:00:00Z\n\
        +573006660006,Seis,yes,\n\
        +573006660007,Siete,quizás,2026-07-01\n\
        +525512345678,Ocho,yes,2026-07-02\n\
        +573006660009,Nueve,yes,2025-12-31\n";
    // Nobody answers for it: nothing goes in.
    let error = import(api, json!({}), file.as_bytes()).await.unwrap_err();
    assert!(error.to_string().contains("attestation"), "{error}");
    // Every statement it makes is needed, and what it says is checked.
    for (field, value, words) in [
        ("origin", json!("purchased"), "consent.import-refused"),
        ("origin", json!("rented"), "consent.import-refused"),
        ("origin", json!("partner"), "consent.import-refused"),
        ("origin", json!("scraped"), "consent.import-refused"),
        (
            "origin",
            json!("public_directory"),
            "consent.import-refused",
        ),
        ("origin", json!("group_members"), "consent.import-refused"),
        ("origin", json!("found"), "none of"),
        ("not_bought", json!(false), "not_bought"),
        ("who", json!(""), "attestation.who"),
        ("how", json!("form"), "attestation.how"),
        ("wording", json!("ofertas"), "attestation.wording"),
        ("origin_system", json!(""), "attestation.origin_system"),
        ("legal_entity", json!(""), "attestation.legal_entity"),
        ("proof_contact", json!(""), "attestation.proof_contact"),
        ("countries", json!([]), "attestation.countries"),
        ("countries", json!(["Colombia"]), "attestation.countries"),
        ("categories", json!([]), "attestation.categories"),
        ("channel", Value::Null, "attestation.channel"),
        (
            "registry_checked_on",
            json!("2099-01-01"),
            "registry_checked_on",
        ),
        ("registry_checked_on", json!(""), "registry_checked_on"),
        ("collected_from", json!("2026-12-01"), "collected_from"),
        (
            "promise",
            json!({ "max": 0, "per": "week" }),
            "attestation.promise",
        ),
        ("file_sha256", json!("abc"), "attestation.file_sha256"),
    ] {
        let mut how = attested();
        how["attestation"][field] = value;
        let error = api.post("/v1/imports", how).await.unwrap_err().to_string();
        assert!(error.contains(words), "{field}: {error}");
    }
    assert!(api.get("/v1/contacts/+573006660001").await.is_err());
    // Another file than the one that was attested leaves nothing.
    let mut other = attested();
    other["attestation"]["file_sha256"] = json!("0".repeat(64));
    let error = import(api, other, file.as_bytes()).await.unwrap_err();
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert!(api.get("/v1/contacts/+573006660001").await.is_err());

    let done = import(api, attested(), file.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["new"], &done["consents"], &done["consents_old"]),
        (&json!(5), &json!(3), &json!(1)),
        "{done}"
    );
    assert_eq!(done["attestation"]["legal_entity"], "Tienda Sol S.A.S.");
    assert_eq!(
        faults(api, &done).await,
        [
            (7, "consent_time".to_owned()),
            (8, "consent".to_owned()),
            (9, "consent_country".to_owned()),
            (10, "consent_time".to_owned())
        ]
    );
    let event = events(&env, "+573006660001").await[0].clone();
    assert_eq!(event["kind"], "granted_unconfirmed", "{event}");
    assert_eq!(event["source"], "import");
    assert!(event["evidence"].as_str().unwrap().contains("line 2"));
    assert!(event["evidence"].as_str().unwrap().contains("Marta Ruiz"));
    let proof = &event["proof"];
    for (field, value) in [
        ("brand", json!("Tienda Sol")),
        ("legal_entity", json!("Tienda Sol S.A.S.")),
        ("channel", json!("whatsapp")),
        ("categories", json!(["marketing"])),
        ("wording_text", attestation("qr")["wording"].clone()),
        ("privacy_notice_version", json!("3")),
        ("attestation_id", done["id"].clone()),
    ] {
        assert_eq!(proof[field], value, "{field}: {proof}");
    }
    assert_eq!(proof["wording_sha256"].as_str().unwrap().len(), 64);
    words_of_their_day(&env).await;
    let uno = api.get("/v1/contacts/+573006660001").await.unwrap();
    assert_ne!(uno["consent"]["ofertas"]["state"], "granted");
    assert!(events(&env, "+573006660004").await.is_empty());
    // Consent for another channel is none for this one: the people go in without.
    let mut sms = attested();
    sms["attestation"]["channel"] = json!("sms");
    let rows = "phone,consent,consent_at\n+573006661001,yes,2026-05-01\n";
    let done = import(api, sms, rows.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["new"], &done["consents"]),
        (&json!(1), &json!(0)),
        "{done}"
    );
    assert!(events(&env, "+573006661001").await.is_empty());
    env.end().await;
}

/// Where the words were others for a while, each consent keeps those of its day.
async fn words_of_their_day(env: &Env) {
    let api = &env.sol().api;
    let spring = "Sí, quiero ofertas de Tienda Sol por WhatsApp, hasta 2 por semana.";
    let stretch = |from: &str, until: &str, words: &str| json!({ "from": from, "until": until, "wording": words });
    for (wordings, why) in [
        (
            json!([stretch("2026-05-02", "2026-05-01", spring)]),
            "not after",
        ),
        (
            json!([stretch("mayo", "2026-05-01", spring)]),
            "days such as",
        ),
        (
            json!([stretch("2026-05-01", "2026-05-09", "ofertas")]),
            "20 characters",
        ),
        (
            json!([
                stretch("2026-05-05", "2026-05-09", spring),
                stretch("2026-05-01", "2026-05-05", spring)
            ]),
            "no day in two",
        ),
    ] {
        let mut how = attested();
        how["attestation"]["wordings"] = wordings;
        let error = api.post("/v1/imports", how).await.unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
    let mut how = attested();
    how["attestation"]["wordings"] = json!([stretch("2026-05-01", "2026-05-31", spring)]);
    // The last evening of May in Bogotá is June in UTC.
    let file = "phone,consent,consent_at\n+573006662001,yes,2026-06-01T04:59:59Z\n\
        +573006662002,yes,2026-06-01T05:00:00Z\n+573006662003,yes,2026-04-30\n";
    import(api, how, file.as_bytes()).await.unwrap();
    let usual = attestation("qr")["wording"].clone();
    for (who, words) in [(1, json!(spring)), (2, usual.clone()), (3, usual)] {
        let event = events(env, &format!("+57300666200{who}")).await[0].clone();
        assert_eq!(event["proof"]["wording_text"], words, "{event}");
    }
}

pub(crate) async fn a_file_is_proof_as_a_whole_or_not_at_all(env: Env) {
    let api = &env.sol().api;
    // A list where everybody agreed in the same instant, or nobody knows when, is no proof.
    let same: String = (0..20)
        .map(|n| format!("+5730077700{n:02},yes,2026-05-01\n"))
        .collect();
    let undated: String = (0..10)
        .map(|n| {
            let at = if n < 7 {
                format!("2026-05-0{}", n + 1)
            } else {
                String::new()
            };
            format!("+5730088800{n:02},yes,{at}\n")
        })
        .collect();
    for (rows, words) in [(same, "same time"), (undated, "no time of their own")] {
        let file = format!("phone,consent,consent_at\n{rows}");
        let error = import(api, attested(), file.as_bytes()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(api.get("/v1/contacts/+573007770000").await.is_err());

    // Good for two chunks, undated behind them: broken off and resumed, it is judged as one file.
    let dated = |n: usize| format!("+57310{n:07},yes,2026-05-{:02},{:060}\n", n % 28 + 1, n);
    let bare = |n: usize| format!("+57310{n:07},yes,,{n:060}\n");
    let head = "phone,consent,consent_at,note\n";
    let mut bad = head.to_owned();
    (0..6_000).for_each(|n| bad.push_str(&if n < 4_500 { dated(n) } else { bare(n) }));
    let id = begin(api, attested()).await;
    breaks_off(&env, &id, &bad.as_bytes()[..bad.len() * 2 / 3], 2_000).await;
    let error = goes_on(api, &id, bad.as_bytes())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("1500 of 6000"), "{error}");
    let failed = api.get(&format!("/v1/imports/{id}")).await.unwrap();
    assert_eq!(
        (&failed["state"], &failed["consents"]),
        (&json!("failed"), &json!(0)),
        "{failed}"
    );
    assert!(
        failed["problem"]
            .as_str()
            .unwrap()
            .contains("without any consent")
    );
    assert!(
        events(&env, "+573100000000").await.is_empty(),
        "in, and without consent"
    );
    // Undated at its beginning, good as a whole: a fifth is a fifth of the file.
    let mut good = head.to_owned();
    (0..6_000).for_each(|n| good.push_str(&if n < 1_100 { bare(n) } else { dated(n) }));
    let done = import(api, attested(), good.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["state"], &done["consents"], &done["bad"]),
        (&json!("done"), &json!(4_900), &json!(1_100)),
        "{done}"
    );
    let event = events(&env, "+573100005999").await;
    assert_eq!(event.len(), 1);
    assert_eq!(event[0]["kind"], "granted_unconfirmed");
    env.end().await;
}

pub(crate) async fn of_one_person_twice_in_a_file_the_stricter_counts(env: Env) {
    let api = &env.sol().api;
    let mut file = "phone,consent,consent_at\n".to_owned();
    file.push_str(
        "+573200000001,yes,2026-05-01\n+573200000002,no,\n+573200000003,yes,2026-05-20\n",
    );
    for n in 10..2_500 {
        writeln!(file, "+57320{n:07},yes,2026-05-{:02}", n % 28 + 1).unwrap();
    }
    // In another chunk, two thousand lines on.
    file.push_str(
        "+573200000001,no,\n+573200000002,yes,2026-05-02\n+573200000003,yes,2026-05-10\n",
    );
    for dry in [true, false] {
        let mut how = attested();
        how["dry_run"] = json!(dry);
        let done = import(api, how, file.as_bytes()).await.unwrap();
        assert_eq!(done["consents"], 2_491, "{done}");
    }
    assert!(
        events(&env, "+573200000001").await.is_empty(),
        "a no behind a yes"
    );
    assert!(
        events(&env, "+573200000002").await.is_empty(),
        "a yes behind a no"
    );
    let three = events(&env, "+573200000003").await;
    assert_eq!(three.len(), 1);
    // The older of two: it ends first.
    let older = portero_domain::clock::Ts::parse_rfc3339("2026-05-10T05:00:00Z").unwrap();
    assert_eq!(three[0]["captured_at"], older.ms(), "{three:?}");
    env.end().await;
}

pub(crate) async fn a_file_never_brings_back_who_opted_out(env: Env) {
    let sol = env.sol();
    let api = &sol.api;
    let stop = json!({ "number": sol.shop.number, "value": "stop" });
    env.says(sol, 2, "BAJA").await;
    env.does(sol, 1, "preference", stop).await;
    let people: Vec<&str> = sol.shop.people.iter().map(|p| p.key()).collect();
    let before = env.contact(sol, 2).await;
    let old = "2024-01-15";
    // Somebody who wrote lately keeps a consent that is older than two years.
    env.says(sol, 0, "hola").await;
    let file = format!(
        "phone,name,consent,consent_at\n{},Nuevo nombre,yes,2026-05-01\n{},Otro,yes,2026-05-02\n\
         {},Escribe,yes,{old}\n+573210000001,Calla,yes,{old}\n+573210000002,Nueva,yes,2026-05-03\n",
        people[2], people[1], people[0]
    );
    let done = import(api, attested(), file.as_bytes()).await.unwrap();
    assert_eq!(
        faults(api, &done).await,
        [(2, "revoked".to_owned()), (3, "revoked".to_owned())]
    );
    assert_eq!(
        (&done["consents"], &done["consents_old"]),
        (&json!(2), &json!(1)),
        "{done}"
    );
    let after = env.contact(sol, 2).await;
    assert_eq!(after["consent"], before["consent"]);
    assert_eq!(
        after["name"], before["name"],
        "the row is rejected as a whole"
    );
    assert!(events(&env, "+573210000001").await.is_empty());
    // Without a word about consent the same person may be described.
    let plain = format!("phone,name\n{},Nuevo nombre\n", people[2]);
    let done = import(api, json!({}), plain.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["updated"], &done["bad"]),
        (&json!(1), &json!(0)),
        "{done}"
    );
    env.end().await;
}
