//! The consent question put to somebody whose window is closed: as an approved utility template.
//!
//! What counts as proof is a wording of the house. So the template has to say exactly what the wording
//! says, and its two quick replies are the wording's yes and no.

use portero_domain::content::{
    ButtonParam, ButtonParamKind, Content, Param, ParamValue, TemplateSend,
};
use portero_domain::ids::{OutboxId, PhoneNumberId, TenantId};
use portero_domain::language::Language;
use portero_domain::proof::ConsentActor;
use portero_domain::proposal::{Origin, Proposal, Purpose};
use portero_domain::template::Template;
use portero_gate::Verdict;
use portero_store::Tx;
use portero_store::model::Wording;
use serde::Deserialize;

use crate::consult::Who;
use crate::context::Context;
use crate::desk::access::Principal;
use crate::desk::messages::{self, ProposedView, find_contact};
use crate::desk::{numbers, verdicts};
use crate::error::FlowError;
use crate::host_words;
use crate::judge::{self, Provenance};

/// A consent question to one person, as a template.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionRequest {
    /// Name of a wording of the tenant: its newest version is what the answer proves.
    pub wording: String,
    /// Name of an approved utility template that says what the wording says, with its yes and its no
    /// as the only buttons.
    pub template: String,
    /// Meta's code of the template's language; may be left out when it is the person's.
    #[serde(default)]
    pub language: Option<String>,
    /// What is asked about; the wording's name when left out.
    #[serde(default)]
    pub topic: Option<String>,
    /// From which number; may be left out when the tenant has one.
    #[serde(default)]
    pub phone_number_id: Option<String>,
}

/// Puts the question through the gate. What passes, or waits for its hour, is in the ledger.
///
/// # Errors
/// Bad input (no such wording or template, or one that says something else), a reused key, or the
/// database. A refusal of the gate is an answer.
pub async fn ask(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    who: &str,
    idempotency_key: &str,
    request: &QuestionRequest,
) -> Result<ProposedView, FlowError> {
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    let number = match &request.phone_number_id {
        Some(asked) => PhoneNumberId::new(asked)
            .ok_or_else(|| FlowError::bad("phone_number_id", "1 to 64 bytes, as Meta shows it"))?,
        None => numbers::choose(&mut tx, tenant, None).await?,
    };
    let person = Who::read(&mut tx, tenant, number.clone(), contact)
        .await?
        .ok_or_else(|| FlowError::not_found("contact", who))?;
    let template = template(&mut tx, tenant, &number, request, person.language).await?;
    let language = Language::from_tag(&template.language).unwrap_or(person.language);
    let wording = tx
        .tenant(tenant)
        .wording(&request.wording, language)
        .await?
        .ok_or_else(|| {
            FlowError::bad(
                "wording",
                format!(
                    "there is no `{}` in {}; `PUT /v1/wordings`",
                    request.wording,
                    language.code()
                ),
            )
        })?;
    let topic = request
        .topic
        .clone()
        .unwrap_or_else(|| wording.name.clone());
    let content = says(&template, &wording, &topic).map_err(|why| {
        FlowError::bad(
            "template",
            format!(
                "{why}: `{}` ({}) must say what `{}@{}` says",
                template.name, template.language, wording.name, wording.version
            ),
        )
    })?;
    let proposal = Proposal {
        id: OutboxId::new(&*ctx.ids, now),
        key: format!("question:{idempotency_key}"),
        tenant,
        sender: number,
        contact,
        to: person.to.clone(),
        // Only the host may use the ids by which it knows a yes.
        origin: Origin::Host {
            what: "consent_question".to_owned(),
        },
        class: judge::class_of(&content, Purpose::ConsentRequest),
        purpose: Purpose::ConsentRequest,
        topic: Some(topic.clone()),
        own_key: None,
        answers: None,
        content,
        created_at: now,
        expires_at: judge::default_expiry(Purpose::Transactional, now),
    };
    let from = Provenance::default();
    let admitted = judge::admit(ctx, &mut tx, &person.tenant, &proposal, &from).await?;
    let goes = matches!(admitted.judgement.verdict, Verdict::Allow | Verdict::Defer);
    let mut decision = admitted.decision;
    if admitted.duplicate {
        // The refusal of a repeat is on record; its caller is answered with the first.
        let first = tx.tenant(tenant).outbox(admitted.outbox).await?;
        if let Some(first) = first {
            if first.proposal.content != proposal.content || first.contact != contact {
                return Err(FlowError::KeyReused {
                    key: idempotency_key.to_owned(),
                });
            }
            decision = first.admission_decision;
        }
    } else if goes {
        let mut asked = host_words::requested(ctx, &person.tenant, &wording, &topic);
        asked.proof.question = Some(admitted.outbox);
        asked.proof.actor = Some(ConsentActor::Operator {
            name: principal.token.to_string(),
        });
        tx.tenant(tenant).append_consent(contact, &asked).await?;
    }
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    let verdict = verdicts::get(ctx, tenant, decision).await?;
    let message = messages::get(ctx, tenant, admitted.outbox).await?;
    Ok(ProposedView { message, verdict })
}

/// The template in the language named, or in the person's.
async fn template(
    tx: &mut Tx,
    tenant: TenantId,
    number: &PhoneNumberId,
    request: &QuestionRequest,
    speaks: Language,
) -> Result<Template, FlowError> {
    let mut of = tx.tenant(tenant);
    let waba = of
        .number(number)
        .await?
        .ok_or_else(|| FlowError::not_found("number", number.as_str()))?
        .waba;
    let mut named: Vec<Template> = of
        .templates()
        .await?
        .into_iter()
        .filter(|(account, t, _)| *account == waba && t.name == request.template)
        .map(|(_, t, _)| t)
        .collect();
    let fits = |t: &Template| match &request.language {
        Some(code) => t.language == *code,
        None => Language::from_tag(&t.language) == Some(speaks),
    };
    match named.iter().position(fits) {
        Some(at) => Ok(named.swap_remove(at)),
        None => Err(FlowError::bad(
            "template",
            format!(
                "there is no `{}` in {}; `portero template sync`, or name another `language`",
                request.template,
                request.language.as_deref().unwrap_or(speaks.code())
            ),
        )),
    }
}

/// The send, when the template says what the wording says and nothing else.
fn says(template: &Template, wording: &Wording, topic: &str) -> Result<Content, String> {
    if plain(&template.body) != plain(&wording.body) {
        return Err("its text is another".to_owned());
    }
    let slots = &template.slots;
    let asks = slots.header_text.is_some() || slots.header_media.is_some();
    if asks || !slots.body.is_empty() || !slots.buttons.is_empty() {
        return Err("it has slots to fill".to_owned());
    }
    let Some(around) = &slots.around else {
        return Err("its buttons are not known yet, `portero template sync`".to_owned());
    };
    if around.header.is_some() {
        return Err("it has a header".to_owned());
    }
    let label = |at: u8| around.buttons.get(usize::from(at)).map(|(l, _)| l.trim());
    let place = |wanted: &str| {
        let mut replies = slots.quick_replies.iter().copied();
        replies
            .find(|at| label(*at) == Some(wanted.trim()))
            .ok_or_else(|| format!("it has no quick reply `{wanted}`"))
    };
    let (yes, no) = (place(&wording.yes_label)?, place(&wording.no_label)?);
    if slots.button_count != 2 {
        return Err(format!("it has {} buttons", slots.button_count));
    }
    let button = |index: u8, answer: &str| ButtonParam {
        index,
        kind: ButtonParamKind::QuickReply,
        value: Param {
            name: None,
            value: ParamValue::Text {
                text: format!("portero:{answer}:{topic}"),
            },
        },
    };
    let mut buttons = vec![button(yes, "yes"), button(no, "no")];
    buttons.sort_by_key(|b| b.index);
    Ok(Content::Template(TemplateSend {
        name: template.name.clone(),
        language: template.language.clone(),
        header: Vec::new(),
        body: Vec::new(),
        buttons,
    }))
}

/// Without what Meta's editor does to spaces and line ends.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use portero_domain::clock::Ts;
    use portero_domain::consent::{FrequencyPromise, Period};
    use portero_domain::template::{Around, TemplateCategory, TemplateSlots, TemplateStatus};

    use super::*;

    fn wording() -> Wording {
        Wording {
            name: "ofertas".to_owned(),
            version: 1,
            language: Language::Es,
            body: "¿Aceptas  ofertas?".to_owned(),
            yes_label: "Sí".to_owned(),
            no_label: "No".to_owned(),
            thanks: "Gracias".to_owned(),
            promise: FrequencyPromise {
                max: 1,
                per: Period::Week,
            },
        }
    }

    fn template() -> Template {
        Template {
            name: "permiso".to_owned(),
            language: "es".to_owned(),
            category: TemplateCategory::Utility,
            status: TemplateStatus::Approved,
            paused_until: None,
            slots: TemplateSlots {
                button_count: 2,
                quick_replies: vec![0, 1],
                around: Some(Around {
                    header: None,
                    footer: None,
                    buttons: vec![("No".to_owned(), None), ("Sí".to_owned(), None)],
                }),
                ..TemplateSlots::default()
            },
            body: "¿Aceptas ofertas?\n".to_owned(),
            synced_at: Ts(0),
        }
    }

    #[test]
    fn the_answers_stand_under_the_labels_of_the_wording() {
        let Content::Template(send) = says(&template(), &wording(), "ofertas").unwrap() else {
            panic!("a template");
        };
        let payloads: Vec<(u8, ParamValue)> = send
            .buttons
            .into_iter()
            .map(|b| (b.index, b.value.value))
            .collect();
        let text = |t: &str| ParamValue::Text { text: t.to_owned() };
        assert_eq!(
            payloads,
            [
                (0, text("portero:no:ofertas")),
                (1, text("portero:yes:ofertas"))
            ]
        );
    }

    #[test]
    fn what_says_something_else_is_no_proof() {
        type Break = fn(&mut Template);
        let breaks: &[(&str, Break)] = &[
            ("its text is another", |t| t.body.push_str(" Gratis.")),
            ("it has slots to fill", |t| {
                t.slots.body = vec!["1".to_owned()]
            }),
            ("it has slots to fill", |t| {
                t.slots.header_media = Some("image".to_owned());
            }),
            ("its buttons are not known yet", |t| t.slots.around = None),
            ("it has a header", |t| {
                t.slots.around.as_mut().unwrap().header = Some("Regalo".to_owned());
            }),
            ("it has no quick reply `Sí`", |t| {
                t.slots.around.as_mut().unwrap().buttons[1].0 = "Sí, todo".to_owned();
            }),
            // A button of that name that leads somewhere answers nothing.
            ("it has no quick reply `No`", |t| {
                t.slots.quick_replies = vec![1]
            }),
            ("it has 3 buttons", |t| t.slots.button_count = 3),
        ];
        for (why, one) in breaks {
            let mut t = template();
            one(&mut t);
            let said = says(&t, &wording(), "ofertas").unwrap_err();
            assert!(said.starts_with(why), "{said}");
        }
    }
}
