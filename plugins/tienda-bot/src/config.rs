//! What the operator set. Everything has a sensible value when it is missing.

use portero_sdk::{config, log, tidy_param};
use serde_json::{Map, Value};

use crate::language::Language;

/// Keys of `hours`, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A template and what goes into its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateShape {
    pub(crate) name: String,
    pub(crate) named: bool,
    pub(crate) params: Vec<String>,
}

/// When the shop is open, in the operator's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hours {
    /// One text for the whole week.
    Week(String),
    /// A text for each day, Monday first; days without one are not mentioned.
    Days([Option<String>; 7]),
}

impl Hours {
    fn read(value: Option<&Value>) -> Hours {
        match line(value, 300) {
            Some(week) => Hours::Week(week),
            None => Hours::Days(DAYS.map(|day| line(value.and_then(|v| v.get(day)), 60))),
        }
    }
}

/// What the operator set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) shop: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) hours: Hours,
    pub(crate) languages: Vec<Language>,
    pub(crate) offers_topic: String,
    pub(crate) offers_wording: String,
    pub(crate) template_languages: Vec<(Language, String)>,
    pub(crate) order_template: TemplateShape,
    pub(crate) cart_template: TemplateShape,
}

impl Config {
    /// Asks the host; an unreadable configuration is as good as none, and leaves a line in the log.
    pub(crate) fn load() -> Config {
        let text = match config::get() {
            Ok(text) => text,
            Err(error) => {
                log::warn(format!("no configuration: {error}"));
                "{}".to_owned()
            }
        };
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(object)) => Config::read(&object),
            _ => {
                log::warn("the configuration is no JSON object");
                Config::read(&Map::new())
            }
        }
    }

    fn read(object: &Map<String, Value>) -> Config {
        let offers = object.get("offers");
        let languages: Vec<Language> = object
            .get("languages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|v| Language::from_tag(v.as_str()?))
            .collect();
        Config {
            shop: line(object.get("shop"), 60),
            address: line(object.get("address"), 300),
            hours: Hours::read(object.get("hours")),
            languages: if languages.is_empty() {
                Language::ALL.to_vec()
            } else {
                languages
            },
            offers_topic: offers
                .and_then(|o| line(o.get("topic"), 64))
                .unwrap_or_else(|| "ofertas".to_owned()),
            offers_wording: offers
                .and_then(|o| line(o.get("wording"), 64))
                .unwrap_or_else(|| "ofertas".to_owned()),
            template_languages: Language::ALL
                .into_iter()
                .map(|l| {
                    let set = object.get("template_languages");
                    let code = set.and_then(|s| line(s.get(l.code()), 16));
                    (l, code.unwrap_or_else(|| l.template_code().to_owned()))
                })
                .collect(),
            order_template: shape(
                object.get("order_template"),
                "pedido_estado",
                &["pedido", "estado"],
            ),
            cart_template: shape(
                object.get("cart_template"),
                "carrito_recordatorio",
                &["nombre"],
            ),
        }
    }

    /// The language to speak to somebody who reads `tag`.
    pub(crate) fn speak(&self, tag: &str) -> Language {
        let first = self.languages.first().copied().unwrap_or(Language::Es);
        Language::from_tag(tag)
            .filter(|l| self.languages.contains(l))
            .unwrap_or(first)
    }

    /// Meta's code for templates in a language.
    pub(crate) fn template_language(&self, language: Language) -> &str {
        self.template_languages
            .iter()
            .find(|(l, _)| *l == language)
            .map_or(language.template_code(), |(_, code)| code)
    }
}

/// One line of text; nothing when it is empty or no text.
fn line(value: Option<&Value>, max: usize) -> Option<String> {
    let text = tidy_param(value?.as_str()?, max);
    (!text.is_empty()).then_some(text)
}

fn shape(value: Option<&Value>, name: &str, params: &[&str]) -> TemplateShape {
    let given = value
        .and_then(|v| v.get("params"))
        .and_then(Value::as_array);
    TemplateShape {
        name: value
            .and_then(|v| line(v.get("name"), 512))
            .unwrap_or_else(|| name.to_owned()),
        named: value
            .and_then(|v| v.get("named"))
            .and_then(Value::as_bool)
            .unwrap_or(true),
        params: match given {
            Some(list) => list
                .iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
            None => params.iter().map(|p| (*p).to_owned()).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use portero_sdk::testing::Host;

    use super::*;

    #[test]
    fn without_configuration_everything_has_a_value() {
        let _host = Host::install();
        let config = Config::load();
        assert_eq!(config.shop, None);
        assert_eq!(config.languages, Language::ALL);
        assert_eq!(config.offers_topic, "ofertas");
        assert_eq!(config.order_template.params, ["pedido", "estado"]);
        assert_eq!(config.template_language(Language::Pt), "pt_BR");
    }

    #[test]
    fn a_configuration_that_is_no_json_leaves_a_line_and_the_defaults() {
        let host = Host::install();
        host.set_config("{shop");
        assert_eq!(Config::load().offers_wording, "ofertas");
        assert_eq!(host.logs().len(), 1);
    }

    #[test]
    fn a_refused_configuration_leaves_the_defaults() {
        let host = Host::install();
        host.set_config(r#"{"shop":"X"}"#);
        host.refuse("config");
        assert_eq!(Config::load().shop, None);
    }

    #[test]
    fn a_language_that_the_shop_does_not_speak_becomes_its_first() {
        let host = Host::install();
        host.set_config(r#"{"languages":["pt","en"]}"#);
        let config = Config::load();
        assert_eq!(config.speak("es_MX"), Language::Pt);
        assert_eq!(config.speak("en_US"), Language::En);
        assert_eq!(config.speak("fr"), Language::Pt);
        assert_eq!(config.speak(""), Language::Pt);
    }
}
