//! Every error as problem details (RFC 9457) with a stable code; internals never leave.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use portero_domain::access::{Right, Role};
use portero_flow::FlowError;
use serde::Serialize;

use crate::http::codes::{self, Code};

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
    /// A problem of the list.
    #[must_use]
    pub fn of(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: code.title.to_owned(),
            status: code.status.as_u16(),
            detail: detail.into(),
            code: code.word.to_owned(),
        }
    }

    /// 401.
    #[must_use]
    pub fn unauthorized(detail: &str) -> Problem {
        Problem::of(codes::UNAUTHORIZED, detail)
    }

    /// 403: the code names the right.
    #[must_use]
    pub fn missing_right(role: Role, right: Right) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: "Not with this role".to_owned(),
            status: StatusCode::FORBIDDEN.as_u16(),
            detail: format!(
                "this needs the right `{right}`, which the role `{role}` does not have; host/docs/access.md has the table"
            ),
            code: codes::missing_right(right),
        }
    }

    /// 400.
    #[must_use]
    pub fn bad(detail: impl Into<String>) -> Problem {
        Problem::of(codes::BAD_REQUEST, detail)
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
        let code = match &error {
            FlowError::NotFound { .. } => codes::NOT_FOUND,
            FlowError::BadInput { .. } => codes::BAD_INPUT,
            FlowError::KeyReused { .. } => codes::KEY_REUSED,
            FlowError::Erased { .. } => codes::ERASED,
            FlowError::WrongState { .. } => codes::WRONG_STATE,
            FlowError::Changed { .. } => codes::CHANGED,
            FlowError::BadSignature { .. } => codes::BAD_SIGNATURE,
            FlowError::PluginRefused { .. } => codes::PLUGIN_REFUSED,
            FlowError::Meta { .. } => codes::META,
            FlowError::Store(_) | FlowError::Stored { .. } | FlowError::Task { .. } => {
                tracing::error!(error.chain = %error.chain(), "request failed");
                let why = "try again; the log of the host has the reason";
                return Problem::of(codes::UNAVAILABLE, why);
            }
        };
        Problem::of(code, error.to_string())
    }
}

macro_rules! rejections {
    ($($name:ident),*) => {$(
        impl From<$name> for Problem {
            fn from(rejection: $name) -> Problem {
                let code = match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => codes::TOO_LARGE,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE => codes::NOT_JSON,
                    StatusCode::UNPROCESSABLE_ENTITY => codes::BAD_BODY,
                    _ => codes::BAD_REQUEST,
                };
                Problem::of(code, rejection.body_text())
            }
        }
    )*};
}
rejections!(BytesRejection, JsonRejection, PathRejection, QueryRejection);

pub(crate) async fn no_such_path(uri: Uri) -> Problem {
    Problem::of(
        codes::NO_SUCH_PATH,
        format!(
            "`{}` is no path of this host; /openapi.json lists them",
            uri.path()
        ),
    )
}

pub(crate) async fn no_such_method(uri: Uri) -> Problem {
    Problem::of(
        codes::NO_SUCH_METHOD,
        format!(
            "`{}` takes other methods; /openapi.json lists them",
            uri.path()
        ),
    )
}

pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::http::Response<Body> {
    tracing::error!("a handler panicked; this is a bug");
    Problem::of(codes::BUG, "the log of the host has the place").into_response()
}
