//! Lists to take along: people of a shop, and of a campaign, as CSV, streamed as they are read.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use portero_domain::ids::CampaignId;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::campaigns::{self, PeopleQuery, PersonView};
use portero_flow::desk::export::Export;

use crate::problem::Problem;
use crate::{ConsoleState, reach};

/// Rows of a campaign read at a time.
const ROWS: usize = 5_000;

fn file<S, B>(name: &str, pieces: S) -> Response
where
    S: Stream<Item = Result<B, std::io::Error>> + Send + 'static,
    B: Into<axum::body::Bytes> + 'static,
{
    let head = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ),
    ];
    (head, Body::from_stream(pieces)).into_response()
}

/// The connection is cut: a file that ends early must not look whole.
fn cut(error: FlowError) -> std::io::Error {
    tracing::error!(error.chain = %error.chain(), "an export broke off");
    std::io::Error::other("the export broke off")
}

/// `GET …/csv`: everybody of a shop; it can be read in again.
pub(crate) async fn people(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let ctx = Arc::clone(&state.ctx);
    let export = Export::begin(&ctx, tenant.id).await?;
    let pieces = stream::try_unfold((ctx, export), |(ctx, mut export)| async move {
        let piece = export.next(&ctx).await.map_err(cut)?;
        Ok(piece.map(|bytes| (bytes, (ctx, export))))
    });
    Ok(file(&format!("contacts-{}", tenant.slug), pieces))
}

/// `GET …/export`: everybody of a campaign, one line each.
pub(crate) async fn campaign(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let id: CampaignId = id
        .parse()
        .map_err(|_| Problem::NotFound { what: "campaign" })?;
    campaigns::get(&state.ctx, tenant.id, id).await?;
    let ctx = Arc::clone(&state.ctx);
    let page = |after: Option<String>| PeopleQuery {
        limit: ROWS,
        after,
        ..PeopleQuery::default()
    };
    let begin = (Some(page(None)), format!("{}\n", PersonView::CSV_HEAD));
    let lines = stream::try_unfold(begin, move |(query, mut text)| {
        let ctx = Arc::clone(&ctx);
        async move {
            let Some(query) = query else {
                return Ok(None);
            };
            let people = campaigns::people(&ctx, tenant.id, id, &query).await;
            let people = people.map_err(cut)?;
            for person in &people.items {
                text.push_str(&person.csv());
                text.push('\n');
            }
            let next = people.next_cursor.map(|after| page(Some(after)));
            Ok(Some((text, (next, String::new()))))
        }
    });
    Ok(file(&id.to_string(), lines))
}
