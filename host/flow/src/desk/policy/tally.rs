//! Records judged three times: as they were, under today's policy and under another; what differs is counted.

use std::collections::{BTreeMap, HashMap, HashSet};

use portero_domain::ids::OutboxId;
use portero_gate::record::{DecisionRecord, RULESET_HASH, judge_under};
use portero_gate::{Judgement, Policy, Verdict};
use portero_store::model::DecisionRow;

use super::whatif::{EffectView, ExampleView, ReasonView, VerdictShort};
use crate::desk::verdicts::sentences;

/// The form of records that this build reads.
const FORM: u32 = 1;
/// Records of another form, or that do not read any more.
const OLDER: &str = "older_form";

/// Verdict and rule: before, after.
type Turn = (Verdict, Option<String>, Verdict, Option<String>);

#[derive(Default)]
struct Effect {
    verdicts: u64,
    messages: HashSet<OutboxId>,
    examples: Vec<ExampleView>,
}

/// What is counted, page by page.
pub(super) struct Tally {
    today: Policy,
    revision: String,
    proposed: Policy,
    examples: usize,
    pub(super) judged: u64,
    pub(super) changed: u64,
    messages: HashSet<OutboxId>,
    touched: HashSet<OutboxId>,
    effects: HashMap<Turn, Effect>,
    pub(super) already: u64,
    pub(super) already_other_policy: u64,
    pub(super) already_other_rules: u64,
    unjudged: BTreeMap<String, u64>,
}

fn turn(was: &Judgement, now: &Judgement) -> Turn {
    (
        was.verdict,
        was.primary.clone(),
        now.verdict,
        now.primary.clone(),
    )
}

/// Whether a person would notice: another verdict, rule or instant.
fn differs(was: &Judgement, now: &Judgement) -> bool {
    (was.verdict, &was.primary, was.until) != (now.verdict, &now.primary, now.until)
}

/// The fact that a policy asks for and the record does not hold, since no rule asked for it then.
fn missing<'a>(was: &Judgement, now: &'a Judgement) -> Option<&'a str> {
    now.findings
        .iter()
        .filter(|f| f.outcome.is_some() && f.value == "unknown")
        .find(|f| {
            !was.findings
                .iter()
                .any(|w| w.rule == f.rule && w.value == f.value)
        })
        .map(|f| f.limit.as_str())
}

impl Tally {
    pub(super) fn new(today: Policy, revision: String, proposed: Policy, examples: usize) -> Tally {
        Tally {
            today,
            revision,
            proposed,
            examples,
            judged: 0,
            changed: 0,
            messages: HashSet::new(),
            touched: HashSet::new(),
            effects: HashMap::new(),
            already: 0,
            already_other_policy: 0,
            already_other_rules: 0,
            unjudged: BTreeMap::new(),
        }
    }

    /// Judges a page of records.
    pub(super) fn page(mut self, rows: Vec<DecisionRow>) -> Tally {
        for row in &rows {
            self.record(row);
        }
        self
    }

    fn record(&mut self, row: &DecisionRow) {
        let Ok(record) = serde_json::from_str::<DecisionRecord>(&row.record) else {
            return self.not(OLDER);
        };
        if record.form != FORM {
            return self.not(OLDER);
        }
        let was = &record.judgement;
        let today = judge_under(&record, &self.today);
        let now = judge_under(&record, &self.proposed);
        if let Some(fact) = missing(was, &today).or_else(|| missing(was, &now)) {
            return self.not(&format!("missing:{fact}"));
        }
        self.judged += 1;
        self.messages.insert(row.outbox);
        if differs(was, &today) {
            self.already += 1;
            self.already_other_rules += u64::from(record.ruleset != *RULESET_HASH);
            let policy = record.policy_revision != self.revision;
            self.already_other_policy += u64::from(policy);
        }
        if !differs(&today, &now) {
            return;
        }
        self.changed += 1;
        self.touched.insert(row.outbox);
        let effect = self.effects.entry(turn(&today, &now)).or_default();
        effect.verdicts += 1;
        effect.messages.insert(row.outbox);
        if effect.examples.len() < self.examples {
            effect.examples.push(ExampleView {
                verdict: row.id,
                message: row.outbox,
                contact: row.contact,
                stage: row.stage,
                at: row.decided_at.rfc3339(),
                was: sentences(&today),
                now: sentences(&now),
            });
        }
    }

    fn not(&mut self, why: &str) {
        *self.unjudged.entry(why.to_owned()).or_default() += 1;
    }

    pub(super) fn messages(&self) -> (u64, u64) {
        let count = |of: &HashSet<OutboxId>| of.len() as u64;
        (count(&self.messages), count(&self.touched))
    }

    /// What changes, the most frequent first.
    pub(super) fn effects(&mut self) -> Vec<EffectView> {
        let said = |verdict: Verdict, rule: Option<String>| VerdictShort {
            verdict: verdict.as_str().to_owned(),
            title: rule
                .as_deref()
                .map(crate::desk::reasons::title)
                .unwrap_or_default(),
            rule,
        };
        let mut all: Vec<EffectView> = std::mem::take(&mut self.effects)
            .into_iter()
            .map(|((was, was_rule, now, now_rule), effect)| EffectView {
                from: said(was, was_rule),
                to: said(now, now_rule),
                verdicts: effect.verdicts,
                messages: effect.messages.len() as u64,
                examples: effect.examples,
            })
            .collect();
        all.sort_by(|a, b| {
            let key = |e: &EffectView| {
                let of = |s: &VerdictShort| (s.verdict.clone(), s.rule.clone());
                (of(&e.from), of(&e.to))
            };
            b.verdicts
                .cmp(&a.verdicts)
                .then_with(|| key(a).cmp(&key(b)))
        });
        all
    }

    pub(super) fn unjudged(&self) -> Vec<ReasonView> {
        let counted = |(reason, verdicts): (&String, &u64)| ReasonView {
            reason: reason.clone(),
            verdicts: *verdicts,
        };
        self.unjudged.iter().map(counted).collect()
    }
}
