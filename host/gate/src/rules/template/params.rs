//! `template.params`: values that do not fit the template's slots.

use portero_domain::content::ButtonParamKind;
use portero_domain::template::{Template, TemplateSlots};

use crate::detect::{ButtonShape, ParamKind, ParamShape, TemplateShape};
use crate::rules::support::*;

/// The rule.
pub struct Check;

static ABOUT: About = About {
    id: "template.params",
    version: 1,
    stratum: Stratum::Platform,
    phase: Phase::Session,
    stages: Stages::Admission,
    moves_with_time: false,
    title: words(
        "Valores de la plantilla",
        "Valores do modelo",
        "Template values",
    ),
    sentence: words(
        "Los valores no encajan en la plantilla {evidence}: {value}; se espera {limit}.",
        "Os valores não se encaixam no modelo {evidence}: {value}; espera-se {limit}.",
        "The values do not fit the template {evidence}: {value}; expected {limit}.",
    ),
    remedy: words(
        "Da un valor de una línea a cada hueco, con los nombres del registro.",
        "Dê um valor de uma linha a cada espaço, com os nomes do registro.",
        "Give each slot a value of one line, with the names of the registry.",
    ),
    docs: Docs {
        checks: "Number, names and form of the values of header, body and buttons against the \
                 registered slots.",
        why: "Meta refuses what does not fit (132000, 132012, 132018).",
        fires: "Denies when a value is missing, extra, under a name the template does not have, twice, \
                blank, holds a line break, a tab or more than four spaces in a row; when the header \
                media is missing or of another kind; when a button value is for another kind of button \
                or an address suffix is not percent-encoded.",
        facts: "`template.slots`; content facts `template`.",
        parameters: "None.",
        source: "Meta, template messages (as of 2026-11).",
        since: "0.1.0",
    },
};

impl Rule for Check {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Option<Found> {
        let (template, shape) = (case.template()?, case.shape()?);
        header(&template.slots, shape)
            .or_else(|| body(&template.slots, shape))
            .or_else(|| buttons(&template.slots, shape))
            .map(|found| found.because([label(template)]))
    }
}

fn label(template: &Template) -> String {
    format!("{} ({})", template.name, template.language)
}

fn faulty(path: impl Fn() -> String, value: &ParamShape) -> Option<Found> {
    let fault = value.faults.first()?;
    Some(Found::deny(
        format!("{}: {}", path(), fault.as_str()),
        "one_line",
    ))
}

fn header(slots: &TemplateSlots, shape: &TemplateShape) -> Option<Found> {
    let expected = usize::from(slots.header_text.is_some() || slots.header_media.is_some());
    if shape.header.len() != expected {
        return Some(Found::deny(
            format!("template.header: {}", shape.header.len()),
            format!("{expected}"),
        ));
    }
    let value = shape.header.first()?;
    let kind = slots.header_media.as_deref().unwrap_or("text");
    if value.kind.as_str() != kind {
        return Some(Found::deny(
            format!("template.header: {}", value.kind.as_str()),
            kind,
        ));
    }
    let text = value.kind == ParamKind::Text;
    if text && !name_fits(slots, slots.header_text.as_deref(), value) {
        return Some(Found::deny(
            "template.header: name",
            slots.header_text.clone().unwrap_or_default(),
        ));
    }
    faulty(|| "template.header[0]".to_owned(), value)
}

/// A named template needs the slot's name; a positional one takes none.
fn name_fits(slots: &TemplateSlots, slot: Option<&str>, value: &ParamShape) -> bool {
    if slots.named {
        value.name.as_deref() == slot
    } else {
        value.name.is_none()
    }
}

fn body(slots: &TemplateSlots, shape: &TemplateShape) -> Option<Found> {
    if shape.body.len() != slots.body.len() {
        return Some(Found::deny(
            format!("template.body: {}", shape.body.len()),
            format!("{}", slots.body.len()),
        ));
    }
    for (n, value) in shape.body.iter().enumerate() {
        let path = || format!("template.body[{n}]");
        if value.kind != ParamKind::Text {
            return Some(Found::deny(
                format!("{}: {}", path(), value.kind.as_str()),
                "text",
            ));
        }
        let fits = if slots.named {
            let known = value
                .name
                .as_ref()
                .is_some_and(|name| slots.body.contains(name));
            known
                && !shape
                    .body
                    .iter()
                    .take(n)
                    .any(|earlier| earlier.name == value.name)
        } else {
            value.name.is_none()
        };
        if !fits {
            let expected = if slots.named {
                slots.body.join(", ")
            } else {
                "no_names".to_owned()
            };
            let name = value.name.as_deref().unwrap_or("none");
            return Some(Found::deny(format!("{}: name {name}", path()), expected));
        }
        if let Some(found) = faulty(path, value) {
            return Some(found);
        }
    }
    None
}

fn buttons(slots: &TemplateSlots, shape: &TemplateShape) -> Option<Found> {
    for (index, kind) in &slots.buttons {
        let given = shape.buttons.iter().filter(|b| b.index == *index).count();
        if given != 1 {
            return Some(Found::deny(
                format!("template.buttons: {given} @{index}"),
                kind.as_str(),
            ));
        }
    }
    for (n, button) in shape.buttons.iter().enumerate() {
        let path = || format!("template.buttons[{n}]");
        let twice = shape
            .buttons
            .iter()
            .take(n)
            .any(|b| b.index == button.index);
        if twice || !kind_fits(slots, button) {
            let kinds: Vec<String> = slots
                .buttons
                .iter()
                .map(|(index, kind)| format!("{kind} @{index}"))
                .collect();
            return Some(Found::deny(
                format!("{}: @{}", path(), button.index),
                kinds.join(", "),
            ));
        }
        if button.value.kind != ParamKind::Text {
            return Some(Found::deny(
                format!("{}: {}", path(), button.value.kind.as_str()),
                "text",
            ));
        }
        if let Some(found) = faulty(path, &button.value) {
            return Some(found);
        }
    }
    None
}

fn kind_fits(slots: &TemplateSlots, button: &ButtonShape) -> bool {
    let wanted = match button.kind {
        ButtonParamKind::QuickReply => return slots.quick_replies.contains(&button.index),
        ButtonParamKind::Url => "url",
        ButtonParamKind::CopyCode => "copy_code",
    };
    slots
        .buttons
        .iter()
        .any(|(index, kind)| *index == button.index && kind == wanted)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, button_param, image_param, named, positional, send};
    use portero_domain::content::ButtonParamKind::{CopyCode, QuickReply, Url};
    use portero_domain::content::TemplateSend;
    use portero_domain::template::TemplateSlots;

    fn check(slots: TemplateSlots, send: TemplateSend) -> Option<String> {
        let mut s = Setup::promo();
        s.registry().slots = slots;
        s.proposal.content = portero_domain::content::Content::Template(send);
        s.found("template.params").map(|f| f.value)
    }

    fn two() -> TemplateSlots {
        TemplateSlots {
            body: vec!["1".into(), "2".into()],
            ..TemplateSlots::default()
        }
    }

    /// Scenario 100.
    #[test]
    fn positional_values_are_counted_and_read() {
        let with = |values: &[&str]| {
            send(
                "promo_v1",
                &values.iter().map(|v| positional(v)).collect::<Vec<_>>(),
            )
        };
        assert_eq!(check(two(), with(&["Ana", "42"])), None);
        assert_eq!(
            check(two(), with(&["Ana"])).as_deref(),
            Some("template.body: 1")
        );
        assert_eq!(
            check(two(), with(&["Ana", "42", "x"])).as_deref(),
            Some("template.body: 3")
        );
        for (bad, fault) in [
            ("   ", "blank"),
            ("\u{200b}", "blank"),
            ("a\nb", "newline"),
            ("a\tb", "tab"),
            ("a     b", "spaces"),
        ] {
            let expected = format!("template.body[1]: {fault}");
            assert_eq!(check(two(), with(&["Ana", bad])), Some(expected));
        }
        assert_eq!(
            check(two(), with(&["Ana", "a    b"])),
            None,
            "four spaces pass"
        );
        let mixed = send("promo_v1", &[positional("Ana"), named("x", "42")]);
        assert_eq!(
            check(two(), mixed).as_deref(),
            Some("template.body[1]: name x")
        );
    }

    #[test]
    fn named_values_come_in_any_order_but_each_once() {
        let slots = || TemplateSlots {
            named: true,
            body: vec!["nombre".into(), "pedido".into()],
            ..TemplateSlots::default()
        };
        let both = [named("pedido", "42"), named("nombre", "Ana")];
        assert_eq!(check(slots(), send("promo_v1", &both)), None);
        for wrong in [
            [named("pedido", "42"), named("pedido", "43")],
            [named("pedido", "42"), named("otro", "Ana")],
            [named("pedido", "42"), positional("Ana")],
        ] {
            assert!(check(slots(), send("promo_v1", &wrong)).is_some());
        }
    }

    #[test]
    fn header_media_must_be_there_and_of_its_kind() {
        let slots = || TemplateSlots {
            header_media: Some("image".into()),
            ..TemplateSlots::default()
        };
        let mut content = send("promo_v1", &[]);
        assert_eq!(
            check(slots(), content.clone()).as_deref(),
            Some("template.header: 0")
        );
        content.header = vec![image_param()];
        assert_eq!(check(slots(), content.clone()), None);
        content.header = vec![positional("x")];
        assert_eq!(
            check(slots(), content.clone()).as_deref(),
            Some("template.header: text")
        );
        content.header = vec![image_param()];
        assert_eq!(
            check(TemplateSlots::default(), content).as_deref(),
            Some("template.header: 1")
        );
        let slots = TemplateSlots {
            header_text: Some("1".into()),
            ..TemplateSlots::default()
        };
        let mut content = send("promo_v1", &[]);
        content.header = vec![positional("Ana")];
        assert_eq!(check(slots, content), None);
    }

    #[test]
    fn buttons_take_values_of_their_kind_at_their_place() {
        let slots = || TemplateSlots {
            buttons: vec![(1, "url".into())],
            button_count: 2,
            quick_replies: vec![0],
            ..TemplateSlots::default()
        };
        let with = |params: Vec<portero_domain::content::ButtonParam>| {
            let mut content = send("promo_v1", &[]);
            content.buttons = params;
            content
        };
        assert_eq!(
            check(slots(), with(vec![button_param(1, Url, "abc?x=%20")])),
            None
        );
        let with_payload = vec![
            button_param(0, QuickReply, "stop"),
            button_param(1, Url, "abc"),
        ];
        assert_eq!(check(slots(), with(with_payload)), None);
        for wrong in [
            vec![],
            vec![button_param(1, CopyCode, "abc")],
            vec![button_param(1, Url, "a"), button_param(1, Url, "b")],
            vec![button_param(1, Url, "a"), button_param(0, Url, "b")],
            vec![button_param(1, Url, "a b")],
            vec![button_param(1, Url, "a%2")],
            vec![button_param(1, Url, "a"), button_param(2, QuickReply, "b")],
        ] {
            assert!(check(slots(), with(wrong.clone())).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn dispatch_does_not_count_again() {
        let mut s = Setup::promo();
        s.registry().slots = two();
        assert!(s.found("template.params").is_some());
        assert!(s.at_dispatch().found("template.params").is_none());
    }
}
