//! From lines to people: who is new, who is known, who must not be touched, and what is claimed.

use std::collections::{BTreeMap, HashMap, HashSet};

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentStanding, meta_stop_since, standing};
use portero_domain::ids::ContactId;
use portero_gate::registries::{self, Override};
use portero_store::model::{BulkPerson, ImportConsent, ImportFault, KnownPerson};

use super::attest::Attestation;
use super::rows::{Claim, Line};

/// Who wrote so recently keeps a consent that is older than it may be (B.5).
const WROTE_WITHIN: Millis = Millis::days(365);

/// Lines of a chunk, by address.
pub(super) type Lines = BTreeMap<AddressKey, (u64, Line)>;

/// What the database knows of the people of a chunk.
pub(super) struct Known {
    pub(super) by_address: HashMap<AddressKey, ContactId>,
    pub(super) blocked: HashSet<AddressKey>,
    pub(super) people: HashMap<ContactId, KnownPerson>,
    /// Who is on a registry that applies: (registry, since when).
    pub(super) listed: HashMap<String, Vec<(String, Option<Ts>)>>,
}

/// What becomes of a chunk.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) people: Vec<BulkPerson>,
    pub(super) claims: Vec<ImportConsent>,
    pub(super) faults: Vec<ImportFault>,
    pub(super) new: u64,
    pub(super) updated: u64,
    /// Consents that are too old.
    pub(super) old: u64,
}

/// A line more of somebody: what is told last counts, consent only when every line has it, and then
/// the oldest.
pub(super) fn fold(before: Line, mut line: Line) -> Line {
    line.name = line.name.or(before.name);
    line.language = line.language.or(before.language);
    line.country = line.country.or(before.country);
    let mut attributes = before.attributes;
    attributes.extend(line.attributes);
    line.attributes = attributes;
    line.tags.extend(before.tags);
    line.consent = match (before.consent, line.consent) {
        (Claim::None, _) | (_, Claim::None) => Claim::None,
        (old @ Claim::Old { .. }, _) | (_, old @ Claim::Old { .. }) => old,
        (Claim::Agreed { at, wording }, Claim::Agreed { at: later, .. }) if at <= later => {
            Claim::Agreed { at, wording }
        }
        (_, last) => last,
    };
    line
}

/// Adds a line to a chunk; `true` when that address had one.
pub(super) fn add(lines: &mut Lines, line_no: u64, line: Line) -> bool {
    let before = lines.remove(&line.key);
    let twice = before.is_some();
    let line = match before {
        Some((_, before)) => fold(before, line),
        None => line,
    };
    lines.insert(line.key.clone(), (line_no, line));
    twice
}

/// Judges the lines of a chunk. Two addresses of one person are one person.
pub(super) fn judge(
    lines: &Lines,
    known: &Known,
    attestation: Option<&Attestation>,
    dry_run: bool,
    now: Ts,
    mut new_id: impl FnMut() -> ContactId,
) -> Judged {
    let mut out = Judged::default();
    let mut in_order: Vec<&(u64, Line)> = lines.values().collect();
    in_order.sort_by_key(|(line_no, _)| *line_no);
    let mut of_contact: HashMap<ContactId, usize> = HashMap::new();
    let mut grouped: Vec<(Option<ContactId>, u64, Line)> = Vec::with_capacity(in_order.len());
    for (line_no, line) in in_order {
        let found = known.by_address.get(&line.key).copied();
        let place = found.and_then(|c| of_contact.get(&c).copied());
        if let Some(slot) = place.and_then(|p| grouped.get_mut(p)) {
            out.updated += 1;
            slot.1 = *line_no;
            slot.2 = fold(slot.2.clone(), line.clone());
            continue;
        }
        if let Some(contact) = found {
            of_contact.insert(contact, grouped.len());
        }
        grouped.push((found, *line_no, line.clone()));
    }
    for (found, line_no, line) in grouped {
        let who = found.and_then(|c| known.people.get(&c));
        if let Some((reason, detail)) = refused(&line, known, who, attestation) {
            out.faults.push(ImportFault {
                line_no,
                reason: reason.to_owned(),
                detail,
                line: String::new(),
            });
            continue;
        }
        let contact = found.unwrap_or_else(&mut new_id);
        if found.is_some() {
            out.updated += 1;
        } else {
            out.new += 1;
        }
        let claim = claimed(&line.consent, who, now);
        if claim.is_none() && line.consent != Claim::None {
            out.old += 1;
        }
        if attestation.is_some_and(Attestation::for_whatsapp) {
            let person = match found {
                None if dry_run => line.key.as_str().to_owned(),
                _ => contact.to_string(),
            };
            let (captured_at, wording) = claim.unzip();
            out.claims.push(ImportConsent {
                person,
                line_no,
                captured_at,
                wording: wording.flatten(),
            });
        }
        out.people.push(BulkPerson {
            contact,
            address: line.key,
            new: found.is_none(),
            name: line.name,
            language: line.language,
            country: line.country.filter(|_| found.is_none()),
            attributes: line.attributes,
            tags: line.tags,
        });
    }
    out
}

/// When the person agreed and to which words, if that still counts.
fn claimed(claim: &Claim, who: Option<&KnownPerson>, now: Ts) -> Option<(Ts, Option<String>)> {
    match claim {
        Claim::None => None,
        Claim::Agreed { at, wording } => Some((*at, wording.clone())),
        Claim::Old { at, wording } => {
            let wrote = who.and_then(|w| w.wrote_at);
            let lately = wrote.is_some_and(|wrote| now - WROTE_WITHIN <= wrote);
            lately.then(|| (*at, wording.clone()))
        }
    }
}

/// Why a person must not be touched by this line.
fn refused(
    line: &Line,
    known: &Known,
    who: Option<&KnownPerson>,
    attestation: Option<&Attestation>,
) -> Option<(&'static str, String)> {
    if known.blocked.contains(&line.key) {
        let why = "this person is on the block list and stays there";
        return Some(("blocked", why.to_owned()));
    }
    if who.is_some_and(|who| who.erased) {
        let why = "nothing may be kept of this person any more (data.erased)";
        return Some(("erased", why.to_owned()));
    }
    let attestation = attestation.filter(|_| line.consent != Claim::None)?;
    if let Some(registry) = listed(line, known) {
        let why = format!(
            "this person is on the registry {registry}, which counts for more than this consent"
        );
        return Some(("registry", why));
    }
    let who = who?;
    let topic = Some(attestation.topic.as_str());
    let revoked = matches!(
        standing(&who.consent, topic),
        ConsentStanding::Revoked { .. }
    );
    (revoked || meta_stop_since(&who.consent).is_some()).then(|| {
        let why =
            "this person opted out; only they can opt in again, a file never does it for them";
        ("revoked", why.to_owned())
    })
}

/// The registry on which somebody was put after they agreed, or whatever they agreed to.
fn listed<'k>(line: &Line, known: &'k Known) -> Option<&'k str> {
    let agreed = match &line.consent {
        Claim::Agreed { at, .. } | Claim::Old { at, .. } => *at,
        Claim::None => return None,
    };
    let on = known.listed.get(line.key.as_str())?;
    let counts = |(registry, since): &&(String, Option<Ts>)| {
        registries::find(registry).is_none_or(|r| r.consent == Override::Never)
            || since.is_none_or(|since| agreed <= since)
    };
    on.iter()
        .find(counts)
        .map(|(registry, _)| registry.as_str())
}

/// A count of things in memory.
pub(super) fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
