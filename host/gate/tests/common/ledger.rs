//! The model's reading of consent: a person's ledger, walked from the first line to the last.

use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope};
use portero_domain::ids::ConsentEventId;
use proptest::prelude::*;

use super::{granted, id, revoked};

/// What a person has said, topic by topic, after reading the ledger from the first line to the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    Nothing,
    Yes,
    No,
}

/// Walks the ledger in the order things happened. An opt-out wins against a yes of the same instant.
pub(crate) fn walk(events: &[ConsentEvent], topic: &str, promotional: bool) -> Said {
    let mut sorted: Vec<&ConsentEvent> = events
        .iter()
        .filter(|e| {
            matches!(
                e.kind,
                ConsentEventKind::Granted | ConsentEventKind::Revoked
            )
        })
        .collect();
    // At one instant the opt-out is read last.
    sorted.sort_by_key(|e| (e.captured_at, e.kind == ConsentEventKind::Revoked));
    let (mut of_topic, mut of_all) = (Said::Nothing, Said::Nothing);
    let mut left_by_name = false;
    for event in sorted {
        let yes = event.kind == ConsentEventKind::Granted;
        let wide = match &event.scope {
            ConsentScope::Topic(t) => {
                if t == topic {
                    of_topic = if yes { Said::Yes } else { Said::No };
                    left_by_name |= !yes;
                }
                continue;
            }
            ConsentScope::All => true,
            ConsentScope::Promotional => promotional,
        };
        if wide && yes {
            of_all = Said::Yes;
        } else if wide {
            // Leaving everything leaves each topic too, until it is agreed to again by name.
            of_all = Said::No;
            // Who ever left a topic by name comes back to it by name only.
            if of_topic == Said::Yes {
                of_topic = if left_by_name {
                    Said::No
                } else {
                    Said::Nothing
                };
            }
        }
    }
    if of_topic == Said::Nothing {
        of_all
    } else {
        of_topic
    }
}

pub(crate) fn ledger() -> impl Strategy<Value = Vec<ConsentEvent>> {
    let scope = prop_oneof![
        Just(ConsentScope::All),
        Just(ConsentScope::Promotional),
        Just(ConsentScope::Topic("ofertas".into())),
        Just(ConsentScope::Topic("pedidos".into())),
    ];
    prop::collection::vec((scope, any::<bool>(), 1_i64..12), 0..7).prop_map(|drawn| {
        drawn
            .into_iter()
            .enumerate()
            .map(|(n, (scope, yes, at))| {
                let mut event = if yes {
                    granted(scope, at)
                } else {
                    revoked(scope, at)
                };
                event.id = ConsentEventId::from_uuid(id(5_000 + n as u128));
                event
            })
            .collect()
    })
}
