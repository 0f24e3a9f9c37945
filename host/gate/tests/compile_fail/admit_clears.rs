//! Admission yields a judgement and nothing that could be sent.

use portero_domain::clock::Ts;
use portero_domain::proposal::Proposal;
use portero_gate::{Cleared, Facts, Policy, admit};

fn early(proposal: &Proposal, facts: &Facts, policy: &Policy, now: Ts) -> Option<Cleared> {
    admit(proposal, facts, policy, now).cleared
}

fn main() {
    let _ = early;
}
