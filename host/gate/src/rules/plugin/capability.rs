//! `plugin.capability`: the plugin was not granted what this message needs.

use portero_domain::template::TemplateCategory;

use crate::detect::ContentKind;
use crate::facts::PluginFacts;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "plugin.capability",
    version: 2,
    stratum: Stratum::House,
    phase: Phase::Plugin,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Permiso que falta",
        "Permissão que falta",
        "Permission missing",
    ),
    sentence: words(
        "El plugin necesita {value} y tiene: {limit}.",
        "O plugin precisa de {value} e tem: {limit}.",
        "The plugin needs {value} and holds: {limit}.",
    ),
    remedy: words(
        "Decláralo en `portero-plugin.toml` y pide a quien administra la cuenta que lo conceda.",
        "Declare-o em `portero-plugin.toml` e peça a quem administra a conta que o conceda.",
        "Declare it in `portero-plugin.toml` and ask the tenant's administrator to grant it.",
    ),
    docs: Docs {
        checks: "What the message needs against manifest ∩ grant ∩ tenant ∩ host, and against what the \
                 kind of plugin can hold at all.",
        why: "The blast radius of a plugin is what its operator agreed to, not what it tries.",
        fires: "Denies a plugin's message when a permission is missing (`send.session`, `send.media`, \
                `send.interactive`, `send.template.utility`, `send.template.marketing`, \
                `consent.request`), when its template is not among those it may name or of a category that \
                its manifest does not name in `[messages]`, when it proposes an authentication template, \
                and always for segmentation and analytics plugins.",
        facts: "`plugin.kind`, `plugin.capabilities`, `plugin.categories`, `plugin.templates`; the registry's \
                category.",
        parameters: "None.",
        source: "Own choice.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        if !matches!(case.origin, Origin::Plugin { .. }) {
            return None;
        }
        let Some(plugin) = &case.facts.plugin else {
            return Some(Found::deny("unknown", "plugin"));
        };
        if plugin.kind != "replies" {
            return Some(Found::deny("send.*", format!("kind_{}", plugin.kind)));
        }
        let missing = needed(case)
            .into_iter()
            .flatten()
            .find(|need| !holds(plugin, need));
        if let Some(need) = missing {
            return Some(Found::deny(need, plugin.capabilities.join(", ")));
        }
        if let (Some(template), Some(named)) = (case.template(), &plugin.categories) {
            let category = word(template.category);
            if !named.iter().any(|c| c == category) {
                return Some(Found::deny(format!("category {category}"), named.join(", ")));
            }
        }
        let name = &case.shape()?.name;
        let named = plugin
            .templates
            .iter()
            .any(|pattern| matches(pattern, name));
        (!named).then(|| Found::deny(format!("template {name}"), plugin.templates.join(", ")))
    }
}

/// The category as manifests write it.
fn word(category: TemplateCategory) -> &'static str {
    match category {
        TemplateCategory::Marketing => "marketing",
        TemplateCategory::Utility => "utility",
        TemplateCategory::Authentication => "authentication",
    }
}

fn holds(plugin: &PluginFacts, need: &str) -> bool {
    plugin.capabilities.iter().any(|c| c == need)
}

/// At most two permissions, without allocating.
fn needed(case: &Case<'_>) -> [Option<&'static str>; 2] {
    if case.is_template() {
        let category = case.template().map(|t| match t.category {
            TemplateCategory::Marketing => "send.template.marketing",
            TemplateCategory::Utility => "send.template.utility",
            // No kind of plugin can hold this one: codes come from the tenant's own systems.
            TemplateCategory::Authentication => "host_only: send.template.authentication",
        });
        let asks = (case.declared == Purpose::ConsentRequest).then_some("consent.request");
        return [category, asks];
    }
    if case.declared == Purpose::ConsentRequest {
        // The host's own wording: no permission on its form is needed beside the right to ask.
        return [Some("consent.request"), None];
    }
    let form = match case.facts.content.kind {
        ContentKind::Media => Some("send.media"),
        ContentKind::Interactive => Some("send.interactive"),
        ContentKind::Text | ContentKind::Reaction | ContentKind::Template => None,
    };
    [Some("send.session"), form]
}

/// Whether a template name fits a pattern: exact, or a prefix before a final `*`.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::testing::{Setup, buttons, image};
    use portero_domain::proposal::Purpose;
    use portero_domain::template::TemplateCategory;

    const RULE: &str = "plugin.capability";

    fn only(s: &mut Setup, capabilities: &[&str]) {
        s.plugin().capabilities = capabilities.iter().map(|c| (*c).to_owned()).collect();
    }

    #[test]
    fn each_form_needs_its_permission() {
        let mut s = Setup::reply("hola");
        only(&mut s, &["send.session"]);
        assert!(s.found(RULE).is_none());
        for (content, needs) in [
            (image("https://a.example/x.png"), "send.media"),
            (buttons(2), "send.interactive"),
        ] {
            s.proposal.content = content;
            only(&mut s, &["send.session"]);
            assert_eq!(s.found(RULE).unwrap().value, needs);
            only(&mut s, &["send.session", needs]);
            assert!(s.found(RULE).is_none());
            only(&mut s, &[needs]);
            assert_eq!(s.found(RULE).unwrap().value, "send.session");
        }
    }

    #[test]
    fn marketing_needs_the_permission_and_the_name() {
        let mut s = Setup::promo();
        s.by_plugin();
        s.plugin().templates = vec!["promo_*".into()];
        only(&mut s, &["send.template.marketing"]);
        assert!(s.found(RULE).is_none());
        s.plugin().templates = vec!["carrito_*".into()];
        assert_eq!(s.found(RULE).unwrap().value, "template promo_v1");
        s.plugin().templates = vec!["promo_*".into()];
        only(&mut s, &["send.template.utility", "send.session"]);
        assert_eq!(s.found(RULE).unwrap().value, "send.template.marketing");
    }

    #[test]
    fn a_category_that_the_manifest_does_not_name_is_refused() {
        let mut s = Setup::promo();
        s.by_plugin();
        assert!(s.found(RULE).is_none());
        s.plugin().categories = Some(vec!["utility".into()]);
        let found = s.found(RULE).unwrap();
        assert_eq!(
            (found.value.as_str(), found.limit.as_str()),
            ("category marketing", "utility")
        );
        s.registry().category = TemplateCategory::Utility;
        assert!(s.found(RULE).is_none());
        s.plugin().categories = Some(Vec::new());
        assert!(s.found(RULE).is_some(), "none named, none allowed");
        s.plugin().categories = None;
        assert!(s.found(RULE).is_none(), "a record from before it was kept");
    }

    #[test]
    fn no_plugin_sends_codes_and_only_replies_plugins_send() {
        let mut s = Setup::promo();
        s.by_plugin();
        s.registry().category = TemplateCategory::Authentication;
        only(
            &mut s,
            &["send.template.authentication", "send.template.marketing"],
        );
        assert!(s.found(RULE).is_some());
        let mut s = Setup::reply("hola");
        for kind in ["segmentation", "analytics"] {
            s.plugin().kind = kind.into();
            assert_eq!(s.denied_by(), Some(RULE.to_owned()));
        }
        s.facts.plugin = None;
        assert_eq!(s.denied_by(), Some(RULE.to_owned()));
    }

    #[test]
    fn asking_for_consent_is_a_permission_of_its_own() {
        let mut s = Setup::reply("hola");
        s.proposal.purpose = Purpose::ConsentRequest;
        s.proposal.content = buttons(2);
        only(&mut s, &["send.session", "send.interactive"]);
        assert_eq!(s.found(RULE).unwrap().value, "consent.request");
        only(&mut s, &["consent.request"]);
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn others_need_no_permission_of_a_plugin() {
        let mut s = Setup::promo();
        s.facts.plugin = None;
        assert!(s.found(RULE).is_none());
    }

    #[test]
    fn patterns_are_exact_or_a_prefix() {
        for (pattern, name, fits) in [
            ("carrito_*", "carrito_v2", true),
            ("carrito_*", "carrito", false),
            ("carrito_v2", "carrito_v2", true),
            ("carrito_v2", "carrito_v21", false),
            ("*", "x", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
