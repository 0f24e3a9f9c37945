//! Tells people, once each, that their order was shipped, is out for delivery, was delivered.
//!
//! Free text while the conversation is open, the operator's utility template when it is closed. It
//! is silent after an opt-out of everything; an opt-out of promotions does not touch it.

mod parcel;
mod settings;
mod words;

use portero_sdk::{
    Action, Answer, BusinessEvent, ConsentChange, Event, HostError, Proposal, Replies, Ruling,
    Template, TemplateSend, VerdictEvent, gate, kv, log, tidy_param,
};

use crate::parcel::News;
use crate::settings::Settings;
use crate::words::{Words, fill};

/// Rules whose refusal of an order's news means that the person, or the law, wants silence.
const SILENCING: [&str; 3] = ["consent.revoked", "recipient.do-not-contact", "data.erased"];

/// The plugin; it has no state but what is in kv.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShippingNotice;

portero_sdk::export_replies!(ShippingNotice, manifest = "portero-plugin.toml");

/// One call: what happened, how the shop is set up, and how to say it.
struct Call<'e> {
    event: &'e Event,
    settings: Settings,
}

impl Replies for ShippingNotice {
    fn business(&mut self, event: &Event, business: &BusinessEvent) -> Answer {
        let news = match News::read(business) {
            Ok(news) => news,
            Err(why) => {
                // The shop's system made the mistake, not the person: a line and a count.
                log::error(format!("cannot use `{}`: {why}", business.name));
                return Ok(vec![Action::metric("business.unreadable", 1)]);
            }
        };
        let person = &event.contact.handle;
        if kv::get(&silence(person))?.is_some() {
            return Ok(vec![Action::metric("notice.silent", 1)]);
        }
        if !parcel::first_time(person, &news)? {
            return Ok(Vec::new());
        }
        let call = Call::of(event);
        Ok(vec![
            call.tell(&news)?,
            Action::metric("notice.proposed", 1),
        ])
    }

    fn consent_changed(&mut self, event: &Event, change: &ConsentChange) -> Answer {
        let key = silence(&event.contact.handle);
        match (change.topic.as_str(), change.state.as_str()) {
            ("*", "revoked") => kv::set(&key, "consent")?,
            (_, "granted") => kv::delete(&key)?,
            _ => {}
        }
        Ok(Vec::new())
    }

    fn verdict(&mut self, event: &Event, verdict: &VerdictEvent) -> Answer {
        let person = &event.contact.handle;
        let rule = verdict.verdict.rule.as_str();
        if SILENCING.contains(&rule) {
            kv::set(&silence(person), rule)?;
            return Ok(Vec::new());
        }
        if is_window_rule(rule)
            && let Some(news) = parcel::take_said(person)?
        {
            let template = Call::of(event).template(&news);
            return Ok(vec![Proposal::transactional(template).into()]);
        }
        Ok(Vec::new())
    }
}

fn silence(person: &str) -> String {
    format!("silent:{person}")
}

fn is_window_rule(rule: &str) -> bool {
    matches!(rule, "session.window-closed" | "session.window-margin")
}

impl<'e> Call<'e> {
    fn of(event: &'e Event) -> Call<'e> {
        Call {
            event,
            settings: Settings::load(),
        }
    }

    fn words(&self) -> &'static Words {
        Words::of(self.settings.languages.speak(&self.event.meta.language))
    }

    fn shop(&self) -> &str {
        self.settings
            .shop
            .as_deref()
            .unwrap_or(self.words().our_shop)
    }

    /// Free text while the conversation is open, else the template.
    fn tell(&self, news: &News) -> Result<Action, HostError> {
        if self.event.window_open() {
            let proposal = Proposal::news(self.text(news));
            let refused = gate::preview(&proposal)
                .is_ok_and(|v| v.ruling != Ruling::Allow && is_window_rule(&v.rule));
            if !refused {
                parcel::said(&self.event.contact.handle, news)?;
                return Ok(proposal.into());
            }
        }
        Ok(Proposal::transactional(self.template(news)).into())
    }

    fn text(&self, news: &News) -> String {
        let words = self.words();
        let mut text = fill(
            words.notice,
            &[
                ("order", &news.order),
                ("shop", self.shop()),
                ("stage", words.stage(news.stage)),
            ],
        );
        for (sentence, name, value) in [
            (words.carrier, "carrier", &news.carrier),
            (words.tracking, "tracking", &news.tracking),
        ] {
            if let Some(value) = value {
                text.push(' ');
                text.push_str(&fill(sentence, &[(name, value)]));
            }
        }
        text
    }

    fn template(&self, news: &News) -> TemplateSend {
        let words = self.words();
        let language = self.settings.languages.speak(&self.event.meta.language);
        let name = self.event.contact.name.as_deref();
        let name = name.map(|n| tidy_param(n, 60)).filter(|n| !n.is_empty());
        let value = |slot: &str| match slot {
            "nombre" => name.as_deref().unwrap_or(words.customer),
            "tienda" => self.shop(),
            "pedido" => &news.order,
            "estado" => words.stage(news.stage),
            "transporte" => news.carrier.as_deref().unwrap_or(self.shop()),
            _ => news.tracking.as_deref().unwrap_or(words.no_tracking),
        };
        let values = self
            .settings
            .template
            .params
            .iter()
            .map(|slot| (slot.as_str(), tidy_param(value(slot), 200)));
        let code = self.settings.languages.template_code(language);
        let blank = Template::new(&self.settings.template.name, code);
        if self.settings.template.named {
            blank.all_named(values).build()
        } else {
            blank.all_text(values.map(|(_, v)| v)).build()
        }
    }
}
