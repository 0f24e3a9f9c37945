//! Every statement there is, file by file, for the test that prepares them all on both engines.

use crate::db::Sql;

const FILES: &[&[Sql]] = &[
    crate::tenants::ALL,
    crate::apps::ALL,
    crate::numbers::ALL,
    crate::tokens::ALL,
    crate::contacts::ALL,
    crate::lists::ALL,
    crate::transactions::ALL,
    crate::consents::ALL,
    crate::wordings::ALL,
    crate::templates::ALL,
    crate::conversations::ALL,
    crate::handovers::ALL,
    crate::inbox::ALL,
    crate::plugins::ALL,
    crate::installations::ALL,
    crate::kv::ALL,
    crate::timers::ALL,
    crate::calls::ALL,
    crate::outbox::ALL,
    crate::lanes::ALL,
    crate::attempts::ALL,
    crate::statuses::ALL,
    crate::decisions::ALL,
    crate::chain::ALL,
    crate::facts::ALL,
    crate::facts::many::ALL,
    crate::facts::campaign::ALL,
    crate::accounts::ALL,
    crate::rejudge::ALL,
    crate::tier::ALL,
    crate::purchases::ALL,
    crate::activity::ALL,
    crate::segments::ALL,
    crate::segment_people::ALL,
    crate::segment_runs::ALL,
    crate::observations::ALL,
    crate::figures::ALL,
    crate::bulk::ALL,
    crate::imports::ALL,
    crate::outbox_many::ALL,
    crate::campaigns::ALL,
    crate::campaign_people::ALL,
];

pub(crate) fn all() -> impl Iterator<Item = Sql> {
    FILES.iter().flat_map(|file| file.iter().copied())
}
