//! Errors of the page's endpoints: problem details with a code that the page has words for.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use portero_domain::access::Right;
use portero_flow::FlowError;
use serde_json::json;

/// Why an endpoint did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// No such thing within the caller's reach.
    #[error("no {what} here by that name")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
    },
    /// The request makes no sense.
    #[error("{0}")]
    BadInput(String),
    /// Not for this caller.
    #[error("this changes something in every shop: only the operator may do it")]
    OperatorOnly,
    /// Not with this role.
    #[error("this needs the right `{0}`")]
    MissingRight(Right),
    /// This server has no simulator.
    #[error("this server is not connected to a simulator")]
    NoSimulator,
    /// The simulator refused or does not answer.
    #[error("{0}")]
    Simulator(String),
    /// Ours.
    #[error("the host could not do it")]
    Host(#[source] FlowError),
}

impl Problem {
    /// Words for it stand in the string tables under `error.<code>.…`.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Problem::NotFound { .. } => "not_found",
            Problem::BadInput(_) => "bad_input",
            Problem::OperatorOnly => "operator_only",
            Problem::MissingRight(_) => "missing_right",
            Problem::NoSimulator => "no_simulator",
            Problem::Simulator(_) => "simulator",
            Problem::Host(_) => "host",
        }
    }

    /// Every code, for the test that each has its words.
    #[cfg(test)]
    pub(crate) const CODES: [&'static str; 7] = [
        "not_found",
        "bad_input",
        "operator_only",
        "missing_right",
        "no_simulator",
        "simulator",
        "host",
    ];

    const fn status(&self) -> StatusCode {
        match self {
            Problem::NotFound { .. } => StatusCode::NOT_FOUND,
            Problem::BadInput(_) => StatusCode::BAD_REQUEST,
            Problem::OperatorOnly | Problem::MissingRight(_) => StatusCode::FORBIDDEN,
            Problem::NoSimulator => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Simulator(_) => StatusCode::BAD_GATEWAY,
            Problem::Host(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A JSON body; what does not read is answered as a problem like everything else.
#[derive(FromRequest)]
#[from_request(via(Json), rejection(Problem))]
pub(crate) struct Read<T>(pub(crate) T);

/// A query; as [`Read`].
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(Problem))]
pub(crate) struct Asks<T>(pub(crate) T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        Problem::BadInput(rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem::BadInput(rejection.body_text())
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Problem {
        match error {
            FlowError::NotFound { what, .. } => Problem::NotFound { what },
            FlowError::BadInput { .. } => Problem::BadInput(error.to_string()),
            other => Problem::Host(other),
        }
    }
}

/// What a problem says, kept with its answer for whoever makes a page of it.
#[derive(Clone)]
pub(crate) struct Said {
    /// As [`Problem::code`].
    pub(crate) code: &'static str,
    /// Kind of thing that is not there; empty otherwise.
    pub(crate) what: &'static str,
    /// The right that is missing.
    pub(crate) right: Option<Right>,
    /// One sentence.
    pub(crate) detail: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Problem::Host(error) = &self {
            tracing::error!(error.chain = %error.chain(), "a page's request failed");
        }
        let status = self.status();
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("error"),
            "status": status.as_u16(),
            "code": self.code(),
            "detail": self.to_string(),
        });
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response.extensions_mut().insert(Said {
            code: self.code(),
            what: match self {
                Problem::NotFound { what } => what,
                _ => "",
            },
            right: match self {
                Problem::MissingRight(right) => Some(right),
                _ => None,
            },
            detail: self.to_string(),
        });
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::post;
    use tower::ServiceExt;

    #[derive(serde::Deserialize)]
    struct Number {
        n: u32,
    }

    #[tokio::test]
    async fn a_body_that_does_not_read_is_answered_as_a_problem() {
        let app: Router = Router::new().route(
            "/",
            post(|Read(number): Read<Number>| async move { number.n.to_string() }),
        );
        let ask = |body: &'static str| {
            Request::post("/")
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from(body))
                .unwrap()
        };
        let good = app.clone().oneshot(ask("{\"n\": 3}")).await.unwrap();
        assert_eq!(good.status(), StatusCode::OK);
        let bad = app.oneshot(ask("{\"n\": -3}")).await.unwrap();
        assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
        assert_eq!(bad.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
