//! People of a tenant.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Right;
use portero_domain::proof::ConsentActor;
use portero_flow::desk::consent_told::{self, ConsentRequest};
use portero_flow::desk::consents::{self, ConsentsView};
use portero_flow::desk::contacts::{self, BlockRequest, ContactRequest, ContactView};
use portero_flow::desk::erasure::{self, ErasureRequest, ErasureView};
use portero_flow::desk::masked;
use portero_flow::desk::messages::ProposedView;
use portero_flow::desk::people::{self, PersonRequest};
use portero_flow::desk::person::{self, TimelineItem};
use portero_flow::desk::person_export::{self, PersonExport};
use portero_flow::desk::questions::{self, QuestionRequest};
use portero_flow::desk::suppressions::{self, SuppressionView};
use portero_flow::desk::{Page, limit};
use serde::Deserialize;

use crate::http::AppState;
use crate::http::api::{ApiJson, ApiPath, ApiQuery, Paging, key_of};
use crate::http::auth::Caller;
use crate::http::etag::{IfMatch, IfNoneMatch, written};
use crate::http::problem::Problem;

/// Whom to look for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sought {
    /// Only who has this id, this address in any spelling, or this in their name (accents and case do not
    /// count). A name is looked for among 50,000 people at a time: a page may be empty and lead on.
    q: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    after: Option<String>,
}

/// People, newest first: all of them, or those who are looked for. Without `see_personal_data`: masked names and addresses,
/// covered values, no consent events, and nobody can be looked for.
#[utoipa::path(get, path = "/v1/contacts", params(Sought), responses(
    (status = 200, body = Page<ContactView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(sought): ApiQuery<Sought>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let (ctx, limit, after) = (&state.ctx, limit(sought.limit), sought.after.as_deref());
    let role = caller.principal.role;
    let page = match sought.q.as_deref().map(str::trim) {
        None | Some("") => contacts::list(ctx, caller.tenant, limit, after).await?,
        // Who is found by a guess is known by it.
        Some(words) => {
            if let Some(right) = role.lacks(&[Right::SeePersonalData]) {
                return Err(Problem::missing_right(role, right));
            }
            contacts::search(ctx, caller.tenant, words, limit, after).await?
        }
    };
    Ok(Json(masked::page(role, page)))
}

/// Create or complete a person; every spelling of a number is one person.
#[utoipa::path(put, path = "/v1/contacts", request_body = ContactRequest, responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<ContactRequest>,
) -> Result<Json<ContactView>, Problem> {
    Ok(Json(
        contacts::put(&state.ctx, caller.tenant, &request).await?,
    ))
}

/// Say what is to be true of a person, by id or address; who is unknown by address is created. The
/// same request twice changes nothing the second time.
#[utoipa::path(put, path = "/v1/contacts/{who}", params(("who" = String, Path, description = "con_… or a number or BSUID")),
    request_body = PersonRequest, responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put_one(
    State(state): State<AppState>,
    caller: Caller,
    IfMatch(expected): IfMatch,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<PersonRequest>,
) -> Result<Response, Problem> {
    let expected = expected.as_ref();
    written(people::put(&state.ctx, caller.tenant, &who, &request, expected).await?)
}

/// One person, by id or address.
#[utoipa::path(get, path = "/v1/contacts/{who}", params(("who" = String, Path, description = "con_… or a number or BSUID")), responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    known: IfNoneMatch,
    ApiPath(who): ApiPath<String>,
) -> Result<Response, Problem> {
    known.answer(contacts::get(&state.ctx, caller.tenant, &who).await?)
}

/// Record a consent or its withdrawal, with its proof. Takes effect at once.
#[utoipa::path(post, path = "/v1/contacts/{who}/consent", params(("who" = String, Path)), request_body = ConsentRequest, responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn consent(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<ConsentRequest>,
) -> Result<Json<ContactView>, Problem> {
    let actor = ConsentActor::Operator {
        name: caller.principal.author(),
    };
    Ok(Json(
        consent_told::record(&state.ctx, caller.tenant, &who, &request, actor).await?,
    ))
}

/// Ask a person for consent by an approved utility template that says what a wording says. 202 with the gate's verdict, whatever it is. Needs `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/contacts/{who}/ask", request_body = QuestionRequest,
    params(("who" = String, Path), ("Idempotency-Key" = String, Header, description = "1 to 128 bytes of your own; the same for the same question")),
    responses((status = 202, body = ProposedView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn ask(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<QuestionRequest>,
) -> Result<(StatusCode, Json<ProposedView>), Problem> {
    let key = key_of(&headers)?;
    let proposed = questions::ask(
        &state.ctx,
        &caller.principal,
        caller.tenant,
        &who,
        key,
        &request,
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(proposed)))
}

/// What a person agreed to, with its proof, and what was sent to them in the last 30 days.
#[utoipa::path(get, path = "/v1/contacts/{who}/consents", params(("who" = String, Path)), responses(
    (status = 200, body = ConsentsView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn consents(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
) -> Result<Json<ConsentsView>, Problem> {
    Ok(Json(consents::get(&state.ctx, caller.tenant, &who).await?))
}

/// What happened with a person, newest first: what they wrote, what was proposed to them with its verdict,
/// what they agreed to and withdrew, who had the conversation.
#[utoipa::path(get, path = "/v1/contacts/{who}/timeline", params(("who" = String, Path, description = "con_… or a number or BSUID"), Paging), responses(
    (status = 200, body = Page<TimelineItem>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn timeline(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<TimelineItem>>, Problem> {
    let (limit, after) = (limit(q.limit), q.after.as_deref());
    Ok(Json(
        person::timeline(&state.ctx, caller.tenant, &who, limit, after).await?,
    ))
}

/// Everything the host holds of one person, as one document for them: who they are, consents with
/// their proof, messages both ways with what was decided about each, orders, segments, what plugins
/// remember.
#[utoipa::path(get, path = "/v1/contacts/{who}/export", params(("who" = String, Path)), responses(
    (status = 200, body = PersonExport), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn export(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
) -> Result<Json<PersonExport>, Problem> {
    Ok(Json(
        person_export::get(&state.ctx, caller.tenant, &who).await?,
    ))
}

/// What erasing a person would do: rows that go, what is stopped, what stays and why. After an erasure:
/// what it did. Changes nothing.
#[utoipa::path(get, path = "/v1/contacts/{who}/erasure", params(("who" = String, Path)), responses(
    (status = 200, body = ErasureView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn erasure(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
) -> Result<Json<ErasureView>, Problem> {
    Ok(Json(
        erasure::preview(&state.ctx, caller.tenant, &who).await?,
    ))
}

/// Erase a person. It cannot be undone; done twice it is done once. 409 while a message to them is
/// being handed to Meta: nothing was erased, ask again.
#[utoipa::path(post, path = "/v1/contacts/{who}/erase", params(("who" = String, Path)), request_body = ErasureRequest, responses(
    (status = 200, body = ErasureView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn erase(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<ErasureRequest>,
) -> Result<Json<ErasureView>, Problem> {
    let author = caller.principal.author();
    Ok(Json(
        erasure::erase(&state.ctx, caller.tenant, &who, request, &author).await?,
    ))
}

/// Put a person on the tenant's block list, or take them off.
#[utoipa::path(post, path = "/v1/contacts/{who}/block", params(("who" = String, Path)), request_body = BlockRequest, responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<BlockRequest>,
) -> Result<Json<ContactView>, Problem> {
    let author = caller.principal.author();
    Ok(Json(
        contacts::block(&state.ctx, caller.tenant, &who, &request, &author).await?,
    ))
}

/// The tenant's block list, by address: whom it does not write to, why, and who said so.
#[utoipa::path(get, path = "/v1/suppressions", operation_id = "suppressions", params(Paging), responses(
    (status = 200, body = Page<SuppressionView>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn suppressions(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(q): ApiQuery<Paging>,
) -> Result<Json<Page<SuppressionView>>, Problem> {
    let page = suppressions::page(
        &state.ctx,
        caller.tenant,
        limit(q.limit),
        q.after.as_deref(),
    );
    Ok(Json(page.await?))
}

/// Why and where a conversation changes hands.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnRequest {
    /// Shown to everybody who looks.
    #[serde(default)]
    reason: Option<String>,
    /// Number; may be left out when the tenant has one.
    #[serde(default)]
    phone_number_id: Option<String>,
}

/// Take a conversation from the bot: it is silent until given back.
#[utoipa::path(post, path = "/v1/contacts/{who}/hand-over", params(("who" = String, Path)), request_body = OwnRequest, responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn hand_over(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<OwnRequest>,
) -> Result<Json<ContactView>, Problem> {
    let reason = request
        .reason
        .as_deref()
        .unwrap_or("taken over through the API");
    let number = request.phone_number_id.as_deref();
    Ok(Json(
        contacts::own(
            &state.ctx,
            caller.tenant,
            &who,
            number,
            Some(reason),
            &caller.principal.author(),
        )
        .await?,
    ))
}

/// Give a conversation back to the bot.
#[utoipa::path(post, path = "/v1/contacts/{who}/give-back", params(("who" = String, Path)), request_body = OwnRequest, responses(
    (status = 200, body = ContactView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn give_back(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(who): ApiPath<String>,
    ApiJson(request): ApiJson<OwnRequest>,
) -> Result<Json<ContactView>, Problem> {
    let number = request.phone_number_id.as_deref();
    Ok(Json(
        contacts::own(
            &state.ctx,
            caller.tenant,
            &who,
            number,
            None,
            &caller.principal.author(),
        )
        .await?,
    ))
}
