//! A copy of a registry comes in line by line: a number, and since when it is listed if that is told.
//!
//! It counts from its last byte on; a copy that breaks off leaves the one before in force.

use portero_domain::address::AddressKey;
use portero_domain::clock::Ts;
use portero_domain::ids::{EventId, TenantId};
use portero_gate::registries::Registry;
use portero_store::model::{ListedPerson, NewCopy};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{RegistryView, known, one};
use crate::context::Context;
use crate::error::FlowError;

/// Numbers written in one transaction.
const BATCH: usize = 2_000;
/// Longest line, in bytes.
const LINE_MAX: usize = 1_024;
/// Bad lines that are shown.
const SHOWN: usize = 20;

/// A line that is no number.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BadLine {
    /// Line of the file; the first is 1.
    pub line: u64,
    /// What is wrong with it.
    pub detail: String,
}

/// What came of a copy.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CopyView {
    /// The registry as it stands now.
    #[serde(flatten)]
    pub registry: RegistryView,
    /// Lines that are no number of the country: who stands there is not on the copy.
    pub bad: u64,
    /// The first twenty of them.
    pub bad_lines: Vec<BadLine>,
}

/// A copy that is being read.
pub struct Copy {
    tenant: TenantId,
    registry: &'static Registry,
    edition: String,
    as_of: Ts,
    zone: jiff::tz::TimeZone,
    author: String,
    hash: Sha256,
    rest: Vec<u8>,
    batch: Vec<ListedPerson>,
    line: u64,
    people: u64,
    good: u64,
    bad: u64,
    bad_lines: Vec<BadLine>,
}

impl Copy {
    /// Begins a copy of the day `as_of` (`2026-11-20`, in the tenant's zone, or RFC 3339).
    ///
    /// # Errors
    /// An unknown registry, a day that is none or lies in the future, or the database.
    pub async fn begin(
        ctx: &Context,
        tenant: TenantId,
        id: &str,
        as_of: &str,
        author: &str,
    ) -> Result<Copy, FlowError> {
        let registry = known(id)?;
        let mut tx = ctx.store.read().await?;
        let zone = tx.tenant(tenant).row().await?.timezone;
        let zone = jiff::tz::TimeZone::get(&zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let as_of = day(as_of, &zone)
            .ok_or_else(|| FlowError::bad("as_of", "the day of the copy, such as 2026-11-20"))?;
        if as_of > ctx.now() {
            return Err(FlowError::bad("as_of", "lies in the future"));
        }
        Ok(Copy {
            tenant,
            registry,
            edition: EventId::new(&*ctx.ids, ctx.now()).to_string(),
            as_of,
            zone,
            author: author.to_owned(),
            hash: Sha256::new(),
            rest: Vec::new(),
            batch: Vec::new(),
            line: 0,
            people: 0,
            good: 0,
            bad: 0,
            bad_lines: Vec::new(),
        })
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// A line without an end, or the database.
    pub async fn push(&mut self, ctx: &Context, bytes: &[u8]) -> Result<(), FlowError> {
        self.hash.update(bytes);
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.take(&line);
            if self.batch.len() >= BATCH {
                self.write(ctx).await?;
            }
        }
        if self.rest.len() > LINE_MAX {
            let why = format!("line {} is longer than {LINE_MAX} bytes", self.line + 1);
            return Err(FlowError::bad("file", why));
        }
        Ok(())
    }

    /// Ends the copy: from now on it counts.
    ///
    /// # Errors
    /// A file that is no list of numbers, another copy that was loaded meanwhile, or the database.
    pub async fn finish(mut self, ctx: &Context) -> Result<CopyView, FlowError> {
        let last = std::mem::take(&mut self.rest);
        if !last.is_empty() {
            self.take(&last);
        }
        self.write(ctx).await?;
        let now = ctx.now();
        let mut tx = ctx.store.write().await?;
        let mut of = tx.tenant(self.tenant);
        // A header counts as no line; of the others a fifth may be no number.
        if self.good == 0 || self.bad * 5 > self.good + self.bad {
            of.drop_registry_copy(&self.registry.id, &self.edition)
                .await?;
            tx.commit().await?;
            let why = format!(
                "{} lines are no numbers of {}, {} are; the copy before stays in force. First: {}",
                self.bad,
                self.registry.country,
                self.good,
                self.bad_lines
                    .first()
                    .map_or("the file is empty", |b| &b.detail)
            );
            return Err(FlowError::bad("file", why));
        }
        let sha256 = hex::encode(self.hash.clone().finalize());
        let copy = NewCopy {
            registry: &self.registry.id,
            edition: &self.edition,
            as_of: self.as_of,
            sha256: &sha256,
            author: &self.author,
        };
        if of.use_registry(copy, now).await? != self.people {
            // Not committed: nothing changed.
            let why = "another copy was loaded meanwhile; look at it, and load this one again if it is newer";
            return Err(FlowError::bad("file", why));
        }
        tx.commit().await?;
        ctx.wake_outbox.notify_one();
        ctx.touched();
        Ok(CopyView {
            registry: one(ctx, self.tenant, self.registry).await?,
            bad: self.bad,
            bad_lines: self.bad_lines,
        })
    }

    async fn write(&mut self, ctx: &Context) -> Result<(), FlowError> {
        let batch = std::mem::take(&mut self.batch);
        let mut tx = ctx.store.write().await?;
        self.people += tx
            .tenant(self.tenant)
            .put_registry_people(&self.registry.id, &self.edition, &batch)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    fn take(&mut self, line: &[u8]) {
        self.line += 1;
        let text = String::from_utf8_lossy(line);
        let text = text.trim().trim_start_matches('\u{feff}');
        if text.is_empty() || (self.line == 1 && !text.bytes().any(|b| b.is_ascii_digit())) {
            return;
        }
        match self.read(text) {
            Ok(person) => {
                self.good += 1;
                self.batch.push(person);
            }
            Err(detail) => {
                self.bad += 1;
                if self.bad_lines.len() < SHOWN {
                    let line = self.line;
                    self.bad_lines.push(BadLine { line, detail });
                }
            }
        }
    }

    /// Which number, and since when. What is told back holds no digit of it.
    fn read(&self, text: &str) -> Result<ListedPerson, String> {
        let mut fields = text
            .split([',', ';', '\t'])
            .map(|f| f.trim().trim_matches('"').trim());
        let number = fields.next().unwrap_or_default();
        let address = local(number, self.registry)?;
        let listed_at = match fields.next().filter(|f| !f.is_empty()) {
            None => None,
            Some(field) => Some(
                until_night(field, &self.zone)
                    .ok_or("the second column is no day; write 2026-01-31 or leave it out")?,
            ),
        };
        Ok(ListedPerson { address, listed_at })
    }
}

/// A number of the registry's country, with its calling code or without.
fn local(text: &str, registry: &Registry) -> Result<AddressKey, String> {
    let code = &registry.calling_code;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let of_country = |text: String| {
        AddressKey::parse(&text)
            .ok()
            .filter(|key| key.country() == Some(&registry.country) && key.is_whole() == Some(true))
    };
    let international = of_country(format!("+{digits}"));
    // Without the zero that is dialled before it at home.
    let at_home = digits.trim_start_matches('0');
    let national = || of_country(format!("+{code}{at_home}"));
    let key = if text.starts_with('+') || text.starts_with("00") {
        international
    } else {
        // The digits of an area code may be those of the country: its own numbers come first.
        national().or(international)
    };
    key.ok_or_else(|| {
        format!(
            "no number of {} ({} digits)",
            registry.country,
            digits.len()
        )
    })
}

/// The beginning of a day, or an instant.
fn day(text: &str, zone: &jiff::tz::TimeZone) -> Option<Ts> {
    if let Ok(at) = Ts::parse_rfc3339(text) {
        return Some(at);
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let at = day.to_zoned(zone.clone()).ok()?;
    Some(Ts(at.timestamp().as_millisecond()))
}

/// The last instant of a day: who agreed on the day of the listing may have agreed before it.
fn until_night(text: &str, zone: &jiff::tz::TimeZone) -> Option<Ts> {
    if let Ok(at) = Ts::parse_rfc3339(text) {
        return Some(at);
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let next = day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    Some(Ts(next.timestamp().as_millisecond() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_gate::registries;

    fn read(registry: &str, text: &str) -> Result<String, String> {
        let registry = registries::find(registry).unwrap();
        local(text, registry).map(|key| key.as_str().to_owned())
    }

    #[test]
    fn numbers_are_those_of_the_registrys_country_however_written() {
        for text in [
            "3001112233",
            "573001112233",
            "+57 300 111 2233",
            "00573001112233",
        ] {
            assert_eq!(
                read("co-rne", text).as_deref(),
                Ok("+573001112233"),
                "{text}"
            );
        }
        assert_eq!(
            read("uy-no-llame", "099 123 456").as_deref(),
            Ok("+59899123456")
        );
        // Area code 55 of Brazil.
        assert_eq!(
            read("br-procon-sp", "55987654321").as_deref(),
            Ok("+5555987654321")
        );
        for text in ["", "12", "+525512345678", "300111223", "teléfono"] {
            let why = read("co-rne", text).unwrap_err();
            assert!(why.starts_with("no number of CO"), "{text}: {why}");
        }
    }

    #[test]
    fn a_listing_lasts_from_the_end_of_its_day() {
        let zone = jiff::tz::TimeZone::get("America/Bogota").unwrap();
        let at = |text: &str| Ts::parse_rfc3339(text).unwrap();
        assert_eq!(day("2026-11-10", &zone), Some(at("2026-11-10T05:00:00Z")));
        assert_eq!(
            until_night("2026-11-10", &zone),
            Some(at("2026-11-11T05:00:00Z") - portero_domain::clock::Millis(1))
        );
        assert_eq!(until_night("10/11/2026", &zone), None);
        let exact = "2026-11-10T12:00:00.000Z";
        assert_eq!(until_night(exact, &zone), Some(at(exact)));
    }
}
