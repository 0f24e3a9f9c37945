//! Template pacing (§3.6; cases 35, 36): the first messages of a new marketing template go out, the
//! others wait for what people make of them.

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::arena::Id;
use crate::errors::GraphError;
use crate::fate::Due;
use crate::feedback::Level;
use crate::messages::Message;
use crate::templates::Template;
use crate::world::World;

/// After a pause of a utility template, how long it is paced like marketing.
const UTILITY_PACED: Millis = Millis::days(7);

/// A template whose messages are watched.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pacing {
    /// Messages that went out.
    sent: u32,
    /// Messages that wait, oldest first.
    held: Vec<Id<Message>>,
    /// When what is held is decided about.
    decides_at: Option<Ts>,
    /// Pacing ends by itself then.
    until: Option<Ts>,
}

impl Pacing {
    /// Whether messages wait for the decision.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }
}

impl World {
    /// The template is new, unpaused or not well received: from now on its messages are watched.
    pub(crate) fn start_pacing(&mut self, id: Id<Template>, after_pause: bool, now: Ts) {
        let template = &mut self.templates[id];
        let until = match template.category.as_str() {
            "MARKETING" => None,
            "UTILITY" if after_pause => Some(now + UTILITY_PACED),
            _ => return,
        };
        template.pacing.get_or_insert_with(Pacing::default).until = until;
    }

    /// Counts a message that would go out; true when it is held instead.
    pub(crate) fn paced(&mut self, id: Id<Template>, now: Ts) -> bool {
        let threshold = self.config.rules.pacing_threshold;
        let template = &mut self.templates[id];
        let Some(pacing) = &mut template.pacing else {
            return false;
        };
        if pacing.until.is_some_and(|until| now >= until) {
            template.pacing = None;
            return false;
        }
        if pacing.sent < threshold {
            pacing.sent += 1;
            return false;
        }
        true
    }

    /// Lets a message wait; the first one starts the time to the decision.
    pub(crate) fn hold(&mut self, id: Id<Template>, message: Id<Message>, now: Ts) {
        let when = now.plus_ms(self.config.timings.pacing_ms);
        if let Some(pacing) = &mut self.templates[id].pacing {
            pacing.held.push(message);
            if pacing.held.len() == 1 {
                pacing.decides_at = Some(when);
                self.calendar.push(when, Due::PacingDecided(id));
            }
        }
    }

    /// What people did decides.
    pub(crate) fn decide_pacing(&mut self, id: Id<Template>, at: Ts) {
        let rules = &self.config.rules;
        let template = &mut self.templates[id];
        // An earlier pacing of the template may have left its time behind.
        if template.pacing.as_ref().and_then(|p| p.decides_at) != Some(at) {
            return;
        }
        let bad =
            template.quality == "RED" || template.feedback.level(rules, at) == Some(Level::Red);
        self.end_pacing(id, !bad, at);
    }

    /// Releases what was held, or fails it and pauses the template until somebody unpauses it.
    pub(crate) fn end_pacing(&mut self, id: Id<Template>, good: bool, at: Ts) {
        let Some(pacing) = self.templates[id].pacing.take() else {
            return;
        };
        for message in pacing.held {
            let next = if good {
                Due::Sent(message)
            } else {
                let why = "the template was paused while it was paced";
                Due::Failed(message, GraphError::new(132_015, why))
            };
            self.queue.push(at, next);
        }
        if !good {
            let mut extra = Map::new();
            extra.insert(
                "other_info".into(),
                json!({"title": "RATE_LIMITING_PAUSE", "description": "low quality feedback while it was paced"}),
            );
            if self.templates[id].status == "APPROVED" {
                self.set_template_status(id, "PAUSED", extra, at);
            }
        }
    }
}
