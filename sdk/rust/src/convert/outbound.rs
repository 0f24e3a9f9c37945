//! Actions and proposals, from the SDK to the contract.

use crate::action::{Action, Proposal, Purpose};
use crate::bindings::imports::portero::plugin::types as wit;
use crate::bindings::replies::exports::portero::plugin::replies as replies_wit;
use crate::message::{Content, InteractiveAction, MediaSource};
use crate::template::{ButtonParamKind, Param, ParamValue, TemplateSend};

impl From<Action> for replies_wit::Action {
    fn from(a: Action) -> Self {
        use replies_wit::Action as W;
        match a {
            Action::Send(proposal) => W::Send(proposal.into()),
            Action::AskConsent { wording, topic } => {
                W::AskConsent(replies_wit::AskConsent { wording, topic })
            }
            Action::SetAttribute { key, value } => {
                W::SetAttribute(replies_wit::SetAttribute { key, value })
            }
            Action::Tag { tag, add } => W::Tag(replies_wit::Tag { tag, add }),
            Action::SetTimer { name, at, payload } => {
                W::SetTimer(replies_wit::SetTimer { name, at, payload })
            }
            Action::CancelTimer { name } => W::CancelTimer(name),
            Action::HandOver { reason } => W::HandOver(reason),
            Action::Metric {
                name,
                value,
                labels,
            } => W::Metric(replies_wit::Metric {
                name,
                value,
                labels,
            }),
        }
    }
}

impl From<Proposal> for wit::Proposal {
    fn from(p: Proposal) -> Self {
        wit::Proposal {
            content: p.content.into(),
            purpose: match p.purpose {
                Purpose::Reply => wit::Purpose::Reply,
                Purpose::Transactional => wit::Purpose::Transactional,
                Purpose::Promotional => wit::Purpose::Promotional,
                Purpose::ConsentRequest => wit::Purpose::ConsentRequest,
                Purpose::Authentication => wit::Purpose::Authentication,
            },
            topic: p.topic,
            ext: p.ext,
        }
    }
}

impl From<Content> for wit::Content {
    fn from(c: Content) -> Self {
        match c {
            Content::Text(t) => wit::Content::Text(wit::Text {
                body: t.body,
                preview_url: t.preview_url,
            }),
            Content::Media(m) => wit::Content::Media(wit::OutboundMedia {
                kind: m.kind.into(),
                source: m.source.into(),
                caption: m.caption,
                filename: m.filename,
            }),
            Content::Interactive(i) => wit::Content::Interactive(wit::Interactive {
                header: i.header,
                body: i.body,
                footer: i.footer,
                action: i.action.into(),
            }),
            Content::Reaction(r) => wit::Content::Reaction(wit::Reaction {
                message_id: r.message_id,
                emoji: r.emoji,
            }),
            Content::Template(t) => wit::Content::Template(t.into()),
        }
    }
}

impl From<MediaSource> for wit::MediaSource {
    fn from(s: MediaSource) -> Self {
        match s {
            MediaSource::Id(id) => wit::MediaSource::Id(id),
            MediaSource::Link(url) => wit::MediaSource::Link(url),
        }
    }
}

impl From<InteractiveAction> for wit::InteractiveAction {
    fn from(a: InteractiveAction) -> Self {
        match a {
            InteractiveAction::Buttons(buttons) => wit::InteractiveAction::Buttons(
                buttons
                    .into_iter()
                    .map(|b| wit::Button {
                        id: b.id,
                        title: b.title,
                    })
                    .collect(),
            ),
            InteractiveAction::List { button, sections } => {
                wit::InteractiveAction::Menu(wit::ListMenu {
                    button,
                    sections: sections
                        .into_iter()
                        .map(|s| wit::ListSection {
                            title: s.title,
                            rows: s
                                .rows
                                .into_iter()
                                .map(|r| wit::ListRow {
                                    id: r.id,
                                    title: r.title,
                                    description: r.description,
                                })
                                .collect(),
                        })
                        .collect(),
                })
            }
            InteractiveAction::CtaUrl { label, url } => {
                wit::InteractiveAction::CtaUrl(wit::CtaUrl { label, url })
            }
            InteractiveAction::LocationRequest => wit::InteractiveAction::LocationRequest,
        }
    }
}

impl From<TemplateSend> for wit::TemplateSend {
    fn from(t: TemplateSend) -> Self {
        wit::TemplateSend {
            name: t.name,
            language: t.language,
            header: t.header.into_iter().map(Into::into).collect(),
            body: t.body.into_iter().map(Into::into).collect(),
            buttons: t
                .buttons
                .into_iter()
                .map(|b| wit::ButtonParam {
                    index: b.index,
                    kind: match b.kind {
                        ButtonParamKind::QuickReply => wit::ButtonParamKind::QuickReply,
                        ButtonParamKind::Url => wit::ButtonParamKind::Url,
                        ButtonParamKind::CopyCode => wit::ButtonParamKind::CopyCode,
                    },
                    value: b.value.into(),
                })
                .collect(),
        }
    }
}

impl From<Param> for wit::Param {
    fn from(p: Param) -> Self {
        wit::Param {
            name: p.name,
            value: match p.value {
                ParamValue::Text(text) => wit::ParamValue::Text(text),
                ParamValue::Media { kind, source } => wit::ParamValue::Media(wit::ParamMedia {
                    kind: kind.into(),
                    source: source.into(),
                }),
            },
        }
    }
}
