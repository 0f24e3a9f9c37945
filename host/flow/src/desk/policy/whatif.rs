//! What another policy would have said of the messages of the last days. Nothing is sent, nothing is kept.
//!
//! Every record is judged by its own facts and its own instant. What would have followed is not played through:
//! a message that would not have gone still counts in the frequency of those after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{ContactId, DecisionId, OutboxId, TenantId};
use portero_gate::Stage;
use portero_gate::policy::PARAMETERS;
use portero_store::model::{DecisionFilter, revision_of};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tally::Tally;
use super::{ParameterChange, changes, meant};
use crate::context::Context;
use crate::error::FlowError;

/// Most days looked back.
pub const MAX_DAYS: u32 = 90;
/// Days looked back when nobody says.
const DAYS: u32 = 30;
/// Most records judged: the newest.
pub const MAX_RECORDS: u64 = 100_000;
/// Records in hand at a time.
const PAGE: usize = 500;
/// Examples of each change when nobody says, and at most.
const EXAMPLES: usize = 3;
const MAX_EXAMPLES: usize = 20;

/// What if the policy were another: exactly one of `policy` and `revision`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIfRequest {
    /// Parameters of host/docs/rules.md; what is not named has its default.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub policy: Option<Map<String, Value>>,
    /// A revision of the history instead.
    #[serde(default)]
    pub revision: Option<String>,
    /// Days to look back, 1 to 90; 30 when absent.
    #[serde(default)]
    pub days: Option<u32>,
    /// Examples of each change, 0 to 20; 3 when absent.
    #[serde(default)]
    pub examples: Option<usize>,
}

/// What another policy would have said.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WhatIfView {
    /// Revision that holds.
    pub from: String,
    /// Revision that the other policy would have.
    pub to: String,
    /// Parameters that differ from those that hold.
    pub differs: Vec<ParameterChange>,
    /// Of these the ones that no judgement of a message looks at: what they do is not in the counts.
    pub unseen: Vec<String>,
    /// Verdicts of this instant on, RFC 3339.
    pub since: String,
    /// And before this one.
    pub until: String,
    /// Verdicts judged again.
    pub judged: u64,
    /// Messages that they are about.
    pub messages: u64,
    /// Whether there are more than the newest 100,000, which alone were looked at; then `reaches` says how far back.
    pub cut: bool,
    /// The oldest verdict looked at, RFC 3339; absent when there is none.
    pub reaches: Option<String>,
    /// Verdicts that would be others than under the policy that holds.
    pub changed: u64,
    /// Messages that they are about.
    pub messages_changed: u64,
    /// What changes into what, the most frequent first.
    pub changes: Vec<EffectView>,
    /// Verdicts that differ under the policy that holds already, whatever is changed.
    pub already: AlreadyView,
    /// Verdicts that could not be judged again, by reason.
    pub unjudged: Vec<ReasonView>,
}

/// Verdicts that are others by now without any change.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AlreadyView {
    /// How many.
    pub verdicts: u64,
    /// Of these, made under another policy.
    pub other_policy: u64,
    /// Of these, made by other rules.
    pub other_rules: u64,
}

/// Verdicts that change in the same way. Where both sides are the same, the instant is another.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EffectView {
    /// Under the policy that holds.
    pub from: VerdictShort,
    /// Under the other one.
    pub to: VerdictShort,
    /// How many verdicts.
    pub verdicts: u64,
    /// How many messages.
    pub messages: u64,
    /// The newest of them.
    pub examples: Vec<ExampleView>,
}

/// A verdict by its first decisive rule.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VerdictShort {
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// First decisive rule; absent when allowed.
    pub rule: Option<String>,
    /// Its title per language.
    pub title: BTreeMap<String, String>,
}

/// One verdict that would be another.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ExampleView {
    /// Its id.
    #[schema(value_type = String)]
    pub verdict: DecisionId,
    /// The message.
    #[schema(value_type = String)]
    pub message: OutboxId,
    /// The person, by id only.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// `admission` or `dispatch`.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// When, RFC 3339.
    pub at: String,
    /// One sentence per language: under the policy that holds.
    pub was: BTreeMap<String, String>,
    /// One sentence per language: under the other one.
    pub now: BTreeMap<String, String>,
}

/// Why verdicts could not be judged again.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReasonView {
    /// `older_form`, or `missing:` with the fact that nobody asked for then (`missing:spend`).
    pub reason: String,
    /// How many.
    pub verdicts: u64,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// Verdicts read.
    pub read: u64,
    /// How far of the whole, 0 to 100: by time, or by the most that is read.
    pub percent: u64,
}

/// A tenant asks one such question at a time: its place is free again when this is dropped.
struct Asking {
    ctx: Arc<Context>,
    tenant: TenantId,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Ok(mut all) = self.ctx.whatifs.lock() {
            all.remove(&self.tenant);
        }
    }
}

impl Asking {
    fn tell(&self, progress: Progress) {
        if let Ok(mut all) = self.ctx.whatifs.lock() {
            all.insert(self.tenant, progress);
        }
    }
}

/// How far the question of a tenant is that this process is answering; `None` while it answers none.
#[must_use]
pub fn how_far(ctx: &Context, tenant: TenantId) -> Option<Progress> {
    ctx.whatifs.lock().ok()?.get(&tenant).copied()
}

fn ask(ctx: &Arc<Context>, tenant: TenantId) -> Result<Asking, FlowError> {
    let free = ctx.whatifs.lock().is_ok_and(|mut all| {
        let free = !all.contains_key(&tenant);
        all.entry(tenant).or_default();
        free
    });
    if !free {
        return Err(FlowError::WrongState {
            what: "this question".to_owned(),
            state: "being answered".to_owned(),
            why:
                "verdicts of this tenant are judged again for somebody else; ask again in a moment"
                    .to_owned(),
        });
    }
    Ok(Asking {
        ctx: Arc::clone(ctx),
        tenant,
    })
}

/// An answer under way: [`WhatIf::step`] until nothing is left, then [`WhatIf::end`]. Dropping it cancels.
pub struct WhatIf {
    asking: Asking,
    tally: Option<Tally>,
    from: String,
    to: String,
    differs: Vec<ParameterChange>,
    since: Ts,
    until: Ts,
    after: Option<DecisionId>,
    oldest: Option<Ts>,
    read: u64,
    most: u64,
    ended: bool,
    cut: bool,
}

impl WhatIf {
    /// Begins.
    ///
    /// # Errors
    /// Bad input, [`FlowError::WrongState`] when another such question of the tenant is being answered, or the
    /// database.
    pub async fn begin(
        ctx: &Arc<Context>,
        tenant: TenantId,
        request: &WhatIfRequest,
    ) -> Result<WhatIf, FlowError> {
        WhatIf::up_to(ctx, tenant, request, MAX_RECORDS).await
    }

    /// The same with fewer records at most.
    ///
    /// # Errors
    /// As [`WhatIf::begin`].
    pub async fn up_to(
        ctx: &Arc<Context>,
        tenant: TenantId,
        request: &WhatIfRequest,
        most: u64,
    ) -> Result<WhatIf, FlowError> {
        let days = request.days.unwrap_or(DAYS);
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(FlowError::bad("days", format!("1 to {MAX_DAYS}")));
        }
        let examples = request.examples.unwrap_or(EXAMPLES).min(MAX_EXAMPLES);
        let mut tx = ctx.store.read().await?;
        let fields = request.policy.as_ref();
        let proposed = meant(&mut tx, tenant, fields, request.revision.as_deref()).await?;
        let row = tx.tenant(tenant).row().await?;
        drop(tx);
        let asking = ask(ctx, tenant)?;
        let until = ctx.now();
        Ok(WhatIf {
            asking,
            from: row.policy_revision.clone(),
            to: revision_of(&proposed)?,
            differs: changes(&row.policy, &proposed),
            tally: Some(Tally::new(
                row.policy,
                row.policy_revision,
                proposed,
                examples,
            )),
            since: until.plus_ms(-Millis::days(i64::from(days)).0),
            until,
            after: None,
            oldest: None,
            read: 0,
            most,
            ended: false,
            cut: false,
        })
    }

    /// Judges some more; nothing when all are. No transaction stays open between two steps, and the judging
    /// keeps no thread from its other work.
    ///
    /// # Errors
    /// The database.
    pub async fn step(&mut self) -> Result<Option<Progress>, FlowError> {
        if self.ended {
            return Ok(None);
        }
        let broke = || FlowError::Task {
            what: "judging again",
        };
        let left = usize::try_from(self.most - self.read).unwrap_or(PAGE);
        let limit = PAGE.min(left);
        let filter = DecisionFilter {
            since: Some(self.since),
            until: Some(self.until.plus_ms(1)),
            after: self.after,
            // One more says whether anything is left out.
            limit: limit + 1,
            ..DecisionFilter::default()
        };
        let mut tx = self.asking.ctx.store.read().await?;
        let mut rows = tx.tenant(self.asking.tenant).decisions(&filter).await?;
        drop(tx);
        let more = rows.len() > limit;
        rows.truncate(limit);
        self.read += rows.len() as u64;
        if let Some(last) = rows.last() {
            self.after = Some(last.id);
            self.oldest = Some(last.decided_at);
        }
        let tally = self.tally.take().ok_or_else(broke)?;
        let judged = tokio::task::spawn_blocking(move || tally.page(rows)).await;
        self.tally = Some(judged.map_err(|_| broke())?);
        self.cut = more && self.read >= self.most;
        self.ended = !more || self.cut;
        let progress = Progress {
            read: self.read,
            percent: self.percent(),
        };
        self.asking.tell(progress);
        Ok(Some(progress))
    }

    fn percent(&self) -> u64 {
        if self.ended {
            return 100;
        }
        let whole = self.until.since(self.since).max(1);
        let done = self.oldest.map_or(0, |at| self.until.since(at));
        let of = |done: i128, whole: i128| u64::try_from(done * 100 / whole).unwrap_or_default();
        of(i128::from(done), i128::from(whole))
            .max(of(i128::from(self.read), i128::from(self.most.max(1))))
            .min(99)
    }

    /// What came of it so far.
    ///
    /// # Errors
    /// A step broke off.
    pub fn end(mut self) -> Result<WhatIfView, FlowError> {
        let mut tally = self.tally.take().ok_or(FlowError::Task {
            what: "judging again",
        })?;
        let unseen = PARAMETERS.iter().filter(|p| !p.judged).map(|p| p.name);
        let unseen = unseen.filter(|name| self.differs.iter().any(|d| d.name == *name));
        let (messages, messages_changed) = tally.messages();
        Ok(WhatIfView {
            unseen: unseen.map(str::to_owned).collect(),
            since: self.since.rfc3339(),
            until: self.until.rfc3339(),
            judged: tally.judged,
            messages,
            cut: self.cut,
            reaches: self.oldest.map(Ts::rfc3339),
            changed: tally.changed,
            messages_changed,
            already: AlreadyView {
                verdicts: tally.already,
                other_policy: tally.already_other_policy,
                other_rules: tally.already_other_rules,
            },
            unjudged: tally.unjudged(),
            changes: tally.effects(),
            from: self.from,
            to: self.to,
            differs: self.differs,
        })
    }

    /// From beginning to end.
    ///
    /// # Errors
    /// As [`WhatIf::begin`].
    pub async fn whole(
        ctx: &Arc<Context>,
        tenant: TenantId,
        request: &WhatIfRequest,
    ) -> Result<WhatIfView, FlowError> {
        let mut whatif = WhatIf::begin(ctx, tenant, request).await?;
        while whatif.step().await?.is_some() {}
        whatif.end()
    }
}
