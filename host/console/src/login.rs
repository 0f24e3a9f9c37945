//! The page that asks for name and password. It works without a script; the server reads its form.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use portero_domain::language::Language;

use crate::languages;
use crate::strings::Words;

/// What to show.
#[derive(Clone, Copy)]
pub struct LoginPage<'a> {
    /// Its language.
    pub language: Language,
    /// Where to go on to; empty: the first page.
    pub next: &'a str,
    /// What was typed as the name before.
    pub name: &'a str,
}

/// Why the page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Name or password are wrong.
    Wrong,
    /// Too many tries.
    Wait {
        /// How long the next has to wait.
        seconds: u64,
    },
    /// A link that worked once.
    LinkUsed,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    w: Words,
    lang: &'static str,
    languages: Vec<(&'static str, &'static str, bool)>,
    next: &'a str,
    name: &'a str,
    trouble: String,
}

/// The language of a page without a session: the address's, else the browser's, else Spanish.
#[must_use]
pub fn language(asked: Option<&str>, accepts: Option<&str>) -> Language {
    languages::choose(asked, accepts)
}

impl LoginPage<'_> {
    /// The page: 200, or with trouble 401 or 429.
    #[must_use]
    pub fn render(&self, trouble: Option<Trouble>) -> Response {
        let status = match trouble {
            None => StatusCode::OK,
            Some(Trouble::Wrong | Trouble::LinkUsed) => StatusCode::UNAUTHORIZED,
            Some(Trouble::Wait { .. }) => StatusCode::TOO_MANY_REQUESTS,
        };
        match self.html(trouble) {
            Ok(html) => crate::guarded((status, Html(html)).into_response()),
            Err(error) => {
                tracing::error!(%error, "the login page did not render");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn html(&self, trouble: Option<Trouble>) -> askama::Result<String> {
        let w = Words(self.language);
        let trouble = match trouble {
            None => String::new(),
            Some(Trouble::Wrong) => w.t("login.wrong").to_owned(),
            Some(Trouble::LinkUsed) => w.t("login.link_used").to_owned(),
            Some(Trouble::Wait { seconds }) if seconds < 120 => w
                .t("login.wait.seconds")
                .replace("{n}", &seconds.to_string()),
            Some(Trouble::Wait { seconds }) => w
                .t("login.wait.minutes")
                .replace("{n}", &seconds.div_ceil(60).to_string()),
        };
        Page {
            w,
            lang: self.language.code(),
            languages: languages::NAMES
                .iter()
                .map(|(l, name)| (l.code(), *name, *l == self.language))
                .collect(),
            next: self.next,
            name: self.name,
            trouble,
        }
        .render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_whole_page_and_nothing_typed_becomes_markup() {
        for language in Language::ALL {
            let page = LoginPage {
                language,
                next: "/inbox?lang=es&x=\"><script>",
                name: "<b>rosa\"",
            };
            for trouble in [
                None,
                Some(Trouble::Wrong),
                Some(Trouble::LinkUsed),
                Some(Trouble::Wait { seconds: 30 }),
                Some(Trouble::Wait { seconds: 800 }),
            ] {
                let html = page.html(trouble).unwrap();
                assert!(html.contains(&format!("<html lang=\"{}\"", language.code())));
                assert!(!html.contains("<b>") && !html.contains("<script"), "{html}");
                assert!(!html.contains("{n}"), "{html}");
                assert_eq!(html.contains("role=\"alert\""), trouble.is_some());
                for word in ["style=", "onclick", "<style", "javascript:"] {
                    assert!(!html.contains(word), "{word}");
                }
            }
            let html = page.html(Some(Trouble::Wait { seconds: 800 })).unwrap();
            assert!(html.contains("14"), "{html}");
        }
    }
}
