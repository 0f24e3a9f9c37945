//! Passwords of people: Argon2id, a few at a time, off the threads that serve.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use portero_domain::ids::IdSource;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::error::FlowError;

/// Shortest password, characters. Length is what counts; no kinds of characters are asked for.
pub(crate) const PASSWORD_MIN: usize = 12;
/// Longest password, characters: hashing takes as long for any, reading the form does not.
pub(crate) const PASSWORD_MAX: usize = 200;
/// Hashes computed at the same time. Each takes 19 MiB and a processor for some tens of milliseconds.
const AT_ONCE: usize = 2;
/// Characters of a generated password, in groups of five.
const GENERATED: usize = 25;
/// Letters and digits that nobody takes for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

static HASHING: Semaphore = Semaphore::const_new(AT_ONCE);

/// Refuses what is too short, too long, or the name itself.
///
/// # Errors
/// [`FlowError::BadInput`] that says what would be right.
pub(crate) fn check(name: &str, password: &SecretString) -> Result<(), FlowError> {
    let text = password.expose_secret();
    let length = text.chars().count();
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        let why = format!("it has {length} characters; {PASSWORD_MIN} to {PASSWORD_MAX} are right");
        return Err(FlowError::bad("password", why));
    }
    let first = text.chars().next();
    if text.chars().all(|c| Some(c) == first) || text.to_lowercase().contains(name) {
        let why = "the name, or one character again and again, is guessed first: take another";
        return Err(FlowError::bad("password", why));
    }
    Ok(())
}

/// A password of 125 random bits that can be read over the telephone.
pub(crate) fn generate(ids: &dyn IdSource) -> SecretString {
    let mut bytes = [0_u8; GENERATED];
    ids.random(&mut bytes);
    let mut text = String::with_capacity(GENERATED + GENERATED / 5);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % 5 == 0 {
            text.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte % 32)).copied();
        text.push(char::from(letter.unwrap_or(b'x')));
    }
    SecretString::from(text)
}

/// The PHC string of a password.
///
/// # Errors
/// [`FlowError::Task`]: a bug.
pub(crate) async fn hash(ids: &dyn IdSource, password: &SecretString) -> Result<String, FlowError> {
    let mut salt = [0_u8; 16];
    ids.random(&mut salt);
    let password = password.clone();
    aside(move || {
        let hashed = Argon2::default()
            .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
            .map(|hash: PasswordHash| hash.to_string());
        hashed.map_err(|error| tracing::error!(%error, "a password was not hashed"))
    })
    .await?
    .map_err(|()| FAILED)
}

/// Whether a password belongs to a PHC string. Without one the same work is done, and it does not.
///
/// # Errors
/// [`FlowError::Task`]: a bug.
pub(crate) async fn verify(
    stored: Option<String>,
    password: &SecretString,
) -> Result<bool, FlowError> {
    let password = password.clone();
    aside(move || {
        let text = password.expose_secret().as_bytes();
        let stored = stored.as_deref().and_then(|s| PasswordHash::new(s).ok());
        match stored {
            Some(hash) => Argon2::default().verify_password(text, &hash).is_ok(),
            None => {
                let done: Result<PasswordHash, _> =
                    Argon2::default().hash_password_with_salt(text, &[0; 16]);
                std::hint::black_box(done.is_ok());
                false
            }
        }
    })
    .await
}

const FAILED: FlowError = FlowError::Task {
    what: "hashing a password",
};

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FlowError> {
    let turn = HASHING.acquire().await.map_err(|_| FAILED)?;
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| FAILED);
    drop(turn);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::clock::Ts;

    /// Counts, so that no two calls give the same.
    struct Counting(std::sync::atomic::AtomicU8);

    impl IdSource for Counting {
        fn uuid(&self, _: Ts) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
        fn random(&self, out: &mut [u8]) {
            for byte in out {
                *byte = self.0.fetch_add(7, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    fn ids() -> Counting {
        Counting(0.into())
    }

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_and_only_itself_fits() {
        let ids = ids();
        let password = SecretString::from("correct horse battery".to_owned());
        let kept = hash(&ids, &password).await.unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert_ne!(kept, hash(&ids, &password).await.unwrap(), "no salt");
        assert!(verify(Some(kept.clone()), &password).await.unwrap());
        let other = SecretString::from("correct horse batterz".to_owned());
        assert!(!verify(Some(kept), &other).await.unwrap());
        for nothing in [None, Some(String::new()), Some("plain".to_owned())] {
            assert!(!verify(nothing, &password).await.unwrap());
        }
    }

    #[test]
    fn short_long_and_obvious_ones_are_refused() {
        let said = |text: &str| check("rosa", &SecretString::from(text.to_owned()));
        assert!(said("eleven-char").is_err());
        assert!(said(&"x1".repeat(101)).is_err());
        assert!(said("aaaaaaaaaaaaaaaa").is_err());
        assert!(said("Rosa-2026-2026").is_err());
        assert!(said("ñandú ñandú ñ").is_ok());
        assert!(said(generate(&ids()).expose_secret()).is_ok());
    }

    #[test]
    fn a_generated_one_reads_in_groups() {
        let ids = ids();
        let one = generate(&ids);
        let groups: Vec<&str> = one.expose_secret().split('-').collect();
        assert!(groups.iter().all(|g| g.len() == 5) && groups.len() == 5);
        assert_ne!(one.expose_secret(), generate(&ids).expose_secret());
    }
}
