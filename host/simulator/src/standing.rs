//! Accounts in trouble (§2.5, §3.7, §10.2; cases 39, 40, 89, 90, 94, 98): restricted, disabled, misused
//! categories, health, volume tiers.

use portero_domain::clock::Ts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arena::Id;
use crate::errors::GraphError;
use crate::messages::{Class, Message};
use crate::world::{Number, Waba, World};

/// What Meta holds against an account.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// No business-initiated messages before then.
    restricted_until: Option<Ts>,
    disabled: bool,
    misuse: Option<Misuse>,
}

/// A restriction for templates in the wrong category.
#[derive(Clone, Serialize, Deserialize)]
struct Misuse {
    until: Ts,
    /// Utility templates that may still be sent.
    left: u32,
}

impl World {
    /// The effect of news that `/_sim/accounts` tells: what Meta announces, it also does.
    pub(crate) fn account_news(&mut self, waba: Id<Waba>, field: &str, value: &Value) {
        if field != "account_update" {
            return;
        }
        let standing = &mut self.wabas[waba].standing;
        match value.get("event").and_then(Value::as_str) {
            Some("ACCOUNT_RESTRICTION") => {
                let list = value.get("restriction_info").and_then(Value::as_array);
                for one in list.into_iter().flatten() {
                    let kind = one.get("restriction_type").and_then(Value::as_str);
                    if kind.is_some_and(|kind| kind.contains("BIZ_INITIATED_MESSAGING")) {
                        let until = one.get("expiration").and_then(Value::as_i64);
                        standing.restricted_until = Some(until.map_or(Ts(i64::MAX), Ts::from_secs));
                    }
                }
            }
            Some("DISABLED_UPDATE") => {
                let state = value.pointer("/ban_info/waba_ban_state");
                match state.and_then(Value::as_str) {
                    Some("DISABLE") => standing.disabled = true,
                    Some("REINSTATE") => *standing = Standing::default(),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Meta found misuse of categories: no new utility templates until then, and so many sends.
    pub(crate) fn misused(&mut self, waba: Id<Waba>, until: Ts, sends: u32) {
        let account = &mut self.wabas[waba];
        account.is.warned = true;
        account.standing.misuse = Some(Misuse { until, left: sends });
    }

    /// Whether new utility templates are refused.
    pub(crate) fn no_utility(&self, waba: Id<Waba>, now: Ts) -> bool {
        let misuse = &self.wabas[waba].standing.misuse;
        misuse.as_ref().is_some_and(|misuse| now < misuse.until)
    }

    /// What an account's standing refuses at once; counts a utility template that it lets through.
    pub(crate) fn standing_refuses(
        &mut self,
        number: Id<Number>,
        class: Class,
        template: bool,
        now: Ts,
    ) -> Option<GraphError> {
        if now < self.numbers[number].maintenance_until {
            return Some(GraphError::new(
                131_057,
                "the number is being set up for a higher throughput; try again in a minute",
            ));
        }
        let restricted = self.config.rules.red_is_restricted;
        if template && restricted && self.numbers[number].is.quality == "RED" {
            return Some(GraphError::new(
                131_048,
                "people blocked or reported this number too often",
            ));
        }
        let waba = self.numbers[number].waba;
        let standing = &mut self.wabas[waba].standing;
        if standing.disabled {
            return Some(GraphError::new(131_031, "the account is disabled"));
        }
        if !template {
            return None;
        }
        if standing.restricted_until.is_some_and(|until| now < until) {
            return Some(GraphError::new(
                368,
                "the account may not start conversations for now",
            ));
        }
        let misuse = standing.misuse.as_mut().filter(|m| now < m.until)?;
        if class != Class::Utility {
            return None;
        }
        if misuse.left == 0 {
            return Some(GraphError::new(
                131_064,
                "the limit that was set for misused categories is used up",
            ));
        }
        misuse.left -= 1;
        None
    }

    /// `health_status` of an account or of one of its numbers (§6.5; case 98).
    pub(crate) fn health(&self, waba: Id<Waba>, number: Option<&Number>, now: Ts) -> Value {
        let account = &self.wabas[waba];
        let mut entities = Vec::new();
        if let Some(number) = number {
            let (can, errors) = if number.is.registered {
                ("AVAILABLE", vec![])
            } else {
                let what = problem(133_010, "The number is not registered.", "Register it.");
                ("BLOCKED", vec![what])
            };
            entities.push(entity(
                "PHONE_NUMBER",
                &number.is.phone_number_id,
                can,
                errors,
            ));
        }
        let standing = &account.standing;
        let (can, errors) = if standing.disabled {
            let what = problem(131_031, "The account is disabled.", "Ask for a review.");
            ("BLOCKED", vec![what])
        } else if standing.restricted_until.is_some_and(|until| now < until) {
            let what = problem(368, "Templates are not sent for now.", "Wait for its end.");
            ("LIMITED", vec![what])
        } else if !account.is.payment_method {
            let what = problem(131_042, "There is no payment method.", "Add one.");
            ("LIMITED", vec![what])
        } else {
            ("AVAILABLE", vec![])
        };
        entities.push(entity("WABA", &account.is.id, can, errors));
        entities.push(entity(
            "BUSINESS",
            &account.is.portfolio,
            "AVAILABLE",
            vec![],
        ));
        let worst = ["BLOCKED", "LIMITED"].into_iter().find(|worst| {
            entities.iter().any(|entity| {
                entity
                    .get("can_send_message")
                    .is_some_and(|can| can == worst)
            })
        });
        json!({"can_send_message": worst.unwrap_or("AVAILABLE"), "entities": entities})
    }

    /// Counts a charged utility or authentication message; tells when the next volume tier begins (§8.1).
    pub(crate) fn count_volume(&mut self, id: Id<Message>, at: Ts) {
        let message = &self.messages[id];
        let category = match message.class {
            Class::Utility => "UTILITY",
            Class::Authentication => "AUTHENTICATION",
            _ => return,
        };
        let free = message.free_until.is_some()
            || (message.class == Class::Utility
                && message.in_window
                && at.ms() < self.config.service_charged_from_at);
        if free {
            return;
        }
        let key = self.people[message.person].phone_key();
        let region = key.as_ref().and_then(|key| key.country()).unwrap_or("US");
        let (year, month) = self.month(message.number, at);
        let waba = self.numbers[message.number].waba;
        let region = region.to_owned();
        let portfolio = self.wabas[waba].is.portfolio.clone();
        let Some(portfolio) = self.portfolios.get_mut(&portfolio) else {
            return;
        };
        let effective = format!("{year:04}-{month:02}");
        // Only the month that runs is kept.
        portfolio
            .volume
            .retain(|key, _| key.starts_with(&effective));
        let count = portfolio
            .volume
            .entry(format!("{effective}/{category}/{region}"))
            .or_insert(0);
        *count += 1;
        let tiers = &self.config.rules.volume_tiers;
        let Some(at_tier) = tiers.iter().position(|tier| *count == tier + 1) else {
            return;
        };
        let high = tiers.get(at_tier + 1).map_or(String::new(), u64::to_string);
        let value = json!({
            "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
            "volume_tier_info": {
                "tier_update_time": at.secs(),
                "pricing_category": category,
                "tier": format!("{count}:{high}"),
                "effective_month": effective,
                "region": region,
            },
        });
        self.tell_waba(waba, "account_update", value, at);
    }
}

fn entity(kind: &str, id: &str, can: &str, errors: Vec<Value>) -> Value {
    let mut out = json!({"entity_type": kind, "id": id, "can_send_message": can});
    if let Some(fields) = out.as_object_mut()
        && !errors.is_empty()
    {
        fields.insert("errors".into(), errors.into());
    }
    out
}

fn problem(code: i64, what: &str, solution: &str) -> Value {
    json!({"error_code": code, "error_description": what, "possible_solution": solution})
}
