//! Rows and inputs, in one place for those who call.

pub use crate::accounts::{AccountEntry, AccountRow, ChangePlace};
pub use crate::activity::Interaction;
pub use crate::apps::AppSecrets;
pub use crate::attempts::{AttemptEnd, AttemptRow, NewAttempt};
pub use crate::attempts_many::{AcceptedAttempt, Beginning};
pub use crate::audit::{AuditFilter, AuditRow, NewAudit, audit_lists};
pub use crate::belonging::{STAY_BEHIND, rows_of_tenant};
pub use crate::bulk::BulkPerson;
pub use crate::calls::{LogRow, MetricEvent, PluginCall};
pub use crate::campaign_people::{
    Addressee, CampaignPerson, PeopleFilter, PlannedPerson, TurnTaken,
};
pub use crate::campaigns::{AwakeCampaign, CampaignRow};
pub use crate::cart_ends::{AboutCart, CART_EMPTIED, CART_ORDERED};
pub use crate::chain::ChainReport;
pub use crate::contact_search::folded;
pub use crate::contacts::{ContactRow, NewContact};
pub use crate::conversations::ConversationRow;
pub use crate::decisions::{
    DecisionFilter, DecisionRow, ReasonCount, verdict_counts, verdict_lists,
};
pub use crate::erasure::{Counts, ERASED, Erased, ErasureOrder, emptied};
pub use crate::event_row::{ClaimedEvent, EventRow, EventState, NewEvent};
pub use crate::facts::many::MANY;
pub use crate::facts::{FactsQuery, SpendQuery};
pub use crate::figures::{FigureRow, TallyCursor};
pub use crate::grid::{Standing, grid_counts};
pub use crate::handovers::{HandedOver, HandedOverCursor, HandoverEvent, Unanswered};
pub use crate::home::{DayState, WebhookSeen, home_statements};
pub use crate::import_consents::{ImportConsent, KnownPerson};
pub use crate::imports::{ImportCounts, ImportFault, ImportRow, ImportStep, NewImport};
pub use crate::inbox::{FinishedEvent, NewDelivery, message_lane};
pub use crate::installation_secrets::{InstallationSecret, InstallationSecretRow};
pub use crate::installation_versions::{InstallationVersion, NextVersion, PendingVersion};
pub use crate::installations::{InstallationRow, NewInstallation};
pub use crate::journal::{NewRecording, RecordedCall};
pub use crate::kv::StoredKvWrite;
pub use crate::lanes::{ClaimedLane, IdleCounts, LaneRelease};
pub use crate::ledger::{LedgerFilter, LedgerRow, ledger_statement};
pub use crate::lists::{BlockRow, SANDBOX_MAX};
pub use crate::logins::LoginCount;
pub use crate::message_steps::{Stands, StepFilter, step_lists};
pub use crate::meta_asks::{Ask, TakenAsk};
pub use crate::notices::NOTICES_KEPT;
pub use crate::numbers::{NewNumber, NumberRow, Route};
pub use crate::observations::{
    MessageLabels, ObservationRow, Tallied, TalliedMessage, UntalliedConsent, UntalliedFailure,
    UntalliedInbound, UntalliedMessage, UntalliedMetric,
};
pub use crate::outbox::{NewOutbox, OutboxFilter};
pub use crate::outbox_row::OutboxRow;
pub use crate::person_rows::PersonTimer;
pub use crate::plugin_keys::{InstallationOrigin, PluginKey};
pub use crate::plugins::{NewPlugin, PluginRow, PluginSummary};
pub use crate::policies::{HOST, NewPolicy, PolicyRow, revision_of};
pub use crate::proof_links::{NewProofLink, ProofLinkRow, SealRow};
pub use crate::purchases::{CartRow, CartState, PurchaseRow};
pub use crate::registries::{ListedPerson, NewCopy, RegistryRow};
pub use crate::request_keys::{KeyMade, KeyedRequest};
pub use crate::retention::{Let, Past, WalkRow};
pub use crate::retention_changes::TermsChange;
pub use crate::retention_parts::Part;
pub use crate::rows::{Cell, RowFilter, rows_at_once};
pub use crate::seal::JournalKey;
pub use crate::segment_people::{OpenCart, SegmentPerson, SegmentWants};
pub use crate::segment_runs::{BatchOutcome, SegmentRun, SegmentationRow, SegmentationSeat};
pub use crate::segments::{MemberChanges, MemberRow, MembershipRow, NewMember, SegmentRow};
pub use crate::spend::MonthCost;
pub use crate::statements::lookups;
pub use crate::statuses::{StatusEffect, StatusRow};
pub use crate::tables::{Column, ColumnKind, Table};
pub use crate::tenants::{NewTenant, TenantRow};
pub use crate::timers::{NewTimer, TimerRow};
pub use crate::tokens::{NewToken, TokenRow};
pub use crate::tombstones::ErasureRow;
pub use crate::transactions::TransactionRow;
pub use crate::users::{NewUser, UserRow};
pub use crate::uses::{KeptOfCalls, ProposedKind};
pub use crate::waiting::PersonsCampaign;
pub use crate::webhook_deliveries::{AfterTry, DeliveryRow, DueDelivery, TryRow};
pub use crate::webhooks::{NewWebhook, WEBHOOKS_MAX, WebhookRow};
pub use crate::wordings::Wording;
