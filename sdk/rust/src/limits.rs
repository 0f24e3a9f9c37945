//! Lengths that WhatsApp accepts, so that a plugin's own tests find what the gate would refuse.
//!
//! The gate judges again: passing here is no clearance.

use std::collections::BTreeSet;

use crate::message::{Content, Interactive, InteractiveAction};
use crate::template::ParamValue;

/// Characters of a text.
pub const TEXT: usize = 4_096;
/// Characters of a caption.
pub const CAPTION: usize = 1_024;
/// Characters of the body above buttons.
pub const INTERACTIVE_BODY: usize = 1_024;
/// Characters of the body above a menu.
pub const MENU_BODY: usize = 4_096;
/// Characters of a header or footer.
pub const HEADER: usize = 60;
/// Reply buttons of a message.
pub const BUTTONS: usize = 3;
/// Characters of a button's label.
pub const BUTTON_TITLE: usize = 20;
/// Characters of a button's id.
pub const BUTTON_ID: usize = 256;
/// Rows of a menu, all sections together.
pub const ROWS: usize = 10;
/// Characters of a row's or section's title.
pub const ROW_TITLE: usize = 24;
/// Characters of a row's description.
pub const ROW_DESCRIPTION: usize = 72;
/// Characters of a row's id.
pub const ROW_ID: usize = 200;
/// Actions of one answer.
pub const ACTIONS: usize = 20;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Which part (`button title`).
    pub part: &'static str,
    /// What it has.
    pub has: usize,
    /// What it may have, at least.
    pub min: usize,
    /// What it may have, at most.
    pub max: usize,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Misfit {
            part,
            has,
            min,
            max,
        } = self;
        write!(f, "{part}: {has}, must be {min} to {max}")
    }
}

impl std::error::Error for Misfit {}

fn within(part: &'static str, has: usize, min: usize, max: usize) -> Result<(), Misfit> {
    if (min..=max).contains(&has) {
        Ok(())
    } else {
        Err(Misfit {
            part,
            has,
            min,
            max,
        })
    }
}

fn chars(part: &'static str, text: &str, max: usize) -> Result<(), Misfit> {
    within(part, text.trim().chars().count().min(1), 1, 1)?;
    within(part, text.chars().count(), 1, max)
}

fn optional(part: &'static str, text: Option<&String>, max: usize) -> Result<(), Misfit> {
    text.map_or(Ok(()), |t| chars(part, t, max))
}

fn distinct<'a>(part: &'static str, words: impl Iterator<Item = &'a str>) -> Result<(), Misfit> {
    let all: Vec<&str> = words.collect();
    let unique: BTreeSet<&str> = all.iter().copied().collect();
    within(part, unique.len(), all.len(), all.len())
}

impl Content {
    /// Whether WhatsApp would accept the lengths and counts.
    ///
    /// # Errors
    /// The first part that does not fit.
    pub fn check(&self) -> Result<(), Misfit> {
        match self {
            Content::Text(text) => chars("text", &text.body, TEXT),
            Content::Media(media) => optional("caption", media.caption.as_ref(), CAPTION),
            Content::Interactive(interactive) => interactive.check(),
            Content::Reaction(reaction) => within("emoji", reaction.emoji.chars().count(), 0, 16),
            Content::Template(template) => {
                within("template header values", template.header.len(), 0, 1)?;
                for param in template.header.iter().chain(&template.body) {
                    if let ParamValue::Text(text) = &param.value {
                        chars("template value", text, 1_024)?;
                        let unfit = text.contains(['\n', '\t', '\r']) || text.contains("     ");
                        within(
                            "newlines or gaps in a template value",
                            usize::from(unfit),
                            0,
                            0,
                        )?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Interactive {
    fn check(&self) -> Result<(), Misfit> {
        optional("header", self.header.as_ref(), HEADER)?;
        optional("footer", self.footer.as_ref(), HEADER)?;
        let body = if matches!(self.action, InteractiveAction::List { .. }) {
            MENU_BODY
        } else {
            INTERACTIVE_BODY
        };
        chars("body", &self.body, body)?;
        match &self.action {
            InteractiveAction::Buttons(buttons) => {
                within("buttons", buttons.len(), 1, BUTTONS)?;
                for button in buttons {
                    chars("button title", &button.title, BUTTON_TITLE)?;
                    chars("button id", &button.id, BUTTON_ID)?;
                }
                distinct(
                    "different button ids",
                    buttons.iter().map(|b| b.id.as_str()),
                )?;
                distinct(
                    "different button titles",
                    buttons.iter().map(|b| b.title.as_str()),
                )
            }
            InteractiveAction::List { button, sections } => {
                chars("menu label", button, BUTTON_TITLE)?;
                within("sections", sections.len(), 1, ROWS)?;
                let rows = || sections.iter().flat_map(|s| &s.rows);
                within("rows", rows().count(), 1, ROWS)?;
                for section in sections {
                    let titled = section.title.is_some() || sections.len() == 1;
                    within("section title", usize::from(titled), 1, 1)?;
                    optional("section title", section.title.as_ref(), ROW_TITLE)?;
                    within("rows of a section", section.rows.len(), 1, ROWS)?;
                }
                for row in rows() {
                    chars("row title", &row.title, ROW_TITLE)?;
                    chars("row id", &row.id, ROW_ID)?;
                    optional("row description", row.description.as_ref(), ROW_DESCRIPTION)?;
                }
                distinct("different row ids", rows().map(|r| r.id.as_str()))
            }
            InteractiveAction::CtaUrl { label, url } => {
                chars("link label", label, BUTTON_TITLE)?;
                within(
                    "https address",
                    usize::from(url.starts_with("https://")),
                    1,
                    1,
                )
            }
            InteractiveAction::LocationRequest => {
                let extra = usize::from(self.header.is_some() || self.footer.is_some());
                within("header or footer of a location request", extra, 0, 0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Buttons, Content, Menu, Template};

    fn fits(content: impl Into<Content>) -> bool {
        content.into().check().is_ok()
    }

    #[test]
    fn a_text_may_have_4096_characters_and_not_one_more() {
        assert!(fits("ñ".repeat(4_096)));
        assert!(!fits("ñ".repeat(4_097)));
        assert!(!fits("  "));
    }

    #[test]
    fn three_buttons_fit_and_four_do_not() {
        let three = Buttons::new("?")
            .button("a", "A")
            .button("b", "B")
            .button("c", "C");
        assert!(fits(three.clone()));
        assert!(!fits(three.button("d", "D")));
    }

    #[test]
    fn a_button_title_has_20_characters_at_most_and_none_comes_twice() {
        assert!(fits(Buttons::new("?").button("a", "x".repeat(20))));
        assert!(!fits(Buttons::new("?").button("a", "x".repeat(21))));
        assert!(!fits(Buttons::new("?").button("a", "A").button("a", "B")));
        assert!(!fits(Buttons::new("?").button("a", "A").button("b", "A")));
    }

    #[test]
    fn ten_rows_fit_and_eleven_do_not() {
        let menu = |n: usize| {
            (0..n).fold(Menu::new("?", "Menu"), |m, i| {
                m.row_plain(i.to_string(), "row")
            })
        };
        assert!(fits(menu(10)));
        assert!(!fits(menu(11)));
        assert!(!fits(Menu::new("?", "Menu")));
    }

    #[test]
    fn a_template_value_with_a_newline_does_not_fit() {
        let of = |v: &str| Content::Template(Template::new("t", "es").text(v).build());
        assert!(fits(of("one line")));
        assert!(!fits(of("two\nlines")));
    }
}
