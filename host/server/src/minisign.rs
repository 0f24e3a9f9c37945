//! Keys and signatures of plugins' authors, in the files of minisign 0.11: what this writes, `minisign` reads, and the
//! other way round. Keys with a password are minisign's to open.
//!
//! Source: <https://jedisct1.github.io/minisign/>, "Signature format", "Public key format", "Secret key format".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b256, Blake2b512, Digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// Algorithm of keys: Ed25519.
const KEY: [u8; 2] = *b"Ed";
/// Algorithm of signatures: Ed25519 over the BLAKE2b-512 of the file.
const HASHED: [u8; 2] = *b"ED";
/// Algorithm of checksums: BLAKE2b.
const CHECKSUM: [u8; 2] = *b"B2";
/// No password.
const NONE: [u8; 2] = [0, 0];
/// Salt and cost of a password, all zero without one.
const PASSWORD_BYTES: usize = 32 + 8 + 8;
/// Bytes of a secret key's file.
const SECRET_BYTES: usize = 2 + 2 + 2 + PASSWORD_BYTES + 8 + 64 + 32;

/// Why a file is no key to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not minisign's format.
    #[error("it is no secret key: `portero plugin key new` makes one")]
    Unreadable,
    /// With a password.
    #[error(
        "it has a password, which only minisign asks for: `minisign -S -s KEY -m FILE` signs as well"
    )]
    Locked,
    /// Its checksum does not fit.
    #[error("it is damaged: take the copy that you kept")]
    Damaged,
}

/// A key to sign with. Not printed.
pub struct SigningKey {
    id: [u8; 8],
    seed: [u8; 32],
    public: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A key from random bytes: eight for its id, 32 for its secret.
    #[must_use]
    pub fn from_random(id: [u8; 8], seed: [u8; 32]) -> Option<SigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(SigningKey {
            id,
            seed,
            public,
            pair,
        })
    }

    /// Reads a secret key's file.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn read(text: &str) -> Result<SigningKey, BadKey> {
        let line = text.lines().nth(1).unwrap_or_default().trim();
        let bytes = STANDARD.decode(line).map_err(|_| BadKey::Unreadable)?;
        let mut rest = bytes.as_slice();
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at_checked(n).unwrap_or_default();
            rest = left;
            taken
        };
        let (algorithm, password, checksum) = (take(2), take(2), take(2));
        take(PASSWORD_BYTES);
        let (id, seed, public, check) = (take(8), take(32), take(32), take(32));
        if bytes.len() != SECRET_BYTES || algorithm != KEY || checksum != CHECKSUM {
            return Err(BadKey::Unreadable);
        }
        if password != NONE {
            return Err(BadKey::Locked);
        }
        let fixed = |part: &[u8]| <[u8; 32]>::try_from(part).map_err(|_| BadKey::Unreadable);
        let id = <[u8; 8]>::try_from(id).map_err(|_| BadKey::Unreadable)?;
        let (seed, public) = (fixed(seed)?, fixed(public)?);
        let key = SigningKey::from_random(id, seed).ok_or(BadKey::Damaged)?;
        // Without a password minisign may leave the checksum out.
        let unchecked = check.iter().all(|b| *b == 0);
        if key.public != public || (!unchecked && check != key.checksum()) {
            return Err(BadKey::Damaged);
        }
        Ok(key)
    }

    fn checksum(&self) -> [u8; 32] {
        let sum = Blake2b256::new()
            .chain_update(KEY)
            .chain_update(self.id)
            .chain_update(self.seed)
            .chain_update(self.public)
            .finalize();
        sum.into()
    }

    /// The file to keep, without a password.
    #[must_use]
    pub fn secret_file(&self) -> String {
        let bytes = [
            &KEY[..],
            &NONE,
            &CHECKSUM,
            &[0; PASSWORD_BYTES],
            &self.id,
            &self.seed,
            &self.public,
            &self.checksum(),
        ]
        .concat();
        let key = STANDARD.encode(bytes);
        format!("untrusted comment: secret key of a plugin's author, keep it to yourself\n{key}\n")
    }

    /// The file to hand on.
    #[must_use]
    pub fn public_file(&self) -> String {
        let id: Vec<u8> = self.id.iter().rev().copied().collect();
        let key = STANDARD.encode([&KEY[..], &self.id, &self.public].concat());
        format!(
            "untrusted comment: minisign public key {}\n{key}\n",
            hex::encode_upper(id)
        )
    }

    /// The file that stands beside `bytes`; `comment`, in one line, is signed with it.
    #[must_use]
    pub fn sign(&self, bytes: &[u8], comment: &str) -> String {
        let comment = comment.replace(['\r', '\n'], " ");
        let signature = self.pair.sign(Blake2b512::digest(bytes).as_slice());
        let signature = signature.as_ref();
        let whole = self.pair.sign(&[signature, comment.as_bytes()].concat());
        format!(
            "untrusted comment: signature of a plugin's author\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode([&HASHED[..], &self.id, signature].concat()),
            STANDARD.encode(whole)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_random([n; 8], [n; 32]).unwrap()
    }

    /// Made by minisign 0.11: `minisign -G -W`, then `minisign -S` of the five bytes `hola\n`.
    const THEIR_SECRET: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkNT3GafdyzlsaQ2jizccrzZFyOdkYyomEWwe1g/FlBNMs58vZjSZmGqIpr/jlw4S9zYYfDdnRdUnAPp1zRWAeEAV6I8vOzDvAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    const THEIR_PUBLIC: &str = "untrusted comment: minisign public key 39CBDDA719F7D490\nRWSQ1PcZp93LOWqIpr/jlw4S9zYYfDdnRdUnAPp1zRWAeEAV6I8vOzDv\n";

    #[test]
    fn a_key_of_minisigns_signs_the_same_here() {
        let theirs = SigningKey::read(THEIR_SECRET).unwrap();
        let public = theirs.public_file();
        assert_eq!(public.lines().nth(1), THEIR_PUBLIC.lines().nth(1));
        let signed = theirs.sign(b"hola\n", "file:hola");
        let verified = minisign_verify::Signature::decode(&signed).unwrap();
        let public = minisign_verify::PublicKey::decode(THEIR_PUBLIC).unwrap();
        public.verify(b"hola\n", &verified, false).unwrap();
        assert_eq!(verified.trusted_comment(), "file:hola");
        assert!(public.verify(b"hola", &verified, false).is_err());
    }

    #[test]
    fn a_key_is_read_as_it_was_written_or_not_at_all() {
        let file = key(7).secret_file();
        assert_eq!(
            SigningKey::read(&file).unwrap().public_file(),
            key(7).public_file()
        );
        let change = |at: usize| {
            let line = file.lines().nth(1).unwrap();
            let mut bytes = STANDARD.decode(line).unwrap();
            bytes[at] ^= 1;
            SigningKey::read(&format!(
                "untrusted comment: x\n{}\n",
                STANDARD.encode(bytes)
            ))
            .err()
        };
        assert_eq!(change(0), Some(BadKey::Unreadable));
        assert_eq!(change(2), Some(BadKey::Locked));
        for at in [54, 62, 94, 126] {
            assert_eq!(change(at), Some(BadKey::Damaged), "{at}");
        }
        for none in [
            "",
            "hola",
            "untrusted comment: x\nRWQ=\n",
            &key(7).public_file(),
        ] {
            assert_eq!(
                SigningKey::read(none).err(),
                Some(BadKey::Unreadable),
                "{none}"
            );
        }
    }

    #[test]
    fn a_comment_stays_on_its_line() {
        let signed = key(1).sign(b"x", "a\nb");
        assert_eq!(signed.lines().count(), 4);
        let public = minisign_verify::PublicKey::decode(&key(1).public_file()).unwrap();
        let read = minisign_verify::Signature::decode(&signed).unwrap();
        public.verify(b"x", &read, false).unwrap();
        let other = minisign_verify::PublicKey::decode(&key(2).public_file()).unwrap();
        assert!(other.verify(b"x", &read, false).is_err());
    }
}
