//! Every text of a content with its path and its limit.
//!
//! Source: `whatsapp-platform` 1.2, 1.3, 3.3 (as of 2026-11). Lengths in Unicode scalar values.

use std::fmt;

use portero_domain::content::{
    ButtonParamKind, Content, Interactive, InteractiveAction, ParamValue, TemplateSend,
};

use super::{ContentFacts, ControlCharacter, TooLong, count};

/// Template values may hold these without being a control-character fault: `template.params` names them.
pub const CONTROL_IS_FREE: [char; 3] = ['\n', '\r', '\t'];

/// Where a text stands; `#` in the pattern takes the next index. Built without allocating.
#[derive(Clone, Copy)]
pub(crate) struct Path {
    pattern: &'static str,
    at: [usize; 2],
}

impl Path {
    pub(crate) const fn plain(pattern: &'static str) -> Path {
        Path {
            pattern,
            at: [0; 2],
        }
    }
    pub(crate) const fn one(pattern: &'static str, i: usize) -> Path {
        Path {
            pattern,
            at: [i, 0],
        }
    }
    pub(crate) const fn two(pattern: &'static str, i: usize, j: usize) -> Path {
        Path {
            pattern,
            at: [i, j],
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut indices = self.at.iter();
        for (n, piece) in self.pattern.split('#').enumerate() {
            if n > 0 {
                write!(f, "{}", indices.next().copied().unwrap_or_default())?;
            }
            f.write_str(piece)?;
        }
        Ok(())
    }
}

/// One text.
pub(crate) struct Field<'a> {
    pub(crate) path: Path,
    pub(crate) text: &'a str,
    /// Most scalar values; 0 where no limit is known.
    pub(crate) limit: u32,
    /// Whether a person reads it (ids and payloads are not read).
    pub(crate) read: bool,
    /// Whether it is a template value.
    pub(crate) param: bool,
}

/// Calls `visit` for every text, in reading order.
pub(crate) fn each<'a>(content: &'a Content, visit: &mut impl FnMut(Field<'a>)) {
    match content {
        Content::Text(t) => shown(visit, Path::plain("text.body"), &t.body, 4096),
        Content::Media(m) => {
            if let Some(caption) = &m.caption {
                shown(visit, Path::plain("media.caption"), caption, 1024);
            }
            if let Some(name) = &m.filename {
                hidden(visit, Path::plain("media.filename"), name, 240);
            }
        }
        Content::Interactive(i) => interactive(i, visit),
        Content::Reaction(_) => {}
        Content::Template(t) => template(t, visit),
    }
}

fn shown<'a>(visit: &mut impl FnMut(Field<'a>), path: Path, text: &'a str, limit: u32) {
    visit(Field {
        path,
        text,
        limit,
        read: true,
        param: false,
    });
}

fn hidden<'a>(visit: &mut impl FnMut(Field<'a>), path: Path, text: &'a str, limit: u32) {
    visit(Field {
        path,
        text,
        limit,
        read: false,
        param: false,
    });
}

fn interactive<'a>(i: &'a Interactive, visit: &mut impl FnMut(Field<'a>)) {
    if let Some(header) = &i.header {
        shown(visit, Path::plain("interactive.header"), header, 60);
    }
    let is_list = matches!(i.action, InteractiveAction::List { .. });
    let body_limit = if is_list { 4096 } else { 1024 };
    shown(visit, Path::plain("interactive.body"), &i.body, body_limit);
    if let Some(footer) = &i.footer {
        shown(visit, Path::plain("interactive.footer"), footer, 60);
    }
    match &i.action {
        InteractiveAction::Buttons { buttons } => {
            for (n, b) in buttons.iter().enumerate() {
                hidden(visit, Path::one("interactive.buttons[#].id", n), &b.id, 256);
                shown(
                    visit,
                    Path::one("interactive.buttons[#].title", n),
                    &b.title,
                    20,
                );
            }
        }
        InteractiveAction::List { button, sections } => {
            shown(visit, Path::plain("interactive.list.button"), button, 20);
            for (n, s) in sections.iter().enumerate() {
                if let Some(title) = &s.title {
                    shown(
                        visit,
                        Path::one("interactive.list.sections[#].title", n),
                        title,
                        24,
                    );
                }
                for (m, r) in s.rows.iter().enumerate() {
                    let at = |p| Path::two(p, n, m);
                    hidden(
                        visit,
                        at("interactive.list.sections[#].rows[#].id"),
                        &r.id,
                        200,
                    );
                    shown(
                        visit,
                        at("interactive.list.sections[#].rows[#].title"),
                        &r.title,
                        24,
                    );
                    if let Some(d) = &r.description {
                        shown(
                            visit,
                            at("interactive.list.sections[#].rows[#].description"),
                            d,
                            72,
                        );
                    }
                }
            }
        }
        InteractiveAction::CtaUrl { label, url } => {
            shown(visit, Path::plain("interactive.cta_url.label"), label, 20);
            hidden(visit, Path::plain("interactive.cta_url.url"), url, 2000);
        }
        InteractiveAction::LocationRequest => {}
    }
}

fn template<'a>(t: &'a TemplateSend, visit: &mut impl FnMut(Field<'a>)) {
    let mut param = |path, value: &'a ParamValue, limit, read| {
        if let ParamValue::Text { text } = value {
            visit(Field {
                path,
                text,
                limit,
                read,
                param: true,
            });
        }
    };
    for (n, p) in t.header.iter().enumerate() {
        param(Path::one("template.header[#]", n), &p.value, 60, true);
    }
    for (n, p) in t.body.iter().enumerate() {
        param(Path::one("template.body[#]", n), &p.value, 1024, true);
    }
    for (n, b) in t.buttons.iter().enumerate() {
        let limit = match b.kind {
            ButtonParamKind::QuickReply => 256,
            ButtonParamKind::Url => 2000,
            ButtonParamKind::CopyCode => 20,
        };
        let read = b.kind == ButtonParamKind::CopyCode;
        param(
            Path::one("template.buttons[#]", n),
            &b.value.value,
            limit,
            read,
        );
    }
}

/// Length and control characters of one text.
pub(crate) fn measure(field: &Field<'_>, facts: &mut ContentFacts) {
    let mut scalars = 0_u32;
    for c in field.text.chars() {
        if c.is_control() && c != '\n' && !(field.param && CONTROL_IS_FREE.contains(&c)) {
            facts.control.push(ControlCharacter {
                field: field.path.to_string(),
                offset: scalars,
                code: u32::from(c),
            });
        }
        scalars = scalars.saturating_add(1);
    }
    if field.read {
        facts.scalars = facts.scalars.saturating_add(scalars);
    }
    if field.limit > 0 && scalars > field.limit {
        facts.too_long.push(TooLong {
            field: field.path.to_string(),
            scalars,
            limit: field.limit,
        });
    }
}

/// Scalar values before a byte offset.
pub(crate) fn scalars_before(text: &str, byte: usize) -> u32 {
    count(text.get(..byte).map_or(0, |head| head.chars().count()))
}
