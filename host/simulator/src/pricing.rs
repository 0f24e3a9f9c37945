//! The pricing object of a status (§8.3) and the free service messages of a month (§8.1).

use portero_domain::clock::Ts;
use serde_json::{Value, json};

use crate::arena::Id;
use crate::messages::{Class, Message};
use crate::world::{Number, World};

impl World {
    /// What the status says about money; `None` for what has no price.
    pub(crate) fn pricing(&self, message: Id<Message>, at: Ts) -> Option<Value> {
        let message = &self.messages[message];
        if message.free_until.is_some() && message.class != Class::Free {
            return Some(json!({
                "billable": false,
                "pricing_model": "PMP",
                "type": "free_entry_point",
                "category": "referral_conversion",
            }));
        }
        let charged = at.ms() >= self.config.service_charged_from_at;
        let (kind, category) = match message.class {
            Class::Marketing => ("regular", "marketing"),
            Class::MarketingLite => ("regular", "marketing_lite"),
            Class::Authentication => ("regular", "authentication"),
            Class::Utility if message.in_window && !charged => ("free_customer_service", "utility"),
            Class::Utility => ("regular", "utility"),
            Class::Service if !charged => ("free_customer_service", "service"),
            Class::Service => {
                let counted = self.service_delivered(message.number, at);
                let nth = if message.reached() {
                    counted
                } else {
                    counted.saturating_add(1)
                };
                let free = nth <= self.config.free_service_messages;
                let label = if free {
                    self.config.free_service_label.as_str()
                } else {
                    "regular"
                };
                (label, "service")
            }
            Class::Free => return None,
        };
        Some(json!({
            "billable": kind == "regular",
            "pricing_model": "PMP",
            "type": kind,
            "category": category,
        }))
    }

    /// Counts a delivered service message in the account's month.
    pub(crate) fn count_service(&mut self, number: Id<Number>, at: Ts) {
        let month = self.month(number, at);
        let number = &mut self.numbers[number];
        if number.service_month != month {
            number.service_month = month;
            number.service_delivered = 0;
        }
        number.service_delivered = number.service_delivered.saturating_add(1);
    }

    /// Service messages delivered in the account's month so far.
    pub(crate) fn service_delivered(&self, number: Id<Number>, at: Ts) -> u32 {
        let month = self.month(number, at);
        let number = &self.numbers[number];
        if number.service_month == month {
            number.service_delivered
        } else {
            0
        }
    }

    /// Year and month in the account's time zone.
    pub(crate) fn month(&self, number: Id<Number>, at: Ts) -> (i16, i8) {
        let zone = &self.wabas[self.numbers[number].waba].zone;
        at.to_jiff().map_or((0, 0), |instant| {
            let day = instant.to_zoned(zone.clone());
            (day.year(), day.month())
        })
    }
}
