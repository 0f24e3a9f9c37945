//! What the operator set, read forgivingly: a member that is missing or odd is as good as none.
//!
//! With the feature `settings`.

use serde_json::{Map, Value};

use crate::{Language, config, log, tidy_param};

/// Longest name of a template, in characters.
const TEMPLATE_NAME: usize = 512;
/// Longest language code of a template, in characters.
const TEMPLATE_CODE: usize = 16;

/// The operator's settings; empty, with a line in the log, when they are refused or no JSON object.
#[must_use]
pub fn object() -> Map<String, Value> {
    let text = config::get().unwrap_or_else(|error| {
        log::warn(format!("no configuration: {error}"));
        "{}".to_owned()
    });
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => object,
        _ => {
            log::warn("the configuration is no JSON object");
            Map::new()
        }
    }
}

/// One line of text of at most `max` characters; nothing when it is empty or no text.
#[must_use]
pub fn line(value: Option<&Value>, max: usize) -> Option<String> {
    let text = tidy_param(value?.as_str()?, max);
    (!text.is_empty()).then_some(text)
}

/// The languages that a shop speaks (`languages`), its first one first, and Meta's codes for its
/// templates (`template_languages`, by two letters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages {
    spoken: Vec<Language>,
    codes: Vec<(Language, String)>,
}

impl Languages {
    /// Reads them; every language when none is set.
    #[must_use]
    pub fn read(object: &Map<String, Value>) -> Languages {
        let set = object.get("languages").and_then(Value::as_array);
        let spoken: Vec<Language> = set
            .into_iter()
            .flatten()
            .filter_map(|v| Language::from_tag(v.as_str()?))
            .collect();
        let codes = object.get("template_languages");
        let code = |l: Language| line(codes.and_then(|c| c.get(l.code())), TEMPLATE_CODE);
        Languages {
            spoken: if spoken.is_empty() {
                Language::ALL.to_vec()
            } else {
                spoken
            },
            codes: Language::ALL
                .into_iter()
                .filter_map(|l| Some((l, code(l)?)))
                .collect(),
        }
    }

    /// The languages spoken, the shop's own first.
    #[must_use]
    pub fn spoken(&self) -> &[Language] {
        &self.spoken
    }

    /// The language to speak to somebody who reads `tag`: theirs, else the shop's first.
    #[must_use]
    pub fn speak(&self, tag: &str) -> Language {
        let first = self.spoken.first().copied().unwrap_or(Language::Es);
        Language::from_tag(tag)
            .filter(|l| self.spoken.contains(l))
            .unwrap_or(first)
    }

    /// Meta's code for templates in a language.
    #[must_use]
    pub fn template_code(&self, language: Language) -> &str {
        self.codes
            .iter()
            .find(|(l, _)| *l == language)
            .map_or(language.template_code(), |(_, code)| code)
    }
}

/// A template and what goes into its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateShape {
    /// Its name.
    pub name: String,
    /// Whether its parameters have names.
    pub named: bool,
    /// What goes into them, in order.
    pub params: Vec<String>,
}

impl TemplateShape {
    /// Reads `{"name": …, "named": …, "params": […]}`; what is not set is as given, and named.
    #[must_use]
    pub fn read(value: Option<&Value>, name: &str, params: &[&str]) -> TemplateShape {
        let member = |key: &str| value.and_then(|v| v.get(key));
        TemplateShape {
            name: line(member("name"), TEMPLATE_NAME).unwrap_or_else(|| name.to_owned()),
            named: member("named").and_then(Value::as_bool).unwrap_or(true),
            params: match member("params").and_then(Value::as_array) {
                Some(list) => list
                    .iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect(),
                None => params.iter().map(|p| (*p).to_owned()).collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    fn languages(host: &Host, text: &str) -> Languages {
        host.set_config(text);
        Languages::read(&object())
    }

    #[test]
    fn what_is_no_object_or_refused_leaves_a_line_and_nothing_set() {
        let host = Host::install();
        host.set_config("{shop");
        assert!(object().is_empty());
        host.set_config("[1]");
        assert!(object().is_empty());
        host.refuse("config");
        assert!(object().is_empty());
        assert_eq!(host.logs().len(), 3);
    }

    #[test]
    fn a_language_that_the_shop_does_not_speak_becomes_its_first() {
        let host = Host::install();
        let own = languages(
            &host,
            r#"{"languages":["pt","en",7,"fr"],"template_languages":{"pt":"pt_PT","en":""}}"#,
        );
        assert_eq!(own.spoken(), [Language::Pt, Language::En]);
        for (tag, spoken) in [
            ("es_MX", Language::Pt),
            ("en_US", Language::En),
            ("fr", Language::Pt),
            ("", Language::Pt),
        ] {
            assert_eq!(own.speak(tag), spoken, "{tag}");
        }
        assert_eq!(own.template_code(Language::Pt), "pt_PT");
        assert_eq!(own.template_code(Language::En), "en");
        let all = languages(&host, "{}");
        assert_eq!(all.spoken(), Language::ALL);
        assert_eq!(all.speak("fr"), Language::Es);
    }

    #[test]
    fn a_template_is_as_given_unless_the_operator_says_otherwise() {
        let given = TemplateShape::read(None, "pedido_estado", &["pedido", "estado"]);
        assert_eq!((given.name.as_str(), given.named), ("pedido_estado", true));
        assert_eq!(given.params, ["pedido", "estado"]);
        let set = serde_json::json!({ "name": " otra ", "named": false, "params": ["x", 1] });
        let set = TemplateShape::read(Some(&set), "pedido_estado", &[]);
        assert_eq!((set.name.as_str(), set.named), ("otra", false));
        assert_eq!(set.params, ["x"]);
    }

    #[test]
    fn a_line_is_tidied_cut_and_never_empty() {
        let value = serde_json::json!("a\nb   c");
        assert_eq!(
            line(Some(&value), 60).as_deref(),
            Some(tidy_param("a\nb   c", 60).as_str())
        );
        assert_eq!(line(Some(&serde_json::json!("  ")), 60), None);
        assert_eq!(line(Some(&serde_json::json!(7)), 60), None);
        assert_eq!(line(None, 60), None);
    }
}
