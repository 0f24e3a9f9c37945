//! Somebody answers the code of the sandbox: from then on the tenant may write to them.

use portero_domain::language::Language;
use portero_domain::update::{InboundBody, InboundMessage};
use portero_gate::facts::TenantMode;
use portero_store::model::ClaimedEvent;

use crate::consult::Who;
use crate::context::Context;
use crate::error::FlowError;
use crate::{host_words, interpret};

/// Digits of a code.
pub(crate) const CODE_DIGITS: u32 = 6;

/// The text, when it could be a code.
fn code(inbound: &InboundMessage) -> Option<&str> {
    let InboundBody::Text { text } = &inbound.body else {
        return None;
    };
    let text = text.trim();
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    (digits && u32::try_from(text.len()) == Ok(CODE_DIGITS)).then_some(text)
}

/// Takes the answer to a code; `false` when it is none, and the message is like any other.
pub(crate) async fn answered(
    ctx: &Context,
    event: &ClaimedEvent,
    inbound: &InboundMessage,
) -> Result<bool, FlowError> {
    let Some(code) = code(inbound) else {
        return Ok(false);
    };
    let Some(who) = Who::of(ctx, event).await? else {
        return Ok(false);
    };
    if who.tenant.mode != TenantMode::Sandbox {
        return Ok(false);
    }
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    if !tx
        .tenant(who.tenant.id)
        .confirm_sandbox_person(who.contact, code, now)
        .await?
    {
        return Ok(false);
    }
    let words = match who.language {
        Language::Es => "Listo: desde ahora recibes los mensajes de prueba de",
        Language::Pt => "Pronto: a partir de agora você recebe as mensagens de teste de",
        Language::En => "Done: from now on you get the test messages of",
    };
    let reply = host_words::text("sandbox_confirmed", format!("{words} {}.", who.tenant.name));
    let sending = host_words::say(ctx, &mut tx, &who, event, inbound, reply).await?;
    let how = "the code of the sandbox";
    interpret::finish_and_send(ctx, tx, event, &who.tenant, how, now, sending).await?;
    Ok(true)
}
