//! What a file is, read without running any of it: digest, manifest, kind, track, imports.

use portero_domain::plugin::PluginKind;
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::budget::MAX_COMPONENT_BYTES;
use crate::manifest::{INTERFACES, Manifest, SECTION, TRACKS};
use crate::parts::{self, Part};
use crate::refusal::Refusal;

/// What the strict linker has; see `wasi.rs`.
const WASI: [(&str, &[&str]); 4] = [
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:random", &["random", "insecure", "insecure-seed"]),
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
];
/// The component's header: `\0asm`, version 13, layer 1.
const COMPONENT_HEADER: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const WASM_MAGIC: [u8; 4] = [0x00, 0x61, 0x73, 0x6d];
const ELF_MAGIC: [u8; 4] = [0x7f, 0x45, 0x4c, 0x46];

/// What a component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// SHA-256 of the file, hex.
    pub digest: String,
    /// The embedded manifest.
    pub manifest: Manifest,
    /// Its text, as embedded.
    pub manifest_text: String,
    /// Which world it exports.
    pub kind: PluginKind,
    /// WIT track (`0.1`).
    pub track: String,
    /// Imports, as named in the file.
    pub imports: Vec<String>,
    /// What an operator should know: `imports filesystem: no access`.
    pub notes: Vec<String>,
    /// What it is made of, when its author's tools wrote that into the file; `None` when they did not.
    pub parts: Option<Vec<Part>>,
    /// Bytes of the file.
    pub size: usize,
    /// Whether it needs the empty filesystem of the compatibility linker.
    pub(crate) filesystem: bool,
}

/// Reads a file and says what it is, or why it is refused. Runs nothing, compiles nothing.
///
/// # Errors
/// [`Refusal`]: what was expected, what was found and what to do.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, Refusal> {
    let found = outline(bytes)?;
    Validator::new_with_features(features())
        .validate_all(bytes)
        .map_err(|error| Refusal::Malformed {
            detail: error.to_string(),
        })?;
    found.judge(bytes)
}

/// As [`inspect`] without validating function bodies: for bytes whose digest was inspected before.
pub(crate) fn inspect_known(bytes: &[u8]) -> Result<Inspection, Refusal> {
    outline(bytes)?.judge(bytes)
}

/// The file with `manifest_text` embedded as its manifest section.
///
/// The text is not checked here: [`inspect`] the result.
#[must_use]
pub fn embed_manifest(component: &[u8], manifest_text: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    leb128(&mut payload, SECTION.len());
    payload.extend_from_slice(SECTION.as_bytes());
    payload.extend_from_slice(manifest_text.as_bytes());
    let mut out = Vec::with_capacity(component.len().saturating_add(payload.len()));
    out.extend_from_slice(component);
    out.push(0);
    leb128(&mut out, payload.len());
    out.extend_from_slice(&payload);
    out
}

/// SHA-256 of `bytes`, hex.
pub(crate) fn digest_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What the engine accepts; keep in step with `engine.rs`.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}

struct Outline {
    manifests: Vec<Vec<u8>>,
    imports: Vec<String>,
    exports: Vec<String>,
    /// Lists of what it is made of, packed.
    parts: Vec<Vec<u8>>,
}

fn malformed(error: &wasmparser::BinaryReaderError) -> Refusal {
    Refusal::Malformed {
        detail: error.to_string(),
    }
}

/// Manifest sections anywhere in the file; imports and exports of the outermost component.
fn outline(bytes: &[u8]) -> Result<Outline, Refusal> {
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(Refusal::TooLarge {
            found: bytes.len(),
            limit: MAX_COMPONENT_BYTES,
        });
    }
    if bytes.starts_with(&ELF_MAGIC) {
        return Err(Refusal::Elf);
    }
    if !bytes.starts_with(&COMPONENT_HEADER) {
        let module = bytes.starts_with(&WASM_MAGIC)
            && bytes.get(6..8).is_some_and(|layer| layer == [0x00, 0x00]);
        return Err(if module {
            Refusal::NotAComponent
        } else {
            Refusal::Malformed {
                detail: "it does not begin like one".to_owned(),
            }
        });
    }
    let mut outline = Outline {
        manifests: Vec::new(),
        imports: Vec::new(),
        exports: Vec::new(),
        parts: Vec::new(),
    };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|e| malformed(&e))? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == SECTION => {
                outline.manifests.push(section.data().to_vec());
            }
            Payload::CustomSection(section) if section.name() == parts::SECTION => {
                outline.parts.push(section.data().to_vec());
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.map_err(|e| malformed(&e))?;
                    outline.imports.push(import.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let export = export.map_err(|e| malformed(&e))?;
                    outline.exports.push(export.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(outline)
}

impl Outline {
    fn judge(self, bytes: &[u8]) -> Result<Inspection, Refusal> {
        let mut manifests = self.manifests.into_iter();
        let first = manifests.next().ok_or(Refusal::NoManifest)?;
        let more = manifests.count();
        if more > 0 {
            return Err(Refusal::TwoManifests {
                found: more.saturating_add(1),
            });
        }
        let manifest_text = String::from_utf8(first).map_err(|_| {
            Refusal::BadManifest(crate::ManifestError {
                line: None,
                what: "it is not UTF-8".to_owned(),
            })
        })?;
        let manifest = Manifest::parse(&manifest_text)?;
        if !TRACKS.contains(&manifest.wit.as_str()) {
            return Err(wrong_track(&manifest.wit));
        }
        let track = exported_track(&manifest, &self.exports)?;
        let mut filesystem = false;
        for import in &self.imports {
            filesystem |= judge_import(import, &manifest)?;
        }
        let mut notes = Vec::new();
        if filesystem {
            notes.push("imports filesystem: no access".to_owned());
        }
        // Told, not required: a list that cannot be read says nothing about what runs.
        let parts = match self.parts.is_empty() {
            true => None,
            false => parts::read(&self.parts)
                .map_err(|why| notes.push(format!("its list of parts cannot be read: {why}")))
                .ok(),
        };
        Ok(Inspection {
            digest: digest_hex(bytes),
            kind: manifest.kind,
            manifest,
            manifest_text,
            track,
            imports: self.imports,
            parts,
            notes,
            size: bytes.len(),
            filesystem,
        })
    }
}

fn wrong_track(found: &str) -> Refusal {
    Refusal::WrongTrack {
        found: found.to_owned(),
        offered: TRACKS.join(", "),
    }
}

/// Track of the export that the manifest's kind calls for.
fn exported_track(manifest: &Manifest, exports: &[String]) -> Result<String, Refusal> {
    let kinds = [
        PluginKind::Replies,
        PluginKind::Segmentation,
        PluginKind::Analytics,
    ];
    let mut other = None;
    for export in exports {
        let Some(("portero:plugin", interface, version)) = split(export) else {
            continue;
        };
        let Some(kind) = kinds.into_iter().find(|k| k.as_str() == interface) else {
            continue;
        };
        if kind != manifest.kind {
            other = Some(kind);
            continue;
        }
        let track = track_of(version);
        return if TRACKS.contains(&track.as_str()) && track == manifest.wit {
            Ok(track)
        } else {
            Err(wrong_track(&track))
        };
    }
    match other {
        Some(exported) => Err(Refusal::KindMismatch {
            manifest: manifest.kind,
            exported,
        }),
        None => Err(Refusal::NoExport {
            expected: manifest.kind.as_str(),
            track: manifest.wit.clone(),
            found: if exports.is_empty() {
                "no export".to_owned()
            } else {
                let named: Vec<String> = exports.iter().map(|e| format!("`{e}`")).collect();
                named.join(", ")
            },
        }),
    }
}

/// `Ok(true)` when the import needs the empty filesystem.
fn judge_import(import: &str, manifest: &Manifest) -> Result<bool, Refusal> {
    let forbidden = |instead: &str| {
        Err(Refusal::ForbiddenImport {
            import: import.to_owned(),
            instead: instead.to_owned(),
        })
    };
    let Some((package, interface, version)) = split(import) else {
        return forbidden("a plugin imports interfaces of `portero:plugin` and a part of WASI 0.2");
    };
    if package == "portero:plugin" {
        let track = track_of(version);
        if track != manifest.wit {
            return Err(wrong_track(&track));
        }
        if interface == "types" {
            return Ok(false);
        }
        return match INTERFACES.iter().find(|(known, _)| *known == interface) {
            Some((_, permission)) if manifest.permission(permission).is_some() => Ok(false),
            Some((_, permission)) => Err(Refusal::UndeclaredImport {
                import: import.to_owned(),
                permission,
            }),
            None => forbidden("this host does not know it; update the host"),
        };
    }
    if package == "wasi:sockets" || package == "wasi:http" {
        return forbidden(
            "use `portero:plugin/http`, which asks for the hosts in the manifest (permission `http.fetch`)",
        );
    }
    if package.starts_with("wasi:") && track_of(version) != "0.2" {
        return forbidden("only WASI 0.2 is available; build with `--target wasm32-wasip2`");
    }
    if package == "wasi:filesystem" && ["types", "preopens"].contains(&interface) {
        return Ok(true);
    }
    let known = WASI
        .iter()
        .any(|(p, interfaces)| *p == package && interfaces.contains(&interface));
    if known {
        Ok(false)
    } else {
        forbidden("a plugin gets `wasi:io`, `wasi:clocks`, `wasi:random` and `wasi:cli`, no more")
    }
}

/// `wasi:io/poll@0.2.6` → (`wasi:io`, `poll`, `0.2.6`).
fn split(name: &str) -> Option<(&str, &str, &str)> {
    let (package, rest) = name.split_once('/')?;
    let (interface, version) = rest.split_once('@')?;
    Some((package, interface, version))
}

/// `0.1.3` → `0.1`; `2.1.0` → `2`.
fn track_of(version: &str) -> String {
    let mut parts = version.split('.');
    match (parts.next(), parts.next()) {
        (Some("0"), Some(minor)) => format!("0.{minor}"),
        (Some(major), _) => major.to_owned(),
        (None, _) => String::new(),
    }
}

fn leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0x7f);
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "id = \"ar.example.x\"\nversion = \"1.0.0\"\nkind = \"replies\"\nwit = \"0.1\"\n";
    const EXPORT: &str = r#"(instance $i) (export "portero:plugin/replies@0.1.0" (instance $i))"#;

    fn component(body: &str) -> Vec<u8> {
        wat(&format!("(component {body})"))
    }

    fn wat(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn a_component_with_its_manifest_is_described() {
        let bytes = embed_manifest(&component(EXPORT), MANIFEST);
        let found = inspect(&bytes).unwrap();
        assert_eq!(found.kind, PluginKind::Replies);
        assert_eq!(found.track, "0.1");
        assert_eq!(found.manifest_text, MANIFEST);
        assert_eq!(found.digest, digest_hex(&bytes));
        assert_eq!(found.size, bytes.len());
        assert!(found.notes.is_empty());
    }

    #[test]
    fn a_manifest_inside_a_core_module_is_found_and_two_are_refused() {
        let inner = format!("(core module (@custom \"{SECTION}\" {MANIFEST:?}))");
        let bytes = wat(&format!("(component {inner} {EXPORT})"));
        assert_eq!(inspect(&bytes).unwrap().manifest.id, "ar.example.x");
        let twice = embed_manifest(&bytes, MANIFEST);
        assert_eq!(
            inspect(&twice).unwrap_err(),
            Refusal::TwoManifests { found: 2 }
        );
    }

    #[test]
    fn files_that_are_no_component_are_told_apart() {
        assert_eq!(inspect(b"\x7fELF\x02").unwrap_err(), Refusal::Elf);
        assert_eq!(
            inspect(&wat("(module)")).unwrap_err(),
            Refusal::NotAComponent
        );
        for bytes in [&b""[..], b"\0as", b"hello world"] {
            assert_eq!(inspect(bytes).unwrap_err().as_str(), "malformed");
        }
        let mut cut = embed_manifest(&component(EXPORT), MANIFEST);
        cut.truncate(cut.len() - 1);
        assert_eq!(inspect(&cut).unwrap_err().as_str(), "malformed");
        assert_eq!(
            inspect(&component(EXPORT)).unwrap_err(),
            Refusal::NoManifest
        );
    }

    #[test]
    fn the_size_limit_is_exact() {
        let bytes = embed_manifest(&component(EXPORT), MANIFEST);
        // One custom section of filler: name length, name, zeroes.
        let padded = |total: usize| {
            let mut out = bytes.clone();
            let overhead = 1 + 5 + 1;
            let filler = total - bytes.len() - overhead;
            out.push(0);
            let size = filler + 1;
            for i in 0..5 {
                let more = if i < 4 { 0x80 } else { 0 };
                out.push(u8::try_from((size >> (7 * i)) & 0x7f).unwrap() | more);
            }
            out.push(0);
            out.resize(total, 0);
            out
        };
        assert!(inspect(&padded(MAX_COMPONENT_BYTES)).is_ok());
        let refusal = inspect(&padded(MAX_COMPONENT_BYTES + 1)).unwrap_err();
        assert_eq!(refusal.as_str(), "too-large");
    }

    #[test]
    fn imports_are_allowed_declared_or_refused() {
        let with = |import: &str, manifest: &str| {
            let bytes = component(&format!("(import \"{import}\" (instance)) {EXPORT}"));
            inspect(&embed_manifest(&bytes, manifest))
        };
        assert!(with("wasi:io/poll@0.2.0", MANIFEST).is_ok());
        assert!(with("portero:plugin/types@0.1.0", MANIFEST).is_ok());
        let filesystem = with("wasi:filesystem/preopens@0.2.6", MANIFEST).unwrap();
        assert_eq!(filesystem.notes, ["imports filesystem: no access"]);

        let sockets = with("wasi:sockets/tcp@0.2.0", MANIFEST).unwrap_err();
        assert!(sockets.to_string().contains("portero:plugin/http"));
        for import in ["wasi:io/poll@0.3.0", "wasi:cli/run@0.2.0", "x:y/z@1.0.0"] {
            let refusal = with(import, MANIFEST).unwrap_err();
            assert_eq!(refusal.as_str(), "forbidden-import", "{import}");
        }
        let kv = with("portero:plugin/kv@0.1.0", MANIFEST).unwrap_err();
        assert_eq!(kv.as_str(), "undeclared-import");
        assert!(kv.to_string().contains("id = \"kv\""), "{kv}");
        let declared = format!("{MANIFEST}[[permission]]\nid = \"kv\"\nreason = \"memory\"\n");
        assert!(with("portero:plugin/kv@0.1.0", &declared).is_ok());
        let newer = with("portero:plugin/kv@0.2.0", &declared).unwrap_err();
        assert_eq!(newer.as_str(), "wrong-track");
    }

    #[test]
    fn kind_and_track_must_fit_the_export() {
        let refuse = |export: &str, manifest: &str| {
            let body = format!("(instance $i) (export \"{export}\" (instance $i))");
            inspect(&embed_manifest(&component(&body), manifest)).unwrap_err()
        };
        let analytics = refuse("portero:plugin/analytics@0.1.0", MANIFEST);
        assert_eq!(analytics.as_str(), "kind-mismatch");
        let other = refuse("wasi:cli/run@0.2.0", MANIFEST);
        assert_eq!(other.as_str(), "no-export");
        assert!(other.to_string().contains("replies-plugin"), "{other}");
        let newer = refuse("portero:plugin/replies@0.2.0", MANIFEST);
        assert_eq!(newer.as_str(), "wrong-track");
        let manifest = MANIFEST.replace("\"0.1\"", "\"0.2\"");
        let asked = refuse("portero:plugin/replies@0.1.0", &manifest);
        assert_eq!(asked.as_str(), "wrong-track");
    }
}
