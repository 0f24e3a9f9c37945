//! The one constructor is the gate's own.

use portero_domain::clock::Ts;
use portero_domain::proposal::Proposal;
use portero_gate::{Cleared, Ticket};

fn forge(proposal: &Proposal, ticket: &Ticket, now: Ts) -> Cleared {
    Cleared::issue(proposal, ticket, now)
}

fn main() {
    let _ = forge;
}
