//! One segment: people who wrote within the last 30 days.

use portero_sdk::{Batch, Failure, Membership, SegmentInfo, Segmentation};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The plugin. Each call gets a fresh one and a batch of people: nothing else may matter.
#[derive(Default)]
pub struct Plugin;

portero_sdk::export_segmentation!(Plugin, manifest = "portero-plugin.toml");

impl Segmentation for Plugin {
    fn segments(&self) -> Vec<SegmentInfo> {
        let titles = [
            ("es", "Escribieron hace poco"),
            ("pt", "Escreveram há pouco"),
            ("en", "Wrote recently"),
        ];
        vec![SegmentInfo {
            id: "recent".to_owned(),
            titles: titles.map(|(l, t)| (l.to_owned(), t.to_owned())).to_vec(),
        }]
    }

    fn classify(&mut self, batch: &Batch) -> Result<Vec<Membership>, Failure> {
        let recent = |ago: u64| ago <= 30 * DAY_MS;
        Ok(batch
            .contacts
            .iter()
            .filter(|contact| contact.last_ago("inbound").is_some_and(recent))
            .map(|contact| Membership {
                handle: contact.handle.clone(),
                segment: "recent".to_owned(),
                reason: "wrote within the last 30 days".to_owned(),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_sdk::{LastSeen, SegmentContact};

    #[test]
    fn thirty_days_are_recent_and_a_moment_more_is_not() {
        let wrote = |handle: &str, ago| SegmentContact {
            handle: handle.to_owned(),
            last: vec![LastSeen {
                kind: "inbound".to_owned(),
                ago,
            }],
            ..SegmentContact::default()
        };
        let batch = Batch {
            contacts: vec![wrote("a", 30 * DAY_MS), wrote("b", 30 * DAY_MS + 1)],
            ..Batch::default()
        };
        let found = Plugin.classify(&batch).expect("memberships");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].handle, "a");
    }
}
