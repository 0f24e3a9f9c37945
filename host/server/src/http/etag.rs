//! Tags of what is shown (RFC 9110 §8.8.3 and §13.1): `ETag`, `If-Match`, `If-None-Match`.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portero_flow::desk::seen::{Expected, Seen};

use crate::http::AppState;
use crate::http::problem::Problem;

/// What who changes a thing takes for granted; `None` without `If-Match`.
pub(crate) struct IfMatch(pub(crate) Option<Expected>);

/// What who asks for a thing has of it already.
pub(crate) struct IfNoneMatch(Option<Expected>);

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::IF_NONE_MATCH) {
            let why = "If-None-Match is for reading; a change is made conditional by If-Match";
            return Err(Problem::bad(why));
        }
        // A weak tag is never the same as another.
        Ok(IfMatch(read(&parts.headers, &header::IF_MATCH, false)?))
    }
}

impl FromRequestParts<AppState> for IfNoneMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let known = read(&parts.headers, &header::IF_NONE_MATCH, true)?;
        Ok(IfNoneMatch(known))
    }
}

impl IfNoneMatch {
    /// A thing with its tag, or 304 to who has it as it is.
    pub(crate) fn answer(&self, view: impl Seen) -> Result<Response, Problem> {
        let tag = view.tag()?;
        let quoted = format!("\"{tag}\"");
        if self.0.as_ref().is_some_and(|known| known.is(&tag)) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, quoted)]).into_response());
        }
        Ok(([(header::ETAG, quoted)], Json(view)).into_response())
    }
}

/// A thing as it was just written, with its tag.
pub(crate) fn written(view: impl Seen) -> Result<Response, Problem> {
    IfNoneMatch(None).answer(view)
}

/// The tags that a header names, in all of its lines; `None` without it.
fn read(headers: &HeaderMap, name: &HeaderName, weak: bool) -> Result<Option<Expected>, Problem> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(|l| l.as_bytes()).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let whole = lines.join(&b',');
    match expected(&whole, weak) {
        Some(expected) => Ok(Some(expected)),
        None => Err(Problem::bad(format!(
            "{name}: a list of tags, each in double quotes as ETag gives it, or * alone"
        ))),
    }
}

/// `*`, or tags in quotes between commas.
fn expected(text: &[u8], weak: bool) -> Option<Expected> {
    if text.trim_ascii() == b"*" {
        return Some(Expected::Any);
    }
    let mut tags = Vec::new();
    let mut found = false;
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix(b",") {
            rest = next.trim_ascii_start();
            continue;
        }
        let (tag_is_weak, from) = match rest.strip_prefix(b"W/") {
            Some(from) => (true, from),
            None => (false, rest),
        };
        let from = from.strip_prefix(b"\"")?;
        let end = from.iter().position(|b| *b == b'"')?;
        let (tag, after) = from.split_at(end);
        if tag.iter().any(|b| *b <= b' ' || *b == 0x7f) {
            return None;
        }
        found = true;
        if weak || !tag_is_weak {
            tags.push(String::from_utf8_lossy(tag).into_owned());
        }
        rest = after.strip_prefix(b"\"")?.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return None;
        }
    }
    found.then_some(Expected::OneOf(tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str, weak: bool) -> Option<Vec<String>> {
        match expected(text.as_bytes(), weak)? {
            Expected::Any => Some(vec!["*".to_owned()]),
            Expected::OneOf(tags) => Some(tags),
        }
    }

    #[test]
    fn tags_are_read_as_the_standard_writes_them() {
        let these = |of: &[&str]| Some(of.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(tags(" * ", false), these(&["*"]));
        assert_eq!(tags(r#""a""#, false), these(&["a"]));
        assert_eq!(tags(r#","a" ,, "b,c","#, false), these(&["a", "b,c"]));
        assert_eq!(tags(r#"W/"a", "b""#, false), these(&["b"]));
        assert_eq!(tags(r#"W/"a", "b""#, true), these(&["a", "b"]));
        assert_eq!(tags(r#"W/"a""#, false), these(&[]));
        assert_eq!(tags(r#""""#, false), these(&[""]));
        for bad in [
            "",
            ",",
            "a",
            r#""a"#,
            r#""a" "b""#,
            r#"*, "a""#,
            r#"w/"a""#,
            r#""a b""#,
        ] {
            assert_eq!(tags(bad, true), None, "{bad}");
        }
    }
}
