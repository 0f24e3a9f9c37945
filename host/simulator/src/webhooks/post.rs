//! The HTTP of it: one webhook, and the handshake that proves a callback (§2.1).

use std::time::Duration;

use super::outbox::Post;

/// Meta does not wait longer for its 200.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts and says the status, or why there is none.
pub(super) async fn post(http: &reqwest::Client, post: &Post) -> Result<u16, String> {
    let answer = http
        .post(&post.url)
        .header("content-type", "application/json")
        .header("user-agent", "facebookexternalua")
        .header("x-hub-signature-256", &post.signature)
        .body(post.body.clone())
        .timeout(PATIENCE)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            // Read to the end, so that the connection can serve the next one.
            match answer.bytes().await {
                Ok(_) => Ok(status),
                Err(error) => Err(reason(&error)),
            }
        }
        Err(error) => Err(reason(&error)),
    }
}

/// Asks the callback to echo a challenge.
///
/// # Errors
/// What the receiver did instead of echoing it with 200.
pub(crate) async fn verify(
    http: &reqwest::Client,
    url: &str,
    verify_token: &str,
    challenge: &str,
) -> Result<(), String> {
    let mut url = reqwest::Url::parse(url).map_err(|error| format!("not a URL: {error}"))?;
    url.query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", challenge)
        .append_pair("hub.verify_token", verify_token);
    let answer = http
        .get(url)
        .timeout(PATIENCE)
        .send()
        .await
        .map_err(|error| reason(&error))?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(format!("the callback answered {status} instead of 200"));
    }
    let body = answer.text().await.map_err(|error| reason(&error))?;
    if body.trim() == challenge {
        Ok(())
    } else {
        Err("the callback answered 200 without the challenge".to_owned())
    }
}

fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}
