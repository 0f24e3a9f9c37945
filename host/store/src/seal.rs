//! Secrets at rest: XChaCha20-Poly1305 under a data key per tenant, wrapped by the master key.
//!
//! Sealed bytes: version (1) | nonce (24) | ciphertext and tag. The associated data names tenant,
//! table, column and row, so a sealed value copied to another place does not open there.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use portero_domain::ids::IdSource;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;
use sha2::Sha256;

use crate::error::{Result, StoreError};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// The key that wraps every tenant's data key. From a file or the environment, never from the database.
#[derive(Clone)]
pub struct MasterKey(pub [u8; 32]);

/// Shows nothing.
impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// An unwrapped data key; forgotten when dropped.
pub(crate) struct DataKey([u8; 32]);

impl Drop for DataKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Where a sealed value lives.
pub(crate) struct Place<'a> {
    /// Tenant id, or `system`.
    pub(crate) tenant: &'a str,
    /// `table.column`.
    pub(crate) column: &'static str,
    /// Key of the row.
    pub(crate) row: &'a str,
}

impl Place<'_> {
    /// Length-prefixed, so that no two places share their bytes.
    fn aad(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for part in [self.tenant, self.column, self.row] {
            out.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }
}

impl MasterKey {
    /// Tells this key from others and gives nothing of it away: 32 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut mac = self.mac(b"portero fingerprint of a master key");
        mac.truncate(32);
        mac
    }

    /// Vouches for a text: only who has this key can make it. 64 hexadecimal digits.
    #[must_use]
    pub fn vouch(&self, text: &str) -> String {
        self.mac(format!("portero vouches\0{text}").as_bytes())
    }

    fn mac(&self, text: &[u8]) -> String {
        // Takes keys of every length.
        match <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0) {
            Ok(mut mac) => {
                mac.update(text);
                hex::encode(mac.finalize().into_bytes())
            }
            Err(_) => String::new(),
        }
    }

    /// Makes a tenant's data key: the sealed form to store.
    pub(crate) fn new_data_key(&self, ids: &dyn IdSource, tenant: &str) -> Result<Vec<u8>> {
        let mut key = [0_u8; 32];
        ids.random(&mut key);
        let sealed = seal(&self.0, ids, &data_key_place(tenant), &key);
        key.zeroize();
        sealed
    }

    /// Opens a tenant's data key.
    pub(crate) fn data_key(&self, tenant: &str, sealed: &[u8]) -> Result<DataKey> {
        let mut plain = open(&self.0, &data_key_place(tenant), sealed)?;
        let key = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| StoreError::Sealed {
            what: "tenants.data_key",
        });
        plain.zeroize();
        Ok(DataKey(key?))
    }

    /// Wraps a tenant's data key with another key.
    pub(crate) fn rewrap_data_key(
        &self,
        ids: &dyn IdSource,
        tenant: &str,
        sealed: &[u8],
        to: &MasterKey,
    ) -> Result<Vec<u8>> {
        let key = self.data_key(tenant, sealed)?;
        seal(&to.0, ids, &data_key_place(tenant), &key.0)
    }

    /// Seals what belongs to no tenant.
    pub(crate) fn seal(
        &self,
        ids: &dyn IdSource,
        place: &Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        seal(&self.0, ids, place, plain)
    }

    /// Opens what belongs to no tenant.
    pub(crate) fn open_text(&self, place: &Place<'_>, sealed: &[u8]) -> Result<SecretString> {
        text(place, open(&self.0, place, sealed)?)
    }
}

/// Seals what an installation's calls were: made from the tenant's data key, so that whoever reads an
/// installation has it and no call asks for it.
#[derive(Clone, PartialEq, Eq)]
pub struct JournalKey([u8; 32]);

/// Shows nothing.
impl std::fmt::Debug for JournalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JournalKey(…)")
    }
}

impl Drop for JournalKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl JournalKey {
    pub(crate) fn seal(
        &self,
        ids: &dyn IdSource,
        place: &Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        seal(&self.0, ids, place, plain)
    }

    pub(crate) fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.0, place, sealed)
    }
}

impl DataKey {
    /// The key of an installation's journal.
    pub(crate) fn journal(&self, installation: &str) -> Result<JournalKey> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0).map_err(|_| {
            StoreError::Sealed {
                what: "journal key",
            }
        })?;
        mac.update(b"portero journal\0");
        mac.update(installation.as_bytes());
        Ok(JournalKey(mac.finalize().into_bytes().into()))
    }

    pub(crate) fn seal(
        &self,
        ids: &dyn IdSource,
        place: &Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        seal(&self.0, ids, place, plain)
    }

    pub(crate) fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.0, place, sealed)
    }

    pub(crate) fn open_text(&self, place: &Place<'_>, sealed: &[u8]) -> Result<SecretString> {
        text(place, open(&self.0, place, sealed)?)
    }
}

fn data_key_place(tenant: &str) -> Place<'_> {
    Place {
        tenant,
        column: "tenants.data_key",
        row: tenant,
    }
}

fn text(place: &Place<'_>, plain: Vec<u8>) -> Result<SecretString> {
    String::from_utf8(plain)
        .map(SecretString::from)
        .map_err(|_| StoreError::Sealed { what: place.column })
}

fn seal(key: &[u8; 32], ids: &dyn IdSource, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
    let failed = || StoreError::Sealed { what: place.column };
    let aad = place.aad();
    let nonce = nonce(key, ids, &aad, plain).ok_or_else(failed)?;
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .map_err(|_| failed())?;
    let mut out = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
    out.push(VERSION);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// HMAC-SHA-256, hex.
pub(crate) fn keyed_hash(key: &[u8], text: &[u8]) -> Result<String> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .map_err(|_| StoreError::Sealed { what: "keyed hash" })?;
    mac.update(text);
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// Random bytes hashed with key, place and text. A seeded source may repeat its bytes (a demo run
/// twice on the same data); even then two different texts never share a nonce.
fn nonce(
    key: &[u8; 32],
    ids: &dyn IdSource,
    aad: &[u8],
    plain: &[u8],
) -> Option<[u8; NONCE_BYTES]> {
    let mut random = [0_u8; 32];
    ids.random(&mut random);
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).ok()?;
    mac.update(b"portero nonce\0");
    mac.update(&random);
    mac.update(aad);
    mac.update(plain);
    mac.finalize()
        .into_bytes()
        .get(..NONCE_BYTES)?
        .try_into()
        .ok()
}

fn open(key: &[u8; 32], place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
    let failed = || StoreError::Sealed { what: place.column };
    let (version, rest) = sealed.split_first().ok_or_else(failed)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).ok_or_else(failed)?;
    if *version != VERSION {
        return Err(failed());
    }
    let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| failed())?;
    XChaCha20Poly1305::new(key.into())
        .decrypt(
            &XNonce::from(nonce),
            Payload {
                msg: sealed,
                aad: &place.aad(),
            },
        )
        .map_err(|_| failed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::clock::Ts;
    use secrecy::ExposeSecret;

    /// Always the same bytes: the worst source there is.
    struct Fixed;
    impl IdSource for Fixed {
        fn uuid(&self, _: Ts) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
        fn random(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    fn place(row: &str) -> Place<'_> {
        Place {
            tenant: "ten_1",
            column: "numbers.access_token",
            row,
        }
    }

    #[test]
    fn a_secret_opens_only_in_its_own_place_and_with_its_own_key() {
        let master = MasterKey([1; 32]);
        let sealed = master.seal(&Fixed, &place("a"), b"EAAG-token").unwrap();
        assert_eq!(
            master
                .open_text(&place("a"), &sealed)
                .unwrap()
                .expose_secret(),
            "EAAG-token"
        );
        assert!(master.open_text(&place("b"), &sealed).is_err());
        assert!(MasterKey([2; 32]).open_text(&place("a"), &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(master.open_text(&place("a"), &changed).is_err());
        assert!(master.open_text(&place("a"), &[]).is_err());
        assert!(master.open_text(&place("a"), &[2, 3]).is_err());
        let mut version = sealed;
        *version.first_mut().unwrap() = 2;
        assert!(master.open_text(&place("a"), &version).is_err());
    }

    #[test]
    fn a_repeating_random_source_does_not_repeat_a_nonce() {
        let master = MasterKey([1; 32]);
        let one = master.seal(&Fixed, &place("a"), b"one").unwrap();
        let two = master.seal(&Fixed, &place("a"), b"two").unwrap();
        assert_ne!(one.get(1..25), two.get(1..25));
    }

    #[test]
    fn a_journal_opens_with_its_installations_key_only() {
        let master = MasterKey([1; 32]);
        let sealed = master.new_data_key(&Fixed, "ten_1").unwrap();
        let key = master.data_key("ten_1", &sealed).unwrap();
        let (one, other) = (key.journal("ins_1").unwrap(), key.journal("ins_2").unwrap());
        let call = one.seal(&Fixed, &place("evt_1:ins_1"), b"hola").unwrap();
        assert_eq!(one.open(&place("evt_1:ins_1"), &call).unwrap(), b"hola");
        assert!(other.open(&place("evt_1:ins_1"), &call).is_err());
        assert!(one.open(&place("evt_2:ins_1"), &call).is_err());
        assert_eq!(format!("{one:?}"), "JournalKey(…)");
    }

    #[test]
    fn a_data_key_belongs_to_one_tenant() {
        let master = MasterKey([1; 32]);
        let sealed = master.new_data_key(&Fixed, "ten_1").unwrap();
        assert!(master.data_key("ten_1", &sealed).is_ok());
        assert!(master.data_key("ten_2", &sealed).is_err());
        assert_eq!(format!("{master:?}"), "MasterKey(…)");
    }
}
