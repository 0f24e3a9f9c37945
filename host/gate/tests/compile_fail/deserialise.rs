//! A clearance cannot be read from a database.

use portero_gate::Cleared;

fn stored(json: &str) -> Option<Cleared> {
    serde_json::from_str::<Cleared>(json).ok()
}

fn main() {
    let _ = stored;
}
