//! A page that a role may not open, for a browser: which right is missing, who has it, and whom to ask.

use askama::Template;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use portero_domain::access::{Right, Role};
use portero_flow::desk::access::Principal;

use crate::frame::{Frame, MENU, render};
use crate::languages;
use crate::strings::Words;

#[derive(Template)]
#[template(path = "denied.html")]
struct Page {
    w: Words,
    f: Frame,
    what: String,
    have: String,
    ask: String,
}

/// Whether a person looks at the answer: `Accept` prefers HTML to JSON, as browsers that open a page do. What
/// asks for neither is a program.
pub(crate) fn for_a_person(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter();
    let kinds: Vec<(String, f32)> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(kind)
        .collect();
    let wanted = |name: &str| {
        let of = kinds.iter().filter(|(kind, _)| kind == name);
        of.map(|(_, q)| *q).fold(0.0, f32::max)
    };
    let json = wanted("application/json").max(wanted("application/problem+json"));
    wanted("text/html") > json
}

/// A content type and how much it is wanted, 0 to 1.
fn kind(entry: &str) -> (String, f32) {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let q = parts
        .find_map(|p| p.strip_prefix("q="))
        .map_or(1.0, |q| q.parse().unwrap_or(0.0));
    (name, q)
}

/// The page, with 403.
pub(crate) fn page(
    principal: &Principal,
    right: Right,
    headers: &HeaderMap,
    uri: &Uri,
) -> Response {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let query = uri.query().unwrap_or_default().split('&');
    let lang = query.into_iter().find_map(|f| f.strip_prefix("lang="));
    let language = languages::choose(lang, accepts);
    let w = Words(language);
    let entry = entry(uri.path());
    let mut f = Frame::new(language, principal.role, entry, Vec::new(), None).within(principal);
    f.about = String::new();
    let role = |role: Role| w.t(&format!("role.{role}")).to_owned();
    let those = |right: Right| {
        let roles = Role::ALL.into_iter().filter(|r| r.has(right));
        roles.map(role).collect::<Vec<_>>().join(", ")
    };
    let page = Page {
        w,
        f: f.titled(w.t("denied.title")),
        what: w
            .t("denied.what")
            .replace("{right}", w.t(&format!("right.{right}")))
            .replace("{role}", &role(principal.role)),
        have: w.t("denied.have").replace("{roles}", &those(right)),
        ask: w
            .t("denied.ask")
            .replace("{roles}", &those(Right::ManageAccess)),
    };
    let mut response = render(&page);
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

/// Pages that are no entry of the menu themselves, each with the one it hangs below.
const ASIDE: &[(&str, &str)] = &[
    ("/imports", "/contacts"),
    ("/numbers", "/checklist"),
    ("/sandbox", "/checklist"),
    ("/wordings", "/consents"),
];

/// The entry of the menu that an address lies below, that of its forms too.
pub(crate) fn entry(path: &str) -> &'static str {
    let page = path.strip_prefix("/console").unwrap_or(path);
    let below = |entry: &str| {
        let rest = page.strip_prefix(entry);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some((_, entry)) = ASIDE.iter().find(|(aside, _)| below(aside)) {
        return entry;
    }
    MENU.iter().find(|m| below(m.0)).map_or("/me", |m| m.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_browser_is_told_from_a_program() {
        let person = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            for_a_person(&headers)
        };
        assert!(person(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(person("application/json;q=0.5, Text/HTML ; q=0.6"));
        for program in [
            "*/*",
            "application/json",
            "application/json, text/html;q=0.9",
            "text/html;q=0",
            "text/html;q=much",
        ] {
            assert!(!person(program), "{program}");
        }
        assert!(!for_a_person(&HeaderMap::new()));
    }

    #[test]
    fn an_address_lies_below_its_entry() {
        assert_eq!(entry("/access"), "/access");
        assert_eq!(entry("/console/access/users"), "/access");
        assert_eq!(entry("/contacts/con_1"), "/contacts");
        assert_eq!(entry("/console/sandbox/sol/add"), "/checklist");
        assert_eq!(entry("/imports"), "/contacts");
        assert_eq!(entry("/accessories"), "/me");
    }
}
