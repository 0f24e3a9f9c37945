//! Structural faults: what Meta would refuse whatever the texts say.
//!
//! Source: `whatsapp-platform` 1.2, 1.3, 3.2 (as of 2026-11).

use std::collections::BTreeSet;

use portero_domain::content::{
    Button, Content, Interactive, InteractiveAction, ListSection, Media, MediaKind, MediaSource,
    ParamValue, Reaction, TemplateSend,
};

use super::fields::Path;
use super::visible::is_visible;
use super::{Fault, FaultCode, count, template};

/// Longest emoji sequence worth accepting, in scalar values (families with skin tones have eleven).
const EMOJI_SCALARS: usize = 16;

/// Adds every fault of a content.
pub(crate) fn find(content: &Content, faults: &mut Vec<Fault>) {
    match content {
        Content::Text(_) => {}
        Content::Media(m) => media(m, faults),
        Content::Interactive(i) => interactive(i, faults),
        Content::Reaction(r) => reaction(r, faults),
        Content::Template(t) => of_template(t, faults),
    }
}

fn fault(faults: &mut Vec<Fault>, path: Path, code: FaultCode) {
    faults.push(Fault {
        field: path.to_string(),
        code,
        found: None,
    });
}

fn counted(faults: &mut Vec<Fault>, path: Path, code: FaultCode, found: usize) {
    faults.push(Fault {
        field: path.to_string(),
        code,
        found: Some(count(found)),
    });
}

fn required(faults: &mut Vec<Fault>, path: Path, text: &str) {
    if !is_visible(text) {
        fault(faults, path, FaultCode::Blank);
    }
}

fn is_https(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("https")
        && !host.is_empty()
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn source(faults: &mut Vec<Fault>, path: Path, source: &MediaSource) {
    match source {
        MediaSource::Id(id) => {
            if id.trim().is_empty() {
                fault(faults, path, FaultCode::NoSource);
            }
        }
        MediaSource::Link(link) => {
            if link.trim().is_empty() {
                fault(faults, path, FaultCode::NoSource);
            } else if !is_https(link) {
                fault(faults, path, FaultCode::NotHttps);
            }
        }
    }
}

fn media(m: &Media, faults: &mut Vec<Fault>) {
    source(faults, Path::plain("media.source"), &m.source);
    if m.caption.is_some() && matches!(m.kind, MediaKind::Audio | MediaKind::Sticker) {
        fault(
            faults,
            Path::plain("media.caption"),
            FaultCode::CaptionNotAllowed,
        );
    }
    if m.filename.is_some() && m.kind != MediaKind::Document {
        fault(
            faults,
            Path::plain("media.filename"),
            FaultCode::FilenameNotAllowed,
        );
    }
}

fn interactive(i: &Interactive, faults: &mut Vec<Fault>) {
    if i.header.as_deref().is_some_and(|h| !is_visible(h)) {
        fault(faults, Path::plain("interactive.header"), FaultCode::Blank);
    }
    if i.footer.as_deref().is_some_and(|f| !is_visible(f)) {
        fault(faults, Path::plain("interactive.footer"), FaultCode::Blank);
    }
    match &i.action {
        InteractiveAction::Buttons { buttons: all } => buttons(all, faults),
        InteractiveAction::List { button, sections } => {
            required(faults, Path::plain("interactive.list.button"), button);
            list(sections, faults);
        }
        InteractiveAction::CtaUrl { label, url } => {
            required(faults, Path::plain("interactive.cta_url.label"), label);
            if !is_https(url) {
                fault(
                    faults,
                    Path::plain("interactive.cta_url.url"),
                    FaultCode::NotHttps,
                );
            }
        }
        InteractiveAction::LocationRequest => {
            if i.header.is_some() {
                fault(
                    faults,
                    Path::plain("interactive.header"),
                    FaultCode::PartNotAllowed,
                );
            }
            if i.footer.is_some() {
                fault(
                    faults,
                    Path::plain("interactive.footer"),
                    FaultCode::PartNotAllowed,
                );
            }
        }
    }
}

/// Ids by which the host recognises a yes to its own consent question. Stopping and asking for a
/// person are open to everybody: they can only help.
fn is_reserved(id: &str) -> bool {
    id.strip_prefix("portero:")
        .is_some_and(|rest| !rest.starts_with("stop:") && rest != "human")
}

fn buttons(all: &[Button], faults: &mut Vec<Fault>) {
    if !(1..=3).contains(&all.len()) {
        counted(
            faults,
            Path::plain("interactive.buttons"),
            FaultCode::ButtonCount,
            all.len(),
        );
    }
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for (n, b) in all.iter().enumerate() {
        let id = Path::one("interactive.buttons[#].id", n);
        let title = Path::one("interactive.buttons[#].title", n);
        required(faults, id, &b.id);
        required(faults, title, &b.title);
        if !ids.insert(b.id.as_str()) {
            fault(faults, id, FaultCode::DuplicateId);
        }
        if !titles.insert(b.title.as_str()) {
            fault(faults, title, FaultCode::DuplicateTitle);
        }
        if is_reserved(&b.id) {
            fault(faults, id, FaultCode::ReservedId);
        }
    }
}

fn list(sections: &[ListSection], faults: &mut Vec<Fault>) {
    if !(1..=10).contains(&sections.len()) {
        let path = Path::plain("interactive.list.sections");
        counted(faults, path, FaultCode::SectionCount, sections.len());
    }
    let rows: usize = sections.iter().map(|s| s.rows.len()).sum();
    if rows > 10 {
        counted(
            faults,
            Path::plain("interactive.list.rows"),
            FaultCode::RowCount,
            rows,
        );
    }
    let mut ids = BTreeSet::new();
    for (n, section) in sections.iter().enumerate() {
        if section.rows.is_empty() {
            let path = Path::one("interactive.list.sections[#].rows", n);
            counted(faults, path, FaultCode::RowCount, 0);
        }
        let titled = section.title.as_deref().is_some_and(is_visible);
        if !titled && (sections.len() > 1 || section.title.is_some()) {
            let path = Path::one("interactive.list.sections[#].title", n);
            fault(faults, path, FaultCode::MissingTitle);
        }
        for (m, row) in section.rows.iter().enumerate() {
            let id = Path::two("interactive.list.sections[#].rows[#].id", n, m);
            required(faults, id, &row.id);
            required(
                faults,
                Path::two("interactive.list.sections[#].rows[#].title", n, m),
                &row.title,
            );
            if !ids.insert(row.id.as_str()) {
                fault(faults, id, FaultCode::DuplicateId);
            }
            if is_reserved(&row.id) {
                fault(faults, id, FaultCode::ReservedId);
            }
        }
    }
}

fn reaction(r: &Reaction, faults: &mut Vec<Fault>) {
    if r.message_id.trim().is_empty() {
        fault(faults, Path::plain("reaction.message_id"), FaultCode::Blank);
    }
    let worded = r
        .emoji
        .chars()
        .any(|c| c.is_alphabetic() || c.is_whitespace() || c.is_control());
    if worded || r.emoji.chars().count() > EMOJI_SCALARS {
        fault(faults, Path::plain("reaction.emoji"), FaultCode::NotAnEmoji);
    }
}

fn of_template(t: &TemplateSend, faults: &mut Vec<Fault>) {
    if !template::is_name(&t.name) {
        fault(faults, Path::plain("template.name"), FaultCode::BadName);
    }
    if !template::is_language(&t.language) {
        fault(faults, Path::plain("template.language"), FaultCode::BadName);
    }
    for (n, p) in t.header.iter().enumerate() {
        if let ParamValue::Media { source: from, .. } = &p.value {
            source(faults, Path::one("template.header[#]", n), from);
        }
    }
    for (n, b) in t.buttons.iter().enumerate() {
        if let ParamValue::Text { text } = &b.value.value
            && is_reserved(text)
        {
            fault(
                faults,
                Path::one("template.buttons[#]", n),
                FaultCode::ReservedId,
            );
        }
    }
}
