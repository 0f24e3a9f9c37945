//! With `allow-everything` the gate lets everything through: then the simulator is alone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helper may fail loudly"
)]
#![cfg(feature = "allow-everything")]

mod common;

use common::{Setup, text};
use portero_gate::facts::{Stop, TenantMode};
use portero_gate::{Fact, Verdict};

#[test]
fn everything_is_cleared() {
    let mut s = Setup::promo();
    s.facts.consent = Fact::Unknown;
    s.facts.window = Fact::Unknown;
    s.facts.tenant.mode = TenantMode::Live;
    s.facts.tenant.stopped = Some(Stop {
        scope: "all".into(),
        since: s.now,
        reason: String::new(),
    });
    s.proposal.expires_at = s.now;
    assert_eq!(s.judge().verdict, Verdict::Allow);
    assert!(s.clone().at_dispatch().clear().cleared.is_some());
    let mut s = Setup::operator("x").at_dispatch();
    s.proposal.content = text("");
    assert!(s.clear().cleared.is_some());
}
