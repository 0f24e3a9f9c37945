//! What Meta last said of numbers and accounts, and everything it said, dated.

use portero_domain::account::{AccountRefusal, MessagingLimit, Reach};
use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, PhoneNumberId, WabaId};
use portero_domain::notice::NoticeKind;
use serde_json::json;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::standing::Of;
use crate::tx::TenantTx;

/// One thing Meta said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    /// `number`, `account` or `template`.
    pub subject: String,
    /// Number id, account id, or `name (language)`.
    pub name: String,
    /// `quality`, `messaging_limit`, `restriction`, `status`, `category`, …
    pub aspect: String,
    /// What it is now.
    pub value: String,
    /// What was said beside.
    pub detail: String,
    /// When, Meta's time.
    pub at: Ts,
}

/// The place of an entry among all: newest first, then by event and aspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePlace {
    /// When Meta said it.
    pub at: Ts,
    /// In which event.
    pub event: EventId,
    /// Of what.
    pub aspect: String,
}

/// Where an account stands; everything is open until Meta said something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRow {
    /// People a day.
    pub limit: Option<MessagingLimit>,
    /// Restriction that was reported: Meta's words.
    pub restriction: Option<String>,
    /// What it reaches.
    pub reach: Option<Reach>,
    /// Since when.
    pub restricted_at: Option<Ts>,
    /// Until when; open when absent.
    pub restricted_until: Option<Ts>,
    /// Meta's review of the account.
    pub review: Option<String>,
    /// The last message that Meta refused because of the account.
    pub refused: Option<AccountRefusal>,
}

/// Inserts only for an account with a number of the tenant.
macro_rules! put {
    ($columns:literal, $values:literal, $set:literal) => {
        concat!(
            "insert into accounts (tenant_id, waba_id, ",
            $columns,
            ") select tenant_id, waba_id, ",
            $values,
            " from (select distinct tenant_id, waba_id from numbers where tenant_id = $1 and waba_id = $2) n
              where true on conflict (tenant_id, waba_id) do update set ",
            $set
        )
    };
}

statements! {
    /// What Meta said earlier never undoes what it said later.
    NUMBER_QUALITY = "update numbers set quality = $3, quality_at = $4
        where tenant_id = $1 and phone_number_id = $2 and (quality_at is null or quality_at <= $4)";
    NUMBER_MPS = "update numbers set mps = $3 where tenant_id = $1 and phone_number_id = $2";
    NUMBER_NAME = "update numbers set name_decision = $3, verified_name = coalesce(cast($4 as text), verified_name)
        where tenant_id = $1 and phone_number_id = $2";
    ACCOUNT_LIMIT = put!(
        "messaging_limit, limit_at",
        "cast($3 as bigint), cast($4 as bigint)",
        "messaging_limit = case when accounts.limit_at is null or accounts.limit_at <= excluded.limit_at
             then excluded.messaging_limit else accounts.messaging_limit end,
         limit_at = case when accounts.limit_at is null or accounts.limit_at <= excluded.limit_at
             then excluded.limit_at else accounts.limit_at end"
    );
    /// A restriction without an end is not shortened by another; only Meta's lifting ends it.
    ACCOUNT_RESTRICTION = put!(
        "restriction, restriction_reach, restricted_at, restricted_until_at",
        "cast($3 as text), cast($4 as text), cast($5 as bigint), cast($6 as bigint)",
        "restriction = excluded.restriction, restriction_reach = excluded.restriction_reach,
         restricted_at = excluded.restricted_at, restricted_until_at = excluded.restricted_until_at
         where (accounts.restricted_at is null or accounts.restricted_at <= excluded.restricted_at)
           and (excluded.restriction is null or accounts.restriction is null
                or accounts.restricted_until_at is not null or excluded.restricted_until_at is null)"
    );
    /// The latest error counts.
    ACCOUNT_REFUSED = put!(
        "refused_code, refused_at",
        "cast($3 as bigint), cast($4 as bigint)",
        "refused_code = excluded.refused_code, refused_at = excluded.refused_at
         where accounts.refused_at is null or accounts.refused_at <= excluded.refused_at"
    );
    ACCOUNT_REVIEW = put!(
        "review",
        "cast($3 as text)",
        "review = excluded.review"
    );
    ACCOUNT_ROW = "select messaging_limit, restriction, restriction_reach, restricted_at, restricted_until_at, review,
            refused_code, refused_at
        from accounts where tenant_id = $1 and waba_id = $2";
    CHANGE_INSERT = "insert into account_changes (event_id, tenant_id, subject, name, aspect, value, detail, at)
        values ($2, $1, $3, $4, $5, $6, $7, $8) on conflict (event_id, aspect) do nothing";
    CHANGES = "select event_id, subject, name, aspect, value, detail, at from account_changes
        where tenant_id = $1 and (cast($2 as text) is null or subject = $2)
          and (cast($3 as text) is null or name = $3)
          and (at < $5 or (at = $5 and (event_id < $6 or (event_id = $6 and aspect > $7))))
        order by at desc, event_id desc, aspect limit $4";
}

type RawChange = (String, String, String, String, String, String, i64);

type RawAccount = (
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

/// A refusal as it stands in its columns.
pub(crate) fn refusal(code: Option<i64>, at: Option<i64>) -> Option<AccountRefusal> {
    let (code, at) = code.zip(at)?;
    Some(AccountRefusal { code, at: Ts(at) })
}

/// A limit as it stands in its column.
pub(crate) fn limit(column: Option<i64>) -> Option<MessagingLimit> {
    column
        .and_then(|n| u32::try_from(n).ok())
        .map(MessagingLimit)
}

/// A reach as it stands in its column; what we cannot read reaches everything.
pub(crate) fn reach(column: Option<&str>) -> Reach {
    match column {
        Some("business_initiated") => Reach::BusinessInitiated,
        _ => Reach::All,
    }
}

impl TenantTx<'_> {
    /// Sets the quality of a number (`GREEN`, `YELLOW`, `RED`, `UNKNOWN`); `false` when it is not the
    /// tenant's, or Meta said something later.
    ///
    /// # Errors
    /// The database.
    pub async fn set_number_quality(
        &mut self,
        number: &PhoneNumberId,
        quality: &str,
        at: Ts,
    ) -> Result<bool> {
        let of = Of::Number(number);
        let before = self.standing(of).await?;
        let args = args![self.tenant, number, quality, at];
        let known = self.tx.run(NUMBER_QUALITY, args).await? == 1;
        self.tell_changed(before, of, &[NoticeKind::NumberQuality], at)
            .await?;
        Ok(known)
    }

    /// Sets how many messages a second Meta allows.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn set_number_mps(&mut self, number: &PhoneNumberId, mps: u32) -> Result<()> {
        self.must("number", NUMBER_MPS, args![self.tenant, number, mps])
            .await
    }

    /// Sets Meta's decision on the name people see.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`], or the database.
    pub async fn set_number_name(
        &mut self,
        number: &PhoneNumberId,
        decision: &str,
        name: Option<&str>,
    ) -> Result<()> {
        let args = args![self.tenant, number, decision, name];
        self.must("number", NUMBER_NAME, args).await
    }

    /// Sets how many people a day an account may write to first.
    ///
    /// # Errors
    /// The database.
    pub async fn set_account_limit(
        &mut self,
        waba: &WabaId,
        limit: MessagingLimit,
        at: Ts,
    ) -> Result<()> {
        let args = args![self.tenant, waba, i64::from(limit.0), at];
        let of = Of::Account(waba);
        let before = self.standing(of).await?;
        self.tx.run(ACCOUNT_LIMIT, args).await?;
        self.tell_changed(before, of, &[NoticeKind::AccountLimit], at)
            .await
    }

    /// Sets or (`None`) lifts the restriction of an account: (Meta's words, reach, until).
    ///
    /// # Errors
    /// The database.
    pub async fn set_account_restriction(
        &mut self,
        waba: &WabaId,
        restriction: Option<(&str, Reach, Option<Ts>)>,
        at: Ts,
    ) -> Result<()> {
        let (what, reach, until) = match restriction {
            Some((what, reach, until)) => (Some(what), Some(reach.as_str()), until),
            None => (None, None, None),
        };
        let args = args![self.tenant, waba, what, reach, at, until];
        let of = Of::Account(waba);
        let before = self.standing(of).await?;
        self.tx.run(ACCOUNT_RESTRICTION, args).await?;
        self.tell_changed(before, of, &[NoticeKind::AccountRestriction], at)
            .await
    }

    /// Keeps that Meta refused a message because of the account; a later one is never undone by an
    /// earlier. Told as a restriction with its end, once for as long as it lasts.
    ///
    /// # Errors
    /// The database.
    pub async fn set_account_refusal(
        &mut self,
        waba: &WabaId,
        refusal: AccountRefusal,
        now: Ts,
    ) -> Result<()> {
        let before = self.account(waba).await?;
        let args = args![self.tenant, waba, refusal.code, refusal.at];
        self.tx.run(ACCOUNT_REFUSED, args).await?;
        if before.refused.is_some_and(|r| refusal.at < r.until()) {
            return Ok(());
        }
        let data = json!({
            "waba_id": waba, "restriction": refusal.words(), "was": before.restriction,
            "reach": Reach::All.as_str(), "until": refusal.until().rfc3339(),
        });
        self.tell(NoticeKind::AccountRestriction, &data, now)
            .await
            .map(drop)
    }

    /// Sets what Meta's review of an account came to.
    ///
    /// # Errors
    /// The database.
    pub async fn set_account_review(&mut self, waba: &WabaId, decision: &str) -> Result<()> {
        let args = args![self.tenant, waba, decision];
        self.tx.run(ACCOUNT_REVIEW, args).await.map(drop)
    }

    /// Where an account stands.
    ///
    /// # Errors
    /// The database.
    pub async fn account(&mut self, waba: &WabaId) -> Result<AccountRow> {
        let row: Option<RawAccount> = self.tx.row(ACCOUNT_ROW, args![self.tenant, waba]).await?;
        Ok(row.map_or_else(
            AccountRow::default,
            |(n, what, how_far, at, until, review, code, refused_at)| AccountRow {
                limit: limit(n),
                reach: what.as_ref().map(|_| reach(how_far.as_deref())),
                restriction: what,
                restricted_at: at.map(Ts),
                restricted_until: until.map(Ts),
                review,
                refused: refusal(code, refused_at),
            },
        ))
    }

    /// Keeps what Meta said; the same event and aspect once.
    ///
    /// # Errors
    /// The database.
    pub async fn append_account_change(
        &mut self,
        event: EventId,
        entry: &AccountEntry,
    ) -> Result<()> {
        let args = args![
            self.tenant,
            event,
            entry.subject.as_str(),
            entry.name.as_str(),
            entry.aspect.as_str(),
            entry.value.as_str(),
            entry.detail.as_str(),
            entry.at
        ];
        self.tx.run(CHANGE_INSERT, args).await.map(drop)
    }

    /// What Meta said, newest first; of one kind of subject, of one subject, or of all.
    ///
    /// # Errors
    /// The database.
    pub async fn account_changes(
        &mut self,
        subject: Option<&str>,
        name: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AccountEntry>> {
        let rows = self
            .account_changes_after(subject, name, limit, None)
            .await?;
        Ok(rows.into_iter().map(|(_, entry)| entry).collect())
    }

    /// The same beyond a place, with the event that each was said in.
    ///
    /// # Errors
    /// The database.
    pub async fn account_changes_after(
        &mut self,
        subject: Option<&str>,
        name: Option<&str>,
        limit: usize,
        after: Option<&ChangePlace>,
    ) -> Result<Vec<(EventId, AccountEntry)>> {
        let args = args![
            self.tenant,
            subject,
            name,
            db::limit(limit),
            after.map_or(Ts(i64::MAX), |a| a.at),
            after.map_or_else(String::new, |a| a.event.to_string()),
            after.map_or("", |a| a.aspect.as_str())
        ];
        let rows: Vec<RawChange> = self.tx.rows(CHANGES, args).await?;
        rows.into_iter()
            .map(|(event, subject, name, aspect, value, detail, at)| {
                let entry = AccountEntry {
                    subject,
                    name,
                    aspect,
                    value,
                    detail,
                    at: Ts(at),
                };
                Ok((json::id("event_id", &event)?, entry))
            })
            .collect()
    }
}
