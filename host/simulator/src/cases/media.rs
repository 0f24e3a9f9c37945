//! Media through HTTP, with the bytes that real clients send (§1.2, §9; case 75).

use axum::http::Request;
use serde_json::{Value, json};

use super::*;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF and so on";

/// A multipart body as `requests` of Python writes it.
fn multipart(fields: &[(&str, &str)], file: Option<(&str, &str, &[u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend_from_slice(
            format!(
                "--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .as_bytes(),
        );
    }
    if let Some((name, mime, bytes)) = file {
        let kind = if mime.is_empty() {
            String::new()
        } else {
            format!("Content-Type: {mime}\r\n")
        };
        out.extend_from_slice(
            format!("--b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n{kind}\r\n")
                .as_bytes(),
        );
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--b0undary--\r\n");
    out
}

async fn post_media(rig: &Rig, body: Vec<u8>) -> (u16, Value) {
    let request = Request::post(format!("/v25.0/{PN1}/media"))
        .header("authorization", "Bearer token")
        .header("host", "127.0.0.1:8090")
        .header("content-type", "multipart/form-data; boundary=b0undary")
        .body(Body::from(body))
        .unwrap();
    let (status, _, bytes) = rig.raw(request).await;
    (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

const WHATSAPP: (&str, &str) = ("messaging_product", "whatsapp");

async fn upload(rig: &Rig, name: &str, mime: &str, bytes: &[u8]) -> String {
    let body = multipart(&[WHATSAPP, ("type", mime)], Some((name, mime, bytes)));
    let (status, answer) = post_media(rig, body).await;
    assert_eq!(status, 200, "{answer}");
    let fields = answer.as_object().unwrap();
    assert_eq!(fields.len(), 1, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn fetch(rig: &Rig, url: &str, token: Option<&str>) -> (u16, HeaderMap, Bytes) {
    let mut request = Request::get(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let (status, headers, bytes) = rig.raw(request.body(Body::empty()).unwrap()).await;
    (status.as_u16(), headers, bytes)
}

#[tokio::test]
async fn an_upload_is_read_downloaded_and_deleted() {
    let rig = Rig::new().await;
    let id = upload(&rig, "foto.jpg", "image/jpeg", JPEG).await;
    let (status, answer) = rig.get(&format!("/v25.0/{id}")).await;
    assert_eq!(status, 200);
    let url = answer["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://"), "{url}");
    use sha2::Digest as _;
    assert_eq!(
        answer,
        json!({"url": url, "mime_type": "image/jpeg",
            "sha256": hex::encode(sha2::Sha256::digest(JPEG)),
            "file_size": JPEG.len().to_string(), "id": id, "messaging_product": "whatsapp"})
    );
    let (status, headers, bytes) = fetch(&rig, &url, Some("token")).await;
    assert_eq!((status, bytes.as_ref()), (200, JPEG));
    assert_eq!(headers["content-type"], "image/jpeg");

    let (status, answer) = rig
        .call(
            "DELETE",
            &format!("/v25.0/{id}"),
            Some("token"),
            Value::Null,
        )
        .await;
    assert_eq!((status, answer), (200, json!({"success": true})));
    assert_eq!(rig.get(&format!("/{id}")).await.0, 400);
    assert_eq!(fetch(&rig, &url, Some("token")).await.0, 404);
}

#[tokio::test]
async fn slashes_are_escaped_and_the_url_begins_with_the_address_the_client_used() {
    let rig = Rig::new().await;
    let id = upload(&rig, "foto.jpg", "image/jpeg", JPEG).await;
    let request = Request::get(format!("/{id}"))
        .header("authorization", "Bearer token")
        .header("host", "localhost:4711")
        .body(Body::empty())
        .unwrap();
    let (_, _, bytes) = rig.raw(request).await;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(
        text.contains(r#""url":"http:\/\/localhost:4711\/whatsapp_business\/attachments\/?mid="#),
        "{text}"
    );
}

#[tokio::test]
async fn a_url_lives_five_minutes_and_needs_a_token() {
    let rig = Rig::new().await;
    let id = upload(&rig, "foto.jpg", "image/jpeg", JPEG).await;
    let url = rig.get(&format!("/{id}")).await.1["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(fetch(&rig, &url, None).await.0, 401);
    assert_eq!(fetch(&rig, &url, Some("other")).await.0, 404);
    assert_eq!(fetch(&rig, &format!("{url}0"), Some("token")).await.0, 404);
    rig.pass(300_000).await;
    assert_eq!(fetch(&rig, &url, Some("token")).await.0, 200);
    rig.pass(1_000).await;
    let (status, _, bytes) = fetch(&rig, &url, Some("token")).await;
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((status, code(&answer)), (404, 100));
}

#[tokio::test]
async fn what_an_upload_lacks_is_named_as_meta_names_it() {
    let rig = Rig::new().await;
    let file = Some(("a.jpg", "image/jpeg", JPEG));
    for (body, wanted) in [
        (
            multipart(&[], file),
            "(#100) The parameter messaging_product is required.",
        ),
        (
            multipart(&[WHATSAPP], None),
            "(#100) The parameter file is required.",
        ),
        (
            multipart(&[WHATSAPP, ("file", "/tmp/a.jpg")], None),
            "(#100) The parameter file is required.",
        ),
        (
            multipart(&[("messaging_product", "sms")], file),
            "(#100) Param messaging_product must be one of {WHATSAPP}",
        ),
    ] {
        let (status, answer) = post_media(&rig, body).await;
        assert_eq!((status, code(&answer)), (400, 100));
        assert_eq!(answer["error"]["message"], wanted);
    }
    for mime in ["application/zip", ""] {
        let body = multipart(&[WHATSAPP], Some(("a.zip", mime, b"PK")));
        let (status, answer) = post_media(&rig, body).await;
        assert_eq!((status, code(&answer)), (400, 100));
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(
            "(#100) Param file must be a file with one of the following types: audio/aac, "
        ));
        let received = if mime.is_empty() {
            "application/octet-stream"
        } else {
            mime
        };
        assert!(
            message.ends_with(&format!("Received file of type '{received}'.")),
            "{message}"
        );
    }
    // Without a type of its own the part is what `type` says.
    let body = multipart(
        &[WHATSAPP, ("type", "image/jpeg")],
        Some(("a.jpg", "", JPEG)),
    );
    assert_eq!(post_media(&rig, body).await.0, 200);
    // JSON instead of multipart holds no file.
    let (status, answer) = rig
        .call(
            "POST",
            &format!("/v25.0/{PN1}/media"),
            Some("token"),
            json!({"messaging_product": "whatsapp", "file": "@a.jpg"}),
        )
        .await;
    assert_eq!(
        (status, details(&answer)),
        (400, "The parameter file is required.")
    );
}

#[tokio::test]
async fn sizes_are_per_kind_with_the_limit_on_each_side() {
    let rig = Rig::new().await;
    let mut image = JPEG.to_vec();
    image.resize(5 * 1024 * 1024, 0);
    upload(&rig, "a.jpg", "image/jpeg", &image).await;
    image.push(0);
    let body = multipart(&[WHATSAPP], Some(("a.jpg", "image/jpeg", &image)));
    let (status, answer) = post_media(&rig, body).await;
    assert_eq!((status, code(&answer)), (400, 131_053));
    // As a document the same bytes are small.
    let mut pdf = b"%PDF-1.4".to_vec();
    pdf.resize(6 * 1024 * 1024, b' ');
    upload(&rig, "a.pdf", "application/pdf", &pdf).await;
}

#[tokio::test]
async fn uploaded_ids_are_sent_in_every_place_and_unknown_ones_are_refused() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let id = upload(&rig, "foto.jpg", "image/jpeg", JPEG).await;
    let button = |id: &str| {
        json!({"type": "interactive", "interactive": {"type": "button",
            "header": {"type": "image", "image": {"id": id}}, "body": {"text": "x"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "a", "title": "A"}}]}}})
    };
    let header = |id: &str| {
        let parameters = json!([{"type": "image", "image": {"id": id}}]);
        template(
            "foto",
            "es",
            json!([{"type": "header", "parameters": parameters}]),
        )
    };
    let image = |id: &str| json!({"type": "image", "image": {"id": id, "caption": "c"}});
    for content in [image(&id), button(&id), header(&id)] {
        assert_eq!(rig.fate(ANA, content).await, ["sent", "delivered", "read"]);
    }
    for (content, path) in [
        (image("123"), "image['id']"),
        (button("123"), "interactive['header']['image']['id']"),
        (
            header("123"),
            "template['components'][0]['parameters'][0]['image']['id']",
        ),
    ] {
        let (status, answer) = rig.post(message(ANA, content)).await;
        assert_eq!((status, code(&answer)), (400, 100));
        assert_eq!(
            answer["error"]["message"],
            format!(
                "(#100) Param {path} is not a valid whatsapp business account media attachment ID"
            )
        );
    }
}

#[tokio::test]
async fn case_75_a_wrong_type_fails_afterwards_and_an_id_is_good_for_30_days() {
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let id = upload(&rig, "foto.jpg", "image/jpeg", JPEG).await;
    let false_png = upload(&rig, "foto.png", "image/png", JPEG).await;
    let song = upload(&rig, "a.mp3", "audio/mpeg", b"ID3").await;
    for content in [
        json!({"type": "video", "video": {"id": id}}),
        json!({"type": "sticker", "sticker": {"id": id}}),
        json!({"type": "image", "image": {"id": false_png}}),
        json!({"type": "audio", "audio": {"id": song, "voice": true}}),
    ] {
        assert_eq!(rig.fate(ANA, content).await, ["failed 131053"]);
    }
    for content in [
        json!({"type": "document", "document": {"id": id, "filename": "f.jpg"}}),
        json!({"type": "audio", "audio": {"id": song}}),
    ] {
        assert_eq!(rig.fate(ANA, content).await, ["sent", "delivered", "read"]);
    }
    rig.pass(30 * 24 * HOUR).await;
    let (_, answer) = rig
        .post(message(ANA, json!({"type": "image", "image": {"id": id}})))
        .await;
    assert_eq!(code(&answer), 100);
    assert_eq!(rig.get(&format!("/{id}")).await.0, 400);
}

#[tokio::test]
async fn what_a_person_sends_can_be_downloaded_for_seven_days() {
    let rig = Rig::new().await;
    for (kind, mime) in [
        ("image", "image/jpeg"),
        ("video", "video/mp4"),
        ("audio", "audio/ogg; codecs=opus"),
        ("document", "application/pdf"),
        ("sticker", "image/webp"),
    ] {
        rig.sim(
            &format!("/people/{ANA}/say"),
            json!({"number": PN1, "type": kind}),
        )
        .await;
        rig.sim.settle().await;
        let told = rig.told().pop().unwrap();
        let media = &told["messages"][0][kind];
        assert_eq!(media["mime_type"], mime);
        let url = media["url"].as_str().unwrap();
        let (status, headers, bytes) = fetch(&rig, url, Some("token")).await;
        assert_eq!(status, 200, "{url}");
        assert_eq!(headers["content-type"], mime);
        use base64::Engine as _;
        use sha2::Digest as _;
        let sha256 = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&bytes));
        assert_eq!(media["sha256"], sha256);
        assert_eq!(
            crate::media_types::misfit(kind, mime, &bytes, kind == "audio"),
            None
        );
        let id = media["id"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/{id}")).await.0, 200);
        // It was not uploaded on a number of the business.
        let (_, answer) = rig.get(&format!("/{id}?phone_number_id={PN1}")).await;
        assert_eq!(
            details(&answer),
            "Param phone_number_id is not a valid whatsapp business phone number id ID"
        );
    }
    let text = json!({"number": PN1, "type": "document",
        "document": {"data": "aG9sYQ==", "mime_type": "text/plain", "filename": "nota.txt"}});
    rig.sim(&format!("/people/{ANA}/say"), text).await;
    rig.sim.settle().await;
    let document = rig.told().pop().unwrap()["messages"][0]["document"].clone();
    assert_eq!(document["filename"], "nota.txt");
    assert!(document.get("data").is_none());
    let id = document["id"].as_str().unwrap().to_owned();
    let url = document["url"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&rig, &url, Some("token")).await.2.as_ref(), b"hola");
    rig.pass(7 * 24 * HOUR).await;
    assert_eq!(rig.get(&format!("/{id}")).await.0, 400);
    let bad = json!({"number": PN1, "type": "image", "image": {"data": "no base64!"}});
    assert_eq!(rig.sim_raw(&format!("/people/{ANA}/say"), bad).await.0, 422);
}

#[tokio::test]
async fn media_needs_the_messaging_permission_and_its_own_number() {
    let rig = Rig::new().await;
    let id = upload(&rig, "foto.jpg", "image/jpeg", JPEG).await;
    let path = format!("/{id}");
    for (token, wanted) in [(Some("reader"), 10), (None, 0), (Some("other"), 100)] {
        for method in ["GET", "DELETE"] {
            let (_, answer) = rig.call(method, &path, token, Value::Null).await;
            assert_eq!(code(&answer), wanted);
        }
    }
    for (number, status) in [(PN1, 200), (PN2, 400)] {
        let (got, _) = rig.get(&format!("{path}?phone_number_id={number}")).await;
        assert_eq!(got, status);
    }
}
