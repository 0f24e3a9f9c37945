//! The one place that speaks SQL: SQLite and Postgres behind one set of statements.
//!
//! [`Store::write`] and [`Store::read`] give a [`Tx`]; [`Tx::tenant`] reaches one tenant's rows and
//! no others, [`Tx::system`] is the closed list of what spans tenants. Time, ids and random bytes
//! are passed in: SQL never asks the database for them.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[macro_use]
mod db;

mod accounts;
mod activity;
mod apps;
mod attempts;
mod attempts_many;
mod audience;
mod audit;
mod belonging;
mod bulk;
mod calls;
mod campaign_counts;
mod campaign_people;
mod campaigns;
mod cart_ends;
mod chain;
mod consents;
mod contact_search;
mod contacts;
mod conversations;
mod decisions;
mod engine;
mod erasure;
mod error;
mod event_row;
mod facts;
mod figures;
mod grid;
mod handovers;
mod home;
mod import_consents;
mod imports;
mod inbox;
mod installation_secrets;
mod installation_versions;
mod installations;
mod instants;
mod journal;
mod json;
mod kv;
mod lanes;
mod ledger;
mod lists;
mod logins;
mod message_steps;
mod meta_asks;
pub mod model;
mod notices;
mod numbers;
mod observations;
mod outbox;
mod outbox_many;
mod outbox_row;
mod person_rows;
mod plugin_keys;
mod plugins;
mod policies;
mod proof_links;
mod purchases;
mod registries;
mod rejudge;
mod request_keys;
mod retention;
mod retention_changes;
mod retention_parts;
mod rows;
mod seal;
mod segment_people;
mod segment_runs;
mod segments;
mod spend;
mod standing;
mod statements;
mod statistics;
mod statuses;
mod statuses_many;
mod tables;
mod templates;
mod tenants;
mod tier;
mod timers;
mod tokens;
mod told;
mod tombstones;
mod transactions;
mod tx;
mod users;
mod uses;
mod waiting;
mod webhook_deliveries;
mod webhooks;
mod wordings;
mod writer;

pub use engine::{EngineKind, Store};
pub use error::StoreError;
pub use seal::MasterKey;
pub use tx::{SystemTx, TenantTx, Tx};
