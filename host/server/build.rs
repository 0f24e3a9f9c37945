//! Builds the example plugin to WebAssembly, so that the two README commands are all the set-up.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo listens to standard output, people to standard error"
)]

#[path = "../../sdk/rust/build-guest.rs"]
mod build_guest;

fn main() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for watched in ["wit", "sdk", "plugins"] {
        println!("cargo:rerun-if-changed={}", root.join(watched).display());
    }
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    match build_guest::build_guest("tienda-bot", &root, &out) {
        Ok(wasm) => println!("cargo:rustc-env=PORTERO_TIENDA_BOT={}", wasm.display()),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(1);
        }
    }
}
