//! An answer that is no page, for a browser: what went wrong in the language of the pages, and what to do next.
//!
//! Programs and the pages' own scripts get problem details as ever.

use askama::Template;
use axum::http::header::{ACCEPT_LANGUAGE, REFERER};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use portero_flow::desk::access::Principal;

use crate::frame::{Frame, Link, MENU, may_open, render};
use crate::languages;
use crate::problem::Said;
use crate::strings::Words;

/// Kinds of things that a page may not find; each has its words under `trouble.thing.…`.
const THINGS: [&str; 11] = [
    "shop", "person", "verdict", "campaign", "segment", "template", "plugin", "webhook", "number",
    "session", "token",
];

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page {
    w: Words,
    f: Frame,
    what: String,
    next: String,
    /// The host's own sentence, in English; empty where it says no more.
    detail: String,
    /// Where to go on.
    links: Vec<Link>,
}

/// The page, with the status that the answer had.
pub(crate) fn page(
    principal: &Principal,
    said: &Said,
    status: StatusCode,
    headers: &HeaderMap,
    uri: &Uri,
) -> Response {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    // A form names its language in what it sends; the page that it stood on, in its address.
    let from = headers.get(REFERER).and_then(|v| v.to_str().ok());
    let query = [uri.query(), from.and_then(|f| Some(f.split_once('?')?.1))];
    let mut fields = query.into_iter().flatten().flat_map(|q| q.split('&'));
    let lang = fields.find_map(|f| f.strip_prefix("lang="));
    let language = languages::choose(lang, accepts);
    let w = Words(language);
    let entry = crate::denied::entry(uri.path());
    let mut f = Frame::new(language, principal.role, entry, Vec::new(), None).within(principal);
    f.about = String::new();
    let link = |path: &'static str| Link {
        href: f.address(path),
        name: MENU
            .iter()
            .find(|m| m.0 == path)
            .map_or_else(String::new, |m| w.t(m.1).to_owned()),
        current: false,
    };
    let mut links = Vec::new();
    for path in [entry, "/home"] {
        if may_open(principal.role, path) && links.iter().all(|l: &Link| l.href != f.address(path))
        {
            links.push(link(path));
        }
    }
    let family = family(said.code);
    let told = |part: &str| w.t(&format!("trouble.{family}.{part}")).to_owned();
    let page = Page {
        what: told("what").replace(
            "{thing}",
            w.t(&format!("trouble.thing.{}", thing(said.what))),
        ),
        next: told("next"),
        detail: match family {
            "bad_input" | "simulator" => said.detail.clone(),
            _ => String::new(),
        },
        links,
        w,
        f: f.titled(told("title")),
    };
    let mut response = render(&page);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

/// The words that a code has.
fn family(code: &'static str) -> &'static str {
    match code {
        "not_found" | "bad_input" | "operator_only" | "no_simulator" | "simulator" => code,
        // What a role lacks is told by `denied`.
        "missing_right" => "operator_only",
        _ => "host",
    }
}

/// The word of a kind of thing: what the host calls otherwise is called so here.
fn thing(what: &str) -> &str {
    match what {
        "tenant" => "shop",
        "contact" => "person",
        "installation" | "installation of" | "segmentation plugin" | "analytics installation" => {
            "plugin"
        }
        what if THINGS.contains(&what) => what,
        _ => "any",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;
    use portero_domain::language::Language;

    #[test]
    fn every_code_and_every_thing_has_its_words_in_every_language() {
        for language in Language::ALL {
            let w = Words(language);
            for code in Problem::CODES {
                for part in ["title", "what", "next"] {
                    let key = format!("trouble.{}.{part}", family(code));
                    assert_ne!(w.t(&key), key, "{language:?}");
                }
            }
            for what in THINGS.into_iter().chain(["any"]) {
                let key = format!("trouble.thing.{what}");
                assert_ne!(w.t(&key), key, "{language:?}");
            }
        }
        assert_eq!(
            (thing("contact"), thing("what became of it")),
            ("person", "any")
        );
    }
}
