//! The phone page in a real browser: starts a demo, lets its day end, and runs `phone.mjs` on it.
//!
//! Needs Node, Chromium and the packages of `package.json` (`npm ci` here, or PORTERO_PLAYWRIGHT).
//! Without them it says so loudly and passes, unless PORTERO_REQUIRE_BROWSER is 1.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that talks to a terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its switches from the environment"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use serde_json::Value;

/// Ends the demo whatever happens.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> ExitCode {
    // The one test, in the words of the usual runner, so that filters and lists work.
    let arguments = libtest_mimic::Arguments::from_args();
    let trial = libtest_mimic::Trial::test("the_phone_page_works_in_a_real_browser", || {
        phone().map_err(libtest_mimic::Failed::from)
    });
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn phone() -> Result<(), String> {
    let required = std::env::var("PORTERO_REQUIRE_BROWSER").is_ok_and(|v| v == "1");
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !node.is_ok_and(|s| s.success()) {
        return missing(required, "node is not there");
    }
    let mut demo = Demo(
        Command::new(env!("CARGO_BIN_EXE_portero"))
            .args(["demo", "--json", "--seed", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("the demo does not start: {e}"))?,
    );
    let out = demo.0.stdout.take().ok_or("no output")?;
    let mut lines = BufReader::new(out).lines().map_while(Result::ok);
    let first = lines.next().ok_or("the demo said nothing")?;
    let start: Value = serde_json::from_str(&first).map_err(|e| format!("{e}: {first}"))?;
    let accounts = lines
        .filter(|l| l.contains("\"event\":\"account\""))
        .take(2)
        .count();
    if accounts != 2 {
        return Err("the demo's day did not end".to_owned());
    }
    let text = |field: &str| {
        start
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/phone.mjs");
    let run = Command::new("node")
        .arg(&script)
        .args([text("host_url"), text("login_url")])
        .arg(folder.path())
        .output()
        .map_err(|e| format!("node does not start: {e}"))?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    match run.status.code() {
        Some(0) => {
            println!("{said}");
            Ok(())
        }
        Some(3) => missing(required, &said),
        _ => {
            // Kept for whoever looks into it.
            println!("screenshots: {}", folder.keep().display());
            Err(said)
        }
    }
}

fn missing(required: bool, what: &str) -> Result<(), String> {
    if required {
        return Err(format!("PORTERO_REQUIRE_BROWSER=1, and {what}"));
    }
    println!("!! the phone page was NOT tested in a browser: {what}");
    Ok(())
}
