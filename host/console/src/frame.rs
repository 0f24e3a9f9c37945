//! What every page has around it: its title, the languages, the menu of what the caller may open, the shops.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use portero_domain::access::{Door, Role};
use portero_domain::language::Language;
use portero_flow::desk::access::Principal;
use portero_flow::desk::tenants::{self, TenantView};

use crate::languages::{self, NAMES};
use crate::problem::Problem;
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// The menu in its order: address, and the keys of title and of what the page is for.
///
/// A page is shown to whoever has the rights of its address; they stand in [`crate::doors`] alone.
pub(crate) const MENU: &[(&str, &str, &str)] = &[
    ("/home", "home.title", "home.about"),
    ("/inbox", "inbox.title", "inbox.about"),
    ("/contacts", "person.title", "person.about"),
    ("/consents", "ledger.title", "ledger.about"),
    ("/verdicts", "explore.title", "explore.about"),
    ("/campaigns", "campaign.title", "campaign.about"),
    ("/segments", "segment.title", "segment.about"),
    ("/templates", "template.title", "template.about"),
    ("/plugins", "plugin.title", "plugin.about"),
    ("/figures", "figures.title", "figures.about"),
    ("/phone", "page.title", "page.about"),
    ("/webhooks", "webhook.title", "webhook.about"),
    ("/policy", "policy.title", "policy.about"),
    ("/retention", "retention.title", "retention.about"),
    ("/tenants", "tenants.title", "tenants.about"),
    ("/checklist", "checklist.title", "checklist.about"),
    ("/audit", "audit.title", "audit.about"),
    ("/access", "access.title", "access.about"),
    ("/me", "me.title", "me.about"),
];

/// Pages about all tenants: whoever reaches one alone does not see them.
const OPERATORS: &[&str] = &["/tenants"];

static DOORS: LazyLock<Vec<Door>> = LazyLock::new(crate::doors);

/// Somewhere to go.
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) current: bool,
}

/// A language to switch to.
pub(crate) struct Tongue {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) href: String,
    pub(crate) current: bool,
}

/// A shop to switch to.
pub(crate) struct Shop {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) current: bool,
}

/// Who looks at which page.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) state: &'a ConsoleState,
    pub(crate) principal: &'a Principal,
    pub(crate) headers: &'a HeaderMap,
    /// Entry of [`MENU`] that the page is, or lies below.
    pub(crate) entry: &'static str,
    /// `lang` of the address.
    pub(crate) lang: Option<&'a str>,
    /// `shop` of the address: short name or id.
    pub(crate) shop: Option<&'a str>,
}

/// What `base.html` shows around a page. Templates hold it as `f`.
pub(crate) struct Frame {
    pub(crate) w: Words,
    pub(crate) language: Language,
    pub(crate) lang: &'static str,
    pub(crate) title: String,
    pub(crate) about: String,
    /// Address without query: where choosing a shop leads.
    pub(crate) path: &'static str,
    pub(crate) back: Option<Link>,
    pub(crate) languages: Vec<Tongue>,
    pub(crate) menu: Vec<Link>,
    pub(crate) shops: Vec<Shop>,
    /// The shop that the page is about; none where there is none, or where it is about all.
    pub(crate) shop: Option<TenantView>,
}

impl Visit<'_> {
    /// The frame of a page about one shop: the one named, else the first within reach.
    pub(crate) async fn of_a_shop(&self) -> Result<Frame, Problem> {
        let all = tenants::list(&self.state.ctx, self.principal.tenant).await?;
        let chosen = match self.shop.filter(|s| !s.is_empty()) {
            Some(name) => Some(reach::tenant(self.state, self.principal, name).await?),
            None => all.first().cloned(),
        };
        Ok(self.frame(all, chosen))
    }

    /// The frame of a page about everything within reach.
    pub(crate) fn of_all(&self) -> Frame {
        self.frame(Vec::new(), None)
    }

    /// The frame of a page below an entry, about this shop.
    pub(crate) fn below(&self, shop: TenantView) -> Frame {
        let mut frame = self.frame(Vec::new(), Some(shop));
        let href = frame.address(self.entry);
        let name = std::mem::take(&mut frame.title);
        frame.back = Some(Link {
            href,
            name,
            current: false,
        });
        frame.about = String::new();
        frame
    }

    /// The frame of a page about one shop that is no entry itself but hangs below one, with the shop in its query.
    pub(crate) async fn aside(&self, path: &'static str) -> Result<Frame, Problem> {
        let of = self.of_a_shop().await?;
        let Some(shop) = of.shop.clone() else {
            return Ok(of);
        };
        let slug = shop.slug.clone();
        Ok(self.below(shop).here(path, &[("shop", &slug)]))
    }

    fn frame(&self, all: Vec<TenantView>, shop: Option<TenantView>) -> Frame {
        let accepts = self
            .headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|v| v.to_str().ok());
        let language = languages::choose(self.lang, accepts);
        Frame::new(language, self.principal.role, self.entry, all, shop).within(self.principal)
    }
}

impl Frame {
    /// The frame in a language for a role.
    pub(crate) fn new(
        language: Language,
        role: Role,
        entry: &'static str,
        all: Vec<TenantView>,
        shop: Option<TenantView>,
    ) -> Frame {
        let w = Words(language);
        let words = |of: fn(&(&str, &'static str, &'static str)) -> &'static str| {
            let found = MENU.iter().find(|m| m.0 == entry);
            found.map_or_else(String::new, |m| w.t(of(m)).to_owned())
        };
        let mut frame = Frame {
            w,
            language,
            lang: language.code(),
            title: words(|m| m.1),
            about: words(|m| m.2),
            path: entry,
            back: None,
            languages: Vec::new(),
            menu: Vec::new(),
            shops: Vec::new(),
            shop,
        };
        frame.shops = all
            .into_iter()
            .map(|t| Shop {
                href: query(entry, &[("lang", frame.lang), ("shop", &t.slug)]),
                current: frame.shop.as_ref().is_some_and(|s| s.id == t.id),
                slug: t.slug,
                name: t.name,
            })
            .collect();
        frame.menu = MENU
            .iter()
            .filter(|(path, ..)| may_open(role, path))
            .map(|(path, title, _)| Link {
                href: frame.address(path),
                name: w.t(title).to_owned(),
                current: *path == entry,
            })
            .collect();
        frame.here(entry, &[])
    }

    /// Without what is the operator's alone, for whoever is one tenant's.
    pub(crate) fn within(mut self, principal: &Principal) -> Frame {
        if principal.tenant.is_some() {
            let all = OPERATORS.iter().map(|path| self.address(path));
            let hidden: Vec<String> = all.collect();
            self.menu.retain(|l| !hidden.contains(&l.href));
        }
        self
    }

    /// Where the page really is, and what of its query stays when the language changes.
    pub(crate) fn here(mut self, path: &str, kept: &[(&str, &str)]) -> Frame {
        let shop = self.shop_slug().to_owned();
        self.languages = NAMES
            .iter()
            .map(|(l, name)| {
                // Below a shop the path names it.
                let mut fields = vec![("lang", l.code())];
                if path == self.path {
                    fields.push(("shop", shop.as_str()));
                }
                fields.extend(kept);
                Tongue {
                    code: l.code(),
                    name,
                    href: query(path, &fields),
                    current: *l == self.language,
                }
            })
            .collect();
        self
    }

    /// The same frame with this title.
    pub(crate) fn titled(mut self, title: impl Into<String>) -> Frame {
        self.title = title.into();
        self
    }

    /// Short name of the shop, or nothing.
    pub(crate) fn shop_slug(&self) -> &str {
        self.shop.as_ref().map_or("", |s| s.slug.as_str())
    }

    /// An address of another page with language and shop.
    pub(crate) fn address(&self, path: &str) -> String {
        query(path, &[("lang", self.lang), ("shop", self.shop_slug())])
    }
}

/// Whether this role may look at the page.
pub(crate) fn may_open(role: Role, path: &str) -> bool {
    may(role, "GET", path)
}

/// Whether this role has the rights of an address of the pages, as its route is written.
pub(crate) fn may(role: Role, method: &str, path: &str) -> bool {
    let door = DOORS.iter().find(|d| d.method == method && d.path == path);
    door.is_some_and(|d| role.lacks(d.rights).is_none())
}

/// An address of ours from its fields; empty ones are left out.
pub(crate) fn query(path: &str, fields: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut sign = '?';
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(sign);
        sign = '&';
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    out.push(char::from(byte));
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}

/// A template as an answer.
pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, page = std::any::type_name_of_val(page), "a page did not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ours_is_made_of_plain_letters() {
        let fields = [("lang", "es"), ("rule", ""), ("who", "+57 300&x=1")];
        assert_eq!(query("/v", &fields), "/v?lang=es&who=%2B57%20300%26x%3D1");
        assert_eq!(query("/v", &[]), "/v");
    }

    #[test]
    fn every_entry_of_the_menu_is_a_page_with_words_in_every_language() {
        for (path, title, about) in MENU {
            assert!(may_open(Role::Owner, path), "{path} has no door");
            for language in Language::ALL {
                for key in [title, about] {
                    assert_ne!(Words(language).t(key), *key, "{path} {language:?}");
                }
            }
        }
    }

    #[test]
    fn the_menu_shows_what_the_role_may_open() {
        let menu = |role| {
            let frame = Frame::new(Language::En, role, "/verdicts", Vec::new(), None);
            frame.menu.into_iter().map(|l| l.name).collect::<Vec<_>>()
        };
        let w = Words(Language::En);
        let owner = menu(Role::Owner);
        assert!(owner.iter().any(|n| n == w.t("access.title")));
        let viewer = menu(Role::Viewer);
        assert!(!viewer.iter().any(|n| n == w.t("access.title")));
        assert!(viewer.iter().any(|n| n == w.t("figures.title")));
    }

    #[test]
    fn changing_the_language_keeps_what_was_asked_for() {
        let frame = Frame::new(Language::Es, Role::Owner, "/audit", Vec::new(), None)
            .here("/audit", &[("who", "rosa & co")]);
        let hrefs: Vec<_> = frame.languages.iter().map(|l| l.href.as_str()).collect();
        assert_eq!(hrefs[1], "/audit?lang=pt&who=rosa%20%26%20co");
        assert!(frame.languages[0].current && !frame.languages[1].current);
    }

    /// Every template and script of the pages keeps to the policy they are served with.
    #[test]
    fn no_template_holds_scripts_or_styles_of_its_own() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let page = std::fs::read_to_string(&path).unwrap();
            seen += 1;
            for word in ["style=", "onclick", "onload", "<style", "javascript:"] {
                assert!(!page.contains(word), "{}: {word}", path.display());
            }
            assert_eq!(
                page.matches("<script").count(),
                page.matches("<script src=").count(),
                "{}",
                path.display()
            );
        }
        assert!(seen > 8, "{seen} templates");
    }
}
