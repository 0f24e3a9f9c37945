//! Greets by name, offers two buttons, asks for consent or hands over to a person.

use portero_sdk::{Action, Answer, Buttons, Event, InboundBody, Language, Message, Replies};

/// The plugin. Each call gets a fresh one: what should outlive it belongs into `portero_sdk::kv`.
#[derive(Default)]
pub struct Plugin;

portero_sdk::export_replies!(Plugin, manifest = "portero-plugin.toml");

impl Replies for Plugin {
    fn message(&mut self, event: &Event, message: &Message) -> Answer {
        Ok(match &message.body {
            InboundBody::Text(_) => vec![Action::reply(greeting(event))],
            body => match body.tapped() {
                Some("offers") => vec![Action::ask_consent("ofertas", "ofertas")],
                Some("person") => vec![Action::hand_over("asked for a person")],
                _ => vec![],
            },
        })
    }
}

fn greeting(event: &Event) -> Buttons {
    let name = event.contact.name.as_deref().unwrap_or_default();
    let (question, offers, person) = match Language::from_tag(&event.meta.language) {
        Some(Language::Pt) => (
            format!("Olá {name}! Sou um assistente automático. Como podemos ajudar?"),
            "Receber ofertas",
            "Falar com alguém",
        ),
        Some(Language::En) => (
            format!("Hello {name}! I am an automatic assistant. What can we do?"),
            "Get offers",
            "Talk to somebody",
        ),
        _ => (
            format!("¡Hola {name}! Soy un asistente automático. ¿En qué te ayudamos?"),
            "Recibir ofertas",
            "Hablar con alguien",
        ),
    };
    Buttons::new(question)
        .button("offers", offers)
        .button("person", person)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_sdk::testing::Host;

    #[test]
    fn the_greeting_fits_whatsapps_limits_in_each_language() {
        let host = Host::install();
        for language in ["es", "pt", "en"] {
            let event = host.event().language(language).name("Ana").text("hola");
            let answer = host.call::<Plugin>(&event).expect("an answer");
            assert_eq!(answer.len(), 1);
            assert!(answer[0].content().expect("a message").check().is_ok());
        }
    }
}
