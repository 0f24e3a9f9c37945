//! Why a file is not installed: what was expected, what was found, what to do.

use portero_domain::plugin::PluginKind;

use crate::manifest::{ManifestError, SECTION};

/// Why a component is refused before anything of it runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Larger than 32 MiB.
    #[error(
        "the file has {found} bytes, at most {limit} are accepted: \
         build in release mode and strip debug information"
    )]
    TooLarge {
        /// Its size in bytes.
        found: usize,
        /// Largest accepted, in bytes.
        limit: usize,
    },
    /// Native code.
    #[error(
        "expected a WebAssembly component, found native code (ELF), perhaps a precompiled plugin: \
         install the `.wasm` that the build wrote, the host compiles it itself"
    )]
    Elf,
    /// A core module.
    #[error(
        "expected a WebAssembly component, found a core module: \
         build with `--target wasm32-wasip2`, or wrap it with `wasm-tools component new`"
    )]
    NotAComponent,
    /// No WebAssembly, or damaged.
    #[error(
        "expected a WebAssembly component, found something unreadable ({detail}): \
         build or download the file again"
    )]
    Malformed {
        /// What the reader stumbled over.
        detail: String,
    },
    /// No manifest inside.
    #[error(
        "expected one custom section `{SECTION}`, found none: \
         export the plugin with the SDK's macro, which embeds `portero-plugin.toml`"
    )]
    NoManifest,
    /// More than one manifest.
    #[error(
        "expected one custom section `{SECTION}`, found {found}: \
         a plugin is one component; do not link two plugins into one file"
    )]
    TwoManifests {
        /// How many.
        found: usize,
    },
    /// The manifest is wrong.
    #[error("the embedded manifest is wrong, {0}: correct `portero-plugin.toml` and build again")]
    BadManifest(#[from] ManifestError),
    /// Built against a WIT track this host does not have.
    #[error(
        "the plugin speaks `portero:plugin` {found}, this host {offered}: \
         build it against a track the host has, or update the host"
    )]
    WrongTrack {
        /// Track of the plugin.
        found: String,
        /// Tracks of this host.
        offered: String,
    },
    /// The manifest names another kind than the component exports.
    #[error(
        "the manifest says `{manifest}`, the component exports `{exported}`: \
         correct `kind` in `portero-plugin.toml`, or implement the other trait",
        manifest = manifest.as_str(), exported = exported.as_str()
    )]
    KindMismatch {
        /// Kind in the manifest.
        manifest: PluginKind,
        /// Kind of the export.
        exported: PluginKind,
    },
    /// Imports what no plugin gets.
    #[error("`{import}` is imported and not available to plugins: {instead}")]
    ForbiddenImport {
        /// As imported.
        import: String,
        /// What to use instead.
        instead: String,
    },
    /// Imports a host interface without asking for it.
    #[error(
        "`{import}` is imported, but the manifest does not ask for it: add a `[[permission]]` with \
         `id = \"{permission}\"` and a `reason`"
    )]
    UndeclaredImport {
        /// As imported.
        import: String,
        /// The permission that grants it.
        permission: &'static str,
    },
    /// Exports no plugin interface.
    #[error(
        "expected an export `portero:plugin/{expected}@{track}.*`, found {found}: \
         build against the world `{expected}-plugin`"
    )]
    NoExport {
        /// Kind in the manifest.
        expected: &'static str,
        /// Track in the manifest.
        track: String,
        /// What is exported instead.
        found: String,
    },
}

impl Refusal {
    /// Stable word for JSON and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Refusal::TooLarge { .. } => "too-large",
            Refusal::Elf => "elf",
            Refusal::NotAComponent => "not-a-component",
            Refusal::Malformed { .. } => "malformed",
            Refusal::NoManifest => "no-manifest",
            Refusal::TwoManifests { .. } => "two-manifests",
            Refusal::BadManifest(_) => "bad-manifest",
            Refusal::WrongTrack { .. } => "wrong-track",
            Refusal::KindMismatch { .. } => "kind-mismatch",
            Refusal::ForbiddenImport { .. } => "forbidden-import",
            Refusal::UndeclaredImport { .. } => "undeclared-import",
            Refusal::NoExport { .. } => "no-export",
        }
    }
}
