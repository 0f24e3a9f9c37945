//! The ledger of consent: appended, never changed; its standing is computed elsewhere.

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentScope};
use portero_domain::ids::{ContactId, TenantId};
use portero_domain::notice::NoticeKind;
use serde_json::json;

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::seal;
use crate::tx::TenantTx;

statements! {
    CONSENT_APPEND = "insert into consent_events (consent_event_id, tenant_id, contact_id, kind, scope,
            event, content_hash, captured_at, received_at, salt)
        select cast($3 as text), tenant_id, contact_id, cast($4 as text), cast($5 as text), cast($6 as text),
            cast($7 as text), cast($8 as bigint), cast($9 as bigint), cast($10 as text)
        from contacts where tenant_id = $1 and contact_id = $2
        on conflict (consent_event_id) do nothing";
    CONSENT_EVENTS = "select event from consent_events where tenant_id = $1 and contact_id = $2
        order by captured_at, received_at, consent_event_id";
    SENT_BY_PURPOSE = "select purpose, count(*) from outbox
        where tenant_id = $1 and contact_id = $2 and state = 'sent' and created_at > $3
          and (status is null or status <> 'failed') group by purpose order by purpose";
    /// What changes a person's consent and what reads it to send must not pass each other: on
    /// Postgres both lock the person's row (SQLite has one writer).
    CONTACT_LOCK = "select contact_id from contacts where tenant_id = $1 and contact_id = $2",
        postgres = "select contact_id from contacts where tenant_id = $1 and contact_id = $2 for no key update";
}

/// Hash of a consent event with whose it is: what the chain seals.
///
/// Texts enter as commitments under the salt of the event ([`without_texts`]). An erased event holds
/// the commitments themselves and has no salt any more: it gives the same hash.
pub(crate) fn content_hash(
    tenant: TenantId,
    contact: ContactId,
    event: &ConsentEvent,
    salt: Option<&str>,
) -> Result<String> {
    let committed = salt.map(|salt| without_texts(event, salt)).transpose()?;
    let event = committed.as_ref().unwrap_or(event);
    let whole = json!({ "tenant": tenant, "contact": contact, "event": event });
    Ok(json::sha256_hex(
        json::canonical("consent event", &whole)?.as_bytes(),
    ))
}

/// An event with a commitment in place of every text that may say something of the person, and of the
/// words shown to them. Kinds, scopes, times, ids of ours and hashes stay.
pub(crate) fn without_texts(event: &ConsentEvent, salt: &str) -> Result<ConsentEvent> {
    let mut event = event.clone();
    commit(salt, "evidence", &mut event.evidence)?;
    let proof = &mut event.proof;
    let mut optional = vec![
        ("wording_text", &mut proof.wording_text),
        ("guardian", &mut proof.guardian),
        ("hours_waiver", &mut proof.hours_waiver),
    ];
    if let Some(form) = &mut proof.form {
        commit(salt, "form.submission", &mut form.submission)?;
        optional.extend([
            ("form.url", &mut form.url),
            ("form.ip_hash", &mut form.ip_hash),
            ("form.user_agent", &mut form.user_agent),
        ]);
    }
    for (field, text) in optional {
        if let Some(text) = text {
            commit(salt, field, text)?;
        }
    }
    Ok(event)
}

fn commit(salt: &str, field: &str, text: &mut String) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let whole = format!("{field}\0{text}");
    *text = format!(
        "hmac:{}",
        seal::keyed_hash(salt.as_bytes(), whole.as_bytes())?
    );
    Ok(())
}

pub(crate) fn scope_text(scope: &ConsentScope) -> String {
    match scope {
        ConsentScope::All => "all".to_owned(),
        ConsentScope::Promotional => "promotional".to_owned(),
        ConsentScope::Topic(topic) => format!("topic:{topic}"),
    }
}

impl TenantTx<'_> {
    /// Messages that went to a person since an instant, by purpose.
    ///
    /// # Errors
    /// The database.
    pub async fn sent_by_purpose(
        &mut self,
        contact: ContactId,
        since: Ts,
    ) -> Result<Vec<(String, u64)>> {
        let rows: Vec<(String, i64)> = self
            .tx
            .rows(SENT_BY_PURPOSE, args![self.tenant, contact, since])
            .await?;
        Ok(rows
            .into_iter()
            .map(|(purpose, n)| (purpose, db::count(n)))
            .collect())
    }

    /// Appends an event; the same id twice is one event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person, or the database.
    pub async fn append_consent(&mut self, contact: ContactId, event: &ConsentEvent) -> Result<()> {
        self.lock_contact(contact).await?;
        let salt = self.new_salt();
        let args = args![
            self.tenant,
            contact,
            event.id,
            event.kind.as_str(),
            scope_text(&event.scope),
            json::canonical("consent event", event)?,
            content_hash(self.tenant, contact, event, Some(&salt))?,
            event.captured_at,
            event.received_at,
            salt
        ];
        let new = self.tx.run(CONSENT_APPEND, args).await? == 1;
        if new && event.kind.withdraws() {
            let what =
                json!({ "contact": contact, "scope": scope_text(&event.scope), "event": event.id });
            self.tell(NoticeKind::ConsentWithdrawn, &what, event.received_at)
                .await?;
        }
        self.mark_due(&[contact], event.received_at).await.map(drop)
    }

    /// Every event of a person, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn consent_events(&mut self, contact: ContactId) -> Result<Vec<ConsentEvent>> {
        let rows: Vec<(String,)> = self
            .tx
            .rows(CONSENT_EVENTS, args![self.tenant, contact])
            .await?;
        rows.iter()
            .map(|(event,)| json::read("consent event", event))
            .collect()
    }

    /// Salt of one event, hex: kept beside it until the person is erased.
    pub(crate) fn new_salt(&self) -> String {
        let mut salt = [0_u8; 16];
        self.tx.secrets.ids.random(&mut salt);
        hex::encode(salt)
    }

    /// Holds a person's row until the transaction ends.
    pub(crate) async fn lock_contact(&mut self, contact: ContactId) -> Result<()> {
        let found: Option<(String,)> = self
            .tx
            .row(CONTACT_LOCK, args![self.tenant, contact])
            .await?;
        found
            .map(drop)
            .ok_or(StoreError::NotFound { what: "contact" })
    }
}
