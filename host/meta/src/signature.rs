//! Proof that a webhook comes from Meta: HMAC over the raw bytes, and the subscription handshake.
//!
//! Source: `whatsapp-platform` 2.1 and 2.2.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Name of the header that carries the signature.
pub const HEADER: &str = "X-Hub-Signature-256";

const PREFIX: &str = "sha256=";

/// Longest challenge echoed, in characters; Meta's have about ten digits.
const CHALLENGE_MAX: usize = 256;

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No header.
    #[error("header `X-Hub-Signature-256` is missing")]
    Missing,
    /// Not `sha256=` and 64 hexadecimal digits.
    #[error("header `X-Hub-Signature-256` is not `sha256=` and 64 hexadecimal digits")]
    Malformed,
    /// Signed with another secret, or the bytes were changed on the way.
    #[error(
        "the signature does not match the body: check the app secret, and that no proxy rewrites bodies"
    )]
    Mismatch,
    /// No app secret is configured, so nothing can be believed.
    #[error("no app secret is configured")]
    NoSecret,
}

/// Checks a delivery's signature over its raw bytes, in constant time, before anything is parsed.
///
/// # Errors
/// [`SignatureError`]; an empty secret refuses everything.
pub fn verify(
    secret: &SecretString,
    raw: &[u8],
    header: Option<&str>,
) -> Result<(), SignatureError> {
    let given = header.ok_or(SignatureError::Missing)?;
    let hex = given
        .trim()
        .strip_prefix(PREFIX)
        .ok_or(SignatureError::Malformed)?;
    let mut tag = [0_u8; 32];
    hex::decode_to_slice(hex, &mut tag).map_err(|_| SignatureError::Malformed)?;
    let mac = keyed(secret, raw).ok_or(SignatureError::NoSecret)?;
    mac.verify_slice(&tag).map_err(|_| SignatureError::Mismatch)
}

/// The header value for `raw`, as Meta would write it. Empty when the secret is empty.
#[must_use]
pub fn sign(secret: &SecretString, raw: &[u8]) -> String {
    keyed(secret, raw)
        .map(|mac| format!("{PREFIX}{}", hex::encode(mac.finalize().into_bytes())))
        .unwrap_or_default()
}

fn keyed(secret: &SecretString, raw: &[u8]) -> Option<Hmac<Sha256>> {
    let key = secret.expose_secret().as_bytes();
    if key.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(raw);
    Some(mac)
}

/// Why a subscription handshake is refused; answer 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// `hub.mode` is not `subscribe`.
    #[error("`hub.mode` is not `subscribe`")]
    Mode,
    /// `hub.verify_token` is not ours.
    #[error("`hub.verify_token` is not the one configured for this app")]
    Token,
    /// No `hub.challenge`, or an unreasonable one.
    #[error("`hub.challenge` is missing or too long")]
    Challenge,
}

/// Answers Meta's `GET` handshake: the text to send back with 200.
///
/// `query` is the raw query string, without `?`.
///
/// # Errors
/// [`ChallengeError`]; an empty configured token refuses everything.
pub fn verify_challenge(query: &str, token: &SecretString) -> Result<String, ChallengeError> {
    let mut url = Url::parse("http://localhost/").map_err(|_| ChallengeError::Challenge)?;
    url.set_query(Some(query));
    let value = |name: &str| {
        url.query_pairs()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.into_owned())
    };
    if value("hub.mode").as_deref() != Some("subscribe") {
        return Err(ChallengeError::Mode);
    }
    let expected = token.expose_secret().as_bytes();
    let given = value("hub.verify_token").unwrap_or_default();
    if expected.is_empty() || !bool::from(given.as_bytes().ct_eq(expected)) {
        return Err(ChallengeError::Token);
    }
    value("hub.challenge")
        .filter(|c| !c.is_empty() && c.chars().count() <= CHALLENGE_MAX)
        .ok_or(ChallengeError::Challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn the_published_hmac_example_is_reproduced() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign(&secret("Jefe"), b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_signature_holds_for_its_exact_bytes_and_its_secret_only() {
        let body = br#"{"text":"\u00a1Hola!"}"#;
        let header = sign(&secret("s3cret"), body);
        assert_eq!(verify(&secret("s3cret"), body, Some(&header)), Ok(()));
        assert_eq!(
            verify(
                &secret("s3cret"),
                body,
                Some(&header.to_uppercase().replace("SHA", "sha"))
            ),
            Ok(())
        );
        let rewritten = "{\"text\":\"¡Hola!\"}".as_bytes();
        assert_eq!(
            verify(&secret("s3cret"), rewritten, Some(&header)),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            verify(&secret("other"), body, Some(&header)),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn missing_malformed_and_secretless_are_told_apart() {
        let s = secret("s3cret");
        assert_eq!(verify(&s, b"{}", None), Err(SignatureError::Missing));
        for bad in [
            "",
            "sha256=",
            "sha256=zz",
            "sha1=00",
            &format!("sha256={}", "0".repeat(66)),
        ] {
            assert_eq!(
                verify(&s, b"{}", Some(bad)),
                Err(SignatureError::Malformed),
                "{bad}"
            );
        }
        let none = secret("");
        let header = sign(&s, b"{}");
        assert_eq!(
            verify(&none, b"{}", Some(&header)),
            Err(SignatureError::NoSecret)
        );
        assert_eq!(sign(&none, b"{}"), "");
    }

    #[test]
    fn the_handshake_echoes_the_challenge_for_the_right_token_only() {
        let token = secret("tok en");
        let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=tok%20en";
        assert_eq!(verify_challenge(query, &token), Ok("1158201444".to_owned()));
        assert_eq!(
            verify_challenge(query, &secret("tok e")),
            Err(ChallengeError::Token)
        );
        assert_eq!(
            verify_challenge(query, &secret("")),
            Err(ChallengeError::Token)
        );
        assert_eq!(
            verify_challenge(
                "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
                &secret("")
            ),
            Err(ChallengeError::Token)
        );
        assert_eq!(
            verify_challenge("hub.mode=unsubscribe&hub.verify_token=tok%20en", &token),
            Err(ChallengeError::Mode)
        );
        assert_eq!(
            verify_challenge("hub.mode=subscribe&hub.verify_token=tok%20en", &token),
            Err(ChallengeError::Challenge)
        );
        assert_eq!(verify_challenge("", &token), Err(ChallengeError::Mode));
    }
}
