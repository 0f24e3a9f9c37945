//! A clearance cannot be copied.

use portero_gate::Cleared;

fn twice(cleared: &Cleared) -> Cleared {
    Cleared::clone(cleared)
}

fn main() {
    let _ = twice;
}
