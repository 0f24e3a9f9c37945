//! Lets go of what is past its term: once an hour it looks what there is, then takes a bite at a time.
//!
//! A bite is one small transaction and the loop rests after each, so that on SQLite nobody waits for
//! the writer longer than for a plugin's commit. Where it stands is in the database.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::TenantId;
use portero_domain::retention::{Kind, Terms};
use portero_store::model::Part;

use crate::context::Context;
use crate::error::FlowError;

/// Rows of one bite.
const BITE: usize = 250;
/// Looks at what there may be, in one step.
const LOOKS: usize = 64;
/// Between two rounds.
const ROUND: Millis = Millis::hours(1);

/// What is to be looked at in this round.
#[derive(Default)]
pub(crate) struct Agenda {
    /// When the next round begins, by business time.
    next: Ts,
    open: VecDeque<Item>,
}

#[derive(Clone, Copy)]
struct Item {
    scope: Option<TenantId>,
    part: Part,
    cutoff: Ts,
}

impl Agenda {
    /// Begins a round at the next step: terms have changed.
    pub(crate) fn anew(&mut self) {
        *self = Agenda::default();
    }
}

/// Rows let go of, by kind.
#[derive(Default)]
pub struct LetGo([AtomicU64; Kind::ALL.len()]);

impl LetGo {
    fn add(&self, kind: Kind, n: u64) {
        for (known, count) in Kind::ALL.into_iter().zip(&self.0) {
            if known == kind {
                count.fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    /// Every kind with its count.
    pub fn all(&self) -> impl Iterator<Item = (Kind, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        Kind::ALL.into_iter().zip(counts)
    }
}

/// Since when a part is kept under these terms; what is older goes.
#[must_use]
pub fn cutoff(terms: &Terms, part: Part, now: Ts) -> Ts {
    let days = |kind| i64::from(terms.days(kind));
    let days = match part {
        // The log of who did what names them.
        Part::Tokens => days(Kind::Sessions).max(days(Kind::Audit)),
        _ => days(part.kind()),
    };
    now - Millis::days(days)
}

/// Takes one bite, if there is one to take. Says 0: the loop rests after each.
///
/// # Errors
/// The database; the part it happened at is looked at again in the next round.
pub async fn step(ctx: &Context) -> Result<usize, FlowError> {
    let mut agenda = ctx.agenda.lock().await;
    let now = ctx.now();
    if agenda.open.is_empty() {
        // A clock that was set back begins anew.
        if now < agenda.next && agenda.next <= now + ROUND {
            return Ok(0);
        }
        agenda.open = round(ctx, now).await?;
        agenda.next = now + ROUND;
    }
    let found = {
        let mut tx = ctx.store.read().await?;
        let mut found = None;
        for _ in 0..LOOKS {
            let Some(item) = agenda.open.pop_front() else {
                break;
            };
            let mut system = tx.system();
            if system
                .any_past_term(item.scope, item.part, item.cutoff)
                .await?
            {
                found = Some(item);
                break;
            }
        }
        found
    };
    let Some(item) = found else { return Ok(0) };
    let mut tx = ctx.store.write().await?;
    let done = tx
        .system()
        .let_go(item.scope, item.part, item.cutoff, now, BITE)
        .await?;
    tx.commit().await?;
    // Another host is at it: that one goes on.
    let Some(done) = done else { return Ok(0) };
    if done.rows > 0 {
        let kind = item.part.kind();
        ctx.let_go.add(kind, done.rows);
        let tenant = item.scope.map(|t| t.to_string()).unwrap_or_default();
        tracing::info!(
            tenant.id = tenant,
            kind = kind.as_str(),
            part = item.part.as_str(),
            rows = done.rows,
            "let go of what is past its term"
        );
    }
    if done.more {
        agenda.open.push_front(item);
    }
    Ok(0)
}

/// Everything there is a term for.
async fn round(ctx: &Context, now: Ts) -> Result<VecDeque<Item>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let tenants = tx.system().retention_of_all().await?;
    drop(tx);
    let host = &ctx.terms;
    let mut open = VecDeque::new();
    for (tenant, own) in tenants {
        let terms = host.within(&own);
        open.extend(Part::ALL.into_iter().map(|part| Item {
            scope: Some(tenant),
            part,
            cutoff: cutoff(&terms, part, now),
        }));
    }
    open.extend(Part::OF_NOBODY.into_iter().map(|part| Item {
        scope: None,
        part,
        cutoff: cutoff(host, part, now),
    }));
    Ok(open)
}
