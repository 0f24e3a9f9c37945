//! What operations read of a request: faults are problem details, and no text holds U+0000.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use portero_flow::desk::once::Once;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::AppState;
use crate::http::problem::Problem;

/// A JSON body.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(whole, state).await?;
        whole_text(&bytes)?;
        let request = Request::from_parts(parts, Body::from(bytes));
        let Json(value) = Json::<T>::from_request(request, state).await?;
        Ok(ApiJson(value))
    }
}

/// A JSON body of what is made once: with what its `Idempotency-Key` says, when it has one.
pub(crate) struct ApiOnce<T>(pub(crate) T, pub(crate) Option<Once>);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiOnce<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let key = match request.headers().contains_key(KEY) {
            true => Some(key_of(request.headers())?.to_owned()),
            false => None,
        };
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(whole, state).await?;
        let request = Request::from_parts(parts, Body::from(bytes.clone()));
        let ApiJson(value) = ApiJson::<T>::from_request(request, state).await?;
        let body = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        Ok(ApiOnce(value, key.map(|key| Once::of(&key, &body))))
    }
}

/// Names a request that is done once.
const KEY: &str = "idempotency-key";

/// The caller's key of one request.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<&str, Problem> {
    headers
        .get(KEY)
        .and_then(|v| v.to_str().ok())
        .filter(|k| !k.is_empty() && k.len() <= 128)
        .ok_or_else(|| {
            Problem::bad(
                "send `Idempotency-Key`: 1 to 128 bytes of your own, the same for the same message",
            )
        })
}

/// Parameters of the path.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for ApiPath<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        whole_address(&parts.uri)?;
        let Path(value) = Path::<T>::from_request_parts(parts, state).await?;
        Ok(ApiPath(value))
    }
}

/// The query string.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for ApiQuery<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        whole_address(&parts.uri)?;
        let Query(value) = Query::<T>::from_request_parts(parts, state).await?;
        Ok(ApiQuery(value))
    }
}

/// Postgres keeps no text with U+0000: such a text is refused on both engines, before anybody works on it.
const NUL: &str = "a text holds the character U+0000, which cannot be kept; leave it out";

fn whole_address(uri: &Uri) -> Result<(), Problem> {
    let address = uri.path_and_query().map_or("", |p| p.as_str());
    match address.contains("%00") {
        true => Err(Problem::bad(NUL)),
        false => Ok(()),
    }
}

/// Whether no text of this JSON holds U+0000. It can only stand there escaped: bare, it is no JSON.
pub(crate) fn whole_text(json: &[u8]) -> Result<(), Problem> {
    let mut rest = json;
    while let Some(place) = rest.iter().position(|b| *b == b'\\') {
        let (_, from) = rest.split_at(place);
        if from.starts_with(b"\\u0000") {
            return Err(Problem::bad(NUL));
        }
        // The character after a backslash belongs to it, were it another backslash.
        rest = from.get(2..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_character_is_seen_however_it_is_written() {
        for good in ["{}", r#"{"a":"\\u0000"}"#, r#"{"a":"\u0001\n"}"#, "\\"] {
            assert!(whole_text(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [r#"{"a":"\u0000"}"#, r#"["x\\\u0000"]"#, r#"{"\u0000":1}"#] {
            assert!(whole_text(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(whole_address(&"/v1/contacts/a%00b".parse().unwrap()).is_err());
        assert!(whole_address(&"/v1/contacts?after=%00".parse().unwrap()).is_err());
        assert!(whole_address(&"/v1/contacts?after=%200".parse().unwrap()).is_ok());
    }
}
