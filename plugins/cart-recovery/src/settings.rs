//! What the operator set. Everything has a sensible value when it is missing.

use portero_sdk::settings::{Languages, TemplateShape, line, object};
use serde_json::{Map, Value};

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
    pub(crate) template: TemplateShape,
    pub(crate) languages: Languages,
}

impl Settings {
    /// Asks the host; what cannot be read is as good as nothing, and leaves a line in the log.
    pub(crate) fn load() -> Settings {
        Settings::read(&object())
    }

    fn read(object: &Map<String, Value>) -> Settings {
        let minutes = object.get("delay_minutes").and_then(Value::as_u64);
        let (least, most) = DELAY_RANGE;
        let template = object.get("template");
        Settings {
            shop: line(object.get("shop"), 60),
            delay_ms: minutes.unwrap_or(DELAY_MINUTES).clamp(least, most) * 60_000,
            topic: line(object.get("topic"), 64).unwrap_or_else(|| "ofertas".to_owned()),
            discount: line(object.get("discount"), 60),
            template: TemplateShape::read(template, "carrito_recordatorio", &["nombre"]),
            languages: Languages::read(object),
        }
    }
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
        assert_eq!(settings.template.params, ["nombre"]);
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
