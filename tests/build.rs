//! Builds the guests the tests run, so that `cargo test` needs no other command before it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo listens to standard output, people to standard error"
)]

use std::env;
use std::path::{Path, PathBuf};

#[path = "../sdk/rust/build-guest.rs"]
mod build_guest;

/// Package of the guest workspace, and the variable that tells the tests where it is.
const GUESTS: [(&str, &str); 4] = [
    ("hostile-guest", "PORTERO_GUEST_HOSTILE"),
    ("segments-guest", "PORTERO_GUEST_SEGMENTS"),
    ("counts-guest", "PORTERO_GUEST_COUNTS"),
    ("dumps-guest", "PORTERO_GUEST_DUMPS"),
];

fn main() {
    // The guests' own workspace, the SDK they use and the contract; nothing else changes them.
    for path in ["build.rs", "guests", "../sdk", "../wit"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let workspace = Path::new("guests");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for (package, variable) in GUESTS {
        match build_guest::build_guest(package, workspace, &out) {
            Ok(wasm) => println!("cargo:rustc-env={variable}={}", wasm.display()),
            Err(message) => {
                eprintln!("{message}");
                std::process::exit(1);
            }
        }
    }
}
