//! What the host itself says to a person: receipts, thanks, the consent question. Same gate as all.

use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::content::{Button, Content, Interactive, InteractiveAction, Text};
use portero_domain::ids::{ConsentEventId, OutboxId};
use portero_domain::language::Language;
use portero_domain::proof::{ConsentActor, ConsentChannel, ConsentProof, Initiator};
use portero_domain::proposal::{Answers, Origin, Proposal, Purpose};
use portero_domain::update::InboundMessage;
use portero_gate::Verdict;
use portero_store::Tx;
use portero_store::model::{ClaimedEvent, TenantRow, Wording};

use crate::consult::Who;
use crate::context::Context;
use crate::dispatch::{self, InFlight};
use crate::error::FlowError;
use crate::judge::{self, Provenance};

/// Something the host wants to say.
pub(crate) struct Say {
    what: &'static str,
    purpose: Purpose,
    topic: Option<String>,
    content: Content,
    /// For the ledger, once the question is admitted.
    asked: Option<ConsentEvent>,
}

/// A plain text of the host.
pub(crate) fn text(what: &'static str, body: String) -> Say {
    Say {
        what,
        purpose: Purpose::System,
        topic: None,
        content: Content::Text(Text {
            body,
            preview_url: false,
        }),
        asked: None,
    }
}

/// The question when words may or may not be an opt-out.
pub(crate) fn doubt(body: String, [all, promotional, keep]: [&str; 3]) -> Say {
    let button = |id: &str, title: &str| Button {
        id: id.to_owned(),
        title: title.to_owned(),
    };
    Say {
        what: "opt_out_question",
        purpose: Purpose::System,
        topic: None,
        content: buttons(
            body,
            vec![
                button("portero:stop:all", all),
                button("portero:stop:promotional", promotional),
                button("portero:keep", keep),
            ],
        ),
        asked: None,
    }
}

/// The consent question in the host's own wording. Its *requested* event goes into the ledger when the
/// question is admitted, not when somebody would have liked to put it.
///
/// Returns nothing when the tenant has no such wording in that language.
pub(crate) async fn question(
    ctx: &Context,
    tx: &mut Tx,
    tenant: &TenantRow,
    wording: &str,
    topic: Option<&str>,
    language: Language,
) -> Result<Option<Say>, FlowError> {
    let Some(w) = tx.tenant(tenant.id).wording(wording, language).await? else {
        return Ok(None);
    };
    let topic = topic.unwrap_or(wording).to_owned();
    let event = requested(ctx, tenant, &w, &topic);
    let content = buttons(
        w.body,
        vec![
            Button {
                id: format!("portero:yes:{topic}"),
                title: w.yes_label,
            },
            Button {
                id: format!("portero:no:{topic}"),
                title: w.no_label,
            },
        ],
    );
    Ok(Some(Say {
        what: "consent_question",
        purpose: Purpose::ConsentRequest,
        topic: Some(topic),
        content,
        asked: Some(event),
    }))
}

/// That a wording's question was put, now.
pub(crate) fn requested(
    ctx: &Context,
    tenant: &TenantRow,
    w: &Wording,
    topic: &str,
) -> ConsentEvent {
    let now = ctx.now();
    ConsentEvent {
        id: ConsentEventId::new(&*ctx.ids, now),
        kind: ConsentEventKind::Requested,
        scope: ConsentScope::Topic(topic.to_owned()),
        promise: Some(w.promise),
        wording: Some(format!("{}@{}", w.name, w.version)),
        language: Some(w.language),
        source: ConsentSource::WaButton,
        evidence: format!("wording {}@{} {}", w.name, w.version, w.language.code()),
        captured_at: now,
        received_at: now,
        expires_at: None,
        proof: ConsentProof {
            brand: Some(tenant.name.clone()),
            channel: Some(ConsentChannel::Whatsapp),
            wording_sha256: Some(w.sha256()),
            actor: Some(ConsentActor::System),
            initiated_by: Some(Initiator::Business),
            ..ConsentProof::default()
        },
    }
}

impl Say {
    /// Content, purpose, topic and the event of a question, for a proposal somebody else signs (a
    /// plugin that asks).
    pub(crate) fn into_parts(self) -> (Content, Purpose, Option<String>, Option<ConsentEvent>) {
        (self.content, self.purpose, self.topic, self.asked)
    }
}

/// Proposes it as an answer to `inbound`; when allowed and the person is free, it is cleared at once.
pub(crate) async fn say(
    ctx: &Context,
    tx: &mut Tx,
    who: &Who,
    event: &ClaimedEvent,
    inbound: &InboundMessage,
    say: Say,
) -> Result<Option<InFlight>, FlowError> {
    let now = ctx.now();
    let proposal = Proposal {
        id: OutboxId::new(&*ctx.ids, now),
        key: format!("host:{}:{}", say.what, event.id),
        tenant: who.tenant.id,
        sender: who.number.clone(),
        contact: who.contact,
        to: who.to.clone(),
        origin: Origin::Host {
            what: say.what.to_owned(),
        },
        purpose: say.purpose,
        topic: say.topic,
        own_key: None,
        class: judge::class_of(&say.content, say.purpose),
        answers: Some(Answers {
            event: Some(event.id),
            wamid: Some(inbound.wamid.as_str().to_owned()),
            at: inbound.at,
        }),
        content: say.content,
        created_at: now,
        expires_at: judge::default_expiry(say.purpose, now),
    };
    let from = Provenance {
        event: Some(event.id),
        plugin: None,
        about: None,
    };
    let admitted = judge::admit(ctx, tx, &who.tenant, &proposal, &from).await?;
    if admitted.judgement.verdict != Verdict::Allow || admitted.duplicate {
        return Ok(None);
    }
    if let Some(mut asked) = say.asked {
        asked.proof.question = Some(admitted.outbox);
        tx.tenant(who.tenant.id)
            .append_consent(who.contact, &asked)
            .await?;
    }
    dispatch::begin_now(ctx, tx, &who.tenant, admitted.outbox).await
}

fn buttons(body: String, buttons: Vec<Button>) -> Content {
    Content::Interactive(Interactive {
        header: None,
        body,
        footer: None,
        action: InteractiveAction::Buttons { buttons },
    })
}

/// After a yes, when the wording has no thanks of its own.
pub(crate) fn granted(language: Language) -> String {
    match language {
        Language::Es => "¡Gracias! Quedó anotado. Escribe BAJA cuando quieras parar.",
        Language::Pt => "Obrigado! Ficou anotado. Escreva SAIR quando quiser parar.",
        Language::En => "Thank you, noted. Write STOP whenever you want to stop.",
    }
    .to_owned()
}

/// After a no.
pub(crate) fn declined(language: Language) -> String {
    match language {
        Language::Es => "De acuerdo, no te enviaremos promociones.",
        Language::Pt => "Tudo bem, não enviaremos promoções.",
        Language::En => "All right, no promotions.",
    }
    .to_owned()
}
