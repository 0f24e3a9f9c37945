//! Media by link (case 75): believed, fetched, or fetched from anywhere; and how long a message waits.

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::*;
use crate::MediaLinks;

const PHOTO: &[u8] = include_bytes!("../samples/photo.jpg");

/// A web server with a photo, something else under a photo's name, and nothing else; counts.
async fn files() -> (String, Arc<AtomicU16>) {
    let asked = Arc::new(AtomicU16::new(0));
    let seen = Arc::clone(&asked);
    let app = Router::new()
        .route(
            "/photo.jpg",
            get(async move || {
                seen.fetch_add(1, Ordering::SeqCst);
                ([(header::CONTENT_TYPE, "image/jpeg")], PHOTO).into_response()
            }),
        )
        .route(
            "/wrong.jpg",
            get(async || ([(header::CONTENT_TYPE, "image/jpeg")], "no photo").into_response()),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move { axum::serve(listener, app).await.unwrap() });
    (format!("http://{address}"), asked)
}

fn image(link: &str) -> Value {
    json!({"type": "image", "image": {"link": link}})
}

#[tokio::test]
async fn case_75_a_link_is_fetched_before_the_message_leaves() {
    let (files, asked) = files().await;
    let mut config = config();
    config.rules.media_links = MediaLinks::FetchedAnywhere;
    let rig = Rig::with(config).await;
    rig.say(ANA, "hola").await;
    let good = format!("{files}/photo.jpg");
    assert_eq!(rig.fate(ANA, image(&good)).await, Vec::<String>::new());
    rig.pass(60_000).await;
    for _ in 0..2 {
        let wamid = rig.send(ANA, image(&good)).await;
        rig.sim.settle().await;
        rig.pass(60_000).await;
        assert_eq!(rig.statuses(&wamid).await, ["sent", "delivered", "read"]);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "kept for ten minutes");
    for bad in ["/nothing.jpg", "/wrong.jpg"] {
        let wamid = rig.send(ANA, image(&format!("{files}{bad}"))).await;
        rig.sim.settle().await;
        rig.pass(60_000).await;
        assert_eq!(rig.statuses(&wamid).await, ["failed 131053"], "{bad}");
    }
    let header = template(
        "foto",
        "es",
        json!([{"type": "header", "parameters": [{"type": "image", "image": {"link": format!("{files}/nothing.jpg")}}]}]),
    );
    let wamid = rig.send(ANA, header).await;
    rig.sim.settle().await;
    rig.pass(60_000).await;
    assert_eq!(rig.statuses(&wamid).await, ["failed 131053"]);
    rig.pass(10 * 60_000).await;
    rig.send(ANA, image(&good)).await;
    rig.sim.settle().await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "and no longer");
}

#[tokio::test]
async fn case_75_loopback_is_fetched_only_where_the_world_says_so() {
    let (files, asked) = files().await;
    let mut config = config();
    config.rules.media_links = MediaLinks::Fetched;
    let rig = Rig::with(config).await;
    rig.say(ANA, "hola").await;
    for bad in [
        format!("{files}/photo.jpg"),
        "https://127.0.0.1/photo.jpg".to_owned(),
        "https://localhost/photo.jpg".to_owned(),
        "https://10.0.0.1/photo.jpg".to_owned(),
    ] {
        let wamid = rig.send(ANA, image(&bad)).await;
        rig.sim.settle().await;
        rig.pass(60_000).await;
        assert_eq!(rig.statuses(&wamid).await, ["failed 131053"], "{bad}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let rig = Rig::new().await;
    rig.say(ANA, "hola").await;
    let nowhere = "https://tienda.example/a.jpg";
    assert_eq!(rig.fate(ANA, image(nowhere)).await[0], "sent", "believed");
}

#[tokio::test]
async fn case_69_a_template_has_a_time_of_its_own() {
    let mut config = config();
    config.wabas[0].templates.push(json!({
        "name": "breve", "language": "es", "category": "UTILITY", "message_send_ttl_seconds": 30,
        "components": [{"type": "BODY", "text": "Tu turno es ahora"}],
    }));
    let rig = Rig::with(config).await;
    let dani = "5491123456789";
    let brief = template("breve", "es", json!([]));
    let late = rig.send(dani, brief.clone()).await;
    rig.pass(31_000).await;
    let intime = rig.send(dani, brief).await;
    rig.pass(10_000).await;
    rig.sim("/people", json!({"wa_id": dani, "online": true}))
        .await;
    rig.pass(60_000).await;
    assert_eq!(
        rig.statuses(&late).await,
        ["sent"],
        "dropped without a word"
    );
    assert_eq!(rig.statuses(&intime).await, ["sent", "delivered", "read"]);
    let path = format!("/v25.0/{WABA}/message_templates");
    for (category, ttl, good) in [
        ("UTILITY", json!(29), false),
        ("UTILITY", json!(43_200), true),
        ("MARKETING", json!(43_199), false),
        ("MARKETING", json!(-1), false),
        ("UTILITY", json!(-1), true),
    ] {
        let body = json!({"name": format!("t_{}", ttl.to_string().replace('-', "m")) + &category.to_lowercase(),
            "language": "es", "category": category, "message_send_ttl_seconds": ttl,
            "components": [{"type": "BODY", "text": "Un aviso de la tienda para usted"}]});
        let (status, answer) = rig.call("POST", &path, Some("token"), body).await;
        assert_eq!(status == 200, good, "{category} {ttl}: {answer}");
    }
}
