//! From a file to something that can be called: inspected, compiled once, linked.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use portero_domain::plugin::PluginKind;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::abi::Entry;
use crate::engine::Sandbox;
use crate::inspect::{Inspection, inspect_known};
use crate::manifest::Manifest;
use crate::refusal::Refusal;

/// Longest compilation waited for, queueing included.
const COMPILE_TIME: Duration = Duration::from_secs(60);

/// A plugin ready to be called; shared by all its installations.
pub struct Loaded {
    digest: String,
    manifest: Manifest,
    pub(crate) entry: Entry,
}

impl Loaded {
    /// SHA-256 of the component, hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The embedded manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which calls it answers.
    #[must_use]
    pub fn kind(&self) -> PluginKind {
        self.manifest.kind
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loaded({} {})", self.manifest.id, self.digest)
    }
}

/// Why a plugin could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Refused by inspection.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not the file that was installed.
    #[error(
        "the component's digest is `{found}`, `{expected}` is installed: \
         install the plugin again"
    )]
    DigestMismatch {
        /// As installed.
        expected: String,
        /// Of the bytes given.
        found: String,
    },
    /// Cranelift refused it.
    #[error("the component does not compile: {reason}")]
    Compile {
        /// wasmtime's reason.
        reason: String,
    },
    /// It took too long.
    #[error(
        "the component was not compiled within {} seconds: install a smaller one, \
         or try again when the machine is less busy",
        COMPILE_TIME.as_secs()
    )]
    TooSlow,
    /// Imports and exports do not have the types of the host's WIT.
    #[error(
        "the component does not fit this host's `portero:plugin` {track}: {reason}; \
         build it against the released WIT of that track"
    )]
    Link {
        /// Track of the component.
        track: String,
        /// wasmtime's reason.
        reason: String,
    },
    /// The compiling thread was lost: a fault of the host.
    #[error("compiling was interrupted; try again")]
    Interrupted,
}

impl Sandbox {
    /// Makes a plugin ready: from memory, from the cache, or by compiling it.
    ///
    /// `digest` is what was pinned at installation, SHA-256 in hex.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(
        &self,
        bytes: impl Into<Arc<[u8]>>,
        digest: &str,
    ) -> Result<Arc<Loaded>, LoadError> {
        if let Some(loaded) = self.remembered(digest) {
            return Ok(loaded);
        }
        let bytes: Arc<[u8]> = bytes.into();
        let inspection = inspect_known(&bytes)?;
        if inspection.digest != digest {
            return Err(LoadError::DigestMismatch {
                expected: digest.to_owned(),
                found: inspection.digest,
            });
        }
        let component = match tokio::time::timeout(COMPILE_TIME, self.compile(bytes)).await {
            Ok(compiled) => compiled?,
            Err(_elapsed) => return Err(LoadError::TooSlow),
        };
        // While this waited for the compiler, another call may have brought the same plugin.
        if let Some(loaded) = self.remembered(digest) {
            return Ok(loaded);
        }
        let loaded = Arc::new(self.link(&component, inspection).await?);
        let mut known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, loaded| loaded.strong_count() > 0);
        known.insert(digest.to_owned(), Arc::downgrade(&loaded));
        Ok(loaded)
    }

    fn remembered(&self, digest: &str) -> Option<Arc<Loaded>> {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)?
            .upgrade()
    }

    /// One at a time. The permit goes with the work, so that what is given up on still counts.
    async fn compile(&self, bytes: Arc<[u8]>) -> Result<Component, LoadError> {
        let permit = Arc::clone(&self.compiling)
            .acquire_owned()
            .await
            .map_err(|_| LoadError::Interrupted)?;
        let engine = self.engine.clone();
        let cache = self.cache.clone();
        let work = move || -> wasmtime::Result<Component> {
            let _permit = permit;
            let sha256: [u8; 32] = Sha256::digest(&bytes).into();
            let cached = cache.as_ref().and_then(|c| c.load(&engine, &sha256));
            if let Some(component) = cached {
                return Ok(component);
            }
            let component = Component::from_binary(&engine, &bytes)?;
            if let Some(cache) = &cache {
                cache.store(&sha256, &component);
            }
            Ok(component)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| LoadError::Interrupted)?
            .map_err(|error: wasmtime::Error| LoadError::Compile {
                reason: format!("{error:#}"),
            })
    }

    async fn link(&self, component: &Component, found: Inspection) -> Result<Loaded, LoadError> {
        let linker = if found.filesystem {
            &self.compat
        } else {
            &self.strict
        };
        let unfit = |error: wasmtime::Error| LoadError::Link {
            track: found.track.clone(),
            reason: format!("{error:#}"),
        };
        let entry = linker
            .instantiate_pre(component)
            .and_then(|pre| Entry::new(found.kind, pre))
            .map_err(unfit)?;
        self.try_out(&entry).await.map_err(unfit)?;
        Ok(Loaded {
            digest: found.digest,
            manifest: found.manifest,
            entry,
        })
    }
}
