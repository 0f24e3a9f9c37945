//! Track 0.1 → domain: what a guest returned, every text through the [`Taker`].

use portero_domain::clock::Ts;
use portero_domain::content::{
    Button, ButtonParam, ButtonParamKind, Content, Interactive, InteractiveAction, ListRow,
    ListSection, Media, MediaKind, MediaSource, Param, ParamValue, Reaction, TemplateSend, Text,
};
use portero_domain::plugin::{
    Action, Card, Failure, Membership, MetricInfo, Personalisation, Sample, SegmentInfo, SendAction,
};
use portero_domain::proposal::Purpose;

use super::wit::types as t;
use super::{wit_analytics as a, wit_replies as r, wit_segmentation as s};
use crate::log_sink::cut;
use crate::mask::mask_digits;
use crate::output::{MAX_CODE_BYTES, MAX_MESSAGE_BYTES, Taker};

type Taken<T> = Result<T, String>;

/// A case kept free for later tracks: no host of this track knows what it would mean.
fn reserved<T>(what: &str, name: &str) -> Taken<T> {
    let name: String = name.chars().filter(|c| *c != '\0').take(64).collect();
    Err(format!("{what} `{name}` is unknown in this track"))
}

pub(super) fn failure(failure: t::Failure) -> Failure {
    Failure {
        code: cut(&failure.code, MAX_CODE_BYTES).replace('\0', " "),
        message: mask_digits(cut(&failure.message, MAX_MESSAGE_BYTES)).replace('\0', " "),
    }
}

pub(super) fn action(k: &mut Taker<'_>, action: r::Action) -> Taken<Action> {
    Ok(match action {
        r::Action::Send(message) => Action::Send(proposal(k, message)?),
        r::Action::AskConsent(ask) => Action::AskConsent {
            wording: k.text(ask.wording)?,
            topic: k.text(ask.topic)?,
        },
        r::Action::SetAttribute(set) => Action::SetAttribute {
            key: k.text(set.key)?,
            value: k.maybe(set.value)?,
        },
        r::Action::Tag(tag) => Action::Tag {
            tag: k.text(tag.tag)?,
            add: tag.add,
        },
        r::Action::SetTimer(timer) => Action::SetTimer {
            name: k.text(timer.name)?,
            at: Ts(i64::try_from(timer.at).unwrap_or(i64::MAX)),
            payload: k.text(timer.payload)?,
        },
        r::Action::CancelTimer(name) => Action::CancelTimer {
            name: k.text(name)?,
        },
        r::Action::HandOver(reason) => Action::HandOver {
            reason: k.text(reason)?,
        },
        r::Action::Metric(metric) => Action::Metric {
            name: k.text(metric.name)?,
            value: metric.value,
            labels: k.pairs(metric.labels)?,
        },
        r::Action::Unsupported(name) => return reserved("action", &name),
    })
}

pub(super) fn proposal(k: &mut Taker<'_>, send: t::Proposal) -> Taken<SendAction> {
    Ok(SendAction {
        content: content(k, send.content)?,
        purpose: purpose(send.purpose),
        topic: k.maybe(send.topic)?,
        ext: k.pairs(send.ext)?,
    })
}

fn purpose(purpose: t::Purpose) -> Purpose {
    match purpose {
        t::Purpose::Reply => Purpose::Reply,
        t::Purpose::Transactional => Purpose::Transactional,
        t::Purpose::Promotional => Purpose::Promotional,
        t::Purpose::ConsentRequest => Purpose::ConsentRequest,
        t::Purpose::Authentication => Purpose::Authentication,
    }
}

fn content(k: &mut Taker<'_>, content: t::Content) -> Taken<Content> {
    Ok(match content {
        t::Content::Text(text) => Content::Text(Text {
            body: k.text(text.body)?,
            preview_url: text.preview_url,
        }),
        t::Content::Media(media) => Content::Media(Media {
            kind: media_kind(media.kind),
            source: media_source(k, media.source)?,
            caption: k.maybe(media.caption)?,
            filename: k.maybe(media.filename)?,
        }),
        t::Content::Interactive(interactive) => Content::Interactive(Interactive {
            header: k.maybe(interactive.header)?,
            body: k.text(interactive.body)?,
            footer: k.maybe(interactive.footer)?,
            action: interactive_action(k, interactive.action)?,
        }),
        t::Content::Reaction(reaction) => Content::Reaction(Reaction {
            message_id: k.text(reaction.message_id)?,
            emoji: k.text(reaction.emoji)?,
        }),
        t::Content::Template(template) => Content::Template(TemplateSend {
            name: k.text(template.name)?,
            language: k.text(template.language)?,
            header: k.each(template.header, param)?,
            body: k.each(template.body, param)?,
            buttons: k.each(template.buttons, button_param)?,
        }),
        t::Content::Unsupported(name) => return reserved("content", &name),
    })
}

fn interactive_action(k: &mut Taker<'_>, action: t::InteractiveAction) -> Taken<InteractiveAction> {
    Ok(match action {
        t::InteractiveAction::Buttons(buttons) => InteractiveAction::Buttons {
            buttons: k.each(buttons, |k, button| {
                Ok(Button {
                    id: k.text(button.id)?,
                    title: k.text(button.title)?,
                })
            })?,
        },
        t::InteractiveAction::Menu(menu) => InteractiveAction::List {
            button: k.text(menu.button)?,
            sections: k.each(menu.sections, section)?,
        },
        t::InteractiveAction::CtaUrl(link) => InteractiveAction::CtaUrl {
            label: k.text(link.label)?,
            url: k.text(link.url)?,
        },
        t::InteractiveAction::LocationRequest => InteractiveAction::LocationRequest,
        t::InteractiveAction::Unsupported(name) => return reserved("interactive action", &name),
    })
}

fn section(k: &mut Taker<'_>, section: t::ListSection) -> Taken<ListSection> {
    Ok(ListSection {
        title: k.maybe(section.title)?,
        rows: k.each(section.rows, |k, row| {
            Ok(ListRow {
                id: k.text(row.id)?,
                title: k.text(row.title)?,
                description: k.maybe(row.description)?,
            })
        })?,
    })
}

fn media_kind(kind: t::MediaKind) -> MediaKind {
    match kind {
        t::MediaKind::Image => MediaKind::Image,
        t::MediaKind::Video => MediaKind::Video,
        t::MediaKind::Audio => MediaKind::Audio,
        t::MediaKind::Document => MediaKind::Document,
        t::MediaKind::Sticker => MediaKind::Sticker,
    }
}

fn media_source(k: &mut Taker<'_>, source: t::MediaSource) -> Taken<MediaSource> {
    Ok(match source {
        t::MediaSource::Id(id) => MediaSource::Id(k.text(id)?),
        t::MediaSource::Link(link) => MediaSource::Link(k.text(link)?),
    })
}

fn param(k: &mut Taker<'_>, param: t::Param) -> Taken<Param> {
    Ok(Param {
        name: k.maybe(param.name)?,
        value: match param.value {
            t::ParamValue::Text(text) => ParamValue::Text {
                text: k.text(text)?,
            },
            t::ParamValue::Media(media) => ParamValue::Media {
                kind: media_kind(media.kind),
                source: media_source(k, media.source)?,
            },
            t::ParamValue::Unsupported(name) => return reserved("parameter", &name),
        },
    })
}

fn button_param(k: &mut Taker<'_>, button: t::ButtonParam) -> Taken<ButtonParam> {
    Ok(ButtonParam {
        index: button.index,
        kind: match button.kind {
            t::ButtonParamKind::QuickReply => ButtonParamKind::QuickReply,
            t::ButtonParamKind::Url => ButtonParamKind::Url,
            t::ButtonParamKind::CopyCode => ButtonParamKind::CopyCode,
        },
        value: param(k, button.value)?,
    })
}

pub(super) fn segment_info(k: &mut Taker<'_>, info: s::SegmentInfo) -> Taken<SegmentInfo> {
    Ok(SegmentInfo {
        id: k.plain(info.id)?,
        titles: k.plain_pairs(info.titles)?,
    })
}

pub(super) fn membership(k: &mut Taker<'_>, membership: s::Membership) -> Taken<Membership> {
    Ok(Membership {
        handle: k.handle(membership.handle)?,
        segment: k.plain(membership.segment)?,
        reason: k.plain(membership.reason)?,
    })
}

pub(super) fn personalisation(
    k: &mut Taker<'_>,
    values: s::Personalisation,
) -> Taken<Personalisation> {
    Ok(Personalisation {
        handle: k.handle(values.handle)?,
        values: k.plain_pairs(values.values)?,
    })
}

pub(super) fn metric_info(k: &mut Taker<'_>, info: a::MetricInfo) -> Taken<MetricInfo> {
    Ok(MetricInfo {
        id: k.plain(info.id)?,
        unit: k.plain(info.unit)?,
        titles: k.plain_pairs(info.titles)?,
    })
}

pub(super) fn sample(k: &mut Taker<'_>, sample: a::Sample) -> Taken<Sample> {
    Ok(Sample {
        metric: k.plain(sample.metric)?,
        labels: k.plain_pairs(sample.labels)?,
        add: sample.add,
    })
}

pub(super) fn card(k: &mut Taker<'_>, card: a::Card) -> Taken<Card> {
    Ok(Card {
        title: k.plain(card.title)?,
        lines: k.each(card.lines, |k, line| {
            Ok((k.plain(line.label)?, k.plain(line.value)?))
        })?,
    })
}
