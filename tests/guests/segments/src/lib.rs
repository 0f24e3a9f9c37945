//! A small, honest segmentation plugin; a contact tagged `forge` makes it name a stranger, one
//! tagged `mute` leaves it without words for anybody, one tagged `trap` kills it. Who is tagged `regular`
//! belongs to the segment without having written.

use portero_sdk::{
    Batch, Failure, Membership, Personalisation, SegmentInfo, Segmentation, TemplateSignature,
};

const WEEK: u64 = 7 * 24 * 3_600_000;

#[derive(Default)]
struct Recent;

portero_sdk::export_segmentation!(Recent, manifest = "portero-plugin.toml");

impl Segmentation for Recent {
    fn segments(&self) -> Vec<SegmentInfo> {
        vec![SegmentInfo {
            id: "recent".into(),
            titles: vec![("es".into(), "Recientes".into())],
        }]
    }

    fn classify(&mut self, batch: &Batch) -> Result<Vec<Membership>, Failure> {
        let tagged = |tags: &[String], word: &str| tags.iter().any(|tag| tag == word);
        assert!(
            !batch.contacts.iter().any(|c| tagged(&c.tags, "trap")),
            "somebody is tagged `trap`"
        );
        let recent = batch.contacts.iter().filter_map(|contact| {
            let wrote = contact.last_ago("inbound").filter(|ago| *ago < WEEK);
            let regular = tagged(&contact.tags, "regular").then_some(0);
            let ago = wrote.or(regular)?;
            let forged = tagged(&contact.tags, "forge");
            Some(Membership {
                handle: if forged {
                    "a-stranger".into()
                } else {
                    contact.handle.clone()
                },
                segment: "recent".into(),
                reason: format!("wrote {ago} ms ago"),
            })
        });
        Ok(recent.collect())
    }

    fn personalise(
        &mut self,
        batch: &Batch,
        template: &TemplateSignature,
    ) -> Result<Vec<Personalisation>, Failure> {
        let mute = |tags: &[String]| tags.iter().any(|tag| tag == "mute");
        if batch.contacts.iter().any(|c| mute(&c.tags)) {
            return Err(Failure::new("mute", "no words today"));
        }
        let values = batch.contacts.iter().map(|contact| Personalisation {
            handle: contact.handle.clone(),
            values: template
                .slots
                .iter()
                .map(|slot| (slot.slot.clone(), format!("for {}", contact.handle)))
                .collect(),
        });
        Ok(values.collect())
    }
}
