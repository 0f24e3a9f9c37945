//! What lists show of people to whoever may not see them: who it is by a masked name and address, where they stand by
//! the house's own words; no words of theirs, no id of Meta's (it holds the number), nothing that a verdict found.

use portero_domain::access::{Right, Role};
use portero_domain::masked;

use crate::desk::Page;
use crate::desk::contacts::ContactView;
use crate::desk::handovers::HandoverView;
use crate::desk::person::FoundView;
use crate::desk::reasons;
use crate::desk::verdicts::{FindingView, VerdictView};

/// A row of a list about people.
pub trait Masked: Sized + utoipa::ToSchema {
    /// The same without what tells who it is.
    #[must_use]
    fn masked(self) -> Self;
}

/// The page as this role may see it.
#[must_use]
pub fn page<T: Masked>(role: Role, page: Page<T>) -> Page<T> {
    if role.has(Right::SeePersonalData) {
        return page;
    }
    Page {
        items: page.items.into_iter().map(Masked::masked).collect(),
        next_cursor: page.next_cursor,
    }
}

fn addresses(all: Vec<String>) -> Vec<String> {
    all.iter().map(|a| masked::address(a)).collect()
}

impl Masked for FoundView {
    fn masked(self) -> FoundView {
        FoundView {
            name: self.name.as_deref().map(masked::name),
            addresses: addresses(self.addresses),
            ..self
        }
    }
}

/// Keys of attributes and tags are the shop's words and stay; values, the proofs and reasons of consents do not.
impl Masked for ContactView {
    fn masked(self) -> ContactView {
        let covered = |(key, _)| (key, masked::name(""));
        let mut conversations = self.conversations;
        for conversation in &mut conversations {
            if let Some((_, reason)) = &mut conversation.handed_over {
                reason.clear();
            }
        }
        ContactView {
            name: self.name.as_deref().map(masked::name),
            addresses: addresses(self.addresses),
            attributes: self.attributes.into_iter().map(covered).collect(),
            consent_events: Vec::new(),
            conversations,
            ..self
        }
    }
}

/// Why it was handed over may be a plugin's sentence about the person: it goes with the words.
impl Masked for HandoverView {
    fn masked(self) -> HandoverView {
        HandoverView {
            name: self.name.as_deref().map(masked::name),
            reason: String::new(),
            last: None,
            ..self
        }
    }
}

/// Of what was found the rules stay, with their titles; values may quote the message.
impl Masked for VerdictView {
    fn masked(self) -> VerdictView {
        let rule = self.rule.as_deref().unwrap_or_default();
        let covered = |f: FindingView| FindingView {
            rule: f.rule,
            outcome: f.outcome,
            title: f.title,
            sentence: String::new(),
            remedy: String::new(),
            value: String::new(),
            limit: String::new(),
            evidence: Vec::new(),
        };
        let findings = self.findings.into_iter();
        VerdictView {
            summary: reasons::title(rule),
            findings: findings
                .map(|(language, all)| (language, all.into_iter().map(covered).collect()))
                .collect(),
            ..self
        }
    }
}
