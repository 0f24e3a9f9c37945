//! The client against a server of our own on a loopback port, and against servers that misbehave.

mod cleared;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode, Uri};
use portero_domain::address::AddressKey;
use portero_domain::content::{Content, Text};
use portero_domain::ids::Wamid;
use portero_net::ClientOptions;
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::send_failure::Reaction;

const TOKEN: &str = "EAAsecret";

#[derive(Clone, Debug)]
struct Asked {
    method: HttpMethod,
    uri: Uri,
    authorization: String,
    body: Value,
}

/// A Graph that answers from a script and remembers what it was asked.
struct Graph {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test server beside the client under test"
)]
async fn graph(answers: Vec<(u16, String)>) -> Graph {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (seen, script) = (Arc::clone(&asked), Arc::new(answers));
    let app = Router::new().fallback(
        move |method: HttpMethod, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let mut seen = seen.lock().unwrap();
            let authorization = headers[AUTHORIZATION].to_str().unwrap().to_owned();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let (status, text) = script[seen.len().min(script.len() - 1)].clone();
            seen.push(Asked {
                method,
                uri,
                authorization,
                body,
            });
            (StatusCode::from_u16(status).unwrap(), text)
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Graph { url, asked }
}

impl Graph {
    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A server that hands each connection to `behave`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test server beside the client under test"
)]
async fn raw_server<F, R>(behave: F) -> String
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(behave(socket));
        }
    });
    url
}

/// Reads until the request's JSON body has come in whole.
async fn read_request(socket: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut buffer = [0_u8; 4096];
    while !seen.ends_with(b"}") {
        let n = socket.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "the client hung up");
        seen.extend_from_slice(&buffer[..n]);
    }
}

fn api(url: &str, timeout: Duration) -> CloudApi {
    let options = ClientOptions {
        timeout,
        ..ClientOptions::default()
    };
    CloudApi::new(url, "v23.0", portero_net::client(options).unwrap()).unwrap()
}

fn patient(url: &str) -> CloudApi {
    api(url, Duration::from_secs(20))
}

fn access() -> Access {
    Access {
        token: SecretString::from(TOKEN),
    }
}

fn message() -> ToSend {
    let id = "01935a7e000070008000000000000001";
    ToSend {
        outbox: format!("out_{id}").parse().unwrap(),
        tenant: format!("ten_{id}").parse().unwrap(),
        sender: PhoneNumberId::new("402000000000021").unwrap(),
        to: AddressKey::parse("+525510010001").unwrap(),
        content: Content::Text(Text {
            body: "Hola".into(),
            preview_url: false,
        }),
        attempt: format!("att_{id}").parse().unwrap(),
        decision: format!("dec_{id}").parse().unwrap(),
    }
}

async fn send_to(status: u16, body: &str) -> SendOutcome {
    let graph = graph(vec![(status, body.to_owned())]).await;
    let outcome = patient(&graph.url).deliver(&message(), &access()).await;
    assert_eq!(
        graph.asked().len(),
        1,
        "a send is one request, whatever the answer"
    );
    outcome
}

const OK: &str = r#"{"messaging_product":"whatsapp","contacts":[{"input":"+525510010001","wa_id":"5215510010001"}],"messages":[{"id":"wamid.OUT1","message_status":"accepted"}]}"#;

#[tokio::test]
async fn an_accepted_message_was_posted_once_with_token_and_attempt() {
    let graph = graph(vec![(200, OK.to_owned())]).await;
    let outcome = patient(&graph.url).deliver(&message(), &access()).await;
    assert_eq!(
        outcome,
        SendOutcome::Accepted {
            wamid: Wamid::new("wamid.OUT1").unwrap(),
            wa_id: Some("5215510010001".into()),
            held: false
        }
    );
    let asked = graph.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, HttpMethod::POST);
    assert_eq!(asked[0].uri.path(), "/v23.0/402000000000021/messages");
    assert_eq!(asked[0].authorization, format!("Bearer {TOKEN}"));
    assert_eq!(asked[0].body, send::body(&message()));
    assert_eq!(
        asked[0].body["biz_opaque_callback_data"],
        message().attempt.to_string()
    );
}

#[tokio::test]
async fn a_held_message_is_accepted_and_held() {
    let body = r#"{"messages":[{"id":"wamid.H","message_status":"held_for_quality_assessment"}]}"#;
    let outcome = send_to(200, body).await;
    assert!(
        matches!(
            outcome,
            SendOutcome::Accepted {
                held: true,
                wa_id: None,
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_refusal_reacts_by_code_whatever_the_http_status() {
    let body = r#"{"error":{"message":"(#131047) Re-engagement message","type":"OAuthException","code":131047,"error_data":{"messaging_product":"whatsapp","details":"525510010001: more than 24 hours"},"fbtrace_id":"A1"}}"#;
    for status in [200, 400, 403, 500] {
        let outcome = send_to(status, body).await;
        assert_eq!(
            outcome,
            SendOutcome::Refused {
                code: 131_047,
                title: "Re-engagement message".into(),
                details: Some("525510010001: more than 24 hours".into()),
                http_status: status,
                reaction: Reaction::Drop,
            }
        );
        assert!(!format!("{outcome:?}").contains("525510010001"));
    }
}

#[tokio::test]
async fn an_unknown_code_is_retried_on_5xx_or_when_meta_calls_it_transient() {
    for (status, transient, retried) in [
        (500, "false", true),
        (400, "true", true),
        (400, "false", false),
    ] {
        let body =
            format!(r#"{{"error":{{"message":"x","code":987654,"is_transient":{transient}}}}}"#);
        let SendOutcome::Refused { reaction, .. } = send_to(status, &body).await else {
            panic!("not refused")
        };
        assert_eq!(reaction.is_retry(), retried, "{status} {transient}");
    }
}

#[tokio::test]
async fn a_server_error_without_an_error_object_leaves_the_message_in_doubt() {
    for (status, body) in [
        (500, ""),
        (502, "<html>Bad Gateway</html>"),
        (503, "{}"),
        (504, ""),
    ] {
        let outcome = send_to(status, body).await;
        let SendOutcome::Lost { why } = &outcome else {
            panic!("{status}: {outcome:?}")
        };
        assert!(why.contains(&status.to_string()), "{why}");
    }
}

#[tokio::test]
async fn success_without_a_message_id_leaves_the_message_in_doubt() {
    for body in [
        "",
        "garbage",
        "{}",
        r#"{"success":true}"#,
        r#"{"messages":[{"id":"wamid"#,
    ] {
        let outcome = send_to(200, body).await;
        assert!(
            matches!(outcome, SendOutcome::Lost { .. }),
            "{body}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_client_error_without_an_error_object_is_a_refusal_for_an_operator() {
    for status in [400, 401, 404, 413] {
        let outcome = send_to(status, "<html>no</html>").await;
        let SendOutcome::Refused {
            code,
            http_status,
            reaction,
            ..
        } = &outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (*code, *http_status, *reaction),
            (NO_CODE, status, Reaction::Alert)
        );
    }
    let outcome = send_to(429, "").await;
    assert!(
        matches!(&outcome, SendOutcome::Refused { reaction, .. } if reaction.is_retry()),
        "{outcome:?}"
    );
    assert!(matches!(send_to(408, "").await, SendOutcome::Lost { .. }));
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let outcome = send_to(307, "").await;
    assert!(matches!(outcome, SendOutcome::Lost { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_closed_after_the_request_leaves_the_message_in_doubt() {
    let url = raw_server(|mut socket| async move { read_request(&mut socket).await }).await;
    let outcome = patient(&url).deliver(&message(), &access()).await;
    assert!(matches!(outcome, SendOutcome::Lost { .. }), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_cut_short_leaves_the_message_in_doubt() {
    let url = raw_server(|mut socket| async move {
        read_request(&mut socket).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"messages\":[";
        socket.write_all(head).await.unwrap();
    })
    .await;
    let outcome = patient(&url).deliver(&message(), &access()).await;
    let SendOutcome::Lost { why } = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(why.starts_with("HTTP 200"), "{why}");
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let url = raw_server(|mut socket| async move {
        read_request(&mut socket).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let chunk = vec![b' '; 64 * 1024];
        while socket.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let outcome = patient(&url).deliver(&message(), &access()).await;
    let SendOutcome::Lost { why } = &outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(why, "HTTP 200: the answer is too long");
}

#[tokio::test]
async fn a_server_that_never_answers_leaves_the_message_in_doubt() {
    let url = raw_server(|mut socket| async move {
        read_request(&mut socket).await;
        std::future::pending::<()>().await;
    })
    .await;
    let outcome = api(&url, Duration::from_millis(150))
        .deliver(&message(), &access())
        .await;
    assert!(matches!(outcome, SendOutcome::Lost { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_connection_surely_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = patient(&url).deliver(&message(), &access()).await;
    let SendOutcome::NotSent { why } = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        !why.contains("402000000000021"),
        "no address in reasons: {why}"
    );
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_surely_sent_nothing() {
    let graph = graph(vec![(200, OK.to_owned())]).await;
    let access = Access {
        token: SecretString::from("two\nlines"),
    };
    let outcome = patient(&graph.url).deliver(&message(), &access).await;
    assert!(
        matches!(outcome, SendOutcome::NotSent { .. }),
        "{outcome:?}"
    );
    assert!(graph.asked().is_empty());
    assert!(!format!("{outcome:?} {access:?}").contains("lines"));
}

#[tokio::test]
async fn a_number_id_stays_one_segment_of_the_path() {
    let graph = graph(vec![(200, OK.to_owned())]).await;
    let mut odd = message();
    odd.sender = PhoneNumberId::new("1/../me?x#y").unwrap();
    patient(&graph.url).deliver(&odd, &access()).await;
    assert_eq!(
        graph.asked()[0].uri.path(),
        "/v23.0/1%2F..%2Fme%3Fx%23y/messages"
    );
    odd.sender = PhoneNumberId::new("..").unwrap();
    let outcome = patient(&graph.url).deliver(&odd, &access()).await;
    assert!(
        matches!(outcome, SendOutcome::NotSent { .. }),
        "{outcome:?}"
    );
    assert_eq!(graph.asked().len(), 1);
}

fn courtesy(typing: bool) -> Courtesy {
    Courtesy {
        sender: PhoneNumberId::new("402000000000021").unwrap(),
        wamid: Wamid::new("wamid.IN1").unwrap(),
        typing,
    }
}

#[tokio::test]
async fn a_courtesy_is_posted_and_its_refusal_told() {
    let graph = graph(vec![
        (200, r#"{"success":true}"#.to_owned()),
        (
            400,
            r#"{"error":{"message":"(#100) Invalid parameter","code":100}}"#.to_owned(),
        ),
    ])
    .await;
    let api = patient(&graph.url);
    assert_eq!(api.courtesy(courtesy(true), &access()).await, Ok(()));
    assert_eq!(
        api.courtesy(courtesy(false), &access()).await,
        Err(CourtesyError::Refused {
            code: 100,
            title: "Invalid parameter".into()
        })
    );
    let asked = graph.asked();
    assert_eq!(asked[0].uri.path(), "/v23.0/402000000000021/messages");
    assert_eq!(asked[0].body, send::courtesy_body("wamid.IN1", true));
    assert_eq!(asked[1].body, send::courtesy_body("wamid.IN1", false));
}

#[tokio::test]
async fn templates_are_read_page_by_page_with_the_cursor_and_never_at_a_foreign_address() {
    let page = |name: &str, paging: Value| {
        let template =
            json!({ "name": name, "language": "es", "status": "APPROVED", "category": "UTILITY" });
        (
            200,
            json!({ "data": [template], "paging": paging }).to_string(),
        )
    };
    let graph = graph(vec![
        page(
            "uno",
            json!({ "cursors": { "after": "c=1" }, "next": "https://elsewhere.example/?after=c" }),
        ),
        page(
            "dos",
            json!({ "next": "https://elsewhere.example/?after=c2" }),
        ),
        page("tres", json!({ "cursors": { "after": "c3" } })),
    ])
    .await;
    let all = patient(&graph.url)
        .templates(&WabaId::new("302000000000011").unwrap(), &access(), Ts(9))
        .await
        .unwrap();
    let names: Vec<&str> = all.iter().map(|(t, _)| t.name.as_str()).collect();
    assert_eq!(names, ["uno", "dos", "tres"]);
    assert!(
        all.iter()
            .all(|(t, q)| t.synced_at == Ts(9) && q == "UNKNOWN")
    );
    let asked = graph.asked();
    assert_eq!(asked.len(), 3);
    for a in &asked {
        assert_eq!(a.method, HttpMethod::GET);
        assert_eq!(a.uri.path(), "/v23.0/302000000000011/message_templates");
        assert_eq!(a.authorization, format!("Bearer {TOKEN}"));
    }
    let query = |n: usize| asked[n].uri.query().unwrap().to_owned();
    assert!(
        query(0).contains("quality_score") && !query(0).contains("after="),
        "{}",
        query(0)
    );
    assert!(query(1).ends_with("&after=c%3D1"), "{}", query(1));
    assert!(query(2).ends_with("&after=c2"), "{}", query(2));
}

#[tokio::test]
async fn a_listing_that_does_not_end_or_breaks_off_is_an_error() {
    let waba = WabaId::new("302000000000011").unwrap();
    let endless = json!({ "data": [], "paging": { "cursors": { "after": "same" }, "next": "https://x.example/" } });
    let graph_endless = graph(vec![(200, endless.to_string())]).await;
    assert!(matches!(
        patient(&graph_endless.url)
            .templates(&waba, &access(), Ts(9))
            .await,
        Err(ApiError::Unreadable { .. })
    ));
    assert_eq!(graph_endless.asked().len(), 2);
    let expired = r#"{"error":{"message":"Error validating access token","type":"OAuthException","code":190}}"#;
    let graph_broken = graph(vec![(200, endless.to_string()), (401, expired.to_owned())]).await;
    assert_eq!(
        patient(&graph_broken.url)
            .templates(&waba, &access(), Ts(9))
            .await,
        Err(ApiError::Refused {
            code: 190,
            title: "Error validating access token".into(),
            http_status: 401
        })
    );
}

#[tokio::test]
async fn a_number_is_asked_for_with_its_fields() {
    let graph = graph(vec![(
        200,
        r#"{"id":"402000000000021","quality_rating":"GREEN"}"#.to_owned(),
    )])
    .await;
    let id = PhoneNumberId::new("402000000000021").unwrap();
    let info = patient(&graph.url).number(&id, &access()).await.unwrap();
    assert_eq!(
        (info.id.as_str(), info.quality_rating.as_deref()),
        ("402000000000021", Some("GREEN"))
    );
    assert_eq!(graph.asked()[0].uri.path(), "/v23.0/402000000000021");
    assert!(
        graph.asked()[0]
            .uri
            .query()
            .unwrap()
            .starts_with("fields=id%2C")
    );
}

#[test]
fn an_endpoint_is_https_or_loopback_and_names_a_graph_version() {
    let http = || portero_net::client(ClientOptions::default()).unwrap();
    let new =
        |url: &str, version: &str| CloudApi::new(url, version, http()).map(|a| a.base.to_string());
    assert_eq!(
        new(GRAPH_URL, GRAPH_VERSION),
        Ok("https://graph.facebook.com/v23.0".into())
    );
    for loopback in [
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
        "http://127.9.9.9:1",
    ] {
        assert_eq!(new(loopback, "v24.0"), Ok(format!("{loopback}/v24.0")));
    }
    assert_eq!(
        new("http://127.0.0.1:1/graph/", "v23.0"),
        Ok("http://127.0.0.1:1/graph/v23.0".into())
    );
    for foreign in [
        "http://graph.facebook.com",
        "http://10.0.0.5:80",
        "http://localhost.evil.example",
    ] {
        assert!(
            matches!(new(foreign, "v23.0"), Err(BadEndpoint::Unencrypted { .. })),
            "{foreign}"
        );
    }
    for bad in [
        "",
        "graph.facebook.com",
        "ftp://127.0.0.1",
        "mailto:a@b",
        "https://x.example/?a=b",
    ] {
        assert!(
            matches!(new(bad, "v23.0"), Err(BadEndpoint::Url { .. })),
            "{bad}"
        );
    }
    for version in ["", "23.0", "v23", "v.0", "v23.0/../x", "v1234.0"] {
        assert!(
            matches!(new(GRAPH_URL, version), Err(BadEndpoint::Version { .. })),
            "{version}"
        );
    }
}

#[test]
fn only_a_loopback_address_stays_here() {
    for (url, here) in [
        ("http://127.0.0.1:8090", true),
        ("http://127.9.9.9:8090", true),
        ("http://[::1]:8090", true),
        ("http://localhost:8090", true),
        (GRAPH_URL, false),
        ("https://192.168.0.4:8090", false),
        ("https://0.0.0.0:8090", false),
        ("https://127.0.0.1.example.com", false),
        ("https://localhost.example.com", false),
    ] {
        assert_eq!(patient(url).stays_here(), here, "{url}");
    }
}
