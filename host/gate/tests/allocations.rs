//! When every rule passes, judging allocates nothing.

#![allow(
    unsafe_code,
    reason = "counting allocations needs an allocator of one's own"
)]
#![allow(clippy::unwrap_used, reason = "a test's helper may fail loudly")]
#![cfg(not(feature = "allow-everything"))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{Setup, granted};
use portero_domain::consent::ConsentScope;
use portero_gate::Verdict;
use portero_gate::record::{DecisionRecord, replay};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(record: &DecisionRecord) -> u64 {
    let before = COUNT.with(Cell::get);
    let again = replay(record);
    let made = COUNT.with(Cell::get) - before;
    assert!(again.same);
    made
}

#[test]
fn a_judgement_that_allows_allocates_nothing() {
    let mut long_ledger = Setup::promo();
    for n in 0..20 {
        long_ledger
            .consent()
            .push(granted(ConsentScope::Topic(format!("t{n}")), 2_000 + n));
    }
    for s in [
        Setup::reply("hola"),
        Setup::operator("hola"),
        Setup::utility(),
        Setup::code(),
        long_ledger,
    ] {
        for s in [s.clone(), s.at_dispatch()] {
            let judgement = s.judge();
            assert_eq!(judgement.verdict, Verdict::Allow);
            let record = DecisionRecord::new(&s.proposal, &s.facts, &s.policy, "1", &judgement);
            // The first time the zone data is read and the rule set hashed.
            allocations(&record);
            assert_eq!(allocations(&record), 0, "{:?}", s.proposal.purpose);
        }
    }
}

#[test]
fn the_counter_counts() {
    let mut s = Setup::promo();
    s.consent().clear();
    let judgement = s.judge();
    let record = DecisionRecord::new(&s.proposal, &s.facts, &s.policy, "1", &judgement);
    assert!(allocations(&record) > 0, "a finding is written down");
}
