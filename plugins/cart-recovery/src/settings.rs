//! What the operator set. Everything has a sensible value when it is missing.

use portero_sdk::{config, log, tidy_param};
use serde_json::{Map, Value};

use crate::language::Language;

/// Minutes without news of a cart before the reminder.
const DELAY_MINUTES: u64 = 60;
/// Shortest and longest delay that is taken, minutes.
const DELAY_RANGE: (u64, u64) = (5, 3 * 24 * 60);

/// What the operator set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) shop: Option<String>,
    pub(crate) delay_ms: u64,
    pub(crate) topic: String,
    pub(crate) discount: Option<String>,
    pub(crate) template: String,
    pub(crate) named: bool,
    pub(crate) params: Vec<String>,
    languages: Vec<Language>,
    template_languages: Vec<(Language, String)>,
}

impl Settings {
    /// Asks the host; what cannot be read is as good as nothing, and leaves a line in the log.
    pub(crate) fn load() -> Settings {
        let text = config::get().unwrap_or_else(|error| {
            log::warn(format!("no configuration: {error}"));
            "{}".to_owned()
        });
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(object)) => Settings::read(&object),
            _ => {
                log::warn("the configuration is no JSON object");
                Settings::read(&Map::new())
            }
        }
    }

    fn read(object: &Map<String, Value>) -> Settings {
        let minutes = object.get("delay_minutes").and_then(Value::as_u64);
        let (least, most) = DELAY_RANGE;
        let template = object.get("template");
        let languages: Vec<Language> = object
            .get("languages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|v| Language::from_tag(v.as_str()?))
            .collect();
        let params = template
            .and_then(|t| t.get("params"))
            .and_then(Value::as_array);
        Settings {
            shop: line(object.get("shop"), 60),
            delay_ms: minutes.unwrap_or(DELAY_MINUTES).clamp(least, most) * 60_000,
            topic: line(object.get("topic"), 64).unwrap_or_else(|| "ofertas".to_owned()),
            discount: line(object.get("discount"), 60),
            template: template
                .and_then(|t| line(t.get("name"), 512))
                .unwrap_or_else(|| "carrito_recordatorio".to_owned()),
            named: template
                .and_then(|t| t.get("named"))
                .and_then(Value::as_bool)
                .unwrap_or(true),
            params: match params {
                Some(list) => list
                    .iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect(),
                None => vec!["nombre".to_owned()],
            },
            languages: if languages.is_empty() {
                Language::ALL.to_vec()
            } else {
                languages
            },
            template_languages: Language::ALL
                .into_iter()
                .map(|l| {
                    let set = object.get("template_languages");
                    let code = set.and_then(|s| line(s.get(l.code()), 16));
                    (l, code.unwrap_or_else(|| l.template_code().to_owned()))
                })
                .collect(),
        }
    }

    /// The language to write to somebody who reads `tag`.
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

#[cfg(test)]
mod tests {
    use portero_sdk::testing::Host;

    use super::*;

    #[test]
    fn without_configuration_an_hour_passes_and_no_discount_is_known() {
        let _host = Host::install();
        let settings = Settings::load();
        assert_eq!(settings.delay_ms, 3_600_000);
        assert_eq!(settings.discount, None);
        assert_eq!(settings.params, ["nombre"]);
    }

    #[test]
    fn a_delay_out_of_range_becomes_the_nearest_in_it() {
        let host = Host::install();
        for (minutes, taken) in [(0, 5), (4, 5), (5, 5), (4_320, 4_320), (4_321, 4_320)] {
            host.set_config(format!(r#"{{"delay_minutes":{minutes}}}"#));
            assert_eq!(Settings::load().delay_ms, taken * 60_000, "{minutes}");
        }
    }

    #[test]
    fn a_configuration_that_is_no_json_leaves_a_line_and_the_defaults() {
        let host = Host::install();
        host.set_config("{shop");
        assert_eq!(Settings::load().topic, "ofertas");
        assert_eq!(host.logs().len(), 1);
    }
}
