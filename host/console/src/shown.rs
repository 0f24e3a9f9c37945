//! What pages have in common when they show things: times twice, numbers, shares, and what an act came to.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use portero_domain::access::{Right, Role};
use portero_domain::ids::TenantId;
use portero_flow::FlowError;
use portero_flow::desk::reasons::title;
use portero_flow::desk::tenants::TenantView;
use portero_flow::desk::verdict_days::local;

use crate::frame::{may, query};
use crate::problem::Problem;
use crate::strings::Words;

/// An empty field of a form is one that nobody filled.
pub(crate) fn given(field: Option<String>) -> Option<String> {
    field
        .map(|text| text.trim().to_owned())
        .filter(|t| !t.is_empty())
}

/// An instant as the shop reads it, and UTC; nothing for none.
pub(crate) fn time(at: Option<&str>, zone: &str) -> String {
    let Some(at) = at.filter(|at| !at.is_empty()) else {
        return String::new();
    };
    let utc = at.get(..16).unwrap_or(at).replace('T', " ");
    match zone {
        "UTC" => format!("{utc} UTC"),
        zone => format!("{} ({zone}) · {utc} UTC", local(at, zone)),
    }
}

/// The clock by which times are told on a page that is about no shop: that of the shop a thing belongs to, else of the
/// first within reach; UTC where there is none.
pub(crate) fn clock(all: &[TenantView], of: Option<TenantId>) -> &str {
    let own = all.iter().find(|t| of == Some(t.id));
    own.or_else(|| all.first()).map_or("UTC", |t| &t.timezone)
}

/// A number in groups of three, kept together by narrow spaces.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A share in percent with one place; nothing of nothing.
pub(crate) fn share(n: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let permille = u128::from(n) * 1_000 / u128::from(of);
    format!("{}.{} %", permille / 10, permille % 10)
}

/// The part of `width` that `n` of `of` takes, never invisible where there is one.
pub(crate) fn part(n: u64, of: u64, width: u64) -> u64 {
    if n == 0 || of == 0 {
        return 0;
    }
    let part = u128::from(n.min(of)) * u128::from(width) / u128::from(of);
    u64::try_from(part).unwrap_or(width).max(1)
}

/// A rule in words of the page's language; its id where nobody has words for it.
pub(crate) fn rule(w: Words, id: &str) -> String {
    let words = title(id).remove(w.0.code());
    words.unwrap_or_else(|| id.to_owned())
}

/// Whether this role sees who people are; without that lists are masked and lead nowhere.
pub(crate) fn sees_people(role: Role) -> bool {
    role.has(Right::SeePersonalData)
}

/// What only whoever sees people may look for.
pub(crate) fn only_for_who_sees(role: Role, words: &str) -> Result<(), Problem> {
    match words.is_empty() || sees_people(role) {
        true => Ok(()),
        false => Err(Problem::MissingRight(Right::SeePersonalData)),
    }
}

/// An act that a page offers: a form that posts to an address of ours.
pub(crate) struct Act {
    /// Word in ids and in the address.
    pub(crate) name: &'static str,
    /// Where to.
    pub(crate) action: String,
    /// On the button.
    pub(crate) label: String,
    /// What it does, said beside it.
    pub(crate) effect: String,
    /// Why it cannot be done now or by this caller; empty when it can.
    pub(crate) lacks: String,
    /// Whether it is grave.
    pub(crate) grave: bool,
    /// Hidden fields.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Name of a field for a reason, if it takes one.
    pub(crate) note: Option<&'static str>,
}

/// Says which right is missing for the address, as its route is written; empty when none is.
pub(crate) fn lacks(w: Words, role: Role, path: &str) -> String {
    if may(role, "POST", path) {
        return String::new();
    }
    let door = crate::doors().into_iter().find(|d| d.path == path);
    let right = door.and_then(|d| role.lacks(d.rights));
    let right = right.map(|r| r.to_string()).unwrap_or_default();
    let words = w.t(&format!("right.{right}")).to_owned();
    w.t("act.lacks").replace("{right}", &words)
}

/// What an act came to: said on the page that follows, or instead of it.
pub(crate) enum Came {
    /// To the page, so that looking at it again does nothing again.
    Done(Response),
    /// Said on the page: (status, sentence of the host).
    Not(StatusCode, FlowError),
}

/// To a page of ours with what was done.
pub(crate) fn to(path: &str, fields: &[(&str, &str)]) -> Response {
    Redirect::to(&query(path, fields)).into_response()
}

/// Refusals are for the page to say; what is not there and what broke is not.
pub(crate) fn came<T>(done: Result<T, FlowError>, then: Response) -> Result<Came, Problem> {
    match done {
        Ok(_) => Ok(Came::Done(then)),
        Err(error @ FlowError::BadInput { .. }) => {
            Ok(Came::Not(StatusCode::UNPROCESSABLE_ENTITY, error))
        }
        Err(error @ FlowError::WrongState { .. }) => Ok(Came::Not(StatusCode::CONFLICT, error)),
        Err(error @ FlowError::Meta { .. }) => Ok(Came::Not(StatusCode::BAD_GATEWAY, error)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares_are_read_at_a_glance() {
        assert_eq!(number(7), "7");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(0, 0), "–");
        assert_eq!((part(1, 1_000_000, 1_000), part(0, 5, 1_000)), (1, 0));
        assert_eq!(part(7, 5, 1_000), 1_000);
    }

    #[test]
    fn a_time_is_told_twice() {
        let told = time(Some("2026-11-24T14:00:00.000Z"), "America/Bogota");
        assert_eq!(
            told,
            "2026-11-24 09:00 (America/Bogota) · 2026-11-24 14:00 UTC"
        );
        assert_eq!(time(None, "UTC"), "");
        let once = time(Some("2026-11-24T14:00:00.000Z"), "UTC");
        assert_eq!(once, "2026-11-24 14:00 UTC");
    }
}
