//! What is asked of campaigns and what is answered.

use std::collections::BTreeMap;

use portero_domain::campaign::{Audience, CampaignDefinition, ValueSource};
use portero_domain::clock::Ts;
use portero_domain::ids::{CampaignId, ContactId, OutboxId};
use portero_domain::proposal::Purpose;
use portero_store::model::CampaignPerson;
use serde::{Deserialize, Serialize};

use crate::desk::export;
use crate::plan::Finish;

/// A campaign to be written down.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignRequest {
    /// Name for people, 1 to 80 characters.
    pub name: String,
    /// From which number; may be left out when the tenant has one.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// Template by name.
    pub template: String,
    /// Meta's language code.
    pub language: String,
    /// What for; `promotional` unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "promotional")]
    pub purpose: Option<Purpose>,
    /// Word of the tenant's vocabulary.
    #[serde(default)]
    pub topic: Option<String>,
    /// Why these people get it, 1 to 500 characters.
    pub why: String,
    /// `{"who":"segment","installation":"ins_…","segment":"dormant"}`, `{"who":"tag","tag":"vip"}`, `{"who":"all"}`.
    #[schema(value_type = Object)]
    pub audience: Audience,
    /// Slot → where its value comes from: `{"body.nombre":{"from":"name","fallback":"amigo"}}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, ValueSource>,
    /// Not before, RFC 3339; without it somebody has to start it.
    #[serde(default)]
    pub start_at: Option<String>,
    /// Spread evenly over so many hours, 0 to 168.
    #[serde(default)]
    pub spread_hours: u32,
}

/// Which plan is approved.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRequest {
    /// The plan's hash, as the plan shows it.
    pub plan_hash: String,
}

/// Why a campaign is paused or stopped.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignReason {
    /// Shown to everybody who looks.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A campaign and where it stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CampaignView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: CampaignId,
    /// Name.
    pub name: String,
    /// `draft`, `planned`, `approved`, `running`, `paused`, `stopped`, `done`.
    pub state: String,
    /// Why it is paused or stopped: `operator`, `overdue`, `approval`, or a rule.
    pub reason: Option<String>,
    /// The reason in figures or words.
    pub reason_detail: Option<String>,
    /// What an approval covers.
    #[schema(value_type = Object)]
    pub definition: CampaignDefinition,
    /// Who wrote it: a token.
    pub author: String,
    /// The plan's hash; approve with it.
    pub plan_hash: Option<String>,
    /// When planned, RFC 3339.
    pub planned_at: Option<String>,
    /// Who approved it: a token.
    pub approved_by: Option<String>,
    /// Until when the approval is good, RFC 3339.
    pub approval_expires_at: Option<String>,
    /// When first started, RFC 3339.
    pub started_at: Option<String>,
    /// When its next turn comes, RFC 3339.
    pub next_at: Option<String>,
    /// When it came to its end, RFC 3339.
    pub finished_at: Option<String>,
    /// Where it stands in figures.
    pub progress: Progress,
    /// When written down, RFC 3339.
    pub created_at: String,
}

/// Where a campaign's people stand; `counts` add up to `people`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// People in the audience.
    pub people: u64,
    /// `waiting`, `left_out`, `withdrawn`, and the states of messages.
    pub counts: BTreeMap<String, u64>,
    /// Meta's last word on what was sent: `accepted`, `sent`, `delivered`, `read`, `failed`.
    pub statuses: BTreeMap<String, u64>,
    /// People reached who withdrew their consent afterwards.
    pub opted_out: u64,
    /// When these were counted, RFC 3339; absent when that was now. Of twenty thousand people and more they are as
    /// they were a moment ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<String>,
    /// What holds it now: `number` (`number yellow`, `template yellow`,
    /// `number and template yellow`), `spread`, `canary`, `deferred`, a reason of the pause, or nothing.
    pub limiter: Option<String>,
}

/// A plan: who would get it, who would not and why, what it costs, when it ends.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PlanView {
    /// Which campaign.
    #[schema(value_type = String)]
    pub campaign: CampaignId,
    /// Approve with this.
    pub hash: String,
    /// When planned, RFC 3339.
    pub planned_at: Option<String>,
    /// People in the audience; the slices add up to it.
    pub people: u64,
    /// Would get it at once.
    pub now: u64,
    /// Would get it later.
    pub later: u64,
    /// Would wait for a person's decision.
    pub review: u64,
    /// Would not get it.
    pub never: u64,
    /// The same by first decisive rule.
    pub slices: Vec<SliceView>,
    /// People without a value, by slot.
    pub missing: BTreeMap<String, u64>,
    /// The longest texts, as the people would read them.
    pub previews: Vec<PreviewView>,
    /// Why there are none: the plugin that has the words failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_error: Option<String>,
    /// People who came in from lists and were not reached by a campaign since: over fifty of them, fifty
    /// go first and the rest an hour later, and the brake works at half its sample and shares.
    pub imported: u64,
    /// When it would be through.
    pub finish: Finish,
    /// What it would cost.
    pub cost: CostView,
    /// What it does to the limit on people the business may write to first.
    pub portfolio: PortfolioView,
}

/// Part of an audience.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SliceView {
    /// `now`, `later`, `review`, `never`.
    pub slice: String,
    /// The first decisive rule.
    pub rule: Option<String>,
    /// Its title by language.
    pub title: BTreeMap<String, String>,
    /// People; see `GET /v1/campaigns/{id}/people`.
    pub people: u64,
}

/// One person's text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PreviewView {
    /// Who.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// The header with its value: a text, or the link of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The body with its values.
    pub text: String,
    /// The footer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// What is on the buttons, and where those lead that lead somewhere.
    pub buttons: Vec<String>,
    /// Length of the body.
    pub characters: u64,
}

/// Estimated cost.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CostView {
    /// ISO 4217.
    pub currency: String,
    /// Sum of what is known.
    pub known: String,
    /// Messages whose price is not known; they are not in the sum.
    pub unknown_messages: u64,
    /// By country and category.
    pub lines: Vec<CostLine>,
    /// Where the prices come from.
    pub source: String,
    /// First day of these prices.
    pub effective: String,
    /// Meta may have changed its prices since.
    pub stale: bool,
}

/// Cost in one country.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CostLine {
    /// Two letters; `?` when not known.
    pub country: String,
    /// Meta's category.
    pub category: String,
    /// Messages.
    pub messages: u64,
    /// Per message; absent when not known.
    pub price: Option<String>,
    /// In all; absent when not known.
    pub amount: Option<String>,
    /// `compared`, `single`, `unconfirmed`.
    pub confidence: Option<String>,
}

/// The portfolio's limit.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PortfolioView {
    /// People the business may write to first in 24 hours; absent when there is no limit, or it is not
    /// known: then the smallest, 250, is reckoned with.
    pub limit: Option<u64>,
    /// Whether there is none.
    pub unlimited: bool,
    /// People it has written to first in the last 24 hours, counted no further than one over the limit.
    pub used: u64,
    /// People this campaign would write to first: not those who count already, nor those who wrote
    /// within 24 hours.
    pub needed: u64,
    /// Of those, more than there is room for today (95 % of the limit is for promotion); they would wait.
    pub over: u64,
}

/// One person of a campaign.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonView {
    /// Who.
    #[schema(value_type = String)]
    pub contact: ContactId,
    /// `waiting`, `left_out`, `withdrawn`, or the state of the message.
    pub state: String,
    /// What the plan said: `now`, `later`, `review`, `never`.
    pub planned: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The message.
    #[schema(value_type = Option<String>)]
    pub message: Option<OutboxId>,
    /// Meta's word on it.
    pub status: Option<String>,
    /// Meta's error.
    pub error_code: Option<i64>,
    /// When its last attempt began, RFC 3339.
    pub begun_at: Option<String>,
    /// Not before, RFC 3339.
    pub not_before: Option<String>,
    /// Why these people get it, in the shop's words.
    pub why: String,
    /// Why the segment had this person when the audience was fixed, in the plugin's words.
    pub reason: Option<String>,
}

impl PersonView {
    pub(super) fn of(person: CampaignPerson, why: &str) -> PersonView {
        PersonView {
            contact: person.contact,
            state: person.state,
            planned: person.planned,
            rule: person.rule,
            message: person.outbox,
            status: person.status,
            error_code: person.error_code,
            begun_at: person.begun_at.map(Ts::rfc3339),
            not_before: person.not_before.map(Ts::rfc3339),
            why: why.to_owned(),
            reason: person.reason,
        }
    }

    /// Head of the export.
    pub const CSV_HEAD: &'static str =
        "contact,planned,state,status,rule,error_code,message,begun_at,not_before,why,reason";

    /// One line of the export, without its end.
    #[must_use]
    pub fn csv(&self) -> String {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        // Only the last two can hold a comma, a quote or a line's end.
        format!(
            "{},{},{},{},{},{},{},{},{},{},{}",
            self.contact,
            text(&self.planned),
            self.state,
            text(&self.status),
            text(&self.rule),
            self.error_code.map(|c| c.to_string()).unwrap_or_default(),
            self.message.map(|m| m.to_string()).unwrap_or_default(),
            text(&self.begun_at),
            text(&self.not_before),
            quoted(&self.why),
            quoted(self.reason.as_deref().unwrap_or_default()),
        )
    }
}

/// A free text as a field of its own, that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("\"{}\"", export::guarded(text).replace('"', "\"\""))
}

/// Which people to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleQuery {
    /// In one state.
    pub state: Option<String>,
    /// In one slice of the plan.
    pub planned: Option<String>,
    /// Decided by one rule.
    pub rule: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// After this one.
    pub after: Option<String>,
}
