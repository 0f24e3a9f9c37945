//! Erasing one person: what would go, what the law keeps, and doing it.

use std::collections::BTreeMap;

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, OutboxId, TenantId};
use portero_store::Tx;
use portero_store::model::{Counts, Erased, ErasureOrder, ErasureRow};
use serde::{Deserialize, Serialize};

use crate::consult::handle;
use crate::context::Context;
use crate::desk::deadlines::{self, Deadline};
use crate::desk::messages::find_contact;
use crate::error::FlowError;

/// Tries of a transaction that others got in the way of.
const TRIES: u32 = 5;

/// Why somebody is erased: words of the host's, so that nothing of the person gets into what stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    /// The person asked for it.
    Request,
    /// An authority or a court ordered it.
    Authority,
    /// The purpose is gone: nothing is kept without one.
    NotNeeded,
    /// It should never have been collected.
    Unlawful,
}

impl ErasureReason {
    const fn as_str(self) -> &'static str {
        match self {
            ErasureReason::Request => "request",
            ErasureReason::Authority => "authority",
            ErasureReason::NotNeeded => "not_needed",
            ErasureReason::Unlawful => "unlawful",
        }
    }
}

/// The order to erase somebody.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureRequest {
    /// Why.
    pub reason: ErasureReason,
}

/// An erasure: before it, what it would do; after it, what it did.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ErasureView {
    /// Who. The id stays.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// Whether it is done.
    pub erased: bool,
    /// When, RFC 3339.
    pub erased_at: Option<String>,
    /// When the person wrote again, RFC 3339. They are another contact since.
    pub returned_at: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Token or user who did it.
    pub author: Option<String>,
    /// Rows by kind that go, or are emptied of what they say.
    #[schema(value_type = Object)]
    pub removed: BTreeMap<String, u64>,
    /// What is taken back: `messages` that wait, `timers` of plugins, `campaign_turns`.
    #[schema(value_type = Object)]
    pub stopped: BTreeMap<String, u64>,
    /// What stays, and on what ground.
    pub kept: Vec<KeptView>,
    /// Messages that are with Meta: while one is `attempting`, nothing is erased. One that is `unknown`
    /// is emptied and may still turn out to have been sent.
    pub in_flight: Vec<InFlightView>,
    /// How long the shop has to answer, by the law of the person's country.
    pub deadlines: Vec<Deadline>,
}

/// Something that stays.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeptView {
    /// What.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// Why, per language: `es`, `pt`, `en`.
    #[schema(value_type = Object)]
    pub ground: BTreeMap<String, String>,
}

/// A message that is with Meta.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct InFlightView {
    /// Which.
    #[schema(value_type = String)]
    pub message: OutboxId,
    /// `attempting` or `unknown`.
    pub state: String,
}

/// What stays, and why.
const KEPT: &[(&str, [&str; 3])] = &[
    (
        "tombstones",
        [
            "Una huella con clave de cada dirección, para no volver a escribirle ni a importarle: obligación legal y defensa.",
            "Uma marca com chave de cada endereço, para não voltar a lhe escrever nem importar: obrigação legal e defesa.",
            "A keyed hash of each address, so that they are neither written to nor imported again: legal obligation and defence.",
        ],
    ),
    (
        "consent_events",
        [
            "Qué consintió o rechazó y cuándo, sin textos: prueba ante una autoridad.",
            "O que consentiu ou recusou e quando, sem textos: prova perante uma autoridade.",
            "What they agreed to or refused and when, without texts: proof before an authority.",
        ],
    ),
    (
        "verdicts",
        [
            "Por qué se envió o no cada mensaje, sin dirección ni texto: rendición de cuentas.",
            "Por que cada mensagem foi enviada ou não, sem endereço nem texto: prestação de contas.",
            "Why each message was sent or not, without address or text: accountability.",
        ],
    ),
    (
        "consent_texts_of_older_builds",
        [
            "Consentimientos guardados por una versión anterior: sus textos no pueden salir sin romper la cadena que prueba todo lo demás.",
            "Consentimentos guardados por uma versão anterior: seus textos não podem sair sem quebrar a cadeia que prova todo o resto.",
            "Consents kept by an older version: their texts cannot go without breaking the chain that proves everything else.",
        ],
    ),
    (
        "verdicts_of_older_builds",
        [
            "De esos, los que una versión anterior guardó con identificadores de Meta, prueba de consentimiento o referencias de pedidos: la cadena no deja cambiarlos.",
            "Desses, os que uma versão anterior guardou com identificadores da Meta, prova de consentimento ou referências de pedidos: a cadeia não deixa mudá-los.",
            "Of these, what an older version kept with ids of Meta's, evidence of consent or references of orders: the chain does not let them be changed.",
        ],
    ),
    (
        "messages_without_text",
        [
            "Que hubo un mensaje, su estado y su costo, sin destinatario ni contenido: cuentas de la tienda.",
            "Que houve uma mensagem, seu estado e seu custo, sem destinatário nem conteúdo: contas da loja.",
            "That there was a message, its state and cost, without recipient or content: the shop's accounts.",
        ],
    ),
];

fn counts(counts: &Counts) -> BTreeMap<String, u64> {
    counts.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect()
}

fn kept(counts: &BTreeMap<String, u64>) -> Vec<KeptView> {
    KEPT.iter()
        .filter_map(|(kind, words)| {
            Some(KeptView {
                kind: (*kind).to_owned(),
                count: *counts.get(*kind)?,
                ground: ["es", "pt", "en"]
                    .into_iter()
                    .zip(words)
                    .map(|(language, words)| (language.to_owned(), (*words).to_owned()))
                    .collect(),
            })
        })
        .collect()
}

/// What erasing somebody would do, or what it did. Changes nothing.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), or the database.
pub async fn preview(ctx: &Context, tenant: TenantId, who: &str) -> Result<ErasureView, FlowError> {
    let mut tries = 0;
    loop {
        match look(ctx, tenant, who).await {
            Err(e) if e.is_transient() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn look(ctx: &Context, tenant: TenantId, who: &str) -> Result<ErasureView, FlowError> {
    // It is done, counted, and never committed: what is told is what would happen.
    let mut tx = ctx.store.write().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    if let Some(view) = done(&mut tx, tenant, contact).await? {
        return Ok(view);
    }
    let flying = in_flight(&mut tx, tenant, contact).await?;
    let country = country(&mut tx, tenant, contact).await?;
    let erased = carry_out(ctx, &mut tx, tenant, contact, ErasureReason::Request, "").await?;
    drop(tx);
    Ok(ErasureView {
        contact,
        erased: false,
        erased_at: None,
        returned_at: None,
        reason: None,
        author: None,
        removed: counts(&erased.removed),
        stopped: counts(&erased.stopped),
        kept: kept(&counts(&erased.kept)),
        in_flight: flying,
        deadlines: deadlines::of(country.as_deref()),
    })
}

/// Erases somebody, in one transaction. Who is erased already stays so, and is answered with what was
/// done then.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), [`FlowError::WrongState`] while a message to
/// them is being handed to Meta, or the database.
pub async fn erase(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    request: ErasureRequest,
    author: &str,
) -> Result<ErasureView, FlowError> {
    let mut tries = 0;
    loop {
        match once(ctx, tenant, who, request.reason, author).await {
            Err(e) if e.is_transient() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn once(
    ctx: &Context,
    tenant: TenantId,
    who: &str,
    reason: ErasureReason,
    author: &str,
) -> Result<ErasureView, FlowError> {
    let mut tx = ctx.store.write().await?;
    let contact = find_contact(&mut tx, tenant, who).await?;
    if let Some(view) = done(&mut tx, tenant, contact).await? {
        return Ok(view);
    }
    let flying = in_flight(&mut tx, tenant, contact).await?;
    carry_out(ctx, &mut tx, tenant, contact, reason, author).await?;
    // Asked again under the lock: what began meanwhile is seen, what has not begun never will.
    let now = in_flight(&mut tx, tenant, contact).await?;
    if let Some(one) = flying.iter().chain(&now).find(|f| f.state == "attempting") {
        return Err(FlowError::WrongState {
            what: one.message.to_string(),
            state: "attempting".to_owned(),
            why: "it is being handed to Meta at this moment; nothing was erased, ask again in some seconds"
                .to_owned(),
        });
    }
    let view = done(&mut tx, tenant, contact).await?;
    tx.commit().await?;
    ctx.wake_outbox.notify_one();
    ctx.touched();
    tracing::info!(contact.id = %contact, "a person was erased");
    let mut view = view.ok_or_else(|| FlowError::not_found("erasure", contact))?;
    view.in_flight = now;
    Ok(view)
}

async fn carry_out(
    ctx: &Context,
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
    reason: ErasureReason,
    author: &str,
) -> Result<Erased, FlowError> {
    let handles = handles(tx, tenant, contact).await?;
    let order = ErasureOrder {
        contact,
        reason: reason.as_str(),
        author,
        handles: &handles,
    };
    Ok(tx.tenant(tenant).erase(&order, ctx.now()).await?)
}

/// What each installed plugin knows a person by.
pub(super) async fn handles(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
) -> Result<Vec<(InstallationId, String)>, FlowError> {
    let installed = tx.tenant(tenant).installations().await?;
    Ok(installed
        .iter()
        .map(|row| (row.id, handle(&row.handle_key, contact)))
        .collect())
}

async fn country(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
) -> Result<Option<String>, FlowError> {
    let row = tx.tenant(tenant).contact(contact).await?;
    Ok(row.and_then(|row| row.country))
}

async fn in_flight(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
) -> Result<Vec<InFlightView>, FlowError> {
    let rows = tx.tenant(tenant).in_flight_to(contact).await?;
    Ok(rows
        .into_iter()
        .map(|(message, state)| InFlightView { message, state })
        .collect())
}

/// The erasure that was done, if one was.
async fn done(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
) -> Result<Option<ErasureView>, FlowError> {
    let Some(row) = tx.tenant(tenant).erasure(contact).await? else {
        return Ok(None);
    };
    let country = country(tx, tenant, contact).await?;
    view(row, country.as_deref()).map(Some)
}

#[derive(Deserialize)]
struct Kept {
    removed: BTreeMap<String, u64>,
    stopped: BTreeMap<String, u64>,
    kept: BTreeMap<String, u64>,
}

fn view(row: ErasureRow, country: Option<&str>) -> Result<ErasureView, FlowError> {
    let counted: Kept = serde_json::from_str(&row.done).map_err(|source| FlowError::Stored {
        what: "erasure",
        source,
    })?;
    Ok(ErasureView {
        contact: row.contact,
        erased: true,
        erased_at: Some(row.erased_at.rfc3339()),
        returned_at: row.returned_at.map(Ts::rfc3339),
        reason: Some(row.reason),
        author: Some(row.author),
        removed: counted.removed,
        stopped: counted.stopped,
        kept: kept(&counted.kept),
        in_flight: Vec::new(),
        deadlines: deadlines::of(country),
    })
}
