//! Pages in a real browser: starts a demo and runs `phone.mjs`, `home.mjs`, `manage.mjs`, `forms.mjs`, `states.mjs`,
//! `tree.mjs`, `waiting.mjs` and `first.mjs` on it after its day, `login.mjs` without one.
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
struct Demo {
    child: Child,
    lines: Option<Lines>,
}

/// What it says.
type Lines = std::iter::MapWhile<
    std::io::Lines<BufReader<std::process::ChildStdout>>,
    fn(std::io::Result<String>) -> Option<String>,
>;

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> ExitCode {
    // In the words of the usual runner, so that filters and lists work.
    let arguments = libtest_mimic::Arguments::from_args();
    let test = |name: &str, run: fn() -> Result<(), String>| {
        libtest_mimic::Trial::test(name, move || run().map_err(libtest_mimic::Failed::from))
    };
    let trials = vec![
        test("the_phone_page_works_in_a_real_browser", phone),
        test("the_pages_of_managing_work_in_a_real_browser", manage),
        test("logging_in_and_out_works_in_a_real_browser", login),
        test("home_people_and_consents_work_in_a_real_browser", home),
        test("the_long_and_grave_forms_work_in_a_real_browser", forms),
        test(
            "every_page_is_good_in_every_state_in_a_real_browser",
            states,
        ),
        test("a_screen_reader_is_told_what_the_pages_are", tree),
        test("pages_that_wait_say_so_in_a_real_browser", waiting),
        test("the_first_ten_minutes_on_a_phone_lead_somewhere", first),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn phone() -> Result<(), String> {
    on_its_day("phone.mjs")
}

fn home() -> Result<(), String> {
    on_its_day("home.mjs")
}

/// Runs a script on a demo whose day is over.
fn on_its_day(name: &str) -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = after_its_day()?;
    script(name, &[text(&start, "host_url"), text(&start, "login_url")])
}

/// A demo whose day is over.
fn after_its_day() -> Result<(Demo, Value), String> {
    let (mut demo, start) = demo(&["demo", "--json", "--seed", "1"])?;
    let out = demo.lines.take().ok_or("no output")?;
    let accounts = out
        .filter(|l| l.contains("\"event\":\"account\""))
        .take(2)
        .count();
    if accounts != 2 {
        return Err("the demo's day did not end".to_owned());
    }
    Ok((demo, start))
}

/// The longest name a campaign may have.
const NAME: &str =
    "Promociones-de-fin-de-temporada-con-un-nombre-larguísimo-sin-un-solo-espacio-ñ-8";

fn manage() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = after_its_day()?;
    shop(&start, "vacia", "Vacía")?;
    let campaign = long_campaign(&start)?;
    script(
        "manage.mjs",
        &[
            text(&start, "host_url"),
            text(&start, "login_url"),
            "tienda-sol".to_owned(),
            "vacia".to_owned(),
            text(&campaign, "id"),
        ],
    )
}

/// Says a verb to the demo's host.
fn portero(start: &Value, arguments: &[&str]) -> Result<Value, String> {
    let made = Command::new(env!("CARGO_BIN_EXE_portero"))
        .args(arguments)
        .args(["--json", "--data", &text(start, "data_dir")])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("the program does not start: {e}"))?;
    serde_json::from_slice(&made.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&made.stderr)))
}

/// A shop without anything.
fn shop(start: &Value, slug: &str, name: &str) -> Result<(), String> {
    let place = ["--timezone", "America/Bogota", "--country", "CO"];
    let new = [&["tenant", "create", slug, "--name", name], &place[..]].concat();
    portero(start, &new).map(drop)
}

/// A draft whose name and reason are as long as they may be.
fn long_campaign(start: &Value) -> Result<Value, String> {
    let why = "porque-aceptaron-recibir-ofertas".repeat(8);
    let shop = [
        "--tenant",
        "tienda-sol",
        "--template",
        "carrito_recordatorio",
        "--language",
        "es",
        "--topic",
        "ofertas",
        "--value",
        "body.nombre=name:vecina",
    ];
    let new = [
        &["campaign", "new", NAME, "--all", "--why", &why],
        &shop[..],
    ]
    .concat();
    portero(start, &new)
}

/// Makes somebody who logs in with a password; says that password.
fn owner(start: &Value, name: &str) -> Result<String, String> {
    let add = ["user", "add", name, "--role", "owner", "--generate"];
    Ok(text(&portero(start, &add)?, "password"))
}

fn forms() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = after_its_day()?;
    let password = owner(&start, "rosa")?;
    script(
        "forms.mjs",
        &[
            text(&start, "host_url"),
            text(&start, "login_url"),
            "tienda-sol".to_owned(),
            "rosa".to_owned(),
            password,
        ],
    )
}

fn states() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = after_its_day()?;
    shop(&start, "vacia", "Vacía")?;
    let name = "Comercializadora-de-nombre-larguísimo-y-sin-espacios-de-la-Ñ ".repeat(2);
    shop(&start, "larga", name.trim())?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let people = folder.path().join("people.csv");
    let long = "Nombre-de-persona-larguísimo-sin-espacios-".repeat(4);
    std::fs::write(&people, format!("phone,name\n+573001112299,{long}\n"))
        .map_err(|e| e.to_string())?;
    let file = people.display().to_string();
    portero(&start, &["contacts", "import", &file, "--tenant", "larga"])?;
    long_campaign(&start)?;
    script(
        "states.mjs",
        &[
            text(&start, "host_url"),
            text(&start, "login_url"),
            "tienda-sol".to_owned(),
            "vacia".to_owned(),
            "larga".to_owned(),
            pages(),
        ],
    )
}

fn tree() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = after_its_day()?;
    shop(&start, "vacia", "Vacía")?;
    long_campaign(&start)?;
    script(
        "tree.mjs",
        &[
            text(&start, "host_url"),
            text(&start, "login_url"),
            "tienda-sol".to_owned(),
            "vacia".to_owned(),
        ],
    )
}

fn waiting() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = after_its_day()?;
    shop(&start, "vacia", "Vacía")?;
    long_campaign(&start)?;
    script(
        "waiting.mjs",
        &[
            text(&start, "host_url"),
            text(&start, "login_url"),
            "tienda-sol".to_owned(),
            "vacia".to_owned(),
        ],
    )
}

/// An empty host for whoever is new, and a demo's day for whoever asks why.
fn first() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let data = folder.path().join("data").display().to_string();
    let (_host, empty) = demo(&[
        "serve",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data,
    ])?;
    let (_demo, start) = after_its_day()?;
    let password = owner(&start, "rosa")?;
    script(
        "first.mjs",
        &[
            text(&empty, "host_url"),
            text(&empty, "login_url"),
            data,
            env!("CARGO_BIN_EXE_portero").to_owned(),
            text(&start, "host_url"),
            text(&start, "login_url"),
            "rosa".to_owned(),
            password,
        ],
    )
}

/// The addresses of all pages, as their routes are written; what pages ask for by themselves is none.
fn pages() -> String {
    let doors = portero_console::doors().into_iter();
    let shown = doors.filter(|d| d.method == "GET" && !d.path.starts_with("/console"));
    shown.map(|d| d.path).collect::<Vec<_>>().join(" ")
}

fn login() -> Result<(), String> {
    if !node() {
        return missing("node is not there");
    }
    let (_demo, start) = demo(&["demo", "--json", "--idle"])?;
    let made = Command::new(env!("CARGO_BIN_EXE_portero"))
        .args([
            "user",
            "add",
            "rosa",
            "--role",
            "owner",
            "--generate",
            "--json",
        ])
        .args(["--data", &text(&start, "data_dir")])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("the program does not start: {e}"))?;
    let made: Value = serde_json::from_slice(&made.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&made.stderr)))?;
    let arguments = [
        text(&start, "host_url"),
        "rosa".to_owned(),
        text(&made, "password"),
    ];
    script("login.mjs", &arguments)
}

fn node() -> bool {
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    node.is_ok_and(|s| s.success())
}

/// A demo and the object it starts with.
fn demo(arguments: &[&str]) -> Result<(Demo, Value), String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portero"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("the demo does not start: {e}"))?;
    let out = child.stdout.take();
    let mut demo = Demo { child, lines: None };
    let mut lines = BufReader::new(out.ok_or("no output")?)
        .lines()
        .map_while(Result::ok as fn(std::io::Result<String>) -> Option<String>);
    let first = lines.next().ok_or("the demo said nothing")?;
    demo.lines = Some(lines);
    let start = serde_json::from_str(&first).map_err(|e| format!("{e}: {first}"))?;
    Ok((demo, start))
}

fn text(object: &Value, field: &str) -> String {
    let value = object.get(field).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn script(name: &str, arguments: &[String]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    // Kept where somebody wants to look at them, else as long as the test runs.
    let wanted = std::env::var("PORTERO_SCREENSHOTS").ok();
    let shots = wanted.map_or_else(|| folder.path().to_owned(), |at| Path::new(&at).join(name));
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/browser")
        .join(name);
    let run = Command::new("node")
        .arg(&script)
        .args(arguments)
        .arg(&shots)
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
        Some(3) => missing(&said),
        _ => {
            // Kept for whoever looks into it.
            let _ = folder.keep();
            println!("screenshots: {}", shots.display());
            Err(said)
        }
    }
}

fn missing(what: &str) -> Result<(), String> {
    if std::env::var("PORTERO_REQUIRE_BROWSER").is_ok_and(|v| v == "1") {
        return Err(format!("PORTERO_REQUIRE_BROWSER=1, and {what}"));
    }
    println!("!! a page was NOT tested in a browser: {what}");
    Ok(())
}
