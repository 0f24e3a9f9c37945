//! A shop's replies plugin in es, pt and en.
//!
//! It greets, tells opening hours and address, knows the order states that the shop's system sent
//! it (and says so when it knows none), has the host ask for consent to offers, and calls a person
//! when it is asked to or does not understand twice. It decides nothing about what may be sent:
//! everything it returns is a proposal.

mod config;
mod intent;
mod memory;
mod news;
mod orders;
mod talk;
mod words;

use portero_sdk::{
    Action, Answer, BusinessEvent, ConsentChange, Event, Language, Message, Replies, Timer,
    VerdictEvent, log,
};

use crate::config::Config;
use crate::words::Words;

/// The plugin; it has no state but what is in kv.
#[derive(Clone, Copy, Debug, Default)]
pub struct TiendaBot;

portero_sdk::export_replies!(TiendaBot, manifest = "portero-plugin.toml");

/// One call: what happened, how the shop is set up, and how to say it.
pub(crate) struct Call<'e> {
    pub(crate) event: &'e Event,
    pub(crate) config: Config,
    pub(crate) language: Language,
    pub(crate) words: &'static Words,
}

impl<'e> Call<'e> {
    fn of(event: &'e Event) -> Call<'e> {
        let config = Config::load();
        let language = config.languages.speak(&event.meta.language);
        Call {
            event,
            config,
            language,
            words: Words::of(language),
        }
    }

    /// The shop's name, or the language's word for "our shop".
    pub(crate) fn shop(&self) -> &str {
        self.config.shop.as_deref().unwrap_or(self.words.our_shop)
    }

    /// Part of kv keys.
    pub(crate) fn person(&self) -> &str {
        &self.event.contact.handle
    }
}

impl Replies for TiendaBot {
    fn message(&mut self, event: &Event, message: &Message) -> Answer {
        talk::answer(&Call::of(event), &message.body)
    }

    fn timer(&mut self, event: &Event, timer: &Timer) -> Answer {
        news::after_delivery(&Call::of(event), timer)
    }

    fn consent_changed(&mut self, _: &Event, change: &ConsentChange) -> Answer {
        let topic = Config::load().offers_topic;
        if change.topic != topic && change.topic != "*" {
            return Ok(Vec::new());
        }
        // The host has thanked or confirmed already: only count.
        Ok(match change.state.as_str() {
            "granted" => vec![Action::metric("offers.granted", 1)],
            "declined" => vec![Action::metric("offers.declined", 1)],
            "revoked" | "revoked_promotional" => vec![Action::metric("offers.revoked", 1)],
            _ => Vec::new(),
        })
    }

    fn business(&mut self, event: &Event, business: &BusinessEvent) -> Answer {
        let call = Call::of(event);
        if business.name == "cart.abandoned" {
            return news::cart(&call, business);
        }
        if let Some(word) = business.name.strip_prefix("order.") {
            return news::order(&call, word, business);
        }
        log::warn(format!("no answer to business event `{}`", business.name));
        Ok(Vec::new())
    }

    fn verdict(&mut self, event: &Event, verdict: &VerdictEvent) -> Answer {
        news::refused(&Call::of(event), verdict)
    }
}
