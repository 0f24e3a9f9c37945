//! What a consent question says: whether the words that make a yes count are there.

use portero_domain::content::{Content, InteractiveAction};
use serde::{Deserialize, Serialize};

use super::{count, fields};
use crate::words::normalise::plain;
use crate::words::tells_how_to_stop;

/// Words of periods, in plain form: how often is said with one of them.
const PERIODS: &[&str] = &[
    "dia",
    "diario",
    "diaria",
    "diarios",
    "dias",
    "semana",
    "semanal",
    "semanales",
    "semanais",
    "mes",
    "mensual",
    "mensuales",
    "mensal",
    "mensais",
    "ano",
    "anual",
    "day",
    "daily",
    "week",
    "weekly",
    "month",
    "monthly",
    "year",
    "yearly",
];

/// What of the elements of a consent question is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuestionShape {
    /// Names WhatsApp.
    pub whatsapp: bool,
    /// Says how often.
    pub frequency: bool,
    /// Says how to stop.
    pub stop: bool,
    /// Links something, as the privacy notice must be.
    pub privacy: bool,
    /// Buttons.
    pub buttons: u8,
}

impl QuestionShape {
    /// Reads a text; its buttons are not part of it.
    #[must_use]
    pub fn of(text: &str) -> QuestionShape {
        let whole = plain(text).whole;
        QuestionShape {
            whatsapp: whole.contains("whatsapp"),
            frequency: whole.split(' ').any(|word| PERIODS.contains(&word)),
            stop: tells_how_to_stop(text),
            privacy: text.contains("https://"),
            buttons: 0,
        }
    }
}

/// The shape of a question with buttons; nothing else can be a consent question.
pub(crate) fn shape(content: &Content) -> Option<QuestionShape> {
    let Content::Interactive(interactive) = content else {
        return None;
    };
    let InteractiveAction::Buttons { buttons } = &interactive.action else {
        return None;
    };
    let mut text = interactive.body.clone();
    for part in [&interactive.header, &interactive.footer]
        .into_iter()
        .flatten()
    {
        text.push(' ');
        text.push_str(part);
    }
    let mut shape = QuestionShape::of(&text);
    shape.buttons = u8::try_from(count(buttons.len())).unwrap_or(u8::MAX);
    Some(shape)
}

/// Whether a person reads this name somewhere in a content, however spelled.
#[must_use]
pub fn mentions(content: &Content, name: &str) -> bool {
    let name = format!(" {} ", plain(name).whole);
    let mut found = false;
    fields::each(content, &mut |field| {
        found |= field.read && format!(" {} ", plain(field.text).whole).contains(&name);
    });
    found && name.trim() != ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{QUESTION, question, text};

    #[test]
    fn a_name_is_found_however_it_is_spelled_and_only_as_whole_words() {
        let content = question(QUESTION, 2);
        for name in ["Tienda Sol", "TIENDA  SOL", "tiénda sol"] {
            assert!(mentions(&content, name), "{name}");
        }
        for name in ["Tienda Luna", "Tienda So", "", "🛍"] {
            assert!(!mentions(&content, name), "{name}");
        }
    }

    #[test]
    fn only_questions_with_buttons_have_a_shape() {
        assert_eq!(shape(&text(QUESTION)), None);
        assert_eq!(
            shape(&question(QUESTION, 2)),
            Some(QuestionShape {
                whatsapp: true,
                frequency: true,
                stop: true,
                privacy: true,
                buttons: 2
            })
        );
        assert_eq!(
            shape(&question("¿Sí?", 3)),
            Some(QuestionShape {
                buttons: 3,
                ..QuestionShape::default()
            })
        );
    }
}
