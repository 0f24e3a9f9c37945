//! The host's consent wordings, versioned, per tenant and language.

use portero_domain::clock::Ts;
use portero_domain::consent::FrequencyPromise;
use portero_domain::language::Language;

use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// A consent question and what its buttons say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// Name a plugin asks for.
    pub name: String,
    /// Counted from 1; the newest is used.
    pub version: u32,
    /// Language.
    pub language: Language,
    /// The question, with purpose and promised frequency.
    pub body: String,
    /// Label of the yes button.
    pub yes_label: String,
    /// Label of the no button.
    pub no_label: String,
    /// Said after a yes.
    pub thanks: String,
    /// The most promotional messages promised.
    pub promise: FrequencyPromise,
}

impl Wording {
    /// SHA-256 of what the person sees: the question and its two buttons, a line each.
    #[must_use]
    pub fn sha256(&self) -> String {
        let shown = format!("{}\n{}\n{}", self.body, self.yes_label, self.no_label);
        json::sha256_hex(shown.as_bytes())
    }
}

statements! {
    /// A version that was shown never changes.
    WORDING_PUT = "insert into wordings (tenant_id, name, version, language, body, yes_label, no_label, thanks,
            promise_max, promise_per, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (tenant_id, name, version, language) do nothing";
    WORDING_NEWEST = "select name, version, language, body, yes_label, no_label, thanks, promise_max, promise_per
        from wordings where tenant_id = $1 and name = $2 and language = $3 order by version desc limit 1";
    WORDING_VERSION = "select name, version, language, body, yes_label, no_label, thanks, promise_max, promise_per
        from wordings where tenant_id = $1 and name = $2 and version = $3 order by language";
    WORDINGS = "select name, version, language, body, yes_label, no_label, thanks, promise_max, promise_per
        from wordings where tenant_id = $1 order by name, language, version desc";
}

#[derive(sqlx::FromRow)]
struct Raw {
    name: String,
    version: i64,
    language: String,
    body: String,
    yes_label: String,
    no_label: String,
    thanks: String,
    promise_max: i64,
    promise_per: String,
}

impl Raw {
    fn read(self) -> Result<Wording> {
        Ok(Wording {
            name: self.name,
            version: json::small("wording version", self.version)?,
            language: json::from_word("wording language", &self.language)?,
            body: self.body,
            yes_label: self.yes_label,
            no_label: self.no_label,
            thanks: self.thanks,
            promise: FrequencyPromise {
                max: json::small("promise_max", self.promise_max)?,
                per: json::from_word("promise_per", &self.promise_per)?,
            },
        })
    }
}

impl TenantTx<'_> {
    /// Adds a version of a wording; `false` when that version exists (it stays as it is).
    ///
    /// # Errors
    /// The database.
    pub async fn put_wording(&mut self, w: &Wording, now: Ts) -> Result<bool> {
        let args = args![
            self.tenant,
            w.name.as_str(),
            w.version,
            w.language.code(),
            w.body.as_str(),
            w.yes_label.as_str(),
            w.no_label.as_str(),
            w.thanks.as_str(),
            w.promise.max,
            json::word("promise_per", &w.promise.per)?,
            now
        ];
        Ok(self.tx.run(WORDING_PUT, args).await? == 1)
    }

    /// The newest version of a wording in a language.
    ///
    /// # Errors
    /// The database.
    pub async fn wording(&mut self, name: &str, language: Language) -> Result<Option<Wording>> {
        let row: Option<Raw> = self
            .tx
            .row(WORDING_NEWEST, args![self.tenant, name, language.code()])
            .await?;
        row.map(Raw::read).transpose()
    }

    /// One version of a wording, in every language it has.
    ///
    /// # Errors
    /// The database.
    pub async fn wording_version(&mut self, name: &str, version: u32) -> Result<Vec<Wording>> {
        let rows: Vec<Raw> = self
            .tx
            .rows(WORDING_VERSION, args![self.tenant, name, version])
            .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Every wording, by name and language, newest version first.
    ///
    /// # Errors
    /// The database.
    pub async fn wordings(&mut self) -> Result<Vec<Wording>> {
        let rows: Vec<Raw> = self.tx.rows(WORDINGS, args![self.tenant]).await?;
        rows.into_iter().map(Raw::read).collect()
    }
}
