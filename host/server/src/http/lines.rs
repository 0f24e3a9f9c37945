//! Answers that take a while, in lines of JSON for whoever wants to see how far they are: `progress`, then one `result`
//! or one `problem`.

use std::future::Future;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use portero_flow::FlowError;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::http::problem::Problem;

/// Lines of JSON.
pub(crate) const LINES: &str = "application/x-ndjson";

/// Whether lines are asked for.
pub(crate) fn wanted(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accepts.is_some_and(|kinds| kinds.contains(LINES))
}

/// Where work tells how far it is. Nobody has to listen.
pub(crate) struct Told<P>(UnboundedSender<P>);

impl<P> Told<P> {
    /// How far it is now.
    pub(crate) fn say(&self, progress: P) {
        // Whoever asked may have gone; then the work ends with the connection.
        let _ = self.0.send(progress);
    }
}

/// The answer of a piece of work: in lines where they are asked for, else as one JSON value. Closing the connection ends
/// the work.
pub(crate) async fn answer<P, V, W>(
    headers: &HeaderMap,
    work: impl FnOnce(Told<P>) -> W,
) -> Result<Response, Problem>
where
    P: Serialize + Send + 'static,
    V: Serialize + Send + 'static,
    W: Future<Output = Result<V, FlowError>> + Send + 'static,
{
    let (sender, heard) = unbounded_channel();
    let work = work(Told(sender));
    if !wanted(headers) {
        return Ok(Json(work.await?).into_response());
    }
    let end = stream::once(async move {
        match work.await {
            Ok(value) => json!({ "result": value }),
            Err(error) => json!({ "problem": Problem::from(error) }),
        }
    });
    let lines = stream::select(progress(heard), end);
    let lines = lines.map(|line: Value| Ok::<_, std::io::Error>(format!("{line}\n")));
    Ok(([(header::CONTENT_TYPE, LINES)], Body::from_stream(lines)).into_response())
}

/// A line for each thing heard, until there is nothing more to hear.
fn progress<P: Serialize + Send + 'static>(
    heard: UnboundedReceiver<P>,
) -> impl futures_util::Stream<Item = Value> + Send {
    stream::unfold(heard, |mut heard| async {
        let progress = heard.recv().await?;
        Some((json!({ "progress": progress }), heard))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(accept: Option<&str>, result: Result<u8, FlowError>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        let work = |told: Told<u8>| async move {
            told.say(1);
            told.say(2);
            result
        };
        let answer = answer(&headers, work).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 10_000).await;
        String::from_utf8(bytes.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn whoever_asks_for_lines_sees_how_far_it_is() {
        assert_eq!(said(None, Ok(7)).await, "7");
        let lines = said(Some(LINES), Ok(7)).await;
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [r#"{"progress":1}"#, r#"{"progress":2}"#, r#"{"result":7}"#]
        );
        let failed = FlowError::WrongState {
            what: "campaign".to_owned(),
            state: "done".to_owned(),
            why: "look".to_owned(),
        };
        let failed = said(Some(LINES), Err(failed)).await;
        assert!(failed.contains("wrong_state"), "{failed}");
    }
}
