//! Compiled components on disk, believed only with this host's seal on them.
//!
//! What wasmtime deserialises runs as native code, so a file is read whole, its HMAC-SHA-256
//! verified under a key that only this host has, and only then handed over. Files are written
//! aside, flushed and renamed, never changed in place. Anything that does not fit is deleted and
//! compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

const MAGIC: &[u8; 8] = b"PORTERO1";
const MAC_BYTES: usize = 32;
/// Magic, digest of the wasm, fingerprint of the engine.
const HEADER_BYTES: usize = 8 + 32 + 32;
/// Largest file read back; a 32 MiB component compiles to about 3 times its size.
const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// A directory of sealed files.
pub(crate) struct Cache {
    dir: PathBuf,
    key: [u8; 32],
    fingerprint: [u8; 32],
    written: AtomicU64,
}

impl Cache {
    /// Opens or creates `dir`, readable by its owner only.
    pub(crate) fn open(dir: &Path, key: [u8; 32], engine: &Engine) -> io::Result<Cache> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        Ok(Cache {
            dir: dir.to_owned(),
            key,
            fingerprint: fingerprint(engine),
            written: AtomicU64::new(0),
        })
    }

    /// The compiled component, if a sealed file for it is there; a file that does not fit is removed.
    pub(crate) fn load(&self, engine: &Engine, wasm_sha256: &[u8; 32]) -> Option<Component> {
        let path = self.path(wasm_sha256);
        let file = match read_whole(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, "cached plugin could not be read; compiling it again");
                remove(&path);
                return None;
            }
        };
        let loaded = self
            .verified(&file, wasm_sha256)
            .and_then(|code| deserialize(engine, code));
        if loaded.is_none() {
            tracing::warn!("cached plugin does not carry this host's seal; compiling it again");
            remove(&path);
        }
        loaded
    }

    /// Keeps a compiled component. Failing to is no error: it will be compiled again.
    pub(crate) fn store(&self, wasm_sha256: &[u8; 32], component: &Component) {
        let outcome = component
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| self.write(wasm_sha256, &code));
        if let Err(error) = outcome {
            tracing::warn!(%error, "compiled plugin could not be cached");
        }
    }

    fn write(&self, wasm_sha256: &[u8; 32], code: &[u8]) -> io::Result<()> {
        let path = self.path(wasm_sha256);
        let count = self.written.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{}-{count}.tmp", std::process::id()));
        let header = self.header(wasm_sha256);
        let seal = self.mac(&[&header, code])?.finalize().into_bytes();
        let result = (|| {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&aside)?;
            file.write_all(&header)?;
            file.write_all(code)?;
            file.write_all(&seal)?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
            File::open(&self.dir)?.sync_all()
        })();
        if result.is_err() {
            remove(&aside);
        }
        result
    }

    /// The code inside a file that is complete, for this wasm and engine, and sealed by this host.
    fn verified<'f>(&self, file: &'f [u8], wasm_sha256: &[u8; 32]) -> Option<&'f [u8]> {
        let (body, seal) = file.split_at_checked(file.len().checked_sub(MAC_BYTES)?)?;
        let (header, code) = body.split_at_checked(HEADER_BYTES)?;
        // Constant time.
        self.mac(&[body]).ok()?.verify_slice(seal).ok()?;
        (header == self.header(wasm_sha256)).then_some(code)
    }

    fn header(&self, wasm_sha256: &[u8; 32]) -> Vec<u8> {
        [&MAGIC[..], wasm_sha256, &self.fingerprint].concat()
    }

    fn mac(&self, parts: &[&[u8]]) -> io::Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(io::Error::other)?;
        for part in parts {
            mac.update(part);
        }
        Ok(mac)
    }

    fn path(&self, wasm_sha256: &[u8; 32]) -> PathBuf {
        let engine: String = hex::encode(self.fingerprint).chars().take(16).collect();
        self.dir
            .join(format!("{}-{engine}.cwasm", hex::encode(wasm_sha256)))
    }
}

/// Hands verified code to wasmtime.
#[expect(
    unsafe_code,
    reason = "deserialising runs native code; the bytes were sealed by this host with its own key \
              over wasmtime's unmodified output, and verified by the caller just before"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: `code` is byte for byte what `Component::serialize` returned on this host for an
    // engine of the same fingerprint: `Cache::verified` checked the seal over header and code.
    // It is owned memory, not a map of a file that could change. Other versions and settings of
    // wasmtime are refused by wasmtime itself.
    match unsafe { Component::deserialize(engine, code) } {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::warn!(%error, "cached plugin was refused");
            None
        }
    }
}

fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    File::open(path)?
        .take(MAX_FILE_BYTES)
        .read_to_end(&mut file)?;
    Ok(file)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file of the plugin cache could not be removed");
    }
}

/// What compiled code depends on besides the wasm: engine settings, wasmtime's and our version.
pub(crate) fn fingerprint(engine: &Engine) -> [u8; 32] {
    let mut hasher = Sha256Hasher(Sha256::new());
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

struct Sha256Hasher(Sha256);
impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// Not used: the whole digest is taken.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> (tempfile::TempDir, Engine, Cache, Component) {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = Cache::open(&dir.path().join("aot"), [7; 32], &engine).unwrap();
        let component = Component::new(&engine, "(component)").unwrap();
        (dir, engine, cache, component)
    }

    #[test]
    fn what_was_stored_is_found_again_and_only_for_the_same_wasm() {
        let (_dir, engine, cache, component) = setup();
        assert!(cache.load(&engine, &[1; 32]).is_none());
        cache.store(&[1; 32], &component);
        assert!(cache.load(&engine, &[1; 32]).is_some());
        assert!(cache.load(&engine, &[2; 32]).is_none());
    }

    #[test]
    fn any_flipped_bit_removes_the_file() {
        let (_dir, engine, cache, component) = setup();
        cache.store(&[1; 32], &component);
        let path = cache.path(&[1; 32]);
        let good = fs::read(&path).unwrap();
        for at in [0, 9, 41, HEADER_BYTES + 100, good.len() - 1] {
            let mut bad = good.clone();
            *bad.get_mut(at).unwrap() ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(cache.load(&engine, &[1; 32]).is_none(), "byte {at}");
            assert!(!path.exists(), "byte {at}");
        }
        for len in [0, 31, HEADER_BYTES, good.len() - 1] {
            fs::write(&path, good.get(..len).unwrap()).unwrap();
            assert!(cache.load(&engine, &[1; 32]).is_none(), "{len} bytes");
        }
        fs::write(&path, &good).unwrap();
        assert!(cache.load(&engine, &[1; 32]).is_some());
    }

    #[test]
    fn a_file_swapped_in_from_another_plugin_or_host_is_not_believed() {
        let (dir, engine, cache, component) = setup();
        cache.store(&[1; 32], &component);
        fs::copy(cache.path(&[1; 32]), cache.path(&[2; 32])).unwrap();
        assert!(cache.load(&engine, &[2; 32]).is_none());

        let other = Cache::open(&dir.path().join("aot"), [8; 32], &engine).unwrap();
        assert!(other.load(&engine, &[1; 32]).is_none());
    }

    #[test]
    fn the_folder_is_closed_to_others_and_no_scraps_stay() {
        let (dir, _engine, cache, component) = setup();
        cache.store(&[1; 32], &component);
        cache.store(&[1; 32], &component);
        let folder = dir.path().join("aot");
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
