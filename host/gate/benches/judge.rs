//! What a verdict costs: medians, and the ratio to a loop that judges nothing. Only reports.
//!
//! `cargo bench -p portero-gate`. Detectors and hashing are listed apart: they run once per content.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "a benchmark prints and may fail loudly"
)]

#[path = "../src/testing.rs"]
mod testing;

use std::hint::black_box;
use std::time::Instant;

use portero_domain::ids::{AttemptId, DecisionId};
use portero_gate::record::{DecisionRecord, content_hash};
use portero_gate::words::{WordContext, recognise};
use portero_gate::{Ticket, admit, clear};
use testing::{Setup, granted, id, positional, send};

const BATCH: u32 = 2_000;
const BATCHES: usize = 41;

/// Nanoseconds of one call: the median over batches.
#[expect(
    clippy::disallowed_methods,
    reason = "a stopwatch is the point of a benchmark"
)]
fn median(mut call: impl FnMut()) -> u128 {
    let mut of_batches: Vec<u128> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                call();
            }
            start.elapsed().as_nanos() / u128::from(BATCH)
        })
        .collect();
    of_batches.sort_unstable();
    of_batches[BATCHES / 2]
}

fn line(name: &str, ns: u128, base: u128) {
    println!("{name:<44} {ns:>8} ns   {:>6} x empty", ns / base.max(1));
}

fn main() {
    let mut promo = Setup::promo();
    promo.proposal.content = portero_domain::content::Content::Template(send(
        "promo_v1",
        &[positional("Ana"), positional("20 %")],
    ));
    promo.registry().slots.body = vec!["1".into(), "2".into()];
    promo.registry().body = "Hola {{1}}, hoy {{2}} de descuento en toda la tienda.".into();
    for n in 0..6 {
        promo.consent().push(granted(
            portero_domain::consent::ConsentScope::Topic(format!("t{n}")),
            2_000 + n,
        ));
    }
    promo.refresh();
    let mut reply =
        Setup::reply("Hola Ana, tu pedido 881 salió hoy y llega mañana antes de las seis.");
    reply.refresh();
    let ticket = Ticket {
        attempt: AttemptId::from_uuid(id(7)),
        decision: DecisionId::from_uuid(id(8)),
    };

    let empty = median(|| {
        black_box((
            black_box(&promo.proposal),
            black_box(&promo.facts),
            black_box(&promo.policy),
        ));
    });
    println!("{:<44} {empty:>8} ns", "empty judgement");
    for (name, s) in [
        ("promotion (template)", &promo),
        ("direct reply (text)", &reply),
    ] {
        assert_eq!(s.judge().verdict, portero_gate::Verdict::Allow);
        let ns = median(|| {
            black_box(admit(black_box(&s.proposal), &s.facts, &s.policy, s.now));
        });
        line(&format!("admit, {name}"), ns, empty);
        let ns = median(|| {
            black_box(clear(
                black_box(&s.proposal),
                &s.facts,
                &s.policy,
                s.now,
                &ticket,
            ));
        });
        line(&format!("clear, {name} (copies the content)"), ns, empty);
        let ns = median(|| {
            black_box(portero_gate::detect::detect(black_box(&s.proposal.content)));
        });
        line(&format!("detectors, {name}"), ns, empty);
        let ns = median(|| {
            black_box(content_hash(black_box(&s.proposal.content)));
        });
        line(&format!("content hash, {name}"), ns, empty);
        let judgement = s.judge();
        let record = DecisionRecord::new(&s.proposal, &s.facts, &s.policy, "1", &judgement);
        println!(
            "{:<44} {:>8} bytes",
            format!("record, {name}"),
            record.canonical_json().len()
        );
        let ns = median(|| {
            black_box(black_box(&record).canonical_json());
        });
        line(&format!("canonical JSON of a record, {name}"), ns, empty);
        let ns = median(|| {
            black_box(
                DecisionRecord::new(&s.proposal, &s.facts, &s.policy, "1", &judgement).hash(),
            );
        });
        line(&format!("record and its hash, {name}"), ns, empty);
    }
    let ns = median(|| {
        black_box(recognise(
            black_box("Hola, ¿a qué hora abren mañana?"),
            WordContext::Marketing,
        ));
    });
    line("words of one message", ns, empty);
}
