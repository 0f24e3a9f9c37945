//! How the message of a new campaign would read, with the values as far as they are known.

use portero_domain::template::Template;

use super::answers::Answers;
use crate::strings::Words;

/// A message as it would read.
pub(super) struct Said {
    pub(super) header: String,
    pub(super) text: String,
    pub(super) footer: String,
    pub(super) buttons: Vec<String>,
}

/// The message with what was answered in its slots.
pub(super) fn said(w: Words, a: &Answers, template: &Template) -> Said {
    let slots = &template.slots;
    let around = slots.around.clone().unwrap_or_default();
    let mut header = around.header.unwrap_or_default();
    if let Some(slot) = &slots.header_text {
        header = filled(&header, slot, &stands(w, a, &format!("header.{slot}")));
    }
    if let Some(kind) = &slots.header_media {
        header = format!("[{}]", w.t(&format!("template.kind.{kind}")));
    }
    let body = slots.body.iter().fold(template.body.clone(), |text, slot| {
        filled(&text, slot, &stands(w, a, &format!("body.{slot}")))
    });
    Said {
        header,
        text: body,
        footer: around.footer.unwrap_or_default(),
        buttons: around.buttons.into_iter().map(|(name, _)| name).collect(),
    }
}

fn filled(text: &str, slot: &str, value: &str) -> String {
    text.replace(&format!("{{{{{slot}}}}}"), value)
}

/// What stands in a slot: the value where it is the same for everybody, else what it will be.
fn stands(w: Words, a: &Answers, slot: &str) -> String {
    let of = |before: &str| a.get(&format!("{before}{slot}")).to_owned();
    match of("from.").as_str() {
        "fixed" => of("text."),
        "name" => format!("[{}]", w.t("campaign.from.name")),
        "attribute" => format!("[{}]", of("key.")),
        "" => format!("{{{{{}}}}}", slot.split_once('.').map_or(slot, |s| s.1)),
        _ => format!("[{} {}]", w.t("campaign.from.plugin"), of("hint.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;
    use portero_domain::template::{Around, TemplateCategory, TemplateSlots, TemplateStatus};

    #[test]
    fn values_stand_where_the_message_has_them() {
        let template = Template {
            name: "promo".into(),
            language: "es".into(),
            category: TemplateCategory::Marketing,
            status: TemplateStatus::Approved,
            paused_until: None,
            slots: TemplateSlots {
                header_text: Some("1".into()),
                body: vec!["1".into(), "2".into(), "10".into()],
                around: Some(Around {
                    header: Some("Tienda {{1}}".into()),
                    ..Around::default()
                }),
                ..TemplateSlots::default()
            },
            body: "Hola {{1}}: {{2}} % hasta {{10}}".into(),
            synced_at: portero_domain::clock::Ts(0),
        };
        let fields = [
            ("from.header.1", "fixed"),
            ("text.header.1", "Sol"),
            ("from.body.1", "name"),
            ("from.body.2", "fixed"),
            ("text.body.2", "20"),
        ];
        let own = |(k, v): (&str, &str)| (k.to_owned(), v.to_owned());
        let a = Answers::of(fields.map(own).into());
        let read = said(Words(Language::En), &a, &template);
        assert_eq!(read.header, "Tienda Sol");
        let name = Words(Language::En).t("campaign.from.name");
        assert_eq!(read.text, format!("Hola [{name}]: 20 % hasta {{{{10}}}}"));
    }
}
