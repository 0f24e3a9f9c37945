//! Endpoints of a tenant's own systems, with their sealed signing secrets.

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{TenantId, WebhookId};
use portero_domain::notice::NoticeKind;
use secrecy::{ExposeSecret, SecretString};

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::seal::Place;
use crate::tx::{SystemTx, TenantTx};

/// Most endpoints of a tenant.
pub const WEBHOOKS_MAX: u32 = 20;

/// An endpoint to be kept.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Where to.
    pub url: String,
    /// What it is for.
    pub about: String,
    /// What it asks for; empty for everything.
    pub kinds: Vec<NoticeKind>,
    /// What its deliveries are signed with.
    pub secret: SecretString,
    /// Why nothing is sent there by itself: somebody fetches what waits. `None`: it is sent.
    pub fetched: Option<String>,
    /// It goes when nobody fetched for so long, and unless somebody does before this instant of the machine's clock.
    /// `None`: it stays.
    pub term: Option<(Millis, Ts)>,
}

/// An endpoint as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Where to.
    pub url: String,
    /// What it is for.
    pub about: String,
    /// What it asks for; empty for everything.
    pub kinds: Vec<NoticeKind>,
    /// Since when nothing arrives; `None` while it does.
    pub failing_since: Option<Ts>,
    /// Since when nothing is tried any more.
    pub disabled_at: Option<Ts>,
    /// Why.
    pub disabled_reason: Option<String>,
    /// When something arrived last.
    pub delivered_at: Option<Ts>,
    /// When it was made.
    pub created_at: Ts,
    /// As in [`NewWebhook::term`].
    pub term: Option<(Millis, Ts)>,
    /// Deliveries that have not arrived and are not given up.
    pub waiting: u64,
}

macro_rules! webhook {
    ($rest:literal) => {
        concat!(
            "select w.webhook_id, w.url, w.about, w.kinds, w.failing_since, w.disabled_at, w.disabled_reason,
            w.delivered_at, w.created_at, w.fetch_within_ms, w.fetched_until, (select count(*) from webhook_deliveries d where d.tenant_id = w.tenant_id
                and d.webhook_id = w.webhook_id and d.state = 'waiting') as waiting
            from webhooks w where w.tenant_id = $1 ",
            $rest
        )
    };
}

statements! {
    WEBHOOKS = webhook!("order by w.webhook_id");
    WEBHOOK_GET = webhook!("and w.webhook_id = $2");
    WEBHOOK_COUNT = "select count(*) from webhooks where tenant_id = $1";
    WEBHOOK_PUT = "insert into webhooks (webhook_id, tenant_id, url, about, kinds, secret, created_at, disabled_at, disabled_reason,
            fetch_within_ms, fetched_until)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    WEBHOOK_FETCHED = "update webhooks set fetched_until = $3
        where tenant_id = $1 and webhook_id = $2 and fetched_until < $3";
    WEBHOOKS_ENDED = "select count(*) from webhooks where fetched_until is not null and fetched_until <= $1";
    /// Nobody renews one at the same moment, or this waits for them.
    WEBHOOKS_UNFETCHED = "select tenant_id, webhook_id from webhooks
        where fetched_until is not null and fetched_until <= $1 order by fetched_until limit $2",
        postgres = "select tenant_id, webhook_id from webhooks
        where fetched_until is not null and fetched_until <= $1 order by fetched_until limit $2 for update";
    WEBHOOK_ROTATE = "update webhooks set old_secret = secret, old_secret_until = $4, secret = $3
        where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_SECRETS = "select secret, old_secret, old_secret_until from webhooks where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_ENABLE = "update webhooks set disabled_at = null, disabled_reason = null, failing_since = null
        where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_WAKE = "update webhook_deliveries set next_at = $3
        where tenant_id = $1 and webhook_id = $2 and state = 'waiting' and next_at is null";
    WEBHOOK_DROP_TRIES = "delete from webhook_tries where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_DROP_DELIVERIES = "delete from webhook_deliveries where tenant_id = $1 and webhook_id = $2";
    WEBHOOK_DROP = "delete from webhooks where tenant_id = $1 and webhook_id = $2";
}

#[derive(sqlx::FromRow)]
struct RawWebhook {
    webhook_id: String,
    url: String,
    about: String,
    kinds: String,
    failing_since: Option<i64>,
    disabled_at: Option<i64>,
    disabled_reason: Option<String>,
    delivered_at: Option<i64>,
    created_at: i64,
    fetch_within_ms: Option<i64>,
    fetched_until: Option<i64>,
    waiting: i64,
}

/// The secret, the one before it, and until when that one signs.
type RawSecrets = (Vec<u8>, Option<Vec<u8>>, Option<i64>);

impl RawWebhook {
    fn read(self) -> Result<WebhookRow> {
        let kinds = self.kinds.split_whitespace().map(|word| {
            NoticeKind::parse(word).ok_or_else(|| StoreError::Stored {
                what: "webhooks.kinds",
                why: format!("`{word}` is no kind"),
            })
        });
        Ok(WebhookRow {
            id: json::id("webhook_id", &self.webhook_id)?,
            kinds: kinds.collect::<Result<_>>()?,
            url: self.url,
            about: self.about,
            failing_since: self.failing_since.map(Ts),
            disabled_at: self.disabled_at.map(Ts),
            disabled_reason: self.disabled_reason,
            delivered_at: self.delivered_at.map(Ts),
            created_at: Ts(self.created_at),
            term: self
                .fetch_within_ms
                .zip(self.fetched_until)
                .map(|(within, until)| (Millis(within), Ts(until))),
            waiting: db::count(self.waiting),
        })
    }
}

fn kinds_text(kinds: &[NoticeKind]) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let words: Vec<&str> = kinds.iter().map(|k| k.as_str()).collect();
    format!(" {} ", words.join(" "))
}

impl SystemTx<'_> {
    /// Whether there are any of [`SystemTx::webhooks_unfetched`].
    ///
    /// # Errors
    /// The database.
    pub async fn any_webhook_unfetched(&mut self, lease_now: Ts) -> Result<bool> {
        let row: Option<(i64,)> = self.tx.row(WEBHOOKS_ENDED, args![lease_now]).await?;
        Ok(row.is_some_and(|(n,)| n > 0))
    }

    /// Endpoints of all tenants from which nobody fetched in time, by the machine's clock.
    ///
    /// # Errors
    /// The database.
    pub async fn webhooks_unfetched(
        &mut self,
        lease_now: Ts,
        limit: usize,
    ) -> Result<Vec<(TenantId, WebhookId)>> {
        let args = args![lease_now, db::limit(limit)];
        let rows: Vec<(String, String)> = self.tx.rows(WEBHOOKS_UNFETCHED, args).await?;
        rows.into_iter()
            .map(|(tenant, id)| {
                Ok((
                    json::id("tenant_id", &tenant)?,
                    json::id("webhook_id", &id)?,
                ))
            })
            .collect()
    }
}

impl TenantTx<'_> {
    /// The tenant's endpoints, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn webhooks(&mut self) -> Result<Vec<WebhookRow>> {
        let rows: Vec<RawWebhook> = self.tx.rows(WEBHOOKS, args![self.tenant]).await?;
        rows.into_iter().map(RawWebhook::read).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// The database.
    pub async fn webhook(&mut self, id: WebhookId) -> Result<Option<WebhookRow>> {
        let row: Option<RawWebhook> = self.tx.row(WEBHOOK_GET, args![self.tenant, id]).await?;
        row.map(RawWebhook::read).transpose()
    }

    /// Keeps an endpoint; its secret is sealed.
    ///
    /// # Errors
    /// [`StoreError::Limit`] when there are [`WEBHOOKS_MAX`], or the database.
    pub async fn put_webhook(&mut self, new: &NewWebhook, now: Ts) -> Result<()> {
        let there: Option<(i64,)> = self.tx.row(WEBHOOK_COUNT, args![self.tenant]).await?;
        if there.is_some_and(|(n,)| n >= i64::from(WEBHOOKS_MAX)) {
            return Err(StoreError::Limit {
                what: "webhooks of a tenant",
                max: WEBHOOKS_MAX,
            });
        }
        let secret = self.seal_webhook(new.id, &new.secret).await?;
        let args = args![
            new.id,
            self.tenant,
            new.url.as_str(),
            new.about.as_str(),
            kinds_text(&new.kinds),
            secret,
            now,
            new.fetched.is_some().then_some(now),
            new.fetched.as_deref(),
            new.term.map(|(within, _)| within.0),
            new.term.map(|(_, until)| until)
        ];
        self.tx.run(WEBHOOK_PUT, args).await.map(drop)
    }

    /// Replaces the secret; until `old_until` the one before signs too.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn rotate_webhook(
        &mut self,
        id: WebhookId,
        secret: &SecretString,
        old_until: Ts,
    ) -> Result<()> {
        let secret = self.seal_webhook(id, secret).await?;
        let args = args![self.tenant, id, secret, old_until];
        self.must("webhook", WEBHOOK_ROTATE, args).await
    }

    /// What deliveries are signed with at `now`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] with another master key, [`StoreError::NotFound`], or the database.
    pub async fn webhook_secrets(&mut self, id: WebhookId, now: Ts) -> Result<Vec<SecretString>> {
        let row: Option<RawSecrets> = self.tx.row(WEBHOOK_SECRETS, args![self.tenant, id]).await?;
        let Some((secret, old, until)) = row else {
            return Err(StoreError::NotFound { what: "webhook" });
        };
        let old = old.filter(|_| until.is_some_and(|u| now < Ts(u)));
        let key = self.data_key().await?;
        let (tenant, row) = (self.tenant.to_string(), id.to_string());
        std::iter::once(secret)
            .chain(old)
            .map(|sealed| key.open_text(&place(&tenant, &row), &sealed))
            .collect()
    }

    /// Lets deliveries to it go on, at once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn enable_webhook(&mut self, id: WebhookId, now: Ts) -> Result<()> {
        self.must("webhook", WEBHOOK_ENABLE, args![self.tenant, id])
            .await?;
        let args = args![self.tenant, id, now];
        self.tx.run(WEBHOOK_WAKE, args).await.map(drop)
    }

    /// Somebody fetches from it: it stays until then at least.
    ///
    /// # Errors
    /// The database.
    pub async fn webhook_fetched(&mut self, id: WebhookId, until: Ts) -> Result<()> {
        let args = args![self.tenant, id, until];
        self.tx.run(WEBHOOK_FETCHED, args).await.map(drop)
    }

    /// Forgets an endpoint with its deliveries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn remove_webhook(&mut self, id: WebhookId) -> Result<()> {
        for sql in [WEBHOOK_DROP_TRIES, WEBHOOK_DROP_DELIVERIES] {
            self.tx.run(sql, args![self.tenant, id]).await?;
        }
        self.must("webhook", WEBHOOK_DROP, args![self.tenant, id])
            .await
    }

    async fn seal_webhook(&mut self, id: WebhookId, secret: &SecretString) -> Result<Vec<u8>> {
        let key = self.data_key().await?;
        let (tenant, row) = (self.tenant.to_string(), id.to_string());
        let text = secret.expose_secret().as_bytes();
        key.seal(&*self.tx.secrets.ids, &place(&tenant, &row), text)
    }
}

fn place<'a>(tenant: &'a str, row: &'a str) -> Place<'a> {
    Place {
        tenant,
        column: "webhooks.secret",
        row,
    }
}
