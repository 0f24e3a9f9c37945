//! `content.unsupported`: a build that Meta would refuse.

use portero_domain::template::TemplateCategory;

use crate::case::AddressShape;
use crate::detect::FaultCode;
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "content.unsupported",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Content,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Formato no admitido",
        "Formato não aceito",
        "Form not accepted",
    ),
    sentence: words(
        "WhatsApp no admite esta forma: {value}; se espera {limit}.",
        "O WhatsApp não aceita esta forma: {value}; espera-se {limit}.",
        "WhatsApp does not accept this form: {value}; expected {limit}.",
    ),
    remedy: words(
        "Corrige ese campo; los demás fallos: {evidence}.",
        "Corrija esse campo; as demais falhas: {evidence}.",
        "Correct that field; other faults: {evidence}.",
    ),
    docs: Docs {
        checks: "How the message is built: buttons, list, links, media source, captions, reaction, \
                 template name.",
        why: "Meta refuses it, and one bad message must not take its siblings along.",
        fires: "Denies other than one to three buttons, one to ten sections, one to ten rows in all, ids \
                and titles that repeat, a missing section title, blank labels, an address that is not \
                https, a caption on audio or a sticker, a file name on what is no document, media \
                without a source, a header or footer on a location request, a reaction that is no emoji, \
                a malformed template name or language; an id beginning with `portero:` from anybody but \
                the host (stop and human excepted, and a plugin's consent question); an authentication \
                template to a user id without a phone (131062).",
        facts: "Content facts `faults`; the form of the address; the registry's category.",
        parameters: "None.",
        source: "Meta, message objects (as of 2026-11); errors 100, 131009, 131062.",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let counts = |code: FaultCode| code != FaultCode::ReservedId || !may_use_reserved_ids(case);
        let mut faults = case.facts.content.faults.iter().filter(|f| counts(f.code));
        if let Some(first) = faults.next() {
            let value = match first.found {
                Some(found) => format!("{}: {found}", first.field),
                None => format!("{}: {}", first.field, first.code.as_str()),
            };
            let others = faults.map(|f| format!("{}: {}", f.field, f.code.as_str()));
            return Some(Found::deny(value, allowed(first.code)).because(others));
        }
        let code = case.template()?.category == TemplateCategory::Authentication;
        (code && case.address == AddressShape::UserId)
            .then(|| Found::deny("authentication", "phone_number"))
    }
}

/// The host's own questions carry ids only it may use; a plugin may have it put such a question.
fn may_use_reserved_ids(case: &Case<'_>) -> bool {
    match case.origin {
        Origin::Host { .. } => true,
        Origin::Plugin { .. } => case.declared == Purpose::ConsentRequest,
        Origin::Api { .. } | Origin::Campaign { .. } => false,
    }
}

fn allowed(code: FaultCode) -> &'static str {
    match code {
        FaultCode::ButtonCount => "1–3",
        FaultCode::SectionCount | FaultCode::RowCount => "1–10",
        FaultCode::DuplicateId | FaultCode::DuplicateTitle => "unique",
        FaultCode::MissingTitle | FaultCode::Blank => "visible_text",
        FaultCode::NotHttps => "https",
        FaultCode::CaptionNotAllowed
        | FaultCode::FilenameNotAllowed
        | FaultCode::PartNotAllowed => "absent",
        FaultCode::NoSource => "id_or_link",
        FaultCode::NotAnEmoji => "one_emoji",
        FaultCode::BadName => "registry_name",
        FaultCode::ReservedId => "id_of_your_own",
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, audio_with_caption, buttons, host, image, list, reaction, send};
    use portero_domain::content::{Content, Interactive, InteractiveAction, Media, MediaSource};
    use portero_domain::proposal::Purpose;

    const RULE: &str = "content.unsupported";

    fn value(content: Content) -> Option<String> {
        let mut s = Setup::reply("");
        s.proposal.content = content;
        s.found(RULE).map(|f| f.value)
    }

    fn with_id(id: &str) -> Content {
        let mut content = buttons(2);
        if let Content::Interactive(i) = &mut content
            && let InteractiveAction::Buttons { buttons } = &mut i.action
        {
            buttons[1].id = id.to_owned();
        }
        content
    }

    #[test]
    fn one_to_three_buttons() {
        for (n, passes) in [(0, false), (1, true), (3, true), (4, false)] {
            assert_eq!(value(buttons(n)).is_none(), passes, "{n}");
        }
        assert_eq!(value(buttons(4)).as_deref(), Some("interactive.buttons: 4"));
    }

    #[test]
    fn ids_and_titles_do_not_repeat() {
        let found = value(with_id("b0"));
        assert_eq!(
            found.as_deref(),
            Some("interactive.buttons[1].id: duplicate_id")
        );
        assert_eq!(value(with_id("other")), None);
        assert!(value(with_id(" ")).is_some());
    }

    #[test]
    fn ten_rows_in_all_and_titles_on_several_sections() {
        assert_eq!(value(list(&[10])), None);
        assert_eq!(value(list(&[5, 5])), None);
        assert_eq!(
            value(list(&[5, 6])).as_deref(),
            Some("interactive.list.rows: 11")
        );
        assert_eq!(
            value(list(&[])).as_deref(),
            Some("interactive.list.sections: 0")
        );
        assert!(value(list(&[3, 0])).is_some());
        let mut untitled = list(&[1, 1]);
        if let Content::Interactive(Interactive {
            action: InteractiveAction::List { sections, .. },
            ..
        }) = &mut untitled
        {
            sections[1].title = None;
        }
        let found = value(untitled);
        assert_eq!(
            found.as_deref(),
            Some("interactive.list.sections[1].title: missing_title")
        );
    }

    #[test]
    fn links_are_https() {
        for (link, passes) in [
            ("https://a.example/x.png", true),
            ("HTTPS://a.example", true),
            ("http://a.example/x.png", false),
            ("https://", false),
            ("https:///x", false),
            ("javascript:alert(1)", false),
            ("https://a.example/a b", false),
        ] {
            assert_eq!(value(image(link)).is_none(), passes, "{link}");
            let cta = Content::Interactive(Interactive {
                header: None,
                body: "ver".into(),
                footer: None,
                action: InteractiveAction::CtaUrl {
                    label: "Ver".into(),
                    url: link.into(),
                },
            });
            assert_eq!(value(cta).is_none(), passes, "{link}");
        }
    }

    #[test]
    fn media_has_a_source_and_audio_no_caption() {
        assert!(value(audio_with_caption(Some("hola"))).is_some());
        assert!(value(audio_with_caption(None)).is_none());
        let Content::Media(media) = image("https://a.example/x.png") else {
            unreachable!()
        };
        let named = Media {
            filename: Some("x.pdf".into()),
            ..media.clone()
        };
        assert!(value(Content::Media(named)).is_some());
        let no_source = Media {
            source: MediaSource::Id(String::new()),
            ..media
        };
        assert_eq!(
            value(Content::Media(no_source)).as_deref(),
            Some("media.source: no_source")
        );
    }

    #[test]
    fn a_reaction_is_an_emoji_or_nothing() {
        for (emoji, passes) in [
            ("👍", true),
            ("", true),
            ("👨‍👩‍👧‍👦", true),
            ("1️⃣", true),
            ("ok", false),
            ("👍 👍", false),
        ] {
            assert_eq!(value(reaction(emoji)).is_none(), passes, "{emoji}");
        }
    }

    #[test]
    fn only_the_host_asks_with_its_own_ids() {
        for (id, passes) in [
            ("portero:yes:ofertas", false),
            ("portero:start:ofertas", false),
            ("portero:keep", false),
            ("portero:stop:all", true),
            ("portero:human", true),
        ] {
            assert_eq!(value(with_id(id)).is_none(), passes, "{id}");
        }
        let mut s = Setup::reply("");
        s.proposal.content = with_id("portero:yes:ofertas");
        s.proposal.purpose = Purpose::ConsentRequest;
        assert!(s.found(RULE).is_none());
        s.proposal.purpose = Purpose::Reply;
        s.proposal.origin = host("consent_question");
        assert!(s.found(RULE).is_none());
        s.proposal.origin = Setup::operator("x").proposal.origin;
        assert!(s.found(RULE).is_some());
    }

    #[test]
    fn no_code_to_a_user_id_without_a_phone() {
        let mut s = Setup::code();
        assert!(s.found(RULE).is_none());
        s.proposal.to = portero_domain::address::AddressKey::parse("CO.9001").unwrap();
        assert_eq!(s.found(RULE).unwrap().value, "authentication");
    }

    #[test]
    fn template_names_are_metas() {
        let mut s = Setup::promo();
        for name in ["Promo", "", "promo v1"] {
            s.proposal.content = Content::Template(send(name, &[]));
            assert_eq!(s.found(RULE).unwrap().value, "template.name: bad_name");
        }
    }
}
