//! One plugin and one batch. When the plugin stumbles, the batch is halved until the people it
//! stumbles over stand alone; everybody else is classified.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use portero_domain::ids::{ContactId, EventId};
use portero_domain::plugin::{CallMeta, Membership};
use portero_sandbox::{CallLimits, CallReport, HostServices, Loaded, MAX_BATCH, Outcome};
use portero_store::model::{
    InstallationRow, NewMember, PluginCall, SegmentPerson, SegmentWants, TenantRow,
};
use sha2::{Digest, Sha256};

use super::people;
use super::services::BatchServices;
use crate::context::Context;
use crate::error::FlowError;
use crate::fetch::Asking;
use crate::grants::Effective;
use crate::quota;

/// Failed calls spent on one batch; whoever is not looked at by then counts as stumbled over.
const MAX_FAILED_CALLS: usize = 48;
/// Fuel of a piece of a batch is its share of the batch's, and at least this.
const LEAST_FUEL: u64 = 50_000_000;
/// Wall time likewise.
const LEAST_WALL: Duration = Duration::from_millis(500);
/// Segments one plugin may offer.
const MAX_SEGMENTS: usize = 50;
/// Bytes of a reason (WIT `membership.reason`).
const MAX_REASON_BYTES: usize = 256;
/// Characters of a title.
const MAX_TITLE_CHARS: usize = 80;

/// What a batch came to.
pub(super) struct Looked {
    /// People the plugin looked at; erased ones too, they belong nowhere.
    pub(super) seen: Vec<ContactId>,
    /// Where they belong.
    pub(super) members: Vec<NewMember>,
    /// People it stumbled over, and how.
    pub(super) faults: Vec<(ContactId, String)>,
}

/// A segmentation plugin, ready to be asked.
pub struct Seat {
    pub(super) tenant: TenantRow,
    pub(super) row: InstallationRow,
    pub(super) loaded: Arc<Loaded>,
    pub(super) effective: Effective,
}

/// Stands for component, settings, grants and language: what a list of segments belongs to.
pub(super) fn fingerprint(parts: [&str; 4]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

impl Seat {
    /// Loads the component of an installation.
    ///
    /// # Errors
    /// The database, or a component that does not load any more.
    pub async fn load(
        ctx: &Context,
        tenant: TenantRow,
        row: InstallationRow,
    ) -> Result<Seat, FlowError> {
        let loaded = ctx.plugin(&row.digest).await?;
        let effective = Effective::of(loaded.manifest(), &row.grants);
        Ok(Seat {
            tenant,
            row,
            loaded,
            effective,
        })
    }

    /// What has to be read of people for this plugin.
    #[must_use]
    pub fn wants(&self) -> SegmentWants {
        people::wants(&self.effective)
    }

    /// Whether its segments are known as it is set up now.
    pub(super) async fn is_listed(&self, ctx: &Context) -> Result<bool, FlowError> {
        let print = fingerprint([
            &self.row.digest,
            &self.row.config,
            &self.row.grants,
            self.tenant.language.code(),
        ]);
        let mut tx = ctx.store.read().await?;
        let seats = tx.system().segmentation_seats().await?;
        Ok(seats
            .iter()
            .any(|s| s.installation == self.row.id && s.listed_for.as_deref() == Some(&print)))
    }

    pub(super) fn services(&self, ctx: &Context) -> Arc<dyn HostServices> {
        Arc::new(BatchServices {
            store: ctx.store.clone(),
            tenant: self.tenant.id,
            installation: self.row.id,
            config: self.row.config.clone(),
            effective: self.effective.clone(),
            now: ctx.now(),
            asking: Asking::of(ctx, self.tenant.id, self.row.id),
        })
    }

    /// Asks which segments it offers. The error says what was wrong, for the log.
    pub(super) async fn list(
        &self,
        ctx: &Context,
    ) -> Result<Vec<(String, BTreeMap<String, String>)>, String> {
        let limits = CallLimits::for_manifest(self.loaded.manifest());
        let seed = Sha256::digest(self.row.id.to_string().as_bytes()).into();
        let report = ctx
            .sandbox
            .call_segments(&self.loaded, &limits, self.services(ctx), ctx.now(), seed)
            .await;
        ctx.breakers
            .record(&self.row, ctx.clock.lease_now(), report.value.is_none());
        let Some(infos) = report.value else {
            return Err(format!("{:?}", report.outcome));
        };
        if infos.len() > MAX_SEGMENTS {
            return Err(format!("{} segments, at most {MAX_SEGMENTS}", infos.len()));
        }
        let mut seen = BTreeSet::new();
        let mut out = Vec::with_capacity(infos.len());
        for info in infos {
            let named = !info.id.is_empty()
                && info.id.len() <= 64
                && info
                    .id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
            if !named || !seen.insert(info.id.clone()) {
                return Err(format!(
                    "segment id `{}` is malformed or there twice",
                    info.id
                ));
            }
            let titles = info
                .titles
                .into_iter()
                .map(|(language, title)| (language, title.chars().take(MAX_TITLE_CHARS).collect()))
                .collect();
            out.push((info.id, titles));
        }
        Ok(out)
    }

    /// Looks at a batch. Logs and kv writes of calls that went well are kept; failed calls leave a
    /// record, so that the author sees them.
    pub(super) async fn classify(
        &self,
        ctx: &Context,
        people: &[SegmentPerson],
    ) -> Result<Looked, FlowError> {
        let now = ctx.now();
        let offered: BTreeSet<String> = {
            let mut tx = ctx.store.read().await?;
            let segments = tx.tenant(self.tenant.id).segment_names(self.row.id).await?;
            segments.into_iter().collect()
        };
        let mut looked = Looked {
            seen: people
                .iter()
                .filter(|p| p.erased)
                .map(|p| p.contact)
                .collect(),
            members: Vec::new(),
            faults: Vec::new(),
        };
        let living: Vec<&SegmentPerson> = people.iter().filter(|p| !p.erased).collect();
        let mut pieces: Vec<&[&SegmentPerson]> = Vec::new();
        if !living.is_empty() {
            pieces.push(&living);
        }
        let services = self.services(ctx);
        let mut failed_calls = 0;
        let mut any_ok = living.is_empty();
        let mut hard = false;
        while let Some(piece) = pieces.pop() {
            if failed_calls >= MAX_FAILED_CALLS {
                looked
                    .faults
                    .extend(piece.iter().map(|p| (p.contact, "not tried".to_owned())));
                continue;
            }
            let event = EventId::new(&*ctx.ids, now);
            let mut report = self.call(ctx, Arc::clone(&services), piece, event).await;
            let answer = report
                .value
                .take()
                .map(|found| resolve(self, piece, &offered, found));
            let fault = match answer {
                Some(Ok(members)) => match self.keep(ctx, &report).await? {
                    None => {
                        any_ok = true;
                        looked.members.extend(members);
                        looked.seen.extend(piece.iter().map(|p| p.contact));
                        continue;
                    }
                    Some(over_quota) => over_quota,
                },
                Some(Err(what)) => format!("invalid-output: {what}"),
                None => fault_of(&report.outcome),
            };
            failed_calls += 1;
            hard |= report.outcome.is_hard_failure() || report.outcome.is_ok();
            self.record(ctx, event, &fault, &report, piece.len())
                .await?;
            let half = piece.len() / 2;
            match (piece.first(), piece.split_at_checked(half)) {
                (Some(only), _) if piece.len() == 1 => {
                    looked.faults.push((only.contact, fault));
                }
                (_, Some((left, right))) => pieces.extend([right, left]),
                _ => {}
            }
        }
        let down = hard && !any_ok;
        ctx.breakers.record(&self.row, ctx.clock.lease_now(), down);
        Ok(looked)
    }

    async fn call(
        &self,
        ctx: &Context,
        services: Arc<dyn HostServices>,
        piece: &[&SegmentPerson],
        event: EventId,
    ) -> CallReport<Vec<Membership>> {
        let now = ctx.now();
        let contacts = piece
            .iter()
            .map(|p| people::contact(&self.row, &self.effective, p, now))
            .collect();
        let meta = CallMeta {
            event_id: event.to_string(),
            now,
            timezone: self.tenant.timezone.clone(),
            language: self.tenant.language.code().to_owned(),
            ext: Vec::new(),
        };
        let limits = share(
            CallLimits::for_manifest(self.loaded.manifest()),
            piece.len(),
        );
        let seed = Sha256::digest(event.to_string().as_bytes()).into();
        let report = ctx
            .sandbox
            .call_classify(&self.loaded, &limits, services, meta, contacts, seed)
            .await;
        if report.value.is_some() {
            ctx.counters.plugin_calls_ok.one();
        } else {
            ctx.counters.plugin_calls_failed.one();
        }
        report
    }

    /// Keeps what a call wrote; what is wrong when that is too much: then its answer is not used.
    async fn keep(
        &self,
        ctx: &Context,
        report: &CallReport<Vec<Membership>>,
    ) -> Result<Option<String>, FlowError> {
        let now = ctx.now();
        let writes = quota::writes(report, now);
        if writes.is_empty() {
            return Ok(None);
        }
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant.id);
        let after = of.kv_usage_after(self.row.id, &writes, now).await?;
        if after > quota::KV_QUOTA_BYTES {
            return Ok(Some(fault_of(&quota::over(after))));
        }
        of.kv_apply(self.row.id, &writes).await?;
        tx.commit().await?;
        Ok(None)
    }

    async fn record(
        &self,
        ctx: &Context,
        event: EventId,
        fault: &str,
        report: &CallReport<Vec<Membership>>,
        people: usize,
    ) -> Result<(), FlowError> {
        tracing::warn!(
            installation.id = %self.row.id, fault, people,
            "segmentation call failed; looking at halves"
        );
        let now = ctx.now();
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant.id);
        of.record_call(&PluginCall {
            call_id: format!("{event}:{}", self.row.id),
            installation: self.row.id,
            event,
            digest: self.row.digest.clone(),
            outcome: report.outcome.as_str().to_owned(),
            detail: format!("{fault} ({people} people)"),
            actions: 0,
            fuel: report.fuel_used,
            peak_memory_bytes: report.peak_memory_bytes,
            called_at: now,
        })
        .await?;
        let logs: Vec<(String, String)> = report
            .logs
            .iter()
            .map(|(level, line)| (level.as_str().to_owned(), line.clone()))
            .collect();
        if !logs.is_empty() {
            of.append_logs(self.row.id, event, &logs, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn fault_of(outcome: &Outcome) -> String {
    match outcome.detail() {
        Some(detail) => format!("{}: {detail}", outcome.as_str()),
        None => outcome.as_str().to_owned(),
    }
}

/// Limits of a piece: its share of a whole batch's, so that halving costs no more than twice.
pub(super) fn share(mut limits: CallLimits, people: usize) -> CallLimits {
    let (n, all) = (
        u64::try_from(people).unwrap_or(u64::MAX),
        u64::try_from(MAX_BATCH).unwrap_or(1),
    );
    let fuel = limits.fuel.saturating_mul(n) / all;
    limits.fuel = fuel.max(LEAST_FUEL.min(limits.fuel));
    let part = u32::try_from(people).unwrap_or(u32::MAX);
    let whole = u32::try_from(MAX_BATCH).unwrap_or(1);
    let wall = limits.wall.saturating_mul(part) / whole;
    limits.wall = wall.max(LEAST_WALL.min(limits.wall));
    limits
}

/// Handles back to people; segments that are not offered refuse the answer.
fn resolve(
    seat: &Seat,
    piece: &[&SegmentPerson],
    offered: &BTreeSet<String>,
    found: Vec<Membership>,
) -> Result<Vec<NewMember>, String> {
    let known: HashMap<String, ContactId> = piece
        .iter()
        .map(|p| {
            let handle = crate::consult::handle(&seat.row.handle_key, p.contact);
            (handle, p.contact)
        })
        .collect();
    found
        .into_iter()
        .map(|m| {
            if !offered.contains(&m.segment) {
                let shown: String = m.segment.chars().take(64).collect();
                return Err(format!("segment `{shown}` is not offered"));
            }
            let contact = known
                .get(&m.handle)
                .copied()
                .ok_or("a handle that this call was not given")?;
            if m.reason.len() > MAX_REASON_BYTES {
                return Err(format!("a reason over {MAX_REASON_BYTES} bytes"));
            }
            Ok(NewMember {
                contact,
                segment: m.segment,
                reason: m.reason,
            })
        })
        .collect()
}
