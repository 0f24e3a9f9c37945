//! Outside the gate a clearance has no fields to fill in.

use portero_gate::Cleared;

fn forge(other: Cleared) -> Cleared {
    Cleared { ..other }
}

fn main() {
    let _ = forge;
}
