//! Who signed a component, by the keys that a tenant trusts: minisign's detached signatures over the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{PublicKey, Signature};
use portero_store::model::PluginKey;
use sha2::{Digest, Sha256};

/// Longest signature file, bytes; minisign's own have some 300.
pub const SIGNATURE_MAX: usize = 4_096;
/// `Ed`, an id of eight bytes, a key of 32.
const PUBLIC_KEY_BYTES: usize = 42;
/// `Ed` or `ED`, an id of eight bytes, a signature of 64.
const SIGNATURE_BYTES: usize = 74;

/// What is expected of a component's signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// The plugin's own id.
    pub(super) plugin: &'a str,
    /// It was fetched from elsewhere: it has to be signed.
    pub(super) fetched: bool,
    /// Key of the version that runs; empty when there is none or it is not signed.
    pub(super) before: &'a str,
}

/// Reads a public key, bare or as a file of minisign's: the key as text and its id.
///
/// # Errors
/// What was expected and what to do.
pub fn public_key(text: &str) -> Result<(String, String), String> {
    let key = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let key = key.unwrap_or_default();
    let read = STANDARD.decode(key).ok();
    match read.as_deref() {
        Some(bytes @ [b'E', b'd', ..]) if bytes.len() == PUBLIC_KEY_BYTES => {
            PublicKey::from_base64(key).map_err(|e| no_key(&e.to_string()))?;
            Ok((key.to_owned(), id_of(bytes)))
        }
        _ => Err(no_key("another length or beginning")),
    }
}

fn no_key(found: &str) -> String {
    format!(
        "expected a public key as `portero plugin key new` or `minisign -G` writes it (`RW…`, 56 characters), found \
         something else ({found}): hand on the file that ends in `.pub`"
    )
}

/// Id of a public key or a signature, as minisign shows it.
fn id_of(bytes: &[u8]) -> String {
    let id: Vec<u8> = bytes.iter().skip(2).take(8).rev().copied().collect();
    hex::encode_upper(id)
}

/// Whether a key may sign a plugin of that id.
pub(super) fn covers(prefixes: &[String], plugin: &str) -> bool {
    prefixes.iter().any(|prefix| match prefix.ends_with('.') {
        true => plugin.starts_with(prefix.as_str()),
        false => plugin == prefix,
    })
}

/// The trusted key that signed `bytes`, or nothing when they are not signed and need not be.
///
/// # Errors
/// What was expected, what was found and what to do.
pub(super) fn signer<'k>(
    keys: &'k [PluginKey],
    bytes: &[u8],
    signature: Option<&str>,
    expected: Expected<'_>,
) -> Result<Option<&'k PluginKey>, String> {
    let before = by_public_key(keys, expected.before);
    let Some(signature) = signature.filter(|s| !s.trim().is_empty()) else {
        return if expected.fetched {
            Err("expected a signature beside what is fetched, found none: the author puts what `portero plugin \
                 sign` makes beside it, at the same address with `.minisig` at the end"
                .to_owned())
        } else if expected.before.is_empty() {
            Ok(None)
        } else {
            Err(format!(
                "expected a signature of {}, who signed the version that runs, found none: hand on the author's \
                 `.minisig` file with it, or install it anew with `--new-signer` when you know why",
                named(before, expected.before)
            ))
        };
    };
    let key = signed_by(keys, bytes, signature)?;
    if !covers(&key.prefixes, expected.plugin) {
        return Err(format!(
            "`{}` is signed by {}, which is trusted for {}: trust the key for this id too with `portero plugin \
             trust add`, when it is this author's",
            expected.plugin,
            told(key),
            key.prefixes.join(", ")
        ));
    }
    if !expected.before.is_empty() && !leads_to(keys, expected.before, key) {
        return Err(format!(
            "the version that runs is signed by {}, this one by {}: the author has the old key sign the new one \
             (`portero plugin trust rotate`), or install it anew with `--new-signer` when you know why",
            named(before, expected.before),
            told(key)
        ));
    }
    Ok(Some(key))
}

/// The trusted key whose signature of `bytes` this is, whatever it may sign.
///
/// # Errors
/// As [`signer`].
pub(super) fn signed_by<'k>(
    keys: &'k [PluginKey],
    bytes: &[u8],
    signature: &str,
) -> Result<&'k PluginKey, String> {
    let id = signature_id(signature)?;
    let Some(key) = keys.iter().find(|key| key.key_id == id) else {
        let trusted: Vec<String> = keys.iter().map(told).collect();
        let trusted = match trusted.is_empty() {
            true => "none is".to_owned(),
            false => format!("trusted are {}", trusted.join(", ")),
        };
        return Err(format!(
            "expected a signature of a trusted key, found one of key {id}; {trusted}: `portero plugin trust add` \
             trusts a key, when you know whose it is"
        ));
    };
    if !key.replaced_by.is_empty() {
        return Err(format!(
            "it is signed by {}, which key {} replaced: ask the author for a signature of the new key",
            told(key),
            key.replaced_by
        ));
    }
    let whole = PublicKey::from_base64(&key.public_key).and_then(|public| {
        // Older signatures, over the file itself, are as good: the whole file is here.
        public.verify(bytes, &Signature::decode(signature)?, true)
    });
    whole.map(|()| key).map_err(|_| {
        format!(
            "expected the file that {} signed, found another one (sha256 {}): get file and signature again from \
             where they were published; if they still do not fit, ask the author",
            told(key),
            hex::encode(Sha256::digest(bytes))
        )
    })
}

/// Id of the key that a signature says it is of.
fn signature_id(signature: &str) -> Result<String, String> {
    let line = signature.lines().nth(1).unwrap_or_default().trim();
    let read = STANDARD.decode(line).ok();
    let fits = signature.len() <= SIGNATURE_MAX && Signature::decode(signature).is_ok();
    match read {
        Some(bytes) if fits && bytes.len() == SIGNATURE_BYTES => Ok(id_of(&bytes)),
        _ => Err(
            "expected a signature as `portero plugin sign` or `minisign -S` writes it (four lines), found something \
             else: hand on the `.minisig` file as it was made"
                .to_owned(),
        ),
    }
}

/// Whether `key` is the key of before, or took its place step by step.
fn leads_to(keys: &[PluginKey], before: &str, key: &PluginKey) -> bool {
    let mut at = by_public_key(keys, before);
    // At most as many steps as there are keys.
    for _ in keys {
        match at {
            Some(found) if found.public_key == key.public_key => return true,
            Some(found) => at = keys.iter().find(|k| k.key_id == found.replaced_by),
            None => return false,
        }
    }
    false
}

pub(super) fn by_public_key<'k>(keys: &'k [PluginKey], public: &str) -> Option<&'k PluginKey> {
    keys.iter().find(|key| key.public_key == public)
}

/// Id of a key that is kept as text; empty for none.
pub(super) fn key_id(public: &str) -> String {
    public_key(public).map(|(_, id)| id).unwrap_or_default()
}

fn told(key: &PluginKey) -> String {
    format!("{} (key {})", key.name, key.key_id)
}

/// A key by its words, or by its id when it is not trusted any more.
fn named(key: Option<&PluginKey>, public: &str) -> String {
    key.map_or_else(
        || format!("key {}, which is not trusted any more", key_id(public)),
        told,
    )
}
