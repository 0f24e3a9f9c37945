//! Write Portero plugins in Rust.
//!
//! A plugin proposes; the gate of the host judges; only what the gate clears leaves for WhatsApp. A
//! plugin therefore has no call that sends: it *returns* [`Action`]s. It has no phone numbers, no
//! clock and no network of its own either, and it is tested natively, without wasm.
//!
//! One trait per kind: [`Replies`] answers people, [`Segmentation`] puts contacts into segments,
//! [`Analytics`] counts what happened. A whole replies plugin:
//!
//! ```
//! use portero_sdk::{Action, Answer, Buttons, Event, InboundBody, Message, Replies};
//!
//! #[derive(Default)]
//! struct Greeter;
//!
//! impl Replies for Greeter {
//!     fn message(&mut self, event: &Event, message: &Message) -> Answer {
//!         Ok(match &message.body {
//!             InboundBody::Text(_) => {
//!                 let name = event.contact.name.as_deref().unwrap_or("you");
//!                 let question = Buttons::new(format!("Hello {name}! What can we do?"))
//!                     .button("offers", "Offers, please")
//!                     .button("person", "Talk to somebody");
//!                 vec![Action::reply(question)]
//!             }
//!             body => match body.tapped() {
//!                 Some("offers") => vec![Action::ask_consent("ofertas", "ofertas")],
//!                 Some("person") => vec![Action::hand_over("asked for a person")],
//!                 _ => vec![],
//!             },
//!         })
//!     }
//! }
//!
//! // In a plugin: portero_sdk::export_replies!(Greeter, manifest = "portero-plugin.toml");
//!
//! use portero_sdk::testing::Host;
//!
//! let host = Host::install();
//! let answer = host.call::<Greeter>(&host.event().name("Ana").text("hi"))?;
//! assert!(answer.iter().all(|a| a.content().is_none_or(|c| c.check().is_ok())));
//!
//! let answer = host.call::<Greeter>(&host.event().tap_button("person"))?;
//! assert_eq!(answer, [Action::hand_over("asked for a person")]);
//! # Ok::<(), portero_sdk::Failure>(())
//! ```
//!
//! What the host can be asked is in [`log`], [`config`], [`kv`], [`gate`], [`contacts`] and
//! [`http`]; each needs a permission in the manifest and a grant of the operator, and a refusal is a
//! value ([`HostError`]). Limits are in the contract (`wit/v0.1`) and, for messages, in [`limits`].

#![deny(missing_docs)]

mod action;
mod analytics;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
pub mod config;
pub mod contacts;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod convert;
mod error;
mod event;
mod export;
pub mod gate;
pub mod http;
mod inbound;
pub mod kv;
mod language;
pub mod limits;
pub mod log;
mod message;
mod replies;
mod segmentation;
#[cfg(feature = "settings")]
pub mod settings;
mod template;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use action::{Action, Proposal, Purpose};
pub use analytics::{
    Analytics, Card, MetricInfo, Observation, ObservationBatch, ReportQuery, Sample, Total,
};
pub use error::HostError;
pub use event::{
    BusinessEvent, ConsentChange, Contact, Conversation, Event, EventKind, Failure, Meta, Ruling,
    Timer, Verdict, VerdictEvent,
};
pub use inbound::{
    ContactCard, InboundBody, InboundMedia, Location, MediaKind, Message, Order, OrderItem,
};
pub use language::Language;
pub use message::{
    Button, Buttons, Content, Interactive, InteractiveAction, LinkButton, ListRow, ListSection,
    Media, MediaSource, Menu, Reaction, Text,
};
pub use replies::{Answer, Replies};
pub use segmentation::{
    Batch, LastSeen, Membership, Personalisation, Purchase, SegmentContact, SegmentInfo,
    Segmentation, TemplateSignature, TemplateSlot,
};
pub use template::{
    ButtonParam, ButtonParamKind, Named, Open, Param, ParamValue, Placed, Template, TemplateSend,
    tidy_param,
};
