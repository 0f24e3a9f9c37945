//! People from files: encodings, separators, bad lines, files that break off, consent, and back out.

use portero::client::{Api, Body};
use serde_json::{Value, json};
use sha2::Digest;

use crate::harness::Env;

pub(crate) async fn begin(api: &Api, how: Value) -> String {
    let made = api.post("/v1/imports", how).await.expect("begun");
    made["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn send(api: &Api, id: &str, offset: u64, bytes: &[u8]) -> anyhow::Result<Value> {
    let path = format!("/v1/imports/{id}/rows?offset={offset}");
    let body = Body::Bytes(bytes.to_vec());
    api.send(reqwest::Method::PUT, &path, Some(body)).await
}

pub(crate) async fn import(api: &Api, how: Value, bytes: &[u8]) -> anyhow::Result<Value> {
    let id = begin(api, how).await;
    send(api, &id, 0, bytes).await
}

pub(crate) async fn faults(api: &Api, import: &Value) -> Vec<(u64, String)> {
    let id = import["id"].as_str().unwrap();
    let page = api
        .get(&format!("/v1/imports/{id}/faults?limit=200"))
        .await
        .unwrap();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            (
                f["line"].as_u64().unwrap(),
                f["reason"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

pub(crate) async fn good_lines_go_in_and_bad_ones_are_told_with_line_and_reason(env: Env) {
    let api = &env.sol().api;
    // Latin-1, semicolons, Spanish names; eight kinds of bad lines.
    let text = "Teléfono;Nombre;País;Idioma;Etiquetas;Ciudad de entrega\n\
        +57 300 999 0001;José Ñandú;co;es;vip,mayorista;Bogotá\n\
        3009990002;Sin código;;;;\n\
        +573009990003;Muchas;CO;es;;Cali;de más\n\
        +573009990004;Lengua;CO;klingon;;\n\
        +573009990005;País;Colombia;es;;\n\
        ;Nadie;CO;es;;\n\
        5,73E+11;Redondeado;CO;es;;\n\
        +573009990006;\"Ana \"\"La\"\" Paz\";CO;es;;\"Calle 1;\npiso 2\"\n\
        +573009990007;\"Abierta;CO;es;;\n\
        +573009990008;Tras la abierta;CO;es;;\n\
        573009990009;Con código;CO;;;Pasto\n";
    let (bytes, _, _) = encoding(text);
    let how = json!({ "label": "clientes.csv", "bytes_total": bytes.len() });
    let dry = import(api, json!({ "dry_run": true }), &bytes)
        .await
        .unwrap();
    assert_eq!((&dry["new"], &dry["bad"]), (&json!(4), &json!(7)), "{dry}");
    assert!(api.get("/v1/contacts/+573009990001").await.is_err());
    let done = import(api, how, &bytes).await.unwrap();
    assert_eq!(done["state"], "done");
    assert_eq!(done["format"]["encoding"], "windows-1252", "{done}");
    assert_eq!(done["format"]["separator"], ";");
    assert_eq!(
        done["format"]["columns"],
        json!([
            "address",
            "name",
            "country",
            "language",
            "tags",
            "attribute:ciudad_de_entrega"
        ])
    );
    assert_eq!(done["byte_offset"], bytes.len());
    assert_eq!(
        (&done["new"], &done["bad"]),
        (&json!(4), &json!(7)),
        "{done}"
    );
    let told = faults(api, &done).await;
    let expected = [
        (3, "address"),
        (4, "columns"),
        (5, "language"),
        (6, "country"),
        (7, "address"),
        (8, "address"),
        (11, "quote"),
    ];
    assert_eq!(
        told,
        expected.map(|(line, reason)| (line, reason.to_owned()))
    );
    let jose = api.get("/v1/contacts/+573009990001").await.unwrap();
    assert_eq!(jose["name"], "José Ñandú");
    assert_eq!(jose["tags"], json!(["mayorista", "vip"]));
    assert_eq!(jose["attributes"]["ciudad_de_entrega"], "Bogotá");
    assert_eq!(jose["country"], "CO");
    let ana = api.get("/v1/contacts/+573009990006").await.unwrap();
    assert_eq!(ana["attributes"]["ciudad_de_entrega"], "Calle 1;\npiso 2");
    assert!(api.get("/v1/contacts/+573009990008").await.is_ok());
    // Again: everybody is known, nothing doubles; whoever is blocked stays out.
    let block = json!({ "scope": "all", "reason": "asked in the shop" });
    api.post("/v1/contacts/+573009990009/block", block)
        .await
        .unwrap();
    let again = import(api, json!({}), &bytes).await.unwrap();
    assert_eq!(
        (&again["new"], &again["updated"]),
        (&json!(0), &json!(3)),
        "{again}"
    );
    assert!(
        faults(api, &again)
            .await
            .contains(&(13, "blocked".to_owned()))
    );
    // An id with an E in it is no number that a spreadsheet has rounded.
    let done = import(api, json!({}), b"phone,name\nPE.9001E22,Id\n5.73E+11,No\n")
        .await
        .unwrap();
    assert_eq!(
        (&done["new"], &done["bad"]),
        (&json!(1), &json!(1)),
        "{done}"
    );
    // 55 is Brazil, and a city in it.
    let lua = &env.lua().api;
    let city = "telefone;nome\n55 9 8765 4321;Da cidade\n5555987654322;Inteiro\n";
    let how = json!({ "calling_code": "55" });
    let done = import(lua, how, city.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["new"], &done["bad"]),
        (&json!(2), &json!(0)),
        "{done}"
    );
    assert!(lua.get("/v1/contacts/+5555987654321").await.is_ok());
    let done = import(lua, json!({}), city.as_bytes()).await.unwrap();
    assert_eq!(faults(lua, &done).await, [(2, "address".to_owned())]);
    // What cannot be read at all says so, and the other shop sees none of it.
    for (bytes, words) in [
        (&b"nombre,ciudad\nAna,Cali\n"[..], "phone"),
        (b"", "empty"),
        (b"\xff\xfea\0,\0", "UTF-16"),
    ] {
        let error = import(api, json!({}), bytes).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let id = again["id"].as_str().unwrap();
    assert!(lua.get(&format!("/v1/imports/{id}")).await.is_err());
    assert!(lua.get(&format!("/v1/imports/{id}/faults")).await.is_err());
    assert!(send(lua, id, 0, b"x").await.is_err());
    let list = lua.get("/v1/imports").await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    env.end().await;
}

/// Latin-1 by hand: every character of these tests is below 256.
fn encoding(text: &str) -> (Vec<u8>, (), ()) {
    let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap());
    (bytes.collect(), (), ())
}

/// Sends the beginning of a file and pulls the cable when `rows` of it are in.
pub(crate) async fn breaks_off(env: &Env, id: &str, first: &[u8], rows: u64) {
    let api = &env.sol().api;
    let url = format!("{}/v1/imports/{id}/rows?offset=0", env.stage.host.url);
    let (pull, pulled) = tokio::sync::oneshot::channel::<()>();
    let first = first.to_vec();
    let pieces =
        futures_util::stream::unfold((Some(first), Some(pulled)), |(first, pulled)| async {
            if let Some(first) = first {
                return Some((Ok(first), (None, pulled)));
            }
            pulled?.await.ok();
            let error = std::io::Error::other("the cable is pulled");
            Some((Err(error), (None, None)))
        });
    let request = env
        .http
        .put(url)
        .bearer_auth(&env.sol().token)
        .body(reqwest::Body::wrap_stream(pieces));
    let request = tokio::spawn(request.send());
    let path = format!("/v1/imports/{id}");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let mut stands = api.get(&path).await.unwrap();
    while stands["rows"].as_u64().unwrap() < rows {
        assert!(std::time::Instant::now() < deadline, "{stands}");
        stands = api.get(&path).await.unwrap();
    }
    pull.send(()).unwrap();
    let broken = request.await.unwrap();
    assert!(broken.is_err() || !broken.unwrap().status().is_success());
}

/// Sends the rest of a file from where it stands until it has ended, one way or the other.
pub(crate) async fn goes_on(api: &Api, id: &str, bytes: &[u8]) -> anyhow::Result<Value> {
    let path = format!("/v1/imports/{id}");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        assert!(std::time::Instant::now() < deadline, "it never ends");
        let stands = api.get(&path).await.unwrap();
        let offset = stands["byte_offset"].as_u64().unwrap();
        let from = usize::try_from(offset).unwrap();
        assert!(from > 0 && from < bytes.len());
        assert_eq!(bytes[from - 1], b'\n', "it stands between two lines");
        // The host may still be busy with the last of what it got: then it stands further on.
        match send(api, id, offset, &bytes[from..]).await {
            Err(error) if error.to_string().contains("offset") => {}
            ended => return ended,
        }
    }
}

pub(crate) async fn a_file_that_breaks_off_goes_on_where_it_stands(env: Env) {
    use std::fmt::Write as _;
    let api = &env.sol().api;
    let rows = 12_000;
    let mut text = "phone,name,plan,note\n".to_owned();
    for n in 0..rows {
        let bad = if n % 4_000 == 1_234 { "x" } else { "" };
        writeln!(text, "+5731{bad}{n:08},Persona {n},p{},{:040}", n % 3, n).unwrap();
    }
    let bytes = text.as_bytes();
    let id = begin(api, json!({ "bytes_total": bytes.len() })).await;
    // The connection ends in the middle of a line, when some of it is in.
    breaks_off(&env, &id, &bytes[..bytes.len() * 2 / 3], 2_000).await;
    let path = format!("/v1/imports/{id}");
    let stands = api.get(&path).await.unwrap();
    assert_eq!(stands["state"], "open");
    // From anywhere else it is refused; from where it stands it ends.
    let error = send(api, &id, 1, bytes).await.unwrap_err().to_string();
    assert!(error.contains("stands at byte"), "{error}");
    let done = goes_on(api, &id, bytes).await.unwrap();
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["rows"], rows);
    assert_eq!(
        (&done["new"], &done["bad"]),
        (&json!(rows - 3), &json!(3)),
        "{done}"
    );
    let whole = hex::encode(sha2::Sha256::digest(bytes));
    assert_eq!(done["sha256"], whole.as_str(), "of both pieces together");
    let lines: Vec<u64> = faults(api, &done).await.into_iter().map(|f| f.0).collect();
    assert_eq!(lines, [1_236, 5_236, 9_236]);
    assert!(send(api, &id, 0, bytes).await.is_err(), "it has ended");
    let last = api.get("/v1/contacts/+573100011999").await.unwrap();
    assert_eq!(last["attributes"]["plan"], "p2", "{last}");
    env.end().await;
}

pub(crate) async fn two_addresses_of_one_person_in_a_file_are_one_person(env: Env) {
    let sol = env.sol();
    env.says(sol, 0, "hola").await;
    let person = &sol.shop.people[0];
    let before = env.contact(sol, 0).await;
    let file = format!(
        "phone,name,plan,tags\n+{},Primero,p1,vip\n+573009990011,Otra,p1,\n{},Segundo,p2,vip\n",
        person.wa_id.as_deref().expect("a phone"),
        person.user_id
    );
    let done = import(&sol.api, json!({}), file.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["state"], &done["new"], &done["updated"], &done["bad"]),
        (&json!("done"), &json!(1), &json!(2), &json!(0)),
        "{done}"
    );
    let after = env.contact(sol, 0).await;
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["name"], "Segundo", "what is told last counts");
    assert_eq!(after["attributes"]["plan"], "p2");
    env.end().await;
}

pub(crate) async fn an_export_can_be_read_in_again(env: Env) {
    let api = &env.sol().api;
    let key = env.sol().shop.people[0].key();
    let body = json!({
        "name": "=SUM(A1), \"quoted\"", "attributes": { "nota": "+1 línea\notra", "ciudad": "Cali" },
        "tags": ["vip", "mayorista"],
    });
    let told = api.put(&format!("/v1/contacts/{key}"), body).await.unwrap();
    let out = api.download("/v1/contacts.csv").await.unwrap();
    assert_eq!(out.headers()["content-type"], "text/csv; charset=utf-8");
    let csv = out.text().await.unwrap();
    let people = env.sol().shop.people.len();
    assert!(
        csv.starts_with("contact_id,phone,name,language,country,tags,topics,"),
        "{csv}"
    );
    assert!(csv.contains("'=SUM"), "{csv}");
    assert_eq!(csv.matches("con_").count(), people);
    let lua = env.lua().api.download("/v1/contacts.csv").await.unwrap();
    assert!(!lua.text().await.unwrap().contains(key));
    // Read in by the shop itself nothing changes; by the other shop everybody is new.
    let done = import(api, json!({}), csv.as_bytes()).await.unwrap();
    assert_eq!(
        (&done["updated"], &done["bad"]),
        (&json!(people), &json!(0)),
        "{done}"
    );
    let now = api.get(&format!("/v1/contacts/{key}")).await.unwrap();
    assert_eq!(now, told);
    let done = import(&env.lua().api, json!({}), csv.as_bytes())
        .await
        .unwrap();
    assert_eq!(done["new"], people, "{done}");
    let there = env
        .lua()
        .api
        .get(&format!("/v1/contacts/{key}"))
        .await
        .unwrap();
    assert_eq!(there["attributes"], told["attributes"]);
    assert_eq!(there["name"], told["name"]);
    env.end().await;
}

/// More lines than one chunk, the same people again after the middle.
pub(crate) async fn a_dry_run_counts_somebody_once_wherever_they_stand(env: Env) {
    let api = &env.sol().api;
    let mut file = "phone,name\n".to_owned();
    for n in (0..1_500).chain(0..1_000) {
        file.push_str(&format!("+57301{n:07},N{n}\n"));
    }
    let counts = |done: &Value| [&done["new"], &done["updated"], &done["bad"]].map(Value::clone);
    let dry = import(api, json!({ "dry_run": true }), file.as_bytes())
        .await
        .unwrap();
    let expected = [json!(1_500), json!(1_000), json!(0)];
    assert_eq!(counts(&dry), expected, "{dry}");
    // A second one counts the same, and what they said comes true.
    let dry = import(api, json!({ "dry_run": true }), file.as_bytes())
        .await
        .unwrap();
    assert_eq!(counts(&dry), expected, "{dry}");
    let done = import(api, json!({}), file.as_bytes()).await.unwrap();
    assert_eq!(counts(&done), expected, "{done}");
    env.end().await;
}
