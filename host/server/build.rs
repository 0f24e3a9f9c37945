//! Builds the plugins that come along to WebAssembly, so that the two README commands are all the set-up.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo listens to standard output, people to standard error"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[path = "../../sdk/rust/build-guest.rs"]
mod build_guest;

/// Package, and the variable that tells the crate where its component is.
const GUESTS: [(&str, &str); 5] = [
    ("tienda-bot", "PORTERO_TIENDA_BOT"),
    ("rfm-segments", "PORTERO_RFM_SEGMENTS"),
    ("cart-recovery", "PORTERO_CART_RECOVERY"),
    ("shipping-notice", "PORTERO_SHIPPING_NOTICE"),
    ("campaign-metrics", "PORTERO_CAMPAIGN_METRICS"),
];

/// What `portero plugin new` unpacks: (place in the binary's list, folder from the root).
const UNPACKED: [(&str, &str); 2] = [("sdk", "sdk/rust/src"), ("template", "sdk/template")];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for watched in ["wit", "sdk", "plugins"] {
        println!("cargo:rerun-if-changed={}", root.join(watched).display());
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(why) = list_unpacked(&root, &out) {
        eprintln!("cannot list what `portero plugin new` unpacks: {why}");
        std::process::exit(1);
    }
    for (package, variable) in GUESTS {
        match build_guest::build_guest(package, &root, &out) {
            Ok(wasm) => println!("cargo:rustc-env={variable}={}", wasm.display()),
            Err(why) => {
                eprintln!("{why}");
                std::process::exit(1);
            }
        }
    }
}

/// Writes `unpacked.rs`: every file of [`UNPACKED`] and both licences, by its path, with its text.
fn list_unpacked(root: &Path, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut files = vec![
        ("LICENSE-MIT".to_owned(), root.join("LICENSE-MIT")),
        ("LICENSE-APACHE".to_owned(), root.join("LICENSE-APACHE")),
        ("sdk/README.md".to_owned(), root.join("sdk/rust/README.md")),
    ];
    for (place, folder) in UNPACKED {
        walk(&root.join(folder), place, &mut files)?;
    }
    files.sort();
    let mut text = String::from("&[\n");
    for (name, path) in files {
        let path = path.canonicalize()?;
        writeln!(
            text,
            "    ({name:?}, include_str!({:?})),",
            path.display().to_string()
        )?;
    }
    text.push_str("]\n");
    std::fs::write(out.join("unpacked.rs"), text)?;
    Ok(())
}

fn walk(
    folder: &Path,
    name: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), std::io::Error> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &name, files)?;
        } else {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}
