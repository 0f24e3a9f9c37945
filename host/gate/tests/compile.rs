//! A clearance cannot be built, copied, read from JSON or used twice outside the gate.

#[test]
fn a_clearance_is_made_by_the_gate_alone_and_used_once() {
    let t = trybuild::TestCases::new();
    t.compile_fail("tests/compile_fail/*.rs");
}
