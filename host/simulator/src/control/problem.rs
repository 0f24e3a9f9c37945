//! Problem details (RFC 9457), and JSON bodies whose faults are told as such.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A control request that cannot be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn bad_request(detail: impl Into<String>) -> Problem {
        Problem {
            status: 400,
            title: "Bad request",
            detail: detail.into(),
        }
    }
    pub(crate) fn not_found(detail: impl Into<String>) -> Problem {
        Problem {
            status: 404,
            title: "Not found",
            detail: detail.into(),
        }
    }
    pub(crate) fn conflict(detail: impl Into<String>) -> Problem {
        Problem {
            status: 409,
            title: "Not possible now",
            detail: detail.into(),
        }
    }
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Problem {
        Problem {
            status: 422,
            title: "Not understood",
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

/// The query of a control request; one that does not read is told as a problem too.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Asked<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(asked)| Asked(asked))
            .map_err(|error| Problem::unprocessable(error.body_text()))
    }
}

/// Reads a JSON body; an empty one is an empty object.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    let bytes: &[u8] = if body.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(bytes).map_err(|error| Problem::bad_request(error.to_string()))
}
