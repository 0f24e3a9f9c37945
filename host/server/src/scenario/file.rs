//! Reads a scenario file. Whatever is wrong is said with file and line and what is allowed.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SpanRelativeTo, Timestamp};
use portero_domain::clock::{Millis, Ts};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::fields::{self, ACTIONS, CONTAINED, EVENTS, INSTANTS, LISTS, WORDS, listed, nearest};

/// A scenario and the text it was read from.
#[derive(Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    pub(super) scenario: Scenario,
}

/// What is wrong with a scenario file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what is allowed.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// An entry of a list, by its keys.
pub(super) type Entry = Spanned<toml::Table>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) clock: Spanned<String>,
    pub(super) tenant: Tenant,
    #[serde(default)]
    pub(super) plugin: Plugin,
    #[serde(default, rename = "contact")]
    pub(super) contacts: Vec<Contact>,
    #[serde(default, rename = "wording")]
    pub(super) wordings: Vec<Wording>,
    #[serde(default, rename = "template")]
    pub(super) templates: Vec<Template>,
    #[serde(default, rename = "step")]
    pub(super) steps: Vec<Spanned<Step>>,
    #[serde(default)]
    pub(super) never: Vec<Entry>,
    #[serde(default)]
    pub(super) budget: Budget,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) country: Spanned<String>,
    pub(super) timezone: String,
    pub(super) language: String,
    /// Parameters of host/docs/rules.md.
    #[serde(default)]
    pub(super) policy: Option<toml::Table>,
}

/// How the plugin is installed; all that its manifest asks for is granted where nothing is said.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plugin {
    #[serde(default)]
    pub(super) config: toml::Table,
    pub(super) permissions: Option<Vec<String>>,
    pub(super) templates: Option<Vec<String>>,
    pub(super) contact_fields: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) id: Spanned<String>,
    pub(super) name: Option<String>,
    pub(super) wa_id: Option<String>,
    pub(super) language: Option<String>,
    pub(super) country: Option<String>,
    #[serde(default)]
    pub(super) consent: Vec<Consent>,
    pub(super) last_inbound: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consent {
    pub(super) topic: Option<String>,
    /// `granted`, `granted_unconfirmed` or `revoked`.
    #[serde(default = "granted")]
    pub(super) event: String,
    pub(super) promise: Option<Promise>,
    pub(super) captured_at: Option<Spanned<String>>,
    pub(super) wording: Option<String>,
    pub(super) evidence: Option<String>,
}

fn granted() -> String {
    "granted".to_owned()
}

#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Promise {
    pub(super) max: u32,
    pub(super) per: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wording {
    pub(super) name: String,
    #[serde(default = "first")]
    pub(super) version: u32,
    pub(super) language: Option<String>,
    pub(super) body: String,
    pub(super) yes_label: String,
    pub(super) no_label: String,
    pub(super) thanks: String,
    pub(super) promise: Promise,
}

const fn first() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) category: Spanned<String>,
    #[serde(default = "approved")]
    pub(super) status: String,
    pub(super) quality: Option<String>,
    pub(super) body: Option<String>,
    pub(super) footer: Option<String>,
    #[serde(default)]
    pub(super) quick_replies: Vec<String>,
    /// As Meta has them, instead of the three above.
    pub(super) components: Option<Vec<toml::Table>>,
}

fn approved() -> String {
    "APPROVED".to_owned()
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    /// Most fuel of one call.
    pub(super) fuel: Option<u64>,
    /// Most memory of one call.
    pub(super) memory_mib: Option<u64>,
}

/// One thing that happens, and what must be so afterwards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) advance: Option<Spanned<String>>,
    pub(super) at: Option<Spanned<String>>,
    pub(super) event: Option<Entry>,
    pub(super) expect: Option<Spanned<Vec<Entry>>>,
    pub(super) simulator: Option<Spanned<Vec<Entry>>>,
    pub(super) segments: Option<Spanned<Vec<Entry>>>,
    pub(super) totals: Option<Spanned<Vec<Entry>>>,
    pub(super) cards: Option<Spanned<Vec<Entry>>>,
    /// Holds from here to the end of the file.
    #[serde(default)]
    pub(super) never: Vec<Entry>,
}

impl Step {
    /// The lists of what must be so, by key.
    pub(super) fn lists(&self) -> [(&'static str, Option<&Spanned<Vec<Entry>>>); 5] {
        [
            ("expect", self.expect.as_ref()),
            ("simulator", self.simulator.as_ref()),
            ("segments", self.segments.as_ref()),
            ("totals", self.totals.as_ref()),
            ("cards", self.cards.as_ref()),
        ]
    }
}

impl File {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(path: &Path) -> anyhow::Result<File> {
        use anyhow::Context as _;
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(File::parse(path, text)?)
    }

    /// The same from a text.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(path: &Path, text: String) -> Result<File, Problem> {
        let scenario: Scenario = toml::from_str(&text).map_err(|error| Problem {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_at(&text, span.start)),
            what: error.message().replace('\n', ", "),
        })?;
        let file = File {
            path: path.to_owned(),
            text,
            scenario,
        };
        file.check()?;
        Ok(file)
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.scenario.name
    }

    /// Line of a place in the text, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        line_at(&self.text, at)
    }

    fn wrong(&self, at: usize, what: impl Into<String>) -> Problem {
        Problem {
            path: self.path.clone(),
            line: self.line(at),
            what: what.into(),
        }
    }

    /// When an instant of the file is.
    pub(super) fn instant(&self, text: &Spanned<String>) -> Result<Ts, Problem> {
        instant(text.get_ref()).ok_or_else(|| {
            self.wrong(
                text.span().start,
                format!(
                    "`{}` is no instant: write it with its offset, such as `2026-11-23T10:00:00-05:00`",
                    text.get_ref()
                ),
            )
        })
    }

    /// How long an `advance` is.
    pub(super) fn advance(&self, text: &Spanned<String>) -> Result<Millis, Problem> {
        span(text.get_ref()).ok_or_else(|| {
            self.wrong(
                text.span().start,
                format!(
                    "`{}` is no time to go by: write `90s`, `30m`, `10h`, `2d` or `1d 12h`",
                    text.get_ref()
                ),
            )
        })
    }

    fn check(&self) -> Result<(), Problem> {
        let scenario = &self.scenario;
        let mut now = self.instant(&scenario.clock)?;
        let country = &scenario.tenant.country;
        let two = |c: &str| c.len() == 2 && c.chars().all(|c| c.is_ascii_uppercase());
        if !two(country.get_ref()) {
            return Err(self.wrong(
                country.span().start,
                format!(
                    "`{}` is no country: two capital letters, such as `CO`",
                    country.get_ref()
                ),
            ));
        }
        for (at, contact) in scenario.contacts.iter().enumerate() {
            let id = contact.id.get_ref();
            let seen = scenario.contacts.iter().take(at);
            if seen.clone().any(|other| other.id.get_ref() == id) {
                return Err(self.wrong(contact.id.span().start, format!("`{id}` is there twice")));
            }
            for past in contact.last_inbound.iter().chain(
                contact
                    .consent
                    .iter()
                    .filter_map(|c| c.captured_at.as_ref()),
            ) {
                if self.instant(past)? > now {
                    return Err(self.wrong(
                        past.span().start,
                        "it lies after `clock`: what is so at the beginning was before",
                    ));
                }
            }
        }
        for template in &scenario.templates {
            let category = &template.category;
            let word = category.get_ref().to_lowercase();
            self.word("category", &word, category.span().start)?;
        }
        for never in &scenario.never {
            self.action(never)?;
        }
        for step in &scenario.steps {
            let (start, step) = (step.span().start, step.get_ref());
            match (&step.advance, &step.at) {
                (Some(_), Some(at)) => {
                    return Err(self.wrong(at.span().start, "`advance` or `at`, not both"));
                }
                (Some(by), None) => now = now + self.advance(by)?,
                (None, Some(at)) => {
                    let then = self.instant(at)?;
                    if then < now {
                        return Err(self.wrong(
                            at.span().start,
                            "time goes forward only: `at` lies before the step",
                        ));
                    }
                    now = then;
                }
                (None, None) => {}
            }
            if step.event.is_none() && step.advance.is_none() && step.at.is_none() {
                return Err(self.wrong(start, "a step needs `event`, `advance` or `at`"));
            }
            if let Some(event) = &step.event {
                self.event(event)?;
            }
            for entry in step
                .expect
                .iter()
                .flat_map(|list| list.get_ref())
                .chain(&step.never)
            {
                self.action(entry)?;
            }
            for (key, list) in step.lists() {
                let Some((_, keys)) = LISTS.iter().find(|(name, _)| *name == key) else {
                    continue;
                };
                for entry in list.iter().flat_map(|list| list.get_ref()) {
                    self.keys(entry, keys, &format!("`{key}`"))?;
                    self.values(entry)?;
                }
            }
        }
        Ok(())
    }

    fn event(&self, event: &Entry) -> Result<(), Problem> {
        let (start, table) = (event.span().start, event.get_ref());
        let kinds = || EVENTS.iter().map(|(kind, _, _)| *kind);
        let Some(kind) = table.get("kind").and_then(toml::Value::as_str) else {
            return Err(self.wrong(start, format!("an event needs `kind`: {}", listed(kinds()))));
        };
        let Some((_, needs, may)) = EVENTS.iter().find(|(known, _, _)| *known == kind) else {
            return Err(self.wrong(
                start,
                format!(
                    "`{kind}` is no kind of event{}: {}",
                    nearest(kind, kinds()),
                    listed(kinds())
                ),
            ));
        };
        if let Some(missing) = needs.iter().find(|key| !table.contains_key(**key)) {
            return Err(self.wrong(start, format!("an event `{kind}` needs `{missing}`")));
        }
        let all: Vec<&str> = ["kind"].iter().chain(*needs).chain(*may).copied().collect();
        self.keys(event, &all, &format!("an event `{kind}`"))?;
        self.values(event)
    }

    /// An entry of `expect` or `never`.
    fn action(&self, entry: &Entry) -> Result<(), Problem> {
        let start = entry.span().start;
        let names = || ACTIONS.iter().map(|(name, _)| *name);
        let action = match entry.get_ref().get("action") {
            None => "send",
            Some(action) => action.as_str().unwrap_or_default(),
        };
        let Some((_, keys)) = ACTIONS.iter().find(|(known, _)| *known == action) else {
            return Err(self.wrong(
                start,
                format!(
                    "`{action}` is no action{}: {}",
                    nearest(action, names()),
                    listed(names())
                ),
            ));
        };
        let all: Vec<&str> = ["action"].iter().chain(*keys).copied().collect();
        self.keys(entry, &all, &format!("an action `{action}`"))?;
        self.values(entry)
    }

    fn keys(&self, entry: &Entry, known: &[&str], of: &str) -> Result<(), Problem> {
        let unknown = entry
            .get_ref()
            .keys()
            .find(|key| !known.contains(&key.as_str()));
        let Some(key) = unknown else { return Ok(()) };
        Err(self.wrong(
            entry.span().start,
            format!(
                "{of} has no key `{key}`{}: {}",
                nearest(key, known.iter().copied()),
                listed(known.iter().copied())
            ),
        ))
    }

    /// Values of an entry that must name something there is.
    fn values(&self, entry: &Entry) -> Result<(), Problem> {
        let (start, scenario) = (entry.span().start, &self.scenario);
        for (key, value) in entry.get_ref() {
            let text = value.as_str();
            if CONTAINED.contains(&key.as_str()) && text.is_none() {
                return Err(self.wrong(start, format!("`{key}` is a text")));
            }
            if INSTANTS.contains(&key.as_str()) && text.and_then(instant).is_none() {
                return Err(self.wrong(
                    start,
                    format!("`{key}` is an instant such as `2026-11-23T10:00:00-05:00`"),
                ));
            }
            let Some(text) = text else { continue };
            match key.as_str() {
                "contact" => {
                    let known = || scenario.contacts.iter().map(|c| c.id.get_ref().as_str());
                    if !known().any(|id| id == text) {
                        return Err(self.wrong(
                            start,
                            format!(
                                "there is no contact `{text}`{}: {}",
                                nearest(text, known()),
                                listed(known())
                            ),
                        ));
                    }
                }
                "rule" => {
                    let known = || {
                        portero_gate::rules::RULES
                            .iter()
                            .map(|rule| rule.about().id)
                    };
                    if !known().any(|id| id == text) {
                        return Err(self.wrong(
                            start,
                            format!(
                                "there is no rule `{text}`{}; host/docs/rules.md has them all",
                                nearest(text, known())
                            ),
                        ));
                    }
                }
                key => self.word(key, text, start)?,
            }
        }
        Ok(())
    }

    fn word(&self, key: &str, word: &str, at: usize) -> Result<(), Problem> {
        let Some((_, words)) = WORDS.iter().find(|(name, _)| *name == key) else {
            return Ok(());
        };
        if words.contains(&word) {
            return Ok(());
        }
        let near = nearest(word, words.iter().copied());
        let all = fields::listed(words.iter().copied());
        Err(self.wrong(at, format!("`{word}` is no {key}{near}: {all}")))
    }
}

/// RFC 3339 with an offset.
pub(super) fn instant(text: &str) -> Option<Ts> {
    text.parse::<Timestamp>()
        .ok()
        .map(|at| Ts(at.as_millisecond()))
}

/// `10h`, `1d 12h`: a day has 24 hours.
fn span(text: &str) -> Option<Millis> {
    let span: jiff::Span = text.parse().ok()?;
    let long = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let ms = i64::try_from(long.as_millis()).ok()?;
    (ms > 0).then_some(Millis(ms))
}

/// TOML as the JSON that the API speaks.
pub(super) fn to_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn line_at(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

#[cfg(test)]
mod tests;
