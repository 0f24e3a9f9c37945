//! The page of files of people: checked first, then brought in, with bad rows, columns and whoever answers.

use std::fmt::Write as _;

use serde_json::Value;

use crate::console_campaigns::with_role;
use crate::harness::{Env, Test, test};
use crate::users::{Browser, Shown};

pub(crate) const TESTS: &[Test] = &[
    test!(page_imports::a_file_is_checked_and_then_brought_in_on_the_page),
    test!(page_imports::consents_come_in_with_whoever_answers_for_them),
];

/// A form with a file, as a browser sends it.
async fn send(
    env: &Env,
    browser: &Browser,
    slug: &str,
    fields: &[(&str, &str)],
    file: (&str, &[u8]),
) -> Shown {
    const EDGE: &str = "----portero-test-edge";
    let mut body = String::new();
    for (name, value) in fields {
        let _ = write!(
            body,
            "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    let _ = write!(
        body,
        "--{EDGE}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: text/csv\r\n\r\n",
        file.0
    );
    let mut body = body.into_bytes();
    body.extend_from_slice(file.1);
    body.extend_from_slice(format!("\r\n--{EDGE}--\r\n").as_bytes());
    let request = env
        .http
        .post(format!("{}/console/imports/{slug}", env.stage.host.url))
        .header("accept", "text/html,application/xhtml+xml")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", &browser.cookies)
        .header(
            "content-type",
            format!("multipart/form-data; boundary={EDGE}"),
        )
        .body(body);
    Shown::of(request).await
}

async fn people(env: &Env) -> usize {
    let page = env.sol().api.get("/v1/contacts?limit=200").await.unwrap();
    page["items"].as_array().unwrap().len()
}

pub(crate) async fn a_file_is_checked_and_then_brought_in_on_the_page(env: Env) {
    let slug = env.sol().shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    for (lang, title) in [
        ("es", "Traer personas"),
        ("pt", "Trazer pessoas"),
        ("en", "Bring people in"),
    ] {
        let page = format!("/imports?lang={lang}&shop={slug}");
        let shown = owner.get(&env, &page).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        assert!(shown.body.contains(title), "{}", shown.body);
        assert!(
            shown.body.contains("enctype=\"multipart/form-data\""),
            "{}",
            shown.body
        );
        assert!(!shown.body.contains(">import."), "{}", shown.body);
        let contacts = format!("/contacts?lang={lang}&shop={slug}");
        let contacts = owner.get(&env, &contacts).await.body;
        let link = format!("/imports?lang={lang}&#38;shop={slug}");
        assert!(contacts.contains(&link), "{contacts}");
    }
    let before = people(&env).await;
    // Written by a spreadsheet of Windows: semicolons, and letters that are no UTF-8.
    let file = b"Tel\xe9fono;Nombre;Ciudad;Acepta\n\
        300 666 0001;Jos\xe9;Bogot\xe1;s\xed\n\
        +573006660002;<b>Ana</b>;Cali;s\xed\n\
        nada;Eva;Cali;no\n";
    let fields = [
        ("lang", "es"),
        ("size", "120"),
        ("calling_code", "57"),
        ("act", "check"),
    ];
    let checked = send(&env, &owner, slug, &fields, ("clientes.csv", file)).await;
    assert_eq!(checked.status, 303, "{}", checked.body);
    assert_eq!(people(&env).await, before, "a check keeps nobody");
    let page = owner.get(&env, &checked.location).await.body;
    for words in [
        "clientes.csv",
        "windows-1252",
        "punto y coma",
        "<dt>Teléfono</dt><dd>Teléfono</dd>",
        "<dt>Ciudad</dt><dd>Dato «ciudad»</dd>",
        "<dt>Serían nuevas</dt><dd>2</dd>",
        "<dt>Filas con problemas</dt><dd>1</dd>",
        "Línea 4",
        "El teléfono no sirve",
        "id=\"checked\"",
        // Nobody answers for the consents: they are left out, and that is said.
        "<strong>Acepta</strong>",
        "id=\"upload\"",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<b>Ana"), "{page}");
    // The columns go with the form; one is not wanted.
    let fields = [
        ("lang", "es"),
        ("column", "Teléfono"),
        ("means", "address"),
        ("column", "Nombre"),
        ("means", "name"),
        ("column", "Ciudad"),
        ("means", "ignore"),
        ("column", "Acepta"),
        ("means", ""),
        ("consents", ""),
        ("calling_code", "57"),
        ("act", "import"),
    ];
    let done = send(&env, &owner, slug, &fields, ("clientes.csv", file)).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = owner.get(&env, &done.location).await.body;
    for words in [
        "Personas guardadas",
        "<dt>Personas nuevas</dt><dd>2</dd>",
        "<dt>Ciudad</dt><dd>No se lee</dd>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("id=\"upload\""), "{page}");
    let jose = env
        .sol()
        .api
        .get("/v1/contacts/+573006660001")
        .await
        .unwrap();
    assert_eq!(
        (&jose["name"], &jose["attributes"]["ciudad"]),
        (&Value::from("José"), &Value::Null),
        "{jose}"
    );
    // What cannot be read at all is told on the file's own page, and who brought it in is in the log.
    let broken = send(&env, &owner, slug, &fields[..1], ("x.csv", b"a,b\n1,2\n")).await;
    assert_eq!(broken.status, 303, "{}", broken.body);
    let page = owner.get(&env, &broken.location).await.body;
    assert!(
        page.contains("id=\"problem\"") && page.contains("no column holds the phone"),
        "{page}"
    );
    let id = done
        .location
        .split(['/', '?'])
        .find(|p| p.starts_with("imp_"));
    let log = env.sol().api.get("/v1/audit?limit=50").await.unwrap();
    let rows = log["items"].as_array().unwrap();
    let row = rows.iter().find(|r| {
        r["operation"] == "POST /console/imports/{tenant}"
            && r["targets"]
                .as_array()
                .unwrap()
                .contains(&Value::from(id.unwrap()))
    });
    assert!(row.is_some(), "{log}");
    let list = owner
        .get(&env, &format!("/imports?shop={slug}&lang=es"))
        .await
        .body;
    assert!(
        list.contains("3 filas: 2 nuevas, 0 conocidas, 1 con problemas")
            && list.contains("No se pudo leer"),
        "{list}"
    );
    rights(&env, slug, id.unwrap()).await;
    env.end().await;
}

async fn rights(env: &Env, slug: &str, id: &str) {
    let file: (&str, &[u8]) = ("x.csv", b"phone\n+573006660009\n");
    let fields = [("act", "import")];
    let auditor = with_role(env, slug, "auditor").await;
    let looks = auditor.get(env, &format!("/imports/{slug}/{id}")).await;
    assert_eq!(looks.status, 200, "{}", looks.body);
    let sent = send(env, &auditor, slug, &fields, file).await;
    assert_eq!(sent.status, 403, "{}", sent.body);
    let viewer = with_role(env, slug, "viewer").await;
    assert_eq!(
        viewer
            .get(env, &format!("/imports?shop={slug}"))
            .await
            .status,
        403
    );
    let lua = with_role(env, env.lua().shop.slug, "owner").await;
    for path in [
        format!("/imports?shop={slug}"),
        format!("/imports/{slug}/{id}"),
        format!("/imports/{}/{id}", env.lua().shop.slug),
    ] {
        assert_eq!(lua.get(env, &path).await.status, 404, "{path}");
    }
    let sent = send(env, &lua, slug, &fields, file).await;
    assert_eq!(sent.status, 404, "{}", sent.body);
    // A form of another site does nothing.
    let other = env
        .http
        .post(format!("{}/console/imports/{slug}", env.stage.host.url))
        .header("sec-fetch-site", "cross-site")
        .header("cookie", &auditor.cookies)
        .body("x");
    assert_eq!(other.send().await.unwrap().status(), 403);
    let nobody = env.sol().api.get("/v1/contacts/+573006660009").await;
    assert!(nobody.is_err());
}

pub(crate) async fn consents_come_in_with_whoever_answers_for_them(env: Env) {
    let slug = env.sol().shop.slug;
    let owner = with_role(&env, slug, "owner").await;
    let file: &[u8] =
        b"phone,name,consent,consent_at\n+573006660011,Uno,si,2026-05-01\n+573006660012,Dos,no,\n";
    let answered = |statement: &'static str, origin: &'static str| {
        vec![
            ("lang", "es"),
            ("consents", "yes"),
            ("who", "Marta Ruiz, encargada"),
            ("origin", origin),
            ("how", "formulario de papel en la caja, sin marcar antes"),
            ("collected_from", "2026-01-01"),
            ("collected_until", "2026-10-31"),
            (
                "wording",
                "Acepto recibir ofertas de Tienda Sol por WhatsApp, como mucho 2 por semana.",
            ),
            ("topic", "ofertas"),
            ("promise_max", "2"),
            ("promise_per", "week"),
            ("origin_system", "carpeta 3"),
            ("legal_entity", "Tienda Sol S.A.S."),
            ("brand", ""),
            ("countries", "co"),
            ("registry_checked_on", "2026-11-01"),
            ("proof_contact", "Marta Ruiz, marta@example.com"),
            ("privacy_notice_url", ""),
            ("channel", "whatsapp"),
            ("category", "marketing"),
            ("not_bought", statement),
        ]
    };
    // What cannot stand is said on the form, which keeps what was typed; nothing is begun.
    for (statement, origin, field) in [
        ("", "in_store_paper", "not_bought"),
        ("yes", "purchased", "origin"),
    ] {
        let refused = send(
            &env,
            &owner,
            slug,
            &answered(statement, origin),
            ("l.csv", file),
        )
        .await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(
            refused.body.contains("Marta Ruiz, encargada")
                && refused.body.contains(&format!("{field}: "))
                && refused.body.contains("aria-invalid"),
            "{}",
            refused.body
        );
    }
    let none = env.sol().api.get("/v1/imports").await.unwrap();
    assert_eq!(none["items"].as_array().unwrap().len(), 0, "{none}");
    let fine = answered("yes", "in_store_paper");
    let checked = send(&env, &owner, slug, &fine, ("l.csv", file)).await;
    assert_eq!(checked.status, 303, "{}", checked.body);
    let page = owner.get(&env, &checked.location).await.body;
    for words in [
        "<dt>Permisos por confirmar en el chat</dt><dd>1</dd>",
        "Formulario de papel en la tienda",
        // The form goes on with what was answered, but for the statement.
        "value=\"Marta Ruiz, encargada\"",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        !page.contains("name=\"not_bought\" value=\"yes\" checked"),
        "{page}"
    );
    let real = [&fine[..], &[("act", "import")]].concat();
    let done = send(&env, &owner, slug, &real, ("l.csv", file)).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let uno = env
        .sol()
        .api
        .get("/v1/contacts/+573006660011")
        .await
        .unwrap();
    assert_eq!(
        uno["consent_events"][0]["kind"], "granted_unconfirmed",
        "{uno}"
    );
    // Without a file there is nothing to do.
    let nothing = send(&env, &owner, slug, &[("lang", "pt")], ("", b"")).await;
    assert_eq!(nothing.status, 422, "{}", nothing.body);
    assert!(
        nothing.body.contains("Escolha um arquivo."),
        "{}",
        nothing.body
    );
    env.end().await;
}
