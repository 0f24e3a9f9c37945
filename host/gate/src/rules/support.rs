//! What every rule file needs, and the table builder of their tests.

pub(crate) use crate::case::Case;
pub(crate) use crate::rules::{About, Docs, Found, Phase, Rule, Stages, Stratum, Words};
pub(crate) use portero_domain::consent::ConsentStanding;
pub(crate) use portero_domain::proposal::{Origin, Purpose};

/// The three languages of one thing.
pub(crate) const fn words(es: &'static str, pt: &'static str, en: &'static str) -> Words {
    Words { es, pt, en }
}
