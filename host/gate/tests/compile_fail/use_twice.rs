//! A clearance is used up by opening it.

use portero_domain::clock::Ts;
use portero_gate::Cleared;

fn twice(cleared: Cleared, now: Ts) {
    let _ = cleared.open(now);
    let _ = cleared.open(now);
}

fn main() {
    let _ = twice;
}
