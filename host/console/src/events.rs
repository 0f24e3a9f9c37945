//! `/console/events`: tells open pages that something changed, and nothing else.
//!
//! The event carries no data: a page asks its own endpoints, which know who is asking.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};

use crate::ConsoleState;

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// Greets at once, then tells every change; changes that come together are told once.
pub(crate) async fn stream(
    State(state): State<ConsoleState>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changed = state.ctx.changed.subscribe();
    let events = stream::unfold((changed, true), |(mut changed, first)| async move {
        if first {
            let hello = Event::default().event("hello").retry(RETRY).data("1");
            return Some((Ok(hello), (changed, false)));
        }
        // An error means that the host is going away: the stream ends with it.
        changed.changed().await.ok()?;
        Some((
            Ok(Event::default().event("changed").data("1")),
            (changed, false),
        ))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
