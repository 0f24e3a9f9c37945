//! `host/docs/rules.md` is what the rules' files say.

use std::path::Path;

/// Renews the page when `UPDATE_DOCS=1`; compares it otherwise.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the switch of a test, not a setting of the host"
)]
fn the_page_of_the_rules_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let page = portero_gate::rules_page();
    if std::env::var("UPDATE_DOCS").is_ok_and(|v| v == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "host/docs/rules.md is stale: UPDATE_DOCS=1 cargo test -p portero-gate --test docs"
    );
}
