//! The form of a file: whether it is only checked, what its columns are, and who answers for the consent in it.

use std::collections::BTreeMap;

use portero_domain::consent::{FrequencyPromise, Period};
use portero_domain::proof::{ConsentCategory, ConsentChannel};
use portero_flow::desk::imports::{Attestation, Column, ImportRequest, ImportView};

use crate::strings::Words;

/// Where a list may come from, with the words of `import.origin.…`.
const ORIGINS: [&str; 9] = [
    "in_store_paper",
    "web_form",
    "checkout",
    "qr",
    "wa_conversation",
    "ctwa_ad",
    "phone_call",
    "event",
    "sms",
];
const CHANNELS: [(&str, ConsentChannel); 4] = [
    ("whatsapp", ConsentChannel::Whatsapp),
    ("any", ConsentChannel::Any),
    ("email", ConsentChannel::Email),
    ("sms", ConsentChannel::Sms),
];
const CATEGORIES: [(&str, ConsentCategory); 3] = [
    ("marketing", ConsentCategory::Marketing),
    ("utility", ConsentCategory::Utility),
    ("authentication", ConsentCategory::Authentication),
];
const PERIODS: [(&str, Period); 3] = [
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
];
/// What a column can be.
const MEANINGS: [&str; 9] = [
    "address",
    "name",
    "language",
    "country",
    "tags",
    "consent",
    "consent_at",
    "consent_wording",
    "ignore",
];
/// Fields that are typed, in the order of the form, with the kind of their input.
const TYPED: [(&str, &str); 14] = [
    ("who", "text"),
    ("how", "area"),
    ("collected_from", "date"),
    ("collected_until", "date"),
    ("wording", "area"),
    ("topic", "text"),
    ("promise_max", "number"),
    ("origin_system", "text"),
    ("legal_entity", "text"),
    ("brand", "text"),
    ("countries", "text"),
    ("registry_checked_on", "date"),
    ("proof_contact", "text"),
    ("privacy_notice_url", "url"),
];

/// A field of the form.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) label: String,
    /// What is expected; empty where the label says it.
    pub(super) how: String,
    pub(super) value: String,
    pub(super) wrong: bool,
}

/// Something to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// A column of the file with what it can be.
pub(super) struct Means {
    pub(super) column: String,
    pub(super) choices: Vec<Choice>,
}

/// The form with what was answered.
#[derive(Default)]
pub(super) struct Sheet {
    /// Fields by name, as they were sent; several of a name in their order.
    sent: BTreeMap<String, Vec<String>>,
    /// What the host refused: (field, in its words).
    pub(super) refused: Option<(String, String)>,
    /// The columns of a file that was checked.
    columns: Vec<(String, String)>,
    /// Filled by [`Sheet::at`], for the template.
    pub(super) action: String,
    pub(super) lang: &'static str,
    pub(super) lacks: String,
    pub(super) fields: Vec<Field>,
    pub(super) means: Vec<Means>,
    pub(super) lists: Lists,
}

#[derive(Default)]
pub(super) struct Lists {
    pub(super) origins: Vec<Choice>,
    pub(super) channels: Vec<Choice>,
    pub(super) categories: Vec<Choice>,
    pub(super) periods: Vec<Choice>,
}

impl Sheet {
    /// Takes a field in.
    pub(super) fn put(&mut self, name: String, value: String) {
        self.sent.entry(name).or_default().push(value);
    }

    /// The first value of a field, trimmed; nothing where none was sent.
    pub(super) fn get(&self, name: &str) -> &str {
        let all = self.sent.get(name);
        all.and_then(|v| v.first()).map_or("", |v| v.trim())
    }

    fn all(&self, name: &str) -> &[String] {
        self.sent.get(name).map_or(&[], Vec::as_slice)
    }

    /// Says what was refused; the field in the host's own name.
    pub(super) fn not(mut self, field: &str, why: String) -> Sheet {
        let field = field.trim_start_matches("attestation.");
        let field = match field {
            "promise" => "promise_max",
            other => other,
        };
        self.refused = Some((field.to_owned(), why));
        self
    }

    /// The form that brings in for real what was checked: columns and attestation as they were.
    pub(super) fn of(view: &ImportView) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.put("act".to_owned(), "import".to_owned());
        if let Some(a) = &view.attestation {
            sheet.attested(a);
        }
        if let Some(format) = &view.format {
            let left_out = format.consents_left_out();
            let all = format.header.iter().zip(&format.columns);
            sheet.columns = all
                .map(|(name, column)| {
                    let means = match left_out.contains(&name.as_str()) {
                        // Whoever answers for them now brings them in.
                        true => String::new(),
                        false => String::from(column.clone()),
                    };
                    (name.clone(), means)
                })
                .collect();
        }
        sheet
    }

    fn attested(&mut self, a: &Attestation) {
        let countries: Vec<&str> = a.countries.iter().map(String::as_str).collect();
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut all = vec![
            of("consents", "yes"),
            of("who", &a.who),
            of("origin", &a.origin),
            of("how", &a.how),
            of("collected_from", &a.collected_from),
            of("collected_until", &a.collected_until),
            of("wording", &a.wording),
            of("topic", &a.topic),
            of("promise_max", &a.promise.max.to_string()),
            of("origin_system", &a.origin_system),
            of("legal_entity", &a.legal_entity),
            of("brand", a.brand.as_deref().unwrap_or_default()),
            of("countries", &countries.join(", ")),
            of("registry_checked_on", &a.registry_checked_on),
            of("proof_contact", &a.proof_contact),
            of(
                "privacy_notice_url",
                a.privacy_notice_url.as_deref().unwrap_or_default(),
            ),
        ];
        let period = PERIODS.iter().filter(|(_, p)| *p == a.promise.per);
        all.extend(period.map(|(word, _)| of("promise_per", word)));
        let channel = CHANNELS.iter().filter(|(_, c)| a.channel == Some(*c));
        all.extend(channel.map(|(word, _)| of("channel", word)));
        let given = CATEGORIES.iter().filter(|(_, c)| a.categories.contains(c));
        all.extend(given.map(|(word, _)| of("category", word)));
        for (name, value) in all {
            self.put(name, value);
        }
    }

    /// What the host is asked for, with the file's name as its label.
    pub(super) fn request(&self, label: &str) -> ImportRequest {
        let pairs = self.all("column").iter().zip(self.all("means"));
        let map = pairs.filter(|(_, means)| !means.is_empty());
        ImportRequest {
            label: label.chars().take(60).collect(),
            dry_run: self.get("act") != "import",
            map: map.map(|(c, m)| (c.clone(), m.clone())).collect(),
            calling_code: Some(self.get("calling_code").trim_start_matches('+').to_owned())
                .filter(|code| !code.is_empty()),
            bytes_total: self.get("size").parse().ok(),
            attestation: (self.get("consents") == "yes").then(|| self.attestation()),
            ..ImportRequest::default()
        }
    }

    fn attestation(&self) -> Attestation {
        let text = |name: &str| self.get(name).to_owned();
        let given = |name: &str| Some(text(name)).filter(|t| !t.is_empty());
        let countries = self.get("countries").to_uppercase();
        let countries = countries.split([',', ' ', ';']).map(str::trim);
        let period = PERIODS.iter().find(|(w, _)| *w == self.get("promise_per"));
        let channel = CHANNELS.iter().find(|(w, _)| *w == self.get("channel"));
        let category = |c: &&(&str, ConsentCategory)| self.all("category").iter().any(|g| g == c.0);
        Attestation {
            who: text("who"),
            origin: text("origin"),
            how: text("how"),
            collected_from: text("collected_from"),
            collected_until: text("collected_until"),
            wording: text("wording"),
            wordings: Vec::new(),
            topic: text("topic"),
            promise: FrequencyPromise {
                max: self.get("promise_max").parse().unwrap_or_default(),
                per: period.map_or(Period::Week, |(_, p)| *p),
            },
            origin_system: text("origin_system"),
            legal_entity: text("legal_entity"),
            brand: given("brand"),
            countries: countries
                .filter(|c| !c.is_empty())
                .map(str::to_owned)
                .collect(),
            categories: CATEGORIES
                .iter()
                .filter(category)
                .map(|(_, c)| *c)
                .collect(),
            channel: channel.map(|(_, c)| *c),
            registry_checked_on: text("registry_checked_on"),
            proof_contact: text("proof_contact"),
            privacy_notice_url: given("privacy_notice_url"),
            privacy_notice_version: None,
            file_sha256: None,
            not_bought: self.get("not_bought") == "yes",
        }
    }

    /// The form in words, ready for its template.
    pub(super) fn at(mut self, w: Words, lang: &'static str, shop: &str, lacks: String) -> Sheet {
        self.action = super::UPLOAD.replace("{tenant}", shop);
        self.lang = lang;
        self.lacks = lacks;
        self.fields = TYPED
            .iter()
            .map(|(name, kind)| Field {
                name,
                kind,
                label: w.t(&format!("import.field.{name}")).to_owned(),
                how: w.t(&format!("import.how.{name}")).to_owned(),
                value: self.get(name).to_owned(),
                wrong: self.wrong(name),
            })
            .collect();
        let choice = |word: &str, words: &str, chosen: bool| Choice {
            value: word.to_owned(),
            words: words.to_owned(),
            chosen,
        };
        let origin = ORIGINS.iter().map(|o| {
            let words = w.t(&format!("import.origin.{o}")).to_owned();
            choice(o, &words, self.get("origin") == *o)
        });
        let channel = CHANNELS.iter().map(|(c, _)| {
            let words = w.t(&format!("import.channel.{c}")).to_owned();
            choice(c, &words, self.get("channel") == *c)
        });
        let category = CATEGORIES.iter().map(|(c, _)| {
            let words = w.t(&format!("import.category.{c}")).to_owned();
            choice(c, &words, self.all("category").iter().any(|g| g == c))
        });
        let period = PERIODS.iter().map(|(p, _)| {
            let words = w.t(&format!("import.per.{p}")).to_owned();
            let sent = match self.get("promise_per") {
                "" => "week",
                sent => sent,
            };
            choice(p, &words, sent == *p)
        });
        self.lists = Lists {
            origins: origin.collect(),
            channels: channel.collect(),
            categories: category.collect(),
            periods: period.collect(),
        };
        self.means = self.columns.iter().map(|c| means(w, c)).collect();
        self
    }

    pub(super) fn wrong(&self, name: &str) -> bool {
        self.refused
            .as_ref()
            .is_some_and(|(field, _)| field == name)
    }

    pub(super) fn sent(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// Whether the part about consent stands open.
    pub(super) fn open(&self) -> bool {
        self.sent("consents", "yes")
    }
}

/// What a column can be, as the page names it.
pub(super) fn meaning(w: Words, means: &str) -> String {
    match means.strip_prefix("attribute:") {
        Some(key) => w.t("import.means.attribute").replace("{key}", key),
        None => w.t(&format!("import.means.{means}")).to_owned(),
    }
}

fn means(w: Words, (column, now): &(String, String)) -> Means {
    let mut values: Vec<String> = MEANINGS.iter().map(|m| (*m).to_owned()).collect();
    if matches!(Column::try_from(now.clone()), Ok(Column::Attribute(_))) {
        values.insert(0, now.clone());
    }
    let mut choices: Vec<Choice> = values
        .into_iter()
        .map(|value| Choice {
            words: meaning(w, &value),
            chosen: value == *now,
            value,
        })
        .collect();
    if now.is_empty() {
        choices.insert(
            0,
            Choice {
                value: String::new(),
                words: w.t("import.means.by_name").to_owned(),
                chosen: true,
            },
        );
    }
    Means {
        column: column.clone(),
        choices,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;

    fn sent(fields: &[(&str, &str)]) -> Sheet {
        let mut sheet = Sheet::default();
        for (name, value) in fields {
            sheet.put((*name).to_owned(), (*value).to_owned());
        }
        sheet
    }

    #[test]
    fn a_file_is_only_checked_unless_it_is_said_otherwise_and_nobody_answers_by_default() {
        let request = sent(&[("calling_code", "+57")]).request("clientes.csv");
        assert!(request.dry_run && request.attestation.is_none());
        assert_eq!(request.calling_code.as_deref(), Some("57"));
        let fields = [
            ("act", "import"),
            ("column", "Tel"),
            ("means", "address"),
            ("column", "Acepta"),
            ("means", ""),
        ];
        let request = sent(&fields).request("");
        assert!(!request.dry_run);
        assert_eq!(request.map.len(), 1);
        assert_eq!(request.map["Tel"], "address");
    }

    #[test]
    fn an_attestation_is_read_and_comes_back_as_it_was_but_for_the_statement() {
        let fields = [
            ("consents", "yes"),
            ("who", "Marta"),
            ("countries", "co, mx"),
            ("category", "marketing"),
            ("category", "utility"),
            ("channel", "any"),
            ("promise_max", "2"),
            ("promise_per", "month"),
            ("not_bought", "yes"),
        ];
        let attestation = sent(&fields).request("x").attestation.unwrap();
        let countries: Vec<&str> = attestation.countries.iter().map(String::as_str).collect();
        assert_eq!(countries, ["CO", "MX"]);
        assert!(attestation.not_bought);
        let mut again = Sheet::default();
        again.attested(&attestation);
        assert_eq!(again.get("countries"), "CO, MX");
        assert_eq!(again.get("promise_per"), "month");
        assert_eq!(again.all("category").len(), 2);
        assert_eq!(again.get("not_bought"), "", "stated each time anew");
    }

    #[test]
    fn everything_of_the_form_has_words() {
        for language in Language::ALL {
            let sheet = Sheet::default().at(Words(language), "es", "sol", String::new());
            let lists = &sheet.lists;
            let all = [
                &lists.origins,
                &lists.channels,
                &lists.categories,
                &lists.periods,
            ];
            let words = all.into_iter().flatten().map(|c| &c.words);
            let fields = sheet.fields.iter().flat_map(|f| [&f.label, &f.how]);
            for said in words.chain(fields) {
                assert!(!said.starts_with("import."), "{said} {language:?}");
            }
            for word in MEANINGS.iter().copied().chain(["attribute:x"]) {
                let said = meaning(Words(language), word);
                assert!(!said.starts_with("import."), "{said} {language:?}");
            }
        }
    }
}
