//! `GET /phone`: the simulator phone, its frame and its words; the script fills it.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use portero_flow::desk::access::Principal;
use portero_flow::desk::numbers;
use portero_flow::desk::tenants::{self, TenantView};
use serde::Deserialize;

use crate::ConsoleState;
use crate::frame::{Frame, Link};
use crate::languages::{self, NAMES};
use crate::problem::{Asks, Problem};
use crate::strings::Words;

/// Query of the page: all of it optional, so that a link can lead anywhere.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    shop: Option<String>,
    #[serde(default)]
    person: Option<String>,
}

#[derive(Template)]
#[template(path = "phone.html")]
struct Page {
    w: Words,
    lang: &'static str,
    languages: Vec<(&'static str, &'static str, bool)>,
    /// The other pages that the caller may open.
    menu: Vec<Link>,
    shops: Vec<Shop>,
    /// The person the link names, for the script.
    person: String,
    can_jump: bool,
    strings: String,
}

/// A shop to choose.
struct Shop {
    slug: String,
    name: String,
    chosen: bool,
    language: &'static str,
    timezone: String,
    /// `id|shown;id|shown`: the numbers of the shop.
    numbers: String,
}

/// The page in the language asked for.
pub(crate) async fn phone(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let accepts = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let language = languages::choose(asked.lang.as_deref(), accepts);
    let all = tenants::list(&state.ctx, principal.tenant).await?;
    let chosen = all
        .iter()
        .position(|t| {
            asked
                .shop
                .as_deref()
                .is_some_and(|s| s == t.slug || s == t.id.to_string())
        })
        .unwrap_or(0);
    let tenant = all.get(chosen).cloned();
    let mut shops = Vec::with_capacity(all.len());
    for (at, tenant) in all.into_iter().enumerate() {
        shops.push(shop(&state, tenant, at == chosen).await?);
    }
    let page = Page {
        w: Words(language),
        lang: language.code(),
        languages: NAMES
            .iter()
            .map(|(l, name)| (l.code(), *name, *l == language))
            .collect(),
        menu: Frame::new(language, principal.role, "/phone", Vec::new(), tenant).menu,
        shops,
        person: asked.person.unwrap_or_default(),
        can_jump: principal.tenant.is_none(),
        strings: Words(language).json(),
    };
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => {
            tracing::error!(%error, "the phone page did not render");
            Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    }
}

async fn shop(state: &ConsoleState, tenant: TenantView, chosen: bool) -> Result<Shop, Problem> {
    let numbers = numbers::list(&state.ctx, tenant.id).await?;
    let numbers: Vec<String> = numbers
        .into_iter()
        .map(|n| format!("{}|{}", n.phone_number_id, n.display))
        .collect();
    Ok(Shop {
        slug: tenant.slug,
        name: tenant.name,
        chosen,
        language: tenant.language.code(),
        timezone: tenant.timezone,
        numbers: numbers.join(";"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::access::Role;
    use portero_domain::language::Language;

    fn page(language: Language, shops: Vec<Shop>) -> String {
        let page = Page {
            w: Words(language),
            lang: language.code(),
            languages: NAMES
                .iter()
                .map(|(l, name)| (l.code(), *name, *l == language))
                .collect(),
            menu: Frame::new(language, Role::Owner, "/phone", Vec::new(), None).menu,
            shops,
            person: "\"><script>alert(1)</script>".to_owned(),
            can_jump: true,
            strings: Words(language).json(),
        };
        page.render().unwrap()
    }

    fn one() -> Vec<Shop> {
        vec![Shop {
            slug: "luna".to_owned(),
            name: "Luna <& Sol>".to_owned(),
            chosen: true,
            language: "es",
            timezone: "America/Bogota".to_owned(),
            numbers: "401|+57 1".to_owned(),
        }]
    }

    #[test]
    fn the_page_says_its_language_and_escapes_what_others_wrote() {
        for language in Language::ALL {
            let html = page(language, one());
            assert!(html.contains(&format!("<html lang=\"{}\"", language.code())));
            assert!(!html.contains("<script>alert"), "{language:?}");
            assert!(!html.contains("Luna <& Sol>"), "{language:?}");
            assert!(
                html.contains(Words(language).t("people.title")),
                "{language:?}"
            );
        }
    }

    #[test]
    fn without_shops_the_page_says_what_to_do() {
        let html = page(Language::En, Vec::new());
        assert!(html.contains(Words(Language::En).t("shop.none")));
        assert!(html.contains("portero demo"));
    }
}
