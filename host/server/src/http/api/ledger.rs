//! The ledger of consent.

use axum::Json;
use axum::extract::State;
use portero_flow::desk::ledger::{self, ChainView, LedgerQuery, LedgerRowView};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::ApiQuery;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

/// Filters of the ledger.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerFilter {
    /// Only `requested`, `granted`, `granted_unconfirmed`, `import_refused`, `declined`, `revoked`,
    /// `meta_stop` or `meta_resume`.
    kind: Option<String>,
    /// Only of this topic; `*` is promotion in general, `all` everything.
    topic: Option<String>,
    /// Only from `wa_keyword`, `wa_button`, `wa_preference`, `meta_error`, `api`, `operator`, `import`,
    /// `seed` or `erasure`.
    source: Option<String>,
    /// From this instant (RFC 3339) or day of the tenant's …
    since: Option<String>,
    /// … to before this one.
    until: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// The ledger of consent, newest first: who agreed to what or withdrew it, with the words that were shown, the
/// proof, and the seal of each row.
#[utoipa::path(get, path = "/v1/consents", operation_id = "ledger", params(LedgerFilter), responses(
    (status = 200, body = Page<LedgerRowView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<LedgerFilter>,
) -> Result<Json<Page<LedgerRowView>>, Problem> {
    let query = LedgerQuery {
        kind: q.kind,
        topic: q.topic,
        source: q.source,
        since: q.since,
        until: q.until,
        limit: limit(q.limit),
        after: q.after,
    };
    Ok(Json(ledger::list(&state.ctx, caller.tenant, &query).await?))
}

/// Whether the chain of records is as it was sealed: every link, every consent and every verdict against its seal. It
/// reads all of them, each time.
#[utoipa::path(get, path = "/v1/consents/chain", operation_id = "chain", responses(
    (status = 200, body = ChainView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn chain(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChainView>, Problem> {
    Ok(Json(ledger::check(&state.ctx, caller.tenant).await?))
}
