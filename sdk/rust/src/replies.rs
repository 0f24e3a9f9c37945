//! Plugins that answer people.

use crate::action::Action;
use crate::event::{BusinessEvent, ConsentChange, Event, EventKind, Failure, Timer, VerdictEvent};
use crate::inbound::Message;

/// What a replies plugin answers to one event; an empty list is an answer too.
pub type Answer = Result<Vec<Action>, Failure>;

/// A replies plugin: implement what you subscribe to.
///
/// Every call gets a fresh value from [`Default`]; what should outlive it belongs into
/// [`kv`](crate::kv). An error hands the conversation to a person and keeps no kv write.
pub trait Replies: Default {
    /// The person wrote, tapped or sent something.
    ///
    /// # Errors
    /// When the plugin cannot answer.
    fn message(&mut self, event: &Event, message: &Message) -> Answer {
        let _ = (event, message);
        Ok(Vec::new())
    }

    /// A timer of this plugin went off.
    ///
    /// # Errors
    /// When the plugin cannot answer.
    fn timer(&mut self, event: &Event, timer: &Timer) -> Answer {
        let _ = (event, timer);
        Ok(Vec::new())
    }

    /// The person gave or withdrew consent.
    ///
    /// # Errors
    /// When the plugin cannot answer.
    fn consent_changed(&mut self, event: &Event, change: &ConsentChange) -> Answer {
        let _ = (event, change);
        Ok(Vec::new())
    }

    /// An event of the shop's own system.
    ///
    /// # Errors
    /// When the plugin cannot answer.
    fn business(&mut self, event: &Event, business: &BusinessEvent) -> Answer {
        let _ = (event, business);
        Ok(Vec::new())
    }

    /// The gate did not simply allow an earlier proposal.
    ///
    /// # Errors
    /// When the plugin cannot answer.
    fn verdict(&mut self, event: &Event, verdict: &VerdictEvent) -> Answer {
        let _ = (event, verdict);
        Ok(Vec::new())
    }

    /// Something this SDK has no case for.
    ///
    /// # Errors
    /// When the plugin cannot answer.
    fn unsupported(&mut self, event: &Event, what: &str) -> Answer {
        let _ = (event, what);
        Ok(Vec::new())
    }

    /// Calls the method for what happened.
    ///
    /// # Errors
    /// What that method answers.
    fn handle(&mut self, event: &Event) -> Answer {
        match &event.what {
            EventKind::Message(message) => self.message(event, message),
            EventKind::Timer(timer) => self.timer(event, timer),
            EventKind::ConsentChanged(change) => self.consent_changed(event, change),
            EventKind::Business(business) => self.business(event, business),
            EventKind::Verdict(verdict) => self.verdict(event, verdict),
            EventKind::Unsupported(what) => self.unsupported(event, what),
        }
    }
}
