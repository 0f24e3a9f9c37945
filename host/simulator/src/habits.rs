//! What people do by themselves when a message reaches them: a script, and chance by the world's seed.

use portero_domain::clock::{Millis, Ts};
use serde_json::{Map, Value};

use crate::arena::Id;
use crate::config::{Act, AutoReply};
use crate::control::problem::Problem;
use crate::fate::Due;
use crate::messages::Message;
use crate::taps::Target;
use crate::world::World;

/// Sentences by language: Portuguese for Brazil, English where Meta's own words are, else Spanish.
struct Words {
    human: &'static str,
    stop: &'static str,
    no_more: &'static str,
}

fn words(country: Option<&str>) -> Words {
    match country {
        Some("BR" | "PT") => Words {
            human: "Quero falar com um atendente",
            stop: "SAIR",
            no_more: "Chega de propaganda, por favor",
        },
        None | Some("US") => Words {
            human: "I want to talk to a person",
            stop: "STOP",
            no_more: "Please do not send me offers any more",
        },
        Some(_) => Words {
            human: "Quiero hablar con una persona",
            stop: "BAJA",
            no_more: "Ya no me manden ofertas, por favor",
        },
    }
}

impl World {
    /// Plans the first of the person's rules that fits a message which has just arrived; says how
    /// they read it, when that is part of the rule.
    pub(crate) fn plan_auto(&mut self, id: Id<Message>, at: Ts) -> (Option<Act>, Millis) {
        let message = &self.messages[id];
        let who = message.person;
        if self.people[who].is.auto.is_empty() {
            return (None, Millis(0));
        }
        let text = message
            .body()
            .map(|body| body.to_string().to_lowercase())
            .unwrap_or_default();
        for index in 0..self.people[who].is.auto.len() {
            let Some(rule) = self.people[who].is.auto.get(index) else {
                break;
            };
            let fits = rule.times > 0
                && rule
                    .when_contains
                    .as_ref()
                    .is_none_or(|part| text.contains(&part.to_lowercase()));
            let percent = rule.percent;
            // A toss only where chance is asked for: other worlds keep their sequence.
            if !fits || (percent < 100 && !self.chance.toss(percent)) {
                continue;
            }
            let Some(rule) = self.people[who].is.auto.get_mut(index) else {
                break;
            };
            rule.times -= 1;
            let after = Millis(rule.after_ms.max(0));
            let act = rule.act;
            if !matches!(act, Some(Act::Ignore | Act::ReadLate)) {
                self.queue.push(at + after, Due::Auto(id, index));
            }
            return (act, after);
        }
        (None, Millis(0))
    }

    /// Does what the rule says; what is not possible is not done.
    pub(crate) fn act_by_rule(&mut self, id: Id<Message>, rule: usize, at: Ts) {
        let person = self.messages[id].person;
        let Some(rule) = self.people[person].is.auto.get(rule).cloned() else {
            return;
        };
        if let Err(problem) = self.do_rule(id, &rule, at) {
            tracing::debug!(reason = %problem.detail, "a person's own rule could not act");
        }
    }

    fn do_rule(&mut self, id: Id<Message>, rule: &AutoReply, at: Ts) -> Result<(), Problem> {
        let message = &self.messages[id];
        let (number, person, wamid) = (message.number, message.person, message.wamid.clone());
        let key = self.people[person].phone_key();
        let words = words(key.as_ref().and_then(|key| key.country()));
        let text = match (&rule.say, rule.act) {
            (Some(text), _) => Some(text.as_str()),
            (None, Some(Act::AskForHuman)) => Some(words.human),
            (None, Some(Act::Refuse)) => Some(words.stop),
            (None, Some(Act::RefuseInOwnWords)) => Some(words.no_more),
            _ => None,
        };
        if let Some(tap) = &rule.tap {
            self.tap(number, person, &wamid, &Target::Named(tap.clone()), at)?;
        } else if let Some(text) = text {
            let mut body = Map::new();
            body.insert("text".into(), Value::from(text));
            self.say(number, person, &body, at)?;
        }
        match rule.act {
            Some(Act::StopOffers) => self.prefer(number, person, true, at),
            Some(Act::NotInterested) => self.people[person].appetite.wants_less = true,
            Some(Act::Block) => self.block(number, person, at),
            Some(Act::Report) => {
                self.complained(number, person, at);
                self.block(number, person, at);
            }
            Some(Act::ChangeNumber) => self.take_number(person, rule.wa_id.as_deref(), at)?,
            _ => {}
        }
        Ok(())
    }
}
