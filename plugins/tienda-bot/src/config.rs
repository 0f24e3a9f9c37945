//! What the operator set. Everything has a sensible value when it is missing.

use portero_sdk::settings::{Languages, TemplateShape, line, object};
use serde_json::{Map, Value};

/// Keys of `hours`, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

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
    pub(crate) languages: Languages,
    pub(crate) offers_topic: String,
    pub(crate) offers_wording: String,
    pub(crate) order_template: TemplateShape,
    pub(crate) cart_template: TemplateShape,
}

impl Config {
    /// Asks the host; an unreadable configuration is as good as none, and leaves a line in the log.
    pub(crate) fn load() -> Config {
        Config::read(&object())
    }

    fn read(object: &Map<String, Value>) -> Config {
        let offers = object.get("offers");
        Config {
            shop: line(object.get("shop"), 60),
            address: line(object.get("address"), 300),
            hours: Hours::read(object.get("hours")),
            languages: Languages::read(object),
            offers_topic: offers
                .and_then(|o| line(o.get("topic"), 64))
                .unwrap_or_else(|| "ofertas".to_owned()),
            offers_wording: offers
                .and_then(|o| line(o.get("wording"), 64))
                .unwrap_or_else(|| "ofertas".to_owned()),
            order_template: TemplateShape::read(
                object.get("order_template"),
                "pedido_estado",
                &["pedido", "estado"],
            ),
            cart_template: TemplateShape::read(
                object.get("cart_template"),
                "carrito_recordatorio",
                &["nombre"],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use portero_sdk::Language;
    use portero_sdk::testing::Host;

    use super::*;

    #[test]
    fn without_configuration_everything_has_a_value() {
        let _host = Host::install();
        let config = Config::load();
        assert_eq!(config.shop, None);
        assert_eq!(config.languages.spoken(), Language::ALL);
        assert_eq!(config.offers_topic, "ofertas");
        assert_eq!(config.order_template.params, ["pedido", "estado"]);
        assert_eq!(config.languages.template_code(Language::Pt), "pt_BR");
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
}
