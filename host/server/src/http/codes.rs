//! Every code of a problem, with its status: the one list that answers, OpenAPI and documents are made from.

use axum::http::StatusCode;
use portero_domain::access::Right;

use super::code_words::WORDS;

/// A stable word for programs, and what stands beside it.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The word.
    pub word: &'static str,
    /// HTTP status. A word may come with several.
    pub status: StatusCode,
    /// In a few words.
    pub title: &'static str,
    /// When it comes and what to do.
    pub means: &'static str,
    /// Whether operations of `/v1` answer it; else another door of this host does.
    pub api: bool,
}

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident: $status:ident $word:literal, $title:literal, $means:literal, $api:literal;)*) => {
        $(
            #[doc = $means]
            pub(crate) const $name: Code = Code {
                word: $word,
                status: StatusCode::$status,
                title: $title,
                means: $means,
                api: $api,
            };
        )*
        /// All of them but `missing_right.…`, by status.
        const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    BAD_REQUEST: BAD_REQUEST "bad_request", "This request cannot be read",
        "The path, query, a header or the JSON does not read; an operator's token names no tenant where there are several; `Idempotency-Key` is missing.", true;
    UNAUTHORIZED: UNAUTHORIZED "unauthorized", "Not allowed in",
        "No access token, or one that is unknown, was revoked or ran out.", true;
    BAD_SIGNATURE: UNAUTHORIZED "bad_signature", "Wrong signature",
        "A webhook that the app's secret did not sign.", false;
    OPERATOR_ONLY: FORBIDDEN "operator_only", "Only the operator may do this",
        "It concerns the whole server, and the token belongs to one tenant.", true;
    UNDECLARED: FORBIDDEN "undeclared", "Nobody may do this",
        "An operation that declares no right: a bug of Portero.", false;
    CROSS_SITE: FORBIDDEN "cross_site", "From another site",
        "A form that a page of another site sent.", false;
    WRONG_VERIFY_TOKEN: FORBIDDEN "wrong_verify_token", "Wrong verify token",
        "The verify token in Meta's dashboard is not the one given to `portero app put`.", false;
    NOT_FOUND: NOT_FOUND "not_found", "No such thing",
        "Nothing of that name or id within reach of this token; another tenant's things answer the same.", true;
    NO_SUCH_PATH: NOT_FOUND "no_such_path", "Nothing is here",
        "The address is no path of this host.", false;
    NO_SUCH_METHOD: METHOD_NOT_ALLOWED "no_such_method", "Not with this method",
        "The path takes other methods; `Allow` names them.", false;
    ERASED: CONFLICT "data.erased", "Nothing may be kept of this person",
        "The person was erased on request.", true;
    WRONG_STATE: CONFLICT "wrong_state", "Not as it stands",
        "What it is about is in a state that does not allow it; `detail` says which.", true;
    REAL_CLOCK: CONFLICT "real_clock", "This clock cannot be moved",
        "Only a host of the demo runs on a simulated clock.", true;
    NOT_SIMULATED: CONFLICT "not_simulated", "The outside world is real",
        "This host talks to Meta itself; there is nothing to pretend.", true;
    CHANGED: PRECONDITION_FAILED "changed_meanwhile", "Changed since it was read",
        "It is not, or no longer, what `If-Match` names: read it again, decide again, and send the new `ETag`.", true;
    TOO_LARGE: PAYLOAD_TOO_LARGE "too_large", "The body is too large",
        "More bytes than the operation takes.", true;
    NOT_JSON: UNSUPPORTED_MEDIA_TYPE "not_json", "The body is not said to be JSON",
        "Send `Content-Type: application/json`.", true;
    BAD_INPUT: UNPROCESSABLE_ENTITY "bad_input", "Something in it is not right",
        "A value that is not allowed; `detail` names the field and what would be.", true;
    BAD_BODY: UNPROCESSABLE_ENTITY "bad_request", "This request cannot be read",
        "JSON of another shape: a field that is missing, unknown or of another type.", true;
    KEY_REUSED: UNPROCESSABLE_ENTITY "idempotency_key_reused", "This key was used for another body",
        "The same `Idempotency-Key` came with another body before.", true;
    PLUGIN_REFUSED: UNPROCESSABLE_ENTITY "plugin_refused", "This plugin cannot be installed",
        "The component or its manifest is not accepted; `detail` says why.", true;
    SIMULATOR: UNPROCESSABLE_ENTITY "simulator", "The simulator did not do it",
        "The pretend outside world refused; `detail` has its words.", true;
    RATE_LIMITED: TOO_MANY_REQUESTS "rate_limited", "More requests than allowed",
        "The token, its tenant or the address asks too often: wait as long as `Retry-After` says.", true;
    BUG: INTERNAL_SERVER_ERROR "bug", "A bug in Portero",
        "A handler panicked; the log of the host has the place. Please report it.", false;
    META: BAD_GATEWAY "meta", "Meta did not do it",
        "Meta refused or did not answer; `detail` has its words.", true;
    UNAVAILABLE: SERVICE_UNAVAILABLE "unavailable", "The database did not do it",
        "Try again; the log of the host has the reason.", true;
    DATABASE: SERVICE_UNAVAILABLE "database", "Not ready",
        "`/readyz`: the database does not answer.", false;
    SCHEMA: SERVICE_UNAVAILABLE "schema", "Not ready",
        "`/readyz`: the schema is not up to date.", false;
}

/// The word for a right that is missing.
pub(crate) fn missing_right(right: Right) -> String {
    format!("missing_right.{right}")
}

/// Words that operations of `/v1` answer with this status, in the order of the list.
#[must_use]
pub fn of_status(status: u16) -> Vec<String> {
    let fixed = ALL
        .iter()
        .filter(|c| c.api && c.status.as_u16() == status)
        .map(|c| c.word.to_owned());
    let rights: &[Right] = if status == StatusCode::FORBIDDEN.as_u16() {
        &Right::ALL
    } else {
        &[]
    };
    fixed
        .chain(rights.iter().copied().map(missing_right))
        .collect()
}

/// A code in the three languages: [es, pt, en] of its title, and of what to do.
pub(crate) struct InWords {
    pub(crate) code: Code,
    pub(crate) title: [&'static str; 3],
    pub(crate) means: [&'static str; 3],
}

/// Every code with its words, in the order of the list.
pub(crate) fn in_words() -> impl Iterator<Item = InWords> {
    let all = ALL.iter().zip(WORDS);
    all.map(|(code, (_, _, [es, es_means], [pt, pt_means]))| InWords {
        code: *code,
        title: [*es, *pt, code.title],
        means: [*es_means, *pt_means, code.means],
    })
}

/// The table of host/docs/api.md.
pub(crate) fn table() -> String {
    let mut text = String::from("| status | code | |\n|---|---|---|\n");
    for code in ALL {
        let elsewhere = if code.api { "" } else { " (not in `/v1`)" };
        text.push_str(&format!(
            "| {} | `{}` | {}{elsewhere} |\n",
            code.status.as_u16(),
            code.word,
            code.means
        ));
    }
    text.push_str(
        "| 403 | `missing_right.` and the right | The role lacks it; [access.md](access.md) has the table. |\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_words_in_three_languages() {
        assert_eq!(ALL.len(), WORDS.len());
        for (code, (word, status, ..)) in ALL.iter().zip(WORDS) {
            assert_eq!((code.word, code.status.as_u16()), (*word, *status));
        }
    }

    #[test]
    fn a_word_stands_once_beside_its_status() {
        for (place, code) in ALL.iter().enumerate() {
            let same = |c: &&Code| c.word == code.word && c.status == code.status;
            assert_eq!(ALL.iter().filter(same).count(), 1, "{}", code.word);
            let before = place.checked_sub(1).and_then(|p| ALL.get(p));
            assert!(before.is_none_or(|b| b.status <= code.status));
        }
        assert!(of_status(403).contains(&"missing_right.send".to_owned()));
        assert!(of_status(418).is_empty());
    }
}
