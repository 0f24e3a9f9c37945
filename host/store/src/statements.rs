//! Every statement there is, file by file, for the test that prepares them all on both engines.

use crate::db::Sql;

const FILES: &[&[Sql]] = &[
    crate::tenants::ALL,
    crate::policies::ALL,
    crate::apps::ALL,
    crate::numbers::ALL,
    crate::tokens::ALL,
    crate::users::ALL,
    crate::logins::ALL,
    crate::audit::ALL,
    crate::contacts::ALL,
    crate::contact_search::ALL,
    crate::lists::ALL,
    crate::tombstones::ALL,
    crate::erasure::ALL,
    crate::person_rows::ALL,
    crate::transactions::ALL,
    crate::consents::ALL,
    crate::ledger::ALL,
    crate::wordings::ALL,
    crate::templates::ALL,
    crate::conversations::ALL,
    crate::told::ALL,
    crate::handovers::ALL,
    crate::home::ALL,
    crate::message_steps::ALL,
    crate::inbox::ALL,
    crate::plugins::ALL,
    crate::plugin_keys::ALL,
    crate::installations::ALL,
    crate::installation_secrets::ALL,
    crate::installation_versions::ALL,
    crate::instants::ALL,
    crate::kv::ALL,
    crate::timers::ALL,
    crate::calls::ALL,
    crate::journal::ALL,
    crate::uses::ALL,
    crate::outbox::ALL,
    crate::lanes::ALL,
    crate::attempts::ALL,
    crate::attempts_many::ALL,
    crate::spend::ALL,
    crate::statuses::ALL,
    crate::statuses_many::ALL,
    crate::decisions::ALL,
    crate::chain::ALL,
    crate::proof_links::ALL,
    crate::request_keys::ALL,
    crate::facts::ALL,
    crate::facts::many::ALL,
    crate::facts::campaign::ALL,
    crate::facts::reaction::ALL,
    crate::accounts::ALL,
    crate::rejudge::ALL,
    crate::tier::ALL,
    crate::purchases::ALL,
    crate::cart_ends::ALL,
    crate::standing::ALL,
    crate::registries::ALL,
    crate::activity::ALL,
    crate::segments::ALL,
    crate::segment_people::ALL,
    crate::segment_runs::ALL,
    crate::observations::ALL,
    crate::figures::ALL,
    crate::bulk::ALL,
    crate::import_consents::ALL,
    crate::imports::ALL,
    crate::outbox_many::ALL,
    crate::campaigns::ALL,
    crate::audience::ALL,
    crate::campaign_people::ALL,
    crate::campaign_counts::ALL,
    crate::waiting::ALL,
    crate::meta_asks::ALL,
    crate::notices::ALL,
    crate::webhooks::ALL,
    crate::webhook_deliveries::ALL,
    crate::statistics::ALL,
    crate::grid::ALL,
    crate::tables::ALL,
    crate::retention::ALL,
    crate::retention_changes::ALL,
    crate::retention_parts::ALL,
];

pub(crate) fn all() -> impl Iterator<Item = Sql> {
    FILES.iter().flat_map(|file| file.iter().copied())
}

/// SQLite's texts that look something up and were walked for before they carried a sign, with the index that must lead
/// each. For tests that look at plans.
#[must_use]
pub fn lookups() -> Vec<(&'static str, &'static str)> {
    let leads = [
        ("CAMPAIGN_OF_WAMID", "outbox_by_wamid"),
        ("MESSAGES_OF", "inbox_messages"),
    ];
    let text = |name: &str| all().find(|sql| sql.name == name).map(|sql| sql.sqlite);
    leads
        .into_iter()
        .filter_map(|(name, index)| Some((text(name)?, index)))
        .collect()
}
