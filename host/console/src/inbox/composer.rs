//! What may be said while the window is closed: the approved templates with what stands in them, and nothing else.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::Redirect;
use portero_domain::campaign::slot_names;
use portero_domain::template::TemplateCategory;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::audience::Usable;
use portero_flow::desk::handovers::{self, TemplateAnswer};

use crate::frame::query;
use crate::problem::Problem;
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Templates offered at most.
const MOST: usize = 40;
/// Before the name of a slot in the form.
const OF_SLOT: &str = "v.";

/// A template that may be sent now.
pub(super) struct Offer {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) category: String,
    /// Whether it has to say what it is about.
    pub(super) promotion: bool,
    pub(super) header: String,
    pub(super) body: String,
    pub(super) footer: String,
    pub(super) slots: Vec<Slot>,
}

/// A value of a template.
pub(super) struct Slot {
    /// Name in the form.
    pub(super) name: String,
    /// As it stands in the text.
    pub(super) shown: String,
}

/// The templates in words.
pub(super) fn offers(w: Words, all: Vec<Usable>) -> Vec<Offer> {
    let offer = |usable: Usable| {
        let t = usable.template;
        let around = t.slots.around.clone().unwrap_or_default();
        let slot = |name: String| Slot {
            shown: match (name.as_str(), name.split_once('.')) {
                ("header.media", _) => w.t("inbox.template.media").to_owned(),
                (_, Some(("button", _))) => w.t("inbox.template.button").to_owned(),
                (_, Some((_, slot))) => format!("{{{{{slot}}}}}"),
                (_, None) => name.clone(),
            },
            name: format!("{OF_SLOT}{name}"),
        };
        Offer {
            category: w
                .t(&format!("template.category.{}", t.category.as_str()))
                .to_owned(),
            promotion: t.category == TemplateCategory::Marketing,
            slots: slot_names(&t.slots).into_iter().map(slot).collect(),
            header: around.header.unwrap_or_default(),
            footer: around.footer.unwrap_or_default(),
            body: t.body,
            name: t.name,
            language: t.language,
        }
    };
    all.into_iter().take(MOST).map(offer).collect()
}

/// `POST …/template`: somebody of the shop answers by a template, and sees what the gate said.
pub(crate) async fn template(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, who)): Path<(String, String)>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Redirect, Problem> {
    let sent: BTreeMap<String, String> = super::read(form)?.into_iter().collect();
    let get = |name: &str| sent.get(name).map_or("", |v| v.trim());
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let slots = sent.iter().filter_map(|(name, value)| {
        let slot = name.strip_prefix(OF_SLOT)?;
        Some((slot.to_owned(), value.trim().to_owned()))
    });
    let request = TemplateAnswer {
        name: get("name").to_owned(),
        language: get("language").to_owned(),
        values: slots.collect(),
        topic: Some(get("topic").to_owned()).filter(|t| !t.is_empty()),
        phone_number_id: Some(get("number").to_owned()).filter(|n| !n.is_empty()),
    };
    let key = format!("console:{}", get("key"));
    let came =
        handovers::answer_by_template(&state.ctx, &principal, tenant.id, &who, &key, &request)
            .await;
    let (who, said) = match came {
        Ok(proposed) => (
            proposed.message.contact.to_string(),
            ("verdict", proposed.verdict.id.to_string()),
        ),
        // A slot was left empty: said beside what is offered.
        Err(FlowError::BadInput { field, .. }) if field == "values" => {
            (who, ("empty", request.name.clone()))
        }
        Err(error) => return Err(error.into()),
    };
    let fields = [
        ("number", get("number")),
        ("lang", get("lang")),
        (said.0, said.1.as_str()),
    ];
    Ok(Redirect::to(&query(
        &format!("/inbox/{}/{}", tenant.slug, super::plain(&who)),
        &fields,
    )))
}
