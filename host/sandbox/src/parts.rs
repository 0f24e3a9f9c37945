//! What a component is made of, as far as its author's tools wrote it into the file: the list of crates that
//! cargo-auditable embeds (`.dep-v0`, zlib over JSON).

use std::io::Read;

use auditable_serde::{DependencyKind, VersionInfo};
use flate2::read::ZlibDecoder;
use serde::{Deserialize, Serialize};

/// Name of the section.
pub(crate) const SECTION: &str = ".dep-v0";
/// Longest list, unpacked, bytes: the largest trees known have some 300 KiB.
const LIST_MAX: u64 = 4 * 1024 * 1024;
/// Most parts that are told.
const PARTS_MAX: usize = 5_000;

/// One crate that went into a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from: `crates.io`, `git`, `local`, `registry` or another word of its author's tools.
    pub source: String,
    /// Whether it only took part in the build.
    pub build_only: bool,
}

/// The parts that sections tell of, by name, each once.
///
/// # Errors
/// What is wrong with a section.
pub(crate) fn read(sections: &[Vec<u8>]) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    for section in sections {
        let mut list = Vec::new();
        let unpacked = ZlibDecoder::new(section.as_slice())
            .take(LIST_MAX.saturating_add(1))
            .read_to_end(&mut list);
        if unpacked.is_err() || u64::try_from(list.len()).is_ok_and(|n| n > LIST_MAX) {
            return Err("it is no zlib, or unpacked longer than 4 MiB".to_owned());
        }
        let info: VersionInfo = serde_json::from_slice(&list).map_err(|e| e.to_string())?;
        parts.extend(info.packages.into_iter().map(|package| Part {
            name: package.name,
            version: package.version.to_string(),
            source: package.source.into(),
            build_only: package.kind == DependencyKind::Build,
        }));
    }
    parts.sort_unstable();
    parts.dedup();
    if parts.len() > PARTS_MAX {
        return Err(format!("it names more than {PARTS_MAX} parts"));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn packed(json: &[u8]) -> Vec<u8> {
        let mut out = ZlibEncoder::new(Vec::new(), Compression::fast());
        out.write_all(json).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn the_list_of_cargo_auditable_is_read() {
        let list = br#"{"packages":[
            {"name":"serde","version":"1.0.219","source":"crates.io","dependencies":[]},
            {"name":"cc","version":"1.2.0","source":"crates.io","kind":"build"},
            {"name":"carts","version":"0.1.0","source":"local","dependencies":[0,1],"root":true}],"format":1}"#;
        let all = read(&[packed(list), packed(list)]).unwrap();
        let told: Vec<(&str, &str, &str, bool)> = all
            .iter()
            .map(|p| {
                (
                    p.name.as_str(),
                    p.version.as_str(),
                    p.source.as_str(),
                    p.build_only,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("carts", "0.1.0", "local", false),
                ("cc", "1.2.0", "crates.io", true),
                ("serde", "1.0.219", "crates.io", false),
            ]
        );
        assert_eq!(read(&[]).unwrap(), []);
    }

    #[test]
    fn what_is_no_list_or_too_long_is_told_and_not_believed() {
        for bad in [b"plain".to_vec(), packed(b"{}"), packed(b"[1]")] {
            read(&[bad]).unwrap_err();
        }
        let bomb = packed(&vec![b' '; usize::try_from(LIST_MAX).unwrap() + 1]);
        assert!(bomb.len() < 64 * 1024);
        assert!(read(&[bomb]).unwrap_err().contains("4 MiB"));
    }
}
