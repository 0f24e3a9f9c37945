//! Plugins that misbehave, each with the class its call must end in, a time bound, memory back to
//! what it was, and an honest plugin served afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test binary: it may fail loudly and measures real time"
)]

mod behaviour;
mod cases;
#[path = "../guests/hostile/src/deeds.rs"]
#[expect(unreachable_pub, reason = "public in the guest, whose file this is")]
mod deeds;
mod files;
mod harness;
mod host;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // One after the other: each case looks at the memory of the whole process.
    arguments.test_threads = Some(1);
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(cases::trials());
    trials.extend(files::trials());
    trials.extend(behaviour::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
