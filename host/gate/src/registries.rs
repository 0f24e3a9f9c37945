//! Official lists of people who want no advertising: data, one entry per registry.

use std::sync::LazyLock;

use portero_domain::clock::Millis;
use serde::{Deserialize, Serialize};

/// Which consent counts for more than being listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Override {
    /// One that was given after the listing.
    Later,
    /// One that stands.
    Any,
    /// None.
    Never,
}

impl Override {
    /// The word in findings and lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Override::Later => "later_consent",
            Override::Any => "any_consent",
            Override::Never => "no_consent",
        }
    }
}

/// One registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Short name: country and registry.
    pub id: String,
    /// Two letters.
    pub country: String,
    /// Calling code of its numbers, digits.
    pub calling_code: String,
    /// Its own name and whose it is.
    pub name: String,
    /// Days after which a copy is too old.
    max_age_days: u16,
    /// Which consent counts for more.
    pub consent: Override,
    /// Law or authority.
    pub source: String,
    /// What was not read in the law itself.
    #[serde(default)]
    pub unverified: Option<String>,
}

impl Registry {
    /// How old a copy may be.
    #[must_use]
    pub fn max_age(&self) -> Millis {
        Millis::days(i64::from(self.max_age_days))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    registry: Vec<Registry>,
}

#[expect(
    clippy::expect_used,
    reason = "the file is compiled in and read by a test; it cannot be wrong in a build that passed"
)]
static ALL: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/registries.toml"))
        .expect("data/registries.toml is part of this build")
});

/// Every registry we know, by country.
#[must_use]
pub fn all() -> &'static [Registry] {
    &ALL.registry
}

/// A registry by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Registry> {
    all().iter().find(|r| r.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_registry_is_whole_and_named_once() {
        for one in all() {
            assert!(
                one.id.starts_with(&one.country.to_ascii_lowercase()),
                "{}",
                one.id
            );
            assert_eq!(all().iter().filter(|r| r.id == one.id).count(), 1);
            assert!(one.max_age().0 > 0 && !one.source.is_empty() && !one.name.is_empty());
        }
        assert_eq!(find("co-rne").map(|r| r.consent), Some(Override::Later));
        assert!(find("xx-none").is_none());
    }
}
