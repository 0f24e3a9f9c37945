//! Builds the plugins that come along to WebAssembly, so that the two README commands are all the set-up.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo listens to standard output, people to standard error"
)]

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

fn main() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for watched in ["wit", "sdk", "plugins"] {
        println!("cargo:rerun-if-changed={}", root.join(watched).display());
    }
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
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
