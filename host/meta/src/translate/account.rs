//! Changes of templates and of people's marketing preference (`whatsapp-platform` 2.5).

use portero_domain::clock::Ts;
use portero_domain::template::TemplateCategory;
use portero_domain::update::{PersonRef, UpdateKind};
use serde_json::value::RawValue;

use super::person::People;
use crate::wire::json::Obj;
use crate::wire::webhook::{Change, instant, timestamp};

/// Reads one of the template fields; the error says why it rests.
pub(super) fn template(change: &Change, v: &Obj<'_>) -> Result<UpdateKind, String> {
    let need = |key: &str| {
        v.filled(key)
            .ok_or_else(|| format!("unknown template shape: no {key}"))
    };
    let name = need("message_template_name")?;
    let language = underscored(&need("message_template_language")?);
    Ok(match change.field.as_str() {
        "message_template_status_update" => UpdateKind::TemplateStatus {
            name,
            language,
            event: need("event")?,
            reason: v.filled("reason"),
            title: v.obj("other_info").and_then(|o| o.filled("title")),
            at: change.at(),
        },
        "message_template_components_update" => UpdateKind::TemplateContent {
            name,
            language,
            at: change.at(),
        },
        "message_template_quality_update" => UpdateKind::TemplateQuality {
            name,
            language,
            quality: need("new_quality_score")?,
            at: change.at(),
        },
        _ => UpdateKind::TemplateRecategorised {
            name,
            language,
            category: TemplateCategory::from_meta(&need("new_category")?),
            announced: v.filled("correct_category").map(|category| {
                // Without an instant the announcement is taken to be in force already.
                let at = v.int("category_update_timestamp").map(instant);
                (category, at.or(change.at()).unwrap_or(Ts::ZERO))
            }),
            at: change.at(),
        },
    })
}

/// Webhooks may write `es-MX` where REST writes `es_MX`.
fn underscored(language: &str) -> String {
    language.replace('-', "_")
}

/// Reads one element of `user_preferences[]`; the error says why it rests.
pub(super) fn preference(
    change: &Change,
    raw: &RawValue,
    people: &People,
) -> Result<UpdateKind, String> {
    let bad = |what: &str| format!("unknown preference shape: {what}");
    let p = Obj::read(raw).ok_or_else(|| bad("no object"))?;
    if p.text("category").as_deref() != Some("marketing_messages") {
        return Err(bad("not about marketing messages"));
    }
    let stop = match p.text("value").as_deref() {
        Some("stop") => true,
        Some("resume") => false,
        _ => return Err(bad("neither stop nor resume")),
    };
    let person = people.complete(PersonRef {
        wa_id: p.filled("wa_id"),
        user_id: p.filled("user_id"),
        parent_user_id: p.filled("parent_user_id"),
        ..PersonRef::default()
    });
    if person.addresses().next().is_none() {
        return Err(bad("no person"));
    }
    let at = timestamp(&p)
        .or(change.at())
        .ok_or_else(|| bad("no timestamp"))?;
    Ok(UpdateKind::Preference { person, stop, at })
}
