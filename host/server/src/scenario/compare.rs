//! What was expected against what happened: each expectation takes one happening, none is left over.

use serde_json::{Map, Value};

use super::fields::{CONTAINED, INSTANTS};
use super::file::instant;

/// Something that happened, by the keys of the format.
pub(super) type Happened = Map<String, Value>;

/// Whether a happening has everything that an entry says.
pub(super) fn fits(entry: &Map<String, Value>, happened: &Happened) -> bool {
    entry.keys().all(|key| same(entry, happened, key))
}

/// Whether both agree about one key.
pub(super) fn same(entry: &Map<String, Value>, happened: &Happened, key: &str) -> bool {
    let (Some(wanted), Some(found)) = (entry.get(key), happened.get(key)) else {
        return false;
    };
    let texts = wanted.as_str().zip(found.as_str());
    match texts {
        Some((wanted, found)) if CONTAINED.contains(&key) => found.contains(wanted),
        Some((wanted, found)) if INSTANTS.contains(&key) => {
            instant(wanted).is_some_and(|at| Some(at) == instant(found))
        }
        _ => wanted == found,
    }
}

/// What is left when every entry has taken a happening that fits: entries without one, happenings of
/// no entry. Which entry takes which is chosen so that as many as can be have one.
pub(super) fn leftovers(
    entries: &[Map<String, Value>],
    happened: &[Happened],
) -> (Vec<usize>, Vec<usize>) {
    let mut taken: Vec<Option<usize>> = vec![None; happened.len()];
    for at in 0..entries.len() {
        let mut tried = vec![false; happened.len()];
        give(at, entries, happened, &mut taken, &mut tried);
    }
    let without = (0..entries.len()).filter(|at| !taken.contains(&Some(*at)));
    let over = taken.iter().enumerate().filter(|(_, by)| by.is_none());
    (without.collect(), over.map(|(at, _)| at).collect())
}

/// Gives an entry a happening, moving others to another one where that helps.
fn give(
    entry: usize,
    entries: &[Map<String, Value>],
    happened: &[Happened],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for (at, one) in happened.iter().enumerate() {
        let fits = entries.get(entry).is_some_and(|e| fits(e, one));
        let (Some(seen), true) = (tried.get_mut(at), fits) else {
            continue;
        };
        if std::mem::replace(seen, true) {
            continue;
        }
        let holder = taken.get(at).copied().flatten();
        if holder.is_none_or(|other| give(other, entries, happened, taken, tried)) {
            if let Some(slot) = taken.get_mut(at) {
                *slot = Some(entry);
            }
            return true;
        }
    }
    false
}

/// The happening (by its place) that agrees with an entry about most of its keys.
pub(super) fn closest<'h>(
    entry: &Map<String, Value>,
    happened: impl Iterator<Item = (usize, &'h Happened)>,
) -> Option<(usize, &'h Happened)> {
    let agreeing = |one: &Happened| entry.keys().filter(|key| same(entry, one, key)).count();
    happened
        .map(|one| (agreeing(one.1), one))
        .filter(|(keys, _)| *keys > 0)
        .max_by_key(|(keys, _)| *keys)
        .map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn maps(value: &Value) -> Vec<Map<String, Value>> {
        let list = value.as_array().cloned().unwrap_or_default();
        list.iter().filter_map(Value::as_object).cloned().collect()
    }

    #[test]
    fn a_loose_entry_leaves_the_only_fit_to_a_strict_one() {
        let entries = maps(&json!([{ "contact": "ana" }, { "contact": "ana", "text": "hola" }]));
        let happened = maps(
            &json!([{ "contact": "ana", "text": "hola Ana" }, { "contact": "ana", "text": "chau" }]),
        );
        assert_eq!(leftovers(&entries, &happened), (vec![], vec![]));
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_told() {
        let entries = maps(&json!([{ "rule": "a" }, { "rule": "b" }]));
        let happened = maps(&json!([{ "rule": "b" }, { "rule": "c" }]));
        assert_eq!(leftovers(&entries, &happened), (vec![0], vec![1]));
    }

    #[test]
    fn instants_are_compared_as_instants() {
        let entries = maps(&json!([{ "until": "2026-11-23T09:00:00-03:00" }]));
        let happened = maps(&json!([{ "until": "2026-11-23T12:00:00Z" }]));
        assert_eq!(leftovers(&entries, &happened), (vec![], vec![]));
    }
}
