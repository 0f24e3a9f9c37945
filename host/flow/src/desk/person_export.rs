//! Everything the host holds of one person, as one document to hand to them.

use std::collections::{BTreeMap, BTreeSet};

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, OutboxId, TenantId};
use portero_domain::language::Language;
use portero_store::TenantTx;
use portero_store::model::{DecisionFilter, OutboxFilter};
use serde::Serialize;
use serde_json::{Value, json};

use crate::consent::wording_shown;
use crate::context::Context;
use crate::desk::consents::{self, ConsentsView};
use crate::desk::contacts::{self, ContactView};
use crate::desk::erasure::handles;
use crate::desk::messages::{MessageView, living_contact};
use crate::desk::verdicts::VerdictView;
use crate::error::FlowError;

/// Rows read at once.
const PAGE: usize = 200;
/// Purchases and hand-overs of one person that are looked for.
const MANY: usize = 100_000;

/// Everything about one person.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonExport {
    /// What this document is, in the person's language.
    pub statement: String,
    /// The language of its sentences: the person's, else the shop's.
    pub language: String,
    /// When it was made, RFC 3339.
    pub generated_at: String,
    /// Who holds the data.
    pub shop: String,
    /// Who they are to the shop: names, addresses, attributes, tags, conversations.
    pub contact: ContactView,
    /// What they agreed to and refused, with its proof, and which campaigns wrote to them, and why.
    pub consents: ConsentsView,
    /// The words that were shown to them when they were asked.
    #[schema(value_type = Vec<Object>)]
    pub wordings: Vec<Value>,
    /// Messages to them, oldest first, each with what was decided about it.
    pub messages_to_person: Vec<MessageTold>,
    /// What came in about them, oldest first: their messages (`message`), orders and carts (`business`),
    /// and what else Meta or the shop told.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Value>,
    /// Segments they are in, and why.
    #[schema(value_type = Vec<Object>)]
    pub segments: Vec<Value>,
    /// Purchases.
    #[schema(value_type = Vec<Object>)]
    pub purchases: Vec<Value>,
    /// Orders and appointments that are or were open.
    #[schema(value_type = Vec<Object>)]
    pub orders: Vec<Value>,
    /// The newest cart.
    #[schema(value_type = Option<Object>)]
    pub cart: Option<Value>,
    /// What plugins set to do about them later.
    #[schema(value_type = Vec<Object>)]
    pub timers: Vec<Value>,
    /// What plugins remember of them.
    #[schema(value_type = Vec<Object>)]
    pub plugin_memory: Vec<Value>,
    /// When people of the shop took over, and what they noted.
    #[schema(value_type = Vec<Object>)]
    pub handovers: Vec<Value>,
    /// How far the shop's block list reaches for them.
    #[schema(value_type = Option<String>)]
    pub block_list: Option<portero_gate::facts::DoNotContact>,
}

/// A message with what was decided about it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MessageTold {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// Every verdict on it, in the person's language, oldest first.
    pub verdicts: Vec<VerdictTold>,
}

/// A verdict in one language.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VerdictTold {
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The reason.
    pub sentence: String,
    /// When, RFC 3339.
    pub decided_at: String,
}

fn statement(language: Language, shop: &str) -> String {
    match language {
        Language::Es => format!(
            "Todo lo que {shop} guarda sobre usted en este servidor de mensajes, con el motivo de cada envío."
        ),
        Language::Pt => format!(
            "Tudo o que {shop} guarda sobre você neste servidor de mensagens, com o motivo de cada envio."
        ),
        Language::En => format!(
            "Everything {shop} keeps about you on this messaging server, with the reason of each message."
        ),
    }
}

/// Puts the document together.
///
/// # Errors
/// [`FlowError::NotFound`] (also for another tenant's), [`FlowError::Erased`], or the database.
pub async fn get(ctx: &Context, tenant: TenantId, who: &str) -> Result<PersonExport, FlowError> {
    let mut tx = ctx.store.read().await?;
    let contact = living_contact(&mut tx, tenant, who).await?;
    let shop = tx.tenant(tenant).row().await?;
    drop(tx);
    let id = contact.to_string();
    let person = contacts::get(ctx, tenant, &id).await?;
    let consents = consents::get(ctx, tenant, &id).await?;
    let language = person
        .language
        .as_deref()
        .and_then(Language::from_tag)
        .unwrap_or(shop.language);
    let mut tx = ctx.store.read().await?;
    let wordings = wordings(&mut tx, tenant, &consents, language).await?;
    let handles = handles(&mut tx, tenant, contact).await?;
    let mut of = tx.tenant(tenant);
    let plugins = plugins(&mut of).await?;
    Ok(PersonExport {
        statement: statement(language, &shop.name),
        language: language.code().to_owned(),
        generated_at: ctx.now().rfc3339(),
        messages_to_person: messages(&mut of, contact, language).await?,
        events: events(&mut of, contact).await?,
        segments: segments(&mut of, contact, &plugins).await?,
        purchases: purchases(&mut of, contact).await?,
        orders: orders(&mut of, contact).await?,
        cart: cart(&mut of, contact).await?,
        timers: timers(&mut of, contact, &plugins).await?,
        plugin_memory: memory(&mut of, &handles, &consents, &plugins).await?,
        handovers: handovers(&mut of, contact).await?,
        block_list: of.do_not_contact(contact).await?,
        shop: shop.name,
        contact: person,
        consents,
        wordings,
    })
}

/// Names of installed plugins.
type Plugins = BTreeMap<InstallationId, String>;

async fn plugins(of: &mut TenantTx<'_>) -> Result<Plugins, FlowError> {
    let installed = of.installations().await?;
    Ok(installed
        .into_iter()
        .map(|row| (row.id, row.plugin_id.to_string()))
        .collect())
}

async fn wordings(
    tx: &mut portero_store::Tx,
    tenant: TenantId,
    consents: &ConsentsView,
    language: Language,
) -> Result<Vec<Value>, FlowError> {
    let shown: BTreeSet<(&str, &'static str)> = consents
        .events
        .iter()
        .filter_map(|e| Some((e.wording.as_deref()?, e.language.unwrap_or(language).code())))
        .collect();
    let mut out = Vec::with_capacity(shown.len());
    for (wording, language) in shown {
        let Some(language) = Language::from_tag(language) else {
            continue;
        };
        if let Some(shown) = wording_shown(tx, tenant, wording, language).await? {
            out.push(json!({
                "wording": wording, "language": shown.language.code(), "body": shown.body,
                "yes_label": shown.yes_label, "no_label": shown.no_label, "thanks": shown.thanks,
            }));
        }
    }
    Ok(out)
}

async fn messages(
    of: &mut TenantTx<'_>,
    contact: ContactId,
    language: Language,
) -> Result<Vec<MessageTold>, FlowError> {
    let mut verdicts = verdicts(of, contact, language).await?;
    let mut filter = OutboxFilter {
        contact: Some(contact),
        limit: PAGE,
        ..OutboxFilter::default()
    };
    let mut out = Vec::new();
    loop {
        let rows = of.outbox_list(&filter).await?;
        filter.after = rows.last().map(|row| row.id);
        let last = rows.len() < PAGE;
        out.extend(rows.into_iter().map(|row| MessageTold {
            verdicts: verdicts.remove(&row.id).unwrap_or_default(),
            message: MessageView::of(row),
        }));
        if last {
            break;
        }
    }
    out.reverse();
    Ok(out)
}

async fn verdicts(
    of: &mut TenantTx<'_>,
    contact: ContactId,
    language: Language,
) -> Result<BTreeMap<OutboxId, Vec<VerdictTold>>, FlowError> {
    let mut filter = DecisionFilter {
        contact: Some(contact),
        limit: PAGE,
        ..DecisionFilter::default()
    };
    let mut out: BTreeMap<OutboxId, Vec<VerdictTold>> = BTreeMap::new();
    loop {
        let rows = of.decisions(&filter).await?;
        filter.after = rows.last().map(|row| row.id);
        for row in &rows {
            let mut view = VerdictView::of(row)?;
            out.entry(row.outbox).or_default().insert(
                0,
                VerdictTold {
                    sentence: view.summary.remove(language.code()).unwrap_or_default(),
                    verdict: view.verdict,
                    rule: view.rule,
                    decided_at: view.decided_at,
                },
            );
        }
        if rows.len() < PAGE {
            return Ok(out);
        }
    }
}

async fn events(of: &mut TenantTx<'_>, contact: ContactId) -> Result<Vec<Value>, FlowError> {
    let mut out = Vec::new();
    let mut after = None;
    loop {
        let rows = of.events_of_person(contact, after, PAGE).await?;
        after = rows.last().map(|row| row.id);
        let last = rows.len() < PAGE;
        out.extend(rows.into_iter().map(|row| {
            let payload = serde_json::from_str(&row.payload).unwrap_or(Value::String(row.payload));
            json!({
                "id": row.id, "kind": row.kind, "source": row.source, "state": row.state.as_str(),
                "received_at": row.received_at.rfc3339(), "payload": payload,
            })
        }));
        if last {
            return Ok(out);
        }
    }
}

fn name(plugins: &Plugins, id: InstallationId) -> String {
    plugins.get(&id).cloned().unwrap_or_else(|| id.to_string())
}

async fn segments(
    of: &mut TenantTx<'_>,
    contact: ContactId,
    plugins: &Plugins,
) -> Result<Vec<Value>, FlowError> {
    let rows = of.memberships(contact).await?;
    let told = rows.into_iter().map(|m| {
        json!({
            "plugin": name(plugins, m.installation), "segment": m.segment, "reason": m.reason,
            "since": m.since_at.rfc3339(),
        })
    });
    Ok(told.collect())
}

async fn purchases(of: &mut TenantTx<'_>, contact: ContactId) -> Result<Vec<Value>, FlowError> {
    let rows = of.purchases(contact, MANY).await?;
    let told = rows.into_iter().map(|p| {
        json!({
            "reference": p.reference, "at": p.at.rfc3339(), "amount_milli": p.amount_milli,
            "currency": p.currency,
        })
    });
    Ok(told.collect())
}

async fn orders(of: &mut TenantTx<'_>, contact: ContactId) -> Result<Vec<Value>, FlowError> {
    let rows = of.transactions(contact).await?;
    let told = rows.into_iter().map(|t| {
        json!({
            "reference": t.reference, "state": t.state, "data": data(&t.data),
            "opened_at": t.opened_at.rfc3339(), "closed_at": t.closed_at.map(Ts::rfc3339),
        })
    });
    Ok(told.collect())
}

async fn cart(of: &mut TenantTx<'_>, contact: ContactId) -> Result<Option<Value>, FlowError> {
    let cart = of.cart(contact).await?;
    Ok(cart.map(|c| {
        json!({
            "reference": c.reference, "state": c.state.as_str(), "data": data(&c.data),
            "amount_milli": c.amount_milli, "currency": c.currency, "updated_at": c.updated_at.rfc3339(),
        })
    }))
}

async fn timers(
    of: &mut TenantTx<'_>,
    contact: ContactId,
    plugins: &Plugins,
) -> Result<Vec<Value>, FlowError> {
    let rows = of.timers_of_person(contact).await?;
    let told = rows.into_iter().map(|t| {
        json!({
            "plugin": name(plugins, t.installation), "name": t.name, "payload": t.payload,
            "due_at": t.due_at.rfc3339(),
        })
    });
    Ok(told.collect())
}

async fn memory(
    of: &mut TenantTx<'_>,
    handles: &[(InstallationId, String)],
    consents: &ConsentsView,
    plugins: &Plugins,
) -> Result<Vec<Value>, FlowError> {
    let addresses: Vec<String> = consents
        .addresses
        .iter()
        .filter_map(|a| AddressKey::parse(&a.address).ok())
        .flat_map(|a| a.spellings())
        .collect();
    let mut out = Vec::new();
    for (installation, handle) in handles {
        for (key, value) in of.memory_about(*installation, handle, &addresses).await? {
            let value = match String::from_utf8(value) {
                Ok(text) => json!({ "text": text }),
                Err(bytes) => json!({ "hex": hex::encode(bytes.as_bytes()) }),
            };
            let plugin = name(plugins, *installation);
            out.push(json!({ "plugin": plugin, "key": key, "value": value }));
        }
    }
    Ok(out)
}

async fn handovers(of: &mut TenantTx<'_>, contact: ContactId) -> Result<Vec<Value>, FlowError> {
    let rows = of.handover_events(contact, MANY).await?;
    let told = rows.into_iter().map(|h| {
        json!({
            "what": h.what, "note": h.note, "author": h.author, "at": h.at.rfc3339(),
            "phone_number_id": h.number.as_str(),
        })
    });
    Ok(told.collect())
}

/// JSON of the shop's own; what does not read back is shown as it is.
fn data(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
