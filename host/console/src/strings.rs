//! Every word of the pages, one table per language, and how pages and script reach them.

mod campaign_new;
mod campaigns;
mod checklist;
mod connect;
mod denied;
mod dials;
mod en;
mod erasure;
mod es;
mod frame;
mod home;
mod imports;
mod ledger;
mod manage;
mod me;
mod messages;
mod people;
mod person_acts;
mod plugins;
mod policy;
mod proof;
mod pt;
mod retention;
mod sandbox;
mod segments;
mod templates;
mod tenants;
mod trouble;
mod webhooks;
mod wordings;
mod wrong;

use portero_domain::language::Language;

/// A table: keys and their words, in reading order of the page.
pub(crate) type Table = &'static [(&'static str, &'static str)];

/// The table of a language.
pub(crate) const fn table(language: Language) -> Table {
    match language {
        Language::Es => es::TABLE,
        Language::Pt => pt::TABLE,
        Language::En => en::TABLE,
    }
}

/// A table of one page: key, then the words in Spanish, Portuguese and English.
pub(crate) type Rows = &'static [(&'static str, [&'static str; 3])];

/// The pages that have a file of their own. The three long tables hold the older pages and the script's words.
const PAGES: &[Rows] = &[
    campaign_new::ROWS,
    campaigns::ROWS,
    checklist::ROWS,
    connect::ROWS,
    denied::ROWS,
    dials::ROWS,
    erasure::ROWS,
    frame::ROWS,
    home::ROWS,
    imports::ROWS,
    ledger::ROWS,
    manage::ROWS,
    me::ROWS,
    messages::ROWS,
    people::ROWS,
    person_acts::ROWS,
    plugins::ROWS,
    policy::ROWS,
    proof::ROWS,
    retention::ROWS,
    sandbox::ROWS,
    segments::ROWS,
    templates::ROWS,
    tenants::ROWS,
    trouble::ROWS,
    webhooks::ROWS,
    wordings::ROWS,
    wrong::ROWS,
];

/// All words of a language.
fn all(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = PAGES.iter().copied().flatten();
    let long = table(language).iter().copied();
    long.chain(pages.map(move |(key, [es, pt, en])| {
        let words = match language {
            Language::Es => es,
            Language::Pt => pt,
            Language::En => en,
        };
        (*key, *words)
    }))
}

/// The words of one language, for templates.
#[derive(Clone, Copy)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    /// The words under `key`; the key itself when there are none (a test keeps that from happening).
    pub(crate) fn t<'a>(&self, key: &'a str) -> &'a str {
        all(self.0)
            .find(|(k, _)| *k == key)
            .map_or(key, |(_, words)| words)
    }

    /// The long table as JSON, for the phone's script.
    pub(crate) fn json(&self) -> String {
        let all: serde_json::Map<String, serde_json::Value> = table(self.0)
            .iter()
            .map(|(k, words)| ((*k).to_owned(), (*words).into()))
            .collect();
        serde_json::Value::Object(all).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fate::Fate;
    use crate::problem::Problem;
    use std::collections::BTreeSet;

    fn keys(language: Language) -> BTreeSet<&'static str> {
        all(language).map(|(k, _)| k).collect()
    }

    /// Keys named in a source: what stands between `open` and the closing quote.
    fn named<'a>(source: &'a str, open: &str) -> BTreeSet<&'a str> {
        source
            .split(open)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    /// Every template, script and source of the pages but the tables of words.
    fn sources() -> Vec<String> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![
            root.join("templates"),
            root.join("assets"),
            root.join("src"),
        ];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("strings") {
                    folders.push(path);
                } else if path.is_file() {
                    files.push(std::fs::read_to_string(path).unwrap());
                }
            }
        }
        files
    }

    fn used() -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for source in sources() {
            for open in ["w.t(\"", ".t(\"", "words(\""] {
                used.extend(named(&source, open).into_iter().map(str::to_owned));
            }
            // Built from a word of the host: the family counts.
            let built = named(&source, ".t(&format!(\"").into_iter();
            used.extend(built.filter_map(|k| Some(k.split_once('{')?.0.to_owned())));
        }
        for (_, title, about) in crate::frame::MENU {
            used.extend([(*title).to_owned(), (*about).to_owned()]);
        }
        used.extend(
            [
                "audit.outcome.",
                "checklist.do.",
                "checklist.state.",
                "checklist.step.",
                "connect.state.",
                "erase.trouble.",
                "erase.wrong.",
                "import.state.",
                "me.did.",
                "me.wrong.",
                "proof.wrong.",
                "retention.did.",
                "role.",
                "trouble.",
            ]
            .map(str::to_owned),
        );
        let home = ["step.", "beside.", "quality.", "need.", "state.", "said."];
        used.extend(home.map(|family| format!("home.{family}")));
        used.insert("person.because.".to_owned());
        used
    }

    #[test]
    fn the_three_languages_have_the_same_keys_once_each_and_no_empty_words() {
        let spanish = keys(Language::Es);
        for language in Language::ALL {
            assert_eq!(keys(language), spanish, "{language:?}");
            assert_eq!(
                all(language).count(),
                spanish.len(),
                "a key twice in {language:?}"
            );
            for (key, words) in all(language) {
                assert!(
                    !words.trim().is_empty(),
                    "{key} has no words in {language:?}"
                );
                assert_eq!(
                    words.trim(),
                    words,
                    "{key} has loose spaces in {language:?}"
                );
            }
        }
    }

    #[test]
    fn the_same_places_are_filled_in_every_language() {
        fn places(words: &str) -> BTreeSet<&str> {
            words
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split('}').next())
                .collect()
        }
        for (key, spanish) in all(Language::Es) {
            for language in [Language::Pt, Language::En] {
                assert_eq!(
                    places(Words(language).t(key)),
                    places(spanish),
                    "{key} {language:?}"
                );
            }
        }
    }

    #[test]
    fn every_key_that_page_and_script_name_exists() {
        let known = keys(Language::Es);
        let missing: Vec<_> = used()
            .into_iter()
            .filter(|k| !k.ends_with('.') && !known.contains(k.as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_key_is_used_by_name_or_by_its_family() {
        let used = used();
        let families: Vec<&String> = used.iter().filter(|k| k.ends_with('.')).collect();
        let idle: Vec<_> = keys(Language::Es)
            .into_iter()
            .filter(|k| !used.contains(*k) && !families.iter().any(|f| k.starts_with(f.as_str())))
            .collect();
        assert!(idle.is_empty(), "{idle:?}");
    }

    #[test]
    fn every_word_that_the_host_may_send_has_its_sentence() {
        use portero_domain::consent::ConsentEventKind as Kind;
        use portero_domain::proposal::Purpose;
        let mut wanted: Vec<String> = Vec::new();
        for fate in Fate::ALL {
            let word = serde_json::to_value(fate).unwrap();
            wanted.push(format!("fate.{}", word.as_str().unwrap()));
        }
        for code in Problem::CODES {
            wanted.push(format!("error.{code}.title"));
            wanted.push(format!("error.{code}.what"));
        }
        for purpose in [
            Purpose::System,
            Purpose::Authentication,
            Purpose::Reply,
            Purpose::Transactional,
            Purpose::ConsentRequest,
            Purpose::Promotional,
        ] {
            wanted.push(format!("purpose.{}", purpose.as_str()));
        }
        for kind in [
            Kind::Requested,
            Kind::Granted,
            Kind::GrantedUnconfirmed,
            Kind::ImportRefused,
            Kind::Declined,
            Kind::Revoked,
            Kind::MetaStop,
            Kind::MetaResume,
        ] {
            wanted.push(format!("event.{}", kind.as_str()));
        }
        for origin in ["plugin", "api", "campaign", "host"] {
            wanted.push(format!("origin.{origin}"));
        }
        for state in [
            "unknown",
            "requested",
            "granted",
            "unconfirmed",
            "declined",
            "revoked",
        ] {
            wanted.push(format!("consent.{state}"));
        }
        for period in ["day", "week", "month"] {
            wanted.push(format!("promise.{period}"));
        }
        let known = keys(Language::Es);
        let missing: Vec<_> = wanted
            .iter()
            .filter(|k| !known.contains(k.as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_script_gets_every_word() {
        let read: serde_json::Value = serde_json::from_str(&Words(Language::Pt).json()).unwrap();
        assert_eq!(read.as_object().unwrap().len(), table(Language::Pt).len());
    }
}
