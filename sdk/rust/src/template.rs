//! Templates: approved once by Meta, filled here.
//!
//! A template's parameters have either names or places. The builder keeps the two apart, because
//! Meta refuses a mix:
//!
//! ```
//! use portero_sdk::Template;
//!
//! let named = Template::new("pedido_estado", "es").named("nombre", "Ana").named("estado", "enviado");
//! let placed = Template::new("pedido_estado", "en").text("Ana").text("shipped");
//! # let _ = (named, placed);
//! ```
//!
//! ```compile_fail
//! use portero_sdk::Template;
//!
//! let mixed = Template::new("pedido_estado", "es").named("nombre", "Ana").text("enviado");
//! ```
//!
//! A template is no message yet: what it is for has to be said.
//!
//! ```compile_fail
//! use portero_sdk::{Action, Proposal, Template};
//!
//! let action: Action = Proposal::from(Template::new("pedido_estado", "es")).into();
//! ```

use std::marker::PhantomData;

use crate::inbound::MediaKind;
use crate::message::MediaSource;

/// A template and the values for its slots, as it is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSend {
    /// `[a-z0-9_]`, 1 to 512 characters.
    pub name: String,
    /// Meta's language code (`es_MX`, `pt_BR`, `en`).
    pub language: String,
    /// Values of the header, at most one.
    pub header: Vec<Param>,
    /// Values of the body, in order when positional.
    pub body: Vec<Param>,
    /// Values of buttons that take one.
    pub buttons: Vec<ButtonParam>,
}

/// One value for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Slot name; present exactly for templates whose parameters have names.
    pub name: Option<String>,
    /// The value.
    pub value: ParamValue,
}

/// A template value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamValue {
    /// Text without newlines, tabs or more than four spaces in a row.
    Text(String),
    /// Media, headers only.
    Media {
        /// Image, video or document.
        kind: MediaKind,
        /// Where the bytes are.
        source: MediaSource,
    },
}

/// The value of one template button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ButtonParam {
    /// Position among the template's buttons, from 0.
    pub index: u8,
    /// What the value is for.
    pub kind: ButtonParamKind,
    /// The value.
    pub value: Param,
}

/// What a button value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonParamKind {
    /// Payload that comes back when tapped; at most 256 bytes.
    QuickReply,
    /// End of the button's address.
    Url,
    /// Coupon code to copy; at most 15 characters.
    CopyCode,
}

/// No parameter of the header or body was given yet.
#[derive(Clone, Copy, Debug)]
pub enum Open {}
/// Parameters have names.
#[derive(Clone, Copy, Debug)]
pub enum Named {}
/// Parameters have places.
#[derive(Clone, Copy, Debug)]
pub enum Placed {}

/// Builds a [`TemplateSend`].
#[derive(Clone, Debug)]
#[must_use = "a template is only proposed when it is returned in an action"]
pub struct Template<Style = Open> {
    send: TemplateSend,
    style: PhantomData<Style>,
}

impl Template<Open> {
    /// Name and Meta's language code.
    pub fn new(name: impl Into<String>, language: impl Into<String>) -> Template<Open> {
        Template {
            send: TemplateSend {
                name: name.into(),
                language: language.into(),
                header: Vec::new(),
                body: Vec::new(),
                buttons: Vec::new(),
            },
            style: PhantomData,
        }
    }

    /// The first named value of the body.
    pub fn named(self, name: impl Into<String>, value: impl Into<String>) -> Template<Named> {
        self.restyle::<Named>().named(name, value)
    }

    /// The first placed value of the body.
    pub fn text(self, value: impl Into<String>) -> Template<Placed> {
        self.restyle::<Placed>().text(value)
    }

    /// All values of the body by name, when the template is not known before.
    pub fn all_named<N: Into<String>, V: Into<String>>(
        self,
        values: impl IntoIterator<Item = (N, V)>,
    ) -> Template<Named> {
        values
            .into_iter()
            .fold(self.restyle(), |t: Template<Named>, (n, v)| t.named(n, v))
    }

    /// All values of the body by place, when the template is not known before.
    pub fn all_text<V: Into<String>>(
        self,
        values: impl IntoIterator<Item = V>,
    ) -> Template<Placed> {
        values
            .into_iter()
            .fold(self.restyle(), |t: Template<Placed>, v| t.text(v))
    }

    /// A named value of the header.
    pub fn header_named(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Template<Named> {
        let mut out = self.restyle::<Named>();
        out.send.header = vec![param(Some(name.into()), value)];
        out
    }

    /// A placed value of the header.
    pub fn header_text(self, value: impl Into<String>) -> Template<Placed> {
        let mut out = self.restyle::<Placed>();
        out.send.header = vec![param(None, value)];
        out
    }
}

impl Template<Named> {
    /// The next value of the body.
    pub fn named(mut self, name: impl Into<String>, value: impl Into<String>) -> Template<Named> {
        self.send.body.push(param(Some(name.into()), value));
        self
    }
}

impl Template<Placed> {
    /// The next value of the body.
    pub fn text(mut self, value: impl Into<String>) -> Template<Placed> {
        self.send.body.push(param(None, value));
        self
    }
}

impl<Style> Template<Style> {
    /// Media in the header.
    pub fn header_media(mut self, kind: MediaKind, source: MediaSource) -> Template<Style> {
        self.send.header = vec![Param {
            name: None,
            value: ParamValue::Media { kind, source },
        }];
        self
    }

    /// What comes back when the quick reply at `index` is tapped.
    pub fn quick_reply(self, index: u8, payload: impl Into<String>) -> Template<Style> {
        self.button(index, ButtonParamKind::QuickReply, payload)
    }

    /// The end of the address of the link button at `index`.
    pub fn url_suffix(self, index: u8, suffix: impl Into<String>) -> Template<Style> {
        self.button(index, ButtonParamKind::Url, suffix)
    }

    /// The coupon code of the copy button at `index`.
    pub fn copy_code(self, index: u8, code: impl Into<String>) -> Template<Style> {
        self.button(index, ButtonParamKind::CopyCode, code)
    }

    fn button(mut self, index: u8, kind: ButtonParamKind, value: impl Into<String>) -> Self {
        self.send.buttons.push(ButtonParam {
            index,
            kind,
            value: param(None, value),
        });
        self
    }

    fn restyle<Other>(self) -> Template<Other> {
        Template {
            send: self.send,
            style: PhantomData,
        }
    }

    /// The filled template.
    pub fn build(self) -> TemplateSend {
        self.send
    }
}

impl<Style> From<Template<Style>> for TemplateSend {
    fn from(template: Template<Style>) -> TemplateSend {
        template.send
    }
}

fn param(name: Option<String>, value: impl Into<String>) -> Param {
    Param {
        name,
        value: ParamValue::Text(value.into()),
    }
}

/// Makes any text fit for a template value: newlines and tabs become spaces, runs of spaces shrink
/// to one, the ends are trimmed, and at most `max` characters stay.
#[must_use]
pub fn tidy_param(text: &str, max: usize) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = joined.chars().take(max).collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_newlines_tabs_and_long_gaps_becomes_one_line() {
        assert_eq!(tidy_param(" a\n\tb      c ", 100), "a b c");
    }

    #[test]
    fn a_value_is_cut_at_characters_not_bytes() {
        assert_eq!(tidy_param("ñandú ágil", 6), "ñandú");
        assert_eq!(tidy_param("ñandú", 3), "ñan");
    }

    #[test]
    fn named_values_keep_their_names_and_placed_ones_have_none() {
        let named = Template::new("t", "es")
            .named("a", "1")
            .named("b", "2")
            .build();
        assert_eq!(
            named
                .body
                .iter()
                .map(|p| p.name.as_deref())
                .collect::<Vec<_>>(),
            [Some("a"), Some("b")]
        );
        let placed = Template::new("t", "es")
            .header_text("h")
            .text("1")
            .quick_reply(0, "go")
            .build();
        assert_eq!(placed.header.len(), 1);
        assert!(placed.body.iter().all(|p| p.name.is_none()));
        assert_eq!(
            placed.buttons.first().map(|b| (b.index, b.kind)),
            Some((0, ButtonParamKind::QuickReply))
        );
    }
}
