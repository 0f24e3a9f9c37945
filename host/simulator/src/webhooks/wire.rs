//! Bytes on the wire: Meta's JSON escaping and the signature over exactly those bytes (§2.2).

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// JSON as Meta writes it: `\uXXXX` for everything beyond ASCII, `\/` for a slash.
///
/// Both only ever occur inside strings, so the finished text can be rewritten as it stands.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len() + plain.len() / 8);
    let mut units = [0u16; 2];
    for c in plain.chars() {
        if c == '/' {
            out.push_str("\\/");
        } else if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out.into_bytes()
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn signature(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so this cannot fail; an empty answer would be refused.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn escapes_like_meta_and_reads_back_the_same() {
        let value = json!({"a/b": "Lucía ❤ 👍 \"x\" \n"});
        let bytes = encode(&value);
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"a\/b":"Luc\u00eda \u2764 \ud83d\udc4d \"x\" \n"}"#
        );
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }

    #[test]
    fn the_signature_is_hmac_sha256_in_hex() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
