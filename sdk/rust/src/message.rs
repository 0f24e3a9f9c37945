//! What a plugin may propose to say, with builders that read like the message.
//!
//! ```
//! use portero_sdk::{Buttons, Content, Menu, Text};
//!
//! let greeting = Content::from(Text::new("Hola"));
//! let question = Buttons::new("¿Algo más?").button("menu", "Menú").button("bye", "Nada más");
//! let menu = Menu::new("¿Qué necesitás?", "Ver opciones")
//!     .section("Pedidos")
//!     .row("order", "Mi pedido", "En qué estado está")
//!     .row_plain("hours", "Horarios");
//! assert!(Content::from(question).check().is_ok());
//! assert!(Content::from(menu).check().is_ok());
//! # let _ = greeting;
//! ```

use crate::inbound::MediaKind;
use crate::template::TemplateSend;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Plain text.
    Text(Text),
    /// Image, video, audio, document or sticker.
    Media(Media),
    /// Something to tap.
    Interactive(Interactive),
    /// An emoji on a message of the person.
    Reaction(Reaction),
    /// A template, which may also leave outside the service window.
    Template(TemplateSend),
}

/// Plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// 1 to 4,096 characters.
    pub body: String,
    /// Whether WhatsApp shows a preview of the first link.
    pub preview_url: bool,
}

impl Text {
    /// Text without a link preview.
    pub fn new(body: impl Into<String>) -> Text {
        Text {
            body: body.into(),
            preview_url: false,
        }
    }

    /// Shows a preview of the first link.
    #[must_use]
    pub fn with_preview(mut self) -> Text {
        self.preview_url = true;
        self
    }
}

/// Where media bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaSource {
    /// A media id of Meta, not older than 7 days.
    Id(String),
    /// An `https` address that Meta fetches.
    Link(String),
}

/// A media message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Which kind.
    pub kind: MediaKind,
    /// Where the bytes are.
    pub source: MediaSource,
    /// At most 1,024 characters; not for audio and stickers.
    pub caption: Option<String>,
    /// Documents only.
    pub filename: Option<String>,
}

impl Media {
    /// Media that Meta fetches from an `https` address.
    pub fn link(kind: MediaKind, url: impl Into<String>) -> Media {
        Media::from_source(kind, MediaSource::Link(url.into()))
    }

    /// Media that Meta already has.
    pub fn id(kind: MediaKind, id: impl Into<String>) -> Media {
        Media::from_source(kind, MediaSource::Id(id.into()))
    }

    fn from_source(kind: MediaKind, source: MediaSource) -> Media {
        Media {
            kind,
            source,
            caption: None,
            filename: None,
        }
    }

    /// Adds a caption.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Media {
        self.caption = Some(caption.into());
        self
    }

    /// Names the file; documents only.
    #[must_use]
    pub fn filename(mut self, filename: impl Into<String>) -> Media {
        self.filename = Some(filename.into());
        self
    }
}

/// A message with something to tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interactive {
    /// Text header, at most 60 characters; not with a location request.
    pub header: Option<String>,
    /// 1 to 1,024 characters; with a menu 4,096.
    pub body: String,
    /// At most 60 characters; not with a location request.
    pub footer: Option<String>,
    /// What can be tapped.
    pub action: InteractiveAction,
}

/// What can be tapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InteractiveAction {
    /// One to three reply buttons.
    Buttons(Vec<Button>),
    /// A menu of at most ten rows in all.
    List {
        /// Label that opens the menu, at most 20 characters.
        button: String,
        /// One to ten.
        sections: Vec<ListSection>,
    },
    /// A button that opens a link.
    CtaUrl {
        /// At most 20 characters.
        label: String,
        /// `https`.
        url: String,
    },
    /// Asks for the person's location.
    LocationRequest,
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Comes back when tapped; at most 256 characters, unique in the message.
    pub id: String,
    /// At most 20 characters, unique in the message.
    pub title: String,
}

/// Rows under a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSection {
    /// At most 24 characters; required when there is more than one section.
    pub title: Option<String>,
    /// In the order shown.
    pub rows: Vec<ListRow>,
}

/// One row of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// Comes back when tapped; at most 200 characters, unique in the message.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    pub description: Option<String>,
}

/// An emoji on a message of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// wamid of the message reacted to.
    pub message_id: String,
    /// One emoji; empty removes the reaction.
    pub emoji: String,
}

/// Builds a message with up to three reply buttons.
#[derive(Clone, Debug)]
#[must_use = "a message is only proposed when it is returned in an action"]
pub struct Buttons {
    frame: Frame,
    buttons: Vec<Button>,
}

impl Buttons {
    /// Starts with the body.
    pub fn new(body: impl Into<String>) -> Buttons {
        Buttons {
            frame: Frame::new(body),
            buttons: Vec::new(),
        }
    }

    /// Adds a button: what comes back, and what is read.
    pub fn button(mut self, id: impl Into<String>, title: impl Into<String>) -> Buttons {
        self.buttons.push(Button {
            id: id.into(),
            title: title.into(),
        });
        self
    }

    /// Adds a line above.
    pub fn header(mut self, header: impl Into<String>) -> Buttons {
        self.frame.header = Some(header.into());
        self
    }

    /// Adds a small line below.
    pub fn footer(mut self, footer: impl Into<String>) -> Buttons {
        self.frame.footer = Some(footer.into());
        self
    }
}

/// Builds a menu.
#[derive(Clone, Debug)]
#[must_use = "a message is only proposed when it is returned in an action"]
pub struct Menu {
    frame: Frame,
    button: String,
    sections: Vec<ListSection>,
}

impl Menu {
    /// Starts with the body and the label that opens the menu.
    pub fn new(body: impl Into<String>, button: impl Into<String>) -> Menu {
        Menu {
            frame: Frame::new(body),
            button: button.into(),
            sections: Vec::new(),
        }
    }

    /// Starts a section: the rows that follow belong to it.
    pub fn section(mut self, title: impl Into<String>) -> Menu {
        self.sections.push(ListSection {
            title: Some(title.into()),
            rows: Vec::new(),
        });
        self
    }

    /// Adds a row with a description to the last section.
    pub fn row(
        self,
        id: impl Into<String>,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Menu {
        self.push(ListRow {
            id: id.into(),
            title: title.into(),
            description: Some(description.into()),
        })
    }

    /// Adds a row without a description to the last section.
    pub fn row_plain(self, id: impl Into<String>, title: impl Into<String>) -> Menu {
        self.push(ListRow {
            id: id.into(),
            title: title.into(),
            description: None,
        })
    }

    fn push(mut self, row: ListRow) -> Menu {
        match self.sections.last_mut() {
            Some(section) => section.rows.push(row),
            None => self.sections.push(ListSection {
                title: None,
                rows: vec![row],
            }),
        }
        self
    }

    /// Adds a line above.
    pub fn header(mut self, header: impl Into<String>) -> Menu {
        self.frame.header = Some(header.into());
        self
    }

    /// Adds a small line below.
    pub fn footer(mut self, footer: impl Into<String>) -> Menu {
        self.frame.footer = Some(footer.into());
        self
    }
}

/// Builds a message with a button that opens a link.
#[derive(Clone, Debug)]
#[must_use = "a message is only proposed when it is returned in an action"]
pub struct LinkButton {
    frame: Frame,
    label: String,
    url: String,
}

impl LinkButton {
    /// Body, label of the button, `https` address.
    pub fn new(
        body: impl Into<String>,
        label: impl Into<String>,
        url: impl Into<String>,
    ) -> LinkButton {
        LinkButton {
            frame: Frame::new(body),
            label: label.into(),
            url: url.into(),
        }
    }
}

#[derive(Clone, Debug)]
struct Frame {
    header: Option<String>,
    body: String,
    footer: Option<String>,
}

impl Frame {
    fn new(body: impl Into<String>) -> Frame {
        Frame {
            header: None,
            body: body.into(),
            footer: None,
        }
    }

    fn with(self, action: InteractiveAction) -> Content {
        Content::Interactive(Interactive {
            header: self.header,
            body: self.body,
            footer: self.footer,
            action,
        })
    }
}

impl Content {
    /// A message that asks for the person's location.
    pub fn location_request(body: impl Into<String>) -> Content {
        Frame::new(body).with(InteractiveAction::LocationRequest)
    }
}

impl From<Text> for Content {
    fn from(text: Text) -> Content {
        Content::Text(text)
    }
}

impl From<&str> for Content {
    fn from(body: &str) -> Content {
        Content::Text(Text::new(body))
    }
}

impl From<String> for Content {
    fn from(body: String) -> Content {
        Content::Text(Text::new(body))
    }
}

impl From<Media> for Content {
    fn from(media: Media) -> Content {
        Content::Media(media)
    }
}

impl From<Interactive> for Content {
    fn from(interactive: Interactive) -> Content {
        Content::Interactive(interactive)
    }
}

impl From<Reaction> for Content {
    fn from(reaction: Reaction) -> Content {
        Content::Reaction(reaction)
    }
}

impl From<Buttons> for Content {
    fn from(b: Buttons) -> Content {
        b.frame.with(InteractiveAction::Buttons(b.buttons))
    }
}

impl From<Menu> for Content {
    fn from(m: Menu) -> Content {
        m.frame.with(InteractiveAction::List {
            button: m.button,
            sections: m.sections,
        })
    }
}

impl From<LinkButton> for Content {
    fn from(l: LinkButton) -> Content {
        l.frame.with(InteractiveAction::CtaUrl {
            label: l.label,
            url: l.url,
        })
    }
}
