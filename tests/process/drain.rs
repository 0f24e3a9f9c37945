//! A polite end: what is in hand is finished, nothing is lost, and nobody waits for ever.

use serde_json::json;

use crate::crash::until;
use crate::ledger::Ledger;
use crate::street::{Host, SlowAnswers, Street};

/// A message of the shop has left and Meta's answer has not come.
async fn an_answer_hangs(street: &mut Street, drain_secs: u64) -> (Host, SlowAnswers) {
    let (host, slow) = street.host_of_slow_answers(drain_secs).await;
    let before = street.accepted().await.len();
    street.ask(1).await;
    let there = async || street.accepted().await.len() > before;
    until("Meta has the message", there).await;
    (host, slow)
}

/// The signal has come: nothing more is taken on.
async fn told(host: &Host) {
    host.process.terminate();
    let heard = async || host.process.errors().contains("stopping:");
    until("it hears the signal", heard).await;
}

pub(crate) async fn what_is_in_flight_is_settled_before_the_end(url: Option<String>) {
    let mut street = Street::build(41, 40, url).await;
    let (mut host, slow) = an_answer_hangs(&mut street, 60).await;
    told(&host).await;
    // More comes while it waits: nobody listens any more, so Meta keeps it and comes again.
    street.ask(3).await;
    assert_eq!(host.process.ended(), None, "{}", host.process.errors());
    slow.let_go();
    assert_eq!(
        host.process.wait().code(),
        Some(0),
        "{}",
        host.process.errors()
    );
    let (_, said) = host.process.said();
    assert!(said.contains("nothing was left in hand"), "{said}");
    // Settled by its own host, with Meta's id: no other has anything to find out.
    let next = street.start();
    street.settle(&next).await;
    let ledger = Ledger::close(&street, &next, 0).await;
    assert_eq!(ledger.unknown, 0);
    assert_eq!(ledger.sent, street.said.len());
}

pub(crate) async fn a_second_signal_or_the_end_of_patience_ends_it(url: Option<String>) {
    let engine_is_shared = url.is_some();
    let mut street = Street::build(42, 40, url).await;
    let (mut host, _slow) = an_answer_hangs(&mut street, 60).await;
    told(&host).await;
    assert_eq!(host.process.ended(), None);
    host.process.terminate();
    assert_eq!(
        host.process.wait().code(),
        Some(1),
        "{}",
        host.process.errors()
    );
    let (_, said) = host.process.said();
    assert!(said.contains("stopped at once"), "{said}");
    if engine_is_shared {
        // There its leases run for three minutes yet: whoever comes next must not touch them.
        return;
    }
    let (mut host, _slow) = an_answer_hangs(&mut street, 1).await;
    told(&host).await;
    assert_eq!(
        host.process.wait().code(),
        Some(0),
        "{}",
        host.process.errors()
    );
    let (_, said) = host.process.said();
    assert!(said.contains("had not ended after 1 s"), "{said}");
    // What nobody heard the answer of is found out by its statuses, and sent once.
    let next = street.start();
    street.faults(json!({ "duplicate_percent": 100 })).await;
    street.settle(&next).await;
    Ledger::close(&street, &next, 0).await;
}
