//! Words for a template, asked of a segmentation plugin. Whoever it stumbles over, or leaves out, is
//! left out of the campaign and counted; everybody else gets theirs. A plugin that fails for
//! everybody, or too often, is no word about these people: that is an error.

use std::collections::{BTreeMap, HashMap};

use portero_domain::ids::ContactId;
use portero_domain::plugin::CallMeta;
use portero_sandbox::{CallLimits, MAX_BATCH, TemplateSignature};
use portero_store::model::SegmentPerson;
use sha2::{Digest, Sha256};

use super::batch::{Seat, share};
use super::people;
use crate::addressees::Words;
use crate::context::Context;
use crate::error::FlowError;

/// Failed calls one after another that are no word about these people any more. (Finding one person it
/// stumbles over takes eight or nine, and calls that succeed come between.)
const MAX_FAILED_IN_A_ROW: usize = 48;

impl Seat {
    /// Words for these people. Fails when the plugin did. `purpose` (the campaign's id) feeds the guest's randomness, so that
    /// the plan and the run ask alike.
    pub(crate) async fn personalise(
        &self,
        ctx: &Context,
        contacts: &[ContactId],
        signature: &TemplateSignature,
        purpose: &str,
    ) -> Result<Words, FlowError> {
        let mut words = Words::new();
        let (mut failed_in_a_row, mut answered) = (0, 0_usize);
        for page in contacts.chunks(MAX_BATCH) {
            let mut tx = ctx.store.read().await?;
            let people = tx
                .tenant(self.tenant.id)
                .segment_people(page, self.wants())
                .await?;
            drop(tx);
            let living: Vec<&SegmentPerson> = people.iter().filter(|p| !p.erased).collect();
            let mut pieces: Vec<&[&SegmentPerson]> = vec![&living];
            while let Some(piece) = pieces.pop() {
                if piece.is_empty() {
                    continue;
                }
                match self.ask(ctx, piece, signature, purpose).await {
                    Some(found) => {
                        answered += 1;
                        failed_in_a_row = 0;
                        words.extend(found);
                    }
                    None => {
                        failed_in_a_row += 1;
                        if failed_in_a_row >= MAX_FAILED_IN_A_ROW {
                            return Err(self.silent());
                        }
                        if piece.len() > 1 {
                            let (left, right) = piece.split_at(piece.len() / 2);
                            pieces.push(right);
                            pieces.push(left);
                        }
                    }
                }
            }
        }
        if failed_in_a_row > 0 && answered == 0 && contacts.len() > 1 {
            return Err(self.silent());
        }
        Ok(words)
    }

    fn silent(&self) -> FlowError {
        FlowError::bad(
            "values",
            format!(
                "the plugin `{}` has no words: its calls fail; see `portero plugin list`",
                self.row.id
            ),
        )
    }

    /// One call; nothing when it failed.
    async fn ask(
        &self,
        ctx: &Context,
        piece: &[&SegmentPerson],
        signature: &TemplateSignature,
        purpose: &str,
    ) -> Option<HashMap<ContactId, BTreeMap<String, String>>> {
        let now = ctx.now();
        let contacts = piece
            .iter()
            .map(|p| people::contact(&self.row, &self.effective, p, now))
            .collect();
        let meta = CallMeta {
            event_id: purpose.to_owned(),
            now,
            timezone: self.tenant.timezone.clone(),
            language: self.tenant.language.code().to_owned(),
            ext: Vec::new(),
        };
        let limits = share(
            CallLimits::for_manifest(self.loaded.manifest()),
            piece.len(),
        );
        let seed = Sha256::digest(purpose.as_bytes()).into();
        let report = ctx
            .sandbox
            .call_personalise(
                &self.loaded,
                &limits,
                self.services(ctx),
                meta,
                contacts,
                signature.clone(),
                seed,
            )
            .await;
        let Some(found) = report.value else {
            ctx.counters.plugin_calls_failed.one();
            tracing::warn!(
                installation.id = %self.row.id, fault = report.outcome.as_str(), people = piece.len(),
                "no words for a campaign"
            );
            return None;
        };
        ctx.counters.plugin_calls_ok.one();
        let known: HashMap<String, ContactId> = piece
            .iter()
            .map(|p| {
                let handle = crate::consult::handle(&self.row.handle_key, p.contact);
                (handle, p.contact)
            })
            .collect();
        Some(
            found
                .into_iter()
                .filter_map(|one| {
                    let contact = known.get(&one.handle).copied()?;
                    Some((contact, one.values.into_iter().collect()))
                })
                .collect(),
        )
    }
}
