//! What the operator set. Everything has a sensible value when it is missing.

use portero_sdk::settings::{Languages, TemplateShape, line, object};
use serde_json::{Map, Value};

/// What the operator set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) shop: Option<String>,
    pub(crate) template: TemplateShape,
    pub(crate) languages: Languages,
}

impl Settings {
    /// Asks the host; what cannot be read is as good as nothing, and leaves a line in the log.
    pub(crate) fn load() -> Settings {
        Settings::read(&object())
    }

    fn read(object: &Map<String, Value>) -> Settings {
        let template = object.get("template");
        Settings {
            shop: line(object.get("shop"), 60),
            template: TemplateShape::read(template, "pedido_estado", &["pedido", "estado"]),
            languages: Languages::read(object),
        }
    }
}

#[cfg(test)]
mod tests {
    use portero_sdk::Language;
    use portero_sdk::testing::Host;

    use super::*;

    #[test]
    fn without_configuration_the_template_names_order_and_state() {
        let _host = Host::install();
        let settings = Settings::load();
        assert_eq!(settings.template.name, "pedido_estado");
        assert_eq!(settings.template.params, ["pedido", "estado"]);
        assert_eq!(settings.languages.template_code(Language::Pt), "pt_BR");
        assert_eq!(settings.languages.speak("fr"), Language::Es);
    }

    #[test]
    fn a_configuration_that_is_no_json_leaves_a_line_and_the_defaults() {
        let host = Host::install();
        host.set_config("{shop");
        assert!(Settings::load().template.named);
        assert_eq!(host.logs().len(), 1);
    }
}
