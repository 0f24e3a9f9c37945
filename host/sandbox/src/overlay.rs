//! Kv writes of one call: seen by the call itself, by nobody else until its actions commit.

use std::collections::BTreeMap;
use std::fmt;

/// One kv write to commit together with the call's actions.
#[derive(Clone, PartialEq, Eq)]
pub struct KvWrite {
    /// Key, within the installation.
    pub key: String,
    /// `None` deletes.
    pub value: Option<Vec<u8>>,
    /// Life of the value from the call's `now`, in milliseconds; `None` keeps it for good.
    pub ttl_ms: Option<i64>,
}

/// Redacted: what a plugin remembers of a person must not reach logs.
impl fmt::Debug for KvWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "KvWrite({} bytes)", value.len()),
            None => f.write_str("KvWrite(delete)"),
        }
    }
}

/// The last write of each key.
#[derive(Default)]
pub(crate) struct Overlay {
    writes: BTreeMap<String, (Option<Vec<u8>>, Option<i64>)>,
}

impl Overlay {
    pub(crate) fn set(&mut self, key: String, value: Vec<u8>, ttl_ms: Option<i64>) {
        self.writes.insert(key, (Some(value), ttl_ms));
    }

    pub(crate) fn delete(&mut self, key: String) {
        self.writes.insert(key, (None, None));
    }

    /// `None` when this call has not written the key; else what it wrote (`None` inside: deleted).
    pub(crate) fn get(&self, key: &str) -> Option<Option<&Vec<u8>>> {
        self.writes.get(key).map(|(value, _)| value.as_ref())
    }

    /// Lays this call's writes over one page of stored keys.
    ///
    /// `stored` holds keys with `prefix` after `after`, in order; `complete` says that no further
    /// keys are stored. Answers the merged page and whether more stored keys are needed to fill it.
    pub(crate) fn merge(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        stored: &[String],
        complete: bool,
    ) -> (Vec<String>, bool) {
        // Beyond the last stored key of an incomplete page, unseen keys may sort before ours.
        let horizon = if complete {
            None
        } else {
            stored.last().map(String::as_str)
        };
        let mut keys: Vec<String> = stored
            .iter()
            .filter(|key| !self.writes.contains_key(*key))
            .cloned()
            .collect();
        keys.extend(
            self.writes
                .iter()
                .filter(|(key, (value, _))| {
                    value.is_some()
                        && key.starts_with(prefix)
                        && after.is_none_or(|a| key.as_str() > a)
                        && horizon.is_none_or(|h| key.as_str() <= h)
                })
                .map(|(key, _)| key.clone()),
        );
        keys.sort_unstable();
        let short = keys.len() < limit && !complete;
        keys.truncate(limit);
        (keys, short)
    }

    pub(crate) fn into_writes(self) -> Vec<KvWrite> {
        self.writes
            .into_iter()
            .map(|(key, (value, ttl_ms))| KvWrite { key, value, ttl_ms })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn a_call_sees_its_own_writes_and_deletions() {
        let mut overlay = Overlay::default();
        assert_eq!(overlay.get("a"), None);
        overlay.set("a".into(), vec![1], None);
        assert_eq!(overlay.get("a"), Some(Some(&vec![1])));
        overlay.delete("a".into());
        assert_eq!(overlay.get("a"), Some(None));
        let writes = overlay.into_writes();
        assert_eq!(writes.len(), 1);
        assert_eq!(writes.first().unwrap().value, None);
    }

    #[test]
    fn a_listing_lays_writes_over_stored_keys() {
        let mut overlay = Overlay::default();
        overlay.set("p/b".into(), vec![], None);
        overlay.set("q/x".into(), vec![], None);
        overlay.delete("p/c".into());
        let (page, short) = overlay.merge("p/", None, 10, &keys(&["p/a", "p/c"]), true);
        assert_eq!(page, keys(&["p/a", "p/b"]));
        assert!(!short);
    }

    #[test]
    fn a_page_emptied_by_deletions_asks_for_more_and_skips_nothing() {
        let mut overlay = Overlay::default();
        overlay.delete("p/a".into());
        overlay.set("p/z".into(), vec![], None);
        let (page, short) = overlay.merge("p/", None, 1, &keys(&["p/a"]), false);
        assert_eq!(page, keys(&[]));
        assert!(short);
        let (page, short) = overlay.merge("p/", None, 1, &keys(&["p/a", "p/m"]), true);
        assert_eq!(page, keys(&["p/m"]));
        assert!(!short);
    }
}
