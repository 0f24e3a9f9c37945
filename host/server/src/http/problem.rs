//! Every error as problem details (RFC 9457) with a stable code; internals never leave.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use portero_domain::access::{Right, Role};
use portero_flow::FlowError;
use serde::Serialize;

/// An error as callers see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `about:blank`, or a page about this code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong, in a few words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// This case, and what to do about it.
    pub detail: String,
    /// Stable word for programs.
    pub code: String,
}

impl Problem {
    /// A problem.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
        }
    }

    /// 401.
    #[must_use]
    pub fn unauthorized(detail: &str) -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Not allowed in",
            detail,
        )
    }

    /// 403: the code names the right.
    #[must_use]
    pub fn missing_right(role: Role, right: Right) -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            &format!("missing_right.{right}"),
            "Not with this role",
            format!(
                "this needs the right `{right}`, which the role `{role}` does not have; host/docs/access.md has the table"
            ),
        )
    }

    /// 400.
    #[must_use]
    pub fn bad(detail: impl Into<String>) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "This request cannot be read",
            detail,
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Bearer"),
            );
        }
        response
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Problem {
        let text = error.to_string();
        match error {
            FlowError::NotFound { .. } => {
                Problem::new(StatusCode::NOT_FOUND, "not_found", "No such thing", text)
            }
            FlowError::BadInput { .. } => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_input",
                "Something in it is not right",
                text,
            ),
            FlowError::KeyReused { .. } => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This key was used for another body",
                text,
            ),
            FlowError::Erased { .. } => Problem::new(
                StatusCode::CONFLICT,
                "data.erased",
                "Nothing may be kept of this person",
                text,
            ),
            FlowError::WrongState { .. } => Problem::new(
                StatusCode::CONFLICT,
                "wrong_state",
                "Not as it stands",
                text,
            ),
            FlowError::BadSignature { .. } => Problem::new(
                StatusCode::UNAUTHORIZED,
                "bad_signature",
                "Wrong signature",
                text,
            ),
            FlowError::PluginRefused { .. } => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "plugin_refused",
                "This plugin cannot be installed",
                text,
            ),
            FlowError::Meta { .. } => {
                Problem::new(StatusCode::BAD_GATEWAY, "meta", "Meta did not do it", text)
            }
            FlowError::Store(_) | FlowError::Stored { .. } | FlowError::Task { .. } => {
                tracing::error!(error.chain = %error.chain(), "request failed");
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "The database did not do it",
                    "try again; the log of the host has the reason",
                )
            }
        }
    }
}

macro_rules! rejections {
    ($($name:ident),*) => {$(
        impl From<$name> for Problem {
            fn from(rejection: $name) -> Problem {
                let status = rejection.status();
                Problem::new(status, "bad_request", "This request cannot be read", rejection.body_text())
            }
        }
    )*};
}
rejections!(BytesRejection, JsonRejection, PathRejection, QueryRejection);

pub(crate) async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_path",
        "Nothing is here",
        format!(
            "`{}` is no path of this host; /openapi.json lists them",
            uri.path()
        ),
    )
}

pub(crate) async fn no_such_method(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no_such_method",
        "Not with this method",
        format!(
            "`{}` takes other methods; /openapi.json lists them",
            uri.path()
        ),
    )
}

pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::http::Response<Body> {
    tracing::error!("a handler panicked; this is a bug");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "bug",
        "A bug in Portero",
        "the log of the host has the place",
    )
    .into_response()
}
